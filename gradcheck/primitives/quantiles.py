"""Medians, quantiles and percentiles by every method of NumPy's, and reductions that leave out what is no number.

A quantile is a sum of two sorted neighbours; NumPy itself says which and how much of each, by its quantile of 0, 1, ..., n - 1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradcheck.primitives.composed import sort
from gradcheck.primitives.moving import decided
from gradcheck.primitives.record import shape_of
from gradcheck.primitives.reductions import axes_of
from gradcheck.primitives.structure import GETITEM


def _lines(a: Any, axis: Any) -> Any:
    """The reduced axes as one, in front."""
    axes = axes_of(axis, len(shape_of(a)))
    others = tuple(i for i in range(len(shape_of(a))) if i not in axes)
    return np.reshape(np.transpose(a, (*axes, *others)), (-1, *(shape_of(a)[i] for i in others)))


def quantile(
    a: Any,
    q: Any,
    axis: Any = None,
    out: Any = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
    **options: Any,
) -> Any:
    """np.quantile of fixed or, between neighbours on a line, traced q."""
    if out is not None or any(v is not None for v in options.values()):
        raise TypeError("np.quantile(out=, weights=) is not followed")
    ordered = sort(_lines(a, axis), 0)
    n = shape_of(ordered)[0]
    if getattr(q, "recorder", None) is not None:
        if method != "linear":
            raise TypeError("np.quantile of a traced q is followed for method='linear'")
        position: Any = q * float(n - 1)
    else:
        position = np.asarray(np.quantile(np.arange(float(n)), np.asarray(q, dtype=float), method=method))  # type: ignore[call-overload]
    found = _between(ordered, position, n)
    if not keepdims:
        return found
    axes = axes_of(axis, len(shape_of(a)))
    kept = tuple(1 if i in axes else k for i, k in enumerate(shape_of(a)))
    return np.reshape(found, (*shape_of(q), *kept))


def _between(ordered: Any, position: Any, n: int) -> Any:
    """The line between the neighbours of a position; on a neighbour it is the neighbour."""
    low = np.minimum(decided(np.floor(position).astype(int)), max(n - 2, 0))
    share = np.reshape(position - low, (*shape_of(position), *(1,) * (len(shape_of(ordered)) - 1)))
    below = GETITEM(ordered, index=(low,))
    if n == 1 or (getattr(share, "recorder", None) is None and not np.any(share)):
        return below
    above = GETITEM(ordered, index=(low + 1,))
    if getattr(share, "recorder", None) is None and np.all(share == 1.0):
        return above
    return below * (1.0 - share) + above * share


def percentile(a: Any, q: Any, axis: Any = None, *args: Any, **options: Any) -> Any:
    """np.percentile."""
    return quantile(a, _hundredth(q), axis, *args, **options)


def _hundredth(q: Any) -> Any:
    return (q if hasattr(q, "recorder") else np.asarray(q)) / 100


def median(a: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False, keepdims: bool = False) -> Any:
    """np.median: the mean of the one or two in the middle."""
    return quantile(a, 0.5, axis, out, keepdims=keepdims)


# what is no number is left out; which that is, is a decision
def _numbers(a: Any) -> Any:
    return decided(np.logical_not(np.isnan(a)))


def _filled(reduce: Callable[..., Any], fill: float) -> Callable[..., Any]:
    def adapter(a: Any, axis: Any = None, **options: Any) -> Any:
        keep = _numbers(a)
        return reduce(a if keep.all() else np.where(keep, a, fill), axis=axis, **options)

    return adapter


def nanmean(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False) -> Any:
    """np.nanmean: the sum of the numbers over how many they are."""
    _refuse(dtype, out)
    keep = _numbers(a)
    return np.sum(np.where(keep, a, 0.0), axis=axis, keepdims=keepdims) / np.sum(keep, axis=axis, keepdims=keepdims).astype(float)


def nanvar(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: int = 0, keepdims: bool = False) -> Any:
    """np.nanvar."""
    _refuse(dtype, out)
    keep = _numbers(a)
    away = np.where(keep, a - nanmean(a, axis, keepdims=True), 0.0)
    return np.sum(away * away, axis=axis, keepdims=keepdims) / (np.sum(keep, axis=axis, keepdims=keepdims) - ddof).astype(float)


def nanstd(a: Any, axis: Any = None, **options: Any) -> Any:
    """np.nanstd."""
    return np.sqrt(nanvar(a, axis, **options))


def _refuse(dtype: Any, out: Any) -> None:
    if dtype is not None or out is not None:
        raise TypeError("dtype= and out= are not followed here")


def nanquantile(a: Any, q: Any, axis: Any = None, *, method: str = "linear", keepdims: bool = False, **options: Any) -> Any:
    """np.nanquantile: line by line where some are no numbers."""
    keep = _numbers(a)
    if keep.all():
        return quantile(a, q, axis, method=method, keepdims=keepdims, **options)
    if keepdims:
        raise TypeError("np.nanquantile(keepdims=True) where some are no numbers is not followed: use np.expand_dims")
    lines, kept = _lines(a, axis), _lines(keep, axis)
    flat, chosen = np.reshape(lines, (shape_of(lines)[0], -1)), kept.reshape(len(kept), -1)
    parts = [quantile(GETITEM(flat, index=(np.flatnonzero(chosen[:, k]), k)), q, method=method, **options) for k in range(chosen.shape[1])]
    return np.reshape(np.stack(parts, axis=-1), (*shape_of(q), *shape_of(lines)[1:]))


def nanpercentile(a: Any, q: Any, axis: Any = None, **options: Any) -> Any:
    """np.nanpercentile."""
    return nanquantile(a, _hundredth(q), axis, **options)


def nanmedian(a: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False, keepdims: bool = False) -> Any:
    """np.nanmedian."""
    _refuse(None, out)
    return nanquantile(a, 0.5, axis, keepdims=keepdims)


COMPOSED: dict[Any, Callable[..., Any]] = {
    np.quantile: quantile, np.percentile: percentile, np.median: median, np.nanquantile: nanquantile, np.nanpercentile: nanpercentile,
    np.nanmedian: nanmedian, np.nanmean: nanmean, np.nanvar: nanvar, np.nanstd: nanstd, np.nansum: _filled(np.sum, 0.0), np.nanprod: _filled(np.prod, 1.0),
    np.nanmax: _filled(np.max, -np.inf), np.nanmin: _filled(np.min, np.inf), np.nancumsum: _filled(np.cumsum, 0.0),
    np.nancumprod: _filled(np.cumprod, 1.0),
}  # fmt: skip
