"""Plugins that are wrong on purpose: each loses, miscounts or forgives something, and the judges of the plugin's tests must reject it."""

from __future__ import annotations

import pytest
from plugin_project import everything_loaded, project, standard_project

from gradcheck.testing import cases, checking, collecting, gradients, record, summary

__all__ = ["everything_loaded", "project", "standard_project"]

IDS = ["cases/mine.py::squares", "cases/mine.py::squares::doubled", "cases/mine.py::squares::forgotten", "cases/mine.py::sine"]
ONE = "from gradcheck import case\n\n@case(x=1.5)\ndef {}(x):\n    return x * x\n"


def ids(result) -> list[str]:
    return [line for line in result.stdout.lines if "::" in line and " " not in line]


def all_are_collected(project):
    assert ids(project.run("--collect-only", "-q")) == IDS


def all_are_collected_elsewhere(project):
    project.write(build__hidden=ONE.format("buried"), ini="[pytest]\npythonpath = .\ngradcheck_cases =\n    cases\n    build/hidden.py\n")
    assert sorted(ids(project.run("--collect-only", "-q"))) == sorted([*IDS, "build/hidden.py::buried"])


def what_is_lost_is_told(project):
    project.write(cases__broken=ONE.format("f") + ONE.format("f"))
    assert project.run().parseoutcomes() == {"errors": 1}


def a_setting_that_names_nothing_is_told(project):
    project.write(ini="[pytest]\ngradcheck_cases = nowhere\n")
    assert project.run().ret == pytest.ExitCode.USAGE_ERROR


def what_is_wrong_fails(project):
    project.write(tests__test_it="from model import *\ndef test_it(gradcheck):\n    gradcheck(loss, grad=forgets, at=AT)\n")
    assert project.run("tests").parseoutcomes() == {"failed": 1}


def a_claim_not_as_expected_fails(project):
    project.write(cases__mine=ONE.format("f") + "@f.claimed_gradient\ndef g(x):\n    return x\n")
    assert project.run().parseoutcomes() == {"passed": 1, "failed": 1}


def everything_is_counted(project):
    body = "from model import *\ndef test_it(gradcheck):\n    for b in (1.0, 2.0):\n        gradcheck(loss, grad=gradient, at=(AT[0], b))\n"
    project.write(tests__test_it=body)
    lines = project.run().stdout.lines
    assert "1 gradient in 2 checks: 1 right" in lines
    assert "2 cases with 2 claimed gradients: all as stated" in lines


def the_worst_of_many_is_kept(project):
    body = """
def cube(x):
    return x**3

def rough(x):
    return 3 * x**2 * (1 + (1e-5 if x > 1 else 0))

def test_it(gradcheck):
    for x in (2.0, 0.5):
        gradcheck(cube, grad=rough, at=(x,), digits=4)
"""
    project.write(tests__test_it=body)
    project.run("tests").stdout.fnmatch_lines(["least accurate of those right: 5.0 digits*"])


def what_fails_is_counted_so(project):
    body = "import numpy as np\nfrom gradcheck import case\n@case(x=0.0)\ndef f(x):\n    return np.abs(x)\n@f.claimed_gradient\ndef g(x):\n    return np.sign(x)\n"
    project.write(cases__mine=body)
    assert "1 case with 1 claimed gradient: 1 not as stated" in project.run().stdout.lines


def a_loop_is_scored_as_a_whole(project):
    body = """
import numpy as np

def test_it(gradcheck):
    for x in (-1.5, 2.5):
        gradcheck(lambda x: np.abs(x) * x, grad=lambda x: 2 * np.abs(x), at=(x,))
"""
    project.write(tests__test_it=body)
    assert "survive" not in project.run("tests", "--gradcheck-mutate").stdout.str()


def nothing_right_fails(project):
    project.write(tests__test_it="from model import *\ndef test_it(gradcheck):\n    gradcheck(loss, grad=gradient, at=AT)\n")
    assert project.run().parseoutcomes() == {"passed": 5}


