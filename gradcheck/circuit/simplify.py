"""Leaving out what need not be computed: equal equations once, dead ones never, constants beforehand.

Only identities that change no digit of a finite result, or make it better, are used.
"""

from __future__ import annotations

import operator
from array import array
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from gradcheck.circuit.circuit import CONSTANT, INPUT, ArrayType, Builder, Circuit, copy_equations, freeze_params, type_of
from gradcheck.primitives import BY_NAME, OPCODE, TABLE, Exact, Primitive

_FOLD_LIMIT = 64  # elements; larger constants are cheaper computed than kept
Rewrite = Callable[["_Rewriter", tuple[int, ...]], "int | None"]


def simplify(circuit: Circuit, *, settled: int = 0) -> Circuit:
    """The same function with fewer equations. Guards are kept with what they need.

    The first `settled` equations are known to be simple already, as the forward part of a gradient circuit is.
    """
    known: Circuit | None = circuit.cache.get("simplified")
    if known is None:
        known = circuit.cache["simplified"] = without_dead(_Rewriter(circuit, settled).run())
    return known


def unguarded(circuit: Circuit) -> Circuit:
    """The first output alone, with what it needs: decisions that only guard the branches taken are left out."""
    return without_dead(replace(circuit, outputs=circuit.outputs[:1], guards=(), cache={}))


def live(circuit: Circuit) -> bytearray:
    """Which equations the outputs and guards need."""
    needed = bytearray(len(circuit))
    for k in (*circuit.outputs, *(k for k, _ in circuit.guards)):
        needed[k] = 1
    starts, operands = circuit.starts, circuit.operands
    for k in range(len(circuit) - 1, -1, -1):
        if needed[k]:
            for i in operands[starts[k] : starts[k + 1]]:
                needed[i] = 1
    return needed


def without_dead(circuit: Circuit) -> Circuit:
    """The circuit without equations nobody needs, inputs kept; columns are cut as a whole."""
    opcodes = np.array(circuit.opcodes)
    keep = (np.frombuffer(live(circuit), dtype=np.uint8) > 0) | (opcodes == INPUT)
    if keep.all():
        return circuit
    new = np.cumsum(keep) - 1
    lengths = np.diff(np.array(circuit.starts))
    read = new[np.array(circuit.operands, dtype=np.int64)][np.repeat(keep, lengths)]
    kept = np.flatnonzero(keep).tolist()
    moved: dict[int, int] = dict(zip(kept, range(len(kept)), strict=True))
    return replace(
        circuit,
        opcodes=_column(circuit.opcodes, opcodes[keep]),
        starts=_column(circuit.starts, np.concatenate([[0], np.cumsum(lengths[keep])])),
        operands=_column(circuit.operands, read),
        types=_column(circuit.types, np.array(circuit.types)[keep]),
        places=_column(circuit.places, np.array(circuit.places)[keep]),
        params={moved[k]: v for k, v in circuit.params.items() if k in moved},
        constants={moved[k]: v for k, v in circuit.constants.items() if k in moved},
        names={moved[k]: v for k, v in circuit.names.items() if k in moved},
        inputs=tuple(moved[k] for k in circuit.inputs),
        outputs=tuple(moved[k] for k in circuit.outputs),
        guards=tuple((moved[k], outcome) for k, outcome in circuit.guards),
        backward=None if circuit.backward is None else int(keep[: circuit.backward].sum()),
        cache={},
    )


