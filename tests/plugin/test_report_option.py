"""`--gradcheck-report`: the report of all that a run checked, from one process or several."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import jsonschema
import pytest

from gradcheck.errors import UsageError
from gradcheck.rendering.schema import schema_text

TESTS = """
import numpy as np
from model import AT, forgets, gradient, loss

def test_right(gradcheck):
    gradcheck(loss, grad=gradient, at=[AT, (np.ones(2), 1.0)])

def test_wrong(gradcheck):
    gradcheck(loss, grad=forgets, at=AT)

def test_product(gradcheck):
    gradcheck(lambda x: np.tanh(x), grad=lambda x, g: g / np.cosh(x) ** 2, at=(np.array([0.5, 1.0]),), vjp=True)

def test_hessian(gradcheck):
    gradcheck(lambda x: np.sum(x**3), grad=lambda x: np.diag(6 * x), at=(np.array([1.0, 2.0]),), order=2)

def test_tree(gradcheck):
    gradcheck(lambda p: np.sum(p['a'] ** 2), grad=lambda p: {'a': 2 * p['a']}, at=({'a': np.ones(2)},))

def test_few_digits(gradcheck):
    gradcheck(lambda x: x**3, grad=lambda x: 3.001 * x**2, at=(2.0,), digits=2)

def test_found(gradcheck):
    gradcheck(lambda x: np.sum(np.abs(x)), grad=lambda x: np.ones_like(x), at=(np.ones(2),), search=True)

def test_black_box(gradcheck):
    gradcheck(lambda x: float(x) ** 2, grad=lambda x: 2 * x, at=(1.5,))

def test_loop(gradcheck):
    for b in range(3):
        gradcheck(loss, grad=gradient, at=(np.ones(2), float(b)))
"""
HAS_PICTURES = all(importlib.util.find_spec(name) for name in ("jinja2", "altair", "vl_convert", "pygraphviz", "latex2mathml"))


@pytest.fixture
def quick_report(monkeypatch):
    """Rules are proved in tests of their own."""
    monkeypatch.setattr("gradcheck.testing.report.proofs", lambda processes, only: ())


def document(folder: Path) -> dict:
    data = json.loads((folder / "report.json").read_text())
    jsonschema.validate(data, json.loads(schema_text("run")))
    return data


def judged(folder: Path) -> dict:
    return {c["name"]: [g["outcome"] for g in c["claimed"]] for c in document(folder)["cases"]}


EXPECTED = {
    "loss (test_model.py::test_right)": ["right"],
    "loss (test_model.py::test_wrong, forgets)": ["wrong"],
    "<lambda> (test_model.py::test_product, <lambda>)": ["right"],
    "<lambda> (test_model.py::test_hessian, <lambda>)": ["right"],
    "<lambda> (test_model.py::test_tree, <lambda>)": ["right"],
    "<lambda> (test_model.py::test_few_digits, <lambda>)": ["right"],
    "<lambda> (test_model.py::test_found, <lambda>)": ["wrong"],
    "<lambda> (test_model.py::test_black_box, <lambda>)": [],
    "loss (test_model.py::test_loop)": ["right"],
    "squares": ["right", "wrong"],
    "sine": [],
}


def test_the_report_holds_every_gradient_and_case(project, quick_report):
    project.write(tests__test_model=TESTS)
    result = project.run("--gradcheck-report", "out/here")
    folder = project.pytester.path / "out/here"
    assert judged(folder) == EXPECTED
    result.stdout.fnmatch_lines(
        [
            "gradcheck: seed 0, cases of 1 file, report to *out/here",
            "report: *out/here/html/index.html" if HAS_PICTURES else "report: *README.md",
        ]
    )
    assert "cannot be followed" in (folder / "README.md").read_text() or "float" in (folder / "README.md").read_text()
    if HAS_PICTURES:
        assert len(list((folder / "html/cases").glob("*.html"))) == len(EXPECTED)
        front = (folder / "html/index.html").read_text()
        assert "test_wrong" in front


@pytest.mark.slow
def test_workers_write_the_same_report(project):
    project.write(tests__test_model=TESTS)
    project.apart("--gradcheck-report", "alone")
    shared = project.apart("--gradcheck-report", "shared", "-n", "2")
    folders = [project.pytester.path / name for name in ("alone", "shared")]
    assert judged(folders[0]) == judged(folders[1]) == EXPECTED
    names = [sorted(p.relative_to(f).as_posix() for p in f.rglob("*") if p.is_file()) for f in folders]
    assert names[0] == names[1]
    assert "workers" not in document(folders[0])["environment"]
    assert document(folders[1])["environment"]["workers"] == 2
    assert "while 2 workers of a test run shared the machine" in (folders[1] / "README.md").read_text()
    assert "INTERNALERROR" not in shared.stdout.str()


def test_nothing_checked_writes_nothing(project):
    project.write(tests__test_plain="def test_nothing():\n    pass\n")
    assert project.run("tests", "--gradcheck-report", "out").ret == 0
    assert not (project.pytester.path / "out").exists()


def test_a_file_in_place_of_a_folder_is_refused(project):
    (project.pytester.path / "out").write_text("mine")
    result = project.run("--gradcheck-report", "out")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "--gradcheck-report out: is a file, expected a folder to write into" in result.stderr.str()
    assert (project.pytester.path / "out").read_text() == "mine"


def test_a_folder_that_cannot_be_made_ends_the_run_at_once(standard_project):
    (standard_project.pytester.path / "file").write_text("mine")
    result = standard_project.run("--gradcheck-report", "file/out")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "--gradcheck-report file/out: cannot be made: " in result.stderr.str()
    assert "file is no folder that can be written to" in result.stderr.str()
    assert not result.outlines  # no test ran


def test_a_folder_that_may_not_be_written_to_ends_the_run_at_once(standard_project, monkeypatch):
    monkeypatch.setattr("gradcheck.testing.report.os.access", lambda path, mode: False)
    assert standard_project.run("--gradcheck-report", "out").ret == pytest.ExitCode.USAGE_ERROR


def test_collecting_only_writes_nothing(project):
    assert project.run("--collect-only", "-q", "--gradcheck-report", "out").ret == 0
    assert not (project.pytester.path / "out").exists()


SLASHES = """
import pytest
from model import AT, gradient, loss

