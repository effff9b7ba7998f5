"""Checking a claimed gradient: no tolerance to choose."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.case import Case, Outcome
from gradcheck.circuit import argument_names
from gradcheck.domains import floating_positions
from gradcheck.errors import GradientError, TraceError, UsageError
from gradcheck.gradients.differences import Differences
from gradcheck.gradients.method import Problem, Refused, problem_of
from gradcheck.gradients.truth import Truth, certify
from gradcheck.verdicts.judge import Judgement, Standard, judge, standard


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found wrong: a stable `kind`, the `hop` it concerns where known, and a sentence."""

    kind: str
    message: str
    hop: str | None = None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Verdict:
    """What a claimed gradient is worth: `outcome` is right, wrong, kink or undecided; `str()` explains.

    `entries` gives the outcome of every entry, flattened over the arguments in order.
    """

    outcome: Outcome
    reason: str
    name: str
    entries: tuple[Outcome, ...] = ()
    labels: tuple[str, ...] = ()
    judgement: Judgement | None = None
    diagnosis: tuple[Finding, ...] = ()
    inside: bool = False

    @property
    def ok(self) -> bool:
        """True for right, and for a kink where the claim lies between the one-sided derivatives."""
        return self.outcome == "right" or (self.outcome == "kink" and self.inside)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of the findings, best first."""
        return tuple(dict.fromkeys(f.kind for f in self.diagnosis))

    def __repr__(self) -> str:
        return f"<verdict on {self.name}: {self.outcome}>"

    def __str__(self) -> str:
        lines = [f"{self.name}: {self.outcome}: {self.reason}"]
        if self.judgement is not None and not self.ok:
            lines += self._table()
        return "\n".join(lines)

    def _table(self, limit: int = 5) -> list[str]:
        assert self.judgement is not None
        accuracy = self.judgement.accuracy
        order = np.argsort(accuracy.digits, kind="stable")[:limit]
        shown = [i for i in order if self.entries[i] != "right"]
        return [
            f"  {self.labels[i]}: claimed {accuracy.claim[i]!r}, true {accuracy.truth[i]!r}, off by {accuracy.ulp[i]:.3g} ulp"
            for i in shown
        ]


def check(
    function: Case | Callable[..., Any],
    gradient: Callable[..., Any],
    at: Any = None,
    *,
    argnums: Sequence[int] | int | None = None,
    seed: int = 0,
) -> Verdict:
    """Judge a claimed gradient at a point, or at each of a list of points; the worst verdict is returned.

    `at` is a tuple of the function's arguments, or a dict by name; a case brings its own points. `gradient(*at)` returns one array
    for a single differentiable argument, else a tuple in argument order or a dict by name. A function that cannot be
    traced is judged as a black box, by differences with an error bound.
    """
    verdicts = [_check_at(function, gradient, point, argnums) for point in _points(function, at, seed)]
    return min(verdicts, key=lambda v: ("wrong", "undecided", "kink", "right").index(v.outcome))


def assert_gradient(function: Case | Callable[..., Any], gradient: Callable[..., Any], at: Any = None, **options: Any) -> None:
    """Raise GradientError, with the verdict's explanation, unless the claimed gradient is right."""
    verdict = check(function, gradient, at, **options)
    if not verdict.ok:
        raise GradientError(verdict)


def _points(function: Case | Callable[..., Any], at: Any, seed: int) -> list[tuple[Any, ...]]:
    if at is None and isinstance(function, Case):
        return [tuple(p) for p in function.points(seed)]
    if at is None:
        raise UsageError("check(function, gradient) needs a point: at=(x, y), or a case, which brings its own")
    plain = function.function if isinstance(function, Case) else function
    return [_tuple(plain, p) for p in (at if isinstance(at, list) else [at])]


def _tuple(function: Callable[..., Any], point: Any) -> tuple[Any, ...]:
    if not isinstance(point, Mapping):
        return point if isinstance(point, tuple) else (point,)
    names = argument_names(function, len(point))
    if set(names) != set(point):
        raise UsageError(f"at={list(point)}: the function's arguments are {', '.join(names)}")
    return tuple(point[n] for n in names)


def _check_at(
    function: Case | Callable[..., Any], gradient: Callable[..., Any], point: tuple[Any, ...], argnums: Sequence[int] | int | None
) -> Verdict:
    plain, domains = (function.function, function.domain_at()) if isinstance(function, Case) else (function, {})
    if argnums is not None:
        chosen = (argnums,) if isinstance(argnums, int) else tuple(argnums)
    else:
        chosen = function.differentiable(point) if isinstance(function, Case) else floating_positions(point)
    if not chosen:
        raise UsageError("no argument at the point is floating-point: give floats (1.0, not 1), or argnums")
    try:
        problem = problem_of(plain, point, chosen, domains)
    except TraceError as error:
        return _black_box(plain, gradient, point, chosen, error)
    return check_problem(problem, gradient)