def without_signs(circuit: Circuit) -> Circuit:
    """Sums with negated numbers as differences, all at once: what matters most in circuits too long for the rest."""
    opcodes, operands, starts = np.array(circuit.opcodes), np.array(circuit.operands, np.int64), np.array(circuit.starts)
    add, subtract, negative = OPCODE[ADD], OPCODE[SUBTRACT], OPCODE[NEGATIVE]
    for before, position, after in ((add, 1, subtract), (add, 0, subtract), (subtract, 1, add)):
        rows = np.flatnonzero(opcodes == before)
        read = operands[starts[rows] + position]
        rows, read = rows[opcodes[read] == negative], read[opcodes[read] == negative]
        other = operands[starts[rows] + 1 - position]
        operands[starts[rows]], operands[starts[rows] + 1] = other, operands[starts[read]]
        opcodes[rows] = after
    return replace(circuit, opcodes=_column(circuit.opcodes, opcodes), operands=_column(circuit.operands, operands), cache={})


def _column(like: array[int], values: Any) -> array[int]:
    return array(like.typecode, values.astype(np.dtype(like.typecode)).tobytes())


class _Rewriter:
    """One pass from the first equation to the last, each rewritten in terms of what is already there."""

    def __init__(self, circuit: Circuit, settled: int) -> None:
        self.circuit, self.builder, self.settled = circuit, Builder(circuit.name), settled
        self.seen: dict[Any, int] = {}
        if settled:
            self._settle()
        self.places = [self.builder.place_id(p) for p in circuit.place_table]

    def _settle(self) -> None:
        """Take the first equations over as they are, and know them again when they are met."""
        circuit = self.circuit
        copy_equations(circuit, self.builder, self.settled)
        for k in range(self.settled):
            primitive = circuit.primitive(k)
            if primitive is not None:
                self.seen[self._key(primitive, circuit.inputs_of(k), circuit.params.get(k), circuit.type(k))] = k

    def run(self) -> Circuit:
        circuit, builder = self.circuit, self.builder
        new, needed = list(range(self.settled)) + [0] * (len(circuit) - self.settled), live(circuit)
        for k in range(self.settled, len(circuit)):
            opcode = circuit.opcodes[k]
            if k == circuit.backward:
                builder.backward = len(builder.opcodes)
            if opcode == INPUT:
                new[k] = builder.input(circuit.type(k))
            elif not needed[k]:
                continue
            elif opcode == CONSTANT:
                new[k] = builder.constant(circuit.constants[k])
            else:
                new[k] = self.rewrite(k, tuple(new[i] for i in circuit.inputs_of(k)))
            name = circuit.names.get(k)
            if name and (new[k] not in builder.constants or opcode == CONSTANT):
                builder.names.setdefault(new[k], name)
        builder.guards = [(new[k], outcome) for k, outcome in circuit.guards]
        return builder.freeze(tuple(new[k] for k in circuit.outputs))

    def rewrite(self, k: int, read: tuple[int, ...]) -> int:
        """The value that equation k stands for, its operands no larger than they need be."""
        circuit = self.circuit
        primitive, type, params = TABLE[circuit.opcodes[k]], circuit.type(k), circuit.params.get(k)
        if primitive.elementwise and type.shape:
            read = self.unstretched(read, type.shape)
            scalars = self.scalars(read)
            if scalars is not None:  # compute one number, then stretch it
                inner = self.written(primitive, scalars, k, replace(type, shape=()), params)
                return self.shared(STRETCH, (inner,), k, type, {"shape": type.shape})
        return self.written(primitive, read, k, type, params)

    def written(self, primitive: Primitive, read: tuple[int, ...], k: int, type: ArrayType, params: Any) -> int:
        """The value of an operation: folded, replaced, found again, or written."""
        builder = self.builder
        if all(i in builder.constants for i in read):
            folded = self.folded(primitive, read, params or {})
            if folded is not None:
                return folded
        simpler = REWRITES.get(primitive)
        found = simpler(self, read) if simpler else None
        if isinstance(found, tuple):
            primitive, read = found
        elif found is not None and builder.type(found) == type:
            return int(found)
        return self.shared(primitive, read, k, type, params)

    def shared(self, primitive: Primitive, read: tuple[int, ...], k: int, type: Any, params: Any) -> int:
        """The number of an equal equation already written, else of a new one."""
        key = self._key(primitive, read, params, type)
        known = self.seen.get(key)
        if known is None:
            place = self.places[self.circuit.places[k]]
            known = self.seen[key] = self.builder.append(OPCODE[primitive], read, type, params, place)
        return known

    @staticmethod
    def _key(primitive: Primitive, read: tuple[int, ...], params: Any, type: ArrayType) -> Any:
        """What equal equations have in common."""
        ordered = read[::-1] if primitive.commutes and read[0] > read[1] else read
        return (primitive, ordered, freeze_params(params) if params else None, type.dtype.num)

    def scalars(self, read: tuple[int, ...]) -> tuple[int, ...] | None:
        """The scalars that all operands are, or are copies of; None if one is more than that."""
        builder = self.builder
        small = tuple(builder.operands[builder.starts[i]] if builder.opcodes[i] == _BROADCAST else i for i in read)
        return small if not any(builder.type(i).shape for i in small) else None

    def unstretched(self, read: tuple[int, ...], shape: tuple[int, ...]) -> tuple[int, ...]:
        """Operands that were stretched only to meet the others are used as they were: NumPy stretches by itself."""
        for position, i in enumerate(read):
            if self.builder.opcodes[i] != _BROADCAST:
                continue
            small = self.builder.operands[self.builder.starts[i]]
            trial = (*read[:position], small, *read[position + 1 :])
            if np.broadcast_shapes(*(self.builder.type(j).shape for j in trial)) == shape:
                read = trial
        return read

    def folded(self, primitive: Primitive, read: tuple[int, ...], params: Any) -> int | None:
        """A small result of constants alone, as a constant, where it is exact: 1/3 stays a division."""
        values = [self.builder.constants[i] for i in read]
        foldable = primitive in RATIONAL or (primitive.elementwise and not primitive.rounds)  # moving numbers is cheap
        if any(isinstance(v, Exact) for v in values) or not foldable:
            return None
        with np.errstate(all="ignore"):
            try:
                result = primitive.on_floats(values, params)
                if primitive in RATIONAL and not _is_exact(RATIONAL[primitive], values, result):
                    return None
            except (ArithmeticError, ValueError):  # plain numbers raise where NumPy gives inf or NaN
                return None
        if isinstance(result, np.ndarray) and result.ndim == 0:
            result = result[()]
        return self.builder.constant(result) if type_of(result).size <= _FOLD_LIMIT else None

    def applied(self, primitive: Primitive, read: tuple[int, ...]) -> int:
        """An elementwise operation that a rewrite needs, of the operands' common type."""
        types = [self.builder.type(i) for i in read]
        shape, dtype = np.broadcast_shapes(*(t.shape for t in types)), np.result_type(*(t.dtype for t in types))
        key = self._key(primitive, read, None, ArrayType(shape, dtype))
        if key not in self.seen:
            self.seen[key] = self.builder.apply(primitive, read, ArrayType(shape, dtype))
        return self.seen[key]

    def number(self, k: int) -> float | None:
        """The plain value of a scalar constant."""
        value = self.builder.constants.get(k)
        return float(value) if value is not None and not isinstance(value, Exact) and type_of(value).shape == () else None

    def made_by(self, k: int, primitive: Primitive) -> tuple[int, ...] | None:
        """What equation k reads, if that operation made it."""
        if self.builder.opcodes[k] != OPCODE[primitive]:
            return None
        return tuple(self.builder.operands[self.builder.starts[k] : self.builder.starts[k + 1]])


