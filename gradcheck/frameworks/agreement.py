"""Whether a NumPy twin is the framework's function: its value at the point, at points nearby, and in float64 beside the function's own type."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.circuit import trace
from gradcheck.errors import GradcheckError
from gradcheck.frameworks.subject import Point, Subject
from gradcheck.precision import FLOAT64, info, representable
from gradcheck.verdicts.tolerance import noise_spread, tolerance_of

NEARBY = 2  # points around the user's at which a twin that we made must agree too
AWAY = 2.0**-4  # how far, next to each entry
Function = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Apart:
    """How a twin is not the framework's function; `untraced` where it cannot be followed at all."""

    message: str
    untraced: bool = False


def disagreement(subject: Subject, function: Function, point: tuple[Any, ...], argnums: tuple[int, ...], *, seed: int) -> Apart | None:
    """Where the twin cannot be traced, or its value is another than the framework's by more than rounding explains; None where it is the same.

    A twin that we made is compared at points nearby too: what it froze by mistake would agree at the point alone.
    """
    assert subject.twin is not None
    around = [] if subject.twin.origin == "given" else _nearby(subject, point, argnums, seed)
    places = [point, *around]
    if subject.precision != FLOAT64 and subject.widens:
        places += [wide for p in places if computes(subject, wide := widen(p))]  # 8 bits of a value tell little
    return next((apart for place in places if (apart := _apart_at(subject, function, place, argnums)) is not None), None)


def widen(point: Point) -> Point:
    """The same numbers in float64."""
    return tuple(a.astype(np.float64) if isinstance(a, np.ndarray | np.generic) and a.dtype.kind == "f" else a for a in point)


def _apart_at(subject: Subject, function: Function, point: tuple[Any, ...], argnums: tuple[int, ...]) -> Apart | None:
    twin = str(subject.twin)
    try:
        circuit = trace(function, *point, argnums=argnums)
        with np.errstate(all="ignore"):
            value = np.asarray(function(*point))
    except GradcheckError as error:
        return Apart(f"{twin} cannot be followed: {error}", untraced=True)
    except Exception as error:  # whatever a twin raises on arrays it was not written for
        return Apart(f"{twin} raises {type(error).__name__}: {str(error).partition(chr(10))[0]}", untraced=True)
    theirs = np.asarray(subject.value(*point))
    if np.shape(value) != np.shape(theirs):
        return Apart(f"{twin} gives an array of shape {np.shape(value)}, {subject.framework} one of shape {np.shape(theirs)}")
    dtype: Any = subject.precision
    if theirs.dtype == np.float64 and subject.precision != FLOAT64:  # but what the program casts to by itself stays
        dtype = max((t.dtype for t in circuit.type_table if t.floating and not t.weak), key=lambda d: info(d).eps)
    ((spread, exact),) = noise_spread(circuit, tuple(np.asarray(point[i])[()] for i in argnums), dtype=dtype)
    allowed = np.broadcast_to(tolerance_of(spread, exact, dtype), theirs.shape)
    rounded = np.asarray(value if theirs.dtype == np.float64 else representable(function, value), dtype=float)
    off = ~((np.abs(rounded - theirs) <= allowed) | (rounded == theirs) | (np.isnan(rounded) & np.isnan(theirs)))
    if not off.any():
        return None
    where = tuple(int(i) for i in np.argwhere(off)[0])
    at = f" at {list(where)}" if where else ""
    return Apart(f"{twin} gives {float(rounded[where])!r}{at} where {subject.framework} gives {float(theirs[where])!r}")


def _nearby(subject: Subject, point: tuple[Any, ...], argnums: tuple[int, ...], seed: int) -> list[tuple[Any, ...]]:
    """Points a little off, in the subject's precision, where the framework's function is finite."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(NEARBY):
        moved = list(point)
        for i in argnums:
            x = np.asarray(point[i])
            near = x * (1 + AWAY * rng.uniform(-1, 1, x.shape))
            moved[i] = subject.precision.round(near) if subject.narrow else near.astype(x.dtype)[()]
        if computes(subject, moved):
            found.append(tuple(moved))
    return found


def computes(subject: Subject, point: Sequence[Any]) -> bool:
    """Whether the framework's function has a finite value at a point nobody asked for, in the type it is asked in."""
    try:
        with np.errstate(all="ignore"):
            return bool(np.isfinite(subject.value(*point)).all())
    except Exception:  # whatever a framework's function raises at a point nobody asked for
        return False
