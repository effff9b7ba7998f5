"""ATen operations that move data: shapes, slices, gathers. Views stay views, so that a write in place reaches what they look at."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np


def _same(x: Any, *rest: Any, **options: Any) -> Any:
    return x


def _cast(x: Any, dtype: Any = None, *rest: Any, **options: Any) -> Any:
    return x if dtype is None else x.astype(dtype)


def _permute(x: Any, dims: Sequence[int]) -> Any:
    return np.transpose(x, tuple(dims))


def _turned(x: Any) -> Any:
    return x if np.ndim(x) < 2 else np.swapaxes(x, 0, 1)


def _swap(x: Any, a: int, b: int) -> Any:
    return np.swapaxes(x, a, b) if np.ndim(x) else x


def _expand(x: Any, size: Sequence[int], implicit: bool = False) -> Any:
    own = (1,) * (len(size) - np.ndim(x)) + tuple(np.shape(x))
    return np.broadcast_to(x, tuple(o if n == -1 else n for n, o in zip(size, own, strict=True)))


def _squeeze(x: Any, dim: Any = None) -> Any:
    dims = range(np.ndim(x)) if dim is None else (dim,) if isinstance(dim, int) else dim
    gone = {d % np.ndim(x) for d in dims if np.ndim(x) and np.shape(x)[d] == 1}
    return np.reshape(x, tuple(n for i, n in enumerate(np.shape(x)) if i not in gone))


def _at(dim: int, ndim: int, index: Any) -> tuple[Any, ...]:
    return (*[slice(None)] * (dim % ndim), index)


def _slice(x: Any, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1) -> Any:
    return x[_at(dim, np.ndim(x), slice(start, end, step))]


def _select(x: Any, dim: int, index: int) -> Any:
    return x[_at(dim, np.ndim(x), index)]


def _narrow(x: Any, dim: int, start: int, length: int) -> Any:
    return _slice(x, dim, start, start + length)


def _split(x: Any, size: int, dim: int = 0) -> list[Any]:
    return [_slice(x, dim, i, i + size) for i in range(0, np.shape(x)[dim], size)]


def _split_with_sizes(x: Any, sizes: Sequence[int], dim: int = 0) -> list[Any]:
    ends = np.cumsum(sizes)
    return [_slice(x, dim, int(e) - n, int(e)) for e, n in zip(ends, sizes, strict=True)]


def _unbind(x: Any, dim: int = 0) -> list[Any]:
    return [_select(x, dim, i) for i in range(np.shape(x)[dim])]


def _cat(parts: Sequence[Any], dim: int = 0) -> Any:
    return np.concatenate([p for p in parts if np.shape(p) != (0,)] or list(parts), axis=dim)


def _index(x: Any, indices: Sequence[Any]) -> Any:
    return x[tuple(slice(None) if i is None else i for i in indices)]


def _index_select(x: Any, dim: int, index: Any) -> Any:
    return np.take(x, index, axis=dim)


def _gather(x: Any, dim: int, index: Any, sparse_grad: bool = False) -> Any:
    """`index` may be shorter than x along the other axes."""
    if not np.ndim(x):
        return x
    within = tuple(slice(None) if a == dim % np.ndim(x) else slice(0, n) for a, n in enumerate(np.shape(index)))
    return along(x[within], index, dim)


def along(x: Any, index: Any, dim: int) -> Any:
    """The elements that `index` says along one axis, each in its own place along the others; traced indices are followed as decisions."""
    return x[places(np.ndim(x), dim, index)]


def places(ndim: int, dim: int, index: Any) -> tuple[Any, ...]:
    """An index of whole arrays: `index` along one axis, its own places along the others."""
    grids: list[Any] = list(np.meshgrid(*(np.arange(n) for n in np.shape(index)), indexing="ij"))
    grids[dim % ndim] = index
    return tuple(grids)


def _flip(x: Any, dims: Sequence[int]) -> Any:
    return np.flip(x, axis=tuple(dims))


def _roll(x: Any, shifts: Any, dims: Any = ()) -> Any:
    if not len(dims):
        return np.reshape(np.roll(np.reshape(x, (-1,)), shifts[0]), np.shape(x))
    for shift, dim in zip(shifts, dims, strict=True):
        x = np.roll(x, shift, axis=dim)
    return x


def _repeat(x: Any, repeats: Sequence[int]) -> Any:
    return np.tile(np.reshape(x, (1,) * (len(repeats) - np.ndim(x)) + tuple(np.shape(x))), tuple(repeats))


def _interleave(x: Any, repeats: Any, dim: int | None = None, output_size: Any = None) -> Any:
    return np.repeat(x, repeats, axis=dim)


def _pad(x: Any, pad: Sequence[int], value: float = 0) -> Any:
    """Pairs from the last axis on; negative ones cut off."""
    pairs = [(pad[i], pad[i + 1]) for i in range(0, len(pad), 2)][::-1]
    pairs = [(0, 0)] * (np.ndim(x) - len(pairs)) + pairs
    cut = tuple(slice(max(-a, 0), n - max(-b, 0)) for (a, b), n in zip(pairs, np.shape(x), strict=True))
    return padded(x[cut], [(max(a, 0), max(b, 0)) for a, b in pairs], value)


def padded(x: Any, pairs: Sequence[tuple[int, int]], value: float = 0) -> Any:
    """So many of a value before and after each axis."""
    around = np.pad(x, pairs)
    return around if value == 0 else np.where(np.pad(np.ones(np.shape(x)), pairs) > 0, around, value)


def _diagonal(x: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
    return np.diagonal(x, offset, dim1, dim2)


def _unfold(x: Any, dimension: int, size: int, step: int) -> Any:
    axis, length = dimension % np.ndim(x), np.shape(x)[dimension]
    starts = np.arange(0, length - size + 1, step)
    windows = np.take(x, starts[:, None] + np.arange(size)[None, :], axis=axis)
    return np.moveaxis(windows, axis + 1, -1)


def _stack(parts: Sequence[Any], dim: int = 0) -> Any:
    return np.stack(list(parts), axis=dim)


def _shaped(x: Any, shape: Sequence[int], *rest: Any) -> Any:
    return np.reshape(x, tuple(shape))


TABLE: Mapping[str, Callable[..., Any]] = {
    **dict.fromkeys(("detach", "alias", "contiguous", "lift_fresh", "lift", "conj", "resolve_conj", "resolve_neg", "real"), _same),
    "lift_fresh_copy": lambda x: np.array(x),
    "_to_copy": lambda x, dtype=None, **options: np.array(x) if dtype is None else x.astype(dtype),
    "to": _cast,
    "type_as": lambda x, other: x.astype(other.dtype),
    **dict.fromkeys(("view", "_unsafe_view", "reshape", "_reshape_alias"), _shaped),
    "flatten": lambda x, start=0, end=-1: np.reshape(x, (*np.shape(x)[: start % np.ndim(x)], -1, *np.shape(x)[end % np.ndim(x) + 1 :])),
    "t": _turned,
    "numpy_T": lambda x: np.transpose(x),
    "transpose": _swap,
    "permute": _permute,
    "expand": _expand,
    "expand_as": lambda x, other: np.broadcast_to(x, np.shape(other)),
    "broadcast_to": lambda x, size: np.broadcast_to(x, tuple(size)),
    "unsqueeze": lambda x, dim: np.expand_dims(x, dim),
    "squeeze": _squeeze,
    "slice": _slice,
    "select": _select,
    "narrow": _narrow,
    "split": _split,
    "split_with_sizes": _split_with_sizes,
    "unbind": _unbind,
    "cat": _cat,
    "stack": _stack,
    "index": _index,
    "_unsafe_index": _index,
    "index_select": _index_select,
    "gather": _gather,
    "take": lambda x, index: np.take(np.reshape(x, (-1,)), index),
    "masked_select": lambda x, mask: x[mask],
    "embedding": lambda weight, index, *rest: weight[index],
    "flip": _flip,
    "roll": _roll,
    "repeat": _repeat,
    "tile": _repeat,
    "repeat_interleave": _interleave,
    "constant_pad_nd": _pad,
    "tril": lambda x, diagonal=0: np.tril(x, diagonal),
    "triu": lambda x, diagonal=0: np.triu(x, diagonal),
    "diag": lambda x, diagonal=0: np.diag(x, diagonal),
    "diagonal": _diagonal,
    "movedim": lambda x, a, b: np.moveaxis(x, a, b),
    "unfold": _unfold,
}
