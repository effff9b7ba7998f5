"""The reverse sweep: gradients, higher derivatives by reversing again, cotangents, directions."""

from __future__ import annotations

import numpy as np
import pytest

from gradcheck import ShapeError, check, grad, trace
from gradcheck.circuit import Floats, check_circuit, gradient_circuit, hessian_vector, interpret, pullback, reverse, simplify
from gradcheck.circuit.reverse import gradient_circuit as again

X = np.array([0.5, -1.0, 2.0])


def run(circuit, *inputs):
    return interpret(check_circuit(circuit), Floats(), tuple(np.asarray(x)[()] for x in inputs))


def derivatives(function, x, order):
    """The function's value and derivatives at a scalar, by reversing its gradient again and again."""
    circuit, found = trace(function, x), []
    for _ in range(order):
        found.append(run(circuit, x)[0])
        circuit = again(circuit, value=False)
    return [*found, run(circuit, x)[0]]


SERIES = [
    pytest.param(lambda x: x**5, 2.0, [32, 80, 160, 240, 240], id="power"),
    pytest.param(np.exp, 0.0, [1, 1, 1, 1, 1], id="exp"),
    pytest.param(np.sin, 0.0, [0, 1, 0, -1, 0], id="sin"),
    pytest.param(np.log, 1.0, [0, 1, -1, 2, -6], id="log"),
    pytest.param(lambda x: 1 / x, 1.0, [1, -1, 2, -6, 24], id="reciprocal"),
    pytest.param(np.tanh, 0.0, [0, 1, 0, -2, 0], id="tanh"),
    pytest.param(lambda x: x * np.abs(x), -1.0, [-1, 2, -2, 0, 0], id="signed-square"),
    pytest.param(lambda x: np.prod(np.stack([x, x, x, x])), 1.0, [1, 4, 12, 24, 24], id="product"),
    pytest.param(lambda x: np.cumprod(np.stack([x, x, x]))[2], 2.0, [8, 12, 12, 6, 0], id="cumulative-product"),
    pytest.param(lambda x: np.stack([x, x]) @ np.stack([x, x * x]), 1.0, [2, 5, 8, 6, 0], id="dot"),
    pytest.param(lambda x: np.var(np.stack([x, 2 * x, 3 * x])), 3.0, [6, 4, 4 / 3, 0, 0], id="variance"),
    pytest.param(lambda x: np.max(np.stack([x * x, x])), 3.0, [9, 6, 2, 0, 0], id="maximum"),
]


@pytest.mark.parametrize(("function", "x", "values"), SERIES)
def test_the_result_can_be_reversed_again(function, x, values) -> None:
    np.testing.assert_allclose(derivatives(function, x, 4), values, rtol=1e-13, atol=1e-13)


def test_value_and_gradient_come_together() -> None:
    circuit = gradient_circuit(trace(lambda x, y: np.sum(x * x) * y, X, 3.0))
    value, dx, dy = run(circuit, X, 3.0)
    assert (value, dy) == (15.75, 5.25)
    np.testing.assert_array_equal(dx, 6 * X)


def test_without_the_value_only_the_gradient_is_computed() -> None:
    circuit = gradient_circuit(trace(lambda x: np.sum(np.cosh(x)), X), value=False)
    assert (len(circuit.outputs), [e.primitive.name for e in circuit.equations]) == (1, ["sinh"])


def test_simplified_or_not_the_gradient_is_the_same() -> None:
    circuit = trace(lambda x: np.sum(np.tanh(x) * x[::-1]) + np.max(x) * 2.0, X)
    for a, b in zip(run(reverse(circuit), X), run(simplify(reverse(circuit)), X), strict=True):
        np.testing.assert_array_equal(a, b)


