"""Adjoint rules traced once into small circuits, ready to be written into any larger one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from gradcheck.circuit.circuit import CONSTANT, ArrayType, Builder, Circuit, freeze_params
from gradcheck.circuit.simplify import simplify
from gradcheck.circuit.trace import Tracer
from gradcheck.circuit.traced import TracedArray
from gradcheck.primitives import OPCODE, TABLE, Primitive

SQUARE = 4096  # rows of a square matrix up to which a stand-in is the unit matrix


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """A rule's equations, known by identity. Operands count the rule's own inputs (g, y, then the operation's) first, then equations.

    `steps` holds (opcode, operands, type, params, constant); `result` is the cotangent, None where nothing flows.
    """

    steps: tuple[tuple[int, tuple[int, ...], ArrayType, Any, Any], ...]
    inputs: int
    result: int | None

    def write(self, builder: Builder, given: tuple[int, ...], place: int) -> int | None:
        """Write the rule into a circuit; returns the number of the cotangent there."""
        if self.result is None:
            return None
        known = list(given)
        for opcode, operands, type, params, constant in self.steps:
            if opcode == CONSTANT:
                known.append(builder.constant(constant))
            else:
                known.append(builder.append(opcode, tuple(known[i] for i in operands), type, params, place))
        return known[self.result]


class HashedParams(dict[str, Any]):
    """Parameters that hash by value, so that templates can be kept."""

    def __init__(self, params: Mapping[str, Any]) -> None:
        super().__init__(params)
        self.key = freeze_params(params)

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, HashedParams) and self.key == other.key


def rule(primitive: Primitive, position: int, types: tuple[ArrayType, ...], params: Mapping[str, Any]) -> Template:
    """The cotangent of operand `position`; `types` are those of g, y and the operands."""
    return _template(OPCODE[primitive], position, types, HashedParams(params))


@lru_cache(maxsize=8192)
def _template(opcode: int, position: int, types: tuple[ArrayType, ...], params: HashedParams) -> Template:
    primitive = TABLE[opcode]
    if primitive.adjoint is None:  # a step function: its derivative is zero wherever there is one
        return Template((), len(types), None)
    tracer = Tracer(primitive.name, places=False)
    g, y, *operands = (tracer.input(_stand_in(t)) for t in types)
    with np.errstate(all="ignore"):
        result = primitive.adjoint(position, g, y, tuple(operands), dict(params))
    if result is None:
        return Template((), len(types), None)
    index = tracer.lift(result).index
    return _compact(tracer.builder.freeze((index,)), len(types))


def template_of(function: Callable[..., Any], types: Sequence[ArrayType]) -> Template:
    """A function of arrays as equations, traced on stand-ins of the types given."""
    tracer = Tracer(getattr(function, "__name__", "f"), places=False)
    given = [tracer.input(_stand_in(t)) for t in types]
    with np.errstate(all="ignore"):
        result = function(*given)
    return _compact(tracer.builder.freeze((tracer.lift(result).index,)), len(types))


@dataclass(frozen=True, slots=True)
class Joint:
    """The rules of several operands of one operation together, with what they have in common formed once.

    A reference is at least 0 for a step, -1 for the cotangent, -2 for the result, -3 and less for operands; constants
    come after the steps. `results` are (operand position, reference).
    """

    steps: tuple[tuple[int, tuple[int, ...], ArrayType], ...]
    constants: tuple[Any, ...]
    results: tuple[tuple[int, int], ...]

    @property
    def arity(self) -> int:
        """The most operands that a step has."""
        return max((len(read) for _, read, _ in self.steps), default=0)

    def is_constant(self, reference: int) -> bool:
        """Whether a reference is to a constant of the rule."""
        return reference >= len(self.steps)

    def constant(self, builder: Builder, reference: int) -> int:
        """The number of a constant of the rule in a circuit."""
        return builder.constant(self.constants[reference - len(self.steps)])

    def operand(self, builder: Builder, reference: int, given: tuple[Any, ...], base: Any) -> Any:
        """What a step reads, for all equations the rule is written for: `given` are their cotangents, results and operands."""
        if reference < 0:
            return given[-1 - reference]
        return self.constant(builder, reference) if self.is_constant(reference) else base + reference


def joint_rule(primitive: Primitive, positions: tuple[int, ...], types: tuple[ArrayType, ...], known: Mapping[int, Any]) -> Joint:
    """The cotangents of all `positions` of an operation without parameters; `known` are operands that are constants."""
    builder = Builder(primitive.name)
    given = [builder.constant(known[j - 2]) if j - 2 in known else builder.input(t) for j, t in enumerate(types)]
    written = [(p, rule(primitive, p, types, {}).write(builder, tuple(given), 0)) for p in positions]
    flowing = [(p, k) for p, k in written if k is not None]
    circuit = simplify(builder.freeze(tuple(k for _, k in flowing)))
    reference = dict(zip(circuit.inputs, (-1 - j for j in range(len(types)) if j - 2 not in known), strict=True))
    steps = [k for k, opcode in enumerate(circuit.opcodes) if opcode >= 0]
    reference |= {k: s for s, k in enumerate((*steps, *circuit.constants))}
    return Joint(
        tuple((circuit.opcodes[k], tuple(reference[i] for i in circuit.inputs_of(k)), circuit.type(k)) for k in steps),
        tuple(circuit.constants.values()),
        tuple((p, reference[k]) for (p, _), k in zip(flowing, circuit.outputs, strict=True)),
    )


def _stand_in(type: ArrayType) -> Any:
    """Any value of the type; rules never branch on values. Strides of zero keep large ones small; square matrices can be inverted."""
    if type.weak:
        return type.dtype.type(1).item()
    if len(type.shape) >= 2 and type.shape[-2] == type.shape[-1] <= SQUARE and type.floating:
        return np.broadcast_to(np.eye(type.shape[-1], dtype=type.dtype), type.shape)
    return np.broadcast_to(np.ones((), type.dtype), type.shape)[()]


def _compact(circuit: Circuit, inputs: int) -> Template:
    steps = tuple(
        (circuit.opcodes[k], circuit.inputs_of(k), circuit.type(k), circuit.params.get(k), circuit.constants.get(k))
        for k in range(inputs, len(circuit))
    )
    return Template(steps, inputs, circuit.outputs[0])


def traced_rule(primitive: Primitive, position: int, values: tuple[Any, ...], params: Mapping[str, Any]) -> Circuit:
    """A rule as a circuit of g, y and the operands, at concrete values: for proofs and for readers."""
    assert primitive.adjoint is not None
    tracer = Tracer(f"{primitive.name}_adjoint", places=False)
    names = ("g", "y", *"abcdefgh", *(f"x{i}" for i in range(8, len(values))))
    g, y, *operands = (tracer.input(v, n) for v, n in zip(values, names, strict=False))
    with np.errstate(all="ignore"):
        result = primitive.adjoint(position, g, y, tuple(operands), params)
    found = result if isinstance(result, TracedArray) else tracer.lift(0.0 if result is None else result)
    return tracer.builder.freeze((found.index,))


def local_derivative(
    circuit: Circuit, k: int, position: int, values: Sequence[Any] | Mapping[int, Any], names: Mapping[int, str]
) -> Circuit | None:
    """The local derivative of one hop as a circuit: the rule of equation k with its cotangent set to 1.

    `values` and `names` are those of all values of the circuit, or at least of equation k and its operands; what depends on constants alone is folded.
    None where nothing flows. Only elementwise operations have one number per element.
    """
    primitive, read = circuit.primitive(k), circuit.inputs_of(k)
    assert primitive is not None
    assert primitive.adjoint is not None
    tracer = Tracer(f"local_{primitive.name}", places=False)

    def operand(i: int) -> TracedArray:
        return tracer.lift(values[i]) if i in circuit.constants else tracer.input(values[i], names[i])

    y, operands = operand(k), tuple(operand(i) for i in read)
    g = np.broadcast_to(tracer.lift(np.float64(1.0)), np.shape(values[k]))  # type: ignore[call-overload]
    with np.errstate(all="ignore"):
        result = primitive.adjoint(position, g, y, operands, circuit.params.get(k, {}))
    return None if result is None else simplify(tracer.builder.freeze((tracer.lift(result).index,)))
