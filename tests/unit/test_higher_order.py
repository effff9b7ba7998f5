"""Derivatives of derivatives: each derivative written into the trace that is under way."""

from __future__ import annotations

import numpy as np
import pytest

from gradcheck import grad, hvp, jacobian, trace, value_and_grad

X, V = np.array([0.3, 0.7, -1.2]), np.array([1.0, -0.5, 2.0])


def bend(x):
    return np.sum(np.sin(x) * x**3) + (x[0] * x[1] if x[0] > 0 else x[0])


def hessian_of_bend(x):
    h = np.diag(-np.sin(x) * x**3 + 6 * np.cos(x) * x**2 + 6 * x * np.sin(x))
    h[0, 1] = h[1, 0] = 1.0 if x[0] > 0 else 0.0
    return h


@pytest.mark.parametrize("x", [X, -X])
def test_the_hessian_in_three_ways(x):
    expected = hessian_of_bend(x)
    np.testing.assert_allclose(jacobian(grad(bend))(x), expected, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(grad(lambda x: grad(bend)(x) @ V)(x), expected @ V, rtol=1e-12)
    np.testing.assert_allclose(grad(lambda x: value_and_grad(bend)(x)[1] @ V)(x), hvp(bend)(x, V), rtol=1e-12)


@pytest.mark.parametrize("order", range(1, 6))
def test_any_order(order):
    f = np.sin
    for _ in range(order):
        f = grad(f)
    assert float(f(0.5)) == pytest.approx(np.sin(0.5 + order * np.pi / 2), rel=1e-12)


def test_a_branch_of_the_inner_function_is_guarded_in_the_outer_trace():
    slope = grad(lambda x: grad(bend)(x)[0])
    assert len(trace(grad(bend), X).guards) == 1
    np.testing.assert_allclose(slope(X), hessian_of_bend(X)[0], rtol=1e-12)
    np.testing.assert_allclose(slope(-X), hessian_of_bend(-X)[0], rtol=1e-12)


def product(a, b):
    return a**2 * b**3


@pytest.mark.parametrize(
    "derivative, expected",
    [
        pytest.param(grad(lambda x, y: grad(product)(x, y), 1), 6 * 2.0 * 3.0**2, id="inner in one argument, outer in the other"),
        pytest.param(grad(lambda x, y: hvp(product)(x, y, x), 1), 2 * 2.0 * 3 * 3.0**2, id="a product whose direction is traced"),
        pytest.param(
            grad(lambda x, y: np.sum(jacobian(lambda t: np.outer(t, t))(y * np.ones(2))) * x), 16 * 3.0 / 2, id="through a Jacobian"
        ),
    ],
)
def test_mixed_arguments(derivative, expected):
    assert float(derivative(2.0, 3.0)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("factor", [np.array(2.0), np.float64(2.0), 2.0])
def test_a_constant_may_be_an_array_without_axes(factor):
    assert float(grad(lambda x: factor * (x * factor) * np.array(3.0))(1.5)) == 12.0


def test_a_derivative_of_a_derivative_follows_what_its_function_reads():
    weight = 2.0

    def function(x):
        return weight * x**3

    second = grad(grad(function))
    assert [float(second(1.0)) for _ in range(3)] == [12.0] * 3
    weight = 5.0
    assert [float(second(1.0)) for _ in range(3)] == [30.0] * 3


def test_a_wrapper_is_not_taken_for_the_derivative_it_wraps():
    from functools import wraps

    factor = [1.0]
    slope = grad(lambda x: x**3)

    @wraps(slope)
    def wrapper(x):
        return factor[0] * slope(x)

    outer = grad(wrapper)
    assert [float(outer(1.0)) for _ in range(2)] == [6.0] * 2
    factor[0] = 2.0
    assert float(outer(1.0)) == 12.0
