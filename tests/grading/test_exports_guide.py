"""The guide to exports: its cells run, and it names every format, file and outcome that there is."""

from __future__ import annotations

import re
import textwrap

import pytest
import sample_marks as sample

from gradcheck.grading.exports import write_class
from gradcheck.grading.exports.gradescope import VISIBILITY


@pytest.fixture
def text(root):
    return (root / "docs/how-to/export-marks.md").read_text()


def blocks(text):
    return [textwrap.dedent(b) for b in re.findall(r"^ *```python\n(.*?)^ *```", text, re.S | re.M)]


def test_the_cells_for_other_graders_run(text, tmp_path):
    scope = {"__name__": "guide"}
    for i, block in enumerate(b for b in blocks(text) if "gradcheck.grading" not in b):
        path = tmp_path / f"cell{i}.py"
        path.write_text(block)
        exec(compile(block, str(path), "exec"), scope)
    assert scope["verdict"].outcome == "right"
    np = scope["np"]
    half = lambda W, x: (scope["gradient"](W, x)[0], 2 * scope["gradient"](W, x)[1])
    with pytest.raises(AssertionError):
        scope["test_gradient"]({"gradient": half})
    at = (np.eye(2), np.ones(2))
    assert [scope["points"](scope["loss"], g, at, of=4.0) for g in (scope["gradient"], half)] == [4.0, 2.0]


def test_canvas_is_filled_in_as_the_guide_says(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_class(sample.whole_class(), tmp_path / "marks", formats=["json"])
    (tmp_path / "exported.csv").write_text("Student,SIS Login ID,Homework 1 (1234)\nA,result1,\n")
    (block,) = [b for b in blocks(text) if "canvas_csv" in b]
    exec(block, {})
    assert (tmp_path / "upload.csv").read_text().splitlines()[1] == "A,result1,3.5"


def test_every_file_and_every_word_for_when_is_in_the_guide(text, tmp_path):
    write_class(sample.small_class(), tmp_path, assignment=sample.assignment(), formats=["json", "csv", "junit", "text", "gradescope"])
    files = {p.name for p in tmp_path.rglob("*") if p.is_file()}
    assert [f for f in files if f"{f}`" not in text] == []
    assert [row for row in VISIBILITY.items() if f"| `{row[0]}` | `{row[1]}`" not in text] == []
