"""What pages of a report must be: judgements that look at an open page and list what is wrong with it.

The same ones judge the report's pages and pages that are wrong on purpose (tests/wrong/test_site_twins.py).
"""

from __future__ import annotations

import json
import re
from typing import Any

from browser.watching import until

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'"
)

# what of the graph can be seen: by number of wire, and of node, which texts; who is faded, and who is marked as being at work
_SEEN = """() => {
  const told = (item, part) => [...item.querySelectorAll(part)].some((t) => getComputedStyle(t).visibility === "visible");
  const faded = (item) => item.getAnimations().length ? item.getAnimations()[0].effect.getKeyframes().at(-1).opacity < 1 : getComputedStyle(item).opacity < 1;
  const all = (selector, key) => Object.fromEntries([...document.querySelectorAll(`.stepper svg ${selector}`)].map((item) => [item.dataset[key], {
    value: told(item, ".value"), gradient: told(item, ".gradient"), faded: faded(item), now: item.classList.contains("now"),
    hasValue: item.querySelector(".value") !== null, hasGradient: item.querySelector(".gradient") !== null,
    from: item.dataset.from ?? "", input: item.classList.contains("input")}]));
  return {wires: all(".wire", "wire"), nodes: all(".node", "node"), said: document.querySelector(".said").textContent,
    slider: document.querySelector(".controls input").value, lines: [...document.querySelectorAll("#lines .line.now")].map((l) => Number(l.dataset.line))};
}"""


def steps_of(page: Any) -> list[dict[str, Any]]:
    """The steps as the page has them."""
    found: list[dict[str, Any]] = json.loads(page.locator("#steps").text_content())
    return found


def stepping_faults(page: Any) -> list[str]:
    """Forward step by step, then backward: what is lit is what was reached, no more and no less; at the end it is everything."""
    steps, faults = steps_of(page), []
    if {s["phase"] for s in steps} != {"forward", "backward"}:
        faults.append("the steps have no forward pass or no backward pass")
    controls = page.locator(".controls")
    controls.locator("[data-do=first]").click()
    for at in range(1, len(steps) + 1):
        faults += _at_step(page, steps, at)
        if at < len(steps):
            controls.locator("[data-do=forward]").click()
    faults += [f"never lit: {name}" for name in _dark(page.evaluate(_SEEN))]
    for at in range(len(steps) - 1, max(0, len(steps) - 4), -1):
        controls.locator("[data-do=back]").click()
        faults += [f"on the way back: {fault}" for fault in _at_step(page, steps, at)]
    return faults


def _at_step(page: Any, steps: list[dict[str, Any]], at: int) -> list[str]:
    seen, step = page.evaluate(_SEEN), steps[at - 1]
    values = {w for s in steps[:at] if s["phase"] == "forward" for w in s["wires"]}
    gradients = {w for s in steps[:at] if s["phase"] == "backward" for w in s["wires"]}
    faults = []
    for key, wire in seen["wires"].items():
        if wire["hasValue"] and wire["value"] != (key in values):
            faults.append(f"step {at}: the value on wire {key} is {'shown' if wire['value'] else 'hidden'}")
        if wire["hasGradient"] and wire["gradient"] != (key in gradients):
            faults.append(f"step {at}: the gradient on wire {key} is {'shown' if wire['gradient'] else 'hidden'}")
        if wire["faded"] == (key in values | gradients):
            faults.append(f"step {at}: wire {key} is {'faded' if wire['faded'] else 'not faded'}")
    if [key for key, node in seen["nodes"].items() if node["now"]] != [str(step["node"])]:
        faults.append(f"step {at}: node {step['node']} is not marked as being at work")
    if not seen["said"].startswith(f"{at} of {len(steps)} {step['phase']} {step['text']}"):
        faults.append(f"step {at}: it says {seen['said'][:100]!r}")
    if seen["slider"] != str(at):
        faults.append(f"step {at}: the slider stands at {seen['slider']}")
    if seen["lines"] not in ([], [step["line"]]):
        faults.append(f"step {at}: line {step['line']} is at work, {seen['lines']} marked")
    return faults


