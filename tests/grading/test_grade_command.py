"""The command grade: what it prints and writes, what it refuses, and in how many words."""

import json

import jsonschema
import pytest
from click.testing import CliRunner

from gradcheck.cli import main
from gradcheck.grading.answers import ISOLATION
from gradcheck.grading.classes.copies import with_copies
from gradcheck.grading.results import QuestionMark, SubmissionMark
from gradcheck.grading.sandbox import Standing, strongest
from gradcheck.rendering.schema import schema_text

CASES = """import numpy as np
from gradcheck import Real, case

@case(x=Real(3))
def sine(x):
    z = x**2
    return np.sum(np.sin(z))
"""
TOML = """schema_version = 1
name = "hw"
cases = "cases.py"

[limits]
cpu_seconds = 1

[[questions]]
name = "sine"
points = 4
"""
RIGHT = "import numpy as np\ndef sine_gradient(x):\n    return np.cos(x**2) * 2 * x\n"


@pytest.fixture
def place(tmp_path):
    (tmp_path / "hw").mkdir()
    (tmp_path / "hw/assignment.toml").write_text(TOML)
    (tmp_path / "hw/cases.py").write_text(CASES)
    handed = tmp_path / "handed"
    handed.mkdir()
    (handed / "ada.py").write_text(RIGHT)
    (handed / "bob.py").write_text(RIGHT.replace("* 2 * x", ""))
    (handed / "eve.py").write_text("import os\n" + RIGHT.replace("return", "os._exit(0); return"))
    (handed / "zoe.zip").write_bytes(b"no zip")
    return tmp_path


def run(place, *words):
    return CliRunner().invoke(main, ["grade", *words], catch_exceptions=False)


def graded(place, *words):
    return run(place, str(place / "hw"), str(place / "handed"), "-o", str(place / "marks"), "--fork-server", "--no-html", *words)


@pytest.fixture
def walls():
    if strongest().isolation == "none":
        pytest.skip("NO WALLS stand on this machine: " + strongest().reason)


def test_a_class_is_marked_and_everything_is_written(place, walls):
    done = graded(place, "--json")
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    jsonschema.validate(document, json.loads(schema_text("marks")))
    assert done.stderr.startswith("sandbox: ")
    marks = {m["student"]: m for m in document["submissions"]}
    assert {s: m["earned"] for s, m in marks.items()} == {"ada": 4, "bob": 0, "eve": 0, "zoe": 0}
    assert [m["questions"][0]["outcome"] for m in marks.values()] == ["graded", "graded", "crash", "missing"]
    assert {m["isolation"] for m in marks.values()} == {document["isolation"]} <= set(ISOLATION)
    assert marks["bob"]["questions"][0]["diagnosis"]["kind"] == "missing-factor"
    for name in ("marks.json", "gradebook.csv", "junit.xml", "students/bob/feedback.txt", "students/ada/results.json", "journal.jsonl"):
        assert (place / "marks" / name).is_file(), name
    before = (place / "marks/marks.json").read_bytes()
    (place / "handed/bob.py").write_text(RIGHT + "# again\n")
    again = graded(place)
    assert again.exit_code == 0
    assert "4 marks are known from earlier" in again.stderr
    assert "sine: 2 of 4 right" in again.stdout
    assert (place / "marks/marks.json").read_bytes() != before
    only = graded(place, "--only", "ada")
    assert "ada" in only.stdout
    assert "bob" not in only.stdout


def test_what_cases_print_is_no_result(place, walls):
    (place / "hw/cases.py").write_text("print('loud')\n" + CASES.replace("    z =", "    print('inside')\n    z ="))
    done = graded(place, "--json")
    assert json.loads(done.stdout)["assignment"]["name"] == "hw"
    assert "loud" in done.stderr


