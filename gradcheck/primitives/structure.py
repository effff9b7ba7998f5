"""Moving numbers about: shapes, joins, indexing and its transpose. No arithmetic but where writes meet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from gradcheck.primitives.costs import NOTHING, Counts, Sized
from gradcheck.primitives.record import Example, Primitive, shape_of, sum_to

Shape = tuple[int, ...]
Params = Mapping[str, Any]
Inputs = tuple[Any, ...]


def _free(inputs: tuple[Sized, ...], output: Sized, params: Params) -> Counts:
    return NOTHING


def _move(name: str, evaluate: Any, rule: Any, **known: Any) -> Primitive:
    return Primitive(name, evaluate, rule, known.pop("cost", _free), rounds=False, calls={}, **known)


# shapes
def _reshape_rule(position: int, g: Any, y: Any, inputs: Inputs, params: Params) -> Any:
    return np.reshape(g, shape_of(inputs[0]))


def _transpose_rule(position: int, g: Any, y: Any, inputs: Inputs, params: Params) -> Any:
    axes = params["axes"]
    return np.transpose(g, tuple(int(i) for i in np.argsort(axes)))


def _broadcast_rule(position: int, g: Any, y: Any, inputs: Inputs, params: Params) -> Any:
    return sum_to(g, shape_of(inputs[0]))


def _cast(x: Any, dtype: str) -> Any:
    return np.asarray(x).astype(dtype)[()]


def _cast_rule(position: int, g: Any, y: Any, inputs: Inputs, params: Params) -> Any:
    back = inputs[0].dtype
    return CAST(g, dtype=back.name) if back.kind == "f" else None


def _exact_cast(m: Any, x: Any, dtype: str) -> Any:
    if np.dtype(dtype).kind == "f":
        return x
    return np.frompyfunc(m.trunc, 1, 1)(x)


RESHAPE = _move(
    "reshape", np.reshape, _reshape_rule, examples=(Example(((2, 3),), {"shape": (3, 2)}), Example(((4,),), {"shape": (2, 2)})),
    array="np.reshape({0}, {shape})", formula="same numbers, other shape",
)  # fmt: skip
TRANSPOSE = _move(
    "transpose", np.transpose, _transpose_rule, array="np.transpose({0}, {axes})",
    examples=(Example(((2, 3),), {"axes": (1, 0)}), Example(((2, 1, 3),), {"axes": (2, 0, 1)})), formula="axes permuted",
)  # fmt: skip
BROADCAST = _move(
    "broadcast_to", np.broadcast_to, _broadcast_rule, array="np.broadcast_to({0}, {shape})",
    examples=(Example(((1, 3),), {"shape": (2, 3)}), Example(((),), {"shape": (3,)})), formula="copies along new axes",
)  # fmt: skip
CAST = _move(
    "astype", _cast, _cast_rule, exact=_exact_cast, formula="the nearest number of another type",
    examples=(Example(((3,),), {"dtype": "float64"}), Example(((2, 2),), {"dtype": "float64"})),
)  # fmt: skip


def reshape(x: Any, /, shape: Any = None, order: str = "C", **options: Any) -> Any:
    """np.reshape, one size may be -1."""
    if order != "C" or options.get("copy") is not None:
        raise TypeError("np.reshape(order=, copy=) is not followed: reshape in C order")
    sizes = (shape,) if isinstance(shape, int | np.integer) else tuple(shape)
    known = np.broadcast_to(0.0, shape_of(x)).reshape(tuple(map(int, sizes))).shape
    return x if known == shape_of(x) else RESHAPE(x, shape=known)


def ravel(x: Any, order: str = "C") -> Any:
    """np.ravel in C order."""
    return reshape(x, (-1,), order)


def squeeze(x: Any, axis: Any = None) -> Any:
    """np.squeeze: a reshape that drops axes of size 1."""
    return reshape(x, np.broadcast_to(0.0, shape_of(x)).squeeze(axis).shape)


def expand_dims(x: Any, axis: Any) -> Any:
    """np.expand_dims: a reshape that adds axes of size 1."""
    return reshape(x, np.expand_dims(np.broadcast_to(0.0, shape_of(x)), axis).shape)


def atleast(ndim: int) -> Any:
    """np.atleast_1d and np.atleast_2d for one array."""
    sample = {1: np.atleast_1d, 2: np.atleast_2d}[ndim]
    return lambda x: reshape(x, sample(np.broadcast_to(0.0, shape_of(x))).shape)


def transpose(x: Any, axes: Any = None) -> Any:
    """np.transpose; without axes, all are reversed."""
    ndim = len(shape_of(x))
    order = tuple(range(ndim))[::-1] if axes is None else tuple(int(a) % ndim for a in axes)
    return x if order == tuple(range(ndim)) else TRANSPOSE(x, axes=order)


def swapaxes(x: Any, axis1: int, axis2: int) -> Any:
    """np.swapaxes as a transpose."""
    order = list(range(len(shape_of(x))))
    order[axis1], order[axis2] = order[axis2], order[axis1]
    return transpose(x, order)


def moveaxis(x: Any, source: Any, destination: Any) -> Any:
    """np.moveaxis as a transpose."""
    ndim = len(shape_of(x))
    numbered = np.moveaxis(np.broadcast_to(0.0, tuple(range(ndim))), source, destination)
    return transpose(x, numbered.shape)


def broadcast_to(x: Any, shape: Any, **options: Any) -> Any:
    """np.broadcast_to."""
    wanted = (shape,) if isinstance(shape, int) else tuple(map(int, shape))
    return x if shape_of(x) == wanted else BROADCAST(x, shape=wanted)


def flip(x: Any, axis: Any = None) -> Any:
    """np.flip as an index with negative steps."""
    ndim = len(shape_of(x))
    axes = range(ndim) if axis is None else [normalize_axis_index(a, ndim) for a in ((axis,) if isinstance(axis, int) else axis)]
    return GETITEM(x, index=tuple(slice(None, None, -1 if i in axes else None) for i in range(ndim)))


# joins
def _join_cost(inputs: tuple[Sized, ...], output: Sized, params: Params) -> Counts:
    return Counts(moves=output.size)


def _concatenate(*parts: Any, axis: int) -> Any:
    return np.concatenate(parts, axis=axis)


def _concatenate_rule(position: int, g: Any, y: Any, inputs: Inputs, params: Params) -> Any:
    axis = params["axis"]
    start = sum(shape_of(x)[axis] for x in inputs[:position])
    stop = start + shape_of(inputs[position])[axis]
    return GETITEM(g, index=(*(slice(None),) * axis, slice(start, stop)))


def _stack(*parts: Any, axis: int) -> Any:
    return np.stack(parts, axis=axis)


def _stack_rule(position: int, g: Any, y: Any, inputs: Inputs, params: Params) -> Any:
    return GETITEM(g, index=(*(slice(None),) * params["axis"], position))


CONCATENATE = _move(
    "concatenate", _concatenate, _concatenate_rule, cost=_join_cost, array="np.concatenate([{*}], axis={axis})",
    examples=(Example(((2,), (3,)), {"axis": 0}), Example(((2, 1), (2, 2)), {"axis": 1})), formula="joined along an axis",
)  # fmt: skip
STACK = _move(
    "stack", _stack, _stack_rule, cost=_join_cost, array="np.stack([{*}], axis={axis})",
    examples=(Example(((), ()), {"axis": 0}), Example(((2,), (2,), (2,)), {"axis": 1})), formula="joined along a new axis",
)  # fmt: skip


def concatenate(parts: Sequence[Any], axis: int | None = 0, out: Any = None, *, dtype: Any = None, casting: Any = "same_kind") -> Any:
    """np.concatenate; axis=None flattens first."""
    _plainly(out, dtype)
    if axis is None:
        parts, axis = [ravel(p) for p in parts], 0
    return CONCATENATE(*parts, axis=normalize_axis_index(axis, len(shape_of(parts[0]))))


def _plainly(out: Any, dtype: Any) -> None:
    if out is not None or dtype is not None:
        raise TypeError("joins with out= or dtype= are not followed")


def stack(parts: Sequence[Any], axis: int = 0, out: Any = None, *, dtype: Any = None, casting: Any = "same_kind") -> Any:
    """np.stack."""
    _plainly(out, dtype)
    return STACK(*parts, axis=normalize_axis_index(axis, len(shape_of(parts[0])) + 1))


def hstack(parts: Sequence[Any], *, dtype: Any = None, casting: Any = "same_kind") -> Any:
    """np.hstack."""
    _plainly(None, dtype)
    whole = [atleast(1)(p) for p in parts]
    return concatenate(whole, 0 if len(shape_of(whole[0])) == 1 else 1)


def vstack(parts: Sequence[Any], *, dtype: Any = None, casting: Any = "same_kind") -> Any:
    """np.vstack."""
    _plainly(None, dtype)
    return concatenate([atleast(2)(p) for p in parts], 0)


# indexing and its transpose
def _getitem(x: Any, index: Any) -> Any:
    return x[index]


def _getitem_cost(inputs: tuple[Sized, ...], output: Sized, params: Params) -> Counts:
    return Counts(moves=output.size)


def _getitem_rule(position: int, g: Any, y: Any, inputs: Inputs, params: Params) -> Any:
    return SCATTER(g, indices=(params["index"],), shape=shape_of(inputs[0]))


def is_basic(index: Any) -> bool:
    """Whether an index of slices and whole numbers alone makes a view that meets no element twice."""
    parts = index if isinstance(index, tuple) else (index,)
    return all(p is None or p is Ellipsis or (isinstance(p, slice | int | np.integer) and not isinstance(p, bool)) for p in parts)


def is_view(primitive: Primitive, params: Params | None) -> bool:
    """Whether NumPy's result may share memory with the operand."""
    if primitive is GETITEM:
        return is_basic((params or {})["index"])
    return primitive is RESHAPE or primitive is TRANSPOSE or primitive is BROADCAST


