"""Which elementwise equations can be run together, block by block, and in which order.

Equations of one shape and one level form a group: a level ends where something else, such as a product of matrices,
stands between. So nothing outside a group lies on a way from one of its members to another (Tarjan's convexity, by
levels), and executing level by level is a valid order.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradcheck.circuit.circuit import Circuit
from gradcheck.compiled.assemble import instruction
from gradcheck.compiled.generate import vectorised
from gradcheck.primitives import BY_NAME, OPCODE

_SUM, _SCATTER = OPCODE[BY_NAME["sum"]], OPCODE[BY_NAME["scatter"]]
_FEWEST = 64  # elements from which a group is worth its call
_ROW = 1024  # the longest row that is summed or repeated within a block
Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """Equations that are executed together: one, or a group of a common shape."""

    equations: tuple[int, ...]
    shape: Shape | None = None


def schedule(circuit: Circuit, *, fused: bool) -> list[Step]:
    """All equations that compute something, in steps; groups only if `fused`."""
    equations = [k for k, opcode in enumerate(circuit.opcodes) if opcode >= 0]
    if not fused:
        return [Step((k,)) for k in equations]
    levels = _Levels(circuit)
    for k in equations:
        levels.add(k)
    return levels.steps(equations)


class _Levels:
    """Level and shape of every equation; members of groups have a shape, others None."""

    def __init__(self, circuit: Circuit) -> None:
        self.circuit = circuit
        names = vectorised()
        self.able = [(found := instruction(circuit, k)) is not None and found[0] in names for k in range(len(circuit))]
        self.level, self.shape = [0] * len(circuit), [None] * len(circuit)  # type: list[int], list[Shape | None]
        self.results = bytearray(len(circuit))  # sums and scattered parts: what comes after them is on the next level
        self.read_elsewhere = _read_by_others(circuit, self.able)

    def add(self, k: int) -> None:
        """Find the level of equation k, whose operands have theirs."""
        read, shape = self.circuit.inputs_of(k), self._shape(k)
        if shape is None:
            shape = self._result_of(k)
            self.results[k] = shape is not None
        own = [i for i in read if shape is not None and self.shape[i] == shape and not self.results[i]]
        others = [
            self.level[i] + (self.shape[i] is not None or shape is not None) for i in read if i not in own and self.circuit.opcodes[i] >= 0
        ]
        self.level[k] = max([*(self.level[i] for i in own), *others], default=0)
        if self.results[k] and any(self.level[i] != self.level[k] for i in read):
            shape, self.results[k] = None, 0
            self.level[k] = max((self.level[i] + 1 for i in read), default=0)
        self.shape[k] = shape

    def _shape(self, k: int) -> Shape | None:
        """The shape of an equation that vector instructions can do."""
        circuit, type = self.circuit, self.circuit.type(k)
        if not self.able[k] or type.size < _FEWEST:
            return None
        numbers = all(
            not t.shape or t.dtype == np.float64 or self.shape[i] == type.shape for i in circuit.inputs_of(k) for t in [circuit.type(i)]
        )
        fits = type.dtype == np.float64 or (type.dtype == bool and not self.read_elsewhere[k])
        return type.shape if numbers and fits else None

    def _result_of(self, k: int) -> Shape | None:
        """For a sum over a group's array, or its parts put in their places: the shape of the group."""
        circuit, read = self.circuit, self.circuit.inputs_of(k)
        shapes = {self.shape[i] for i in read}
        if circuit.opcodes[k] not in (_SUM, _SCATTER) or len(shapes) != 1 or None in shapes or any(self.results[i] for i in read):
            return None
        (shape,) = shapes
        assert shape is not None
        if circuit.opcodes[k] == _SUM:
            return shape if sum_kind(shape, circuit.params.get(k, {})) is not None else None
        indices = circuit.params[k]["indices"]
        return shape if all(place_in(i, circuit.type(k).shape, shape) is not None for i in indices) else None

    def steps(self, equations: list[int]) -> list[Step]:
        """Level by level: what belongs to no group in its own order, each group as a whole."""
        groups: dict[tuple[int, Shape], list[int]] = {}
        for k in equations:
            if (shape := self.shape[k]) is not None:
                groups.setdefault((self.level[k], shape), []).append(k)
        placed: list[tuple[int, int, Step]] = [(self.level[k], k, Step((k,))) for k in equations if self.shape[k] is None]
        for (level, shape), members in groups.items():
            if len(members) > 1 or self.circuit.type(members[0]).dtype == bool:
                placed.append((level, members[0], Step(tuple(members), shape)))
            else:
                placed.append((level, members[0], Step(tuple(members))))
        return [step for _, _, step in sorted(placed, key=lambda item: item[:2])]


def _read_by_others(circuit: Circuit, able: list[bool]) -> bytearray:
    """Values that something else than vector instructions on the same shape reads, or that are results."""
    elsewhere = bytearray(len(circuit))
    for k in circuit.outputs:
        elsewhere[k] = 1
    for k, opcode in enumerate(circuit.opcodes):
        for i in circuit.inputs_of(k) if opcode >= 0 else ():
            if not able[k] or circuit.type(k).shape != circuit.type(i).shape:
                elsewhere[i] = 1
    return elsewhere


def sum_kind(shape: Shape, params: object) -> tuple[str, int] | None:
    """How a sum goes over a block: of everything, of rows of so many, or of all rows of so many."""
    known = dict(params)  # type: ignore[call-overload]
    axis = known.pop("axis", None)
    known.pop("keepdims", None)
    if known:
        return None
    axes = tuple(range(len(shape))) if axis is None else tuple(a % len(shape) for a in (axis if isinstance(axis, tuple) else (axis,)))
    if len(axes) == len(shape):
        return "all", 1
    kept = tuple(a for a in range(len(shape)) if a not in axes)
    inner = int(np.prod([shape[a] for a in (axes if max(axes) > max(kept) else kept)], dtype=int))
    if inner > _ROW:
        return None
    if min(axes) > max(kept):
        return "rows", inner
    return ("columns", inner) if max(axes) < min(kept) else None


def place_in(index: object, whole: Shape, part: Shape) -> int | None:
    """Where a part of an array begins whose elements stand in a row: the first of its elements, counted from the start."""
    parts = index if isinstance(index, tuple) else (index,)
    if not parts or not isinstance(parts[0], slice) or any(p != slice(None) for p in parts[1:] if p is not Ellipsis):
        return None
    start, stop, step = parts[0].indices(whole[0])
    if step != 1 or part != (stop - start, *whole[1:]):
        return None
    return start * int(np.prod(whole[1:], dtype=int))
