"""The guide for instructors: every command in it, run in order, from nothing to a gradebook."""

import csv
import os
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
    filled = list(csv.reader((tmp_path / "marks/canvas.csv").read_text().splitlines()))
    assert filled[2][-1] == "14"
    feedback = (tmp_path / "marks/students/carl/feedback.txt").read_text()
    assert "sign" in feedback
    assert (tmp_path / "autograder.zip").stat().st_size > 1000
    assert (tmp_path / "marks/html/index.html").is_file()


@pytest.mark.slow
def test_the_autograder_of_gradescope_marks_a_submission(root, tmp_path):
    """The uploaded zip in a clean folder: its own scripts, this environment in the place of the one that setup.sh makes."""
    import json
    import zipfile

    import jsonschema

    from gradcheck.rendering.schema import schema_text

    for line in ("assignment new hw1", "assignment gradescope hw1 -o autograder.zip"):
        assert gradcheck(line, tmp_path).returncode == 0
    place = tmp_path / "autograder"
    with zipfile.ZipFile(tmp_path / "autograder.zip") as packed:
        packed.extractall(place / "source")
    (place / "gradcheck-environment/bin").mkdir(parents=True)
    command = place / "gradcheck-environment/bin/gradcheck"
    command.write_text(f'#!/bin/sh\nPYTHONPATH={root} exec {sys.executable} -m gradcheck.cli "$@"\n')
    command.chmod(0o755)
    (place / "submission").mkdir()
    (place / "submission/submission.py").write_text((tmp_path / "hw1/solution.py").read_text().replace("np.cos(", "-np.cos(", 1))
    (place / "submission_metadata.json").write_text('{"id": 1, "users": [{"email": "ada@example.org", "id": 5, "name": "Ada"}]}')
    script = place / "source/run_autograder"
    script.chmod(0o755)
    done = subprocess.run(
        [str(script)],
        env=os.environ | {"GRADESCOPE_ROOT": str(place), "GRADCHECK_USER": "root"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    results = json.loads((place / "results/results.json").read_text())
    jsonschema.validate(results, json.loads(schema_text("gradescope")))
    assert results["score"] == 12
    assert [t["score"] for t in results["tests"]] == [0, 4, 8]
    assert results["extra_data"]["isolation"] in done.stderr
