"""NumPy functions that lead from complex arrays to real ones, and those that treat phases."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.primitives.composed import degrees
from gradcheck.primitives.record import shape_of


def angle(z: Any, deg: bool = False) -> Any:
    """np.angle: 0 or pi for real arrays."""
    found = np.arctan2(z.imag, z.real)
    return degrees(found) if deg else found


def isclose(a: Any, b: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    """np.isclose of finite numbers, a decision."""
    if equal_nan:
        raise TypeError("np.isclose(equal_nan=True) is not followed: there is no derivative at NaN")
    return np.abs(a - b) <= atol + rtol * np.abs(b)


def allclose(a: Any, b: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> bool:
    """np.allclose, a decision that is taken at once."""
    return bool(np.all(isclose(a, b, rtol, atol, equal_nan)))


def unwrap(p: Any, discont: float | None = None, axis: int = -1, *, period: float = 2 * np.pi) -> Any:
    """np.unwrap: whole periods, which are decisions, are added to the phases."""
    steps = np.diff(p, axis=axis)
    limit = period / 2 if discont is None else max(discont, period / 2)
    turns = np.where(steps > 0, np.ceil(steps / period - 0.5), np.floor(steps / period + 0.5))  # half a period more or less stays
    added = np.cumsum(np.where(np.abs(steps) < limit, 0.0, -period * turns), axis=axis)
    first = np.zeros(tuple(1 if i == axis % len(shape_of(p)) else n for i, n in enumerate(shape_of(p))), dtype=added.dtype)
    return p + np.concatenate([first, added], axis=axis)


PARTS: dict[Any, Any] = {
    np.real: lambda z: z.real, np.imag: lambda z: z.imag, np.conjugate: lambda z: z.conj().copy(), np.angle: angle,
    np.isclose: isclose, np.allclose: allclose, np.unwrap: unwrap,
}  # fmt: skip
