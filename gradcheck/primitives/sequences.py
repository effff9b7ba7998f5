"""Sequences and grids, differences and running sums, polynomials, and statistics of samples, as compositions of records."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradcheck.primitives.composed import convolve, diff, sort
from gradcheck.primitives.moving import concrete, decided
from gradcheck.primitives.record import shape_of
from gradcheck.primitives.structure import GETITEM
from gradcheck.primitives.tables import SEARCHSORTED


# grids between two ends
def linspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, retstep: bool = False, dtype: Any = None, axis: int = 0, **device: Any
) -> Any:
    """np.linspace, its ends traced."""
    if dtype is not None:
        raise TypeError("np.linspace(dtype=) of traced ends is not followed")
    count = num - 1 if endpoint else num
    step = (stop - start) / float(count) if count else (stop - start) * np.nan
    shares = np.arange(num, dtype=float).reshape((-1,) + (1,) * len(shape_of(stop - start)))
    grid = start + shares * step if count else start + 0.0 * shares
    if endpoint and num > 1:
        grid = np.concatenate([grid[:-1], np.reshape(np.broadcast_to(stop, shape_of(step)), (1, *shape_of(step)))])
    grid = np.moveaxis(grid, 0, axis)
    return (grid, step) if retstep else grid


def logspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: Any = 10.0, dtype: Any = None, axis: int = 0) -> Any:
    """np.logspace."""
    return base ** linspace(start, stop, num, endpoint, dtype=dtype, axis=axis)


def geomspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0) -> Any:
    """np.geomspace between positive ends."""
    if np.any(concrete(start) <= 0) or np.any(concrete(stop) <= 0):
        raise TypeError("np.geomspace is followed between positive ends")
    shares = linspace(np.zeros(shape_of(start * stop)), np.ones(shape_of(start * stop)), num, endpoint, dtype=dtype)
    return np.moveaxis(start * (stop / start) ** shares, 0, axis)


# differences and running sums
def differences(a: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    """np.diff, with what stands before and after."""
    axis = axis % len(shape_of(a))
    parts = [
        p if p is None or len(shape_of(p)) else np.broadcast_to(p, (*shape_of(a)[:axis], 1, *shape_of(a)[axis + 1 :]))
        for p in (prepend, append)
    ]
    whole = [p for p in (parts[0], a, parts[1]) if p is not None]
    return diff(np.concatenate(whole, axis=axis) if len(whole) > 1 else a, n, axis)


def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    """np.ediff1d."""
    parts = [p if p is None else np.reshape(p, (-1,)) for p in (to_begin, to_end)]
    return np.concatenate([p for p in (parts[0], diff(np.reshape(ary, (-1,))), parts[1]) if p is not None])


def unwrap(p: Any, discont: float | None = None, axis: int = -1, *, period: float = 2 * np.pi) -> Any:
    """np.unwrap: what it adds are whole periods, a decision."""
    steps = diff(p, axis=axis)
    half = period / 2
    whole = decided(np.floor((steps + half) / period).astype(int)).astype(float)
    few = decided(np.abs(steps) < (half if discont is None else discont))
    upward = (np.mod(concrete(steps) + half, period) == 0) & (concrete(steps) > 0)  # half a period up stays up
    added = np.where(few, 0.0, np.where(upward, 1.0 - whole, -whole) * period)
    front = np.zeros([1 if i == axis % added.ndim else n for i, n in enumerate(added.shape)])
    return p + np.concatenate([front, np.cumsum(added, axis=axis)], axis=axis)


def _running(function: Callable[..., Any], start: float) -> Callable[..., Any]:
    def adapter(x: Any, /, *, axis: int | None = None, dtype: Any = None, out: Any = None, include_initial: bool = False) -> Any:
        if dtype is not None or out is not None:
            raise TypeError("cumulative sums and products with dtype= or out= are not followed")
        axis = 0 if axis is None else axis % len(shape_of(x))
        found = function(x, axis=axis)
        first = np.full([1 if i == axis else n for i, n in enumerate(shape_of(x))], start)
        return np.concatenate([first, found], axis=axis) if include_initial else found

    return adapter


def gradient(f: Any, *spacing: Any, axis: Any = None, edge_order: int = 1) -> Any:
    """np.gradient: along any axes, on even or uneven fixed grids, of first or second order at the ends."""
    ndim = len(shape_of(f))
    axes = tuple(range(ndim)) if axis is None else (axis % ndim,) if isinstance(axis, int) else tuple(a % ndim for a in axis)
    steps = spacing * len(axes) if len(spacing) == 1 else spacing or (1.0,) * len(axes)
    if len(steps) != len(axes) or any(getattr(h, "recorder", None) is not None and shape_of(h) for h in steps):
        raise TypeError("np.gradient is followed with one spacing, or one for every axis; coordinates must be fixed")
    found = tuple(_slopes(f, h, a, edge_order) for h, a in zip(steps, axes, strict=True))
    return found[0] if len(axes) == 1 else found


def _slopes(f: Any, h: Any, axis: int, edge_order: int) -> Any:
    """NumPy's gradient along one axis is linear in f: its matrix is its gradient of unit vectors."""
    if getattr(h, "recorder", None) is not None:
        return _slopes(f, 1.0, axis, edge_order) / h
    n = shape_of(f)[axis]
    matrix = np.gradient(np.eye(n), h, axis=0, edge_order=edge_order)  # type: ignore[call-overload]
    return np.moveaxis(np.tensordot(matrix, np.moveaxis(f, axis, 0), axes=1), 0, axis)


