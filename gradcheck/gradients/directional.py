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
from dataclasses import dataclass, field, replace

import numpy as np

from gradcheck.gradients.line import TINY, Line, OneSided, entry_line, epsilons, flat, scales
from gradcheck.gradients.method import Problem
from gradcheck.gradients.noise_level import Noise

RATIO, ORDERS = 4.0, 4  # growth of the steps; most steps combined in one estimate
ROUNDING = 6.0  # standard deviations of noise that one value may be off
TRUNCATION = 4.0  # disagreements between orders that the truth may be off
PATIENCE = 4  # coarser steps without a better bound before the walk ends
FEWEST = 3  # steps that must agree before anything is believed
STRAIGHT = 0.5  # one-sided slopes approach each other by 1/4 per step where f is smooth, by less than this anyway
TWO_SLOPES = "the function has one slope over short distances and another over longer ones"
KINK = "a kink at the point: the one-sided slopes do not approach each other"
SETTLED = 0.3  # the differences of successive quotients shrink by 1/16 per step where f is smooth, by less than this anyway
QUANTUM = 2.0**-20  # of the value: steps of a function that are no larger come from computing in float32
LARGEST = 2.0  # the largest step tried, on the scale of the entry
FARTHER = 4.0  # times more for entries below 1: farther off, what f does on the scale of x may hide below its noise
LOOK = 64.0  # times farther to look for another slope
HIDDEN = 0.5  # of the finer step's rounding, which may hide truncation


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
    variations: list[float] = field(default_factory=list)
    low: float = -math.inf
    high: float = math.inf
    best: tuple[float, int, int] = (math.inf, 0, 0)


def slope(line: Line | OneSided, noise: Noise, largest: float = LARGEST) -> Estimate:
    """The derivative along a line, where the noise of the function is known.

    What looks like noise over some distance and not over a shorter one is one of three things. A function constant near the point and not
    farther off computes in a coarser precision: its quantum is the noise. Where it is not constant, and both readings, noise
    or shape, agree, all is well; otherwise there is no telling.
    """
    before = line.calls
    if not (math.isfinite(line(0.0)) and math.isfinite(noise.coarse)):
        return _unbounded("the function is not finite at the point, or nowhere near it", line.calls - before)
    quantum = _quantum(line, largest)
    if quantum > QUANTUM * abs(line(0.0)):
        return _unbounded("the function goes in steps: its derivative is 0 between them", line.calls - before)
    found = _walk(line, max(noise.coarse, quantum), largest)
    if found.bounded and not (noise.agree or quantum):
        finer = _walk(line, noise.fine, largest)
        if not finer.bounded or not abs(found.value - finer.value) <= found.error + finer.error:
            found = _unbounded(finer.reason if not finer.bounded else TWO_SLOPES, 0)
    return replace(found, evaluations=line.calls - before)


def _unbounded(reason: str, evaluations: int) -> Estimate:
    return Estimate(math.nan, math.inf, evaluations, reason=reason)


def _quantum(line: Line | OneSided, largest: float) -> float:
    """The first change on either side of a function that is constant near the point, if both sides change at about the same
    distance and by more than rounding: 0 otherwise."""
    centre, steps = line(0.0), []
    step = line.finest
    while step <= min(largest, line.room) and line(step) == line(-step) == centre:
        steps.append(step)
        step *= RATIO
    if len(steps) < 2 or step > min(largest, line.room):
        return 0.0
    near = [abs(line(side * step * RATIO**k) - centre) for side in (1, -1) for k in range(3)]
    changes = [next((c for c in part if c > 0), 0.0) for part in (near[:3], near[3:])]
    return max(changes) if min(changes) > 8 * _unit(line) * abs(centre) else 0.0


def _walk(line: Line | OneSided, noise: float, largest: float) -> Estimate:
    """From the finest step to coarser ones, until nothing is gained."""
    ladder, reason, step = _Ladder(), "", line.finest
    while step <= min(largest, line.room) and not reason:
        reason = _climb(ladder, line, step, noise)
        if len(ladder.steps) - 1 - ladder.best[1] > PATIENCE:
            break
        step *= RATIO
    found = _concluded(ladder, reason or ("" if step <= line.room else "the domain leaves no room"))
    return _unbounded(TWO_SLOPES, 0) if found.bounded and _another_slope(line, found, step / RATIO, LOOK * largest) else found


def _another_slope(line: Line | OneSided, found: Estimate, step: float, largest: float) -> bool:
    """Whether, on both sides and over three coarser steps, f keeps to one slope that is not the one found.

    A function that goes in small steps on top of something else looks like this: nearby it has the slope of the something else.
    """
    coarser = [step * RATIO**k for k in range(2, 5)]
    if coarser[-1] > min(largest, line.room):
        return False
    centre = line(0.0)
    slopes = np.array([(line(side * t) - centre) / (side * t) for t in coarser for side in (1, -1)])
    far, apart = float(np.mean(slopes)), np.ptp(slopes)
    return bool(min(abs(far - found.value), abs(far)) > 4 * (apart + found.error))


def _unit(line: Line | OneSided) -> float:
    return float(np.max(epsilons(line.problem)[line.direction != 0], initial=0.0))


