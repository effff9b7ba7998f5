"""Writing a finished circuit into a trace that is under way: how derivatives of derivatives are recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gradcheck.circuit.circuit import Circuit
from gradcheck.circuit.interpret import interpret
from gradcheck.circuit.memory import blank
from gradcheck.circuit.traced import TracedArray
from gradcheck.primitives import Primitive


class _Recording:
    """Traced values are recorded, the others computed."""

    def constant(self, value: Any) -> Any:
        return value

    def apply(self, primitive: Primitive, inputs: Sequence[Any], params: Mapping[str, Any]) -> Any:
        return primitive(*inputs, **params)


def replay(circuit: Circuit, inputs: Sequence[Any]) -> tuple[Any, ...]:
    """The outputs, written into the trace that the inputs belong to; branches taken in the circuit stay guarded there."""
    watched = circuit.with_outputs((*circuit.outputs, *(k for k, _ in circuit.guards)))
    results = interpret(watched, _Recording(), inputs)
    count = len(circuit.outputs)
    for value, (_, outcome) in zip(results[count:], circuit.guards, strict=True):
        if isinstance(value, TracedArray):
            value.recorder.decide(value, lambda _, outcome=outcome: outcome)  # type: ignore[misc]
    return tuple(_anew(r, inputs) for r in results[:count])


def _anew(result: Any, inputs: Sequence[Any]) -> Any:
    """A result that the caller may write into, as into any array that a function returns."""
    if isinstance(result, TracedArray):
        return result.copy()
    like = next((i for i in inputs if isinstance(i, TracedArray)), None)
    return result if like is None or not np.ndim(result) else blank(like, np.array(result))
