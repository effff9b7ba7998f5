"""Eigenvalues and eigenvectors, singular values and vectors (M. Giles, Collected matrix derivative results for algorithmic differentiation, 2008;
J. Townsend, Differentiating the singular value decomposition, 2016).

Values and vectors are records of their own: values have a derivative (one-sided where they are equal) where vectors have none. The record of the
vectors reads the values too, which only say what is known of the matrix already; its derivative is the whole derivative.

LAPACK's eigh reads one triangle of the matrix alone, and so does the derivative: see `factors`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gradcheck.primitives.costs import COMPARISON, Counts, Sized
from gradcheck.primitives.factors import folded
from gradcheck.primitives.record import Example, Primitive, shape_of
from gradcheck.primitives.stacks import DEFINITE, HALVES, TALL, count, flipped, over_stacks, require_matrices, scaled

Params = Mapping[str, Any]
Inputs = tuple[Any, ...]


def parted(turning: Any, values: Any, *, squares: bool = False) -> Any:
    """(M - M^T) / (v_j - v_i), or of squares (v_j^2 - v_i^2); the diagonal is 0.

    At equal values a vector has no derivative, and infinity says so, unless nothing arrives there.
    """
    difference = turning - flipped(turning)
    gap = _gaps(values, difference, squares=squares)
    return np.where(gap == 0, _infinite(turning), difference / gap)


def _gaps(values: Any, like: Any, *, squares: bool = False) -> Any:
    """v_j - v_i, or of squares; 1 on the diagonal."""
    across, down = np.expand_dims(values, -2), np.expand_dims(values, -1)
    gap = (across - down) * (across + down) if squares else across - down
    return gap + np.eye(shape_of(values)[-1], dtype=like.dtype)


def _infinite(x: Any) -> Any:
    """0 for 0, and infinite for the rest."""
    largest = float(np.finfo(x.dtype).max)
    return (x * largest) * largest


# symmetric matrices
def _values(a: Any, lower: bool, vectors: bool) -> Any:
    return np.linalg.eigh(a, "L" if lower else "U")[0] if vectors else np.linalg.eigvalsh(a, "L" if lower else "U")


def _whole(a: Any, lower: bool) -> Any:
    """The symmetric matrix that one triangle stands for, in exact scalars."""
    n = a.shape[0]
    found = np.empty((n, n), dtype=object)
    for i, j in np.ndindex(n, n):
        found[i, j] = a[max(i, j), min(i, j)] if lower else a[min(i, j), max(i, j)]
    return found


def _exact_values(m: Any, a: Any, lower: bool, vectors: bool) -> Any:
    return over_stacks(lambda one: m.eigenvalues(_whole(one, lower)), a, cores=(2,))


def _exact_vectors(m: Any, a: Any, w: Any, lower: bool, dtype: str) -> Any:
    def like(floats: Any) -> Any:
        return np.linalg.eigh(floats.astype(dtype), "L" if lower else "U")[1]

    return over_stacks(lambda one: m.eigenvectors(_whole(one, lower), like), a, cores=(2,))


def _values_rule(position: int, g: Any, y: Any, inputs: Inputs, params: Params) -> Any:
    """V diag(g) V^T: each eigenvalue moves with its eigenvector's own product."""
    v = VECTORS(inputs[0], y, lower=params["lower"], dtype=y.dtype.name)
    return folded(np.matmul(scaled(v, g), flipped(v)), params["lower"])


def _vectors_rule(position: int, g: Any, y: Any, inputs: Inputs, params: Params) -> Any:
    """V (F o V^T g) V^T, F_ij = 1 / (w_j - w_i) off the diagonal, made symmetric."""
    if position == 1:
        return None
    inside = parted(np.matmul(flipped(y), g / 2.0), inputs[1])
    return folded(np.matmul(np.matmul(y, inside), flipped(y)), params["lower"])


