"""Looking up in tables: np.interp, np.searchsorted, np.digitize; and incomplete beta and gamma functions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from gradcheck import TraceError, check, grad, trace
from gradcheck.circuit import Floats, interpret

KNOTS, HEIGHTS = np.array([0.0, 1.0, 2.0, 4.0]), np.array([1.0, 3.0, -1.0, 0.5])
SLOPES = np.concatenate([[0.0], np.diff(HEIGHTS) / np.diff(KNOTS), [0.0]])
INSIDE = np.array([0.5, 1.5, 3.0, -1.0, 5.0])


def line(x):
    return np.sum(np.interp(x, KNOTS, HEIGHTS) ** 2)


def slope(x):
    return 2 * np.interp(x, KNOTS, HEIGHTS) * SLOPES[np.searchsorted(KNOTS, x, side="right")]


def one_further(x):
    return 2 * np.interp(x, KNOTS, HEIGHTS) * SLOPES[np.minimum(np.searchsorted(KNOTS, x, side="right") + 1, 4)]


@pytest.mark.parametrize("x", [0.5, 0.0, 1.0, 4.0, -3.0, 9.0, 3.999, INSIDE, KNOTS])
@pytest.mark.parametrize("options", [{}, {"left": -2.0}, {"right": 8.0}, {"left": 0.0, "right": 0.0}])
def test_the_trace_of_interp_is_interp(x, options):
    def function(x):
        return np.interp(x, KNOTS, HEIGHTS, **options)

    (value,) = interpret(trace(function, x), Floats(), (x,))
    np.testing.assert_allclose(value, function(x), rtol=4e-16)


@pytest.mark.parametrize(
    "function, gradient, point, outcome",
    [
        pytest.param(line, slope, (INSIDE,), "right", id="between knots"),
        pytest.param(line, one_further, (INSIDE,), "wrong", id="the next interval"),
        pytest.param(line, slope, (np.array([0.5, 1.0]),), "kink", id="on a knot, from the right"),
        pytest.param(line, lambda x: slope(x - 1e-9) + slope(x), (np.array([1.0, 1.0]),), "kink", id="between the sides"),
        pytest.param(line, lambda x: 2 * slope(x), (np.array([1.0]),), "wrong", id="outside what the sides allow"),
        pytest.param(lambda f: np.interp(0.3, KNOTS, f) ** 2, lambda f: 2 * np.interp(0.3, KNOTS, f) * np.array([0.7, 0.3, 0, 0]), (HEIGHTS,), "right", id="in the heights"),
        pytest.param(lambda x: np.array([1.0, 4.0, 9.0])[np.digitize(x, [0.0, 1.0])] * x, lambda x: 4.0, (0.5,), "right", id="digitize"),
        pytest.param(lambda x: special.betainc(2.5, 1.5, x), lambda x: x**1.5 * np.sqrt(1 - x) / special.beta(2.5, 1.5), (0.3,), "right", id="betainc"),
        pytest.param(lambda x: special.betainc(2.5, 1.5, x), lambda x: x**1.5 * np.sqrt(1 - x) / special.beta(1.5, 2.4), (0.3,), "wrong", id="betainc, another beta"),
        pytest.param(lambda x: special.gammainc(2.5, x), lambda x: x**1.5 * np.exp(-x) / special.gamma(2.5), (0.3,), "right", id="gammainc"),
        pytest.param(lambda x: special.gammaincc(2.5, x), lambda x: x**1.5 * np.exp(-x) / special.gamma(2.5), (0.3,), "wrong", id="gammaincc, sign"),
        pytest.param(lambda a: special.betainc(a, 1.5, 0.3), lambda a: 1.0, (2.5,), "wrong", id="in a parameter: a black box"),
    ],
)  # fmt: skip
def test_gradients(function, gradient, point, outcome):
    verdict = check(function, gradient, point)
    assert verdict.outcome == outcome, str(verdict)


def test_an_interval_is_a_decision_that_a_kept_trace_watches():
    gradient = grad(lambda x: np.interp(x, KNOTS, HEIGHTS))
    assert [float(gradient(x)) for x in (0.5, 0.6, 1.5, 3.0, 0.5)] == [2.0, 2.0, -4.0, 0.75, 2.0]


@pytest.mark.parametrize(
    "function, message",
    [
        pytest.param(lambda x: special.betainc(x, 1.5, 0.3), "no closed form", id="betainc in a"),
        pytest.param(lambda x: special.gammainc(np.arange(1.0, 400.0), x).sum(), "up to 256", id="hundreds of parameters"),
        pytest.param(lambda x: np.interp(x, KNOTS, HEIGHTS, period=3.0), "period", id="interp with a period"),
        pytest.param(lambda x: np.searchsorted(KNOTS, x, sorter=np.arange(4)) * x, "sort the table", id="sorter"),
        pytest.param(lambda x: np.digitize(x, KNOTS[::-1]) * x, "turn them round", id="decreasing bins"),
    ],
)
def test_what_is_not_followed_says_what_to_do(function, message):
    with pytest.raises(TraceError, match=message):
        trace(function, 1.5)
