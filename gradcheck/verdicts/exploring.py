"""Looking where bugs live with Hypothesis: it draws points from the domains, and shrinks the first that is wrong to the simplest.

Each point is judged as any search judges it (`Search.try_point`). What the plain search would try is tried as well: it reaches special points and
branch boundaries that drawing does not. Verdicts are kept by point, so that Hypothesis sees the same answer each time it asks.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from math import prod
from typing import Any
from unittest import SkipTest

import numpy as np
from hypothesis import HealthCheck, Phase, Verbosity, currently_in_test_context, given, seed, settings
from hypothesis import strategies as st
from hypothesis.database import ExampleDatabase, choices_to_bytes
from hypothesis.internal.conjecture.providers import HypothesisProvider

from gradcheck.diagnosis.finding import Finding
from gradcheck.domains import Domain, Integer, Real
from gradcheck.strategies import bounded, either, fixed, inner, like
from gradcheck.verdicts.candidates import Candidate
from gradcheck.verdicts.search import SKIPS, Point, Search, SearchResult, point_key
from gradcheck.verdicts.verdict import Verdict, written

STARTS = 8  # of the user's points, so many give shapes to explore
SHRINKS = 2  # times the budget may be judged while shrinking
REACH = 1e16  # how far out Hypothesis goes where no bound is stated: floats have no fractions from there
ENTRIES = 256  # numbers that are shrunk one by one; points of more are left as they were found
ALONE = threading.RLock()  # what Hypothesis draws from is changed for the time of a search


def explored(search: Search, points: Sequence[Point], *, further: bool = True) -> SearchResult:
    """Explore beyond the points given, which are judged already; not `further` than them where one is wrong."""
    search.own = points
    for point in points:
        search.visit(point, "own")
    work = Exploration(search, search.affordable(points[0]) if further else 0)
    return work.result(work.find(points))


@dataclass(slots=True)
class Exploration:
    """A search under way: verdicts by point, how many points may still be judged, and how many passed over.

    Where it is not `strict`, digits lost make nothing wrong: at points drawn far from the user's, which say how large a gradient may be, any
    textbook formula loses some. Products with elementwise Jacobians are expected to keep them (see `excused`).
    """

    search: Search
    budget: int
    left: int = 0
    spare: int = 0
    judged: int = 0
    skipped: int = 0
    known: dict[Any, Verdict | None] = field(default_factory=dict)
    strict: bool = True

    def find(self, points: Sequence[Point]) -> Candidate | None:
        """The first wrong point: among those to try first, then where the plain search looks, then wherever Hypothesis goes; shrunk."""
        if not self.budget:
            return None
        self.known = {point_key(p): None for p in points}
        self._allow(self.budget)
        stored = next((c for c in self.search.stored(points) if self.is_wrong(c.arguments)), None)
        if stored is not None:
            return stored
        found = self._among(points, self.budget // 2) or self._drawn(points)
        return None if found is None else self._simplest(found)

    def _allow(self, count: int) -> None:
        self.left, self.spare = count, SKIPS * count

    def result(self, found: Candidate | None) -> SearchResult:
        """What was found, with what was visited."""
        verdict = None if found is None else self.known[point_key(found.arguments)]
        return self.search.result(verdict, found or Candidate((), ""), self.judged, self.skipped)

    def is_wrong(self, point: Point, *, counts: bool = True) -> bool:
        """Judge a point, once; beyond the budget nothing new is wrong. `counts` where it belongs to the coverage."""
        key = point_key(point)
        if key not in self.known:
            if self.left <= 0 or self.spare <= 0:
                return False
            verdict = self.known[key] = self.search.try_point(point)
            if verdict is None:
                self.spare, self.skipped = self.spare - 1, self.skipped + 1
            else:
                self.left, self.judged = self.left - 1, self.judged + 1
            if counts:
                self.search.visit(point, "tried" if verdict is None else "searched")
            self.search.remark(verdict)
        known = self.known[key]
        if known is None or known.ok or self.strict or not _only_digits(known):
            return known is not None and not known.ok
        if not self.search.remarks:
            self.search.remarks.append(Finding("precision", f"fewer than half the digits are left, at={written(point)}"))
        return False

    def _among(self, points: Sequence[Point], most: int) -> Candidate | None:
        """The first wrong one of the plain search's candidates; `most` are tried."""
        return next((c for c in islice(self.search.fresh(points), most) if self.is_wrong(c.arguments)), None)

    def _drawn(self, points: Sequence[Point]) -> Candidate | None:
        """The first wrong point that Hypothesis draws around the shapes of the points given."""
        self._allow(self.budget)
        self.strict = self.search.entrywise
        ways = [[self._argument(i, value, i in self.search.chosen) for i, value in enumerate(point)] for point in points[:STARTS]]
        for number in range(self.search.seed, self.search.seed + 1 + SKIPS):  # again where many were passed over
            asked = settings(self._settings(), max_examples=max(self.left, 1), database=None, phases=[Phase.generate])
            found = _run(either(ways), self.is_wrong, asked, number)
            if found is not None:
                return Candidate(found, "drawn by Hypothesis")
            if not self.left:
                break
        return None

    def _argument(self, position: int, value: Any, chosen: bool) -> st.SearchStrategy[Any]:
        """What an argument may be: what its domain says, any floats where it has none, and data stays as it is."""
        domain = self.search.domains.get(position)
        if isinstance(domain, Integer):
            return domain.strategy()
        if not chosen or np.asarray(value).dtype.kind != "f":
            return fixed(value)
        return like(value, *_within_reach(*_ends(domain), np.asarray(value).dtype))

    def _simplest(self, found: Candidate) -> Candidate:
        """Shrunk by Hypothesis, argument by argument and entry by entry, for as long as the claim is wrong there."""
        leaves = [self._leaves(i, value) for i, value in enumerate(found.arguments)]
        choices = [v for values, _ in leaves for v in values]
        if not 0 < len(choices) <= ENTRIES:
            return found
        strategy = st.tuples(*(entry for _, entries in leaves for entry in entries)).map(
            lambda flat: _rebuilt(found.arguments, leaves, flat)
        )
        self._allow(SHRINKS * self.budget)
        verdict = self.known[point_key(found.arguments)]
        self.strict = self.search.entrywise or (verdict is not None and _only_digits(verdict))
        again = settings(self._settings(), max_examples=1, database=OneExample(choices), phases=[Phase.reuse, Phase.shrink])
        shrunk = _run(strategy, lambda point: self.is_wrong(point, counts=False), again, self.search.seed)
        return found if shrunk is None else Candidate(shrunk, f"{found.aim}, shrunk by Hypothesis")

    def _leaves(self, position: int, value: Any) -> tuple[list[Any], list[st.SearchStrategy[Any]]]:
        """The numbers of an argument that may be made simpler, and what each may be."""
        domain = self.search.domains.get(position)
        if isinstance(domain, Integer):
            entry: st.SearchStrategy[Any] = st.integers(domain.low, domain.high - 1)
        elif position in self.search.chosen:
            kind = np.asarray(value).dtype
            entry = bounded(*inner(*_ends(domain), kind), kind.name)
        else:
            return [], []
        values = np.ravel(value).astype(int if isinstance(domain, Integer) else float).tolist()
        return values, [entry] * len(values)

    def _settings(self) -> settings:
        """Nothing taken from a profile, nothing stored, printed or timed."""
        return settings(
            deadline=None,
            derandomize=False,  # a seed is given
            verbosity=Verbosity.quiet,
            suppress_health_check=list(HealthCheck),
            report_multiple_bugs=False,
            print_blob=False,
            backend="hypothesis",
        )


