"""What notebooks hold that is no Python: IPython's magics, shell commands and help. Each is replaced where it stands, so that lines keep their numbers.

Nothing is parsed as Python: a scanner follows strings, brackets and continued lines far enough to tell where a statement begins, so that a line of a
string, or a remainder in brackets, is left alone however much it looks like a magic.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

KEPT = frozenset({"time", "timeit", "capture", "prun", "memit", "mprun", "lprun"})
"""Cell magics that run the rest of their cell as Python; the rest of a cell under any other is not Python, or goes elsewhere."""
_LINE = re.compile(r"[ \t]*(%{1,2}\??\w|!|\?{1,2}\w|[,;/][A-Za-z_])")
_TARGET = r"[A-Za-z_][\w.]*(?:\[[^\]=]*\])*"
_ASSIGNED = re.compile(
    rf"[ \t]*{_TARGET}(?:[ \t]*+,[ \t]*+{_TARGET})*+[ \t]*+,?[ \t]*+=[ \t]*+(!|%[A-Za-z_])"
)  # possessive: linear in any line
_HELP = re.compile(r"[ \t]*%{0,2}[A-Za-z_*][\w.*]*\?{1,2}[ \t]*$")
_CELL = re.compile(r"%%(\w+|!)")
_IPYTHON = re.compile(r"\bget_ipython[ \t]*\(")
_TOKEN = re.compile(r"\"\"\"|'''|[\"'()\[\]{}#\\]")


@dataclass(slots=True)
class _State:
    """Where in Python the scanner is: the quotes it is within ("" for none), how many brackets deep, whether a backslash continues the line."""

    quote: str = ""
    depth: int = 0
    continued: bool = False

    @property
    def fresh(self) -> bool:
        """Whether the next line begins a statement."""
        return not self.quote and not self.depth and not self.continued

    def follow(self, line: str) -> None:
        """Go over a line of Python."""
        at, self.continued = 0, False
        while found := (_closing(self.quote) if self.quote else _TOKEN).search(line, at):
            at = found.end()
            self._meet(found.group())
            if found.group() == "#" and not self.quote:
                return
            if found.group() == "\\" and at >= len(line):
                self.continued = True
            elif found.group() == "\\":
                at += 1
        if len(self.quote) == 1 and not self.continued:
            self.quote = ""  # a string of one line that is not closed on it: an error, which Python will tell

    def _meet(self, sign: str) -> None:
        if self.quote:
            self.quote = "" if sign == self.quote else self.quote
        elif sign[0] in "\"'":
            self.quote = sign
        elif sign in "([{":
            self.depth += 1
        elif sign in ")]}":
            self.depth = max(self.depth - 1, 0)


def _closing(quote: str) -> re.Pattern[str]:
    return _CLOSING[quote]


_CLOSING = {quote: re.compile(rf"\\|{quote}") for quote in ('"""', "'''", '"', "'")}


@dataclass(slots=True)
class Stripped:
    """A cell without what is no Python; `removed` holds line (from 1) and text of what was taken out, `ipython` lines that ask for IPython itself."""

    source: str
    removed: list[tuple[int, str]] = field(default_factory=list)
    ipython: list[int] = field(default_factory=list)


def strip(source: str) -> Stripped:
    """A cell with every magic replaced by `pass`, as deep as it stood. A cell under a magic like %%bash is replaced as a whole."""
    lines = re.split(r"\r\n|\r|\n", source)
    first = next((k for k, line in enumerate(lines) if line.strip()), 0)
    magic = _CELL.match(lines[first])
    if magic and magic.group(1) not in KEPT:
        return Stripped("pass" + "\n" * (len(lines) - 1), [(first + 1, f"{lines[first].strip()} (the whole cell)")])
    result = Stripped("")
    result.source = "\n".join(_stripped(lines, result))
    return result


def _stripped(lines: list[str], result: Stripped) -> Iterator[str]:
    state = _State()
    within = False
    for number, line in enumerate(lines, 1):
        if within or (state.fresh and is_magic(line)):
            if not within:
                result.removed.append((number, line.strip()))
            within = line.endswith("\\")  # a command goes on as Python does
            yield line[: len(line) - len(line.lstrip())] + "pass"
            continue
        if not state.quote and _IPYTHON.search(line):
            result.ipython.append(number)
        state.follow(line)
        yield line


def is_magic(line: str) -> bool:
    """Whether a line that begins a statement is IPython's and no Python."""
    return bool(_LINE.match(line) or _ASSIGNED.match(line) or _HELP.match(line))
