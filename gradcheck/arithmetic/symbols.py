"""SymPy expressions: the circuit evaluated over symbols is the function's formula."""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy

from gradcheck.arithmetic.objects import ObjectArithmetic


class Symbols(ObjectArithmetic):
    """Every float is the fraction it stands for: SymPy would fold floats, and their rounding would look like a mistake."""

    decides = False

    def number(self, value: Any) -> Any:
        """One constant as SymPy's number."""
        if isinstance(value, bool | np.bool_):
            return sympy.true if value else sympy.false
        if isinstance(value, int | np.integer):
            return sympy.Integer(int(value))
        return sympy.Rational(float(value))

    # decisions become cases
    def greater(self, a: Any, b: Any) -> Any:
        return sympy.Gt(a, b)

    def greater_equal(self, a: Any, b: Any) -> Any:
        return sympy.Ge(a, b)

    def less(self, a: Any, b: Any) -> Any:
        return sympy.Lt(a, b)

    def less_equal(self, a: Any, b: Any) -> Any:
        return sympy.Le(a, b)

    def equal(self, a: Any, b: Any) -> Any:
        return sympy.Eq(a, b)

    def not_equal(self, a: Any, b: Any) -> Any:
        return sympy.Ne(a, b)

    def logical_and(self, a: Any, b: Any) -> Any:
        return sympy.And(a, b)

    def logical_or(self, a: Any, b: Any) -> Any:
        return sympy.Or(a, b)

    def logical_not(self, a: Any) -> Any:
        return sympy.Not(a)

    def where(self, condition: Any, a: Any, b: Any) -> Any:
        """A case distinction, or the one case that is known to hold."""
        return sympy.Piecewise((sympy.sympify(a), sympy.sympify(condition)), (sympy.sympify(b), True))

    def absolute(self, x: Any) -> Any:
        return sympy.Abs(x)

    def maximum(self, a: Any, b: Any) -> Any:
        return sympy.Max(a, b)

    def minimum(self, a: Any, b: Any) -> Any:
        return sympy.Min(a, b)

    def sign(self, x: Any) -> Any:
        return sympy.Piecewise((1, x > 0), (-1, x < 0), (0, True))

    def floor(self, x: Any) -> Any:
        return sympy.floor(x)

    def ceil(self, x: Any) -> Any:
        return sympy.ceiling(x)

    def trunc(self, x: Any) -> Any:
        return self.where(self.greater_equal(x, 0), sympy.floor(x), sympy.ceiling(x))

    # functions
    def pi(self) -> Any:
        return sympy.pi

    def exp(self, x: Any) -> Any:
        return sympy.exp(x)

    def log(self, x: Any) -> Any:
        return sympy.log(x)

    def sqrt(self, x: Any) -> Any:
        return sympy.sqrt(x)

    def cbrt(self, x: Any) -> Any:
        return sympy.sign(x) * sympy.cbrt(sympy.Abs(x))

    def sin(self, x: Any) -> Any:
        return sympy.sin(x)

    def cos(self, x: Any) -> Any:
        return sympy.cos(x)

    def asin(self, x: Any) -> Any:
        return sympy.asin(x)

    def acos(self, x: Any) -> Any:
        return sympy.acos(x)

    def atan(self, x: Any) -> Any:
        return sympy.atan(x)

    def atan2(self, a: Any, b: Any) -> Any:
        return sympy.atan2(a, b)

    def sinh(self, x: Any) -> Any:
        return sympy.sinh(x)

    def cosh(self, x: Any) -> Any:
        return sympy.cosh(x)

    def asinh(self, x: Any) -> Any:
        return sympy.asinh(x)

    def erf(self, x: Any) -> Any:
        return sympy.erf(x)

    def erfc(self, x: Any) -> Any:
        return sympy.erfc(x)

    def gamma(self, x: Any) -> Any:
        return sympy.gamma(x)

    def lgamma(self, x: Any) -> Any:
        return sympy.loggamma(x)

    def polygamma(self, order: int, x: Any) -> Any:
        return sympy.polygamma(order, x)

    def betainc(self, a: Any, b: Any, x: Any) -> Any:
        return sympy.betainc_regularized(a, b, 0, x)

    def gammainc(self, a: Any, x: Any) -> Any:
        return sympy.lowergamma(a, x) / sympy.gamma(a)

    def bessel_i(self, order: int, x: Any) -> Any:
        return sympy.besseli(order, x)

    def bessel_j(self, order: int, x: Any) -> Any:
        return sympy.besselj(order, x)

    def power(self, a: Any, b: Any) -> Any:
        return sympy.Pow(a, b)
