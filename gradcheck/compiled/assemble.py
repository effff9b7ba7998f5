"""From circuit to scalar program: long circuits of scalars column by column, small arrays element by element."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.arithmetic.objects import ObjectArithmetic, box
from gradcheck.circuit.circuit import FLOAT64, INPUT, Circuit
from gradcheck.circuit.interpret import interpret
from gradcheck.compiled.generate import FUSED, formulas, supported
from gradcheck.compiled.program import ZERO, Program
from gradcheck.errors import GradcheckError
from gradcheck.primitives import BY_NAME, OPCODE, TABLE, Exact, Primitive

LARGEST = 256  # elements of arrays that are worth writing out
MOST = 20_000  # operations written out element by element
_GETITEM, _SCATTER, _STACK, _STRETCH = (OPCODE[BY_NAME[n]] for n in ("getitem", "scatter", "stack", "broadcast_to"))
_COLUMNS = 5
NUMBER = {name: n for n, name in enumerate(formulas())}
Numbers = NDArray[np.int64]


def instruction(circuit: Circuit, k: int) -> tuple[str, tuple[int, ...]] | None:
    """An elementwise equation as an operation of the machine on its operands; None where the machine has none.

    A square is a product, as it is for NumPy: the power would take ten times as long.
    """
    primitive, read = circuit.primitive(k), circuit.inputs_of(k)
    if primitive is None or not primitive.elementwise or k in circuit.params:
        return None
    if primitive.name == "power" and (exponent := circuit.constants.get(read[1])) is not None and np.ndim(exponent) == 0:
        if exponent == 2:
            return "multiply", (read[0], read[0])
        if exponent == -1:
            return "reciprocal", (read[0],)
    if primitive.name == "square":
        return "multiply", (read[0], read[0])
    return (primitive.name, read) if primitive.name in NUMBER else None


class NotScalarError(GradcheckError):
    """Something in a circuit that no scalar program can do."""


def assemble(circuit: Circuit) -> Program | None:
    """The circuit as a scalar program, or None where it is not one of float64 scalars and small arrays."""
    watched = tuple(k for k, _ in circuit.guards)
    if any(circuit.type(k).dtype != np.float64 for k in circuit.inputs) or any(circuit.type(k).shape for k in watched):
        return None
    if not all(circuit.type(k) == FLOAT64 or (circuit.type(k).shape and circuit.type(k).dtype == np.float64) for k in circuit.outputs):
        return None
    try:
        return _Columns(circuit).program(watched) if _is_columnar(circuit) else _element_by_element(circuit, watched)
    except NotScalarError:
        return None


def _kinds(circuit: Circuit) -> NDArray[np.bool_]:
    """Which operations are instructions."""
    able = np.array([r.elementwise and r.name in NUMBER for r in TABLE])
    scalar = np.array([not t.shape and t.dtype.kind in "fb" and (t.dtype.kind == "b" or t.dtype == np.float64) for t in circuit.type_table])
    opcodes = np.asarray(circuit.opcodes)
    return np.where(opcodes >= 0, able[opcodes] & scalar[np.asarray(circuit.types)], False)  # noqa: FBT003


def _is_columnar(circuit: Circuit) -> bool:
    """Whether everything but a few results is an instruction, a constant or an element of an input."""
    opcodes = np.asarray(circuit.opcodes)
    rest = np.flatnonzero(~_kinds(circuit) & (opcodes >= 0) & (opcodes != _GETITEM))
    return set(rest.tolist()) <= set(circuit.outputs)


class _Columns:
    """A circuit whose operations are instructions already, with elements of inputs read and results put together."""

    def __init__(self, circuit: Circuit) -> None:
        self.circuit = circuit
        opcodes, kinds = np.asarray(circuit.opcodes), _kinds(circuit)
        self.cell = np.full(len(circuit), -1, np.int64)
        self.inputs: list[tuple[int, tuple[int, ...]]] = []
        used = 1
        for k in circuit.inputs:
            self.inputs.append((used, circuit.type(k).shape))
            self.cell[k], used = used, used + circuit.type(k).size
        constants = [k for k in circuit.constants if not circuit.type(k).shape]
        self.cell[constants] = used + np.arange(len(constants))
        self.equations = np.flatnonzero(kinds)
        self.cell[self.equations] = used + len(constants) + np.arange(len(self.equations))
        self.cells = np.zeros(used + len(constants) + len(self.equations))
        self.sums: list[tuple[int, ...]] = []  # instructions for places of a result that several values are added to
        self.cells[self.cell[constants]] = [_float(circuit.constants[k]) for k in constants]
        for k in np.flatnonzero(opcodes == _GETITEM).tolist():
            self.cell[k] = self._element(k)

    def _element(self, k: int) -> int:
        (whole,) = self.circuit.inputs_of(k)
        shape, index = self.circuit.type(whole).shape, [p for p in self.circuit.params[k]["index"] if p is not Ellipsis]
        if self.circuit.opcodes[whole] != INPUT or len(index) != len(shape) or not all(isinstance(p, int | np.integer) for p in index):
            raise NotScalarError
        place = tuple(p % n for p, n in zip(index, shape, strict=True))
        return int(self.cell[whole] + np.ravel_multi_index(place, shape))

    def program(self, watched: tuple[int, ...]) -> Program:
        """The instructions, products and sums fused where nobody else reads the product."""
        circuit = self.circuit
        starts, operands = np.asarray(circuit.starts), np.asarray(circuit.operands)
        first, lengths = starts[self.equations], np.diff(starts)[self.equations]
        code = np.zeros((len(self.equations), _COLUMNS), np.int64)
        opcode_numbers = np.array([NUMBER.get(r.name, -1) for r in TABLE])
        code[:, 0], code[:, 1] = opcode_numbers[np.asarray(circuit.opcodes)[self.equations]], self.cell[self.equations]
        for j in range(3):
            has = lengths > j
            code[has, 2 + j] = self.cell[operands[first[has] + j]]
        self._squares(code)
        outputs = tuple(self._output(k) for k in circuit.outputs)
        if self.sums:
            code = np.concatenate([code, np.array(self.sums, np.int64)])
            self.cells = np.append(self.cells, np.zeros(len(self.sums)))
        if (code[:, 2:] < 0).any() or (self.cell[list(watched)] < 0).any() or any((o < 0).any() for o in outputs):  # what no cell holds
            raise NotScalarError
        kept = np.concatenate([*(o.ravel() for o in outputs), self.cell[list(watched)]])
        code = fuse(code, len(self.cells), kept)
        return Program(
            np.ascontiguousarray(code, np.uint32), self.cells, tuple(self.inputs), outputs, tuple(int(self.cell[k]) for k in watched)
        )  # fmt: skip

    def _squares(self, code: Numbers) -> None:
        """Powers of two, as `instruction` has them."""
        two = [self.cell[k] for k, value in self.circuit.constants.items() if np.ndim(value) == 0 and _float(value) == 2.0]
        rows = (code[:, 0] == NUMBER["power"]) & np.isin(code[:, 3], two)
        code[rows, 0], code[rows, 3] = NUMBER["multiply"], code[rows, 2]
        rows = code[:, 0] == NUMBER["square"]
        code[rows, 0], code[rows, 3] = NUMBER["multiply"], code[rows, 2]

    def _output(self, k: int) -> Numbers:
        circuit, opcode = self.circuit, self.circuit.opcodes[k]
        read, type = circuit.inputs_of(k), circuit.type(k)
        if opcode == INPUT or not type.shape:
            found: Numbers = self.cell[k] + np.arange(type.size).reshape(type.shape)
            return found
        if any(circuit.type(i).shape for i in read) or opcode not in (_SCATTER, _STACK, _STRETCH):
            raise NotScalarError
        cells = self.cell[list(read)]
        if opcode != _SCATTER:
            whole: Numbers = np.broadcast_to(cells.reshape(type.shape) if opcode == _STACK else cells[0], type.shape).copy()
            return whole
        where = np.full(type.shape, ZERO)
        for index, cell in zip(circuit.params[k]["indices"], cells.tolist(), strict=True):
            if np.shape(where[index]) != ():
                raise NotScalarError
            if where[index] != ZERO:
                total = len(self.cells) + len(self.sums)
                self.sums.append((NUMBER["add"], total, int(where[index]), cell, ZERO))
                cell = total
            where[index] = cell
        return where


def _float(value: Any) -> float:
    return value.value if isinstance(value, Exact) else float(value)


def fuse(code: Numbers, cells: int, kept: Numbers) -> Numbers:
    """Products that one sum or difference alone reads are formed there: fewer instructions, the same roundings."""
    arity = np.where(np.isin(code[:, 0], [NUMBER[n] for n in _TWO]), 2, np.where(np.isin(code[:, 0], [NUMBER[n] for n in _THREE]), 3, 1))
    uses = np.bincount(code[:, 2:][np.arange(3) < arity[:, None]], minlength=cells)
    uses[kept] += 2
    maker = np.full(cells, -1)
    maker[code[:, 1]] = np.arange(len(code))
    lone = (code[:, 0] == NUMBER["multiply"]) & (uses[code[:, 1]] == 1)
    gone = np.zeros(len(code), bool)
    for name, position, fused in (("add", 1, "multiply_add"), ("add", 0, "multiply_add"), ("subtract", 1, "subtract_product"),
                                  ("subtract", 0, "multiply_subtract")):  # fmt: skip
        rows = np.flatnonzero(code[:, 0] == NUMBER[name])
        made = maker[code[rows, 2 + position]]
        fits = (made >= 0) & lone[made]
        rows, made = rows[fits], made[fits]
        other = code[rows, 3 - position]
        code[rows, 0] = NUMBER[fused]
        code[rows, 2], code[rows, 3], code[rows, 4] = code[made, 2], code[made, 3], other
        gone[made] = True
        lone[made] = False
    return code[~gone]


_TWO = tuple(name for name, record in supported().items() if record.arity == 2)
_THREE = (*FUSED, *(name for name, record in supported().items() if record.arity == 3))


def _element_by_element(circuit: Circuit, watched: tuple[int, ...]) -> Program:
    """Small arrays, written out: the circuit run over tokens that stand for cells."""
    if any(circuit.type(k).size > LARGEST for k in range(len(circuit))) or circuit.operations > MOST:
        raise NotScalarError
    page = _Page()
    inputs = [(page.reserve(circuit.type(k).size), circuit.type(k).shape) for k in circuit.inputs]
    given = [page.tokens(start, shape) for start, shape in inputs]
    results = interpret(circuit.with_outputs((*circuit.outputs, *watched)), page, given)
    count = len(circuit.outputs)
    outputs = tuple(page.cells_of(r, circuit.type(k).shape) for r, k in zip(results, circuit.outputs, strict=False))
    guarded = tuple(page.cell(r) for r in results[count:])
    kept = np.concatenate([*(o.ravel() for o in outputs), np.array(guarded, np.int64)])
    code = np.array(page.code, np.int64).reshape(-1, _COLUMNS)
    return Program(
        np.ascontiguousarray(fuse(code, len(page.cells), kept), np.uint32), np.array(page.cells), tuple(inputs), outputs, guarded
    )


class _Token:
    """A number that a cell will hold."""

    __slots__ = ("cell", "page")

    def __init__(self, page: _Page, cell: int) -> None:
        self.page, self.cell = page, cell

    def __bool__(self) -> bool:
        raise NotScalarError

    def __neg__(self) -> _Token:
        return self.page.write("negative", self)

    def __add__(self, other: Any) -> _Token:
        return self if _is(other, 0) else self.page.write("add", self, other)

    def __radd__(self, other: Any) -> _Token:
        return self if _is(other, 0) else self.page.write("add", other, self)

    def __mul__(self, other: Any) -> _Token:
        return self if _is(other, 1) else self.page.write("multiply", self, other)

    def __rmul__(self, other: Any) -> _Token:
        return self if _is(other, 1) else self.page.write("multiply", other, self)

    def __sub__(self, other: Any) -> _Token:
        return self.page.write("subtract", self, other)

    def __rsub__(self, other: Any) -> _Token:
        return self.page.write("subtract", other, self)

    def __truediv__(self, other: Any) -> _Token:
        return self.page.write("divide", self, other)

    def __rtruediv__(self, other: Any) -> _Token:
        return self.page.write("divide", other, self)


def _is(value: Any, number: int) -> bool:
    """Whether a value is the whole number with which NumPy starts a sum or product."""
    return type(value) is int and value == number


class _Page(ObjectArithmetic):
    """The program under way, as an arithmetic: what is done to tokens is written down."""

    def __init__(self) -> None:
        self.code: list[tuple[int, ...]] = []
        self.cells: list[float] = [0.0]
        self.known: dict[Any, int] = {}
        self.fixed: set[int] = set()  # cells that hold constants

    def reserve(self, count: int) -> int:
        """So many cells in a row."""
        start = len(self.cells)
        self.cells.extend([0.0] * count)
        return start

    def tokens(self, start: int, shape: tuple[int, ...]) -> Any:
        """An array of tokens for cells in a row."""
        tokens = np.empty(shape, dtype=object)
        for n, place in enumerate(np.ndindex(shape)):
            tokens[place] = _Token(self, start + n)
        return tokens if shape else tokens[()]

    def cell(self, value: Any) -> int:
        """The cell of a token, or of a constant."""
        if isinstance(value, _Token):
            return value.cell
        number = float(value)
        key = np.float64(number).tobytes()
        if key not in self.known:
            self.known[key] = self.reserve(1)
            self.cells[self.known[key]] = number
            self.fixed.add(self.known[key])
        return self.known[key]

    def number(self, value: Any) -> Any:
        """Constants are tokens of cells that hold them."""
        return _Token(self, self.cell(value))

    def constant(self, value: Any) -> Any:
        """Exact constants are rounded: this arithmetic is of floats."""
        return self.number(value.value) if isinstance(value, Exact) else super().constant(value)

    def write(self, name: str, *operands: Any) -> _Token:
        """One instruction."""
        read = [self.cell(v) for v in operands]
        result = self.reserve(1)
        self.code.append((NUMBER[name], result, *read, *[ZERO] * (3 - len(read))))
        return _Token(self, result)

    def apply(self, primitive: Primitive, inputs: Sequence[Any], params: Mapping[str, Any]) -> Any:
        """Elementwise operations are instructions; the others move tokens, add and multiply."""
        if primitive.elementwise:
            if primitive.name not in NUMBER or params:
                raise NotScalarError
            if (
                primitive.name == "power"
                and isinstance(inputs[1], _Token)
                and self.cells[inputs[1].cell] == 2.0
                and inputs[1].cell in self.fixed
            ):
                return inputs[0] * inputs[0]
            if not any(isinstance(x, np.ndarray) for x in inputs):
                return self.write(primitive.name, *inputs)
            return np.frompyfunc(lambda *scalars: self.write(primitive.name, *scalars), len(inputs), 1)(*map(box, inputs))
        if primitive.name not in _STRUCTURAL:
            raise NotScalarError
        return super().apply(primitive, inputs, params)

    def cells_of(self, value: Any, shape: tuple[int, ...]) -> Numbers:
        """Where a result is found."""
        cells = np.array([self.cell(v) for v in box(value).ravel()], np.int64)
        return np.broadcast_to(cells, shape).copy() if cells.size == 1 and shape else cells.reshape(shape)


_STRUCTURAL = frozenset((
    "getitem", "scatter", "put", "reshape", "transpose", "broadcast_to", "concatenate", "stack", "sum", "prod", "matmul", "dot", "outer", "inner",
    "mean", "cumsum", "cumprod", "trace", "einsum",
))  # fmt: skip
