"""Elementwise functions, products and loops that are compositions of records."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special

from gradcheck.primitives.elementary import EXP2, EXPM1, LN10, LOG1P
from gradcheck.primitives.hypergeometric import EXPREL
from gradcheck.primitives.moving import concrete, decided
from gradcheck.primitives.record import Exact, shape_of
from gradcheck.primitives.special import LOGADDEXP


def real_only(x: Any) -> Any:
    """The array; TypeError where it is complex, for a conjugate would be missing."""
    if np.dtype(getattr(x, "dtype", float)).kind == "c":
        raise TypeError("complex values are not followed here: write the conjugate and the product out")
    return x


# numbers and their parts
def divmod_(x: Any, y: Any) -> Any:
    """np.divmod: the quotient is a decision."""
    return np.floor_divide(x, y), np.remainder(x, y)


def modf(x: Any) -> Any:
    """np.modf: the whole part is a decision."""
    whole = np.trunc(x)
    return x - whole, whole


def frexp(x: Any) -> Any:
    """np.frexp: the power of two is a decision."""
    power = np.asarray(np.frexp(concrete(x))[1])
    decided(np.abs(x) >= 2.0 ** (power - 1.0))
    decided(np.abs(x) < 2.0**power)
    return x * 2.0 ** (-power.astype(float)), power[()]


def fix(x: Any, out: Any = None) -> Any:
    """np.fix."""
    return np.trunc(x)


def isclose(a: Any, b: Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> Any:
    """np.isclose, a decision."""
    if equal_nan:
        raise TypeError("np.isclose(equal_nan=True) is not followed")
    return np.logical_or(a == b, np.abs(a - b) <= atol + rtol * np.abs(b))


def allclose(a: Any, b: Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> bool:
    """np.allclose, a decision."""
    return bool(np.all(isclose(a, b, rtol, atol, equal_nan)))


def array_equal(a1: Any, a2: Any, equal_nan: bool = False) -> bool:
    """np.array_equal, a decision."""
    return shape_of(a1) == shape_of(a2) and bool(np.all(a1 == a2))


# places that are decisions
def nonzero(a: Any) -> Any:
    """np.nonzero."""
    return np.nonzero(decided(a != 0))


def flatnonzero(a: Any) -> Any:
    """np.flatnonzero."""
    return np.flatnonzero(decided(a != 0))


def argwhere(a: Any) -> Any:
    """np.argwhere."""
    return np.argwhere(decided(a != 0))


def count_nonzero(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    """np.count_nonzero."""
    return np.count_nonzero(decided(a != 0), axis=axis, keepdims=keepdims)


# products
def cross(a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Any:
    """np.cross of vectors with three components."""
    axisa, axisb, axisc = (axisa, axisb, axisc) if axis is None else (axis,) * 3
    a, b = np.moveaxis(a, axisa, -1), np.moveaxis(b, axisb, -1)
    if shape_of(a)[-1] != 3 or shape_of(b)[-1] != 3:
        raise TypeError("np.cross is followed for vectors with three components")
    parts = [a[..., i] * b[..., j] - a[..., j] * b[..., i] for i, j in ((1, 2), (2, 0), (0, 1))]
    return np.stack(parts, axis=axisc)


def vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    """np.vecdot of real vectors."""
    return np.sum(np.moveaxis(real_only(x1), axis, -1) * np.moveaxis(x2, axis, -1), axis=-1)


def matvec(x1: Any, x2: Any) -> Any:
    """np.matvec."""
    return np.matmul(x1, np.expand_dims(x2, -1))[..., 0]


def vecmat(x1: Any, x2: Any) -> Any:
    """np.vecmat of real vectors."""
    return np.matmul(np.expand_dims(real_only(x1), -2), x2)[..., 0, :]


# loops
def apply_along_axis(func1d: Callable[..., Any], axis: int, arr: Any, *args: Any, **options: Any) -> Any:
    """np.apply_along_axis: the function of every line."""
    lines = np.moveaxis(arr, axis, -1)
    shape = shape_of(lines)[:-1]
    found = [func1d(lines[index], *args, **options) for index in np.ndindex(shape)]
    whole = np.reshape(np.stack(found), (*shape, *shape_of(found[0])))
    return np.moveaxis(
        whole,
        range(len(shape), len(shape_of(whole))),
        range(axis % len(shape_of(arr)), axis % len(shape_of(arr)) + len(shape_of(found[0]))),
    )


def apply_over_axes(func: Callable[..., Any], a: Any, axes: Any) -> Any:
    """np.apply_over_axes."""
    for axis in (axes,) if isinstance(axes, int) else axes:
        found = func(a, axis)
        a = found if len(shape_of(found)) == len(shape_of(a)) else np.expand_dims(found, axis)
    return a


# scipy.special
def cosm1(x: Any) -> Any:
    """scipy.special.cosm1, without cancellation."""
    half = np.sin(0.5 * x)
    return -2.0 * (half * half)


def exp10(x: Any) -> Any:
    """scipy.special.exp10."""
    return np.exp2(x * Exact("log2(10)", float(np.log2(10.0)), lambda m: m.divide(LN10.form(m), m.log(m.constant(2)))))


def huber(delta: Any, r: Any) -> Any:
    """scipy.special.huber: a square near 0, then a line; infinite for a negative delta."""
    size = np.abs(r)
    return np.where(delta < 0, np.inf, np.where(size <= delta, 0.5 * (r * r), delta * (size - 0.5 * delta)))


def pseudo_huber(delta: Any, r: Any) -> Any:
    """scipy.special.pseudo_huber; written so that nothing cancels near 0."""
    ratio = r / delta
    return np.where(delta < 0, np.inf, r * r / (1.0 + np.hypot(1.0, ratio)))


def boxcox(x: Any, lmbda: Any) -> Any:
    """scipy.special.boxcox: smooth in lambda, through 0."""
    return _power_ratio(np.log(x), lmbda)


def boxcox1p(x: Any, lmbda: Any) -> Any:
    """scipy.special.boxcox1p."""
    return _power_ratio(np.log1p(x), lmbda)


def _power_ratio(log: Any, lmbda: Any) -> Any:
    return log * EXPREL(lmbda * log)


def inv_boxcox(y: Any, lmbda: Any) -> Any:
    """scipy.special.inv_boxcox of a fixed lambda."""
    return np.exp(_log_of_inverse(y, lmbda))


def inv_boxcox1p(y: Any, lmbda: Any) -> Any:
    """scipy.special.inv_boxcox1p of a fixed lambda."""
    return np.expm1(_log_of_inverse(y, lmbda))


def _log_of_inverse(y: Any, lmbda: Any) -> Any:
    if getattr(lmbda, "recorder", None) is not None:
        raise TypeError(
            "the derivative of scipy.special.inv_boxcox in lambda is not followed: make it data, or write (lmbda * y + 1) ** (1 / lmbda)"
        )
    lmbda = np.asarray(lmbda, dtype=float)
    safe = np.where(lmbda == 0, 1.0, lmbda)
    return np.where(lmbda == 0, y, np.log1p(safe * y) / safe)


def powm1(x: Any, y: Any) -> Any:
    """scipy.special.powm1 of positive numbers."""
    return np.expm1(y * np.log(x))


def softplus(x: Any, **options: Any) -> Any:
    """scipy.special.softplus."""
    return LOGADDEXP(0.0, x)


EXP2.calls[special.exp2] = EXPM1.calls[special.expm1] = LOG1P.calls[special.log1p] = None  # type: ignore[index]
COMPOSED: dict[Any, Callable[..., Any]] = {
    np.positive: lambda x: +x, np.real_if_close: lambda a, tol=100: real_only(a), np.divmod: divmod_, np.modf: modf,
    np.frexp: frexp, np.fix: fix, np.isclose: isclose, np.allclose: allclose, np.array_equal: array_equal, np.nonzero: nonzero,
    np.flatnonzero: flatnonzero, np.argwhere: argwhere, np.count_nonzero: count_nonzero, np.cross: cross, np.vecdot: vecdot,
    np.apply_along_axis: apply_along_axis,
    np.apply_over_axes: apply_over_axes, special.cosm1: cosm1, special.exp10: exp10, special.cbrt: np.cbrt, special.huber: huber,
    special.pseudo_huber: pseudo_huber, special.boxcox: boxcox, special.boxcox1p: boxcox1p, special.inv_boxcox: inv_boxcox,
    special.inv_boxcox1p: inv_boxcox1p, special.powm1: powm1,
}  # fmt: skip
COMPOSED |= {getattr(np, name): f for name, f in (("matvec", matvec), ("vecmat", vecmat)) if hasattr(np, name)}
if hasattr(np, "astype"):
    COMPOSED[np.astype] = lambda x, dtype, /, **options: x.astype(dtype)
if hasattr(special, "softplus"):
    COMPOSED[special.softplus] = softplus
