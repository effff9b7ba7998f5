"""Mistake or rounding: neighbours on the same smooth piece, deviations that persist, mistakes the tolerance would hide."""

from __future__ import annotations

import numpy as np
import pytest

from gradcheck import check
from gradcheck.gradients.method import problem_of
from gradcheck.gradients.truth import certify
from gradcheck.verdicts import persistence
from gradcheck.verdicts.judge import judge, standard
from gradcheck.verdicts.persistence import FEWEST, NEIGHBOURS, _neighbours, _systematic
from gradcheck.verdicts.pieces import decisions

X = np.array([0.3, -1.2, 2.0])


def problem(function, *at):
    return problem_of(function, at, tuple(range(len(at))))


# pieces
def branch(x):
    return x**2 if x > 0 else -x


PIECES = [
    pytest.param(lambda x: np.abs(x), (1.0,), (2.0,), (-1.0,), id="abs"),
    pytest.param(branch, (1.0,), (2.0,), (-1.0,), id="branch"),
    pytest.param(lambda x: np.where(x > 1, x, x**2), (2.0,), (3.0,), (0.5,), id="where"),
    pytest.param(lambda x: np.max(x), (np.array([1.0, 2.0]),), (np.array([5.0, 6.0]),), (np.array([2.0, 1.0]),), id="max of a vector"),
    pytest.param(lambda x, y: np.maximum(x, y), (1.0, 2.0), (-3.0, 2.0), (3.0, 2.0), id="maximum"),
    pytest.param(lambda x: np.sum(np.maximum(x, 0)), (X,), (2 * X,), (-X,), id="relu"),
    pytest.param(lambda x: np.clip(x, 0.0, 1.0), (0.5,), (0.6,), (1.5,), id="clip"),
    pytest.param(lambda x: x * np.floor(x), (1.2,), (1.7,), (2.1,), id="floor"),
    pytest.param(lambda x: np.sum(np.maximum(x, np.array([1.0, -1.0, 0.0]))), (X,), (X * 1.1,), (X + 1,), id="elementwise"),
]


@pytest.mark.parametrize("function, here, same, other", PIECES)
def test_points_of_one_piece_are_told_from_points_of_another(function, here, same, other):
    assert decisions(problem(function, *here)) == decisions(problem(function, *same))
    assert decisions(problem(function, *here)) != decisions(problem(function, *other))


def test_a_smooth_function_has_one_piece():
    assert decisions(problem(lambda x: np.sum(np.sin(x)), X)) == ()


# neighbours
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_neighbours_are_near_but_not_adjacent(dtype):
    at = X.astype(dtype)
    unit = float(np.finfo(dtype).eps) / 2
    near = list(_neighbours(problem(lambda x: np.sum(np.sin(x)), at), np.dtype(dtype)))
    assert len(near) == NEIGHBOURS
    for p in near:
        (x,) = p.inputs
        moved = np.abs(x.astype(float) / at.astype(float) - 1)
        assert x.dtype == dtype
        assert (moved >= 2**11 * unit).all()
        assert (moved <= max(2.0**-9, 2**21 * unit)).all()


def recorded(monkeypatch, function, gradient, at):
    """The points at which the claim is repeated after a doubtful verdict."""
    asked = problem(function, *at)
    seen = []

    def again(p):
        seen.append(p)
        return (gradient(p.inputs[0]) * (1 + 1e-9),)

    found = judge((gradient(asked.inputs[0]) * (1 + 1e-9),), standard(asked, certify(asked)), again=again)
    return asked, seen, found


@pytest.mark.parametrize("distance", [1e-13, 1e-8, 1e-5, 1e-4])
def test_neighbours_never_cross_a_kink(monkeypatch, distance):
    """x |x - 1| just right of its kink."""
    asked, seen, found = recorded(monkeypatch, lambda x: np.abs(x - 1) * x, lambda x: 2 * x - 1, (1 + distance,))
    assert all(float(p.inputs[0]) > 1 for p in seen)
    assert all(decisions(problem(p.function, *p.arguments)) == decisions(asked) for p in seen)
    assert found.outcome == "wrong"


def test_a_plain_mistake_shows_at_the_first_neighbours(monkeypatch):
    _, seen, found = recorded(monkeypatch, lambda x: np.abs(x - 1) * x, lambda x: 2 * x - 1, (2.0,))
    assert (len(seen), found.outcome) == (FEWEST, "wrong")


def test_far_from_kinks_every_neighbour_serves_where_rounding_may_be_at_work(monkeypatch):
    rng = np.random.default_rng(0)
    _, seen, found = recorded(monkeypatch, lambda x: np.abs(x - 1) * x, lambda x: (2 * x - 1) * (1 + 1e-9 * rng.standard_normal()), (2.0,))
    assert len(seen) == NEIGHBOURS
    assert found.outcome == "right"


