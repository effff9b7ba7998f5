"""ATen operations of linear algebra; those that also return factors or status give what a gradient can reach, and None for the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np


def _weighed(beta: Any, x: Any, alpha: Any, product: Any) -> Any:
    product = product if alpha == 1 else alpha * product
    return product if beta == 0 else (x if beta == 1 else beta * x) + product


def _linear(x: Any, weight: Any, bias: Any = None) -> Any:
    product = x @ np.swapaxes(weight, -1, -2) if np.ndim(weight) > 1 else x @ weight
    return product if bias is None else product + bias


def _solve(a: Any, b: Any, *, left: bool = True, check_errors: bool = False) -> Any:
    if not left:
        return np.swapaxes(_solve(np.swapaxes(a, -1, -2), np.swapaxes(b, -1, -2)), -1, -2)
    vectors = np.ndim(b) == np.ndim(a) - 1
    found = np.linalg.solve(a, b[..., None] if vectors else b)
    return found[..., 0] if vectors else found


def _triangular(a: Any, b: Any, *, upper: bool, left: bool = True, unitriangular: bool = False) -> Any:
    part = np.triu(a) if upper else np.tril(a)
    if unitriangular:
        eye = np.eye(np.shape(a)[-1])
        part = part * (1 - eye) + eye
    return _solve(part, b, left=left)


def _cholesky(a: Any, *, upper: bool = False, check_errors: bool = False) -> Any:
    lower = np.linalg.cholesky(np.swapaxes(a, -1, -2) if upper else a)
    return np.swapaxes(lower, -1, -2) if upper else lower


def _cholesky_solve(b: Any, factor: Any, upper: bool = False) -> Any:
    turned = np.swapaxes(factor, -1, -2)
    lower, higher = (turned, factor) if upper else (factor, turned)
    return np.linalg.solve(higher, np.linalg.solve(lower, b))


def _eigh(a: Any, UPLO: str = "L", compute_v: bool = True) -> Any:
    values, vectors = np.linalg.eigh(a, UPLO)  # type: ignore[call-overload]
    return values, vectors


def _svd(a: Any, full_matrices: bool = False, compute_uv: bool = True, *, driver: Any = None) -> Any:
    if not compute_uv:
        return None, np.linalg.svd(a, compute_uv=False), None
    return tuple(np.linalg.svd(a, full_matrices=full_matrices))


def _slogdet(a: Any) -> Any:
    sign, value = np.linalg.slogdet(a)
    return sign, value, None, None


def _qr(a: Any, mode: str = "reduced") -> Any:
    if mode == "r":
        return None, np.linalg.qr(a, mode="r")
    return tuple(np.linalg.qr(a, mode=mode))  # type: ignore[call-overload]


def _cdist(a: Any, b: Any, p: float = 2, mode: int | None = None) -> Any:
    apart = a[..., :, None, :] - b[..., None, :, :]
    return np.sqrt(np.sum(apart**2, axis=-1)) if p == 2 else np.sum(np.abs(apart) ** p, axis=-1) ** (1 / p)


TABLE: Mapping[str, Callable[..., Any]] = {
    **dict.fromkeys(("mm", "matmul", "bmm", "mv", "dot", "linalg_matmul"), lambda a, b, *rest: a @ b),
    "vdot": lambda a, b: a @ b,
    "ger": np.outer,
    "outer": np.outer,
    "addmm": lambda x, a, b, beta=1, alpha=1: _weighed(beta, x, alpha, a @ b),
    "addmv": lambda x, a, b, beta=1, alpha=1: _weighed(beta, x, alpha, a @ b),
    "baddbmm": lambda x, a, b, beta=1, alpha=1: _weighed(beta, x, alpha, a @ b),
    "addbmm": lambda x, a, b, beta=1, alpha=1: _weighed(beta, x, alpha, np.sum(a @ b, axis=0)),
    "addr": lambda x, a, b, beta=1, alpha=1: _weighed(beta, x, alpha, np.outer(a, b)),
    "linear": _linear,
    "trace": np.trace,
    "linalg_cross": lambda a, b, dim=-1: np.cross(a, b, axis=dim),
    "linalg_inv_ex": lambda a, check_errors=False: (np.linalg.inv(a), None),
    "inverse": lambda a: np.linalg.inv(a),
    "_linalg_solve_ex": lambda a, b, **options: (_solve(a, b, **options), None, None, None),
    "linalg_solve_ex": lambda a, b, **options: (_solve(a, b, **options), None),
    "linalg_solve_triangular": _triangular,
    "triangular_solve": lambda b, a, upper=True, transpose=False, unitriangular=False: (
        _triangular(np.swapaxes(a, -1, -2), b, upper=not upper, unitriangular=unitriangular)
        if transpose
        else _triangular(a, b, upper=upper, unitriangular=unitriangular),
        None,
    ),
    "linalg_cholesky_ex": lambda a, upper=False, check_errors=False: (_cholesky(a, upper=upper), None),
    "cholesky": lambda a, upper=False: _cholesky(a, upper=upper),
    "cholesky_solve": _cholesky_solve,
    "_linalg_det": lambda a: (np.linalg.det(a), None, None),
    "_linalg_slogdet": _slogdet,
    "linalg_qr": _qr,
    "_linalg_eigh": _eigh,
    "linalg_eigh": _eigh,
    "_linalg_svd": _svd,
    "linalg_pinv": lambda a, *rest, **options: np.linalg.pinv(a),
    "_cdist_forward": _cdist,
    "_euclidean_dist": lambda a, b: _cdist(a, b),
}