def _climb(ladder: _Ladder, line: Line | OneSided, step: float, noise: float) -> str:
    """One step more; the reason to stop, if there is one."""
    ahead, behind, centre = line(step), line(-step), line(0.0)
    if not (math.isfinite(ahead) and math.isfinite(behind)):
        return "the function is not finite next to the point"
    unit = _unit(line)
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
    ladder.variations.append(max(abs(ahead - centre), abs(behind - centre)) / step)
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
    """Truncation as the disagreement with the lower order and with the two finer steps, and rounding.

    Two, because what rounding does to one of them may hide the truncation; a part of that rounding is added for the same
    reason. Without a finer step of the same order there is no bound.
    """
    finer = ladder.rounding[-1] if ladder.rounding else []
    hidden = [HIDDEN * r for r in finer] + [0.0] * len(row)
    return [TRUNCATION * _apart(ladder, estimate, m) + rounding[m] + hidden[m] for m, estimate in enumerate(row)]


def _apart(ladder: _Ladder, estimate: float, m: int) -> float:
    same = [row[m] for row in ladder.estimates[-2:] if m < len(row)]
    lower = [ladder.estimates[-1][m - 1]] if m else []
    return max(abs(estimate - other) for other in same + lower) if same else math.inf


def _concluded(ladder: _Ladder, reason: str) -> Estimate:
    if len(ladder.steps) < FEWEST:
        return _unbounded(reason or "the domain leaves no room", 0)
    if _jumps(ladder):
        return _unbounded("a jump at the point: values on either side do not approach each other", 0)
    if _restless(ladder):
        return _unbounded("the function varies within the finest steps", 0)
    if _kinked(ladder):
        return _unbounded(KINK, 0)
    error, level, order = ladder.best
    return Estimate(ladder.estimates[level][order], error, 0, ladder.steps[level], 2 * order + 2, ladder.variations[level], reason)


def _jumps(ladder: _Ladder) -> bool:
    """Whether the values at the finest steps fail to approach each other: fourfold for a smooth function."""
    apart = [abs(row[0]) * step for row, step in zip(ladder.estimates, ladder.steps, strict=True)]
    return apart[0] > 2 * ladder.rounding[0][0] * ladder.steps[0] and apart[0] > STRAIGHT * apart[1] and apart[1] > STRAIGHT * apart[2]


def _restless(ladder: _Ladder) -> bool:
    """Whether the finest quotients already differ by more than rounding, and not the less the finer: 1/16 where f is smooth."""
    quotients, rounding = [row[0] for row in ladder.estimates[:3]], [row[0] for row in ladder.rounding[:3]]
    first, second = abs(quotients[1] - quotients[0]), abs(quotients[2] - quotients[1])
    return first > rounding[0] + rounding[1] and first > SETTLED * second


def _kinked(ladder: _Ladder) -> bool:
    """Whether the one-sided slopes, at the finest steps where rounding lets them be told apart, fail to approach each other.

    Only steps that the estimate uses count: what lies farther off is no kink at the point.
    """
    size = np.abs(np.array(ladder.bends))
    seen = [k for k in range(ladder.best[1] + 1) if size[k] > 4 * ladder.rounding[k][0]]
    if not seen:
        return False
    later = size[seen[0] : min(seen[0] + 3, max(ladder.best[1] + 1, seen[0] + 2))]
    return len(later) > 1 and bool(np.all(later[:-1] > STRAIGHT * later[1:]))


def entry_slope(problem: Problem, index: int, noise: Noise) -> Estimate:
    """One partial derivative: in units of the function over the argument, whatever the scale of the entry."""
    size = abs(float(flat(problem.inputs)[index]))
    tried = [_scaled(problem, index, s, noise) for s in ([size] if size >= TINY else [1.0])]
    if not tried[0].bounded and 0 < size < TINY:
        tried.append(_scaled(problem, index, size, noise))
    return replace(min(tried, key=lambda e: e.error), evaluations=sum(e.evaluations for e in tried))


def one_sided_slopes(problem: Problem, index: int, noise: Noise) -> tuple[Estimate, Estimate]:
    """The partial derivatives from the left and from the right, for a kink at the point."""
    size = abs(float(flat(problem.inputs)[index]))
    left, right = (_scaled(problem, index, size if size >= TINY else 1.0, noise, side) for side in (-1.0, 1.0))
    return left, right


def _scaled(problem: Problem, index: int, scale: float, noise: Noise, side: float = 0.0) -> Estimate:
    whole = entry_line(problem, index, scale)
    along = OneSided(whole, side) if side else whole
    unit = float(along.direction[index])
    found = slope(along, noise, LARGEST * max(1.0, min(1.0 / scale, FARTHER)))
    value, error, variation = found.value / unit, found.error / unit, found.variation / unit
    return replace(found, value=value, error=error, step=found.step * unit, variation=variation)


def random_line_directions(problem: Problem, count: int, seed: int = 0) -> list[np.ndarray]:
    """Normal random directions, in units of each entry's scale."""
    rng = np.random.default_rng(seed)
    sizes = scales(problem)
    return [rng.standard_normal(problem.size) * sizes for _ in range(count)]
