"""The arbiter: the exact gradient at the given floats, enclosed rigorously.

Few inputs: one ball Taylor series per input runs through the circuit, with FLINT's derivatives and none of ours.
Many inputs: the gradient circuit over balls, cross-checked against Taylor series along random directions.
Precision doubles until every entry is tight. A branch of the function that is decided exactly at the point is
followed on each side by tracing again a little way off and evaluating that trace at the point.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from flint import arb, arb_series

from gradcheck.arithmetic.balls import Balls
from gradcheck.arithmetic.enclosures import Undecidable, ball, close_are_equal, precision
from gradcheck.arithmetic.taylor import MANY, MoreTerms, Taylor, series, terms
from gradcheck.circuit import Circuit, interpret, simplify, trace
from gradcheck.gradients.method import Problem, Refused

BITS, CAP = 128, 4096  # first precision tried, and the last
TIGHT = 80  # correct bits every entry must have: 27 more than float64 holds
FORWARD_LIMIT = 8  # inputs up to which every partial derivative gets its own Taylor series
KINK_LIMIT = 256  # inputs up to which one-sided derivatives are taken at a tie
DIRECTIONS = 2
_ROUNDING = 32  # units in the last place by which a written-out limit, such as 1/3, may miss the true one
_VANISHING = arb(2) ** -1200  # below the smallest subnormal by far: as good as zero


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """The certified gradient: `entries` are object arrays of balls, one per differentiable argument.

    At a kink, `entries` holds the derivatives to the right (towards larger inputs), `left` those to the left, and
    they differ; elsewhere `left` is None. `how` says which certificate stands behind it.
    """

    value: Any
    entries: tuple[Any, ...]
    left: tuple[Any, ...] | None
    bits: int
    how: str
    seconds: float
    name: str = field(default="truth")

    @property
    def is_kink(self) -> bool:
        """Whether some one-sided derivatives differ."""
        return self.left is not None

    def floats(self) -> tuple[Any, ...]:
        """The midpoints, rounded to float64."""
        return tuple(_to_floats(e) for e in self.entries)

    def left_floats(self) -> tuple[Any, ...]:
        """The same of the derivatives to the left; away from kinks they are those."""
        return self.floats() if self.left is None else tuple(_to_floats(e) for e in self.left)


def certify(problem: Problem, *, bits: int = BITS, cap: int = CAP) -> Truth | Refused:
    """The truth at a point, or the reason why it cannot be had: a comparison that stays open, a value that is not finite."""
    start = time.perf_counter()
    found = _escalated(problem, bits, cap)
    if isinstance(found, _Tied):
        with close_are_equal():
            found = _escalated(problem, cap, cap, f", values equal to {cap} bits taken as equal")
    if isinstance(found, tuple):
        (value, right, left, how), needed = found
        return Truth(value, right, left, needed, how, time.perf_counter() - start)
    return Refused("truth", str(found))


class _Tied(str):
    """Why no precision did: a comparison stayed open."""

    __slots__ = ()


def _escalated(problem: Problem, bits: int, cap: int, remark: str = "") -> tuple[_Found, int] | str:
    """What the first precision that suffices gives, and that precision; or why none did."""
    circuit, length, reason = simplify(problem.circuit), 2, "no precision tried"
    while bits <= cap:
        with precision(bits, length):
            try:
                found = _attempt(problem, circuit)
            except Undecidable as error:
                reason = _Tied(f"{error} (up to {cap} bits)")
            except MoreTerms as error:
                if length == MANY:
                    return f"not enclosed: {error}, with {MANY} terms too"
                length = MANY
                continue
            except (ZeroDivisionError, OverflowError, ValueError) as error:
                return f"not enclosed: {error}"
            else:
                if not isinstance(found, str):
                    return (*found[:3], found[3] + remark), bits
                reason = f"{found} (up to {cap} bits)"
        bits *= 2
    return reason


_Found = tuple[Any, tuple[Any, ...], "tuple[Any, ...] | None", str]


def _attempt(problem: Problem, circuit: Circuit) -> _Found | str:
    """Value, entries, left entries and certificate at the current precision, or why they do not do."""
    size, rng = problem.size, np.random.default_rng(0)
    if size <= FORWARD_LIMIT:
        found = _forward(problem, circuit)
    else:
        probe = random_direction(problem, rng)
        (_, slope), ties = _derivative(circuit, problem, probe)
        if ties and size > KINK_LIMIT:
            return f"a tie at the point, and {size} inputs are too many for one-sided derivatives"
        found = _forward(problem, circuit) if ties else _reverse(problem, circuit, probe, slope)
        loose = None if ties or size > KINK_LIMIT else _loose(found)
        if loose is not None and not loose.is_finite():  # one that is finite wants more bits, such as an entry that is 0
            found = _forward(problem, circuit)  # a reverse sweep through 0/0 or inf * 0 has no enclosure where series have one
    loose = _loose(found)
    if loose is None:
        return found
    return "an entry is not finite" if not loose.is_finite() else "an entry could not be enclosed tightly"


def _loose(found: _Found) -> Any:
    """An entry that is not enclosed tightly, if there is one."""
    return next((e for array in (*found[1], *(found[2] or ())) for e in np.ravel(array) if not _is_tight(e)), None)


def _forward(problem: Problem, circuit: Circuit) -> _Found:
    """One series per input, and where ties had to be decided one per side."""
    probed = [_derivative(circuit, problem, d) for d in _units(problem)] or [
        _derivative(circuit, problem, random_direction(problem, np.random.default_rng(0)))
    ]
    runs, ties = [found for found, _ in probed], sum(t for _, t in probed)
    value, (right, how) = runs[0][0], (_shaped(problem, [slope for _, slope in runs]), "Taylor series, one per input")
    if not ties:
        return value, right, None, how
    back = [_derivative(circuit, problem, _negated(d))[0] for d in _units(problem)]
    left = _shaped(problem, [-slope for _, slope in back])
    same = all(_agree(a, b) for a, b in zip(flat_entries(right), flat_entries(left), strict=True))
    smooth = same and _is_continuous(problem, circuit, runs + back) and _is_linear(problem, circuit, right)
    if not smooth and "jump" in circuit.cache:
        raise ValueError(circuit.cache["jump"])
    return value, right, None if smooth else left, f"{how} and side"


def _is_continuous(problem: Problem, circuit: Circuit, runs: list[tuple[Any, Any]]) -> bool:
    """Whether the limits from all sides are the function's value; a point where it has none is as good as its limit."""
    balls = Balls()
    (here,) = interpret(circuit, balls, [balls.constant(x) for x in problem.inputs])
    limits = [limit for limit, _ in runs] + ([ball(here)] if ball(here).is_finite() else [])
    slack = _ROUNDING * float(np.finfo(np.result_type(problem.value, np.float32)).eps) * abs(limits[0])
    return all(_agree(limits[0], limit) or abs(limits[0] - limit) < slack for limit in limits)


