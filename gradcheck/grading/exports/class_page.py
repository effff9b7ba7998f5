"""The page of a class, for the instructor: totals, what each question came to, what goes wrong and where, students, flags, copies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import mean, median
from typing import Any

from gradcheck.grading.exports.figures import class_study
from gradcheck.grading.exports.findings import Mistake, copies, mistakes
from gradcheck.grading.exports.gradebook import ABSENT, status
from gradcheck.grading.exports.pages import environment, footer, sheet
from gradcheck.grading.exports.words import file_names, full, number, who, word
from gradcheck.grading.results import ClassMarks, Flag, SubmissionMark
from gradcheck.rendering.charts import chart_html, charts_assets
from gradcheck.rendering.site.front import Tile
from gradcheck.rendering.site.page import SCRIPTS, Cell, Chapter, Head, View, asset, badge, view
from gradcheck.rendering.site.pieces import CHART_SCRIPTS
from gradcheck.rendering.text import NAME, one_line

SHEETS = ("site.css", "charts.css", "marks.css")
_OWN = ("site.css", "site.js", "theme.js")
_NAMED = 8  # students named of those who made a mistake


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page: what it is about, pictures, tables."""

    id: str
    title: str
    about: str
    figures: tuple[Any, ...]
    tables: tuple[View, ...]


def class_pages(marks: ClassMarks) -> Iterator[tuple[str, str | bytes]]:
    """The files of the class's page by name: index.html, and what it needs below `assets`. Students' pages are looked for in ../students/NAME.

    It works from disk, without a network. Raises UsageError without the extra `report`.
    """
    yield "index.html", class_html(marks)
    for name in _OWN:
        yield f"assets/{name}", asset(name)
    yield "assets/marks.css", sheet()
    yield from ((f"assets/{name}", content) for name, content in charts_assets().items())


def class_html(marks: ClassMarks) -> str:
    """The page itself."""
    return environment().get_template("class.html").render(
        here="index.html", root="", chapters=(Chapter("Class", "index.html"),), sheets=SHEETS, scripts=(*SCRIPTS, *CHART_SCRIPTS), footer=footer(),
        title=one_line(marks.title or marks.assignment, NAME), lead=_lead(marks), tiles=list(tiles(marks)),
        warnings=[one_line(w) for w in marks.warnings], sections=[s for s in sections(marks) if s.figures or any(t.rows for t in s.tables)],
    )  # fmt: skip


def _lead(marks: ClassMarks) -> str:
    walls = {"none": "without walls around them", "": "none of them run"}.get(marks.isolation, f"run behind {marks.isolation}")
    absent = f", {len(marks.absent)} absent" if marks.absent else ""
    return f"{_count(len(marks.submissions), 'submission')}, {walls}{absent}. Assignment {one_line(marks.assignment, NAME)}, version {one_line(marks.digest[:16])}."


def tiles(marks: ClassMarks) -> Iterator[Tile]:
    """The class in figures."""
    totals = [m.earned for m in marks.submissions if m.earned is not None]
    waiting = len(marks.submissions) - len(totals)
    yield Tile(
        "submissions marked",
        f"{len(totals)} of {len(marks.submissions)}",
        "grade again: the others failed for no fault of theirs" if waiting else "",
        not waiting,
    )
    if totals:
        possible = sum(p for _, _, p in marks.questions)
        yield Tile("points on average", f"{mean(totals):.1f}", f"median {median(totals):.1f}, of {number(possible)}")
        yield Tile("full marks", str(sum(all(map(full, m.questions)) for m in marks.submissions)))
    yield Tile("submissions with flags", str(sum(bool(list(_flags(m))) for m in marks.submissions)), "to be looked at; they change no mark")


def sections(marks: ClassMarks) -> Iterator[Section]:
    """The parts of the page in order."""
    study, found = class_study(marks), mistakes(marks)
    drawn = {c.name: chart_html(study, c, data=False) for c in study.charts}
    yield Section("totals", "Totals", "", tuple(drawn[n] for n in ("totals",) if n in drawn), ())
    yield Section("questions", "Questions", "", tuple(drawn[n] for n in ("outcomes",) if n in drawn), (questions(marks),))
    about = "Where gradients go wrong first, as diagnosed: the hop by its variable and operation, and the kind of mistake. Students see neither."
    yield Section(
        "mistakes", "What goes wrong", about, tuple(drawn[n] for n in ("hops", "kinds") if n in drawn), (mistakes_table(found, marks),)
    )
    yield Section("students", "Students", "", (), (students(marks),))
    yield Section("flags", "Flags", "To be looked at by a person; none has changed a mark.", (), (flags(marks),))
    about = "The same files byte by byte, or programs that differ in names, comments and formatting only."
    yield Section("copies", "Alike", about, (), (alike(marks),))


