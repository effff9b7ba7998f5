"""A derivative along a line from values alone, with a bound on its error that is given up when its assumptions fail.

Central differences at steps that grow fourfold from a few hundred units of roundoff. At the finest, rounding is all that
matters, and measured noise bounds it. A coarser step is believed only as long as what it says lies within what all finer ones
left open (Lepski's rule); so a kink, a jump or a pole some way off ends the walk before a stencil straddles it. Neville's
extrapolation over neighbouring steps gains orders; the disagreement between orders and between steps bounds its truncation, and rounding is carried
through the combination. A kink at the point itself, or nearer than the finest step, shows in one-sided slopes that do not
approach each other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from gradcheck.gradients.line import TINY, Line, entry_line, epsilons, flat, scales
from gradcheck.gradients.method import Problem

RATIO, ORDERS = 4.0, 4  # growth of the steps; most steps combined in one estimate
ROUNDING = 6.0  # standard deviations of noise that one value may be off
TRUNCATION = 4.0  # disagreements between orders that the truth may be off
PATIENCE = 4  # coarser steps without a better bound before the walk ends
FEWEST = 3  # steps that must agree before anything is believed
STRAIGHT = 0.5  # one-sided slopes approach each other by 1/4 per step where f is smooth, by less than this anyway
LARGEST = 2.0  # the largest step tried, on the scale of the entry or of 1


@dataclass(frozen=True, slots=True)
class Estimate:
    """A derivative along a line: the truth lies within `error` of `value`. Without a bound `error` is infinite, and `reason` says why.

    `step` is the coarsest step used and `order` the order of the truncation error, `variation` how much f was seen to vary per unit of the line.
    """

    value: float
    error: float
    evaluations: int
    step: float = math.nan
    order: int = 0
    variation: float = 0.0
    reason: str = ""

    @property
    def bounded(self) -> bool:
        """Whether there is a bound at all."""
        return math.isfinite(self.error)


@dataclass(slots=True)
class _Ladder:
    """The walk from fine to coarse: per step the estimates of every order, their errors, and the difference of the one-sided slopes."""

    estimates: list[list[float]] = field(default_factory=list)
    rounding: list[list[float]] = field(default_factory=list)
    errors: list[list[float]] = field(default_factory=list)
    steps: list[float] = field(default_factory=list)
    bends: list[float] = field(default_factory=list)
    low: float = -math.inf
    high: float = math.inf
    best: tuple[float, int, int] = (math.inf, 0, 0)
    variation: float = 0.0


def slope(line: Line, noise: float, largest: float = LARGEST) -> Estimate:
    """The derivative along a line, where the noise of the function is known."""
    before, centre = line.calls, line(0.0)
    if not (math.isfinite(centre) and math.isfinite(noise)):
        return Estimate(math.nan, math.inf, line.calls - before, reason="the function is not finite at the point or nowhere near it")
    ladder, reason = _Ladder(), ""
    step = line.finest
    while step <= min(largest, line.room) and not reason:
        reason = _climb(ladder, line, step, noise)
        if len(ladder.steps) - 1 - ladder.best[1] > PATIENCE:
            break
        step *= RATIO
    return _concluded(ladder, line.calls - before, reason or ("" if step <= line.room else "the domain leaves no room"))


def _climb(ladder: _Ladder, line: Line, step: float, noise: float) -> str:
    """One step more; the reason to stop, if there is one."""
    ahead, behind, centre = line(step), line(-step), line(0.0)
    if not (math.isfinite(ahead) and math.isfinite(behind)):
        return "the function is not finite next to the point"
    unit = float(np.max(epsilons(line.problem)[line.direction != 0], initial=0.0))
    floor = unit * max(abs(ahead), abs(behind), abs(centre)) + 5e-324
    row = [(ahead - behind) / (2 * step)]
    rounding = [(ROUNDING * noise + 2 * floor) / step + 2 * unit * abs(row[0])]
    _extrapolate(ladder, row, rounding)
    errors = _errors(ladder, row, rounding)
    trusted = [m for m, (d, e) in enumerate(zip(row, errors, strict=True)) if d - e <= ladder.high and d + e >= ladder.low]
    if 0 not in trusted and not any(m for m in trusted):
        return "the function bends or jumps next to the point"
    ladder.estimates.append(row)
    ladder.rounding.append(rounding)
    ladder.errors.append([e if m in trusted else math.inf for m, e in enumerate(errors)])
    ladder.steps.append(step)
    ladder.bends.append((ahead - centre - (centre - behind)) / step)
    ladder.variation = max(ladder.variation, abs(ahead - centre) / step, abs(behind - centre) / step)
    for m in trusted:
        ladder.low, ladder.high = max(ladder.low, row[m] - errors[m]), min(ladder.high, row[m] + errors[m])
        ladder.best = min(ladder.best, (errors[m], len(ladder.steps) - 1, m))
    return ""


def _extrapolate(ladder: _Ladder, row: list[float], rounding: list[float]) -> None:
    """Neville's scheme in the squares of the steps; what rounding does to the values goes through the same combination."""
    for m in range(1, min(ORDERS, len(ladder.steps) + 1)):
        gain = RATIO ** (2 * m)
        finer, noise = ladder.estimates[-1][m - 1], ladder.rounding[-1][m - 1]
        row.append(finer + (finer - row[m - 1]) / (gain - 1))
        rounding.append((gain * noise + rounding[m - 1]) / (gain - 1))


