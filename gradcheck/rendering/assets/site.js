"use strict";
// Everything here adds to a page that is whole without it: filters and sorting for tables, the stepper for graphs, the theme button.

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

// theme: auto, light, dark
function themeButton(button) {
  const themes = ["auto", "light", "dark"], root = document.documentElement, label = button.querySelector("span");
  label.textContent = root.dataset.theme;
  button.hidden = false;
  button.addEventListener("click", () => {
    const next = themes[(themes.indexOf(root.dataset.theme) + 1) % themes.length];
    root.dataset.theme = label.textContent = next;
    try { localStorage.setItem("gradcheck-theme", next); } catch { /* pages from disk may have no storage */ }
  });
}

// tables: search in all cells, choose in marked columns, sort by any column, fold groups; of many rows the first are shown
const FIRST = 100;

class Filterable {
  constructor(table) {
    this.table = table;
    this.noun = table.dataset.noun || "rows";
    this.large = table.closest(".large") !== null;
    this.rows = [...table.querySelectorAll("tbody tr:not(.group)")];
    this.homes = new Map(this.rows.map((row) => [row, row.parentNode]));
    this.heads = [...table.querySelectorAll("tr.group")];
    this.choices = [];
    this.folded = new Set();
    this.searching = false;
    this.limit = this.large ? FIRST : Infinity;
    this.buildFilters();
    this.buildSorting();
    this.buildGroups();
    this.show();
    table.classList.add("ready");
  }

  buildFilters() {
    const bar = element("div", { className: "filters" });
    this.search = element("input", { type: "search", placeholder: "text" });
    this.search.addEventListener("input", () => this.changed());
    bar.append(element("label", {}, "Filter ", this.search));
    [...this.table.tHead.rows[0].cells].forEach((head, column) => {
      if (!("choose" in head.dataset)) return;
      const words = [...new Set(this.rows.map((row) => row.cells[column].textContent.trim()))].sort();
      if (words.length < 2) return;
      const select = element("select", {}, element("option", { value: "*" }, "all"), ...words.map((w) => element("option", { value: w }, w || "none")));
      select.addEventListener("change", () => this.changed());
      this.choices.push({ column, select });
      bar.append(element("label", {}, head.textContent + " ", select));
    });
    this.count = element("span", { role: "status" });
    this.count.setAttribute("aria-live", "polite");
    this.more = element("button", { type: "button", hidden: true }, "show all");
    this.more.addEventListener("click", () => { this.limit = Infinity; this.show(); });
    bar.append(this.count, this.more);
    this.table.closest(".scroll").before(bar);
  }

  buildSorting() {
    [...this.table.tHead.rows[0].cells].forEach((head, column) => {
      const button = element("button", { type: "button", className: "sort" }, ...head.childNodes);
      button.addEventListener("click", () => this.sort(head, column));
      head.append(button);
    });
  }

  buildGroups() {
    for (const head of this.heads) {
      const body = head.parentNode, cell = head.cells[0], button = element("button", { type: "button" }, body.dataset.group);
      cell.firstChild.replaceWith(button);
      if (this.large) this.folded.add(body);
      button.addEventListener("click", () => {
        this.folded[this.folded.has(body) ? "delete" : "add"](body);
        this.show();
      });
    }
  }

  // what is found is shown, also in groups that were folded; they fold again when the filter is empty
  changed() {
    const searching = this.search.value.trim() !== "" || this.choices.some(({ select }) => select.value !== "*");
    if (searching !== this.searching) {
      if (searching) [this.before, this.folded] = [this.folded, new Set()];
      else this.folded = this.before;
      this.searching = searching;
    }
    if (this.large) this.limit = FIRST;
    this.show();
  }

  show() {
    this.texts ??= this.rows.map((row) => row.textContent.toLowerCase());
    const words = this.search.value.toLowerCase().split(/\s+/).filter(Boolean), left = new Map();
    const chosen = this.choices.filter(({ select }) => select.value !== "*");
    let found = 0, open = 0;
    this.rows.forEach((row, i) => {
      const fits = words.every((w) => this.texts[i].includes(w)) &&
        chosen.every(({ column, select }) => row.cells[column].textContent.trim() === select.value);
      const body = this.homes.get(row), visible = fits && (this.flat || !this.folded.has(body));
      row.hidden = !visible || open >= this.limit;
      if (fits) { found += 1; left.set(body, (left.get(body) || 0) + 1); }
      if (visible) open += 1;
    });
    for (const head of this.heads) {
      const body = head.parentNode;
      head.hidden = this.flat || !left.get(body);
      head.querySelector(".count").textContent = left.get(body) || 0;
      head.querySelector("button").setAttribute("aria-expanded", String(!this.folded.has(body)));
    }
    this.more.hidden = open <= this.limit;
    this.count.textContent = (found === this.rows.length ? found : `${found} of ${this.rows.length}`) + ` ${this.noun}` +
      (this.more.hidden ? "" : `, the first ${this.limit} shown`);
  }

