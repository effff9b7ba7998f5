"""Columns that can be computed together: those that share no row (Curtis, Powell & Reid, On the estimation of sparse Jacobian matrices, 1974)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np


def colours_of(pattern: Any) -> Any:
    """A colour for each column of a sparse matrix, so that columns of one colour share no row; greedy, in two orders, the better one."""
    if pattern.shape[1] == 0 or pattern.nnz == 0:
        return np.zeros(pattern.shape[1], dtype=int)
    pattern = pattern.tocsr().astype(np.int32)
    conflicts = (pattern.T @ pattern).tocsr()
    degrees = np.diff(conflicts.indptr)
    orders = (range(pattern.shape[1]), np.argsort(-degrees, kind="stable").tolist())
    return min((_greedy(conflicts, order) for order in orders), key=lambda c: int(c.max()))


def _greedy(conflicts: Any, order: Iterable[int]) -> Any:
    colours = np.full(conflicts.shape[0], -1)
    indptr, indices = conflicts.indptr, conflicts.indices
    for j in order:
        taken = set(colours[indices[indptr[j] : indptr[j + 1]]].tolist())
        colours[j] = next(c for c in range(len(taken) + 1) if c not in taken)
    return colours


def fewest(pattern: Any) -> int:
    """A lower bound on the number of colours: the entries of the fullest row."""
    return int(np.max(np.diff(pattern.tocsr().indptr), initial=0))
