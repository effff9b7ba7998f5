"""Running a circuit in any arithmetic."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from gradcheck.circuit.circuit import CONSTANT, INPUT, Circuit
from gradcheck.errors import NonFiniteError
from gradcheck.primitives import TABLE, Primitive, plain


class Arithmetic(Protocol):
    """What a number is: how a constant is read and what an operation does."""

    def constant(self, value: Any) -> Any: ...

    def apply(self, primitive: Primitive, inputs: Sequence[Any], params: Mapping[str, Any]) -> Any: ...


class Floats:
    """NumPy's own floating point."""

    def constant(self, value: Any) -> Any:
        """The constant itself; an exact one is rounded."""
        return plain(value)

    def apply(self, primitive: Primitive, inputs: Sequence[Any], params: Mapping[str, Any]) -> Any:
        """NumPy's result."""
        return primitive.on_floats(inputs, params)


def interpret(circuit: Circuit, arithmetic: Arithmetic, inputs: Sequence[Any]) -> tuple[Any, ...]:
    """The outputs' values; every other value is dropped after its last use."""
    values: list[Any] = [None] * len(circuit)
    last = last_uses(circuit)
    for k, value in _run(circuit, arithmetic, inputs, values):
        values[k] = value
        for i in circuit.inputs_of(k):
            if last[i] == k:
                values[i] = None
    return tuple(values[k] for k in circuit.outputs)


def trail(circuit: Circuit, arithmetic: Arithmetic, inputs: Sequence[Any]) -> list[Any]:
    """The value of every equation, in order."""
    values: list[Any] = [None] * len(circuit)
    for k, value in _run(circuit, arithmetic, inputs, values):
        values[k] = value
    return values


def _run(circuit: Circuit, arithmetic: Arithmetic, inputs: Sequence[Any], values: list[Any]) -> Iterable[tuple[int, Any]]:
    given = dict(zip(circuit.inputs, inputs, strict=True))
    starts, operands, params = circuit.starts, circuit.operands, circuit.params
    nothing: dict[str, Any] = {}
    for k, opcode in enumerate(circuit.opcodes):
        if opcode >= 0:
            read = [values[i] for i in operands[starts[k] : starts[k + 1]]]
            yield k, arithmetic.apply(TABLE[opcode], read, params.get(k, nothing))
        elif opcode == CONSTANT:
            yield k, arithmetic.constant(circuit.constants[k])
        elif opcode == INPUT:
            yield k, given[k]


def last_uses(circuit: Circuit) -> list[int]:
    """For every value the equation that reads it last; outputs and guards stay."""
    last = circuit.cache.get("last")
    if last is None:
        last = [-1] * len(circuit)
        for k in range(len(circuit)):
            for i in circuit.operands[circuit.starts[k] : circuit.starts[k + 1]]:
                last[i] = k
        for k in circuit.outputs:
            last[k] = len(circuit)
        circuit.cache["last"] = last
    return last


def first_nonfinite(circuit: Circuit, inputs: Sequence[Any]) -> int | None:
    """The first equation whose float value is NaN or infinite, or None."""
    values: list[Any] = [None] * len(circuit)
    with np.errstate(all="ignore"):
        for k, value in _run(circuit, Floats(), inputs, values):
            values[k] = value
            if circuit.type(k).floating and not np.all(np.isfinite(value)):
                return k
    return None


def describe(circuit: Circuit, k: int) -> str:
    """A value in words: its name if it has one, its operation, its line."""
    primitive, place, name = circuit.primitive(k), circuit.place(k), circuit.names.get(k)
    what = primitive.name if primitive else "input"
    called = f"{name} ({what})" if name else what
    return f"{called} at {place}" if place else called


def require_finite(circuit: Circuit, inputs: Sequence[Any]) -> None:
    """Raise NonFiniteError naming the first step that gives NaN or infinity."""
    k = first_nonfinite(circuit, inputs)
    if k is not None:
        raise NonFiniteError(f"{circuit.name}: the value is not finite; NaN or infinity first appears in {describe(circuit, k)}")
