"""Equal equations written once: what a function computes twice is one value to those who differentiate it by hand."""

from __future__ import annotations

from typing import Any

from gradcheck.circuit.circuit import CONSTANT, INPUT, Builder, Circuit, freeze_params
from gradcheck.circuit.simplify import without_dead


def merged(circuit: Circuit) -> Circuit:
    """The same function with equal equations merged and nothing rewritten; the first of equal ones keeps its place, the first name wins."""
    builder = Builder(circuit.name)
    places = [builder.place_id(p) for p in circuit.place_table]
    seen: dict[Any, int] = {}
    moved: list[int] = []
    for k, opcode in enumerate(circuit.opcodes):
        if opcode == INPUT:
            moved.append(builder.input(circuit.type(k)))
        elif opcode == CONSTANT:
            moved.append(builder.constant(circuit.constants[k]))
        else:
            read = tuple(moved[i] for i in circuit.inputs_of(k))
            key = (opcode, read, freeze_params(circuit.params.get(k, {})))
            if key not in seen:
                seen[key] = builder.append(opcode, read, circuit.type(k), circuit.params.get(k), places[circuit.places[k]])
            moved.append(seen[key])
        if k in circuit.names:
            builder.names.setdefault(moved[k], circuit.names[k])
    builder.guards = [(moved[k], outcome) for k, outcome in circuit.guards]
    builder.complex_values = circuit.complex_values
    return without_dead(builder.freeze(tuple(moved[k] for k in circuit.outputs)))