def _dark(seen: dict[str, Any]) -> list[str]:
    items = [(f"{kind} {key}", item) for kind in ("wires", "nodes") for key, item in seen[kind].items()]
    return [name for name, item in items if item["faded"] or item["value"] < item["hasValue"] or item["gradient"] < item["hasGradient"]]


# tables
_ROWS = """(table) => [...table.querySelectorAll("tbody tr:not(.group)")].map((row) => ({
  text: row.textContent.toLowerCase(), cells: [...row.cells].map((c) => c.dataset.value ?? c.textContent.trim()), seen: row.getClientRects().length > 0}))"""


def rows_of(table: Any) -> list[dict[str, Any]]:
    """The rows of a table in the order of the page, and whether each is seen."""
    found: list[dict[str, Any]] = table.evaluate(_ROWS)
    return found


def _bar(table: Any) -> Any:
    return table.locator("xpath=ancestor::div[contains(@class, 'scroll')]/preceding-sibling::div[1]")


def filter_faults(table: Any, word: str) -> list[str]:
    """Rows with the word stay, others go; the count says how many; an empty filter brings all back."""
    bar, before = _bar(table), [r["seen"] for r in rows_of(table)]
    bar.locator("input").fill(word)
    rows, faults = rows_of(table), []
    found = sum(word.lower() in r["text"] for r in rows)
    if not 0 < found < len(rows):
        faults.append(f"{word!r} tells nothing: it is in {found} of {len(rows)} rows")
    faults += [f"shown without {word!r}: {r['text'][:60]!r}" for r in rows if r["seen"] and word.lower() not in r["text"]]
    faults += [f"hidden with {word!r}: {r['text'][:60]!r}" for r in rows if not r["seen"] and word.lower() in r["text"]]
    said = bar.get_by_role("status").inner_text()
    if not said.startswith(f"{found} of {len(rows)} "):
        faults.append(f"{found} of {len(rows)} rows fit, it says {said!r}")
    bar.locator("input").fill("")
    if [r["seen"] for r in rows_of(table)] != before:
        faults.append("an empty filter does not bring all rows back")
    return faults


def choosing_faults(table: Any, column: str, word: str) -> list[str]:
    """A menu leaves the rows that have its word in its column."""
    heads = [text.strip() for text in table.locator("thead th").all_inner_texts()]
    at, menu = heads.index(column), _bar(table).locator("label", has_text=re.compile(f"^{column} ")).locator("select")
    menu.select_option(word)
    rows = rows_of(table)
    wrong = [r for r in rows if r["seen"] != (r["cells"][at] == word)]
    faults = [f"{'shown' if r['seen'] else 'hidden'} where {column} is chosen as {word}: {r['text'][:60]!r}" for r in wrong]
    if not any(r["seen"] for r in rows):
        faults.append(f"no row has {word} in {column}")
    menu.select_option(label="all")
    return faults


def sorting_faults(table: Any, column: str, number: bool) -> list[str]:
    """A heading sorts upward, then downward, then as it was; what is missing stands last; groups are gone while it is sorted."""
    heads = [text.strip() for text in table.locator("thead th").all_inner_texts()]
    at, first = heads.index(column), [r["cells"] for r in rows_of(table)]
    head = table.locator("thead th").nth(at)
    button, faults = head.get_by_role("button"), []
    for order in ("ascending", "descending"):
        button.click()
        if head.get_attribute("aria-sort") != order:
            faults.append(f"{column} is to be {order}, and says {head.get_attribute('aria-sort')}")
        cells = [r["cells"][at] for r in rows_of(table)]
        known = [float(c.replace(",", "")) if number else c for c in cells if c]
        expected = sorted(known, reverse=order == "descending", key=None if number else lambda text: str(text).lower())  # type: ignore[type-var]
        if known != expected or cells[len(known) :] != [""] * (len(cells) - len(known)):
            faults.append(f"{column} is not {order}: {cells[:8]}")
        if sum(row.is_visible() for row in table.locator("tr.group").all()):
            faults.append("groups stand between sorted rows")
    button.click()
    if [r["cells"] for r in rows_of(table)] != first:
        faults.append("a third press does not bring the first order back")
    return faults


