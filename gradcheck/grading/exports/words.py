"""What all exports say alike: points, how a question ended, and under which names of files students are found."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence

from gradcheck.grading.results import QuestionMark, SubmissionMark
from gradcheck.rendering.text import BLOCK, LINE, inert, one_line, slug

NOT_MARKED = "Not marked yet: something failed that is not yours. This is no zero; it will be marked again."


def number(points: float) -> str:
    """Points with every bit, without a fraction where there is none."""
    return str(int(points)) if points == int(points) else repr(float(points))


def points(earned: float | None, possible: float) -> str:
    """Points of those there are: "1.5 of 2 points", "2 points still to be marked" where they are not known."""
    of = f"{number(round(possible, 6))} points"
    return f"{of} still to be marked" if earned is None else f"{number(round(earned, 6))} of {of}"


def earned(q: QuestionMark) -> float | None:
    """The points of a question; None where something of ours failed."""
    return None if q.outcome == "infrastructure error" else q.earned


def word(q: QuestionMark) -> str:
    """How a question ended, in a word or two: the result where it was graded, else the outcome."""
    return "not marked" if q.outcome == "infrastructure error" else (q.result or "undecided") if q.outcome == "graded" else q.outcome


def full(q: QuestionMark) -> bool:
    """Whether a question has all its points, and an answer that earned them."""
    return q.outcome == "graded" and q.result == "right" and q.earned >= q.possible


def who(mark: SubmissionMark) -> str:
    """A student by name and identifier, on one line."""
    name, student = one_line(mark.name, 120), one_line(mark.student, 120)
    return f"{name} ({student})" if name and name != student else student


def block(text: str, limit: int = BLOCK) -> list[str]:
    """A text of users line by line, bounded in length and in width."""
    return [inert(line, LINE) for line in inert(text, limit).split("\n")]


def file_names(students: Sequence[str]) -> list[str]:
    """A name of a file for each student, in their order: never their identifier where that is no plain word, and no two alike.

    Names that differ in capitals only, which are one file on some systems, and identifiers that came twice are told apart.
    """
    plain = [slug(s) for s in students]
    alike = Counter(name.casefold() for name in plain)
    taken: set[str] = set()
    return [_free(name if alike[name.casefold()] == 1 else _told_apart(name, s), taken) for name, s in zip(plain, students, strict=True)]


def _told_apart(name: str, student: str) -> str:
    return f"{name}-{hashlib.sha256(student.encode('utf-8', 'surrogatepass')).hexdigest()[:10]}"


def _free(name: str, taken: set[str]) -> str:
    free = next(candidate for candidate in _numbered(name) if candidate.casefold() not in taken)
    taken.add(free.casefold())
    return free


def _numbered(name: str) -> Iterator[str]:
    yield name
    n = 2
    while True:
        yield f"{name}-{n}"
        n += 1