  // upward, downward, and as it was; sorted rows stand together, whatever their group
  sort(head, column) {
    const order = { ascending: "descending", descending: "" }[head.getAttribute("aria-sort")] ?? "ascending";
    for (const other of head.parentNode.cells) other.removeAttribute("aria-sort");
    this.flat = order !== "";
    this.sorted ??= this.rows;
    if (this.flat) {
      head.setAttribute("aria-sort", order);
      const keys = new Map(this.sorted.map((row) => [row, this.key(row, column, head.dataset.sort === "number")]));
      const way = order === "ascending" ? 1 : -1;
      this.reorder([...this.sorted].sort((a, b) => this.compare(keys.get(a), keys.get(b), way)));
      this.table.tBodies[0].append(...this.rows);
    } else {
      this.reorder(this.sorted);
      for (const body of this.table.tBodies) body.append(...this.rows.filter((row) => this.homes.get(row) === body));
    }
    this.show();
  }

  reorder(rows) {
    const texts = new Map(this.rows.map((row, i) => [row, this.texts[i]]));
    this.rows = rows;
    this.texts = rows.map((row) => texts.get(row));
  }

  key(row, column, number) {
    const cell = row.cells[column], text = cell.dataset.value ?? cell.textContent.trim();
    return number ? parseFloat(text.replaceAll(",", "").replace("inf", "Infinity")) : text;
  }

  // what is missing stands at the end, whichever way
  compare(a, b, way) {
    const missing = (x) => x === "" || Number.isNaN(x);
    if (missing(a) || missing(b)) return missing(a) - missing(b);
    return way * (typeof a === "number" ? (a > b) - (a < b) : a.localeCompare(b, undefined, { numeric: true }));
  }
}

// the graph, node by node forward, then hop by hop backward
class Stepper {
  constructor(section) {
    this.section = section;
    this.svg = section.querySelector("svg");
    this.box = this.svg.closest(".scroll");
    this.steps = JSON.parse(document.getElementById(section.dataset.steps).textContent);
    this.said = section.querySelector(".said");
    this.range = section.querySelector("input[type=range]");
    this.play = section.querySelector("[data-do=play]");
    this.fit = section.querySelector("[data-do=fit]");
    this.items = [...section.querySelectorAll(".steps li")];
    this.lines = new Map([...document.querySelectorAll("#lines .line")].map((line) => [Number(line.dataset.line), line]));
    this.at = this.steps.length;
    this.timer = null;
    this.nodes = new Map([...this.svg.querySelectorAll(".node")].map((n) => [n.dataset.node, n]));
    this.wires = new Map([...this.svg.querySelectorAll(".wire")].map((w) => [w.dataset.wire, w]));
    section.querySelector(".controls").hidden = this.said.hidden = false;
    section.querySelectorAll("[data-do]").forEach((b) => b.addEventListener("click", () => this.command(b.dataset.do)));
    this.range.addEventListener("input", () => { this.stop(); this.go(Number(this.range.value)); });
    section.addEventListener("keydown", (event) => this.key(event));
    this.range.value = this.at;
    this.range.setAttribute("aria-valuetext", "all steps");
    this.said.textContent = `All ${this.steps.length} steps are shown. Play, or step with the keys ← and →.`;
    new ResizeObserver(() => this.offerFit()).observe(this.box);
  }

  offerFit() {
    this.fit.hidden = this.fit.getAttribute("aria-pressed") === "false" && this.box.scrollWidth <= this.box.clientWidth + 1;
  }

