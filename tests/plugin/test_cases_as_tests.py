"""Cases as tests: found wherever they are, selected as tests are, and never lost in silence."""

from __future__ import annotations

import pytest

IDS = ["cases/mine.py::squares", "cases/mine.py::squares::doubled", "cases/mine.py::squares::forgotten", "cases/mine.py::sine"]
ONE = "from gradcheck import case\n\n@case(x=1.5)\ndef {}(x):\n    return x * x\n"


def collected(result) -> list[str]:
    return [line for line in result.stdout.lines if "::" in line and " " not in line]


def settings(cases: str, testpaths: str = "testpaths = tests\n") -> str:
    return f"[pytest]\n{testpaths}pythonpath = .\ngradcheck_cases = {cases}\n"


def test_each_case_and_each_claimed_gradient_is_a_test(project):
    result = project.run("--collect-only", "-q")
    assert collected(result) == IDS
    result = project.run("-v")
    assert result.parseoutcomes() == {"passed": 4}
    result.stdout.fnmatch_lines(
        [
            "cases/mine.py::squares PASSED [[]16.0 digits, 8 operations, 1.6 x f]*",
            "cases/mine.py::squares::forgotten PASSED [[]wrong, as expected, *",
            "2 cases with 2 claimed gradients: all as stated",
        ]
    )


SELECTED = {
    "a case": (["cases/mine.py::squares"], IDS[:3]),
    "a claimed gradient": (["cases/mine.py::squares::doubled"], IDS[1:2]),
    "-k case": (["-k", "sine"], IDS[3:]),
    "-k gradient": (["-k", "forgotten or sine"], IDS[2:]),
    "deselected": (["--deselect", "cases/mine.py::squares"], IDS[3:]),
    "the folder": (["cases"], IDS),
    "the file": (["cases/mine.py"], IDS),
    "elsewhere": (["tests"], []),
    "the marker": (["-m", "gradcheck"], IDS),
    "not the marker": (["-m", "not gradcheck"], []),
    "ignored": (["--ignore", "cases/mine.py"], []),
}


@pytest.mark.parametrize("arguments, ids", SELECTED.values(), ids=SELECTED)
def test_cases_are_selected_as_tests_are(project, arguments, ids):
    assert collected(project.run("--collect-only", "-q", *arguments)) == ids


NAMED = {
    "a file": ("cases/mine.py", IDS),
    "a folder": ("cases", IDS),
    "a pattern": ("cases/m*.py", IDS),
    "a pattern of folders": ("**/mine.py", IDS),
    "several": ("\n    cases/mine.py\n    more", [*IDS, "more/a.py::other"]),
    "where pytest does not go": ("build/lib", ["build/lib/hidden.py::buried"]),
    "a file of tests": ("tests/test_both.py", ["tests/test_both.py::test_plain", "tests/test_both.py::both"]),
}


@pytest.mark.parametrize("named, ids", NAMED.values(), ids=NAMED)
@pytest.mark.parametrize("testpaths", ["testpaths = tests\n", ""], ids=["testpaths", "no testpaths"])
def test_files_are_found_wherever_they_are(project, named, ids, testpaths):
    tests = ONE.format("both") + "\ndef test_plain():\n    pass\n"
    project.write(
        more__a=ONE.format("other"), build__lib__hidden=ONE.format("buried"), tests__test_both=tests, ini=settings(named, testpaths)
    )
    found = collected(project.run("--collect-only", "-q"))
    assert sorted(set(found) - {"tests/test_both.py::test_plain"}) == sorted(set(ids) - {"tests/test_both.py::test_plain"})
    assert len(found) == len(set(found))
    assert "tests/test_both.py::test_plain" in found  # what pytest finds by itself stays


SETTINGS = {
    "tool.gradcheck": "[tool.gradcheck]\ngradcheck_cases = ['cases']\n[tool.pytest.ini_options]\npythonpath = '.'\n",
    "one text": "[tool.gradcheck]\ngradcheck_cases = 'cases/mine.py'\n[tool.pytest.ini_options]\npythonpath = '.'\n",
    "tool.pytest": "[tool.pytest.ini_options]\ngradcheck_cases = ['cases']\n",
}


@pytest.mark.parametrize("text", SETTINGS.values(), ids=SETTINGS)
def test_pyproject_names_files_too(project, text):
    (project.pytester.path / "pytest.ini").unlink()
    project.write(pyproject=text)
    assert collected(project.run("--collect-only", "-q")) == IDS


FAULTS = {
    "no such file": ("casse", "", "gradcheck_cases = casse: no such file, and no Python file below or matching it"),
    "an empty folder": ("empty", "", "gradcheck_cases = empty: no such file"),
    "a wrong type": ("", "[tool.gradcheck]\ngradcheck_cases = 3\n", "gradcheck_cases = 3: expected a file, folder or pattern"),
}


