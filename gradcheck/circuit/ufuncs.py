"""Ufuncs called with options, and their methods: reduce, accumulate, outer, at, reduceat."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from gradcheck.circuit import advice
from gradcheck.circuit.setting import write
from gradcheck.errors import TraceError
from gradcheck.primitives import BY_NAME, find, shape_of
from gradcheck.primitives.composed import accumulated, outer_of

_REDUCE: dict[Any, Any] = {
    np.add: np.sum, np.multiply: np.prod, np.maximum: np.max, np.minimum: np.min, np.fmax: np.max, np.fmin: np.min,
    np.logical_and: np.all, np.logical_or: np.any,
}  # fmt: skip
_ACCUMULATE: dict[Any, Any] = {np.add: np.cumsum, np.multiply: np.cumprod}
_SEVERAL: dict[Any, Callable[..., Any]] = {
    np.divmod: lambda a, b: (np.floor_divide(a, b), np.remainder(a, b)),
    np.modf: lambda x: (x - np.trunc(x), np.trunc(x)),
}  # fmt: skip
_GETITEM = BY_NAME["getitem"]
_NO_EFFECT = ("order", "subok", "extobj")  # where a result lies in memory, and of which class it is


def is_traced(value: Any) -> bool:
    """Whether a value belongs to a circuit that is being written."""
    return getattr(value, "recorder", None) is not None


def concrete(value: Any) -> Any:
    """The value behind a traced one."""
    return value.value if is_traced(value) else value


def apply(recorder: Any, ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], options: Mapping[str, Any]) -> Any:
    """What NumPy was asked for, recorded; TraceError with the line for what is not followed."""
    given = {
        k: v for k, v in options.items() if k not in _NO_EFFECT and not (k == "where" and v is True) and (v is not None or k == "axis")
    }
    out = next((o for o in given.pop("out", ()) if o is not None), None)
    casting = given.pop("casting", "same_kind")
    if (out is not None and not is_traced(out)) or (method == "at" and not is_traced(inputs[0])):
        return _into_plain(recorder, ufunc, method, inputs, given, out)
    if not _is_followed(ufunc):
        return _unfollowed(recorder, ufunc, method, inputs, options)
    inputs = _in_precision(recorder, inputs, given, casting) if method != "at" else inputs
    if method == "__call__":
        where = given.pop("where", None)
        _refuse_rest(recorder, ufunc, method, given)
        if where is not None:
            return _selected(recorder, ufunc, inputs, where, out)
        result = _called(recorder, ufunc, inputs)
    elif method == "at":
        return recorder.call(lambda a, *rest: _at(recorder, ufunc, a, *rest), inputs, given, ufunc.__name__)
    else:
        result = recorder.call(_method(recorder, ufunc, method), inputs, given, ufunc.__name__)
    return result if out is None else out.becomes(_as_large(result, out), casting)


def _into_plain(recorder: Any, ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], given: dict[str, Any], out: Any) -> Any:
    """A plain array can take a decision, as in `mask |= x > 0`, but no value that has a derivative."""
    if method != "__call__" or given or out.dtype.kind not in "iub":
        raise TraceError(recorder.here(advice.OUT))
    result = _called(recorder, ufunc, inputs) if _is_followed(ufunc) else None
    if result is None or result.dtype.kind not in "iub":
        raise TraceError(recorder.here(advice.OUT))
    out[...] = recorder.decide(result, np.asarray)
    return out


def _is_followed(ufunc: np.ufunc) -> bool:
    return find(ufunc) is not None or ufunc in _SEVERAL


def _unfollowed(recorder: Any, ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], options: Mapping[str, Any]) -> Any:
    """Functions without a record: of Python they are followed element by element, of plain numbers computed."""
    if all(set(types) <= set("O->") for types in ufunc.types) and method == "__call__":
        return ufunc(*(elements(x) if is_traced(x) else x for x in inputs), **options)
    if not any(recorder.varies(x) for x in inputs if is_traced(x)):
        return getattr(ufunc, method)(*map(concrete, inputs), **options)
    raise TraceError(recorder.here(advice.unknown(advice.called_ufunc(ufunc), method, {})))


def elements(array: Any) -> Any:
    """The elements of a traced array in an object array, for functions of Python."""
    found = np.empty(array.shape, dtype=object)
    for index in np.ndindex(array.shape):
        found[index] = array[index] if index else array
    return found


def _refuse_rest(recorder: Any, ufunc: np.ufunc, method: str, given: Mapping[str, Any]) -> None:
    if given:
        raise TraceError(recorder.here(advice.unknown(advice.called_ufunc(ufunc), method, given)))


def _in_precision(recorder: Any, inputs: tuple[Any, ...], given: dict[str, Any], casting: Any) -> tuple[Any, ...]:
    """dtype= has the operands converted beforehand."""
    dtype = given.pop("dtype", None)
    if dtype is None:
        return inputs
    wanted = np.dtype(dtype)
    if any(not np.can_cast(x.dtype, wanted, casting) for x in inputs if is_traced(x)):
        raise TypeError(f"Cannot cast ufunc input to {wanted!r} with casting rule '{casting}'")
    return tuple(x.astype(wanted, copy=False) if is_traced(x) else np.asarray(x).astype(wanted)[()] for x in inputs)


def _called(recorder: Any, ufunc: np.ufunc, inputs: Sequence[Any]) -> Any:
    return recorder.call(_SEVERAL.get(ufunc) or find(ufunc), inputs, {}, ufunc.__name__)


def _as_large(result: Any, out: Any) -> Any:
    """A result that is smaller than where it goes is repeated there; one that does not fit is NumPy's error to raise."""
    fits = result.shape != out.shape and np.broadcast_shapes(result.shape, out.shape) == out.shape
    return np.broadcast_to(result, out.shape) if fits else result