# polynomials, highest power first
def polyadd(a1: Any, a2: Any) -> Any:
    """np.polyadd."""
    a1, a2 = np.atleast_1d(a1), np.atleast_1d(a2)
    n = max(shape_of(a1)[0], shape_of(a2)[0])
    return _filled(a1, n) + _filled(a2, n)


def _filled(a: Any, n: int) -> Any:
    return np.concatenate([np.zeros(n - shape_of(a)[0]), a]) if shape_of(a)[0] < n else a


def polysub(a1: Any, a2: Any) -> Any:
    """np.polysub."""
    return polyadd(a1, -1.0 * np.atleast_1d(a2))


def polymul(a1: Any, a2: Any) -> Any:
    """np.polymul."""
    return convolve(np.atleast_1d(a1), np.atleast_1d(a2))


def polyder(p: Any, m: int = 1) -> Any:
    """np.polyder."""
    for _ in range(m):
        n = shape_of(p)[0] - 1
        p = p[:-1] * np.arange(n, 0, -1, dtype=float)
    return p


def polyint(p: Any, m: int = 1, k: Any = None) -> Any:
    """np.polyint, with constants of integration."""
    constants = np.zeros(m) if k is None else np.broadcast_to(k, (m,))
    for i in range(m):
        p = np.concatenate([p / np.arange(shape_of(p)[0], 0, -1, dtype=float), np.reshape(constants[i], (1,))])
    return p


def poly(seq_of_zeros: Any) -> Any:
    """np.poly of real zeros."""
    if len(shape_of(seq_of_zeros)) != 1:
        raise TypeError("np.poly of a matrix is not followed: give the zeros")
    found: Any = np.ones(1)
    for k in range(shape_of(seq_of_zeros)[0]):
        zero = seq_of_zeros[k : k + 1]
        found = np.concatenate([found, np.zeros(1)]) - np.concatenate([np.zeros(1), found * zero])
    return found


def polyval(p: Any, x: Any) -> Any:
    """np.polyval by Horner's rule, highest power first."""
    total: Any = np.zeros_like(concrete(x))
    for k in range(shape_of(p)[0]):
        total = total * x + p[k]
    return total


def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    """np.vander by products, one column after the other."""
    n = shape_of(x)[0] if N is None else N
    columns = [np.ones(shape_of(x)), x][:n]
    while len(columns) < n:
        columns.append(columns[-1] * x)
    return np.stack(columns if increasing else columns[::-1], axis=1) if n else np.zeros((shape_of(x)[0], 0))


# samples
def average(a: Any, axis: Any = None, weights: Any = None, returned: bool = False, *, keepdims: bool = False) -> Any:
    """np.average; weights may be of the array's shape, or a vector along the axis."""
    if weights is None:
        mean = np.mean(a, axis=axis, keepdims=keepdims)
        count = np.size(concrete(a)) / max(np.size(concrete(mean)), 1)
        return (mean, np.full(shape_of(mean), count)[()]) if returned else mean
    if shape_of(weights) != shape_of(a):
        shape = [1] * len(shape_of(a))
        shape[axis] = -1
        weights = np.broadcast_to(np.reshape(weights, shape), shape_of(a))
    total = np.sum(weights, axis=axis, keepdims=keepdims)
    found = np.sum(a * weights, axis=axis, keepdims=keepdims) / total
    return (found, total) if returned else found


def cov(
    m: Any,
    y: Any = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: int | None = None,
    fweights: Any = None,
    aweights: Any = None,
    **options: Any,
) -> Any:
    """np.cov without weights."""
    if fweights is not None or aweights is not None or any(v is not None for v in options.values()):
        raise TypeError("np.cov(fweights=, aweights=, dtype=) is not followed")
    x = _variables(m, rowvar)
    if y is not None:
        x = np.concatenate([x, _variables(y, rowvar)], axis=0)
    away = x - np.mean(x, axis=1, keepdims=True)
    count = float(shape_of(x)[1] - (ddof if ddof is not None else 0 if bias else 1))
    return np.squeeze(np.matmul(away, np.transpose(away)) / count)


