"""Which inputs each output can depend on: the structure of a Jacobian, read off the circuit.

A pattern is a sparse matrix with a row for each element of a value and a column for each input element. Data movement is run on
element numbers; what is not known better mixes everything. A pattern may be too full, never too empty.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from operator import or_
from typing import Any

import numpy as np
from scipy.sparse import csr_array, vstack

from gradcheck.circuit.circuit import ArrayType, Circuit
from gradcheck.primitives import BY_NAME, TABLE

Pattern = Any  # csr_array of bool: int8 in fact, for products
LIMIT = 4_000_000  # entries of a pattern beyond which the structure is not worth knowing


class TooFull(Exception):  # noqa: N818  no error: the structure is left unknown
    """The pattern has more entries than it could save."""


def jacobian_pattern(circuit: Circuit, moving: int | None = None) -> list[Pattern] | None:
    """For each output the pattern of its Jacobian with respect to the first `moving` inputs side by side; None where it is too full."""
    chosen = [k for k in circuit.inputs[:moving] if circuit.type(k).floating]
    sizes = [circuit.type(k).size for k in chosen]
    width, start = sum(sizes), 0
    known = _Known(width)
    for k, size in zip(chosen, sizes, strict=True):
        known.rows[k] = _units(size, start, width)
        start += size
    try:
        known.fill(circuit)
    except TooFull:
        return None
    return [known[k] if k in known else _nothing(circuit.type(k).size, width) for k in circuit.outputs]


class _Known:
    """The patterns found so far. Those of scalars are whole numbers with a bit for each column, for circuits may have many."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.rows: dict[int, Pattern] = {}
        self.bits: dict[int, int] = {}

    def __contains__(self, k: int) -> bool:
        return k in self.rows or k in self.bits

    def __getitem__(self, k: int) -> Pattern:
        found = self.rows.get(k)
        if found is None:
            found = self.rows[k] = _row(self.bits[k], self.width)
        return found

    def get(self, k: int) -> Pattern | None:
        """The pattern of value k; None where it does not move."""
        return self[k] if k in self else None  # noqa: SIM401  this is that method

    def fill(self, circuit: Circuit) -> None:
        """Find the pattern of every value that moves."""
        values = dict(circuit.constants)
        for k, opcode in enumerate(circuit.opcodes):
            if opcode < 0 or TABLE[opcode].adjoint is None or not circuit.type(k).floating:
                continue
            read = [i for i in circuit.inputs_of(k) if i in self]
            if not read:
                if TABLE[opcode].name == "transpose" and circuit.inputs_of(k)[0] in values:  # a constant matrix in the reverse sweep
                    values[k] = TABLE[opcode].evaluate(values[circuit.inputs_of(k)[0]], **circuit.params[k])
            elif not circuit.type(k).shape and all(not circuit.type(i).shape for i in read):
                self.bits[k] = reduce(or_, (self._bits(i) for i in read))  # one result of scalars: it depends on all of them
                if len(self.bits) * self.width > 400 * LIMIT:
                    raise TooFull
            else:
                self.rows[k] = _bounded(self._value(circuit, k, values))

    def _bits(self, k: int) -> int:
        found = self.bits.get(k)
        if found is None:
            found = self.bits[k] = sum(1 << int(column) for column in self.rows[k].indices)
        return found

    def _value(self, circuit: Circuit, k: int, values: Mapping[int, Any]) -> Pattern:
        """The pattern of value k from those of its operands."""
        primitive, read, params = TABLE[circuit.opcodes[k]], circuit.inputs_of(k), circuit.params.get(k, {})
        out = circuit.type(k)
        if primitive.elementwise or primitive.name == "astype":
            return _union([_stretched(self[i], circuit.type(i), out) for i in read if i in self])
        rule = RULES.get(primitive.name, _everything)
        types = [circuit.type(i) for i in read]
        return rule([self.get(i) for i in read], types, out, params, [values.get(i) for i in read])


