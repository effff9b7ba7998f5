"""A study as a page of Markdown: what is the same on every machine first, what was measured on one apart, so that the first part can be pinned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gradcheck.rendering.layout import escape
from gradcheck.rendering.tabular import markdown_text
from gradcheck.studies.study import Chart, Statement, Study, Table

MEASURED = "## Measured on one machine"
ROWS = 60  # of a table on a page; the CSV file has all


def study_page(study: Study, *, pictures: bool = True) -> str:
    """Question, statements, pictures and tables; then the same of what was measured."""
    measured = [t for t in study.tables if any(c.measured for c in t.columns)]
    parts = [
        f"# {escape(study.title)}",
        escape(study.question),
        statements([s for s in study.statements if not s.measured]),
        *(figure(study, c) for c in study.charts if pictures),
        *(escape(n) for n in study.notes),
        *(part for t in study.tables for part in table(study, t.pinned())),
        MEASURED if measured or any(s.measured for s in study.statements) else "",
        statements([s for s in study.statements if s.measured]),
        *(part for t in measured for part in table(study, t)),
    ]
    return "\n\n".join(p for p in parts if p) + "\n"


def statements(found: Sequence[Statement]) -> str:
    """A line for each, with its verdict."""
    return "\n".join(f"- **{s.verdict}**: {escape(s.name)}: {escape(s.evidence)}" for s in found)


def figure(study: Study, chart: Chart, folder: str = "../figures") -> str:
    """A chart as an image, with what it shows in words for those who don't see it, and its caption."""
    says = escape(chart.reading or chart.caption)
    return f"![{says}]({folder}/{figure_name(study, chart)})\n\n*{escape(chart.caption)}*"


def figure_name(study: Study, chart: Chart) -> str:
    """The file of a chart's picture."""
    return f"{study.name}-{chart.name}.svg"


def table(study: Study, shown: Table) -> list[str]:
    """A table under its title; of a long one the first rows, and where the others are."""
    more = f"{ROWS} of {len(shown.rows)} rows; all are in [{study.name}-{shown.name}.csv](../csv/{study.name}-{shown.name}.csv)."
    return [f"### {escape(shown.title)}", markdown_text(replace(shown, rows=shown.rows[:ROWS])), more if len(shown.rows) > ROWS else ""]
