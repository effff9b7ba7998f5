"""Cutting a circuit in two: what depends on its last inputs, and what can be computed before they are known."""

from __future__ import annotations

from gradcheck.circuit.circuit import CONSTANT, INPUT, Builder, Circuit


def split(circuit: Circuit, early: int) -> tuple[Circuit, Circuit]:
    """The part computed from the first `early` inputs alone, and the rest.

    The first circuit takes those inputs and returns what the second one reads; the second takes the other inputs, then those values.
    A derivative is linear in its vectors, which come last: for many vectors the first part runs once. Decisions stay with the first part.
    """
    late = _late(circuit, early)
    first, numbers = Builder(circuit.name), dict[int, int]()
    for k in range(len(circuit)):
        if not late[k]:
            numbers[k] = _written(circuit, k, first, numbers)
    first.guards = [(numbers[k], outcome) for k, outcome in circuit.guards]
    read = {i for k in range(len(circuit)) if late[k] for i in circuit.inputs_of(k)} | set(circuit.outputs)
    saved = sorted(i for i in read if not late[i] and i not in circuit.constants)
    second = Builder(f"{circuit.name}_rest")
    again = {k: second.input(circuit.type(k), circuit.names.get(k)) for k in circuit.inputs[early:]}
    again |= {k: second.input(circuit.type(k), circuit.names.get(k)) for k in saved}
    for k in range(len(circuit)):
        if k not in again and (late[k] or k in read):
            again[k] = _written(circuit, k, second, again)
    return first.freeze(tuple(numbers[k] for k in saved)), second.freeze(tuple(again[k] for k in circuit.outputs))


def _late(circuit: Circuit, early: int) -> bytearray:
    """Which values depend on the inputs after the first ones."""
    late = bytearray(len(circuit))
    for k in circuit.inputs[early:]:
        late[k] = 1
    starts, operands = circuit.starts, circuit.operands
    for k, opcode in enumerate(circuit.opcodes):
        if opcode >= 0:
            late[k] = any(late[i] for i in operands[starts[k] : starts[k + 1]])
    return late


def _written(circuit: Circuit, k: int, builder: Builder, numbers: dict[int, int]) -> int:
    opcode = circuit.opcodes[k]
    if opcode == INPUT:
        return builder.input(circuit.type(k), circuit.names.get(k))
    if opcode == CONSTANT:
        return builder.constant(circuit.constants[k])
    read = tuple(numbers[i] for i in circuit.inputs_of(k))
    return builder.append(opcode, read, circuit.type(k), circuit.params.get(k), builder.place_id(circuit.place(k)))
