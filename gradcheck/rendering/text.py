"""Text of users made safe to show, in one way everywhere: bounded, on one line where asked for, without characters that hide, reorder or control others.

How a text is written in Markdown is in `layout`, in LaTeX in `latex`; HTML escapes it by the standard library and by Jinja.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from typing import Any

NAME, LINE, BLOCK = 120, 600, 20_000  # characters shown of a name, a sentence, a block of source
_KEPT = "\n\t"
_SLUG = 60  # longest stem of a file's name
_SIGNS = "=+@＝＋－＠-"  # with which a spreadsheet begins a formula
_FORMULA = re.compile(rf"(^(?!')[\s\"'`´‘’“”]*|;[\s\"'`´‘’“”]*)(?=[{_SIGNS}])")


def inert(text: str, limit: int = LINE) -> str:
    """Text with at most `limit` characters and no control, format or surrogate character, each of which is written out as U+....

    Characters of category Cf reorder (bidirectional marks) or hide (zero-width joiners) what stands around them; a lone surrogate cannot be
    encoded. Line breaks and tabs stay.
    """
    shown = visible(text[:limit])
    return f"{shown}… ({len(text):,} characters)" if len(text) > limit else shown


def visible(text: str) -> str:
    """Text with every character that controls, hides or reorders written out as U+....; line breaks and tabs stay."""
    if text.isprintable():  # nearly all is
        return text
    return "".join(c if _plain(c) else f"U+{ord(c):04X}" for c in text)


def one_line(text: str, limit: int = LINE) -> str:
    """The same on one line, runs of white space as one space."""
    return inert(" ".join(text.split()), limit)


def lines_of(text: str, limit: int = LINE) -> str:
    """The same line by line: each is bounded."""
    return "\n".join(inert(line, limit) for line in text.split("\n"))


def cut(text: str, limit: int = LINE) -> str:
    """The same in exactly `limit` characters at most, an ellipsis at its end where it was longer: where there is no room to say how long."""
    shown = visible(text[: limit + 1])
    return shown if len(shown) <= limit else shown[: limit - 1].rstrip() + "…"


def label(text: str, limit: int = NAME) -> str:
    """The same on one line."""
    return cut(" ".join(text.split()), limit)


def cell(text: str, limit: int = LINE) -> str:
    """The same on one line, for CSV: what a spreadsheet would take for a formula is preceded by an apostrophe, as spreadsheets do.

    White space and quotation marks before the sign do not hide it; nor does a semicolon, at which some countries' spreadsheets begin a cell. What
    begins with an apostrophe is text already.
    """
    return _FORMULA.sub(r"\1'", one_line(text, limit))


def embedded(data: Any) -> str:
    """JSON that cannot end the script element of a page it stands in, whatever strings it holds."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)  # ASCII: U+2028 and U+2029 are escaped with the rest
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _plain(character: str) -> bool:
    return character in _KEPT or unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def slug(name: str) -> str:
    """A name as the stem of a file: a Python identifier of ordinary length as it is, anything else made harmless and told apart by a digest."""
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) and len(name) <= _SLUG:
        return name
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:10]
    stem = re.sub(r"[^A-Za-z0-9_]+", "-", name[:_SLUG]).strip("-")[:40]
    return f"{stem}-{digest}" if stem else digest