def _only_digits(verdict: Verdict) -> bool:
    """Whether the formula is right and loses digits."""
    return verdict.judgement is not None and verdict.judgement.kinds == ("precision",)


def _ends(domain: Domain | None) -> tuple[float, float]:
    return (domain.low, domain.high) if isinstance(domain, Real) else (-np.inf, np.inf)


def _within_reach(low: float, high: float, kind: np.dtype[Any]) -> tuple[float, float]:
    """The bounds, and where there is none, one beyond which nearly all that computes with products overflows."""
    reach = min(REACH, float(np.finfo(kind).max) ** 0.25)
    return (-reach if low == -np.inf and high > -reach else low), (reach if high == np.inf and low < reach else high)


def _rebuilt(point: Point, leaves: Sequence[tuple[list[Any], Any]], flat: Sequence[Any]) -> Point:
    """The point with other numbers, in its shapes and dtypes."""
    arguments, start = list(point), 0
    for i, (values, _) in enumerate(leaves):
        if values:
            was = np.asarray(point[i])
            assert prod(was.shape) == len(values)
            arguments[i], start = np.array(flat[start : start + len(values)], was.dtype).reshape(was.shape)[()], start + len(values)
    return tuple(arguments)


class OneExample(ExampleDatabase):
    """Hypothesis' memory, which holds one example from the start, whatever the test is called: Hypothesis shrinks from it."""

    def __init__(self, choices: Sequence[Any]) -> None:
        super().__init__()
        self._kept = choices_to_bytes([*choices, 0])  # one too many: what is repeated exactly counts as shrunk before

    def save(self, key: bytes, value: bytes) -> None:
        """Nothing is kept."""

    def fetch(self, key: bytes) -> Iterator[bytes]:
        """The example."""
        yield self._kept

    def delete(self, key: bytes, value: bytes) -> None:
        """Nothing is forgotten."""


