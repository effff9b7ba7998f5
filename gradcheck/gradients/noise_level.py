"""How rough a function is: the rounding noise of f near a point, measured at several scales along several directions.

A table of differences at equal spacings (Moré & Wild, Estimating computational noise, SIAM J. Sci. Comput. 33, 2011): a smooth function's
differences die out with their order, those of noise do not. One scale is not enough: (1e8 + x) - 1e8 is constant over small distances,
and its noise of 1e-8 shows only over larger ones.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gradcheck.gradients.line import Line

POINTS = 7
ORDERS = (4, 5, 6)  # of differences that are compared: lower ones hold the function's own shape
FARTHEST = 2.0**-9  # relative spacing: beyond, sixth differences of a smooth function show
REACH, OCTAVES = 22, 8  # from the finest spacing to the coarsest, and between two, in powers of two


@dataclass(frozen=True, slots=True)
class Noise:
    """Standard deviations of the noise: met at the finest scale, and at any scale. Where they differ much, the coarser may
    be noise that hides over small distances, or the function's own shape."""

    fine: float
    coarse: float

    @property
    def agree(self) -> bool:
        """Whether one number says it all."""
        return self.coarse <= 16 * self.fine


def noise_level(lines: Sequence[Line]) -> Noise:
    """The largest noise met along any line; infinite where the function is not finite anywhere near the point."""
    scales = [[_at(line, spacing) for spacing in spacings(line)] for line in lines]
    fine = [found[0] for found in scales if found and math.isfinite(found[0])]
    every = [v for found in scales for v in found if math.isfinite(v)]
    return Noise(max(fine, default=max(every, default=math.inf)), max(every, default=math.inf))


def spacings(line: Line) -> list[float]:
    """From a few units of roundoff of the point up to where the function's own shape would show, inside the domain."""
    first = line.finest / 4
    farthest = min(FARTHEST, first * 2.0**REACH * 4, line.room / POINTS)
    return [first * 2.0 ** (OCTAVES * k) for k in range(REACH // OCTAVES + 2) if first * 2.0 ** (OCTAVES * k) <= farthest]


def _at(line: Line, spacing: float) -> float:
    """The noise at one scale, on the calmer side of the point: a kink or a jump on one side is not noise."""
    sides = [_one_sided(np.array([line(k * signed) for k in range(POINTS)])) for signed in (spacing, -spacing)]
    return min((s for s in sides if math.isfinite(s)), default=math.nan)


def _one_sided(samples: np.ndarray) -> float:
    """The least of three orders, which for noise all tell the same."""
    if not np.isfinite(samples).all():
        return math.nan
    largest = float(np.max(np.abs(samples))) or 1.0  # squares may overflow
    return largest * min(_normalised(np.diff(samples / largest, n=order), order) for order in ORDERS)


def _normalised(differences: np.ndarray, order: int) -> float:
    scale = math.factorial(order) ** 2 / math.factorial(2 * order)
    return math.sqrt(scale * float(np.mean(np.square(differences))))
