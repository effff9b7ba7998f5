"""Cholesky and QR factors, and triangular systems (S. Walter & L. Lehmann, Algorithmic differentiation of linear algebra functions, 2010;
I. Murray, Differentiation of the Cholesky decomposition, 2016).

LAPACK reads one triangle of the matrix alone, so NumPy's function has its derivative there: entries off the diagonal count twice, those of the
other triangle not at all. A function that means a symmetric matrix says so: (A + A.T) / 2.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gradcheck.primitives.costs import Counts, Sized
from gradcheck.primitives.record import Example, Primitive, shape_of, sum_to
from gradcheck.primitives.stacks import DEFINITE, HALVES, TALL, count, flipped, inner, over_stacks, require_matrices, scaled

Params = Mapping[str, Any]
Inputs = tuple[Any, ...]


def triangle(x: Any, n: int, *, lower: bool = True, diagonal: float = 1.0, inside: float = 1.0) -> Any:
    """One triangle of every matrix, its diagonal and what is inside it times constants; zeros elsewhere."""
    weights = inside * np.tri(n, k=-1) + diagonal * np.eye(n)
    return x * (weights if lower else weights.T).astype(x.dtype)


def folded(symmetric: Any, lower: bool) -> Any:
    """The cotangent of a matrix of which one triangle is read, from a symmetric one: what is off the diagonal counts twice."""
    return triangle(symmetric, shape_of(symmetric)[-1], lower=lower, inside=2.0)


# triangular systems
def _solve_triangular(a: Any, b: Any, lower: bool, unit: bool = False) -> Any:
    """Substitution; what stands in the other triangle is not read. A zero on the diagonal gives inf or NaN."""
    a, b = np.asarray(a), np.asarray(b)
    n = a.shape[-1]
    column = b[..., None] if b.ndim == 1 else b
    shape = np.broadcast_shapes(a.shape[:-2], column.shape[:-2]) + column.shape[-2:]
    x = np.array(np.broadcast_to(column, shape), dtype=np.result_type(a, b))
    with np.errstate(all="ignore"):
        for i in range(n) if lower else range(n)[::-1]:
            known = slice(0, i) if lower else slice(i + 1, n)
            x[..., i, :] -= np.matmul(a[..., i : i + 1, known], x[..., known, :])[..., 0, :]
            if not unit:
                x[..., i, :] /= a[..., i, i, None]
    return x[..., 0] if b.ndim == 1 else x


def _exact_solve_triangular(m: Any, a: Any, b: Any, lower: bool, unit: bool = False) -> Any:
    def one(a: Any, b: Any) -> Any:
        columns, n = b.reshape(a.shape[0], -1).copy(), a.shape[0]
        for i in range(n) if lower else range(n)[::-1]:
            known = range(i) if lower else range(i + 1, n)
            for k in range(columns.shape[1]):
                rest = columns[i, k] - inner([a[i, j] for j in known], [columns[j, k] for j in known])
                columns[i, k] = rest if unit else m.divide(rest, a[i, i])
        return columns.reshape(b.shape)

    return over_stacks(one, a, b, cores=(2, min(b.ndim, 2)))


def _solve_triangular_rule(position: int, g: Any, y: Any, inputs: Inputs, params: Params) -> Any:
    a, b = inputs
    lower, unit = params["lower"], params.get("unit", False)
    vector = len(shape_of(b)) == 1
    if vector:
        g, y = np.expand_dims(g, -1), np.expand_dims(y, -1)
    back = TRIANGULAR(flipped(a), g, lower=not lower, unit=unit)
    if position == 0:
        full = triangle(-np.matmul(back, flipped(y)), shape_of(a)[-1], lower=lower, diagonal=0.0 if unit else 1.0)
        return sum_to(full, shape_of(a))
    return sum_to(back[..., 0] if vector else back, shape_of(b))


def _triangular_cost(inputs: tuple[Sized, ...], output: Sized, params: Params) -> Counts:
    """n^2 for every column of the result."""
    n = inputs[0].shape[-1]
    columns = output.size // max(n, 1)
    steps = (n * n - n) // 2
    return Counts(additions=steps, multiplications=steps, divisions=0 if params.get("unit", False) else n) * columns


TRIANGULAR = Primitive(
    "solve_triangular", _solve_triangular, _solve_triangular_rule, _triangular_cost, arity=2, exact=_exact_solve_triangular, calls={},
    examples=(
        Example(((2, 2), (2,)), {"lower": True}), Example(((2, 2), (2, 2)), {"lower": False}), Example(((2, 2), (2, 1)), {"lower": True, "unit": True}),
        Example(((2, 2, 2), (2, 1)), {"lower": False}),
    ), backward=True, formula="T**-1 b",
)  # fmt: skip


# Cholesky
def _cholesky(a: Any, lower: bool) -> Any:
    return np.linalg.cholesky(a, upper=not lower)


def _exact_cholesky(m: Any, a: Any, lower: bool) -> Any:
    def one(a: Any) -> Any:
        a, n = a if lower else a.T, a.shape[0]
        found = np.empty((n, n), dtype=object)
        for i in range(n):
            for j in range(n):
                rest = a[i, j] - inner(found[i, :j], found[j, :j]) if j <= i else None
                found[i, j] = m.constant(0) if j > i else m.sqrt(rest) if i == j else m.divide(rest, found[j, j])
        return found if lower else found.T

    return over_stacks(one, a, cores=(2,))


def _cholesky_rule(position: int, g: Any, y: Any, inputs: Inputs, params: Params) -> Any:
    """L^-T Phi(L^T g) L^-1, Phi the lower triangle with half its diagonal; made symmetric and folded into the triangle that is read."""
    lower = params["lower"]
    factor, g = (y, g) if lower else (flipped(y), flipped(g))
    n = shape_of(factor)[-1]
    half = triangle(np.matmul(flipped(factor), g), n, diagonal=0.5)
    left = TRIANGULAR(flipped(factor), half, lower=False)
    across = flipped(TRIANGULAR(flipped(factor), flipped(left), lower=False))
    return triangle(across + flipped(across), n, lower=lower, diagonal=0.5)


def _cholesky_cost(inputs: tuple[Sized, ...], output: Sized, params: Params) -> Counts:
    """About n^3/3."""
    n = inputs[0].shape[-1]
    steps = (n**3 - n) // 6
    return Counts(additions=steps, multiplications=steps, divisions=n * (n - 1) // 2, transcendental=n) * count(inputs[0])


CHOLESKY = Primitive(
    "cholesky", _cholesky, _cholesky_rule, _cholesky_cost, arity=1, exact=_exact_cholesky, calls={}, analytic=False, backward=True,
    examples=(Example((DEFINITE,), {"lower": True}), Example((DEFINITE,), {"lower": False})), formula="L with L L^T = A",
)  # fmt: skip


def cholesky(a: Any, /, *, upper: bool = False) -> Any:
    """np.linalg.cholesky: the lower factor from the lower triangle, or the upper from the upper."""
    require_matrices(a)
    return CHOLESKY(a, lower=not upper)


# QR
def _qr(a: Any, part: int) -> Any:
    return np.linalg.qr(a)[part]


def _exact_qr(m: Any, a: Any) -> tuple[Any, Any]:
    """By Householder's reflections with LAPACK's signs: a diagonal element of R has the sign its pivot has not, unless nothing stood below the pivot."""
    if not m.decides:
        raise NotImplementedError("the signs of a QR factor are decided by numbers")
    rows, columns = a.shape
    k, r, directions = min(rows, columns), a.copy(), []
    for j in range(k):
        below = r[j + 1 :, j]
        if len(below) and (m.size(r[j, j]) == 0 or not any(m.size(v) for v in below)):
            m.jump = "a sign of the QR factors jumps here: NumPy's function is not continuous"
        if all(m.equal(v, 0) for v in below):
            continue
        size = m.sqrt(inner(r[j:, j], r[j:, j]))
        end = size if m.less(r[j, j], 0) else -size
        v = r[j:, j].copy()
        v[0] = v[0] - end
        directions.append((j, v, m.divide(2, inner(v, v))))
        _reflect(r[j:], *directions[-1][1:])
    q = np.empty((rows, k), dtype=object)
    for index in np.ndindex(rows, k):
        q[index] = m.constant(int(index[0] == index[1]))
    for j, v, share in reversed(directions):
        _reflect(q[j:], v, share)
    for i, j in np.ndindex(k, columns):
        r[i, j] = m.constant(0) if i > j else r[i, j]
    return q, r[:k]


def _reflect(block: Any, v: Any, share: Any) -> None:
    """Less share * v (v^T block), in place."""
    for j in range(block.shape[1]):
        along = share * inner(v, block[:, j])
        for i in range(block.shape[0]):
            block[i, j] = block[i, j] - along * v[i]


def _exact_r(m: Any, a: Any) -> Any:
    return over_stacks(lambda one: _exact_qr(m, one)[1], a, cores=(2,))


def _exact_q(m: Any, a: Any, r: Any) -> Any:
    return over_stacks(lambda one: _exact_qr(m, one)[0], a, cores=(2,))


def _mirrored(x: Any) -> Any:
    """copyltu: the lower triangle with its transpose above."""
    n = shape_of(x)[-1]
    return triangle(x, n) + flipped(triangle(x, n, diagonal=0.0))


def _r_rule(position: int, g: Any, y: Any, inputs: Inputs, params: Params) -> Any:
    """Q (copyltu(R g^T)) R^-T, for a wide matrix from its first columns; the others, R2 = Q^T A2, move Q too."""
    (a,) = inputs
    q = FACTOR_Q(a, y)
    rows, columns = shape_of(a)[-2:]
    g1, r1 = g[..., : min(rows, columns)], y[..., : min(rows, columns)]
    inside = np.matmul(r1, flipped(g1))
    if columns <= rows:
        return np.matmul(q, _divided(_mirrored(inside), r1))
    rest = g[..., rows:]
    across = np.matmul(rest, flipped(y[..., rows:]))
    first = np.matmul(q, _divided(flipped(across) + _mirrored(inside - across), r1))
    return np.concatenate([first, np.matmul(q, rest)], axis=-1)


def _q_rule(position: int, g: Any, y: Any, inputs: Inputs, params: Params) -> Any:
    """(g - Q copyltu(g^T Q)) R^-T, to the first columns alone; R only stands for what is known of A already."""
    if position == 1:
        return None
    a, r = inputs
    rows, columns = shape_of(a)[-2:]
    first = _divided(g - np.matmul(y, _mirrored(np.matmul(flipped(g), y))), r[..., : min(rows, columns)])
    if columns <= rows:
        return first
    return np.concatenate([first, np.zeros((*shape_of(a)[:-1], columns - rows), dtype=g.dtype)], axis=-1)


def _divided(x: Any, r: Any) -> Any:
    """X R^-T for an upper triangular R."""
    return flipped(TRIANGULAR(r, flipped(x), lower=False))


def _r_cost(inputs: tuple[Sized, ...], output: Sized, params: Params) -> Counts:
    """About 2 k^2 (max(m, n) - k/3) with k = min(m, n), half of it multiplications: Householder's reflections."""
    rows, columns = inputs[0].shape[-2:]
    steps = 2 * sum((rows - j) * (columns - j) for j in range(min(rows, columns)))
    k = min(rows, columns)
    return Counts(additions=steps, multiplications=steps, divisions=k, transcendental=k) * count(inputs[0])


