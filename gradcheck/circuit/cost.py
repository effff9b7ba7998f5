"""Counting operations: exact, by kind, for arrays by element."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gradcheck.circuit.circuit import Circuit
from gradcheck.primitives import Counts


@dataclass(frozen=True, slots=True)
class Known:
    """The type of a scalar constant, with its value: a square costs less than a power."""

    value: Any
    shape: tuple[int, ...] = ()
    size: int = 1


def count(circuit: Circuit) -> Counts:
    """The sum of every equation's cost; constants and inputs cost nothing. Counted once, then kept."""
    known = circuit.cache.get("counts")
    if known is None:
        known = circuit.cache["counts"] = _count(circuit)
    return known


def _count(circuit: Circuit) -> Counts:
    alike: dict[tuple[int, ...], list[int]] = {}  # [an equation, how many cost the same]
    total = Counts()
    for k, opcode in enumerate(circuit.opcodes):
        if k in circuit.params:
            total += cost_of(circuit, k)
        elif opcode >= 0:  # without parameters, operation and types decide the cost
            key = (opcode, circuit.types[k], *(-i if i in circuit.constants else circuit.types[i] for i in circuit.inputs_of(k)))
            alike.setdefault(key, [k, 0])[1] += 1
    for k, times in alike.values():
        total += cost_of(circuit, k) * times
    return total


def cost_of(circuit: Circuit, k: int) -> Counts:
    """What equation k costs; nothing for inputs and constants."""
    primitive = circuit.primitive(k)
    if primitive is None:
        return Counts()
    inputs = tuple(_operand(circuit, i) for i in circuit.inputs_of(k))
    return primitive.cost(inputs, circuit.type(k), circuit.params.get(k, {}))


def _operand(circuit: Circuit, i: int) -> Any:
    type = circuit.type(i)
    return Known(circuit.constants[i]) if i in circuit.constants and not type.shape else type
