"""A circuit as statements: the user's names, what is read once written where it is read, lines of readable length."""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradcheck.circuit import Circuit, Place
from gradcheck.circuit.simplify import live
from gradcheck.codegen import operations
from gradcheck.codegen.comments import comments_at
from gradcheck.codegen.dialects import HELPERS, Dialect
from gradcheck.codegen.expressions import WIDTH, assignment, fill, number, parse, text_of
from gradcheck.errors import UsageError
from gradcheck.primitives import Exact

LONGEST = 76  # characters of an expression that is written where it is read
SHORT = 8  # elements of an array that is written where it is read
RESERVED = frozenset(
    ("np", "special", "torch", "jax", "jnp", "len", "ctx", "cotangent", "range", "ValueError", "tuple", "bool", *HELPERS, *keyword.kwlist)
)


class UnwritableError(UsageError):
    """An operation has no counterpart in the dialect."""


@dataclass(frozen=True, slots=True)
class Body:
    """The statements of a gradient: forward, backward, and the results as text. `constants` are arrays to stand before the function."""

    forward: tuple[str, ...]
    backward: tuple[str, ...]
    results: tuple[str, ...]
    constants: Mapping[str, Any]
    helpers: tuple[str, ...]
    guards: tuple[tuple[str, Any], ...]
    unrolled: bool = False

    @property
    def text(self) -> str:
        """Everything, to be compared with another's."""
        arrays = {name: (value.shape, value.dtype.str, value.tobytes()) for name, value in self.constants.items()}
        return repr((self.forward, self.backward, self.results, arrays, self.guards))


