"""The matrix: pins from lower bounds, Pythons that are found, what a check accepts, tables."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from releasing import checks, pins, pythons, result, telling
from releasing.environment import Place, answered
from releasing.result import Combination, Outcome, Result

PROJECT = {
    "name": "sample",
    "dependencies": ["a>=1.0; python_version < '3.13'", "a>=2.1 ; python_version >= '3.13'", "b_c>=0.7, <3"],
    "optional-dependencies": {"few": ["d[x,y]>=2025.1"], "more": ["e>=1"], "all": ["sample[few,more]"]},
}


@pytest.mark.parametrize(
    "extras, wanted",
    [
        ([], ["a==1.0 ; python_version < '3.13'", "a==2.1 ; python_version >= '3.13'", "b_c==0.7"]),
        (["few"], ["d==2025.1"]),
        (["all"], ["d==2025.1", "e==1"]),
    ],
)
def test_lower_bounds_become_pins(extras, wanted):
    assert pins.lowest(PROJECT, extras)[0 if not extras else 3 :] == wanted


@pytest.mark.parametrize("line", ["a", "a<2", "a==1", "a>1", "a>=1,>=2", "a @ file:///a.whl"])
def test_a_requirement_that_promises_nothing_is_refused(line):
    with pytest.raises(ValueError, match="pyproject.toml"):
        pins.lowest({"name": "sample", "dependencies": [line]})


def test_every_requirement_of_ours_has_a_lower_bound(root):
    found = pins.lowest(pins.project_of(root), ["all", "dev"])
    assert len(found) > 25
    assert all("==" in line for line in found)


def test_pythons_are_found_by_asking_them(tmp_path, monkeypatch):
    here = "{}.{}".format(*sys.version_info)
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    found = pythons.found([here, "3.99"], [sys.executable])
    assert found["3.99"] is None
    assert found[here][1].startswith(f"{here}.")


def test_a_program_by_the_name_of_a_python_is_none(tmp_path, monkeypatch):
    """The twin: a shim that fails, as pyenv's do for versions that are not chosen."""
    shim = tmp_path / "python3.99"
    shim.write_text("#!/bin/sh\nexit 127\n")
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    assert pythons.found(["3.99"], [str(shim)]) == {"3.99": None}


@pytest.fixture
def place(tmp_path):
    (tmp_path / "work").mkdir()
    return Place(tmp_path, Path("uv"), "error")


@pytest.mark.parametrize(
    "code, prints, exits, fault",
    [
        ("print('yes')", "yes", 0, ""),
        ("print('no')", "yes", 0, "'yes' is missing"),
        ("print('yes'); raise SystemExit(3)", "yes", 0, "exit code 3 instead of 0"),
        ("print('yes')", "yes", 1, "exit code 0 instead of 1"),
        ("import warnings; warnings.warn('old', DeprecationWarning); print('yes')", "yes", 0, "exit code 1 instead of 0"),
        ("import time; time.sleep(9)", "", 0, "not done after 1 s"),
    ],
)
def test_a_check_is_held_to_its_exit_code_its_text_and_its_warnings(place, code, prints, exits, fault):
    said = answered(checks.Check("sample", (sys.executable, "-c", code), prints, exits, seconds=1 if "sleep" in code else 60), place)
    assert said.startswith(fault)
    assert bool(said) == bool(fault)


PASSED = Combination("3.11.7", "newest", "wheel", (("numpy", "2.4.0"),), (Outcome("version", True, 0.1),))
FAILED = replace(PASSED, python="3.12.1", outcomes=(Outcome("version", True, 0.1), Outcome("run", False, 0.2, "exit code 4\nwhy")))


def test_a_table_tells_what_passed_failed_and_was_skipped():
    text = telling.table(Result("1.0.0", (PASSED, FAILED), ("3.14",)))
    assert "| 3.11.7 | newest | wheel | 1/1 | passed |" in text
    assert "| 3.12.1 | newest | wheel | 1/2 | FAILED |" in text
    assert "| 3.14 | any | any | 0 | SKIPPED: no interpreter |" in text
    assert "3.12.1, newest, wheel: run\n\n    exit code 4\n    why" in text


@pytest.mark.parametrize("combinations", [(), (FAILED,), (PASSED, FAILED), (replace(PASSED, outcomes=()),)])
def test_what_failed_or_was_not_tried_has_not_passed_and_makes_no_page(combinations):
    made = Result("1.0.0", combinations)
    assert not made.passed
    with pytest.raises(ValueError, match="makes no page"):
        telling.page(made)


def test_results_are_completed_elsewhere(tmp_path):
    old, new = (
        Result("1.0.0", (PASSED, FAILED), ("3.14",)),
        Result("1.0.0", (replace(PASSED, python="3.12.1"), replace(PASSED, python="3.14.0"))),
    )
    (tmp_path / "a.json").write_text(result.text_of(old))
    both = result.merged(result.read(tmp_path / "a.json"), new)
    assert [c.python for c in both.combinations] == ["3.11.7", "3.12.1", "3.14.0"]
    assert both.passed
    assert both.skipped == ()
    with pytest.raises(ValueError, match="begin a new file"):
        result.merged(old, replace(new, version="1.0.1"))


def test_the_page_of_supported_versions_is_what_was_recorded(root):
    known = result.read(root / "docs/reference/supported-versions.json")
    assert (root / "docs/reference/supported-versions.md").read_text() == telling.page(known), "run `make matrix`"
    tried = {c.key for c in known.combinations}
    supported = set(pythons.supported(pins.project_of(root))) - set(known.skipped)
    assert {(p, d, "wheel") for p in supported for d in ("lowest", "newest")} <= tried
    assert any(kind == "sdist" for _, _, kind in tried)


def test_the_lowest_that_were_tried_are_the_lowest_that_are_promised(root):
    """A bound that is changed asks for another matrix."""
    packaging = pytest.importorskip("packaging.requirements")
    for c in result.read(root / "docs/reference/supported-versions.json").combinations:
        if c.dependencies != "lowest":
            continue
        versions = {name.replace("_", "-"): version for name, version in c.installed}
        for line in pins.lowest(pins.project_of(root), ["all"]):
            wanted = packaging.Requirement(line)
            if wanted.marker is None or wanted.marker.evaluate({"python_version": c.python.rpartition(".")[0]}):
                assert wanted.specifier.contains(versions[wanted.name.lower()]), (c.python, line)
