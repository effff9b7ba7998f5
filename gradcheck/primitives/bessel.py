"""Bessel functions of fixed order, ordinary and modified, of both kinds. Their derivatives are their neighbours (DLMF 10.6.1, 10.29.1)."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from gradcheck.primitives.costs import TRANSCENDENTAL
from gradcheck.primitives.parameters import of_parameters
from gradcheck.primitives.record import POSITIVE, Example, Primitive, Special, elementwise, points


def modified(x: Any, order: float) -> Any:
    """I of any order, by the record that computes it."""
    return _of_order(I0, I1, IV, x, order)


def ordinary(x: Any, order: float) -> Any:
    """J of any order."""
    return _of_order(J0, J1, JV, x, order)


def second_modified(x: Any, order: float) -> Any:
    """K of any order."""
    return _of_order(K0, K1, KV, x, order)


def second(x: Any, order: float) -> Any:
    """Y of any order."""
    return _of_order(Y0, Y1, YV, x, order)


def _of_order(zero: Primitive, one: Primitive, general: Primitive, x: Any, order: float) -> Any:
    if order in (0, 1):
        return (zero, one)[int(order)](x)
    return general(x, order=int(order) if order == int(order) and order >= 0 else float(order))


ORDERS = (Example(((),), {"order": 2}), Example(((),), {"order": 3}))
AT_ZERO = (Special("zero", (0.0,)),)
POLE = points(pole=[0.0])
IV: Primitive = elementwise(
    "iv", lambda x, order: special.iv(order, x), lambda g, y, x, order: g * (0.5 * (modified(x, order - 1) + modified(x, order + 1))),
    cost=TRANSCENDENTAL, exact=lambda m, x, order=2: m.named("bessel_i", x, order), special=AT_ZERO, examples=ORDERS, formula="I_order(x)",
)  # fmt: skip
I0 = elementwise(
    "i0", special.i0, lambda g, y, x: g * I1(x),
    cost=TRANSCENDENTAL, exact=lambda m, x: m.named("bessel_i", x, 0), calls=[special.i0, np.i0], array="special.i0({0})", special=AT_ZERO,
    formula="I_0(x)",
)  # fmt: skip
I1: Primitive = elementwise(  # not I_0 - I_1 / x: that is 0/0 at 0
    "i1", special.i1, lambda g, y, x: g * (0.5 * (I0(x) + IV(x, order=2))),
    cost=TRANSCENDENTAL, exact=lambda m, x: m.named("bessel_i", x, 1), calls=[special.i1], array="special.i1({0})", special=AT_ZERO, formula="I_1(x)",
)  # fmt: skip
JV: Primitive = elementwise(
    "jv", lambda x, order: special.jv(order, x), lambda g, y, x, order: g * (0.5 * (ordinary(x, order - 1) - ordinary(x, order + 1))),
    cost=TRANSCENDENTAL, exact=lambda m, x, order=2: m.named("bessel_j", x, order), special=AT_ZERO, examples=ORDERS, backward=True,
    formula="J_order(x)",
)  # fmt: skip
J0 = elementwise(
    "j0", special.j0, lambda g, y, x: -g * J1(x),
    cost=TRANSCENDENTAL, exact=lambda m, x: m.named("bessel_j", x, 0), calls=[special.j0], array="special.j0({0})", special=AT_ZERO, backward=True,
    formula="J_0(x)",
)  # fmt: skip
J1: Primitive = elementwise(
    "j1", special.j1, lambda g, y, x: g * (0.5 * (J0(x) - JV(x, order=2))),
    cost=TRANSCENDENTAL, exact=lambda m, x: m.named("bessel_j", x, 1), calls=[special.j1], array="special.j1({0})", special=AT_ZERO, backward=True,
    formula="J_1(x)",
)  # fmt: skip
KV: Primitive = elementwise(
    "kv", lambda x, order: special.kv(order, x), lambda g, y, x, order: -g * (0.5 * (second_modified(x, order - 1) + second_modified(x, order + 1))),
    cost=TRANSCENDENTAL, exact=lambda m, x, order=2: m.named("bessel_k", x, order), domains=(POSITIVE,), examples=ORDERS,
    formula="K_order(x)",
)  # fmt: skip
K0 = elementwise(
    "k0", special.k0, lambda g, y, x: -g * K1(x),
    cost=TRANSCENDENTAL, exact=lambda m, x: m.named("bessel_k", x, 0), calls=[special.k0], array="special.k0({0})", domains=(POSITIVE,), special=POLE,
    formula="K_0(x)",
)  # fmt: skip
K1: Primitive = elementwise(
    "k1", special.k1, lambda g, y, x: -g * (0.5 * (K0(x) + KV(x, order=2))),
    cost=TRANSCENDENTAL, exact=lambda m, x: m.named("bessel_k", x, 1), calls=[special.k1], array="special.k1({0})", domains=(POSITIVE,),
    formula="K_1(x)",
)  # fmt: skip
YV: Primitive = elementwise(
    "yv", lambda x, order: special.yv(order, x), lambda g, y, x, order: g * (0.5 * (second(x, order - 1) - second(x, order + 1))),
    cost=TRANSCENDENTAL, exact=lambda m, x, order=2: m.named("bessel_y", x, order), domains=(POSITIVE,), examples=ORDERS, backward=True,
    formula="Y_order(x)",
)  # fmt: skip
Y0 = elementwise(
    "y0", special.y0, lambda g, y, x: -g * Y1(x),
    cost=TRANSCENDENTAL, exact=lambda m, x: m.named("bessel_y", x, 0), calls=[special.y0], array="special.y0({0})", domains=(POSITIVE,), special=POLE,
    backward=True, formula="Y_0(x)",
)  # fmt: skip
Y1: Primitive = elementwise(
    "y1", special.y1, lambda g, y, x: g * (0.5 * (Y0(x) - YV(x, order=2))),
    cost=TRANSCENDENTAL, exact=lambda m, x: m.named("bessel_y", x, 1), calls=[special.y1], array="special.y1({0})", domains=(POSITIVE,),
    backward=True, formula="Y_1(x)",
)  # fmt: skip


for _record, _calls, _function in (
    (IV, (special.iv,), modified), (JV, (special.jv, special.jn), ordinary), (KV, (special.kv, special.kn), second_modified),
    (YV, (special.yv, special.yn), second),
):  # fmt: skip
    _record.calls.update(dict.fromkeys(_calls, of_parameters(_function, "order")))  # type: ignore[attr-defined]