def _row(bits: int, width: int) -> Pattern:
    """The pattern of a scalar from its bits."""
    bytes = np.frombuffer(bits.to_bytes(width // 8 + 1, "little"), np.uint8)
    columns = np.flatnonzero(np.unpackbits(bytes, bitorder="little"))
    return csr_array((np.ones(columns.size, np.int8), columns, np.array([0, columns.size])), shape=(1, width))


def _bounded(pattern: Pattern) -> Pattern:
    if pattern.nnz > LIMIT:
        raise TooFull
    return pattern


def _units(size: int, start: int, width: int) -> Pattern:
    return csr_array((np.ones(size, np.int8), np.arange(start, start + size), np.arange(size + 1)), shape=(size, width))


def _nothing(size: int, width: int) -> Pattern:
    return csr_array((size, width), dtype=np.int8)


def _union(parts: Sequence[Pattern]) -> Pattern:
    total = parts[0]
    for part in parts[1:]:
        total = total + part
        total.data[:] = 1
    return total


def _spread(entries: Any, shape: tuple[int, int], pattern: Pattern) -> Pattern:
    """Rows of the result from rows of a pattern: result row entries[0][i] holds what row entries[1][i] does."""
    rows, columns = (np.ravel(e) for e in entries)
    if float(rows.size) * max(pattern.nnz / max(pattern.shape[0], 1), 1) > 8 * LIMIT:
        raise TooFull
    map = csr_array((np.ones(rows.size, np.int32), (rows, columns)), shape=shape)
    found = map @ pattern.astype(np.int32)
    return csr_array((np.ones(found.nnz, np.int8), found.indices, found.indptr), shape=found.shape)


def _numbers(type: ArrayType) -> Any:
    """The number of each element."""
    return np.arange(type.size).reshape(type.shape)


def _stretched(pattern: Pattern, type: ArrayType, out: ArrayType) -> Pattern:
    """An operand as it meets the others: its rows copied along axes."""
    return pattern if type.shape == out.shape else _rows(pattern, np.broadcast_to(_numbers(type), out.shape))


def _rows(pattern: Pattern, numbers: Any) -> Pattern:
    """A row for each number."""
    chosen = np.ravel(numbers)
    if int(np.diff(pattern.indptr)[chosen].sum()) > LIMIT:
        raise TooFull
    return pattern[chosen]


Letters = Callable[[list[ArrayType], Mapping[str, Any]], "tuple[list[str], str] | None"]
Rule = Callable[[list[Any], list[ArrayType], ArrayType, Mapping[str, Any], list[Any]], Any]


def _everything(known: list[Any], types: list[ArrayType], out: ArrayType, params: Mapping[str, Any], values: list[Any]) -> Pattern:
    """Every result depends on all that the operands depend on."""
    union = [np.unique(p.indices) for p in known if p is not None]
    columns = np.unique(np.concatenate(union))
    if columns.size * out.size > LIMIT:
        raise TooFull
    width = next(p.shape[1] for p in known if p is not None)
    indptr = np.arange(out.size + 1) * columns.size
    return csr_array((np.ones(columns.size * out.size, np.int8), np.tile(columns, out.size), indptr), shape=(out.size, width))


def _moved(name: str) -> Rule:
    """Data movement, run on the numbers of the elements."""
    evaluate = BY_NAME[name].evaluate

    def rule(known: list[Any], types: list[ArrayType], out: ArrayType, params: Mapping[str, Any], values: list[Any]) -> Pattern:
        width = next(p.shape[1] for p in known if p is not None)
        parts = [p if p is not None else _nothing(t.size, width) for p, t in zip(known, types, strict=True)]
        starts = np.cumsum([0, *(t.size for t in types)])
        numbered = evaluate(*(_numbers(t) + s for t, s in zip(types, starts, strict=False)), **params)
        return _rows(parts[0] if len(parts) == 1 else vstack(parts, format="csr"), numbered)

    return rule


def _scattered(known: list[Any], types: list[ArrayType], out: ArrayType, params: Mapping[str, Any], values: list[Any]) -> Pattern:
    """Every element written goes to its place; places written twice depend on both."""
    places, width = _numbers(out), next(p.shape[1] for p in known if p is not None)
    rows = [np.ravel(np.broadcast_to(places[index], t.shape)) for t, index in zip(types, params["indices"], strict=True)]
    parts = vstack([_nothing(t.size, width) if p is None else p for p, t in zip(known, types, strict=True)], format="csr")
    total = parts.shape[0]
    return _spread((np.concatenate(rows), np.arange(total)), (out.size, total), parts)


def _groups(shape: tuple[int, ...], axis: Any) -> tuple[Any, int]:
    """For each element the number of the group it is reduced with, and how many groups there are."""
    axes = range(len(shape)) if axis is None else [a % len(shape) for a in ((axis,) if isinstance(axis, int) else axis)]
    kept = tuple(1 if i in axes else n for i, n in enumerate(shape))
    count = int(np.prod(kept, dtype=int))
    return np.broadcast_to(np.arange(count).reshape(kept), shape), count


def _reduced(known: list[Any], types: list[ArrayType], out: ArrayType, params: Mapping[str, Any], values: list[Any]) -> Pattern:
    """A result for each group of elements."""
    groups, count = _groups(types[0].shape, params.get("axis"))
    return _spread((groups, _numbers(types[0])), (count, types[0].size), known[0])


def _mixed(known: list[Any], types: list[ArrayType], out: ArrayType, params: Mapping[str, Any], values: list[Any]) -> Pattern:
    """Results of the operand's shape, each depending on its whole line along the axis."""
    groups, _ = _groups(types[0].shape, params.get("axis", None))
    return _rows(_reduced(known, types, out, params, values), groups)


def _recurrence(known: list[Any], types: list[ArrayType], out: ArrayType, params: Mapping[str, Any], values: list[Any]) -> Pattern:
    return _union([_mixed([p], [t], out, {"axis": 0}, []) for p, t in zip(known, types, strict=True) if p is not None])


def _contracted(letters: Letters, *, product: bool = False) -> Rule:
    """A sum of products: a result depends on the elements that share its indices; a constant matrix's zeros are left out."""

    def rule(known: list[Any], types: list[ArrayType], out: ArrayType, params: Mapping[str, Any], values: list[Any]) -> Pattern:
        named = letters(types, params)
        if named is None or any(len(set(t)) < len(t) for t in named[0]) or not _unstretched(types, named[0]):
            return _everything(known, types, out, params, values)
        terms, result = named
        matrix = _times_vector(known, types, values) if product and len(out.shape) == 1 else None
        if matrix is not None:
            return _spread(np.nonzero(matrix), matrix.shape, known[0] if known[1] is None else known[1])
        sizes = {a: n for term, t in zip(terms, types, strict=True) for a, n in zip(term, t.shape, strict=True)}
        parts = [_shared(p, t, term, result, sizes) for p, t, term in zip(known, types, terms, strict=True) if p is not None]
        return _union(parts)

    return rule


def _times_vector(known: list[Any], types: list[ArrayType], values: list[Any]) -> Any:
    """The constant matrix that a vector is multiplied by, if that is what happens."""
    for moving, fixed in ((1, 0), (0, 1)):
        if known[fixed] is None and isinstance(values[fixed], np.ndarray) and len(types[moving].shape) == 1 and values[fixed].ndim == 2:
            return values[fixed] if fixed == 0 else values[fixed].T
    return None


def _unstretched(types: list[ArrayType], terms: list[str]) -> bool:
    pairs = {(a, n) for term, t in zip(terms, types, strict=True) for a, n in zip(term, t.shape, strict=True)}
    return len(pairs) == len({a for a, _ in pairs})


def _shared(pattern: Pattern, type: ArrayType, term: str, result: str, sizes: Mapping[str, int]) -> Pattern:
    """What one operand adds: elements grouped by the indices they share with the result."""
    common = [a for a in result if a in term]
    count = int(np.prod([sizes[a] for a in common], dtype=int))
    numbers = np.arange(count).reshape([sizes[a] for a in common])
    grouped = _spread((_aligned(numbers, common, term, sizes), _numbers(type)), (count, type.size), pattern)
    return _rows(grouped, _aligned(numbers, common, result, sizes))


def _aligned(numbers: Any, common: list[str], term: str, sizes: Mapping[str, int]) -> Any:
    """The numbers of groups along all indices of a term."""
    order = np.transpose(numbers, [common.index(a) for a in term if a in common])
    kept = [sizes[a] if a in common else 1 for a in term]
    return np.broadcast_to(order.reshape(kept), [sizes[a] for a in term])


def _matmul_letters(types: list[ArrayType], params: Mapping[str, Any]) -> tuple[list[str], str] | None:
    known = {(2, 2): (["ik", "kj"], "ij"), (2, 1): (["ik", "k"], "i"), (1, 2): (["k", "kj"], "j"), (1, 1): (["k", "k"], "")}
    return known.get((len(types[0].shape), len(types[1].shape)))


def _inner_letters(types: list[ArrayType], params: Mapping[str, Any]) -> tuple[list[str], str] | None:
    return (["ik", "jk"], "ij") if len(types[0].shape) == 2 else (["k", "k"], "")


def _outer_letters(types: list[ArrayType], params: Mapping[str, Any]) -> tuple[list[str], str] | None:
    return (["i", "j"], "ij") if all(len(t.shape) == 1 for t in types) else None


def _einsum_letters(types: list[ArrayType], params: Mapping[str, Any]) -> tuple[list[str], str] | None:
    left, _, right = params["subscripts"].partition("->")
    return left.split(","), right


RULES: dict[str, Rule] = {
    **{name: _moved(name) for name in ("reshape", "transpose", "broadcast_to", "getitem", "put", "stack", "concatenate")},
    **dict.fromkeys(("sum", "mean", "prod", "max", "min", "var", "logsumexp"), _reduced),
    **dict.fromkeys(("cumsum", "cumprod", "softmax", "log_softmax"), _mixed),
    "scatter": _scattered, "recurrence": _recurrence, "einsum": _contracted(_einsum_letters),
    "matmul": _contracted(_matmul_letters, product=True), "dot": _contracted(_matmul_letters, product=True), "outer": _contracted(_outer_letters), "inner": _contracted(_inner_letters),
}  # fmt: skip
