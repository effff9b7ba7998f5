"""A study as plain text, as one JSON document, and as CSV files."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Mapping
from typing import Any

from gradcheck.rendering.layout import number
from gradcheck.rendering.layout import table as columns_of_text
from gradcheck.studies.study import Chart, Column, Statement, Study, Table

SCHEMA_VERSION = 1
ROWS = 24  # of a table that are shown as text; files hold all
WIDEST = 60  # characters of a cell, and
LINE = 2000  # of a line


def study_text(study: Study) -> str:
    """Question, statements with their evidence, and every table, long ones cut."""
    parts = [f"{inert(study.title, LINE)}\n{inert(study.question, LINE)}"]
    if study.statements:
        parts.append("statements\n" + "\n".join(map(_statement, study.statements)))
    parts += [_table(t) for t in study.tables]
    if study.notes:
        parts.append("notes\n" + "\n".join(f"  {inert(n, LINE)}" for n in study.notes))
    return "\n\n".join([*parts, closing(study)])


def closing(study: Study) -> str:
    """How many statements are shown, in one line."""
    shown = sum(s.verdict == "shown" for s in study.statements)
    return f"{shown} of {len(study.statements)} statements shown"


def _statement(statement: Statement) -> str:
    measured = " (measured)" if statement.measured else ""
    return f"  {statement.verdict}: {inert(statement.name, LINE)}{measured}\n    {inert(statement.evidence, LINE)}"


def _table(table: Table) -> str:
    rows = [[_cell(value) for value in row] for row in _shown(table)]
    left_out = len(table.rows) - len(rows)
    cut = f"\n  ({len(rows)} of {len(table.rows)} rows, evenly taken; `--csv FOLDER` writes them all)" if left_out > 0 else ""
    return f"{inert(table.title, LINE)}\n{columns_of_text(rows, [_heading(c) for c in table.columns])}{cut}"


def _shown(table: Table) -> list[tuple[Any, ...]]:
    """All rows of a short table; of a long one as many, evenly taken, the first and the last among them."""
    n = len(table.rows)
    return list(table.rows) if n <= ROWS else [table.rows[i * (n - 1) // (ROWS - 1)] for i in range(ROWS)]


def _heading(column: Column) -> str:
    unit = f" ({inert(column.unit)})" if column.unit and column.unit != column.heading else ""
    return inert(column.heading) + unit


def _cell(value: Any) -> str:
    return "-" if value is None else inert(value) if isinstance(value, str) else number(value)


def inert(text: str, limit: int = WIDEST) -> str:
    """Text of one line that does nothing to a terminal: characters that control or turn it are shown as a sign, long text is cut."""
    plain = "".join(
        "\N{REPLACEMENT CHARACTER}" if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") else c for c in text[: limit + 1]
    )
    return plain if len(plain) <= limit else plain[: limit - 1] + "\N{HORIZONTAL ELLIPSIS}"


def study_document(study: Study) -> dict[str, Any]:
    """The document of a study, ready for `dumps`: everything the study holds, floats with every bit."""
    return {
        "schema_version": SCHEMA_VERSION,
        "name": study.name,
        "title": study.title,
        "question": study.question,
        "met": study.met,
        "statements": [_statement_entry(s) for s in study.statements],
        "tables": [_table_entry(t) for t in study.tables],
        "charts": [_chart_entry(c) for c in study.charts],
        "notes": list(study.notes),
    }


def _statement_entry(s: Statement) -> dict[str, Any]:
    return {"name": s.name, "verdict": s.verdict, "evidence": s.evidence, "values": dict(s.values), "measured": s.measured}


def _table_entry(t: Table) -> dict[str, Any]:
    columns = [{"name": c.name, "heading": c.heading, "unit": c.unit, "measured": c.measured} for c in t.columns]
    return {"name": t.name, "title": t.title, "columns": columns, "rows": [list(row) for row in t.rows]}


def _chart_entry(c: Chart) -> dict[str, Any]:
    fields = ("name", "title", "table", "x", "y", "series", "panel", "kind", "x_scale", "y_scale", "low", "high", "caption", "reading")
    return {f: getattr(c, f) for f in fields} | {"rules": [{"axis": r.axis, "at": r.at, "label": r.label} for r in c.rules]}


def csv_files(study: Study) -> Mapping[str, str]:
    """Every table as CSV by its file's name, and the statements; floats are written so that they are read back bit for bit."""
    statements = [(s.name, s.verdict, s.evidence, s.measured) for s in study.statements]
    files = {f"{study.name}-{t.name}.csv": _csv([c.name for c in t.columns], t.rows) for t in study.tables}
    return files | {f"{study.name}-statements.csv": _csv(["name", "verdict", "evidence", "measured"], statements)}


def _csv(head: list[str], rows: Any) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    writer.writerows([_plain(v) for v in row] for row in rows)
    return text.getvalue()


def _plain(value: Any) -> str:
    return "" if value is None else repr(float(value)) if isinstance(value, float) else str(value)
