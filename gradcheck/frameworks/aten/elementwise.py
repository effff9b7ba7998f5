"""ATen operations that act on each element."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import pi, sqrt
from typing import Any

import numpy as np
from scipy import special


def _gelu(x: Any, approximate: str = "none") -> Any:
    if approximate == "tanh":
        return 0.5 * x * (1 + np.tanh(sqrt(2 / pi) * (x + 0.044715 * x**3)))
    return 0.5 * x * (1 + special.erf(x / sqrt(2)))


def _softplus(x: Any, beta: float = 1, threshold: float = 20) -> Any:
    return np.where(x * beta > threshold, x, np.logaddexp(0.0, beta * x) / beta)


def _elu(x: Any, alpha: float = 1, scale: float = 1, input_scale: float = 1) -> Any:
    return np.where(x > 0, scale * x, scale * alpha * np.expm1(np.minimum(x * input_scale, 0)))


def _div(a: Any, b: Any, rounding_mode: str | None = None) -> Any:
    quotient = np.true_divide(a, b)
    return quotient if rounding_mode is None else np.floor(quotient) if rounding_mode == "floor" else np.trunc(quotient)


def _clamp(x: Any, min: Any = None, max: Any = None) -> Any:
    x = x if min is None else np.maximum(x, min)
    return x if max is None else np.minimum(x, max)


def _scaled(a: Any, b: Any, operation: Callable[..., Any], alpha: Any) -> Any:
    return operation(a, b if alpha == 1 else alpha * b)


def _bits_or_truth(of_bits: Any, of_truth: Any) -> Callable[..., Any]:
    return lambda a, b: of_truth(a, b) if np.result_type(getattr(a, "dtype", type(a))) == np.bool_ else of_bits(a, b)


def _not(x: Any) -> Any:
    return np.logical_not(x) if x.dtype == np.bool_ else np.invert(x)


def _prelu(x: Any, weight: Any) -> Any:
    return np.where(x > 0, x, weight * x)


def _lerp(start: Any, end: Any, weight: Any) -> Any:
    return start + weight * (end - start)


def _nan_to_num(x: Any, nan: float | None = None, posinf: float | None = None, neginf: float | None = None) -> Any:
    return np.nan_to_num(x, nan=nan or 0.0, posinf=posinf, neginf=neginf)


def _logit(x: Any, eps: float | None = None) -> Any:
    return special.logit(x if eps is None else _clamp(x, eps, 1 - eps))


def _round(x: Any, decimals: int = 0) -> Any:
    return np.round(x, decimals)


_NAMED: Mapping[str, Any] = {
    **{name: getattr(np, name) for name in (
        "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "ceil", "floor",
        "trunc", "sign", "square", "sinc", "isnan", "isfinite", "maximum", "minimum", "fmax", "fmin", "hypot", "fmod", "logaddexp",
        "logaddexp2", "copysign", "heaviside", "floor_divide", "remainder", "logical_and", "logical_or", "logical_not",
    )},
    **{name: getattr(special, name) for name in ("erf", "erfc", "erfinv", "xlogy", "i0")},
    "abs": np.abs, "neg": np.negative, "positive": np.positive, "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan, "asinh": np.arcsinh,
    "acosh": np.arccosh, "atanh": np.arctanh, "atan2": np.arctan2, "deg2rad": np.deg2rad, "rad2deg": np.rad2deg,
    "eq": np.equal, "ne": np.not_equal, "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal,
    "lgamma": special.gammaln, "digamma": special.psi, "special_erfcx": special.erfcx, "special_i0e": special.i0e, "special_i1": special.i1,
    "special_i1e": special.i1e, "special_ndtr": special.ndtr, "special_ndtri": special.ndtri, "special_log_ndtr": special.log_ndtr,
    "special_entr": special.entr, "special_xlog1py": special.xlog1py, "special_zeta": special.zeta, "igamma": special.gammainc,
    "igammac": special.gammaincc, "special_bessel_j0": special.j0, "special_bessel_j1": special.j1,
}  # fmt: skip

TABLE: Mapping[str, Callable[..., Any]] = {
    **_NAMED,
    "add": lambda a, b, alpha=1: _scaled(a, b, np.add, alpha),
    "sub": lambda a, b, alpha=1: _scaled(a, b, np.subtract, alpha),
    "rsub": lambda a, b, alpha=1: np.subtract(b, a if alpha == 1 else alpha * a),
    "mul": lambda a, b: np.multiply(a, b),
    "div": _div,
    "true_divide": _div,
    "pow": lambda a, b: a**b,
    "float_power": lambda a, b: a**b,
    "reciprocal": lambda x: 1 / x,
    "rsqrt": lambda x: 1 / np.sqrt(x),
    "frac": lambda x: x - np.trunc(x),
    "round": _round,
    "sgn": np.sign,
    "polygamma": lambda n, x: special.polygamma(n, x),
    "sigmoid": special.expit,
    "logit": _logit,
    "special_logit": _logit,
    "relu": lambda x: np.maximum(x, 0),
    "relu6": lambda x: _clamp(x, 0, 6),
    "leaky_relu": lambda x, slope=0.01: np.where(x > 0, x, slope * x),
    "silu": lambda x: x * special.expit(x),
    "mish": lambda x: x * np.tanh(np.logaddexp(0.0, x)),
    "gelu": _gelu,
    "softplus": _softplus,
    "elu": _elu,
    "celu": lambda x, alpha=1: np.where(x > 0, x, alpha * np.expm1(np.minimum(x / alpha, 0))),
    "hardtanh": lambda x, low=-1, high=1: _clamp(x, low, high),
    "hardsigmoid": lambda x: _clamp(x + 3, 0, 6) / 6,
    "hardswish": lambda x: x * _clamp(x + 3, 0, 6) / 6,
    "hardshrink": lambda x, lambd=0.5: np.where(np.abs(x) <= lambd, 0 * x, x),
    "softshrink": lambda x, lambd=0.5: np.sign(x) * np.maximum(np.abs(x) - lambd, 0),
    "threshold": lambda x, threshold, value: np.where(x <= threshold, value, x),
    "log_sigmoid_forward": lambda x: (special.log_expit(x), None),
    "_prelu_kernel": _prelu,
    "prelu": _prelu,
    "lerp": _lerp,
    "addcmul": lambda x, a, b, value=1: x + value * (a * b),
    "addcdiv": lambda x, a, b, value=1: x + value * (a / b),
    "where": lambda condition, a, b: np.where(condition, a, b),
    "clamp": _clamp,
    "clip": _clamp,
    "clamp_min": lambda x, low: np.maximum(x, low),
    "clamp_max": lambda x, high: np.minimum(x, high),
    "masked_fill": lambda x, mask, value: np.where(mask, value, x),
    "nan_to_num": _nan_to_num,
    "isinf": lambda x: np.abs(x) == np.inf,
    "bitwise_and": _bits_or_truth(np.bitwise_and, np.logical_and),
    "bitwise_or": _bits_or_truth(np.bitwise_or, np.logical_or),
    "bitwise_xor": _bits_or_truth(np.bitwise_xor, np.not_equal),
    "bitwise_not": _not,
    "logical_xor": lambda a, b: (a != 0) != (b != 0),
    "clone": lambda x, memory_format=None: np.array(x),
    "mvlgamma": lambda x, p: special.multigammaln(x, p),
}
