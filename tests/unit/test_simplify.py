"""Simplification: each rewrite alone, with the value unchanged bit for bit."""

from __future__ import annotations

import numpy as np
import pytest

from gradcheck import trace
from gradcheck.circuit import Floats, check_circuit, interpret, simplify

X = np.array([0.3, -1.7, 2.9])


def names(circuit):
    return [e.primitive.name for e in circuit.equations]


REWRITES = [
    pytest.param(lambda x: x + 0.0, [], id="plus-zero"),
    pytest.param(lambda x: 0.0 + x, [], id="zero-plus"),
    pytest.param(lambda x: x - 0.0, [], id="minus-zero"),
    pytest.param(lambda x: 0.0 - x, ["negative"], id="zero-minus"),
    pytest.param(lambda x: 1.0 * x, [], id="times-one"),
    pytest.param(lambda x: x * 1, [], id="times-whole-one"),
    pytest.param(lambda x: x * -1.0, ["negative"], id="times-minus-one"),
    pytest.param(lambda x: x / 1.0, [], id="over-one"),
    pytest.param(lambda x: x**1, [], id="first-power"),
    pytest.param(lambda x: np.negative(-x), [], id="negative-twice"),
    pytest.param(lambda x: x + -(x * x), ["multiply", "subtract"], id="plus-negative"),
    pytest.param(lambda x: -(x * x) + x, ["multiply", "subtract"], id="negative-plus"),
    pytest.param(lambda x: x - -(x * x), ["multiply", "add"], id="minus-negative"),
    pytest.param(lambda x: 2.0 * (4.0 * x), ["multiply"], id="constants-merged"),
    pytest.param(lambda x: (x * 4.0) * 0.5, ["multiply"], id="constants-merged-right"),
    pytest.param(lambda x: 0.1 * (0.1 * x), ["multiply", "multiply"], id="inexact-product-kept"),
    pytest.param(lambda x: np.sin(x) + np.sin(x), ["sin", "add"], id="equal-once"),
    pytest.param(lambda x: x * np.exp(x) + np.exp(x) * x, ["exp", "multiply", "add"], id="commuted-once"),
    pytest.param(lambda x: (x - 2.0) * (2.0 - x), ["subtract", "subtract", "multiply"], id="not-commuting"),
    pytest.param(lambda x: x[0] + x[0], ["getitem", "add"], id="equal-index-once"),
    pytest.param(lambda x: x[0] + x[1], ["getitem", "getitem", "add"], id="other-index"),
    pytest.param(lambda x: np.sum(x, axis=0) * np.sum(x), ["sum", "sum", "multiply"], id="other-parameters"),
    pytest.param(lambda x: x.reshape(3, 1).reshape(3), [], id="reshapes-that-return"),
    pytest.param(lambda x: np.broadcast_to(x[0], (3,)) * x, ["getitem", "multiply"], id="needless-stretch"),
    pytest.param(lambda x: np.where(True, x, -x), [], id="decided-where"),
    pytest.param(lambda x: [np.cosh(x), np.sin(x)][1], ["sin"], id="dead"),
]


@pytest.mark.parametrize(("function", "left"), REWRITES)
def test_rewrite(function, left) -> None:
    circuit = trace(function, X)
    simple = check_circuit(simplify(circuit))
    assert names(simple) == left
    (before,), (after,) = (interpret(c, Floats(), (X,)) for c in (circuit, simple))
    assert np.array_equal(before, after)


SCALAR = [
    pytest.param(lambda x: x / (1.0 + 2.0 * 1.0), 3.0, id="sum-folded-by-python"),
    pytest.param(lambda x: 1e200 * (1e200 * x), 0.5, id="product-that-overflows"),
    pytest.param(lambda x: 1e-300 * (1e-300 * x), 1e300, id="product-that-underflows"),
    pytest.param(lambda x: np.inf * (0.0 * x), 1.0, id="infinite-constant"),
    pytest.param(lambda x: np.nan * (2.0 * x), 1.0, id="nan-constant"),
]


@pytest.mark.parametrize(("function", "x"), SCALAR)
def test_awkward_constants_are_left_alone(function, x) -> None:
    circuit = trace(function, x)
    with np.errstate(all="ignore"):
        (before,), (after,) = (interpret(c, Floats(), (np.float64(x),)) for c in (circuit, simplify(circuit)))
    assert np.array_equal(before, after, equal_nan=True)


def test_quotients_of_constants_are_folded_only_where_exact() -> None:
    two = np.float64(2.0)
    assert names(simplify(trace(lambda x: x * np.divide(np.multiply(two, 3.0), 2.0), 1.0))) == ["multiply"]
    gradient = trace(lambda x: x / 3.0, 1.0).gradient(value=False)
    assert names(gradient) == ["divide"]  # 1/3 stays a division: its rounding is not hidden in a constant


def test_types_are_kept_where_a_rewrite_would_change_them() -> None:
    circuit = simplify(trace(lambda x: x * np.float64(1.0), np.float32(0.5)))
    assert names(circuit) == ["multiply"]
    assert circuit.type(circuit.outputs[0]).dtype == np.float64


def test_guards_and_what_they_need_are_kept() -> None:
    circuit = simplify(trace(lambda x: x if np.sin(x) > 0 else -x, 1.0))
    assert names(circuit) == ["sin", "greater"]
    assert [outcome for _, outcome in circuit.guards] == [True]


def test_simplifying_twice_changes_nothing_more() -> None:
    once = simplify(trace(lambda x: np.sum(2.0 * (3.0 * x) + 0.0 * x - -x), X).gradient())
    assert names(simplify(once)) == names(once)


def test_names_survive() -> None:
    def function(x):
        z = x + 0.0
        h = np.sin(z)
        return h * 2.0

    assert "h" in simplify(trace(function, 1.0)).names.values()
