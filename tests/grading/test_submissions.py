"""Collecting a class: forms, exports of learning platforms, what is refused for one student alone, and joining with the roster."""

from __future__ import annotations

import json
import os
import pickle
import tracemalloc
from pathlib import Path

import pytest
from grading.hostile_files import GOOD, HOSTILE_NAMES, Member, build, notebook, ordinary
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcheck import UsageError
from gradcheck.grading.submissions import Bounds, Roster, Student, collect, safe_name
from gradcheck.grading.submissions.bounds import MB


def lay(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def students(found) -> dict[str, object]:
    """What each student's program is: the names of its files, the number of cells, or why there is none."""
    programs = {s.student: s.program() for s in found.submissions}
    return {k: p if isinstance(p, str) else len(p.cells) if p.cells is not None else sorted(p.files) for k, p in programs.items()}


ONE = ["submission.py"]
METADATA = b"""---
submission_11:
  :submitters:
  - :name: "Ann \\u00c9"
    :sid: '0012'
    :email: ann@uni.edu
  - :name: Ben
    :sid:
    :email: ben@uni.edu
  :created_at: 2026-01-02 03:04:05
  :results:
    :name: not a student
submission_12:
  :submitters:
  - :name: Cy
    :sid: '0014'
    :email: cy@uni.edu
"""
CANVAS = {
    "annlee_1001_5001_submission.py": GOOD,
    "annlee_1001_5002_helper-1.py": b"a = 1",
    "benwu_LATE_1002_5003_submission-3.py": GOOD,
    "cydoe_1003_5004_hw.zip": ordinary({"hw/submission.py": GOOD}),
    "dorakim_1004_5005_text.html": b"<p>",
}
FORMS = {
    "files": (
        {"ann.py": GOOD, "ben.ipynb": notebook("x = 1"), "c.d.zip": ordinary({"submission.py": GOOD})},
        {"ann": ONE, "ben": 1, "c.d": ONE},
    ),
    "folders": ({"ann/submission.py": GOOD, "ben/hw/other.py": GOOD}, {"ann": ONE, "ben": ["other.py"]}),
    "folders of zips": ({"ann/hw.zip": ordinary({"submission.py": GOOD})}, {"ann": ONE}),
    "what systems leave": (
        {"ann.py": GOOD, ".DS_Store": b"", "__MACOSX/._ann.py": b"", "__pycache__/ann.pyc": b"", ".ipynb_checkpoints/ann.ipynb": b""},
        {"ann": ONE},
    ),
    "Canvas": (
        CANVAS,
        {
            "1001": ["helper.py", "submission.py"],
            "1002": ONE,
            "1003": ONE,
            "1004": "no Python file and no notebook was handed in: hand in submission.py",
        },
    ),
    "Moodle": (
        {
            "Ann Lee_77_assignsubmission_file_/submission.py": GOOD,
            "Ann Lee_77_assignsubmission_onlinetext_/onlinetext.html": b"",
            "Ben van der Wu_78_assignsubmission_file_/hw.zip": ordinary({"submission.py": GOOD}),
        },
        {"77": ONE, "78": ONE},
    ),
    "Moodle, flat": ({"Ann Lee_77_assignsubmission_file_submission.py": GOOD}, {"77": ONE}),
    "Gradescope": (
        {
            "submission_metadata.yml": METADATA,
            "submission_11/submission.py": GOOD,
            "submission_12/submission.py": GOOD,
            "submission_12/h.py": b"",
        },
        {"0012": ONE, "ben@uni.edu": ONE, "0014": ["h.py", "submission.py"]},
    ),
}


OF_ONE = ("folders of zips", "what systems leave")  # packed, these are the submission of one


@pytest.mark.parametrize(("form", "zipped"), [(f, False) for f in FORMS] + [(f, True) for f in FORMS if f not in OF_ONE])
def test_a_class_is_found_in_every_form(tmp_path, form, zipped):
    files, expected = FORMS[form]
    place = lay(tmp_path / "class", files)
    if zipped:
        place = tmp_path / "export.zip"
        place.write_bytes(ordinary({f"export/{name}": content for name, content in files.items()}))
    assert students(collect(place)) == expected


def test_exports_tell_names_groups_and_lateness(tmp_path):
    canvas = {s.student: s for s in collect(lay(tmp_path / "c", CANVAS)).submissions}
    assert canvas["1001"].name == "annlee"
    assert canvas["1002"].warnings == ("Canvas says that it is late",)
    ann, ben, cy = (s for s in sorted(collect(lay(tmp_path / "g", FORMS["Gradescope"][0])).submissions, key=lambda s: s.source + s.email))
    assert (ann.name, ann.email, ben.name, cy.student) == ("Ann É", "ann@uni.edu", "Ben", "0014")
    assert ann.warnings == ("handed in together with Ben",)


def test_gradescope_metadata_as_json(tmp_path):
    data = {"submission_11": {"submitters": [{"name": "Ann", "sid": 12, "email": "a@b.c"}]}}
    lay(tmp_path, {"submission_metadata.json": json.dumps(data).encode(), "submission_11/submission.py": GOOD})
    assert students(collect(tmp_path)) == {"12": ONE}


@pytest.mark.parametrize("name", ["submission.py", "hw.py", "HW.PY", "hw.ipynb", "hw.zip"])
def test_a_single_file_is_one_submission(tmp_path, name):
    content = {"py": GOOD, "ipynb": notebook("x = 1"), "zip": ordinary({"a/submission.py": GOOD, "a/b.py": b""})}[
        name.lower().rpartition(".")[2]
    ]
    (found,) = collect(lay(tmp_path, {name: content}) / name).submissions
    assert found.student == name.partition(".")[0]
    assert not isinstance(found.program(), str)


def test_a_folder_with_the_file_at_its_top_is_one_submission(tmp_path):
    (found,) = collect(lay(tmp_path / "ann", {"submission.py": GOOD, "helper.py": b""})).submissions
    assert (found.student, sorted(found.load().files)) == ("ann", ["helper.py", "submission.py"])


def test_questions_in_different_files(tmp_path):
    lay(tmp_path, {"ann/q1.py": b"one = 1", "ann/q2.py": b"two = 2", "ben/q1.py": b"one = 1"})
    ann, ben = (s.load() for s in collect(tmp_path, file=("q1.py", "q2.py")).submissions)
    assert (ann.program("q1.py").main, ann.program("q2.py").main) == ("q1.py", "q2.py")
    assert ben.program("q2.py").warnings == ("q1.py was taken for q2.py",)
    assert ann.program("q3.py") == "which file to mark cannot be told (q1.py, q2.py): name it q3.py"


def test_helpers_that_would_hide_a_module_stay_behind(tmp_path):
    names = ["numpy.py", "json.py", "sitecustomize.py", "scipy/__init__.py", "helper.py"]
    lay(tmp_path, {"ann/submission.py": GOOD} | {f"ann/{n}": b"raise SystemExit" for n in names})
    program = collect(tmp_path).submissions[0].program()
    assert sorted(program.files) == ["helper.py", "submission.py"]
    assert "numpy.py" in program.warnings[0]


# hostile folders
def link(path: Path) -> None:
    path.symlink_to("/etc/hostname")


def folder_with_link(path: Path) -> None:
    path.with_suffix("").mkdir()
    (path.with_suffix("") / "submission.py").write_bytes(GOOD)
    (path.with_suffix("") / "key.txt").symlink_to("/etc/hostname")


def link_to_folder(path: Path) -> None:
    path.with_suffix("").symlink_to("/etc")


def huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(2 << 30)


def deep(path: Path) -> None:
    (path.with_suffix("") / "/".join("abcdefghijklm")).mkdir(parents=True)


def crowded(path: Path) -> None:
    path.with_suffix("").mkdir()
    for k in range(2_001):
        (path.with_suffix("") / f"{k}.x").touch()


def control(path: Path) -> None:
    path.with_suffix("").mkdir()
    (path.with_suffix("") / "sub\nmission.py").write_bytes(GOOD)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        pytest.param(link, "is a link", id="link"),
        pytest.param(folder_with_link, "key.txt is a link", id="link in a folder"),
        pytest.param(link_to_folder, "is a link", id="link to a folder"),
        pytest.param(os.mkfifo, "is a pipe", id="pipe"),
        pytest.param(huge, "too large (2 GB, at most 1 MB)", id="2 GB"),
        pytest.param(deep, "deep in one another", id="deep"),
        pytest.param(crowded, "more than 2,000 files", id="crowded"),
        pytest.param(control, "control characters", id="control characters"),
    ],
)
def test_a_hostile_file_is_refused_for_its_student_alone(tmp_path, make, words):
    make(tmp_path / "ann.py")
    lay(tmp_path, {"ben.py": GOOD})
    found = students(collect(tmp_path))
    assert words in found["ann"] and found["ann"].isprintable()
    assert found["ben"] == ONE


