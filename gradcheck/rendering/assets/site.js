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

// tables: search in all cells, choose in marked columns, sort by any column, fold groups
class Filterable {
  constructor(table) {
    this.table = table;
    this.noun = table.dataset.noun || "rows";
    this.rows = [...table.querySelectorAll("tbody tr:not(.group)")];
    this.texts = this.rows.map((row) => row.textContent.toLowerCase());
    this.choices = [];
    this.folded = new Set();
    this.buildFilters();
    this.buildSorting();
    this.buildGroups();
    this.show();
  }

  buildFilters() {
    const bar = element("div", { className: "filters" });
    this.search = element("input", { type: "search", placeholder: "text" });
    this.search.addEventListener("input", () => this.show());
    bar.append(element("label", {}, "Filter ", this.search));
    [...this.table.tHead.rows[0].cells].forEach((head, column) => {
      if (!("choose" in head.dataset)) return;
      const words = [...new Set(this.rows.map((row) => row.cells[column].textContent.trim()))].sort();
      if (words.length < 2) return;
      const select = element("select", {}, element("option", { value: "" }, "all"), ...words.map((w) => element("option", { value: w }, w || "none")));
      select.addEventListener("change", () => this.show());
      this.choices.push({ column, select });
      bar.append(element("label", {}, head.textContent + " ", select));
    });
    this.count = element("span", { role: "status" });
    this.count.setAttribute("aria-live", "polite");
    bar.append(this.count);
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
    for (const body of this.table.tBodies) {
      const head = body.querySelector("tr.group th");
      if (!head) continue;
      const button = element("button", { type: "button" }, "▾ " + body.dataset.group);
      button.setAttribute("aria-expanded", "true");
      head.firstChild.replaceWith(button);
      button.addEventListener("click", () => {
        const fold = !this.folded.has(body);
        this.folded[fold ? "add" : "delete"](body);
        button.setAttribute("aria-expanded", String(!fold));
        button.firstChild.textContent = (fold ? "▸ " : "▾ ") + body.dataset.group;
        this.show();
      });
    }
  }

  show() {
    const words = this.search.value.toLowerCase().split(/\s+/).filter(Boolean), left = new Map();
    let shown = 0;
    this.rows.forEach((row, i) => {
      const fits = words.every((w) => this.texts[i].includes(w)) &&
        this.choices.every(({ column, select }) => !select.value || row.cells[column].textContent.trim() === select.value);
      const body = row.parentNode;
      row.hidden = !fits || this.folded.has(body);
      if (fits) { shown += 1; left.set(body, (left.get(body) || 0) + 1); }
    });
    for (const body of this.table.tBodies) {
      const head = body.querySelector("tr.group");
      if (!head) continue;
      head.hidden = !left.get(body);
      head.querySelector(".count").textContent = left.get(body) || 0;
    }
    this.count.textContent = shown === this.rows.length ? `${shown} ${this.noun}` : `${shown} of ${this.rows.length} ${this.noun}`;
  }

  sort(head, column) {
    const up = head.getAttribute("aria-sort") !== "ascending", number = head.dataset.sort === "number";
    for (const other of head.parentNode.cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    const key = (row) => {
      const cell = row.cells[column], text = cell.dataset.value ?? cell.textContent.trim();
      if (!number) return text;
      const value = parseFloat(text.replaceAll(",", ""));
      return Number.isNaN(value) ? -Infinity : value;
    };
    const compare = (a, b) => (number ? a[0] - b[0] || 0 : a[0].localeCompare(b[0])) * (up ? 1 : -1);
    for (const body of this.table.tBodies) {
      const rows = [...body.querySelectorAll("tr:not(.group)")].map((row) => [key(row), row]);
      body.append(...rows.sort(compare).map(([, row]) => row));
    }
  }
}

// the graph, node by node forward, then hop by hop backward
class Stepper {
  constructor(section) {
    this.section = section;
    this.svg = section.querySelector("svg");
    this.steps = JSON.parse(document.getElementById(section.dataset.steps).textContent);
    this.said = section.querySelector(".said");
    this.range = section.querySelector("input[type=range]");
    this.play = section.querySelector("[data-do=play]");
    this.items = [...section.querySelectorAll(".steps li")];
    this.at = this.steps.length;
    this.timer = null;
    this.nodes = new Map([...this.svg.querySelectorAll(".node")].map((n) => [n.dataset.node, n]));
    this.wires = new Map([...this.svg.querySelectorAll(".wire")].map((w) => [w.dataset.wire, w]));
    section.querySelector(".controls").hidden = this.said.hidden = false;
    section.querySelectorAll("[data-do]").forEach((b) => b.addEventListener("click", () => this.command(b.dataset.do)));
    this.range.addEventListener("input", () => { this.stop(); this.go(Number(this.range.value)); });
    section.addEventListener("keydown", (event) => this.key(event));
    this.tell();
  }

