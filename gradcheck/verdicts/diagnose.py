"""Diagnosing a gradient without judging it first: of a function, or of the numbers it gave."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from gradcheck.case import Case
from gradcheck.diagnosis.finding import Finding
from gradcheck.diagnosis.naming import named
from gradcheck.errors import UsageError
from gradcheck.gradients.method import Problem, problem_of
from gradcheck.verdicts.check import chosen_at, domains_at, points_of
from gradcheck.verdicts.claim import differentiable_names, intermediate_gradients, loose_entries, parts_of
from gradcheck.verdicts.positions import Argnums

Given = Callable[[Problem], Mapping[str, Any] | None]


def diagnose(
    function: Case | Callable[..., Any],
    claim: Any,
    at: Any = None,
    *,
    argnums: Argnums | None = None,
    intermediates: Mapping[str, Any] | Callable[..., Mapping[str, Any]] | None = None,
    seed: int = 0,
) -> tuple[Finding, ...]:
    """What is wrong with a claimed gradient of a function that can be traced: findings, the most likely first; none where it is right.

    `claim` is the gradient, called as in `check`, or the numbers that it gave at the point: an array for one argument, a tuple in argument order
    or a dict by name. Numbers are known at one point only, and findings say so. `intermediates` are gradients of named variables,
    {"dz": ..., "dh": ...}, or a function of the arguments that returns them: the first wrong one on the way back decides. `at` is one point.
    Raises TraceError where the function cannot be followed, UsageError where the claim is no gradient.
    """
    plain = function.function if isinstance(function, Case) else function
    points = points_of(function, at, seed)
    if len(points) > 1 and at is not None:
        raise UsageError(f"at= holds {len(points)} points: diagnose one at a time")
    problem = problem_of(plain, points[0], chosen_at(function, points[0], argnums), domains_at(function, points[:1], None))
    parts = loose_entries(claim, problem) if callable(claim) else _numbers(claim, problem)
    if parts is None:
        raise UsageError("the claim gives no gradient at the point: check(function, gradient, at) says why")
    again = partial(loose_entries, claim) if callable(claim) else None
    given = _given(claim, intermediates, problem)
    return named(problem, parts, again, given=given, code=claim if callable(claim) else None, seed=seed)


def _numbers(claim: Any, problem: Problem) -> tuple[Any, ...]:
    """One array for each differentiable argument; UsageError where numbers are not given so."""
    wanted = differentiable_names(problem)
    if len(wanted) == 1 and isinstance(claim, list):
        claim = np.asarray(claim)
    parts = parts_of(claim, wanted)
    if isinstance(parts, str):
        raise UsageError(parts)
    try:
        return tuple(np.asarray(p, dtype=float) for p in parts)
    except (TypeError, ValueError) as error:
        raise UsageError(f"the claim holds something else than numbers: {error}") from error


def _given(claim: Any, intermediates: Any, problem: Problem) -> Given | None:
    """Named intermediate gradients at a point: those of the claim itself, or those given; numbers are known at one point."""
    if intermediates is None:
        found = partial(intermediate_gradients, claim) if callable(claim) else None
        return found if found is not None and found(problem) else None
    if callable(intermediates):
        return partial(intermediate_gradients, intermediates)
    known = {name: np.asarray(value, dtype=float) for name, value in intermediates.items()}
    variables = set(problem.circuit.names.values())
    strangers = [n for n in known if n not in variables and n.removeprefix("d") not in variables]
    if strangers:
        raise UsageError(f"intermediates={strangers}: the function has no such variables; it has {', '.join(sorted(variables))}")
    return lambda at: known if at.arguments is problem.arguments or _is_same(at, problem) else None


def _is_same(at: Problem, problem: Problem) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(at.inputs, problem.inputs, strict=True))
