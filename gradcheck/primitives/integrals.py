"""Functions defined by integrals: exponential, sine, cosine and Fresnel integrals, the dilogarithm, elliptic integrals, Owen's T."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special

from gradcheck.primitives.costs import TRANSCENDENTAL
from gradcheck.primitives.hypergeometric import HYP2F1, SPHERICAL_I, SPHERICAL_J
from gradcheck.primitives.parameters import of_parameters
from gradcheck.primitives.record import POSITIVE, Exact, Example, Interval, Primitive, elementwise, points
from gradcheck.primitives.special import ERF, ONE_OVER_ROOT_TWO

HALF_PI = Exact("pi/2", math.pi / 2, lambda m: m.divide(m.pi(), 2))
TWO_PI = Exact("2 pi", 2 * math.pi, lambda m: 2 * m.pi())
TWO_ROOT_TWO_PI = Exact("2 sqrt(2 pi)", 2 * math.sqrt(2 * math.pi), lambda m: 2 * m.sqrt(2 * m.pi()))
BELOW_ONE = Interval(high=1.0)

EXP1 = elementwise(
    "exp1", special.exp1, lambda g, y, x: -g * (np.exp(-x) / x),
    cost=TRANSCENDENTAL, exact=lambda m, x: -m.named("ei", -x), calls=[special.exp1], array="special.exp1({0})", domains=(POSITIVE,),
    special=points(pole=[0.0], tail=[600.0, 1e-300]), formula="integral of exp(-t)/t from x to infinity",
)  # fmt: skip
EXPI = elementwise(
    "expi", special.expi, lambda g, y, x: g * (np.exp(x) / x),
    cost=TRANSCENDENTAL, exact=lambda m, x: m.named("ei", x), calls=[special.expi], array="special.expi({0})",
    special=points(pole=[0.0], tail=[600.0, -600.0]), pieces=("x > 0", "x < 0"), backward=True, formula="integral of exp(t)/t up to x",
)  # fmt: skip
EXPN: Primitive = elementwise(
    "expn", lambda x, order: special.expn(order, x), lambda g, y, x, order: -g * _expn(x, order - 1),
    cost=TRANSCENDENTAL, exact=lambda m, x, order=2: m.named("expint", x, order), domains=(POSITIVE,), special=points(tail=[600.0, 1e-8]),
    examples=(Example(((),), {"order": 2}), Example(((),), {"order": 3})), formula="E_order(x)",
)  # fmt: skip


def _expn(x: Any, order: int) -> Any:
    """E_n of whole order, by the record that computes it."""
    if order == 0:
        return np.exp(-x) / x
    return EXP1(x) if order == 1 else EXPN(x, order=order)


SI = elementwise(
    "sici_si", lambda x: special.sici(x)[0], lambda g, y, x: g * SPHERICAL_J(x, order=0),
    cost=TRANSCENDENTAL, exact=lambda m, x: m.named("si", x), array="special.sici({0})[0]", special=points(zero=[0.0], tail=[1e5]),
    formula="integral of sin(t)/t from 0 to x",
)  # fmt: skip
CI = elementwise(
    "sici_ci", lambda x: special.sici(x)[1], lambda g, y, x: g * (np.cos(x) / x),
    cost=TRANSCENDENTAL, exact=lambda m, x: m.named("ci", x), array="special.sici({0})[1]", domains=(POSITIVE,), special=points(pole=[0.0], tail=[1e5]),
    backward=True, formula="-integral of cos(t)/t from x to infinity",
)  # fmt: skip
SHI = elementwise(
    "shichi_shi", lambda x: special.shichi(x)[0], lambda g, y, x: g * SPHERICAL_I(x, order=0),
    cost=TRANSCENDENTAL, exact=lambda m, x: m.named("shi", x), array="special.shichi({0})[0]", special=points(zero=[0.0], tail=[600.0]),
    formula="integral of sinh(t)/t from 0 to x",
)  # fmt: skip
CHI = elementwise(
    "shichi_chi", lambda x: special.shichi(x)[1], lambda g, y, x: g * (np.cosh(x) / x),
    cost=TRANSCENDENTAL, exact=lambda m, x: m.named("chi", x), array="special.shichi({0})[1]", domains=(POSITIVE,),
    special=points(pole=[0.0], tail=[600.0]), backward=True, formula="gamma + log(x) + integral of (cosh(t) - 1)/t from 0 to x",
)  # fmt: skip
FRESNEL_S = elementwise(
    "fresnel_s", lambda x: special.fresnel(x)[0], lambda g, y, x: g * np.sin(HALF_PI * (x * x)),
    cost=TRANSCENDENTAL, exact=lambda m, x: m.named("fresnel_s", x), array="special.fresnel({0})[0]", special=points(zero=[0.0], tail=[40.0]),
    formula="integral of sin(pi t**2 / 2) from 0 to x",
)  # fmt: skip
FRESNEL_C = elementwise(
    "fresnel_c", lambda x: special.fresnel(x)[1], lambda g, y, x: g * np.cos(HALF_PI * (x * x)),
    cost=TRANSCENDENTAL, exact=lambda m, x: m.named("fresnel_c", x), array="special.fresnel({0})[1]", special=points(zero=[0.0], tail=[40.0]),
    formula="integral of cos(pi t**2 / 2) from 0 to x",
)  # fmt: skip


def _log_quotient(x: Any) -> Any:
    """log(x) / (1 - x), by the hypergeometric function near 1, where it is -1."""
    near = np.logical_and(x > 0.5, x < 1.5)
    return np.where(
        near, -HYP2F1(1.0 - np.where(near, x, 1.0), a=1.0, b=1.0, c=2.0), np.log(np.where(near, 2.0, x)) / (1.0 - np.where(near, 2.0, x))
    )


SPENCE = elementwise(
    "spence", special.spence, lambda g, y, x: g * _log_quotient(x),
    cost=TRANSCENDENTAL, exact=lambda m, x: m.named("dilogarithm", 1 - x), calls=[special.spence], array="special.spence({0})", domains=(POSITIVE,),
    special=points(removable=[1.0], tail=[1e-300, 1e10]), pieces=("0 < x < 0.5", "0.5 < x < 1.5", "x > 1.5"),
    formula="integral of log(t)/(1 - t) from 1 to x",
)  # fmt: skip

# complete elliptic integrals: D = (K - E) / m does not cancel (Carlson's R_D; DLMF 19.25.1)
ELLIPTIC_D = elementwise(
    "elliptic_d", lambda p: special.elliprd(0.0, p, 1.0) / 3.0, lambda g, y, p: -g * (HALF_PI * (3.0 * HYP2F1(1.0 - p, a=1.5, b=2.5, c=3.0)) / 16.0),
    cost=TRANSCENDENTAL, exact=lambda m, p: m.divide(m.pi(), 4) * m.named("hyp2f1", 1 - p, 0.5, 1.5, 2.0), domains=(Interval(0.0, 2.0),),
    special=points(pole=[0.0]), formula="(K(m) - E(m)) / m at m = 1 - p",
)  # fmt: skip
ELLIPK = elementwise(
    "ellipk", special.ellipk, lambda g, y, m: g * ((y - ELLIPTIC_D(1.0 - m)) / (2.0 * (1.0 - m))),
    cost=TRANSCENDENTAL, exact=lambda a, m: a.named("elliptic_k", m), calls=[special.ellipk], array="special.ellipk({0})", domains=(BELOW_ONE,),
    special=points(pole=[1.0], zero=[0.0], tail=[-1e8, 1.0 - 2.0**-53]), formula="complete elliptic integral K(m)",
)  # fmt: skip
ELLIPKM1 = elementwise(
    "ellipkm1", special.ellipkm1, lambda g, y, p: -g * ((y - ELLIPTIC_D(p)) / (2.0 * p)),
    cost=TRANSCENDENTAL, exact=lambda m, p: m.named("elliptic_k", 1 - p), calls=[special.ellipkm1], array="special.ellipkm1({0})", domains=(POSITIVE,),
    special=points(pole=[0.0], zero=[1.0], tail=[1e-100]), formula="K(1 - p)",
)  # fmt: skip
ELLIPE = elementwise(
    "ellipe", special.ellipe, lambda g, y, m: -g * (0.5 * ELLIPTIC_D(1.0 - m)),
    cost=TRANSCENDENTAL, exact=lambda a, m: a.named("elliptic_e", m), calls=[special.ellipe], array="special.ellipe({0})", domains=(BELOW_ONE,),
    special=points(pole=[1.0], zero=[0.0], tail=[-1e8]), formula="complete elliptic integral E(m)",
)  # fmt: skip
OWENS_T = elementwise(
    "owens_t", special.owens_t,
    lambda g, y, h, a: -g * (ERF(a * h * ONE_OVER_ROOT_TWO) * np.exp(-0.5 * (h * h)) / TWO_ROOT_TWO_PI),
    lambda g, y, h, a: g * (np.exp(-0.5 * (h * h) * (1.0 + a * a)) / (TWO_PI * (1.0 + a * a))),
    cost=TRANSCENDENTAL, exact=lambda m, h, a: m.owens_t(h, a), calls=[special.owens_t], array="special.owens_t({0}, {1})",
    special=points(zero=[(0.0, 1.0), (1.0, 0.0)], tail=[(10.0, 0.5)]), formula="P(X > h, 0 < Y < a X) of independent normal X and Y",
)  # fmt: skip

EXPN.calls[special.expn] = of_parameters(_expn, "order", whole=True)  # type: ignore[index]
SI.calls[special.sici] = lambda x: (SI(x), CI(x))  # type: ignore[index]
SHI.calls[special.shichi] = lambda x: (SHI(x), CHI(x))  # type: ignore[index]
FRESNEL_S.calls[special.fresnel] = lambda x: (FRESNEL_S(x), FRESNEL_C(x))  # type: ignore[index]
