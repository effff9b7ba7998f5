"""Whole Jacobians and Hessians: sweeps forward or back, whichever count fewer operations, and as few of them as the structure allows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from gradcheck.circuit import Circuit, cotangents, hessian_product, pushforward, simplify
from gradcheck.circuit.circuit import ArrayType
from gradcheck.circuit.partition import split
from gradcheck.circuit.sparsity import jacobian_pattern
from gradcheck.circuit.traced import TracedArray
from gradcheck.circuit.trees import Layout, holds_tree
from gradcheck.errors import CircuitError, ShapeError, UsageError
from gradcheck.gradients.colouring import colours_of, fewest
from gradcheck.gradients.functional import _named, _packed
from gradcheck.gradients.programs import Argnums, Runner, programs, require_one_result
from gradcheck.gradients.trees import on_trees, restored
from gradcheck.primitives import BY_NAME

FEW = 4  # sweeps so few that finding the structure would not pay
SCATTER = BY_NAME["scatter"]


@dataclass(slots=True)
class Sweeps:
    """Products of a Jacobian with vectors, on one side of it: what is computed once, what is for each vector, and the vectors.

    `colours` gives each column (row, for sweeps back) the number of the sweep it is computed in; None: each has its own.
    """

    forward: bool
    once: Circuit
    each: Circuit
    takes: tuple[ArrayType, ...]
    colours: Any
    count: int

    @property
    def operations(self) -> int:
        """What the whole Jacobian takes."""
        return self.once.operations + self.count * self.each.operations


def sweeps(product: Circuit, early: int, pattern: Any, *, forward: bool) -> Sweeps:
    """The sweeps of a product circuit, whose first `early` inputs are the function's arguments."""
    once, each = split(product, early)
    takes = tuple(product.type(k) for k in product.inputs[early:])
    size = sum(t.size for t in takes)
    along = pattern if forward or pattern is None else pattern.T
    if along is None or size <= FEW or fewest(along) > size // 2:
        return Sweeps(forward, once, each, takes, None, size)
    colours = colours_of(along)
    return Sweeps(forward, once, each, takes, colours, int(colours.max(initial=0)) + 1)


@dataclass(slots=True)
class Matrix:
    """The plan of a Jacobian as one matrix: results by rows, the elements of all arguments by columns."""

    way: Sweeps
    pattern: Any
    rows: ArrayType
    columns: tuple[ArrayType, ...]
    once: Runner
    each: Runner
    probed: bool = False

    def __call__(self, inputs: tuple[Any, ...]) -> Any:
        """The matrix, dense, or sparse where its structure is used; None where a decision falls otherwise."""
        saved = self.once(inputs)
        if saved is None:
            return None
        swept = [self._swept(seed, saved) for seed in self._seeds()]
        if self.way.colours is None:
            stacked = np.stack(swept)
            return stacked.T if self.way.forward else stacked
        found = self._recovered(swept)
        if not self.probed and self.rows.floating and not self.each.recording:
            self._probe(found, saved)
        return found

    def _swept(self, seed: Any, saved: tuple[Any, ...]) -> Any:
        """One product, flat."""
        parts = self.each((*_parted(seed, self.way.takes), *saved))
        assert parts is not None
        flat = [np.ravel(p) for p in parts]
        return flat[0] if len(flat) == 1 else np.concatenate(flat)

    def _seeds(self) -> Iterator[Any]:
        size = sum(t.size for t in self.way.takes)
        for number in range(self.way.count):
            yield (self.way.colours == number if self.way.colours is not None else np.arange(size) == number).astype(float)

    def _recovered(self, swept: Sequence[Any]) -> Any:
        """Each entry from the one sweep in which its row and column meet alone."""
        pattern = self.pattern.tocoo()
        sweep = self.way.colours[pattern.col if self.way.forward else pattern.row]
        place = pattern.row if self.way.forward else pattern.col
        entries = np.stack(swept)[sweep, place]
        if isinstance(entries, TracedArray):
            return SCATTER(entries, indices=((pattern.row, pattern.col),), shape=pattern.shape)
        return csr_array((entries, (pattern.row, pattern.col)), shape=pattern.shape)

    def _probe(self, found: Any, saved: tuple[Any, ...]) -> None:
        """One more sweep, along a random vector: an entry the structure has missed shows there."""
        seed = np.random.default_rng(0).integers(64, 128, sum(t.size for t in self.way.takes)) / 64  # exact in every precision
        along = found if self.way.forward else found.T
        wanted, got, size = self._swept(seed, saved), along @ seed, abs(along) @ seed
        coarsest = max(float(np.finfo(d).eps) for d in (wanted.dtype, *(t.dtype for t in self.way.takes)))
        with np.errstate(all="ignore"):
            far = np.abs(got - wanted) > coarsest**0.5 * (size + np.abs(wanted))
        if np.any(far & np.isfinite(wanted) & np.isfinite(got)):
            raise CircuitError(f"{self.way.each.name}: the sparse Jacobian contradicts its product with a vector: a defect in gradcheck")
        self.probed = True