  key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || event.target.closest("summary")) return;
    const known = { ArrowRight: "forward", ArrowLeft: "back", Home: "first", End: "last", " ": "play" }[event.key];
    if (!known || (event.target === this.range && known !== "play") || (event.key === " " && event.target.tagName === "BUTTON")) return;
    event.preventDefault();
    this.command(known);
  }

  command(what) {
    if (what === "fit") { this.fitting(); return; }
    if (what === "play") { this.timer ? this.stop() : this.start(); return; }
    this.stop();
    const last = this.steps.length, begun = this.svg.classList.contains("stepping");
    this.go({ first: 1, last, forward: begun ? Math.min(this.at + 1, last) : 1, back: Math.max(this.at - 1, 1) }[what]);
  }

  fitting() {
    const on = this.fit.getAttribute("aria-pressed") === "false";
    this.fit.setAttribute("aria-pressed", String(on));
    this.box.classList.toggle("fit", on);
    this.follow();
  }

  start() {
    if (this.at >= this.steps.length) this.go(1);
    this.play.textContent = "⏸ pause";
    this.play.setAttribute("aria-label", "Pause");
    this.timer = setInterval(() => {
      this.go(this.at + 1);
      if (this.at >= this.steps.length) this.stop();
    }, 900);
  }

  stop() {
    clearInterval(this.timer);
    this.timer = null;
    this.play.textContent = "▶ play";
    this.play.setAttribute("aria-label", "Play");
  }

  go(at) {
    this.at = at;
    this.svg.classList.add("stepping");
    this.svg.querySelectorAll(".lit, .done, .now").forEach((e) => e.classList.remove("lit", "done", "now"));
    this.sent = new Set();
    this.steps.slice(0, at).forEach((step, i) => this.light(step, i === at - 1));
    if (at === this.steps.length) this.nodes.forEach((node) => { if (node.classList.contains("input")) this.mark(node, ".gradient", false); });
    this.svg.dataset.phase = this.steps[at - 1].phase;
    this.tell();
    this.follow();
  }

  light(step, now) {
    const part = step.phase === "forward" ? ".value" : ".gradient";
    this.mark(this.nodes.get(String(step.node)), part, now);
    for (const id of step.wires) {
      const wire = this.wires.get(String(id));
      if (!wire) continue;
      this.mark(wire, part, now);
      if (step.phase === "backward") this.sent.add(wire);
      const source = this.nodes.get(wire.dataset.from);
      if (source?.classList.contains("input")) this.mark(source, part === ".value" || this.complete(source) ? part : null, false);
    }
  }

  // an input sends nothing itself: its gradient is there once all its wires have brought theirs
  complete(source) {
    return [...this.wires.values()].every((wire) => wire.dataset.from !== source.dataset.node || this.sent.has(wire));
  }

  mark(item, part, now) {
    if (!item) return;
    item.classList.add("done");
    if (now) item.classList.add("now");
    if (part) item.querySelectorAll(part).forEach((text) => text.classList.add("lit"));
  }

  tell() {
    const step = this.steps[this.at - 1], place = `${this.at} of ${this.steps.length}`;
    this.range.value = this.at;
    this.range.setAttribute("aria-valuetext", `step ${place}, ${step.phase}`);
    this.said.replaceChildren(`${place} `, element("span", { className: `phase ${step.phase}` }, step.phase), ` ${step.text}`);
    this.items.forEach((item, i) => item.classList.toggle("now", i === this.at - 1));
    for (const [line, shown] of this.lines) shown.classList.toggle("now", line === step.line);
  }

  // the node at work stays in view: the box scrolls, never the page
  follow() {
    const now = this.svg.querySelector(".node.now");
    if (!now) return;
    const a = now.getBoundingClientRect(), b = this.box.getBoundingClientRect(), room = Math.min(110, b.width / 3); // for what stands on its wires
    const across = a.left < b.left + room || a.right > b.right - room, along = a.top < b.top || a.bottom > b.bottom;
    if (across) this.box.scrollLeft += (a.left + a.right - b.left - b.right) / 2;
    if (along) this.box.scrollTop += (a.top + a.bottom - b.top - b.bottom) / 2;
  }
}

for (const button of document.querySelectorAll("button.theme")) themeButton(button);
for (const table of document.querySelectorAll("table.filterable")) new Filterable(table);
for (const section of document.querySelectorAll("section.stepper[data-steps]")) new Stepper(section);
// a formula that is too wide scrolls by keyboard, too
const reach = new ResizeObserver((entries) => entries.forEach(({ target }) => {
  const wide = target.scrollWidth > target.clientWidth;
  if (wide === target.hasAttribute("tabindex")) return;
  for (const [name, value] of Object.entries({ tabindex: "0", role: "group", "aria-label": "formula, scrollable" })) {
    wide ? target.setAttribute(name, value) : target.removeAttribute(name);
  }
}));
document.querySelectorAll(".formula").forEach((formula) => reach.observe(formula));
// what is folded away on the screen is printed
addEventListener("beforeprint", () => document.querySelectorAll("details:not([open])").forEach((d) => { d.open = true; d.dataset.printed = ""; }));
addEventListener("afterprint", () => document.querySelectorAll("details[data-printed]").forEach((d) => { d.open = false; delete d.dataset.printed; }));
