"""A student's page: points, what was right, where it first goes wrong, a point to try with their own numbers beside.

It stands alone, works from disk and without scripts, and holds what `Told` holds: neither the diagnosis nor flags.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gradcheck.grading.exports.pages import environment, footer, inline
from gradcheck.grading.exports.words import NOT_MARKED, block, earned, full, number, points, who, word
from gradcheck.grading.results import QuestionMark, SubmissionMark
from gradcheck.rendering.site.page import Cell, Head, View, badge, view
from gradcheck.rendering.text import NAME, one_line

ENTRIES = 50  # numbers shown beside the true ones


@dataclass(frozen=True, slots=True)
class QuestionView:
    """A question as it is shown."""

    name: str
    word: str
    points: str
    message: str
    right: tuple[str, ...]
    where: str
    hint: str
    point: str
    entries: View
    parts: View
    printed: str


def student_page(mark: SubmissionMark, *, title: str = "", titles: Mapping[str, str] | None = None) -> str:
    """The page of one student. `title` is the assignment's, `titles` those of questions by name. Raises UsageError without the extra `report`."""
    from markupsafe import Markup

    shown = [_question(q, _called(q, titles)) for q in mark.questions]
    style, digest = inline()
    return environment().get_template("student.html").render(
        title=one_line(title, NAME) or "Marks", who=who(mark), total=points(mark.earned, mark.possible), complete=mark.complete,
        good=bool(mark.questions) and all(map(full, mark.questions)), refused=one_line(mark.refused), warnings=[one_line(w) for w in mark.warnings],
        overview=_overview(mark, titles), questions=shown, not_marked=NOT_MARKED, footer=footer(), style_hash=digest,
        style=Markup(style),  # noqa: S704 - our own sheet
    )  # fmt: skip


def _called(q: QuestionMark, titles: Mapping[str, str] | None) -> str:
    return one_line((titles or {}).get(q.question) or q.question, NAME)


def _overview(mark: SubmissionMark, titles: Mapping[str, str] | None) -> View:
    rows = [
        [Cell(_called(q, titles), href=f"#question-{i}"), badge(word(q)), _points(earned(q)), _points(q.possible)]
        for i, q in enumerate(mark.questions, 1)
    ]
    return view("Points by question", [Head("question"), Head("result"), Head("points", numeric=True), Head("of", numeric=True)], rows)


def _points(value: float | None) -> Cell:
    return Cell("" if value is None else number(round(value, 6)), numeric=True)


def _question(q: QuestionMark, name: str) -> QuestionView:
    told, failed = q.told, q.outcome == "infrastructure error"
    return QuestionView(
        name, word(q), points(earned(q), q.possible), NOT_MARKED if failed else one_line(q.message), tuple(one_line(r, NAME) for r in told.right),
        one_line(told.where), one_line(told.hint), "\n".join(block(told.point)) if told.point else "", _entries(q, name), _parts(q, name),
        "\n".join(block(q.printed)) if q.printed else "",
    )  # fmt: skip


def _entries(q: QuestionMark, name: str) -> View:
    entries = q.told.entries
    expected = any(e.expected for e in entries)
    head = [Head("entry"), Head("yours", numeric=True), *([Head("expected", numeric=True)] if expected else [])]
    rows = [
        [Cell(one_line(e.label, NAME), code=True), *(Cell(one_line(v, NAME), numeric=True) for v in (e.yours, e.expected)[: 1 + expected])]
        for e in entries[:ENTRIES]
    ]
    note = f"The first {ENTRIES} of {len(entries)}." if len(entries) > ENTRIES else ""
    return view(f"Your numbers, {name}", head, rows, note=note)


def _parts(q: QuestionMark, name: str) -> View:
    kinds = {"argument": "gradient", "hop": "intermediate gradient"}
    head = [Head("part"), Head("kind"), Head("result"), Head("points", numeric=True)]
    rows = [
        [Cell(one_line(p.name, NAME), code=True), Cell(kinds.get(p.kind, "property")), badge(p.result or "no answer"), Cell(points(p.earned, p.possible).removesuffix(" points"), numeric=True)]
        for p in q.parts
    ]  # fmt: skip
    return view(f"Parts of the credit, {name}", head, rows)
