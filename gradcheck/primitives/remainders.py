"""Operations that mix a continuous operand with a whole number: remainders, rounding, scaling by powers of two."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.primitives.costs import ADDITION, COMPARISON, DIVISION, MULTIPLICATION
from gradcheck.primitives.record import POSITIVE, REAL, Example, Primitive, Special, elementwise, shape_of

_WHOLE = (Special("jump", (2.0, 1.0)), Special("pole", (1.0, 0.0)))


def _step(name: str, ufunc: np.ufunc, exact: Any, special: tuple[Special, ...]) -> Primitive:
    return elementwise(
        name, ufunc, cost=COMPARISON, arity=1, exact=exact, calls=[ufunc], rounds=False, analytic=False, special=special, formula=f"{name}(x)",
    )  # fmt: skip


TRUNC = _step("trunc", np.trunc, lambda m, x: m.trunc(x), (Special("jump", (1.0,)),))
FLOOR_DIVIDE = elementwise(
    "floor_divide", np.floor_divide, cost=DIVISION + COMPARISON, arity=2, exact=lambda m, a, b: m.floor(a / b), calls=[np.floor_divide],
    array="{0} // {1}", rounds=False, analytic=False, domains=(REAL, POSITIVE), special=_WHOLE, formula="floor(a / b)",
)  # fmt: skip
REMAINDER = elementwise(
    "remainder", np.remainder, lambda g, y, a, b: g, lambda g, y, a, b: -g * np.floor_divide(a, b),
    cost=DIVISION + COMPARISON + MULTIPLICATION + ADDITION, exact=lambda m, a, b: a - b * m.floor(a / b), calls=[np.remainder],
    array="{0} % {1}", analytic=False, domains=(REAL, POSITIVE), special=_WHOLE, formula="a - b floor(a / b)",
)  # fmt: skip
FMOD = elementwise(
    "fmod", np.fmod, lambda g, y, a, b: g, lambda g, y, a, b: -g * np.trunc(a / b),
    cost=DIVISION + COMPARISON + MULTIPLICATION + ADDITION, exact=lambda m, a, b: a - b * m.trunc(a / b), calls=[np.fmod],
    analytic=False, domains=(REAL, POSITIVE), special=_WHOLE, formula="a - b trunc(a / b)",
)  # fmt: skip


def _ldexp(x: Any, n: Any) -> Any:
    return np.ldexp(x, n)


LDEXP: Primitive = elementwise(
    "ldexp", _ldexp, lambda g, y, x, n: LDEXP(g, n=n),
    cost=MULTIPLICATION, exact=lambda m, x, n=1: x * m.power(2, n), rounds=False, formula="x 2**n",
    examples=(Example(((),), {"n": 3}), Example(((),), {"n": -2})),
)  # fmt: skip


def ldexp(x: Any, n: Any) -> Any:
    """np.ldexp with fixed powers of two."""
    if getattr(n, "recorder", None) is not None:
        raise TypeError("np.ldexp(x, n) with a traced n is not followed: n is a whole number, make it data")
    if shape_of(n) != ():
        return x * np.ldexp(1.0, n)
    return LDEXP(x, n=int(n))


LDEXP.calls[np.ldexp] = ldexp  # type: ignore[index]
