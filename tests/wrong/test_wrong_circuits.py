"""Wrong circuits, on purpose: each rule a circuit must keep, broken once, is found and said."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from gradcheck import trace
from gradcheck.circuit import Circuit, Floats, check_circuit, interpret, simplify
from gradcheck.circuit.circuit import CONSTANT, INPUT, ArrayType, Builder
from gradcheck.errors import CircuitError
from gradcheck.primitives import BY_NAME, OPCODE, TABLE

X = np.array([0.5, -1.0, 2.0])


def right() -> Circuit:
    """x (0), 2.0 (1), 2.0 * x (2), its sum (3), a comparison (4) that guards."""
    builder = Builder("right")
    vector, scalar = ArrayType((3,), np.dtype(float)), ArrayType((), np.dtype(float))
    x = builder.input(vector, "x")
    two = builder.constant(2.0)
    product = builder.apply(BY_NAME["multiply"], (two, x), vector)
    total = builder.apply(BY_NAME["sum"], (product,), scalar)
    positive = builder.apply(BY_NAME["greater"], (total, two), ArrayType((), np.dtype(bool)))
    builder.guards.append((positive, True))
    return builder.freeze((total,))


def with_operands(circuit: Circuit, k: int, *operands: int) -> Circuit:
    """Equation k reads something else; as many as before."""
    changed = array("q", circuit.operands)
    changed[circuit.starts[k] : circuit.starts[k + 1]] = array("q", operands)
    return replace(circuit, operands=changed, cache={})


def with_opcode(circuit: Circuit, k: int, opcode: int) -> Circuit:
    changed = array("h", circuit.opcodes)
    changed[k] = opcode
    return replace(circuit, opcodes=changed, cache={})


def with_type(circuit: Circuit, k: int, type: ArrayType) -> Circuit:
    types = array("i", circuit.types)
    types[k] = len(circuit.type_table)
    return replace(circuit, types=types, type_table=(*circuit.type_table, type), cache={})


BROKEN = [
    pytest.param(lambda c: replace(c, starts=c.starts[:-1]), "columns have different lengths", id="starts"),
    pytest.param(lambda c: replace(c, types=c.types[:-1]), "columns have different lengths", id="types"),
    pytest.param(lambda c: replace(c, places=c.places[:-1]), "columns have different lengths", id="places"),
    pytest.param(lambda c: replace(c, operands=c.operands[:-1]), "columns have different lengths", id="operands"),
    pytest.param(lambda c: with_opcode(c, 2, len(TABLE)), "unknown opcode", id="opcode-too-large"),
    pytest.param(lambda c: with_opcode(c, 2, -3), "unknown opcode", id="opcode-too-small"),
    pytest.param(lambda c: with_operands(c, 2, 1, 2), "only earlier values may be read", id="reads-itself"),
    pytest.param(lambda c: with_operands(c, 2, 1, 3), "only earlier values may be read", id="reads-a-later-one"),
    pytest.param(lambda c: with_operands(c, 2, 1, -1), "only earlier values may be read", id="reads-a-negative-one"),
    pytest.param(lambda c: replace(c, constants={}), "constant missing or of another type", id="constant-missing"),
    pytest.param(lambda c: replace(c, constants={1: X}), "constant missing or of another type", id="constant-of-another-shape"),
    pytest.param(lambda c: replace(c, constants={1: np.float32(2)}), "constant missing or of another type", id="constant-of-another-dtype"),
    pytest.param(lambda c: with_opcode(c, 3, CONSTANT), "constant", id="operation-made-a-constant"),
    pytest.param(lambda c: with_opcode(c, 2, INPUT), "inputs and constants read nothing", id="input-that-reads"),
    pytest.param(lambda c: with_opcode(c, 3, OPCODE[BY_NAME["add"]]), "add takes 2 operands, got 1", id="arity"),
    pytest.param(lambda c: with_opcode(c, 2, OPCODE[BY_NAME["sin"]]), "sin takes 1 operands, got 2", id="arity-of-one"),
    pytest.param(
        lambda c: with_type(c, 2, ArrayType((4,), np.dtype(float))), "operands broadcast to (3,), the value has shape (4,)", id="shape"
    ),
    pytest.param(
        lambda c: with_type(c, 4, ArrayType((3,), np.dtype(bool))),
        "operands broadcast to (), the value has shape (3,)",
        id="shape-of-a-scalar",
    ),
    pytest.param(lambda c: replace(c, outputs=(5,)), "points outside the circuit", id="output-outside"),
    pytest.param(lambda c: replace(c, outputs=(-1,)), "points outside the circuit", id="output-negative"),
    pytest.param(lambda c: replace(c, guards=((9, True),)), "points outside the circuit", id="guard-outside"),
    pytest.param(lambda c: replace(c, names={7: "z"}), "points outside the circuit", id="name-outside"),
    pytest.param(lambda c: replace(c, inputs=()), "the declared inputs are not the input equations", id="input-undeclared"),
    pytest.param(lambda c: replace(c, inputs=(0, 2)), "the declared inputs are not the input equations", id="operation-declared"),
    pytest.param(lambda c: replace(c, inputs=(0, 0)), "the declared inputs are not the input equations", id="input-declared-twice"),
]


def test_the_right_circuit_passes() -> None:
    circuit = right()
    assert check_circuit(circuit) is circuit


@pytest.mark.parametrize(("break_it", "message"), BROKEN)
def test_each_rule_broken_once_is_found(break_it: Callable[[Circuit], Circuit], message: str) -> None:
    with pytest.raises(CircuitError) as found:
        check_circuit(break_it(right()))
    assert message in str(found.value)
    assert str(found.value).startswith("equation ")


def test_shapes_that_do_not_meet_are_found() -> None:
    broken = with_type(right(), 0, ArrayType((2,), np.dtype(float)))
    with pytest.raises(CircuitError, match=r"operands broadcast to \(2,\), the value has shape \(3,\)"):
        check_circuit(broken)


def test_a_simplification_that_forgets_an_operand_is_found(monkeypatch) -> None:
    """A wrong rewrite of the kind that could be written: x - y made into the negative of both."""
    module = sys.modules["gradcheck.circuit.simplify"]  # the package shows the function under this name
    wrong = dict(module.REWRITES) | {BY_NAME["subtract"]: lambda r, read: (BY_NAME["negative"], read)}
    monkeypatch.setattr(module, "REWRITES", wrong)
    with pytest.raises(CircuitError, match="negative takes 1 operands, got 2"):
        check_circuit(simplify(trace(lambda x, y: x - y, 1.0, 2.0)))


def test_a_simplification_that_changes_the_value_is_found_by_its_value(monkeypatch) -> None:
    """The circuit keeps all rules, so only comparing values can tell: the tests of simplify do."""
    module = sys.modules["gradcheck.circuit.simplify"]
    circuit = trace(lambda x, y: x - y, 1.0, 2.0)
    monkeypatch.setattr(
        module, "REWRITES", dict(module.REWRITES) | {BY_NAME["subtract"]: lambda r, read: (BY_NAME["subtract"], read[::-1])}
    )
    wrong, inputs = check_circuit(simplify(circuit)), (np.float64(1.0), np.float64(2.0))
    assert interpret(wrong, Floats(), inputs) != interpret(circuit, Floats(), inputs)
