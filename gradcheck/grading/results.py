"""Marks as data: what a question, a submission and a class came to. Everything here is plain, ordered and the same on every run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Outcome = Literal[
    "graded",
    "missing",
    "import error",
    "exception",
    "time-out",
    "memory",
    "output limit",
    "crash",
    "protocol error",
    "infrastructure error",
]
OUTCOMES: tuple[Outcome, ...] = (
    "graded", "missing", "import error", "exception", "time-out", "memory", "output limit", "crash", "protocol error", "infrastructure error",
)  # fmt: skip
Result = Literal["right", "wrong value", "wrong shape", "non-finite", "undecided", ""]
"""Of a graded question or part. "" where there was no answer to judge."""
SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the credit: an argument's gradient ("W"), a hop's ("dz"), "shape" or "accuracy"."""

    name: str
    kind: Literal["argument", "hop", "shape", "accuracy"]
    result: Result
    earned: float
    possible: float


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """For the instructor: the mistake by kind, the hop by variable and operation, a sentence."""

    kind: str
    message: str
    variable: str = ""
    operation: str = ""
    line: int | None = None
    expected: str = ""
    found: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One number of the student's beside the true one ("" where it is not told)."""

    label: str
    yours: str
    expected: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """For the student: what was right, where it goes wrong and how, and a point where it shows with their own numbers.

    `point` is Python that can be pasted; "" where none may be shown.
    """

    right: tuple[str, ...] = ()
    where: str = ""
    hint: str = ""
    point: str = ""
    entries: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class Flag:
    """Something for a person to look at, with its evidence; it never changes a mark.

    Kinds: finite-differences, hard-coded, memorised-points, identical, non-deterministic, mutates-input, forbidden-import.
    """

    kind: str
    evidence: str


@dataclass(frozen=True, slots=True)
class QuestionMark:
    """What one question came to. `message` is one line on how it ended, for the student."""

    question: str
    outcome: Outcome
    result: Result
    earned: float
    possible: float
    message: str = ""
    parts: tuple[Part, ...] = ()
    diagnosis: Diagnosis | None = None
    told: Told = Told()
    flags: tuple[Flag, ...] = ()
    printed: str = ""


@dataclass(frozen=True, slots=True)
class SubmissionMark:
    """What one submission came to. `earned` is None where something of ours failed: that is never a zero.

    `refused` says why a submission was not run; `digest` is of its files; `isolation` the walls it ran behind, `shape` is of its syntax, to find copies.
    """

    student: str
    source: str
    digest: str
    isolation: str
    questions: tuple[QuestionMark, ...]
    name: str = ""
    email: str = ""
    refused: str = ""
    warnings: tuple[str, ...] = ()
    flags: tuple[Flag, ...] = ()
    shape: str = ""

    @property
    def complete(self) -> bool:
        """False where a question could not be marked for a reason that is not the student's."""
        return all(q.outcome != "infrastructure error" for q in self.questions)

    @property
    def earned(self) -> float | None:
        """The points of all questions; None unless complete."""
        return round(sum(q.earned for q in self.questions), 6) if self.complete else None

    @property
    def possible(self) -> float:
        """What a perfect submission scores."""
        return round(sum(q.possible for q in self.questions), 6)

    def to_dict(self) -> dict[str, Any]:
        """The mark as plain data."""
        return asdict(self) | {"earned": self.earned, "possible": self.possible, "complete": self.complete}


def mark_from_dict(data: Mapping[str, Any]) -> SubmissionMark:
    """The mark that `to_dict` wrote."""
    known = {k: v for k, v in data.items() if k not in ("earned", "possible", "complete")}
    return SubmissionMark(
        **known | {"questions": tuple(map(_question, data["questions"])), "flags": _flags(data), "warnings": tuple(data["warnings"])}
    )


def _question(data: Mapping[str, Any]) -> QuestionMark:
    told = data["told"]
    return QuestionMark(
        **dict(data)
        | {
            "parts": tuple(Part(**p) for p in data["parts"]),
            "diagnosis": None if data["diagnosis"] is None else Diagnosis(**data["diagnosis"]),
            "told": Told(**dict(told) | {"right": tuple(told["right"]), "entries": tuple(Entry(**e) for e in told["entries"])}),
            "flags": _flags(data),
        }
    )


def _flags(data: Mapping[str, Any]) -> tuple[Flag, ...]:
    return tuple(Flag(**f) for f in data["flags"])


@dataclass(frozen=True, slots=True)
class ClassMarks:
    """A whole class: every submission in the order of the roster, then of names; `isolation` is the weakest level any of them ran behind."""

    assignment: str
    title: str
    digest: str
    isolation: str
    questions: tuple[tuple[str, str, float], ...]
    submissions: tuple[SubmissionMark, ...]
    warnings: tuple[str, ...] = ()
    absent: tuple[str, ...] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        """The marks as plain data; times and the like are no part of them."""
        return {
            "schema_version": SCHEMA_VERSION,
            "assignment": {"name": self.assignment, "title": self.title, "digest": self.digest},
            "isolation": self.isolation,
            "questions": [{"name": n, "title": t, "points": p} for n, t, p in self.questions],
            "submissions": [s.to_dict() for s in self.submissions],
            "warnings": list(self.warnings),
            "absent": list(self.absent),
        }
