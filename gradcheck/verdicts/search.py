"""Looking where bugs live: a claim right at the points given is judged at special points too, until one is found wrong.

Candidates come from three sources in turn: the start with telling changes, hops driven to the special points of their records, and
branch boundaries found by bisection; then other axis lengths, among them 1. A right gradient is not rejected for what floats cannot do: points are passed
over where the function or its truth is not finite, or where the tape, judged by the same standard, fails as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import Any, Protocol

import numpy as np

from gradcheck.circuit import trace
from gradcheck.diagnosis.finding import Finding
from gradcheck.domains import Domain, Real
from gradcheck.errors import GradcheckError, TraceError
from gradcheck.gradients.functional import grad
from gradcheck.gradients.method import Problem, problem_of
from gradcheck.gradients.truth import FORWARD_LIMIT, Truth, certify
from gradcheck.precision import representable, works_in
from gradcheck.verdicts.black_box import judge_black_box
from gradcheck.verdicts.candidates import Candidate, Space, edited, reshaped, space_of
from gradcheck.verdicts.coverage import Coverage, Visits, visit
from gradcheck.verdicts.driving import LEAST, WORK, boundaries, drive_of
from gradcheck.verdicts.excuses import excused
from gradcheck.verdicts.judge import Standard, standard
from gradcheck.verdicts.verdict import SEVERITY, Verdict

BUDGET = 96  # points judged in one search
FEWEST = 24  # points judged however long the circuit is
TRUTHS = 200_000  # operations on balls that a search may take, about
BLACK_BOX = 48  # points judged of a function that cannot be traced
COARSE = 1e-5  # relative errors that are no mistake at points far out, where a library's own function may be off as much
SKIPS = 3  # times as many may be passed over
Point = tuple[Any, ...]
Pairs = Callable[[Point], Iterable[tuple[Callable[..., Any], Callable[..., Any]]]]


class Judge(Protocol):
    """Judges a claimed gradient of a traced scalar function by a standard."""

    def __call__(self, problem: Problem, gradient: Callable[..., Any], by: Standard) -> Verdict: ...


@dataclass(frozen=True, slots=True, eq=False)
class SearchResult:
    """What a search found: the first wrong verdict with its `witness` and what that was `aim`ed at, or none.

    `points` is how many were judged, `skipped` how many were passed over; `remarks` are findings that make nothing wrong.
    """

    verdict: Verdict | None
    witness: Point | None
    aim: str
    points: int
    skipped: int
    coverage: Coverage
    remarks: tuple[Finding, ...] = ()


@dataclass(slots=True)
class Search:
    """A function, its claim as pairs of scalar function and gradient at each point, and how to judge.

    `domains` are by argument position; `visits` gathers the coverage; points to try `first` are witnesses of earlier searches. `entrywise` where the claims are products, of which more is asked (see `excused`).
    """

    function: Callable[..., Any]
    pairs: Pairs
    judge: Judge
    chosen: tuple[int, ...]
    domains: Mapping[int, Domain] = field(default_factory=dict)
    seed: int = 0
    budget: int = BUDGET
    visits: Visits = field(default_factory=Visits)
    remarks: list[Finding] = field(default_factory=list)
    own: Sequence[Point] = ()
    entrywise: bool = False
    reconsider: Callable[[Point, list[Verdict]], list[Verdict]] | None = None
    first: Sequence[Point] = ()

    def run(self, points: Sequence[Point], *, further: bool = True) -> SearchResult:
        """Search around the points given, which are the user's own and judged already; not `further` than them where one is wrong."""
        self.own = points
        for point in points:
            self.visit(point, "own")
        judged, skipped, budget = 0, 0, self.affordable(points[0])
        for candidate in chain(self.stored(points), self.fresh(points)) if further else ():
            if judged >= budget or skipped >= SKIPS * budget:
                break
            if works_in(self.function) is not None:
                candidate = replace(candidate, arguments=tuple(representable(self.function, a) for a in candidate.arguments))
            verdict = self.try_point(candidate.arguments)
            self.visit(candidate.arguments, "tried" if verdict is None else "searched")
            judged, skipped = judged + (verdict is not None), skipped + (verdict is None)
            if verdict is not None and not verdict.ok:
                return self.result(verdict, candidate, judged, skipped)
            self.remark(verdict)
        return self.result(None, Candidate((), ""), judged, skipped)

    def remark(self, verdict: Verdict | None) -> None:
        """Keep the first finding that makes nothing wrong."""
        if verdict is not None and verdict.ok and not self.remarks:
            self.remarks += [f for f in verdict.findings if f.kind in ("precision", "nonfinite")]

    def result(self, verdict: Verdict | None, at: Candidate, judged: int, skipped: int) -> SearchResult:
        """What was found, with the coverage."""
        witness = None if verdict is None else at.arguments
        return SearchResult(verdict, witness, at.aim, judged, skipped, self.visits.coverage(), tuple(self.remarks[:1]))

    def affordable(self, point: Point) -> int:
        """Points to judge: fewer where the truth is expensive, but never none."""
        try:
            operations = trace(self.function, *point, argnums=self.chosen).operations
        except TraceError:
            return min(self.budget, BLACK_BOX)
        except GradcheckError:
            return 0
        inputs = sum(int(np.size(point[i])) for i in self.chosen)
        return min(self.budget, max(FEWEST, TRUTHS // max(operations * min(inputs, FORWARD_LIMIT), 1)))

    def visit(self, point: Point, standing: str) -> None:
        """Count what a point touches."""
        visit(self.visits, self.function, point, self.chosen, standing)

    def candidates(self, point: Point) -> Iterator[Candidate]:
        """What to try around one point, the sources in turn."""
        space = space_of(point, self.chosen, self.domains)
        changed = list(edited(space, self.seed))
        try:
            circuit = trace(self.function, *point, argnums=self.chosen)
        except TraceError:
            return iter(changed)
        except GradcheckError:
            return iter(())
        problem = Problem(self.function, point, self.chosen, circuit, None)
        ends = [_flat(space, c) for c in changed]
        left = max(LEAST, WORK // max(len(circuit), 1))
        driven = drive_of(circuit, space, self.seed).candidates()
        return in_turn(iter(changed), driven, boundaries(problem, space, ends, left), self._other_shapes(point))

    def stored(self, points: Sequence[Point]) -> Iterator[Candidate]:
        """The points to try first that fit: as many arguments of the same kinds, inside the domains."""
        for point in self.first:
            if any(_alike(point, own) for own in points) and all(_inside(d, point[i]) for i, d in self.domains.items() if i < len(point)):
                yield Candidate(tuple(point), "a witness of an earlier search")

    def fresh(self, points: Sequence[Point]) -> Iterator[Candidate]:
        """Candidates of all points, each point once."""
        seen = {point_key(p) for p in points}
        for candidate in in_turn(*(self.candidates(p) for p in islice(points, self.budget))):
            key = point_key(candidate.arguments)
            if key not in seen:
                seen.add(key)
                yield candidate

    def try_point(self, point: Point) -> Verdict | None:
        """The worst verdict at a point; None where it cannot be had or where the tape fails as well."""
        with np.errstate(all="ignore"):
            return self._tried(point)

    def _tried(self, point: Point) -> Verdict | None:
        try:
            value = np.asarray(self.function(*_copies(point)))
            if value.size == 0 or not np.all(np.isfinite(value)):
                return None
            verdicts = [self._judged(f, g, point) for f, g in self.pairs(point)]
            if self.reconsider is not None:
                verdicts = list(self.reconsider(point, [v for v in verdicts if v is not None]))
        except Exception:  # whatever a user's function raises where it was never asked to go
            return None
        known = [v for v in verdicts if v is not None]
        return min(known, key=lambda v: SEVERITY.index(v.outcome)) if known else None

    def _judged(self, function: Callable[..., Any], gradient: Callable[..., Any], point: Point) -> Verdict | None:
        try:
            problem = problem_of(function, point, self.chosen, self.domains)
        except TraceError as error:
            return self._black_box(function, gradient, point, error)
        truth = certify(problem) if np.isfinite(problem.value) else None
        if not isinstance(truth, Truth):
            return None
        by = standard(problem, truth)
        verdict = self.judge(problem, gradient, by)
        if verdict.outcome == "undecided" or not (verdict.ok or self.judge(problem, grad(function, self.chosen), by).ok):
            return None
        return verdict if verdict.ok else excused(verdict, by, point, self.typical(function), entrywise=self.entrywise)

    def typical(self, function: Callable[..., Any]) -> float:
        """The largest entry of the gradient at the user's own points, or at the first of them that has one."""
        for point in self.own:
            try:
                parts = grad(function, self.chosen)(*_copies(point))
            except GradcheckError:
                continue
            return float(max((np.max(np.abs(p), initial=0.0) for p in parts), default=0.0))
        return 0.0

    def _black_box(self, function: Callable[..., Any], gradient: Callable[..., Any], point: Point, error: TraceError) -> Verdict | None:
        """By differences: what they cannot decide is passed over."""
        verdict = judge_black_box(function, gradient, point, self.chosen, error, self.domains, COARSE)
        return None if verdict.outcome == "undecided" else verdict

    def _other_shapes(self, point: Point) -> Iterator[Candidate]:
        """Axes cut to length 1, where the claim is seen to be right for another length than its own: its shapes are not written in."""
        if any(isinstance(self.domains.get(i), Real) for i in self.chosen):
            return
        for length in sorted({n for i in self.chosen for n in np.shape(point[i]) if n > 1}):
            other, single = (reshaped(point, self.chosen, length, n) for n in (2 if length > 2 else 3, 1))
            control = None if other is None else self.try_point(other)
            if single is not None and control is not None and control.outcome == "right":
                yield Candidate(single, "axis of length 1")


def searched(verdict: Verdict, found: SearchResult) -> Verdict:
    """The verdict on the user's own points, or the wrong one that was found, with what the search did."""
    worst = verdict if found.verdict is None else found.verdict
    worst = replace(worst, findings=(*worst.findings, *found.remarks))
    witness = worst.witness if found.verdict is None else found.witness
    return replace(worst, coverage=found.coverage, points=found.points, witness=witness, aim=found.aim)


def in_turn(*sources: Iterator[Candidate]) -> Iterator[Candidate]:
    """One from each source, round after round, until all are empty."""
    left = list(sources)
    while left:
        for source in tuple(left):
            candidate = next(source, None)
            if candidate is None:
                left.remove(source)
            else:
                yield candidate


def _flat(space: Space, candidate: Candidate) -> Any:
    return np.concatenate([np.ravel(np.asarray(candidate.arguments[i], dtype=float)) for i in space.chosen])


def _copies(point: Point) -> list[Any]:
    return [a.copy() if isinstance(a, np.ndarray) else a for a in point]


def point_key(point: Point) -> tuple[Any, ...]:
    """What tells points apart, bit for bit."""
    return tuple((a.shape, a.tobytes()) if isinstance(a, np.ndarray | np.generic) else repr(a) for a in point)


def _alike(point: Point, own: Point) -> bool:
    """Whether a point has arguments like a user's: as many, with as many axes, of the same kind of numbers."""
    if not isinstance(point, tuple | list) or len(point) != len(own):
        return False
    return all(_sort(a) == _sort(b) for a, b in zip(point, own, strict=True))


def _sort(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return value.dtype, value.ndim
    return (np.dtype(float), 0) if isinstance(value, float) else type(value)


def _inside(domain: Domain, value: Any) -> bool:
    try:
        domain.check("", value)
    except GradcheckError:
        return False
    return True
