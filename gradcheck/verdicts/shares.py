"""Claims at a tie whose parts do not add up: each of several equal values gets the whole of what comes from above, or none does."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.diagnosis.finding import Finding, Hop, hop_of
from gradcheck.diagnosis.wording import FIX
from gradcheck.gradients.limits import limiting_gradients
from gradcheck.gradients.method import Problem
from gradcheck.verdicts.coverage import is_tie, moving, touches, values_at

DIRECTIONS = 16
CLOSE = 1e-6


def shared(problem: Problem, claim: tuple[Any, ...]) -> tuple[Finding, ...]:
    """The finding, where each entry lies between the gradients of the pieces that meet at a tie, and the entries that bend do not add up to theirs."""
    hop = _tie(problem)
    flat = np.concatenate([np.ravel(np.asarray(c, dtype=float)) for c in claim])
    if hop is None or flat.size != problem.size:
        return ()
    rng = np.random.default_rng(0)
    pieces = np.array(list(limiting_gradients(problem, iter(rng.uniform(-1, 1, (DIRECTIONS, flat.size))))))
    if len(pieces) < 2:
        return ()
    low, high = pieces.min(axis=0), pieces.max(axis=0)
    slack = CLOSE * max(float(np.max(np.abs(pieces))), 1e-300)
    times = _times(flat, pieces, high - low > slack, slack)
    if times is None or abs(times - 1) <= CLOSE or not ((flat >= low - slack) & (flat <= high + slack)).all():
        return ()
    message = f"at the tie in {hop}, the parts that equal values get {_amount(times)}; together they must be the whole, once"
    return (Finding("tie", message, hop, FIX["tie"]),)


def _times(claim: Any, pieces: Any, bent: Any, slack: float) -> float | None:
    """How many times the claim gives the whole away: by the sum of the entries that bend, where the pieces have it in common, else as parts of the pieces."""
    sums = pieces[:, bent].sum(axis=1)
    if np.ptp(sums) <= slack * len(claim):
        return float(claim[bent].sum() / sums[0]) if abs(sums[0]) > slack else None
    from scipy.optimize import nnls

    parts, rest = nnls(pieces.T, claim)
    return float(parts.sum()) if rest <= slack * len(claim) else None


def _amount(times: float) -> str:
    if abs(times) <= CLOSE:
        return "are all zero"
    return f"add up to {round(times)} times the whole" if abs(times - np.round(times)) <= CLOSE else "do not add up to it"


def _tie(problem: Problem) -> Hop | None:
    """The hop at which values that depend on the inputs are equal."""
    circuit, values = problem.circuit, values_at(problem.circuit, problem.inputs)
    live = moving(circuit)
    for k in range(len(circuit)):
        primitive = circuit.primitive(k)
        if primitive is None or not live[k]:
            continue
        if any(is_tie(primitive, s) and touches(circuit, k, s, values) for s in primitive.special):
            return hop_of(circuit, k)
    return None