def _selected(recorder: Any, ufunc: np.ufunc, inputs: Sequence[Any], where: Any, out: Any) -> Any:
    """where= computes at the selected elements only, and leaves the others of out as they are."""
    if out is None:
        raise TraceError(recorder.here(advice.WHERE))
    mask = recorder.decide(where, np.asarray) if is_traced(where) else np.asarray(where, dtype=bool)
    shape = np.broadcast_shapes(mask.shape, *map(shape_of, inputs))
    if np.broadcast_shapes(shape, out.shape) != out.shape:
        raise ValueError(f"non-broadcastable output operand with shape {out.shape} doesn't match the broadcast shape {shape}")
    chosen = np.broadcast_to(mask, out.shape)
    parts = [_GETITEM(np.broadcast_to(x, out.shape), index=(chosen.copy(),)) if shape_of(x) else x for x in inputs]
    if chosen.any():
        write(out, (chosen.copy(),) if out.shape else (Ellipsis,), _called(recorder, ufunc, parts))
    return out


def _method(recorder: Any, ufunc: np.ufunc, method: str) -> Callable[..., Any]:
    if method == "outer":
        return outer_of(ufunc)
    if method == "reduce":
        return _reduction(ufunc)
    if method == "accumulate":
        if ufunc in _ACCUMULATE:
            return lambda x, axis=0: _ACCUMULATE[ufunc](x, axis=axis)
        return accumulated(ufunc)
    if method == "reduceat":
        return lambda x, indices, axis=0: _reduced_at(ufunc, x, np.asarray(concrete(indices)), axis)
    raise TraceError(recorder.here(advice.unknown(advice.called_ufunc(ufunc), method, {})))


def _reduction(ufunc: np.ufunc) -> Callable[..., Any]:
    function = _REDUCE.get(ufunc)
    if ufunc is np.logaddexp:
        return lambda x, axis=0, keepdims=False, **rest: (
            _stepwise(ufunc, x, axis, keepdims, **rest) if rest else BY_NAME["logsumexp"](x, axis=axis, keepdims=bool(keepdims))
        )
    if function is None:
        return lambda x, axis=0, keepdims=False, **rest: _stepwise(ufunc, x, axis, keepdims, **rest)
    return lambda x, axis=0, **rest: function(x, axis=axis, **rest)


def _stepwise(ufunc: np.ufunc, x: Any, axis: Any, keepdims: bool, initial: Any = None, where: Any = True) -> Any:
    """A reduction one step after the other, as NumPy makes it; its shape and its errors are NumPy's own."""
    options = {} if initial is None else {"initial": concrete(initial)}
    like = ufunc.reduce(x.value, axis=axis, keepdims=keepdims, where=concrete(where), **options)
    axes = tuple(range(x.ndim)) if axis is None else tuple(a % x.ndim for a in (axis if isinstance(axis, tuple) else (axis,)))
    order = (*axes, *(i for i in range(x.ndim) if i not in axes))
    rest = tuple(x.shape[i] for i in order[len(axes) :])
    lines = np.reshape(np.transpose(x, order), (-1, *rest))
    masks = None if where is True else np.reshape(np.transpose(np.broadcast_to(where, x.shape), order), (-1, *rest))
    start = ufunc.identity if initial is None and masks is not None else initial
    found, first = (lines[0], 1) if start is None and len(lines) else (start, 0)
    for k in range(first, len(lines)):
        step = ufunc(found, lines[k])
        found = step if masks is None else np.where(masks[k], step, found)
    return like if found is None or not is_traced(found) else np.reshape(found, np.shape(like))


def _reduced_at(ufunc: np.ufunc, x: Any, indices: Any, axis: int) -> Any:
    ufunc.reduceat(x.value, indices, axis=axis)  # for NumPy's own errors
    lines = np.moveaxis(x, axis, 0)
    stops = [*indices[1:], len(lines)]
    parts = [lines[i] if i >= j else ufunc.reduce(lines[i:j]) for i, j in zip(map(int, indices), map(int, stops), strict=True)]
    return np.moveaxis(np.stack(parts), 0, axis)


def _at(recorder: Any, ufunc: np.ufunc, array: Any, index: Any, operand: Any = None) -> None:
    """ufunc.at: in place and unbuffered, so that a place met several times changes several times, in order."""
    fixed = recorder.fixed_index(index)
    places = np.asarray(np.arange(array.size).reshape(array.shape)[fixed])
    if not places.size:
        return
    flat = places.ravel()
    several = ufunc.nin == 2
    values = np.reshape(np.broadcast_to(operand, places.shape), (-1,)) if several and shape_of(operand) else operand
    found, start, rank = np.unique(flat), np.reshape(array, (-1,)), _rank(flat)
    now = _GETITEM(start, index=(found,))
    for turn in range(int(rank.max()) + 1):  # the places met once more, all at once
        chosen = np.flatnonzero(rank == turn)
        here = np.searchsorted(found, flat[chosen])
        part = _GETITEM(now, index=(here,))
        changed = ufunc(part, values[chosen] if shape_of(values) else values) if several else ufunc(part)
        if len(chosen) == len(found):
            now = _GETITEM(changed, index=(np.argsort(here),))
        else:
            now = BY_NAME["put"](now, changed.astype(now.dtype, copy=False), index=(here,))
    write(array, tuple(np.unravel_index(found, array.shape)) if array.shape else (Ellipsis,), now if array.shape else now[0])


def _rank(places: Any) -> Any:
    """How often each place was met before."""
    order = np.argsort(places, kind="stable")
    ordered = places[order]
    first = np.searchsorted(ordered, ordered)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order)) - first
    return rank
