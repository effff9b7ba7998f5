"""grad, value_and_grad, jacobian and hvp as plain functions: values, shapes, dtypes, argnums, errors, ownership."""

from __future__ import annotations

import re

import numpy as np
import pytest

from gradcheck import ShapeError, TraceError, UsageError, case, grad, hvp, jacobian, value_and_grad

X, W = np.array([0.5, -1.0, 2.0]), np.arange(6.0).reshape(2, 3) / 5


def energy(w, x):
    return np.sum(np.tanh(w @ x)) + np.sum(w) * x[0]


def d_energy(w, x):
    slope = 1 / np.cosh(w @ x) ** 2
    return np.outer(slope, x) + x[0], w.T @ slope + np.array([np.sum(w), 0.0, 0.0])


@pytest.mark.parametrize("calls", [1, 2, 3], ids=["traced", "compiled", "again"])
@pytest.mark.parametrize("argnums", [0, 1, (0,), (0, 1), (1, 0)])
def test_gradients_in_the_order_asked_for(argnums, calls) -> None:
    derivative, wanted = grad(energy, argnums), d_energy(W, X)
    for _ in range(calls):
        found = derivative(W, X)
    assert isinstance(found, tuple) == isinstance(argnums, tuple)
    pairs = zip(found if isinstance(argnums, tuple) else [found], argnums if isinstance(argnums, tuple) else [argnums], strict=True)
    for part, position in pairs:
        np.testing.assert_allclose(part, wanted[position], rtol=1e-14)


def test_value_and_gradient() -> None:
    value, gradient = value_and_grad(lambda x: np.sum(x * x))(X)
    assert value == 5.25
    np.testing.assert_array_equal(gradient, 2 * X)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("calls", [1, 3])
def test_shapes_and_precisions_are_the_arguments(dtype, calls) -> None:
    x, w = X.astype(dtype), W.astype(dtype)
    for _ in range(calls):
        results = {
            "grad": (grad(energy, 1)(w, x), (3,)),
            "jacobian": (jacobian(lambda x: np.sin(x)[:2] * x[1])(x), (2, 3)),
            "hvp": (hvp(lambda x: np.sum(x**3) * x[0])(x, x), (3,)),
            "hvp-of-other-precision": (hvp(lambda x: np.sum(x**3))(x, X), (3,)),
        }
    assert {k: (v.dtype, v.shape) for k, (v, _) in results.items()} == {k: (np.dtype(dtype), s) for k, (_, s) in results.items()}


def test_scalars_give_numpy_floats() -> None:
    assert isinstance(grad(lambda x: x * x)(3.0), np.float64)
    derivative = grad(lambda x: x * x)
    assert [type(derivative(3.0)) for _ in range(3)] == [np.float64] * 3


JACOBIANS = [
    pytest.param(lambda x: np.sin(x), X, np.diag(np.cos(X)), id="elementwise"),
    pytest.param(lambda x: W @ x, X, W, id="matrix"),
    pytest.param(lambda x: x.reshape(3, 1) * np.ones(2), X, np.eye(3)[:, None, :] * np.ones((2, 1)), id="matrix-result"),
    pytest.param(lambda x: np.sum(x), X, np.ones(3), id="scalar-result"),
    pytest.param(lambda x: np.stack([x, x * x]), 3.0, np.array([1.0, 6.0]), id="scalar-argument"),
]


@pytest.mark.parametrize(("function", "x", "wanted"), JACOBIANS)
def test_jacobian(function, x, wanted) -> None:
    found = jacobian(function)(x)
    assert found.shape == wanted.shape
    np.testing.assert_allclose(found, wanted, rtol=1e-15)


def test_jacobian_of_several_arguments() -> None:
    dw, dx = jacobian(lambda w, x: w @ x, (0, 1))(W, X)
    assert (dw.shape, dx.shape) == ((2, 2, 3), (2, 3))
    np.testing.assert_allclose(dw, np.eye(2)[:, :, None] * X, rtol=1e-15)


def test_hvp_is_the_hessian_times_the_vector() -> None:
    v = np.array([1.0, -2.0, 0.5])
    product = hvp(lambda x: np.sum(x**4) + x[0] * x[1])
    hessian = np.diag(12 * X**2) + np.array([[0, 1, 0], [1, 0, 0], [0, 0, 0]])
    for _ in range(3):
        np.testing.assert_allclose(product(X, v), hessian @ v, rtol=1e-14)


def test_hvp_over_several_arguments() -> None:
    dx, dy = hvp(lambda x, y: x * x * y, argnums=(0, 1))(2.0, 3.0, (1.0, 10.0))
    assert (dx, dy) == (6.0 + 40.0, 4.0)


def test_options_and_cases_pass_through() -> None:
    def function(x, *, power=2):
        return x**power

    assert grad(function)(3.0, power=3) == 27.0
    assert grad(case(x=3.0)(function))(3.0) == 6.0


