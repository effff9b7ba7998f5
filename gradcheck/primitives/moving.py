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
    """np.split and np.array_split as slices."""
    cuts = np.array_split(np.arange(shape_of(x)[axis]), sections)
    return [GETITEM(x, index=(*(slice(None),) * (axis % len(shape_of(x))), slice(int(c[0]), int(c[-1]) + 1))) for c in cuts if len(c)]


def take_along_axis(arr: Any, indices: Any, axis: int | None = -1) -> Any:
    """np.take_along_axis with fixed indices."""
    return moved(np.take_along_axis)(arr, np.asarray(indices), axis)
