"""Beside other plugins and options: workers, seeds, JUnit, import modes, coverage; and idle where nothing is asked."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
import textwrap
import xml.etree.ElementTree as ET

import pytest

SUMMARY = r"=+ gradient checks =+\n(.*?)\n=+ "


def summary(result) -> list[str]:
    """The lines of our section but for those on time."""
    return [line for line in re.search(SUMMARY, result.stdout.str(), re.S).group(1).splitlines() if not line.startswith("slowest")]


def test_the_summary_tells_what_was_checked(standard_project):
    assert summary(standard_project.run()) == [
        "2 gradients: 1 right, 1 wrong",
        "2 cases with 2 claimed gradients: all as stated",
        *[line for line in summary(standard_project.run()) if line.startswith("least accurate of those right: 1")],
        "11 special points never visited by the points given (search=True looks there):",
        "  sine: zero at 0 of y (sin) at mine.py:24, and 1 more",
        "  squares: edge at 0, 2 of power at mine.py:9, and 1 more",
        "  loss: tail at 20 of h (tanh) at model.py:10, and 6 more",
    ]


def test_functions_of_one_name_are_told_apart(project):
    body = """
import numpy as np

def test_two(gradcheck):
    gradcheck(lambda x: np.abs(x) ** 3, grad=lambda x: 3 * x * np.abs(x), at=(1.5,))
    gradcheck(lambda x: np.tanh(x), grad=lambda x: 1 / np.cosh(x) ** 2, at=(0.5,))
"""
    project.write(tests__test_two=body)
    told = [line for line in summary(project.run("tests")) if line.startswith("  <lambda>: ")]
    assert len(told) == 2
    assert "2 gradients: 2 right" in summary(project.run("tests"))


def test_there_is_no_summary_where_nothing_was_checked(project):
    project.write(tests__test_plain="def test_nothing():\n    pass\n")
    result = project.run("tests")
    result.stdout.no_fnmatch_line("*gradient checks*")
    assert result.parseoutcomes() == {"passed": 1}


SLOW = """
import time

CALLS = []

def slow(x):
    time.sleep(0 if CALLS else 0.2)
    CALLS.append(None)
    return x

def test_it(gradcheck):
    gradcheck(slow, grad=lambda x: 1.0, at=(1.5,))
"""


@pytest.mark.parametrize("mode", ["load", *(pytest.param(m, marks=pytest.mark.slow) for m in ("loadfile", "worksteal"))])
def test_workers_count_what_one_process_counts_and_times_are_flagged(standard_project, mode):
    standard_project.write(tests__test_long=SLOW)
    alone = standard_project.run("--gradcheck-mutate")
    shared = standard_project.apart("--gradcheck-mutate", "-n", "2", "--dist", mode)
    assert shared.parseoutcomes() == alone.parseoutcomes()
    assert summary(shared) == summary(alone)
    assert any(line.startswith("mistakes planted: ") for line in summary(alone))
    shared.stdout.fnmatch_lines(["slowest: *test_long*timed while 2 workers shared the machine"])
    alone.stdout.fnmatch_lines(["slowest: *test_long.py::test_it*"])


@pytest.mark.parametrize("mode", ["prepend", "append", "importlib"])
def test_every_import_mode_works(standard_project, mode):
    assert standard_project.run(f"--import-mode={mode}").parseoutcomes() == {"failed": 1, "passed": 6}


def test_properties_reach_junit(standard_project):
    standard_project.run("--junitxml=out.xml")
    tests = {t.get("name"): t for t in ET.parse(standard_project.pytester.path / "out.xml").iter("testcase")}
    properties = {name: {p.get("name"): p.get("value") for p in t.iter("property")} for name, t in tests.items()}
    assert properties["test_nothing"] == {}
    assert properties["test_wrong"]["gradcheck.outcome"] == "wrong"
    assert properties["test_right"]["gradcheck.outcome"] == "right"
    assert float(properties["test_right"]["gradcheck.digits"]) > 12
    assert int(properties["squares"]["gradcheck.operations"]) == 5
    assert json.loads(properties["test_wrong"]["gradcheck"])["kinds"][0] == "missing-factor"


DRAWS = """
import numpy as np
from gradcheck import Real

def f(x):
    print("at", x[0])
    return np.sum(x**2)

def test_it(gradcheck):
    gradcheck(f, grad=lambda x: 2 * x, domain={"x": Real(2)})
    assert False
