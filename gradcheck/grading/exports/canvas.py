"""Filling in a gradebook that was exported from Canvas.

Canvas takes an upload as it is: it overwrites scores, and makes a new assignment of a column it does not know. So what it exported is kept, but for one column.
"""

from __future__ import annotations

import csv
import difflib
import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gradcheck.errors import UsageError
from gradcheck.grading.exports.words import number
from gradcheck.grading.results import ClassMarks, SubmissionMark
from gradcheck.rendering.text import NAME, cell, one_line

LOGIN, STUDENT, POINTS = "SIS Login ID", "Student", "Points Possible"
_TEST = ("student, test", "test student")
_NUMBERED = re.compile(r" \(\d+\)$")
_SHOWN = 20  # students named in a warning


@dataclass(frozen=True, slots=True)
class Filled:
    """An exported gradebook with one column filled in: its text, how many scores were written, and what a person should know."""

    text: str
    written: int
    warnings: tuple[str, ...]


def canvas_csv(marks: ClassMarks, exported: Path, assignment_column: str, *, clear: bool = False) -> Filled:
    """Fill the assignment's column of a gradebook exported from Canvas, joined on "SIS Login ID"; all else stays as it was, row by row.

    The column is named as Canvas names it, "Homework 1 (1234)", or without its number where that is plain. A mark that is not known (not complete, or
    nothing handed in) leaves a score that is there; with `clear` one that is not complete empties it. Only in the column of names, which Canvas does not read back, is a
    formula of a spreadsheet made harmless. Students found on one side only are warned of.

    Raises UsageError where the file is no gradebook of Canvas, or has no such column: Canvas would make a new assignment of it.
    """
    rows, delimiter, ending, mark = _read(exported)
    head = [h.strip() for h in rows[0]]
    login, column = _login(head, exported), _column(head, assignment_column, exported)
    known, warnings = _Students(marks), []
    filling = _Filling(login, column, head.index(STUDENT), known, clear, _comma(rows, delimiter))
    rows = [rows[0], *(filling.row(r) for r in rows[1:])]
    warnings = [*known.warnings, *_possible(rows, filling, marks), *filling.warnings()]
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=ending).writerows(rows)
    return Filled(mark + out.getvalue(), filling.written, tuple(warnings))


def canvas_column(exported: Path, assignment_column: str) -> str:
    """The column that `canvas_csv` would fill in, as Canvas names it. Raises UsageError as that does."""
    head = [h.strip() for h in _read(exported)[0][0]]
    _login(head, exported)
    return head[_column(head, assignment_column, exported)]


def _read(exported: Path) -> tuple[list[list[str]], str, str, str]:
    """Rows as they are, and how they were written: delimiter, end of line, byte order mark."""
    try:
        with exported.open(encoding="utf-8", newline="") as file:
            text = file.read()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "no text in UTF-8"
        raise UsageError(f"{exported}: cannot read the exported gradebook: {why}") from None
    mark, text = ("\ufeff", text[1:]) if text.startswith("\ufeff") else ("", text)
    first = text.split("\n", 1)[0]
    delimiter = ";" if first.count(";") > first.count(",") else ","
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise UsageError(f"{exported}: no CSV: {error}") from None
    if not rows or STUDENT not in [h.strip() for h in rows[0]]:
        raise UsageError(
            f"{exported}: no gradebook of Canvas: its first line has no column {STUDENT!r}; export it in Canvas under Grades, Export"
        )
    short = next((i for i, row in enumerate(rows, 1) if row and len(row) != len(rows[0])), None)
    if short is not None:
        raise UsageError(f"{exported}: row {short} has {len(rows[short - 1])} cells, the first has {len(rows[0])}: export it afresh")
    return rows, delimiter, "\r\n" if first.endswith("\r") else "\n", mark


def _login(head: Sequence[str], exported: Path) -> int:
    if LOGIN not in head:
        raise UsageError(
            f"{exported}: no column {LOGIN!r} to find students by: export as a teacher who may see login IDs; there are {_names(head)}"
        )
    return head.index(LOGIN)


def _column(head: Sequence[str], wanted: str, exported: Path) -> int:
    """Where the assignment stands: only what Canvas has given a number is one."""
    ours = {i: name for i, name in enumerate(head) if _NUMBERED.search(name)}
    fits = [i for i, name in ours.items() if name == wanted.strip()] or [
        i for i, name in ours.items() if _NUMBERED.sub("", name) == wanted.strip()
    ]
    if len(fits) == 1:
        return fits[0]
    if len(fits) > 1:
        raise UsageError(f"{exported}: {len(fits)} columns fit {wanted!r}: {_names([head[i] for i in fits])}; give one with its number")
    near = difflib.get_close_matches(wanted, list(ours.values()), 5, 0.4) or list(ours.values())[:10]
    there = f"there is {_names(near)}" if near else "there is none with a number in brackets"
    raise UsageError(f"{exported}: no assignment's column {one_line(wanted, NAME)!r}, of which Canvas would make a new assignment; {there}")


