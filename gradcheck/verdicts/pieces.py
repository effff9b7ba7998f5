"""Which smooth piece of a function a point lies on: everything the function decides there."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.circuit import Floats, trail
from gradcheck.gradients.method import Problem
from gradcheck.primitives import Primitive


def decisions(problem: Problem) -> tuple[bytes, ...]:
    """What every comparison gave and what every selection took, in order; equal for points of one smooth piece."""
    circuit = problem.circuit
    deciding = [k for k in range(len(circuit)) if _decides(circuit.primitive(k))]
    if not deciding:
        return ()
    with np.errstate(all="ignore"):
        values = trail(circuit, Floats(), problem.inputs)
    return tuple(
        _decision(circuit.primitive(k), values[k], [values[i] for i in circuit.inputs_of(k)], circuit.params.get(k, {})) for k in deciding
    )


def _decides(primitive: Primitive | None) -> bool:
    return primitive is not None and (primitive.decision or primitive.pick is not None)


def _decision(primitive: Primitive | None, value: Any, operands: list[Any], params: Any) -> bytes:
    """A comparison's result, or which operand (for reductions, which element) a selection took."""
    assert primitive is not None
    if primitive.pick is None:
        return np.asarray(value).tobytes()
    whole = np.broadcast_shapes(*(np.shape(x) for x in operands))
    labels = [np.full(whole, float(i + 1)) for i in range(len(operands))]
    if not primitive.elementwise:
        labels = [1.0 + np.arange(np.size(operands[0]), dtype=float).reshape(np.shape(operands[0]))]
    return np.asarray(primitive.pick(operands, labels, **params)).tobytes()
