"""Points worth a look whatever the function is: zeros, ties, whole numbers, turned signs, tails by exponent, denormals, other shapes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.domains import Domain, Real

PICKED = 4  # entries that get special values one by one
TAILS = (
    3.0,
    6.0,
    12.0,
    20.0,
    40.0,
    100.0,
    710.0,
    800.0,
    1e4,
    1e8,
)  # 1 - tanh(x) is 0 from 19, exp(-x) below 2^-53 from 37, exp(x) infinite from 710
ACROSS = (2.0**-30, 1 - 2.0**-30, 0.5, 2.0**-10, 1 - 2.0**-10, 0.25, 0.75)  # shares of a bounded domain
TINY = (5e-324, 1e-310, 1e-160, 1e-8)
Flat = Any  # all differentiable entries in one float64 vector


@dataclass(frozen=True, slots=True)
class Candidate:
    """A point to try, and what it was made for."""

    arguments: tuple[Any, ...]
    aim: str


@dataclass(frozen=True, slots=True)
class Space:
    """The differentiable entries of a point as one vector, and the bounds of their domains."""

    arguments: tuple[Any, ...]
    chosen: tuple[int, ...]
    low: Any
    high: Any

    @property
    def flat(self) -> Flat:
        """The entries at the start."""
        return np.concatenate([np.ravel(np.asarray(self.arguments[i], dtype=float)) for i in self.chosen])

    def point(self, flat: Flat) -> tuple[Any, ...] | None:
        """The arguments with other entries; None outside the domain."""
        if not bool(np.all(np.isfinite(flat) & (flat > self.low) & (flat < self.high))):
            return None
        arguments, start = list(self.arguments), 0
        for i in self.chosen:
            x = np.asarray(self.arguments[i])
            with np.errstate(all="ignore"):
                moved = flat[start : start + x.size].reshape(x.shape).astype(x.dtype)
            if not np.all(np.isfinite(moved)):
                return None
            arguments[i], start = moved if x.ndim else moved[()], start + x.size
        return tuple(arguments)

    def entries(self, seed: int) -> list[int]:
        """A few entries, the same for the same seed."""
        size = len(self.low)
        return list(range(size)) if size <= PICKED else sorted(np.random.default_rng(seed).choice(size, PICKED, replace=False).tolist())


def space_of(arguments: tuple[Any, ...], chosen: tuple[int, ...], domains: Mapping[int, Domain]) -> Space:
    """The space around a point; arguments without a domain are unbounded."""
    bounds: list[Any] = [[], []]
    for i in chosen:
        domain = domains.get(i)
        ends = (domain.low, domain.high) if isinstance(domain, Real) else (-np.inf, np.inf)
        for side, end in zip(bounds, ends, strict=True):
            side.append(np.full(np.size(arguments[i]), end))
    return Space(arguments, chosen, np.concatenate(bounds[0]), np.concatenate(bounds[1]))


def edited(space: Space, seed: int) -> Iterator[Candidate]:
    """The start with some entries changed, the most telling changes first."""
    for flat, aim in (*_in_bounds(space, space.entries(seed)), *_edits(space.flat, space.entries(seed))):
        point = space.point(flat)
        if point is not None:
            yield Candidate(point, aim)


def _in_bounds(space: Space, picked: list[int]) -> Iterator[tuple[Flat, str]]:
    """Across the domain of entries that have one: next to its ends, and between; one entry at a time, then all."""
    bounded = np.isfinite(space.low) & np.isfinite(space.high)
    x = space.flat
    for share in ACROSS if bounded.any() else ():
        moved = np.where(bounded, space.low + share * (space.high - space.low), x)
        yield moved, "across the domain"
        yield from ((_with(x, e, moved[e]), "across the domain") for e in picked[:2] if bounded[e])


def _edits(x: Flat, picked: list[int]) -> Iterator[tuple[Flat, str]]:
    for e in picked:
        yield _with(x, e, 0.0), "zero"
    yield from _ties(x)
    yield from _in_tails(x, picked)
    yield from ((s * x, "signs turned") for s in (-1.0,))
    yield from ((s * np.abs(x), "one sign") for s in (1.0, -1.0))
    for e in picked:
        yield _with(x, e, -x[e]), "sign turned"
    yield np.round(x), "whole numbers"
    yield 0.0 * x, "all zero"
    for value in (1.0, -1.0):
        yield value + 0.0 * x, "all equal"
        for e in picked:
            yield _with(x, e, value), "one"
    yield from ((_with(x, picked[i % len(picked)], v), "tiny") for i, v in enumerate((*TINY, -TINY[-1])))
    yield from ((x * s, "scaled") for s in (2.0**-5, 1e-8, 2.0**-10, 2.0**10, 1e8))


def _ties(x: Flat) -> Iterator[tuple[Flat, str]]:
    """The two largest made equal, the two smallest, neighbours, halves against each other, all."""
    order = np.argsort(x, kind="stable")
    if len(x) > 1:
        yield _with(x, int(order[-2]), x[order[-1]]), "tie of the largest"
        yield _with(x, int(order[0]), x[order[1]]), "tie of the smallest"
        yield _with(x, 0, x[1]), "tie"
        yield x[0] + 0.0 * x, "all equal"
        half = len(x) // 2
        yield np.concatenate([x[:half], x[:half], x[2 * half :]]), "equal halves"


def _in_tails(x: Flat, picked: list[int]) -> Iterator[tuple[Flat, str]]:
    """Every entry in another tail: of both signs, of one sign, all in the same; then one entry at a time."""
    both = np.array([s * t for t in TAILS[3:8] for s in (1.0, -1.0)])
    for turn in (0, 1, 4, 7):
        yield both[(np.arange(len(x)) + turn) % len(both)], "tails"
    for ladder, sign in ((t, s) for t in (np.array(TAILS[3:8]), np.array(TAILS[:5])) for s in (1.0, -1.0)):
        yield sign * ladder[np.arange(len(x)) % len(ladder)], "tails of one sign"
    for i, value in enumerate(s * t for t in TAILS for s in (1.0, -1.0)):
        yield _with(x, picked[i % len(picked)], value), "tail"


def _with(x: Flat, entry: int, value: float) -> Flat:
    changed = x.copy()
    changed[entry] = value
    return changed


def reshaped(arguments: tuple[Any, ...], chosen: tuple[int, ...], length: int, axis_length: int) -> tuple[Any, ...] | None:
    """Every array's axes of one length cut, or repeated, to another length; None where no differentiable argument has such an axis."""
    if not any(length in np.shape(arguments[i]) for i in chosen):
        return None
    changed = []
    for a in arguments:
        if isinstance(a, np.ndarray):
            for axis, n in enumerate(a.shape):
                if n == length:
                    a = np.take(a, np.arange(axis_length) % n, axis=axis)
        changed.append(a)
    return tuple(changed)
