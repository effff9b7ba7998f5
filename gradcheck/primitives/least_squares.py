"""Pseudoinverse, least squares and rank (G. Golub & V. Pereyra, The differentiation of pseudo-inverses and nonlinear least squares problems, 1973).

Both have a derivative at matrices of full rank alone: elsewhere they jump, and are not followed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gradcheck.primitives.costs import COMPARISON, Counts, Sized
from gradcheck.primitives.record import Example, Primitive, shape_of
from gradcheck.primitives.solving import eliminated
from gradcheck.primitives.spectra import SINGULAR, singular_cost, singular_values
from gradcheck.primitives.stacks import TALL, count, flipped, over_stacks, product, require_matrices, unit

Params = Mapping[str, Any]
Inputs = tuple[Any, ...]


# rank
def _rank(a: Any, tol: float | None, rtol: float) -> Any:
    s = np.linalg.svd(a, compute_uv=False)
    least = np.max(s, axis=-1, keepdims=True, initial=0.0) * rtol if tol is None else tol
    return np.count_nonzero(s > least, axis=-1)


def _exact_rank(m: Any, a: Any, tol: float | None, rtol: float) -> Any:
    def one(a: Any) -> Any:
        s = singular_values(m, a)
        least = s[0] * m.constant(rtol) if tol is None else m.constant(tol)
        return sum(bool(m.greater(v, least)) for v in s)

    return over_stacks(one, a, cores=(2,))


RANK = Primitive(
    "matrix_rank", _rank, None, lambda inputs, output, params: singular_cost(inputs, output, params) + COMPARISON * min(inputs[0].shape[-2:]),
    arity=1, exact=_exact_rank, calls={}, rounds=False, analytic=False, formula="how many singular values are not negligible",
)  # fmt: skip


def matrix_rank(A: Any, tol: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Any:
    """np.linalg.matrix_rank, a decision; of a vector whether it is not 0."""
    if len(shape_of(A)) < 2:
        return np.any(A != 0)
    if hermitian or shape_of(tol) != () or shape_of(rtol) != ():
        raise TypeError("np.linalg.matrix_rank is followed with one tolerance for all matrices, and hermitian=False")
    return RANK(A, tol=None if tol is None else float(tol), rtol=_precise(A) if rtol is None else float(rtol))


def _precise(a: Any) -> float:
    """NumPy's relative tolerance: so many units of roundoff as the matrix is long."""
    return max(shape_of(a)[-2:]) * float(np.finfo(a.dtype).eps)


FULL_RANK = Primitive(
    "full_rank", lambda a, rtol: np.all(_rank(a, None, rtol) == min(a.shape[-2:])), None,
    lambda inputs, output, params: COMPARISON * min(inputs[0].shape[-2:]), arity=1, calls={}, rounds=False, analytic=False,
    exact=lambda m, a, rtol: bool(np.all(_exact_rank(m, a, None, rtol) == min(a.shape[-2:]))), formula="whether no singular value is negligible",
)  # fmt: skip


def _require_full_rank(a: Any, rtol: float, name: str) -> None:
    if not FULL_RANK(a, rtol=rtol):
        raise TypeError(f"{name} of a matrix without full rank is not followed: it jumps there")


# pseudoinverse
def _exact_pinv(m: Any, a: Any, rcond: float) -> Any:
    def one(a: Any) -> Any:
        if a.shape[0] < a.shape[1]:
            return one(a.T).T
        return eliminated(m, product(a.T, a), a.T)[0]

    return over_stacks(one, a, cores=(2,))


def _pinv_rule(position: int, g: Any, y: Any, inputs: Inputs, params: Params) -> Any:
    """-Y^T g Y^T, and for rectangular A what leaves its space: (1 - A Y) g^T Y Y^T where tall, Y^T Y g^T (1 - Y A) where wide."""
    (a,) = inputs
    rows, columns = shape_of(a)[-2:]
    across, back = flipped(y), flipped(g)
    found = -np.matmul(np.matmul(across, g), across)
    if rows > columns:
        return found + np.matmul(np.matmul(unit(y, rows) - np.matmul(a, y), back), np.matmul(y, across))
    if columns > rows:
        return found + np.matmul(np.matmul(across, y), np.matmul(back, unit(y, columns) - np.matmul(y, a)))
    return found


def _pinv_cost(inputs: tuple[Sized, ...], output: Sized, params: Params) -> Counts:
    """A singular value decomposition, about 14 m n^2 + 8n^3 for m >= n, and the product 2 m n^2."""
    n, m = sorted(inputs[0].shape[-2:])
    steps = 8 * m * n * n + 4 * n**3
    return Counts(additions=steps, multiplications=steps, divisions=n) * count(inputs[0])


