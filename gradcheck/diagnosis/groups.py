"""One mistake made alike at several hops: in the rounds of a loop, or in a helper that is called for every layer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np

from gradcheck.circuit import Circuit
from gradcheck.circuit.edits import HOP, INPUT, Edit, Locus
from gradcheck.circuit.formulas import formulas, types_at
from gradcheck.diagnosis.macros import macro_edits
from gradcheck.diagnosis.matching import Group, near, swept, tolerance
from gradcheck.diagnosis.mistake import Mistake
from gradcheck.diagnosis.mistakes import hop_mistakes
from gradcheck.diagnosis.scene import Scene
from gradcheck.diagnosis.scope import exchanges

COMMON = 2.9  # rank up to which mistakes are tried in all rounds
PLAIN = ("add", "subtract", "multiply", "divide", "negative", "sum", "getitem", "reshape", "matmul", "transpose")


def grouped(scene: Scene) -> Iterator[Group]:
    """Mistakes made at all hops that stand on one line, or that apply one function."""
    for hops in _classes(scene):
        texts: dict[tuple[str, str], list[Edit]] = {}
        for k, position in hops:
            for m in hop_mistakes(scene.circuit, k, position, several=False):
                if m.rank <= COMMON:
                    texts.setdefault((m.kind, m.text), []).append(m.at(Locus(HOP, k, position)))
        yield from (tuple(edits) for edits in texts.values() if len(edits) > 1)
    yield from _of_one_equation(scene)
    yield from _exchanged_in_a_class(scene)
    yield from _swapped_inputs(scene)
    yield from _own_factors(scene)
    macros: dict[tuple[str, str], list[Edit]] = {}
    for found in macro_edits(scene):
        macros.setdefault((found.kind, found.text), []).append(found)
    yield from (tuple(edits) for edits in macros.values() if len(edits) > 1 and edits[0].rank <= COMMON)


def _classes(scene: Scene) -> list[tuple[tuple[int, int], ...]]:
    """Hops by line and operation, and by function wherever it stands."""
    circuit = scene.circuit
    found: dict[Any, list[tuple[int, int]]] = {}
    for k, position in scene.parts:
        primitive, place = circuit.primitive(k), circuit.place(k)
        assert primitive is not None
        if place is not None:
            found.setdefault((place, primitive.name, position), []).append((k, position))
        if primitive.name not in PLAIN:
            found.setdefault((primitive.name, position), []).append((k, position))
        elif primitive.name in ("matmul", "multiply"):
            found.setdefault((primitive.name, position, types_at(circuit, k)), []).append((k, position))
    classes = list(dict.fromkeys(tuple(hops) for hops in found.values() if len(hops) > 1))
    shorter = [part for hops in classes if len(hops) > 2 for part in (hops[1:], hops[:-1])]
    return list(dict.fromkeys((*classes, *shorter)))


NEXT, DEEP = 40, 8  # how far on a value is looked for that is formed from another, and by how many operations
EARLIER = 6  # values that may stand before the first round
TWINS = ("wrong-branch", "missing-factor", "sign", "transposed", "missing-cotangent", "swapped")
MASKED = 2.6


def _of_one_equation(scene: Scene) -> Iterator[Group]:
    """The same kind of mistake for all operands of one operation: branches exchanged, a mask forgotten for both."""
    hops: dict[int, list[int]] = {}
    for k, position in scene.parts:
        hops.setdefault(k, []).append(position)
    for k, positions in hops.items():
        primitive = scene.circuit.primitive(k)
        assert primitive is not None
        if len(positions) == 2:
            both = [hop_mistakes(scene.circuit, k, p, several=False) for p in positions]
            loci = [Locus(HOP, k, p) for p in positions]
            for first in both[0]:
                for second in both[1]:
                    if first.kind == second.kind and first.kind in TWINS and max(first.rank, second.rank) <= MASKED:
                        masks = primitive.name in ("where", "maximum", "minimum") and first.kind == "missing-factor"
                        both_at = (first.at(loci[0]), second.at(loci[1]))
                        yield tuple(replace(e, kind="wrong-branch") for e in both_at) if masks else both_at
            if primitive.name in ("where", "maximum", "minimum"):
                yield from _of_branches(loci)


def _of_branches(loci: list[Locus]) -> Iterator[Group]:
    """One branch taken for the whole function; the cotangent's sign for the condition; branches exchanged."""
    base = "np.where(c, g, 0)"
    for chosen, other in (loci, loci[::-1]):
        yield (Mistake("wrong-branch", "g + 0 * d", base, 2.0).at(chosen), Mistake("wrong-branch", "0 * d", base, 2.0).at(other))
        yield (Mistake("wrong-branch", "g * (g > 0)", base, 2.4).at(chosen), Mistake("wrong-branch", "g * (g <= 0)", base, 2.4).at(other))
    yield (Mistake("wrong-branch", "g - d", base, 1.9).at(loci[0]), Mistake("wrong-branch", "g - d", base, 1.9).at(loci[1]))