ERRORS = [
    pytest.param(
        lambda: grad(np.sum)(np.arange(3)), UsageError, "argument 0 is int64, and only floats can be differentiated", id="integers"
    ),
    pytest.param(lambda: grad(lambda x: x)(2), UsageError, "give floats (1.0, not 1)", id="integer"),
    pytest.param(lambda: grad(lambda x: x * 2)(X), ShapeError, "a gradient needs a scalar", id="array-result"),
    pytest.param(lambda: grad(lambda x: (x, x))(1.0), ShapeError, "returns 2 results; a derivative needs one", id="two-results"),
    pytest.param(lambda: jacobian(lambda x: (x, x))(1.0), ShapeError, "returns 2 results; a Jacobian needs one", id="jacobian-of-two"),
    pytest.param(lambda: jacobian(lambda x: x[:0])(X), ShapeError, "returns an empty array", id="jacobian-of-none"),
    pytest.param(lambda: grad(lambda x, y: x)(1.0, 2.0, 3.0), TypeError, "3", id="too-many-arguments"),
    pytest.param(lambda: grad(lambda x, y: x * y, 2)(1.0, 2.0), UsageError, "positions among the 2 arguments", id="argnums-too-large"),
    pytest.param(lambda: grad(lambda x, y: x * y, -1)(1.0, 2.0), UsageError, "counted from 0", id="argnums-negative"),
    pytest.param(lambda: grad(lambda x, y: x * y, (0, 0))(1.0, 2.0), UsageError, "different positions", id="argnums-repeated"),
    pytest.param(lambda: grad(3.0), UsageError, "expected a function, got float", id="no-function"),
    pytest.param(lambda: hvp(np.sum)(X, np.ones(2)), ShapeError, "the vector has shape (2,), expected the argument's: (3,)", id="vector"),
    pytest.param(lambda: grad(lambda x: np.roots(x))(np.ones(3)), TraceError, "np.roots", id="unknown"),
    pytest.param(lambda: grad(lambda x: None)(1.0), TraceError, "the function returned NoneType", id="no-result"),
]


@pytest.mark.parametrize(("call", "error", "message"), ERRORS)
def test_errors(call, error, message) -> None:
    with pytest.raises(error, match=re.escape(message)):
        call()


def test_results_belong_to_the_caller() -> None:
    x, y, constant = np.ones(3), np.arange(3.0), np.arange(3.0)
    for derivative in (grad(lambda x, y: np.dot(x, y)), grad(lambda x, y: np.dot(x, constant) + 0.0 * y[0])):
        for _ in range(3):
            derivative(x, y)[:] = 99.0
        assert np.array_equal(y, np.arange(3.0))
        assert np.array_equal(derivative(x, y), constant)


def test_two_gradients_share_no_memory() -> None:
    derivative = grad(lambda x, y: np.sum((x + y) ** 2), (0, 1))
    for _ in range(3):
        dx, dy = derivative(np.ones(3), np.ones(3))
        dx[:] = 0.0
        assert (dy == 4.0).all()


def test_arguments_are_left_alone() -> None:
    x = np.array([1.0, 2.0])
    derivative = grad(lambda x: np.sum(np.sin(x) * x[::-1]))
    for _ in range(3):
        derivative(x)
    assert np.array_equal(x, [1.0, 2.0])


def test_names_tell_what_they_are() -> None:
    assert grad(energy).__name__ == "grad(energy)"
    assert "reverse mode" in hvp(energy).__doc__


EMPTY = [
    pytest.param(lambda x: np.sum(x), id="sum"),
    pytest.param(lambda x: np.prod(x), id="prod"),
    pytest.param(lambda x: np.sum(np.cumprod(x)), id="cumprod"),
    pytest.param(lambda x: x @ x, id="dot"),
    pytest.param(lambda x: np.sum(x[[]]), id="empty-index"),
    pytest.param(lambda x: np.sum(np.concatenate([x, np.ones(2)])), id="concatenate"),
]


@pytest.mark.parametrize("function", EMPTY)
def test_empty_arrays_have_empty_gradients(function) -> None:
    assert grad(function)(np.zeros(0)).shape == (0,)
    assert grad(lambda x: np.sum(np.prod(x, axis=0)))(np.zeros((0, 3))).shape == (0, 3)


LAYOUTS = [
    pytest.param(np.asfortranarray(W), id="fortran"),
    pytest.param(np.ascontiguousarray(W.T).T, id="transposed"),
    pytest.param(np.arange(12.0)[::2].reshape(2, 3), id="stepped"),
    pytest.param(W[:, ::-1], id="reversed"),
    pytest.param(np.broadcast_to(0.5, (2, 3)), id="broadcast"),
]


@pytest.mark.parametrize("w", LAYOUTS)
def test_memory_layout_does_not_matter(w) -> None:
    from gradcheck import check

    def function(x):
        return np.sum(np.sin(x * w)) + np.sum(x[0] * w[1])

    wanted = np.cos(w * w) * w + np.stack([w[1], np.zeros(3)])
    derivative = grad(function)
    for _ in range(3):
        np.testing.assert_allclose(derivative(w), wanted, rtol=1e-14)
    assert check(function, derivative, (w,)).outcome == "right"


ARGUMENTS = [
    pytest.param([0.5, 2.0], id="list"),
    pytest.param(np.array([0.5, 2.0], dtype=">f8"), id="big-endian"),
    pytest.param(np.array([0.5, 2.0], dtype=np.float16), id="half"),
    pytest.param(np.array([0.5, 2.0], dtype=np.longdouble), id="long-double"),
]


@pytest.mark.parametrize("x", ARGUMENTS)
def test_floats_of_any_kind_can_be_differentiated(x) -> None:
    derivative = grad(lambda x: x[0] * x[1] ** 2)
    for _ in range(2):
        np.testing.assert_array_equal(derivative(x), [4.0, 2.0])
