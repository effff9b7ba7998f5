"""Bessel functions of whole order, ordinary and modified. Their derivatives are their neighbours (DLMF 10.6.1, 10.29.1)."""

from __future__ import annotations

from typing import Any

from scipy import special

from gradcheck.primitives.costs import TRANSCENDENTAL
from gradcheck.primitives.record import Example, Primitive, Special, elementwise, shape_of


def _iv(x: Any, order: int) -> Any:
    return special.iv(order, x)


def _jv(x: Any, order: int) -> Any:
    return special.jv(order, x)


ORDERS = (Example(((),), {"order": 2}), Example(((),), {"order": 3}))
AT_ZERO = (Special("zero", (0.0,)),)
IV: Primitive = elementwise(
    "iv", _iv, lambda g, y, x, order: g * (0.5 * (modified(order - 1, x) + modified(order + 1, x))),
    cost=TRANSCENDENTAL, exact=lambda m, x, order=2: m.bessel_i(order, x), special=AT_ZERO, examples=ORDERS, formula="I_order(x)",
)  # fmt: skip
I0 = elementwise(
    "i0", special.i0, lambda g, y, x: g * I1(x),
    cost=TRANSCENDENTAL, exact=lambda m, x: m.bessel_i(0, x), calls=[special.i0], array="special.i0({0})", special=AT_ZERO, formula="I_0(x)",
)  # fmt: skip
I1: Primitive = elementwise(  # not I_0 - I_1 / x: that is 0/0 at 0
    "i1", special.i1, lambda g, y, x: g * (0.5 * (I0(x) + IV(x, order=2))),
    cost=TRANSCENDENTAL, exact=lambda m, x: m.bessel_i(1, x), calls=[special.i1], array="special.i1({0})", special=AT_ZERO, formula="I_1(x)",
)  # fmt: skip
JV: Primitive = elementwise(
    "jv", _jv, lambda g, y, x, order: g * (0.5 * (ordinary(order - 1, x) - ordinary(order + 1, x))),
    cost=TRANSCENDENTAL, exact=lambda m, x, order=2: m.bessel_j(order, x), special=AT_ZERO, examples=ORDERS, backward=True, formula="J_order(x)",
)  # fmt: skip
J0 = elementwise(
    "j0", special.j0, lambda g, y, x: -g * J1(x),
    cost=TRANSCENDENTAL, exact=lambda m, x: m.bessel_j(0, x), calls=[special.j0], array="special.j0({0})", special=AT_ZERO, backward=True, formula="J_0(x)",
)  # fmt: skip
J1: Primitive = elementwise(
    "j1", special.j1, lambda g, y, x: g * (0.5 * (J0(x) - JV(x, order=2))),
    cost=TRANSCENDENTAL, exact=lambda m, x: m.bessel_j(1, x), calls=[special.j1], array="special.j1({0})", special=AT_ZERO, backward=True, formula="J_1(x)",
)  # fmt: skip


def modified(order: int, x: Any) -> Any:
    """I of a whole order, by the record that computes it."""
    return (I0, I1)[order](x) if order in (0, 1) else IV(x, order=order)


def ordinary(order: int, x: Any) -> Any:
    """J of a whole order, by the record that computes it."""
    return (J0, J1)[order](x) if order in (0, 1) else JV(x, order=order)


def _whole(family: Any) -> Any:
    def adapter(order: Any, x: Any) -> Any:
        if shape_of(order) != () or getattr(order, "recorder", None) is not None or int(order) != order or order < 0:
            raise TypeError("a Bessel function of an order that is no fixed whole number is not followed")
        return family(int(order), x)

    return adapter


IV.calls[special.iv] = _whole(modified)  # type: ignore[index]
JV.calls[special.jv] = _whole(ordinary)  # type: ignore[index]
