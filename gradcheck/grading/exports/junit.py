"""JUnit XML: a suite for each student, a case for each question, for tools that read test results."""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement, indent, tostring

from gradcheck.grading.exports.feedback import question_lines
from gradcheck.grading.exports.words import full, points, who, word
from gradcheck.grading.results import ClassMarks, QuestionMark, SubmissionMark
from gradcheck.rendering.text import NAME, inert, one_line


def junit_xml(marks: ClassMarks) -> str:
    """The marks as JUnit XML. A question without full marks is a failure, one that something of ours kept from being marked an error.

    Students who handed in nothing have skipped cases. Characters that XML cannot hold, and those that hide or turn text around, are written out as U+....
    Times are left out: the document is the same on every run.
    """
    questions = [q for m in marks.submissions for q in m.questions]
    root = Element(
        "testsuites",
        {"name": one_line(marks.title or marks.assignment, NAME)} | _counts(questions, len(marks.absent) * len(marks.questions)),
    )
    for mark in marks.submissions:
        _suite(root, mark)
    for student in marks.absent:
        suite = SubElement(root, "testsuite", {"name": one_line(student, NAME)} | _counts([], len(marks.questions)))
        for name, _, _ in marks.questions:
            SubElement(_case(suite, student, name), "skipped", {"message": "nothing handed in"})
    indent(root, " ")
    text: str = tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _suite(root: Element, mark: SubmissionMark) -> None:
    suite = SubElement(root, "testsuite", {"name": who(mark)} | _counts(mark.questions))
    kept = SubElement(suite, "properties")
    for name, value in (("total", points(mark.earned, mark.possible)), ("isolation", mark.isolation), ("digest", mark.digest)):
        SubElement(kept, "property", {"name": name, "value": one_line(value)})
    for q in mark.questions:
        _ended(_case(suite, mark.student, q.question), q)


def _case(suite: Element, student: str, question: str) -> Element:
    return SubElement(suite, "testcase", {"classname": one_line(student, NAME), "name": one_line(question, NAME)})


def _ended(case: Element, q: QuestionMark) -> None:
    if full(q):
        return
    if q.outcome == "infrastructure error":
        told = SubElement(case, "error", {"type": q.outcome, "message": one_line(q.message) or "not marked: grade again"})
    else:
        told = SubElement(case, "failure", {"type": word(q), "message": f"{word(q)}, {points(q.earned, q.possible)}"})
    told.text = inert("\n".join(question_lines(q)), 20_000)


def _counts(questions: list[QuestionMark] | tuple[QuestionMark, ...], skipped: int = 0) -> dict[str, str]:
    errors = sum(q.outcome == "infrastructure error" for q in questions)
    failures = sum(not full(q) for q in questions) - errors
    return {"tests": str(len(questions) + skipped), "failures": str(failures), "errors": str(errors), "skipped": str(skipped)}