def _names(names: Sequence[str]) -> str:
    return ", ".join(repr(one_line(n, NAME)) for n in names)


def _comma(rows: Sequence[Sequence[str]], delimiter: str) -> bool:
    """Whether numbers have a decimal comma, as Canvas can be set to."""
    return delimiter == ";" and any(re.fullmatch(r"\s*\d+,\d+\s*", c) for row in rows for c in row)


class _Students:
    """Marks by login: as it is written, else without regard to capitals where that is plain. Letters that look alike are never the same."""

    def __init__(self, marks: ClassMarks) -> None:
        twice = [s for s, n in Counter(m.student for m in marks.submissions).items() if n > 1]
        if twice:
            raise UsageError(f"two submissions are of {_names(twice[:_SHOWN])}: grade with a roster that tells them apart")
        self.exact: Mapping[str, SubmissionMark] = {m.student.strip(): m for m in marks.submissions}
        lower = Counter(m.student.strip().lower() for m in marks.submissions)
        self.lower: Mapping[str, SubmissionMark] = {s.lower(): m for s, m in self.exact.items() if lower[s.lower()] == 1}
        self.absent = {s.strip() for s in marks.absent}
        self.found: set[str] = set()
        self.warnings: list[str] = []

    def of(self, login: str) -> SubmissionMark | None:
        mark = self.exact.get(login) or self.lower.get(login.lower())
        if mark is not None:
            self.found.add(mark.student)
        return mark

    def unmet(self) -> list[str]:
        """Students with marks whom the gradebook does not have."""
        return [m.student for m in self.exact.values() if m.student not in self.found]


@dataclass(slots=True)
class _Filling:
    """Writes the one column, and remembers who had no mark."""

    login: int
    column: int
    name: int
    students: _Students
    clear: bool
    comma: bool
    written: int = 0
    unknown: list[str] | None = None
    waiting: list[str] | None = None

    def row(self, row: list[str]) -> list[str]:
        if not row or self._ours(row):
            return row
        row = list(row)
        row[self.name] = _harmless(row[self.name])
        login = row[self.login].strip()
        mark = self.students.of(login) if login else None
        if mark is None:
            self.unknown = [*(self.unknown or ()), login or row[self.name]]
        elif mark.earned is None:
            self.waiting = [*(self.waiting or ()), login]
            row[self.column] = "" if self.clear else row[self.column]
        else:
            self.written += 1
            row[self.column] = number(mark.earned).replace(".", "," if self.comma else ".")
        return row

    def _ours(self, row: Sequence[str]) -> bool:
        """Canvas's own rows: points possible, how grades are posted, the test student."""
        name = row[self.name].strip()
        return name == POINTS or name.lower() in _TEST or (not name and not row[self.login].strip())

    def warnings(self) -> Iterator[str]:
        unmet = self.students.unmet()
        if unmet:
            yield f"marked, but not in the gradebook (no {LOGIN} is theirs): {_some(unmet)}"
        nothing = [s for s in self.unknown or () if s not in self.students.absent]
        absent = [s for s in self.unknown or () if s in self.students.absent]
        if nothing:
            yield f"in the gradebook, but without a mark: {_some(nothing)}"
        if absent:
            yield f"absent, their scores are left as they are: {_some(absent)}"
        if self.waiting:
            yield f"not marked because something of the grader's failed, {'emptied' if self.clear else 'left as they are'}: {_some(self.waiting)}; grade again"


def _harmless(name: str) -> str:
    """A display name as it is, but for a formula, which a student may have chosen."""
    made = cell(name, len(name) + 1)
    return name if made == one_line(name, len(name) + 1) else made


def _possible(rows: Sequence[Sequence[str]], filling: _Filling, marks: ClassMarks) -> Iterator[str]:
    """Where Canvas has other points for a full score."""
    ours = round(sum(p for _, _, p in marks.questions), 6)
    for row in rows[1:4]:
        if row and row[filling.name].strip() == POINTS:
            text = row[filling.column].strip().replace(",", ".") if filling.comma else row[filling.column].strip()
            if re.fullmatch(r"\d+(\.\d+)?", text) and float(text) != ours:
                yield f"Canvas has {text} points possible, the assignment has {number(ours)}"


def _some(students: Sequence[str]) -> str:
    shown = ", ".join(one_line(s, 60) for s in students[:_SHOWN])
    return shown + (f" and {len(students) - _SHOWN} more" if len(students) > _SHOWN else "")
