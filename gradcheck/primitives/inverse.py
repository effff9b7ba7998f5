"""Inverse functions of probability: their derivative is one over the density at the result."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special

from gradcheck.primitives.costs import TRANSCENDENTAL
from gradcheck.primitives.record import UNIT, Exact, Interval, elementwise, points
from gradcheck.primitives.special import ERFCX, ONE_OVER_ROOT_TWO

ROOT_PI_OVER_TWO = Exact("sqrt(pi)/2", math.sqrt(math.pi) / 2, lambda m: m.divide(m.sqrt(m.pi()), 2))
ROOT_TWO_PI = Exact("sqrt(2 pi)", math.sqrt(2 * math.pi), lambda m: m.sqrt(2 * m.pi()))


def _reciprocal_density(upper: Any, y: Any, tail: Any, other: Any) -> Any:
    """exp(y**2) by erfcx and the tail that y cuts off, upper or lower: the square would magnify what was rounded in y."""
    return ERFCX(np.where(upper, y, -y)) / np.where(upper, tail, other)


ERFINV = elementwise(
    "erfinv", special.erfinv, lambda g, y, x: g * (ROOT_PI_OVER_TWO * _reciprocal_density(x > 0.0, y, 1.0 - x, 1.0 + x)),
    cost=TRANSCENDENTAL, exact=lambda m, x: m.named("erfinv", x), calls=[special.erfinv], array="special.erfinv({0})", domains=(UNIT,),
    special=points(pole=[1.0, -1.0], zero=[0.0], tail=[1.0 - 2.0**-53]), pieces=("0 < x < 1", "-1 < x < 0"),
    formula="the y with erf(y) = x",
)  # fmt: skip
ERFCINV = elementwise(
    "erfcinv", special.erfcinv, lambda g, y, x: -g * (ROOT_PI_OVER_TWO * _reciprocal_density(x < 1.0, y, x, 2.0 - x)),
    cost=TRANSCENDENTAL, exact=lambda m, x: m.named("erfcinv", x), calls=[special.erfcinv], array="special.erfcinv({0})",
    domains=(Interval(0.0, 2.0),), special=points(pole=[0.0, 2.0], zero=[1.0], tail=[1e-300]), pieces=("0 < x < 1", "1 < x < 2"),
    formula="the y with erfc(y) = x",
)  # fmt: skip
NDTRI = elementwise(
    "ndtri", special.ndtri, lambda g, y, x: g * (ROOT_TWO_PI * _reciprocal_density(x > 0.5, y * ONE_OVER_ROOT_TWO, 2.0 * (1.0 - x), 2.0 * x)),
    cost=TRANSCENDENTAL, exact=lambda m, x: -m.sqrt(m.constant(2)) * m.named("erfcinv", 2 * x), calls=[special.ndtri], array="special.ndtri({0})",
    domains=(Interval(0.0, 1.0),), special=points(pole=[0.0, 1.0], zero=[0.5], tail=[1e-300]), pieces=("0 < x < 0.5", "0.5 < x < 1"),
    formula="the y with ndtr(y) = x",
)  # fmt: skip