def _is_linear(problem: Problem, circuit: Circuit, entries: tuple[Any, ...]) -> bool:
    """Whether slopes along random directions are what the partial derivatives say: not so at a kink off the axes."""
    rng = np.random.default_rng(1)
    return all(_slope_matches(problem, circuit, entries, random_direction(problem, rng)) for _ in range(DIRECTIONS))


def _slope_matches(problem: Problem, circuit: Circuit, entries: tuple[Any, ...], direction: tuple[Any, ...]) -> bool:
    (_, slope), _ = _derivative(circuit, problem, direction)
    return bool(_predicted(entries, direction).overlaps(slope))


def _predicted(entries: tuple[Any, ...], direction: tuple[Any, ...]) -> Any:
    return sum((e * ball(float(d)) for e, d in zip(flat_entries(entries), flat_entries(direction), strict=True)), arb(0))


def _reverse(problem: Problem, circuit: Circuit, probe: tuple[Any, ...], slope: Any) -> _Found:
    """The gradient circuit over balls, against the slope along a direction that is known already, and along others."""
    balls = Balls()
    value, *entries = interpret(problem.circuit.gradient(), balls, [balls.constant(x) for x in problem.inputs])
    arrays = tuple(np.array(e, dtype=object) if np.shape(e) else e for e in entries)
    rng = np.random.default_rng(1)
    others = [random_direction(problem, rng) for _ in range(DIRECTIONS - 1)]
    if not _predicted(arrays, probe).overlaps(slope) or not all(_slope_matches(problem, circuit, arrays, d) for d in others):
        raise ArithmeticError("reverse-mode balls and a Taylor series along a random direction contradict each other: a rule is wrong")
    return value, arrays, None, f"reverse balls, checked along {DIRECTIONS} random directions"


def _derivative(circuit: Circuit, problem: Problem, direction: tuple[Any, ...]) -> tuple[tuple[Any, Any], int]:
    """Value and slope along a direction, and how many ties the direction had to decide."""
    result, holds, ties = series_along(circuit, problem, direction)
    if not holds:
        result = _beside(problem, direction)
    return terms(result), ties