ADD, SUBTRACT, MULTIPLY, DIVIDE, NEGATIVE, POWER, WHERE, RESHAPE, HYPOT = (
    BY_NAME[n] for n in ("add", "subtract", "multiply", "divide", "negative", "power", "where", "reshape", "hypot")
)
STRETCH = BY_NAME["broadcast_to"]
_BROADCAST = OPCODE[STRETCH]
RATIONAL: dict[Primitive, Callable[..., Any]] = {
    ADD: operator.add,
    SUBTRACT: operator.sub,
    MULTIPLY: operator.mul,
    DIVIDE: operator.truediv,
}


def _is_exact(operation: Callable[..., Any], values: list[Any], result: Any) -> bool:
    """Whether the floats' result is the rational numbers' result; only asked of scalars."""
    if any(np.shape(v) for v in values):
        return False
    exact: Fraction = operation(*(Fraction(float(v)) for v in values))
    return exact == Fraction(float(result))


def _add(r: _Rewriter, read: tuple[int, ...]) -> Any:
    a, b = read
    if r.number(a) == 0:
        return b
    if r.number(b) == 0:
        return a
    if (inner := r.made_by(b, NEGATIVE)) is not None:
        return SUBTRACT, (a, *inner)
    if (inner := r.made_by(a, NEGATIVE)) is not None:
        return SUBTRACT, (b, *inner)
    return None