def test_a_file_exchanged_for_a_link_after_it_was_found_is_refused(tmp_path):
    lay(tmp_path, {"ann.py": GOOD, "key": b"the key"})
    (found,) = collect(tmp_path).submissions
    (tmp_path / "ann.py").unlink()
    (tmp_path / "ann.py").symlink_to(tmp_path / "key")
    assert found.program() == "ann.py is a link: hand in an ordinary file"


def test_a_file_that_may_not_be_read_is_refused(tmp_path, monkeypatch):
    lay(tmp_path, {"ann.py": GOOD, "ben.py": GOOD})
    really = os.open

    def forbidden(name, *rest, **more):
        if name == "ann.py":
            raise PermissionError(13, "Permission denied")
        return really(name, *rest, **more)

    monkeypatch.setattr(os, "open", forbidden)
    assert students(collect(tmp_path)) == {"ann": "ann.py cannot be read (Permission denied): hand in an ordinary file", "ben": ONE}


def test_hard_links_and_encodings_are_noted(tmp_path):
    lay(tmp_path, {"ann.py": b"\xef\xbb\xbfx = 1", "ben.py": "x = 'é'".encode("utf-16"), "cy.py": b"# coding: latin-1\nx = '\xe9'\0"})
    os.link(tmp_path / "ann.py", tmp_path / "key.txt")
    ann, ben, cy = (s.load() for s in collect(tmp_path).submissions)
    assert ann.files["submission.py"] == b"\xef\xbb\xbfx = 1"
    assert "hard link" in ann.warnings[0] and "byte order mark" in ann.warnings[1]
    assert ben.files["submission.py"].decode() == "x = 'é'" and "UTF-16" in ben.warnings[0]
    assert cy.files["submission.py"] == b"# coding: latin-1\nx = '\xe9'\0" and not cy.warnings


