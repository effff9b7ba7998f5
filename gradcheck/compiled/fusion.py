"""A group of elementwise equations as a block program: instructions over slots, run by `kernels.run_blocks`.

A slot is a pair (address, bytes to move with each element). Instructions are (operation, result, three operands, extra);
operations below zero repeat rows, repeat numbers, sum, and add parts in their places. What is in between lives in scratch
of one block each. Addresses of arrays that are made anew at each call are filled in then.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import lcm
from typing import Any

import numpy as np

from gradcheck.circuit.circuit import Circuit
from gradcheck.compiled.assemble import NUMBER, fuse, instruction
from gradcheck.compiled.schedule import Shape, Step, place_in, sum_kind
from gradcheck.primitives import BY_NAME, OPCODE

BLOCK = 512
_APART = 8  # elements between rows of scratch, so that they do not meet in the same lines of cache
_REPEAT, _STRETCH, _SUM_ALL, _SUM_ROWS, _SUM_COLUMNS, _ADD_AT = -1, -2, -3, -4, -5, -6
_ZERO, _FILL = 0, 1
_SUM = OPCODE[BY_NAME["sum"]]
_SIZE, _LINE = 8, 64  # bytes of a number, of a line of cache


@dataclass(slots=True)
class BlockProgram:
    """Arguments of `run_blocks`, and the slots that are not known before: (slot, value, byte offset)."""

    before: Any
    code: Any
    slots: Any
    total: int
    block: int
    operands: list[tuple[int, int]] = field(default_factory=list)  # (slot, value): where an array operand is
    results: list[tuple[int, int, int]] = field(default_factory=list)  # (slot, value, bytes from its start)
    numbers: list[tuple[int, int]] = field(default_factory=list)  # (place in `cells`, value): scalars
    cells: Any = None
    scratch: Any = None


def pattern(shape: Shape, whole: Shape) -> tuple[str, int] | None:
    """How an operand goes along with a block of a larger shape; None where it must be written out first."""
    size = int(np.prod(shape, dtype=int))
    padded = (1,) * (len(whole) - len(shape)) + shape
    if size == 1:
        return "number", 0
    if padded == whole:
        return "same", 0
    first = next(i for i, n in enumerate(padded) if n != 1)
    last = max(i for i, n in enumerate(padded) if n != 1)
    if padded[first:] == whole[first:]:
        return "repeat", size
    if padded[: last + 1] == whole[: last + 1]:
        return "stretch", int(np.prod(whole[last + 1 :], dtype=int))
    return None


class _Group:
    """One group while its program is written."""

    def __init__(self, circuit: Circuit, step: Step, stored: set[int]) -> None:
        self.circuit, self.step, self.stored = circuit, step, stored
        assert step.shape is not None
        self.shape: Shape = step.shape
        self.members = set(step.equations)
        self.slots: list[int] = []  # how far each moves
        self.of: dict[int, int] = {}
        self.code: list[tuple[int, ...]] = []
        self.before: list[tuple[int, int, int, int]] = []
        self.program = BlockProgram(None, None, None, int(np.prod(self.shape, dtype=int)), BLOCK)
        self.rows: list[int] = []
        self.scratch: list[int] = []
        self.fills: list[tuple[int, int]] = []

    def slot(self, moves: int = 0) -> int:
        self.slots.append(moves)
        return len(self.slots) - 1

    def temporary(self) -> int:
        slot = self.slot()
        self.scratch.append(slot)
        return slot

    def operand(self, i: int) -> int:
        """The slot of a value that the group reads."""
        if i not in self.of:
            self.of[i] = self._read(i)
        return self.of[i]

    def _read(self, i: int) -> int:
        kind = pattern(self.circuit.type(i).shape, self.shape)
        what, extra = kind if kind is not None else ("same", 0)  # written out beforehand
        if what == "number":
            slot = self.temporary()
            self.fills.append((slot, len(self.program.numbers)))
            self.program.numbers.append((len(self.program.numbers), i))
            return slot
        source = self.slot(_SIZE if what == "same" else 0)
        self.program.operands.append((source, i))
        if what == "same":
            return source
        slot = self.temporary()
        self.code.append((_REPEAT if what == "repeat" else _STRETCH, slot, source, 0, 0, extra))
        if what == "stretch":
            self.rows.append(extra)
        return slot

    def write(self, k: int) -> None:
        circuit, read = self.circuit, self.circuit.inputs_of(k)
        primitive = circuit.primitive(k)
        assert primitive is not None
        if primitive.elementwise:
            found = instruction(circuit, k)
            assert found is not None
            name, read = found
            operands = [self.operand(i) for i in read]
            if k in self.stored:
                self.of[k] = self.slot(_SIZE)
                self.program.results.append((self.of[k], k, 0))
            else:
                self.of[k] = self.temporary()
            self.code.append((NUMBER[name], self.of[k], *operands, *[operands[0]] * (3 - len(operands)), 0))
        elif circuit.opcodes[k] == _SUM:
            self._sum(k, self.operand(read[0]))
        else:
            self._places(k, [self.operand(i) for i in read])

    def _sum(self, k: int, operand: int) -> None:
        found = sum_kind(self.shape, self.circuit.params.get(k, {}))
        assert found is not None
        kind, extra = found
        slot = self.slot()
        self.program.results.append((slot, k, 0))
        operation = {"all": _SUM_ALL, "rows": _SUM_ROWS, "columns": _SUM_COLUMNS}[kind]
        if kind == "rows":
            self.rows.append(extra)
        else:
            self.before.append((_ZERO, slot, slot, extra))
        self.code.append((operation, slot, operand, operand, operand, extra))

    def _places(self, k: int, operands: list[int]) -> None:
        whole = self.circuit.type(k)
        clean = self.slot()
        self.program.results.append((clean, k, 0))
        self.before.append((_ZERO, clean, clean, whole.size))
        for index, operand in zip(self.circuit.params[k]["indices"], operands, strict=True):
            start = place_in(index, whole.shape, self.shape)
            assert start is not None
            slot = self.slot(_SIZE)
            self.program.results.append((slot, k, start * _SIZE))
            self.code.append((_ADD_AT, slot, operand, operand, operand, 0))

    def finish(self) -> BlockProgram:
        program = self.program
        program.block = _block(self.rows, program.total)
        program.cells = np.zeros(max(1, len(program.numbers)))
        kept = np.array([slot for slot, _, _ in program.results], np.int64)
        code = np.array(self.code, np.int64)
        program.code = np.ascontiguousarray(_fused(code, len(self.slots), kept))
        fills = [(_FILL, slot, len(self.slots) + n, program.block) for slot, n in self.fills]
        addresses = np.zeros((len(self.slots) + len(program.numbers), 2), np.int64)
        addresses[: len(self.slots), 1] = self.slots
        addresses[len(self.slots) :, 0] = address(program.cells) + _SIZE * np.arange(len(program.numbers))
        place, count = _shared(program.code, self.scratch, {slot for slot, _ in self.fills})
        width = -(-program.block // _APART) * _APART + _APART
        program.scratch = aligned(max(1, count) * width * _SIZE).view(np.float64).reshape(-1, width)
        for slot, row in place.items():
            addresses[slot, 0] = address(program.scratch) + program.scratch.strides[0] * row
        program.before = np.array([*self.before, *fills], np.int64).reshape(-1, 4)
        program.slots = addresses
        return program


def _fused(code: Any, slots: int, kept: Any) -> Any:
    """Products and sums in one instruction, where nobody else reads the product."""
    fused = fuse(code[:, :5].copy(), slots, kept)
    return np.column_stack([fused, _extras(code, fused)])


def _extras(code: Any, fused: Any) -> Any:
    extra = {int(r): int(e) for o, r, e in zip(code[:, 0], code[:, 1], code[:, 5], strict=True) if o < 0}
    return np.array([extra.get(int(r), 0) if o < 0 else 0 for o, r in fused[:, :2]], np.int64)


def _shared(code: Any, scratch: list[int], fixed: set[int]) -> tuple[dict[int, int], int]:
    """A row of scratch for every slot that needs one; those that nobody reads any more are used again, so that all stay in cache."""
    place = {slot: row for row, slot in enumerate(sorted(fixed))}
    temporary, free, count = set(scratch) - fixed, [], len(place)  # type: set[int], list[int], int
    last = {int(slot): n for n, row in enumerate(code) for slot in row[1:5]}
    for n, row in enumerate(code.tolist()):
        result = row[1]
        if result in temporary and result not in place:
            place[result] = free.pop() if free else count
            count = max(count, place[result] + 1)
        free += [place[slot] for slot in {*row[1:5]} & temporary if last[slot] == n and slot in place]
    return place, count


def _block(rows: list[int], total: int) -> int:
    """Elements of a block: whole rows."""
    unit = lcm(*rows) if rows else 1
    return max(min(total, -(-BLOCK // unit) * unit), 1)


def aligned(size: int) -> Any:
    """So many bytes that begin at a line of cache: vector instructions that straddle two lines take twice as long."""
    raw = np.zeros(size + _LINE, np.uint8)
    start = -address(raw) % _LINE
    return raw[start : start + size]


def address(array: Any) -> int:
    """Where the elements of an array begin."""
    return int(array.__array_interface__["data"][0])


def block_program(circuit: Circuit, step: Step, stored: set[int]) -> BlockProgram:
    """The program of a group; `stored` are the members whose arrays others read."""
    group = _Group(circuit, step, stored)
    for k in step.equations:
        group.write(k)
    return group.finish()