  key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || event.target.closest("summary")) return;
    const known = { ArrowRight: "forward", ArrowLeft: "back", Home: "first", End: "last", " ": "play" }[event.key];
    if (!known || (event.target === this.range && known !== "play") || (event.key === " " && event.target.tagName === "BUTTON")) return;
    event.preventDefault();
    this.command(known);
  }

  command(what) {
    if (what === "play") { this.timer ? this.stop() : this.start(); return; }
    this.stop();
    const last = this.steps.length;
    this.go({ first: 1, last, forward: Math.min(this.at + 1, last), back: Math.max(this.at - 1, 1) }[what]);
  }

  start() {
    if (this.at >= this.steps.length) this.go(1);
    this.play.textContent = "⏸ pause";
    this.play.setAttribute("aria-label", "Pause");
    this.timer = setInterval(() => {
      if (this.at >= this.steps.length) this.stop();
      else this.go(this.at + 1);
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
    this.steps.slice(0, at).forEach((step, i) => this.light(step, i === at - 1));
    this.tell();
  }

  light(step, now) {
    const node = this.nodes.get(String(step.node)), part = step.phase === "forward" ? ".value" : ".gradient";
    if (node) {
      node.classList.add("done");
      if (now) node.classList.add("now");
      node.querySelectorAll(part).forEach((t) => t.classList.add("lit"));
    }
    for (const id of step.wires) {
      const wire = this.wires.get(String(id));
      if (!wire) continue;
      wire.classList.add("done");
      if (now) wire.classList.add("now");
      wire.querySelectorAll(part).forEach((t) => t.classList.add("lit"));
    }
  }

  tell() {
    const step = this.steps[this.at - 1];
    this.range.value = this.at;
    if (!step) return;
    this.range.setAttribute("aria-valuetext", `step ${this.at} of ${this.steps.length}`);
    this.said.textContent = `${this.at}/${this.steps.length} ${step.phase}: ${step.text}`;
    this.items.forEach((item, i) => {
      item.classList.toggle("now", i === this.at - 1 && this.svg.classList.contains("stepping"));
    });
    const now = this.svg.querySelector(".node.now"), box = this.svg.closest(".scroll");
    if (now && box.scrollWidth > box.clientWidth) {
      const a = now.getBoundingClientRect(), b = box.getBoundingClientRect();
      if (a.left < b.left || a.right > b.right) box.scrollLeft += a.left - b.left - b.width / 2;
    }
  }
}

for (const button of document.querySelectorAll("button.theme")) themeButton(button);
for (const table of document.querySelectorAll("table.filterable")) new Filterable(table);
for (const section of document.querySelectorAll("section.stepper")) new Stepper(section);
// what is folded away on the screen is printed
addEventListener("beforeprint", () => document.querySelectorAll("details:not([open])").forEach((d) => { d.open = true; d.dataset.printed = ""; }));
addEventListener("afterprint", () => document.querySelectorAll("details[data-printed]").forEach((d) => { d.open = false; delete d.dataset.printed; }));
