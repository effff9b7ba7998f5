"""Primitives of JAX that put many elements together: reductions, running sums, products of arrays, windows, order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import product
from typing import Any

import numpy as np

from gradcheck.errors import TraceError
from gradcheck.frameworks.jaxpr.rules import Rule, as_numpy, concrete
from gradcheck.frameworks.jaxpr.structure import RULES as MOVES

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _over_axes(function: Callable[..., Any]) -> Rule:
    return lambda params, x: function(x, axis=tuple(params["axes"])) if params["axes"] else x


def _extreme(function: Callable[..., Any]) -> Rule:
    def rule(params: Mapping[str, Any], x: Any) -> Any:
        (axis,) = params["axes"]
        return concrete(function(x, axis=axis)).astype(as_numpy(params["index_dtype"]))

    return rule


def _along(function: Callable[..., Any]) -> Rule:
    """Running results, from the end where the parameters say so."""

    def rule(params: Mapping[str, Any], x: Any) -> Any:
        axis = params["axis"]
        turned = np.flip(x, axis) if params["reverse"] else x
        result = function(turned, axis)
        return np.flip(result, axis) if params["reverse"] else result

    return rule


def _stepwise(step: Callable[[Any, Any], Any]) -> Callable[[Any, int], Any]:
    def running(x: Any, axis: int) -> Any:
        before = (slice(None),) * axis
        parts = [x[(*before, slice(0, 1))]]
        for k in range(1, np.shape(x)[axis]):
            parts.append(step(parts[-1], x[(*before, slice(k, k + 1))]))
        return np.concatenate(parts, axis=axis)

    return running


def _dot_general(params: Mapping[str, Any], a: Any, b: Any) -> Any:
    (left, right), (batch_left, batch_right) = params["dimension_numbers"]
    names = iter(_LETTERS)
    first: dict[int, str] = {}
    second: dict[int, str] = {}
    for i, j in (*zip(batch_left, batch_right, strict=True), *zip(left, right, strict=True)):
        first[i] = second[j] = next(names)
    kept = [first[i] for i in batch_left]
    for given, array, gone in ((first, a, {*batch_left, *left}), (second, b, {*batch_right, *right})):
        for i in range(np.ndim(array)):
            if i not in gone:
                given[i] = next(names)
                kept.append(given[i])
    spelled = ["".join(given[i] for i in range(np.ndim(array))) for given, array in ((first, a), (second, b))]
    wanted = params.get("preferred_element_type")
    result = _product(spelled, "".join(kept), a, b)
    return result if wanted is None or np.result_type(result) == as_numpy(wanted) else result.astype(as_numpy(wanted))


def _product(spelled: list[str], kept: str, a: Any, b: Any) -> Any:
    """Products of vectors and matrices as such; others by einsum."""
    if spelled[0] and spelled[1] and spelled[0][-1] == spelled[1][0] and kept == spelled[0][:-1] + spelled[1][1:] and len(spelled[1]) <= 2:
        return np.matmul(a, b)
    return np.einsum(f"{spelled[0]},{spelled[1]}->{kept}", a, b)


def _convolved(params: Mapping[str, Any], x: Any, kernel: Any) -> Any:
    """A sum over the places of the kernel; groups one by one."""
    spec = params["dimension_numbers"]
    groups = params["feature_group_count"]
    if params["batch_group_count"] != 1:
        raise TraceError("convolutions over groups of a batch")
    x, kernel = np.transpose(x, spec.lhs_spec), np.transpose(kernel, spec.rhs_spec)
    zero = np.zeros((), dtype=np.result_type(x))
    edges = [(low, high, gap - 1) for (low, high), gap in zip(params["padding"], params["lhs_dilation"], strict=True)]
    x = MOVES["pad"]({"padding_config": [(0, 0, 0), (0, 0, 0), *edges]}, x, zero)
    inputs, outputs = np.shape(kernel)[1], np.shape(kernel)[0] // groups
    parts = [_one_group(params, x[:, g * inputs : (g + 1) * inputs], kernel[g * outputs : (g + 1) * outputs]) for g in range(groups)]
    result = parts[0] if groups == 1 else np.concatenate(parts, axis=1)
    return np.transpose(result, np.argsort(spec.out_spec))


def _one_group(params: Mapping[str, Any], x: Any, kernel: Any) -> Any:
    total = None
    for place, window in _windows(np.shape(x)[2:], np.shape(kernel)[2:], params["window_strides"], params["rhs_dilation"]):
        part = np.einsum("ni...,oi->no...", x[(slice(None), slice(None), *window)], kernel[(slice(None), slice(None), *place)])
        total = part if total is None else total + part
    if total is None:
        raise TraceError("a convolution with an empty kernel")
    return total


def _windows(sizes: Any, kernel: Any, strides: Any, dilation: Any) -> Iterator[tuple[tuple[int, ...], tuple[slice, ...]]]:
    """For every place of a window, the elements that stand there, over all positions of the window."""
    counts = [(n - (k - 1) * d - 1) // s + 1 for n, k, s, d in zip(sizes, kernel, strides, dilation, strict=True)]
    for place in product(*map(range, kernel)):
        spans = zip(place, dilation, strides, counts, strict=True)
        yield place, tuple(slice(p * d, p * d + (c - 1) * s + 1, s) for p, d, s, c in spans)


def _over_windows(step: Callable[[Any, Any], Any], empty: float) -> Rule:
    def rule(params: Mapping[str, Any], x: Any) -> Any:
        dtype = np.result_type(x)
        edges = [(low, high, gap - 1) for (low, high), gap in zip(params["padding"], params["base_dilation"], strict=True)]
        x = MOVES["pad"]({"padding_config": edges}, x, np.asarray(empty, dtype=dtype))
        total = None
        for _, window in _windows(np.shape(x), params["window_dimensions"], params["window_strides"], params["window_dilation"]):
            total = x[window] if total is None else step(total, x[window])
        return total

    return rule


def _sorted(params: Mapping[str, Any], *operands: Any) -> list[Any]:
    axis, keys = params["dimension"], params["num_keys"]
    if keys != 1:
        raise TraceError("sorting by several keys")
    if len(operands) == 1:
        return [np.sort(operands[0], axis=axis)]
    order = concrete(np.argsort(operands[0], axis=axis, kind="stable"))
    return [np.take_along_axis(o, order, axis=axis) for o in operands]


def _top(params: Mapping[str, Any], x: Any) -> list[Any]:
    axis = params.get("axis", -1) % np.ndim(x)
    order = concrete(np.argsort(-x, axis=axis, kind="stable"))
    order = order[(slice(None),) * axis + (slice(0, params["k"]),)]
    return [np.take_along_axis(x, order, axis=axis), order.astype(np.int32)]


RULES: Mapping[str, Rule] = {
    "reduce_sum": _over_axes(np.sum),
    "reduce_prod": _over_axes(np.prod),
    "reduce_max": _over_axes(np.max),
    "reduce_min": _over_axes(np.min),
    "reduce_and": _over_axes(np.all),
    "reduce_or": _over_axes(np.any),
    "argmax": _extreme(np.argmax),
    "argmin": _extreme(np.argmin),
    "cumsum": _along(lambda x, axis: np.cumsum(x, axis=axis)),
    "cumprod": _along(lambda x, axis: np.cumprod(x, axis=axis)),
    "cummax": _along(_stepwise(np.maximum)),
    "cummin": _along(_stepwise(np.minimum)),
    "cumlogsumexp": _along(_stepwise(np.logaddexp)),
    "dot_general": _dot_general,
    "conv_general_dilated": _convolved,
    "reduce_window_sum": _over_windows(np.add, 0.0),
    "reduce_window_max": _over_windows(np.maximum, -np.inf),
    "reduce_window_min": _over_windows(np.minimum, np.inf),
    "sort": _sorted,
    "top_k": _top,
}
