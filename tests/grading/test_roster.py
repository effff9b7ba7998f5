"""Rosters as instructors write them and as platforms export them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcheck import UsageError
from gradcheck.grading.submissions import Roster, Student, read_roster

CANVAS = """Student,ID,SIS User ID,SIS Login ID,Section,HW 1 (99)
    Points Possible,,,,,10
"Lee, Ann",1001,U1,alee,Sec 1,
"Wu, Ben",1002,U2,bwu,Sec 1,
"Student, Test",1999,,f00,Sec 1,
"""
GRADESCOPE = "First Name,Last Name,SID,Email,Sections\nAnn,Lee,0012,ann@uni.edu,\nBen,Wu,,ben@uni.edu,\n"
MOODLE = "Identifier,Full name,Email address,Status,Grade\nParticipant 77,Ann Lee,ann@uni.edu,Submitted,\n"


def roster(folder, content: str | bytes) -> Roster:
    path = folder / "roster.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_roster(path)


def test_canvas(tmp_path):
    found = roster(tmp_path, CANVAS)
    assert found.students == (
        Student("alee", "Lee, Ann", "", ("U1",), "1001", 3),
        Student("bwu", "Wu, Ben", "", ("U2",), "1002", 4),
    )
    assert found.warnings == ("roster.csv, line 5: the test student was passed over",)
    assert found.find_on_platform("1002").id == "bwu"
    assert found.find_on_platform("alee") is None and found.find("1001") is None  # numbers of one kind are not taken for another
    assert found.find("u2").id == "bwu"


def test_gradescope(tmp_path):
    assert roster(tmp_path, GRADESCOPE).students == (
        Student("0012", "Ann Lee", "ann@uni.edu", (), "", 2),
        Student("ben@uni.edu", "Ben Wu", "ben@uni.edu", (), "", 3),
    )


def test_moodle(tmp_path):
    found = roster(tmp_path, MOODLE)
    assert (found.students[0].id, found.find_on_platform("77").name) == ("ann@uni.edu", "Ann Lee")


@pytest.mark.parametrize(
    "content",
    [
        "id,name\nann,Ann É\n",
        "\ufeffid;name\nann;Ann É\n",
        "id\tname\r\nann\tAnn É\r\n\r\n",
        "Student,Name\nann,Ann É",
        "STUDENT ID , Name\n ann , Ann É\n",
        'name,user_name\n"Ann É",ann\n',
        "student,id\nAnn É,ann\n",
    ],
    ids=range(7),
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "latin-1"])
def test_delimiters_headers_and_encodings(tmp_path, content, encoding):
    if encoding == "latin-1":
        content = content.removeprefix("\ufeff")
    found = roster(tmp_path, content.encode(encoding))
    assert [(s.id, s.name) for s in found.students] == [("ann", "Ann É")]
    assert bool(found.warnings) == (encoding == "latin-1")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param("", "line 1: no column of identifiers: expected one of student, id", id="empty"),
        pytest.param("ann\nben\n", "line 1: no column of identifiers.*found ann", id="no header"),
        pytest.param("id,name\n", "no student is in it", id="header alone"),
        pytest.param("id,name\nann,A\n\nben,B\nann,C\n", "line 5: ann is on line 2 already", id="twice"),
        pytest.param("id,name\nann,A\n,B\n", "line 3: no identifier: fill in the column 'id'", id="no identifier"),
        pytest.param('id,name\nann,"A\nben,B\n', "line 2: .*look at the quotes", id="open quote"),
        pytest.param(b"\xff\xfea", "is not: save it as UTF-8", id="half a UTF-16"),
    ],
)
def test_errors_name_file_and_line(tmp_path, content, words):
    with pytest.raises(UsageError, match=rf"^roster\.csv[:,] ?.*{words}"):
        roster(tmp_path, content)


def test_no_file(tmp_path):
    with pytest.raises(UsageError, match="no such file"):
        read_roster(tmp_path / "none.csv")


def test_hostile_identifiers_are_kept_as_they_are(tmp_path):
    ids = ["../../etc/passwd", "a\nb", "x" * 300, "=cmd()", "<script>"]
    found = roster(tmp_path, "id\n" + "".join(f'"{i}"\n' for i in ids))
    assert [s.id for s in found.students] == ids
    assert [s.line for s in found.students] == [2, 3, 5, 6, 7]


def test_identifiers_that_look_alike_are_told_apart(tmp_path):
    found = roster(tmp_path, "id\nann\nаnn\nAnn\n")
    assert len(found.students) == 3
    assert [found.find(i).line for i in ("ann", "аnn", "Ann")] == [2, 3, 4]
    assert found.find("ANN") is None  # two in the other case: neither
    assert found.warnings[0] == "line 3: аnn looks like ann on line 2: they are told apart as two students"


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("ann", "ann"),
        ("ANN", "ann"),
        (" ann ", "ann"),
        ("ann.lee", "ann"),
        ("Ann.Lee@uni.edu", "ann"),
        ("ann.lee@evil.com", None),
        ("jose\u0301", "josé"),
        ("JOSÉ", "josé"),
        ("\u212aim", None),  # the Kelvin sign
        ("ki\u017f", None),  # a long s
        ("ｋｉｍ", None),
        ("", None),
        ("shared", None),
    ],
)
def test_whom_a_key_finds(key, expected):
    people = (
        Student("ann", email="ann.lee@uni.edu"),
        Student("josé"),
        Student("kim"),
        Student("kis"),
        Student("p", email="shared@a.edu"),
        Student("q", email="shared@b.edu"),
    )
    found = Roster(people).find(key)
    assert (found and found.id) == expected


@settings(max_examples=80)
@given(st.binary(max_size=200) | st.text(alphabet='id,;\t"\n\r ené\0', max_size=80).map(lambda t: ("id,name\n" + t).encode()))
def test_whatever_the_bytes_are_they_are_read_or_named(tmp_path_factory, content):
    try:
        assert roster(tmp_path_factory.getbasetemp(), content).students
    except UsageError as error:
        assert str(error).startswith("roster.csv") and "\n" not in str(error)
