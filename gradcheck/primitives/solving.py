"""Linear systems: inverse, solution, determinant (Giles, Collected matrix derivative results for algorithmic differentiation, 2008), and norms.

LAPACK is accurate backward: its results are exact for a matrix changed by rounding.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gradcheck.primitives.costs import COMPARISON, Counts, Sized
from gradcheck.primitives.record import Example, Primitive, shape_of

Params = Mapping[str, Any]
Inputs = tuple[Any, ...]
_PAIR, _ONE = Example(((2, 2),)), Example(((1, 1),))


def _elimination(n: int, right: int) -> Counts:
    """Gaussian elimination with n unknowns and so many right-hand sides."""
    steps = (n**3 - n) // 3 + n * n * right - n * right
    return Counts(additions=steps, multiplications=steps, divisions=n * (n - 1) // 2 + n * right)


def _square(x: Any) -> None:
    shape = shape_of(x)
    if len(shape) != 2 or shape[0] != shape[1]:
        raise TypeError(f"a square matrix is followed here, not an array of shape {shape}: take one matrix of a stack at a time")


def _eliminated(m: Any, a: Any, right: Any) -> tuple[Any, Any]:
    """The solution for all right-hand sides, and the determinant, by elimination in exact scalars with the largest pivots."""
    a, right, n = a.copy(), right.copy(), a.shape[0]
    determinant: Any = m.constant(1)
    for k in range(n):
        pivot = max(range(k, n), key=lambda i, k=k: m.size(a[i, k]))  # type: ignore[misc]
        if pivot != k:
            a[[k, pivot]], right[[k, pivot]], determinant = a[[pivot, k]], right[[pivot, k]], -determinant
        determinant = determinant * a[k, k]
        for i in [i for i in range(n) if i != k]:
            less = _less(m.divide(a[i, k], a[k, k]))
            a[i], right[i] = less(a[i], a[k]), less(right[i], right[k])
    for k in range(n):
        right[k] = np.frompyfunc(lambda v, k=k: m.divide(v, a[k, k]), 1, 1)(right[k])
    return right, determinant


def _less(factor: Any) -> Any:
    """Row less factor times pivot row, scalar by scalar: a power series would take an array for a list of its coefficients."""
    return np.frompyfunc(lambda v, w: v - factor * w, 2, 1)


def _determinant(m: Any, a: Any) -> Any:
    """By Laplace's expansion where it is short: no pivot, no division, so a singular matrix has its derivative."""
    n = a.shape[0]
    if n > LAPLACE:
        return _eliminated(m, a, np.empty((n, 0), dtype=object))[1]
    if n == 0:
        return m.constant(1)
    total: Any = 0
    for j in range(n):
        minor = np.delete(a[1:], j, axis=1)
        term = a[0, j] * _determinant(m, minor)
        total = total + term if j % 2 == 0 else total - term
    return total


LAPLACE = 4


def _identity(m: Any, n: int) -> Any:
    unit = np.empty((n, n), dtype=object)
    for index in np.ndindex(n, n):
        unit[index] = m.constant(int(index[0] == index[1]))
    return unit


def _exact_solve(m: Any, a: Any, b: Any) -> Any:
    columns = b.reshape(a.shape[0], -1)
    return _eliminated(m, a, columns)[0].reshape(b.shape)


def _solve_rule(position: int, g: Any, y: Any, inputs: Inputs, params: Params) -> Any:
    back = SOLVE(np.transpose(inputs[0]), g)
    if position == 1:
        return back
    return -np.outer(back, y) if len(shape_of(y)) == 1 else -np.matmul(back, np.transpose(y))


