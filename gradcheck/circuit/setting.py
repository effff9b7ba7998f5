"""Writing into traced arrays: array[index] = value in all of NumPy's forms, noted in the memory that the array looks at."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.circuit import advice
from gradcheck.circuit.circuit import ArrayType
from gradcheck.circuit.memory import FIXED, WHOLE, Index, Memory, View, memory_of, place_of
from gradcheck.circuit.writes import last_of_each, unravelled
from gradcheck.errors import TraceError
from gradcheck.primitives import BY_NAME, Primitive
from gradcheck.primitives.structure import is_basic

_CAST, _BROADCAST, _RESHAPE, _GETITEM = (BY_NAME[n] for n in ("astype", "broadcast_to", "reshape", "getitem"))


def write(array: Any, index: Index, value: Any) -> None:
    """array[index] = value, no part of the index traced; errors of shapes and indices are NumPy's own.

    Raises TraceError for arguments of the function: the caller's array would change.
    """
    target = writable(array)
    traced = isinstance(value, array.current)
    if traced and value.memory is not None and is_basic(index) and _is_same(target[index], value.value):
        return  # x[1:3] += 1 ends by writing the view into its own place
    memory = memory_of(array)
    number, numbers = _number(array, value) if traced else (None, np.asarray(value))
    place, target = place_of(array, index), array.value
    target[index] = numbers
    if place is not None:
        memory.element(place, numbers.astype(target.dtype).reshape(())[()] if number is None else _without_front(memory, number, 0))
    elif array.memory is memory and _is_whole(index):
        _write_whole(memory, number, numbers)
    else:
        _write_part(array, memory, index, number, numbers)


def _write_whole(memory: Memory, number: int | None, numbers: Any) -> None:
    """Note that everything changed; a value that lies otherwise in memory is laid out as NumPy lays it, or sums would round otherwise."""
    target = memory.numbers
    if number is None or target.ndim < 2 or numbers.strides == target.strides:
        memory.whole(None if number is None else _stretched(memory, number, target.shape))
    else:
        memory.whole(None)
        memory.part(WHOLE, _without_front(memory, number, target.ndim), target.shape)


def writable(array: Any) -> Any:
    """The array's numbers, if they may be written into."""
    if array.memory is FIXED:
        raise TraceError(array.recorder.here(advice.INPLACE))
    if not isinstance(array.value, np.ndarray):
        raise TypeError(f"'numpy.{type(array.value).__name__}' object does not support item assignment")
    if not array.value.flags.writeable and array.memory is not None:
        raise ValueError("assignment destination is read-only")
    return array.value


def _is_whole(index: Index) -> bool:
    return all(p is Ellipsis or (isinstance(p, slice) and p == slice(None)) for p in index)


def _is_same(place: Any, value: Any) -> bool:
    """Whether two arrays are the same numbers in memory."""
    if (
        not (isinstance(place, np.ndarray) and isinstance(value, np.ndarray))
        or place.shape != value.shape
        or place.strides != value.strides
    ):
        return False
    return bool(place.__array_interface__["data"] == value.__array_interface__["data"])


def _number(array: Any, value: Any) -> tuple[int, Any]:
    """The number of a traced value in the array's precision, and what it holds now."""
    value = array.recorder.lift(value)  # which refuses values of another trace
    numbers = value.value
    if value.dtype != array.value.dtype:
        value = array.recorder.record(_CAST, (value,), {"dtype": array.value.dtype.name})
    return value.index, np.asarray(numbers)


def _stretched(memory: Memory, number: int, shape: tuple[int, ...]) -> int:
    """A value as large as what it is written to."""
    number = _without_front(memory, number, len(shape))
    same = memory.recorder.builder.type(number).shape == shape
    return number if same else _append(memory, _BROADCAST, number, shape, shape=shape)


def _without_front(memory: Memory, number: int, ndim: int) -> int:
    """NumPy lets a value have axes of size 1 in front."""
    have = memory.recorder.builder.type(number).shape
    if len(have) <= ndim:
        return number
    have = have[len(have) - ndim :]
    return _append(memory, _RESHAPE, number, have, shape=have)


def _append(memory: Memory, primitive: Primitive, number: int, size: tuple[int, ...], **params: Any) -> int:
    return int(memory.recorder.builder.apply(primitive, (number,), ArrayType(size, memory.numbers.dtype), **params))


def _write_part(array: Any, memory: Memory, index: Index, number: int | None, numbers: Any) -> None:
    """Note a write of several elements, in coordinates of the whole and so that no place is met twice."""
    target, whole = array.value, memory.numbers.shape
    shape = np.shape(target[index])
    if 0 in shape:
        return
    if not whole:
        memory.element(0, numbers.astype(target.dtype).reshape(())[()] if number is None else _without_front(memory, number, 0))
        return
    value = numbers.astype(target.dtype).reshape(numbers.shape[max(numbers.ndim - len(shape), 0) :]) if number is None else number
    if number is not None:
        value = _without_front(memory, number, len(shape))
    natural = _natural(array, memory, index)
    if natural is not None:
        memory.part(natural, value, shape)
        return
    places = np.asarray((_all_places(array, memory))[index])
    last = last_of_each(places.ravel())
    if last.size < places.size:
        value = _taken(memory, value, shape, last)
        places = places.ravel()[last]
    memory.part(unravelled(places, whole), value, places.shape)


def _natural(array: Any, memory: Memory, index: Index) -> Index | None:
    """The index as it was written, where it says the same of the whole and meets no place twice."""
    held = array.memory
    if held is memory:
        return index if all(not isinstance(p, np.ndarray) or p.dtype == bool for p in index) else None
    if (
        len(held.steps) == 1
        and held.steps[0][0] is _GETITEM
        and is_basic(held.steps[0][1]["index"])
        and len(index) == 1
        and index[0] is Ellipsis
    ):
        return tuple(held.steps[0][1]["index"])
    return None


def _all_places(array: Any, memory: Memory) -> Any:
    held = array.memory
    return held.places if isinstance(held, View) else np.arange(memory.numbers.size).reshape(memory.numbers.shape)


def _taken(memory: Memory, value: Any, shape: tuple[int, ...], last: Any) -> Any:
    """Of a value written to some places more than once, what is there in the end."""
    if not isinstance(value, int):
        return np.broadcast_to(value, shape).ravel()[last]
    if memory.recorder.builder.type(value).shape == ():
        return value
    size = int(np.prod(shape, dtype=int))
    row = _append(memory, _RESHAPE, _stretched(memory, value, shape), (size,), shape=(size,))
    return _append(memory, _GETITEM, row, last.shape, index=(last,))