def test_ctrl_c_says_what_is_kept(place, walls, monkeypatch):
    def stopped(*given, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("gradcheck.grading.classes.grade_class", stopped)
    done = graded(place)
    assert done.exit_code == 130
    assert "0 marks are kept" in done.stderr
    assert "--resume" in done.stderr


def test_a_package_that_is_not_installed_is_told_before_anything_is_graded(place):
    with (place / "hw/assignment.toml").open("a") as file:
        file.write('\n[imports]\nallowed = ["numpy", "no_such_package_anywhere"]\n')
    done = CliRunner().invoke(main, ["grade", str(place / "hw"), str(place / "handed"), "-o", str(place / "marks")])
    assert done.exit_code == 3
    assert "students may import no_such_package_anywhere, but it is not installed here" in done.stderr
    assert not (place / "marks").exists()


REFUSED = [
    (("--sandbox", "none"), "with your rights; if you have read them all, add --i-trust-these-submissions"),
    (("--only", "nobody"), "there is no submission of that student"),
    (("--resume", "--fresh"), "give one of them"),
    (("--canvas", "x.csv"), "--canvas-column"),
    (("--roster", "missing.csv"), "missing.csv"),
]


@pytest.mark.parametrize(("words", "said"), REFUSED)
def test_what_cannot_be_done_is_said_in_one_line(place, words, said):
    done = CliRunner().invoke(main, ["grade", str(place / "hw"), str(place / "handed"), "-o", str(place / "marks"), *words])
    assert done.exit_code == 2
    lines = [line for line in done.stderr.splitlines() if not line.startswith("sandbox: ")]
    assert said in lines[-1]
    assert not (place / "marks/marks.json").exists()


def test_two_arguments_are_needed():
    done = CliRunner().invoke(main, ["grade"])
    assert (done.exit_code, "name the assignment and the submissions" in done.stderr) == (2, True)


def test_without_walls_it_refuses(place, monkeypatch):
    import gradcheck.grading.sandbox as sandbox

    reasons = tuple(Standing(level, level == "none", "" if level == "none" else f"{level} is not here") for level in ISOLATION)
    monkeypatch.setattr(sandbox, "strongest", lambda: reasons[-1])
    monkeypatch.setattr(sandbox, "probe", lambda levels=ISOLATION: reasons)
    done = CliRunner().invoke(main, ["grade", str(place / "hw"), str(place / "handed"), "-o", str(place / "marks")])
    assert done.exit_code == 2
    assert "no sandbox stands on this machine (bubblewrap: bubblewrap is not here; namespaces" in done.stderr
    assert "--sandbox=none --i-trust-these-submissions" in done.stderr
    assert not (place / "marks").exists()


def test_an_unfinished_run_is_not_gone_on_with_unasked(place, walls):
    from gradcheck.grading.classes import Journal

    with Journal(place / "marks/journal.jsonl") as journal:
        journal.start()
    refused = graded(place)
    assert (refused.exit_code, "add --resume to go on, or --fresh to start over" in refused.stderr) == (2, True)
    assert graded(place, "--resume").exit_code == 0
    assert graded(place).exit_code == 0


def test_a_submission_at_which_we_fail_has_no_mark_and_is_graded_again(place, walls, monkeypatch):
    from gradcheck.grading.classes import grader

    real = grader.mark_submission

    def failing(questions, programs, *rest):
        if any(b"# fails" in p.files["submission.py"] for p in programs.values() if not isinstance(p, str)):
            raise RuntimeError("a bug of ours")
        return real(questions, programs, *rest)

    monkeypatch.setattr(grader, "mark_submission", failing)
    (place / "handed/bob.py").write_text(RIGHT + "# fails\n")
    done = graded(place)
    assert done.exit_code == 1
    assert "a bug of ours" in (place / "marks/marks.json").read_text()
    row = next(line for line in (place / "marks/gradebook.csv").read_text().splitlines() if line.startswith("bob"))
    assert ",0" not in row.split("infrastructure")[0]
    monkeypatch.setattr(grader, "mark_submission", real)
    assert graded(place).exit_code == 0


def mark(student, digest, shape, result):
    question = QuestionMark("q", "graded", result, 1.0 if result == "right" else 0.0, 1.0)
    return SubmissionMark(student, f"{student}.py", digest, "none", (question,), shape=shape)


def test_copies_are_flagged_where_they_tell_something():
    marks = with_copies((
        mark("a", "1", "s", "wrong value"), mark("b", "1", "s", "wrong value"), mark("c", "2", "s", "wrong value"),
        mark("d", "3", "t", "right"), mark("e", "4", "t", "right"), mark("f", "5", "", "wrong value"), mark("g", "6", "", "wrong value"),
    ))  # fmt: skip
    flags = {m.student: [f.evidence for f in m.flags] for m in marks}
    assert flags["a"] == ["the program is byte for byte that of b; and that of c but for names, comments and layout"]
    assert flags["c"] == ["the program is that of a, b but for names, comments and layout"]
    assert [s for s, f in flags.items() if not f] == ["d", "e", "f", "g"]
    assert all(m.earned == mark(m.student, "", "", m.questions[0].result).earned for m in marks)


@pytest.mark.slow
def test_grading_one_student_leaves_the_marks_of_the_others(place, walls):
    """A gradebook of one student in place of the class's would be a loss."""
    assert graded(place, "--only", "ada").exit_code == 0
    rows = (place / "marks/gradebook.csv").read_text()
    assert rows.count("NOT MARKED") == 3  # neither left out nor zero
    assert graded(place).exit_code == 0
    (place / "handed/bob.py").write_text(RIGHT)
    again = graded(place, "--only", "bob", "--fresh")
    assert again.exit_code == 0
    assert "bob" in again.stdout
    assert "ada" not in again.stdout
    earned = {m["student"]: m["earned"] for m in json.loads((place / "marks/marks.json").read_text())["submissions"]}
    assert earned == {"ada": 4, "bob": 4, "eve": 0, "zoe": 0}


def test_a_folder_without_submissions_is_no_class_of_nobody(place, walls):
    (place / "empty").mkdir()
    done = run(place, str(place / "hw"), str(place / "empty"), "-o", str(place / "marks"))
    assert done.exit_code == 2
    assert "no submissions there" in done.stderr
    assert not (place / "marks").exists()


def test_a_wrong_column_is_told_before_anything_is_graded(place):
    (place / "canvas.csv").write_text("Student,ID,SIS Login ID,Section,Homework 1 (12)\nA,1,ada,S,\n")
    done = graded(place, "--canvas", str(place / "canvas.csv"), "--canvas-column", "Homework 2")
    assert done.exit_code == 2
    assert "Homework 1 (12)" in done.stderr
    assert "sandbox" not in done.stderr
    assert not (place / "marks").exists()


def test_cases_that_exit_do_not_end_the_grader_as_if_all_were_well(place):
    (place / "hw/cases.py").write_text(CASES + "\nraise SystemExit(0)\n")
    done = graded(place)
    assert done.exit_code == 3
    assert "cases.py:9: SystemExit: 0" in done.stderr


def test_packages_that_students_expected_are_listed(place, walls):
    (place / "handed/bob.py").write_text("import matplotlib.pyplot as plt\n" + RIGHT)
    for name in ("eve.py", "zoe.zip"):
        (place / "handed" / name).unlink()
    done = graded(place)
    assert "1 import what is not allowed: matplotlib (1); to let them, add it to `allowed` under [imports]" in done.stdout
    document = json.loads((place / "marks/marks.json").read_text())
    assert [[f["kind"] for f in m["flags"]] for m in document["submissions"]] == [[], ["forbidden-import"]]
