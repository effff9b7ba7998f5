"""The guide for instructors: every command in it, run in order, from nothing to a gradebook."""

import csv
import re
import shlex
import subprocess
import sys

import pytest

EXPORTED = """Student,ID,SIS User ID,SIS Login ID,Section,Homework 1 (1001)
Points Possible,,,,,14
"Lovelace, Ada",1,11,ada,A,
"Gauss, Carl Friedrich",2,12,carl,A,
"""


def commands(root):
    text = (root / "docs/how-to/mark-coursework.md").read_text()
    return re.findall(r"^\$ gradcheck (.*)$", text, re.M)


def gradcheck(line, folder):
    return subprocess.run(
        [sys.executable, "-m", "gradcheck.cli", *shlex.split(line)], cwd=folder, capture_output=True, text=True, timeout=300
    )


def test_the_guide_takes_ten_commands_or_fewer(root):
    assert 5 <= len(commands(root)) <= 10


def hand_in(folder):
    """What the class hands in: a right program, and one with a mistake."""
    right = (folder / "hw1/solution.py").read_text()
    handed = folder / "submissions"
    handed.mkdir()
    (handed / "ada.py").write_text(right)
    wrong = right.replace("np.cos(", "-np.cos(", 1)
    assert wrong != right
    (handed / "carl.py").write_text(wrong)
    (folder / "exported.csv").write_text(EXPORTED)


@pytest.mark.slow
@pytest.mark.sandbox
def test_every_command_of_the_guide_runs_and_ends_in_a_gradebook(root, tmp_path):
    for line in commands(root):
        if line.startswith("grade hw1") and not (tmp_path / "submissions").exists():
            hand_in(tmp_path)
        done = gradcheck(line, tmp_path)
        assert done.returncode == 0, (line, done.stdout[-2000:], done.stderr[-2000:])
    with (tmp_path / "marks/gradebook.csv").open(newline="") as file:
        rows = {row["student"]: row for row in csv.DictReader(file)}
    assert float(rows["ada"]["total"]) == 14
    assert float(rows["carl"]["total"]) < 14
    filled = list(csv.reader((tmp_path / "marks/canvas.csv").open(newline="")))
    assert filled[2][-1] == "14"
    feedback = (tmp_path / "marks/students/carl/feedback.txt").read_text()
    assert "sign" in feedback
    assert (tmp_path / "autograder.zip").stat().st_size > 1000
    assert (tmp_path / "marks/html/index.html").is_file()
