"""jvp, vjp and hvp as plain functions: values, shapes, several results, errors, any order; and what a Hessian's product costs."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from gradcheck import ShapeError, TraceError, UsageError, check, grad, hessian, hvp, jacobian, jvp, load_cases, trace, vjp
from gradcheck.circuit import Floats, check_circuit, hessian_vector, interpret, pushforward
from gradcheck.circuit.partition import split
from gradcheck.verdicts.compare import problems_of

X, V, W = np.array([0.3, 0.7, -1.2]), np.array([1.0, -0.5, 2.0]), np.arange(6.0).reshape(2, 3) / 5


def bend(x):
    return np.sum(np.sin(x) * x**3) + x[0] * x[1] * x[2]


def layer(w, x):
    return np.tanh(w @ x)


def slope(w, x):
    return (1 / np.cosh(w @ x) ** 2)[:, None]


@pytest.mark.parametrize("calls", [1, 2, 3], ids=["traced", "compiled", "again"])
def test_products_of_a_layer(calls) -> None:
    forward, back, both = jvp(layer, 1), vjp(layer, (0, 1)), jvp(layer, (0, 1))
    for _ in range(calls):
        along, (dw, dx), together = forward(W, X, V), back(W, X, np.array([1.0, 2.0])), both(W, X, (W, V))
    jacobian_x = slope(W, X) * W
    np.testing.assert_allclose(along, jacobian_x @ V, rtol=1e-14)
    np.testing.assert_allclose(dx, [1.0, 2.0] @ jacobian_x, rtol=1e-14)
    np.testing.assert_allclose(dw, np.outer(slope(W, X)[:, 0] * [1.0, 2.0], X), rtol=1e-14)
    np.testing.assert_allclose(together, slope(W, X)[:, 0] * (W @ V + W @ X), rtol=1e-14)


def test_several_results_have_several_tangents_and_cotangents() -> None:
    def two(x):
        return np.sin(x), np.sum(x * x)

    first, second = jvp(two)(X, V)
    np.testing.assert_allclose(first, np.cos(X) * V, rtol=1e-15)
    assert second == pytest.approx(2 * X @ V)
    np.testing.assert_allclose(vjp(two)(X, (V, 3.0)), np.cos(X) * V + 6 * X, rtol=1e-15)


def test_a_result_that_is_no_float_has_no_cotangent() -> None:
    def counted(x):
        return x * x, np.sum(x > 0)

    np.testing.assert_array_equal(vjp(counted)(X, (V, None)), 2 * X * V)
    assert jvp(counted)(X, V)[1] == 0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("calls", [1, 3])
def test_precisions_are_the_arguments_and_the_results(dtype, calls) -> None:
    x, w = X.astype(dtype), W.astype(dtype)
    for _ in range(calls):
        found = jvp(layer, 1)(w, x, V), vjp(layer, 1)(w, x, np.ones(2)), hvp(bend)(x, V), vjp(lambda x: x.astype(np.float64))(x, V)
    assert {f.dtype for f in found} == {np.dtype(dtype)}


def test_a_scalar_gives_a_numpy_float() -> None:
    assert [type(f) for f in (jvp(np.sin)(1.0, 2.0), vjp(np.sin)(1.0, 2.0), hvp(np.sin)(1.0, 2.0))] == [np.float64] * 3


def test_branches_are_followed_and_what_the_function_reads_is_seen() -> None:
    factor = 2.0

    def f(x):
        return factor * x * x if x > 0 else -x

    along = jvp(f)
    assert [float(along(x, 1.0)) for x in (3.0, 3.0, -3.0, 3.0)] == [12.0, 12.0, -1.0, 12.0]
    factor = 5.0
    assert float(along(3.0, 1.0)) == 30.0


FACTOR = 2.0


def by_global(x):
    return np.sum(FACTOR * x * x)


@pytest.mark.parametrize("watched", [True, False])
@pytest.mark.parametrize(
    "make",
    [
        lambda: (lambda f: lambda x: f(x, V))(jvp(by_global)),
        lambda: jacobian(by_global),
        lambda: hessian(by_global),
        lambda: hessian(by_global, sparse=True),
    ],
)
def test_seeing_what_the_function_reads_keeps_it_fresh_and_seeing_nothing_does_not(make, watched, monkeypatch) -> None:
    from gradcheck.gradients import programs

    if not watched:
        monkeypatch.setattr(programs, "dependencies", lambda function: ())
    kept = make()
    kept(X), kept(X)
    monkeypatch.setitem(globals(), "FACTOR", 5.0)
    after, fresh = (np.asarray(f(X).toarray() if hasattr(f(X), "toarray") else f(X)) for f in (kept, make()))
    assert np.array_equal(after, fresh) == watched


def test_the_caller_owns_what_is_returned() -> None:
    x, v = np.ones(3), np.arange(3.0)
    for product in (jvp(lambda x: x), vjp(lambda x: x), hvp(lambda x: np.sum(x * x) / 2)):
        for _ in range(3):
            product(x, v)[:] = 9.0
        np.testing.assert_array_equal(v, np.arange(3.0))
    first, second = jvp(lambda x: (x, x))(x, v)
    assert not np.shares_memory(first, second)


ERRORS = [
    pytest.param(lambda: jvp(np.sin)(X, V[:2]), ShapeError, "the vector has shape (2,), expected the argument's: (3,)", id="vector"),
    pytest.param(lambda: vjp(np.sin)(X, V[:1]), ShapeError, "the cotangent has shape (1,), expected the result's: (3,)", id="cotangent"),
    pytest.param(
        lambda: vjp(np.sin)(X, 1.0), ShapeError, "the cotangent has shape (), expected the result's: (3,)", id="broadcast-cotangent"
    ),
    pytest.param(lambda: jvp(layer, (0, 1))(W, X, (W,)), ShapeError, "1 vectors, expected 2: one for each argument", id="too-few-vectors"),
    pytest.param(lambda: vjp(lambda x: (x, x))(X, V), ShapeError, "1 vectors, expected 2: one for each result", id="too-few-cotangents"),
    pytest.param(lambda: jvp(np.sin)(np.arange(3), V), UsageError, "argument 0 is int64, and only floats", id="integers"),
    pytest.param(lambda: jvp(layer, 2)(W, X, V), UsageError, "positions among the 2 arguments given", id="argnums"),
    pytest.param(lambda: jvp(3.0), UsageError, "expected a function, got float", id="no-function"),
    pytest.param(lambda: hvp(lambda x: (x, x))(1.0, 1.0), ShapeError, "returns 2 results; a derivative needs one", id="hvp-of-two"),
    pytest.param(lambda: hvp(np.sin)(X, V), ShapeError, "a gradient needs a scalar", id="hvp-of-array"),
    pytest.param(lambda: jvp(lambda x: np.roots(x))(np.ones(3), np.ones(3)), TraceError, "np.roots", id="unknown"),
]


@pytest.mark.parametrize(("call", "error", "message"), ERRORS)
def test_errors(call, error, message) -> None:
    with pytest.raises(error, match=re.escape(message)):
        call()


def test_a_shape_that_does_not_fit_is_found_after_one_that_did() -> None:
    back = vjp(np.sin)
    back(X, V), back(X, V)
    with pytest.raises(ShapeError):
        back(X, 1.0)


# any order
H = hessian(bend)(X)
THIRD = jacobian(hessian(bend))(X)
ORDERS = [
    pytest.param(lambda: jvp(grad(bend))(X, V), H @ V, id="jvp of grad"),
    pytest.param(lambda: vjp(grad(bend))(X, V), H @ V, id="vjp of grad"),
    pytest.param(lambda: grad(lambda x: jvp(bend)(x, V))(X), H @ V, id="grad of jvp"),
    pytest.param(lambda: jacobian(grad(bend))(X), H, id="jacobian of grad"),
    pytest.param(lambda: jacobian(jacobian(lambda x: np.stack([bend(x), np.sum(x)])))(X)[0], H, id="jacobian of jacobian"),
    pytest.param(lambda: jvp(lambda x: vjp(np.sin)(x, V))(X, V), -np.sin(X) * V * V, id="jvp of vjp"),
    pytest.param(lambda: hessian(lambda x: jvp(bend)(x, V))(X), THIRD @ V, id="hessian of jvp"),
    pytest.param(lambda: jvp(hessian(bend))(X, V), THIRD @ V, id="jvp of hessian"),
    pytest.param(lambda: grad(lambda x: hvp(bend)(x, V) @ V)(X), (THIRD @ V) @ V, id="grad of hvp"),
    pytest.param(lambda: jacobian(lambda x: hvp(bend)(x, x))(X), THIRD @ X + H, id="both traced"),
    pytest.param(lambda: grad(lambda v: jvp(bend)(X, v))(V), grad(bend)(X), id="vector traced"),
    pytest.param(lambda: grad(lambda w: np.sum(vjp(np.sin)(X, w) * X))(V), np.cos(X) * X, id="cotangent traced"),
    pytest.param(lambda: grad(lambda w, x: np.sum(jvp(layer, 1)(w, x, V)))(W, X), grad(lambda w: np.sum((1 - layer(w, X) ** 2) * (w @ V)))(W), id="another argument traced"),
    pytest.param(lambda: grad(lambda w, x: np.sum(vjp(layer, 1)(w, x, w[:, 0])))(W, X), grad(lambda w: np.sum((w[:, 0] * (1 - layer(w, X) ** 2)) @ w))(W), id="another argument traced, and the cotangent"),
    pytest.param(lambda: grad(lambda w, x: np.sum(hvp(lambda w, x: np.sum(layer(w, x)), 1)(w, x, V)))(W, X), grad(lambda w: np.sum(((-2 * layer(w, X) * (1 - layer(w, X) ** 2)) * (w @ V)) @ w))(W), id="hvp with another argument traced"),
]  # fmt: skip


@pytest.mark.parametrize(("derivative", "expected"), ORDERS)
def test_any_order(derivative, expected) -> None:
    np.testing.assert_allclose(derivative(), expected, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("order", range(1, 6))
def test_forward_any_number_of_times(order) -> None:
    f = np.sin
    for _ in range(order):
        f = (lambda inner: lambda x: jvp(inner)(x, 1.0))(f)
    assert float(f(0.5)) == pytest.approx(np.sin(0.5 + order * np.pi / 2), rel=1e-12)


def test_products_are_judged_right() -> None:
    assert check(layer, vjp(layer, (0, 1)), at=(W, X), vjp=True).outcome == "right"
    assert check(bend, hvp(bend), at=(X,), order=2).outcome == "right"
    assert check(bend, hessian(bend), at=(X,), order=2).outcome == "right"
    assert check(lambda x: jvp(bend)(x, V), grad(lambda x: jvp(bend)(x, V)), at=(X,)).outcome == "right"


def test_a_product_cut_in_two_is_the_product() -> None:
    circuit = pushforward(trace(layer, W, X))
    first, second = split(circuit, 2)
    saved = interpret(check_circuit(first), Floats(), (W, X))
    (found,), (whole,) = interpret(check_circuit(second), Floats(), (W, V, *saved)), interpret(circuit, Floats(), (W, X, W, V))
    assert found.tobytes() == whole.tobytes()
    assert first.operations + second.operations == circuit.operations


# cost
KINKED = {"relu_network_at_the_kink"}
DEARER = {"power_tower": 28}  # two powers whose bases and exponents both move: the gradient alone counts 8.5 operations for each


def test_a_hessian_times_a_vector_costs_at_most_ten_evaluations(root) -> None:
    """By count, for every smooth case that is no exhibit; those that take more are named with what they take."""
    ratios = {}
    for case in load_cases(Path(root) / "cases"):
        circuit = next(iter(problems_of(case, None, None, 0))).circuit
        if circuit.operations and case.exhibit is None:
            ratios[case.name] = hessian_vector(circuit).operations / circuit.operations
    assert len(ratios) > 60
    above = {name: ratio for name, ratio in ratios.items() if ratio > 10}
    assert set(above) <= set(DEARER)
    assert all(ratio <= DEARER[name] for name, ratio in above.items())
    assert max(r for name, r in ratios.items() if name not in DEARER) > 8  # the bound is not an idle one


@pytest.mark.parametrize("size", [10, 100, 1000])
def test_the_cost_does_not_grow_with_the_number_of_inputs(size) -> None:
    circuit = trace(lambda x: np.sum(np.tanh(x) * np.roll(x, 1)), np.linspace(-1, 1, size))
    assert hessian_vector(circuit).operations <= 10 * circuit.operations
    assert size * hessian_vector(circuit).operations > 3 * size * circuit.operations  # twin: column by column it does grow


def test_from_the_second_call_on_nothing_is_traced(monkeypatch) -> None:
    from gradcheck.gradients import programs

    traces = []
    monkeypatch.setattr(programs, "trace", lambda *a, original=programs.trace, **k: traces.append(1) or original(*a, **k))
    for product, last in ((jvp(bend), V), (vjp(bend), 1.0), (hvp(bend), V)):
        traces.clear()
        for _ in range(4):
            product(X, last)
        assert len(traces) == 1