class Wrong(Exception):  # noqa: N818
    """Tells Hypothesis that a point is what it looks for."""


def _run(strategy: st.SearchStrategy[Point], is_wrong: Callable[[Point], bool], asked: settings, number: int) -> Point | None:
    """The simplest wrong point that Hypothesis comes to, as the settings ask; None where it meets none."""
    last: list[Point] = []

    def trial(point: Point) -> None:
        if is_wrong(point):
            last[:] = [point]
            raise Wrong

    with ALONE, _no_constants():
        try:
            _decorated(strategy, trial, asked, number)()
        except Wrong:
            return last[0]
        except SkipTest:  # nothing was run, for the example could not be read
            return None
    return None


def _decorated(strategy: st.SearchStrategy[Point], trial: Callable[[Point], None], asked: settings, number: int) -> Callable[[], None]:
    """The trial as a test of Hypothesis.

    `given` refuses to be used inside another of its tests, unless the user's settings allow that; it asks for the thread it is in. The search
    itself is bounded, which is what that check is for.
    """
    made: list[Callable[[], None]] = []

    def make() -> None:
        test = asked(seed(number)(given(strategy)(trial)))  # in this order: a seed does away with the database
        vars(test)["_hypothesis_internal_database_key"] = b"gradcheck"  # with --hypothesis-seed tests have no key of their own
        made.append(test)

    if currently_in_test_context():
        thread = threading.Thread(target=make)
        thread.start()
        thread.join()
    else:
        make()
    return made[0]


@contextmanager
def _no_constants() -> Iterator[None]:
    """Hypothesis also draws constants met in the modules that happen to be loaded, and keeps them in a folder `.hypothesis`.

    A verdict must not depend on what else is loaded, and a search leaves nothing behind: strategies have their own tables of special values.
    """
    name = "_maybe_draw_constant"
    original = getattr(HypothesisProvider, name, None)
    if original is None:
        yield
        return
    setattr(HypothesisProvider, name, lambda self, *args, **kwargs: None)
    try:
        yield
    finally:
        setattr(HypothesisProvider, name, original)
