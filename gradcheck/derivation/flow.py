"""The numbers of a circuit at a point: every value, what arrives at it on the way back, what each hop sends.

One sweep over the rules' templates on numbers, written for circuits of a million equations; `derivation` tells the same hop by hop.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.circuit import Circuit, Floats, trail
from gradcheck.circuit.circuit import CONSTANT, FLOAT64, type_of
from gradcheck.circuit.reverse import active_values, places_of_parts
from gradcheck.circuit.rules import Template, rule
from gradcheck.primitives import BY_NAME, OPCODE, TABLE, plain

_GETITEM = OPCODE[BY_NAME["getitem"]]
_FEW = 8  # operands up to which each part comes from its rule


@dataclass(frozen=True, slots=True, eq=False)
class Flow:
    """What flows through a circuit: `values[k]`, and `totals[k]`, the sum of all that arrives at value k (None where nothing does).

    `seeded` says whether there is a sweep at all: it needs one floating scalar as the result.
    """

    circuit: Circuit
    values: Sequence[Any]
    totals: Sequence[Any]
    active: bytearray
    seeded: bool

    def sent(self, k: int, position: int) -> Any | None:
        """What equation k sends to its operand at `position`; None where nothing flows."""
        i = self.circuit.inputs_of(k)[position]
        if self.totals[k] is None or not self.active[i]:
            return None
        with np.errstate(all="ignore"):
            return _Sender(self.circuit, self.values).part(self.totals[k], k, position)


def flow(circuit: Circuit, inputs: Sequence[Any]) -> Flow:
    """Every value at a point, and every cotangent where the circuit has one floating scalar result."""
    first = circuit.type(circuit.outputs[0])
    seeded = len(circuit.outputs) == 1 and not first.shape and first.floating
    with np.errstate(all="ignore"):
        values = trail(circuit, Floats(), inputs)
        totals: list[Any] = [None] * len(circuit)
        active = active_values(circuit)
        if seeded:
            _sweep(circuit, values, totals, active)
    return Flow(circuit, values, totals, active, seeded)


def _sweep(circuit: Circuit, values: list[Any], totals: list[Any], active: bytearray) -> None:
    sender = _Sender(circuit, values)
    totals[circuit.outputs[0]] = circuit.type(circuit.outputs[0]).dtype.type(1)
    opcodes, starts, operands = circuit.opcodes, circuit.starts, circuit.operands
    owned = bytearray(len(circuit))  # totals that are ours to write into
    for k in range(len(circuit) - 1, -1, -1):
        g = totals[k]
        if g is None or opcodes[k] < 0:
            continue
        read = operands[starts[k] : starts[k + 1]]
        if opcodes[k] == _GETITEM:
            if active[read[0]]:
                _gather(circuit, totals, owned, k, read[0])
            continue
        for position, i in enumerate(read):
            if active[i] and (part := sender.part(g, k, position)) is not None:
                totals[i] = part if totals[i] is None else totals[i] + part
                owned[i] = 0


def _gather(circuit: Circuit, totals: list[Any], owned: bytearray, k: int, whole: int) -> None:
    """Put a part's cotangent in its place in the whole's, which is written once and not once for each part."""
    g = totals[k]
    if not owned[whole]:
        so_far = totals[whole]
        totals[whole] = np.zeros(circuit.type(whole).shape, np.asarray(g).dtype) if so_far is None else np.array(so_far)
        owned[whole] = 1
    np.add.at(totals[whole], circuit.params[k]["index"], g)


class _Sender:
    """Evaluates rules on numbers; equations of one kind share a template."""

    def __init__(self, circuit: Circuit, values: Sequence[Any]) -> None:
        self.circuit, self.values = circuit, values
        self.templates: dict[Any, Template] = {}
        self.indices: tuple[int, list[Any]] = (-1, [])

    def part(self, g: Any, k: int, position: int) -> Any | None:
        """What equation k sends to one operand of what arrived."""
        circuit, values = self.circuit, self.values
        read = circuit.operands[circuit.starts[k] : circuit.starts[k + 1]]
        if len(read) > _FEW and (index := self._index(k, position)) is not None:
            return g[index]
        template = self._template(g, k, position, read)
        if template.result is None:
            return None
        known = [g, values[k], *(values[i] for i in read)]
        for opcode, operands, _, params, constant in template.steps:
            known.append(plain(constant) if opcode == CONSTANT else TABLE[opcode].on_floats([known[i] for i in operands], params or {}))
        return known[template.result]

    def _template(self, g: Any, k: int, position: int, read: Sequence[int]) -> Template:
        circuit = self.circuit
        arriving = FLOAT64 if type(g) is np.float64 else type_of(g)
        params = circuit.params.get(k)
        key = (circuit.opcodes[k], position, arriving, circuit.types[k], *(circuit.types[i] for i in read)) if params is None else None
        template = self.templates.get(key) if key else None
        if template is None:
            types = (arriving, circuit.type(k), *(circuit.type(i) for i in read))
            template = rule(TABLE[circuit.opcodes[k]], position, types, params or {})
            if key:
                self.templates[key] = template
        return template

    def _index(self, k: int, position: int) -> Any | None:
        """Where an operand stands in what joins many."""
        if self.indices[0] != k:
            self.indices = (k, list(places_of_parts(self.circuit, k) or ()))
        return self.indices[1][position] if self.indices[1] else None
