"""A chart as a figure of an HTML page: caption, still picture, the data of the live one, and a table for those who read rather than look."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from html import escape
from typing import Any

from gradcheck.rendering.charts.output import alternative, chart_svg, needs_report, vega_spec
from gradcheck.rendering.charts.palette import looks
from gradcheck.rendering.charts.values import TEXT_LENGTH, Drawn, drawn, finite
from gradcheck.rendering.text import embedded, label
from gradcheck.studies.study import Chart, Study, Table

MOST_ROWS, _CELL = 1000, 120


def chart_html(study: Study, chart: Chart, *, image: str | None = None, data: bool = True) -> Any:
    """A figure ready for a Jinja2 template (markupsafe.Markup), for pages that load the files of `charts_assets`.

    `image` is where the page finds the chart's SVG; without it the picture is part of the page. `data` adds the table of what is drawn.
    Nothing in it needs inline scripts or styles. Errors as `vega_spec`.
    """
    needs_report()
    from markupsafe import Markup

    shown, name = drawn(study, chart), identifier(f"{study.name}-{chart.name}")
    source = image if image is not None else "data:image/svg+xml;base64," + b64encode(chart_svg(study, chart).encode()).decode()
    parts = [
        f'<figure class="chart" id="figure-{name}" data-chart="{name}">',
        f'<img class="chart-static" src="{escape(source)}" alt="{escape(alternative(chart, shown))}">',
        *_caption(chart, shown),
        *(_data_table(study.table(chart.table), chart) if data else ()),
        f'<script type="application/json" id="chart-{name}">{embedded(payload(study, chart, shown))}</script>',
        "</figure>",
    ]
    return Markup("\n".join(parts))  # noqa: S704 -- every text in it is escaped above


def payload(study: Study, chart: Chart, shown: Drawn) -> dict[str, Any]:
    """What charts.js needs: the specification, the series for its legend, what is told of a point, and how panels stand."""
    from gradcheck.rendering.charts.figure import columns

    series = [
        {"name": n, "colour": look.colour, "path": look.path, "dash": " ".join(map(str, look.dash))}
        for n, look in zip(shown.series, looks(len(shown.series)), strict=True)
    ]
    panels = len(shown.panels)
    told = {"x": shown.x.title, "y": shown.y.title, "l": "from", "h": "to"}
    return {
        "spec": vega_spec(study, chart), "series": series, "told": told, "line": chart.kind == "line", "panels": panels, "columns": columns(panels),
    }  # fmt: skip


def identifier(name: str) -> str:
    """A name as an identifier of an element."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name)[:80] or "chart"


def _caption(chart: Chart, shown: Drawn) -> Iterator[str]:
    said = label(chart.caption, TEXT_LENGTH)
    yield f"<figcaption><strong>{escape(label(chart.title, 200))}.</strong> {escape(said)}"
    if shown.notes:
        yield f'<p class="chart-notes">{escape("; ".join(shown.notes).capitalize())}.</p>'
    yield "</figcaption>"


def _data_table(table: Table, chart: Chart) -> Iterator[str]:
    """What is drawn, as a table that opens on demand: bounded, every value with all its digits."""
    names = dict.fromkeys(n for n in (chart.panel, chart.series, chart.x, chart.y, chart.low, chart.high) if n)
    columns = [next(c for c in table.columns if c.name == n) for n in names]
    more = len(table.rows) - MOST_ROWS
    yield f'<details class="chart-data"><summary>The data as a table ({len(table.rows)} rows)</summary><table>'
    head = "".join(f'<th scope="col">{escape(label(c.titled))}</th>' for c in columns)
    yield f"<thead><tr>{head}</tr></thead><tbody>"
    for record, _ in zip(table.records(), range(MOST_ROWS), strict=False):
        yield f"<tr>{''.join(_cell(record[c.name]) for c in columns)}</tr>"
    yield "</tbody></table>"
    if more > 0:
        yield f"<p>{more} more rows are in the study's own files.</p>"
    yield "</details>"


def _cell(value: Any) -> str:
    if isinstance(value, str) or value is None:
        return f"<td>{escape(label('-' if value is None else value, _CELL))}</td>"
    number = finite(value)
    text = repr(number) if isinstance(value, float) and number is not None else str(value)
    return f'<td class="number">{escape(label(text, _CELL))}</td>'
