"""ATen operations of neural networks: normalisations, convolutions, pooling, losses, attention."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod, sqrt
from typing import Any

import numpy as np
from scipy import special

from gradcheck.frameworks.aten import moving


def _normalised(x: Any, axes: tuple[int, ...], eps: float) -> tuple[Any, Any, Any]:
    mean = np.mean(x, axis=axes, keepdims=True)
    apart = x - mean
    inverse = 1 / np.sqrt(np.mean(apart * apart, axis=axes, keepdims=True) + eps)
    return apart * inverse, mean, inverse


def _affine(x: Any, weight: Any, bias: Any, shape: Sequence[int] | None = None) -> Any:
    x = x if weight is None else x * (weight if shape is None else np.reshape(weight, shape))
    return x if bias is None else x + (bias if shape is None else np.reshape(bias, shape))


def _layer_norm(x: Any, shape: Sequence[int], weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Any:
    y, mean, inverse = _normalised(x, tuple(range(-len(shape), 0)), eps)
    return _affine(y, weight, bias), mean, inverse


def _group_norm(x: Any, weight: Any, bias: Any, n: int, c: int, hw: int, groups: int, eps: float) -> Any:
    y, mean, inverse = _normalised(np.reshape(x, (n, groups, -1)), (2,), eps)
    shape = (1, c) + (1,) * (np.ndim(x) - 2)
    return _affine(np.reshape(y, np.shape(x)), weight, bias, shape), mean[..., 0], inverse[..., 0]


def _batch_norm(
    x: Any, weight: Any, bias: Any, running_mean: Any, running_var: Any, training: bool, momentum: float, eps: float, *rest: Any
) -> Any:
    shape = (1, -1) + (1,) * (np.ndim(x) - 2)
    if training or running_mean is None:
        y, mean, inverse = _normalised(x, (0, *range(2, np.ndim(x))), eps)
        return _affine(y, weight, bias, shape), np.reshape(mean, (-1,)), np.reshape(inverse, (-1,))
    y = (x - np.reshape(running_mean, shape)) / np.sqrt(np.reshape(running_var, shape) + eps)
    return _affine(y, weight, bias, shape), None, None


def _batch_norm_at_rest(x: Any, weight: Any, bias: Any, mean: Any, var: Any, momentum: float, eps: float) -> Any:
    return _batch_norm(x, weight, bias, mean, var, training=False, momentum=momentum, eps=eps)


def _batch_norm_alone(x: Any, weight: Any, bias: Any, training: bool, momentum: float, eps: float) -> Any:
    return _batch_norm(x, weight, bias, None, None, training=True, momentum=momentum, eps=eps)


def _each(value: Any, count: int) -> tuple[int, ...]:
    given = (value,) if isinstance(value, int) else tuple(value)
    return given * count if len(given) == 1 else given


def _windows(x: Any, size: Sequence[int], stride: Sequence[int], dilation: Sequence[int]) -> Any:
    """Patches of the last axes: (..., places, ..., size, ...), each gathered by an index."""
    n, first = len(size), np.ndim(x) - len(size)
    for axis, (k, s, d) in enumerate(zip(size, stride, dilation, strict=True)):
        at = first + 2 * axis  # each axis before has become two
        places = (np.shape(x)[at] - d * (k - 1) - 1) // s + 1
        index = s * np.arange(places)[:, None] + d * np.arange(k)[None, :]
        x = np.take(x, index, axis=at)
    lead = np.ndim(x) - 2 * n
    order = (*range(lead), *range(lead, lead + 2 * n, 2), *range(lead + 1, lead + 2 * n, 2))
    return np.transpose(x, order)


def _padded(x: Any, padding: Sequence[int], value: float = 0.0) -> Any:
    if not any(padding):
        return x
    return moving.padded(x, [(0, 0)] * (np.ndim(x) - len(padding)) + [(p, p) for p in padding], value)


def _convolution(
    x: Any, weight: Any, bias: Any, stride: Any, padding: Any, dilation: Any, transposed: bool, output_padding: Any, groups: int, *rest: Any
) -> Any:
    n = np.ndim(weight) - 2
    stride, padding, dilation = _each(stride, n), _each(padding, n), _each(dilation, n)
    if transposed:
        return _transposed(x, weight, bias, stride, padding, dilation, _each(output_padding, n), groups)
    return _correlated(x, weight, bias, stride, padding, dilation, groups)


def _correlated(x: Any, weight: Any, bias: Any, stride: Sequence[int], padding: Sequence[int], dilation: Sequence[int], groups: int) -> Any:
    n = np.ndim(weight) - 2
    windows = _windows(_padded(x, padding), np.shape(weight)[2:], stride, dilation)
    places, batch = np.shape(windows)[2 : 2 + n], np.shape(x)[0]
    rows = np.reshape(np.moveaxis(windows, 1, 1 + n), (batch, prod(places), groups, -1))
    filters = np.reshape(weight, (groups, np.shape(weight)[0] // groups, -1))
    product = np.einsum("bpgk,gok->bgop", rows, filters)
    result = np.reshape(product, (batch, np.shape(weight)[0], *places))
    return _affine(result, None, bias, (1, -1) + (1,) * n)


def _transposed(
    x: Any,
    weight: Any,
    bias: Any,
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    extra: Sequence[int],
    groups: int,
) -> Any:
    """As the convolution of x with zeros set between its elements, by the filters turned round."""
    n, size = np.ndim(weight) - 2, np.shape(weight)[2:]
    for axis in range(n):
        length = np.shape(x)[2 + axis]
        spread = np.zeros((length, (length - 1) * stride[axis] + 1))
        spread[np.arange(length), stride[axis] * np.arange(length)] = 1.0
        x = np.moveaxis(np.moveaxis(x, 2 + axis, -1) @ spread.astype(_type(x)), -1, 2 + axis)
    margins = [d * (k - 1) - p for d, k, p in zip(dilation, size, padding, strict=True)]
    if min(margins) < 0:
        raise NotImplementedError("a transposed convolution with more padding than its filters reach")
    x = np.pad(x, [(0, 0), (0, 0), *((m, m + e) for m, e in zip(margins, extra, strict=True))])
    turned = np.flip(np.reshape(weight, (groups, np.shape(weight)[0] // groups, *np.shape(weight)[1:])), axis=tuple(range(3, 3 + n)))
    filters = np.reshape(np.swapaxes(turned, 1, 2), (-1, np.shape(weight)[0] // groups, *size))
    return _correlated(x, filters, bias, (1,) * n, (0,) * n, dilation, groups)


def _type(x: Any) -> Any:
    return x.dtype


def _average_pool(n: int) -> Callable[..., Any]:
    def pool(
        x: Any, size: Any, stride: Any = (), padding: Any = 0, ceil_mode: bool = False, count_include_pad: bool = True, divisor: Any = None
    ) -> Any:
        if ceil_mode or divisor is not None or (any(_each(padding, n)) and not count_include_pad):
            raise NotImplementedError("average pooling with ceil_mode, another divisor, or padding that does not count")
        size = _each(size, n)
        stride = _each(stride, n) if np.size(stride) else size
        windows = _windows(_padded(x, _each(padding, n)), size, stride, (1,) * n)
        return np.mean(windows, axis=tuple(range(-n, 0)))

    return pool


def _max_pool(x: Any, size: Any, stride: Any = (), padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False) -> Any:
    if ceil_mode:
        raise NotImplementedError("max pooling with ceil_mode")
    size = _each(size, 2)
    stride = _each(stride, 2) if np.size(stride) else size
    windows = _windows(_padded(x, _each(padding, 2), -np.inf), size, stride, _each(dilation, 2))
    return np.max(windows, axis=(-2, -1)), None


def _adaptive_pool(x: Any, size: Sequence[int]) -> Any:
    n = len(size)
    for axis, (out, length) in enumerate(zip(size, np.shape(x)[-n:], strict=True)):
        at = np.ndim(x) - n + axis
        ends = [(i * length // out, -(-(i + 1) * length // out)) for i in range(out)]
        x = np.stack([np.mean(np.take(x, np.arange(a, b), axis=at), axis=at) for a, b in ends], axis=at)
    return x


def _reduced(loss: Any, reduction: int = 1) -> Any:
    return (lambda v: v, np.mean, np.sum)[reduction](loss)


def _nll(x: Any, target: Any, weight: Any = None, reduction: int = 1, ignore_index: int = -100) -> Any:
    """Class along the second axis (the first for one sample); samples whose class is `ignore_index` do not count."""
    axis = 0 if np.ndim(x) == 1 else 1
    counts = np.asarray(target) != ignore_index
    safe = np.where(counts, target, 0)
    picked = np.squeeze(moving.along(x, np.expand_dims(safe, axis), axis), axis=axis)
    scale = counts.astype(_type(x)) if weight is None else np.where(counts, weight[safe], 0)
    loss = -picked * scale
    total = np.sum(scale)
    return (loss if reduction == 0 else np.sum(loss) / total if reduction == 1 else np.sum(loss)), total


def _cross_entropy(x: Any, target: Any, weight: Any = None, reduction: int = 1) -> Any:
    loss = -(target * np.maximum(np.log(x), -100) + (1 - target) * np.maximum(np.log1p(-x), -100))
    return _reduced(loss if weight is None else loss * weight, reduction)


def _cross_entropy_logits(x: Any, target: Any, weight: Any = None, pos_weight: Any = None, reduction: int = 1) -> Any:
    positive = target if pos_weight is None else target * pos_weight
    loss = positive * np.logaddexp(0.0, -x) + (1 - target) * np.logaddexp(0.0, x)
    return _reduced(loss if weight is None else loss * weight, reduction)


def _smooth(x: Any, target: Any, reduction: int = 1, beta: float = 1.0) -> Any:
    off = np.abs(x - target)
    return _reduced(np.where(off < beta, 0.5 * off * off / beta, off - 0.5 * beta), reduction)


def _huber(x: Any, target: Any, reduction: int = 1, delta: float = 1.0) -> Any:
    off = np.abs(x - target)
    return _reduced(np.where(off <= delta, 0.5 * off * off, delta * (off - 0.5 * delta)), reduction)


def _glu(x: Any, dim: int = -1) -> Any:
    half = np.shape(x)[dim] // 2
    a, b = (np.take(x, np.arange(i * half, (i + 1) * half), axis=dim) for i in (0, 1))
    return a * special.expit(b)


def _attention(
    query: Any, key: Any, value: Any, dropout_p: float = 0.0, is_causal: bool = False, *rest: Any, attn_mask: Any = None, scale: Any = None,
    **options: Any,
) -> Any:  # fmt: skip
    if dropout_p:
        raise NotImplementedError("attention with dropout, which is random")
    scores = (query @ np.swapaxes(key, -1, -2)) * (1 / sqrt(np.shape(query)[-1]) if scale is None else scale)
    if is_causal:
        scores = scores + np.where(np.tril(np.ones(np.shape(scores)[-2:])) > 0, 0.0, -np.inf).astype(_type(scores))
    if attn_mask is not None:
        scores = scores + attn_mask
    return special.softmax(scores, axis=-1) @ value, None


TABLE: Mapping[str, Callable[..., Any]] = {
    "_softmax": lambda x, dim, half_to_float=False: special.softmax(x, axis=dim),
    "_safe_softmax": lambda x, dim, dtype=None: special.softmax(x, axis=dim),
    "softmax": lambda x, dim, dtype=None: special.softmax(x, axis=dim),
    "_log_softmax": lambda x, dim, half_to_float=False: special.log_softmax(x, axis=dim),
    "log_softmax": lambda x, dim, dtype=None: special.log_softmax(x, axis=dim),
    "native_layer_norm": _layer_norm,
    "native_group_norm": _group_norm,
    "native_batch_norm": _batch_norm,
    "_native_batch_norm_legit": _batch_norm,
    "_native_batch_norm_legit_functional": lambda *given: (*_batch_norm(*given), None, None),  # what it writes reaches no value
    "_native_batch_norm_legit.no_stats": _batch_norm_alone,
    "_native_batch_norm_legit_no_training": _batch_norm_at_rest,
    "_fused_rms_norm": lambda x, shape, weight, eps: (
        _affine(x / np.sqrt(np.mean(x * x, axis=tuple(range(-len(shape), 0)), keepdims=True) + (eps or 1.2e-7)), weight, None), None
    ),
    "convolution": _convolution,
    "avg_pool1d": _average_pool(1),
    "avg_pool2d": _average_pool(2),
    "avg_pool3d": _average_pool(3),
    "max_pool2d_with_indices": _max_pool,
    "_adaptive_avg_pool2d": _adaptive_pool,
    "_adaptive_avg_pool3d": _adaptive_pool,
    "nll_loss_forward": _nll,
    "nll_loss2d_forward": _nll,
    "mse_loss": lambda x, target, reduction=1: _reduced((x - target) ** 2, reduction),
    "l1_loss": lambda x, target, reduction=1: _reduced(np.abs(x - target), reduction),
    "smooth_l1_loss": _smooth,
    "huber_loss": _huber,
    "binary_cross_entropy": _cross_entropy,
    "binary_cross_entropy_with_logits": _cross_entropy_logits,
    "glu": _glu,
    "_scaled_dot_product_flash_attention_for_cpu": _attention,
    "_scaled_dot_product_attention_math": _attention,
}  # fmt: skip
