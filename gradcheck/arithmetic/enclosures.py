"""What balls and ball series share: exact conversion, precision with a way back, whole exponents."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import flint
import numpy as np
from flint import arb

_INTEGER_POWER = 1 << 20


@contextmanager
def precision(bits: int, terms: int = 2) -> Iterator[None]:
    """FLINT's working precision and series length, set here and put back."""
    before = flint.ctx.prec, flint.ctx.cap
    try:
        flint.ctx.prec, flint.ctx.cap = bits, terms
        yield
    finally:
        flint.ctx.prec, flint.ctx.cap = before


class Undecidable(ArithmeticError):  # noqa: N818  says what is the case, and reaches no user
    """A comparison that enclosures of this width cannot settle."""


_close_are_equal = False


@contextmanager
def close_are_equal() -> Iterator[None]:
    """Values that the working precision cannot tell apart are taken as equal, here and until the context ends."""
    global _close_are_equal
    before, _close_are_equal = _close_are_equal, True
    try:
        yield
    finally:
        _close_are_equal = before


def order(difference: Any) -> int:
    """The sign of a difference. Raises Undecidable where the ball holds 0 and more, unless close values are equal."""
    if difference > 0:
        return 1
    if difference < 0:
        return -1
    if difference == 0 or (_close_are_equal and difference.is_finite()):
        return 0
    raise Undecidable("two values are too close to be ordered at this precision")


def ball(value: Any) -> Any:
    """A float, integer or boolean, exactly."""
    if isinstance(value, arb):
        return value
    return arb(int(value)) if isinstance(value, int | np.integer | bool | np.bool_) else arb(float(value))


def whole_number(b: Any) -> int | None:
    """An exponent as a Python integer where it is exactly one, of moderate size."""
    if isinstance(b, int) and not isinstance(b, bool):
        return b
    if isinstance(b, arb) and b.is_integer() and abs(b) < _INTEGER_POWER:
        return int(b.unique_fmpz())
    return None


def whole_power(x: Any, exponent: int) -> Any:
    """A ball to a whole power; FLINT gives NaN where the ball lies about exactly 0, as that of u - u does."""
    if exponent > 0 and x.mid() == 0 and not x.is_exact():
        return arb(0, 1) * x.rad() ** exponent
    return x**exponent
