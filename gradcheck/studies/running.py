"""Running cases and claims: every case compared once, every claim given the run to look at."""

from __future__ import annotations

import inspect
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from gradcheck.case import Case, Claim, Evidence
from gradcheck.errors import GradcheckError, UsageError
from gradcheck.parallel import Lost, can_fork, cores, in_order
from gradcheck.studies.collection import Cases, load_cases
from gradcheck.studies.elsewhere import Sources, as_there, below, mirrored, sources
from gradcheck.studies.summary import CaseSummary, bounded, failed, summarise, told
from gradcheck.verdicts.compare import Comparison, compare

if TYPE_CHECKING:
    from gradcheck.cluster import Cluster

ClaimVerdict = Literal["shown", "refuted", "not shown"]
MANY = 200  # cases from which on several processes compare them: below, times are measured on a machine that does nothing else


@dataclass(frozen=True, slots=True, eq=False)
class CaseResult:
    """A case that ran, or the error that stopped it: in `summary`.

    `comparison` is there as long as it is in the process that made it; `made` is what the run was asked to make of the case (see `run`).
    """

    case: Case
    summary: CaseSummary
    comparison: Comparison | None = None
    made: Any = None

    @property
    def error(self) -> str | None:
        """Why it could not run; None where it did."""
        return self.summary.error

    @property
    def seconds(self) -> float:
        """The time its comparison took."""
        return self.summary.seconds

    @property
    def met(self) -> bool:
        """Whether everything about the case is as stated."""
        return self.summary.met


@dataclass(frozen=True, slots=True)
class ClaimResult:
    """A claim, its verdict, and the evidence in one line with its numbers; `about` is what its function says it looks at."""

    id: str
    verdict: ClaimVerdict
    evidence: str
    values: dict[str, Any] = field(default_factory=dict)
    about: str = ""


@dataclass(frozen=True, slots=True)
class Away:
    """A cluster on which cases are compared, and what is made of each: there by `make(cases, result)`, a module's function or a record that can be pickled; here `take`
    gets what it gave."""

    cluster: Cluster
    make: Callable[[Sequence[Case], CaseResult], Any] | None = None
    take: Callable[[Any], Any] = lambda made: made


@dataclass(frozen=True, slots=True, eq=False)
class RunResult:
    """All that a run found; `workers` where so many processes of a test run shared the machine, and times say little."""

    cases: tuple[CaseResult, ...]
    claims: tuple[ClaimResult, ...]
    problems: tuple[str, ...]
    seed: int
    workers: int | None = None

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
        self._known: dict[Case, Comparison] = {}

    def compare(self, case: Case, frameworks: Sequence[str] = ()) -> Comparison:
        """The comparison of a case, made when first asked for; with frameworks beside our methods where they are asked for then."""
        if case not in self._known:
            self._known[case] = compare(case, seed=self.seed, frameworks=frameworks)
        return self._known[case]

    def forget(self) -> None:
        """Let go of all comparisons; one that is asked for again is made again."""
        self._known.clear()


def run(
    cases: Cases,
    *,
    seed: int = 0,
    progress: Callable[[str], None] = lambda what: None,
    chosen: Sequence[Case] | None = None,
    processes: int | None = 1,
    named: bool = True,
    each: Callable[[CaseResult], Any] | None = None,
    away: Away | None = None,
    frameworks: Sequence[str] = (),
) -> RunResult:
    """Compare every case (or the `chosen` ones) and weigh every claim; a case or claim that fails does not stop the others.

    With more than one of `processes` (None: one for each core where there are many cases), children of this process compare the cases, and
    their comparisons end with them. `each` is called with every finished case where its comparison is, and what it gives is kept
    in `made`: it writes the case's pages, say. `named` names the mistakes of claimed gradients that are wrong. With `away`, a cluster
    compares the cases, which must be of files (UsageError otherwise), and claims are weighed here. `frameworks` are compared beside our methods, in children of this process;
    here where one is loaded already, for then no child could use it. Results are the same, and in the same order, however many work at them.
    """  # fmt: skip
    session = Run(cases, seed)
    todo = list(cases if chosen is None else chosen)
    claims = () if chosen is not None else cases.claims
    count = processes_for(len(todo)) if processes is None else processes
    if away is not None:
        results = _away(cases, todo, progress, _Work(named, None, tuple(frameworks)), seed, away)
    elif (count > 1 or frameworks) and can_fork() and not any(name in sys.modules for name in frameworks):
        results = _in_processes(session, todo, progress, count, _Work(named, each, tuple(frameworks)))
    else:
        results = tuple(_here(session, c, progress, _Work(named, each, tuple(frameworks))) for c in todo)
    weighed = tuple(sorted(_claims(session, claims, progress), key=lambda c: c.id))
    return RunResult(results, weighed, tuple(p.message for p in cases.problems), seed)


def processes_for(cases: int) -> int:
    """How many processes compare so many cases where nobody says: one for each core when they are many, else one."""
    return cores() if cases >= MANY else 1


@dataclass(frozen=True, slots=True)
class _Work:
    """What is done with every case once it is compared."""

    named: bool
    each: Callable[[CaseResult], Any] | None
    frameworks: tuple[str, ...] = ()


def _here(session: Run, case: Case, progress: Callable[[str], None], work: _Work) -> CaseResult:
    progress(case.name)
    return _case(session, case, work)