@pytest.mark.parametrize("x", [1.0], ids=["<script>a/b</script>"])
def test_it(gradcheck, x):
    gradcheck(loss, grad=gradient, at=(AT[0], x))
"""


def test_a_test_keeps_its_name_where_its_parameters_hold_slashes(project, quick_report):
    project.write(tests__test_it=SLASHES)
    project.run("tests", "--gradcheck-report", "out")
    folder = project.pytester.path / "out"
    assert list(judged(folder)) == ["loss (test_it.py::test_it[<script>a/b</script>])"]
    pages = [p.read_text() for p in folder.rglob("*") if p.suffix in (".html", ".md")]
    assert not any("<script>a/b" in page for page in pages)


def test_without_the_extra_the_report_is_written_and_says_what_is_missing(standard_project, quick_report, monkeypatch):
    monkeypatch.setattr("gradcheck.testing.report.missing", lambda: "altair")
    result = standard_project.run("--gradcheck-report", "out")
    result.stdout.fnmatch_lines(
        ["report: *out/README.md", "  without pictures and HTML: altair is missing: pip install 'gradcheck[[]report[]]'"]
    )
    folder = standard_project.pytester.path / "out"
    assert len(document(folder)["cases"]) == 4
    assert not (folder / "html").exists()


def test_functions_of_one_name_have_pages_of_their_own(project, quick_report):
    body = """
import numpy as np

def test_two(gradcheck):
    gradcheck(lambda x: x**2, grad=lambda x: 2 * x, at=(1.5,))
    gradcheck(lambda x: x**3, grad=lambda x: 3 * x**2, at=(0.5,))
"""
    project.write(tests__test_two=body)
    project.run("tests", "--gradcheck-report", "out")
    name = "<lambda> (test_two.py::test_two, <lambda>)"
    assert judged(project.pytester.path / "out") == {name: ["right"], f"{name}, test_two.py:6": ["right"]}


def test_a_full_disk_hides_no_verdict(project, quick_report, monkeypatch):
    def full(folder, files, what="the report"):
        raise UsageError(f"{folder}: cannot write {what}: No space left on device")

    project.write(tests__test_model=TESTS)
    monkeypatch.setattr("gradcheck.reporting.write_files", full)
    result = project.run("tests", "--gradcheck-report", "out")
    assert result.parseoutcomes() == {"passed": 7, "failed": 2}
    result.stdout.fnmatch_lines(
        ["*forgets: wrong: differs from the truth*", "report: *", "  NOT WHOLE: *: cannot write the report: No space left on device"]
    )
