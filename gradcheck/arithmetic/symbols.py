"""SymPy expressions: the circuit evaluated over symbols is the function's formula."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import sympy

from gradcheck.arithmetic.enclosures import Undecidable
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
        return _ordered(sympy.Gt, a, b)

    def greater_equal(self, a: Any, b: Any) -> Any:
        return _ordered(sympy.Ge, a, b)

    def less(self, a: Any, b: Any) -> Any:
        return _ordered(sympy.Lt, a, b)

    def less_equal(self, a: Any, b: Any) -> Any:
        return _ordered(sympy.Le, a, b)

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

    def named(self, name: str, x: Any, *parameters: Any) -> Any:
        """A special function of one variable, by its name."""
        return _NAMED[name](x, *(sympy.Rational(p) if isinstance(p, float) else p for p in parameters))

    def owens_t(self, h: Any, a: Any) -> Any:
        raise Undecidable("SymPy has no Owen's T")

    def power(self, a: Any, b: Any) -> Any:
        return sympy.Pow(a, b)


def _ordered(relation: Any, a: Any, b: Any) -> Any:
    """A comparison, decided also where it takes cancelling to see that a rational function of positive numbers has one sign."""
    found = relation(a, b)
    if found in (sympy.true, sympy.false) or not all(s.is_positive for s in found.free_symbols):
        return found
    difference = sympy.sympify(a) - b
    if not difference.is_rational_function():
        return found
    sign = sympy.factor(difference)
    return relation(1, 0) if sign.is_positive else relation(-1, 0) if sign.is_negative else found


_NAMED: dict[str, Callable[..., Any]] = {
    "erfinv": sympy.erfinv,
    "erfcinv": lambda x: sympy.erfinv(1 - x),
    "hyp1f1": lambda x, a, b: sympy.hyper([a], [b], x),
    "hyp2f1": lambda x, a, b, c: sympy.hyper([a, b], [c], x),
    "spherical_j": lambda x, order: sympy.jn(order, x).expand(func=True),
    "spherical_i": lambda x, order: (sympy.I**-order * sympy.jn(order, sympy.I * x)).expand(func=True),
    "bessel_i": lambda x, order: sympy.besseli(order, x),
    "bessel_j": lambda x, order: sympy.besselj(order, x),
    "bessel_k": lambda x, order: sympy.besselk(order, x),
    "bessel_y": lambda x, order: sympy.bessely(order, x),
    "elliptic_k": sympy.elliptic_k,
    "elliptic_e": sympy.elliptic_e,
    "expint": lambda x, order: sympy.expint(order, x),
    "ei": sympy.Ei,
    "si": sympy.Si,
    "ci": sympy.Ci,
    "shi": sympy.Shi,
    "chi": sympy.Chi,
    "fresnel_s": sympy.fresnels,
    "fresnel_c": sympy.fresnelc,
    "dilogarithm": lambda x: sympy.polylog(2, x),
    "rgamma": lambda x: 1 / sympy.gamma(x),
    "zeta": lambda x, s: sympy.zeta(s, x),
}
