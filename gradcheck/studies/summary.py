"""What a run keeps of a case: words and numbers, nothing that was traced. It goes between processes, and all tables are made of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradcheck.case import Case, ClaimedGradient, Exhibit, Outcome
from gradcheck.verdicts.compare import FRAMEWORKS, Comparison, Measured, worst
from gradcheck.verdicts.verdict import Verdict

_BITS = 1023  # of an integer that is written out: readers of JSON take numbers for floats
LONGEST = 2000  # characters of a reason or an error: messages of users' functions may hold anything


@dataclass(frozen=True, slots=True)
class MethodSummary:
    """A method over all points: worst outcome, fewest digits, largest error; costs of the first point it ran at.

    `ran` is whether it ran at the first point.
    """

    name: str
    outcome: Outcome
    ran: bool
    digits: float | None
    ulp: float | None
    allowed_ulp: float | None
    evaluations: int | None
    operations: int | None
    details: Mapping[str, Any]
    seconds: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class ClaimedSummary:
    """A claimed gradient: what was expected of it and what was found; `kinds` is None where the mistakes were not asked for.

    `finding` is the most likely mistake in a sentence, of exhibits alone.
    """

    name: str
    expected: Outcome
    outcome: Outcome
    kinds: tuple[str, ...] | None
    expected_kinds: tuple[str, ...]
    reason: str
    finding: str = ""

    @property
    def met(self) -> bool:
        """Whether it got the verdict expected of it."""
        return self.expected == self.outcome


@dataclass(frozen=True, slots=True)
class CaseSummary:
    """A case that was run. Where it could not be, `error` says why, and there are no numbers.

    `inputs` is l, `operations` those of the function, `gradient_operations` those of value and gradient together, `ratio` their quotient.
    """

    name: str
    file: str
    line: int
    about: str
    claims: tuple[str, ...]
    outcome: Outcome
    error: str | None = None
    inputs: int | None = None
    points: int | None = None
    operations: int | None = None
    gradient_operations: int | None = None
    ratio: float | None = None
    claimed: tuple[ClaimedSummary, ...] = ()
    methods: tuple[MethodSummary, ...] = ()
    unmet: str = ""
    seconds: float = field(default=0.0, compare=False)
    exhibit: Exhibit | None = None

    @property
    def met(self) -> bool:
        """Whether everything about the case is as stated.

        Of an exhibit, its claimed gradients are what is stated: at the point where a library once failed, methods may fail as it did, which is shown.
        """
        stands = self.outcome in ("right", "kink") or self.exhibit is not None
        return self.error is None and stands and all(c.met for c in self.claimed)

    def method(self, name: str) -> MethodSummary:
        """One of its methods, by name."""
        return next(m for m in self.methods if m.name == name)


def bounded(text: str) -> str:
    """A message with its middle left out where it is longer than anyone reads."""
    half = LONGEST // 2
    return text if len(text) <= LONGEST else f"{text[:half]} ... ({len(text) - 2 * half} characters left out) ... {text[-half:]}"


def told(value: Any) -> Any:
    """What a claim found as plain data: numbers, words, lists and objects of them; anything else in words."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.item() if np.ndim(value) == 0 else value.tolist()
    if isinstance(value, int) and value.bit_length() > _BITS:
        return f"an integer of {value.bit_length()} bits"
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {bounded(str(k)): told(v) for k, v in value.items()}
    return [told(v) for v in value] if isinstance(value, list | tuple) else bounded(str(value))


def failed(case: Case, error: str, seconds: float = 0.0) -> CaseSummary:
    """A case that could not run."""
    about, claims = bounded(case.summary), tuple(case.claims)
    return CaseSummary(case.name, case.file, case.line, about, claims, "undecided", bounded(error), seconds=seconds, exhibit=case.exhibit)


def summarise(case: Case, comparison: Comparison, *, seconds: float = 0.0, named: bool = True) -> CaseSummary:
    """What a comparison found. `named` names the mistakes of claimed gradients that are wrong, which takes a diagnosis of each."""
    c = comparison
    return CaseSummary(
        case.name, case.file, case.line, bounded(case.summary), tuple(case.claims), c.outcome, None, c.inputs, len(c.points),
        c.circuit.operations, c.circuit.gradient().operations, c.ratio,
        tuple(_claimed(claim, verdict, named, shown=case.exhibit is not None) for claim, verdict in c.claimed),
        tuple(method_summary(c, m.method) for m in c.points[0].measured), bounded(why_not(c, methods=case.exhibit is None)), seconds, case.exhibit,
    )  # fmt: skip


def _claimed(claim: ClaimedGradient, verdict: Verdict, named: bool, *, shown: bool) -> ClaimedSummary:
    kinds = verdict.kinds if named else None
    finding = verdict.diagnosis[0].message if named and shown and verdict.outcome == "wrong" and verdict.diagnosis else ""
    return ClaimedSummary(claim.name, claim.expect, verdict.outcome, kinds, tuple(claim.kinds), bounded(verdict.reason), bounded(finding))


def method_summary(comparison: Comparison, name: str) -> MethodSummary:
    """A method over all points of a comparison."""
    measured = comparison.method(name)
    ran = [m for m in measured if m.gradient is not None]
    judged = [m.judgement.accuracy for m in ran if m.judgement is not None]
    first = ran[0].gradient if ran else None
    return MethodSummary(
        name, worst([m.outcome for m in measured]), measured[0].gradient is not None,
        min((float(np.min(a.digits, initial=math.inf)) for a in judged), default=None),
        max((float(np.max(a.ulp, initial=0.0)) for a in judged), default=None),
        max((p.standard.allowed_ulp() for p in comparison.points if p.standard), default=None) if name == "tape" else None,
        first.evaluations if first else None, first.operations if first else None, dict(first.details) if first else {},
        first.seconds if first else None, bounded(_reason(measured)),
    )  # fmt: skip


def _reason(measured: list[Measured]) -> str:
    """Why it did not run, or the reason of the worst outcome."""
    refused = next((m.reason for m in measured if m.gradient is None), None)
    return refused or next(m.reason for m in measured if m.outcome == worst([n.outcome for n in measured]))


def why_not(comparison: Comparison, *, methods: bool = True) -> str:
    """What keeps a case from being as stated, in one line; nothing where all is well. `methods` are looked at too."""
    for point in comparison.points if methods else ():
        for m in point.measured:
            if m.outcome in ("wrong", "undecided") and m.gradient is not None and m.method not in FRAMEWORKS:
                return f"{m.method}: {m.reason}"
    return "; ".join(f"{c.name}: {v.outcome}, expected {c.expect}" for c, v in comparison.claimed if c.expect != v.outcome)
