"""A gradebook exported from Canvas is filled in: one column, by login, and nothing else is touched."""

from __future__ import annotations

import csv
import io

import pytest
import sample_marks as sample

from gradcheck.errors import UsageError
from gradcheck.grading.exports import canvas_csv

HEAD = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Homework 1 (1201)", "Homework 10 (1210)", "Current Score"]
POSTING = ["", "", "", "", "", "Manual Posting", "", ""]
POINTS = ["    Points Possible", "", "", "", "", "5.0", "10.0", "(read only)"]
STUDENTS = [
    ["One, Result", "11", "s11", "result1", "A", "", "7", "70"],
    ["Eight, Outcome", "12", "s12", "OUTCOME8", "A, B", "4.5", "", ""],
    ["=cmd|' /C calc'!A0", "13", "=s13", "result0", "A", "1", "", "0"],
    ["Stranger", "14", "s14", "stranger", "B", "2", "", ""],
    ["Nobody, At All", "15", "s15", "nobody", "B", "3", "", ""],
    ["Student, Test", "16", "", "f00baa", "B", "", "", ""],
]
COLUMN = HEAD.index("Homework 1 (1201)")


def write(path, rows, delimiter=",", ending="\r\n", mark="\ufeff"):
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=ending).writerows(rows)
    path.write_bytes((mark + out.getvalue()).encode())
    return path


@pytest.fixture
def exported(tmp_path):
    return write(tmp_path / "grades.csv", [HEAD, POSTING, POINTS, *STUDENTS])


def rows_of(filled, delimiter=","):
    return list(csv.reader(io.StringIO(filled.text.removeprefix("\ufeff"), newline=""), delimiter=delimiter))


@pytest.fixture
def marks():
    return sample.whole_class()


def test_one_column_is_filled_and_all_else_stays(marks, exported):
    filled = canvas_csv(marks, exported, "Homework 1 (1201)")
    rows = rows_of(filled)
    before = [HEAD, POSTING, POINTS, *STUDENTS]
    changed = [(i, j, rows[i][j]) for i, row in enumerate(before) for j, was in enumerate(row) if rows[i][j] != was]
    assert changed == [(3, COLUMN, "3.5"), (5, 0, "'=cmd|' /C calc'!A0"), (5, COLUMN, "5")]
    assert len(rows) == len(before) and filled.written == 2
    assert filled.text.startswith("\ufeff") and "\r\n" in filled.text


def test_what_was_filled_in_can_be_filled_in_again(marks, exported, tmp_path):
    once = canvas_csv(marks, exported, "Homework 1").text
    (tmp_path / "again.csv").write_bytes(once.encode())
    assert canvas_csv(marks, tmp_path / "again.csv", "Homework 1").text == once


def test_a_name_without_its_number_will_do_where_it_is_plain(marks, exported):
    assert canvas_csv(marks, exported, "Homework 1") == canvas_csv(marks, exported, "Homework 1 (1201)")


def test_the_rest_is_told(marks, exported):
    said = "\n".join(canvas_csv(marks, exported, "Homework 1").warnings)
    assert "in the gradebook, but without a mark: stranger" in said
    assert "absent, their scores are left as they are: nobody" in said
    assert "something of the grader's failed, left as they are: OUTCOME8" in said
    assert "marked, but not in the gradebook (no SIS Login ID is theirs): result2" in said
    assert "f00baa" not in said


def test_a_score_is_emptied_only_when_asked_for(marks, exported):
    assert rows_of(canvas_csv(marks, exported, "Homework 1"))[4][COLUMN] == "4.5"
    cleared = rows_of(canvas_csv(marks, exported, "Homework 1", clear=True))
    assert cleared[4][COLUMN] == "" and cleared[6][COLUMN] == "2" and cleared[7][COLUMN] == "3"


def test_other_points_possible_are_warned_of(marks, tmp_path):
    other = write(tmp_path / "g.csv", [HEAD, POINTS[:5] + ["100.0"] + POINTS[6:], *STUDENTS])
    assert "Canvas has 100.0 points possible, the assignment has 5" in canvas_csv(marks, other, "Homework 1").warnings