@pytest.mark.parametrize("named, pyproject, message", FAULTS.values(), ids=FAULTS)
def test_a_setting_that_names_nothing_stops_the_run(project, named, pyproject, message):
    (project.pytester.path / "empty").mkdir()
    project.write(ini=settings(named)) if named else (project.pytester.path / "pytest.ini").unlink()
    project.write(pyproject=pyproject)
    result = project.run()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert message in result.stderr.str()
    assert "Traceback" not in result.stderr.str()


LOST = {
    "shadowed": (ONE.format("f") + ONE.format("f"), "case f is hidden by the one at line"),
    "rebound": (ONE.format("f") + "f = None\n" + ONE.format("g"), "case f is lost: its name was given to something else"),
    "in a class": (ONE.format("g") + "class Cases:\n    @case(x=1.0)\n    def f(x):\n        return x\n", "case f is inside class Cases"),
    "no case": ("x = 1\n", "holds no case"),
    "two names": (
        "from gradcheck import case\ndef f(x):\n    return x\na, b = case(x=1.0)(f), case(x=2.0)(f)\n",
        "case f is already defined at",
    ),
    "two gradients": (
        ONE.format("f") + "@f.claimed_gradient\ndef g(x):\n    return 2 * x\n@f.claimed_gradient\ndef g(x):\n    return x\n",
        "case f: 2 claimed gradients are called 'g'",
    ),
    "an error": (ONE.format("f") + "1 / 0\n", "cases/broken.py:6: ZeroDivisionError: division by zero"),
    "a case at fault": (
        "from gradcheck import case\n@case(y=1.0)\ndef f(x):\n    return x\n",
        "cases/broken.py:2: case f: 'y' is no argument",
    ),
    "syntax": ("def f(:\n", "cases/broken.py:1: syntax error"),
}


@pytest.mark.parametrize("body, message", LOST.values(), ids=LOST)
def test_a_case_that_would_be_lost_is_an_error(project, body, message):
    project.write(cases__broken=body)
    result = project.run()
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert result.parseoutcomes() == {"errors": 1}
    assert message in result.stdout.str(), result.stdout.str()
    assert "gradcheck/studies" not in result.stdout.str()


WRONG = """
import numpy as np
from gradcheck import case

@case(x=1.5)
def cube(x):
    return x**3

@cube.claimed_gradient
def square(x):
    return 2 * x

@cube.claimed_gradient(expect="wrong")
def right_after_all(x):
    return 3 * x**2

@case(x=2.0)
def steps(x):
    return np.floor(x)

@case(x=-1.0)
def nowhere(x):
    return np.log(x)
"""


def test_what_is_not_as_stated_fails_and_says_why(project):
    project.write(cases__mine=WRONG)
    result = project.run("-v")
    out = result.stdout.str()
    outcomes = {
        line.split()[0]: line.split()[1] for line in result.stdout.lines if line.startswith("cases/mine.py::") and len(line.split()) > 1
    }
    assert outcomes["cases/mine.py::cube"] == outcomes["cases/mine.py::steps"] == "PASSED"
    assert (
        outcomes["cases/mine.py::cube::square"]
        == outcomes["cases/mine.py::cube::right_after_all"]
        == outcomes["cases/mine.py::nowhere"]
        == "FAILED"
    )
    assert "square: wrong: differs from the truth" in out
    assert "cube = of_file['cube']" in out
    assert "right_after_all: right, expected wrong" in out
    assert "cases/mine.py:21: case nowhere: the value is not finite; NaN or infinity first appears in y (log) at cases/mine.py:23" in out
    assert "Traceback" not in out


def test_a_kink_where_right_is_expected_is_not_as_stated_in_the_summary_either(project):
    body = "import numpy as np\nfrom gradcheck import case\n@case(x=0.0)\ndef f(x):\n    return np.abs(x)\n@f.claimed_gradient\ndef g(x):\n    return np.sign(x)\n"
    project.write(cases__mine=body)
    result = project.run()
    assert result.parseoutcomes() == {"passed": 1, "failed": 1}
    result.stdout.fnmatch_lines(["g: kink, expected right: *", "1 case with 1 claimed gradient: 1 not as stated"])


def test_failed_cases_are_run_first_and_last(project):
    project.write(cases__mine=WRONG)
    first = project.run().parseoutcomes()
    assert project.run("--lf").parseoutcomes()["failed"] == first["failed"]
    assert "passed" not in project.run("--lf").parseoutcomes()
    assert project.run("-x").parseoutcomes()["failed"] == 1


def test_cases_are_told_apart_in_a_tree(project):
    project.run("--collect-only").stdout.fnmatch_lines(
        [
            "*<CaseFile mine.py>",
            "*<CaseItem squares>",
            "*<ClaimedGradients squares>",
            "*<ClaimedItem doubled>",
            "*<ClaimedItem forgotten>",
            "*<CaseItem sine>",
        ]
    )
