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

AMPLITUDE = 2.0**-34  # far above float64's rounding, far below anything nonlinear


@dataclass(frozen=True, slots=True)
class Noisy:
    """A value, and its copies under noise."""

    exact: Any
    copies: tuple[Any, ...]


class Noise:
    """Arithmetic of noisy floats, in float64 whatever the circuit's precision."""

    def __init__(self, copies: int = 8, seed: int = 0) -> None:
        self.copies = copies
        self.rng = np.random.default_rng(seed)

    def constant(self, value: Any) -> Noisy:
        """A value known exactly: all copies agree."""
        wide = _wide(plain(value))
        return Noisy(wide, (wide,) * self.copies)

    def apply(self, primitive: Primitive, inputs: Sequence[Noisy], params: Mapping[str, Any]) -> Noisy:
        """The operation on the value and on every copy, each copy disturbed by a factor of its own."""
        if primitive.name == "astype" and np.dtype(params["dtype"]).kind == "f":
            return inputs[0]
        read = [x.exact for x in inputs]
        exact = primitive.evaluate(*read, **params)
        if primitive.decision:
            return Noisy(exact, (exact,) * self.copies)
        return Noisy(exact, tuple(self._copy(primitive, read, [x.copies[c] for x in inputs], params) for c in range(self.copies)))

    def _copy(self, primitive: Primitive, exact: list[Any], noisy: list[Any], params: Mapping[str, Any]) -> Any:
        if primitive.pick is not None:
            return primitive.pick(exact, noisy, **params)
        if primitive.sums:
            noisy = self._terms(primitive, noisy, params)
        if primitive.backward:
            noisy = [self._disturbed(x, AMPLITUDE) for x in noisy]
        result = primitive.evaluate(*noisy, **params)
        return self._disturbed(result, AMPLITUDE) if primitive.rounds else result

    def _terms(self, primitive: Primitive, noisy: list[Any], params: Mapping[str, Any]) -> list[Any]:
        """The operands of a sum, each term disturbed as much as partial sums of so many round: their square root
        (Higham & Mary, A new approach to probabilistic rounding error analysis, 2019). Lone terms stay exact.
        """
        counts = _terms_per_result(primitive, noisy, params)
        amplitudes = (AMPLITUDE * np.sqrt(n) * (n > 1) for n in counts)
        return [self._disturbed(x, a) for x, a in zip(noisy, amplitudes, strict=True)]

    def _disturbed(self, value: Any, amplitude: Any) -> Any:
        return value * (1.0 + amplitude * self.rng.uniform(-1.0, 1.0, np.shape(value)))


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
