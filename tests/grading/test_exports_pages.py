"""What the page of a class counts, and what is written where the pages cannot be."""

from __future__ import annotations

import dataclasses

import pytest
import sample_marks as sample

from gradcheck.grading.exports import write_class
from gradcheck.grading.exports.class_page import class_html, flags, questions, students, tiles
from gradcheck.grading.exports.figures import class_study
from gradcheck.grading.exports.findings import copies, hop, mistakes
from gradcheck.grading.exports.student_page import student_page
from gradcheck.grading.results import Diagnosis


@pytest.fixture(scope="module")
def marks():
    return sample.whole_class()


def totals_of(*earned, points=10.0):
    marks = [sample.submission(f"s{i}", dataclasses.replace(sample.question_mark(points=points), earned=e)) for i, e in enumerate(earned)]
    whole = sample.whole_class(questions=(("sine", "", points),), submissions=tuple(marks))
    return [n for _, n in class_study(whole).table("totals").rows]


def test_every_total_is_in_one_part():
    assert totals_of(0.0, 0.999, 1.0, 9.0, 9.999, 10.0) == [2, 1, 0, 0, 0, 0, 0, 0, 0, 3]
    assert sum(totals_of(*(i * 0.7 for i in range(11)), points=7.0)) == 11
    assert totals_of(0.3, points=1.0) == [0, 0, 0, 1, 0, 0, 0, 0, 0, 0]  # 10 * 0.3 / 1 falls short of 3 in floats for some points
    assert totals_of(0.0, 0.0, points=0.0)[0] == 2


def test_totals_that_are_not_known_are_no_zeros(marks):
    counts = [n for _, n in class_study(marks).table("totals").rows]
    assert sum(counts) == 16 and counts[0] == 1  # the one that was refused
    told = {t.label: (t.figure, t.met) for t in tiles(marks)}
    assert told["submissions marked"] == ("16 of 17", False) and told["full marks"] == ("1", None)


def test_questions_are_counted(marks):
    row = [c.text for c in questions(marks).rows[0]]
    assert row == ["The sine of a square", "2", "0.31", "2", "2", "12", "1"]
    outcomes = class_study(marks).table("outcomes").rows
    assert sum(n for q, _, n in outcomes if q == "tanh") == 17 and ("The sine of a square", "not marked", 1) in outcomes


def test_mistakes_are_counted_by_question_hop_and_kind(marks):
    found = [(m.question, m.hop, m.kind, [s.student for s in m.students]) for m in mistakes(marks)]
    assert found == [
        ("The sine of a square", "z = power", "missing-factor", ["result1", "result2", "result3", "result4", "copy"]),
        ("tanh", "z = power", "missing-factor", ["warned"]),
    ]
    assert class_study(marks).table("hops").rows == (("The sine of a square: z = power", 5), ("tanh: z = power", 1))
    assert class_study(marks).table("kinds").rows == (("missing-factor", "The sine of a square", 5), ("missing-factor", "tanh", 1))


@pytest.mark.parametrize(
    "variable, operation, shown", [("z", "power", "z = power"), ("z", "", "z"), ("", "power", "power"), ("", "", "no one hop")]
)
def test_a_hop_is_named_by_what_is_known(variable, operation, shown):
    assert hop(Diagnosis("sign", "", variable, operation)) == shown


def test_copies_are_grouped_once():
    def of(student, digest, shape):
        return sample.submission(student, sample.question_mark(), digest=digest, shape=shape)

    marks = sample.whole_class(
        submissions=(of("a", "1", "x"), of("b", "1", "x"), of("c", "2", "x"), of("d", "3", "y"), of("e", "", ""), of("f", "", ""))
    )
    assert [(how, [m.student for m in group]) for how, group in copies(marks)] == [
        ("the same files", ["a", "b"]),
        ("the same but for names, comments and formatting", ["a", "b", "c"]),
    ]


def test_every_student_has_a_row_and_every_flag(marks):
    rows = [[c.text for c in row] for row in students(marks).rows]
    assert len(rows) == 17 + 2
    by_name = {row[0]: row for row in rows}
    assert by_name["Outcome8 (outcome8)"][1:4] == ["", "not marked", "not marked"]
    assert by_name["Refused (refused)"][1:3] == ["0", "refused"] and by_name["nobody"][1:3] == ["", "absent"]
    told = [[c.text for c in row] for row in flags(marks).rows]
    assert ["Copy (copy)", "", "identical", "the same file as result1"] in told
    assert sum(row[2] == "finite-differences" for row in told) == 6 and sum(row[2] == "status" for row in told) == 2


def test_a_class_of_none_has_a_page():
    empty = sample.whole_class(submissions=(), isolation="", absent=())
    assert class_study(empty).charts == ()
    assert "none of them run" in class_html(empty)


def test_without_the_extra_all_else_is_written_and_it_is_said(marks, tmp_path, monkeypatch):
    monkeypatch.setattr("gradcheck.reporting.missing", lambda: "altair")
    notes = write_class(marks, tmp_path, assignment=sample.assignment())
    assert notes[0] == "the pages are left out: altair is missing, which is in the extra `report`: pip install 'gradcheck[report]'"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["gradebook.csv", "junit.xml", "marks.json", "students"]
    assert not list(tmp_path.rglob("*.html")) and len(list(tmp_path.rglob("feedback.txt"))) == 17


def test_a_page_says_what_is_not_known_and_what_was_not_run(marks):
    failed = student_page(next(m for m in marks.submissions if not m.complete))
    assert "Total: 5 points still to be marked" in failed and "This is no zero" in failed and "Total: 0" not in failed
    refused = student_page(next(m for m in marks.submissions if m.refused))
    assert "<strong>Not run:</strong>" in refused and "it holds a link out of its folder" in refused
