"""Linear systems: inverse, solution, determinant (Giles, Collected matrix derivative results for algorithmic differentiation, 2008), of stacks too.

LAPACK is accurate backward: its results are exact for a matrix changed by rounding.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gradcheck.primitives.costs import COMPARISON, Counts, Sized
from gradcheck.primitives.record import Example, Primitive, shape_of, sum_to
from gradcheck.primitives.stacks import count, flipped, identity, over_stacks, require_matrices, spread

Params = Mapping[str, Any]
Inputs = tuple[Any, ...]
_PAIR, _ONE, _STACK = Example(((2, 2),)), Example(((1, 1),)), Example(((2, 2, 2),))


def _elimination(n: int, right: int) -> Counts:
    """Gaussian elimination with n unknowns and so many right-hand sides."""
    steps = (n**3 - n) // 3 + n * n * right - n * right
    return Counts(additions=steps, multiplications=steps, divisions=n * (n - 1) // 2 + n * right)


def eliminated(m: Any, a: Any, right: Any) -> tuple[Any, Any]:
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
        return eliminated(m, a, np.empty((n, 0), dtype=object))[1]
    if n == 0:
        return m.constant(1)
    total: Any = 0
    for j in range(n):
        minor = np.delete(a[1:], j, axis=1)
        term = a[0, j] * _determinant(m, minor)
        total = total + term if j % 2 == 0 else total - term
    return total


LAPLACE = 4


def _exact_inv(m: Any, a: Any) -> Any:
    return over_stacks(lambda one: eliminated(m, one, identity(m, one.shape[0]))[0], a, cores=(2,))


def _exact_solve(m: Any, a: Any, b: Any) -> Any:
    def one(a: Any, b: Any) -> Any:
        return eliminated(m, a, b.reshape(a.shape[0], -1))[0].reshape(b.shape)

    return over_stacks(one, a, b, cores=(2, min(b.ndim, 2)))


def _exact_det(m: Any, a: Any) -> Any:
    return over_stacks(lambda one: _determinant(m, one), a, cores=(2,))


def _solve_rule(position: int, g: Any, y: Any, inputs: Inputs, params: Params) -> Any:
    a, b = inputs
    if len(shape_of(a)) == 2 and len(shape_of(b)) == 1:
        back = SOLVE(np.transpose(a), g)
        return back if position == 1 else -np.outer(back, y)
    if len(shape_of(b)) == 1:  # one vector for a stack of matrices: columns from here on
        g, y = np.expand_dims(g, -1), np.expand_dims(y, -1)
    back = SOLVE(flipped(a), g)
    if position == 0:
        return sum_to(-np.matmul(back, flipped(y)), shape_of(a))
    return sum_to(back[..., 0] if len(shape_of(b)) == 1 else back, shape_of(b))


def _solve_cost(inputs: tuple[Sized, ...], output: Sized, params: Params) -> Counts:
    """About 2n^3/3 for every matrix that is met, and 2n^2 for every column of the result."""
    a, b = inputs
    n = max(a.shape[0] if len(a.shape) == 2 else a.shape[-1], 1)
    right = 1 if len(b.shape) == 1 else b.shape[-1]
    return _elimination(n, right) * int(output.size // max(n * right, 1))


def _det_rule(position: int, g: Any, y: Any, inputs: Inputs, params: Params) -> Any:
    """Cofactors where they are cheap, for a singular matrix has them too; else Jacobi's formula."""
    (a,) = inputs
    n = shape_of(a)[-1]
    if n > LAPLACE:
        return spread(g * y) * flipped(INV(a))
    if n == 1:
        return np.reshape(g, shape_of(a))
    signs = np.where(np.add.outer(np.arange(n), np.arange(n)) % 2 == 0, 1.0, -1.0)
    rest = [np.delete(np.arange(n), i) for i in range(n)]
    minors = np.stack([DET(_minor(a, rest[i], rest[j])) for i in range(n) for j in range(n)], axis=-1)
    return (spread(g) * signs) * np.reshape(minors, shape_of(a))


def _minor(a: Any, rows: Any, columns: Any) -> Any:
    return a[rows][:, columns] if len(shape_of(a)) == 2 else np.take(np.take(a, rows, axis=-2), columns, axis=-1)


