"""Special functions of one variable with fixed parameters, by name: over balls, and as power series where FLINT has them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flint
from flint import acb, arb, arb_series

from gradcheck.arithmetic.enclosures import ball, precision

Function = Callable[..., Any]


def _spherical(sign: int) -> Function:
    """j_n or i_n: x**n / (2n+1)!! times 0F1(n + 3/2; -+x**2/4), which is entire (DLMF 10.53.1)."""

    def function(x: Any, order: int) -> Any:
        factor = arb(1)
        for k in range(3, 2 * order + 2, 2):
            factor = factor * k
        return x**order / factor * (sign * x * x / 4).hypgeom_0f1(arb(order) + arb(1.5))

    return function


def _spherical_zero(sign: int, x: Any) -> Any:
    """Of order 0 at a series: sin or sinh of it by itself; by differences where it starts at 0."""
    if x[0].contains(0):
        return by_difference(lambda v: _spherical(sign)(v, 0), x)
    return (x.sin() if sign < 0 else (x.exp() - (-x).exp()) / 2) / x


BALLS: dict[str, Function] = {
    "erfinv": lambda x: x.erfinv(),
    "erfcinv": lambda x: x.erfcinv(),
    "hyp1f1": lambda x, a, b: x.hypgeom_1f1(ball(a), ball(b)),
    "hyp2f1": lambda x, a, b, c: x.hypgeom_2f1(ball(a), ball(b), ball(c)),
    "spherical_j": _spherical(-1),
    "spherical_i": _spherical(1),
    "bessel_i": lambda x, order: x.bessel_i(ball(order)),
    "bessel_j": lambda x, order: x.bessel_j(ball(order)),
    "bessel_k": lambda x, order: x.bessel_k(ball(order)),
    "bessel_y": lambda x, order: x.bessel_y(ball(order)),
    "elliptic_k": lambda x: acb(x).elliptic_k().real,
    "elliptic_e": lambda x: acb(x).elliptic_e().real,
    "expint": lambda x, order: x.expint(ball(order)),
    "ei": lambda x: x.ei(),
    "si": lambda x: x.si(),
    "ci": lambda x: x.ci(),
    "shi": lambda x: x.shi(),
    "chi": lambda x: x.chi(),
    "fresnel_s": lambda x: x.fresnel_s(),
    "fresnel_c": lambda x: x.fresnel_c(),
    "dilogarithm": lambda x: x.polylog(2),
    "rgamma": lambda x: x.rgamma(),
    "zeta": lambda x, s: ball(s).zeta(x),
}


def _inverse(function: Function, inverse: Function) -> Function:
    """The series of an inverse function: FLINT's reversion of the function's own series."""

    def at(x: Any) -> Any:
        around = function(arb_series([inverse(x[0]), 1]))
        shift = arb_series([0, *around.coeffs()[1:]], around.prec).reversion()
        return inverse(x[0]) + shift(arb_series([0, *x.coeffs()[1:]], x.prec))

    return at


SERIES: dict[str, Function] = {
    "erfinv": _inverse(lambda v: v.erf(), lambda v: v.erfinv()),
    "erfcinv": _inverse(lambda v: v.erfc(), lambda v: v.erfcinv()),
    "spherical_j": lambda x, order: _spherical_zero(-1, x) if order == 0 else by_difference(lambda v: BALLS["spherical_j"](v, order), x),
    "spherical_i": lambda x, order: _spherical_zero(1, x) if order == 0 else by_difference(lambda v: BALLS["spherical_i"](v, order), x),
    **{name: lambda x, name=name: getattr(x, name)() for name in ("ei", "si", "ci", "shi", "chi", "fresnel_s", "fresnel_c", "rgamma")},
}


def over_balls(name: str, x: Any, *parameters: Any) -> Any:
    """A function by its name."""
    return BALLS[name](ball(x), *parameters)


def over_series(name: str, x: Any, *parameters: Any) -> Any:
    """The same of a power series; by differences of balls where FLINT has no series."""
    if not isinstance(x, arb_series):
        return over_balls(name, x, *parameters)
    if name in SERIES:
        return SERIES[name](x, *parameters)
    return by_difference(lambda v: BALLS[name](v, *parameters), x)


def by_difference(function: Function, x: Any) -> Any:
    """Value and slope of a function that FLINT expands in no series: central differences of balls, at half as much precision again.

    Two steps, h = 2^-(p/2) and twice that for p bits; the radius is their disagreement, three times the error of the finer, and what the slope
    moves over the radius of the argument. Very precise, but not rigorous: the derivatives are taken to vary little over 2h and that radius.
    """
    bits, at = flint.ctx.prec, x[0]
    if not at.is_finite():
        return arb.nan()
    with precision(3 * bits // 2):
        h, middle = arb(2) ** -(bits // 2), at.mid()
        fine = _slope(function, middle, h)
        width = abs(fine - _slope(function, middle, 2 * h)).upper()
        if not at.is_exact():
            width = width + 2 * abs(fine - _slope(function, middle + at.rad(), h)).upper()
    return arb_series([function(at), (fine + arb(0, width)) * x[1]], 2)


def _slope(function: Function, at: Any, step: Any) -> Any:
    return (function(at + step) - function(at - step)) / (2 * step)


def owens_t(h: Any, a: Any) -> Any:
    """(a / 2 pi) times the integral of exp(-h**2 (1 + a**2 t**2) / 2) / (1 + a**2 t**2) over the unit interval, by FLINT's rigorous quadrature."""

    def integrand(t: Any, _: Any) -> Any:
        wide = 1 + (a * t) * (a * t)
        return (-(h * h) * wide / 2).exp() / wide

    return _over_unit_interval(integrand, h, a) * a / (2 * arb.pi())


def owens_t_slopes(h: Any, a: Any) -> tuple[Any, Any]:
    """Both derivatives: in h under the integral sign, in a the integrand at its end."""

    def integrand(t: Any, _: Any) -> Any:
        return (-(h * h) * (1 + (a * t) * (a * t)) / 2).exp()

    end = 1 + a * a
    return -h * a * _over_unit_interval(integrand, h, a) / (2 * arb.pi()), (-(h * h) * end / 2).exp() / (2 * arb.pi() * end)


def _over_unit_interval(integrand: Function, *constants: Any) -> Any:
    return acb.integral(integrand, 0, 1).real if all(c.is_finite() for c in constants) else arb.nan()
