"""Stacks of matrices: the last two axes are a matrix's own, those before number the matrices, as NumPy has it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradcheck.primitives.costs import Sized
from gradcheck.primitives.record import shape_of

DEFINITE = np.array([[2.0, 0.5], [0.5, 1.25]])  # matrices that records are tried at, none of them special
TALL = np.array([[1.5, -0.25], [0.75, 2.0], [-0.5, 1.0]])
HALVES = np.array([[1.0, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]]) / 2  # orthogonal, and exact in floats


def flipped(a: Any) -> Any:
    """Every matrix transposed."""
    n = len(shape_of(a))
    return np.transpose(a) if n == 2 else np.swapaxes(a, n - 2, n - 1)


def spread(g: Any, axes: int = 2) -> Any:
    """A number for every matrix, with axes of size 1 for the matrix."""
    return g if shape_of(g) == () else np.reshape(g, shape_of(g) + (1,) * axes)


def count(a: Sized) -> int:
    """How many matrices a stack holds."""
    return int(np.prod(a.shape[:-2], dtype=int))


def require_matrices(x: Any, *, square: bool = True) -> None:
    """Raise TypeError, as np.linalg raises LinAlgError, for what is no matrix or stack of them."""
    shape = shape_of(x)
    if len(shape) < 2 or (square and shape[-1] != shape[-2]):
        kind = "square matrix" if square else "matrix"
        raise TypeError(f"a {kind} or a stack of such is needed, not an array of shape {shape}")


def over_stacks(form: Callable[..., Any], *operands: Any, cores: tuple[int, ...]) -> Any:
    """`form` of every matrix of stacks that stretch as NumPy broadcasts; operand i's last `cores[i]` axes are handed to it."""
    if all(x.ndim == core for x, core in zip(operands, cores, strict=True)):
        return form(*operands)
    lead = np.broadcast_shapes(*(x.shape[: x.ndim - core] for x, core in zip(operands, cores, strict=True)))
    stretched = [np.broadcast_to(x, lead + x.shape[x.ndim - core :]) for x, core in zip(operands, cores, strict=True)]
    found = [form(*(x[index].copy() for x in stretched)) for index in np.ndindex(lead)]
    if not found:
        raise TypeError("a stack without matrices is not followed")
    shape = found[0].shape if isinstance(found[0], np.ndarray) else ()
    whole = np.empty((len(found), *shape), dtype=object)
    for i, one in enumerate(found):  # one by one: NumPy would take a power series for a list of its coefficients
        whole[i] = one
    return whole.reshape(lead + shape)


def scaled(columns: Any, factors: Any) -> Any:
    """Every column times its factor: A diag(f)."""
    return columns * np.expand_dims(factors, len(shape_of(factors)) - 1)


def unit(a: Any, n: int) -> Any:
    """The unit matrix in the array's precision."""
    return np.eye(n, dtype=a.dtype)


def identity(m: Any, n: int) -> Any:
    """The unit matrix in exact scalars."""
    whole = np.empty((n, n), dtype=object)
    for index in np.ndindex(n, n):
        whole[index] = m.constant(int(index[0] == index[1]))
    return whole


def product(a: Any, b: Any) -> Any:
    """A product of matrices of exact scalars, each sum written out: NumPy's own would add series to an integer 0."""
    found = np.empty((a.shape[0], b.shape[1]), dtype=object)
    for i, j in np.ndindex(found.shape):
        found[i, j] = inner(a[i], b[:, j])
    return found


def inner(u: Any, v: Any) -> Any:
    """The inner product of two vectors of exact scalars."""
    total: Any = 0
    for a, b in zip(u, v, strict=True):
        total = total + a * b
    return total
