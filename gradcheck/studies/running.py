"""Running cases and claims: every case compared once, every claim given the run to look at."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from gradcheck.case import Case, Claim, Evidence
from gradcheck.errors import GradcheckError
from gradcheck.studies.collection import Cases
from gradcheck.verdicts.compare import Comparison, compare

ClaimVerdict = Literal["shown", "refuted", "not shown"]


@dataclass(frozen=True, slots=True, eq=False)
class CaseResult:
    """A case that ran, or the error that stopped it, and the seconds it took."""

    case: Case
    comparison: Comparison | None
    error: str | None
    seconds: float

    @property
    def met(self) -> bool:
        """Whether everything about the case is as stated."""
        return self.comparison is not None and self.comparison.met


@dataclass(frozen=True, slots=True)
class ClaimResult:
    """A claim, its verdict, and the evidence in one line with its numbers; `about` is what its function says it looks at."""

    id: str
    verdict: ClaimVerdict
    evidence: str
    values: dict[str, Any] = field(default_factory=dict)
    about: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class RunResult:
    """All that a run found."""

    cases: tuple[CaseResult, ...]
    claims: tuple[ClaimResult, ...]
    problems: tuple[str, ...]
    seed: int

    @property
    def met(self) -> bool:
        """Whether every case and every claim is as stated."""
        return all(c.met for c in self.cases) and all(c.verdict == "shown" for c in self.claims)

    @property
    def faulty(self) -> bool:
        """Whether a file or a case could not be run at all."""
        return bool(self.problems) or any(c.error is not None for c in self.cases)


class Run:
    """What a claim's function is given: the cases by name, and each one's comparison, made once."""

    def __init__(self, cases: Sequence[Case], seed: int = 0) -> None:
        self.cases, self.seed = {c.name: c for c in cases}, seed
        self._known: dict[str, Comparison] = {}

    def compare(self, case: Case) -> Comparison:
        """The comparison of a case, made when first asked for."""
        if case.name not in self._known:
            self._known[case.name] = compare(case, seed=self.seed)
        return self._known[case.name]


def run(
    cases: Cases, *, seed: int = 0, progress: Callable[[str], None] = lambda what: None, chosen: Sequence[Case] | None = None
) -> RunResult:
    """Compare every case (or the `chosen` ones) and weigh every claim; a case or claim that fails does not stop the others."""
    session = Run(cases, seed)
    results = tuple(_case(session, c, progress) for c in (cases if chosen is None else chosen))
    claims = () if chosen is not None else tuple(sorted(_claims(session, cases, progress), key=lambda c: c.id))
    return RunResult(results, claims, tuple(p.message for p in cases.problems), seed)


def _case(session: Run, case: Case, progress: Callable[[str], None]) -> CaseResult:
    progress(case.name)
    start = time.perf_counter()
    comparison, error = None, None
    try:
        comparison = session.compare(case)
    except GradcheckError as caught:
        error = f"case {case.name}: {str(caught).removeprefix(f'case {case.name}: ').removeprefix(f'{case.name}: ')}"
    except Exception as caught:  # whatever a user's function raises
        error = f"case {case.name} ({case.file}:{case.line}): {type(caught).__name__}: {caught}"
    return CaseResult(case, comparison, error, time.perf_counter() - start)


def _claims(session: Run, cases: Cases, progress: Callable[[str], None]) -> Iterator[ClaimResult]:
    for claim in cases.claims:
        progress(f"claim {claim.id}")
        yield weigh(session, claim)


def weigh(session: Run, claim: Claim) -> ClaimResult:
    """A claim's verdict: shown or refuted by its evidence, not shown where gathering it failed."""
    about = (inspect.getdoc(claim.function) or "").partition("\n\n")[0]
    try:
        evidence = claim.function(session)
    except Exception as error:  # evidence that cannot be had is no evidence, whatever the reason
        return ClaimResult(claim.id, "not shown", f"{type(error).__name__}: {error}".splitlines()[0], about=about)
    if not isinstance(evidence, Evidence):
        said = f"{claim.function.__name__} returned {type(evidence).__name__}, expected Evidence"
        return ClaimResult(claim.id, "not shown", said, about=about)
    return ClaimResult(claim.id, "shown" if evidence.shown else "refuted", evidence.text, dict(evidence.values), about)
