"""Whatever students and instructors write, in whatever field, is inert in every format, bounded, and passes for nothing of ours."""

from __future__ import annotations

import dataclasses
import json
import zlib
from functools import cache

import export_judging as judge
import pytest
import sample_marks as sample
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcheck.grading.exports import (
    feedback_text,
    gradebook_csv,
    gradescope_results,
    json_text,
    junit_xml,
    marks_from,
    marks_json,
    student_folders,
)
from gradcheck.grading.exports.class_page import class_html
from gradcheck.grading.exports.student_page import student_page

CLASSES = [pytest.param(text, marks, id=f"{zlib.crc32(ascii(text).encode()):08x}") for text, marks in sample.hostile_classes()]
HARMLESS = sample.poisoned(sample.small_class(), "harmless")


def titles(marks):
    return {name: title for name, title, _ in marks.questions}


def assignment_of(marks):
    """The assignment with the questions that such marks have."""
    base = sample.assignment()
    questions = tuple(dataclasses.replace(q, name=n, title=t) for q, (n, t, _) in zip(base.questions, marks.questions, strict=True))
    return dataclasses.replace(base, questions=questions)


def results(marks):
    given = assignment_of(marks)
    return [json_text(gradescope_results(m, given)) for m in marks.submissions if m.complete]


def faults(marks):
    """What is wrong with any text that is written of a class, format by format."""
    book, junit = gradebook_csv(marks), junit_xml(marks)
    yield "csv", judge.formula_faults(book) + judge.control_faults(book) + judge.length_faults(book, "csv") + judge.zero_faults(book, marks)
    yield "junit", judge.xml_faults(junit) + judge.control_faults(junit) + judge.length_faults(junit, "junit")
    for mark in marks.submissions:
        text = feedback_text(mark, title=marks.title, titles=titles(marks))
        yield "text", judge.control_faults(text) + judge.length_faults(text, "text") + judge.forged_faults(text)
    for text in results(marks):
        yield "gradescope", judge.control_faults(text + judge.told(text)) + judge.length_faults(text, "gradescope")
    yield "names", judge.name_faults(student_folders(marks), [m.student for m in marks.submissions])


def student_pages(marks):
    return [student_page(mark, title=marks.title, titles=titles(marks)) for mark in marks.submissions]


def class_page(marks):
    return [class_html(marks)]


@cache
def known(make):
    """The elements that harmless classes' pages have."""
    return {tag for marks in (HARMLESS, sample.poisoned(sample.small_class(), "")) for page in make(marks) for tag in judge.markup(page)}


def page_faults(kind, marks, make):
    return [
        fault
        for page in make(marks)
        for fault in judge.page_faults(page, known(make)) + judge.control_faults(page) + judge.length_faults(page, kind)
    ]


@pytest.mark.parametrize("text, marks", CLASSES)
def test_hostile_text_is_inert_in_every_text(text, marks):
    assert [(format, found) for format, found in faults(marks) if found] == []


@pytest.mark.parametrize("text, marks", [p for p in CLASSES if len(p.values[0]) < 1000])
def test_the_document_holds_hostile_text_as_it_is_and_printing_it_does_nothing(text, marks):
    document = marks_json(marks)
    assert document.isascii() and judge.control_faults(document) == []
    assert marks_from(document) == marks
    assert text in judge.strings(json.loads(document))


@pytest.mark.parametrize("text, marks", CLASSES)
def test_hostile_text_is_inert_on_students_pages(text, marks):
    assert page_faults("student", marks, student_pages) == []


@pytest.mark.slow
@pytest.mark.parametrize("text, marks", CLASSES)
def test_hostile_text_is_inert_on_the_page_of_the_class(text, marks):
    assert page_faults("class", marks, class_page) == []


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.text(st.characters(), max_size=40))
def test_any_text_is_inert(text):
    marks = sample.poisoned(sample.small_class(), text)
    assert [(format, found) for format, found in faults(marks) if found] == []
    assert marks_from(marks_json(marks)) == marks


def test_students_see_nothing_of_the_instructors():
    marks = sample.whole_class()
    seen = [
        *results(marks),
        *(feedback_text(m) for m in marks.submissions),
        *(student_page(m) for m in marks.submissions),
        junit_xml(marks),
    ]
    assert [judge.leak_faults(text) for text in seen if judge.leak_faults(text)] == []
    assert judge.leak_faults(marks_json(marks))


@pytest.mark.slow
def test_the_instructor_does_see_it():
    assert judge.leak_faults(class_html(sample.whole_class()))
