"""One mistake made alike at several hops: in the rounds of a loop, or in a helper that is called for every layer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gradcheck.circuit.edits import HOP, Edit, Locus
from gradcheck.diagnosis.macros import macro_edits
from gradcheck.diagnosis.matching import Group, near, swept, tolerance
from gradcheck.diagnosis.mistakes import hop_mistakes
from gradcheck.diagnosis.scene import Scene

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
    return list(dict.fromkeys(tuple(hops) for hops in found.values() if len(hops) > 1))


def sieved_groups(scene: Scene, target: Any, groups: Iterator[Group], chosen: tuple[int, ...]) -> Iterator[Group]:
    """The groups that change the gradient along the directions as the claim does."""
    right, within = scene.along(scene.truth), tolerance(scene) ** 0.7
    for group in groups:
        found = swept(scene, group)
        if found is not None and near(scene.along(found) - right, target, within):
            yield group
