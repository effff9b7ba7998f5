"""The reverse sweep: a circuit becomes the circuit of its gradient.

Each equation's adjoint is formed once, from the last equation to the first; the cotangents that reach a value are
added up (S2, Griewank & Walther, Evaluating Derivatives, chapter 3). The result is a circuit again, so it can be
counted, printed, compiled, evaluated in any arithmetic, and reversed again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any, Protocol

import numpy as np

from gradcheck.circuit import stretches
from gradcheck.circuit.circuit import ArrayType, Builder, Circuit, copy_equations
from gradcheck.circuit.rules import rule
from gradcheck.circuit.simplify import simplify, without_dead, without_signs
from gradcheck.errors import ShapeError
from gradcheck.primitives import BY_NAME, TABLE

ADD, SCATTER, BROADCAST, CAST = (BY_NAME[n] for n in ("add", "scatter", "broadcast_to", "astype"))


class Planted(Protocol):
    """Mistakes written in place of what the sweep writes: of a part sent down a hop, of a value's parts added up, of an input's cotangent.

    `still` are values through which nothing is sent.
    """

    @property
    def still(self) -> Collection[int]: ...

    def part(self, builder: Builder, k: int, position: int, g: int, part: int | None) -> int | None: ...

    def total(self, builder: Builder, k: int, parts: list[int], total: int) -> int: ...

    def result(self, builder: Builder, cotangents: list[int]) -> list[int]: ...


def reverse(circuit: Circuit, *, seeded: bool = False, planted: Planted | None = None) -> Circuit:
    """Value and gradient together: outputs are the value(s), then the cotangent of each input.

    The first output must be a scalar, unless `seeded`: then every output's cotangent becomes a further input. `planted` are mistakes to
    write, for tests and diagnosis: see edits.py.
    """
    builder = Builder()
    copy_equations(circuit, builder)
    builder.backward = len(circuit)
    if planted is not None:
        return _hop_by_hop(circuit, builder, planted)
    pending = _seed(circuit, builder, seeded)
    active = active_values(circuit)
    pieces: dict[int, list[tuple[Any, int]]] = {}
    for k in _one_by_one(circuit, builder, active, pending, pieces):
        if k in pieces:
            pending.setdefault(k, []).append(_assemble(builder, circuit.type(k), pieces.pop(k)))
        if k not in pending or circuit.opcodes[k] < 0:
            continue
        g = _total(builder, pending.pop(k))
        _name(builder, g, circuit.names.get(k))
        if circuit.opcodes[k] == _GETITEM:  # parts of one array are put together once, not as an array each
            (whole,) = circuit.inputs_of(k)
            if active[whole]:
                pieces.setdefault(whole, []).append((circuit.params[k]["index"], g))
            continue
        _spread(circuit, builder, k, g, active, pending)
    cotangents = [_total(builder, pending.get(k, [])) if k in pending else _zeros(builder, circuit.type(k)) for k in circuit.inputs]
    finished = [_as_input(builder, c, circuit.type(k)) for c, k in zip(cotangents, circuit.inputs, strict=True)]
    for c, k in zip(finished, circuit.inputs, strict=True):
        _name(builder, c, circuit.names.get(k))
    builder.name = f"{circuit.name}_gradient"
    return builder.freeze((*circuit.outputs, *finished))


def _hop_by_hop(circuit: Circuit, builder: Builder, planted: Planted) -> Circuit:
    """The plain sweep: every part by its rule, every hop open to a mistake."""
    pending, active = _seed(circuit, builder, seeded=False), active_values(circuit, planted.still)
    for k in range(len(circuit) - 1, -1, -1):
        if k not in pending:
            continue
        g = planted.total(builder, k, pending[k], _total(builder, pending[k]))
        pending[k] = [g]
        if circuit.opcodes[k] < 0:
            continue
        types = (builder.type(g), circuit.type(k), *(circuit.type(i) for i in circuit.inputs_of(k)))
        for position, i in enumerate(circuit.inputs_of(k)):
            if active[i]:
                template = rule(TABLE[circuit.opcodes[k]], position, types, circuit.params.get(k, {}))
                part = template.write(builder, (g, k, *circuit.inputs_of(k)), circuit.places[k])
                part = planted.part(builder, k, position, g, part)
                if part is not None:
                    pending.setdefault(i, []).append(part)
    cotangents = [pending[k][0] if k in pending else _zeros(builder, circuit.type(k)) for k in circuit.inputs]
    builder.name = f"{circuit.name}_gradient"
    return builder.freeze((*circuit.outputs, *planted.result(builder, cotangents)))


def _one_by_one(circuit: Circuit, builder: Builder, active: bytearray, pending: dict[int, list[int]], pieces: Any) -> Iterator[int]:
    """The equations from last to first, but for the stretches of scalar operations, which are written as a whole."""
    after = len(circuit)
    for start, stop in stretches.find(circuit):
        yield from range(after - 1, stop - 1, -1)
        stretches.sweep(circuit, builder, (start, stop), active, pending, pieces)
        after = start
    yield from range(after - 1, -1, -1)


_GETITEM = TABLE.index(BY_NAME["getitem"])


def _seed(circuit: Circuit, builder: Builder, seeded: bool) -> dict[int, list[int]]:
    """The cotangents that start the sweep: 1 for a scalar output, or a further input for each output."""
    first = circuit.type(circuit.outputs[0])
    if not seeded and first.shape:
        raise ShapeError(
            f"{circuit.name} returns an array of shape {first.shape}; a gradient needs a scalar: sum it, or use vjp with a cotangent"
        )
    pending: dict[int, list[int]] = {}
    for k in circuit.outputs if seeded else circuit.outputs[:1]:
        type = circuit.type(k)
        if type.floating:
            seed = builder.input(type, "cotangent") if seeded else builder.constant(_one(type))
            pending.setdefault(k, []).append(seed)
    return pending


def _one(type: ArrayType) -> Any:
    return type.dtype.type(1)


def active_values(circuit: Circuit, still: Collection[int] = ()) -> bytearray:
    """Which values depend on the inputs through operations that have a derivative; `still` values are taken for constants."""
    active = bytearray(len(circuit))
    for k in circuit.inputs:
        active[k] = circuit.type(k).floating
    starts, operands, types = circuit.starts, circuit.operands, circuit.types
    carries = [r.adjoint is not None for r in TABLE]
    floating = [t.floating for t in circuit.type_table]
    for k, opcode in enumerate(circuit.opcodes):
        if opcode >= 0 and carries[opcode] and floating[types[k]]:
            for i in operands[starts[k] : starts[k + 1]]:
                if active[i]:
                    active[k] = k not in still
                    break
    return active


_WAITING = 8  # contributions of a value that wait to be added up: more would only fill memory


def _spread(circuit: Circuit, builder: Builder, k: int, g: int, active: bytearray, pending: dict[int, list[int]]) -> None:
    """Send the cotangent of value k on to what equation k read."""
    read, place, primitive = circuit.inputs_of(k), circuit.places[k], TABLE[circuit.opcodes[k]]
    part_of = _PART_OF.get(primitive.name) if len(read) > _FEW else None
    if part_of is not None:
        _take_apart(circuit, builder, k, g, active, pending, part_of(circuit, k))
        return
    types = (builder.type(g), circuit.type(k), *(circuit.type(i) for i in read))
    for position, i in enumerate(read):
        if active[i]:
            part = rule(primitive, position, types, circuit.params.get(k, {})).write(builder, (g, k, *read), place)
            if part is not None:
                waiting = pending.setdefault(i, [])
                waiting.append(part)
                if len(waiting) > _WAITING:
                    pending[i] = [_total(builder, waiting)]


_FEW = 8  # operands up to which each gets its rule from the table


def _take_apart(
    circuit: Circuit, builder: Builder, k: int, g: int, active: bytearray, pending: dict[int, list[int]], indices: Iterable[Any]
) -> None:
    """The cotangents of many parts put together: each its part of the whole's, at once, for a rule a part would read all types for each."""
    dtype = builder.type(g).dtype
    for i, index in zip(circuit.inputs_of(k), indices, strict=True):
        if active[i]:
            type = ArrayType(circuit.type(i).shape, dtype)
            pending.setdefault(i, []).append(builder.append(_GETITEM, (g,), type, {"index": index}, circuit.places[k]))