NO_DERIVATIVE = [
    pytest.param(lambda x: 3.0, np.zeros(3), id="constant"),
    pytest.param(lambda x: np.sum(np.sign(x)), np.zeros(3), id="decisions"),
    pytest.param(lambda x: x[1] * 2.0, np.array([0.0, 2.0, 0.0]), id="one-element"),
    pytest.param(lambda x: np.sum(x > 0) * x[0], np.array([2.0, 0.0, 0.0]), id="counts"),
    pytest.param(lambda x: np.sum(x[[0, 0]]), np.array([2.0, 0.0, 0.0]), id="gathered-twice"),
    pytest.param(lambda x: np.sum(x[:2]) + np.sum(x[1:]), np.array([1.0, 2.0, 1.0]), id="overlapping-slices"),
]


@pytest.mark.parametrize(("function", "gradient"), NO_DERIVATIVE)
def test_what_does_not_depend_on_an_entry_gives_zero_there(function, gradient) -> None:
    (found,) = run(gradient_circuit(trace(function, X), value=False), X)
    np.testing.assert_array_equal(found, gradient)
    assert found.shape == (3,)


def test_an_array_result_has_no_gradient() -> None:
    with pytest.raises(ShapeError, match=r"returns an array of shape \(3,\); a gradient needs a scalar"):
        reverse(trace(np.sin, X))


def test_pullback_takes_a_cotangent_for_every_result() -> None:
    circuit = pullback(trace(lambda x: (np.sin(x), np.sum(x)), X))
    cotangent = np.array([1.0, 10.0, 100.0])
    *_, dx = run(circuit, X, cotangent, 1000.0)
    np.testing.assert_allclose(dx, np.cos(X) * cotangent + 1000.0, rtol=1e-15)


def test_hessian_times_vector() -> None:
    matrix, v = np.array([[2.0, 1.0, 0.0], [1.0, 3.0, -1.0], [0.0, -1.0, 4.0]]), np.array([1.0, -2.0, 0.5])
    value, product = run(hessian_vector(trace(lambda x: x @ matrix @ x / 2, X)), X, v)
    assert value == X @ matrix @ X / 2
    np.testing.assert_allclose(product, matrix @ v, rtol=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gradients_have_their_arguments_precision(dtype) -> None:
    def function(x):
        return np.sum(x**2) + np.max(x) + np.var(x) + np.sum(2.0**x) + np.prod(x) + np.sum(np.where(x > 0, x, 0.0)) + np.exp2(x[0])

    circuit = gradient_circuit(trace(function, X.astype(dtype)))
    assert {t.dtype for t in circuit.type_table if t.floating and not t.weak} == {np.dtype(dtype)}
    assert run(circuit, X.astype(dtype))[1].dtype == dtype


def test_mixed_precisions_meet_in_the_argument_s_own() -> None:
    circuit = gradient_circuit(trace(lambda x, y: np.sum(x * y), X.astype(np.float32), X), value=False)
    dx, dy = run(circuit, X.astype(np.float32), X)
    assert (dx.dtype, dy.dtype) == (np.float32, np.float64)


def test_parts_of_a_narrow_array_that_met_wide_numbers_give_a_narrow_gradient() -> None:
    gradient = grad(lambda p: (np.float64(0.7) * p[0] + p[1]) * np.float64(0.3))
    first, compiled = (gradient(np.array([0.3, -1.2], dtype=np.float32)) for _ in range(2))
    assert first.dtype == compiled.dtype == np.float32
    assert first.tolist() == compiled.tolist()


@pytest.mark.parametrize(
    "function", [np.floor, np.sign, lambda x: np.argmax(x) * 1.0, lambda x: np.sum(np.round(x))], ids=["floor", "sign", "argmax", "round"]
)
def test_a_function_that_ends_in_steps_has_the_gradient_zero(function):
    x = np.array([2.25, 1.75]) if function not in (np.floor, np.sign) else np.float64(2.25)
    assert np.array_equal(grad(lambda x: function(x))(x), np.zeros_like(x))
    assert check(lambda x: function(x), lambda x: np.zeros_like(x), at=(x,)).outcome == "right"
    assert check(lambda x: function(x), lambda x: np.ones_like(x), at=(x,)).outcome == "wrong"