def questions(marks: ClassMarks) -> View:
    """What each question came to."""
    head = [Head("question"), *(Head(h, numeric=True) for h in ("of", "mean", "full marks", "partly", "no points", "not marked"))]
    return view("Questions", head, [_question_row(marks, name, title, points) for name, title, points in marks.questions])


def _question_row(marks: ClassMarks, name: str, title: str, points: float) -> list[Cell]:
    found = [q for m in marks.submissions for q in m.questions if q.question == name]
    known = [q for q in found if q.outcome != "infrastructure error"]
    none = sum(q.earned == 0 and not full(q) for q in known)
    right = sum(map(full, known))
    average = f"{mean(q.earned for q in known):.2f}" if known else ""
    figures = (number(points), average, right, len(known) - right - none, none, len(found) - len(known))
    return [Cell(one_line(title or name, NAME)), *(Cell(str(f), numeric=True) for f in figures)]


def mistakes_table(found: Sequence[Mistake], marks: ClassMarks) -> View:
    """Every mistake that was diagnosed, the most frequent of each question first."""
    folders = _folders(marks)
    head = [
        Head("question", choose=True),
        Head("hop"),
        Head("kind", choose=True),
        Head("students", numeric=True),
        Head("as it was said of the first"),
        Head("who"),
    ]
    rows = [
        [Cell(m.question), Cell(m.hop, code=True), Cell(m.kind), Cell(str(len(m.students)), numeric=True), Cell(m.message), Cell(_some([who(s) for s in m.students]))]
        for m in found
    ]  # fmt: skip
    return view("Mistakes", head, rows, interactive=len(rows) > 5 and bool(folders), noun="mistakes")


def students(marks: ClassMarks) -> View:
    """Every student, with a link to the page that was written for them."""
    names = [(one_line(title or name, NAME), name) for name, title, _ in marks.questions]
    head = [
        Head("student"),
        Head("total", numeric=True),
        Head("status", choose=True),
        *(Head(shown, choose=True) for shown, _ in names),
        Head("flags"),
        Head("isolation", choose=True),
    ]
    folders = _folders(marks)
    rows = [_student_row(m, [n for _, n in names], folder) for m, folder in zip(marks.submissions, folders, strict=True)]
    rows += [[Cell(one_line(s, NAME)), Cell("", numeric=True), badge("absent"), *[Cell("")] * (len(names) + 2)] for s in marks.absent]
    return view(
        "Students", head, rows, interactive=True, noun="students", note=f"Absent: {ABSENT.partition(': ')[2]}." if marks.absent else ""
    )


def _student_row(mark: SubmissionMark, questions: Sequence[str], folder: str) -> list[Cell]:
    by_name = {q.question: q for q in mark.questions}
    total = Cell("", numeric=True) if mark.earned is None else Cell(number(mark.earned), numeric=True)
    state = (
        "not marked" if not mark.complete else "refused" if mark.refused else "full marks" if all(map(full, mark.questions)) else "marked"
    )
    found = [badge(word(by_name[n])) if n in by_name else Cell("") for n in questions]
    kinds = ", ".join(dict.fromkeys(f.kind for _, f in _flags(mark)))
    return [
        Cell(who(mark), href=f"../students/{folder}/index.html"),
        total,
        badge(state),
        *found,
        Cell(one_line(kinds)),
        Cell(mark.isolation),
    ]


def flags(marks: ClassMarks) -> View:
    """Every flag with its evidence, and why submissions were refused or not marked."""
    head = [Head("student"), Head("question", choose=True), Head("flag", choose=True), Head("evidence")]
    rows = [
        [Cell(who(m)), Cell(one_line(q, NAME)), Cell(f.kind), Cell(one_line(f.evidence))] for m in marks.submissions for q, f in _flags(m)
    ]
    rows += [[Cell(who(m)), Cell(""), Cell("status"), Cell(one_line(status(m)))] for m in marks.submissions if m.refused or not m.complete]
    return view("Flags", head, rows, interactive=len(rows) > 5, noun="flags")


def alike(marks: ClassMarks) -> View:
    """Groups of submissions that are alike."""
    rows = [[Cell(how), Cell(str(len(group)), numeric=True), Cell(_some([who(m) for m in group], 40))] for how, group in copies(marks)]
    return view("Submissions that are alike", [Head("alike"), Head("students", numeric=True), Head("who")], rows)


def _flags(mark: SubmissionMark) -> Iterator[tuple[str, Flag]]:
    yield from (("", f) for f in mark.flags)
    yield from ((q.question, f) for q in mark.questions for f in q.flags)


def _folders(marks: ClassMarks) -> list[str]:
    return file_names([m.student for m in marks.submissions])


def _some(names: Sequence[str], most: int = _NAMED) -> str:
    shown = ", ".join(one_line(n, 60) for n in names[:most])
    return shown + (f" and {len(names) - most} more" if len(names) > most else "")


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun if n == 1 else noun + 's'}"