TWINS = {
    "the last case is dropped": (all_are_collected, collecting.CaseFile, "collect", lambda real: lambda self: list(real(self))[:-1]),
    "claimed gradients are dropped": (all_are_collected, collecting.ClaimedGradients, "collect", lambda real: lambda self: list(real(self))[:1]),
    "files are not added": (all_are_collected, collecting, "add_to_arguments", lambda real: lambda config, files: None),
    "some folders are not entered": (all_are_collected_elsewhere, collecting, "still_ignored", lambda real: lambda path, files, config, ignored: ignored),
    "folders are entered for everything": (
        all_are_collected_elsewhere,
        collecting,
        "still_ignored",
        lambda real: lambda path, files, config, ignored: ignored and "build" not in path.parts,
    ),
    "hidden cases are not looked for": (what_is_lost_is_told, None, "gradcheck.studies.collection.lost_in", lambda real: lambda module, source: []),
    "names of nothing are skipped": (a_setting_that_names_nothing_is_told, collecting, "files_named", lambda real: lambda named, root: iter(())),
    "failures are forgiven": (what_is_wrong_fails, gradients.Tested, "require", lambda real: lambda self: None),
    "errors are swallowed": (what_is_wrong_fails, checking.GradientCheck, "__call__", lambda real: swallowing(real)),
    "expectations are ignored": (a_claim_not_as_expected_fails, cases, "not_as_expected", lambda real: lambda *given: ""),
    "everything is wrong": (nothing_right_fails, gradients, "check", lambda real: lambda f, g, *given, **options: real(f, lambda *a: None, *given, **options)),
    "checks are counted twice": (everything_is_counted, None, "gradcheck.testing.checking.add_record", lambda real: twice(real)),
    "one record for each check": (everything_is_counted, None, "gradcheck.testing.checking.add_record", lambda real: appended),
    "cases are not counted": (everything_is_counted, summary, "records_of", lambda real: lambda properties: [r for r in real(properties) if r.what != "case"]),
    "a kink counts as right": (
        what_fails_is_counted_so,
        gradients.Tested,
        "record",
        lambda real: lambda self, what, seconds, expected=None: real(self, what, seconds),
    ),
    "the last score is kept": (a_loop_is_scored_as_a_whole, record, "_survived_both", lambda real: lambda old, new: new),
    "the last is kept": (the_worst_of_many_is_kept, record, "merged", lambda real: lambda old, new: new),
}  # fmt: skip


def swallowing(real):
    def call(self, *given, **options):
        try:
            return real(self, *given, **options)
        except Exception:
            return None

    return call


def twice(real):
    def add(properties, found):
        real(properties, found)
        real(properties, found)

    return add


def appended(properties, found):
    properties.append((record.PROPERTY, found.to_json()))


JUDGES = sorted({judge for judge, *_ in TWINS.values()}, key=lambda j: j.__name__)


@pytest.mark.parametrize("judge", JUDGES, ids=lambda j: j.__name__)
def test_the_plugin_passes_its_judges(project, judge):
    project.write(ini="[pytest]\ntestpaths = tests\npythonpath = .\ngradcheck_cases = cases\n")
    if judge is all_are_collected_elsewhere:
        project.write(build__test_no="def test_no():\n    pass\n")
    judge(project)


@pytest.mark.parametrize("name", TWINS)
def test_a_wrong_plugin_is_rejected(project, monkeypatch, name):
    judge, place, attribute, wrong = TWINS[name]
    if judge is all_are_collected_elsewhere:
        project.write(build__test_no="def test_no():\n    pass\n")
    if place is None:
        module, _, attribute = attribute.rpartition(".")
        place = __import__("importlib").import_module(module)
    monkeypatch.setattr(place, attribute, wrong(getattr(place, attribute)))
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        judge(project)