def _errors(ladder: _Ladder, row: Sequence[float], rounding: Sequence[float]) -> list[float]:
    """Truncation as the disagreement with the lower order and with the finer step, and rounding."""
    if not ladder.steps:
        return list(rounding)
    finer, found = ladder.estimates[-1], []
    for m, estimate in enumerate(row):
        apart = [abs(estimate - finer[m - 1])] if m else []
        if m < len(finer):
            apart.append(abs(estimate - finer[m]))
        found.append(TRUNCATION * max(apart) + rounding[m])
    return found


def _concluded(ladder: _Ladder, evaluations: int, reason: str) -> Estimate:
    if len(ladder.steps) < FEWEST:
        return Estimate(math.nan, math.inf, evaluations, reason=reason or "the domain leaves no room")
    if _kinked(ladder):
        return Estimate(math.nan, math.inf, evaluations, reason="a kink at the point: the one-sided slopes do not approach each other")
    error, level, order = ladder.best
    return Estimate(ladder.estimates[level][order], error, evaluations, ladder.steps[level], 2 * order + 2, ladder.variation, reason)


def _kinked(ladder: _Ladder) -> bool:
    """Whether the one-sided slopes, at the finest steps where rounding lets them be told apart, fail to approach each other."""
    size = np.abs(np.array(ladder.bends))
    seen = [k for k in range(len(size)) if size[k] > 4 * ladder.rounding[k][0]]
    if not seen:
        return False
    first = seen[0]
    later = size[first : first + 3]
    return len(later) > 1 and bool(np.all(later[:-1] > STRAIGHT * later[1:]))


def entry_slope(problem: Problem, index: int, noise: float) -> Estimate:
    """One partial derivative: in units of the function over the argument, whatever the scale of the entry."""
    size = abs(float(flat(problem.inputs)[index]))
    tried = [_scaled(problem, index, s, noise) for s in ([size] if size >= TINY else [1.0])]
    if not tried[0].bounded and 0 < size < TINY:
        tried.append(_scaled(problem, index, size, noise))
    best = min(tried, key=lambda e: e.error)
    return Estimate(best.value, best.error, sum(e.evaluations for e in tried), best.step, best.order, best.variation, best.reason)


def _scaled(problem: Problem, index: int, scale: float, noise: float) -> Estimate:
    along = entry_line(problem, index, scale)
    unit = float(along.direction[index])
    found = slope(along, noise, LARGEST * max(1.0, 1.0 / scale))
    return Estimate(
        found.value / unit, found.error / unit, found.evaluations, found.step * unit, found.order, found.variation / unit, found.reason
    )


def random_line_directions(problem: Problem, count: int, seed: int = 0) -> list[np.ndarray]:
    """Normal random directions, in units of each entry's scale."""
    rng = np.random.default_rng(seed)
    sizes = scales(problem)
    return [rng.standard_normal(problem.size) * sizes for _ in range(count)]
