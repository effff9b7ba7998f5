"""Real balls: midpoint and radius by FLINT's Arb, every operation rigorous.

F. Johansson, Arb: efficient arbitrary-precision midpoint-radius interval arithmetic, IEEE Trans. Comput. 66 (2017).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from flint import arb

from gradcheck.arithmetic.enclosures import Undecidable, ball, order, whole_number, whole_power
from gradcheck.arithmetic.spectral import Spectral


class Balls(Spectral):
    """`ties` counts comparisons of values that are exactly equal: the places where a kink may hide."""

    def __init__(self) -> None:
        self.ties = 0

    def number(self, value: Any) -> Any:
        """Exact for every finite float; booleans and integers stay what they are."""
        if isinstance(value, bool | np.bool_):
            return bool(value)
        return int(value) if isinstance(value, int | np.integer) else ball(value)

    def coefficients(self, a: Any) -> list[Any]:
        """A matrix of balls does not vary."""
        return [[[ball(v) for v in row] for row in a]]

    def joined(self, coefficients: list[Any]) -> Any:
        """The ball itself."""
        return coefficients[0]

    # comparisons: certain, or not at all
    def _order(self, a: Any, b: Any) -> int:
        if a is b:
            return 0
        sign = order(ball(a) - ball(b))
        self.ties += sign == 0
        return sign

    def size(self, x: Any) -> float:
        """The size of the midpoint."""
        return float(abs(ball(x).mid()))

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
        return _unique(ball(x).floor())

    def ceil(self, x: Any) -> Any:
        return _unique(ball(x).ceil())

    def trunc(self, x: Any) -> Any:
        return self.floor(x) if self.greater_equal(x, 0) else self.ceil(x)

    def divide(self, a: Any, b: Any) -> Any:
        """A quotient; whole numbers too become balls, or Python would round it."""
        return ball(a) / ball(b)

    # functions
    def pi(self) -> Any:
        return arb.pi()

    def exp(self, x: Any) -> Any:
        return ball(x).exp()

    def log(self, x: Any) -> Any:
        return ball(x).log()

    def sqrt(self, x: Any) -> Any:
        return ball(x).sqrt()

    def cbrt(self, x: Any) -> Any:
        x = ball(x)
        if x == 0:
            return x
        return x.root(3) if self.greater(x, 0) else -(-x).root(3)

    def sin(self, x: Any) -> Any:
        return ball(x).sin()

    def cos(self, x: Any) -> Any:
        return ball(x).cos()

    def asin(self, x: Any) -> Any:
        return ball(x).asin()

    def acos(self, x: Any) -> Any:
        return ball(x).acos()

    def atan(self, x: Any) -> Any:
        return ball(x).atan()

    def atan2(self, a: Any, b: Any) -> Any:
        return arb.atan2(ball(a), ball(b))

    def sinh(self, x: Any) -> Any:
        return ball(x).sinh()

    def cosh(self, x: Any) -> Any:
        return ball(x).cosh()

    def asinh(self, x: Any) -> Any:
        return ball(x).asinh()

    def erf(self, x: Any) -> Any:
        return ball(x).erf()

    def erfc(self, x: Any) -> Any:
        return ball(x).erfc()

    def gamma(self, x: Any) -> Any:
        return ball(x).gamma()

    def lgamma(self, x: Any) -> Any:
        """log |gamma(x)|"""
        x = ball(x)
        return x.lgamma() if self.greater(x, 0) else abs(x.gamma()).log()

    def polygamma(self, order: int, x: Any) -> Any:
        """psi_n(x) = (-1)^(n+1) n! zeta(n+1, x) for n >= 1."""
        x = ball(x)
        if order == 0:
            return x.digamma()
        return arb(order + 1).zeta(x) * arb(order).fac() * (-1) ** (order + 1)

    def betainc(self, a: Any, b: Any, x: Any) -> Any:
        return ball(x).beta_lower(ball(a), ball(b), regularized=True)

    def gammainc(self, a: Any, x: Any) -> Any:
        return ball(x).gamma_lower(ball(a), regularized=True)

    def bessel_i(self, order: int, x: Any) -> Any:
        return ball(x).bessel_i(order)

    def bessel_j(self, order: int, x: Any) -> Any:
        return ball(x).bessel_j(order)

    def power(self, a: Any, b: Any) -> Any:
        """a**b; whole exponents by multiplication, so that any base will do."""
        a, whole = ball(a), whole_number(b)
        if whole is not None:
            return whole_power(a, whole)
        if a == 0 and ball(b) > 0:
            return arb(0)
        return (ball(b) * a.log()).exp()


def _unique(x: Any) -> Any:
    if not x.is_exact():
        raise Undecidable("a rounding to whole numbers cannot be settled at this precision")
    return x
