"""The points that a test's own search visits, kept with their truth, so that every mutant is judged at all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from gradcheck.gradients.method import Problem
from gradcheck.mutation.mutant import Mutant
from gradcheck.mutation.probe import Point, Probe, planted, probe_at
from gradcheck.verdicts.check import check_problem
from gradcheck.verdicts.excuses import excused
from gradcheck.verdicts.judge import Standard
from gradcheck.verdicts.search import Search
from gradcheck.verdicts.verdict import Verdict


@dataclass(slots=True)
class Visited:
    """A search of the right claim, and what it judged by at every point."""

    search: Search
    digits: float | None
    kept: dict[int, tuple[Problem, Standard]] = field(default_factory=dict)
    found: list[Probe] = field(default_factory=list)

    def run(self, points: Sequence[Point]) -> None:
        """Search as the test does."""
        judge = self.search.judge

        def keeping(problem: Problem, gradient: Any, by: Standard) -> Verdict:
            self.kept[id(by)] = (problem, by)
            return judge(problem, gradient, by)

        self.search.judge = keeping
        self.search.run(points)
        self.search.judge = judge
        self.found = [probe_at(problem, problem.arguments, by) for problem, by in self.kept.values()]

    def notices(self, mutant: Mutant) -> bool:
        """Whether the search would have found the mutant wrong, and not excused it."""
        return any(self._notices(p, mutant) for p in self.found if p.differs(mutant))

    def _notices(self, probe: Probe, mutant: Mutant) -> bool:
        assert probe.by is not None
        if not probe.notices(mutant, self.digits):
            return False
        p = probe.problem
        verdict = check_problem(p, planted(p.function, p.argnums, p.domains, mutant), probe.by, digits=self.digits)
        if verdict.outcome != "wrong":
            return False
        typical = self.search.typical(p.function)
        left = excused(verdict, probe.by, probe.point, typical, entrywise=self.search.entrywise)
        return left is not None and left.outcome == "wrong"
