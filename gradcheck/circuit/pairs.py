"""Complex arithmetic on pairs of real arrays, in forms that neither overflow early nor cancel where NumPy's do not.

A part that is 0 everywhere is the plain number 0.0, and no operation is spent on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from gradcheck.primitives import shape_of
from gradcheck.primitives.elementary import LN2, LN10

Pair = tuple[Any, Any]
ZERO = 0.0


def zero(part: Any) -> bool:
    """Whether a part is 0 everywhere, and known to be."""
    return type(part) is float and part == 0.0


def shape_of_pair(z: Pair) -> tuple[int, ...]:
    """The shape of a complex value."""
    return shape_of(z[1] if zero(z[0]) else z[0])


def full(part: Any, shape: tuple[int, ...], like: Any) -> Any:
    """A part in full; zeros in the precision of one that is not 0."""
    return np.zeros(shape, like.dtype) if zero(part) else part


def nonzero(parts: Iterable[Any]) -> Any:
    """The first part that is not known to be 0."""
    return next(p for p in parts if not zero(p))


def add(a: Any, b: Any) -> Any:
    """a + b of two parts"""
    return b if zero(a) else a if zero(b) else a + b


def less(a: Any, b: Any) -> Any:
    """a - b of two parts"""
    return a if zero(b) else -b if zero(a) else a - b


def _times(a: Any, b: Any) -> Any:
    return ZERO if zero(a) or zero(b) else a * b


def _over(a: Any, b: Any) -> Any:
    return ZERO if zero(a) else a / b


def times(z: Pair, w: Pair) -> Pair:
    """z w"""
    return less(_times(z[0], w[0]), _times(z[1], w[1])), add(_times(z[0], w[1]), _times(z[1], w[0]))


def over(z: Pair, w: Pair) -> Pair:
    """z / w, by the direction of w and then by its size, so that no square overflows."""
    (a, b), (c, d) = z, w
    if zero(d):
        return _over(a, c), _over(b, c)
    if zero(c):
        return _over(b, d), less(ZERO, _over(a, d))
    size = np.hypot(c, d)
    c, d = c / size, d / size
    return _over(add(_times(a, c), _times(b, d)), size), _over(less(_times(b, c), _times(a, d)), size)


def size_of(z: Pair) -> Any:
    """|z|"""
    return np.abs(z[0]) if zero(z[1]) else np.abs(z[1]) if zero(z[0]) else np.hypot(*z)


def exp(z: Pair) -> Pair:
    """exp(x) (cos y + i sin y)"""
    x, y = z
    if zero(y):
        return np.exp(x), y
    return (np.cos(y), np.sin(y)) if zero(x) else (np.exp(x) * np.cos(y), np.exp(x) * np.sin(y))


def log(z: Pair) -> Pair:
    """log |z| + i arg z"""
    return np.log(size_of(z)), np.arctan2(z[1], z[0])


def log2(z: Pair) -> Pair:
    """The logarithm to base 2."""
    return np.log2(size_of(z)), np.arctan2(z[1], z[0]) / LN2


def log10(z: Pair) -> Pair:
    """The logarithm to base 10."""
    return np.log10(size_of(z)), np.arctan2(z[1], z[0]) / LN10


def sqrt(z: Pair) -> Pair:
    """The root in the right half plane."""
    root, half = np.sqrt(size_of(z)), np.arctan2(z[1], z[0]) / 2.0
    return root * np.cos(half), root * np.sin(half)


def sinh(z: Pair) -> Pair:
    """sinh x cos y + i cosh x sin y"""
    x, y = z
    if zero(y):
        return np.sinh(x), y
    return (ZERO, np.sin(y)) if zero(x) else (np.sinh(x) * np.cos(y), np.cosh(x) * np.sin(y))


def cosh(z: Pair) -> Pair:
    """cosh x cos y + i sinh x sin y"""
    x, y = z
    if zero(y):
        return np.cosh(x), y
    return (np.cos(y), ZERO) if zero(x) else (np.cosh(x) * np.cos(y), np.sinh(x) * np.sin(y))


def tanh(z: Pair) -> Pair:
    """(sinh 2x + i sin 2y) / (cosh 2x + cos 2y), both divided by cosh 2x, which may overflow."""
    x, y = z
    if zero(y):
        return np.tanh(x), y
    if zero(x):
        return ZERO, np.tan(y)
    x, y = 2.0 * x, 2.0 * y
    below = 1.0 + np.cos(y) / np.cosh(x)
    return np.tanh(x) / below, np.sin(y) / np.cosh(x) / below


def turned(function: Callable[[Pair], Pair], *, back: bool = False) -> Callable[[Pair], Pair]:
    """sin z = -i sinh(iz), cos z = cosh(iz), tan z = -i tanh(iz)."""

    def form(z: Pair) -> Pair:
        re, im = function((less(ZERO, z[1]), z[0]))
        return (im, less(ZERO, re)) if back else (re, im)

    return form


def expm1(z: Pair) -> Pair:
    """exp(z) - 1 without cancellation: 1 - cos y is twice the square of sin(y/2)."""
    x, y = z
    if zero(y):
        return np.expm1(x), y
    missing = 2.0 * np.sin(y / 2.0) * np.sin(y / 2.0)
    re = -missing if zero(x) else np.expm1(x) - missing * np.exp(x)
    return re, exp(z)[1]
