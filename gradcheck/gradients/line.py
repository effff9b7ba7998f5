"""A function of one number: the raw function along a straight line through the point, at floats that are met exactly."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradcheck.domains import Real
from gradcheck.gradients.method import Problem

BITS = 8  # the finest step is 2**BITS units of roundoff of the point: its own rounding must not matter
TINY = 2.0**-40  # below this an entry says nothing of the scale on which the function varies


@dataclass(slots=True, eq=False)
class Line:
    """t -> f(x + t v), counting evaluations and remembering values; NaN outside the domain.

    `direction` is v, flat over the arguments, one number per entry. `scale` tells how far t = 1 moves, next to which steps are chosen: steps are
    powers of two, and v is rounded so that x + t v is a float wherever t is not finer than `finest`.
    """

    problem: Problem
    direction: Any
    finest: float
    room: float
    calls: int = 0
    _known: dict[float, float] = field(default_factory=dict)

    def __call__(self, t: float) -> float:
        if t not in self._known:
            self._known[t] = self._value(t)
        return self._known[t]

    def _value(self, t: float) -> float:
        if abs(t) > self.room:
            return math.nan
        inputs = tuple(_moved(x, t * part) for x, part in zip(self.problem.inputs, split(self.problem, self.direction), strict=True))
        if t and not all(_inside(self.problem, a, x) for a, x in enumerate(inputs)):
            return math.nan
        self.calls += 1
        try:
            return float(self.problem.at(inputs))
        except (ValueError, ArithmeticError):  # math.log(-1.0), math.exp(1e3): what NumPy answers with NaN or infinity
            return math.nan


@dataclass(slots=True, eq=False)
class OneSided:
    """One side of a line, turned about the point to the other side: a function whose slope at 0 is the line's on that side."""

    line: Line
    side: float

    @property
    def problem(self) -> Problem:
        return self.line.problem

    @property
    def direction(self) -> Any:
        return self.line.direction

    @property
    def finest(self) -> float:
        return self.line.finest

    @property
    def room(self) -> float:
        return self.line.room

    @property
    def calls(self) -> int:
        return self.line.calls

    def __call__(self, t: float) -> float:
        here = self.line(0.0)
        return here + math.copysign(1.0, t) * self.side * (self.line(self.side * abs(t)) - here) if t else here


def line(problem: Problem, direction: Any) -> Line:
    """The line along a direction given in units of each entry's scale, rounded so that its steps are met exactly."""
    x, eps = flat(problem.inputs), epsilons(problem)
    moving = direction != 0
    finest = float(np.max(eps[moving], initial=0.0)) * 2.0**BITS
    grid = _power_of_two(np.maximum(np.abs(x), np.abs(direction))) * eps * 2  # twice the spacing of floats: no sum needs a bit more
    steps = np.where(moving, np.round(direction * finest / grid) * grid, 0.0)
    steps = np.where(moving & (steps == 0), np.copysign(grid, direction), steps)
    exact = steps / finest
    return Line(problem, exact, finest, _room(problem, exact))


def entry_line(problem: Problem, index: int, scale: float) -> Line:
    """The line along one entry; the scale becomes a power of two."""
    direction = np.zeros(problem.size)
    direction[index] = float(_power_of_two(np.array(scale)))
    eps = float(epsilons(problem)[index])
    return Line(problem, direction, eps * 2.0**BITS, _room(problem, direction))


def scales(problem: Problem) -> Any:
    """How far each entry may be expected to move before the function bends: its own size, or its neighbours', inside its domain."""
    parts = [_typical(np.abs(np.ravel(x).astype(float))) for x in problem.inputs]
    own = np.concatenate(parts) if parts else np.zeros(0)
    room = np.minimum(*rooms(problem)) / 2
    return np.where(room > 0, np.minimum(own, room), own)


def _typical(sizes: Any) -> Any:
    if not sizes.size:
        return sizes
    middle = float(np.median(sizes)) or float(np.max(sizes)) or 1.0
    return np.maximum(sizes, middle)


def rooms(problem: Problem) -> tuple[Any, Any]:
    """The distance from each entry to the ends of its domain, below and above."""
    below, above = [], []
    for position, x in zip(problem.argnums, problem.inputs, strict=True):
        domain, at = problem.domains.get(position), np.ravel(x).astype(float)
        low, high = (domain.low, domain.high) if isinstance(domain, Real) else (-math.inf, math.inf)
        below.append(at - low)
        above.append(high - at)
    return (np.concatenate(below), np.concatenate(above)) if below else (np.zeros(0), np.zeros(0))


def _room(problem: Problem, direction: Any) -> float:
    """The largest |t| on both sides inside the domain, with something to spare."""
    nearest = np.minimum(*rooms(problem))
    moving = direction != 0
    return float(np.min(nearest[moving] / np.abs(direction[moving]), initial=math.inf)) * 0.999


def _inside(problem: Problem, argument: int, x: Any) -> bool:
    domain = problem.domains.get(problem.argnums[argument])
    return bool(np.all((x > domain.low) & (x < domain.high) if isinstance(domain, Real) else np.isfinite(x)))


def _moved(x: Any, by: Any) -> Any:
    """The argument moved, in its own precision; the same object type as it was given."""
    return (np.asarray(x).astype(float) + by).astype(np.asarray(x).dtype)[()]


def _power_of_two(x: Any) -> Any:
    return np.exp2(np.floor(np.log2(np.maximum(x, 5e-324))))


def flat(arrays: Sequence[Any]) -> Any:
    """Arrays as one vector of floats."""
    return np.concatenate([np.ravel(a).astype(float) for a in arrays]) if len(arrays) else np.zeros(0)


def epsilons(problem: Problem) -> Any:
    """The spacing of floats at 1 for each entry, by its precision."""
    return np.concatenate([np.full(np.size(x), float(np.finfo(x.dtype).eps)) for x in problem.inputs]) if problem.inputs else np.zeros(0)


def split(problem: Problem, vector: Any) -> Iterator[Any]:
    """A flat vector in the shapes of the arguments."""
    start = 0
    for x in problem.inputs:
        size = int(np.size(x))
        yield vector[start : start + size].reshape(np.shape(x))
        start += size
