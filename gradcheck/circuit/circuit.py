"""The recorded program: equation k defines value k.

Stored as columns, because an object per equation costs 233 bytes and microseconds; `Equation` is a view made
when somebody looks. Inputs and constants are equations too, with opcodes of their own.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, overload

import numpy as np

from gradcheck.primitives import OPCODE, TABLE, Counts, Exact, Primitive

INPUT, CONSTANT = -1, -2
_NEAR = 1000  # type objects recognised by identity


@dataclass(frozen=True, slots=True)
class ArrayType:
    """Shape and dtype of a value; `weak` marks a plain Python number, which takes the other operand's precision."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    weak: bool = False

    @property
    def size(self) -> int:
        """How many numbers."""
        size = 1
        for n in self.shape:
            size *= n
        return size

    @property
    def floating(self) -> bool:
        """Whether a derivative can flow through a value of this type."""
        return self.dtype.kind == "f"


FLOAT64 = ArrayType((), np.dtype(np.float64))


def type_of(value: Any) -> ArrayType:
    """The type of a concrete value: an array, a NumPy scalar, a plain number or an exact constant."""
    if type(value) is np.float64:
        return FLOAT64
    if isinstance(value, np.ndarray | np.generic):
        return ArrayType(value.shape, value.dtype)
    if isinstance(value, Exact):
        return ArrayType((), FLOAT64.dtype, weak=True)
    return ArrayType((), np.asarray(value).dtype, weak=True)


@dataclass(frozen=True, slots=True)
class Place:
    """A line of the user's source."""

    file: str
    line: int
    function: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Equation:
    """One equation, seen: `value k = primitive(*inputs, **params)`."""

    index: int
    primitive: Primitive | None
    inputs: tuple[int, ...]
    params: Mapping[str, Any]
    type: ArrayType
    name: str | None
    place: Place | None
    constant: Any = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the value defined."""
        return self.type.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Dtype of the value defined."""
        return self.type.dtype

    @property
    def line(self) -> int | None:
        """The line of the user's source that formed the value, if known."""
        return self.place.line if self.place else None


class Equations(Sequence[Equation]):
    """The operations of a circuit in order, each a view made when it is looked at."""

    def __init__(self, circuit: Circuit) -> None:
        self.circuit = circuit
        self.numbers = [k for k, opcode in enumerate(circuit.opcodes) if opcode >= 0]

    def __len__(self) -> int:
        return len(self.numbers)

    @overload
    def __getitem__(self, index: int) -> Equation: ...
    @overload
    def __getitem__(self, index: slice) -> list[Equation]: ...
    def __getitem__(self, index: int | slice) -> Equation | list[Equation]:
        if isinstance(index, slice):
            return [self.circuit.equation(k) for k in self.numbers[index]]
        return self.circuit.equation(self.numbers[index])


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Circuit:
    """An immutable straight-line program over arrays.

    `inputs` and `outputs` are value numbers. From equation `backward` on, if there is such a part, the reverse sweep
    writes. `guards` lists the decisions the traced function took on values,
    (value, outcome): the program stands for the function only where they hold. `complex_values` says that the function
    formed complex numbers, of which the circuit holds the parts.
    """

    opcodes: array[int]
    starts: array[int]
    operands: array[int]
    types: array[int]
    places: array[int]
    type_table: tuple[ArrayType, ...]
    place_table: tuple[Place | None, ...]
    params: Mapping[int, Mapping[str, Any]]
    constants: Mapping[int, Any]
    names: Mapping[int, str]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    guards: tuple[tuple[int, Any], ...] = ()
    name: str = "f"
    backward: int | None = None
    complex_values: bool = False
    cache: dict[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.opcodes)

    def __repr__(self) -> str:
        return f"<Circuit {self.name}: {len(self.inputs)} inputs, {self.operations} operations, {len(self.outputs)} outputs>"

    def primitive(self, k: int) -> Primitive | None:
        """The operation that defines value k; None for inputs and constants."""
        opcode = self.opcodes[k]
        return TABLE[opcode] if opcode >= 0 else None

    def inputs_of(self, k: int) -> tuple[int, ...]:
        """The values that equation k reads."""
        return tuple(self.operands[self.starts[k] : self.starts[k + 1]])

    def type(self, k: int) -> ArrayType:
        """Shape and dtype of value k."""
        return self.type_table[self.types[k]]

    def place(self, k: int) -> Place | None:
        """The user's line that formed value k, if known."""
        return self.place_table[self.places[k]]

    def equation(self, k: int) -> Equation:
        """A view of equation k."""
        return Equation(
            k, self.primitive(k), self.inputs_of(k), self.params.get(k, {}), self.type(k), self.names.get(k), self.place(k), self.constants.get(k)
        )  # fmt: skip

    @property
    def equations(self) -> Equations:
        """Views of all equations that compute something, in order."""
        return Equations(self)

    @property
    def counts(self) -> Counts:
        """Exact operation counts by kind."""
        from gradcheck.circuit.cost import count

        return count(self)

    @property
    def operations(self) -> int:
        """Number of arithmetic operations, for arrays by element."""
        return self.counts.operations

    def source(self) -> str:
        """The program as readable Python, with the user's variable names."""
        from gradcheck.circuit.source import write

        return write(self)

    def gradient(self, *, value: bool = True) -> Circuit:
        """The simplified circuit of value and gradient together; `value=False` leaves the gradient alone."""
        from gradcheck.circuit.reverse import gradient_circuit

        return gradient_circuit(self, value=value)

    def _repr_html_(self) -> str:
        from gradcheck.display import circuit_as_html

        return circuit_as_html(self)

    def with_outputs(self, outputs: tuple[int, ...]) -> Circuit:
        """The same equations, other results."""
        return replace(self, outputs=outputs, cache={})


