"""The comments of a line of source."""

from __future__ import annotations

import io
import linecache
import tokenize
from functools import lru_cache


def comments_at(file: str, line: int) -> tuple[tuple[str, ...], str]:
    """The comment lines that stand above a line, and the comment beside it."""
    lines = linecache.getlines(file)
    known = _comments("".join(lines))
    above: list[str] = []
    while (line - len(above) - 1) in known and lines[line - len(above) - 2].lstrip().startswith("#"):
        above.insert(0, known[line - len(above) - 1])
    return tuple(above), known.get(line, "")


@lru_cache(maxsize=32)
def _comments(text: str) -> dict[int, str]:
    """Comments by line; those that speak to tools are left out."""
    found = {}
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT and not token.string.startswith(("# noqa", "# type:", "# fmt:", "# pragma")):
                found[token.start[0]] = token.string
    except (tokenize.TokenError, SyntaxError):  # what is typed in a shell may have no whole source
        return {}
    return found