def _stacked(circuit: Circuit, k: int) -> Iterable[Any]:
    front = (slice(None),) * circuit.params[k]["axis"]
    return ((*front, position) for position in range(len(circuit.inputs_of(k))))


def _joined(circuit: Circuit, k: int) -> Iterable[Any]:
    axis, start = circuit.params[k]["axis"], 0
    for i in circuit.inputs_of(k):
        stop = start + circuit.type(i).shape[axis]
        yield (*(slice(None),) * axis, slice(start, stop))
        start = stop


_PART_OF: dict[str, Callable[[Circuit, int], Iterable[Any]]] = {
    "stack": _stacked,
    "concatenate": _joined,
    "scatter": lambda circuit, k: circuit.params[k]["indices"],
}


def places_of_parts(circuit: Circuit, k: int) -> Iterable[Any] | None:
    """Where in value k each operand stands, for operations that put many together; None for others."""
    part_of = _PART_OF.get(TABLE[circuit.opcodes[k]].name)
    return None if part_of is None else part_of(circuit, k)


def _total(builder: Builder, parts: list[int]) -> int:
    """Add up the cotangents that reached one value."""
    total = parts[0]
    for part in parts[1:]:
        dtype = np.result_type(builder.type(total).dtype, builder.type(part).dtype)
        total = builder.apply(ADD, (total, part), ArrayType(builder.type(part).shape, dtype))
    return total


