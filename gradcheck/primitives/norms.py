"""Norms, condition numbers and products of matrices in NumPy's spellings: compositions of records, nothing of their own to prove."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from gradcheck.primitives.record import shape_of
from gradcheck.primitives.spectra import svdvals
from gradcheck.primitives.stacks import require_matrices


def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """np.linalg.norm of vectors and matrices in all orders that have a derivative."""
    ndim = len(shape_of(x))
    if axis is None and (ord is None or ndim == 1):
        return np.sqrt(np.sum(_squares(x), keepdims=keepdims)) if ord is None else _vector_norm(x, ord, 0, keepdims)
    axes = tuple(range(ndim)) if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)
    if len(axes) == 1:
        return _vector_norm(x, 2 if ord is None else ord, axes[0], keepdims)
    if len(axes) != 2:
        raise TypeError(f"np.linalg.norm(axis={axis!r}): one axis or two are expected")
    return _matrix_norm(x, ord, (axes[0] % ndim, axes[1] % ndim), keepdims)


def _squares(x: Any) -> Any:
    """|x|**2"""
    return x.real * x.real + x.imag * x.imag if getattr(x, "dtype", None) is not None and x.dtype.kind == "c" else x * x


def _vector_norm(x: Any, ord: Any, axis: Any, keepdims: bool = False) -> Any:
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


def _matrix_norm(x: Any, ord: Any, axes: tuple[int, int], keepdims: bool = False) -> Any:
    if ord in (None, "fro"):
        return np.sqrt(np.sum(_squares(x), axis=axes, keepdims=keepdims))
    matrices = x if axes == (len(shape_of(x)) - 2, len(shape_of(x)) - 1) else np.moveaxis(x, axes, (-2, -1))
    if ord in (1, -1, np.inf, -np.inf):
        sums = np.sum(np.abs(matrices), axis=-2 if abs(ord) == 1 else -1)
        found = (np.max if ord > 0 else np.min)(sums, axis=-1)
    elif ord in (2, -2):
        found = svdvals(matrices)[..., 0 if ord == 2 else -1]
    elif ord == "nuc":
        found = np.sum(svdvals(matrices), axis=-1)
    else:
        raise TypeError(f"np.linalg.norm(ord={ord!r}) of a matrix: 'fro', 'nuc', 1, -1, 2, -2, inf and -inf are followed")
    kept = tuple(1 if i in axes else n for i, n in enumerate(shape_of(x)))
    return np.reshape(found, kept) if keepdims else found


def vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    """np.linalg.vector_norm: over all elements, one axis or several."""
    shape = shape_of(x)
    if axis is None:
        found = _vector_norm(np.ravel(x), ord, 0)
        return np.reshape(found, (1,) * len(shape)) if keepdims else found
    return _vector_norm(x, ord, axis, keepdims)


def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    """np.linalg.matrix_norm: of the last two axes."""
    require_matrices(x, square=False)
    ndim = len(shape_of(x))
    return _matrix_norm(x, ord, (ndim - 2, ndim - 1), keepdims)


def cond(x: Any, p: Any = None) -> Any:
    """np.linalg.cond: the largest singular value by the smallest, or the norm of the matrix times that of its inverse."""
    require_matrices(x, square=p not in (None, 2, -2))
    if p in (None, 2, -2):
        s = svdvals(x)
        return s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]
    ndim = len(shape_of(x))
    return _matrix_norm(x, p, (ndim - 2, ndim - 1)) * _matrix_norm(np.linalg.inv(x), p, (ndim - 2, ndim - 1))


# products and systems of tensors
def multi_dot(arrays: Any, *, out: Any = None) -> Any:
    """np.linalg.multi_dot, multiplied in the cheapest order as NumPy does; a vector may stand at either end."""
    if out is not None or len(arrays) < 2:
        raise TypeError("np.linalg.multi_dot is followed for two arrays or more, without out=")
    first, last = len(shape_of(arrays[0])), len(shape_of(arrays[-1]))
    matrices = list(arrays)
    matrices[0] = np.reshape(arrays[0], (1, -1)) if first == 1 else arrays[0]
    matrices[-1] = np.reshape(arrays[-1], (-1, 1)) if last == 1 else arrays[-1]
    found = _multiplied(matrices)
    return np.reshape(found, tuple(n for n, flat in zip(shape_of(found), (first == 1, last == 1), strict=True) if not flat))


def _multiplied(matrices: list[Any]) -> Any:
    """The product by the cheapest bracketing (Cormen et al., Introduction to Algorithms, 15.2)."""
    sizes = [shape_of(matrices[0])[0], *(shape_of(m)[1] for m in matrices)]
    n = len(matrices)
    best: dict[tuple[int, int], tuple[int, int]] = {(i, i): (0, i) for i in range(n)}
    for length in range(1, n):
        for i in range(n - length):
            j = i + length
            best[i, j] = min((best[i, k][0] + best[k + 1, j][0] + sizes[i] * sizes[k + 1] * sizes[j + 1], k) for k in range(i, j))

    def between(i: int, j: int) -> Any:
        return matrices[i] if i == j else operator.matmul(between(i, best[i, j][1]), between(best[i, j][1] + 1, j))

    return between(0, n - 1)


def tensorsolve(a: Any, b: Any, axes: Any = None) -> Any:
    """np.linalg.tensorsolve as one system."""
    ndim = len(shape_of(a))
    if axes is not None:
        last = [k % ndim for k in axes]
        a = np.transpose(a, [k for k in range(ndim) if k not in last] + last)
    shape = shape_of(a)[len(shape_of(b)) :]
    return np.reshape(np.linalg.solve(np.reshape(a, (-1, int(np.prod(shape, dtype=int)))), np.ravel(b)), shape)


def tensorinv(a: Any, ind: int = 2) -> Any:
    """np.linalg.tensorinv as one inverse."""
    shape = shape_of(a)
    rows = int(np.prod(shape[ind:], dtype=int))
    return np.reshape(np.linalg.inv(np.reshape(a, (rows, -1))), (*shape[ind:], *shape[:ind]))


def _last_diagonal(x: Any, /, *, offset: int = 0) -> Any:
    return np.diagonal(x, offset, -2, -1)


def _last_trace(x: Any, /, *, offset: int = 0, dtype: Any = None) -> Any:
    return np.trace(x, offset, -2, -1, dtype)


def _vecdot(x1: Any, x2: Any, /, axis: int = -1) -> Any:
    return np.sum(x1 * x2, axis=axis)


COMPOSED: dict[Any, Callable[..., Any]] = {
    np.linalg.norm: norm, np.linalg.vector_norm: vector_norm, np.linalg.matrix_norm: matrix_norm, np.linalg.cond: cond,
    np.linalg.multi_dot: multi_dot, np.linalg.tensorsolve: tensorsolve, np.linalg.tensorinv: tensorinv, np.linalg.diagonal: _last_diagonal,
    np.linalg.trace: _last_trace, np.linalg.matmul: lambda x1, x2, /: np.matmul(x1, x2), np.linalg.outer: lambda x1, x2, /: np.outer(x1, x2),
    np.linalg.matrix_transpose: lambda x, /: np.swapaxes(x, -1, -2), np.linalg.vecdot: lambda x1, x2, /, *, axis=-1: _vecdot(x1, x2, axis),
    np.linalg.tensordot: lambda x1, x2, /, *, axes=2: np.tensordot(x1, x2, axes), np.linalg.cross: lambda x1, x2, /, *, axis=-1: np.cross(x1, x2, axis=axis),
}  # fmt: skip
