"""A study as plain text and as CSV files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gradcheck.rendering.layout import number
from gradcheck.rendering.layout import table as columns_of_text
from gradcheck.rendering.tabular import csv_text
from gradcheck.rendering.text import one_line
from gradcheck.studies.study import Column, Statement, Study, Table

ROWS = 24  # of a table that are shown as text; files hold all
WIDEST = 60  # characters of a cell, and
LINE = 2000  # of a line


def study_text(study: Study) -> str:
    """Question, statements with their evidence, and every table, long ones cut."""
    parts = [f"{one_line(study.title, LINE)}\n{one_line(study.question, LINE)}"]
    if study.statements:
        parts.append("statements\n" + "\n".join(map(_statement, study.statements)))
    parts += [_table(t) for t in study.tables]
    if study.notes:
        parts.append("notes\n" + "\n".join(f"  {one_line(n, LINE)}" for n in study.notes))
    return "\n\n".join([*parts, closing(study)])


def closing(study: Study) -> str:
    """How many statements are shown, in one line."""
    shown = sum(s.verdict == "shown" for s in study.statements)
    return f"{shown} of {len(study.statements)} statements shown"


def _statement(statement: Statement) -> str:
    measured = " (measured)" if statement.measured else ""
    return f"  {statement.verdict}: {one_line(statement.name, LINE)}{measured}\n    {one_line(statement.evidence, LINE)}"


def _table(table: Table) -> str:
    rows = [[_cell(value) for value in row] for row in _shown(table)]
    left_out = len(table.rows) - len(rows)
    cut = f"\n  ({len(rows)} of {len(table.rows)} rows, evenly taken; `--csv FOLDER` writes them all)" if left_out > 0 else ""
    return f"{one_line(table.title, LINE)}\n{columns_of_text(rows, [one_line(c.titled, WIDEST) for c in table.columns])}{cut}"


def _shown(table: Table) -> list[tuple[Any, ...]]:
    """All rows of a short table; of a long one as many, evenly taken, the first and the last among them."""
    n = len(table.rows)
    return list(table.rows) if n <= ROWS else [table.rows[i * (n - 1) // (ROWS - 1)] for i in range(ROWS)]


def _cell(value: Any) -> str:
    return "-" if value is None else one_line(value, WIDEST) if isinstance(value, str) else number(value)


def csv_files(study: Study) -> Iterator[tuple[str, str]]:
    """Every table as CSV by its file's name, and the statements."""
    for table in study.tables:
        yield f"{study.name}-{table.name}.csv", csv_text(table)
    rows = tuple((s.name, s.verdict, s.evidence, s.measured) for s in study.statements)
    columns = (Column("name", "statement"), Column("verdict", "verdict"), Column("evidence", "evidence"), Column("measured", "measured"))
    yield f"{study.name}-statements.csv", csv_text(Table("statements", "Statements", columns, rows))
