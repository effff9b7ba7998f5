"""Many small products of matrices as few large ones, as in the unrolled steps of a recurrent network.

A weight shared by all steps has the sum of their products A_t^T B_t for a gradient: that is one product of the A_t and the B_t
stacked. Products of constants with one matrix are one product of the stacked constants. Same numbers, added up in another order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from gradcheck.circuit.circuit import CONSTANT, ArrayType, Builder, Circuit, copy_equations
from gradcheck.circuit.simplify import without_dead
from gradcheck.primitives import BY_NAME, OPCODE

_FEWEST = 4  # products from which stacking pays
_ADD, _MATMUL, _DOT, _TRANSPOSE = (OPCODE[BY_NAME[n]] for n in ("add", "matmul", "dot", "transpose"))
CONCATENATE, TRANSPOSE, MATMUL, ADD, GETITEM = (BY_NAME[n] for n in ("concatenate", "transpose", "matmul", "add", "getitem"))


def stacked(circuit: Circuit) -> Circuit:
    """The circuit with sums of products, and products of constants with one matrix, as products of stacks."""
    sums = _sums(circuit)
    families = _families(circuit)
    if not sums and not families:
        return circuit
    return without_dead(_Rewriting(circuit, sums, families).run())


@dataclass(frozen=True, slots=True)
class _Sum:
    """A sum of products: the values stacked on the left (transposed in the product) and on the right, and what else is added."""

    left: tuple[int, ...]
    right: tuple[int, ...]
    rest: int | None


def _uses(circuit: Circuit) -> list[int]:
    uses = np.bincount(np.asarray(circuit.operands, np.int64), minlength=len(circuit))
    uses[list(circuit.outputs)] += 2
    uses[[k for k, _ in circuit.guards]] += 2
    return [int(n) for n in uses]


def _sums(circuit: Circuit) -> dict[int, _Sum]:
    """The sums of enough products, by the equation that ends each."""
    uses, found, inner = _uses(circuit), dict[int, _Sum](), set[int]()
    for k in range(len(circuit) - 1, -1, -1):
        if circuit.opcodes[k] != _ADD or k in inner or len(circuit.type(k).shape) != 2:
            continue
        leaves, node = list[int](), k
        while circuit.opcodes[node] == _ADD and (node == k or uses[node] == 1):
            a, b = circuit.inputs_of(node)
            leaf, other = (b, a) if _is_leaf(circuit, b, uses) else (a, b)
            if not _is_leaf(circuit, leaf, uses) or circuit.type(leaf) != circuit.type(k) or circuit.type(other) != circuit.type(k):
                break
            leaves.append(leaf)
            inner.add(node)
            node = other
        rest: int | None = node
        if _is_leaf(circuit, node, uses):
            leaves.append(node)
            rest = None
        if len(leaves) >= _FEWEST:
            pairs = [circuit.inputs_of(leaf) for leaf in leaves]
            found[k] = _Sum(tuple(circuit.inputs_of(a)[0] for a, _ in pairs), tuple(b for _, b in pairs), rest)
    return found


def _is_leaf(circuit: Circuit, k: int, uses: Sequence[int]) -> bool:
    """Whether a value is a product of a transposed matrix and a matrix that nothing else reads."""
    if circuit.opcodes[k] != _MATMUL or uses[k] != 1:
        return False
    a, b = circuit.inputs_of(k)
    is_flat = circuit.opcodes[a] == _TRANSPOSE and circuit.params[a]["axes"] == (1, 0)
    return is_flat and len(circuit.type(b).shape) == 2 and circuit.type(a).dtype == circuit.type(b).dtype == circuit.type(k).dtype


def _families(circuit: Circuit) -> dict[int, list[int]]:
    """Products of constants with one matrix, by that matrix."""
    found: dict[int, list[int]] = {}
    for k, opcode in enumerate(circuit.opcodes):
        if opcode in (_MATMUL, _DOT):
            a, b = circuit.inputs_of(k)
            flat = len(circuit.type(a).shape) == len(circuit.type(b).shape) == 2
            if (
                flat
                and circuit.opcodes[a] == CONSTANT
                and circuit.opcodes[b] != CONSTANT
                and circuit.type(a).dtype == circuit.type(k).dtype
            ):
                found.setdefault(b, []).append(k)
    return {b: members for b, members in found.items() if len(members) >= _FEWEST}


class _Rewriting:
    """The circuit written anew."""

    def __init__(self, circuit: Circuit, sums: dict[int, _Sum], families: dict[int, list[int]]) -> None:
        self.circuit, self.sums = circuit, sums
        self.family = {k: (b, n) for b, members in families.items() for n, k in enumerate(members)}
        self.members = families
        self.wholes: dict[int, int] = {}
        self.builder = Builder(circuit.name)
        copy_equations(replace(circuit, guards=(), cache={}), self.builder, 0)
        self.stacks: dict[tuple[int, ...], int] = {}

    def run(self) -> Circuit:
        circuit, builder = self.circuit, self.builder
        new: list[int] = []
        for k, opcode in enumerate(circuit.opcodes):
            if opcode < 0:
                is_constant = opcode == CONSTANT
                new.append(builder.constant(circuit.constants[k]) if is_constant else builder.input(circuit.type(k), circuit.names.get(k)))
            elif k in self.sums:
                new.append(self._sum(self.sums[k], circuit.type(k), new))
            elif k in self.family:
                new.append(self._member(k, new))
            else:
                read = tuple(new[i] for i in circuit.inputs_of(k))
                new.append(builder.append(opcode, read, circuit.type(k), circuit.params.get(k), circuit.places[k]))
        builder.guards = [(new[k], outcome) for k, outcome in circuit.guards]
        return builder.freeze(tuple(new[k] for k in circuit.outputs))

    def _stack(self, values: tuple[int, ...]) -> int:
        """Matrices one below the other; the same ones are stacked once."""
        if values not in self.stacks:
            types = [self.builder.type(v) for v in values]
            shape = (sum(t.shape[0] for t in types), types[0].shape[1])
            self.stacks[values] = self.builder.apply(CONCATENATE, values, ArrayType(shape, types[0].dtype), axis=0)
        return self.stacks[values]

    def _sum(self, found: _Sum, type: ArrayType, new: list[int]) -> int:
        left, right = (self._stack(tuple(new[i] for i in side)) for side in (found.left, found.right))
        stack = self.builder.type(left)
        across = self.builder.apply(TRANSPOSE, (left,), ArrayType(stack.shape[::-1], stack.dtype), axes=(1, 0))
        total = self.builder.apply(MATMUL, (across, right), type)
        return total if found.rest is None else self.builder.apply(ADD, (new[found.rest], total), type)

    def _member(self, k: int, new: list[int]) -> int:
        matrix, number = self.family[k]
        circuit, members = self.circuit, self.members[matrix]
        starts = np.cumsum([0, *(circuit.type(m).shape[0] for m in members)])
        if matrix not in self.wholes:
            constants = np.concatenate([circuit.constants[circuit.inputs_of(m)[0]] for m in members])
            whole = self.builder.constant(constants)
            self.wholes[matrix] = self.builder.apply(
                MATMUL, (whole, new[matrix]), ArrayType((int(starts[-1]), circuit.type(k).shape[1]), circuit.type(k).dtype)
            )
        rows = slice(int(starts[number]), int(starts[number + 1]), None)
        return self.builder.apply(GETITEM, (self.wholes[matrix],), circuit.type(k), index=(rows,))