def check_problem(problem: Problem, gradient: Callable[..., Any], by: Standard | None = None) -> Verdict:
    """Judge a claimed gradient of a traced function, by the standard given or one made here."""
    name = getattr(gradient, "__name__", "gradient")
    if by is None:
        truth = certify(problem)
        if not isinstance(truth, Truth):
            return Verdict("undecided", f"the truth is not known here: {truth.reason}", name)
        by = standard(problem, truth)
    claim = claimed_entries(gradient, problem)
    if isinstance(claim, Finding):
        return Verdict("wrong", claim.message, name, diagnosis=(claim,))
    judgement = judge(claim, by, again=lambda p: _again(gradient, p), thorough=True)
    findings = tuple(Finding(kind, judgement.reason) for kind in judgement.kinds)
    inside = judgement.outcome == "kink"  # outside the one-sided derivatives it would be wrong
    return Verdict(judgement.outcome, judgement.reason, name, judgement.entries, labels(problem), judgement, findings, inside)


def claimed_entries(gradient: Callable[..., Any], problem: Problem) -> tuple[Any, ...] | Finding:
    """What the claim returns, one array per differentiable argument; a finding where its shape does not fit."""
    with np.errstate(all="ignore"):
        result = gradient(*(a.copy() if isinstance(a, np.ndarray) else a for a in problem.arguments))
    names = argument_names(problem.function, len(problem.arguments))
    wanted = [names[i] for i in problem.argnums]
    parts = _parts(result, wanted)
    if isinstance(parts, str):
        return Finding("shape", parts)
    for name, part, x in zip(wanted, parts, problem.inputs, strict=True):
        if np.shape(part) != np.shape(x):
            return Finding("shape", f"the gradient for {name} has shape {np.shape(part)}, expected {np.shape(x)}, the shape of {name}")
        if np.asarray(part).dtype.kind not in "fiu":
            return Finding("shape", f"the gradient for {name} holds {np.asarray(part).dtype} values, expected floats")
    return tuple(parts)


def _parts(result: Any, wanted: list[str]) -> list[Any] | str:
    if isinstance(result, Mapping):
        missing = [n for n in wanted if n not in result]
        return f"the gradient names no part for {missing[0]}" if missing else [result[n] for n in wanted]
    if len(wanted) == 1 and not (isinstance(result, tuple | list) and len(result) == 1):
        return [result]
    if not isinstance(result, tuple | list) or len(result) != len(wanted):
        got = f"{len(result)} parts" if isinstance(result, tuple | list) else f"one {type(result).__name__}"
        return f"the gradient returned {got}, expected {len(wanted)}: for {', '.join(wanted)}"
    return list(result)


def _again(gradient: Callable[..., Any], problem: Problem) -> tuple[Any, ...] | None:
    found = claimed_entries(gradient, problem)
    return None if isinstance(found, Finding) else found


def labels(problem: Problem) -> tuple[str, ...]:
    """A name for every entry: w[2], or x for a scalar."""
    names = argument_names(problem.function, len(problem.arguments))
    pairs = [(names[i], problem.arguments[i]) for i in problem.argnums]
    return tuple(n + (str(list(index)) if index else "") for n, x in pairs for index in np.ndindex(np.shape(x)))


def _black_box(
    function: Callable[..., Any], gradient: Callable[..., Any], point: tuple[Any, ...], chosen: tuple[int, ...], error: TraceError
) -> Verdict:
    """Judge by differences alone: right or wrong only as far as their error bound reaches."""
    from gradcheck.gradients.method import untraced

    problem, name = untraced(function, point, chosen), getattr(gradient, "__name__", "gradient")
    found, claim = Differences().gradient(problem), claimed_entries(gradient, problem)
    if isinstance(claim, Finding):
        return Verdict("wrong", claim.message, name, diagnosis=(claim,))
    if isinstance(found, Refused) or found.error is None:
        return Verdict("undecided", f"not traceable, and differences failed: {getattr(found, 'reason', '')}", name)
    estimate, bound, claimed = (np.concatenate([np.ravel(p) for p in parts]) for parts in (found.entries, found.error, claim))
    beyond = ~(np.abs(claimed - estimate) <= 2 * bound)
    if beyond.any():
        worst = labels(problem)[int(np.argmax(beyond))]
        return Verdict("wrong", f"differences of the black box contradict it at {worst}", name, diagnosis=(Finding("unknown", str(error)),))
    scale = max(float(np.max(np.abs(estimate), initial=0.0)), 1e-300)
    if float(np.max(bound, initial=0.0)) > 1e-4 * scale:
        return Verdict("undecided", "the function cannot be traced, and the error bound of differences is too wide to decide", name)
    return Verdict("right", f"agrees with differences of the black box to {-np.log10(float(np.max(bound)) / scale):.0f} digits", name)
