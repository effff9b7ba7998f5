"""Python as HTML: marked up by Pygments where it is there, plain where it is not, always escaped and bounded."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any

from gradcheck.rendering.text import BLOCK, LINE, inert

if TYPE_CHECKING:
    from markupsafe import Markup

LINES = 200  # of a function that are shown


def source_of(function: Callable[..., Any]) -> tuple[str, int]:
    """A function's text and the number of its first line; empty where there is none."""
    try:
        lines, first = inspect.getsourcelines(function)
    except (OSError, TypeError):
        return "", 0
    shown = textwrap.dedent("".join(lines[:LINES]))
    return shown + (f"# ... {len(lines) - LINES} more lines\n" if len(lines) > LINES else ""), first


def highlighted(text: str, first: int | None = None) -> Markup:
    """Python text with its tokens marked by class, numbered from `first` on where that is given."""
    from markupsafe import Markup

    marked = _marked(_shown(text))
    if first is None:
        return Markup("\n").join(marked)
    width = len(str(first + len(marked)))
    numbered = Markup('<span class="line" data-line="{0}"><span class="ln">{1}</span>  {2}</span>')
    return Markup("\n").join(numbered.format(first + i, str(first + i).rjust(width), line) for i, line in enumerate(marked))


def body_of(function: Callable[..., Any]) -> str:
    """What a function does: its text without decorators, head and docstring; the whole text where that cannot be told apart."""
    text, _ = source_of(function)
    try:
        made = ast.parse(text).body[0]
    except (SyntaxError, IndexError):
        return text
    if not isinstance(made, ast.FunctionDef):
        return text
    first = made.body[1] if ast.get_docstring(made) is not None and len(made.body) > 1 else made.body[0]
    return textwrap.dedent("\n".join(text.split("\n")[first.lineno - 1 :])).rstrip()


def compared(was: str, mended: str) -> tuple[Markup, Markup]:
    """Two texts as HTML, with what differs between them marked in each, word by word."""
    from markupsafe import Markup

    left, right = list(_tokens(_shown(was))), list(_tokens(_shown(mended)))
    kept: tuple[set[int], set[int]] = set(), set()
    for a, b, size in SequenceMatcher(None, [t[1] for t in left], [t[1] for t in right], autojunk=False).get_matching_blocks():
        kept[0].update(range(a, a + size))
        kept[1].update(range(b, b + size))
    return Markup("\n").join(_lines(left, kept[0])), Markup("\n").join(_lines(right, kept[1]))


def _shown(text: str) -> str:
    return inert("\n".join(inert(line, LINE) for line in text.split("\n")), BLOCK)


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    """The words of a program, each with the class of its kind."""
    from pygments.lexers import PythonLexer
    from pygments.token import STANDARD_TYPES

    return ((STANDARD_TYPES.get(kind, ""), part) for kind, part in PythonLexer(stripnl=False).get_tokens(text))


def _marked(text: str) -> list[Markup]:
    return _lines(list(_tokens(text)))


def _lines(tokens: list[tuple[str, str]], kept: set[int] | None = None) -> list[Markup]:
    """Lines of words; those that are not `kept` are marked, if that is told."""
    from markupsafe import Markup, escape

    lines = [Markup("")]
    for k, (name, part) in enumerate(tokens):
        for i, piece in enumerate(part.split("\n")):
            if i:
                lines.append(Markup(""))
            if piece:
                word = Markup('<span class="{}">{}</span>').format(name, piece) if name not in ("", "n", "p", "w", "o") else escape(piece)
                lines[-1] += word if kept is None or k in kept or not piece.strip() else Markup("<mark>{}</mark>").format(word)
    while len(lines) > 1 and not lines[-1].strip():
        lines.pop()
    return lines
