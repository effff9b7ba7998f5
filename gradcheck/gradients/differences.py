"""Finite differences of the raw function. They never see the circuit, so they cannot share its mistakes."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.domains import Real
from gradcheck.gradients.method import Gradient, Problem, Refused

_NOISE_POINTS = 7
_SHRINKINGS = 6
_PROBE = 64.0  # a step so much smaller must agree with the estimate, or the bound is given up: two steps may agree by accident
_SPACINGS, _WIDEST = (2.0**6, 2.0**18, 2.0**30), 2.0**-20  # of the points at which noise is measured, in units of roundoff; relative
_NOISE_FACTOR = 24.0  # three for the combination of two quotients, eight from a root mean square of few samples to a bound


@dataclass(frozen=True, slots=True)
class Differences:
    """Forward (l + 1 evaluations) or central (2 l) differences; with `extrapolate` at two steps, so that their
    disagreement bounds the error and Richardson's combination gains an order.

    The step follows the scale of each x and the order of the method, stays inside the domain and
    shrinks where the function is not finite. The noise of f is measured, not assumed (Moré & Wild, Estimating
    computational noise, SIAM J. Sci. Comput. 33, 2011).
    """

    central: bool = True
    extrapolate: bool = True
    name: str = "differences"

    def gradient(self, problem: Problem) -> Gradient | Refused:
        """Every partial derivative, with a bound on its error where two steps were taken."""
        start = time.perf_counter()
        counted = _Counted(problem)
        spared = self.central and not self.extrapolate  # central differences alone never use f(x)
        value = problem.value if spared else counted(problem.inputs)
        if not np.isfinite(value):
            return Refused(self.name, f"the function is not finite at the point: {value}")
        noise = noise_levels(counted, problem, value) if self.extrapolate else (0.0,)
        pairs = [
            self._entry(counted, problem, a, i, float(value), noise) for a, x in enumerate(problem.inputs) for i in np.ndindex(np.shape(x))
        ]
        seconds = time.perf_counter() - start
        if not all(np.isfinite(d) for d, _ in pairs):
            return Refused(self.name, "the function is not finite next to the point, or its domain leaves no room, however small the step")
        if not any(d for d, _ in pairs):  # a plateau of rounding looks like a constant: no bound can be claimed
            pairs = [(d, math.inf) for d, _ in pairs]
        entries, errors = _arrange(problem, [d for d, _ in pairs]), _arrange(problem, [e for _, e in pairs])
        return Gradient(self.name, value, entries, errors if self.extrapolate else None, counted.calls, None, seconds)

    def planned(self, problem: Problem) -> int:
        """The evaluations that the entries take, without those for the point itself and for its noise."""
        return problem.size * (2 if self.central else 1) * (3 if self.extrapolate else 1)

    def _entry(
        self, f: Callable[..., Any], problem: Problem, argument: int, index: tuple[int, ...], value: float, noise: tuple[float, ...]
    ) -> tuple[float, float]:
        """One partial derivative and its error claim."""
        x = problem.inputs[argument]
        step = self._step(problem, argument, index)
        quotient = _quotient(f, problem, argument, index, value, self.central)
        for _ in range(_SHRINKINGS):
            coarse = quotient(step)
            if np.isfinite(coarse):
                break
            step /= 32.0
        if not self.extrapolate or not np.isfinite(coarse):
            return coarse, math.nan
        fine, probe, gain = quotient(step / 2), quotient(step / _PROBE), 3.0 if self.central else 1.0
        estimate, rounding = fine + (fine - coarse) / gain, _rounding(x.dtype, value, max(noise), fine, step)
        bound = abs(fine - coarse) + rounding
        agrees = abs(probe - estimate) <= 2 * abs(fine - coarse) + _rounding(x.dtype, value, noise[0], fine, step / _PROBE)
        return estimate, bound if agrees else math.inf

    def _step(self, problem: Problem, argument: int, index: tuple[int, ...]) -> float:
        """The step that balances truncation and rounding for the order reached, inside the domain."""
        x = problem.inputs[argument]
        order = (2 if self.central else 1) * (2 if self.extrapolate else 1)
        at = float(np.asarray(x)[index])
        step: float = (abs(at) or 1.0) * float(np.finfo(x.dtype).eps) ** (1.0 / (order + 1))
        domain = problem.domains.get(problem.argnums[argument])
        if isinstance(domain, Real):
            above, below = (domain.high - at) / 2, (at - domain.low) / 2
            if self.central:
                return min(step, above, below)
            return min(step, above) if step <= above or above >= below else -min(step, below)
        return step


class _Counted:
    """The raw function, counting its evaluations."""

    def __init__(self, problem: Problem) -> None:
        self.problem, self.calls = problem, 0

    def __call__(self, inputs: tuple[Any, ...]) -> Any:
        self.calls += 1
        return self.problem.at(inputs)


def _moved(problem: Problem, argument: int, index: tuple[int, ...], by: float) -> tuple[tuple[Any, ...], float]:
    """The inputs with one entry moved, and how far it really moved in its precision."""
    inputs = list(problem.inputs)
    x = np.array(inputs[argument])
    before = float(x[index])
    x[index] = before + by
    moved = float(x[index]) - before
    inputs[argument] = x[()]
    return tuple(inputs), moved


def _quotient(
    f: Callable[..., Any], problem: Problem, argument: int, index: tuple[int, ...], value: float, central: bool
) -> Callable[[float], float]:
    def quotient(step: float) -> float:
        right, ahead = _moved(problem, argument, index, step)
        left, behind = _moved(problem, argument, index, -step) if central else (right, 0.0)
        if ahead == behind or not (_inside(problem, argument, right) and _inside(problem, argument, left)):
            return math.nan
        return (float(f(right)) - (float(f(left)) if central else value)) / (ahead - behind)

    return quotient


def _inside(problem: Problem, argument: int, inputs: tuple[Any, ...]) -> bool:
    return bool(np.all(_within(problem, argument, inputs[argument])))


def _within(problem: Problem, argument: int, x: Any) -> Any:
    """Which entries lie strictly inside their domain: rounding may have put a point on its border."""
    domain = problem.domains.get(problem.argnums[argument])
    return (x > domain.low) & (x < domain.high) if isinstance(domain, Real) else np.isfinite(x)


def _rounding(dtype: Any, value: float, noise: float, slope: float, step: float) -> float:
    """How far rounding can move a quotient: that of f at the point, and beside it, where f may be far larger."""
    info = np.finfo(dtype)
    of_values = noise + float(info.eps) * abs(value) + float(info.smallest_subnormal)
    return _NOISE_FACTOR * (of_values / abs(step) + float(info.eps) * abs(slope))


def measured_noise(f: Callable[..., Any], problem: Problem, value: Any) -> float:
    """The rounding noise of f near the point."""
    return max(noise_levels(f, problem, value))


def noise_levels(f: Callable[..., Any], problem: Problem, value: Any) -> tuple[float, ...]:
    """The rounding noise of f near the point, from tables of differences at minute steps along one direction.

    At several spacings, the closest first: over the nearest points some functions lie on one plateau, where no noise is to be seen.
    """
    eps = max(float(np.finfo(x.dtype).eps) for x in problem.inputs)
    spacings = [s for s in _SPACINGS if s == _SPACINGS[0] or s * eps <= _WIDEST]
    return tuple(_noise_in(_samples(f, problem, float(value), s * eps)) for s in spacings)


def _samples(f: Callable[..., Any], problem: Problem, value: float, relative: float) -> Any:
    """Values of f at equal steps, the point's own first."""
    rng = np.random.default_rng(0)
    directions = [_inward(problem, a, rng.uniform(0.5, 1.0, np.shape(x)) * relative) for a, x in enumerate(problem.inputs)]
    near = [tuple(_scaled(x, k * d) for x, d in zip(problem.inputs, directions, strict=True)) for k in range(1, _NOISE_POINTS)]
    return np.array([value, *(float(f(inputs)) for inputs in near)])


