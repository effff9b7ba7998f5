"""The judge: entries against truth and tolerance, method errors against their own claims, kinks against both sides."""

from __future__ import annotations

import numpy as np
import pytest

from gradcheck.gradients.method import problem_of
from gradcheck.gradients.truth import certify
from gradcheck.verdicts.judge import judge, standard
from gradcheck.verdicts.tolerance import tolerances, unit_roundoff

X = np.array([0.3, -1.2, 2.0])


def problem(function, *at):
    return problem_of(function, at, tuple(range(len(at))))


def standard_of(function, *at):
    asked = problem(function, *at)
    return standard(asked, certify(asked))


def wave(x):
    return np.sum(np.sin(x) * x)


def wave_gradient(x):
    return np.sin(x) + x * np.cos(x)


def test_a_right_gradient():
    found = judge((wave_gradient(X),), standard_of(wave, X))
    assert (found.outcome, found.entries, found.kinds) == ("right", ("right",) * 3, ())
    assert found.accuracy.digits.min() > 15


@pytest.mark.parametrize("entry", range(3))
@pytest.mark.parametrize("off", [1e-3, 1e-8, 1e-12])
def test_one_wrong_entry_is_named(entry, off):
    claim = wave_gradient(X)
    claim[entry] *= 1 + off
    found = judge((claim,), standard_of(wave, X))
    assert found.outcome == "wrong"
    assert [i for i, e in enumerate(found.entries) if e == "wrong"] == [entry] == [found.accuracy.worst]
    assert found.accuracy.relative[entry] == pytest.approx(off, rel=1e-2)
    assert found.accuracy.digits[entry] == pytest.approx(-np.log10(off), abs=0.01)


@pytest.mark.parametrize("ulps, outcome", [(0, "right"), (1, "right"), (4, "right"), (10_000, "wrong")])
def test_a_few_ulp_are_rounding(ulps, outcome):
    claim = np.float64(np.cos(1.0))
    found = judge((claim + ulps * np.spacing(claim),), standard_of(lambda x: np.sin(x), 1.0))
    assert found.outcome == outcome
    assert found.accuracy.ulp[0] == pytest.approx(ulps, abs=1)


@pytest.mark.parametrize("off, outcome", [(1e-6, "right"), (1e-3, "wrong")])
def test_the_coarser_precision_of_claim_and_arguments_counts(off, outcome):
    by = standard_of(wave, X)
    assert judge(((wave_gradient(X) * (1 + off)).astype(np.float32),), by).outcome == outcome
    assert judge((wave_gradient(X) * (1 + off),), by).outcome == "wrong"


# methods with an error claim of their own
APPROXIMATE = [
    pytest.param(1e-6, 1e-5, "right", id="within the claim"),
    pytest.param(1e-4, 1e-5, "wrong", id="beyond the claim"),
    pytest.param(0.9, 10.0, "undecided", id="a claim that says nothing"),
    pytest.param(1e-6, 10.0, "right", id="a wide claim, yet good"),
    pytest.param(0.0, 0.0, "right", id="exact"),
    pytest.param(1e-6, np.inf, "right", id="no bound, yet good"),
    pytest.param(0.9, np.inf, "undecided", id="no bound"),
    pytest.param(0.9, np.nan, "wrong", id="a claim that is no number excuses nothing"),
]


@pytest.mark.parametrize("off, claimed, outcome", APPROXIMATE)
def test_an_approximation_is_held_to_its_own_claim(off, claimed, outcome):
    by = standard_of(lambda x: np.sin(x), 1.0)
    assert judge((np.float64(np.cos(1.0) * (1 + off)),), by, error=(np.float64(claimed),)).outcome == outcome


# repetition
def test_what_persists_is_wrong_and_what_is_erratic_is_rounding():
    by = standard_of(wave, X)

    def persists(p):
        return (wave_gradient(p.inputs[0]) * (1 + 1e-9),)

    rng = np.random.default_rng(0)

    def erratic(p):
        return (wave_gradient(p.inputs[0]) * (1 + 1e-9 * rng.uniform(-1, 1, 3)),)

    claim = (wave_gradient(X) * (1 + 1e-9),)
    assert judge(claim, by, again=persists).outcome == "wrong"
    found = judge(claim, by, again=erratic)
    assert (found.outcome, found.kinds) == ("right", ("precision",))
    assert judge(claim, by).outcome == "wrong"


def test_a_claim_that_cannot_be_repeated_is_not_excused():
    claim = (wave_gradient(X) * (1 + 1e-9),)
    assert judge(claim, standard_of(wave, X), again=lambda p: None).outcome == "wrong"


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_is_wrong_even_if_erratic(value):
    claim = wave_gradient(X)
    claim[1] = value
    found = judge((claim,), standard_of(wave, X), again=lambda p: (wave_gradient(p.inputs[0]),))
    assert (found.outcome, found.kinds) == ("wrong", ("nonfinite",))
    assert found.entries == ("right", "wrong", "right")


# kinks
@pytest.mark.parametrize("claim, outcome", [(-1.0, "kink"), (1.0, "kink"), (0.25, "kink"), (1.0 + 1e-9, "wrong"), (-2.0, "wrong")])
def test_kinks(claim, outcome):
    assert judge((np.float64(claim),), standard_of(lambda x: np.abs(x), 0.0)).outcome == outcome


def test_a_difference_at_a_kink_may_be_as_far_off_as_it_says():
    by = standard_of(lambda x: np.abs(x), 0.0)
    assert judge((np.float64(1.001),), by, error=(np.float64(0.01),)).outcome == "kink"
    assert judge((np.float64(1.001),), by, error=(np.float64(1e-6),)).outcome == "wrong"


# the tolerance
@pytest.mark.parametrize(
    "function, at",
    [
        pytest.param(wave, X, id="wave"),
        pytest.param(lambda x: np.prod(np.cos(x)), X, id="product"),
        pytest.param(lambda x: np.log(np.sum(np.exp(x))), X, id="softmax"),
    ],
)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_tolerance_is_small_and_covers_the_tape(function, at, dtype):
    asked = problem(function, at.astype(dtype))
    (allowed,) = tolerances(asked)
    by = standard(asked, certify(asked))
    (true,) = by.truth.floats()
    from gradcheck.gradients.tape import Tape

    (tape,) = Tape().gradient(asked).entries
    assert (np.abs(tape.astype(np.float64) - true) <= allowed / 4).all()
    assert (allowed <= 1000 * unit_roundoff(dtype) * np.max(np.abs(true))).all()
    assert 1 <= by.allowed_ulp() < 1e4


def test_the_tolerance_is_the_same_every_time():
    first, second = (tolerances(problem(wave, X))[0] for _ in range(2))
    assert first.tolist() == second.tolist()


def test_an_exact_gradient_allows_no_more_than_its_rounding():
    (allowed,) = tolerances(problem(lambda x: 3.0 * x, 1.0))
    assert allowed < 64 * 3.0 * 2.0**-53
    assert judge((np.float64(3.0 * (1 + 1e-13)),), standard_of(lambda x: 3.0 * x, 1.0)).outcome == "wrong"


def test_zero_needs_no_tolerance():
    by = standard_of(lambda x: 0.0 * x, 1.0)
    assert judge((np.float64(0.0),), by).outcome == "right"
    assert judge((np.float64(1e-300),), by).outcome == "wrong"
