"""Primitives of JAX from linear algebra, and the Fourier transform."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import scipy.linalg

from gradcheck.errors import TraceError
from gradcheck.frameworks.jaxpr.rules import Rule, held, writable


def _turned(x: Any) -> Any:
    return np.swapaxes(x, -1, -2)


def _cholesky(params: Mapping[str, Any], x: Any) -> Any:
    if params.get("symmetrize_input", True):
        x = (x + _turned(x)) / 2
    return np.linalg.cholesky(x)


def _triangular_solve(params: Mapping[str, Any], a: Any, b: Any) -> Any:
    """A x = b, or x A = b, where A is one triangle of what is given, its diagonal perhaps all ones."""
    lower, across = params["lower"], params["transpose_a"]
    ones = np.eye(np.shape(a)[-1], dtype=np.result_type(a))
    a = np.tril(a) if lower else np.triu(a)
    if params["unit_diagonal"]:
        a = a * (1 - ones) + ones
    a = _turned(a) if across else a
    if params["left_side"]:
        return np.linalg.solve(a, b)
    return _turned(np.linalg.solve(_turned(a), _turned(b)))  # x A = b is A^T x^T = b^T


def _eigh(params: Mapping[str, Any], x: Any) -> list[Any]:
    if params.get("symmetrize_input", True):
        x = (x + _turned(x)) / 2
    if params.get("subset_by_index") is not None:
        raise TraceError("eigh of some of the eigenvalues")
    values, vectors = np.linalg.eigh(x)
    return [vectors, values]


def _qr(params: Mapping[str, Any], x: Any) -> list[Any]:
    if params.get("full_matrices") and np.shape(x)[-2] > np.shape(x)[-1]:
        raise TraceError("qr with full matrices")
    q, r = np.linalg.qr(x)
    return [q, r]


def _svd(params: Mapping[str, Any], x: Any) -> Any:
    if not params["compute_uv"]:
        return [np.linalg.svd(x, compute_uv=False)]
    if params["full_matrices"] and np.shape(x)[-2] != np.shape(x)[-1]:
        raise TraceError("svd with full matrices")
    u, s, v = np.linalg.svd(x, full_matrices=False)
    return [s, u, v]


def _lu(params: Mapping[str, Any], x: Any) -> list[Any]:
    """By elimination; the order of the rows is a decision."""
    if np.ndim(x) != 2:
        raise TraceError("lu of a stack of matrices")
    rows, columns = np.shape(x)
    _, pivots = scipy.linalg.lu_factor(held(x))
    order = np.arange(rows)
    for k, p in enumerate(pivots):
        order[[k, p]] = order[[p, k]]
    result = writable(x[order])
    for k in range(min(rows, columns)):
        result[k + 1 :, k] = result[k + 1 :, k] / result[k, k]
        result[k + 1 :, k + 1 :] = result[k + 1 :, k + 1 :] - np.outer(result[k + 1 :, k], result[k, k + 1 :])
    return [result, pivots.astype(np.int32), order.astype(np.int32)]


def _fft(params: Mapping[str, Any], x: Any) -> Any:
    kind, sizes = params["fft_type"].name.lower(), tuple(params["fft_lengths"])
    axes = tuple(range(-len(sizes), 0))
    if len(sizes) == 1:
        return getattr(np.fft, kind)(x, sizes[0])
    return getattr(np.fft, f"{kind}n")(x, sizes, axes)


RULES: Mapping[str, Rule] = {
    "cholesky": _cholesky,
    "triangular_solve": _triangular_solve,
    "eigh": _eigh,
    "qr": _qr,
    "svd": _svd,
    "lu": _lu,
    "fft": _fft,
    "complex": lambda params, re, im: re + 1j * im,
    "real": lambda params, x: np.real(x),
    "imag": lambda params, x: np.imag(x),
    "conj": lambda params, x: np.conj(x),
}
