"""Neutral tables as text: CSV that reads back exactly, LaTeX for papers, Markdown for pages.

Text in a table may come from a user: it is written on one line, bounded, and means nothing to what reads it (a spreadsheet's formula, a command of
LaTeX, markup). Numbers stay numbers.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

from gradcheck.rendering.explanation import short_paths
from gradcheck.rendering.latex import latex_escape, latex_number
from gradcheck.rendering.layout import escape, markdown_table, number
from gradcheck.rendering.text import cell, one_line
from gradcheck.studies.study import Table

_LONGEST = 2000  # characters of a text in CSV
_WIDE = 40  # characters from which on a column of text is set as paragraphs


def csv_text(table: Table, *, head: bool = True) -> str:
    """A table as CSV: column identifiers, floats by `repr`, so that reading them gives the same bits; None is empty, NaN is `nan`.

    A text that a spreadsheet would take for a formula is preceded by an apostrophe, as spreadsheets do.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    if head:
        writer.writerow([c.name for c in table.columns])
    writer.writerows([_csv_cell(v) for v in row] for row in table.rows)
    return out.getvalue()


def _csv_cell(value: Any) -> str:
    value = _python(value)
    if value is None or isinstance(value, bool | int | float):
        return "" if value is None else repr(value)
    text = one_line(short_paths(str(value)), _LONGEST)
    return text if _is_number(text) else cell(text, _LONGEST * 2)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _python(value: Any) -> Any:
    """A plain Python value: NumPy's scalars are unwrapped."""
    return value.item() if hasattr(value, "item") and not getattr(value, "shape", ()) else value


def markdown_text(table: Table) -> str:
    """A table in Markdown: headings with their units, numbers to six digits, text escaped."""
    return markdown_table([[_markdown_cell(v) for v in row] for row in table.rows], [escape(c.titled) for c in table.columns])


def _markdown_cell(value: Any) -> str:
    value = _python(value)
    return "" if value is None else escape(one_line(short_paths(value))) if isinstance(value, str) else number(value)


def latex_text(table: Table) -> str:
    """A table as a `longtable` in the style of booktabs, for `\\input`; numbers to six digits, to the right; only ASCII."""
    head = " & ".join(latex_escape(c.titled) for c in table.columns) + r" \\"
    rows = [" & ".join(map(_latex_cell, row)) + r" \\" for row in table.rows]
    return "\n".join([
        r"% needs \usepackage{booktabs,longtable,array,textcomp}", rf"\begin{{longtable}}{{{_alignment(table)}}}",
        rf"\caption{{{latex_escape(table.title)}}}\label{{tab:{table.name}}} \\", r"\toprule", head, r"\midrule", r"\endfirsthead",
        r"\toprule", head, r"\midrule", r"\endhead", r"\bottomrule", r"\endfoot", *rows, r"\end{longtable}", "",
    ])  # fmt: skip


def _alignment(table: Table) -> str:
    columns = [table.column(c.name) for c in table.columns]
    wide = [any(isinstance(v, str) and len(v) > _WIDE for v in column) for column in columns]
    width = 0.65 / max(sum(wide), 1)
    paragraph = rf">{{\raggedright\arraybackslash}}p{{{width:.2f}\linewidth}}"
    return "".join(paragraph if w else "r" if _numeric(column) else "l" for w, column in zip(wide, columns, strict=True))


def _numeric(column: Sequence[Any]) -> bool:
    return all(not isinstance(v, str) for v in column)


def _latex_cell(value: Any) -> str:
    value = _python(value)
    if value is None:
        return ""
    if isinstance(value, str | bool):
        return latex_escape(short_paths(str(value)))
    return f"${latex_number(value)}$"