@pytest.mark.parametrize(
    "column, near",
    [
        pytest.param("Homwork 1", "'Homework 1 (1201)'", id="misspelt"),
        pytest.param("Backpropagation", "'Homework 1 (1201)', 'Homework 10 (1210)'", id="another"),
        pytest.param("SIS Login ID", "'Homework 1 (1201)'", id="what identifies students"),
        pytest.param("Current Score", "'Homework 1 (1201)', 'Homework 10 (1210)'", id="what Canvas works out"),
        pytest.param("Homework 1 (9999)", "'Homework 1 (1201)'", id="another course's"),
    ],
)
def test_no_new_assignment_is_made(marks, exported, column, near):
    with pytest.raises(UsageError, match="of which Canvas would make a new assignment") as caught:
        canvas_csv(marks, exported, column)
    assert near in str(caught.value)


def test_two_columns_of_one_name_must_be_told_apart(marks, tmp_path):
    head = [*HEAD[:5], "Homework (1)", "Homework (2)", "Current Score"]
    twice = write(tmp_path / "g.csv", [head, *STUDENTS])
    with pytest.raises(UsageError, match="2 columns fit 'Homework': 'Homework \\(1\\)', 'Homework \\(2\\)'; give one with its number"):
        canvas_csv(marks, twice, "Homework")
    assert canvas_csv(marks, twice, "Homework (2)").written == 2


def test_a_decimal_comma_is_kept(marks, tmp_path):
    rows = [HEAD, [c.replace(".", ",") for c in POINTS], *STUDENTS]
    filled = canvas_csv(marks, write(tmp_path / "g.csv", rows, ";", "\n", ""), "Homework 1")
    assert rows_of(filled, ";")[2][COLUMN] == "3,5" and not filled.text.startswith("\ufeff")
    assert not [w for w in filled.warnings if "points possible" in w]


def test_letters_that_look_alike_are_other_letters(marks, tmp_path):
    student = ["One, Result", "11", "s11", "rеsult1", "A", "", "7", "70"]  # the first e is Cyrillic
    filled = canvas_csv(marks, write(tmp_path / "g.csv", [HEAD, student]), "Homework 1")
    assert filled.written == 0 and "result1" in filled.warnings[0]


def test_capitals_count_where_two_students_differ_in_them_only(tmp_path):
    marks = sample.whole_class(
        submissions=(
            sample.submission("ann", sample.question_mark()),
            sample.submission("ANN", sample.question_mark("graded", "wrong value")),
        )
    )
    rows = [HEAD, *([name, "1", "", name, "A", "", "", ""] for name in ("ann", "ANN", "Ann"))]
    filled = canvas_csv(marks, write(tmp_path / "g.csv", rows), "Homework 1")
    assert [r[COLUMN] for r in rows_of(filled)[1:]] == ["2", "0.5", ""]


@pytest.mark.parametrize(
    "text, message",
    [
        pytest.param(b"", "no gradebook of Canvas", id="empty"),
        pytest.param(b"Name,Score\nann,1\n", "no gradebook of Canvas", id="another table"),
        pytest.param(b"Student,ID,Homework 1 (1201)\nann,1,\n", "no column 'SIS Login ID' to find students by", id="without logins"),
        pytest.param(b"Student,SIS Login ID,Homework 1 (1201)\nann,1\n", "row 2 has 2 cells, the first has 3", id="a short row"),
        pytest.param(b'Student,SIS Login ID,Homework 1 (1201)\n"ann,1,2\n', "no CSV", id="a quote without end"),
        pytest.param(b"\xff\xfeS\x00", "no text in UTF-8", id="another encoding"),
        pytest.param(None, "cannot read the exported gradebook", id="no file"),
    ],
)
def test_what_is_no_exported_gradebook_is_refused(marks, tmp_path, text, message):
    file = tmp_path / "grades.csv"
    if text is not None:
        file.write_bytes(text)
    with pytest.raises(UsageError, match=message) as caught:
        canvas_csv(marks, file, "Homework 1")
    assert str(caught.value).startswith(str(file))


def test_two_submissions_of_one_student_are_refused(exported):
    twice = tuple(sample.submission("ann", sample.question_mark()) for _ in range(2))
    with pytest.raises(UsageError, match="two submissions are of 'ann'"):
        canvas_csv(sample.whole_class(submissions=twice), exported, "Homework 1")
