"""Whether a circuit keeps its own rules. Runs after every transform in the tests."""

from __future__ import annotations

import numpy as np

from gradcheck.circuit.circuit import CONSTANT, INPUT, Circuit, type_of
from gradcheck.errors import CircuitError
from gradcheck.primitives import TABLE


def check_circuit(circuit: Circuit) -> Circuit:
    """Return the circuit, or raise CircuitError saying which equation breaks which rule."""
    _columns(circuit)
    for k in range(len(circuit)):
        _equation(circuit, k)
    for k in (*circuit.inputs, *circuit.outputs, *(g for g, _ in circuit.guards), *circuit.names):
        _require(0 <= k < len(circuit), k, "an input, output, guard or name points outside the circuit")
    declared = [k for k, opcode in enumerate(circuit.opcodes) if opcode == INPUT]
    _require(sorted(circuit.inputs) == declared, len(circuit), "the declared inputs are not the input equations")
    return circuit


def _columns(circuit: Circuit) -> None:
    n = len(circuit)
    fits = len(circuit.starts) == n + 1 and len(circuit.types) == n and len(circuit.places) == n
    _require(fits and circuit.starts[n] == len(circuit.operands), n, "columns have different lengths")


def _equation(circuit: Circuit, k: int) -> None:
    opcode, read = circuit.opcodes[k], circuit.inputs_of(k)
    _require(CONSTANT <= opcode < len(TABLE), k, f"unknown opcode {opcode}")
    _require(all(0 <= i < k for i in read), k, f"reads {read}: only earlier values may be read")
    if opcode == CONSTANT:
        _require(k in circuit.constants and type_of(circuit.constants[k]) == circuit.type(k), k, "constant missing or of another type")
    if opcode < 0:
        _require(not read, k, "inputs and constants read nothing")
        return
    primitive = TABLE[opcode]
    _require(primitive.arity in (None, len(read)), k, f"{primitive.name} takes {primitive.arity} operands, got {len(read)}")
    if primitive.elementwise:
        _broadcast(circuit, k, read)


def _broadcast(circuit: Circuit, k: int, read: tuple[int, ...]) -> None:
    shape = circuit.type(k).shape
    try:
        expected = np.broadcast_shapes(*(circuit.type(i).shape for i in read))
    except ValueError:
        expected = None
    _require(expected == shape, k, f"operands broadcast to {expected}, the value has shape {shape}")


def _require(holds: bool, k: int, what: str) -> None:
    if not holds:
        raise CircuitError(f"equation {k}: {what}")
