"""The Hessian times a vector, at the cost of a few evaluations of the function (Pearlmutter 1994; S2)."""

from __future__ import annotations

import numpy as np

from gradcheck.circuit.circuit import ArrayType, Builder, Circuit, copy_equations
from gradcheck.circuit.reverse import gradient_circuit, reverse
from gradcheck.circuit.simplify import simplify
from gradcheck.circuit.tangent import tangent
from gradcheck.primitives import BY_NAME

ADD, MULTIPLY, SUM = (BY_NAME[n] for n in ("add", "multiply", "sum"))


def hessian_vector(circuit: Circuit) -> Circuit:
    """The Hessian times a vector: inputs are the arguments, then a direction for each; outputs the value, then each argument's part.

    Forward over reverse, or reverse over reverse where that counts fewer operations: they differ by little, and either way.
    """
    return min(forward_over_reverse(circuit), reverse_over_reverse(circuit), key=lambda c: c.operations)


def forward_over_reverse(circuit: Circuit) -> Circuit:
    """The tangent of the gradient."""
    gradient = gradient_circuit(circuit)
    moved, count = tangent(gradient), len(gradient.outputs)
    return simplify(moved.with_outputs((moved.outputs[0], *moved.outputs[count + 1 :])), settled=len(gradient))


def reverse_over_reverse(circuit: Circuit) -> Circuit:
    """The gradient of the gradient's inner product with the direction."""
    gradient = gradient_circuit(circuit)
    builder = Builder()
    copy_equations(gradient, builder)
    arguments = len(gradient.inputs)
    directions = [builder.input(gradient.type(k), "direction") for k in gradient.inputs]
    slope, *others = (_inner(builder, g, v) for g, v in zip(gradient.outputs[1:], directions, strict=True))
    for other in others:
        dtype = np.result_type(builder.type(slope).dtype, builder.type(other).dtype)
        slope = builder.apply(ADD, (slope, other), ArrayType((), dtype))
    twice = reverse(builder.freeze((slope,)))
    return simplify(twice.with_outputs((gradient.outputs[0], *twice.outputs[1 : 1 + arguments])))


def _inner(builder: Builder, g: int, v: int) -> int:
    type = builder.type(v)
    product = builder.apply(MULTIPLY, (g, v), type)
    return builder.apply(SUM, (product,), ArrayType((), type.dtype)) if type.shape else product
