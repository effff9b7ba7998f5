"""Black boxes in float32 and narrower: the formula is judged in float64, where differences have digits, and its own floats beside that."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck.diagnosis.finding import Finding
from gradcheck.frameworks.agreement import widen
from gradcheck.frameworks.subject import Subject
from gradcheck.verdicts.check import check
from gradcheck.verdicts.verdict import Verdict

BESIDE = 2.0**-20  # how far, next to each entry
Function = Callable[..., Any]
Point = tuple[Any, ...]


def judged_wide(subject: Subject, function: Function, claim: Function, point: Point, *, reason: str, options: Mapping[str, Any]) -> Verdict:
    """The verdict on the formula in float64, and whether the gradient in the function's own precision is that formula, rounded.

    What rounding may do to a black box's gradient cannot be measured on a circuit: half of the digits must agree, next to the largest entry. A
    function that cannot compute in float64, or computes something else there, is undecided.
    """
    wide = widen(point)
    here = np.asarray(subject.value(*point), dtype=float)
    try:
        there = np.asarray(function(*wide), dtype=float)
    except Exception as error:  # whatever a framework raises where it is asked for another precision than the one it was written for
        return _undecided(subject, f"{reason}; and it cannot compute in float64 ({str(error).partition(chr(10))[0]})")
    if here.shape != there.shape or not _near(here, there, subject):
        return _undecided(subject, f"{reason}; and in float64 it has another value ({_worst(here, there)})")
    verdict = check(function, claim, wide, **options)
    if verdict.outcome == "undecided":  # at numbers of few bits a function may look smoother than its noise
        verdict = check(function, claim, _beside(wide), **options)
    ones = np.random.default_rng(options["seed"]).choice([-1.0, 1.0], there.shape)
    own = _flat(claim(*point, ones.astype(subject.precision.carrier)[()]))
    exact = _flat(claim(*wide, ones[()]))
    alike = own.shape == exact.shape and _near(own, exact, subject)
    if verdict.ok and not alike:
        return _own_rounding(subject, verdict, own, exact)
    if verdict.outcome == "wrong" and not alike:
        return _undecided(
            subject, f"{reason}; and its gradient in {subject.precision} is not the one it has in float64 ({_worst(own, exact)})"
        )
    return replace(
        verdict, reason=f"{verdict.reason} [{subject.framework}, {subject.precision}, beside its own float64; by differences: {reason}]"
    )


def _beside(point: Point) -> Point:
    """A point of all bits next to one of few."""
    rng = np.random.default_rng(0)
    return tuple(np.asarray(a * (1 + BESIDE * rng.uniform(-1, 1, np.shape(a)))) if np.asarray(a).dtype.kind == "f" else a for a in point)


def _flat(parts: Any) -> Any:
    return np.concatenate([np.ravel(np.asarray(p, dtype=float)) for p in parts])


def _near(narrow: Any, wide: Any, subject: Subject) -> bool:
    """Equal to half the digits of the largest entry; what is beyond the type's range is no number there."""
    within = np.abs(wide) <= subject.precision.max
    size = float(np.max(np.abs(wide[within]), initial=0.0))
    with np.errstate(all="ignore"):
        off = np.abs(narrow - wide)[within]
    return bool(np.all(off <= subject.precision.eps**0.5 * size + subject.precision.smallest_normal))  # NaN is not near


def _own_rounding(subject: Subject, verdict: Verdict, own: Any, exact: Any) -> Verdict:
    """The formula is right; its floats are not: wrong where they are not finite, else for the user to see."""
    told = (
        f"the formula is right in float64, and in {subject.precision} its gradient is off by half the digits or more ({_worst(own, exact)})"
    )
    if np.isfinite(exact).all() and not np.isfinite(own).all():
        return replace(verdict, outcome="wrong", reason=told, findings=(Finding("nonfinite", told),), entries=())
    return replace(verdict, outcome="undecided", reason=told, findings=(Finding("precision", told),), entries=())


def _worst(own: Any, exact: Any) -> str:
    if own.shape != exact.shape:
        return f"shape {own.shape} against {exact.shape}"
    with np.errstate(all="ignore"):
        off = np.where(np.isnan(own - exact), np.inf, np.abs(own - exact)).ravel()
    i = int(np.argmax(off)) if off.size else 0
    return f"{own.ravel()[i]:.6g} against {exact.ravel()[i]:.6g}" if off.size else "no entries"


def _undecided(subject: Subject, reason: str) -> Verdict:
    return Verdict("undecided", reason, subject.name, findings=(Finding("black-box", reason),))
