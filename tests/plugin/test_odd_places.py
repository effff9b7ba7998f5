"""Where tests and cases are not where one expects them: fixtures that check, names with slashes, folders outside the root, files twice."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

FIXTURES = """
import pytest
from model import AT, forgets, gradient, loss

@pytest.fixture(scope="session")
def checked(gradcheck):
    return gradcheck(loss, grad=gradient, at=AT)

@pytest.fixture(scope="session")
def badly_checked(gradcheck):
    return gradcheck(loss, grad=forgets, at=AT)

@pytest.fixture
def checked_after(gradcheck):
    yield
    gradcheck(loss, grad=forgets, at=AT)

@pytest.fixture(scope="class")
def at_point(gradcheck):
    return lambda g: gradcheck(loss, grad=g, at=AT)
"""
IN_FIXTURES = """
import unittest
import pytest
from model import AT, forgets, gradient, loss

def test_setup(badly_checked):
    pass

def test_again(badly_checked):
    pass

def test_teardown(checked_after):
    pass

def test_shared(checked):
    pass

def test_shared_again(checked):
    pass

class TestWrapped:
    def test_right(self, at_point):
        at_point(gradient)

class TestOld(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def _take(self, gradcheck):
        self.gradcheck = gradcheck

    def test_wrong(self):
        self.gradcheck(loss, grad=forgets, at=AT)
"""


def counted(result) -> str:
    return re.search(r"^\d+ gradients?.*$", result.stdout.str(), re.M).group()


@pytest.mark.parametrize("workers", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["alone", "workers"])
def test_checks_in_fixtures_count_once_where_they_run(project, workers):
    (project.pytester.path / "conftest.py").write_text(FIXTURES)
    project.write(tests__test_it=IN_FIXTURES)
    result = project.apart("tests", "-n", "2", "--dist", "loadfile") if workers else project.run("tests")
    assert counted(result) == "5 gradients: 2 right, 3 wrong"
    assert result.parseoutcomes() == {"failed": 1, "passed": 4, "errors": 3}


def test_a_check_that_fails_in_a_setup_alone_is_summed_up(project):
    (project.pytester.path / "conftest.py").write_text(FIXTURES)
    project.write(tests__test_it="def test_setup(badly_checked):\n    pass\n")
    assert counted(project.run("tests")) == "1 gradient: 1 wrong"


CASE = "from gradcheck import case\n@case(x=1.0)\ndef outer(x):\n    return x * x\n"


@pytest.mark.parametrize("named", ["../outer", "../outer/mine.py", "../outer/*.py", "cases/../../outer", "./cases/./../../outer/mine.py"])
def test_cases_outside_the_root_are_collected(project, monkeypatch, named):
    project.write(outer__mine=CASE, root__cases__other="", root__tests__test_it="def test_it():\n    pass\n")
    root = project.pytester.path / "root"
    (root / "pytest.ini").write_text(f"[pytest]\ntestpaths = tests\ngradcheck_cases = {named}\n")
    monkeypatch.chdir(root)
    result = project.run("-v")
    result.stdout.fnmatch_lines(["gradcheck: seed 0, cases of 1 file", "../outer/mine.py::outer PASSED*"])
    assert result.parseoutcomes() == {"passed": 2}
    assert project.run("-c", "pytest.ini", "../outer/mine.py::outer").parseoutcomes() == {"passed": 1}


def test_cases_of_one_name_outside_the_root_count_apart(project, monkeypatch):
    project.write(outer__mine=CASE, outer__yours=CASE, root__nothing="")
    root = project.pytester.path / "root"
    (root / "pytest.ini").write_text("[pytest]\ngradcheck_cases = ../outer\n")
    monkeypatch.chdir(root)
    project.run().stdout.fnmatch_lines(["2 cases: all as stated"])


def test_a_file_named_twice_is_collected_once(project):
    project.write(ini="[pytest]\ngradcheck_cases =\n  cases\n  cases/mine.py\n  cases/../cases/*.py\n")
    result = project.run()
    result.stdout.fnmatch_lines(["gradcheck: seed 0, cases of 1 file"])
    assert result.parseoutcomes() == {"passed": 4}


def test_a_file_behind_a_link_is_collected(project):
    project.write(elsewhere__mine=CASE, ini="[pytest]\ngradcheck_cases = linked\n")
    (project.pytester.path / "linked").symlink_to(project.pytester.path / "elsewhere")
    assert project.run().parseoutcomes() == {"passed": 1}


def test_a_file_with_relative_imports_says_what_to_write(project):
    project.write(cases__mine="from .other import K\n" + CASE)
    result = project.run()
    result.stdout.fnmatch_lines(
        ["cases/mine.py:1: ImportError: *relative import*: a file of cases is run by itself: write `from neighbour import ...`*"]
    )


def test_good_files_are_tested_beside_one_that_fails(project):
    project.write(cases__broken="def f(:\n")
    result = project.run("--continue-on-collection-errors")
    assert result.parseoutcomes() == {"passed": 4, "errors": 1}
    result.stdout.fnmatch_lines(["cases/broken.py:1: syntax error: *", "2 cases with 2 claimed gradients: all as stated"])


def test_long_names_and_texts_stay_short_in_junit(project):
    project.write(
        tests__test_it="""
from model import AT, loss
def long(w, b):
    raise ValueError("x" * 100_000)
long.__name__ = "n" * 100_000
def test_it(gradcheck):
    gradcheck(loss, grad=long, at=AT)
"""
    )
    project.run("tests", "--junitxml=j.xml")
    file = project.pytester.path / "j.xml"
    assert len(file.read_bytes()) < 10_000
    names = [p.get("name") for p in ET.parse(file).iter("property")]
    assert "gradcheck.outcome" in names


def test_a_gradient_that_returns_nothing_is_told_so(project):
    project.write(
        tests__test_it="from model import AT, loss\ndef g(w, b):\n    w * 2\ndef test_it(gradcheck):\n    gradcheck(loss, grad=g, at=AT)\n"
    )
    project.run("tests").stdout.fnmatch_lines(
        ["E *g: wrong: the gradient returns None, expected the gradient for w, b: is its `return` missing?"]
    )


OWN = """
from model import AT, gradient
def own(w, b):
    return inner(w) + b
def inner(w):
    return w + misspelt
def test_it(gradcheck):
    gradcheck(own, grad=gradient, at=AT)
"""
OWN_CASE = "from gradcheck import case\n@case(x=1.0)\ndef own(x):\n    return inner(x)\ndef inner(x):\n    return x + misspelt\n"


@pytest.mark.parametrize("style", ["long", "short"])
@pytest.mark.parametrize("where", ["tests", "cases"])
def test_an_error_of_the_function_shows_its_frames_and_none_of_ours(project, style, where):
    project.write(tests__test_it=OWN, cases__mine=OWN_CASE)
    out = project.run(where, f"--tb={style}").stdout
    out.fnmatch_lines(["*NameError: name 'misspelt' is not defined"])
    shown = out.str().split("= FAILURES =")[1].split("short test summary")[0]
    assert "inner" in shown
    assert not re.search(r"gradcheck/(testing|verdicts|circuit|gradients)", shown), shown


def test_an_error_of_ours_shows_its_frames():
    from gradcheck.testing.frames import without_ours
    from gradcheck.writing import write_files

    try:
        write_files(None, [("a", "b")])
    except Exception as error:
        ours = without_ours(error)
    assert any("writing.py" in str(entry.path) for entry in pytest.ExceptionInfo.from_exception(ours).traceback[:2])
