"""The class in pictures, declared as the charts of a study: totals, outcomes by question, hops and kinds of mistakes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from gradcheck.grading.exports.findings import Mistake, mistakes
from gradcheck.grading.exports.words import number, word
from gradcheck.grading.results import ClassMarks
from gradcheck.rendering.text import NAME, cut, one_line
from gradcheck.studies.study import Chart, Column, Study, Table

_BINS = 10
_BARS = 20  # hops that are drawn
_STUDENTS = Column("students", "students")


def class_study(marks: ClassMarks) -> Study:
    """The tables and charts of a class; a chart is left out where there is nothing to draw."""
    found = mistakes(marks)
    tables = [_totals(marks), _outcomes(marks), _hops(found), _kinds(found)]
    charts = [c for c in _charts(marks, found) if next(t for t in tables if t.name == c.table).rows]
    return Study("class", one_line(marks.title, NAME), "How did the class do?", tuple(tables), charts=tuple(charts))


def _charts(marks: ClassMarks, found: list[Mistake]) -> Iterator[Chart]:
    caption = "How many students have how many points."
    yield _bars("totals", "Totals", "points", caption, _totals_read(marks))
    caption = "Students by question and result; what could not be marked for a reason of ours counts apart."
    yield _bars("outcomes", "What each question came to", "question", caption, _outcomes_read(marks), series="result")
    caption = f"Students by the hop at which their gradient goes wrong first, the {_BARS} most frequent."
    yield _bars("hops", "Hops that go wrong first", "hop", caption, _mistakes_read(found))
    yield _bars(
        "kinds", "Kinds of mistakes", "kind", "Students by kind of mistake, over all hops.", _mistakes_read(found), series="question"
    )


def _bars(name: str, title: str, x: str, caption: str, reading: str, series: str | None = None) -> Chart:
    return Chart(
        name, title, name, x, "students", series, kind="bars", x_scale="linear", y_scale="linear", caption=caption, reading=reading
    )


def _totals(marks: ClassMarks) -> Table:
    """How many totals lie in each of ten equal parts of the points; the last has its end."""
    possible = sum(p for _, _, p in marks.questions)
    totals = [m.earned for m in marks.submissions if m.earned is not None]
    counts = Counter(min(int(_BINS * t / possible + 1e-9), _BINS - 1) if possible else 0 for t in totals)
    ends = [round(i * possible / _BINS, 3) for i in range(_BINS + 1)]
    rows = tuple((f"{number(ends[i])} to {number(ends[i + 1])}", counts[i]) for i in range(_BINS)) if totals else ()
    return Table("totals", "Totals", (Column("points", "points"), _STUDENTS), rows)


def _totals_read(marks: ClassMarks) -> str:
    return "; ".join(f"{points} points: {n}" for points, n in _totals(marks).rows if n)


def _titles(marks: ClassMarks) -> dict[str, str]:
    return {name: one_line(title or name, NAME) for name, title, _ in marks.questions}


def _outcomes(marks: ClassMarks) -> Table:
    titles = _titles(marks)
    counts = Counter((q.question, word(q)) for m in marks.submissions for q in m.questions)
    words = sorted({w for _, w in counts}, key=lambda w: (w != "right", -sum(n for (_, v), n in counts.items() if v == w), w))
    rows = tuple((titles[q], w, counts[q, w]) for q in titles for w in words if counts[q, w])
    return Table("outcomes", "Results", (Column("question", "question"), Column("result", "result"), _STUDENTS), rows)


def _outcomes_read(marks: ClassMarks) -> str:
    return "; ".join(f"{q}, {w}: {n}" for q, w, n in _outcomes(marks).rows)


def _hops(found: list[Mistake]) -> Table:
    """The most frequent hops of the class; where there are several questions, with theirs."""
    counts: Counter[tuple[str, str]] = Counter()
    for m in found:
        counts[m.question, m.hop] += len(m.students)
    several = len({question for question, _ in counts}) > 1
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:_BARS]
    rows = tuple((f"{cut(question, 28)}: {hop}" if several else hop, n) for (question, hop), n in ranked)
    return Table("hops", "Hops", (Column("hop", "hop"), _STUDENTS), rows)


def _kinds(found: list[Mistake]) -> Table:
    counts: Counter[tuple[str, str]] = Counter()
    for m in found:
        counts[m.kind or "not named", m.question] += len(m.students)
    rows = tuple((kind, q, n) for (kind, q), n in sorted(counts.items(), key=lambda item: (-item[1], item[0])))
    return Table("kinds", "Kinds", (Column("kind", "kind of mistake"), Column("question", "question"), _STUDENTS), rows)


def _mistakes_read(found: list[Mistake]) -> str:
    return "; ".join(f"{m.question}, {m.hop}, {m.kind}: {len(m.students)}" for m in found[:20])
