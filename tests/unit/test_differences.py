"""Finite differences: right within their own error claim, counted, inside the domain, and open about what they cannot do."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from gradcheck.domains import Real
from gradcheck.gradients.differences import Differences
from gradcheck.gradients.method import Gradient, Refused, problem_of, untraced
from gradcheck.gradients.truth import certify

CENTRAL, FORWARD = Differences(), Differences(central=False, name="forward-differences")
LINE = np.linspace(-2.0, 2.0, 5)


def problem(function, *at, domains=None, argnums=None):
    return problem_of(function, at, tuple(range(len(at))) if argnums is None else argnums, domains)


def flat(arrays):
    return np.concatenate([np.ravel(a) for a in arrays])


def truth(asked):
    return flat(certify(asked).floats())


FUNCTIONS = [
    pytest.param(lambda x: np.sin(x), (1.0,), id="sin"),
    pytest.param(lambda x: np.exp(x), (700.0,), id="huge exp"),
    pytest.param(lambda x: np.exp(-x), (700.0,), id="tiny exp"),
    pytest.param(lambda x: x**3, (1e-5,), id="cube near 0"),
    pytest.param(lambda x: x * x, (0.0,), id="square at 0"),
    pytest.param(lambda x: 3.0 * x, (0.0,), id="line at 0"),
    pytest.param(lambda x: 0.0 * x + 1.0, (3.0,), id="constant"),
    pytest.param(lambda x: np.abs(x), (1e-7,), id="beside a kink"),
    pytest.param(lambda x: 1.0 / x, (-1e-6,), id="beside a pole"),
    pytest.param(lambda x, y: x * y, (np.float64(2.0), np.float64(-3.0)), id="product"),
    pytest.param(lambda x, y: np.sum(x * y), (np.ones(3), 2.0), id="vector and scalar"),
    pytest.param(lambda x: np.sum(np.tanh(x) * x), (LINE,), id="tanh net"),
    pytest.param(lambda x: special.logsumexp(x), (LINE * 10,), id="logsumexp"),
    pytest.param(lambda x: np.sum(x @ x.T), (LINE.reshape(1, 5) @ np.ones((5, 2)) + 1,), id="matrix"),
    pytest.param(lambda x: np.log(x), (1e-3,), id="log"),
    pytest.param(lambda x: np.sum(np.sin(x)), (LINE.astype(np.float32),), id="float32"),
    pytest.param(lambda x, y: x * y, (np.float32(1.5), 2.5), id="float32 and float64"),
]


@pytest.mark.parametrize("function, at", FUNCTIONS)
@pytest.mark.parametrize("method", [CENTRAL, FORWARD], ids=lambda m: m.name)
def test_the_error_claim_contains_the_truth(function, at, method):
    asked = problem(function, *at)
    found = method.gradient(asked)
    assert isinstance(found, Gradient)
    assert (np.abs(flat(found.entries) - truth(asked)) <= flat(found.error)).all()


@pytest.mark.parametrize(
    "method, digits",
    [
        pytest.param(CENTRAL, 9, id="central, extrapolated"),
        pytest.param(FORWARD, 7, id="forward, extrapolated"),
        pytest.param(Differences(extrapolate=False), 8, id="central"),
        pytest.param(Differences(central=False, extrapolate=False), 6, id="forward"),
    ],
)
def test_the_digits_each_order_reaches(method, digits):
    asked = problem(lambda x: np.sum(np.sin(x) * np.exp(x / 3)), np.array([0.3, 1.1, 2.0]))
    found = method.gradient(asked)
    worst = float(np.max(np.abs(flat(found.entries) / truth(asked) - 1)))
    assert worst < 10.0**-digits


@pytest.mark.parametrize("method", [CENTRAL, FORWARD], ids=lambda m: m.name)
def test_the_error_claim_is_worth_something(method):
    asked = problem(lambda x: np.sin(x), 1.0)
    assert flat(method.gradient(asked).error)[0] < 1e-5


def test_without_extrapolation_no_error_is_claimed():
    assert Differences(extrapolate=False).gradient(problem(np.sin, 1.0)).error is None


@pytest.mark.parametrize("size", [1, 2, 7])
@pytest.mark.parametrize(
    "central, evaluations",
    [pytest.param(False, lambda n: n + 1, id="forward l + 1"), pytest.param(True, lambda n: 2 * n, id="central 2 l")],
)
def test_evaluations_of_the_plain_methods(size, central, evaluations):
    found = Differences(central=central, extrapolate=False).gradient(problem(lambda x: np.sum(x * x), np.linspace(1.0, 2.0, size)))
    assert found.evaluations == evaluations(size)


@pytest.mark.parametrize("method", [CENTRAL, FORWARD, Differences(extrapolate=False)], ids=lambda m: m.name)
def test_evaluations_are_those_that_happened(method):
    """Counted by the function itself."""
    calls = []

    def counted(x):
        calls.append(x)
        return np.sum(x * x)

    asked = problem(counted, np.ones(3))
    calls.clear()
    assert method.gradient(asked).evaluations == len(calls)


def recorded(function, at, domain, method):
    """Every x the raw function was given."""
    seen = []

    def spied(x):
        seen.append(np.array(x, dtype=float))
        return function(x)

    method.gradient(untraced(spied, (at,), (0,)).__class__(spied, (at,), (0,), None, function(at), {0: domain}))
    return np.concatenate([np.ravel(x) for x in seen])


EDGES = [
    pytest.param(np.float64(1e-9), Real(low=0), id="near 0"),
    pytest.param(np.float64(5e-324), Real(low=0), id="smallest float"),
    pytest.param(np.float64(1.0 - 2**-40), Real(low=0, high=1), id="near 1"),
    pytest.param(np.nextafter(1.0, 2.0), Real(low=1), id="the float next to the bound"),
    pytest.param(np.nextafter(1.0, 0.0), Real(high=1), id="the float below the bound"),
    pytest.param(np.float64(1.0 + 2**-30), Real(low=1, high=1 + 2**-29), id="a narrow interval"),
    pytest.param(np.array([1e-12, 0.5, 1 - 1e-12]), Real(3, low=0, high=1), id="vector"),
    pytest.param(np.float32(1e-6), Real(low=0), id="float32"),
    pytest.param(np.float64(-1e-9), Real(high=0), id="negative"),
]


@pytest.mark.parametrize("at, domain", EDGES)
@pytest.mark.parametrize("method", [CENTRAL, FORWARD, Differences(extrapolate=False)], ids=lambda m: f"{m.name}-{m.extrapolate}")
def test_steps_stay_inside_the_domain(at, domain, method):
    seen = recorded(lambda x: np.sum(x * x), at, domain, method)
    assert (seen > domain.low).all()
    assert (seen < domain.high).all()


def test_steps_leave_no_trace_in_the_arguments():
    x = np.array([1.0, 2.0])
    CENTRAL.gradient(problem(lambda x: np.sum(x * x), x))
    assert x.tolist() == [1.0, 2.0]


@pytest.mark.parametrize("method", [CENTRAL, FORWARD], ids=lambda m: m.name)
def test_where_the_function_is_not_finite_the_step_shrinks(method):
    """log is NaN to the left of 0, and without a domain nobody said so."""

    def walled(x):
        return np.where(np.abs(x - 1.0) < 1e-6, np.sin(x), np.nan)[()]

    asked = untraced(walled, (1.0,), (0,))
    found = method.gradient(asked)
    assert isinstance(found, Gradient)
    assert abs(float(found.entries[0]) - np.cos(1.0)) <= float(found.error[0]) < 1e-2


REFUSALS = [
    pytest.param(lambda x: np.log(x), (-1.0,), "the function is not finite at the point: nan", id="at the point"),
    pytest.param(lambda x: np.where(x == 1.0, 1.0, np.nan)[()], (1.0,), "the function is not finite next to the point", id="next to it"),
    pytest.param(lambda x: 1.0 / x, (0.0,), "the function is not finite at the point: inf", id="pole"),
]


@pytest.mark.parametrize("function, at, reason", REFUSALS)
@pytest.mark.parametrize("method", [CENTRAL, FORWARD], ids=lambda m: m.name)
def test_refusals_say_why(function, at, reason, method):
    with np.errstate(all="ignore"):
        found = method.gradient(untraced(function, at, (0,)))
    assert isinstance(found, Refused)
    assert found.method == method.name
    assert found.reason.startswith(reason)


def test_only_the_chosen_arguments_are_moved():
    seen = []

    def spied(x, n, y):
        seen.append((x, n))
        return x * n * y

    asked = untraced(spied, (2.0, 3, 5.0), (2,))
    found = CENTRAL.gradient(asked)
    assert set(seen) == {(2.0, 3)}
    assert float(found.entries[0]) == pytest.approx(6.0, rel=1e-9)


def test_entries_have_the_shapes_of_the_arguments():
    found = CENTRAL.gradient(problem(lambda a, b, c: np.sum(a @ b) * c, np.ones((2, 3)), np.ones(3), 2.0))
    assert [np.shape(e) for e in found.entries] == [np.shape(e) for e in found.error] == [(2, 3), (3,), ()]


def test_the_same_point_gives_the_same_estimate():
    first, second = (CENTRAL.gradient(problem(lambda x: np.sum(np.tanh(x)), LINE)) for _ in range(2))
    assert np.array_equal(first.entries[0], second.entries[0])
    assert np.array_equal(first.error[0], second.error[0])
