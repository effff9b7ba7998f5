"""Floats whose every rounded operation is disturbed: how much rounding can move a result.

Each value is its exact-as-possible float64 together with several noisy copies. Constants, data movement, negation and
selections add no noise, and decisions come from the undisturbed value (Parker, Monte Carlo arithmetic, 1997).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.primitives import Primitive, plain
from gradcheck.primitives.structure import GETITEM, is_basic

AMPLITUDE = 2.0**-34  # far above float64's rounding, far below anything nonlinear


@dataclass(frozen=True, slots=True, eq=False)
class Noisy:
    """A value, and its copies under noise along the first axis of an array; None where all agree with the value."""

    exact: Any
    copies: Any = None

    @property
    def spread(self) -> Any:
        """How far the copies stray from the value."""
        return np.zeros(np.shape(self.exact)) if self.copies is None else np.max(np.abs(self.copies - self.exact), axis=0)


class Noise:
    """Arithmetic of noisy floats, in float64 whatever the circuit's precision.

    Results below `floor`, a type's smallest normal number, are rounded as if they were as large: so its subnormal numbers lose digits.
    """

    def __init__(self, copies: int = 8, seed: int = 0, floor: float = 0.0) -> None:
        self.copies, self.floor = copies, floor
        self.rng = np.random.default_rng(seed)

    def constant(self, value: Any) -> Noisy:
        """A value known exactly: all copies agree."""
        return Noisy(_wide(plain(value)))

    def apply(self, primitive: Primitive, inputs: Sequence[Noisy], params: Mapping[str, Any]) -> Noisy:
        """The operation on the value and on every copy, each copy disturbed by a factor of its own."""
        if primitive.name == "astype" and np.dtype(params["dtype"]).kind == "f":
            return inputs[0]
        read = [x.exact for x in inputs]
        exact = primitive.evaluate(*read, **params)
        if primitive.decision or (not (primitive.rounds or primitive.sums) and all(x.copies is None for x in inputs)):
            return Noisy(exact)
        copies = self._together if primitive.elementwise else self._one_by_one
        return Noisy(exact, copies(primitive, inputs, exact, params))

    def _together(self, primitive: Primitive, inputs: Sequence[Noisy], exact: Any, params: Mapping[str, Any]) -> Any:
        """All copies of an elementwise operation at once."""
        noisy = [x.exact if x.copies is None else _aligned(x.copies, np.ndim(exact)) for x in inputs]
        if primitive.pick is not None:
            result = primitive.pick([x.exact for x in inputs], noisy, **params)
        else:
            if primitive.backward:
                noisy = [
                    self._disturbed(np.broadcast_to(x, np.broadcast_shapes(np.shape(x), (self.copies, *(1,) * np.ndim(exact)))), AMPLITUDE)
                    for x in noisy
                ]
            result = primitive.evaluate(*noisy, **params)
        shape = (self.copies, *np.shape(exact))
        whole = result if np.shape(result) == shape else np.broadcast_to(result, shape)
        return self._disturbed(whole, AMPLITUDE) if primitive.rounds and primitive.pick is None else whole

    def _one_by_one(self, primitive: Primitive, inputs: Sequence[Noisy], exact: Any, params: Mapping[str, Any]) -> Any:
        if primitive is GETITEM and is_basic(params["index"]):
            return inputs[0].copies[(slice(None), *params["index"])]
        read = [x.exact for x in inputs]
        amplitudes = self._terms(primitive, read, params) if primitive.sums else None
        if primitive.name == "sum" and amplitudes is not None:
            terms = np.broadcast_to(read[0], (self.copies, *np.shape(read[0]))) if inputs[0].copies is None else inputs[0].copies
            axes = _shifted(params.get("axis"), np.ndim(read[0]))
            total = np.sum(self._disturbed(terms, amplitudes[0]), axis=axes, keepdims=bool(params.get("keepdims", False)))
            return self._disturbed(total, AMPLITUDE)
        copies = [self._copy(primitive, inputs, c, amplitudes, params) for c in range(self.copies)]
        return np.stack(copies if primitive.aligned is None else [primitive.aligned(copy, exact) for copy in copies])

    def _copy(self, primitive: Primitive, inputs: Sequence[Noisy], c: int, amplitudes: Any, params: Mapping[str, Any]) -> Any:
        noisy = [x.exact if x.copies is None else x.copies[c] for x in inputs]
        if primitive.pick is not None:
            return primitive.pick([x.exact for x in inputs], noisy, **params)
        if amplitudes is not None:
            noisy = [self._disturbed(x, a) for x, a in zip(noisy, amplitudes, strict=True)]
        if primitive.backward:
            noisy = [self._disturbed(x, AMPLITUDE) for x in noisy]
        result = primitive.evaluate(*noisy, **params)
        if primitive.spread is not None:
            result = result + AMPLITUDE * primitive.spread(noisy, params) * self.rng.uniform(-1.0, 1.0, np.shape(result))
        return self._disturbed(result, AMPLITUDE) if primitive.rounds else result

    def _terms(self, primitive: Primitive, read: list[Any], params: Mapping[str, Any]) -> list[Any]:
        """By how much the operands of a sum are disturbed, each term as much as partial sums of so many round: their square root
        (Higham & Mary, A new approach to probabilistic rounding error analysis, 2019). Lone terms stay exact.
        """
        return [AMPLITUDE * np.sqrt(n) * (n > 1) for n in _terms_per_result(primitive, read, params)]

    def _disturbed(self, value: Any, amplitude: Any) -> Any:
        if not self.floor:
            return value * (1.0 + amplitude * self.rng.uniform(-1.0, 1.0, np.shape(value)))
        size = np.where(value == 0, 0.0, np.maximum(np.abs(value), self.floor))
        return value + size * amplitude * self.rng.uniform(-1.0, 1.0, np.shape(value))


def _shifted(axis: Any, ndim: int) -> tuple[int, ...]:
    """The axes of an operand in the array of its copies."""
    axes = range(ndim) if axis is None else (axis,) if isinstance(axis, int) else axis
    return tuple(1 + a % ndim for a in axes)


def _aligned(copies: Any, ndim: int) -> Any:
    """Copies of an operand of fewer axes than the result, so that they broadcast copy by copy."""
    missing = ndim + 1 - copies.ndim
    return copies.reshape(copies.shape[0], *(1,) * missing, *copies.shape[1:]) if missing > 0 else copies


def _terms_per_result(primitive: Primitive, operands: list[Any], params: Mapping[str, Any]) -> list[Any]:
    """How many terms meet where each operand's elements go: for writes, place by place."""
    if primitive.name == "scatter":
        writes = primitive.evaluate(*(np.ones(np.shape(x)) for x in operands), **params)
        return [writes[index] for index in params["indices"]]
    result = primitive.evaluate(*operands, **params)
    additions = primitive.cost(tuple(map(np.asarray, operands)), np.asarray(result), params).additions
    return [1.0 + additions / max(np.size(result), 1)] * len(operands)


def _wide(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic) and value.dtype.kind == "f":
        return value.astype(np.float64)
    return value
