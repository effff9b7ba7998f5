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
        result = primitive.evaluate(*noisy, **params)
        if not primitive.rounds:
            return result
        return result * (1.0 + AMPLITUDE * self.rng.uniform(-1.0, 1.0, np.shape(result)))


def _wide(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic) and value.dtype.kind == "f":
        return value.astype(np.float64)
    return value