def _right(inputs: tuple[Sized, ...]) -> int:
    return int(inputs[1].size // max(inputs[0].shape[0], 1))


def _det_rule(position: int, g: Any, y: Any, inputs: Inputs, params: Params) -> Any:
    """Cofactors where they are cheap, for a singular matrix has them too; else Jacobi's formula."""
    (a,) = inputs
    n = shape_of(a)[0]
    if n > LAPLACE:
        return (g * y) * np.transpose(INV(a))
    if n == 1:
        return np.reshape(g, (1, 1))
    signs = np.where(np.add.outer(np.arange(n), np.arange(n)) % 2 == 0, 1.0, -1.0)
    rest = [np.delete(np.arange(n), i) for i in range(n)]
    minors = np.stack([DET(a[rest[i]][:, rest[j]]) for i in range(n) for j in range(n)])
    return (g * signs) * np.reshape(minors, (n, n))


def _inv_rule(position: int, g: Any, y: Any, inputs: Inputs, params: Params) -> Any:
    across = np.transpose(y)
    return -np.matmul(np.matmul(across, g), across)


def _logabsdet(a: Any) -> Any:
    return np.linalg.slogdet(a)[1]


def _exact_logabsdet(m: Any, a: Any) -> Any:
    determinant = _determinant(m, a)
    return m.divide(m.log(determinant * determinant), 2)


INV: Primitive = Primitive(
    "inv", np.linalg.inv, _inv_rule, lambda inputs, output, params: _elimination(inputs[0].shape[0], inputs[0].shape[0]), arity=1,
    exact=lambda m, a: _eliminated(m, a, _identity(m, a.shape[0]))[0], calls={}, array="np.linalg.inv({0})", examples=(_PAIR, _ONE),
    backward=True, formula="A**-1",
)  # fmt: skip
SOLVE: Primitive = Primitive(
    "solve", np.linalg.solve, _solve_rule, lambda inputs, output, params: _elimination(inputs[0].shape[0], _right(inputs)), arity=2,
    exact=_exact_solve, calls={}, array="np.linalg.solve({0}, {1})", examples=(Example(((2, 2), (2,))), Example(((2, 2), (2, 2)))),
    backward=True, formula="A**-1 b",
)  # fmt: skip
DET = Primitive(
    "det", np.linalg.det, _det_rule, lambda inputs, output, params: _elimination(inputs[0].shape[0], 0), arity=1,
    exact=_determinant, calls={}, array="np.linalg.det({0})", examples=(_PAIR, _ONE), backward=True, formula="det A",
)  # fmt: skip
LOGABSDET = Primitive(
    "logabsdet", _logabsdet, lambda position, g, y, inputs, params: g * np.transpose(INV(inputs[0])),
    lambda inputs, output, params: _elimination(inputs[0].shape[0], 0), arity=1, exact=_exact_logabsdet, calls={}, examples=(_PAIR, _ONE),
    backward=True, formula="log |det A|",
)  # fmt: skip
DETSIGN = Primitive(
    "detsign", lambda a: np.linalg.slogdet(a)[0], None, lambda inputs, output, params: _elimination(inputs[0].shape[0], 0) + COMPARISON,
    exact=lambda m, a: m.sign(_determinant(m, a)), calls={}, rounds=False, analytic=False, formula="sign of det A",
)  # fmt: skip


def inv(a: Any) -> Any:
    """np.linalg.inv of one matrix."""
    _square(a)
    return INV(a)


def solve(a: Any, b: Any) -> Any:
    """np.linalg.solve of one system, with one or several right-hand sides."""
    _square(a)
    return SOLVE(a, b)


def det(a: Any) -> Any:
    """np.linalg.det of one matrix."""
    _square(a)
    return DET(a)


def slogdet(a: Any) -> Any:
    """np.linalg.slogdet of one matrix: sign and logarithm of the determinant."""
    _square(a)
    return type(np.linalg.slogdet(np.eye(1)))(DETSIGN(a), LOGABSDET(a))


def matrix_power(a: Any, n: int) -> Any:
    """np.linalg.matrix_power by repeated squaring; a negative power is one of the inverse."""
    _square(a)
    if n < 0:
        return matrix_power(inv(a), -n)
    result: Any = None
    square = a
    while n:
        if n & 1:
            result = square if result is None else np.matmul(result, square)
        n >>= 1
        square = np.matmul(square, square) if n else square
    return np.eye(shape_of(a)[0]) + 0.0 * a if result is None else result


def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """np.linalg.norm: of vectors in all orders, of matrices in the Frobenius norm, 1 and infinity."""
    ndim = len(shape_of(x))
    if axis is None and (ord is None or ndim == 1):
        return np.sqrt(np.sum(_squares(x), keepdims=keepdims)) if ord is None else _vector_norm(x, ord, 0, keepdims)
    axes = tuple(range(ndim)) if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)
    if len(axes) == 1:
        return _vector_norm(x, 2 if ord is None else ord, axes[0], keepdims)
    if ord in (None, "fro"):
        return np.sqrt(np.sum(_squares(x), axis=axes, keepdims=keepdims))
    if ord not in (1, -1, np.inf, -np.inf) or ndim != 2:
        raise TypeError(f"np.linalg.norm(ord={ord!r}) of a matrix is not followed: the Frobenius norm, 1 and infinity are")
    sums = np.sum(np.abs(x), axis=0 if abs(ord) == 1 else 1)
    found = np.max(sums) if ord > 0 else np.min(sums)
    return np.reshape(found, (1, 1)) if keepdims else found


def _squares(x: Any) -> Any:
    """|x|**2"""
    return x.real * x.real + x.imag * x.imag if getattr(x, "dtype", None) is not None and x.dtype.kind == "c" else x * x


def _vector_norm(x: Any, ord: Any, axis: Any, keepdims: bool) -> Any:
    size = np.abs(x)
    if ord in (np.inf, -np.inf):
        return (np.max if ord > 0 else np.min)(size, axis=axis, keepdims=keepdims)
    if ord == 1:
        return np.sum(size, axis=axis, keepdims=keepdims)
    if ord == 2:
        return np.sqrt(np.sum(_squares(x), axis=axis, keepdims=keepdims))
    if ord == 0 or isinstance(ord, str):
        raise TypeError(f"np.linalg.norm(ord={ord!r}) has no derivative to follow")
    return np.sum(size**ord, axis=axis, keepdims=keepdims) ** (1.0 / ord)


_CALLS: dict[Primitive, dict[Any, Any]] = {
    INV: {np.linalg.inv: inv, np.linalg.matrix_power: matrix_power, np.linalg.norm: norm},
    SOLVE: {np.linalg.solve: solve},
    DET: {np.linalg.det: det},
    LOGABSDET: {np.linalg.slogdet: slogdet},
}
for _record, _calls in _CALLS.items():
    _record.calls.update(_calls)  # type: ignore[attr-defined]
