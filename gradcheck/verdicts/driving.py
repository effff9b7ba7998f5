"""Driving hops to their special points, and lines to where the function decides otherwise.

One entry of the inputs is moved, or all along a random direction, until an operand of the hop has the value wanted: by the secant rule,
which is exact where the operand is linear in the entry, else by bisection between two values of different sign.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.circuit import Circuit
from gradcheck.gradients.method import Problem
from gradcheck.primitives import Special
from gradcheck.verdicts.candidates import Candidate, Flat, Space
from gradcheck.verdicts.coverage import REMAINDERS, STEPS, TAILS, hops, is_tie, tied_pairs, touches, values_at, wants_value
from gradcheck.verdicts.pieces import decisions

WORK = 400_000  # equations evaluated while driving, for the whole search
LEAST = 200  # evaluations granted to a long circuit all the same
SECANTS, HALVINGS = 8, 64
LADDER = tuple(s * 2.0**k for k in (0, 1, 3, 5, 7, 10, -2, -6) for s in (1.0, -1.0))
Line = Callable[[float], Flat]
Residual = Callable[[Any], Any]


@dataclass(slots=True)
class Drive:
    """A circuit to drive, from a start; what it may still cost is counted down."""

    circuit: Circuit
    space: Space
    seed: int
    left: int

    def values(self, flat: Flat) -> list[Any] | None:
        """Every value of the circuit at other entries; None outside the domain or beyond the budget."""
        point = self.space.point(flat)
        if point is None or self.left <= 0:
            return None
        self.left -= 1
        try:
            return values_at(self.circuit, [point[i] for i in self.space.chosen])
        except (ArithmeticError, ValueError, IndexError):  # what a primitive refuses at this point
            return None

    def candidates(self) -> Iterator[Candidate]:
        """For every special point of every hop that can be reached, a point that touches it; for ties and jumps, both sides too."""
        for hop, k, special in hops(self.circuit):
            for flat in self._reach(k, special):
                point = self.space.point(flat)
                if point is not None:
                    yield Candidate(point, f"{special.kind} of {hop}")

    def _reach(self, k: int, special: Special) -> Iterator[Flat]:
        """The start moved until the special point is met, one operand after the other."""
        flat = self.space.flat
        for residual in residuals(self.circuit, k, special):
            values = self.values(flat)
            if values is None:
                return
            moved = (
                flat if touches(self.circuit, k, special, values) else self._solve(flat, residual, max(special.at, key=abs, default=0.0))
            )
            if moved is None:
                return
            flat = moved
        values = self.values(flat)
        if values is not None and (touches(self.circuit, k, special, values) or special.kind in ("tie", "kink", "jump")):
            yield flat

    def _solve(self, flat: Flat, residual: Residual, aim: float) -> Flat | None:
        """Entries at which the residual is 0; else the nearest found, on a line where it changes sign. `aim` is a value worth a try."""
        values = self.values(flat)
        if values is None:
            return None
        element = _nearest(residual(values))
        if element is None:
            return None

        def at(line: Line, t: float) -> float:
            moved = self.values(line(t))
            return float("nan") if moved is None else float(np.ravel(residual(moved))[element])

        best = None
        for line, start in self._lines(flat):
            t = root(lambda t, line=line: at(line, t), start, aim)  # type: ignore[misc]
            if t is not None:
                found = line(t)
                if at(line, t) == 0:
                    return found
                best = found if best is None else best
        return best

    def _lines(self, flat: Flat) -> Iterator[tuple[Line, float]]:
        """Lines through the point: one entry given any value, then a random direction; each with the parameter of the point."""
        for e in self.space.entries(self.seed):
            yield (lambda t, e=e: _set(flat, e, t)), float(flat[e])  # type: ignore[misc]
        direction = np.random.default_rng(self.seed).uniform(-1.0, 1.0, len(flat))
        yield (lambda t: flat + t * direction), 0.0


def _set(flat: Flat, entry: int, value: float) -> Flat:
    changed = flat.copy()
    changed[entry] = value
    return changed


def _nearest(residual: Any) -> int | None:
    """The element closest to zero, if any is a number."""
    sizes = np.abs(np.ravel(residual).astype(float))
    return int(np.nanargmin(sizes)) if sizes.size and not np.all(np.isnan(sizes)) else None


def drive_of(circuit: Circuit, space: Space, seed: int) -> Drive:
    """A drive with the budget that the circuit's length allows."""
    return Drive(circuit, space, seed, max(LEAST, WORK // max(len(circuit), 1)))


def residuals(circuit: Circuit, k: int, special: Special) -> list[Residual]:
    """What must become zero, one after the other, for equation k to be at the special point: arrays made from all values."""
    primitive, operands = circuit.primitive(k), circuit.inputs_of(k)
    assert primitive is not None
    if is_tie(primitive, special):
        if not primitive.elementwise:
            return [lambda values: _behind(values[operands[0]], "min" in primitive.name)]
        pairs = tied_pairs(special)[:1]
        return [lambda values, i=i, j=j: _difference(values[operands[i]], values[operands[j]]) for i, j in pairs]  # type: ignore[misc]
    if special.kind == "jump" and primitive.name in REMAINDERS:
        return [lambda values: _to_whole(np.divide(values[operands[0]], values[operands[1]]))]
    if special.kind == "jump" and primitive.name in STEPS:
        return [lambda values: _to_whole(values[operands[0]])]
    movable = [j for j in range(min(len(operands), len(special.at))) if operands[j] not in circuit.constants]
    wanted = [j for j in movable if special.kind in TAILS or wants_value(primitive, special, j)] or movable
    order = [j for j in movable if j not in wanted] + wanted
    return [lambda values, j=j: _difference(values[operands[j]], special.at[j]) for j in order]  # type: ignore[misc]


def _difference(a: Any, b: Any) -> Any:
    with np.errstate(all="ignore"):
        return np.atleast_1d(np.subtract(np.asarray(a, dtype=float), np.asarray(b, dtype=float)))


def _behind(x: Any, smallest: bool) -> Any:
    """The second largest (or smallest) against the largest; positive distances made a sign change by their order."""
    flat = np.ravel(np.asarray(x, dtype=float)) * (-1.0 if smallest else 1.0)
    if flat.size < 2:
        return np.array([np.nan])
    first, second = np.argsort(flat, kind="stable")[[-1, -2]]
    return np.atleast_1d((flat[first] - flat[second]) * (1.0 if first > second else -1.0))


def _to_whole(x: Any) -> Any:
    x = np.atleast_1d(np.asarray(x, dtype=float))
    return x - np.round(x)


def root(h: Callable[[float], float], start: float, aim: float = 0.0) -> float | None:
    """Where h is zero, or changes sign between neighbouring floats; None where neither is found from the start, nor at the `aim`."""
    here = h(start)
    if here == 0:
        return start
    t = _secant(h, start, here)
    if t is not None:
        return t
    if aim and h(aim) == 0:
        return aim
    scale = max(abs(start), 1.0)
    for step in LADDER:
        there = h(start + step * scale)
        if there == 0:
            return start + step * scale
        if np.isfinite(there) and np.isfinite(here) and there * here < 0:
            return bisect(lambda t: h(t) * here > 0, start, start + step * scale)[1]
    return None


def _secant(h: Callable[[float], float], start: float, here: float) -> float | None:
    a, fa, b = start, here, start + 2.0**-4 * max(abs(start), 1.0)
    for _ in range(SECANTS):
        fb = h(b)
        if fb == 0:
            return b
        if not np.isfinite(fb) or not np.isfinite(fa) or fb == fa:
            return None
        a, fa, b = b, fb, b - fb * ((b - a) / (fb - fa))
    return None


def bisect(same: Callable[[float], bool], a: float, b: float) -> tuple[float, float]:
    """The last parameter like a, and the first that is not, as near as floats come or halvings reach."""
    for _ in range(HALVINGS):
        middle = a + (b - a) / 2
        if middle in (a, b):
            break
        if same(middle):
            a = middle
        else:
            b = middle
    return a, b


def boundaries(problem: Problem, space: Space, ends: list[Flat], left: int) -> Iterator[Candidate]:
    """Along lines to other points where the function decides otherwise: both sides of the boundary next to the start, and beside it."""
    start, here = space.flat, decisions(problem)
    if not here:
        return

    def same(end: Flat, t: float) -> bool:
        return _decisions(problem, space, start + t * (end - start)) == here

    for end in ends:
        if left <= 0:
            return
        left -= HALVINGS
        if same(end, 1.0):
            continue
        near, far = bisect(lambda t, end=end: same(end, t), 0.0, 1.0)  # type: ignore[misc]
        for t in (far, near, far + 2.0**-6, near - 2.0**-6):
            point = space.point(start + t * (end - start))
            if point is not None:
                yield Candidate(point, "branch boundary")


def _decisions(problem: Problem, space: Space, flat: Flat) -> tuple[bytes, ...] | None:
    point = space.point(flat)
    if point is None:
        return None
    moved = Problem(problem.function, point, problem.argnums, problem.circuit, problem.value)
    try:
        return decisions(moved)
    except (ArithmeticError, ValueError, IndexError):
        return None
