"""How rough a function is: the rounding noise of f near a point, measured at several scales along several directions.

A table of differences at equal spacings (Moré & Wild, Estimating computational noise, SIAM J. Sci. Comput. 33, 2011): a smooth function's
differences die out with their order, those of noise do not. One scale is not enough: (1e8 + x) - 1e8 is constant over small distances,
and its noise of 1e-8 shows only over larger ones.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from gradcheck.gradients.line import Line

POINTS = 7
ORDERS = (4, 5, 6)  # of differences that are compared: lower ones hold the function's own shape
FARTHEST = 2.0**-11  # relative spacing: beyond, sixth differences of a smooth function show
OCTAVES = 8  # between spacings


def noise_level(lines: Sequence[Line]) -> float:
    """The largest noise met along any line at any scale, as a standard deviation; infinity where the function is not finite anywhere."""
    found = [_at(line, spacing) for line in lines for spacing in spacings(line)]
    finite = [v for v in found if math.isfinite(v)]
    return max(finite, default=math.inf)


def spacings(line: Line) -> list[float]:
    """From a few units of roundoff of the point up to where the function's own shape would show, inside the domain."""
    farthest = min(FARTHEST, line.room / POINTS)
    steps, spacing = [], line.finest / 4
    while spacing <= farthest:
        steps.append(spacing)
        spacing *= 2.0**OCTAVES
    return steps


def _at(line: Line, spacing: float) -> float:
    """The noise at one scale: the least of three orders, which for noise all tell the same."""
    samples = np.array([line(k * spacing) for k in range(POINTS)])
    if not np.isfinite(samples).all():
        return math.nan
    largest = float(np.max(np.abs(samples))) or 1.0  # squares may overflow
    return largest * min(_normalised(np.diff(samples / largest, n=order), order) for order in ORDERS)


def _normalised(differences: np.ndarray, order: int) -> float:
    scale = math.factorial(order) ** 2 / math.factorial(2 * order)
    return math.sqrt(scale * float(np.mean(np.square(differences))))
