"""Mistakes with what is read by an index, and with masks: they depend on the numbers, and not on shapes alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from gradcheck.circuit import Circuit
from gradcheck.circuit.edits import HOP, VALUE, Edit, Locus
from gradcheck.diagnosis.mistake import Mistake

REPEATED = 4096  # entries read by an index up to which repeats are looked for


def index_edits(circuit: Circuit, k: int) -> Iterator[Edit]:
    """What is done wrong with equation k where it reads by an index, or multiplies by a mask."""
    yield from _exchanged_slices(circuit, k)
    yield from _of_masks(circuit, k)
    yield from _of_repeats(circuit, k)


def _exchanged_slices(circuit: Circuit, k: int) -> Iterator[Edit]:
    """The gradients of two parts of one array in each other's place: found from the first of the parts."""
    primitive = circuit.primitive(k)
    assert primitive is not None
    if primitive.name != "getitem":
        return
    (whole,) = circuit.inputs_of(k)
    shape, own = circuit.type(whole).shape, _places_of(circuit, k)
    if own is None:
        return
    for n in range(k + 1, len(circuit)):
        if circuit.opcodes[n] == circuit.opcodes[k] and circuit.inputs_of(n) == (whole,):
            other = _places_of(circuit, n)
            if other is not None and len(other) == len(own) and not set(own) & set(other):
                order = np.arange(int(np.prod(shape, dtype=int)))
                order[own], order[other] = other, own
                text = f"np.reshape(np.reshape(d, (-1,))[p], {shape})"
                yield Mistake("swapped", text, "d", 2.1 if len(own) > 1 else 2.85).at(
                    Locus(VALUE, whole), refs=(("p", ("constant", order)),)
                )


def _places_of(circuit: Circuit, k: int) -> list[int] | None:
    """Which entries a part reads; None for many, and for repeated ones."""
    if circuit.type(k).size > REPEATED:
        return None
    found = _places(circuit.type(circuit.inputs_of(k)[0]).shape, circuit.params[k]["index"])
    return found if len(set(found)) == len(found) else None


def _of_masks(circuit: Circuit, k: int) -> Iterator[Edit]:
    """A mask of zeros and one other number, inverted."""
    primitive, read = circuit.primitive(k), circuit.inputs_of(k)
    assert primitive is not None
    if primitive.name != "multiply":
        return
    for position, name in ((0, "b"), (1, "a")):
        mask = circuit.constants.get(read[1 - position])
        if isinstance(mask, np.ndarray) and mask.size > 1:
            kept = np.unique(mask[mask != 0])
            if kept.size == 1 and (mask == 0).any():
                text = f"g * ({name} == 0) * {float(kept[0])!r}"
                if circuit.type(read[position]).shape == circuit.type(k).shape:
                    yield Mistake("wrong-branch", text, f"g * {name}", 2.0).at(Locus(HOP, k, position))


def _of_repeats(circuit: Circuit, k: int) -> Iterator[Edit]:
    """Entries read several times by an index, of which one reading alone is counted."""
    primitive = circuit.primitive(k)
    assert primitive is not None
    if primitive.name != "getitem":
        return
    index, shape = circuit.params[k]["index"], circuit.type(circuit.inputs_of(k)[0]).shape
    parts = index if isinstance(index, tuple) else (index,)
    size = circuit.type(k).size
    if not any(isinstance(p, np.ndarray) for p in parts) or size > REPEATED:
        return
    numbers = np.arange(size).reshape(circuit.type(k).shape)
    for order in (1, -1):
        last = np.full(shape, -1)
        for place, number in list(zip(_places(shape, index), numbers.ravel(), strict=True))[::order]:
            last.flat[place] = number
        mask = np.isin(numbers, last).astype(float)
        if not mask.all():
            yield Mistake("missing-path", "d * m", "d", 2.0).at(Locus(VALUE, k), refs=(("m", ("constant", mask)),))


def _places(shape: tuple[int, ...], index: Any) -> list[int]:
    """Which entries of an array an index reads, in order."""
    found: list[int] = np.arange(int(np.prod(shape, dtype=int))).reshape(shape)[index].ravel().tolist()
    return found
