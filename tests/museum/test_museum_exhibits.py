"""The museum's exhibits: every rule as it was is refuted, every rule as it should be accepted, at the stated points; and what the others said is of these exhibits."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gradcheck import check, load_cases

MUSEUM = Path(__file__).parents[2] / "cases" / "museum"
FOUND = load_cases(MUSEUM)
QUICK = ("atan2_signs", "bessel_i0", "cumulated_product_again", "largest", "sigmoid_tail", "added_row")
SEARCHED = ("bessel_i1", "digamma_of_negatives", "largest_of_columns", "hypot_swapped")


def marked(name):
    return pytest.param(name, marks=() if name in QUICK else pytest.mark.slow)


ALL = [marked(c.name) for c in FOUND]


@pytest.fixture(scope="module")
def said():
    return json.loads((MUSEUM / "checkers.json").read_text())


def rules(case):
    return next(c for c in case.claimed if c.expect == "wrong"), next(c for c in case.claimed if c.expect != "wrong")


def test_there_are_enough_each_with_a_source_and_both_rules():
    assert FOUND.problems == ()
    assert len(FOUND) >= 50
    for case in FOUND:
        assert case.exhibit is not None, case.name
        assert any(mark in case.exhibit.source for mark in ("#", "commit", "CS231n")), case.name
        assert len(case.claimed) == 2, case.name
        assert sorted(c.expect == "wrong" for c in case.claimed) == [False, True], case.name
        assert case.summary, case.name


def test_the_exhibits_are_of_many_libraries_and_kinds():
    assert len({c.exhibit.library for c in FOUND}) >= 15
    assert len({c.exhibit.kind for c in FOUND}) >= 20


@pytest.mark.parametrize("name", ALL)
def test_the_rule_as_it_was_is_refuted(name):
    case = FOUND.named(name)
    was, _ = rules(case)
    verdict = check(case, was.function)
    assert verdict.outcome == "wrong"
    assert not set(was.kinds) - set(verdict.kinds)


@pytest.mark.parametrize("name", ALL)
def test_the_rule_as_it_should_be_is_accepted_at_every_point(name):
    case = FOUND.named(name)
    _, mended = rules(case)
    for point in case.at:
        verdict = check(case, mended.function, at=[point])
        assert verdict.ok, (point, str(verdict))
    assert check(case, mended.function).outcome == mended.expect


@pytest.mark.slow
@pytest.mark.parametrize("name", [c.name for c in FOUND])
def test_the_right_rule_is_accepted_by_a_search_that_knows_no_point(name):
    bare = replace(FOUND.named(name), at=())
    assert check(bare, rules(bare)[1].function, search=True).ok


@pytest.mark.parametrize("name", [c.name if c.name in SEARCHED[:1] else pytest.param(c.name, marks=pytest.mark.slow) for c in FOUND])
def test_what_a_search_finds_is_what_was_recorded(name, said):
    bare = replace(FOUND.named(name), at=())
    verdict = check(bare, rules(bare)[0].function, search=True)
    recorded = said["exhibits"][name]["gradcheck"]["search"]
    assert verdict.outcome == recorded["wrong"]
    assert bool([f for f in verdict.findings if verdict.ok]) == bool(recorded["remarks"])


def test_what_checkers_said_is_of_these_exhibits(said):
    assert set(said["exhibits"]) == {c.name for c in FOUND}
    names = [c["name"] for c in said["checkers"]]
    assert names == ["torch", "jax", "autograd", "scipy", "numdifftools"]
    assert all(c["version"] and c["settings"] for c in said["checkers"])
    for by in said["exhibits"].values():
        assert list(by) == [*names, "gradcheck"]
        for found in by.values():
            assert (found["random"]["points"], found["target"]["points"]) == (said["points"], 1)


def test_gradcheck_tells_every_mistake_at_its_point(said):
    for name, by in said["exhibits"].items():
        assert by["gradcheck"]["target"] == {"points": 1, "wrong_refused": 1, "right_refused": 0, "told": 1}, name
        assert by["gradcheck"]["random"]["right_refused"] == 0, name


def test_random_points_hide_mistakes_from_the_others(said):
    others = [c["name"] for c in said["checkers"]]
    blind = [n for n, by in said["exhibits"].items() if not any(by[c]["random"]["told"] for c in others)]
    assert len(blind) >= 15


@pytest.mark.parametrize("package", ["scipy"])
def test_a_checkers_answer_is_measured_again(package, said):
    """One that is always installed, on two exhibits: the file was not written by hand."""
    spec = importlib.util.spec_from_file_location("museum_benchmark", MUSEUM.parents[1] / "benchmarks" / "museum.py")
    benchmark = importlib.util.module_from_spec(spec)
    import sys

    sys.modules[spec.name] = benchmark
    try:
        spec.loader.exec_module(benchmark)
        checker = next(c for c in benchmark.CHECKERS if c.name == package)
        for name in ("atan2_signs", "bessel_i0"):
            assert benchmark.measured(checker, FOUND.named(name)) == said["exhibits"][name][package]
    finally:
        del sys.modules[spec.name]


def test_both_rules_agree_away_from_the_mistake():
    """An exhibit that shows at one point alone: its rules are the same rule elsewhere."""
    for name in ("bessel_i0", "bessel_i1", "product_with_a_zero", "absolute_value", "largest"):
        case = FOUND.named(name)
        was, mended = (np.asarray(c.function(*case.at[0])) for c in rules(case))
        np.testing.assert_allclose(was, mended, rtol=1e-12)
