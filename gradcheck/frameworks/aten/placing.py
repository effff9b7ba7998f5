"""ATen operations that make arrays and write into them; an operation in place writes its result over its first argument."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from gradcheck.circuit.memory import blank
from gradcheck.circuit.traced import TracedArray
from gradcheck.frameworks.aten.moving import places


def in_place(operation: Callable[..., Any]) -> Callable[..., Any]:
    """The operation that overwrites its first argument with what another gives."""

    def overwrite(x: Any, *rest: Any, **options: Any) -> Any:
        x[...] = operation(x, *rest, **options)
        return x

    return overwrite


def _overwrite(x: Any, source: Any, non_blocking: bool = False) -> Any:
    x[...] = source
    return x


def _written(x: Any, index: Any, value: Any, *, add: bool = False) -> Any:
    """A copy of x with values written at an index; added up where indices repeat."""
    result = blank(value, np.array(x)) if isinstance(value, TracedArray) and not isinstance(x, TracedArray) else np.array(x)
    if add:
        np.add.at(result, index, value)
    else:
        result[index] = value
    return result


def _part(source: Any, index: Any) -> Any:
    """As much of the source as the index has places for."""
    return source[tuple(slice(0, n) for n in np.shape(index))] if np.ndim(source) else source


def _scatter(x: Any, dim: int, index: Any, source: Any, *, reduce: str | None = None) -> Any:
    if reduce is not None and reduce != "add":
        raise NotImplementedError(f"scatter with reduce={reduce!r}")
    return _written(x, places(np.ndim(x), dim, index), _part(source, index), add=reduce == "add")


def _scatter_add(x: Any, dim: int, index: Any, source: Any) -> Any:
    return _written(x, places(np.ndim(x), dim, index), _part(source, index), add=True)


def _index_put(x: Any, indices: Sequence[Any], values: Any, accumulate: bool = False, *rest: Any) -> Any:
    return _written(x, tuple(slice(None) if i is None else i for i in indices), values, add=accumulate)


def _along(x: Any, dim: int, index: Any) -> tuple[Any, ...]:
    return (*[slice(None)] * (dim % np.ndim(x)), index)


def _index_add(x: Any, dim: int, index: Any, source: Any, *, alpha: float = 1) -> Any:
    return _written(x, _along(x, dim, index), source if alpha == 1 else alpha * source, add=True)


def _slice_scatter(x: Any, source: Any, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1) -> Any:
    return _written(x, _along(x, dim, slice(start, end, step)), source)


def _masked_scatter(x: Any, mask: Any, source: Any) -> Any:
    mask = np.broadcast_to(mask, np.shape(x))
    return _written(x, mask, np.reshape(source, (-1,))[: int(np.sum(mask))])


def _diag_embed(x: Any, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Any:
    if (dim1, dim2) != (-2, -1):
        raise NotImplementedError("diag_embed along other axes than the last two")
    n = np.shape(x)[-1] + abs(offset)
    rows = np.arange(np.shape(x)[-1]) + max(-offset, 0)
    placed = (np.eye(n)[rows][:, None, :] * 0 + np.eye(n)[rows + offset][:, None, :]) * np.eye(n)[rows][:, :, None]
    return np.einsum("...k,kij->...ij", x, placed.astype(_type(x)))


def _type(x: Any) -> Any:
    return x.dtype


def _full(size: Sequence[int], value: Any, dtype: Any = None, **options: Any) -> Any:
    return np.full(tuple(size), value, dtype=dtype)


def _filled(number: float) -> Callable[..., Any]:
    return lambda size, dtype=None, **options: np.full(tuple(size), number, dtype=dtype or "float32")


def _like(number: float | None = None) -> Callable[..., Any]:
    """An array of the same shape; one that may be written into with traced values where x is traced."""

    def made(x: Any, *rest: Any, dtype: Any = None, **options: Any) -> Any:
        value = rest[0] if number is None else number
        like = np.full_like(x, value, dtype=dtype)
        return like if isinstance(x, TracedArray) else np.asarray(like)

    return made


def _new(number: float | None = None) -> Callable[..., Any]:
    def made(x: Any, size: Sequence[int], *rest: Any, dtype: Any = None, **options: Any) -> Any:
        return np.full(tuple(size), rest[0] if number is None else number, dtype=dtype or x.dtype)

    return made


def _arange(*bounds: Any, dtype: Any = None, **options: Any) -> Any:
    return np.arange(*bounds, dtype=dtype)


TABLE: Mapping[str, Callable[..., Any]] = {
    "copy_": _overwrite,
    "copy": lambda x, source, non_blocking=False: np.broadcast_to(source, np.shape(x)).astype(x.dtype),
    "fill": lambda x, value: np.broadcast_to(value, np.shape(x)),
    "zero": lambda x: np.zeros(np.shape(x)),
    "fill_": _overwrite,
    "zero_": lambda x: _overwrite(x, 0.0),
    "scatter": _scatter,
    "scatter_add": _scatter_add,
    "index_put": _index_put,
    "_unsafe_index_put": _index_put,
    "index_add": _index_add,
    "index_copy": lambda x, dim, index, source: _written(x, _along(x, dim, index), source),
    "index_fill": lambda x, dim, index, value: _written(x, _along(x, dim, index), value),
    "select_scatter": lambda x, source, dim, index: _written(x, _along(x, dim, index), source),
    "slice_scatter": _slice_scatter,
    "masked_scatter": _masked_scatter,
    "diag_embed": _diag_embed,
    "full": _full,
    "zeros": _filled(0.0),
    "ones": _filled(1.0),
    "empty": _filled(0.0),
    "eye": lambda n, m=None, dtype=None, **options: np.eye(n, m if isinstance(m, int) else None, dtype=dtype or "float32"),
    "zeros_like": _like(0.0),
    "ones_like": _like(1.0),
    "empty_like": _like(0.0),
    "full_like": _like(),
    "new_zeros": _new(0.0),
    "new_ones": _new(1.0),
    "new_empty": _new(0.0),
    "new_full": _new(),
    "scalar_tensor": lambda value, dtype=None, **options: np.asarray(value, dtype=dtype or "float32"),
    "arange": _arange,
    "linspace": lambda start, end, steps, dtype=None, **options: np.linspace(start, end, steps).astype(dtype or "float32"),
}
