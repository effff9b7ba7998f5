"""NumPy functions that only move numbers about, run once on the numbers' places, so that one line stands for each.

Where `np.tril` leaves a place number, the element goes; where it writes a zero, a zero is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradcheck.primitives.record import shape_of
from gradcheck.primitives.structure import GETITEM


def moved(function: Callable[..., Any]) -> Callable[..., Any]:
    """What moves, repeats, drops and zero-fills, on traced arrays."""

    def adapter(x: Any, *args: Any, **options: Any) -> Any:
        shape = shape_of(x)
        size = int(np.prod(shape, dtype=int))
        places = np.asarray(function(1 + np.arange(size).reshape(shape), *args, **options))
        flat = np.reshape(x, (-1,))
        if (places == 0).any():
            return GETITEM(np.concatenate([np.zeros(1, dtype=dtype_of(x)), flat]), index=(places,))
        return GETITEM(flat, index=(places - 1,))

    return adapter


def placed(function: Callable[..., Any], *arrays: Any) -> Any:
    """What a function of several arrays takes from them by moving alone; it is run once on the numbers of their places."""
    sizes = [int(np.prod(shape_of(a), dtype=int)) for a in arrays]
    starts = np.cumsum([0, *sizes])
    numbers = [start + np.arange(size).reshape(shape_of(a)) for start, size, a in zip(starts[:-1], sizes, arrays, strict=True)]
    places = np.asarray(function(*numbers))
    flat = [np.reshape(a, (-1,)) for a in arrays]
    return GETITEM(np.concatenate(flat) if len(flat) > 1 else flat[0], index=(places,))


def concrete(x: Any) -> Any:
    """The value behind a traced array."""
    return x.value if getattr(x, "recorder", None) is not None else np.asarray(x)


def decided(x: Any) -> Any:
    """The concrete value of a decision, which the circuit remembers to watch: truth values or whole numbers, not floats."""
    recorder = getattr(x, "recorder", None)
    if recorder is None:
        return np.asarray(x)
    assert x.dtype.kind in "iub", "floats are no decisions"
    return recorder.decide(x, np.asarray)


def dtype_of(x: Any) -> Any:
    """The float type of an array, traced or not."""
    return getattr(x, "dtype", np.dtype(np.float64))


def pad(array: Any, pad_width: Any, mode: str = "constant", **options: Any) -> Any:
    """np.pad in the modes that only move numbers: constant (zeros), edge, reflect, symmetric, wrap, empty excluded."""
    if mode not in ("constant", "edge", "reflect", "symmetric", "wrap") or np.any(options.get("constant_values", 0)):
        raise TypeError("np.pad in this mode is not followed: pad with zeros, edge, reflect, symmetric or wrap")
    return moved(np.pad)(array, pad_width, mode, **options)


def append(arr: Any, values: Any, axis: int | None = None) -> Any:
    """np.append is np.concatenate."""
    return np.concatenate([np.ravel(arr), np.ravel(values)]) if axis is None else np.concatenate([arr, values], axis=axis)


def column_stack(parts: Any) -> Any:
    """np.column_stack: vectors become columns."""
    return np.concatenate([np.reshape(p, (-1, 1)) if len(shape_of(p)) < 2 else p for p in parts], axis=1)


def dstack(parts: Any) -> Any:
    """np.dstack."""
    return np.concatenate([np.reshape(p, np.atleast_3d(np.broadcast_to(0.0, shape_of(p))).shape) for p in parts], axis=2)


def split(x: Any, sections: Any, axis: int = 0) -> list[Any]:
    """np.split as slices, empty ones too; ValueError, as NumPy's, where equal parts are not to be had."""
    return _slices(np.split, x, sections, axis)


def array_split(x: Any, sections: Any, axis: int = 0) -> list[Any]:
    """np.array_split as slices."""
    return _slices(np.array_split, x, sections, axis)


def _slices(function: Callable[..., Any], x: Any, sections: Any, axis: int) -> list[Any]:
    cuts = function(np.arange(shape_of(x)[axis]), sections)
    front = (slice(None),) * (axis % len(shape_of(x)))
    return [GETITEM(x, index=(*front, slice(int(c[0]), int(c[-1]) + 1) if len(c) else slice(0, 0))) for c in cuts]


def take_along_axis(arr: Any, indices: Any, axis: int | None = -1) -> Any:
    """np.take_along_axis with fixed indices."""
    return moved(np.take_along_axis)(arr, np.asarray(indices), axis)


