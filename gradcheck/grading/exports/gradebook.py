"""gradebook.csv: a row for each student, for spreadsheets and for learning management systems that read CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

from gradcheck.grading.exports.words import number, word
from gradcheck.grading.results import ClassMarks, SubmissionMark
from gradcheck.rendering.text import cell

_LONGEST = 2000  # characters of a cell
IDENTITY = ("student", "name", "email", "status", "total", "possible")
ABSENT, MARKED = "absent: nothing handed in", "marked"


def gradebook_csv(marks: ClassMarks) -> str:
    """The gradebook as CSV: who, status, total, points and outcome by question, flags, warnings, isolation.

    A mark that is not complete because something of ours failed has no score in any cell, never a 0, and its status says so: whatever adds
    up a row finds nothing rather than too little. Students of the roster who handed in nothing are listed without a score. Texts of users
    are on one line, bounded, and no formula of a spreadsheet; numbers are numbers.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(list(_head(marks)))
    writer.writerows([_text(v) for v in _row(marks, mark)] for mark in marks.submissions)
    writer.writerows([_text(v) for v in _absent(marks, student)] for student in marks.absent)
    return out.getvalue()


def _text(value: Any) -> str:
    if value is None or isinstance(value, int | float):
        return "" if value is None else number(value)
    return cell(str(value), _LONGEST)


def _head(marks: ClassMarks) -> Iterator[str]:
    yield from IDENTITY
    for name, _, _ in marks.questions:
        yield cell(f"{name} points")
    for name, _, _ in marks.questions:
        yield cell(f"{name} outcome")
    yield from ("flags", "warnings", "isolation")


def _row(marks: ClassMarks, mark: SubmissionMark) -> Iterator[Any]:
    yield from (mark.student, mark.name, mark.email, status(mark), mark.earned, mark.possible)
    by_name = {q.question: q for q in mark.questions}
    found = [by_name.get(name) for name, _, _ in marks.questions]
    yield from (q.earned if q and mark.complete else None for q in found)
    yield from (word(q) if q else "" for q in found)
    flags = [*mark.flags, *(f for q in mark.questions for f in q.flags)]
    yield "; ".join(dict.fromkeys(f.kind for f in flags))
    yield "; ".join(mark.warnings)
    yield mark.isolation


def _absent(marks: ClassMarks, student: str) -> Iterator[Any]:
    yield from (student, "", "", ABSENT, None, sum(p for _, _, p in marks.questions))
    yield from [None] * (2 * len(marks.questions) + 3)


def status(mark: SubmissionMark) -> str:
    """Whether a submission was marked, and if not, why."""
    failed = [q.question for q in mark.questions if q.outcome == "infrastructure error"]
    if failed:
        return f"NOT MARKED: infrastructure error ({', '.join(failed)}); grade again"
    return f"refused: {mark.refused}" if mark.refused else MARKED
