"""Rules worked out once for a kind of hop are those of each hop."""

from __future__ import annotations

import numpy as np
import pytest

from gradcheck import trace
from gradcheck.circuit import Floats, inline, interpret, local_derivative, trail, value_names
from gradcheck.circuit.reverse import active_values
from gradcheck.derivation.alike import Alike
from gradcheck.derivation.hops import derive


def loop(x, c):
    for _ in range(200):
        x = x + c * np.sin(x) ** 2
    return x


def same_operand(x):
    return x * x + np.maximum(x, x) + x**x


def constants(x):
    return x * 2.0 + 2.0 * x + x * -2.0 + x**2 + x**2.5 + x * np.float32(2.0) + x / 3 + 0.0 * x + -0.0 * x


def branches(x):
    return (
        np.sum(np.where(x > 0, x, 2.0 * x) + np.where(x > 0, x, 3.0 * x)) + np.sum(np.clip(x, -0.5, 0.5)) + np.sum(np.clip(x, -0.25, 0.5))
    )


def stretched(x, y):
    return np.sum(x * y[:, None] + y * x[0]) + np.sum(np.exp(x) * np.array([1.0, 2.0])) + np.sum(np.exp(x) * np.array([3.0, 4.0]))


def mixed(x, y):
    return np.sum(x * y) + np.sum(x + y) + np.sum(x * 2) + np.sum(y * 2)


X = np.array([0.5, -0.75])
CASES = [
    pytest.param(loop, (np.float64(0.3), np.float64(0.01)), id="loop"),
    pytest.param(same_operand, (np.float64(1.5),), id="same-operand"),
    pytest.param(constants, (np.float64(1.5),), id="constants"),
    pytest.param(branches, (X,), id="branches"),
    pytest.param(stretched, (np.array([X, X + 1]), X), id="stretched"),
    pytest.param(mixed, (X.astype(np.float32), X), id="float32"),
]


@pytest.mark.parametrize("function, point", CASES)
def test_every_hop_has_the_local_derivative_of_its_own_rule(function, point):
    circuit = trace(function, *point)
    names, values, seen = value_names(circuit), trail(circuit, Floats(), point), 0
    for hop in derive(circuit, point).hops:
        own = local_derivative(circuit, hop.index, hop.position, values, names) if circuit.primitive(hop.index).elementwise else None
        if own is not None:
            given = [values[hop.index], *(values[i] for i in circuit.inputs_of(hop.index) if i not in circuit.constants)]
            assert hop.local == inline(own, own.names)
            np.testing.assert_array_equal(hop.value, interpret(own, Floats(), given[: len(own.inputs)])[0])
            seen += 1
    assert seen > 3


def test_a_loop_has_few_kinds():
    circuit = trace(loop, 0.3, 0.01)
    alike, active = Alike(circuit), active_values(circuit)
    for k in range(len(circuit)):
        for position, i in enumerate(circuit.inputs_of(k)):
            if active[i]:
                alike.local(k, position)
    assert len(alike.locals) == 6
    assert len(circuit.equations) == 800


@pytest.mark.parametrize(
    "of_one_kind", [lambda x: x * 2.0 + x * 3.0, lambda x: np.clip(x, 0.0, 1.0) + np.clip(x, 0.0, 2.0)], ids=["constants", "parameters"]
)
def test_what_a_kind_overlooked_would_be_seen(of_one_kind, monkeypatch):
    """The same kinds for other constants or bounds give the derivative of another hop."""
    circuit = trace(of_one_kind, 1.5)
    right = [h.value for h in derive(circuit, (1.5,)).hops]
    monkeypatch.setattr(Alike, "_kind", lambda self, k, position: (self.circuit.opcodes[k], position))
    assert [h.value for h in derive(circuit, (1.5,)).hops] != right
