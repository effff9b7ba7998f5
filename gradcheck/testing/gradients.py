"""A gradient checked for a test: its verdict, what its points never touch, and what is kept of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.case import Case, Outcome
from gradcheck.errors import GradientError
from gradcheck.rendering.failure import failure_text
from gradcheck.rendering.text import label
from gradcheck.testing.asked import Asked
from gradcheck.testing.record import Record
from gradcheck.testing.reproduction import reproduction
from gradcheck.testing.session import GradientSession
from gradcheck.verdicts.check import Verdict, check
from gradcheck.verdicts.coverage import Coverage

NAMED = 40  # special points that a record names
VISITED = 16  # points of a test whose special points are looked at


@dataclass(frozen=True, slots=True, eq=False)
class Tested:
    """What was asked, the verdict, and the special points of the function that the test's own points touch or miss."""

    asked: Asked
    verdict: Verdict
    coverage: Coverage | None
    session: GradientSession
    mutation: Any = None

    def record(self, what: str, seconds: float, *, expected: Outcome | None = None) -> Record:
        """What the test keeps of it; a claimed gradient must get the very verdict `expected` of it, a test's own must be right."""
        v = self.verdict
        digits, ulp = accuracy_of(v)
        counts = operations_of(v)
        never = () if self.coverage is None else self.coverage.not_own
        return Record(
            what, label(self.asked.name), label(self.asked.function_name), v.outcome, v.ok if expected is None else v.outcome == expected,
            v.reason[:600], () if v.ok else v.kinds, 1, digits, ulp, *counts, seconds,
            self.coverage is not None, tuple(str(p) for p in never[:NAMED]), None if self.mutation is None else self.mutation.to_dict(),
            self.asked.place,
        )  # fmt: skip

    def require(self) -> None:
        """Raise GradientError unless the gradient is right, and, where the session is strict, no planted mistake survives."""
        __tracebackhide__ = True
        if not self.verdict.ok:
            raise GradientError(self.verdict, failure_text(self.verdict, reproduction(self.asked, self.verdict, self.session.witnesses)))
        if self.session.strict and self.mutation is not None and self.mutation.survivors:
            from gradcheck.rendering.mutation import score_text

            raise GradientError(self.verdict, score_text(self.mutation, self.asked.name))


def tested(asked: Asked, session: GradientSession, nodeid: str) -> Tested:
    """Check the gradient at its points, and where a search failed before."""
    points = asked.points()
    verdict = (
        _explored(asked, points, session, nodeid) if asked.search else check(asked.function, asked.gradient, points, **asked.options())
    )
    coverage = verdict.coverage if verdict.coverage is not None else coverage_of(asked, points)
    return Tested(asked, verdict, coverage, session, _mutation(asked, points) if session.mutate and verdict.ok else None)


def _explored(asked: Asked, points: Any, session: GradientSession, nodeid: str) -> Verdict:
    """A search, which tries first what made it fail before, and keeps what makes it fail now."""
    from gradcheck.witnesses import Witnesses

    store = None if session.witnesses is None else Witnesses(session.witnesses)
    key = f"{nodeid}|{asked.function_name}|{asked.name}"
    first = () if store is None else store.load(key)
    verdict = check(asked.function, asked.gradient, points, **asked.options(), first=first)
    if store is not None and verdict.outcome == "wrong" and verdict.witness is not None and verdict.aim:
        store.save(key, verdict.witness)
    return verdict


def _mutation(asked: Asked, points: Any) -> Any:
    from gradcheck.mutation import mutation_score

    return mutation_score(asked.function, asked.gradient, points, **asked.options())


def accuracy_of(verdict: Verdict) -> tuple[float | None, float | None]:
    """Correct digits and error in ulp at the worst entry; None where nothing was measured."""
    if verdict.judgement is None:
        return None, None
    accuracy = verdict.judgement.accuracy
    return float(np.min(accuracy.digits, initial=np.inf)), float(np.max(accuracy.ulp, initial=0.0))


def operations_of(verdict: Verdict) -> tuple[int | None, int | None]:
    """Operations of the function, and of value and gradient together by the tape."""
    if verdict.problem is None:
        return None, None
    circuit = verdict.problem.circuit
    return circuit.operations, circuit.gradient().operations


def coverage_of(asked: Asked, points: Any) -> Coverage | None:
    """Which special points of the function the test's own points touch; None where it cannot be followed."""
    from gradcheck.verdicts.check import chosen_at, drawn, points_of
    from gradcheck.verdicts.coverage import Visits, visit
    from gradcheck.verdicts.trees import taken_apart

    if points is None and asked.domain is not None and not isinstance(asked.function, Case):
        points = drawn(asked.function, asked.domain, asked.seed)
    found: Sequence[Any] = points_of(asked.function, points, asked.seed)
    apart = None if isinstance(asked.function, Case) else taken_apart(asked.plain, found, asked.argnums)
    plain, found, chosen = (asked.plain, found, asked.argnums) if apart is None else (apart.function, apart.points, apart.argnums)
    visits = Visits()
    for point in found[:VISITED]:
        visit(visits, plain, point, chosen_at(asked.function, point, chosen), "own")
    coverage = visits.coverage()
    return coverage if coverage.points else None