def _scatter(*values: Any, indices: tuple[Any, ...], shape: Shape) -> Any:
    """Zeros of `shape` to which each value is added at its index, repeated places adding up."""
    total = np.zeros(shape, dtype=np.result_type(*values) if values else float)
    for index, value in zip(indices, values, strict=True):
        if is_basic(index):
            part = total[index if any(p is Ellipsis for p in index) else (*index, ...)]  # a view, even of one element
            part += value
        else:
            np.add.at(total, index, value)
    return total


def _scatter_rule(position: int, g: Any, y: Any, inputs: Inputs, params: Params) -> Any:
    return GETITEM(g, index=params["indices"][position])


def _scatter_cost(inputs: tuple[Sized, ...], output: Sized, params: Params) -> Counts:
    """Writing is no arithmetic; an addition is counted for every write that meets an earlier one."""
    written = sum(x.size for x in inputs)
    return Counts(additions=written - _distinct(params["indices"], params["shape"]), moves=written)


def _distinct(indices: tuple[Any, ...], shape: Shape) -> int:
    touched = np.zeros(shape, dtype=bool)
    for index in indices:
        touched[index] = True
    return int(touched.sum())


GETITEM = _move(
    "getitem", _getitem, _getitem_rule, cost=_getitem_cost, array="{0}[{index}]",
    examples=(
        Example(((3,),), {"index": (1,)}), Example(((2, 3),), {"index": (slice(None), slice(0, 3, 2))}),
        Example(((3, 2),), {"index": (np.array([0, 2, 0]),)}), Example(((2, 2),), {"index": (np.array([[True, False], [True, True]]),)}),
    ), formula="x[index]",
)  # fmt: skip
SCATTER = _move(
    "scatter", _scatter, _scatter_rule, cost=_scatter_cost,
    examples=(
        Example(((2,),), {"indices": ((slice(0, 2),),), "shape": (3,)}),
        Example(((3,), ()), {"indices": ((np.array([0, 1, 0]),), (1,)), "shape": (2,)}),
    ), sums=True, formula="zeros to which values are added at indices",
)  # fmt: skip


