"""Everything that is written of a class, in one folder."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

from gradcheck.errors import UsageError
from gradcheck.grading.exports.document import json_text, marks_json
from gradcheck.grading.exports.feedback import feedback_text
from gradcheck.grading.exports.gradebook import gradebook_csv
from gradcheck.grading.exports.gradescope import gradescope_results
from gradcheck.grading.exports.junit import junit_xml
from gradcheck.grading.exports.words import file_names
from gradcheck.grading.model import Assignment
from gradcheck.grading.results import ClassMarks, SubmissionMark, Told
from gradcheck.writing import write_files

Format = Literal["json", "csv", "junit", "text", "gradescope", "html"]
FORMATS: tuple[Format, ...] = ("json", "csv", "junit", "text", "gradescope", "html")
_WHAT = "the marks"


def write_class(
    marks: ClassMarks, folder: Path, *, assignment: Assignment | None = None, html: bool = True, formats: Iterable[Format] = FORMATS
) -> tuple[str, ...]:
    """Write marks.json, gradebook.csv, junit.xml, students/NAME/{feedback.txt,index.html,results.json} and html/index.html below a folder.

    Each file appears whole, or stays as it was. Names of students' folders are made from their identifiers, and are never those where they are no
    plain words; `student_folders` tells whose is whose. results.json says what students see when, for which the `assignment` is needed; with it,
    feedback that is "never" shown is left out of the pages too. A mark that is not complete has no results.json, and one from before is removed.
    Gives what a person should know in lines, such as that the pages were left out because the extra `report` is missing.
    Raises UsageError where the folder cannot be written, or for an unknown format.
    """
    wanted = dict.fromkeys(formats)
    unknown = [f for f in wanted if f not in FORMATS]
    if unknown:
        raise UsageError(f"{unknown[0]}: marks are not written in such a format; there are {', '.join(FORMATS)}")
    notes: list[str] = []
    if "html" in wanted and html:
        notes += _lacking()
    pages = "html" in wanted and html and not notes
    write_files(folder, _class_files(marks, wanted), _WHAT, alone=True)
    write_files(folder, _student_files(marks, folder, assignment, wanted, pages), _WHAT, alone=True)
    if pages:
        from gradcheck.grading.exports.class_page import class_pages

        write_files(folder / "html", class_pages(marks), _WHAT, alone=True)
    waiting = sum(not m.complete for m in marks.submissions)
    if waiting:
        notes.append(
            f"{waiting} of {len(marks.submissions)} submissions have no mark: they were left out, or something of the grader's failed; no zero is written for them; grade again"
        )
    return tuple(notes)


def student_folders(marks: ClassMarks) -> tuple[str, ...]:
    """The folder of each submission's files below `students`, in the order of the submissions."""
    return tuple(file_names([m.student for m in marks.submissions]))


def _lacking() -> list[str]:
    from gradcheck.reporting import missing

    lacking = missing()
    return (
        []
        if lacking is None
        else [f"the pages are left out: {lacking} is missing, which is in the extra `report`: pip install 'gradcheck[report]'"]
    )


def _class_files(marks: ClassMarks, wanted: Iterable[str]) -> Iterator[tuple[str, str]]:
    makers = {"json": ("marks.json", marks_json), "csv": ("gradebook.csv", gradebook_csv), "junit": ("junit.xml", junit_xml)}
    for name in wanted:
        if name in makers:
            file, make = makers[name]
            yield file, make(marks)


def _student_files(
    marks: ClassMarks, folder: Path, assignment: Assignment | None, wanted: Iterable[str], pages: bool
) -> Iterator[tuple[str, str]]:
    titles = {name: title for name, title, _ in marks.questions}
    title = marks.title or marks.assignment
    withheld = {q.name for q in assignment.questions if q.feedback.shown == "never"} if assignment is not None else set()
    for whole, name in zip(marks.submissions, student_folders(marks), strict=True):
        here, mark = f"students/{name}", _withheld(whole, withheld)
        if "text" in wanted:
            yield f"{here}/feedback.txt", feedback_text(mark, title=title, titles=titles)
        if "gradescope" in wanted and assignment is not None:
            if mark.complete:
                yield f"{here}/results.json", json_text(gradescope_results(mark, assignment))
            else:
                (folder / here / "results.json").unlink(missing_ok=True)
        if pages:
            from gradcheck.grading.exports.student_page import student_page

            yield f"{here}/index.html", student_page(mark, title=title, titles=titles)


def _withheld(mark: SubmissionMark, names: Container[str]) -> SubmissionMark:
    """A mark without the feedback that is never shown: points and how the questions ended remain."""
    return replace(mark, questions=tuple(replace(q, told=Told()) if q.question in names else q for q in mark.questions))