def _q_cost(inputs: tuple[Sized, ...], output: Sized, params: Params) -> Counts:
    """About 2 k^2 (m - k/3): the reflections applied to the unit matrix."""
    rows, k = inputs[0].shape[-2], min(inputs[0].shape[-2:])
    steps = 2 * sum((rows - j) * (k - j) for j in range(k))
    return Counts(additions=steps, multiplications=steps) * count(inputs[0])


def _like_rows(y: Any, reference: Any) -> Any:
    """Rows turned round where their largest element has not the sign it has in the reference."""
    return _turned(y, reference, -1)


def _like_columns(y: Any, reference: Any) -> Any:
    """Columns likewise."""
    return _turned(y, reference, -2)


def _turned(y: Any, reference: Any, axis: int) -> Any:
    return np.where(np.sum(y * reference, axis=axis, keepdims=True) < 0, -y, y)


_UPPER = np.array([[2.0, -0.75], [0.0, -1.5]])
FACTOR_R = Primitive(
    "qr_r", lambda a: np.linalg.qr(a, mode="r"), _r_rule, _r_cost, arity=1, exact=_exact_r, calls={}, analytic=False, backward=True,
    array="np.linalg.qr({0}, mode='r')", aligned=_like_rows, examples=(Example((TALL,)), Example((TALL.T,))), formula="R with Q R = A",
)  # fmt: skip
FACTOR_Q = Primitive(
    "qr_q", lambda a, r: np.linalg.qr(a)[0], _q_rule, _q_cost, arity=2, exact=_exact_q, calls={}, analytic=False, backward=True,
    array="np.linalg.qr({0})[0]", aligned=_like_columns, examples=(Example((scaled(HALVES[:, :2], np.array([-1.0, 1.0])) @ _UPPER, _UPPER)),), formula="Q with Q R = A, Q^T Q = 1",
)  # fmt: skip


def qr(a: Any, mode: str = "reduced") -> Any:
    """np.linalg.qr in the modes reduced and r; complete where it is no more than reduced.

    Raises TypeError for a complete basis of a tall matrix: its further columns are any basis of what is left, without a derivative.
    """
    require_matrices(a, square=False)
    rows, columns = shape_of(a)[-2:]
    if mode not in ("reduced", "r", "complete"):
        raise TypeError(f"np.linalg.qr(mode={mode!r}) is not followed: reduced and r are")
    if mode == "complete" and rows > columns:
        raise TypeError(
            "np.linalg.qr(mode='complete') of a tall matrix is not followed: columns beyond the matrix's own are any basis; use reduced"
        )
    r = FACTOR_R(a)
    return r if mode == "r" else type(np.linalg.qr(np.eye(1)))(FACTOR_Q(a, r), r)


CHOLESKY.calls.update({np.linalg.cholesky: cholesky})  # type: ignore[attr-defined]
FACTOR_R.calls.update({np.linalg.qr: qr})  # type: ignore[attr-defined]
