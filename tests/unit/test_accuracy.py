"""Measured accuracy and the tolerance that rounding explains."""

from __future__ import annotations

import numpy as np
import pytest
from flint import arb

from gradcheck.arithmetic.enclosures import precision
from gradcheck.gradients.method import problem_of
from gradcheck.gradients.tape import Tape
from gradcheck.gradients.truth import certify
from gradcheck.verdicts.accuracy import measure
from gradcheck.verdicts.judge import judge, standard
from gradcheck.verdicts.tolerance import tolerances, unit_roundoff, value_tolerance


def one(claim, truth, dtype=np.float64):
    return measure((np.array([claim]),), (np.array([arb(truth)], dtype=object),), np.dtype(dtype), 128)


ACCURACY = [
    pytest.param(1.0, 1.0, 0.0, 15.95, id="exact"),
    pytest.param(1.0 + 2**-52, 1.0, 1.0, 15.65, id="one-ulp"),
    pytest.param(2.0, 1.0, 2.0**52, 0.0, id="all-wrong"),
    pytest.param(1.001, 1.0, 4.5e12, 3.0, id="three-digits"),
    pytest.param(-1.0, 1.0, 2.0**53, 0.0, id="sign"),
    pytest.param(0.0, 0.0, 0.0, 15.95, id="zero"),
    pytest.param(1e-9, 0.0, 4.5e6, 9.0, id="near-zero"),
]


@pytest.mark.parametrize(("claim", "truth", "ulp", "digits"), ACCURACY)
def test_ulp_and_digits(claim, truth, ulp, digits) -> None:
    found = one(claim, truth)
    assert found.ulp[0] == pytest.approx(ulp, rel=0.02)
    assert found.digits[0] == pytest.approx(digits, abs=0.02)


def test_float32_counts_in_its_own_units() -> None:
    found = one(1.0 + 2.0**-23, 1.0, np.float32)
    assert found.ulp[0] == 1.0
    assert found.digits[0] == pytest.approx(6.92, abs=0.02)


@pytest.mark.parametrize("claim", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_has_no_correct_digit(claim) -> None:
    assert one(claim, 1.0).digits[0] == 0.0


def test_zero_entries_are_measured_by_the_largest() -> None:
    found = measure((np.array([1e-9, 1e3]),), (np.array([arb(0), arb(1000)], dtype=object),), np.dtype(float), 128)
    assert found.digits[0] == pytest.approx(12.0, abs=0.01)
    assert found.worst == 0


def test_error_is_signed_and_finer_than_floats() -> None:
    with precision(200):
        above = arb(1) + arb(2) ** -80
    assert one(1.0, above).error[0] == -(2.0**-80)


def problem(function, *point):
    return problem_of(function, point, tuple(range(len(point))))


RIGHT = [
    pytest.param(lambda x: np.sum(np.tanh(x) ** 2), (np.linspace(-3, 3, 20),), id="tanh"),
    pytest.param(lambda x: np.log(np.sum(np.exp(x - np.max(x)))) + np.max(x), (np.array([1.0, 2.0, 30.0]),), id="log-sum-exp"),
    pytest.param(lambda x: np.prod(x), (np.linspace(0.5, 1.5, 100),), id="product"),
    pytest.param(lambda x: np.sum(np.cumsum(x) ** 2), (np.array([1e8, 1.0, -1e8]),), id="cancelling-sum"),
    pytest.param(lambda w: (np.array([1e8, 1.0, -1e8]) @ w - 1.0) ** 2, (np.array([1.0, 1e-8, 1.0 + 2**-40]),), id="cancelling-product"),
    pytest.param(lambda w: np.mean(w) ** 2, (np.array([1e12, 1.0, -1e12]),), id="cancelling-mean"),
    pytest.param(
        lambda x: np.sum(x[np.zeros(50, int)] * np.sin(np.arange(50.0) * x[0])), (np.array([2.0]),), id="many-writes-to-one-place"
    ),
    pytest.param(lambda x: np.sum((x - np.mean(x)) ** 2), (np.linspace(1e6, 1e6 + 1, 10),), id="offset"),
    pytest.param(lambda x: np.sum(np.sin(x) * x), (np.linspace(-3, 3, 20, dtype=np.float32),), id="float32"),
    pytest.param(lambda x: np.exp(-x), (745.0,), id="subnormal"),
]


@pytest.mark.parametrize(("function", "point"), RIGHT)
def test_a_right_gradient_stays_within_what_rounding_explains(function, point) -> None:
    posed = problem(function, *point)
    found = judge(Tape().gradient(posed).entries, standard(posed, certify(posed)))
    assert (found.outcome, found.kinds) == ("right", ())


@pytest.mark.parametrize(("function", "point"), RIGHT[:3])
def test_the_tolerance_is_not_wide_either(function, point) -> None:
    posed = problem(function, *point)
    (allowed,), (true,) = tolerances(posed), certify(posed).floats()
    assert (allowed <= 1e-11 * np.max(np.abs(true))).all()


def test_exact_gradients_are_allowed_next_to_nothing() -> None:
    (allowed,) = tolerances(problem(lambda x: np.sum(x[[2, 0, 1]]), np.arange(3.0)))
    assert (allowed <= 33 * 2.0**-53).all()


def test_the_unit_follows_the_precision() -> None:
    coarse, fine = (tolerances(problem(lambda x: np.sum(np.sin(x)), np.ones(3, t)))[0] for t in (np.float32, np.float64))
    assert unit_roundoff(np.float32) == 2.0**-24
    assert coarse.max() / fine.max() == pytest.approx(2.0**29, rel=0.01)


def test_a_value_has_a_tolerance_too() -> None:
    function = lambda x: np.sum(x)  # noqa: E731
    assert value_tolerance(problem(function, np.array([1e8, 1.0, -1e8]))) > 1e-8
    assert value_tolerance(problem(function, np.array([1.0, 1.0, 1.0]))) < 1e-12
