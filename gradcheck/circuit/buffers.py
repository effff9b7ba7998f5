"""Which dead arrays a compiled program may write into, so that large circuits run in few buffers.

Fresh large arrays cost page faults, which take longer than the arithmetic. A result may be written over an array
that nobody reads any more; views keep what they look at alive, and inputs, constants and outputs are never written.
"""

from __future__ import annotations

import numpy as np

from gradcheck.circuit.circuit import ArrayType, Circuit
from gradcheck.circuit.interpret import last_uses
from gradcheck.primitives import Primitive
from gradcheck.primitives.structure import is_basic

LARGE = 4096  # elements from which a buffer is worth keeping
_VIEWS = {"reshape", "transpose", "broadcast_to"}
_FRESH = {"sum", "mean", "prod", "max", "min", "var", "matmul", "dot", "outer", "inner", "scatter", "put", "concatenate", "stack"}
_NOBODY = -1


def ufunc_of(primitive: Primitive) -> np.ufunc | None:
    """The ufunc that computes an elementwise primitive, which can write into a given array."""
    if not primitive.elementwise:
        return None
    if isinstance(primitive.evaluate, np.ufunc):
        return primitive.evaluate
    return next((call for call in primitive.calls if isinstance(call, np.ufunc) and call.__name__ == primitive.name), None)


class Buffers:
    """Walks a circuit's equations in order, lending out arrays that have died."""

    def __init__(self, circuit: Circuit) -> None:
        self.circuit = circuit
        self.owner = _owners(circuit)
        self.dying: dict[int, list[int]] = {}
        for base, k in _deaths(circuit, self.owner).items():
            self.dying.setdefault(k, []).append(base)
        self.free: dict[ArrayType, list[int]] = {}

    def donor(self, k: int) -> int | None:
        """The value into whose array equation k may write its result, if any; call once for each k, in order."""
        circuit, primitive = self.circuit, self.circuit.primitive(k)
        type, found = circuit.type(k), None
        if primitive is not None and type.size >= LARGE and ufunc_of(primitive) is not None:
            read = circuit.inputs_of(k)
            own = [b for b in self.dying.get(k, []) if b in read and circuit.type(b) == type]
            waiting = self.free.get(type)
            found = own[0] if own else waiting.pop() if waiting else None
        for base in self.dying.get(k, []):
            if base != found:
                self.free.setdefault(circuit.type(base), []).append(base)
        return found


def _owners(circuit: Circuit) -> list[int]:
    """The value whose array each value lives in; nobody's where the program must not write."""
    owner: list[int] = []
    for k in range(len(circuit)):
        primitive, read = circuit.primitive(k), circuit.inputs_of(k)
        if primitive is None:
            owner.append(_NOBODY)
        elif primitive.name in _VIEWS or (primitive.name == "getitem" and is_basic(circuit.params[k]["index"])):
            owner.append(owner[read[0]])
        else:
            fresh = primitive.elementwise or primitive.name in _FRESH
            owner.append(k if fresh else _NOBODY)
    return owner


def _deaths(circuit: Circuit, owner: list[int]) -> dict[int, int]:
    """For every owned large array, the equation after which nobody reads it or a view of it."""
    last = list(last_uses(circuit))
    ends: dict[int, int] = {}
    for k, base in enumerate(owner):
        primitive = circuit.primitive(k)
        if base == _NOBODY and primitive is not None:  # perhaps a view of any operand: they stay for good
            for i in circuit.inputs_of(k):
                last[i] = len(circuit)
    for k, base in enumerate(owner):
        if base != _NOBODY and circuit.type(base).size >= LARGE:
            ends[base] = max(ends.get(base, base), last[k])
    return ends