def along(circuit: Circuit, problem: Problem, direction: tuple[Any, ...]) -> Any:
    """The one-sided directional derivative, as a ball, at the current precision."""
    return _derivative(circuit, problem, direction)[0][1]


def series_along(circuit: Circuit, problem: Problem, direction: tuple[Any, ...]) -> tuple[Any, bool, int]:
    """The function's series along a direction, whether its recorded branches are those taken there, and the ties decided."""
    taylor = Taylor()
    inputs = [_line(x, d) for x, d in zip(problem.inputs, direction, strict=True)]
    watched = circuit.cache.get("watched")
    if watched is None:
        watched = circuit.cache["watched"] = circuit.with_outputs((circuit.outputs[0], *(k for k, _ in circuit.guards)))
    result, *decided = interpret(watched, taylor, inputs)
    if taylor.unsettled and not _has_slope(result):
        raise ValueError(taylor.unsettled)
    if taylor.jump:
        circuit.cache["jump"] = taylor.jump
    return result, all(_same_decision(d, want) for d, (_, want) in zip(decided, circuit.guards, strict=True)), taylor.ties


def _has_slope(result: Any) -> bool:
    return all(c.is_finite() for c in (result.coeffs() if isinstance(result, arb_series) else [ball(result)]))


def _same_decision(decided: Any, recorded: Any) -> bool:
    return np.array_equal(np.array(decided, dtype=float), np.array(recorded, dtype=float))


def _beside(problem: Problem, direction: tuple[Any, ...]) -> Any:
    """The series by the branches that are taken next to the point, on the side the direction points to."""
    for step in (2.0**-30, 2.0**-20, 2.0**-40):
        moved = dict(zip(problem.argnums, problem.inputs, strict=True))
        for position, d in zip(problem.argnums, direction, strict=True):
            x = moved[position]
            moved[position] = (x + step * d * np.maximum(np.abs(x), 1.0)).astype(x.dtype)[()]
        arguments = [moved.get(i, a) for i, a in enumerate(problem.arguments)]
        found, holds, _ = series_along(simplify(trace(problem.function, *arguments, argnums=problem.argnums)), problem, direction)
        if holds:
            return found
    raise ValueError("a branch of the function is decided at the point and could not be followed beside it")


def _line(x: Any, direction: Any) -> Any:
    """x + t * direction; an entry that does not move stays a constant."""
    if not np.shape(x):
        return series(float(x), float(direction)) if direction else ball(float(x))
    array = np.empty(np.shape(x), dtype=object)
    for index in np.ndindex(np.shape(x)):
        array[index] = series(float(x[index]), float(direction[index])) if direction[index] else ball(float(x[index]))
    return array


def _units(problem: Problem) -> Iterator[tuple[Any, ...]]:
    """The unit directions of all entries of all arguments."""
    for a, x in enumerate(problem.inputs):
        for index in np.ndindex(np.shape(x)):
            direction = [np.zeros(np.shape(v)) for v in problem.inputs]
            direction[a][index] = 1.0
            yield tuple(direction)


def random_direction(problem: Problem, rng: np.random.Generator) -> tuple[Any, ...]:
    return tuple(rng.choice([-1.0, 1.0], np.shape(x)) * rng.uniform(0.5, 1.0, np.shape(x)) for x in problem.inputs)


def _negated(direction: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(-d for d in direction)


def flat_entries(arrays: tuple[Any, ...]) -> list[Any]:
    return [e for a in arrays for e in (np.ravel(a) if isinstance(a, np.ndarray) else [a])]


def _shaped(problem: Problem, flat: list[Any]) -> tuple[Any, ...]:
    arrays, start = [], 0
    for x in problem.inputs:
        array = np.empty(np.shape(x), dtype=object)
        for offset, index in enumerate(np.ndindex(np.shape(x))):
            array[index] = flat[start + offset]
        start += int(np.size(x))
        arrays.append(array)
    return tuple(arrays)


def _is_tight(e: Any) -> bool:
    e = ball(e)
    return bool(e.is_finite() and (e.is_exact() or e.rel_accuracy_bits() >= TIGHT or e.abs_upper() < _VANISHING))


def _agree(a: Any, b: Any) -> bool:
    return bool(a.overlaps(b))


def _to_floats(array: Any) -> Any:
    flat = [float(ball(e).mid()) for e in (array.ravel() if isinstance(array, np.ndarray) else [array])]
    return np.array(flat).reshape(np.shape(array))[()]