POINT_KEPT = 1 << 16  # numbers of an argument that a circuit remembers for its picture


def remembering(circuit: Circuit, point: Sequence[Any]) -> Circuit:
    """The circuit with the point it was traced at: copies, which later writes do not reach; None for what is too large to keep."""
    circuit.cache["point"] = tuple(x.copy() if x.size <= POINT_KEPT else None for x in point)
    return circuit


class Builder:
    """Where a circuit is written, equation by equation; `freeze` ends the writing."""

    def __init__(self, name: str = "f") -> None:
        self.name = name
        self.opcodes: array[int] = array("h")
        self.starts: array[int] = array("q", [0])
        self.operands: array[int] = array("q")
        self.types: array[int] = array("i")
        self.places: array[int] = array("i")
        self.type_ids: dict[ArrayType, int] = {}
        self.place_ids: dict[Place | None, int] = {None: 0}
        self.params: dict[int, Mapping[str, Any]] = {}
        self.constants: dict[int, Any] = {}
        self.names: dict[int, str] = {}
        self.inputs: list[int] = []
        self.guards: list[tuple[int, Any]] = []
        self.table: list[ArrayType] = []
        self.backward: int | None = None
        self.complex_values = False
        self._known: dict[Any, int] = {}
        self._near: dict[int, int] = {}
        self._held: list[ArrayType] = []

    def type(self, k: int) -> ArrayType:
        """Shape and dtype of value k."""
        return self.table[self.types[k]]

    def append(
        self, opcode: int, operands: tuple[int, ...], type: ArrayType, params: Mapping[str, Any] | None = None, place: int = 0
    ) -> int:
        """Write one equation; returns its number."""
        k = len(self.opcodes)
        self.opcodes.append(opcode)
        self.operands.extend(operands)
        self.starts.append(len(self.operands))
        type_id = self._near.get(id(type))
        self.types.append(self.type_id(type) if type_id is None else type_id)
        self.places.append(place)
        if params:
            self.params[k] = params
        return k

    def type_id(self, type: ArrayType) -> int:
        """The number of a type, found by value; then by identity, which hashes nothing."""
        type_id = self.type_ids.setdefault(type, len(self.table))
        if type_id == len(self.table):
            self.table.append(type)
        if len(self._held) < _NEAR:
            self._held.append(type)  # alive, so that its identity stays its own
            self._near[id(type)] = type_id
        return type_id

    def apply(self, primitive: Primitive, operands: tuple[int, ...], type: ArrayType, **params: Any) -> int:
        """Write one operation."""
        return self.append(OPCODE[primitive], operands, type, params)

    def input(self, type: ArrayType, name: str | None = None) -> int:
        """Declare the next input."""
        k = self.append(INPUT, (), type)
        self.inputs.append(k)
        if name:
            self.names[k] = name
        return k

    def constant(self, value: Any) -> int:
        """The number of a constant; equal plain numbers, and the same array twice, share one."""
        key = constant_key(value)
        k = self._known.get(key)
        if k is None:
            k = self._known[key] = self.append(CONSTANT, (), type_of(value))
            self.constants[k] = value
        return k

    def place_id(self, place: Place | None) -> int:
        """The number under which a source line is kept."""
        return self.place_ids.setdefault(place, len(self.place_ids))

    def freeze(self, outputs: tuple[int, ...]) -> Circuit:
        """End the writing."""
        return Circuit(
            self.opcodes, self.starts, self.operands, self.types, self.places, tuple(self.table), tuple(self.place_ids),
            self.params, self.constants, self.names, tuple(self.inputs), outputs, tuple(self.guards), self.name, self.backward,
            self.complex_values,
        )  # fmt: skip


def constant_key(value: Any) -> Any:
    """What tells constants apart: bits and type for plain numbers (so 0.0, -0.0 and 0 differ), identity for arrays."""
    if isinstance(value, np.ndarray):
        return ("array", id(value))
    if isinstance(value, Exact):
        return ("exact", value.text)
    if isinstance(value, float | np.generic):
        return (type(value), np.asarray(value).tobytes())
    return (type(value), value)


def copy_equations(source: Circuit, builder: Builder, count: int | None = None) -> None:
    """Start a builder from a finished circuit, keeping every number; `count` takes only the first equations."""
    n = len(source) if count is None else count
    builder.opcodes[:], builder.types[:], builder.places[:] = source.opcodes[:n], source.types[:n], source.places[:n]
    builder.starts[:], builder.operands[:] = source.starts[: n + 1], source.operands[: source.starts[n]]
    builder.table = list(source.type_table)
    builder.type_ids = {t: i for i, t in enumerate(builder.table)}
    builder.place_ids = {p: i for i, p in enumerate(source.place_table)}
    builder.params, builder.constants, builder.names = (_below(n, d) for d in (source.params, source.constants, source.names))
    builder.inputs, builder.name = [k for k in source.inputs if k < n], source.name
    builder.guards = [(k, outcome) for k, outcome in source.guards if k < n]
    builder._known = {constant_key(v): k for k, v in builder.constants.items()}


def _below(n: int, numbered: Mapping[int, Any]) -> dict[int, Any]:
    return {k: v for k, v in numbered.items() if k < n}


def freeze_params(value: Any) -> Any:
    """Parameters as something hashable, so that equal ones are recognised."""
    if isinstance(value, Mapping):
        return tuple((k, freeze_params(v)) for k, v in sorted(value.items()))
    if isinstance(value, tuple | list):
        return (type(value).__name__, *map(freeze_params, value))
    if isinstance(value, slice):
        return ("slice", value.start, value.stop, value.step)
    if isinstance(value, np.ndarray):
        return ("array", value.shape, value.dtype.str, value.tobytes())
    return (type(value).__name__, value)
