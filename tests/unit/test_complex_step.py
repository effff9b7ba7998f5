"""The complex step: exact to rounding where every operation is analytic, a refusal naming the operation elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from gradcheck.gradients.complex_step import ComplexStep
from gradcheck.gradients.method import Gradient, Refused, problem_of
from gradcheck.gradients.truth import certify

LINE = np.linspace(-2.0, 2.0, 5)


def problem(function, *at):
    return problem_of(function, at, tuple(range(len(at))))


def flat(arrays):
    return np.concatenate([np.ravel(a) for a in arrays])


ANALYTIC = [
    pytest.param(lambda x: np.sin((x + 1) ** 2), (1.0,), id="sine of square"),
    pytest.param(lambda x: np.exp(x) / x, (-1e-3,), id="beside a pole"),
    pytest.param(lambda x: np.sum(np.tanh(x) * x), (LINE,), id="tanh"),
    pytest.param(lambda w, x: np.sum(np.log(1.0 + np.exp(w @ x))), (np.outer(LINE, LINE), LINE), id="softplus layer"),
    pytest.param(lambda x, y: x**y, (2.5, -1.5), id="power"),
    pytest.param(lambda x: np.prod(x), (np.array([2.0, 0.0, 3.0]),), id="product with a zero"),
    pytest.param(lambda x: np.sqrt(x), (1e-300,), id="root near 0"),
    pytest.param(lambda x: np.log(x), (2e-308,), id="log near the smallest float"),
    pytest.param(lambda x: x * x, (0.0,), id="square at 0"),
    pytest.param(lambda x: 0.0 * x, (1.0,), id="zero"),
]


@pytest.mark.parametrize("function, at", ANALYTIC)
def test_it_agrees_with_the_truth_to_rounding(function, at):
    asked = problem(function, *at)
    found = ComplexStep().gradient(asked)
    true = flat(certify(asked).floats())
    assert np.allclose(flat(found.entries), true, rtol=1e-13, atol=1e-290)
    assert found.error is None


@pytest.mark.parametrize("size", [1, 3, 10])
def test_one_evaluation_for_every_input(size):
    calls = []

    def counted(x):
        calls.append(x)
        return np.sum(x * x)

    asked = problem(counted, np.ones(size))
    calls.clear()
    assert ComplexStep().gradient(asked).evaluations == len(calls) == size


REFUSALS = [
    pytest.param(lambda x: np.abs(x), (1.0,), "not analytic: y (absolute) at ", id="abs"),
    pytest.param(lambda x: np.maximum(x, 0.0) ** 2, (1.0,), "", id="maximum"),
    pytest.param(lambda x: np.sign(x) * x, (1.0,), "not analytic: sign at ", id="sign"),
    pytest.param(lambda x: np.floor(x) * x, (1.5,), "not analytic: floor at ", id="floor"),
    pytest.param(lambda x: np.var(x), (LINE,), "not analytic: y (var) at ", id="variance"),
    pytest.param(lambda x: np.sin(x), (np.float32(1.0),), "only float64 has the room for so small a step", id="float32"),
    pytest.param(lambda x: special.gammaln(x), (1.5,), "", id="gammaln"),
    pytest.param(lambda x: np.arctan2(x, 2.0), (1.5,), "the function does not take complex numbers: ", id="arctan2"),
]


@pytest.mark.parametrize("function, at, reason", REFUSALS)
def test_what_is_not_analytic_is_refused_or_right(function, at, reason):
    """NumPy gives some functions a complex form and others none; either way, no wrong number comes out."""
    asked = problem(function, *at)
    found = ComplexStep().gradient(asked)
    if reason:
        assert isinstance(found, Refused)
        assert found.reason.startswith(reason)
    elif isinstance(found, Gradient):
        assert np.allclose(flat(found.entries), flat(certify(asked).floats()), rtol=1e-13)


def test_a_refusal_names_the_line():
    found = ComplexStep().gradient(problem(lambda x: np.abs(x), 1.0))
    assert "test_complex_step.py:" in found.reason


def test_arguments_are_left_alone():
    x = np.ones(3)
    ComplexStep().gradient(problem(lambda x: np.sum(x * x), x))
    assert x.dtype == np.float64
    assert x.tolist() == [1.0, 1.0, 1.0]
