"""Python as HTML: marked up by Pygments where it is there, plain where it is not, always escaped and bounded."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable
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

    marked = _marked(inert("\n".join(inert(line, LINE) for line in text.split("\n")), BLOCK))
    if first is None:
        return Markup("\n").join(marked)
    width = len(str(first + len(marked)))
    numbered = Markup('<span class="line" data-line="{0}"><span class="ln">{1}</span>  {2}</span>')
    return Markup("\n").join(numbered.format(first + i, str(first + i).rjust(width), line) for i, line in enumerate(marked))


def _marked(text: str) -> list[Markup]:
    from markupsafe import Markup, escape
    from pygments.lexers import PythonLexer
    from pygments.token import STANDARD_TYPES

    lines = [Markup("")]
    for kind, part in PythonLexer(stripnl=False).get_tokens(text):
        name = STANDARD_TYPES.get(kind, "")
        for i, piece in enumerate(part.split("\n")):
            if i:
                lines.append(Markup(""))
            if piece:
                lines[-1] += (
                    Markup('<span class="{}">{}</span>').format(name, piece) if name not in ("", "n", "p", "w", "o") else escape(piece)
                )
    while len(lines) > 1 and not lines[-1].strip():
        lines.pop()
    return lines
