"""Trading operations for memory: the forward values are computed again, a part at a time, when the sweep needs them.

The forward part is cut into about sqrt(N) parts of equal weight. What later parts read of earlier ones is kept; the rest
is dropped, and formed once more just before the sweep comes to its part. So at most the cuts and one part are in memory,
O(sqrt N) for a loop, at the cost of one more forward run (Griewank & Walther 2008, chapter 12; Chen et al. 2016).
"""

from __future__ import annotations

from math import isqrt

from gradcheck.circuit.circuit import CONSTANT, Builder, Circuit, copy_equations


def checkpointed(gradient: Circuit, parts: int | None = None) -> Circuit:
    """The same value and gradient in less memory, if equations are run in order and values dropped after their last use.

    `gradient` has a forward and a backward part; `parts` is how many cuts the forward part gets, by default the square root of its length.
    """
    end = gradient.backward
    if end is None:
        return gradient
    return _Checkpoints(gradient, end, parts).write()


class _Checkpoints:
    """The circuit under way. Equation numbers of the forward part stay; those of the backward part move."""

    def __init__(self, gradient: Circuit, end: int, parts: int | None) -> None:
        self.circuit, self.end = gradient, end
        self.part = _parts(gradient, end, parts)
        self.kept = self._kept()
        self.again: dict[int, int] = {}
        self.done: set[int] = set()
        self.builder = Builder(gradient.name)
        copy_equations(gradient, self.builder, end)
        self.builder.guards = list(gradient.guards)
        self.wanted = self._wanted()
        self.members: dict[int, list[int]] = {}
        for k in range(end):
            if self.wanted[k] and not self.kept[k]:
                self.members.setdefault(self.part[k], []).append(k)

    def _kept(self) -> bytearray:
        """Inputs, constants, outputs, and what another part reads than the one that forms it."""
        circuit, kept = self.circuit, bytearray(self.end)
        for k in range(self.end):
            if circuit.opcodes[k] < 0:
                kept[k] = 1
            for i in circuit.inputs_of(k):
                if self.part[i] != self.part[k]:
                    kept[i] = 1
        for k in (*circuit.outputs, *(k for k, _ in circuit.guards)):
            if k < self.end:
                kept[k] = 1
        return kept

    def _wanted(self) -> bytearray:
        """What the backward part reads of the forward part, and what must be formed again for it."""
        circuit, wanted = self.circuit, bytearray(self.end)
        for k in range(self.end, len(circuit)):
            for i in circuit.inputs_of(k):
                if i < self.end:
                    wanted[i] = 1
        for k in range(self.end - 1, -1, -1):
            if wanted[k] and not self.kept[k]:
                for i in circuit.inputs_of(k):
                    wanted[i] = 1
        return wanted

    def write(self) -> Circuit:
        """The backward part after the forward one, each part of which is formed again where it is first read."""
        circuit, builder = self.circuit, self.builder
        builder.backward = len(builder.opcodes)
        new: dict[int, int] = {}
        for k in range(self.end, len(circuit)):
            if circuit.opcodes[k] == CONSTANT:
                new[k] = builder.constant(circuit.constants[k])
                continue
            read = tuple(new[i] if i >= self.end else self._forward(i) for i in circuit.inputs_of(k))
            new[k] = self._append(k, read)
            if k in circuit.names:
                builder.names.setdefault(new[k], circuit.names[k])
        return builder.freeze(tuple(new[k] if k >= self.end else k for k in circuit.outputs))

    def _forward(self, i: int) -> int:
        """A forward value, kept or formed again."""
        if self.kept[i]:
            return i
        part = self.part[i]
        if part not in self.done:
            self.done.add(part)
            for k in self.members[part]:
                self.again[k] = self._append(k, tuple(self.again.get(j, j) for j in self.circuit.inputs_of(k)))
        return self.again[i]

    def _append(self, k: int, read: tuple[int, ...]) -> int:
        circuit = self.circuit
        return self.builder.append(circuit.opcodes[k], read, circuit.type(k), circuit.params.get(k), circuit.places[k])


def _parts(circuit: Circuit, end: int, parts: int | None) -> list[int]:
    """The part each forward equation belongs to: as many elements in each."""
    count = parts or max(1, isqrt(sum(circuit.opcodes[k] >= 0 for k in range(end))))
    total = sum(circuit.type(k).size for k in range(end) if circuit.opcodes[k] >= 0) or 1
    part, seen = [], 0
    for k in range(end):
        part.append(min(count - 1, seen * count // total))
        seen += circuit.type(k).size if circuit.opcodes[k] >= 0 else 0
    return part
