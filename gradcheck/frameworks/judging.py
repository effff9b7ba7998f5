"""Judging what a framework gives as a gradient: by certified truth where a NumPy twin is there and is the function, else by differences."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

from gradcheck.circuit.traced import TracedArray
from gradcheck.diagnosis.finding import Finding
from gradcheck.domains import Domain, floating_positions
from gradcheck.errors import TraceError, UsageError
from gradcheck.frameworks.agreement import computes, disagreement, widen
from gradcheck.frameworks.narrow import judged_wide
from gradcheck.frameworks.subject import Subject, Twin, joined
from gradcheck.frameworks.ties import near_tie
from gradcheck.precision import FLOAT64
from gradcheck.verdicts.check import check
from gradcheck.verdicts.positions import Argnums, positions_among
from gradcheck.verdicts.verdict import SEVERITY, Later, Verdict

Function = Callable[..., Any]


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """The options of a judgement."""

    argnums: tuple[int, ...]
    search: bool | Literal["hypothesis"]
    digits: float | None
    domain: Mapping[str, Domain] | None
    seed: int

    def options(self) -> dict[str, Any]:
        return {
            "argnums": self.argnums,
            "vjp": True,
            "search": self.search,
            "digits": self.digits,
            "domain": self.domain,
            "seed": self.seed,
        }


def judge(
    subject: Subject,
    at: Sequence[Any],
    *,
    argnums: Argnums | None = None,
    search: bool | Literal["hypothesis"] = False,
    digits: float | None = None,
    domain: Mapping[str, Domain] | None = None,
    seed: int = 0,
) -> Verdict:
    """Judge the framework's gradient at a point, or at each of a list of points; the worst verdict is returned.

    `at` is a tuple of the subject's arguments as NumPy arrays in its carrier, or a list of such tuples; integers and booleans are data. The gradient
    is asked for with random cotangents, with zero, and with scaled ones. Where a twin can be traced and gives what the framework gives, truth is certified
    and the verdict says the mistake by name. A twin given by the user that gives something else is a wrong forward function; one
    that we made is not used, and differences decide, as they do where there is none. Narrow types are judged at their own precision.
    """
    points = [tuple(p) for p in at] if isinstance(at, list) else [tuple(at)]
    if not points:
        raise UsageError("at=[] holds no point")
    asked = _Asked(_chosen(subject, points[0], argnums), search, digits, domain, seed)
    broken = next((b for p in points if (b := _broken(subject, p, asked.argnums)) is not None), None)
    if broken is not None:
        return broken
    verdict = _judged(subject, points, asked)
    if verdict.outcome == "wrong" and subject.remark is not None:
        verdict = replace(verdict, findings=(*verdict.findings, *subject.remark(points[0], asked.argnums)))
    return verdict


def _chosen(subject: Subject, point: tuple[Any, ...], argnums: Argnums | None) -> tuple[int, ...]:
    chosen = floating_positions(point) if argnums is None else positions_among(subject.arguments, argnums)
    if not chosen:
        raise UsageError(f"{subject.name}: no argument at the point is floating-point: there is nothing to differentiate")
    if not set(chosen) <= set(floating_positions(point)):
        raise UsageError(f"{subject.name}: argnums={argnums!r}: expected positions of floating-point arguments among {len(point)}, from 0")
    return chosen


def _broken(subject: Subject, point: tuple[Any, ...], argnums: tuple[int, ...]) -> Verdict | None:
    """The verdict on a gradient that breaks its framework's contract, whatever its values."""
    found = subject.contract(point, argnums) if subject.contract is not None else ()
    return Verdict("wrong", found[0].message, subject.name, findings=found, witness=point) if found else None


def _judged(subject: Subject, points: list[tuple[Any, ...]], asked: _Asked) -> Verdict:
    if subject.twin is None:
        return by_differences(subject, points, asked, subject.untwinned or "it has no NumPy twin")
    function = followed_twin(subject, subject.twin)
    for point in points:
        apart = disagreement(subject, function, point, asked.argnums, seed=asked.seed)
        if apart is None:
            continue
        if subject.twin.origin == "given" and not apart.untraced:
            return Verdict("wrong", apart.message, subject.name, findings=(Finding("wrong-forward", apart.message),), witness=point)
        return by_differences(subject, points, asked, apart.message)
    return _told(subject, _certified(subject, function, points, asked))


