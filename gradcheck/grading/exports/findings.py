"""What a class has in common: mistakes that are made again and again, and submissions that are alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gradcheck.grading.results import ClassMarks, Diagnosis, SubmissionMark
from gradcheck.rendering.text import NAME, one_line


@dataclass(frozen=True, slots=True)
class Mistake:
    """A mistake in a question: the hop, its kind, what was said of the first, and who made it."""

    question: str
    hop: str
    kind: str
    message: str
    students: tuple[SubmissionMark, ...]


def hop(diagnosis: Diagnosis) -> str:
    """The hop of a diagnosis by its variable and operation: "z = power", what of it is known."""
    variable, operation = one_line(diagnosis.variable, 40), one_line(diagnosis.operation, 40)
    return f"{variable} = {operation}" if variable and operation else variable or operation or "no one hop"


def mistakes(marks: ClassMarks) -> list[Mistake]:
    """Every diagnosed mistake by question, hop and kind: questions in their order, in each the most frequent first."""
    order = {name: (i, one_line(title or name, NAME)) for i, (name, title, _) in enumerate(marks.questions)}
    found: dict[tuple[str, str, str], list[tuple[SubmissionMark, str]]] = {}
    for mark in marks.submissions:
        for q in mark.questions:
            if q.diagnosis is not None and q.result != "right" and q.question in order:
                key = (q.question, hop(q.diagnosis), one_line(q.diagnosis.kind, NAME))
                found.setdefault(key, []).append((mark, q.diagnosis.message))
    ranked = sorted(found.items(), key=lambda item: (order[item[0][0]][0], -len(item[1]), item[0]))
    return [Mistake(order[q][1], at, kind, one_line(made[0][1]), tuple(m for m, _ in made)) for (q, at, kind), made in ranked]


def copies(marks: ClassMarks) -> Iterator[tuple[str, list[SubmissionMark]]]:
    """Groups of at least two submissions with the same files, then of those with the same syntax that are not all the same files."""
    for how, key in (("the same files", "digest"), ("the same but for names, comments and formatting", "shape")):
        groups: dict[str, list[SubmissionMark]] = {}
        for mark in marks.submissions:
            if getattr(mark, key):
                groups.setdefault(getattr(mark, key), []).append(mark)
        for group in groups.values():
            if len(group) > 1 and (key == "digest" or len({m.digest for m in group}) > 1):
                yield how, group