@dataclass(slots=True)
class Writer:
    """Writes one circuit down. `sizes` says how sizes of axes are written where any size will do; `by_name` writes indices that are
    arguments by their names, else by their values; `known` are arrays that the module holds already.
    """

    circuit: Circuit
    dialect: Dialect
    taken: Collection[str] = ()
    sizes: Mapping[int, str] = field(default_factory=dict)
    by_name: bool = True
    known: Mapping[str, Any] = field(default_factory=dict)
    nodes: dict[int, ast.expr] = field(default_factory=dict)
    named: dict[int, str] = field(default_factory=dict)
    constants: dict[str, Any] = field(default_factory=dict)
    helpers: dict[str, None] = field(default_factory=dict)
    lines: list[list[str]] = field(default_factory=lambda: [[], []])
    uses: dict[int, int] = field(default_factory=dict)
    decided: dict[Any, int] = field(default_factory=dict)
    met: set[int] = field(default_factory=set)
    used: set[str] = field(default_factory=set)
    quoted: set[Place] = field(default_factory=set)
    part: int = 0

    def write(self) -> Body:
        """All statements, in the circuit's order."""
        circuit = self.circuit
        self.used |= RESERVED | set(self.taken) | {circuit.names.get(k, "x") for k in circuit.inputs}
        needed = live(circuit)
        self._count(needed)
        for k, opcode in enumerate(circuit.opcodes):
            self.part = int(circuit.backward is not None and k >= circuit.backward)
            if k in circuit.inputs:
                self.named[k] = circuit.names.get(k, "x")
                self.nodes[k] = ast.Name(self.named[k])
            elif opcode < 0:
                self.nodes[k] = self.constant(k) if needed[k] else ast.Constant(None)
            elif needed[k]:
                self.settle(k)
        results = tuple(text_of(self.owned(k)) for k in circuit.outputs)
        guards = tuple((text_of(self.nodes[k]), outcome) for k, outcome in circuit.guards if not self.is_met(k, outcome))
        forward, backward = self.lines
        return Body(tuple(forward), tuple(backward), results, self.constants, tuple(self.helpers), guards, self._unrolled())

    def _unrolled(self) -> bool:
        """Whether names are numbered, as the rounds of a loop are."""
        numbered = [n for n in self.circuit.names.values() if re.search(r"_\d+$", n)]
        return len(numbered) > 3

    def _count(self, needed: Sequence[int]) -> None:
        circuit = self.circuit
        for k, outcome in circuit.guards:
            if isinstance(outcome, np.ndarray) and self.by_name:
                self.decided.setdefault(_array_key(outcome), k)
        for k in (*circuit.outputs, *(k for k, _ in circuit.guards)):
            self.uses[k] = self.uses.get(k, 0) + 1
        for k in range(len(circuit)):
            if needed[k]:
                for i in (*circuit.inputs_of(k), *self._decisions(k)):
                    self.uses[i] = self.uses.get(i, 0) + 1

    def _decisions(self, k: int) -> Iterator[int]:
        """Values that are read as indices by equation k."""
        params = self.circuit.params.get(k, {})
        for index in (*params.get("indices", ()), params.get("index", ())):
            for part in index if isinstance(index, tuple) else (index,):
                if isinstance(part, np.ndarray) and (found := self.decided.get(_array_key(part))) is not None:
                    yield found

    def is_met(self, k: int, outcome: Any) -> bool:
        """Whether a decision is followed by the code itself, so that it need not be asserted."""
        return isinstance(outcome, np.ndarray) and self.by_name and self.decided.get(_array_key(outcome)) == k and k in self.met

    # one equation
    def settle(self, k: int) -> None:
        """Write equation k: as a statement if it has a name, is read more than once or is long; else where it is read."""
        for _ in range(4):
            made = operations.written(self, k)
            if made is None:  # statements of its own
                return
            node = made
            if len(text_of(node)) <= LONGEST or _breaks_well(node) or not self.shorten(k):
                break
        self.nodes[k] = node
        name = self.circuit.names.get(k)
        if is_leaf(node):
            return
        if (name and not self.is_gone(k)) or (self.uses.get(k, 0) > 1 and not is_cheap(node)):
            self.give_name(k, name)

    def is_gone(self, k: int) -> bool:
        return self.uses.get(k, 0) == 0

    def shorten(self, k: int) -> bool:
        """Give the longest operand of equation k a line of its own; whether there was one."""
        inlined = [i for i in self.circuit.inputs_of(k) if not is_leaf(self.nodes[i]) and not is_cheap(self.nodes[i])]
        if not inlined:
            return False
        self.give_name(max(inlined, key=lambda i: len(text_of(self.nodes[i]))), None)
        return True

    def give_name(self, k: int, name: str | None) -> None:
        """A statement for value k."""
        node = self.nodes[k]
        self.named[k] = target = self.unused(name) if name else self.fresh(k)
        above, beside = self.comments(k) if name and not self.part else ((), "")
        lines = assignment(target, node)
        fits = len(lines) == 1 and len(lines[0]) + len(beside) + 2 <= WIDTH
        self.say([*(f"    {c}" for c in above), f"{lines[0]}  {beside}"] if beside and fits else [*(f"    {c}" for c in above), *lines])
        self.nodes[k] = ast.Name(target)

    def comments(self, k: int) -> tuple[tuple[str, ...], str]:
        """What the author wrote above and beside the line that forms a value, once for each line."""
        place = self.circuit.place(k)
        if place is None or place in self.quoted:
            return (), ""
        self.quoted.add(place)
        return comments_at(place.file, place.line)

    def say(self, lines: Sequence[str]) -> None:
        """Statements where the writing is."""
        self.lines[self.part] += lines

    # names
    def unused(self, wanted: str) -> str:
        """The name, or with an underline what is free."""
        name = re.sub(r"\W+", "_", wanted).strip("_") or "v"
        name = f"v{name}" if name[0].isdigit() else name
        while name in self.used:
            name += "_"
        self.used.add(name)
        return name

    def fresh(self, k: int) -> str:
        """A name for what the user gave none: cosh_z for a function of z, else t1, t2, ..."""
        primitive, read = self.circuit.primitive(k), self.circuit.inputs_of(k)
        operand = self.nodes[read[0]] if len(read) == 1 else None
        if primitive is not None and primitive.elementwise and isinstance(operand, ast.Name) and not re.fullmatch(r"t\d+", operand.id):
            wanted = f"{_SPOKEN.get(primitive.name, primitive.name)}_{operand.id}"
            if wanted not in self.used and len(wanted) < 20:
                return self.unused(wanted)
        lent = set(self.circuit.names.values())
        free = (n for i in range(1, 1_000_000) if (n := f"t{i}") not in self.used and n not in lent)
        return self.unused(next(free))

    # constants
    def constant(self, k: int) -> ast.expr:
        """A constant: a number in its place, a short array too, a long one before the function."""
        value = self.circuit.constants[k]
        if isinstance(value, Exact):
            return number(value.value, self.dialect.module)
        if isinstance(value, np.ndarray):
            return self.array(value, self.circuit.names.get(k), self.uses.get(k, 0))
        if isinstance(value, np.floating) and value.dtype != np.float64:
            return fill(f"np.{value.dtype.name}(_0)", [number(float(value))]) if self.dialect.module == "np" else number(float(value))
        return self.sized(value) or number(value, self.dialect.module)

    def sized(self, value: Any) -> ast.expr | None:
        """A number that is a size, a multiple of one, or half of one."""
        plain = float(value)
        if isinstance(value, bool | np.bool_):
            return None
        if not plain.is_integer():
            halved = self.sizes.get(int(2 * plain)) if (2 * plain).is_integer() and plain > 0 else None
            return parse(f"{halved} / 2") if halved else None
        for size, text in self.sizes.items():
            times, left = divmod(abs(int(plain)), size)
            if not left and 1 <= times <= 100:
                node = parse(text if times == 1 else f"{times} * {text}")
                return node if plain > 0 else ast.UnaryOp(ast.USub(), node)
        return None

    def array(self, value: Any, name: str | None = None, uses: int = 1) -> ast.expr:
        """A constant array."""
        if value.ndim == 1 and value.dtype.kind == "i" and len(value) > 1 and np.array_equal(value, np.arange(len(value))):
            length = self.sized(len(value)) or number(len(value))
            return fill(f"{self.dialect.module}.arange(_0)", [length])
        if value.ndim and value.size and self.dialect.module != "torch" and value.dtype == np.float64 and (value == value.flat[0]).all():
            return operations.filled(self, value.shape, value.dtype, number(value.flat[0], self.dialect.module))
        for known, held in {**self.known, **self.constants}.items():
            if (row := _row_of(value, held)) is not None:
                return ast.Subscript(ast.Name(known), number(row)) if row >= 0 else ast.Name(known)
        if not name and value.size <= SHORT and uses <= 1:
            return self.literal(value)
        fresh = (n for i in range(1_000_000) if (n := f"K{i}") not in self.used)
        wanted = self.unused(name.upper() if name else next(fresh))
        self.constants[wanted] = value
        return ast.Name(wanted)

    def literal(self, value: Any) -> ast.expr:
        """An array written out."""
        return array_literal(value, self.dialect)

    def owned(self, k: int) -> ast.expr:
        """A result that shares no memory with an argument."""
        node = self.nodes[k]
        root = node
        while isinstance(root, ast.Subscript | ast.Attribute):
            root = root.value
        parameters = {self.named[i] for i in self.circuit.inputs}
        if self.circuit.type(k).shape and isinstance(root, ast.Name) and root.id in parameters and self.dialect.name != "jax":
            return fill("_0.copy()" if self.dialect.name == "numpy" else "_0.clone()", [node])
        return node


