"""Numbers, arrays and tables as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradcheck.rendering.text import one_line

_SHOWN = 4  # elements of an array that are written out


def number(value: Any, digits: int = 6) -> str:
    """A number with up to `digits` significant digits."""
    if isinstance(value, bool | np.bool_):
        return str(bool(value))
    return f"{float(value):.{digits}g}" if isinstance(value, float | np.floating) else str(value)


def quantity(value: Any) -> str:
    """A number, a short array written out, or a long one by shape and largest magnitude."""
    array = np.asarray(value)
    if array.ndim == 0:
        return number(array[()])
    if array.size <= _SHOWN and array.ndim == 1:
        return "[" + ", ".join(number(v) for v in array) + "]"
    largest = np.max(np.abs(array)) if array.size else 0.0
    return f"{'x'.join(map(str, array.shape))} array, largest {number(float(largest), 3)}"


def table(rows: Sequence[Sequence[str]], head: Sequence[str], indent: str = "  ") -> str:
    """Columns of plain text, numbers to the right."""
    cells = [list(map(str, row)) for row in rows]
    widths = [max(len(row[i]) for row in [list(head), *cells]) for i in range(len(head))]
    right = [bool(cells) and all(_is_numeric(row[i]) for row in cells) for i in range(len(head))]

    def line(row: Sequence[str]) -> str:
        return indent + "  ".join(c.rjust(w) if r else c.ljust(w) for c, w, r in zip(row, widths, right, strict=True)).rstrip()

    return "\n".join([line(head), line(["-" * w for w in widths]), *map(line, cells)])


def _is_numeric(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return text in ("", "-")
    return True


def markdown_table(rows: Sequence[Sequence[str]], head: Sequence[str]) -> str:
    """The same as a Markdown table; text that Markdown would read as markup is escaped."""
    lines = ["| " + " | ".join(head) + " |", "|" + "|".join("---" for _ in head) + "|"]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows])


def escape(text: str) -> str:
    """Text that stays text in Markdown and in the HTML a code host makes of it."""
    for character in "\\`*_[]<>|":
        text = text.replace(character, {"<": "&lt;", ">": "&gt;"}.get(character, "\\" + character))
    return " ".join(text.split())


def code(text: str) -> str:
    """Text as inline code, safe inside a table, bounded and without characters that hide or reorder."""
    return "`" + one_line(text).replace("`", "'").replace("|", "\\|") + "`" if text else ""


def seconds(value: float) -> str:
    """A time with its unit."""
    for unit, scale in (("s", 1.0), ("ms", 1e3), ("us", 1e6)):
        if value * scale >= 1:
            return f"{value * scale:.3g} {unit}"
    return f"{value * 1e6:.2g} us"
