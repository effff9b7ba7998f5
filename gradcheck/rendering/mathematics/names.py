"""How names of values are written in mathematics: Greek letters, hats, subscripts; different names never look the same."""

from __future__ import annotations

import re
from collections.abc import Iterable

from gradcheck.rendering.greek import GREEK, NAMES

MARKS = {"hat": "hat", "bar": "bar", "tilde": "tilde"}
LONG = 24  # characters of a name that are shown


class Names:
    """LaTeX for each name, made so that different names differ; names are Python's, so letters, digits and underscores."""

    def __init__(self, names: Iterable[str]) -> None:
        self.latex: dict[str, str] = {}
        self.plain: dict[str, str] = {}
        taken = set[str]()
        for count, name in enumerate(dict.fromkeys(names)):
            written = next(w for w in (_symbol(name), verbatim(shortened(name, None)), verbatim(shortened(name, count))) if w not in taken)
            taken.add(written)
            self.latex[name] = written
            self.plain[name] = shortened(name, count if len(name) > LONG else None)


def shortened(name: str, number: int | None) -> str:
    """A name of bounded length; a number keeps shortened ones apart."""
    cut = name if len(name) <= LONG else f"{name[: LONG - 4]}..."
    return cut if number is None else f"{cut}#{number}"


def _symbol(name: str) -> str:
    """The name as mathematicians write it, where it is of their kind; else in upright letters."""
    if len(name) > LONG:
        return verbatim(shortened(name, None))
    parts = re.fullmatch(r"([^\W\d_]+?)(\d*)((?:_[^\W_]+)*)", name)
    base = _base(parts[1]) if parts else ""
    if parts is None or not base:
        return verbatim(name)
    below = [p for p in (parts[2], *parts[3].split("_")) if p]
    if base.startswith("\\mathrm") and not all(map(str.isdigit, below)):  # log_sigma is no logarithm to a base
        return verbatim(name)
    return base if not below else base + "_{" + ",".join(map(_below, below)) + "}"


def _base(letters: str) -> str:
    """A letter, a Greek one, one with a hat, or a word in upright letters; nothing for letters of other alphabets."""
    letter = letters if letters in NAMES else GREEK.get(letters)
    if letter is not None:
        return f"\\{NAMES[letter]}"
    if not letters.isascii():
        return ""
    if len(letters) == 1:
        return letters
    for mark, command in MARKS.items():
        if letters.endswith(mark) and len(letters) == len(mark) + 1:
            return f"\\{command}{{{letters[0]}}}"
    return f"\\mathrm{{{letters}}}"


def _below(part: str) -> str:
    if part.isascii() and part.isdigit():
        return part
    return _base(part) or verbatim(part)


def verbatim(name: str) -> str:
    """The name letter by letter, in upright letters; only letters, digits and underscores of it come through."""
    plain = "".join(c if c.isascii() and (c.isalnum() or c in ".#") else "_" if c == "_" else _code(c) for c in name)
    return "\\mathrm{" + plain.replace("_", "\\_").replace("#", "\\#") + "}"


def _code(character: str) -> str:
    """A letter of another alphabet by its number, which every LaTeX can set."""
    return f"U{ord(character):X}"