def _variables(m: Any, rowvar: bool) -> Any:
    if len(shape_of(m)) < 2:
        return np.reshape(m, (1, -1))
    return m if rowvar or shape_of(m)[0] == 1 else np.transpose(m)


def corrcoef(x: Any, y: Any = None, rowvar: bool = True, **options: Any) -> Any:
    """np.corrcoef; clipped to [-1, 1] as NumPy does."""
    if options:
        raise TypeError("np.corrcoef(dtype=) is not followed")
    covariance = cov(x, y, rowvar)
    if not shape_of(covariance):
        return covariance / covariance
    spread = np.sqrt(np.diagonal(covariance))
    return np.clip(covariance / np.reshape(spread, (-1, 1)) / np.reshape(spread, (1, -1)), -1, 1)


def correlate(a: Any, v: Any, mode: str = "valid") -> Any:
    """np.correlate of real vectors; NumPy turns the result round where the second is longer."""
    if shape_of(v)[0] > shape_of(a)[0]:
        return np.flip(correlate(v, a, mode))
    return convolve(a, np.flip(v), mode)


def histogram_bin_edges(a: Any, bins: Any = 10, range: Any = None, weights: Any = None) -> Any:
    """np.histogram_bin_edges of a number of bins."""
    if shape_of(bins) or isinstance(bins, str):
        if isinstance(bins, str):
            raise TypeError("np.histogram(bins='...') is not followed: give the number of bins, or their edges")
        return bins if hasattr(bins, "dtype") else np.asarray(bins)
    if range is not None:
        return np.linspace(range[0], range[1], bins + 1)
    return linspace(np.min(a), np.max(a), bins + 1)


def histogram(a: Any, bins: Any = 10, range: Any = None, density: bool | None = None, weights: Any = None) -> Any:
    """np.histogram: which bin a number falls into is a decision; weights, edges and densities have derivatives."""
    edges = histogram_bin_edges(a, bins, range)
    count = shape_of(edges)[0] - 1
    flat = np.reshape(a, (-1,))
    place = decided(SEARCHSORTED(edges, flat, side="right")) - 1
    place = np.where(decided(flat == edges[-1]), count - 1, place)
    member = (place[None, :] == np.arange(count)[:, None]).astype(float)
    total: Any = np.sum(member, axis=1).astype(int) if weights is None else np.matmul(member, np.reshape(weights, (-1,)))
    if density:
        total = total / (edges[1:] - edges[:-1]) / np.sum(total)
    return total, edges


def unique(
    ar: Any, return_index: bool = False, return_inverse: bool = False, return_counts: bool = False, axis: Any = None, **options: Any
) -> Any:
    """np.unique of the values: their order, and which are equal, are decisions."""
    if axis is not None:
        raise TypeError("np.unique(axis=) is not followed")
    ordered = sort(ar, None)
    first = np.concatenate([np.ones(min(1, shape_of(ordered)[0]), dtype=bool), decided(ordered[1:] != ordered[:-1])])
    values = GETITEM(ordered, index=(np.flatnonzero(first),))
    extras = np.unique(concrete(ar), return_index, return_inverse, return_counts)  # type: ignore[call-overload]
    return (values, *extras[1:]) if isinstance(extras, tuple) else values


def bincount(x: Any, /, weights: Any = None, minlength: int = 0) -> Any:
    """np.bincount: the bins are decisions, the weights have derivatives."""
    place = decided(x)
    if weights is None:
        return np.bincount(place, minlength=minlength)
    bins = np.arange(max(minlength, int(place.max(initial=-1)) + 1))
    return np.matmul((place[None, :] == bins[:, None]).astype(float), weights)


def union1d(ar1: Any, ar2: Any) -> Any:
    """np.union1d."""
    return unique(np.concatenate([np.ravel(ar1), np.ravel(ar2)]))


COMPOSED: dict[Any, Callable[..., Any]] = {
    np.linspace: linspace, np.logspace: logspace, np.geomspace: geomspace, np.diff: differences, np.ediff1d: ediff1d, np.unwrap: unwrap,
    np.gradient: gradient, np.polyadd: polyadd, np.polysub: polysub, np.polymul: polymul, np.polyder: polyder, np.polyint: polyint, np.poly: poly,
    np.polyval: polyval, np.vander: vander, np.average: average, np.cov: cov, np.corrcoef: corrcoef, np.correlate: correlate,
    np.histogram_bin_edges: histogram_bin_edges, np.histogram: histogram, np.bincount: bincount, np.unique: unique, np.union1d: union1d,
}  # fmt: skip
if hasattr(np, "cumulative_sum"):
    COMPOSED |= {np.cumulative_sum: _running(np.cumsum, 0.0), np.cumulative_prod: _running(np.cumprod, 1.0)}
