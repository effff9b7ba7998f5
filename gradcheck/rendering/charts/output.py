"""Charts written out: Vega for a page, SVG for Markdown, and the program that draws in a browser."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from gradcheck.errors import UsageError
from gradcheck.rendering.charts.palette import dark_rules
from gradcheck.rendering.charts.values import TEXT_LENGTH, Drawn, drawn
from gradcheck.rendering.text import label
from gradcheck.studies.study import Chart, Study

_PAGE_FACES = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
_SVG_FACES = "Arial, Helvetica, 'Liberation Sans', sans-serif"  # as wide as the face that was measured
_INTERPRETERS = {"6.2.0": "2.0.0"}  # the version of vega-interpreter that vl-convert brings with a version of Vega


def vega_spec(study: Study, chart: Chart) -> dict[str, Any]:
    """A chart as a Vega specification, in light colours that `charts_css` turns dark; its signals `focus`, `narrow`, `columns` and sizes are the page's.

    UsageError without the extra `report`; ValueError where the chart names what its table does not have.
    """
    vl_convert = needs_report()
    from gradcheck.rendering.charts.figure import FONT, specification

    spec: dict[str, Any] = vl_convert.vegalite_to_vega(specification(chart, drawn(study, chart), interactive=True))
    for part in ("$schema", "description"):
        spec.pop(part, None)
    if isinstance(spec.get("layout"), dict):
        columns = spec["layout"]["columns"]
        spec["layout"]["columns"] = {"signal": "columns"}
        spec["signals"] = [{"name": "columns", "value": columns}, *spec.get("signals", [])]
    whole: dict[str, Any] = json.loads(json.dumps(spec).replace(FONT, _PAGE_FACES))
    return whole


def chart_svg(study: Study, chart: Chart) -> str:
    """A chart as SVG text that is light or dark as its reader prefers, with its reading as description. Errors as `vega_spec`."""
    vl_convert = needs_report()
    from gradcheck.rendering.charts.figure import FONT, specification

    shown = drawn(study, chart)
    svg: str = vl_convert.vegalite_to_svg(specification(chart, shown, interactive=False))
    svg = re.sub(r"<[^>]*>", _slim, svg.replace(f' font-family="{FONT}"', ""))
    name, reading = label(chart.title, TEXT_LENGTH), alternative(chart, shown)
    style = f"<style>@media (prefers-color-scheme:dark){{{''.join(dark_rules())}}}</style>"
    opening, rest = svg.split(">", 1)
    return f'{opening} font-family="{_SVG_FACES}" role="img" aria-label={quoteattr(name)}><title>{escape(name)}</title><desc>{escape(reading)}</desc>{style}{rest}\n'


def _slim(tag: re.Match[str]) -> str:
    """A tag without what no reader needs; coordinates to a hundredth of a pixel."""
    text = tag[0]
    if text.startswith("<path") and ('class="background"' in text or 'class="foreground"' in text):
        return ""
    text = re.sub(r' (?:class|role|aria-[a-z]+|pointer-events|xmlns:xlink|version)="[^"]*"| (?:opacity|stroke-width)="1"', "", text)
    return re.sub(r"-?\d+\.\d{3,}(?:e-?\d+)?", lambda n: f"{round(float(n[0]), 2) + 0:g}", text)


def alternative(chart: Chart, shown: Drawn) -> str:
    """A picture's text alternative: what it is, what it shows, and the lines across it."""
    said = [label(chart.title, 200), label(chart.reading or chart.caption, TEXT_LENGTH)]
    lines = [f"{r.label} at {shown.x.title if r.axis == 'x' else shown.y.title} = {r.at:.3g}" for r in shown.rules[: len(chart.rules)]]
    said += [f"Lines across: {'; '.join(lines)}"] if lines else []
    return ". ".join(text.rstrip(".") for text in said if text) + "."


def chart_notes(study: Study, chart: Chart) -> tuple[str, ...]:
    """What a chart leaves out or moves, in words: belongs under its caption."""
    return drawn(study, chart).notes


@cache
def charts_bundle() -> str:
    """Vega and its interpreter of expressions as one script, for pages that forbid `eval`: sets `gradcheckVega(box, spec, tooltip)`.

    Nothing is fetched: vl-convert brings the modules. UsageError without the extra `report`.
    """
    vl_convert = needs_report()
    vega = vl_convert.get_vega_version()
    if vega not in _INTERPRETERS:  # vega-embed knows where its own is, and is half as large again
        script = vl_convert.javascript_bundle(_EMBED)
    else:
        at = "https://cdn.jsdelivr.net/npm/"
        names = f'import * as V from "{at}vega@{vega}/+esm"; import {{expressionInterpreter as I}} from "{at}vega-interpreter@{_INTERPRETERS[vega]}/+esm";'
        script = vl_convert.javascript_bundle(names + _SMALL)
    return f"/*! Vega\n{_asset('vega-license.txt')}*/\n{script}\n"


_SMALL = """
window.gradcheckVega = async (box, spec, tooltip) => {
  const view = new V.View(V.parse(spec, null, {ast: true}), {expr: I, renderer: "svg", container: box, hover: true, tooltip, loader: {}});
  return view.runAsync();
};"""
_EMBED = """
window.gradcheckVega = async (box, spec, tooltip) =>
  (await vegaEmbed(box, spec, {ast: true, mode: "vega", renderer: "svg", actions: false, defaultStyle: false, hover: true, tooltip})).view;"""


def charts_css() -> str:
    """The style sheet of charts: their layout, and the colours they have in the dark."""
    live = ".chart-live svg ", ".chart-swatch "
    forced = "".join(rule for scope in live for rule in dark_rules(f':root[data-theme="dark"] {scope}'))
    preferred = "".join(rule for scope in live for rule in dark_rules(f':root:not([data-theme="light"]) {scope}'))
    return f"{_asset('charts.css')}@media screen{{{forced}}}\n@media screen and (prefers-color-scheme:dark){{{preferred}}}\n"


def charts_assets() -> dict[str, str]:
    """The files that pages with charts share, by name: charts.css, vega.js and charts.js, in this order on a page."""
    return {"charts.css": charts_css(), "vega.js": charts_bundle(), "charts.js": _asset("charts.js")}


def _asset(name: str) -> str:
    return (files("gradcheck.rendering") / "assets" / name).read_text(encoding="utf-8")


def needs_report() -> Any:
    """vl-convert, if it and Altair are there."""
    try:
        import altair  # noqa: F401
        import vl_convert
    except ImportError as error:
        raise UsageError(f"charts: {error.name} is missing, which is in the extra `report`: pip install 'gradcheck[report]'") from None
    return vl_convert
