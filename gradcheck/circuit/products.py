"""Derivatives times vectors as circuits: the inputs are a function's arguments, then the vectors; the outputs are linear in these."""

from __future__ import annotations

import numpy as np

from gradcheck.circuit.circuit import ArrayType, Builder, Circuit, copy_equations
from gradcheck.circuit.reverse import gradient_circuit, pullback, reverse
from gradcheck.circuit.simplify import simplify
from gradcheck.circuit.tangent import tangent
from gradcheck.primitives import BY_NAME

LONG = 2000  # equations beyond which trying both ways would take longer than it saves
ADD, MULTIPLY, SUM = (BY_NAME[n] for n in ("add", "multiply", "sum"))


def pushforward(circuit: Circuit, moving: int | None = None) -> Circuit:
    """The Jacobian times a vector for each argument that moves (the first ones): the tangents of all outputs."""
    plain = simplify(circuit)
    made = tangent(plain, moving)
    return simplify(made.with_outputs(made.outputs[len(plain.outputs) :]), settled=len(plain))


def cotangents(circuit: Circuit, moving: int | None = None) -> Circuit:
    """A cotangent for each floating output times the Jacobian: the parts of the first `moving` arguments."""
    made = pullback(circuit)
    return only(made, made.outputs[len(circuit.outputs) :][:moving])


def hessian_product(circuit: Circuit, moving: int | None = None) -> Circuit:
    """The Hessian with respect to the first `moving` arguments times a vector for each: the parts of these arguments."""
    made = hessian_vector(circuit, moving)
    return only(made, made.outputs[1:])


def only(circuit: Circuit, outputs: tuple[int, ...]) -> Circuit:
    """Some outputs of a simplified circuit, with what they need."""
    return simplify(circuit.with_outputs(outputs), settled=len(circuit))


def hessian_vector(circuit: Circuit, moving: int | None = None) -> Circuit:
    """The Hessian times a vector: inputs are the arguments, then a direction for each that moves; outputs the value, then each one's part.

    Forward over reverse, or reverse over reverse where that counts fewer operations: they differ by little, either way (Pearlmutter 1994; S2).
    """
    if len(circuit) > LONG:
        return forward_over_reverse(circuit, moving)
    return min(forward_over_reverse(circuit, moving), reverse_over_reverse(circuit, moving), key=lambda c: c.operations)


def forward_over_reverse(circuit: Circuit, moving: int | None = None) -> Circuit:
    """The tangent of the gradient."""
    gradient = gradient_circuit(circuit)
    made = tangent(gradient, moving)
    slopes = made.outputs[len(gradient.outputs) + 1 :]
    return simplify(made.with_outputs((made.outputs[0], *slopes[:moving])), settled=len(gradient))


def reverse_over_reverse(circuit: Circuit, moving: int | None = None) -> Circuit:
    """The gradient of the gradient's inner product with the direction."""
    gradient = gradient_circuit(circuit)
    builder = Builder()
    copy_equations(gradient, builder)
    directions = [builder.input(gradient.type(k), "direction") for k in gradient.inputs[:moving]]
    slope, *others = (_inner(builder, g, v) for g, v in zip(gradient.outputs[1:], directions, strict=False))
    for other in others:
        dtype = np.result_type(builder.type(slope).dtype, builder.type(other).dtype)
        slope = builder.apply(ADD, (slope, other), ArrayType((), dtype))
    twice = reverse(builder.freeze((slope,)))
    return simplify(twice.with_outputs((gradient.outputs[0], *twice.outputs[1 : 1 + len(directions)])))


def _inner(builder: Builder, g: int, v: int) -> int:
    type = builder.type(v)
    product = builder.apply(MULTIPLY, (g, v), type)
    return builder.apply(SUM, (product,), ArrayType((), type.dtype)) if type.shape else product