def _parted(flat: Any, types: Sequence[ArrayType]) -> list[Any]:
    ends = np.cumsum([0, *(t.size for t in types)])
    return [flat[a:b].reshape(t.shape).astype(t.dtype)[()] for a, b, t in zip(ends, ends[1:], types, strict=False)]


def jacobian_plan(circuit: Circuit, moving: int, *, recording: bool = False) -> Matrix:
    """The cheaper of sweeps forward and back, by count."""
    require_one_result(circuit, "a Jacobian needs one array")
    rows, columns = circuit.type(circuit.outputs[0]), tuple(circuit.type(k) for k in circuit.inputs[:moving])
    if not rows.size:
        raise ShapeError("the function returns an empty array: it has no Jacobian")
    arguments, width = len(circuit.inputs), sum(t.size for t in columns)
    pattern = _pattern(simplify(circuit), moving) if min(rows.size, width) > FEW else None
    ways = [sweeps(pushforward(circuit, moving), arguments, pattern, forward=True)]
    if rows.floating:
        ways.append(sweeps(cotangents(circuit, moving), arguments, pattern, forward=False))
    return _matrix(min(ways, key=lambda w: (w.operations, w.count)), pattern, rows, columns, recording=recording)


def hessian_plan(circuit: Circuit, moving: int, *, recording: bool = False) -> Matrix:
    """Products with the Hessian, as many as the structure of the gradient asks for."""
    require_one_result(circuit, "a Hessian needs one scalar")
    columns = tuple(circuit.type(k) for k in circuit.inputs[:moving])
    width = sum(t.size for t in columns)
    gradient = circuit.gradient()
    parts = jacobian_pattern(gradient.with_outputs(gradient.outputs[1 : 1 + moving]), moving) if width > FEW else None
    pattern = None if parts is None else _stacked(parts)
    way = sweeps(hessian_product(circuit, moving), len(circuit.inputs), pattern, forward=True)
    return _matrix(way, pattern, ArrayType((width,), columns[0].dtype), columns, recording=recording)


def _pattern(circuit: Circuit, moving: int) -> Any:
    found = jacobian_pattern(circuit, moving)
    return None if found is None else found[0]


def _stacked(parts: Sequence[Any]) -> Any:
    from scipy.sparse import vstack

    return vstack(parts, format="csr")


def _matrix(way: Sweeps, pattern: Any, rows: ArrayType, columns: tuple[ArrayType, ...], *, recording: bool) -> Matrix:
    once, each = (Runner(c, recording=recording) for c in (way.once, way.each))
    return Matrix(way, pattern, rows, columns, once, each)


