"""Judging a gradient of a function that can only be called: by differences, as far as their error bounds reach.

Few inputs: every entry. Many: random directions, which miss an error of a given size with a stated probability, and then group
testing for the wrong entries. A claim outside a bound is wrong; one inside is right only where the bound is tight next to the gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradcheck.case import Outcome
from gradcheck.diagnosis.finding import Finding
from gradcheck.domains import Domain
from gradcheck.errors import ShapeError, TraceError
from gradcheck.gradients.directional import KINK, Estimate, entry_slope, one_sided_slopes, random_line_directions
from gradcheck.gradients.line import flat, line
from gradcheck.gradients.method import Problem, untraced
from gradcheck.gradients.noise_level import Noise, noise_level
from gradcheck.verdicts.claim import broken_contract, kept_contract, labels
from gradcheck.verdicts.group_testing import Along, judge_directions
from gradcheck.verdicts.verdict import Verdict

FEW = 64  # inputs up to which every entry is estimated
OWN, RELATIVE = 1e-3, 1e-6  # a bound is tight next to its own entry, or next to the largest of all
ROUNDINGS = 64.0  # units of roundoff a claim may be off by its own rounding
NOISE_LINES = 2
TINY = float(
    np.finfo(np.float64).smallest_normal
)  # a bound below it is as good as 0: where all values are 0, roundings alone are left in it


@dataclass(frozen=True, slots=True)
class _Entries:
    """What is known of every entry: claims, estimates with their errors, and sizes of the entries' arguments."""

    claim: Any
    value: Any
    error: Any
    slack: Any
    size: Any
    largest: float


def judge_black_box(
    function: Callable[..., Any],
    gradient: Callable[..., Any],
    point: tuple[Any, ...],
    chosen: tuple[int, ...],
    error: TraceError,
    domains: Mapping[int, Domain] | None = None,
    coarse: float = 0.0,
) -> Verdict:
    """Judge by differences alone: right or wrong only as far as their error bounds reach, undecided beyond.

    `coarse` excuses relative errors up to it.
    """
    problem, name = untraced(function, point, chosen, domains), getattr(gradient, "__name__", "gradient")
    if np.shape(problem.value) != ():
        raise ShapeError(f"the function returns an array of shape {np.shape(problem.value)}; a gradient needs a scalar result")
    claim, found = kept_contract(gradient, problem)
    if claim is None:
        return broken_contract(name, found)
    unit = max((float(np.finfo(np.asarray(c).dtype).eps) for c in claim if np.asarray(c).dtype.kind == "f"), default=2.0**-52)
    noise, calls = noise_of(problem)
    if problem.size <= FEW:
        verdict = _every_entry(problem, flat(claim), max(ROUNDINGS * unit, coarse), noise, calls, name, tuple(found))
    else:
        along = Along(problem, flat(claim), max(ROUNDINGS * unit, coarse), noise)
        verdict = judge_directions(along, calls, name, tuple(found))
    if verdict.ok:
        return verdict
    return replace(verdict, findings=(*verdict.findings, Finding("black-box", f"judged by differences, for it cannot be traced: {error}")))


def noise_of(problem: Problem) -> tuple[Noise, int]:
    """The noise of a function near the point, and the evaluations it took to measure it."""
    lines = [line(problem, d) for d in random_line_directions(problem, NOISE_LINES)]
    return noise_level(lines), sum(along.calls for along in lines)


def _every_entry(problem: Problem, claim: Any, unit: float, noise: Noise, calls: int, name: str, found: tuple[Finding, ...]) -> Verdict:
    estimates = [entry_slope(problem, i, noise) for i in range(problem.size)]
    bent = [i for i, e in enumerate(estimates) if e.reason == KINK and not e.bounded]
    known = _known(problem, claim, estimates, unit)
    outcomes = tuple(_outcome(known, i) for i in range(problem.size))
    worst: Outcome = next((o for o in ("wrong", "undecided") if o in outcomes), "right")
    if worst == "wrong" and _bends(problem, known, noise):
        reason = "a kink at the point: the function's slopes along random directions are not what its slopes along the axes make"
        return Verdict("undecided", reason, name, outcomes, labels(problem), findings=found)
    if bent and worst == "undecided" and {i for i, o in enumerate(outcomes) if o == "undecided"} == set(bent):
        return _at_kink(problem, known, outcomes, bent, noise, name, found)
    reason = {"wrong": _why_wrong, "undecided": _why_undecided, "right": _why_right}[worst](problem, known, outcomes, estimates)
    evaluations = calls + sum(e.evaluations for e in estimates)
    told = f"{reason} (a black box: noise {max(noise.fine, noise.coarse):.1e}, {evaluations} evaluations)"
    if worst == "wrong":
        found = (Finding("unknown", told), *found)
    return Verdict(worst, told, name, outcomes, labels(problem), findings=found)


