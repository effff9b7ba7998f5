"""Exporters that are wrong on purpose: the judgements of the exports' tests must notice each, and let ours pass."""

from __future__ import annotations

import csv
import dataclasses
import html
import io
import json

import export_judging as judge
import jsonschema
import pytest
import sample_marks as sample

from gradcheck.errors import UsageError
from gradcheck.grading.exports import (
    autograder,
    canvas_csv,
    feedback_text,
    gradebook,
    gradebook_csv,
    gradescope_results,
    junit_xml,
    marks_from,
    marks_json,
    student_folders,
)
from gradcheck.grading.exports.student_page import student_page
from gradcheck.rendering.schema import fault, schema_text
from gradcheck.rendering.text import one_line

MARKS = sample.whole_class()
FAILED = next(m for m in MARKS.submissions if not m.complete)
WRONG = MARKS.submissions[1]


def poisoned(text):
    return sample.poisoned(sample.small_class(), text)


# gradebooks
def zero_for_what_is_not_known(marks):
    return gradebook_csv(marks).replace("again,,5,,", "again,0,5,0,")


def partial_sum_for_what_is_not_known(marks):
    return gradebook_csv(marks).replace("again,,5,,,", "again,,5,,3,")


def nothing_said_of_it(marks):
    return gradebook_csv(marks).replace("NOT MARKED: infrastructure error (sine); grade again", "marked")


def zero_for_the_absent(marks):
    return gradebook_csv(marks).replace("absent: nothing handed in,,", "absent: nothing handed in,0,")


@pytest.mark.parametrize("twin", [zero_for_what_is_not_known, partial_sum_for_what_is_not_known, nothing_said_of_it, zero_for_the_absent])
def test_a_score_where_none_is_known_is_noticed(twin):
    assert judge.zero_faults(gradebook_csv(MARKS), MARKS) == []
    assert twin(MARKS) != gradebook_csv(MARKS) and judge.zero_faults(twin(MARKS), MARKS)


def test_totals_to_two_digits_are_noticed():
    marks = sample.whole_class(submissions=(sample.submission("ann", sample.question_mark(points=1 / 3)),), absent=())
    assert judge.score_faults(gradebook_csv(marks), marks) == []
    assert judge.score_faults(gradebook_csv(marks).replace("0.333333", "0.33"), marks)


FORMULAS = [t for t in sample.HOSTILE if t.strip("\t\r \"'")[:1] in ("=", "+", "-", "@", "＝") or t.startswith("Smith")]
FORMULAS.remove("'=1+1")  # has its apostrophe


def let_through(text, limit=600):
    return one_line(text)


def only_at_the_very_beginning(text, limit=600):
    return f"'{one_line(text)}" if text[:1] in ("=", "+", "-", "@") else one_line(text)


@pytest.mark.parametrize(
    "twin, text",
    [
        *(pytest.param(let_through, text, id=f"let through {ascii(text)}") for text in FORMULAS),
        *(pytest.param(only_at_the_very_beginning, text, id=f"missed {ascii(text)}") for text in FORMULAS if text[0] not in "=+-@"),
    ],
)
def test_formulas_let_through_are_noticed(monkeypatch, twin, text):
    assert judge.formula_faults(gradebook_csv(poisoned(text))) == []
    monkeypatch.setattr(gradebook, "cell", twin)
    assert judge.formula_faults(gradebook_csv(poisoned(text)))


def test_unquoted_cells_are_noticed():
    """Joined by commas instead of written as CSV."""
    marks = sample.poisoned(sample.small_class(), "a,=1+1")
    rows = list(csv.reader(io.StringIO(gradebook_csv(marks))))
    assert judge.formula_faults(gradebook_csv(marks)) == []
    assert judge.formula_faults("\n".join(",".join(row) for row in rows))


# what students see
def with_diagnosis(mark):
    return feedback_text(mark) + "".join(q.diagnosis.message for q in mark.questions if q.diagnosis)


