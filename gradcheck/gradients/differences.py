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
        value = counted(problem.inputs)
        if not np.isfinite(value):
            return Refused(self.name, f"the function is not finite at the point: {value}")
        noise = measured_noise(counted, problem, value) if self.extrapolate else 0.0
        pairs = [
            self._entry(counted, problem, a, i, float(value), noise) for a, x in enumerate(problem.inputs) for i in np.ndindex(np.shape(x))
        ]
        seconds = time.perf_counter() - start
        if not all(np.isfinite(d) for d, _ in pairs):
            return Refused(self.name, "the function is not finite next to the point, however small the step")
        entries, errors = _arrange(problem, [d for d, _ in pairs]), _arrange(problem, [e for _, e in pairs])
        spared = self.central and not self.extrapolate  # central differences alone never use f(x)
        return Gradient(self.name, value, entries, errors if self.extrapolate else None, counted.calls - spared, None, seconds)

    def _entry(
        self, f: Callable[..., Any], problem: Problem, argument: int, index: tuple[int, ...], value: float, noise: float
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
        if not self.extrapolate:
            return coarse, math.nan
        fine = quotient(step / 2)
        gain = 3.0 if self.central else 1.0
        eps = float(np.finfo(x.dtype).eps)
        rounding = _NOISE_FACTOR * (noise + eps * abs(value)) / step
        return fine + (fine - coarse) / gain, abs(fine - coarse) + rounding

    def _step(self, problem: Problem, argument: int, index: tuple[int, ...]) -> float:
        """The step that balances truncation and rounding for the order reached, inside the domain."""
        x = problem.inputs[argument]
        order = (2 if self.central else 1) * (2 if self.extrapolate else 1)
        at = float(np.asarray(x)[index])
        step: float = (abs(at) or 1.0) * float(np.finfo(x.dtype).eps) ** (1.0 / (order + 1))
        domain = problem.domains.get(problem.argnums[argument])
        if isinstance(domain, Real):
            room = min(domain.high - at, at - domain.low) if self.central else domain.high - at
            step = min(step, room / 2) if room > 0 else step
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
        if not central:
            return (float(f(right)) - value) / ahead if ahead else math.nan
        left, behind = _moved(problem, argument, index, -step)
        return (float(f(right)) - float(f(left))) / (ahead - behind) if ahead != behind else math.nan

    return quotient


def measured_noise(f: Callable[..., Any], problem: Problem, value: Any) -> float:
    """The rounding noise of f near the point, from a table of differences at minute steps along one direction."""
    rng = np.random.default_rng(0)
    eps = max(float(np.finfo(x.dtype).eps) for x in problem.inputs)
    directions = [rng.uniform(0.5, 1.0, np.shape(x)) * 64 * eps for x in problem.inputs]
    near = [
        tuple((x * (1 + k * d)).astype(x.dtype)[()] for x, d in zip(problem.inputs, directions, strict=True))
        for k in range(1, _NOISE_POINTS)
    ]
    samples = [float(value), *(float(f(inputs)) for inputs in near)]
    table, levels = np.array(samples), []
    for k in range(1, _NOISE_POINTS - 1):
        table = np.diff(table)
        scale = math.factorial(k) ** 2 / math.factorial(2 * k)
        levels.append(math.sqrt(scale * float(np.mean(table**2))))
    finite = [v for v in levels[2:] if math.isfinite(v)]
    return max(finite, default=0.0)


def _arrange(problem: Problem, flat: list[float]) -> tuple[Any, ...]:
    """A list of numbers in the shapes of the arguments."""
    arranged, start = [], 0
    for x in problem.inputs:
        size = int(np.size(x))
        arranged.append(np.array(flat[start : start + size], dtype=float).reshape(np.shape(x))[()])
        start += size
    return tuple(arranged)