def _exchanged_in_a_class(scene: Scene) -> Iterator[Group]:
    """In all rounds, the operand or the cotangent of another round: in reverse order, one round off, always the first or the last."""
    for hops in _classes(scene):
        k, position = hops[0]
        primitive = scene.circuit.primitive(k)
        assert primitive is not None
        forms = formulas(primitive, types_at(scene.circuit, k), scene.circuit.params.get(k, {}), position)
        for name, text in exchanges(forms[0]) if forms and len({types_at(scene.circuit, m)[1:] for m, _ in hops}) == 1 else ():
            refs = [_ref(scene, m, name) for m, _ in hops]
            if None in refs or len(set(refs)) < 2:
                continue
            sliced = name != "g" and all(_is_element(scene, ref) for ref in refs)
            if name == "y":
                yield from _of_the_round_before(scene, hops, refs, text, forms[0])
            following = _following(scene.circuit, hops, refs) if refs[0][0] == "value" else None
            if following is not None:
                yield tuple(
                    Mistake("stale-value", text, forms[0], 2.5).at(Locus(HOP, m, p), refs=(("w", r),))
                    for (m, p), r in zip(hops, following, strict=True)
                )
            for usual, order in _orders(len(hops)):
                kind = "wrong-index" if sliced and usual == "stale-value" else usual
                yield tuple(
                    Mistake(kind, text, forms[0], 2.5).at(Locus(HOP, m, p), refs=(("w", refs[o]),))
                    for (m, p), o in zip(hops, order, strict=True)
                    if refs[o] != _ref(scene, m, name)
                )


def _ref(scene: Scene, k: int, name: str) -> Any:
    if name == "g":
        return ("cotangent", k)
    if name == "y":
        return ("value", k)
    read = scene.circuit.inputs_of(k)
    place = {"x": 0, "a": 0, "b": 1, "c": 2}[name]
    return ("value", read[place]) if place < len(read) else None


def _of_the_round_before(scene: Scene, hops: Sequence[tuple[int, int]], refs: list[Any], text: str, form: str) -> Iterator[Group]:
    """The value of the round before in each round; in the first, any earlier value of its type."""
    circuit, first = scene.circuit, hops[0][0]
    for start in [k for k in range(first) if circuit.type(k) == circuit.type(first)][-EARLIER:]:
        before = [("value", start), *refs[:-1]]
        yield tuple(
            Mistake("stale-value", text, form, 2.5).at(Locus(HOP, m, p), refs=(("w", r),)) for (m, p), r in zip(hops, before, strict=True)
        )


def _following(circuit: Circuit, hops: Sequence[tuple[int, int]], refs: list[Any]) -> list[Any] | None:
    """In each round what the next one reads; for the last round what is formed of its result in the same way."""
    way = _way(circuit, hops[0][0], refs[1][1])
    last = None if way is None else _formed(circuit, hops[-1][0], way)
    return None if last is None else [*refs[1:], (refs[-1][0], last)]


def _way(circuit: Circuit, k: int, target: int) -> list[int] | None:
    """The operations by which a value is formed from another, one after the other."""
    way: list[int] = []
    while k != target:
        k = next((n for n in range(k + 1, min(target + 1, k + NEXT)) if k in circuit.inputs_of(n)), -1)
        if k < 0 or len(way) > DEEP:
            return None
        way.append(circuit.opcodes[k])
    return way or None


def _formed(circuit: Circuit, k: int, way: list[int]) -> int | None:
    """What the same operations form from value k."""
    for opcode in way:
        k = next((n for n in range(k + 1, min(len(circuit), k + NEXT)) if k in circuit.inputs_of(n) and circuit.opcodes[n] == opcode), -1)
        if k < 0:
            return None
    return k


def _is_element(scene: Scene, ref: Any) -> bool:
    primitive = scene.circuit.primitive(ref[1])
    return ref[1] in scene.circuit.constants or (primitive is not None and primitive.name == "getitem")


def _orders(n: int) -> Iterator[tuple[str, list[int]]]:
    yield "permuted", list(range(n))[::-1]
    yield "wrong-index", [min(i + 1, n - 1) for i in range(n)]
    yield "wrong-index", [max(i - 1, 0) for i in range(n)]
    yield "wrong-index", [(i + 1) % n for i in range(n)]
    yield "wrong-index", [(i - 1) % n for i in range(n)]
    yield "stale-value", [n - 1] * n
    yield "stale-value", [0] * n


def _own_factors(scene: Scene) -> Iterator[Group]:
    """In products, each factor given its own value where the other's belongs: in one, or in all of a line."""
    circuit = scene.circuit
    lines: dict[Any, list[Group]] = {}
    for k in dict.fromkeys(k for k, _ in scene.parts):
        primitive = circuit.primitive(k)
        assert primitive is not None
        if primitive.name == "multiply" and {(k, 0), (k, 1)} <= set(scene.parts) and len({t.shape for t in types_at(circuit, k)}) == 1:
            one = (
                Mistake("swapped", "g * a", "g * b", 1.9).at(Locus(HOP, k, 0)),
                Mistake("swapped", "g * b", "g * a", 1.9).at(Locus(HOP, k, 1)),
            )
            lines.setdefault(circuit.place(k), []).append(one)
            yield one
    yield from (tuple(e for one in ones for e in one) for ones in lines.values() if len(ones) > 1)


def _swapped_inputs(scene: Scene) -> Iterator[Group]:
    """The gradients of two arguments of one shape in each other's place."""
    shapes = [np.shape(x) for x in scene.problem.inputs]
    for j, m in combinations(range(len(shapes)), 2):
        if shapes[j] == shapes[m]:
            yield (Mistake("swapped", f"d{m}", "d", 1.5).at(Locus(INPUT, j)), Mistake("swapped", f"d{j}", "d", 1.5).at(Locus(INPUT, m)))


def sieved_groups(scene: Scene, target: Any, groups: Iterator[Group], chosen: tuple[int, ...]) -> Iterator[Group]:
    """The groups that change the gradient along the directions as the claim does."""
    right, within = scene.along(scene.truth), tolerance(scene) ** 0.7
    for group in groups:
        found = swept(scene, group)
        if found is not None and near(scene.along(found) - right, target, within):
            yield group
