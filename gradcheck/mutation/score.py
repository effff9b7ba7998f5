"""The mutation score of a gradient test: mistakes planted one by one, and whether the test's own points notice."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from gradcheck.case import Case
from gradcheck.domains import Domain
from gradcheck.errors import TraceError, UsageError
from gradcheck.gradients.functional import grad
from gradcheck.mutation.claims import as_claim
from gradcheck.mutation.mutant import Mutant, same_program
from gradcheck.mutation.planting import MOST, mutants_of, spread
from gradcheck.mutation.points import candidates, drawn
from gradcheck.mutation.probe import Point, Probe, probe_of, probes_at
from gradcheck.mutation.reasons import HAPPEN, explain
from gradcheck.mutation.survivor import Score, Survivor
from gradcheck.mutation.visits import Visited
from gradcheck.mutation.wording import described
from gradcheck.verdicts.check import Question, check_problem, chosen_at, domains_at, points_of
from gradcheck.verdicts.check import drawn as drawn_points
from gradcheck.verdicts.pieces import decisions
from gradcheck.verdicts.positions import Argnums
from gradcheck.verdicts.raising import raised
from gradcheck.verdicts.search import Search
from gradcheck.verdicts.trees import Apart, taken_apart
from gradcheck.verdicts.verdict import written

KEYS = 4  # points by which mutants are told from each other
CONFIRMED = 6  # points tried for a witness that the truth confirms
DIGITS = 8  # to which gradients of mutants are the same
ALIKE = "at the points given, the numbers agree to the digits asked for"
LARGE = 1000.0  # numbers that a person would rather not read, and their inverses
LONGEST = 20_000  # equations of a function beyond which nothing is planted


def mutation_score(
    function: Case | Callable[..., Any],
    gradient: Callable[..., Any] | None = None,
    at: Any = None,
    *,
    argnums: Argnums | None = None,
    vjp: bool = False,
    search: bool = False,
    order: int = 1,
    digits: float | None = None,
    domain: Mapping[str, Domain] | None = None,
    seed: int = 0,
) -> Score:
    """How good a test of a gradient is: plant mistakes in the gradient, and count those that the test's own points notice.

    The arguments are those of `check`, and make the test; `gradient` is the claim that it was found to pass with (None: the tape's own). Mistakes are
    the diagnosis engine's: a wrong sign or factor, a path dropped, a matrix transposed, a wrong branch, an index off by one, one entry wrong.
    One is killed if `check` calls the gradient with it wrong at one of the points (with `search`, also at those that the
    search visits); it is equivalent if no point of the domain tells it from the right gradient. The others survive, each with a point that
    shows it and the reason why the test's points do not. Where the function cannot be traced nothing can be planted, and the score's `reason` says so.
    """
    if order not in (1, 2):
        raise UsageError(f"order={order!r}: expected 1 for a gradient, 2 for a Hessian or its product with a vector")
    plain = function.function if isinstance(function, Case) else function
    name = getattr(plain, "__name__", "f")
    points = points_of(function, at, seed) if at is not None or domain is None else drawn_points(function, domain, seed)
    apart = None if isinstance(function, Case) else taken_apart(plain, points, argnums)
    if apart is not None:
        claim = None if gradient is None else apart.claim(gradient)
        options: dict[str, Any] = {"argnums": apart.argnums, "vjp": vjp, "search": search, "digits": digits, "domain": domain, "seed": seed}
        return _together(apart, name, mutation_score(apart.function, claim, apart.points, **options))
    domains = domains_at(function, points, domain)
    points = [p for p in points if raised(plain, p) is None]
    if not points:
        return Score(name, 0, 0, 0, 0, reason="the function raises at every point of the test")
    chosen = chosen_at(function, points[0], argnums)
    claim = gradient if gradient is not None else _tape(plain, chosen)
    test = Test(plain, points, chosen, domains, Question(plain, claim, vjp, order, seed), digits, search)
    return replace(test.score(), name=name)


def case_score(case: Case, seed: int = 0) -> dict[str, Score]:
    """The scores of a case's own points, by name: for the case itself, with the tape for its claim, and for every claimed gradient expected right."""
    score = mutation_score(case, seed=seed)  # a mutant is a gradient of its own: without a search, no claim has a part in it
    names = [case.name, *(f"{case.name}.{claimed.name}" for claimed in case.claimed if claimed.expect == "right")]
    return {name: replace(score, name=name) for name in names}


def _tape(function: Callable[..., Any], chosen: tuple[int, ...]) -> Callable[..., Any]:
    return grad(function, chosen)


def _together(apart: Apart, name: str, score: Score) -> Score:
    """Witnesses as the user's function takes them."""
    survivors = tuple(replace(s, witness=apart.whole(s.witness) or s.witness) for s in score.survivors)
    return replace(score, name=name, survivors=survivors)


@dataclass(slots=True)
class Test:
    """A gradient test: what is asked, at which points, and how mutants fare there."""

    __test__ = False  # nothing for pytest to collect

    function: Callable[..., Any]
    points: list[Point]
    chosen: tuple[int, ...]
    domains: Mapping[int, Domain]
    question: Question
    digits: float | None
    search: bool
    own: list[Probe] = field(default_factory=list)
    others: list[Probe] = field(default_factory=list)

    def score(self) -> Score:
        """Plant, look, and explain."""
        try:
            self.own = [p for point in self.points for p in self._probes(point)]
        except TraceError as error:
            return _none(f"nothing can be planted in a function that cannot be traced: {error}")
        if all(p.standard() is None for p in self.own):
            return _none("the truth is not known at any point of the test")
        if max(len(p.problem.circuit) for p in self.own) > LONGEST:
            return _none(f"the function takes more than {LONGEST} steps")
        self.others = list(self._drawn())
        listed = [m for first in self._programs() for m in mutants_of(first.scene)]
        tried = spread(listed, 2 * MOST)
        mutants = self._distinct(tried)
        planted = spread(mutants, MOST)
        left_out = len(listed) - len(tried) + len(mutants) - len(planted)
        quickest = sorted(self.own, key=Probe.bends)  # what lies off a kink is seen in floats
        alive = [m for m in planted if not any(p.notices(m, self.digits) for p in quickest)]
        if alive and self.search:
            visited = self._visited()
            self.own += visited.found
            alive = [m for m in alive if not visited.notices(m)]
        survivors = self._survivors(alive)
        killed = len(planted) - len(alive)
        return Score("", len(planted), killed, len(alive) - len(survivors), left_out, tuple(survivors))

    def _probes(self, point: Point) -> Iterator[Probe]:
        for f, _ in self.question.pairs(point, self.chosen):
            yield probe_of(f, point, self.chosen, self.domains)

    def _programs(self) -> list[Probe]:
        """One probe of each way the function takes at the points."""
        found: list[Probe] = []
        for p in self.own:
            if not any(same_program(p.problem.circuit, q.problem.circuit) for q in found):
                found.append(p)
        return found if self.question.order == 1 else found[:1]

    def _drawn(self) -> Iterator[Probe]:
        for point in drawn(self.points[0], self.chosen, self.domains, self.question.seed):
            yield from probes_at(self.question.pairs, point, self.chosen, self.domains) or ()

    def _looking(self) -> Search:
        pairs = partial(self.question.pairs, chosen=self.chosen)
        judge = partial(check_problem, digits=self.digits)
        reconsider = partial(self.question.reconsidered, chosen=self.chosen, domains=self.domains, digits=self.digits)
        return Search(
            self.function, pairs, judge, self.chosen, self.domains, self.question.seed, reconsider=reconsider, entrywise=self.question.vjp
        )

    def _visited(self) -> Visited:
        visited = Visited(self._looking(), self.digits)
        visited.run(self.points)
        return visited

    def _distinct(self, mutants: Sequence[Mutant]) -> list[Mutant]:
        """Each wrong gradient once: many mistakes of a chain give the same numbers. Those that look right everywhere here are kept apart."""
        probes = [*self.own[:1], *_one_each(self.others)[: KEYS - 1]]
        seen: set[Any] = set()
        found = []
        for m in mutants:
            if not any(p.differs(m) for p in probes):
                found.append(m)
                continue
            key = tuple(_key(p.flat(m), p.right) for p in probes)
            if key not in seen:
                seen.add(key)
                found.append(m)
        return found

    def _survivors(self, alive: Sequence[Mutant]) -> list[Survivor]:
        """Those that a point of the domain tells from the right gradient, with the reason."""
        if not alive:
            return []
        decides = any(decisions(p.problem) or p.problem.circuit.guards for p in self.own)
        for point in candidates(self._looking(), self.points, decides=decides):
            self.others += probes_at(self.question.pairs, point, self.chosen, self.domains) or ()
        found = (self._survivor(m) for m in alive)
        return [s for s in found if s is not None]

    def _survivor(self, mutant: Mutant) -> Survivor | None:
        others = [p for p in self.others if not p.is_tied()] or self.others
        telling = sorted((p for p in others if p.differs(mutant)), key=_readable)
        if not telling:
            return None
        ranked = explain(mutant, self.own, others, telling, self._otherwise)
        for reason, probes in ranked:
            for probe in probes[:CONFIRMED]:
                by = probe.standard()
                if by is not None and not by.truth.is_kink and probe.notices(mutant, self.digits):
                    return self._told(mutant, probe, reason)
        return None

    def _otherwise(self, point: Point, mutant: Mutant) -> bool:
        """Whether a mutant shows at another point still."""
        found = probes_at(self.question.pairs, point, self.chosen, self.domains)
        return found is not None and any(p.differs(mutant) for p in found)

    def _told(self, mutant: Mutant, probe: Probe, reason: str) -> Survivor:
        hop, expected, found, message = described(mutant, self.own[0].problem)
        if reason == HAPPEN and self.digits is not None:
            reason = ALIKE
        claim = as_claim(self.question, mutant, self.chosen, self.domains)
        return Survivor(mutant.kind, hop, expected, found, message, reason, probe.point, claim)


def _none(reason: str) -> Score:
    return Score("", 0, 0, 0, 0, reason=reason)


def _one_each(probes: Sequence[Probe]) -> list[Probe]:
    """The first probe of each point."""
    return list({id(p.point): p for p in reversed(probes)}.values())[::-1]


def _readable(probe: Probe) -> tuple[bool, int]:
    """What makes a witness pleasant to read: numbers of ordinary size, then few digits."""
    sizes = np.abs(np.concatenate([np.ravel(x) for x in probe.problem.inputs]).astype(float))
    return bool(np.any((sizes > LARGE) | ((sizes < 1 / LARGE) & (sizes != 0)))), len(written(probe.point))


def _key(flat: Any, right: Any) -> bytes:
    """A gradient to a few digits of its largest entry."""
    scale = float(np.max(np.abs(right), initial=0.0)) or 1.0
    rounded: bytes = (np.round(flat / scale, DIGITS) + 0.0).tobytes()
    return rounded
