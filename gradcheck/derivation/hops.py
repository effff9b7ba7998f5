"""A gradient derived step by step, as data: the forward table, the hops of the backward sweep, the recursion.

The sweep here is written for the reader: it evaluates each rule on numbers, one hop at a time, and keeps what it saw.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.circuit import Circuit, Floats, Place, cost_of, inline, trail, value_names
from gradcheck.circuit.reverse import active_values, places_of_parts
from gradcheck.circuit.source import Program, applied, expression, index_text, scalar_text, written_out
from gradcheck.derivation.alike import Alike
from gradcheck.derivation.tangents import EACH, TOGETHER

FEW = (
    8  # operands up to which each part comes from its rule: a rule reads all operands, so of thousands all would be read thousands of times
)


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the forward table: `name = text`, its value, where it stands in the source, what it costs, and its number in the circuit."""

    name: str
    text: str
    value: Any
    place: Place | None
    operations: int
    index: int = -1


@dataclass(frozen=True, slots=True)
class Hop:
    """One edge of the backward sweep, from a value to something it was computed from.

    `local` is the local derivative as a formula and `value` as a number (for operations that mix elements, the rule in the cotangent
    `d<name>` and no number); `arriving` is the cotangent of `output`, `sent` what this hop adds to the cotangent of `input`. `index` and
    `operand` are the numbers of both in the circuit, `position` the place of `input` among the operands.
    """

    output: str
    input: str
    local: str
    value: Any | None
    arriving: Any
    sent: Any
    place: Place | None
    index: int = -1
    operand: int = -1
    position: int = -1


@dataclass(frozen=True, slots=True)
class Derivation:
    """A function's gradient at a point, as a reader would derive it."""

    inputs: tuple[tuple[str, Any], ...]
    steps: tuple[Step, ...]
    hops: tuple[Hop, ...]
    totals: tuple[tuple[str, Any], ...]
    recursion: tuple[str, ...]
    result: str
    cotangents: Mapping[str, Any]

    @property
    def values(self) -> dict[str, Any]:
        """Every number by its name."""
        return dict((*self.inputs, *((s.name, s.value) for s in self.steps)))

    def value(self, name: str) -> Any:
        """The number computed under a name."""
        return self.values[name]


def derive(circuit: Circuit, inputs: Sequence[Any]) -> Derivation:
    """Forward table, hops and totals of a scalar circuit at a point."""
    names = value_names(circuit)
    with np.errstate(all="ignore"):
        values = trail(circuit, Floats(), inputs)
        hops, cotangents = _sweep(circuit, names, values)
    given = tuple((names[k], values[k]) for k in circuit.inputs)
    totals = tuple((names[k], cotangents.get(k, np.zeros(circuit.type(k).shape)[()])) for k in circuit.inputs)
    named = {names[k]: g for k, g in cotangents.items()}
    steps, recursion = tuple(_steps(circuit, names, values)), tuple(_recursion(circuit, names))
    return Derivation(given, steps, tuple(hops), totals, recursion, names[circuit.outputs[0]], named)


def _steps(circuit: Circuit, names: dict[int, str], values: list[Any]) -> Iterator[Step]:
    result = circuit.outputs[0]
    if result in circuit.constants:
        yield Step(names[result], scalar_text(np.asarray(values[result]).item()), values[result], None, 0, result)
    for equation in circuit.equations:
        k = equation.index
        yield Step(names[k], equation_text(circuit, k, names), values[k], equation.place, cost_of(circuit, k).operations, k)


def equation_text(circuit: Circuit, k: int, names: dict[int, str]) -> str:
    """The right-hand side of an equation in the names of its operands."""
    return expression(circuit, k, Program(names=names))


def _sweep(circuit: Circuit, names: dict[int, str], values: list[Any]) -> tuple[list[Hop], dict[int, Any]]:
    cotangents: dict[int, Any] = {circuit.outputs[0]: np.float64(1.0)}
    active, alike, hops = active_values(circuit), Alike(circuit), list[Hop]()
    for k in range(len(circuit) - 1, -1, -1):
        if k not in cotangents or circuit.primitive(k) is None:
            continue
        for hop in _hops_of(alike, names, values, cotangents[k], k, active):
            i = hop.operand
            cotangents[i] = cotangents[i] + hop.sent if i in cotangents else hop.sent
            hops.append(hop)
    return hops, cotangents


