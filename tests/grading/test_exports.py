"""What is written of marks: the document reads back, gradebooks say what is known and no more, Gradescope's fields are those it publishes."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import xml.etree.ElementTree as ET

import jsonschema
import pytest
import sample_marks as sample

from gradcheck.errors import UsageError
from gradcheck.grading.exports import (
    NotMarkedError,
    feedback_text,
    gradebook_csv,
    gradescope_results,
    json_text,
    junit_xml,
    marks_from,
    marks_json,
    read_marks,
    student_folders,
    submitter,
    write_class,
)
from gradcheck.grading.exports.words import file_names
from gradcheck.grading.results import OUTCOMES
from gradcheck.rendering.schema import fault, schema_text


def complaints(data, name):
    return [e.message for e in jsonschema.Draft202012Validator(json.loads(schema_text(name))).iter_errors(data)]


def gradebook(marks):
    return {row["student"]: row for row in csv.DictReader(io.StringIO(gradebook_csv(marks)))}


@pytest.fixture
def marks():
    return sample.whole_class()


def test_the_sample_has_every_outcome_and_result(marks):
    questions = [q for s in marks.submissions for q in s.questions]
    assert {q.outcome for q in questions} == set(OUTCOMES)
    assert {q.result for q in questions} == {*sample.RESULTS, ""}


# marks.json
def test_the_document_reads_back_as_it_was(marks):
    text = marks_json(marks)
    assert marks_from(text) == marks
    assert text == marks_json(marks_from(text))
    assert complaints(json.loads(text), "marks") == []
    assert fault(json.loads(text), "marks") is None


def test_points_keep_every_bit():
    points = 0.1 + 0.2
    marks = sample.whole_class(submissions=(sample.submission("ann", sample.question_mark(points=points)),))
    assert marks_from(marks_json(marks)).submissions[0].questions[0].earned == points


@pytest.mark.parametrize(
    "damage, message",
    [
        pytest.param(lambda t: t[:-20], "no JSON", id="cut off"),
        pytest.param(lambda t: t.replace('"schema_version": 1', '"schema_version": 2'), "update gradcheck", id="of a later version"),
        pytest.param(lambda t: t.replace('"crash"', '"crashed"', 1), "expected one of graded", id="an unknown outcome"),
        pytest.param(lambda t: t.replace('"absent"', '"gone"'), "has no key 'absent'", id="a missing key"),
        pytest.param(lambda t: t.replace('"earned": 3.5', '"earned": 5.0', 1), "changed by hand", id="a total that is none"),
        pytest.param(lambda t: "[]", "expected object", id="a list"),
        pytest.param(lambda t: "[" * 100_000, "no JSON", id="nested beyond measure"),
    ],
)
def test_a_document_that_is_none_is_refused_in_one_line(marks, tmp_path, damage, message):
    file = tmp_path / "marks.json"
    file.write_text(damage(marks_json(marks)))
    with pytest.raises(UsageError, match=message) as caught:
        read_marks(tmp_path)
    assert str(caught.value).startswith(str(file)) and "\n" not in str(caught.value)


# gradebook
def test_the_gradebook_has_scores_where_they_are_known(marks):
    rows = gradebook(marks)
    assert [rows["result1"][c] for c in ("total", "possible", "sine points", "tanh points", "status")] == ["3.5", "5", "0.5", "3", "marked"]
    assert rows["outcome3"]["sine outcome"] == "time-out" and rows["outcome3"]["total"] == "3"
    assert rows["result1"]["flags"] == "finite-differences"
    assert rows["refused"]["total"] == "0" and rows["refused"]["status"] == "refused: it holds a link out of its folder"
    assert rows["warned"]["warnings"] == "the line %matplotlib inline was removed"


def test_what_could_not_be_marked_has_no_score_anywhere(marks):
    row = gradebook(marks)["outcome8"]
    assert [v for k, v in row.items() if k == "total" or k.endswith(" points")] == ["", "", ""]
    assert row["status"].startswith("NOT MARKED: infrastructure error (sine)")


def test_absent_students_are_listed_without_a_score(marks):
    row = gradebook(marks)["nobody"]
    assert row["status"] == "absent: nothing handed in" and row["total"] == "" and row["sine points"] == ""


# Gradescope
@pytest.mark.parametrize(
    "shown, visibility",
    [("immediately", "visible"), ("after-due-date", "after_due_date"), ("after-published", "after_published"), ("never", "visible")],
)
def test_gradescope_gets_its_fields(marks, shown, visibility):
    for mark in (m for m in marks.submissions if m.complete):
        results = gradescope_results(mark, sample.assignment(shown=shown))
        assert complaints(results, "gradescope") == []
        assert results["score"] == mark.earned == sum(t["score"] for t in results["tests"])
        assert {t["visibility"] for t in results["tests"]} == {visibility}
        assert all((t["status"] == "passed") == (t["score"] == t["max_score"]) for t in results["tests"])
    told = json_text(gradescope_results(marks.submissions[1], sample.assignment(shown=shown)))
    assert (sample.TOLD.hint in told) == (shown != "never")


def test_results_are_the_same_on_every_run_and_hold_what_is_asked_for(marks):
    given = sample.assignment()
    results = gradescope_results(marks.submissions[0], given)
    assert "execution_time" not in results and "leaderboard" not in results
    assert results == gradescope_results(marks.submissions[0], given)
    more = gradescope_results(
        marks.submissions[0], given, visibility="hidden", execution_time=1.5, leaderboard=[("Score", 5.0), ("Name", "\x1b[1mx")]
    )
    assert complaints(more, "gradescope") == [] and more["execution_time"] == 1.5
    assert more["leaderboard"][1]["value"] == "U+001B[1mx" and {t["visibility"] for t in more["tests"]} == {"hidden"}


def test_what_could_not_be_marked_has_no_results(marks):
    failed = next(m for m in marks.submissions if not m.complete)
    with pytest.raises(NotMarkedError, match="outcome8: infrastructure error in sine: no results are written, because this is no zero"):
        gradescope_results(failed, sample.assignment())


def test_marks_of_another_assignment_are_refused(marks):
    other = dataclasses.replace(sample.assignment(), questions=sample.assignment().questions[1:])
    with pytest.raises(UsageError, match="sine: no question of backprop is called so"):
        gradescope_results(marks.submissions[0], other)


def test_the_one_who_handed_in_is_read_from_gradescope(tmp_path):
    file = tmp_path / "submission_metadata.json"
    file.write_text(json.dumps({"users": [{"email": "b@x.org", "id": 2, "name": "B"}, {"email": "a@x.org", "id": 1, "name": "A"}]}))
    assert submitter(file) == ("a@x.org", "A", "a@x.org")
    for text in ("", "{}", '{"users": []}', '{"users": [1]}', '{"users": 3}', "[" * 100_000):
        file.write_text(text)
        with pytest.raises(UsageError, match="not Gradescope's metadata"):
            submitter(file)


# JUnit
def test_junit_counts_failures_and_errors(marks):
    root = ET.fromstring(junit_xml(marks))
    suites = {s.get("name"): s for s in root}
    assert suites["Result0 (result0)"].attrib | {"name": ""} == {"name": "", "tests": "2", "failures": "0", "errors": "0", "skipped": "0"}
    assert suites["Result1 (result1)"].find("testcase/failure").get("type") == "wrong value"
    assert suites["Outcome8 (outcome8)"].find("testcase/error").get("type") == "infrastructure error"
    assert suites["nobody"].find("testcase/skipped") is not None
    for name in ("tests", "failures", "errors", "skipped"):
        assert int(root.get(name)) == sum(int(s.get(name)) for s in root)
    assert int(root.get("failures")) == len(root.findall("testsuite/testcase/failure"))


# feedback
def test_feedback_tells_what_was_right_where_it_goes_wrong_and_what_to_try(marks):
    text = feedback_text(marks.submissions[1], title=marks.title, titles={"sine": "The sine of a square"})
    assert text.splitlines()[:3] == ["Backpropagation by hand", "For Result1 (result1)", "Total: 3.5 of 5 points"]
    for said in (
        "The sine of a square: wrong value, 0.5 of 2 points",
        "Right: W, b",
        "dz, the gradient of z (line 7)",
        "Hint: z goes",
        "    print(gradient(W))",
        "W[0]: yours 1.0, expected 2.0",
        "  | hello",
    ):
        assert said in text
    failed = next(m for m in marks.submissions if not m.complete)
    assert "Total: 5 points still to be marked" in feedback_text(failed) and "0 of" not in feedback_text(failed).split("tanh")[0]


# the folder
def test_a_class_is_written(marks, tmp_path):
    notes = write_class(marks, tmp_path, assignment=sample.assignment(), html=False)
    assert [n.split(":")[0] for n in notes] == ["1 of 17 submissions have no mark"]
    assert read_marks(tmp_path) == marks
    assert sorted(p.name for p in (tmp_path / "students/result1").iterdir()) == ["feedback.txt", "results.json"]
    assert sorted(p.name for p in (tmp_path / "students/outcome8").iterdir()) == ["feedback.txt"]
    assert {p.name for p in (tmp_path / "students").iterdir()} == set(student_folders(marks))
    assert not [p for p in tmp_path.rglob("*") if p.name.startswith(".")]


def test_results_from_before_go_when_a_mark_is_no_longer_known(marks, tmp_path):
    def one(mark):
        return dataclasses.replace(marks, submissions=(dataclasses.replace(mark, student="ann"),))

    write_class(one(marks.submissions[0]), tmp_path, assignment=sample.assignment(), html=False)
    assert (tmp_path / "students/ann/results.json").exists()
    write_class(one(next(m for m in marks.submissions if not m.complete)), tmp_path, assignment=sample.assignment(), html=False)
    assert not (tmp_path / "students/ann/results.json").exists()


@pytest.mark.parametrize("shown, seen", [("after-published", True), ("never", False)])
def test_feedback_that_is_never_shown_is_in_no_file_of_students(marks, tmp_path, shown, seen):
    write_class(marks, tmp_path, assignment=sample.assignment(shown=shown), html=False)
    for file in (tmp_path / "students/result1").iterdir():
        assert (sample.TOLD.hint in file.read_text()) == seen, file
    assert read_marks(tmp_path) == marks


def test_only_what_is_asked_for_is_written(marks, tmp_path):
    write_class(marks, tmp_path, formats=["csv"])
    assert [p.name for p in tmp_path.iterdir()] == ["gradebook.csv"]
    with pytest.raises(UsageError, match="xlsx: marks are not written in such a format; there are json, csv"):
        write_class(marks, tmp_path, formats=["xlsx"])  # type: ignore[list-item]


def test_students_have_folders_of_their_own():
    students = ["ann", "Ann", "a/b", "a b", "..", "../ann", "", "x" * 300, "x" * 301, "аnn", "con\nsole", "ann", "a\\b", "ann-2"]
    names = file_names(students)
    assert len({n.casefold() for n in names}) == len(students)
    assert all(n.isascii() and n.replace("-", "").replace("_", "").isalnum() and len(n) < 90 for n in names)
    assert file_names(["ann", "bob"]) == ["ann", "bob"]
