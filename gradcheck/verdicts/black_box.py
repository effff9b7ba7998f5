"""Judging a gradient of a function that can only be called: by differences, as far as their error bound reaches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gradcheck.domains import Domain
from gradcheck.errors import TraceError
from gradcheck.gradients.differences import Differences
from gradcheck.gradients.method import Refused, untraced
from gradcheck.verdicts.claim import claimed_entries, labels
from gradcheck.verdicts.verdict import Finding, Verdict


def judge_black_box(
    function: Callable[..., Any],
    gradient: Callable[..., Any],
    point: tuple[Any, ...],
    chosen: tuple[int, ...],
    error: TraceError,
    domains: Mapping[int, Domain] | None = None,
) -> Verdict:
    """Judge by differences alone: right or wrong only as far as their error bound reaches."""
    problem, name = untraced(function, point, chosen, domains), getattr(gradient, "__name__", "gradient")
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
