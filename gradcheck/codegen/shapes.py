"""Which axes of the arguments may have any size, found by asking the function, and points of other sizes and values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from gradcheck.codegen.subject import Subject, copies

Axis = tuple[int, int]  # position of the argument, axis
PRIMES = ((11, 13, 17, 19, 23, 29), (31, 37, 41, 43, 47, 53))  # sizes that no constant of a function is likely to be
_TOGETHER = 6  # axes of one size whose independence is tried


@dataclass(frozen=True, slots=True)
class Sizes:
    """Groups of axes that must be of one size, each of which may be of any."""

    groups: tuple[tuple[Axis, ...], ...] = ()

    def texts(self, subject: Subject, point: Sequence[Any], sizes: Sequence[int]) -> dict[int, str]:
        """How each size is written: len(x), or X.shape[1]."""
        return {n: _text(subject, point, group) for n, group in zip(sizes, self.groups, strict=False)}

    def letters(self) -> dict[Axis, str]:
        """A letter for each group, in the order in which they are met."""
        met = sorted(self.groups, key=min)
        return {axis: letter for letter, group in zip("nmklpq", met, strict=False) for axis in group}


def _text(subject: Subject, point: Sequence[Any], group: tuple[Axis, ...]) -> str:
    first = min(group, key=lambda a: (a[1], np.ndim(point[a[0]]), a[0]))
    name = subject.parameters[first[0]]
    return f"len({name})" if first[1] == 0 else f"{name}.shape[{first[1]}]"


def sizes_of(subject: Subject, point: Sequence[Any]) -> Sizes:
    """The groups of axes that the function lets have any size."""
    by_size: dict[int, list[Axis]] = {}
    for i, a in enumerate(point):
        for axis, n in enumerate(np.shape(a) if isinstance(a, np.ndarray) else ()):
            if n > 1:
                by_size.setdefault(n, []).append((i, axis))
    groups = [g for axes in by_size.values() for g in _split(subject, point, tuple(axes))]
    return Sizes(tuple(g for g in groups if _runs(subject, resized(point, {g: 11}, 0)))[: len(PRIMES[0])])


def _split(subject: Subject, point: Sequence[Any], axes: tuple[Axis, ...]) -> Iterator[tuple[Axis, ...]]:
    """Axes of one size apart where the function does not mind: either may change alone, or the others may not change at all."""
    if len(axes) <= _TOGETHER:
        for count in range(1, len(axes) // 2 + 1):
            for part in combinations(axes, count):
                rest = tuple(a for a in axes if a not in part)
                alone, others, together = (_runs(subject, resized(point, {some: 11}, 0)) for some in (part, rest, axes))
                if rest and alone and (others or not together):
                    yield part
                    yield from _split(subject, point, rest)
                    return
    yield axes


def _runs(subject: Subject, point: Sequence[Any]) -> bool:
    try:
        with np.errstate(all="ignore"):
            value = subject.function(*copies(point))
            before = subject.function(*copies(subject.points[0]))
        return np.ndim(value) == np.ndim(before) and bool(np.isfinite(value).any())
    except Exception:  # noqa: BLE001  whatever a function raises at sizes it was not written for
        return False


def resized(point: Sequence[Any], sizes: Mapping[tuple[Axis, ...], int], seed: int) -> list[Any]:
    """Arguments with other sizes, their values drawn from the range that they had."""
    rng = np.random.default_rng(seed)
    known = {axis: n for group, n in sizes.items() for axis in group}
    found = []
    for i, a in enumerate(point):
        shape = tuple(known.get((i, axis), n) for axis, n in enumerate(np.shape(a)))
        changed = isinstance(a, np.ndarray) and shape != a.shape
        found.append(_like(a, shape, rng) if changed else a)
    return found


def revalued(point: Sequence[Any], positions: Sequence[int], seed: int) -> list[Any]:
    """Other values of the arguments at some positions, from the range that they had."""
    rng = np.random.default_rng(seed)
    return [_like(a, np.shape(a), rng) if i in positions and isinstance(a, np.ndarray) else a for i, a in enumerate(point)]


def _like(a: Any, shape: tuple[int, ...], rng: np.random.Generator) -> Any:
    if a.dtype.kind == "f":
        low, high = (float(a.min()), float(a.max())) if a.size else (0.0, 1.0)
        return (low + (high - low) * rng.uniform(0, 1, shape)).astype(a.dtype)
    values = np.unique(a) if a.size else np.zeros(1, a.dtype)
    return rng.choice(np.arange(values[0], values[-1] + 1) if a.dtype.kind in "iu" else values, shape).astype(a.dtype)
