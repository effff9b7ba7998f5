"""The recorded program: tracing, the reverse sweep, simplification, costs, interpretation, source.

A plain NumPy function becomes a `Circuit`; every transform takes a circuit and gives a circuit.
"""

from gradcheck.circuit.check import check_circuit
from gradcheck.circuit.circuit import ArrayType, Circuit, Equation, Place
from gradcheck.circuit.cost import cost_of
from gradcheck.circuit.interpret import Arithmetic, Floats, describe, first_nonfinite, interpret, require_finite, trail
from gradcheck.circuit.memory_cost import bytes_moved, peak_bytes
from gradcheck.circuit.products import cotangents, hessian_product, hessian_vector, pushforward
from gradcheck.circuit.reverse import gradient_circuit, pullback, reverse
from gradcheck.circuit.rules import local_derivative, traced_rule
from gradcheck.circuit.simplify import simplify, unguarded
from gradcheck.circuit.source import inline, value_names
from gradcheck.circuit.tangent import tangent
from gradcheck.circuit.trace import argument_names, as_number, trace

__all__ = [
    "Arithmetic",
    "ArrayType",
    "Circuit",
    "Equation",
    "Floats",
    "Place",
    "argument_names",
    "as_number",
    "bytes_moved",
    "check_circuit",
    "cost_of",
    "cotangents",
    "describe",
    "first_nonfinite",
    "gradient_circuit",
    "hessian_product",
    "hessian_vector",
    "inline",
    "interpret",
    "local_derivative",
    "peak_bytes",
    "pullback",
    "pushforward",
    "require_finite",
    "reverse",
    "simplify",
    "tangent",
    "trace",
    "traced_rule",
    "trail",
    "unguarded",
    "value_names",
]
