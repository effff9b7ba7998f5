"""Long stretches of scalars: the sweep written column by column is the sweep written equation by equation."""

from __future__ import annotations

import numpy as np
import pytest

from gradcheck import trace, value_and_grad
from gradcheck.circuit import Floats, check_circuit, interpret, reverse, rules, stretches

X = np.random.default_rng(0).uniform(0.5, 1.5, 20)


def chain(x):
    y = x[0]
    for i in range(1500):
        y = y * x[i % 20] * 0.9 + x[(i + 1) % 20] * 0.1
    return y


def mixed(x):
    y, z = x[0], x[1]
    for i in range(300):
        y = np.sin(y) * 0.5 + 1.5 / (2.0 + z)
        z = np.exp(-y) + 0.1 * z**2 - 0.3 * (1.0 + y) ** 1.5 * x[i % 20]
        if z > 1.0:
            z = z - 0.5
        y = abs(y - z) + max(y, z) * 0.25
    return y + z * x[2]


def together(x):
    parts = []
    for i in range(700):
        parts.append(x[i % 20] * x[(7 * i) % 20] - np.tanh(x[i % 13]) / 3.0)
    whole = np.stack(parts)
    return np.sum(whole**2) + np.sum(whole) * x[0]


def unused(x):
    y = x[0]
    dead = x[1]
    for _ in range(1500):
        y = -y * 0.5 + 1.0
        dead = dead * y
    return y


def both(function, x):
    """The reversed circuit written by stretches, and plainly."""
    circuit = trace(function, x)
    assert stretches.find(circuit)
    fast = reverse(circuit)
    with pytest.MonkeyPatch.context() as m:
        m.setattr(stretches, "SHORTEST", 10**9)
        return circuit, fast, reverse(circuit)


@pytest.mark.parametrize("function", [chain, mixed, together, unused])
@pytest.mark.parametrize("longest", [1 << 19, 700])
def test_the_gradient_is_that_of_the_plain_sweep(monkeypatch, function, longest) -> None:
    monkeypatch.setattr(stretches, "LONGEST", longest)  # the shorter ones hand cotangents on from piece to piece
    _, fast, plain = both(function, X)
    got, want = (interpret(check_circuit(c), Floats(), (X,)) for c in (fast, plain))
    assert got[0] == want[0]
    np.testing.assert_allclose(got[1], want[1], rtol=1e-13, atol=1e-300)
    assert len(fast) <= len(plain)


def test_a_sum_of_products_is_the_same_bit_for_bit() -> None:
    _, fast, plain = both(chain, X)
    assert np.array_equal(interpret(fast, Floats(), (X,))[1], interpret(plain, Floats(), (X,))[1])
    assert len(fast) == len(plain)


def test_names_and_lines_are_kept() -> None:
    _, fast, plain = both(chain, X)
    assert {n for n in fast.names.values() if not n.startswith("dy")} == {n for n in plain.names.values() if not n.startswith("dy")}
    multiplications = [k for k in range(fast.backward, len(fast)) if fast.primitive(k) is not None and fast.primitive(k).name == "multiply"]
    assert all(fast.place(k) is not None for k in multiplications)


def test_the_gradient_of_a_long_circuit_costs_what_it_should() -> None:
    circuit = trace(chain, X)
    gradient = circuit.gradient()
    assert gradient.operations <= 3.5 * circuit.operations
    value, slope = value_and_grad(chain)(X)
    h = 1e-6
    for i in (0, 7):
        step = np.eye(20)[i] * h
        assert abs((chain(X + step) - chain(X - step)) / (2 * h) - slope[i]) < 1e-7 * max(1.0, abs(slope[i]))
    assert value == chain(X)


def test_a_wrong_rule_is_seen(monkeypatch) -> None:
    """The twin: cotangents handed to the other operand give another gradient."""
    real = rules.joint_rule

    def swapped(primitive, positions, types, known):
        joint = real(primitive, positions, types, known)
        if primitive.name == "multiply" and len(joint.results) == 2:
            (a, first), (b, second) = joint.results
            return rules.Joint(joint.steps, joint.constants, ((a, second), (b, first)))
        return joint

    monkeypatch.setattr(stretches, "joint_rule", swapped)
    _, fast, plain = both(chain, X)
    assert not np.allclose(interpret(fast, Floats(), (X,))[1], interpret(plain, Floats(), (X,))[1])
