"""Cases tested: their own gradients, and the gradients claimed for them."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import Any

import pytest

from gradcheck.case import Case, ClaimedGradient
from gradcheck.display import text as comparison_text
from gradcheck.errors import GradientError
from gradcheck.rendering.failure import failure_text
from gradcheck.studies.summary import summarise
from gradcheck.testing.asked import Asked
from gradcheck.testing.gradients import NAMED, Tested, coverage_of
from gradcheck.testing.record import Record, add_record
from gradcheck.testing.reproduction import reproduction
from gradcheck.testing.session import GradientSession
from gradcheck.verdicts.check import Verdict, check
from gradcheck.verdicts.compare import Comparison, compare


def test_case(case: Case, session: GradientSession, item: pytest.Item) -> Comparison:
    """The case's own gradients: raises GradientError unless they are right."""
    start = time.perf_counter()
    comparison = compare(_without_claims(case), seed=session.seed)
    mutation = session.score_of(case) if session.mutate and _is_right(comparison) else None
    add_record(item.user_properties, _record(case, comparison, None, session, time.perf_counter() - start, mutation))
    session.reported_case(item.nodeid, case)
    _require_right(case, comparison)
    _require_none_survive(session, mutation, comparison, case.name)
    return comparison


def _is_right(comparison: Comparison) -> bool:
    return comparison.outcome in ("right", "kink")


def _require_right(case: Case, comparison: Comparison) -> None:
    """Raise GradientError unless the case's own gradients are right."""
    __tracebackhide__ = True
    if not _is_right(comparison):
        summary = summarise(case, comparison, named=False)
        raise GradientError(comparison, f"case {case.name}: {comparison.outcome}: {summary.unmet}\n\n{comparison_text(comparison)}")


def test_claimed(case: Case, claim: ClaimedGradient, session: GradientSession, item: pytest.Item) -> Verdict:
    """A claimed gradient: raises GradientError unless it gets the verdict expected of it."""
    start = time.perf_counter()
    asked = Asked(case, claim.function, None, seed=session.seed)
    verdict = check(case, claim.function, **asked.options())
    mutation = session.score_of(case) if session.mutate and verdict.ok and claim.expect in ("right", "kink") else None
    found = Tested(asked, verdict, None, session, mutation)
    add_record(item.user_properties, found.record("claimed", time.perf_counter() - start, expected=claim.expect))
    told = not_as_expected(asked, claim, verdict, session)
    if told:
        raise GradientError(verdict, told)
    _require_none_survive(session, mutation, verdict, f"{case.name}, {claim.name}")
    return verdict


def test_whole_case(case: Case, session: GradientSession, item: pytest.Item | None, options: dict[str, Any]) -> Comparison:
    """A case and its claimed gradients in one test: raises GradientError listing every one that is not as stated.

    `options` are those of a call: points or how many are drawn, the seed, and how claimed gradients are checked.
    """
    __tracebackhide__ = True
    start, seed = time.perf_counter(), options["seed"]
    points = options.get("at")
    if points is None and options.get("points") and not case.at:
        points = list(case.drawn(seed, options["points"]))
    comparison = compare(_without_claims(case), points, seed=seed)
    mutation = session.score_of(case, points) if session.mutate and _is_right(comparison) else None
    if item is not None:
        add_record(item.user_properties, _record(case, comparison, points, session, time.perf_counter() - start, mutation))
        session.reported_case(item.nodeid, case)
    checked = [_checked(case, claim, points, session, item, options) for claim in case.claimed]
    comparison = replace(comparison, claimed=tuple((claim, verdict) for claim, (_, verdict) in zip(case.claimed, checked, strict=True)))
    _require_right(case, comparison)
    told = (not_as_expected(asked, claim, verdict, session) for claim, (asked, verdict) in zip(case.claimed, checked, strict=True))
    faults = [t for t in told if t]
    if faults:
        head = f"case {case.name}: {len(faults)} of {len(checked)} claimed gradients not as expected"
        raise GradientError(comparison, "\n\n".join([head, *faults]))
    _require_none_survive(session, mutation, comparison, case.name)
    return comparison


def _checked(
    case: Case, claim: ClaimedGradient, points: Any, session: GradientSession, item: pytest.Item | None, options: dict[str, Any]
) -> tuple[Asked, Verdict]:
    """A claimed gradient checked as the call says, and kept with the test."""
    start = time.perf_counter()
    known = {name: options[name] for name in ("search", "digits", "order") if name in options}
    asked = Asked(case, claim.function, points, seed=options["seed"], **known)
    verdict = check(case, claim.function, points, **asked.options())
    if item is not None:
        found = Tested(asked, verdict, None, session)
        add_record(item.user_properties, found.record("claimed", time.perf_counter() - start, expected=claim.expect))
    return asked, verdict


def not_as_expected(asked: Asked, claim: ClaimedGradient, verdict: Verdict, session: GradientSession) -> str:
    """What to say of a claimed gradient that does not get the verdict expected of it; nothing of one that does."""
    if verdict.outcome == claim.expect:
        return ""
    if verdict.outcome in ("wrong", "undecided"):
        return failure_text(verdict, reproduction(asked, verdict, session.witnesses))
    return f"{claim.name}: {verdict.outcome}, expected {claim.expect}: {verdict.reason}"


def _without_claims(case: Case) -> Case:
    """The case alone: its claimed gradients are tests of their own."""
    return Case(case.function, case.domains, case.at, case.argnums, case.claims, [], case.module)


def _record(case: Case, comparison: Comparison, points: Any, session: GradientSession, seconds: float, mutation: Any) -> Record:
    tape = [m.judgement.accuracy for m in comparison.method("tape") if m.judgement is not None]
    digits = min((float(a.digits.min(initial=math.inf)) for a in tape), default=None)
    ulp = max((float(a.ulp.max(initial=0.0)) for a in tape), default=None)
    circuit = comparison.circuit
    asked = Asked(case, case.function, points, seed=session.seed)
    coverage = coverage_of(asked, points)
    never = () if coverage is None else coverage.not_own
    return Record(
        "case", case.name, case.name, comparison.outcome, _is_right(comparison), "", (), 1, digits, ulp,
        circuit.operations, circuit.gradient().operations, seconds, coverage is not None, tuple(str(p) for p in never[:NAMED]),
        None if mutation is None else mutation.to_dict(), asked.place,
    )  # fmt: skip


def _require_none_survive(session: GradientSession, mutation: Any, verdict: Any, name: str) -> None:
    if session.strict and mutation is not None and mutation.survivors:
        from gradcheck.rendering.mutation import score_text

        raise GradientError(verdict, score_text(mutation, name))