def test_several_submissions_of_one_student_are_never_chosen_between_in_silence(tmp_path):
    lay(tmp_path, {"ann.py": GOOD, "ann.zip": ordinary({"submission.py": GOOD}), "ben.py": GOOD})
    found = collect(tmp_path)
    assert "which is meant cannot be told" in students(found)["ann"]
    assert found.warnings == ("ann: several submissions of one student (ann.py, ann.zip), and which is meant cannot be told: keep one",)


def test_the_last_attempt_is_taken_where_the_platform_numbers_them(tmp_path):
    lay(tmp_path / "c", {"ann_1_10_submission-1.py": b"old = 1", "ann_1_12_submission-2.py": b"new = 1"})
    (ann,) = collect(tmp_path / "c").submissions
    assert ann.program().files == {"submission.py": b"new = 1"}
    assert ann.warnings == ("of 2 attempts at submission.py the last was taken, ann_1_12_submission-2.py",)
    again = METADATA.replace(b"'0014'", b"'0012'")
    lay(
        tmp_path / "g",
        {"submission_metadata.yml": again, "submission_11/submission.py": b"old = 1", "submission_12/submission.py": b"new = 1"},
    )
    found = collect(tmp_path / "g")
    assert {s.student: s.source for s in found.submissions}["0012"] == "submission_12"
    assert any("the last was taken" in w for w in found.warnings)


# joining with the roster
CLASS = Roster(
    (Student("zoe", "Zoe", "zoe@uni.edu"), Student("Ann", "Ann"), Student("4711", "Cy", "cy.doe@uni.edu", ("cyd",)), Student("dora"))
)


def test_submissions_are_joined_with_the_roster_in_its_order(tmp_path):
    lay(tmp_path, {"ann.py": GOOD, "cy.doe.py": GOOD, "Zoe@uni.edu.py": GOOD, "zzz.py": GOOD})
    found = collect(tmp_path, roster=CLASS)
    assert [(s.student, s.name) for s in found.submissions] == [("zoe", "Zoe"), ("Ann", "Ann"), ("4711", "Cy"), ("zzz", "")]
    assert found.absent == ("dora",)
    assert found.warnings == ("not in the roster, and marked all the same: zzz",)
    refused = collect(tmp_path, roster=CLASS, strangers="refuse").submissions[-1]
    assert "not in the roster" in refused.program()


@pytest.mark.parametrize("name", ["ｚｏｅ", "zое", "zoe\u200b", "ZОE"], ids=["full width", "Cyrillic", "zero width", "Cyrillic O"])
def test_letters_that_look_alike_join_nobody(tmp_path, name):
    found = collect(lay(tmp_path, {f"{name}.py": GOOD}), roster=CLASS)
    assert found.submissions[0].student == name
    assert "zoe" in found.absent


