// Draws every figure.chart of the page from the JSON beside it. Where that fails, or scripts are off, the static picture stays.
(() => {
  "use strict";
  const SVG = "http://www.w3.org/2000/svg";

  const element = (name, properties = {}, children = []) => {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  };

  const drawing = (name, attributes) => {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  };

  // a line with its dashes and a mark, as the series has them
  const swatch = (series, line) => {
    const made = drawing("svg", { class: "chart-swatch", viewBox: "-14 -6 28 12", "aria-hidden": "true" });
    if (line) made.append(drawing("line", { x1: -14, x2: 14, stroke: series.colour, "stroke-width": 2, "stroke-dasharray": series.dash }));
    made.append(drawing("path", { d: series.path, fill: series.colour }));
    return made;
  };

  // one series in focus, the others faded; a second press ends it
  const legend = (data, focus) => {
    const buttons = data.series.map((series) => {
      const button = element("button", { type: "button" }, [swatch(series, data.line), series.name]);
      button.setAttribute("aria-pressed", "false");
      button.addEventListener("click", () => {
        const on = button.getAttribute("aria-pressed") !== "true";
        for (const other of buttons) other.setAttribute("aria-pressed", String(on && other === button));
        focus(on ? series.name : "");
      });
      return button;
    });
    const list = element("ul", { className: "chart-legend" }, buttons.map((button) => element("li", {}, [button])));
    list.setAttribute("aria-label", "Highlight a series");
    return list;
  };

  // the lines of a point: its series, its panel, its numbers; text only
  const lines = (point, data) => {
    const number = (key) => ((point.o || "").includes(key) ? "exactly 0" : String(Number(point[key].toPrecision(5))));
    const titles = [point.s, point.p].filter((text) => text !== undefined).map((text) => element("strong", { textContent: text }));
    const told = Object.entries(data.told).filter(([key]) => point[key] !== undefined && point[key] !== null);
    const values = told.map(([key, title]) => [element("span", { textContent: `${title}: ` }), typeof point[key] === "number" ? number(key) : point[key]]);
    return [...titles.map((title) => [title]), ...values].map((children) => element("div", {}, children));
  };

  // beside the pointer, within the figure
  const tooltip = (box, data) => {
    const tip = element("div", { className: "chart-tip", hidden: true });
    box.append(tip);
    return (handler, event, item, value) => {
      let point = item && item.datum;
      while (point && point.datum) point = point.datum; // what is near the pointer stands for the point itself
      tip.hidden = !value || !point || point.y === undefined;
      if (tip.hidden) return;
      tip.replaceChildren(...lines(point, data));
      const at = box.getBoundingClientRect();
      const x = event.clientX - at.left, y = event.clientY - at.top;
      const left = x + 14 + tip.offsetWidth > at.width ? x - 14 - tip.offsetWidth : x + 14;
      tip.style.left = `${Math.max(0, left)}px`;
      tip.style.top = `${Math.max(0, Math.min(y + 14, at.height - tip.offsetHeight))}px`;
    };
  };

  // as wide as the page allows: panels side by side while they stay readable
  const fit = async (view, data, width) => {
    view.signal("narrow", width < 560);
    if (!data.panels) return view.width(width).resize().runAsync();
    const columns = Math.max(1, Math.min(data.columns, Math.floor(width / 270)));
    const set = (inner) => view.signal("columns", columns).signal("child_width", Math.max(80, Math.floor(inner))).resize().runAsync();
    await set(width / columns - 80);
    const over = view.container().querySelector("svg").getBoundingClientRect().width - width;
    return set(view.signal("child_width") - over / columns);
  };

  const draw = async (figure) => {
    const still = figure.querySelector(".chart-static");
    const canvas = element("div"), named = element("div", {}, [canvas]), box = element("div", { className: "chart-live" }, [named]);
    named.setAttribute("role", "img");
    named.setAttribute("aria-label", still.alt);
    canvas.setAttribute("aria-hidden", "true"); // Vega's own roles have no names
    still.after(box);
    try {
      const data = JSON.parse(document.getElementById(`chart-${figure.dataset.chart}`).textContent);
      const view = await window.gradcheckVega(canvas, data.spec, tooltip(box, data));
      figure.classList.add("chart-drawn");
      let width = 0;
      const follow = async () => {
        const now = Math.floor(box.clientWidth);
        if (!now || now === width) return;
        width = now;
        await fit(view, data, now);
      };
      await follow();
      new ResizeObserver(() => requestAnimationFrame(follow)).observe(box);
      if (data.series.length > 1) box.before(legend(data, (name) => view.signal("focus", name).runAsync()));
    } catch (error) {
      box.remove();
      figure.classList.remove("chart-drawn");
      console.error(`chart ${figure.dataset.chart} stays a still picture: ${error}`);
    }
  };

  // one after the other: the page answers in between
  const start = async () => {
    for (const figure of document.querySelectorAll("figure.chart[data-chart]")) await draw(figure);
    document.documentElement.dataset.charts = "drawn";
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
