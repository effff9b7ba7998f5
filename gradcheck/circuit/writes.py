"""Writes into an array become equations: few of them as they are, many put together once, so that n writes cost O(n)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradcheck.circuit.circuit import ArrayType, Builder
from gradcheck.primitives import BY_NAME, OPCODE, Primitive

FEW = 4  # writes that become an equation each
_PUT, _STACK, _RESHAPE, _CONCATENATE, _GETITEM, _BROADCAST = (
    BY_NAME[n] for n in ("put", "stack", "reshape", "concatenate", "getitem", "broadcast_to")
)
Operand = Any  # a number of the circuit (int), or plain numbers


@dataclass(slots=True)
class Elements:
    """Elements written one by one: place in the whole to value, and the line that wrote last."""

    values: dict[int, Operand] = field(default_factory=dict)
    line: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """Several elements written at once: an index that meets none twice, the value, the shape it fills, the line."""

    index: tuple[Any, ...]
    value: Operand
    shape: tuple[int, ...]
    line: int


Write = Elements | Part


def assembled(recorder: Any, numbers: Any, base: int | None, pending: Sequence[Write]) -> int:
    """The circuit's value of an array: its earlier value, or a constant where that is None, with the writes in their order."""
    return _Assembly(recorder, numbers, base, pending).run()


class _Assembly:
    """Writes equations for one array; `numbers` is what it holds now."""

    def __init__(self, recorder: Any, numbers: Any, base: int | None, pending: Sequence[Write]) -> None:
        self.recorder, self.builder = recorder, recorder.builder
        self.numbers, self.index, self.pending = numbers, base, pending
        self.places: Any = None

    def run(self) -> int:
        pending = self.pending
        if len(pending) > FEW:
            places, row = self.joined()
            if places.size == self.numbers.size and self.numbers.flags.c_contiguous:
                return self.shaped(row, pending[-1].line)
            pending = [Part(unravelled(places, self.numbers.shape), row, places.shape, pending[-1].line)]
        for write in pending:
            self.index = self.elements(write) if isinstance(write, Elements) else self.part(write)
        return self.base()

    def base(self) -> int:
        """The value before the writes; what they replace of a constant is nobody's concern."""
        if self.index is None:
            constant = self.numbers.copy(order="K")
            for write in self.pending:
                constant[_index_of(write, constant.shape)] = 0
            constant.flags.writeable = False
            self.index = self.builder.constant(constant if constant.ndim else constant[()])
        return self.index

    def add(self, primitive: Primitive, operands: Sequence[int], size: tuple[int, ...], line: int, **params: Any) -> int:
        """One equation."""
        builder: Builder = self.builder
        return builder.append(OPCODE[primitive], tuple(operands), ArrayType(size, self.numbers.dtype), params, line)

    def number(self, value: Operand) -> int:
        """The number of an operand in the circuit."""
        if value.__class__ is int:
            return value
        return int(self.recorder.lift(value).index) if isinstance(value, np.ndarray) else int(self.builder.constant(value))

    def elements(self, write: Elements) -> int:
        """One element alone, or many in one stack; if they are all there are, nothing of the base is left."""
        shape, size = self.numbers.shape, self.numbers.size
        if not shape:
            return self.number(write.values[0])
        if len(write.values) == size and self.numbers.flags.c_contiguous:
            return self.shaped(self.stack([write.values[k] for k in range(size)], write.line), write.line)
        places = sorted(write.values)
        if len(places) == 1:
            return self.put(unravelled(places[0], shape), self.number(write.values[places[0]]), write.line)
        row = self.stack([write.values[k] for k in places], write.line)
        return self.put(_index_of(write, shape), row, write.line)

    def stack(self, values: Sequence[Operand], line: int) -> int:
        """Scalars in a row."""
        return self.add(_STACK, [self.number(v) for v in values], (len(values),), line, axis=0)

    def part(self, write: Part) -> int:
        """One write of several elements."""
        return self.put(write.index, self.number(write.value), write.line)

    def put(self, index: tuple[Any, ...], value: int, line: int) -> int:
        """The base with a value written at the index."""
        return self.add(_PUT, [self.base(), value], self.numbers.shape, line, index=index)

    def row(self, write: Write) -> tuple[Any, int]:
        """A write as places in the whole and a vector of values."""
        if isinstance(write, Elements):
            return np.array(list(write.values)), self.stack(list(write.values.values()), write.line)
        value = self.number(write.value)
        if self.builder.type(value).shape != write.shape:
            value = self.add(_BROADCAST, [value], write.shape, write.line, shape=write.shape)
        size = int(np.prod(write.shape, dtype=int))
        if len(write.shape) != 1:
            value = self.add(_RESHAPE, [value], (size,), write.line, shape=(size,))
        return np.ravel(self.places[write.index]), value

    def joined(self) -> tuple[Any, int]:
        """All writes as places, in order and each once, and a vector of the values that they have in the end."""
        self.places = np.arange(self.numbers.size).reshape(self.numbers.shape)
        rows, line = [self.row(write) for write in self.pending], self.pending[-1].line
        places = np.concatenate([p for p, _ in rows])
        values = self.add(_CONCATENATE, [v for _, v in rows], places.shape, line, axis=0)
        last = last_of_each(places)
        if not np.array_equal(last, np.arange(places.size)):
            places = places[last]
            values = self.add(_GETITEM, [values], places.shape, line, index=(last,))
        return places, values

    def shaped(self, row: int, line: int) -> int:
        """All elements in a row as the array that they are."""
        shape = self.numbers.shape
        return row if len(shape) == 1 else self.add(_RESHAPE, [row], shape, line, shape=shape)


def last_of_each(places: Any) -> Any:
    """Where each place is met last, in order of the places: later writes win."""
    _, first = np.unique(places[::-1], return_index=True)
    return places.size - 1 - first


def _index_of(write: Write, shape: tuple[int, ...]) -> tuple[Any, ...]:
    """Where a write goes; elements in a row as a slice."""
    if isinstance(write, Part):
        return write.index
    places = np.array(sorted(write.values))
    if len(shape) == 1 and places[-1] - places[0] == places.size - 1:
        return (slice(int(places[0]), int(places[-1]) + 1),)
    return unravelled(places, shape)


def unravelled(places: Any, shape: tuple[int, ...]) -> tuple[Any, ...]:
    """Places in the whole as an index; all of an array without axes has one."""
    if not shape:
        return ()
    index = np.unravel_index(places, shape)
    return tuple(int(i) if np.ndim(i) == 0 else i for i in index)
