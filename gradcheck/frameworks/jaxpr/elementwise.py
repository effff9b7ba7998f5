"""Primitives of JAX that work element by element."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import scipy.special as sp

from gradcheck.circuit.traced import TracedArray
from gradcheck.errors import TraceError
from gradcheck.frameworks.jaxpr.rules import Rule, as_numpy, concrete, held, table


def _same(params: Mapping[str, Any], *inputs: Any) -> list[Any]:
    return list(inputs)


def _polygamma(order: Any, x: Any) -> Any:
    order = concrete(order)
    if order.size and (order != order.flat[0]).any():
        raise TraceError("polygamma of several orders at once")
    return sp.polygamma(int(order.flat[0]), x)


def _divided(x: Any, y: Any) -> Any:
    """Whole numbers are divided towards zero."""
    if np.result_type(x).kind in "biu":
        x, y = concrete(x), concrete(y)
        return (np.sign(x) * np.sign(y) * (np.abs(x) // np.maximum(np.abs(y), 1))).astype(x.dtype)
    return x / y


def _remainder(x: Any, y: Any) -> Any:
    return np.fmod(concrete(x), concrete(y)) if np.result_type(x).kind in "iu" else np.fmod(x, y)


def _rounded(params: Mapping[str, Any], x: Any) -> Any:
    """To even, or halves away from zero: JAX's two ways."""
    if int(params["rounding_method"]) == 1:
        return np.rint(x)
    return np.sign(x) * np.floor(np.abs(x) + np.asarray(0.5, dtype=x.dtype))


def _selected(params: Mapping[str, Any], which: Any, *cases: Any) -> Any:
    if np.result_type(which).kind == "b":
        return np.where(which, cases[1], cases[0])
    which, result = concrete(which), cases[0]
    for k, case in enumerate(cases[1:], start=1):
        result = np.where(which == k, case, result)
    return result


def _converted(params: Mapping[str, Any], x: Any) -> Any:
    dtype = as_numpy(params["new_dtype"])
    if np.result_type(x) == dtype:
        return x
    if dtype.kind in "iub" and np.result_type(x).kind == "f":
        return concrete(x != 0) if dtype.kind == "b" else concrete(np.trunc(x)).astype(dtype)
    return x.astype(dtype) if isinstance(x, TracedArray) else np.asarray(x).astype(dtype)


def _kept_precision(params: Mapping[str, Any], x: Any) -> Any:
    """Rounding to fewer bits than the type has is left to JAX."""
    if params["mantissa_bits"] < np.finfo(np.result_type(x)).nmant:
        raise TraceError("reduce_precision rounds to fewer bits than the type has")
    return x


def _bits(logical: Any, bitwise: Any) -> Rule:
    """Operations that mean logic on booleans, and bits on whole numbers."""

    def rule(params: Mapping[str, Any], *inputs: Any) -> Any:
        if np.result_type(inputs[0]).kind == "b":
            return logical(*inputs)
        return bitwise(*map(concrete, inputs))

    return rule


def _power(x: Any, y: Any) -> Any:
    return np.power(x, y if np.result_type(y).kind == "f" else concrete(y))


RULES: Mapping[str, Rule] = {
    **table(
        abs=np.abs, acos=np.arccos, acosh=np.arccosh, add=np.add, add_any=np.add, asin=np.arcsin, asinh=np.arcsinh, atan=np.arctan,
        atan2=np.arctan2, atanh=np.arctanh, bessel_i0e=sp.i0e, bessel_i1e=sp.i1e, cbrt=np.cbrt, ceil=np.ceil, cos=np.cos, cosh=np.cosh,
        digamma=sp.digamma, div=_divided, erf=sp.erf, erf_inv=sp.erfinv, erfc=sp.erfc, exp=np.exp, exp2=np.exp2, expm1=np.expm1, floor=np.floor,
        igamma=sp.gammainc, igammac=sp.gammaincc, is_finite=np.isfinite, lgamma=sp.gammaln, log=np.log, log1p=np.log1p, logistic=sp.expit,
        max=np.maximum, min=np.minimum, mul=np.multiply, neg=np.negative, polygamma=_polygamma, pow=_power,
        regularized_incomplete_beta=sp.betainc, rem=_remainder, sign=np.sign, sin=np.sin, sinh=np.sinh, sqrt=np.sqrt, square=np.square,
        sub=np.subtract, tan=np.tan, tanh=np.tanh, zeta=sp.zeta,
        eq=np.equal, ne=np.not_equal, lt=np.less, le=np.less_equal, gt=np.greater, ge=np.greater_equal,
        eq_to=np.equal, lt_to=np.less, le_to=np.less_equal, stop_gradient=held,
    ),
    "ne itself": lambda params, x, y: np.isnan(x),
    "eq itself": lambda params, x, y: np.logical_not(np.isnan(x)),
    "rsqrt": lambda params, x: 1 / np.sqrt(x),
    "integer_pow": lambda params, x: x ** params["y"],
    "clamp": lambda params, low, x, high: np.minimum(np.maximum(x, low), high),
    "round": _rounded,
    "select_n": _selected,
    "convert_element_type": _converted,
    "reduce_precision": _kept_precision,
    "and": _bits(np.logical_and, np.bitwise_and),
    "or": _bits(np.logical_or, np.bitwise_or),
    "xor": _bits(np.not_equal, np.bitwise_xor),
    "not": _bits(np.logical_not, np.invert),
    **dict.fromkeys(
        ("copy", "copy_p", "device_put", "name", "optimization_barrier", "sharding_constraint", "pvary", "layout_constraint"), _same
    ),
}  # fmt: skip
