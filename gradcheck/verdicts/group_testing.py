"""Many inputs: a claim against derivatives along random directions, and a search for the wrong entries by halves.

Along v with normal random entries, an error e of the gradient shows as e.v, normal with deviation |e|: what lies within the
bound b by chance has probability erf(b / (|e| sqrt 2)), and independent directions multiply. A group of entries that shows an error is
halved, and the halves tested alone: about log2 l directions for each wrong entry.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import special

from gradcheck.diagnosis.finding import Finding
from gradcheck.gradients.directional import Estimate, entry_slope, random_line_directions, slope
from gradcheck.gradients.line import line
from gradcheck.gradients.method import Problem
from gradcheck.gradients.noise_level import Noise
from gradcheck.verdicts.verdict import Verdict

DIRECTIONS, ENOUGH = 6, 4  # tried, and with a bound
MISSED = 1e-6  # probability of missing an error of the size stated
RESOLVED = 1e-2  # of the gradient: errors that must not be missed
NAMED = 3  # wrong entries looked for


@dataclass(slots=True)
class Along:
    """The claim and the function along directions; counts evaluations and directions."""

    problem: Problem
    claim: Any
    unit: float
    noise: Noise
    evaluations: int = 0
    tests: int = 0
    unclear: list[str] = field(default_factory=list)

    def residual(self, direction: Any) -> tuple[float, float, Estimate]:
        """The claimed minus the estimated slope, and how much of that differences and rounding leave open (NaN, infinity: all)."""
        along = line(self.problem, direction)
        found = slope(along, self.noise)
        self.evaluations, self.tests = self.evaluations + along.calls, self.tests + 1
        if not found.bounded:
            self.unclear.append(found.reason)
        products = self.claim[along.direction != 0] * along.direction[along.direction != 0]
        rounding = self.unit * float(np.linalg.norm(products))
        return float(np.sum(products)) - found.value, found.error + rounding, found

    def contradicts(self, direction: Any) -> bool:
        """Whether the claim is wrong along a direction."""
        residual, allowed, found = self.residual(direction)
        return found.bounded and not abs(residual) <= allowed

    def contradicts_entry(self, index: int) -> Estimate | None:
        """The estimate of one entry, where the claim lies outside its bound."""
        found = entry_slope(self.problem, index, self.noise)
        self.evaluations += found.evaluations
        off, claim = abs(float(self.claim[index]) - found.value), float(self.claim[index])
        agrees = math.isfinite(claim) and off <= found.error + self.unit * abs(claim)
        return found if found.bounded and not agrees else None


def judge_directions(along: Along, calls: int, name: str, found: tuple[Finding, ...]) -> Verdict:
    """Wrong where a direction contradicts the claim, with the entries found; right where enough directions resolve the gradient."""
    along.evaluations += calls
    if not np.isfinite(along.claim).all():
        bad = int(np.argmin(np.isfinite(along.claim)))
        return _named(along, {bad: along.contradicts_entry(bad)}, name, found)
    seen = []
    for direction in random_line_directions(along.problem, DIRECTIONS):
        residual, allowed, estimate = along.residual(direction)
        if estimate.bounded and not abs(residual) <= allowed:
            return _named(along, dict(wrong_entries(along, direction)), name, found)
        seen += [(allowed, estimate)] if estimate.bounded else []
    if len(seen) < ENOUGH:
        return Verdict("undecided", f"differences fail along random directions: {along.unclear[0]} {_told(along)}", name, findings=found)
    size = max(_size([e for _, e in seen]), 5e-324)
    missed = 2 * max(a for a, _ in seen) / _quantile(len(seen)) / size
    sentence = f"errors larger than {missed:.1e} of the gradient along {len(seen)} random directions are missed with probability {MISSED:g}"
    if missed <= RESOLVED:
        return Verdict("right", f"agrees with differences: {sentence} {_told(along)}", name, findings=found)
    return Verdict("undecided", f"the error bounds are too wide to decide: {sentence} {_told(along)}", name, findings=found)


def _size(estimates: list[Estimate]) -> float:
    """The length of the gradient in units of the entries' scales: the root mean square along normal random directions."""
    return max(math.sqrt(sum(e.value**2 for e in estimates) / len(estimates)), max(e.variation for e in estimates))


def _quantile(directions: int) -> float:
    """How many deviations |e.v| exceeds in at least one of so many directions, but for the stated probability."""
    return float(math.sqrt(2) * special.erfinv(MISSED ** (1 / directions)))


def wrong_entries(along: Along, direction: Any) -> Iterator[tuple[int, Estimate]]:
    """Wrong entries among those a direction moves, where it contradicts the claim: the first few, each confirmed alone."""
    groups, found = [np.flatnonzero(direction)], 0
    while groups and found < NAMED:
        group = groups.pop()
        if len(group) > 1:
            groups += _halves(along, direction, group)
            continue
        estimate = along.contradicts_entry(int(group[0]))
        if estimate is not None:
            found += 1
            yield int(group[0]), estimate


def _halves(along: Along, direction: Any, group: Any) -> list[Any]:
    """The halves of a group that shows an error, as far as they show one; where the first does not, the second must."""
    middle = len(group) // 2
    first, second = group[:middle], group[middle:]
    if not along.contradicts(_only(direction, first)):
        return [second]
    return [second, first] if along.contradicts(_only(direction, second)) else [first]


def _only(direction: Any, group: Any) -> Any:
    masked = np.zeros_like(direction)
    masked[group] = direction[group]
    return masked


def _named(along: Along, entries: dict[int, Estimate | None], name: str, found: tuple[Finding, ...]) -> Verdict:
    """Wrong, with the entries where that is seen."""
    from gradcheck.verdicts.claim import labels

    names = labels(along.problem)
    told = [
        f"{names[i]}: claimed {along.claim[i]:.10g}, " + (f"estimated {e.value:.10g}, at most {e.error:.1e} off" if e else "not finite")
        for i, e in sorted(entries.items())
    ]
    where = f"at {'; '.join(told)}" if told else "along a random direction; no single entry stands out"
    reason = f"differences contradict it {where} {_told(along)}"
    return Verdict("wrong", reason, name, findings=(Finding("unknown", reason), *found))


def _told(along: Along) -> str:
    return (
        f"(a black box: noise {max(along.noise.fine, along.noise.coarse):.1e}, {along.tests} directions, {along.evaluations} evaluations)"
    )