def followed_twin(subject: Subject, twin: Twin) -> Function:
    """The twin as `check` takes it: with the subject's names and precision, results joined."""
    given = twin.function

    def function(*arguments: Any) -> Any:
        return joined(given(*arguments))

    return _known_as(function, subject)


def _known_as(function: Function, subject: Subject) -> Function:
    function.__name__ = function.__qualname__ = subject.name
    function.__leaves__ = subject.arguments  # type: ignore[attr-defined]  # names, as of a function of leaves
    if subject.narrow:
        function.works_in = subject.precision  # type: ignore[attr-defined]
    return function


def claim_of(subject: Subject, argnums: tuple[int, ...]) -> Function:
    """The framework's gradient as a claim: the arguments and a cotangent in, one array for each differentiable argument out."""

    def claim(*given: Any) -> Any:
        if any(isinstance(g, TracedArray) for g in given):
            raise TraceError(f"{subject.name}: {subject.framework} computes it")
        return tuple(subject.vjp(given[:-1], given[-1], argnums))

    claim.__name__ = claim.__qualname__ = f"the gradient {subject.framework} gives of {subject.name}"
    return claim


def _certified(subject: Subject, function: Function, points: list[tuple[Any, ...]], asked: _Asked) -> Verdict:
    """By the twin's certified truth. Where rounding decides a branch in the framework's own arithmetic, nothing is wrong for that alone.

    Few digits hide mistakes, and so does such a branch: what a coarse type cannot tell from rounding is wrong where the same formula is wrong in
    float64, by more than the coarse type rounds. And there a mistake can be named.
    """
    own = check(function, claim_of(subject, asked.argnums), points, **asked.options())
    verdict = _but_for_ties(subject, own)
    hidden = subject.narrow or (verdict is not own and subject.precision != FLOAT64)
    if not hidden or not subject.widens or not all(computes(subject, widen(p)) for p in points):
        return verdict
    visible = -math.log10(2 * subject.precision.eps)
    options = asked.options() | {"search": False, "digits": min(visible, asked.digits or visible)}
    wide = _but_for_ties(
        subject, check(_unlabelled(function, subject), claim_of(subject, asked.argnums), [widen(p) for p in points], **options)
    )
    if wide.outcome != "wrong":
        return verdict
    if verdict.outcome == "wrong":
        return replace(verdict, later=Later(lambda: wide.diagnosis))
    why = f"within the rounding of {subject.precision}" if verdict is own else f"rounding may decide a branch in {subject.precision}"
    return replace(wide, reason=f"{why}, but its formula is wrong in float64: {wide.reason}")


def _but_for_ties(subject: Subject, verdict: Verdict) -> Verdict:
    if verdict.outcome != "wrong" or verdict.judgement is None or verdict.judgement.at_kink or verdict.problem is None:
        return verdict
    tie = near_tie(verdict.problem)
    if tie is None:
        return verdict
    reason = f"rounding may decide a branch here, in {tie}: {subject.framework} may be on the other side of it than exact arithmetic"
    return replace(verdict, outcome="undecided", reason=reason, findings=(), later=None)


def _told(subject: Subject, verdict: Verdict) -> Verdict:
    """The verdict with what truth it was judged by."""
    name = str(subject.precision)
    return replace(verdict, reason=f"{verdict.reason} [{subject.framework}, {name}; truth from {subject.twin}]")


def by_differences(subject: Subject, points: list[tuple[Any, ...]], asked: _Asked, reason: str) -> Verdict:
    """The black-box verdict: by differences in float64, where the function can compute in it."""

    def value(*arguments: Any) -> Any:
        if any(isinstance(a, TracedArray) for a in arguments):
            raise TraceError(f"{subject.name}: {reason}")
        return subject.value(*arguments)

    function, claim = _known_as(value, subject), claim_of(subject, asked.argnums)
    if subject.precision == FLOAT64:
        verdict = check(function, claim, points, **asked.options())
        return replace(verdict, reason=f"{verdict.reason} [{subject.framework}, float64; by differences: {reason}]")
    judged = partial(judged_wide, subject, reason=reason, options=asked.options())
    return min((judged(_unlabelled(value, subject), claim, p) for p in points), key=lambda v: SEVERITY.index(v.outcome))


def _unlabelled(value: Function, subject: Subject) -> Function:
    """The function without its precision: it is asked in float64."""

    def wide(*arguments: Any) -> Any:
        return value(*arguments)

    wide.__name__ = wide.__qualname__ = subject.name
    wide.__leaves__ = subject.arguments  # type: ignore[attr-defined]
    return wide
