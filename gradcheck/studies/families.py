"""Families of functions that grow: in their inputs l, in their operations N, or in both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

FIXED = 1000  # inputs where l is fixed
HEAVY = 16  # steps for each input where many operations belong to one


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """One function of a family at a point; it is differentiated by its first argument.

    `lists` says that it is plain Python, and is called with a list of floats where time is measured.
    """

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    lists: bool = False

    @property
    def inputs(self) -> int:
        """How many numbers are differentiated: l."""
        return int(np.size(self.arguments[0]))

    @property
    def plain(self) -> tuple[Any, ...]:
        """The arguments as the function is called with them outside a trace."""
        return (self.arguments[0].tolist(), *self.arguments[1:]) if self.lists else self.arguments


@dataclass(frozen=True, slots=True, eq=False)
class Family:
    """Functions of growing size: `make(size)` gives one, `sizes` are those counted, `timed` those timed too.

    `power` is p where the operations N grow as l**p (None: l is fixed and N grows alone).
    """

    name: str
    regime: str
    make: Callable[[int], Member]
    sizes: tuple[int, ...]
    timed: tuple[int, ...] = ()
    power: int | None = 1


def doubling(first: int, last: int) -> tuple[int, ...]:
    """first, twice first, and so on up to last."""
    found = [first]
    while found[-1] * 2 <= last:
        found.append(found[-1] * 2)
    return tuple(found)


def ring(x: Any) -> Any:
    """Every input with its neighbour on a ring: a few operations an input, by array operations."""
    return np.sum(np.sin(x * np.roll(x, 1)) * np.exp(-x * x))


def orbits(x: Any) -> Any:
    """Every input iterated many times: a heavier, fixed number of operations an input."""
    z = x
    for _ in range(HEAVY):
        z = np.sin(z) + x * np.cos(z)
    return np.sum(z)


def walk(steps: int) -> Callable[[Any], Any]:
    """So many steps over the same inputs."""

    def walked(x: Any) -> Any:
        z = x
        for _ in range(steps):
            z = np.sin(z) * x + 0.5 * z
        return np.sum(z)

    return walked


def dense(x: Any, A: Any) -> Any:
    """A dense layer and a sum of squares."""
    return np.sum(np.tanh(A @ x) ** 2)


def pairs(x: Any) -> Any:
    """Every number with the one before it, in a plain loop without NumPy: rational operations alone, on lists of numbers too."""
    total, before = 0.0, x[-1]
    for here in x:
        total = total + before * here / (1.0 + here * here)
        before = here
    return total


def each_entry_anew(x: Any) -> Any:
    """The gradient of `pairs`, right, but with a sweep through the whole function for each entry: quadratic on purpose."""
    return np.array([_slope_of_pairs(x, i) for i in range(len(x))])


def _slope_of_pairs(x: Any, entry: int) -> Any:
    """The derivative by one entry, carried forward through every term."""
    total, before, moved = 0.0, x[-1], 1.0 if entry == len(x) - 1 else 0.0
    for k, here in enumerate(x):
        moves = 1.0 if k == entry else 0.0
        below = 1.0 + here * here
        slope = (moved * here + before * moves) * below - before * here * (2.0 * here * moves)
        total = total + slope / (below * below)
        before, moved = here, moves
    return total


def _points(n: int) -> Any:
    return np.linspace(-1.0, 1.0, n) if n > 1 else np.array([0.5])


def _matrix(n: int) -> Any:
    return np.cos(np.arange(n * n, dtype=float).reshape(n, n)) / np.sqrt(n)


RING = Family("ring", "N ~ l", lambda n: Member(ring, (_points(n),)), doubling(1, 2**18), doubling(2**9, 2**19))
ORBITS = Family(
    "orbits", f"N ~ l, {HEAVY} steps an input", lambda n: Member(orbits, (_points(n),)), doubling(1, 2**17), doubling(2**7, 2**17)
)
WALK = Family("walk", f"l = {FIXED}, N grows", lambda n: Member(walk(n), (_points(FIXED),)), doubling(32, 1024), doubling(1, 1024), None)
DENSE = Family("dense", "N ~ l^2", lambda n: Member(dense, (_points(n), _matrix(n))), doubling(32, 1024), power=2)
# counted up to 256 inputs: in longer circuits common subexpressions are not searched for (docs/adr/0016), and 2.8 operations for each of f become 3.0
PAIRS = Family("pairs", "N ~ l, plain loop", lambda n: Member(pairs, (_points(n),), lists=True), doubling(4, 2**8), doubling(4, 2**12))
FAMILIES = (RING, ORBITS, WALK, DENSE, PAIRS)