def jacobian(function: Callable[..., Any], argnums: Argnums = 0, *, sparse: bool = False) -> Callable[..., Any]:
    """The function that returns the Jacobian, of shape output shape + argument shape.

    It is swept forward, a column at a time, or back, a row at a time, whichever counts fewer operations. Columns (or rows) that share no entry
    by the structure of the circuit are swept together: a tridiagonal Jacobian takes 3 sweeps, whatever its size. With `sparse`, the result
    is a scipy.sparse csr_array with a row for each element of the output and a column for each element of the argument. Several argnums give
    a tuple; arguments may be tuples, lists and dicts of arrays. Raises ShapeError where the function returns several results.
    """
    kept = programs(function, argnums, jacobian_plan)
    trees = on_trees(jacobian, function, argnums, sparse=sparse)

    def jacobian_of(*arguments: Any, **options: Any) -> Any:
        if holds_tree(arguments):
            return trees(arguments, options)
        shaped = kept.run(arguments, options, lambda plan, inputs: _blocks(plan, inputs, sparse=sparse))
        return _packed(shaped, argnums, arguments)

    return _named(jacobian_of, function, "jacobian")


def _blocks(plan: Matrix, inputs: tuple[Any, ...], *, sparse: bool) -> list[Any] | None:
    """The matrix cut by arguments, each part in its argument's precision."""
    matrix = plan(inputs)
    return None if matrix is None else [_block(m, plan.rows.shape, t, sparse=sparse) for m, t in _cut(matrix, plan.columns, axis=1)]


def _cut(matrix: Any, types: Sequence[ArrayType], axis: int) -> Iterator[tuple[Any, ArrayType]]:
    ends = np.cumsum([0, *(t.size for t in types)])
    for a, b, type in zip(ends, ends[1:], types, strict=False):
        whole = a == 0 and b == matrix.shape[axis]
        yield matrix if whole else matrix[(slice(None),) * axis + (slice(a, b),)], type


def _block(matrix: Any, shape: tuple[int, ...], type: ArrayType, *, sparse: bool) -> Any:
    if sparse:
        if isinstance(matrix, TracedArray):
            raise UsageError("sparse=True: a sparse Jacobian cannot be written into a trace: leave it out inside traced functions")
        return csr_array(matrix).astype(type.dtype, copy=False)
    dense = matrix.toarray() if isinstance(matrix, csr_array) else matrix
    shaped = np.reshape(dense, shape + type.shape)
    found = shaped if shaped.dtype == type.dtype else shaped.astype(type.dtype)
    return found[()] if isinstance(found, np.ndarray) and found.ndim == 0 else found


def hessian(function: Callable[..., Any], argnums: Argnums = 0, *, sparse: bool = False) -> Callable[..., Any]:
    """The function that returns the Hessian of a scalar function, of the argument's shape twice over.

    A tuple of argnums gives a tuple of tuples of blocks; a tree of arrays a tree of trees. Each column is a product with a vector, forward over
    reverse; columns that share no entry by the structure of the gradient are computed together: a banded Hessian takes as many products
    as the band is wide. With `sparse`, blocks are scipy.sparse csr_arrays, a row and a column for each element.
    Raises ShapeError where the function returns no scalar.
    """
    kept = programs(function, argnums, hessian_plan)
    trees = on_trees(hessian, function, argnums, restore=_restored_twice, sparse=sparse)

    def hessian_of(*arguments: Any, **options: Any) -> Any:
        if holds_tree(arguments):
            return trees(arguments, options)
        blocks = kept.run(arguments, options, lambda plan, inputs: _squares(plan, inputs, sparse=sparse))
        packed = [_packed(row, argnums, arguments) for row in blocks]
        return packed[0] if isinstance(argnums, int) else tuple(packed)

    return _named(hessian_of, function, "hessian")


def _squares(plan: Matrix, inputs: tuple[Any, ...], *, sparse: bool) -> list[list[Any]] | None:
    matrix = plan(inputs)
    if matrix is None:
        return None
    return [
        [_block(m, row.shape, t, sparse=sparse) for m, t in _cut(part, plan.columns, axis=1)]
        for part, row in _cut(matrix, plan.columns, axis=0)
    ]


def _restored_twice(found: Any, layout: Layout, argnums: int | Sequence[int]) -> Any:
    return restored([restored(row, layout, argnums) for row in found], layout, argnums)
