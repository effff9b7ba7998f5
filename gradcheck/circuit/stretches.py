"""The reverse sweep over long stretches of scalar operations, written column by column.

Equation by equation a sweep takes microseconds each. Programs of thousands to millions of scalar operations know few
kinds of them, so the adjoints of all equations of one kind are written at once. The equations written, their order and
the order in which cotangents are added up are those of the plain sweep.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.circuit.circuit import CONSTANT, FLOAT64, Builder, Circuit
from gradcheck.circuit.rules import Joint, joint_rule
from gradcheck.primitives import BY_NAME, OPCODE, TABLE

SHORTEST, LONGEST = 2000, 1 << 19  # equations: below, the plain sweep is as quick; above, memory is better spent piece by piece
_CONSTANTS_KNOWN = 64  # constants for which rules are written apart, as for the exponents of powers
_ADD, _GETITEM = OPCODE[BY_NAME["add"]], OPCODE[BY_NAME["getitem"]]
_POWERS = frozenset(OPCODE[BY_NAME[name]] for name in ("power",))

Numbers = NDArray[np.int64]
Pending = dict[int, list[int]]


def find(circuit: Circuit) -> list[tuple[int, int]]:
    """The stretches [start, stop) of operations on float64 scalars, last first, each at most LONGEST."""
    if len(circuit) < SHORTEST:
        return []
    fits = _fits(circuit)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], fits.view(np.int8), [0]])))
    found = [(a, b) for a, b in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True) if b - a >= SHORTEST]
    return [(max(a, stop - LONGEST), stop) for a, b in reversed(found) for stop in range(b, a, -LONGEST)]


def _fits(circuit: Circuit) -> NDArray[np.bool_]:
    """Which equations a stretch may hold: elementwise on float64 scalars, decisions, elements of arrays, constants."""
    opcodes, types, starts, operands = (np.asarray(c) for c in (circuit.opcodes, circuit.types, circuit.starts, circuit.operands))
    scalar = np.array([not t.shape and (t == FLOAT64 or t.weak or not t.floating) for t in circuit.type_table])
    elementwise = np.array([r.elementwise for r in TABLE])
    fits = (opcodes == CONSTANT) | ((opcodes >= 0) & elementwise[opcodes] & scalar[types])
    foreign = np.concatenate([[0], np.cumsum(~scalar[types[operands]])])  # operands that are no such scalars
    fits &= foreign[starts[1:]] == foreign[starts[:-1]]
    fits[np.fromiter(circuit.params, np.int64, len(circuit.params))] = False
    result: NDArray[np.bool_] = fits | ((opcodes == _GETITEM) & (types == _number_of(circuit)))
    return result


def _number_of(circuit: Circuit) -> int:
    """The number of the type of float64 scalars; -1 where there are none."""
    return next((i for i, t in enumerate(circuit.type_table) if t == FLOAT64), -1)


@dataclass(slots=True)
class _Kind:
    """Equations of one kind: their numbers within the stretch, and the rule for all their operands."""

    rows: Numbers
    rule: Joint


@dataclass(slots=True)
class _Edges:
    """Contributions in the order they are added up: to which value, by which equation, and as what.

    `step` is the step of the source's rule that gives it, -1 where it is the source's own cotangent; `number` is
    the value where that is known beforehand (source -1).
    """

    target: Numbers
    source: Numbers
    step: Numbers
    number: Numbers


def sweep(circuit: Circuit, builder: Builder, span: tuple[int, int], active: bytearray, pending: Pending, pieces: Any) -> None:
    """Write the adjoints of a stretch: takes the cotangents pending for it, leaves those of what it read."""
    stretch = _Stretch(circuit, builder, span, active)
    kinds = list(stretch.kinds(stretch.reached(pending)))
    edges = stretch.edges(kinds, pending)
    stretch.place(kinds, edges)
    stretch.write(kinds, edges)
    stretch.hand_on(edges, pending, pieces)


class _Stretch:
    """One stretch while its adjoints are written. Values are numbered from its start where they are its own."""

    def __init__(self, circuit: Circuit, builder: Builder, span: tuple[int, int], active: bytearray) -> None:
        self.circuit, self.builder, self.active = circuit, builder, active
        self.start, self.stop = span
        self.size = self.stop - self.start
        self.opcodes = _column(circuit.opcodes, *span)
        first, last = circuit.starts[self.start], circuit.starts[self.stop]
        lengths = np.diff(_column(circuit.starts, self.start, self.stop + 1))
        self.arity = int(lengths.max(initial=1))
        self.operands = np.full((self.size, self.arity), -1, np.int64)
        self.operands[np.arange(self.arity) < lengths[:, None]] = _column(circuit.operands, first, last)
        is_active = np.frombuffer(active, np.uint8).astype(bool)
        self.flows = np.where(self.operands >= 0, is_active[self.operands], False) & is_active[self.start : self.stop, None]  # noqa: FBT003

    def reached(self, pending: Pending) -> bytearray:
        """Which equations a cotangent comes to."""
        start = self.start
        reached = bytearray(self.size)
        for k in pending:
            if start <= k < self.stop:
                reached[k - start] = 1
        inner = np.where(self.flows & (self.operands >= start), self.operands - start, -1)
        columns = [c.tolist() for c in inner.T]
        for k in range(self.size - 1, -1, -1):
            if reached[k]:
                for column in columns:
                    if (i := column[k]) >= 0:
                        reached[i] = 1
        return reached

    def kinds(self, reached: bytearray) -> Iterator[_Kind]:
        """The reached equations by operation, types, operands that a derivative flows to, and known exponents."""
        rows = np.flatnonzero((np.frombuffer(reached, np.uint8) > 0) & (self.opcodes >= 0) & (self.opcodes != _GETITEM) & self.flows.any(1))
        operands = self.operands[rows]
        types = np.where(operands >= 0, np.asarray(self.circuit.types)[operands], 0)
        flows = self.flows[rows] @ (1 << np.arange(self.arity))
        key = (self.opcodes[rows].astype(np.int64) << 8 | flows) * (self._constants(rows).max(initial=-1) + 2) + self._constants(rows) + 1
        for j in range(self.arity):
            key = key * (len(self.circuit.type_table) + 1) + types[:, j] + 1
        _, first, kind = np.unique(key, return_index=True, return_inverse=True)
        for number, example in enumerate(first.tolist()):
            yield _Kind(rows[kind == number], self._rule(int(rows[example])))

    def _constants(self, rows: Numbers) -> Numbers:
        """The exponent of a power where it is one of a few constants, -1 elsewhere."""
        if self.arity < 2:
            return np.full(len(rows), -1)
        is_power = np.isin(self.opcodes[rows], list(_POWERS))
        exponents = np.where(is_power, self.operands[rows, 1], -1)
        few = [e for e in np.unique(exponents).tolist() if e in self.circuit.constants][:_CONSTANTS_KNOWN]
        found: Numbers = np.where(np.isin(exponents, few), exponents, -1)
        return found

    def _rule(self, row: int) -> Joint:
        k = self.start + row
        read = self.circuit.inputs_of(k)
        known = {1: self.circuit.constants[read[1]]} if self.opcodes[row] in _POWERS and read[1] in self.circuit.constants else {}
        if known and self._constants(np.array([row]))[0] < 0:
            known = {}
        positions = tuple(j for j in range(len(read)) if self.flows[row, j])
        return joint_rule(TABLE[self.opcodes[row]], positions, (FLOAT64, *(self.circuit.type(i) for i in (k, *read))), known)

    def edges(self, kinds: list[_Kind], pending: Pending) -> _Edges:
        """Every contribution to a cotangent: those that waited first, then the stretch's own, last equation first."""
        parts: list[tuple[Any, Any, Any, Any, Any]] = []
        for kind in kinds:
            for place, (position, result) in enumerate(kind.rule.results):
                n = len(kind.rows)
                known = kind.rule.constant(self.builder, result) if kind.rule.is_constant(result) else -1
                sources = kind.rows if known < 0 else np.full(n, -1)
                order = (self.size - kind.rows) * (self.arity + 1) + place
                parts.append((self.operands[kind.rows, position], sources, np.full(n, result), np.full(n, known), order))
        targets = {t for part in parts for t in np.unique(part[0]).tolist()} | {k for k in pending if self.start <= k < self.stop}
        waiting = [(t, c) for t in targets if t in pending for c in pending.pop(t)]
        if waiting:
            n = len(waiting)
            to, what = np.array(waiting).T
            parts.append((to, np.full(n, -1), np.zeros(n, int), what, np.arange(n) - n))
        target, source, step, number, order = (
            (np.concatenate(column) for column in zip(*parts, strict=True)) if parts else [np.zeros(0, int)] * 5
        )
        sort = np.lexsort((order, -target))
        return _Edges(target[sort], source[sort], step[sort], number[sort])

    def place(self, kinds: list[_Kind], edges: _Edges) -> None:
        """Decide where every equation of the sweep goes, and number every contribution and cotangent."""
        self.targets, first, counts = _runs(edges.target)
        own = (self.targets >= self.start) & (self.targets < self.stop)
        own[own] = self.opcodes[self.targets[own] - self.start] >= 0
        adds, steps = np.zeros(self.size, np.int64), np.zeros(self.size, np.int64)
        adds[self.targets[own] - self.start] = counts[own] - 1
        for kind in kinds:
            steps[kind.rows] = len(kind.rule.steps)
        here = len(self.builder.opcodes)
        behind = np.cumsum((adds + steps)[::-1])[::-1]
        self.rule_at = here + behind - steps
        sums = np.concatenate([(self.rule_at - adds), [0]])[np.where(own, self.targets - self.start, self.size)]
        outside = np.where(own, 0, counts - 1)
        self.sum_at = np.where(own, sums, here + (behind[0] if self.size else 0) + np.cumsum(outside) - outside)
        self.total = int((behind[0] if self.size else 0) + outside.sum())
        self.first, self.counts, self.here = first, counts, here
        self._number(edges, own)

    def _number(self, edges: _Edges, own: Any) -> None:
        """Contributions that are another equation's cotangent as it stands are followed to where that is formed."""
        cotangent = np.full(self.size + 1, -1, np.int64)
        rows = np.where(own, self.targets - self.start, self.size)
        cotangent[rows] = np.where(self.counts > 1, self.sum_at + self.counts - 2, -1)
        formed = np.where(edges.source < 0, edges.number, self.rule_at[edges.source] + edges.step)
        passed = (edges.source >= 0) & (edges.step < 0)
        alone = self.counts == 1
        origin = np.arange(self.size + 1)
        lone = self.first[alone]
        origin[rows[alone]] = np.where(passed[lone], edges.source[lone], rows[alone])
        cotangent[rows[alone]] = np.where(passed[lone], -1, formed[lone])
        origin[self.size] = self.size
        while not np.array_equal(further := origin[origin], origin):
            origin = further
        self.cotangent = cotangent[origin]
        edges.number = np.where(passed, self.cotangent[edges.source], formed)

    def write(self, kinds: list[_Kind], edges: _Edges) -> None:
        """The sums and the rules of the stretch, appended to the circuit under way."""
        page = _Page(self.here, self.total, max(2, *(kind.rule.arity for kind in kinds), 2))
        rank = np.arange(len(edges.target)) - np.repeat(self.first, self.counts)
        later = np.flatnonzero(rank > 0)
        at = np.repeat(self.sum_at, self.counts)[later] + rank[later] - 1
        before = np.where(rank[later] == 1, edges.number[later - 1], at - 1)
        page.fill(at, _ADD, (before, edges.number[later]), self.builder.type_id(FLOAT64), 0)
        places = _column(self.circuit.places, self.start, self.stop)
        for kind in kinds:
            rows, base = kind.rows, self.rule_at[kind.rows]
            given = (self.cotangent[rows], rows + self.start, *self.operands[rows].T)
            for s, (opcode, read, type) in enumerate(kind.rule.steps):
                operands = tuple(kind.rule.operand(self.builder, i, given, base) for i in read)
                page.fill(base + s, opcode, operands, self.builder.type_id(type), places[rows])
        page.append_to(self.builder)

    def hand_on(self, edges: _Edges, pending: Pending, pieces: Any) -> None:
        """Cotangents of what the stretch read from elsewhere wait there; elements go to their arrays; the rest get names."""
        final = np.where(self.counts > 1, self.sum_at + self.counts - 2, edges.number[self.first]) if len(self.counts) else self.counts
        own = (self.targets >= self.start) & (self.targets < self.stop)
        own[own] = self.opcodes[self.targets[own] - self.start] >= 0
        for target, number in zip(self.targets[~own].tolist(), final[~own].tolist(), strict=True):
            pending.setdefault(target, []).append(number)
        own_elements = own.copy()
        own_elements[own] = self.opcodes[self.targets[own] - self.start] == _GETITEM
        for k, number in zip(self.targets[own_elements].tolist(), final[own_elements].tolist(), strict=True):
            (whole,) = self.circuit.inputs_of(k)
            if self.active[whole]:
                pieces.setdefault(whole, []).append((self.circuit.params[k]["index"], number))
        names, builder = self.circuit.names, self.builder
        if names:
            for k, number in zip(self.targets[own].tolist(), final[own].tolist(), strict=True):
                if k in names and number not in builder.constants:
                    builder.names.setdefault(number, f"d{names[k]}")