def _values_cost(inputs: tuple[Sized, ...], output: Sized, params: Params) -> Counts:
    """About 4n^3/3, half of it multiplications: reduction to three diagonals. What the iteration adds is of order n^2."""
    n = inputs[0].shape[-1]
    return Counts(additions=2 * n**3 // 3, multiplications=2 * n**3 // 3) * count(inputs[0])


def _vectors_cost(inputs: tuple[Sized, ...], output: Sized, params: Params) -> Counts:
    """About 6n^3 more: accumulated rotations, taken at two sweeps each (Golub & Van Loan, Matrix Computations, 8.3.3: 9n^3 in all)."""
    n = inputs[0].shape[-1]
    return Counts(additions=3 * n**3, multiplications=3 * n**3) * count(inputs[0])


def like_columns(y: Any, reference: Any) -> Any:
    """Columns with the signs they have in the reference."""
    return np.where(np.sum(y * reference, axis=-2, keepdims=True) < 0, -y, y)


_VALUES = np.array([0.5, 1.25, 2.0, 3.5])
VALUES = Primitive(
    "eigvalsh", _values, _values_rule, _values_cost, arity=1, exact=_exact_values, calls={}, analytic=False, backward=True,
    examples=(Example((DEFINITE,), {"lower": True, "vectors": False}),), formula="w with A v = w v, A symmetric",
)  # fmt: skip
VECTORS = Primitive(
    "eigvectorsh", lambda a, w, lower, dtype: np.linalg.eigh(a, "L" if lower else "U")[1], _vectors_rule, _vectors_cost, arity=2,
    exact=_exact_vectors, calls={}, analytic=False, backward=True, aligned=like_columns,
    examples=(Example((scaled(HALVES, _VALUES) @ HALVES.T, _VALUES), {"lower": False, "dtype": "float64"}),), formula="v with A v = w v, v^T v = 1, A symmetric",
)  # fmt: skip


def eigvalsh(a: Any, UPLO: str = "L") -> Any:
    """np.linalg.eigvalsh."""
    require_matrices(a)
    return VALUES(a, lower=_is_lower(UPLO), vectors=False)


def eigh(a: Any, UPLO: str = "L") -> Any:
    """np.linalg.eigh: eigenvalues, and eigenvectors with the signs LAPACK gives them."""
    require_matrices(a)
    w = VALUES(a, lower=_is_lower(UPLO), vectors=True)
    return type(np.linalg.eigh(np.eye(1)))(w, VECTORS(a, w, lower=_is_lower(UPLO), dtype=w.dtype.name))


def _is_lower(uplo: str) -> bool:
    if uplo.upper() not in ("L", "U"):
        raise TypeError(f"UPLO={uplo!r}: expected 'L' or 'U'")
    return uplo.upper() == "L"


# singular values
def _singular(a: Any, vectors: bool) -> Any:
    return np.linalg.svd(a, full_matrices=False)[1] if vectors else np.linalg.svd(a, compute_uv=False)


def _both(a: Any) -> Any:
    """U above V, column by column, as what turns its sign together stands together."""
    u, _, vh = np.linalg.svd(a, full_matrices=False)
    return np.concatenate([u, np.swapaxes(vh, -1, -2)], axis=-2)


def _wielandt(m: Any, a: Any) -> Any:
    """[[0, A], [A^T, 0]], whose eigenvalues are the singular values, their negatives, and zeros."""
    rows, columns = a.shape
    found = np.empty((rows + columns, rows + columns), dtype=object)
    for i, j in np.ndindex(found.shape):
        above, right = i < rows, j >= rows
        found[i, j] = a[i, j - rows] if above and right else a[j, i - rows] if not above and not right else m.constant(0)
    return found


def singular_values(m: Any, a: Any) -> Any:
    """Singular values of one matrix of exact scalars, descending."""
    return m.eigenvalues(_wielandt(m, a), min(a.shape))[::-1]


def _exact_both(m: Any, a: Any, s: Any, dtype: str) -> Any:
    def one(a: Any) -> Any:
        rows, k = a.shape[0], min(a.shape)

        def like(floats: Any) -> Any:
            return _both(floats[:rows, rows:].astype(dtype))[:, ::-1]

        found = m.eigenvectors(_wielandt(m, a), like, k)[:, ::-1]
        return np.frompyfunc(lambda v: m.sqrt(m.constant(2)) * v, 1, 1)(found)

    return over_stacks(one, a, cores=(2,))


def _singular_rule(position: int, g: Any, y: Any, inputs: Inputs, params: Params) -> Any:
    """U diag(g) V^T."""
    (a,) = inputs
    rows = shape_of(a)[-2]
    both = BOTH(a, y, dtype=y.dtype.name)
    return np.matmul(scaled(both[..., :rows, :], g), flipped(both[..., rows:, :]))


def _both_rule(position: int, g: Any, y: Any, inputs: Inputs, params: Params) -> Any:
    """U (E_U S + S E_V) V^T, E = F o (M - M^T) with F_ij = 1 / (s_j^2 - s_i^2), and what leaves the spaces of U and V."""
    if position == 1:
        return None
    a, s = inputs
    rows, columns = shape_of(a)[-2:]
    u, v, gu, gv = y[..., :rows, :], y[..., rows:, :], g[..., :rows, :], g[..., rows:, :]
    left, right = np.matmul(flipped(u), gu), np.matmul(flipped(v), gv)
    across = np.expand_dims(s, -2)
    inside = parted(left, s, squares=True) * across + np.expand_dims(s, -1) * parted(right, s, squares=True)
    found = np.matmul(np.matmul(u, inside), flipped(v))
    if rows > columns:
        found = found + np.matmul((gu - np.matmul(u, left)) / across, flipped(v))
    if columns > rows:
        found = found + np.matmul(u, flipped((gv - np.matmul(v, right)) / across))
    return found


def singular_cost(inputs: tuple[Sized, ...], output: Sized, params: Params) -> Counts:
    """About 4 m n^2 - 4n^3/3 for m >= n, half of it multiplications: reduction to two diagonals (Golub & Van Loan, 8.6)."""
    n, m = sorted(inputs[0].shape[-2:])
    steps = 2 * m * n * n - 2 * n**3 // 3
    return Counts(additions=steps, multiplications=steps) * count(inputs[0])


def _both_cost(inputs: tuple[Sized, ...], output: Sized, params: Params) -> Counts:
    """About 10 m n^2 + 28n^3/3 more: 14 m n^2 + 8n^3 in all."""
    n, m = sorted(inputs[0].shape[-2:])
    steps = 5 * m * n * n + 14 * n**3 // 3
    return Counts(additions=steps, multiplications=steps) * count(inputs[0])


SINGULAR = Primitive(
    "svdvals", _singular, _singular_rule, singular_cost, arity=1, calls={}, analytic=False, backward=True,
    exact=lambda m, a, vectors: over_stacks(lambda one: singular_values(m, one), a, cores=(2,)),
    examples=(Example((TALL,), {"vectors": False}),), formula="s with A v = s u, A^T u = s v",
)  # fmt: skip
BOTH = Primitive(
    "svdvectors", lambda a, s, dtype: _both(a), _both_rule, _both_cost, arity=2, exact=_exact_both, calls={}, analytic=False, backward=True,
    aligned=like_columns, examples=(Example((scaled(HALVES[:, :2], _VALUES[:-3:-1]), _VALUES[:-3:-1]), {"dtype": "float64"}),), formula="u above v with A v = s u, A^T u = s v, u^T u = v^T v = 1",
)  # fmt: skip


def svdvals(x: Any, /) -> Any:
    """np.linalg.svdvals: singular values, descending."""
    require_matrices(x, square=False)
    return SINGULAR(x, vectors=False)


def svd(a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False) -> Any:
    """np.linalg.svd: of rectangular matrices without the further columns, which are any basis and have no derivative."""
    require_matrices(a, square=False)
    if hermitian:
        raise TypeError("np.linalg.svd(hermitian=True) is not followed: use eigh")
    if not compute_uv:
        return svdvals(a)
    rows, columns = shape_of(a)[-2:]
    if full_matrices and rows != columns:
        raise TypeError(
            "np.linalg.svd(full_matrices=True) of a rectangular matrix: vectors beyond min(m, n) are any basis; pass full_matrices=False"
        )
    s = SINGULAR(a, vectors=True)
    both = BOTH(a, s, dtype=s.dtype.name)
    return type(np.linalg.svd(np.eye(1)))(both[..., :rows, :], s, flipped(both[..., rows:, :]))


_SKEWED = np.array([[2.0, 0.5], [0.0, 1.0]])


# any square matrix, as long as its eigenvalues are real; what NumPy calls complex: since 2.5 all of them, before only what has an imaginary part
_ALWAYS_COMPLEX = np.linalg.eigvals(np.eye(1)).dtype.kind == "c"


def _reals(found: Any) -> Any:
    return found.real if np.all(found.imag == 0) else np.full(found.shape, np.nan, found.real.dtype)


def _as_numpy_types(found: Any) -> Any:
    return found.astype(np.result_type(found.dtype, np.complex64)) if _ALWAYS_COMPLEX else found


def _spectrum(a: Any, vectors: bool, dtype: str) -> Any:
    return _reals(np.linalg.eig(a)[0] if vectors else np.linalg.eigvals(a))


def _like_eig(*, vectors: bool, dtype: str) -> Callable[[Any], Any]:
    def like(floats: Any) -> Any:
        values, columns = map(_reals, np.linalg.eig(floats.astype(dtype)))
        return (values if vectors else _reals(np.linalg.eigvals(floats.astype(dtype)))), columns

    return like


def _spectrum_rule(position: int, g: Any, y: Any, inputs: Inputs, params: Params) -> Any:
    """X^-T diag(g) X^T."""
    x = EIGVECTORS(inputs[0], y, dtype=y.dtype.name)
    return np.linalg.solve(flipped(x), flipped(x) * np.expand_dims(g, -1))


def _eigvectors_rule(position: int, g: Any, y: Any, inputs: Inputs, params: Params) -> Any:
    """X^-T (F o (X^T g - X^T X diag(X^T g))) X^T, F_ij = 1 / (w_j - w_i) off the diagonal: columns keep their length."""
    if position == 1:
        return None
    w, n = inputs[1], shape_of(y)[-1]
    across = flipped(y)
    turning = np.matmul(across, g) - scaled(np.matmul(across, y), np.sum(y * g, axis=-2))
    gap, off = _gaps(w, turning), (1.0 - np.eye(n)).astype(turning.dtype)
    inside = np.where(gap == 0, _infinite(turning), off * turning / gap)
    return np.linalg.solve(across, np.matmul(inside, across))


def _spectrum_cost(inputs: tuple[Sized, ...], output: Sized, params: Params) -> Counts:
    """About 10 n^3, half of it multiplications (Golub & Van Loan, 7.5: the QR iteration, values alone)."""
    n = inputs[0].shape[-1]
    return Counts(additions=5 * n**3, multiplications=5 * n**3) * count(inputs[0])


def _eigvectors_cost(inputs: tuple[Sized, ...], output: Sized, params: Params) -> Counts:
    """About 15 n^3 more: 25 n^3 in all."""
    n = inputs[0].shape[-1]
    return Counts(additions=15 * n**3 // 2, multiplications=15 * n**3 // 2) * count(inputs[0])


SPECTRUM = Primitive(
    "eigvals", _spectrum, _spectrum_rule, _spectrum_cost, arity=1, calls={}, analytic=False, backward=True,
    exact=lambda m, a, vectors, dtype: over_stacks(lambda one: m.spectrum(one, _like_eig(vectors=vectors, dtype=dtype)), a, cores=(2,)),
    examples=(Example((_SKEWED,), {"vectors": True, "dtype": "float64"}),), formula="w with A x = w x, real",
)  # fmt: skip
EIGVECTORS = Primitive(
    "eigvectors", lambda a, w, dtype: _reals(np.linalg.eig(a)[1]), _eigvectors_rule, _eigvectors_cost, arity=2, calls={}, analytic=False,
    backward=True, aligned=like_columns, examples=(Example((_SKEWED, np.diag(_SKEWED)), {"dtype": "float64"}),), formula="x with A x = w x, x^T x = 1, real",
    exact=lambda m, a, w, dtype: over_stacks(lambda one: m.spectral_vectors(one, _like_eig(vectors=True, dtype=dtype)), a, cores=(2,)),
)  # fmt: skip
IS_REAL = Primitive(
    "real_spectrum", lambda a: np.all(np.linalg.eigvals(a).imag == 0), None, lambda inputs, output, params: COMPARISON * inputs[0].shape[-1],
    exact=lambda m, a: True, calls={}, rounds=False, analytic=False, formula="whether all eigenvalues are real",
)  # fmt: skip


def _require_real(a: Any) -> None:
    require_matrices(a)
    if not IS_REAL(a):
        raise TypeError("complex eigenvalues are not followed: of a real matrix only real ones are")


def eigvals(a: Any) -> Any:
    """np.linalg.eigvals of a matrix whose eigenvalues are real."""
    _require_real(a)
    return _as_numpy_types(SPECTRUM(a, vectors=False, dtype=a.dtype.name))


def eig(a: Any) -> Any:
    """np.linalg.eig of a matrix whose eigenvalues are real."""
    _require_real(a)
    w = SPECTRUM(a, vectors=True, dtype=a.dtype.name)
    return type(np.linalg.eig(np.eye(1)))(_as_numpy_types(w), _as_numpy_types(EIGVECTORS(a, w, dtype=a.dtype.name)))


_CALLS: dict[Primitive, dict[Any, Any]] = {
    VALUES: {np.linalg.eigvalsh: eigvalsh},
    VECTORS: {np.linalg.eigh: eigh},
    SINGULAR: {np.linalg.svdvals: svdvals, np.linalg.svd: svd},
    SPECTRUM: {np.linalg.eigvals: eigvals},
    EIGVECTORS: {np.linalg.eig: eig},
}
for _record, _calls in _CALLS.items():
    _record.calls.update(_calls)  # type: ignore[attr-defined]
