"""Exhibits that are none: each must be refused, or make the run fail."""

from __future__ import annotations

import json
import textwrap

import pytest
from click.testing import CliRunner

from gradcheck import CaseError, Real, UsageError, case, exhibit, load_cases
from gradcheck.cli import main
from gradcheck.studies.museum import museum
from gradcheck.studies.running import run

TOLD = {"library": "Lib", "source": "lib/lib#1", "bug": "a sign", "shows": "everywhere", "kind": "sign"}

TEXT = """
from gradcheck import Real, case, exhibit

@exhibit(library="Lib", source="lib/lib#1", bug="a sign", shows="everywhere", kind="sign")
@case(x=Real(), at=[(2.0,)])
def cube(x):
    return x**3

@cube.claimed_gradient
def mended(x):
    return {mended}

@cube.claimed_gradient(expect="wrong")
def as_it_was(x):
    return {was}
"""


def made():
    @case(x=Real())
    def cube(x):
        return x**3

    return cube


def ran(folder, **rules):
    (folder / "a.py").write_text(textwrap.dedent(TEXT.format(**rules)))
    result = CliRunner().invoke(main, ["run", str(folder / "a.py")])
    return result.exit_code, result.output


def test_an_exhibit_as_it_should_be_is_taken(tmp_path):
    """The twins differ from this one in one thing each."""
    assert exhibit(**TOLD)(made()).exhibit.source == "lib/lib#1"
    assert ran(tmp_path, mended="3 * x**2", was="-3 * x**2")[0] == 0


def test_a_wrong_rule_that_is_right_fails_the_run(tmp_path):
    code, said = ran(tmp_path, mended="3 * x**2", was="3 * x * x")
    assert code == 1
    assert "0 of 1 cases as stated" in said


def test_a_right_rule_that_is_wrong_fails_the_run(tmp_path):
    assert ran(tmp_path, mended="3 * x", was="-3 * x**2")[0] == 1


def test_the_study_of_a_museum_that_is_not_as_stated_is_not_met(tmp_path):
    ran(tmp_path, mended="3 * x**2", was="3 * x * x")
    study = museum(run(load_cases(tmp_path)))
    assert [s.verdict for s in study.statements] == ["refuted", "shown"]
    assert not study.met


@pytest.mark.parametrize("word", sorted(TOLD))
def test_an_exhibit_that_leaves_something_empty_is_refused(word):
    with pytest.raises(CaseError, match=f"exhibit cube: {word}='' is empty"):
        exhibit(**TOLD | {word: ""})(made())


def test_an_exhibit_without_a_source_is_told_what_a_source_is(tmp_path):
    (tmp_path / "a.py").write_text(TEXT.format(mended="3 * x**2", was="-x").replace('source="lib/lib#1"', 'source=" "'))
    result = CliRunner().invoke(main, ["run", str(tmp_path / "a.py")])
    assert result.exit_code == 3
    assert "exhibit cube: source=' ' is empty: say where the mistake is told of, such as 'pytorch/pytorch#773'" in result.stderr
    assert len(result.stderr.strip().splitlines()) <= 2


@pytest.mark.parametrize("along", [("y", 0, 0.0, 1.0), ("x", 0, 1.0, 0.0), ("x", 0, 1.0)])
def test_a_stretch_that_does_not_fit_is_refused(along):
    with pytest.raises(CaseError, match="exhibit cube: along="):
        exhibit(**TOLD, along=along)(made())


def test_what_is_no_case_is_no_exhibit():
    with pytest.raises(CaseError, match="write @exhibit"):
        exhibit(**TOLD)(lambda x: x)


@pytest.mark.parametrize(
    "text",
    ["{", "[]", json.dumps({"checkers": [], "points": 1}), json.dumps({"checkers": [], "points": 1, "exhibits": {"cube": {"torch": {}}}})],
)
def test_answers_of_checkers_that_cannot_be_read_are_named(tmp_path, text):
    ran(tmp_path, mended="3 * x**2", was="-3 * x**2")
    (tmp_path / "checkers.json").write_text(text)
    with pytest.raises(UsageError, match=r"checkers\.json: cannot be read as what checkers said"):
        museum(run(load_cases(tmp_path)))
