"""Mistakes planted in a gradient: an edit of the reverse sweep at one hop gives the circuit of a wrong gradient.

Tests, diagnosis and mutation scores share these. An edit's text is a formula over the names at its place:

    hop     `g` the cotangent of the value formed, `y` that value, `x` or `a`, `b`, `c` the operands, `d` the right part
    value   `d` the right cotangent of the value, `x` the value, `p0`, `p1`, ... the parts that are added up to it
    input   `d` the right gradient, `x` the argument
    function   no formula: the equation that `refs` name as a variant stands in the function itself, and that is differentiated rightly

and over further values, cotangents, gradients or constants that `refs` name.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from gradcheck.circuit.circuit import Builder, Circuit
from gradcheck.circuit.formulas import Setting, setting, types_at, written
from gradcheck.circuit.reverse import reverse
from gradcheck.primitives import TABLE

HOP, VALUE, INPUT, FUNCTION = "hop", "value", "input", "function"


@dataclass(frozen=True, slots=True)
class Locus:
    """Where a mistake sits: at the hop from value `k` to its operand `position`, at value `k`, or at input number `k`."""

    what: str
    k: int
    position: int = 0


@dataclass(frozen=True, slots=True)
class Variant:
    """A value formed wrongly: equation `k` as another operation, or with another value for one of its operands."""

    k: int
    opcode: int
    operands: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Edit:
    """One mistake: of a `kind`, at one place or alike at several (the rounds of a loop), with the formula written and the right one.

    `refs` name what else the formula uses: ("value", k), ("cotangent", k), ("constant", array), or ("variant", v) for a value formed wrongly. `rank`
    orders explanations: smaller is simpler and more common. `also` are kinds of what else is wrong in the same formula. `site` is the value that the formula
    is written for and what people call the function that gives it, where it is spelled out in several equations.
    """

    kind: str
    loci: tuple[Locus, ...]
    text: str
    base: str = "d"
    refs: tuple[tuple[str, tuple[str, Any]], ...] = ()
    rank: float = 5.0
    also: tuple[str, ...] = ()
    site: tuple[int, str] | None = None

    @property
    def locus(self) -> Locus:
        """The first of its places."""
        return self.loci[0]


def edit(circuit: Circuit, *edits: Edit, still: Collection[int] = ()) -> Circuit:
    """The circuit of value and gradient with mistakes planted; ValueError where a formula's shapes do not fit.

    `still` are values that are held constant, such as the maximum that a softmax subtracts, whose derivative is zero altogether; in another
    function it need not be, so none are.
    """
    for e in edits:
        if e.locus.what == FUNCTION:
            circuit, still = other_function(circuit, e), ()
    return reverse(circuit, planted=_Planted(circuit, {locus: e for e in edits for locus in e.loci}, still))


def other_function(circuit: Circuit, e: Edit) -> Circuit:
    """The circuit with the equations that an edit writes otherwise."""
    opcodes, operands = circuit.opcodes[:], circuit.operands[:]
    for _, (_, variant) in e.refs:
        start, stop = circuit.starts[variant.k], circuit.starts[variant.k + 1]
        if stop - start != len(variant.operands) or any(i >= variant.k for i in variant.operands):
            raise ValueError(f"equation {variant.k} cannot be written with {len(variant.operands)} operands")
        opcodes[variant.k] = variant.opcode
        operands[start:stop] = array(operands.typecode, variant.operands)
    return replace(circuit, opcodes=opcodes, operands=operands, cache={})


def setting_at(circuit: Circuit, locus: Locus) -> Setting:
    """The names at a place, and the shape that its formula must give."""
    if locus.what == HOP:
        primitive = circuit.primitive(locus.k)
        assert primitive is not None
        return setting(primitive, types_at(circuit, locus.k), circuit.params.get(locus.k, {}), locus.position)
    k = circuit.inputs[locus.k] if locus.what == INPUT else locus.k
    return Setting(("d", "x"), None, circuit.type(k).shape)


@dataclass(slots=True)
class _Planted:
    """What the sweep asks at every hop, value and input."""

    circuit: Circuit
    edits: Mapping[Locus, Edit]
    still: Collection[int] = ()
    cotangents: dict[int, int] = field(default_factory=dict)

    def part(self, builder: Builder, k: int, position: int, g: int, part: int | None) -> int | None:
        found = self.edits.get(Locus(HOP, k, position))
        if found is None or part is None:
            return part
        names = setting_at(self.circuit, Locus(HOP, k, position)).names
        return self._write(
            builder, found, Locus(HOP, k, position), dict(zip(names, (g, k, *self.circuit.inputs_of(k)), strict=True)) | {"d": part}
        )

    def total(self, builder: Builder, k: int, parts: list[int], total: int) -> int:
        found = self.edits.get(Locus(VALUE, k))
        if found is not None:
            values = {f"p{i}": p for i, p in enumerate(reversed(parts))} | {"d": total, "x": k}
            total = self._write(builder, found, Locus(VALUE, k), values)
        self.cotangents[k] = total
        return total

    def result(self, builder: Builder, cotangents: list[int]) -> list[int]:
        results = []
        for j, total in enumerate(cotangents):
            found = self.edits.get(Locus(INPUT, j))
            values = {"d": total, "x": self.circuit.inputs[j]} | {f"d{m}": c for m, c in enumerate(cotangents)}
            results.append(total if found is None else self._write(builder, found, Locus(INPUT, j), values))
        return results

    def _write(self, builder: Builder, found: Edit, locus: Locus, values: dict[str, int]) -> int:
        fixed = {name: np.asarray(ref) for name, (what, ref) in found.refs if what == "constant"}  # an order may be read by: it has values
        values |= {name: self._referred(builder, what, ref) for name, (what, ref) in found.refs if name not in fixed}
        names = names_of(found.text)
        used = [n for n in values if n not in fixed and (n in names or (n in "gy" and n.upper() in names))]
        template = written(found.text, setting_at(self.circuit, locus), used, [builder.type(values[n]) for n in used], fixed)
        k = template.write(builder, tuple(values[n] for n in used), 0)
        assert k is not None
        return k

    def _referred(self, builder: Builder, what: str, ref: Any) -> int:
        if what == "variant":
            return builder.append(ref.opcode, ref.operands, self.circuit.type(ref.k), self.circuit.params.get(ref.k))
        if what == "cotangent" and ref not in self.cotangents:
            raise ValueError(f"the cotangent of value {ref} is not known yet where it is referred to")
        found: int = ref if what == "value" else self.cotangents[ref]
        return found


def names_of(text: str) -> frozenset[str]:
    """The names a formula uses."""
    from gradcheck.circuit.formulas import compiled

    return frozenset(compiled(text).co_names)


def values_used(circuit: Circuit, found: Edit, known: Sequence[Any], cotangents: Mapping[int, Any]) -> dict[str, Any]:
    """What an edit's references stand for in floats."""
    values: dict[str, Any] = {}
    for name, (what, ref) in found.refs:
        if what == "variant":
            values[name] = formed(circuit, ref, known)
        else:
            values[name] = ref if what == "constant" else known[ref] if what == "value" else cotangents[ref]
    return values


def formed(circuit: Circuit, variant: Variant, known: Sequence[Any]) -> Any:
    """A value formed wrongly, in floats."""
    return TABLE[variant.opcode].on_floats([known[i] for i in variant.operands], circuit.params.get(variant.k, {}))
