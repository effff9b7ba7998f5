"""One gradient against the truth: the verdict, entry by entry and overall."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from gradcheck.case import Outcome
from gradcheck.gradients.method import Problem
from gradcheck.gradients.truth import Truth
from gradcheck.precision import info, spacing
from gradcheck.verdicts.accuracy import Accuracy, measure
from gradcheck.verdicts.kinks import convention, in_hull
from gradcheck.verdicts.persistence import Repeat, persistent
from gradcheck.verdicts.tolerance import SAFETY, tolerances, unit_roundoff

NEGLIGIBLE = 8.0  # units of roundoff of the true entry that are never worth a second look
HIDES = 1e-9  # relative mistakes that no tolerance may hide without a second look
UNUSUAL = 6.0  # measured spreads; the errors of right gradients stayed below 5.1 (see SAFETY)


class Seen(Protocol):
    """Entries found right, and entries found wrong; whether no rounding can have a part in that."""

    @property
    def right(self) -> Any: ...

    @property
    def wrong(self) -> Any: ...

    @property
    def certain(self) -> bool: ...


Look = Callable[[Accuracy], Seen]


@dataclass(frozen=True, slots=True, eq=False)
class Standard:
    """What gradients at a point are judged by: the truth, and the error that rounding explains."""

    problem: Problem
    truth: Truth
    tolerance: Any

    @property
    def dtype(self) -> Any:
        """The coarsest precision the function works in."""
        return self.problem.dtype

    def allowed_ulp(self) -> float:
        """The largest error in ulp that rounding explains at any entry: the conditioning of the gradient."""
        true = np.abs(np.concatenate([np.ravel(t) for t in self.truth.floats()]))
        apart = spacing(np.where(true == 0, np.max(true, initial=0.0) or 1.0, true), self.dtype)
        return float(np.max(self.tolerance / np.maximum(apart, 5e-324), initial=0.0))


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """A gradient's verdict: overall, and for each entry in order. `reason` says why, in one line.

    `at_kink` where the function is not differentiable; `certain` where the claim's own formula is known to be wrong, whatever its rounding.
    """

    outcome: Outcome
    entries: tuple[Outcome, ...]
    accuracy: Accuracy
    reason: str
    kinds: tuple[str, ...] = ()
    at_kink: bool = False
    certain: bool = False


def standard(problem: Problem, truth: Truth) -> Standard:
    """The standard at a point of which the truth is known. Where the tape has no number to disturb, rounding explains little."""
    measured = np.concatenate([np.ravel(t) for t in tolerances(problem)])
    true = np.concatenate([np.ravel(t) for t in truth.floats()])
    unit = unit_roundoff(problem.dtype)
    return Standard(problem, truth, np.where(np.isfinite(measured), measured, SAFETY * unit * np.abs(true)))


def measured(entries: tuple[Any, ...], problem: Problem, truth: Truth) -> Accuracy:
    """Entries against the truth, in the coarsest precision of the function and of the entries."""
    dtype = coarsest([problem.dtype, *(np.asarray(e).dtype for e in entries if np.asarray(e).dtype.kind == "f")])
    return measure(entries, truth.entries, dtype, truth.bits)


def plainly_right(accuracy: Accuracy, truth: Truth) -> Judgement | None:
    """The verdict on entries so close to the truth that no tolerance need be measured: it is never narrower; None for others."""
    if truth.is_kink or not (np.abs(accuracy.error) <= UNUSUAL * unit_roundoff(accuracy.dtype) * np.abs(accuracy.truth)).all():
        return None
    return Judgement("right", _all("right", accuracy.error), accuracy, _digits(accuracy))


def judge(
    entries: tuple[Any, ...],
    by: Standard,
    *,
    error: tuple[Any, ...] | None = None,
    again: Repeat | None = None,
    looks: Sequence[Look] = (),
    thorough: bool = False,
    digits: float | None = None,
    accuracy: Accuracy | None = None,
) -> Judgement:
    """Judge a gradient's entries, `measured` before or here.

    `error` is the method's own claim of its error, for approximations such as differences; without it, only rounding
    is excused. `again(problem) -> entries` repeats the claim at nearby points where rounding and mistake must be
    told apart: rounding is erratic there, a mistake persists. `looks` are asked before: each says of a measured gradient
    which entries it finds right and which wrong, at the point itself. `thorough` asks that question also within the tolerance, where
    the tape itself loses digits. `digits` excuses any error beyond so many correct digits.
    """
    accuracy = accuracy or measured(entries, by.problem, by.truth)
    tolerance = by.tolerance * (unit_roundoff(accuracy.dtype) / unit_roundoff(by.dtype))
    if digits is not None:
        tolerance, thorough, again, looks = tolerance + 10.0**-digits * np.abs(accuracy.truth), False, None, ()
    claimed = None if error is None else np.concatenate([np.ravel(e) for e in error])
    if by.truth.is_kink:
        return replace(_at_kink(accuracy, by, tolerance if claimed is None else tolerance + claimed), at_kink=True)
    if claimed is not None:
        return _approximate(accuracy, tolerance, claimed)
    return _exact(accuracy, by, tolerance, again, looks, thorough=thorough)


def _exact(accuracy: Accuracy, by: Standard, tolerance: Any, again: Repeat | None, looks: Sequence[Look], *, thorough: bool) -> Judgement:
    """Only rounding is excused: what it explains, what a second look finds to be rounding, and what is erratic over nearby points."""
    beyond = ~(np.abs(accuracy.error) <= tolerance)
    if not np.isfinite(accuracy.claim[beyond]).all():
        return _wrong(accuracy, beyond & ~np.isfinite(accuracy.claim), "not finite where the truth is finite", ("nonfinite",))
    doubtful = _doubtful(accuracy, tolerance) if thorough else np.zeros_like(beyond)
    if not (beyond | doubtful).any():
        return Judgement("right", _all("right", beyond), accuracy, _digits(accuracy))
    mistaken, still, certain = _looked(accuracy, beyond | doubtful, looks)
    if still.any():
        mistaken = mistaken | (
            beyond & still if again is None else persistent(by.problem, again, beyond & still, doubtful & still, accuracy.dtype)
        )
    if mistaken.any():
        reason = f"differs from the truth by more than rounding explains: {_digits(accuracy)}"
        return replace(_wrong(accuracy, mistaken, reason, ("unknown",)), certain=certain)
    if not beyond.any():
        return Judgement("right", _all("right", beyond), accuracy, _digits(accuracy))
    return _imprecise(accuracy, by, beyond)


def _looked(accuracy: Accuracy, suspicious: Any, looks: Sequence[Look]) -> tuple[Any, Any, bool]:
    """Which suspicious entries the looks find mistaken, which stay open, and whether a certain look found any."""
    mistaken, still, certain = np.zeros_like(suspicious), suspicious.copy(), False
    for look in looks:
        if still.any():
            seen = look(accuracy)
            mistaken |= still & seen.wrong
            certain |= seen.certain and bool((still & seen.wrong).any())
            still &= ~(seen.right | seen.wrong)
    return mistaken, still, certain


def _doubtful(accuracy: Accuracy, tolerance: Any) -> Any:
    """Entries within the tolerance that still deserve a second look.

    Those farther off than right gradients have ever been seen to be; and, where rounding is so large that the tolerance
    hides mistakes, all that are off at all.
    """
    unit, error, true = unit_roundoff(accuracy.dtype), np.abs(accuracy.error), np.abs(accuracy.truth)
    noise = tolerance / SAFETY
    return (error > UNUSUAL * noise) | ((tolerance > HIDES * true) & (error > NEGLIGIBLE * unit * true))


def coarsest(dtypes: list[Any]) -> Any:
    """The float type with the fewest digits."""
    return max(dtypes, key=lambda d: info(d).eps)


def _imprecise(accuracy: Accuracy, by: Standard, beyond: Any) -> Judgement:
    """Erratic deviations are rounding: right, with the digits that remain, unless fewer than half do."""
    half = -np.log10(float(info(by.dtype).eps)) / 2
    if (accuracy.digits[beyond] < half).any():
        return _wrong(
            accuracy, beyond & (accuracy.digits < half), f"rounding leaves fewer than half the digits: {_digits(accuracy)}", ("precision",)
        )
    return Judgement(
        "right", _all("right", beyond), accuracy, f"formula right, digits lost to rounding: {_digits(accuracy)}", ("precision",)
    )


def _approximate(accuracy: Accuracy, tolerance: Any, claimed: Any) -> Judgement:
    """An approximation is right within its own error claim, undecided where that claim says too little."""
    allowed = claimed + tolerance
    beyond = ~(np.abs(accuracy.error) <= allowed)
    if beyond.any():
        return _wrong(accuracy, beyond, f"off by more than its own error claim: {_digits(accuracy)}", ("unknown",))
    scale = np.where(accuracy.truth == 0, np.max(np.abs(accuracy.truth), initial=0.0) or 1.0, np.abs(accuracy.truth))
    vague = (claimed > 0.01 * scale) & (accuracy.digits < 3)
    outcomes: tuple[Outcome, ...] = tuple("undecided" if v else "right" for v in vague)
    if vague.any():
        return Judgement("undecided", outcomes, accuracy, f"its error claim is too wide to decide: {_digits(accuracy)}")
    return Judgement("right", outcomes, accuracy, f"within its error claim: {_digits(accuracy)}")


def _at_kink(accuracy: Accuracy, by: Standard, slack: Any) -> Judgement:
    """Inside the joint convex hull of the limiting gradients a claim is a convention, outside it a mistake."""
    assert by.truth.left is not None
    left = measure(by.truth.floats(), by.truth.left, accuracy.dtype, by.truth.bits).truth
    low, high = np.minimum(accuracy.truth, left) - slack, np.maximum(accuracy.truth, left) + slack
    outside, bent = ~((accuracy.claim >= low) & (accuracy.claim <= high)), np.abs(accuracy.truth - left) > slack
    if not np.isfinite(accuracy.claim).all():
        return _wrong(accuracy, ~np.isfinite(accuracy.claim), "not finite where the one-sided derivatives are finite", ("nonfinite",))
    together = in_hull(accuracy.claim, by.problem, slack, left, accuracy.truth)
    if together is None:
        reason = (
            "not differentiable here, and the pieces that meet could not all be worked out, so whether the claim is a convention is open"
        )
        return Judgement("undecided", _all("undecided", bent), accuracy, reason)
    if together:
        follows = convention(accuracy.claim, left, accuracy.truth, slack)
        outcomes: tuple[Outcome, ...] = tuple("kink" if b else "right" for b in bent)
        return Judgement("kink", outcomes, accuracy, f"not differentiable here; the claim follows the convention: {follows}")
    if outside.any():
        return _wrong(accuracy, outside, "not differentiable here, and the claim lies outside the limiting gradients", ("unknown",))
    reason = (
        "not differentiable here, and the entries together lie outside the hull of the limiting gradients, though each alone lies inside"
    )
    return _wrong(accuracy, bent, reason, ("unknown",))


def _wrong(accuracy: Accuracy, beyond: Any, reason: str, kinds: tuple[str, ...]) -> Judgement:
    outcomes: tuple[Outcome, ...] = tuple("wrong" if b else "right" for b in beyond)
    return Judgement("wrong", outcomes, accuracy, reason, kinds)


def _all(outcome: Outcome, entries: Any) -> tuple[Outcome, ...]:
    return (outcome,) * len(entries)


def _digits(accuracy: Accuracy) -> str:
    return f"{accuracy.digits[accuracy.worst]:.1f} correct digits at the worst entry" if len(accuracy.digits) else "no entries"