def _in_processes(session: Run, todo: list[Case], progress: Callable[[str], None], count: int, work: _Work) -> tuple[CaseResult, ...]:
    def one(item: int) -> tuple[CaseSummary, Any]:
        result = _case(session, todo[item], work)
        session.forget()  # a comparison holds circuits: its pages are written, and nobody in this process asks for it again
        return result.summary, result.made

    found = in_order(one, len(todo), processes=count, started=lambda item: progress(todo[item].name), apart=bool(work.frameworks))
    return tuple(_received(case, result) for case, result in zip(todo, found, strict=True))


@dataclass(frozen=True, slots=True)
class _Errand:
    """What a cluster's workers need to compare cases: the files they are in, which of them are meant, and what is done with each."""

    given: Sources
    files: tuple[str, ...]
    chosen: tuple[int, ...]
    names: tuple[str, ...]
    seed: int
    named: bool
    frameworks: tuple[str, ...]
    make: Callable[[Sequence[Case], CaseResult], Any] | None


@dataclass(frozen=True, slots=True)
class _There:
    """The same on a worker, its files read."""

    root: Path
    session: Run
    cases: tuple[Case, ...]
    work: _Work


def _away(cases: Cases, todo: list[Case], progress: Callable[[str], None], work: _Work, seed: int, away: Away) -> tuple[CaseResult, ...]:
    if not cases.files:
        raise UsageError("a cluster compares cases of files: load them with load_cases")
    numbers = {id(c): i for i, c in enumerate(cases)}
    chosen = tuple(numbers[id(c)] for c in todo)
    files = tuple(str(f.absolute()) for f in cases.files)
    errand = _Errand(sources(cases.files), files, chosen, tuple(c.name for c in todo), seed, work.named, work.frameworks, away.make)
    found: dict[int, CaseResult] = {}
    for i, result in away.cluster.as_finished(
        _compared, range(len(todo)), prepare=_there, common=errand, started=lambda item: progress(todo[item].name)
    ):
        received = _received(todo[i], result)
        found[i] = received if isinstance(result, Lost) or away.make is None else replace(received, made=away.take(received.made))
    return tuple(found[i] for i in range(len(todo)))


@contextmanager
def _there(errand: _Errand) -> Iterator[_There]:
    """Read the cases on a worker. GradcheckError where they are not those that were meant."""
    with mirrored(errand.given) as root:
        cases = load_cases(*(below(root, file) for file in errand.files))
        names = tuple(cases[i].name for i in errand.chosen if i < len(cases))
        if names != errand.names:
            why = as_there("; ".join(p.message for p in cases.problems) or "they have other names", root)
            raise UsageError(
                f"the files of cases hold other cases on a worker of the cluster: {why}: what they read or import must be there too"
            )
        chosen = tuple(cases[i] for i in errand.chosen)
        make = errand.make
        yield _There(
            root,
            Run(cases, errand.seed),
            chosen,
            _Work(errand.named, None if make is None else lambda result: make(chosen, result), errand.frameworks),
        )


def _compared(there: _There, item: int) -> tuple[CaseSummary, Any]:
    result = _case(there.session, there.cases[item], there.work)
    there.session.forget()
    found: tuple[CaseSummary, Any] = as_there((result.summary, result.made), there.root)
    return found


def _received(case: Case, result: tuple[CaseSummary, Any] | Lost) -> CaseResult:
    if isinstance(result, Lost):
        return CaseResult(case, failed(case, f"case {case.name} ({case.file}:{case.line}): the process that compared it {result.how}"))
    return CaseResult(case, result[0], None, result[1])


def _case(session: Run, case: Case, work: _Work) -> CaseResult:
    start = time.perf_counter()
    try:
        comparison = session.compare(case, work.frameworks)
        summary = summarise(case, comparison, seconds=time.perf_counter() - start, named=work.named)
        result = CaseResult(case, summary, comparison)
    except GradcheckError as caught:
        error = f"case {case.name}: {str(caught).removeprefix(f'case {case.name}: ').removeprefix(f'{case.name}: ')}"
        result = CaseResult(case, failed(case, error, time.perf_counter() - start))
    except (Exception, SystemExit) as caught:  # whatever a user's function raises
        error = f"case {case.name} ({case.file}:{case.line}): {type(caught).__name__}: {caught}"
        result = CaseResult(case, failed(case, error, time.perf_counter() - start))
    return result if work.each is None else replace(result, made=work.each(result))


def _claims(session: Run, claims: Sequence[Claim], progress: Callable[[str], None]) -> Iterator[ClaimResult]:
    for claim in claims:
        progress(f"claim {claim.id}")
        yield weigh(session, claim)


def weigh(session: Run, claim: Claim) -> ClaimResult:
    """A claim's verdict: shown or refuted by its evidence, not shown where gathering it failed."""
    about = (inspect.getdoc(claim.function) or "").partition("\n\n")[0]
    try:
        evidence = claim.function(session)
        if not isinstance(evidence, Evidence):
            said = f"{claim.function.__name__} returned {type(evidence).__name__}, expected Evidence"
            return ClaimResult(claim.id, "not shown", bounded(said), about=about)
        values = {bounded(str(name)): told(value) for name, value in evidence.values.items()}
        return ClaimResult(claim.id, "shown" if evidence.shown else "refuted", bounded(str(evidence.text)), values, about)
    except (Exception, SystemExit) as error:  # evidence that cannot be had is no evidence, whatever the reason
        return ClaimResult(claim.id, "not shown", bounded(f"{type(error).__name__}: {error}".splitlines()[0]), about=about)