def _noise_in(table: Any) -> float:
    levels = []
    largest = float(np.max(np.abs(table[np.isfinite(table)]), initial=0.0)) or 1.0  # squares may overflow
    for k in range(1, _NOISE_POINTS - 1):
        table = np.diff(table)
        scale = math.factorial(k) ** 2 / math.factorial(2 * k)
        levels.append(math.sqrt(scale) * float(np.sqrt(np.mean(np.square(table / largest)))) * largest)
    finite = [v for v in levels[2:] if math.isfinite(v)]
    return max(finite, default=0.0)


def _scaled(x: Any, relative: Any) -> Any:
    return (x * (1 + relative)).astype(x.dtype)[()]


def _inward(problem: Problem, argument: int, direction: Any) -> Any:
    """A relative direction turned round, or stopped, for entries that would leave their domain."""
    x, far = problem.inputs[argument], _NOISE_POINTS - 1
    turned = np.where(_within(problem, argument, _scaled(x, -far * direction)), -direction, 0.0)
    return np.where(_within(problem, argument, _scaled(x, far * direction)), direction, turned)


def _arrange(problem: Problem, flat: list[float]) -> tuple[Any, ...]:
    """A list of numbers in the shapes of the arguments."""
    arranged, start = [], 0
    for x in problem.inputs:
        size = int(np.size(x))
        arranged.append(np.array(flat[start : start + size], dtype=float).reshape(np.shape(x))[()])
        start += size
    return tuple(arranged)