def _name(builder: Builder, cotangent: int, of: str | None) -> None:
    """The cotangent of z is called dz."""
    if of and cotangent not in builder.constants:
        builder.names.setdefault(cotangent, f"d{of}")


def _assemble(builder: Builder, type: ArrayType, pieces: list[tuple[Any, int]]) -> int:
    indices, values = tuple(i for i, _ in pieces), tuple(v for _, v in pieces)
    dtype = np.result_type(*(builder.type(v).dtype for v in values))  # as the pieces have it: the whole is cast where it must be
    return builder.apply(SCATTER, values, ArrayType(type.shape, dtype), indices=indices, shape=type.shape)


def _zeros(builder: Builder, type: ArrayType) -> int:
    zero = builder.constant(type.dtype.type(0))
    return builder.apply(BROADCAST, (zero,), type, shape=type.shape) if type.shape else zero


def _as_input(builder: Builder, cotangent: int, type: ArrayType) -> int:
    """A gradient has its argument's dtype."""
    have = builder.type(cotangent)
    if not type.floating or have.dtype == type.dtype:
        return cotangent
    return builder.apply(CAST, (cotangent,), type, dtype=type.dtype.name)


def gradient_circuit(circuit: Circuit, *, value: bool = True) -> Circuit:
    """The simplified gradient, with or without the value; made once."""
    key = "value and gradient" if value else "gradient"
    known: Circuit | None = circuit.cache.get(key)
    if known is None:
        long = bool(
            stretches.find(circuit)
        )  # rules of stretches are simple as they are written; looking for more takes longer than it saves
        full = reverse(without_dead(circuit) if long else simplify(circuit))
        chosen = full if value else full.with_outputs(full.outputs[len(circuit.outputs) :])
        known = circuit.cache[key] = without_dead(without_signs(chosen)) if long else simplify(chosen, settled=full.backward or 0)
    return known


def pullback(circuit: Circuit) -> Circuit:
    """The simplified vector-Jacobian product: inputs are the arguments, then one cotangent for each output."""
    full = reverse(simplify(circuit), seeded=True)
    return simplify(full, settled=full.backward or 0)
