"""Named intermediate gradients, such as {"dz": ..., "dh": ...}: the first wrong one, on the way back from the result, decides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck.circuit import Circuit
from gradcheck.circuit.circuit import INPUT
from gradcheck.diagnosis.diagnose import Inquiry
from gradcheck.diagnosis.finding import Finding, hop_of
from gradcheck.diagnosis.matching import is_wrong
from gradcheck.diagnosis.scene import Arrays, Scene, scene_of
from gradcheck.diagnosis.wording import findings
from gradcheck.gradients.method import Problem

Given = Mapping[str, Any]
GivenAt = Callable[[Problem], Given | None]


def values_named(circuit: Circuit, given: Given) -> dict[int, str]:
    """For each intermediate gradient that is known, the value it is for: dz, or z, is for the variable z."""
    known = {name: k for k, name in circuit.names.items() if circuit.opcodes[k] >= 0}
    found = {
        known[n[1:]] if n[:1] == "d" and n[1:] in known else known[n]: n for n in given if n in known or (n[:1] == "d" and n[1:] in known)
    }
    return dict(sorted(found.items(), reverse=True))


def first_wrong(inquiry: Inquiry, given: GivenAt) -> tuple[Finding, ...]:
    """What is wrong with the first intermediate gradient that is; nothing where all are right, or none is for a variable of the function."""
    scene = inquiry.scenes[0]
    known = given(scene.problem) or {}
    for k, name in values_named(scene.circuit, known).items():
        if k not in scene.cotangents:
            continue
        cut = _cut(scene, k, known[name])
        if np.shape(cut.claim[0]) != np.shape(scene.values[k]):
            hop = hop_of(scene.circuit, k)
            message = f"{name} has shape {np.shape(cut.claim[0])}, expected {np.shape(scene.values[k])}, the shape of {hop}"
            return (Finding("shape", message, hop, "give a gradient the shape of its value", points=1),)
        if is_wrong(cut, (0,)):
            return _diagnosed(inquiry, scene, k, name, given)
    return ()


def _diagnosed(inquiry: Inquiry, scene: Scene, k: int, name: str, given: GivenAt) -> tuple[Finding, ...]:
    scenes = [_cut(scene, k, (given(scene.problem) or {})[name])]
    for other in inquiry.scenes[1:]:
        found = (given(other.problem) or {}).get(name)
        if found is not None and np.shape(found) == np.shape(scene.values[k]) and np.isfinite(found).all():
            scenes.append(_cut(other, k, found))
    alone = Inquiry(scenes[0].problem, scenes[0].claim, None, inquiry.seed, scenes=scenes)
    matches = alone.matches((0,))
    if matches:
        return findings(scenes[0].circuit, matches, what=f"{name} is the first wrong gradient on the way back: ")
    hop = hop_of(scene.circuit, k)
    message = f"{name} is the first wrong gradient on the way back, and no known mistake explains it: look at what is done with {hop}"
    return (Finding("unknown", message, hop, points=len(scenes)),)


def _cut(scene: Scene, k: int, claim: Any) -> Scene:
    """The function of value k alone, with what its gradient is claimed to be."""
    circuit = scene.circuit
    opcodes = circuit.opcodes[:]
    opcodes[k] = INPUT
    cut = replace(circuit, opcodes=opcodes, inputs=(k, *circuit.inputs), cache={}, names=dict(circuit.names))
    start, stop = circuit.starts[k], circuit.starts[k + 1]
    if stop > start:
        cut = _without_operands(cut, start, stop)
    problem = scene.problem
    arguments = (scene.values[k], *problem.inputs)
    zeros: Arrays = tuple(np.zeros(np.shape(x)) for x in problem.inputs)
    given = np.asarray(claim, dtype=float)
    return scene_of(Problem(problem.function, arguments, tuple(range(len(arguments))), cut, problem.value), (given, *zeros))


def _without_operands(circuit: Circuit, start: int, stop: int) -> Circuit:
    operands, starts = circuit.operands[:], circuit.starts[:]
    del operands[start:stop]
    for n in range(len(starts)):
        if starts[n] >= stop:
            starts[n] -= stop - start
    return replace(circuit, operands=operands, starts=starts, cache={})