def _subtract(r: _Rewriter, read: tuple[int, ...]) -> Any:
    a, b = read
    if r.number(b) == 0:
        return a
    if r.number(a) == 0 and r.builder.type(a).shape == ():
        return NEGATIVE, (b,)
    inner = r.made_by(b, NEGATIVE)
    return None if inner is None else (ADD, (a, *inner))


def _multiply(r: _Rewriter, read: tuple[int, ...]) -> Any:
    for a, b in (read, read[::-1]):
        if r.number(a) == 1:
            return b
        if r.number(a) == -1:
            return NEGATIVE, (b,)
        merged = _merged_factor(r, a, b)
        if merged is not None:
            return merged
    return None


def _merged_factor(r: _Rewriter, a: int, b: int) -> Any:
    """2 * (3 * x) is 6 * x where the product of the constants is exact."""
    first, inner = r.number(a), r.made_by(b, MULTIPLY)
    if first is None or inner is None:
        return None
    for c, x in (inner, inner[::-1]):
        second = r.number(c)
        if second is not None and np.isfinite(first * second) and Fraction(first) * Fraction(second) == Fraction(first * second):
            return MULTIPLY, (r.builder.constant(type(r.builder.constants[a])(first * second)), x)
    return None


def _divide(r: _Rewriter, read: tuple[int, ...]) -> Any:
    return read[0] if r.number(read[1]) == 1 else None


def _negative(r: _Rewriter, read: tuple[int, ...]) -> Any:
    inner = r.made_by(read[0], NEGATIVE)
    return None if inner is None else inner[0]


def _power(r: _Rewriter, read: tuple[int, ...]) -> Any:
    exponent = r.number(read[1])
    return read[0] if exponent == 1 else _square(r, read[:1]) if exponent == 2 else None


def _square(r: _Rewriter, read: tuple[int, ...]) -> Any:
    """|z|**2 of a complex value is a**2 + b**2, smooth at 0; hypot of real numbers is left alone, whose last bit would change."""
    parts = r.made_by(read[0], HYPOT) if r.circuit.complex_values else None
    if parts is None:
        return None
    squares = tuple(r.applied(MULTIPLY, (p, p)) for p in parts)
    return ADD, squares


def _where(r: _Rewriter, read: tuple[int, ...]) -> Any:
    condition = r.number(read[0])
    return None if condition is None else read[1] if condition else read[2]


def _reshape(r: _Rewriter, read: tuple[int, ...]) -> Any:
    inner = r.made_by(read[0], RESHAPE)
    return None if inner is None else inner[0]


REWRITES: dict[Primitive, Any] = {
    ADD: _add, SUBTRACT: _subtract, MULTIPLY: _multiply, DIVIDE: _divide, NEGATIVE: _negative, POWER: _power, WHERE: _where,
    RESHAPE: _reshape, BY_NAME["square"]: _square,
}  # fmt: skip