def _put(x: Any, value: Any, index: Any) -> Any:
    """A copy of x with the value written at the index."""
    flags = np.asarray(x).flags
    written = np.array(x, dtype=np.result_type(x, value), order="F" if flags.f_contiguous and not flags.c_contiguous else "C")
    written[index if not is_basic(index) or any(p is Ellipsis for p in index) else (*index, ...)] = value
    return written


def _put_rule(position: int, g: Any, y: Any, inputs: Inputs, params: Params) -> Any:
    """What was overwritten no longer matters; what was written gets its places' cotangent."""
    if position == 0:
        return PUT(g, g.dtype.type(0), index=params["index"])
    return sum_to(GETITEM(g, index=params["index"]), shape_of(inputs[1]))


PUT: Primitive = _move(
    "put", _put, _put_rule, cost=lambda inputs, output, params: Counts(moves=inputs[1].size), arity=2,
    examples=(
        Example(((3,), ()), {"index": (1,)}), Example(((2, 3), (2,)), {"index": (slice(None), slice(0, 3, 2))}),
        Example(((3, 2), (2, 2)), {"index": (np.array([2, 0]),)}), Example(((2, 2), (1,)), {"index": (np.array([[True, False], [True, True]]),)}),
    ), formula="x, where x[index] is replaced; an index meets no place twice",
)  # fmt: skip