def table_faults(page: Any) -> list[str]:
    """Every table has a caption, headings with a scope, and a heading in every row; its box can be reached by keyboard and has a name."""
    script = """() => [...document.querySelectorAll("table")].flatMap((table) => {
      const name = table.caption?.textContent || "a table", faults = [], box = table.closest("[role=region][tabindex='0'][aria-label]");
      if (!table.caption?.textContent.trim()) faults.push("without a caption");
      const heads = [...(table.tHead?.rows[0]?.cells ?? [])];
      if (!heads.length || heads.some((h) => h.tagName !== "TH" || h.scope !== "col" || !h.textContent.trim())) faults.push("without headings");
      if (![...table.querySelectorAll("tbody tr")].every((row) => row.querySelector("th[scope^=row]"))) faults.push("a row without a heading");
      if ([...table.querySelectorAll("tbody tr:not(.group)")].some((row) => row.cells.length !== heads.length)) faults.push("a row of another length");
      if (!box) faults.push("in no box that the keyboard reaches");
      return faults.map((fault) => `${name}: ${fault}`);
    })"""
    found: list[str] = page.evaluate(script)
    return found


# the page as a whole
def policy_faults(page: Any) -> list[str]:
    """The policy stands once, before anything that it could forbid."""
    script = """() => {
      const all = [...document.querySelectorAll("meta[http-equiv='Content-Security-Policy' i]")];
      const loading = document.querySelector("script, link, style, img");
      return {said: all.map((m) => m.content), first: all.length && (!loading || all[0].compareDocumentPosition(loading) & 4) !== 0};
    }"""
    found = page.evaluate(script)
    faults = [] if found["said"] == [POLICY] else [f"the policy is {found['said']}"]
    return faults if found["first"] else [*faults, "something is loaded before the policy"]


def sideways_faults(page: Any) -> list[str]:
    """The page is as wide as the window; what is wider scrolls in a box of its own."""
    script = """() => {
      const wide = document.documentElement.clientWidth, faults = [];
      if (document.documentElement.scrollWidth > wide) faults.push(`the page is ${document.documentElement.scrollWidth} wide, the window ${wide}`);
      const scrolls = (e) => e && !e.matches("main, header, footer, body") && (["auto", "scroll", "hidden", "clip"].includes(getComputedStyle(e).overflowX) || scrolls(e.parentElement));
      for (const e of document.querySelectorAll("main *, header *, footer *")) {
        const box = e.getBoundingClientRect();
        if (box.width && (box.right > wide + 1 || box.left < -1) && !e.closest("svg svg, .skip, .unseen") && !scrolls(e)) faults.push(`sticks out: ${e.outerHTML.slice(0, 80)}`);
      }
      return faults.slice(0, 5);
    }"""
    found: list[str] = page.evaluate(script)
    return found


_COLOURS = """() => Object.fromEntries([["page", "body", "backgroundColor"], ["text", "body", "color"], ["muted", ".lead, .where", "color"], ["badge", ".badge", "backgroundColor"],
  ["code", ".code", "backgroundColor"], ["value", ".graph text.value, .graph .value", "fill"], ["gradient", ".graph .gradient", "fill"], ["wire", ".graph .wire path", "stroke"],
  ["axis", ".chart-live .mark-text text", "fill"]]
  .map(([name, selector, property]) => [name, document.querySelector(selector) && getComputedStyle(document.querySelector(selector))[property]]).filter(([, colour]) => colour))"""


def _light(colour: str) -> float:
    red, green, blue = map(float, re.findall(r"[\d.]+", colour)[:3])
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def theme_faults(page: Any) -> list[str]:
    """The button goes from auto to light to dark and round again; every colour follows: page, text, badges, graph, charts."""
    button, faults, seen = page.locator("button.theme"), [], {}
    for theme in ("auto", "light", "dark", "auto"):
        if button.inner_text() != f"Theme: {theme}":
            faults.append(f"{theme} is on, the button says {button.inner_text()!r}")
        seen[theme] = page.evaluate(_COLOURS)
        if theme != "auto" and (_light(seen[theme]["page"]) > 128) != (theme == "light"):
            faults.append(f"the page is {seen[theme]['page']} in the {theme}")
        button.click()
    button.click()
    button.click()
    same = [name for name, colour in seen["light"].items() if seen["dark"][name] == colour]
    faults += [f"{name} has the same colour in the light and in the dark: {seen['light'][name]}" for name in same]
    if seen["auto"] not in (seen["light"], seen["dark"]):
        faults.append("auto is neither light nor dark")
    return faults