class _Page:
    """Columns of equations that are filled in any order and appended as a whole."""

    def __init__(self, here: int, size: int, arity: int) -> None:
        self.opcodes, self.types, self.places = np.zeros(size, np.int16), np.zeros(size, np.int32), np.zeros(size, np.int32)
        self.operands, self.here = np.full((size, arity), -1, np.int64), here

    def fill(self, at: Numbers, opcode: int, operands: tuple[Any, ...], type: int, places: Any) -> None:
        """Write equations of one operation at the given numbers."""
        rows = at - self.here
        self.opcodes[rows], self.types[rows], self.places[rows] = opcode, type, places
        for j, operand in enumerate(operands):
            self.operands[rows, j] = operand

    def append_to(self, builder: Builder) -> None:
        """End the page."""
        used = self.operands >= 0
        ends = len(builder.operands) + np.cumsum(used.sum(1))
        columns = ((builder.opcodes, self.opcodes), (builder.types, self.types), (builder.places, self.places))
        for column, values in (*columns, (builder.operands, self.operands[used]), (builder.starts, ends)):
            column.frombytes(values.astype(np.dtype(column.typecode)).tobytes())


def _column(values: array[int], start: int, stop: int) -> Any:
    """Part of a column as an array of its own; the column may grow afterwards."""
    return np.array(values[start:stop], dtype=np.int64)


def _runs(ordered: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """The distinct values of a sorted column, where each begins and how often it stands there."""
    if not len(ordered):
        return ordered, ordered, ordered
    first = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    return ordered[first], first, np.diff(np.append(first, len(ordered)))