"""


def test_points_are_the_same_unless_a_seed_is_given(project, monkeypatch):
    project.write(tests__test_draws=DRAWS)

    def drawn(*arguments: str) -> list[str]:
        return re.findall(r"^at (\S+)$", project.run("tests", *arguments).stdout.str(), re.M)[:1]

    first, other = drawn(), drawn("--gradcheck-seed=7")
    assert drawn() == first != other == drawn("--gradcheck-seed", "7")
    monkeypatch.setenv("GRADCHECK_SEED", "7")
    assert drawn() == other
    assert drawn("--gradcheck-seed=0") == first


@pytest.mark.parametrize("seed, said", [("-1", "--gradcheck-seed=-1: expected a whole number"), ("x", "invalid int value")])
def test_a_seed_that_is_none_is_refused(standard_project, seed, said):
    result = standard_project.run(f"--gradcheck-seed={seed}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert said in result.stderr.str()


def test_the_plugin_can_be_left_out(project):
    project.write(tests__test_plain="def test_nothing():\n    pass\n\ndef test_uses(gradcheck):\n    pass\n")
    result = project.apart("-p", "no:gradcheck", "tests")
    assert result.parseoutcomes()["passed"] == 1
    result.stdout.fnmatch_lines(["*fixture 'gradcheck' not found"])


@pytest.mark.skipif(importlib.util.find_spec("pytest_cov") is None, reason="pytest-cov is not installed: nothing measures coverage")
@pytest.mark.slow
def test_coverage_is_measured(standard_project):
    result = standard_project.apart("--cov=model", "--cov-report=term", "tests")
    assert result.parseoutcomes() == {"failed": 1, "passed": 2}
    result.stdout.fnmatch_lines(["model.py * 100%"])


def test_the_help_teaches(standard_project):
    text = standard_project.run("--help").stdout.str()
    for option in ("--gradcheck-report=DIR", "--gradcheck-seed=N", "--gradcheck-mutate", "gradcheck_cases (linelist)"):
        assert option in text
    assert "@pytest.mark.gradcheck(points=, search=, order=, digits=)" in standard_project.run("--markers").stdout.str()


HEAVY = ("numpy", "sympy", "pandas", "scipy", "flint", "gradcheck.testing", "gradcheck.verdicts", "gradcheck.circuit", "click")


def test_an_idle_plugin_loads_nothing_heavy(pytester):
    pytester.makepyfile(
        f"""
        import sys

        def test_nothing():
            assert "gradcheck.pytest_plugin" in sys.modules
            assert [name for name in {HEAVY!r} if name in sys.modules] == []
        """
    )
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly"],
        cwd=pytester.path,
        capture_output=True,
        text=True,
        env=environment,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stdout


def test_without_a_cache_nothing_is_kept_and_all_works(standard_project):
    assert standard_project.run("-p", "no:cacheprovider").parseoutcomes() == {"failed": 1, "passed": 6}
    assert not (standard_project.pytester.path / ".pytest_cache").exists()


def test_expected_failures_and_skips_are_left_alone(project):
    body = """
        import pytest
        from model import AT, forgets, gradient, loss

        @pytest.mark.xfail(strict=True)
        def test_known(gradcheck):
            gradcheck(loss, grad=forgets, at=AT)

        @pytest.mark.xfail
        def test_mended(gradcheck):
            gradcheck(loss, grad=gradient, at=AT)

        def test_skipped(gradcheck):
            gradcheck(loss, grad=gradient, at=AT)
            pytest.skip("later")
        """
    project.write(tests__test_marks=textwrap.dedent(body))
    assert project.run("tests", "-v").parseoutcomes() == {"xfailed": 1, "xpassed": 1, "skipped": 1}


BAD_SETTINGS = {
    "environment": (None, "many", "ERROR: environment GRADCHECK_SEED"),
    "file": ('[tool.gradcheck]\nseed = "x"\n', None, "ERROR: pyproject.toml: [[]tool.gradcheck[]] seed = 'x': expected int"),
    "unknown": ("[tool.gradcheck]\nsed = 1\n", None, "ERROR: pyproject.toml: *sed*"),
}


@pytest.mark.parametrize(("file", "environment", "message"), BAD_SETTINGS.values(), ids=BAD_SETTINGS)
def test_a_setting_at_fault_ends_the_run_once_and_not_every_test(project, monkeypatch, file, environment, message):
    project.write(ini="[pytest]\npythonpath = .\n", pyproject=file or "", tests__test_it="def test_it(gradcheck):\n    pass\n" * 2)
    if environment is not None:
        monkeypatch.setenv("GRADCHECK_SEED", environment)
    result = project.run("tests")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([message + "*"])
    assert not result.outlines  # no test ran