def test_without_the_piece_the_kink_would_be_crossed(monkeypatch):
    """The twin of the test above: a judge blind to pieces repeats the claim on both sides."""
    monkeypatch.setattr(persistence, "decisions", lambda p: ())
    _, seen, _ = recorded(monkeypatch, lambda x: np.abs(x - 1) * x, lambda x: 2 * x - 1, (1 + 1e-8,))
    assert any(float(p.inputs[0]) < 1 for p in seen)


# systematic or erratic
RNG = np.random.default_rng(7)
NOISE = RNG.uniform(-1.0, 1.0, 16)
TABLES = [
    pytest.param(np.ones(16), True, id="constant"),
    pytest.param(NOISE, False, id="noise"),
    pytest.param(1000 * NOISE, False, id="large noise"),
    pytest.param(NOISE + 10, True, id="noise about something"),
    pytest.param(NOISE + 0.5, False, id="noise about too little to tell"),
    pytest.param(np.zeros(16), False, id="nothing"),
    pytest.param(np.where(np.arange(16) == 3, np.nan, NOISE), True, id="NaN"),
    pytest.param(np.where(np.arange(16) == 3, 1e9, 1.0 + 1e-3 * NOISE), True, id="constant with one outlier"),
    pytest.param(np.where(np.arange(16) == 3, 1e9, NOISE), False, id="noise with one outlier"),
    pytest.param(-(NOISE + 10), True, id="negative"),
]


@pytest.mark.parametrize("column, systematic", TABLES)
def test_what_is_systematic(column, systematic):
    assert _systematic(column[:, None]).tolist() == [systematic]


def test_columns_are_tested_one_by_one():
    assert _systematic(np.stack([NOISE, np.ones(16), NOISE + 50], axis=1)).tolist() == [False, True, True]


def test_noise_is_hardly_ever_called_systematic():
    rng = np.random.default_rng(0)
    assert not _systematic(rng.uniform(-1, 1, (16, 20_000))).any()
    assert not _systematic(rng.standard_normal((16, 20_000))).any()


# mistakes within the tolerance
def remainder(x):
    return (np.exp(x) - 1 - x) / x**2


def remainder_gradient(x):
    """The Taylor series: 1/6 + x/12 + x**2/40 + x**3/180 + x**4/1008, exact to rounding for x below 1e-2."""
    terms = [1 / 6, 1 / 12, 1 / 40, 1 / 180, 1 / 1008, 1 / 6720, 1 / 51840]
    return sum(c * x**k for k, c in enumerate(terms))


@pytest.mark.parametrize("x", [1e-3, 1.7e-3, 3e-3])
def test_the_accurate_gradient_is_right_where_the_tape_loses_digits(x):
    verdict = check(remainder, remainder_gradient, (x,))
    assert (verdict.outcome, verdict.kinds) == ("right", ())
    assert verdict.judgement.accuracy.digits[0] > 14


@pytest.mark.parametrize("x", [1e-3, 1.7e-3, 3e-3])
@pytest.mark.parametrize("off", [1e-8, -1e-9])
def test_a_mistake_that_the_tape_s_rounding_would_hide_is_found(x, off):
    asked = problem(remainder, x)
    by = standard(asked, certify(asked))
    claim = (remainder_gradient(x) * (1 + off),)
    assert abs(claim[0] - by.truth.floats()[0]) < by.tolerance[0]  # hidden indeed
    assert check(remainder, lambda x: remainder_gradient(x) * (1 + off), (x,)).outcome == "wrong"


@pytest.mark.parametrize("x", [1e-3, 3e-3])
def test_the_naive_gradient_there_is_rounding_not_a_mistake(x):
    def naive(x):
        return (np.exp(x) - 1) / x**2 - 2 * (np.exp(x) - 1 - x) / x**3

    verdict = check(remainder, naive, (x,))
    assert verdict.outcome == "right" or verdict.kinds == ("precision",), str(verdict)


@pytest.mark.parametrize("count", [0, 1, 5])
def test_a_claim_that_breaks_off_is_not_excused(count):
    asked = problem(lambda x: np.sum(np.sin(x)), X)
    calls = []

    def breaks_off(p):
        calls.append(p)
        return (np.cos(p.inputs[0]),) if len(calls) <= count else None

    claim = (np.cos(X) * (1 + 1e-9),)
    assert judge(claim, standard(asked, certify(asked)), again=breaks_off).outcome == "wrong"
    assert len(calls) == count + 1