def with_formula(mark):
    return student_page(mark).replace("</main>", f"<p>{html.escape(mark.questions[0].diagnosis.expected)}</p></main>")


def with_flags(mark):
    results = gradescope_results(mark, sample.assignment())
    return json.dumps(results | {"extra_data": {"flags": [dataclasses.asdict(f) for q in mark.questions for f in q.flags]}})


@pytest.mark.parametrize("twin", [with_diagnosis, with_formula, with_flags])
def test_what_is_the_instructors_is_noticed(twin):
    assert judge.leak_faults(twin(WRONG))


def raw(mark):
    return "\n".join([mark.name, "Total: 1 of 5 points", mark.questions[0].message, mark.questions[0].printed])


@pytest.mark.parametrize("text", ["\x1b[31mred", "\u202etxt.exe", "a\x00b", "\u200b", "\ud800", "\x9b31m", "\u2028"], ids=ascii)
def test_characters_that_control_are_noticed(text):
    marks = poisoned(text)
    assert judge.control_faults(feedback_text(marks.submissions[0])) == []
    assert judge.control_faults(raw(marks.submissions[0]))
    assert text.isascii() or judge.control_faults(json.dumps(marks.to_dict(), ensure_ascii=False))
    assert judge.control_faults(marks_json(marks)) == []


def test_a_total_that_was_printed_is_noticed():
    marks = poisoned("two\nTotal: 5 of 5 points")
    assert judge.forged_faults(feedback_text(marks.submissions[0])) == []
    assert judge.forged_faults(raw(marks.submissions[0]))
    assert judge.forged_faults(feedback_text(marks.submissions[0]).replace("\n  | ", "\n"))


def test_walls_of_text_are_noticed():
    assert judge.length_faults(raw(poisoned("x" * 500_000).submissions[0]), "text")


# pages
MARKUP = [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<a href=javascript:alert(1)>x</a>", "</p><p onclick=x>", "<b>bold</b>", "<!-- x -->",
    "<style>*{display:none}</style>", "</main>", "<p style='display:none'>",
]  # fmt: skip


@pytest.mark.parametrize("text", MARKUP)
def test_markup_that_is_not_escaped_is_noticed(text):
    mark = poisoned(text).submissions[0]
    known = judge.markup(student_page(poisoned("harmless").submissions[0]))
    page = student_page(mark)
    assert judge.page_faults(page, known) == []
    assert judge.page_faults(page.replace(html.escape(text).replace("&#x27;", "&#39;"), text), known)


def test_xml_that_is_not_escaped_is_noticed():
    for text in ("<script>x</script>", "a & b", "\x00", "]]>"):
        written = junit_xml(poisoned(f"harmless {text}"))
        assert judge.xml_faults(written) == []
    plain = junit_xml(poisoned("harmless"))
    assert judge.xml_faults(plain.replace("harmless", "<script>x</script>"))
    assert judge.xml_faults(plain.replace(">harmless", "><script>x</script>"))
    assert judge.xml_faults(plain.replace("harmless", "\x00"))
    assert judge.xml_faults(plain.replace("harmless", "a & b"))


# names of files
@pytest.mark.parametrize(
    "twin",
    [
        pytest.param(lambda students: list(students), id="identifiers as they are"),
        pytest.param(lambda students: ["".join(c for c in s if c.isalnum())[:40] for s in students], id="cut and stripped"),
        pytest.param(lambda students: [s.lower() if s.isalnum() else f"student{i}" for i, s in enumerate(students)], id="in small letters"),
        pytest.param(lambda students: [f"n{hash(s[:60]) % 10**6}" for s in students], id="by the beginning"),
    ],
)
def test_names_that_clash_or_are_paths_are_noticed(twin):
    students = ["ann", "Ann", "a/nn", "../ann", "x" * 300, "x" * 299, "ann"]
    marks = sample.whole_class(submissions=tuple(sample.submission(s, sample.question_mark()) for s in students))
    assert judge.name_faults(student_folders(marks), students) == []
    assert judge.name_faults(twin(students), students)


