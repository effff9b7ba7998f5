"""Ball Taylor series along a direction: a value and its one-sided directional derivative.

The derivatives are FLINT's power series arithmetic, not our rules. Where two values are exactly equal the direction
decides, so max, |x| and where give the derivative from the side the direction points to; `ties` counts those places.
Two terms are enough until 0/0 loses one, or two values agree in both: then `MoreTerms` asks for a longer series.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import flint
import numpy as np
from flint import arb, arb_series

from gradcheck.arithmetic.enclosures import Undecidable, ball, order, precision, whole_number, whole_power
from gradcheck.arithmetic.spectral import Spectral

MANY = 8  # terms of a series that must outlast removable singularities


class MoreTerms(ArithmeticError):  # noqa: N818  says what is the case, and reaches no user
    """Two terms of the series do not tell: run again with `MANY`."""


def series(value: Any, slope: Any) -> Any:
    """value + slope * t."""
    return arb_series([ball(value), ball(slope)])


def terms(x: Any) -> tuple[Any, Any]:
    """Value and slope of a series, or of a constant; MoreTerms where a removable singularity has used them up."""
    if not isinstance(x, arb_series):
        return ball(x), arb(0) if ball(x).is_finite() else arb.nan()
    if x.prec < 2:
        raise MoreTerms("the series has lost its slope")
    return x[0], x[1]


class Taylor(Spectral):
    """Values vary as x + t * direction for small t > 0."""

    def __init__(self) -> None:
        self.ties = 0

    def number(self, value: Any) -> Any:
        """Constants stay scalars: they do not vary."""
        if isinstance(value, bool | np.bool_):
            return bool(value)
        return int(value) if isinstance(value, int | np.integer) else ball(value)

    def coefficients(self, a: Any) -> list[Any]:
        """A matrix of series as a series of matrices, as long as the shortest of them."""
        count = min((v.prec for v in a.ravel() if isinstance(v, arb_series)), default=1)
        return [[[_coefficient(v, j) for v in row] for row in a] for j in range(count)]

    def joined(self, coefficients: list[Any]) -> Any:
        """A series of its coefficients; one alone does not vary."""
        return arb_series(coefficients, len(coefficients)) if len(coefficients) > 1 else coefficients[0]

    # comparisons: by value, then by slope, then by what follows
    def _order(self, a: Any, b: Any) -> int:
        if a is b:
            return 0
        difference = _any(a) - _any(b)
        if not isinstance(difference, arb_series):
            return order(difference)
        for i in range(difference.prec):
            decided = order(difference[i])
            if decided:
                self.ties += i > 0
                return decided
        if difference.prec < MANY // 2:
            raise MoreTerms("two values agree in the terms there are")
        return 0

    def size(self, x: Any) -> float:
        """The size of the value."""
        return float(abs(_first(x).mid()))

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
        """Just below a whole number, the one before."""
        rounded = _unique(_first(x).floor())
        return rounded - int(isinstance(x, arb_series) and rounded == x[0] and self.less(x, rounded))

    def ceil(self, x: Any) -> Any:
        return -self.floor(-x)

    def trunc(self, x: Any) -> Any:
        return self.floor(x) if self.greater_equal(x, 0) else self.ceil(x)

    def divide(self, a: Any, b: Any) -> Any:
        """A quotient; NaN at a pole, which a selection may still discard."""
        if isinstance(b, arb_series) and b.length() == 0 and b.prec < MANY // 2:
            raise MoreTerms("a quotient by nothing but zeros")
        try:
            return _any(a) / _any(b)
        except (ValueError, ZeroDivisionError):
            return arb.nan()

    # functions: FLINT's series where it has them, composed of them where not
    def pi(self) -> Any:
        return arb.pi()

    def exp(self, x: Any) -> Any:
        return _any(x).exp()

    def log(self, x: Any) -> Any:
        return _any(x).log()

    def sqrt(self, x: Any) -> Any:
        return self._root_at_zero(x, Fraction(1, 2)) if _starts_at_zero(x) else _any(x).sqrt()

    def cbrt(self, x: Any) -> Any:
        if not self.greater_equal(x, 0):
            return -self.cbrt(-x)
        if not isinstance(x, arb_series) and ball(x) == 0:
            return ball(0)
        return self._root_at_zero(x, Fraction(1, 3)) if _starts_at_zero(x) else self.exp(self.log(x) / 3)

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
        a0, b0 = _first(a), _first(b)
        below = isinstance(a, arb_series) and a0 == 0 and b0 < 0 and self.less(a, 0)  # the jump at the negative axis
        turned = self.divide(_any(a) * b0 - _any(b) * a0, _any(b) * b0 + _any(a) * a0)
        return turned.atan() + (-arb.pi() if below else arb.atan2(a0, b0))

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

    def gamma(self, x: Any) -> Any:
        return _any(x).gamma()

    def lgamma(self, x: Any) -> Any:
        """log |gamma(x)|"""
        if _first(x) > 0:
            return _any(x).lgamma()
        gamma = _any(x).gamma()
        return (gamma if _first(gamma) > 0 else -gamma).log()

    def polygamma(self, order: int, x: Any) -> Any:
        """A derivative of the series of log gamma, which FLINT expands to any length."""
        with precision(flint.ctx.prec, terms=flint.ctx.cap + order + 1):
            expansion = self.lgamma(arb_series([_first(x), 1]))
            for _ in range(order + 1):
                expansion = expansion.derivative()
        return expansion(arb_series([0, *x.coeffs()[1:]], x.prec)) if isinstance(x, arb_series) else expansion[0]

    def betainc(self, a: Any, b: Any, x: Any) -> Any:
        return arb_series.beta_lower(a, b, x, 1) if isinstance(x, arb_series) else ball(x).beta_lower(ball(a), ball(b), regularized=True)

    def gammainc(self, a: Any, x: Any) -> Any:
        return arb_series.gamma_lower(a, x, 1) if isinstance(x, arb_series) else ball(x).gamma_lower(ball(a), regularized=True)

    def bessel_i(self, order: int, x: Any) -> Any:
        return _by_difference(lambda v: v.bessel_i(order), x)

    def bessel_j(self, order: int, x: Any) -> Any:
        return _by_difference(lambda v: v.bessel_j(order), x)

    def power(self, a: Any, b: Any) -> Any:
        """a**b; whole exponents by multiplication, so that any base will do."""
        whole = whole_number(b)
        if whole is not None:
            return self.divide(1, _whole_power(a, -whole)) if whole < 0 else _whole_power(a, whole)
        if _starts_at_zero(a) and not isinstance(b, arb_series) and ball(b).is_exact():
            return self._root_at_zero(a, Fraction(float(ball(b))))
        if not isinstance(a, arb_series) and ball(a) == 0 and _first(b) > 0:
            return ball(0)
        return self.exp(b * self.log(a))

    def _root_at_zero(self, x: Any, exponent: Fraction) -> Any:
        """(c t^v + ...)**exponent for small t > 0; a tie, for the other side may differ: sqrt(t^2) is |t|."""
        if x.length() == 0 and x.prec < MANY // 2:
            raise MoreTerms("a root of nothing but zeros")
        if x.length() == 0:
            return ball(0)
        self.ties += 1
        v = x.valuation()
        degree = v * exponent
        if degree < 1 or degree.denominator != 1:  # steeper than any line, or flat
            return arb_series([0, 0 if degree > 1 else arb.nan()], 2)
        rest = arb_series(x.coeffs()[v:], x.prec - v)
        root = rest.sqrt() if exponent == Fraction(1, 2) else (rest.log() * exponent.numerator / exponent.denominator).exp()
        return arb_series([0] * int(degree) + root.coeffs(), root.prec + int(degree))


def _starts_at_zero(x: Any) -> bool:
    return isinstance(x, arb_series) and bool(x[0] == 0)


def _first(x: Any) -> Any:
    """The value of a series, however short, or of a constant."""
    return x[0] if isinstance(x, arb_series) else ball(x)


def _coefficient(x: Any, j: int) -> Any:
    return x[j] if isinstance(x, arb_series) else ball(x) if j == 0 else arb(0)


def _unique(x: Any) -> Any:
    if not x.is_exact():
        raise Undecidable("a rounding to whole numbers cannot be settled at this precision")
    return x


def _whole_power(x: Any, exponent: int) -> Any:
    """x**n; a series of one term is a ball, of which FLINT's series would make NaN where it holds 0."""
    if isinstance(x, arb_series):
        return arb_series([whole_power(x[0], exponent)], x.prec) if x.length() == 1 else x**exponent
    return whole_power(ball(x), exponent)


def _any(x: Any) -> Any:
    return x if isinstance(x, arb_series) else ball(x)


def _by_difference(function: Callable[[Any], Any], x: Any) -> Any:
    """Value and slope of a function that FLINT expands in no series: central differences of balls.

    Two steps, h = 2^-(p/3) and twice that at p bits; the radius is their disagreement, three times the error of the finer. Very precise, but not
    rigorous: the third derivative is taken to vary little over 2h.
    """
    if not isinstance(x, arb_series):
        return function(ball(x))
    at, slope, h = x[0], x[1], arb(2) ** -(flint.ctx.prec // 3)
    fine, coarse = ((function(at + s) - function(at - s)) / (2 * s) for s in (h, 2 * h))
    derivative = fine + arb(0, abs(fine - coarse).upper())
    return arb_series([function(at), derivative * slope], 2)
