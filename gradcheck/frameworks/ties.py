"""Where rounding may decide a branch: two values that are compared lie nearer to each other than their rounding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gradcheck.arithmetic.noise import AMPLITUDE, Noise, Noisy
from gradcheck.circuit import describe, trail
from gradcheck.gradients.method import Problem
from gradcheck.primitives import Primitive
from gradcheck.verdicts.tolerance import SAFETY, unit_roundoff

_STATES = ("where", "isnan", "isfinite")


def near_tie(problem: Problem) -> str | None:
    """The first comparison or selection that rounding may turn, in words; None where none is that close.

    Another order of a sum, or a narrower type inside, decides such a branch otherwise than our own floats do.
    """
    circuit, noise = problem.circuit, Noise()
    deciding = [k for k in range(len(circuit)) if _decides(circuit.primitive(k))]
    if not deciding:
        return None
    with np.errstate(all="ignore"):
        values = trail(circuit, noise, [noise.constant(x) for x in problem.inputs])
    unit = unit_roundoff(problem.dtype)
    for k in deciding:
        primitive, params = circuit.primitive(k), circuit.params.get(k, {})
        assert primitive is not None
        if _is_close(primitive, [values[i] for i in circuit.inputs_of(k)], params, unit):
            return describe(circuit, k)
    return None


def _decides(primitive: Primitive | None) -> bool:
    return primitive is not None and (primitive.decision or primitive.pick is not None) and primitive.name not in _STATES


def _is_close(primitive: Primitive, operands: Sequence[Noisy], params: Mapping[str, Any], unit: float) -> bool:
    first, *others = operands
    if np.asarray(first.exact).dtype.kind != "f":
        return False
    if others and (primitive.elementwise or primitive.decision):
        return any(_within(first, np.asarray(o.exact, dtype=float), first.spread + o.spread, unit) for o in others)
    if "axis" not in params and primitive.pick is None:
        return _within(first, np.zeros(()), first.spread, unit)
    axis = params.get("axis")
    extreme = np.min if "min" in primitive.name else np.max
    rest = np.asarray(first.exact, dtype=float)
    top = extreme(rest, axis=axis, keepdims=True)
    return bool(
        np.any((rest != top) & (np.abs(rest - top) <= SAFETY * unit / AMPLITUDE * (first.spread + _spread_of_top(first, top, axis))))
    )


def _spread_of_top(first: Noisy, top: Any, axis: Any) -> Any:
    return np.max(np.where(first.exact == top, first.spread, 0.0), axis=axis, keepdims=True)


def _within(first: Noisy, other: Any, spread: Any, unit: float) -> bool:
    gap = np.abs(np.asarray(first.exact, dtype=float) - other)
    return bool(np.any((spread > 0) & (gap <= SAFETY * unit / AMPLITUDE * spread)))