PINV = Primitive(
    "pinv", lambda a, rcond: np.linalg.pinv(a, rcond), _pinv_rule, _pinv_cost, arity=1, exact=_exact_pinv, calls={}, analytic=False,
    backward=True, examples=(Example((TALL,), {"rcond": 1e-15}), Example((TALL.T,), {"rcond": 1e-15})), formula="A+ with A^T A A+ = A^T or A+ A A^T = A^T, full rank",
)  # fmt: skip


def pinv(a: Any, rcond: Any = None, hermitian: bool = False, **options: Any) -> Any:
    """np.linalg.pinv of matrices of full rank."""
    require_matrices(a, square=False)
    rtol = options.get("rtol", 1e-15)
    rcond = (_precise(a) if rtol is None else rtol) if rcond is None else rcond
    if hermitian or shape_of(rcond) != ():
        raise TypeError("np.linalg.pinv is followed with one tolerance for all matrices, and hermitian=False")
    _require_full_rank(a, float(rcond), "np.linalg.pinv")
    return PINV(a, rcond=float(rcond))


# least squares
def _exact_lstsq(m: Any, a: Any, b: Any, rcond: float) -> Any:
    found = product(_exact_pinv(m, a, rcond), b.reshape(b.shape[0], -1))
    return found.reshape(found.shape[:1] + b.shape[1:])


def _lstsq_rule(position: int, g: Any, y: Any, inputs: Inputs, params: Params) -> Any:
    """With z = A+^T g: z for b; -z x^T + r (A+ z)^T + (A+^T x) (g - A^T z)^T for A, r = b - A x the residual."""
    a, b = inputs
    rows, columns = shape_of(a)
    inverse = PINV(a, rcond=params["rcond"])
    across = np.transpose(inverse)
    z = np.matmul(across, g)
    if position == 1:
        return z
    x, b, g, z = (np.reshape(v, (shape_of(v)[0], -1)) for v in (y, b, g, z))
    found = -np.matmul(z, np.transpose(x))
    if rows > columns:
        found = found + np.matmul(b - np.matmul(a, x), np.transpose(np.matmul(inverse, z)))
    if columns > rows:
        found = found + np.matmul(np.matmul(across, x), np.transpose(g - np.matmul(np.transpose(a), z)))
    return found


def _lstsq_cost(inputs: tuple[Sized, ...], output: Sized, params: Params) -> Counts:
    """As a pseudoinverse, with about 4 m n for every right-hand side."""
    a, b = inputs
    steps = 2 * a.size * (b.size // max(a.shape[0], 1))
    return _pinv_cost((a,), output, params) + Counts(additions=steps, multiplications=steps)


LSTSQ = Primitive(
    "lstsq", lambda a, b, rcond: np.linalg.lstsq(a, b, rcond)[0], _lstsq_rule, _lstsq_cost, arity=2, exact=_exact_lstsq, calls={},
    analytic=False, backward=True, examples=(Example((TALL, TALL[:, 0] ** 2), {"rcond": 1e-15}),), formula="x with A^T (A x - b) = 0, the smallest, full rank",
)  # fmt: skip


def lstsq(a: Any, b: Any, rcond: Any = None) -> tuple[Any, Any, Any, Any]:
    """np.linalg.lstsq of a matrix of full rank: the solution, the sums of squared residuals, the rank (a decision) and the singular values."""
    if len(shape_of(a)) != 2:
        raise TypeError(f"np.linalg.lstsq needs one matrix, not an array of shape {shape_of(a)}")
    rcond = _precise(a) if rcond is None else float(rcond)
    _require_full_rank(a, rcond, "np.linalg.lstsq")
    x = LSTSQ(a, b, rcond=rcond)
    off = np.reshape(b - np.matmul(a, x), (shape_of(a)[0], -1))
    rows, columns = shape_of(a)
    residuals = np.sum(off * off, axis=0) if rows > columns else np.empty(0)
    return x, residuals, min(rows, columns), SINGULAR(a, vectors=False)


_CALLS: dict[Primitive, dict[Any, Any]] = {
    RANK: {np.linalg.matrix_rank: matrix_rank},
    PINV: {np.linalg.pinv: pinv},
    LSTSQ: {np.linalg.lstsq: lstsq},
}
for _record, _calls in _CALLS.items():
    _record.calls.update(_calls)  # type: ignore[attr-defined]
