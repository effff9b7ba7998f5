"""Confluent and Gauss hypergeometric functions of fixed parameters, and functions whose derivatives are such.

Where a derivative written with the function itself cancels (in the tails, or at a removable singularity), its hypergeometric form does not
(DLMF 13.3.15, 15.5.1).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special

from gradcheck.primitives.costs import TRANSCENDENTAL
from gradcheck.primitives.parameters import of_parameters
from gradcheck.primitives.record import UNIT, Exact, Example, Primitive, elementwise, points

PI = Exact("pi", math.pi, lambda m: m.pi())

HYP1F1: Primitive = elementwise(
    "hyp1f1", lambda x, a, b: special.hyp1f1(a, b, x), lambda g, y, x, a, b: g * (HYP1F1(x, a=a + 1.0, b=b + 1.0) * a / b),
    cost=TRANSCENDENTAL, exact=lambda m, x, a=1.0, b=2.0: m.named("hyp1f1", x, a, b), backward=True,
    examples=(Example(((),), {"a": 1.5, "b": 2.0}), Example(((),), {"a": 1.0, "b": 0.5})), special=points(zero=[0.0], tail=[-100.0]),
    formula="1F1(a; b; x)",
)  # fmt: skip
HYP2F1: Primitive = elementwise(
    "hyp2f1", lambda x, a, b, c: special.hyp2f1(a, b, c, x),
    lambda g, y, x, a, b, c: g * (HYP2F1(x, a=a + 1.0, b=b + 1.0, c=c + 1.0) * a * b / c),
    cost=TRANSCENDENTAL, exact=lambda m, x, a=1.0, b=1.0, c=2.0: m.named("hyp2f1", x, a, b, c), domains=(UNIT,), backward=True,
    examples=(Example(((),), {"a": 0.5, "b": 1.5, "c": 2.0}), Example(((),), {"a": 2.0, "b": 2.0, "c": 3.0})), special=points(zero=[0.0]),
    formula="2F1(a, b; c; x)",
)  # fmt: skip
SPHERICAL_J: Primitive = elementwise(
    "spherical_jn", lambda x, order: special.spherical_jn(order, x), lambda g, y, x, order: g * _spherical_slope(SPHERICAL_J, x, order, -1.0),
    cost=TRANSCENDENTAL, exact=lambda m, x, order=1: m.named("spherical_j", x, order), backward=True,
    examples=(Example(((),), {"order": 0}), Example(((),), {"order": 2})), special=points(zero=[0.0]), formula="j_order(x)",
)  # fmt: skip
SPHERICAL_I: Primitive = elementwise(
    "spherical_in", lambda x, order: special.spherical_in(order, x), lambda g, y, x, order: g * _spherical_slope(SPHERICAL_I, x, order, 1.0),
    cost=TRANSCENDENTAL, exact=lambda m, x, order=1: m.named("spherical_i", x, order), backward=True,
    examples=(Example(((),), {"order": 0}), Example(((),), {"order": 2})), special=points(zero=[0.0]), formula="i_order(x)",
)  # fmt: skip


def _spherical_slope(family: Primitive, x: Any, order: int, sign: float) -> Any:
    """From both neighbours, which are regular at 0 (DLMF 10.51.2, 10.51.5)."""
    if order == 0:
        return sign * family(x, order=1)
    return (float(order) * family(x, order=order - 1) + sign * float(order + 1) * family(x, order=order + 1)) / float(2 * order + 1)


SINC = elementwise(
    "sinc", np.sinc, lambda g, y, x: -g * (PI * SPHERICAL_J(PI * x, order=1)),
    cost=TRANSCENDENTAL, exact=lambda m, x: m.named("spherical_j", x * m.pi(), 0), calls=[np.sinc], backward=True,
    special=points(zero=[0.0, 1.0]), formula="sin(pi x) / (pi x)",
)  # fmt: skip
EXPREL = elementwise(
    "exprel", special.exprel, lambda g, y, x: g * (0.5 * HYP1F1(x, a=2.0, b=3.0)),
    cost=TRANSCENDENTAL, exact=lambda m, x: m.named("hyp1f1", x, 1.0, 2.0), calls=[special.exprel], array="special.exprel({0})",
    special=points(removable=[0.0], tail=[-40.0, 700.0, 1e-9]), formula="(exp(x) - 1) / x",
)  # fmt: skip


def _dawsn_slope(x: Any) -> Any:
    """1F1(1; 1/2; -x**2), for 1 - 2 x y cancels in the tails; by Kummer's transformation where SciPy's values are better so (DLMF 13.2.39)."""
    square, near = x * x, np.logical_and(x > -10.0, x < 10.0)
    small = np.where(near, square, 0.0)
    return np.where(near, np.exp(-small) * HYP1F1(small, a=-0.5, b=0.5), HYP1F1(-np.where(near, 100.0, square), a=1.0, b=0.5))


DAWSN = elementwise(
    "dawsn", special.dawsn, lambda g, y, x: g * _dawsn_slope(x),
    cost=TRANSCENDENTAL, exact=lambda m, x: x * m.named("hyp1f1", -x * x, 1.0, 1.5), calls=[special.dawsn], array="special.dawsn({0})",
    special=points(zero=[0.0], tail=[100.0, -1e4]), pieces=("-10 < x < 10", "x > 10", "x < -10"),
    formula="exp(-x**2) times the integral of exp(t**2) from 0 to x",
)  # fmt: skip
I0E = elementwise(  # i1e(x) - i0e(x) cancels in the tails
    "i0e", special.i0e, lambda g, y, x: -g * (np.sign(x) * HYP1F1(-2.0 * np.abs(x), a=1.5, b=2.0)),
    cost=TRANSCENDENTAL, exact=lambda m, x: m.exp(-m.absolute(x)) * m.named("bessel_i", x, 0), calls=[special.i0e], array="special.i0e({0})",
    special=points(kink=[0.0], tail=[100.0, -1e4]), pieces=("x > 0", "x < 0"), analytic=False, formula="exp(-|x|) I_0(x)",
)  # fmt: skip


def _ive_slope(x: Any, order: float) -> Any:
    """(|x|/2)**v / Gamma(v + 1) times 1F1(v + 1/2; 2v + 1; -2|x|), differentiated; even orders are even functions (DLMF 10.39.5)."""
    size, v = np.abs(x), float(order)
    constant = Exact(
        f"1/(2**{v} Gamma({v} + 1))",
        float(0.5**v * special.rgamma(v + 1.0)),
        lambda m: m.power(m.constant(0.5), m.constant(v)) * m.named("rgamma", m.constant(v + 1.0)),
    )
    falling = size * HYP1F1(-2.0 * size, a=v + 1.5, b=2.0 * v + 2.0)
    slope = constant * (v * HYP1F1(-2.0 * size, a=v + 0.5, b=2.0 * v + 1.0) - falling) * size ** (v - 1.0)
    return np.sign(x) * slope if order % 2 == 0 else slope


IVE = elementwise(
    "ive", lambda x, order: special.ive(order, x), lambda g, y, x, order: g * _ive_slope(x, order),
    cost=TRANSCENDENTAL, exact=lambda m, x, order=1: m.exp(-m.absolute(x)) * m.named("bessel_i", x, order),
    examples=(Example(((),), {"order": 1}), Example(((),), {"order": 2})), special=points(tail=[100.0, -1e4]), pieces=("x > 0", "x < 0"), analytic=False,
    formula="exp(-|x|) I_order(x)",
)  # fmt: skip
I1E = elementwise(
    "i1e", special.i1e, lambda g, y, x: g * _ive_slope(x, 1),
    cost=TRANSCENDENTAL, exact=lambda m, x: m.exp(-m.absolute(x)) * m.named("bessel_i", x, 1), calls=[special.i1e], array="special.i1e({0})",
    special=points(zero=[0.0], tail=[100.0, -1e4]), pieces=("x > 0", "x < 0"), analytic=False, formula="exp(-|x|) I_1(x)",
)  # fmt: skip


def _ive(x: Any, order: float) -> Any:
    if order < 0:
        raise TypeError("scipy.special.ive of a negative order is not followed")
    return (I0E, I1E)[int(order)](x) if order in (0, 1) else IVE(x, order=order)


_CALLS: tuple[tuple[Primitive, Any, Any], ...] = (
    (HYP1F1, special.hyp1f1, of_parameters(HYP1F1, "a", "b")),
    (HYP2F1, special.hyp2f1, of_parameters(HYP2F1, "a", "b", "c")),
    (IVE, special.ive, of_parameters(_ive, "order")),
    (SPHERICAL_J, special.spherical_jn, of_parameters(SPHERICAL_J, "order", whole=True)),
    (SPHERICAL_I, special.spherical_in, of_parameters(SPHERICAL_I, "order", whole=True)),
)  # fmt: skip
for _record, _call, _adapter in _CALLS:
    _record.calls[_call] = _adapter  # type: ignore[index]
