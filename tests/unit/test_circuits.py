"""The circuit itself: its view, its checker on what tracing and transforms make."""

from __future__ import annotations

import numpy as np
import pytest

from gradcheck import trace
from gradcheck.circuit import check_circuit, gradient_circuit, hessian_vector, pullback, reverse, simplify

W, V = np.arange(6.0).reshape(2, 3) / 7, np.array([0.5, -0.25, 1.0])


def net(w, x):
    h = np.tanh(w @ x)
    return np.sum(h[[0, 1, 0]] ** 2) if np.sum(h) > -10 else 0.0


TRANSFORMS = [
    pytest.param(lambda c: c, id="trace"),
    pytest.param(simplify, id="simplify"),
    pytest.param(reverse, id="reverse"),
    pytest.param(gradient_circuit, id="gradient"),
    pytest.param(lambda c: gradient_circuit(c, value=False), id="gradient-alone"),
    pytest.param(pullback, id="pullback"),
    pytest.param(hessian_vector, id="hessian-vector"),
    pytest.param(lambda c: hessian_vector(c).with_outputs(hessian_vector(c).outputs[1:2]), id="other-outputs"),
]


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_every_transform_gives_a_circuit_that_keeps_the_rules(transform) -> None:
    check_circuit(transform(trace(net, W, V)))


def test_it_shows_itself() -> None:
    circuit = trace(net, W, V)
    assert repr(circuit) == f"<Circuit net: 2 inputs, {circuit.operations} operations, 1 outputs>"
    assert len(circuit) >= circuit.operations > 0 or len(circuit) > 0


def test_an_equation_is_a_view() -> None:
    circuit = trace(net, W, V)
    first = next(iter(circuit.equations))
    assert (first.primitive.name, first.shape, first.dtype, first.inputs) == ("matmul", (2,), np.float64, circuit.inputs)
    assert circuit.equation(first.index) == first


def test_inputs_and_constants_are_no_operations() -> None:
    circuit = trace(lambda x: x, 1.0)
    assert (list(circuit.equations), circuit.operations) == ([], 0)