def keyboard_faults(page: Any, most: int = 60) -> list[str]:
    """Tab reaches the skip link first, then everything that works or scrolls, in order; where it is can be seen."""
    script = """() => {
      const e = document.activeElement, box = e.getBoundingClientRect(), style = getComputedStyle(e);
      return {what: e.outerHTML.slice(0, 80), name: e.className, page: e === document.body, seen: box.width > 0 && box.right > 0 && box.bottom > 0 && box.top < innerHeight,
        ring: (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2) || style.boxShadow !== "none"};
    }"""
    faults = []
    for n in range(most):
        page.keyboard.press("Tab")
        at = page.evaluate(script)
        if at["page"]:
            break
        if n == 0 and at["name"] != "skip":
            faults.append(f"the first stop is {at['what']}")
        if not at["seen"]:
            faults.append(f"reached out of sight: {at['what']}")
        if not at["ring"]:
            faults.append(f"reached without a mark: {at['what']}")
    still = """() => [...document.querySelectorAll("main *")].filter((e) => e.getClientRects().length && ["auto", "scroll"].includes(getComputedStyle(e).overflowX) &&
      (e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 1) && e.tabIndex < 0 && !e.querySelector("a, button")).map((e) => `scrolls, but not by keyboard: ${e.outerHTML.slice(0, 80)}`)"""
    return [*faults, *page.evaluate(still)]


def paper_faults(page: Any) -> list[str]:
    """On paper nothing is folded, cut off, or there to be pressed; ink is dark on white."""
    page.emulate_media(media="print")
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(0))))")
    script = """() => {
      const faults = [], seen = (e) => e.checkVisibility({contentVisibilityAuto: true, visibilityProperty: true}) && e.getBoundingClientRect().height > 0;
      for (const d of document.querySelectorAll("main details")) if (![...d.children].slice(1).some(seen)) faults.push(`folded: ${d.querySelector("summary").textContent.trim()}`);
      for (const e of document.querySelectorAll(".controls, .filters, .theme, nav")) if (seen(e)) faults.push(`to be pressed: ${e.outerHTML.slice(0, 60)}`);
      for (const e of document.querySelectorAll("main .scroll, main .steps")) if (e.scrollHeight > e.clientHeight + 2 && getComputedStyle(e).overflowY !== "visible") faults.push(`cut off: ${e.outerHTML.slice(0, 60)}`);
      faults.push(...[getComputedStyle(document.body).color].filter((c) => c !== "rgb(23, 32, 43)").map((c) => `ink is ${c}`));
      return faults;
    }"""
    found: list[str] = page.evaluate(script)
    page.emulate_media(media="screen")
    return found


def unscripted_faults(page: Any) -> list[str]:
    """Without scripts everything can be read, and nothing is offered that does nothing."""
    script = """() => {
      const faults = [], seen = (e) => e.getClientRects().length > 0 && getComputedStyle(e).visibility === "visible";
      for (const e of document.querySelectorAll("button, input, select")) if (seen(e)) faults.push(`does nothing: ${e.outerHTML.slice(0, 60)}`);
      for (const d of document.querySelectorAll("details")) d.open = true;
      for (const e of document.querySelectorAll("main tr, main li, main pre, main math, main svg .value, main svg .gradient, main figcaption")) if (!seen(e)) faults.push(`not to be read: ${e.outerHTML.slice(0, 60)}`);
      for (const e of document.querySelectorAll("img.chart-static")) if (!e.complete || !e.naturalWidth || !seen(e)) faults.push(`no picture: ${e.getAttribute("src")}`);
      return faults.slice(0, 5);
    }"""
    found: list[str] = page.evaluate(script)
    return found


def drawn(page: Any) -> None:
    """Wait until the charts of a page stand."""
    if page.locator("figure.chart").count():
        until(lambda: page.evaluate("document.documentElement.dataset.charts === 'drawn'"))
