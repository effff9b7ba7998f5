"""NumPy and SciPy functions followed as compositions of records: the trace is NumPy's value, and all methods agree on the gradient."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from gradcheck import TraceError, check, compare, grad, trace
from gradcheck.circuit import Floats, interpret
from gradcheck.primitives.composed import COMPOSED

X = np.array([0.3, -1.2, 2.0, 0.7, -0.4, 1.1])
M = X.reshape(2, 3)
P = np.array([0.2, 0.5, 0.3])
Q = np.array([0.4, 0.35, 0.25])
CALLS = [
    (np.tile, lambda x: np.tile(x, 2), X), (np.tile, lambda x: np.tile(x, (2, 2)), M), (np.rot90, np.rot90, M), (np.flipud, np.flipud, M),
    (np.fliplr, np.fliplr, M), (np.tril, lambda x: np.tril(x, -1), M), (np.triu, np.triu, M), (np.diag, np.diag, M), (np.diag, np.diag, P),
    (np.diagflat, np.diagflat, P), (np.diagonal, np.diagonal, M), (np.delete, lambda x: np.delete(x, 1), X), (np.resize, lambda x: np.resize(x, 8), X),
    (np.pad, lambda x: np.pad(x, 2), X), (np.pad, lambda x: np.pad(x, (1, 2), mode="edge"), X), (np.pad, lambda x: np.pad(x, 1, mode="reflect"), M),
    (np.append, lambda x: np.append(x, x[:2]), X), (np.column_stack, lambda x: np.column_stack([x, x**2]), X), (np.dstack, lambda x: np.dstack([x, x]), M),
    (np.split, lambda x: np.split(x, 3)[1] * 2, X), (np.array_split, lambda x: np.array_split(x, 4)[0], X),
    (np.take_along_axis, lambda x: np.take_along_axis(x, np.array([[0, 2], [1, 1]]), 1), M), (np.argsort, lambda x: x[np.argsort(x)], X),
    (np.sort, np.sort, X), (np.sort, lambda x: np.sort(x, axis=0), M), (np.partition, lambda x: np.partition(x, 2), X), (np.median, np.median, X),
    (np.median, lambda x: np.median(x, axis=1), M), (np.quantile, lambda x: np.quantile(x, 0.3), X), (np.percentile, lambda x: np.percentile(x, 80), X),
    (np.ptp, np.ptp, X), (np.diff, np.diff, X), (np.diff, lambda x: np.diff(x, n=2), X), (np.diff, lambda x: np.diff(x, axis=0), M),
    (np.average, lambda x: np.average(x, weights=np.arange(1.0, 7.0)), X), (np.average, lambda x: np.average(x, axis=1, weights=P), M),
    (np.trapezoid, lambda x: np.trapezoid(x, dx=0.5), X), (np.trapezoid, lambda x: np.trapezoid(x, np.array([0.0, 1.0, 4.0])), M),
    (np.polyval, lambda x: np.polyval(np.array([1.0, -2.0, 0.5]), x), X), (np.polyval, lambda x: np.polyval(x, 0.7), X),
    (np.tensordot, lambda x: np.tensordot(x, x, axes=([0, 1], [0, 1])), M), (np.tensordot, lambda x: np.tensordot(x, x, axes=((0,), (0,))), M),
    (np.kron, lambda x: np.kron(x, P), X), (np.kron, lambda x: np.kron(x, M), M), (np.cross, lambda x: np.cross(x, P), M),
    (np.convolve, lambda x: np.convolve(x, P), X), (np.convolve, lambda x: np.convolve(P, x, mode="valid"), X),
    (np.convolve, lambda x: np.convolve(x, P, mode="same"), X), (np.vdot, lambda x: np.vdot(x, x), M), (np.copysign, lambda x: np.copysign(x, -1.0), X),
    (np.copysign, lambda x: np.copysign(x, x[::-1]), X), (np.sinc, np.sinc, X), (np.rad2deg, np.rad2deg, X), (np.degrees, np.degrees, X),
    (np.deg2rad, np.deg2rad, X), (np.radians, np.radians, X), (np.heaviside, lambda x: x * np.heaviside(x, 0.5), X), (special.entr, special.entr, P),
    (special.rel_entr, lambda x: special.rel_entr(x, Q), P), (special.kl_div, lambda x: special.kl_div(Q, x), P),
    (special.xlog1py, lambda x: special.xlog1py(x, x), P), (special.log_expit, special.log_expit, X), (special.betaln, lambda x: special.betaln(x, 1.5), P),
    (special.exprel, special.exprel, X),
    (special.beta, lambda x: special.beta(x, 1.5), P), (np.select, lambda x: np.select([x > 1, x > 0], [x**2, x], -x), X),
    (np.piecewise, lambda x: np.piecewise(x, [x < 0, x >= 1], [np.sin, 2.0, np.exp]), X), (np.nan_to_num, np.nan_to_num, X),
    (np.gradient, np.gradient, X), (np.gradient, lambda x: np.gradient(x, 0.5), X),
]  # fmt: skip
CASES = [pytest.param(call, at, id=f"{function.__name__} {i}") for i, (function, call, at) in enumerate(CALLS)]


def weighed(call):
    def function(x):
        result = call(x)
        return np.sum(result * np.cos(np.arange(np.size(result)).reshape(np.shape(result))))

    return function


def test_every_composed_function_is_tried() -> None:
    assert {function for function, _, _ in CALLS} == set(COMPOSED)


@pytest.mark.parametrize("call, at", CASES)
def test_the_trace_gives_numpys_value(call, at) -> None:
    (value,) = interpret(trace(call, at), Floats(), (at,))
    assert np.shape(value) == np.shape(call(at))
    np.testing.assert_allclose(value, call(at), rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize("call, at", CASES)
def test_all_methods_agree(call, at) -> None:
    found = compare(weighed(call), at)
    assert found.outcome == "right", str(found)


@pytest.mark.parametrize("call, at", CASES)
def test_a_factor_is_noticed(call, at) -> None:
    function = weighed(call)
    verdict = check(function, lambda x: grad(function)(x) * (1 + 1e-9), (at,))
    assert verdict.outcome == "wrong"


METHODS = [
    pytest.param(lambda x: np.multiply.outer(x, M), X, id="outer"),
    pytest.param(lambda x: np.arctan2.outer(x, P), X, id="outer of a binary function"),
    pytest.param(np.maximum.accumulate, X, id="running maximum"),
    pytest.param(lambda x: np.minimum.accumulate(x, axis=1), M, id="running minimum"),
    pytest.param(np.logaddexp.accumulate, X, id="running log-sum-exp"),
    pytest.param(np.logaddexp.reduce, X, id="log-sum-exp"),
    pytest.param(lambda x: np.logaddexp.reduce(x, axis=1), M, id="log-sum-exp of rows"),
    pytest.param(special.gamma, P, id="gamma"),
    pytest.param(special.log_ndtr, X, id="log_ndtr"),
]


@pytest.mark.parametrize("call, at", METHODS)
def test_methods_of_ufuncs_and_further_records(call, at) -> None:
    (value,) = interpret(trace(call, at), Floats(), (at,))
    np.testing.assert_allclose(value, call(at), rtol=1e-14, atol=1e-15)
    found = compare(weighed(call), at)
    assert found.outcome == "right", str(found)


@pytest.mark.parametrize(
    "function, point, outcome",
    [
        pytest.param(np.sort, np.array([1.0, 2.0, 2.0]), "kink", id="equal elements"),
        pytest.param(np.median, np.array([1.0, 2.0, 2.0]), "kink", id="a median among equals"),
        pytest.param(lambda x: np.partition(x, 1)[1], np.array([0.35, 0.82, 0.33, 0.33]), "kink", id="the second of equals"),
        pytest.param(lambda x: np.partition(x, 2)[2], np.array([0.35, 0.82, 0.33, 0.33]), "right", id="beside equals"),
        pytest.param(np.median, np.array([1.0, 2.0, 2.0, 3.0]), "right", id="the mean of two equals"),
        pytest.param(np.median, np.array([1.0, 2.0, 4.0]), "right", id="a median"),
        pytest.param(np.sinc, np.array([0.0, 1.0]), "right", id="sinc at 0"),
    ],
)
def test_special_points(function, point, outcome) -> None:
    weighing = weighed(function)
    assert check(weighing, grad(weighing), (point,)).outcome == outcome


def test_an_order_is_a_decision_that_a_kept_trace_watches() -> None:
    largest = grad(lambda x: np.sort(x)[-1])
    assert [largest(x).tolist() for x in (X[:3], X[:3], X[[2, 0, 1]])] == [[0, 0, 1], [0, 0, 1], [1, 0, 0]]


@pytest.mark.parametrize(
    "function, message",
    [
        pytest.param(lambda x: np.pad(x, 1, constant_values=2.0), "pad with zeros", id="pad"),
        pytest.param(lambda x: np.quantile(x, [0.1, 0.2]), "one q", id="several quantiles"),
        pytest.param(lambda x: np.cross(x[:2], x[:2]), "three components", id="cross in the plane"),
    ],
)
def test_what_is_not_followed_says_so(function, message) -> None:
    with pytest.raises(TraceError, match=message):
        trace(function, X)