def test_letters_that_look_alike_are_warned_of(tmp_path):
    found = collect(lay(tmp_path, {"zое.py": GOOD}), roster=CLASS)
    assert found.warnings[1] == "zое only looks like zoe of the roster, and is another identifier"


def test_two_names_of_one_student_are_two_submissions(tmp_path):
    found = collect(lay(tmp_path, {"4711.py": GOOD, "cyd.py": GOOD}), roster=CLASS)
    assert "several submissions of one student" in students(found)["4711"]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_hostile_identifier_is_never_a_path(name, tmp_path):
    safe = safe_name(name)
    assert (tmp_path / f"{safe}.json").parent == tmp_path and len(safe) < 100 and safe.isascii() and safe not in ("", ".", "..")
    roster = Roster((Student(name),))
    assert [s for s in collect(lay(tmp_path, {"ann.py": GOOD}), roster=roster).submissions if s.student == name] == []


def test_safe_names_are_told_apart():
    assert len({safe_name(n) for n in HOSTILE_NAMES}) == len(HOSTILE_NAMES)


# the place itself
PARTS = [
    "..",
    ".",
    "",
    "ann",
    "ben_1_2_submission.py",
    "submission.py",
    "submission_1",
    "A_1_assignsubmission_file_",
    "x.ipynb",
    "x.zip",
    ".x",
    "a\\b",
    "\0",
    "é.py",
]
NAMES = st.lists(st.sampled_from(PARTS) | st.text(max_size=3), min_size=1, max_size=3).map("/".join)


@settings(max_examples=80)
@given(st.lists(NAMES, min_size=1, max_size=5), st.booleans())
def test_whatever_a_class_is_named_it_is_collected_or_refused(tmp_path_factory, names, in_folder):
    top = tmp_path_factory.mktemp("top")
    (top / "in").mkdir()
    place = top / "in" if in_folder else top / "in" / "class.zip"
    (top / "in" / "class.zip").write_bytes(build([Member(n.encode("utf-8", "replace"), attributes=0) for n in names]))
    try:
        for submission in collect(place, roster=CLASS).submissions:
            loaded = submission.load()
            assert loaded.refused or not any(".." in n.split("/") or n.startswith("/") for n in loaded.files)
            assert loaded.refused.isprintable() and all(w.isprintable() for w in loaded.warnings)
    except UsageError as error:
        assert str(error).isprintable()
    assert [p.name for p in top.rglob("*")] == ["in", "class.zip"]  # nothing was unpacked


@pytest.mark.parametrize(
    ("make", "words"),
    [
        pytest.param(lambda p: None, "no such file or folder", id="nothing there"),
        pytest.param(lambda p: p.write_bytes(b"PK"), "no complete zip", id="no zip"),
        pytest.param(lambda p: p.write_bytes(ordinary({})), "holds no files", id="empty zip"),
    ],
)
def test_a_place_that_cannot_be_read_is_an_error(tmp_path, make, words):
    make(tmp_path / "class.zip")
    with pytest.raises(UsageError, match=words):
        collect(tmp_path / "class.zip")


def test_bounds_can_be_set(tmp_path):
    lay(tmp_path, {"ann.py": bytes(100)})
    assert "at most 10 bytes" in students(collect(tmp_path, bounds=Bounds(file=10)))["ann"]


def test_digests_are_of_files_by_name(tmp_path):
    lay(tmp_path, {"ann/submission.py": GOOD, "ben.zip": ordinary({"hw/submission.py": GOOD}), "cy.py": GOOD, "dora/other.py": GOOD})
    ann, ben, cy, dora = (s.digest for s in collect(tmp_path).submissions)
    assert ann == ben == cy != dora


def test_records_are_light_and_can_be_sent_elsewhere(tmp_path):
    big = b"#" * (MB - 1)
    (tmp_path / "class.zip").write_bytes(ordinary({f"s{k}/{n}": big for k in range(40) for n in ("submission.py", "h.py")}))
    tracemalloc.start()
    try:
        found = collect(tmp_path / "class.zip").submissions
        for submission in pickle.loads(pickle.dumps(found)):
            assert len(submission.load().files) == 2
        assert tracemalloc.get_traced_memory()[1] < 8 * MB  # of 80 MB
    finally:
        tracemalloc.stop()