_SPOKEN = {"absolute": "abs", "expit": "sigmoid", "negative": "minus", "logical_not": "not", "astype": "cast", "square": "squared"}


def _row_of(value: Any, held: Any) -> int | None:
    """-1 where two arrays are the same, the number of the row that one is of the other; None for neither."""
    if not isinstance(held, np.ndarray) or held.dtype != value.dtype or not held.ndim:
        return None
    if held.shape == value.shape:
        return -1 if np.array_equal(held, value) else None
    rows = [i for i, row in enumerate(held[:100]) if row.shape == value.shape and np.array_equal(row, value)]
    return rows[0] if len(rows) == 1 and value.ndim else None


def _array_key(value: Any) -> Any:
    return (value.shape, value.dtype.kind, tuple(value.ravel().tolist()))


def _breaks_well(node: ast.expr) -> bool:
    """Whether a long expression is a list, which is written an entry to a line."""
    return isinstance(node, ast.Call) and bool(node.args) and isinstance(node.args[0], ast.List)


def is_leaf(node: ast.expr) -> bool:
    """A name or a number."""
    if isinstance(node, ast.Tuple):
        return all(map(is_leaf, node.elts))
    return isinstance(node, ast.Name | ast.Constant) or (isinstance(node, ast.UnaryOp) and isinstance(node.operand, ast.Constant))


def is_cheap(node: ast.expr) -> bool:
    """What may be written twice: a transpose, a part, or the negative of something named."""
    if isinstance(node, ast.Attribute):
        return is_leaf(node.value) or is_cheap(node.value)
    if isinstance(node, ast.Subscript):
        return is_leaf(node.value) and all(isinstance(n, _BASIC) for n in ast.walk(node.slice))
    if isinstance(node, ast.UnaryOp):
        return is_leaf(node.operand)
    return (
        isinstance(node, ast.Call)
        and text_of(node.func).endswith(("np.reshape", "arange", "full_like", "ones_like", "zeros_like"))
        and all(is_leaf(a) or is_cheap(a) for a in node.args)
    )


_BASIC = (ast.Tuple, ast.Slice, ast.Constant, ast.UnaryOp, ast.USub, ast.Load)


def array_literal(value: Any, dialect: Dialect) -> ast.expr:
    """An array as a call of the dialect's constructor, every bit kept."""
    inner = _nested(value.tolist(), dialect.module)
    plain = value.dtype in (np.float64, np.int64, np.bool_) and value.size
    call = {"numpy": "np.array(_0)", "torch": "torch.tensor(_0)", "jax": "jnp.array(_0)"}[dialect.name]
    if not plain or (dialect.name == "torch" and value.dtype == np.float64):
        call = f"{call[:-1]}, dtype={dialect.module}.{value.dtype.name})"
    node = fill(call, [inner])
    return node if value.size else fill("_0.reshape(_1)", [node, _nested(tuple(value.shape), dialect.module)])


def _nested(value: Any, module: str) -> ast.expr:
    if isinstance(value, list):
        return ast.List([_nested(v, module) for v in value])
    if isinstance(value, tuple):
        return ast.Tuple([_nested(v, module) for v in value])
    return number(value, module)