def _inv_rule(position: int, g: Any, y: Any, inputs: Inputs, params: Params) -> Any:
    across = flipped(y)
    return -np.matmul(np.matmul(across, g), across)


def _logabsdet(a: Any) -> Any:
    return np.linalg.slogdet(a)[1]


def _exact_logabsdet(m: Any, a: Any) -> Any:
    def one(a: Any) -> Any:
        determinant = _determinant(m, a)
        return m.divide(m.log(determinant * determinant), 2)

    return over_stacks(one, a, cores=(2,))


def _matrices(columns: int | None) -> Any:
    """Elimination in every matrix of a stack, with so many right-hand sides (None: as many as unknowns)."""

    def cost(inputs: tuple[Sized, ...], output: Sized, params: Params) -> Counts:
        n = inputs[0].shape[-1]
        return _elimination(n, n if columns is None else columns) * count(inputs[0])

    return cost


INV: Primitive = Primitive(
    "inv", np.linalg.inv, _inv_rule, _matrices(None), arity=1,
    exact=_exact_inv, calls={}, array="np.linalg.inv({0})", examples=(_PAIR, _ONE, _STACK),
    backward=True, formula="A**-1",
)  # fmt: skip
SOLVE: Primitive = Primitive(
    "solve", np.linalg.solve, _solve_rule, _solve_cost, arity=2, exact=_exact_solve, calls={}, array="np.linalg.solve({0}, {1})",
    examples=(Example(((2, 2), (2,))), Example(((2, 2), (2, 2))), Example(((2, 2, 2), (2,))), Example(((2, 2, 2), (1, 2, 1)))),
    backward=True, formula="A**-1 b",
)  # fmt: skip
DET = Primitive(
    "det", np.linalg.det, _det_rule, _matrices(0), arity=1,
    exact=_exact_det, calls={}, array="np.linalg.det({0})", examples=(_PAIR, _ONE, _STACK), backward=True, formula="det A",
)  # fmt: skip
LOGABSDET = Primitive(
    "logabsdet", _logabsdet, lambda position, g, y, inputs, params: spread(g) * flipped(INV(inputs[0])),
    _matrices(0), arity=1, exact=_exact_logabsdet, calls={}, examples=(_PAIR, _ONE, _STACK), backward=True, formula="log |det A|",
)  # fmt: skip
DETSIGN = Primitive(
    "detsign", lambda a: np.linalg.slogdet(a)[0], None, lambda inputs, output, params: _matrices(0)(inputs, output, params) + COMPARISON,
    exact=lambda m, a: over_stacks(lambda one: m.sign(_determinant(m, one)), a, cores=(2,)), calls={}, rounds=False, analytic=False, formula="sign of det A",
)  # fmt: skip


def inv(a: Any) -> Any:
    """np.linalg.inv of matrices."""
    require_matrices(a)
    return INV(a)


def solve(a: Any, b: Any) -> Any:
    """np.linalg.solve: a vector to the right is one for every matrix, else they are matrices."""
    require_matrices(a)
    return SOLVE(a, b)


def det(a: Any) -> Any:
    """np.linalg.det of matrices."""
    require_matrices(a)
    return DET(a)


def slogdet(a: Any) -> Any:
    """np.linalg.slogdet of matrices: sign and logarithm of the determinant."""
    require_matrices(a)
    return type(np.linalg.slogdet(np.eye(1)))(DETSIGN(a), LOGABSDET(a))


def matrix_power(a: Any, n: int) -> Any:
    """np.linalg.matrix_power by repeated squaring; a negative power is one of the inverse."""
    require_matrices(a)
    if n < 0:
        return matrix_power(inv(a), -n)
    result: Any = None
    square = a
    while n:
        if n & 1:
            result = square if result is None else np.matmul(result, square)
        n >>= 1
        square = np.matmul(square, square) if n else square
    return np.eye(shape_of(a)[-1]) + 0.0 * a if result is None else result


_CALLS: dict[Primitive, dict[Any, Any]] = {
    INV: {np.linalg.inv: inv, np.linalg.matrix_power: matrix_power},
    SOLVE: {np.linalg.solve: solve},
    DET: {np.linalg.det: det},
    LOGABSDET: {np.linalg.slogdet: slogdet},
}
for _record, _calls in _CALLS.items():
    _record.calls.update(_calls)  # type: ignore[attr-defined]
