"""A mutant: one mistake, planted in the gradient of a traced function, at the place it has in any circuit of that function."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from gradcheck.circuit import Circuit
from gradcheck.circuit.edits import INPUT, Edit, Locus
from gradcheck.mutation.branches import Site

ENTRY, BRANCH = "one-entry", "wrong-branch"


@dataclass(frozen=True, slots=True, eq=False)
class Mutant:
    """One mistake of a `kind` (those of a diagnosis, or "one-entry").

    Either an `edit` of the sweep of `home`, the circuit it was listed for, or a condition at a `site` taken to be as it was at the
    first point, `outcome`. `entry` is the place in the argument's gradient where only one entry is wrong, and `other` the neighbour it is taken from.
    """

    kind: str
    home: Circuit
    edit: Edit | None = None
    site: Site | None = None
    outcome: bool = True
    entry: tuple[int, ...] | None = None
    other: tuple[int, ...] | None = None
    moved: dict[int, tuple[Circuit, dict[Locus, Edit]]] = field(default_factory=dict)

    def edits(self, circuit: Circuit) -> dict[Locus, Edit]:
        """The mistake in another circuit of the function: where its places exist there."""
        if self.edit is None:
            return {}
        if same_program(self.home, circuit):
            return dict.fromkeys(self.edit.loci, self.edit)
        known = self.moved.get(id(circuit))
        if known is None or known[0] is not circuit:
            known = self.moved[id(circuit)] = (circuit, self._moved(circuit))
        return known[1]

    def _moved(self, circuit: Circuit) -> dict[Locus, Edit]:
        assert self.edit is not None
        numbers, found = numbers_in(self.home, circuit), {}
        for locus in self.edit.loci:
            k = locus.k if locus.what == INPUT else numbers.get(locus.k)
            if k is not None and (locus.what != INPUT or k < len(circuit.inputs)):
                found[Locus(locus.what, k, locus.position)] = self.edit
        return found


def same_program(a: Circuit, b: Circuit) -> bool:
    """Whether the same equations stand in the same order."""
    return a is b or (a.opcodes == b.opcodes and a.operands == b.operands and a.inputs == b.inputs)


def numbers_in(home: Circuit, circuit: Circuit) -> dict[int, int]:
    """For each value of one circuit its number in another: by operation and line, and by order where there are several."""
    places = {key: k for k, key in _keys(circuit)}
    return {k: places[key] for k, key in _keys(home) if key in places}


def _keys(circuit: Circuit) -> list[tuple[int, Any]]:
    seen: dict[Any, int] = {}
    found = []
    for k, opcode in enumerate(circuit.opcodes):
        key = (opcode, circuit.place(k)) if opcode >= 0 else (opcode, k if k in circuit.inputs else None)
        seen[key] = seen.get(key, -1) + 1
        found.append((k, (*key, seen[key])))
    return found