# Gradescope
@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda r: r | {"score": None}, id="no score as null"),
        pytest.param(lambda r: r | {"total": 5}, id="a field of ours"),
        pytest.param(lambda r: r | {"output_format": "markdown"}, id="another format"),
        pytest.param(lambda r: r | {"stdout_visibility": "after-due-date"}, id="our word for when"),
        pytest.param(lambda r: r | {"tests": [t | {"number": 1} for t in r["tests"]]}, id="a number as number"),
        pytest.param(lambda r: r | {"tests": [t | {"status": "right"} for t in r["tests"]]}, id="our word for a status"),
        pytest.param(lambda r: r | {"tests": [t | {"diagnosis": "x"} for t in r["tests"]]}, id="a field of ours in a test"),
        pytest.param(lambda r: r | {"tests": [t | {"tags": "x"} for t in r["tests"]]}, id="a tag alone"),
        pytest.param(lambda r: r | {"score": float("nan")}, id="NaN"),
        pytest.param(lambda r: r | {"execution_time": "1 s"}, id="a time with its unit"),
        pytest.param(lambda r: {"output": "nothing was marked"}, id="neither score nor tests"),
        pytest.param(lambda r: {"tests": [{"name": "sine"}]}, id="tests without scores"),
    ],
)
def test_what_gradescope_does_not_publish_is_refused(change):
    results = gradescope_results(WRONG, sample.assignment())
    judged = jsonschema.Draft202012Validator(json.loads(schema_text("gradescope")))
    assert judged.is_valid(results) and fault(results, "gradescope") is None
    assert not judged.is_valid(change(results)) and fault(change(results), "gradescope") is not None


# documents and Canvas
@pytest.mark.parametrize(
    "old, new",
    [
        ('"earned": null', '"earned": 3.0'),
        ('"complete": false', '"complete": true'),
        ('"earned": 3.5', '"earned": 4.5'),
        ('"possible": 5.0', '"possible": 6.0'),
    ],
)
def test_a_document_that_says_otherwise_than_its_questions_is_refused(old, new):
    text = marks_json(MARKS)
    assert old in text and marks_from(text) == MARKS
    with pytest.raises(UsageError):
        marks_from(text.replace(old, new, 1))


def test_a_canvas_column_that_would_be_new_is_noticed(tmp_path):
    """The twin adds the column it was asked for; ours refuses."""
    file = tmp_path / "grades.csv"
    file.write_text("Student,SIS Login ID,Homework 1 (1)\nA,result0,\n")
    added = file.read_text().replace("(1)", "(1),Homework 2").replace("result0,", "result0,,5")
    assert len(next(csv.reader(io.StringIO(added)))) > len(next(csv.reader(io.StringIO(canvas_csv(MARKS, file, "Homework 1").text))))
    with pytest.raises(UsageError):
        canvas_csv(MARKS, file, "Homework 2")


def test_a_whole_folder_in_the_autograder_is_noticed(tmp_path, monkeypatch):
    """A twin that packs the folder takes the roster along."""
    (tmp_path / "hw").mkdir()
    for name in ("assignment.toml", "cases.py", "roster.csv"):
        (tmp_path / "hw" / name).write_text("x = 1\n")
    given = dataclasses.replace(sample.assignment(), path=tmp_path / "hw" / "assignment.toml", questions=())
    wheel = tmp_path / "gradcheck-1-py3-none-any.whl"
    wheel.write_bytes(b"")
    assert not [n for n in autograder.gradescope_zip(given, tmp_path / "a.zip", wheel=wheel) if "roster" in n]
    ours = autograder._assignment_files
    monkeypatch.setattr(autograder, "_assignment_files", lambda a, files, s: ours(a, a.path.parent.iterdir(), s))
    assert [n for n in autograder.gradescope_zip(given, tmp_path / "b.zip", wheel=wheel) if "roster" in n]
