"""The forward sweep: a circuit becomes the circuit of its tangents.

No operation has a forward rule of its own. Its adjoint rule is a small circuit, linear in the cotangent; reversed with respect
to the cotangent it becomes its own transpose, which sends an operand's tangent to the result's (S2, Griewank & Walther, Evaluating
Derivatives, chapter 3). What is proved of the adjoint rules is thereby proved of these.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from gradcheck.circuit.circuit import INPUT, ArrayType, Builder, Circuit, copy_equations
from gradcheck.circuit.reverse import reverse
from gradcheck.circuit.rules import Template, rule
from gradcheck.circuit.simplify import simplify
from gradcheck.errors import CircuitError
from gradcheck.primitives import BY_NAME, TABLE, Primitive

ADD, BROADCAST, CAST = (BY_NAME[n] for n in ("add", "broadcast_to", "astype"))
JOINS = tuple(BY_NAME[n] for n in ("stack", "concatenate", "scatter", "put"))  # linear in all operands at once, which may be many


@dataclass(frozen=True, slots=True)
class Transposed:
    """A forward rule: a template of (tangent, result, operands), and the type it takes the tangent in."""

    template: Template
    takes: ArrayType


def tangent(circuit: Circuit, moving: int | None = None) -> Circuit:
    """The circuit of values and tangents: inputs are the arguments, then one tangent for each; outputs the value(s), then their tangents.

    With `moving`, only so many arguments, the first ones, move. A value that depends on none of them costs nothing.
    """
    builder = Builder()
    copy_equations(circuit, builder)
    tangents = _sweep(circuit, builder, moving)
    moved = [tangents[k] if k in tangents else _zeros(builder, circuit.type(k)) for k in circuit.outputs]
    builder.name = f"{circuit.name}_tangent"
    return builder.freeze((*circuit.outputs, *moved))


def all_tangents(circuit: Circuit, still: Collection[int] = ()) -> tuple[Circuit, dict[int, int]]:
    """The circuit of values and tangents, its values numbered as the circuit's; and, for each value that moves, the number of its tangent.

    `still` values are taken for constants.
    """
    builder = Builder()
    copy_equations(circuit, builder)
    tangents = _sweep(circuit, builder, None, still)
    return builder.freeze(circuit.outputs), tangents


def _sweep(circuit: Circuit, builder: Builder, moving: int | None, still: Collection[int] = ()) -> dict[int, int]:
    """Write the tangents of all values that move."""
    tangents: dict[int, int] = {}
    for k in circuit.inputs[:moving]:
        name = circuit.names.get(k)
        given = builder.input(circuit.type(k), f"{name}_dot" if name else None)
        if circuit.type(k).floating:
            tangents[k] = given
    for k, opcode in enumerate(circuit.opcodes):
        if (
            opcode >= 0
            and k not in still
            and TABLE[opcode].adjoint is not None
            and circuit.type(k).floating
            and any(i in tangents for i in circuit.inputs_of(k))
        ):
            found = _joined(circuit, builder, k, tangents) if TABLE[opcode] in JOINS else _summed(circuit, builder, k, tangents)
            if found is not None:
                tangents[k] = found
                _name(builder, found, circuit.names.get(k))
    return tangents


def _summed(circuit: Circuit, builder: Builder, k: int, tangents: Mapping[int, int]) -> int | None:
    """The tangent of value k: what the tangents of its operands add to it, each by its transposed rule."""
    read, place, primitive = circuit.inputs_of(k), circuit.places[k], TABLE[circuit.opcodes[k]]
    types = (replace(circuit.type(k), weak=False), *(circuit.type(i) for i in read))
    total: int | None = None
    for position, i in enumerate(read):
        forward = transposed(primitive, position, types, circuit.params.get(k, {})) if i in tangents else None
        if forward is None:
            continue
        part = forward.template.write(builder, (_cast(builder, tangents[i], forward.takes), k, *read), place)
        assert part is not None
        total = part if total is None else builder.apply(ADD, (total, part), types[0])
    return total


def _joined(circuit: Circuit, builder: Builder, k: int, tangents: Mapping[int, int]) -> int:
    """Numbers put together: so are their tangents, in one step and not one for each operand."""
    type, params = replace(circuit.type(k), weak=False), circuit.params.get(k, {})
    parts = [
        _cast(builder, tangents[i], type) if i in tangents else _zeros(builder, replace(type, shape=circuit.type(i).shape))
        for i in circuit.inputs_of(k)
    ]
    return builder.append(circuit.opcodes[k], tuple(parts), type, params, circuit.places[k])


def transposed(primitive: Primitive, position: int, types: tuple[ArrayType, ...], params: Mapping[str, Any]) -> Transposed | None:
    """The forward rule of operand `position`; `types` are those of the result and the operands. None where nothing flows."""
    return _transposed(rule(primitive, position, (types[0], *types), params), types, primitive.name)


@lru_cache(maxsize=8192)
def _transposed(adjoint: Template, types: tuple[ArrayType, ...], name: str) -> Transposed | None:
    builder = Builder()
    g, *values = (builder.input(t) for t in (types[0], *types))
    cotangent = adjoint.write(builder, (g, *values), 0)
    if cotangent is None:
        return None
    back = reverse(replace(builder.freeze((cotangent,)), inputs=(g,)), seeded=True)  # with respect to g alone
    seed = back.inputs[1]
    return _compact(simplify(replace(back, outputs=back.outputs[1:], inputs=(g, *values, seed), name=name)), len(values))


def _compact(circuit: Circuit, values: int) -> Transposed | None:
    """The transpose as a template of (tangent, result, operands). Its cotangent must have vanished from it, or the rule is not linear."""
    g, *others = circuit.inputs
    numbers = {k: i for i, k in enumerate((others[-1], *others[:-1]))}
    steps = []
    for k, opcode in enumerate(circuit.opcodes):
        if opcode == INPUT:
            continue
        if g in circuit.inputs_of(k):
            raise CircuitError(f"the adjoint rule of {circuit.name} is not linear in its cotangent")
        numbers[k] = len(numbers)
        read = tuple(numbers[i] for i in circuit.inputs_of(k))
        steps.append((opcode, read, circuit.type(k), circuit.params.get(k), circuit.constants.get(k)))
    (result,) = circuit.outputs
    moves = numbers[result] == 0 or any(0 in read for _, read, *_ in steps)
    return Transposed(Template(tuple(steps), values + 1, numbers[result]), circuit.type(others[-1])) if moves else None


def _cast(builder: Builder, tangent: int, type: ArrayType) -> int:
    have = builder.type(tangent)
    return tangent if have.dtype == type.dtype else builder.apply(CAST, (tangent,), replace(type, shape=have.shape), dtype=type.dtype.name)


def _zeros(builder: Builder, type: ArrayType) -> int:
    zero = builder.constant(type.dtype.type(0))
    return builder.apply(BROADCAST, (zero,), type, shape=type.shape) if type.shape else zero


def _name(builder: Builder, found: int, of: str | None) -> None:
    if of and found not in builder.constants:
        builder.names.setdefault(found, f"{of}_dot")
