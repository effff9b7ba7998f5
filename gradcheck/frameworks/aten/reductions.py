"""ATen operations that reduce, scan or order along axes. `dim` may be None or empty for all axes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from scipy import special

from gradcheck.frameworks.aten.moving import along


def _axes(dim: Any) -> Any:
    if dim is None or (isinstance(dim, list | tuple) and not dim):
        return None
    return tuple(dim) if isinstance(dim, list | tuple) else dim


def _along(operation: Callable[..., Any]) -> Callable[..., Any]:
    def reduce(x: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
        x = x if dtype is None else x.astype(dtype)
        if x.dtype == np.bool_ and operation is np.sum:
            x = x.astype(np.int64)
        return operation(x, axis=_axes(dim), keepdims=keepdim) if np.ndim(x) or dim is None else x

    return reduce


def _spread(x: Any, dim: Any = None, unbiased: Any = True, keepdim: bool = False, *, correction: Any = None) -> Any:
    """Variance: overloads pass `unbiased` or `correction`; both default to 1."""
    ddof = (1 if unbiased is None or unbiased else 0) if correction is None else correction
    return np.var(x, axis=_axes(dim), ddof=ddof, keepdims=keepdim)


def _variance(x: Any, *rest: Any, **options: Any) -> Any:
    """var(x, unbiased) and var(x, dim, unbiased, keepdim) share a name: a boolean where `dim` stands is `unbiased`."""
    if rest and isinstance(rest[0], bool):
        rest = (None, *rest)
    return _spread(x, *rest, **options)


def _with_mean(spread: Callable[..., Any]) -> Callable[..., Any]:
    def both(x: Any, *rest: Any, **options: Any) -> Any:
        dim = options.get("dim", rest[0] if rest and not isinstance(rest[0], bool) else None)
        return spread(x, *rest, **options), np.mean(x, axis=_axes(dim), keepdims=options.get("keepdim", False))

    return both


def _extreme(best: Any, where: Any) -> Callable[..., Any]:
    def reduce(x: Any, dim: int, keepdim: bool = False) -> Any:
        if not np.ndim(x):
            return x, np.int64(0)
        return best(x, axis=dim, keepdims=keepdim), where(x, axis=dim, keepdims=keepdim)

    return reduce


def _arg(where: Any) -> Callable[..., Any]:
    def reduce(x: Any, dim: int | None = None, keepdim: bool = False) -> Any:
        return where(x, axis=dim, keepdims=keepdim)

    return reduce


def _norm(x: Any, ord: Any = 2, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    x, axes, p = (x if dtype is None else x.astype(dtype)), _axes(dim), 2 if ord is None else ord
    size = np.abs(x)
    if p == 2:
        return np.sqrt(np.sum(x * x, axis=axes, keepdims=keepdim))
    if p == 1:
        return np.sum(size, axis=axes, keepdims=keepdim)
    if np.isinf(p):
        return (np.max if p > 0 else np.min)(size, axis=axes, keepdims=keepdim)
    if p == 0:
        return np.sum((x != 0).astype(x.dtype), axis=axes, keepdims=keepdim)
    return np.sum(size**p, axis=axes, keepdims=keepdim) ** (1 / p)


def _ordered(x: Any, dim: int = -1, descending: bool = False, *, stable: bool | None = None) -> Any:
    """Values and the indices they come from, in a stable order."""
    if not np.ndim(x):
        return x, np.int64(0)
    order = np.argsort(-x if descending else x, axis=dim, kind="stable")
    return along(x, order, dim), order


def _sort_stable(x: Any, stable: bool | None = None, dim: int = -1, descending: bool = False) -> Any:
    return _ordered(x, dim, descending)


def _top(x: Any, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Any:
    values, order = _ordered(x, dim, largest)
    first = tuple([slice(None)] * (dim % np.ndim(x)) + [slice(0, k)])
    return values[first], order[first]


def _kth(x: Any, k: int, dim: int = -1, keepdim: bool = False) -> Any:
    values, order = _ordered(x, dim)
    at = tuple([slice(None)] * (dim % np.ndim(x)) + [slice(k - 1, k)])
    found = values[at], order[at]
    return found if keepdim else tuple(np.squeeze(f, axis=dim) for f in found)


def _median(x: Any, dim: int | None = None, keepdim: bool = False) -> Any:
    """The lower of two middle values."""
    if dim is None:
        flat = np.reshape(x, (-1,))
        return np.sort(flat)[(flat.shape[0] - 1) // 2]
    return _kth(x, (x.shape[dim] - 1) // 2 + 1, dim, keepdim)


def _log_sum_exp(x: Any, dim: Any, keepdim: bool = False) -> Any:
    return special.logsumexp(x, axis=_axes(dim), keepdims=keepdim)


def _scan(operation: Any) -> Callable[..., Any]:
    return lambda x, dim, dtype=None: operation(x if dtype is None else x.astype(dtype), axis=dim) if np.ndim(x) else x


TABLE: Mapping[str, Callable[..., Any]] = {
    "sum": _along(np.sum),
    "mean": _along(np.mean),
    "nansum": _along(np.nansum),
    "prod": _along(np.prod),
    "amax": _along(np.max),
    "amin": _along(np.min),
    "any": _along(np.any),
    "all": _along(np.all),
    "max": _along(np.max),
    "min": _along(np.min),
    "max.dim": _extreme(np.max, np.argmax),
    "min.dim": _extreme(np.min, np.argmin),
    "max.other": np.maximum,
    "min.other": np.minimum,
    "aminmax": lambda x, dim=None, keepdim=False: (np.min(x, axis=dim, keepdims=keepdim), np.max(x, axis=dim, keepdims=keepdim)),
    "argmax": _arg(np.argmax),
    "argmin": _arg(np.argmin),
    "var": _variance,
    "std": lambda x, *rest, **options: np.sqrt(_variance(x, *rest, **options)),
    "var_mean": _with_mean(_variance),
    "std_mean": _with_mean(lambda x, *rest, **options: np.sqrt(_variance(x, *rest, **options))),
    "norm": _norm,
    "linalg_vector_norm": _norm,
    "dist": lambda a, b, p=2: _norm(a - b, p),
    "logsumexp": _log_sum_exp,
    "cumsum": _scan(np.cumsum),
    "cumprod": _scan(np.cumprod),
    "sort": _ordered,
    "sort.stable": _sort_stable,
    "argsort": lambda x, dim=-1, descending=False: _ordered(x, dim, descending)[1],
    "argsort.stable": lambda x, stable=None, dim=-1, descending=False: _ordered(x, dim, descending)[1],
    "topk": _top,
    "kthvalue": _kth,
    "median": _median,
    "count_nonzero": lambda x, dim=None: np.sum((x != 0).astype(np.int64), axis=_axes(dim)),
}
