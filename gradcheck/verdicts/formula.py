"""What a claim's own formula gives without rounding: the claim is traced as the function is, and evaluated in ball arithmetic.

A formula that gives the truth is right, whatever its floats lose; one that does not is wrong, however small the difference. Constants that
the claim does not share with the function (pi/2, log 2, a mean computed beforehand) may be rounded, and are given that much room.
A claim that cannot be traced is repeated in wider floats: rounding shrinks there, a mistake stays.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from flint import arb

from gradcheck.arithmetic.balls import Balls
from gradcheck.arithmetic.enclosures import ball, precision
from gradcheck.circuit import Circuit, interpret, trace
from gradcheck.errors import GradcheckError
from gradcheck.gradients.method import Problem
from gradcheck.gradients.truth import Truth, flat_entries
from gradcheck.verdicts.accuracy import Accuracy, measure
from gradcheck.verdicts.claim import differentiable_names, parts_of, repeat_claim
from gradcheck.verdicts.tolerance import unit_roundoff

BITS = (256, 1024, 4096)  # precisions tried, one after the other
SAME = 16.0  # units of roundoff up to which a formula gives the truth
SHRINKS = 8.0  # times by which an error must shrink in wider floats to be rounding; one that keeps half is none
LARGEST = 200_000  # equations of a claim beyond which it is not traced
_SHORT = 2.0**24  # a constant that is a whole number of 1/2^24 is meant as it stands


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """Entries found right, and entries found wrong; the others stay open."""

    right: Any
    wrong: Any


def looks(gradient: Callable[..., Any], problem: Problem, truth: Truth) -> tuple[Callable[[Accuracy], Look], ...]:
    """The ways to tell a mistake from rounding at the point itself, the surest first."""
    return partial(by_formula, gradient, problem, truth), partial(in_wider_floats, gradient, problem, truth)


def by_formula(gradient: Callable[..., Any], problem: Problem, truth: Truth, accuracy: Accuracy) -> Look:
    """The claim's formula in balls against the truth, entry by entry."""
    nothing = Look(np.zeros(len(accuracy.claim), bool), np.zeros(len(accuracy.claim), bool))
    circuit = _recorded(gradient, problem)
    if circuit is None:
        return nothing
    unit = unit_roundoff(accuracy.dtype)
    for bits in BITS:
        with precision(max(bits, truth.bits)):
            exact = _off(circuit, problem, truth, Balls())
            if exact is None:
                return nothing
            sizes = [abs(t) for t in map(ball, flat_entries(truth.entries))]
            right = np.array([bool(d.abs_upper() <= SAME * unit * t + _tiny(accuracy)) for d, t in zip(exact, sizes, strict=True)])
            if right.all():
                return Look(right, ~right)
            fuzzy = _off(circuit, problem, truth, _Rounded(_shared(problem.circuit)))
            wrong = np.array([bool(d.abs_lower() > SAME * unit * t + _tiny(accuracy)) for d, t in zip(fuzzy or exact, sizes, strict=True)])
            if (right | wrong).all():
                break
    return Look(right, wrong & ~right)


def in_wider_floats(gradient: Callable[..., Any], problem: Problem, truth: Truth, accuracy: Accuracy) -> Look:
    """The claim repeated at the same point in the next wider floats; says nothing where there are none."""
    wide = np.float64 if accuracy.dtype == np.float32 else np.longdouble
    arguments = tuple(_widened(a, wide) if i in problem.argnums else a for i, a in enumerate(problem.arguments))
    entries = repeat_claim(gradient, replace(problem, arguments=arguments)) if np.finfo(wide).eps < np.finfo(accuracy.dtype).eps else None
    if entries is None or not all(np.asarray(e).dtype == wide for e in entries):
        return Look(np.zeros(len(accuracy.claim), bool), np.zeros(len(accuracy.claim), bool))
    better = np.abs(measure_wide(entries, truth))
    error, true = np.abs(accuracy.error), np.abs(accuracy.truth)
    with np.errstate(all="ignore"):
        right = better <= np.maximum(error / SHRINKS, 2 * float(np.finfo(wide).eps) * true)
        wrong = (better >= error / 2) & (better > SAME * unit_roundoff(accuracy.dtype) * true)
    return Look(right, wrong)


def measure_wide(entries: tuple[Any, ...], truth: Truth) -> Any:
    """Errors of entries in any float type: what float64 holds of them, and the rest."""
    high = tuple(np.asarray(e, dtype=np.float64) for e in entries)
    low = np.concatenate([np.ravel(np.asarray(e) - h).astype(float) for e, h in zip(entries, high, strict=True)])
    return measure(high, truth.entries, np.float64, truth.bits).error + low


def _widened(argument: Any, wide: Any) -> Any:
    return argument.astype(wide) if isinstance(argument, np.ndarray) else wide(argument)


def _tiny(accuracy: Accuracy) -> Any:
    """A few of the smallest numbers there are: what underflow may cost."""
    return 4 * float(np.finfo(accuracy.dtype).smallest_subnormal)


def _recorded(gradient: Callable[..., Any], problem: Problem) -> Circuit | None:
    """The claim as a circuit with one output per argument; None where it cannot be followed, or is none of our shapes."""
    names = differentiable_names(problem)

    def parts(*arguments: Any) -> Any:
        found = parts_of(gradient(*arguments), names)
        return None if isinstance(found, str) else tuple(found)

    try:
        circuit = trace(parts, *problem.arguments, argnums=problem.argnums)
    except Exception:  # whatever a claim does with what is no array
        return None
    shapes = [circuit.type(k).shape for k in circuit.outputs]
    return circuit if shapes == [np.shape(x) for x in problem.inputs] and len(circuit) <= LARGEST else None


def _off(circuit: Circuit, problem: Problem, truth: Truth, arithmetic: Balls) -> list[Any] | None:
    """Formula minus truth for each entry; None where the formula has no value, or decides otherwise than its floats."""
    watched = circuit.with_outputs((*circuit.outputs, *(k for k, _ in circuit.guards)))
    try:
        results = interpret(watched, arithmetic, [Balls().constant(x) for x in problem.inputs])
    except (GradcheckError, ArithmeticError, ValueError, TypeError):
        return None
    count = len(circuit.outputs)
    for decided, (_, outcome) in zip(results[count:], circuit.guards, strict=True):
        if not np.array_equal(np.array(decided, dtype=float), np.array(outcome, dtype=float)):
            return None
    claimed = [ball(e) for part in results[:count] for e in np.ravel(np.asarray(part, dtype=object))]
    off = [c - ball(t) for c, t in zip(claimed, flat_entries(truth.entries), strict=True)]
    return off if all(d.is_finite() for d in off) else None


def _shared(circuit: Circuit) -> frozenset[Any]:
    """The numbers that the function itself holds."""
    return frozenset(float(v) for c in circuit.constants.values() for v in np.ravel(np.asarray(c, dtype=float)))


class _Rounded(Balls):
    """Balls whose constants are known to a rounding only, but for short ones and for those shared with the function."""

    def __init__(self, shared: frozenset[Any]) -> None:
        super().__init__()
        self.shared = shared

    def number(self, value: Any) -> Any:
        known = super().number(value)
        if not isinstance(known, arb) or abs(float(value)) in self.shared or -abs(float(value)) in self.shared or not np.isfinite(value):
            return known
        if float(value) * _SHORT == np.floor(float(value) * _SHORT):
            return known
        unit = unit_roundoff(value.dtype if isinstance(value, np.floating) else np.float64)
        return known + arb(0, abs(float(value)) * 2 * unit)