def _at_kink(
    problem: Problem,
    known: _Entries,
    outcomes: tuple[Outcome, ...],
    bent: Sequence[int],
    noise: Noise,
    name: str,
    found: tuple[Finding, ...],
) -> Verdict:
    """One entry that bends is judged by the slopes of its two sides. What several may be together, differences along the axes do not say:
    where a sorted vector's entries are equal, right gradients lie outside.
    """
    names, (first, *others) = labels(problem), bent
    left, right = one_sided_slopes(problem, first, noise)
    if others or not (left.bounded and right.bounded):
        where = ", ".join(names[i] for i in bent)
        return Verdict("undecided", f"differences fail at {where}: {KINK}", name, outcomes, names, findings=found)
    low, high = min(left.value - left.error, right.value - right.error), max(left.value + left.error, right.value + right.error)
    inside = low - known.slack[first] <= known.claim[first] <= high + known.slack[first]
    outcome: Outcome = "kink" if inside else "wrong"
    entries: tuple[Outcome, ...] = tuple(outcome if i == first else o for i, o in enumerate(outcomes))
    sides = f"{names[first]}: claimed {known.claim[first]:.10g}, from the left {left.value:.6g}, from the right {right.value:.6g}"
    reason = f"not differentiable here, and the claim lies {'between' if inside else 'outside'} the slopes of the two sides: {sides}"
    told = f"{reason} (a black box)"
    return Verdict(outcome, told, name, entries, names, findings=found if inside else (Finding("unknown", told), *found))


def _bends(problem: Problem, known: _Entries, noise: Noise) -> bool:
    """Whether slopes along random directions contradict those along the axes: a kink that no axis shows, as of a median where all are equal."""
    if problem.size < 2 or not np.isfinite(known.error).all():
        return False
    along = Along(problem, known.value, 0.0, noise)
    bounded = 0
    for direction in random_line_directions(problem, NOISE_LINES):
        residual, allowed, found = along.residual(direction)
        if found.bounded and abs(residual) > allowed + float(np.sum(known.error * np.abs(direction))) + 1e-12 * abs(found.value):
            return True
        bounded += found.bounded
    return bounded == 0  # smooth along every axis, and along no other line


def _known(problem: Problem, claim: Any, estimates: Sequence[Estimate], unit: float) -> _Entries:
    """`unit` is the relative error that is the claim's own."""
    value, error = np.array([e.value for e in estimates]), np.array([e.error for e in estimates])
    size = np.abs(flat(problem.inputs))
    size = np.where(size == 0, 1.0, size)
    weights = [max(abs(e.value), e.variation) * s for e, s in zip(estimates, size, strict=True) if e.bounded]
    return _Entries(claim, value, error, unit * np.abs(claim), size, max(weights, default=0.0))


def _outcome(known: _Entries, i: int) -> Outcome:
    """A claim outside the bound is wrong, one inside a tight bound right."""
    if not np.isfinite(known.error[i]):
        return "undecided"
    off = abs(known.claim[i] - known.value[i])
    if not (np.isfinite(off) and off <= known.error[i] + known.slack[i]):
        return "wrong"
    tight = known.error[i] <= OWN * abs(known.value[i]) or known.error[i] * known.size[i] <= RELATIVE * known.largest
    return "right" if tight or known.error[i] < TINY else "undecided"


def _why_wrong(problem: Problem, known: _Entries, outcomes: tuple[Outcome, ...], estimates: Sequence[Estimate]) -> str:
    with np.errstate(all="ignore"):
        off = np.where(np.array(outcomes) == "wrong", np.abs(known.claim - known.value) / np.maximum(known.error, 5e-324), 0.0)
    i = int(np.argmax(np.where(np.isnan(off), np.inf, off)))
    return (
        f"differences contradict it at {labels(problem)[i]}: claimed {known.claim[i]:.10g}, estimated {known.value[i]:.10g}, "
        f"at most {known.error[i]:.1e} off"
    )


def _why_undecided(problem: Problem, known: _Entries, outcomes: tuple[Outcome, ...], estimates: Sequence[Estimate]) -> str:
    i = outcomes.index("undecided")
    if np.isfinite(known.error[i]):
        return f"the error bound at {labels(problem)[i]} is too wide to decide: {known.value[i]:.10g}, at most {known.error[i]:.1e} off"
    return f"differences fail at {labels(problem)[i]}: {estimates[i].reason}"


def _why_right(problem: Problem, known: _Entries, outcomes: tuple[Outcome, ...], estimates: Sequence[Estimate]) -> str:
    with np.errstate(all="ignore"):
        own = -np.log10(np.max(known.error / np.abs(known.value), initial=1e-16))
        whole = -np.log10(np.max(known.error * known.size / known.largest, initial=1e-16))
    if own >= -np.log10(OWN):
        return f"agrees with differences to {own:.0f} digits in every entry"
    return f"agrees with differences to {whole:.0f} digits of the largest entry" if np.isfinite(whole) else "the function does not vary"