def take(x: Any, indices: Any, axis: int | None = None, mode: str = "raise") -> Any:
    """np.take with fixed indices."""
    if mode != "raise":
        raise TypeError("np.take(mode=) is not followed")
    if axis is None:
        return GETITEM(ravel(x), index=(np.asarray(indices),))
    before = (slice(None),) * (axis % len(shape_of(x)))
    return GETITEM(x, index=(*before, np.asarray(indices)))


def repeat(x: Any, repeats: Any, axis: int | None = None) -> Any:
    """np.repeat with fixed counts."""
    if axis is None:
        x, axis = ravel(x), 0
    length = shape_of(x)[axis]
    return take(x, np.repeat(np.arange(length), repeats), axis)


# the diagonal
def trace_index(shape: Shape, offset: int) -> tuple[Any, Any]:
    """Row and column numbers of a diagonal."""
    rows = np.arange(max(shape[0], shape[1]))
    keep = (rows < shape[0]) & (rows + offset >= 0) & (rows + offset < shape[1])
    return rows[keep], rows[keep] + offset


def _trace_rule(position: int, g: Any, y: Any, inputs: Inputs, params: Params) -> Any:
    shape = shape_of(inputs[0])
    index = trace_index(shape, params["offset"])
    return SCATTER(np.broadcast_to(g, (len(index[0]),)), indices=(index,), shape=shape)


def _trace_cost(inputs: tuple[Sized, ...], output: Sized, params: Params) -> Counts:
    return Counts(additions=max(len(trace_index(inputs[0].shape, params["offset"])[0]) - 1, 0))


TRACE = Primitive(
    "trace", np.trace, _trace_rule, _trace_cost, calls={}, sums=True, formula="sum x_ii",
    examples=(Example(((2, 2),), {"offset": 0}), Example(((2, 3),), {"offset": 1})),
)  # fmt: skip


def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: Any = None) -> Any:
    """np.trace; of a stack of matrices, as the sums of their diagonals."""
    if dtype is not None or out is not None:
        raise TypeError("np.trace(dtype=, out=) is not followed")
    if len(shape_of(x)) == 2 and (axis1 % 2, axis2 % 2) == (0, 1):
        return TRACE(x, offset=offset)
    return np.sum(np.diagonal(x, offset, axis1, axis2), axis=-1)


_CALLS: dict[Primitive, dict[Any, Any]] = {
    RESHAPE: {
        np.reshape: reshape, np.ravel: ravel, np.squeeze: squeeze, np.expand_dims: expand_dims,
    },
    TRANSPOSE: {np.transpose: transpose, np.swapaxes: swapaxes, np.moveaxis: moveaxis, np.matrix_transpose: lambda x: swapaxes(x, -1, -2)},
    BROADCAST: {np.broadcast_to: broadcast_to},
    CONCATENATE: {np.concatenate: concatenate, np.hstack: hstack, np.vstack: vstack},
    STACK: {np.stack: stack},
    GETITEM: {np.flip: flip, np.repeat: repeat, np.take: take, np.copy: lambda x: x.copy()},
    TRACE: {np.trace: trace},
}  # fmt: skip
for _record, _calls in _CALLS.items():
    _record.calls.update(_calls)  # type: ignore[attr-defined]
