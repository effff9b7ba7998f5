"""Ball Taylor series of two terms along a direction: a value and its one-sided directional derivative.

The derivatives are FLINT's power series arithmetic, not our rules. Where two values are exactly equal the direction
decides, so max, |x| and where give the derivative from the side the direction points to; `ties` counts those places.
"""

from __future__ import annotations

from typing import Any

import flint
import numpy as np
from flint import arb, arb_series

from gradcheck.arithmetic.enclosures import ball, precision, whole_number
from gradcheck.arithmetic.objects import ObjectArithmetic, Undecidable


def series(value: Any, slope: Any) -> Any:
    """value + slope * t."""
    return arb_series([ball(value), ball(slope)])


def terms(x: Any) -> tuple[Any, Any]:
    """Value and slope of a series, or of a constant."""
    return (x[0], x[1]) if isinstance(x, arb_series) else (ball(x), arb(0))


class Taylor(ObjectArithmetic):
    """Values vary as x + t * direction for small t > 0."""

    def __init__(self) -> None:
        self.ties = 0

    def number(self, value: Any) -> Any:
        """Constants stay scalars: they do not vary."""
        if isinstance(value, bool | np.bool_):
            return bool(value)
        return int(value) if isinstance(value, int | np.integer) else ball(value)

    # comparisons: by value, then by slope
    def _order(self, a: Any, b: Any) -> int:
        (a0, a1), (b0, b1) = terms(a), terms(b)
        decided = _sign(a0 - b0)
        if decided:
            return decided
        by_slope = _sign(a1 - b1)
        self.ties += by_slope != 0
        return by_slope

    def greater(self, a: Any, b: Any) -> bool:
        return self._order(a, b) > 0

    def greater_equal(self, a: Any, b: Any) -> bool:
        return self._order(a, b) >= 0

    def less(self, a: Any, b: Any) -> bool:
        return self._order(a, b) < 0

    def less_equal(self, a: Any, b: Any) -> bool:
        return self._order(a, b) <= 0

    def equal(self, a: Any, b: Any) -> bool:
        return self._order(a, b) == 0

    def not_equal(self, a: Any, b: Any) -> bool:
        return self._order(a, b) != 0

    def maximum(self, a: Any, b: Any) -> Any:
        return a if self.greater_equal(a, b) else b

    def minimum(self, a: Any, b: Any) -> Any:
        return a if self.less_equal(a, b) else b

    def sign(self, x: Any) -> Any:
        return ball(self._order(x, 0))

    def floor(self, x: Any) -> Any:
        return self._step(terms(x)[0].floor(), x)

    def ceil(self, x: Any) -> Any:
        return self._step(terms(x)[0].ceil(), x)

    def trunc(self, x: Any) -> Any:
        return self.floor(x) if self.greater_equal(x, 0) else self.ceil(x)

    def _step(self, rounded: Any, x: Any) -> Any:
        if not rounded.is_exact():
            raise Undecidable("a rounding to whole numbers cannot be settled at this precision")
        self.ties += int(isinstance(x, arb_series) and rounded == x[0])
        return rounded

    # functions: FLINT's series where it has them, composed of them where not
    def pi(self) -> Any:
        return arb.pi()

    def exp(self, x: Any) -> Any:
        return _any(x).exp()

    def log(self, x: Any) -> Any:
        return _any(x).log()

    def sqrt(self, x: Any) -> Any:
        return _any(x).sqrt()

    def cbrt(self, x: Any) -> Any:
        value, slope = terms(x)
        if value == 0 and slope == 0:
            return ball(0)
        return self.exp(self.log(x) / 3) if self.greater(x, 0) else -self.exp(self.log(-x) / 3)

    def sin(self, x: Any) -> Any:
        return _any(x).sin()

    def cos(self, x: Any) -> Any:
        return _any(x).cos()

    def asin(self, x: Any) -> Any:
        return _any(x).asin()

    def acos(self, x: Any) -> Any:
        return _any(x).acos()

    def atan(self, x: Any) -> Any:
        return _any(x).atan()

    def atan2(self, a: Any, b: Any) -> Any:
        """The angle at the point, turned by the arc tangent of what changes."""
        (a0, a1), (b0, b1) = terms(a), terms(b)
        angle = arb.atan2(a0, b0)
        x, y = _vary(b0 * b0 + a0 * a0, b0 * b1 + a0 * a1), _vary(arb(0), a1 * b0 - b1 * a0)
        return (y / x).atan() + angle

    def sinh(self, x: Any) -> Any:
        return (self.exp(x) - self.exp(-x)) / 2

    def cosh(self, x: Any) -> Any:
        return (self.exp(x) + self.exp(-x)) / 2

    def asinh(self, x: Any) -> Any:
        return self.log(x + self.sqrt(x * x + 1))

    def erf(self, x: Any) -> Any:
        return _any(x).erf()

    def erfc(self, x: Any) -> Any:
        return _any(x).erfc()

    def lgamma(self, x: Any) -> Any:
        return _any(x).lgamma()

    def polygamma(self, order: int, x: Any) -> Any:
        """Coefficients of the series of log gamma, which FLINT expands to any length."""
        value, slope = terms(x)
        with precision(flint.ctx.prec, terms=order + 3):
            expansion = arb_series([value, 1]).lgamma()
        here, next_ = (expansion[n] * arb(n).fac() for n in (order + 1, order + 2))
        return _vary(here, next_ * slope)

    def power(self, a: Any, b: Any) -> Any:
        """a**b; whole exponents by multiplication, so that any base will do."""
        whole = whole_number(b)
        if whole is not None:
            return _any(a) ** whole
        base, slope = terms(a)
        if base == 0 and terms(b)[0] > 0:
            return self._power_of_zero(slope, terms(b)[0])
        return self.exp(b * self.log(a))

    def _power_of_zero(self, slope: Any, exponent: Any) -> Any:
        """(slope * t)**exponent to first order; steeper than any line below exponent 1."""
        if slope == 0 or exponent > 1:
            return ball(0)
        return _vary(arb(0), slope) if exponent == 1 else _vary(arb(0), arb.nan())


def _vary(value: Any, slope: Any) -> Any:
    return arb_series([value, slope])


def _any(x: Any) -> Any:
    return x if isinstance(x, arb_series) else ball(x)


def _sign(x: Any) -> int:
    if x > 0:
        return 1
    if x < 0:
        return -1
    if x == 0:
        return 0
    raise Undecidable("two values are too close to be ordered at this precision")