def insert(arr: Any, obj: Any, values: Any, axis: int | None = None) -> Any:
    """np.insert at fixed places."""
    return placed(lambda a, v: np.insert(a, obj, v, axis), arr, values)


def choose(a: Any, choices: Any, out: Any = None, mode: str = "raise") -> Any:
    """np.choose by whole numbers, which are decisions where they are traced."""
    index = decided(a)
    return placed(lambda *c: np.choose(index, c, mode=mode), *choices)  # type: ignore[call-overload]


def compress(condition: Any, a: Any, axis: int | None = None, out: Any = None) -> Any:
    """np.compress; the condition is a decision."""
    return placed(lambda p: np.compress(decided(condition), p, axis=axis), a)


def extract(condition: Any, arr: Any) -> Any:
    """np.extract; the condition is a decision."""
    return placed(lambda p: np.extract(decided(condition), p), arr)


def block(arrays: Any) -> Any:
    """np.block."""
    leaves: list[Any] = []

    def opened(part: Any) -> Any:
        if isinstance(part, list):
            return [opened(p) for p in part]
        leaves.append(part)
        return len(leaves) - 1

    nested = opened(arrays)

    def closed(part: Any, numbers: Any) -> Any:
        return [closed(p, numbers) for p in part] if isinstance(part, list) else numbers[part]

    return placed(lambda *numbers: np.block(closed(nested, numbers)), *leaves)


def broadcast_arrays(*arrays: Any, subok: bool = False) -> tuple[Any, ...]:
    """np.broadcast_arrays."""
    shape = np.broadcast_shapes(*map(shape_of, arrays))
    return tuple(np.broadcast_to(a, shape) for a in arrays)


def meshgrid(*axes: Any, copy: bool = True, sparse: bool = False, indexing: Any = "xy") -> tuple[Any, ...]:
    """np.meshgrid."""
    return tuple(placed(lambda *n, i=i: np.meshgrid(*n, copy=copy, sparse=sparse, indexing=indexing)[i], *axes) for i in range(len(axes)))


def ix(*axes: Any) -> tuple[Any, ...]:
    """np.ix_ of numbers: each along an axis of its own."""
    return tuple(np.reshape(a, (1,) * i + (-1,) + (1,) * (len(axes) - 1 - i)) for i, a in enumerate(axes))


def several(function: Callable[..., Any]) -> Callable[..., Any]:
    """np.atleast_1d and its kin of one or several arrays."""

    def adapter(*arrays: Any) -> Any:
        shaped = tuple(np.reshape(a, function(np.broadcast_to(0.0, shape_of(a))).shape) for a in arrays)
        return shaped[0] if len(shaped) == 1 else shaped

    return adapter


def split_along(axis: int) -> Callable[..., Any]:
    """np.hsplit, np.vsplit and np.dsplit."""
    return lambda x, sections: split(x, sections, 0 if len(shape_of(x)) == 1 else axis)


def unstack(x: Any, *, axis: int = 0) -> tuple[Any, ...]:
    """np.unstack."""
    return tuple(GETITEM(x, index=(*(slice(None),) * (axis % len(shape_of(x))), k)) for k in range(shape_of(x)[axis]))


def trim_zeros(filt: Any, trim: Any = "fb", axis: Any = None) -> Any:
    """np.trim_zeros: where zeros end is a decision."""
    mask = decided(filt != 0)
    if not mask.ndim:
        return +filt
    options = {} if axis is None else {"axis": axis}  # an option of NumPy 2.2
    shape = np.trim_zeros(mask.astype(float), trim, **options).shape
    chosen = range(mask.ndim) if axis is None else np.atleast_1d(axis) % mask.ndim
    index = []
    for i in range(mask.ndim):
        found = np.flatnonzero(mask.any(axis=tuple(k for k in range(mask.ndim) if k != i)))
        first = int(found[0]) if i in chosen and "f" in trim.lower() and len(found) else 0
        index.append(slice(first, first + shape[i]))
    return GETITEM(filt, index=tuple(index))


def full_like(a: Any, fill_value: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None, **device: Any) -> Any:
    """np.full_like: a traced number may fill it."""
    like = np.zeros_like(concrete(a), dtype=dtype, shape=shape)
    if getattr(fill_value, "recorder", None) is None:
        return np.full_like(like, fill_value)
    return np.broadcast_to(fill_value, like.shape).astype(like.dtype)