def _hops_of(alike: Alike, names: dict[int, str], values: list[Any], arriving: Any, k: int, active: bytearray) -> Iterator[Hop]:
    """The hops from value k to its operands; those of a join of many by their places in it."""
    circuit, read = alike.circuit, alike.circuit.inputs_of(k)
    parts = list(places_of_parts(circuit, k) or ()) if len(read) > FEW else []
    for position, i in enumerate(read):
        if active[i]:
            yield (
                _part(circuit, names, arriving, k, position, parts[position])
                if parts
                else _hop(alike, names, values, arriving, k, position)
            )


def hop_at(circuit: Circuit, names: dict[int, str], values: Sequence[Any], arriving: Any, k: int, position: int) -> Hop:
    """One hop of the sweep: from value k, at which `arriving` has arrived, to its operand at `position`."""
    with np.errstate(all="ignore"):
        return _hop(Alike(circuit), names, values, arriving, k, position)


def _hop(alike: Alike, names: dict[int, str], values: Sequence[Any], arriving: Any, k: int, position: int) -> Hop:
    circuit, primitive, read = alike.circuit, alike.circuit.primitive(k), alike.circuit.inputs_of(k)
    assert primitive is not None
    given = (np.broadcast_to(arriving, np.shape(values[k]))[()], values[k], *(values[i] for i in read))
    sent, rule = alike.sent(k, position, given)
    number = None
    if primitive.elementwise:
        number, text = alike.slope(k, position, values), alike.written(k, position, names)
    else:
        text = inline(rule, dict(zip(rule.inputs, (f"d{names[k]}", names[k], *(names[i] for i in read)), strict=True)))
    return Hop(names[k], names[read[position]], text, number, given[0], sent, circuit.place(k), k, read[position], position)


def _part(circuit: Circuit, names: dict[int, str], arriving: Any, k: int, position: int, index: Any) -> Hop:
    """A hop to one of the many operands that value k joins: what arrived, at the operand's place."""
    i, whole = circuit.inputs_of(k)[position], np.broadcast_to(arriving, circuit.type(k).shape)
    program = Program(names=names)
    text = written_out(f"d{names[k]}[{index_text(index, program)}]", program)
    return Hop(names[k], names[i], text, None, whole, whole[index], circuit.place(k), k, i, position)


def _recursion(circuit: Circuit, names: dict[int, str]) -> Iterator[str]:
    """The chain rule as a recursion, y' = f'(g(x)) g'(x), applied from the result until the inputs are reached."""
    active, alike = active_values(circuit), Alike(circuit)
    for k in range(len(circuit) - 1, -1, -1):
        primitive, read = circuit.primitive(k), circuit.inputs_of(k)
        if primitive is None or not active[k]:
            continue
        terms = [_together(circuit, names, k, active)] if primitive.name in TOGETHER else []
        terms = terms or [_term(alike, names, k, position) for position, i in enumerate(read) if active[i]]
        yield f"{names[k]}' = {' + '.join(terms)}"


def _term(alike: Alike, names: dict[int, str], k: int, position: int) -> str:
    """One summand: the local derivative times the operand's own derivative."""
    circuit, primitive, read = alike.circuit, alike.circuit.primitive(k), alike.circuit.inputs_of(k)
    assert primitive is not None
    inner = f"{names[read[position]]}'"
    if not primitive.elementwise:
        return _linear_term(circuit, names, k, position, inner)
    text = alike.written(k, position, names)
    signs = {"1.0": "", "-1.0": "-"}
    return signs[text] + inner if text in signs else f"{_wrapped(text)} * {inner}"


def _together(circuit: Circuit, names: dict[int, str], k: int, active: bytearray) -> str:
    """For operations linear in all operands at once, the operation itself on their derivatives; what does not move has none."""
    return applied(circuit, k, [f"{names[i]}'" if active[i] else f"0 * {names[i]}" for i in circuit.inputs_of(k)], Program(names=names))


def _linear_term(circuit: Circuit, names: dict[int, str], k: int, position: int, inner: str) -> str:
    """For operations linear in each operand, the operation itself with the operand's derivative in its place; for others, no formula."""
    primitive, read = circuit.primitive(k), circuit.inputs_of(k)
    if primitive is None or primitive.name not in EACH:
        return f"d{names[k]}/d{names[read[position]]}({inner})"
    return applied(circuit, k, [inner if p == position else names[i] for p, i in enumerate(read)], Program(names=names))


def _wrapped(text: str) -> str:
    return f"({text})" if " " in text else text
