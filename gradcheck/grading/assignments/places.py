"""Where every key of a TOML document stands: the standard library reads the values and forgets the lines.

The document has been read before, so that it is known to be good TOML, and nothing is checked here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

Path = tuple[str | int, ...]
Places = dict[Path, int]
_BLANK = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR = re.compile(r"[^,\]}#\n]*")
_STRINGS = (  # the longer openings first; what closes a string of several lines may follow up to two quotes of its own
    ('"""', re.compile(r'(?:[^"\\]|\\.|"(?!""))*"{3,5}', re.DOTALL)),
    ("'''", re.compile(r"(?:[^']|'(?!''))*'{3,5}", re.DOTALL)),
    ('"', re.compile(r'(?:[^"\\]|\\.)*"', re.DOTALL)),
    ("'", re.compile(r"[^']*'")),
)


def places(text: str) -> Places:
    """The line, from 1, of every table, key and element of a good TOML document, by its path: ("questions", 2, "points").

    A table stands where its header does, or the first key that names it; an element of an array where it begins.
    """
    return _Reader(text.replace("\r\n", "\n")).read()


@dataclass(slots=True)
class _Reader:
    """Walks the text once; `ends` are the last elements of arrays of tables, where headers that name them go on."""

    text: str
    at: int = 0
    found: Places = field(default_factory=dict)
    ends: dict[Path, int] = field(default_factory=dict)
    counted: tuple[int, int] = (0, 1)

    def read(self) -> Places:
        table: Path = ()
        self.skip(_BLANK)
        while self.at < len(self.text):
            if self.text[self.at] == "[":
                table = self.header()
            else:
                self.pair(table)
            self.skip(_BLANK)
        return self.found

    def skip(self, what: re.Pattern[str]) -> str:
        match = what.match(self.text, self.at)
        assert match is not None
        self.at = match.end()
        return match.group()

    def line(self) -> int:
        """The line reached: newlines are counted on from where they were last."""
        start, line = self.counted
        line += self.text.count("\n", start, self.at)
        self.counted = (self.at, line)
        return line

    def header(self) -> Path:
        line, several = self.line(), self.text.startswith("[[", self.at)
        self.at += 2 if several else 1
        keys = self.key()
        self.at += 2 if several else 1
        table: Path = ()
        for key in keys[:-1]:
            table = self._entered((*table, key), line)
        if not several:
            table = self._entered((*table, keys[-1]), line)
        else:
            table = (*table, keys[-1])
            self.found.setdefault(table, line)
            self.ends[table] = self.ends.get(table, -1) + 1
            table = (*table, self.ends[table])
        self.found[table] = line
        return table

    def _entered(self, table: Path, line: int) -> Path:
        """The table of a name, in an array of tables the last one."""
        self.found.setdefault(table, line)
        return (*table, self.ends[table]) if table in self.ends else table

    def key(self) -> list[str]:
        """A key, of several parts where dots join them."""
        parts = []
        while True:
            self.skip(_SPACE)
            parts.append(_unquoted(self.string()) if self.text[self.at] in "\"'" else self.skip(_BARE))
            self.skip(_SPACE)
            if self.text[self.at : self.at + 1] != ".":
                return parts
            self.at += 1

    def pair(self, table: Path) -> None:
        line = self.line()
        for key in self.key():
            table = (*table, key)
            self.found.setdefault(table, line)
        self.at += 1  # the sign =
        self.skip(_SPACE)
        self.value(table)

    def value(self, path: Path) -> None:
        first = self.text[self.at]
        if first in "\"'":
            self.string()
        elif first == "[":
            self.array(path)
        elif first == "{":
            self.inline(path)
        else:
            self.skip(_SCALAR)

    def string(self) -> str:
        start = self.at
        opening, rest = next((o, r) for o, r in _STRINGS if self.text.startswith(o, start))
        self.at += len(opening)
        self.skip(rest)
        return self.text[start : self.at]

    def array(self, path: Path) -> None:
        self.at += 1
        self.skip(_BLANK)
        count = 0
        while self.text[self.at] != "]":
            self.found[(*path, count)] = self.line()
            self.value((*path, count))
            count += 1
            self._next()
        self.at += 1

    def inline(self, path: Path) -> None:
        self.at += 1
        self.skip(_BLANK)
        while self.text[self.at] != "}":
            self.pair(path)
            self._next()
        self.at += 1

    def _next(self) -> None:
        """On to what follows a comma, or to what closes."""
        self.skip(_BLANK)
        if self.text[self.at] == ",":
            self.at += 1
            self.skip(_BLANK)


def _unquoted(text: str) -> str:
    """A quoted key as it is meant: TOML's own reading of it."""
    import tomllib

    (key,) = tomllib.loads(f"{text} = 0")
    return key
