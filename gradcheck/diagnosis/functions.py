"""The gradient of another function: one equation written otherwise, or a parameter changed before it was used."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck.circuit import Circuit
from gradcheck.circuit.edits import FUNCTION, HOP, Edit, Locus, Variant
from gradcheck.circuit.formulas import formulas, types_at
from gradcheck.diagnosis.matching import Group, explains, is_wrong, near, same, swept, tolerance
from gradcheck.diagnosis.mistake import Mistake
from gradcheck.diagnosis.scene import Scene, scene_of
from gradcheck.diagnosis.scope import exchanges
from gradcheck.primitives import BY_NAME, OPCODE

EQUATIONS = 60  # equations up to which a function is tried with one of them written otherwise
TRIED = 1500  # functions tried
RATES = (0.1, 0.01, 0.001, 0.5, 1.0, 0.05, 0.2, 0.3, 1e-4)  # steps by which parameters are changed
LEFT_OUT = 2.55  # rank below which what differs is a constant factor that is left out
_SCALING = (OPCODE[BY_NAME["multiply"]], OPCODE[BY_NAME["divide"]])
_OPERATORS = ("add", "subtract", "multiply", "divide")


def misread(scene: Scene, target: Any) -> Iterator[Group]:
    """Functions that differ in one equation and have the gradient claimed."""
    circuit, within, right = scene.circuit, tolerance(scene) ** 0.7, scene.along(scene.truth)
    if len(scene.cotangents) > EQUATIONS:
        return
    for count, found in enumerate(_written_otherwise(circuit, sorted(scene.cotangents))):
        if count == TRIED:
            return
        gradient = swept(scene, (found,))
        if gradient is not None and near(scene.along(gradient) - right, target, within):
            yield (found,)


def _written_otherwise(circuit: Circuit, values: list[int]) -> Iterator[Edit]:
    for k in values:
        if circuit.opcodes[k] < 0:
            continue
        for variant, rank in (*_dropped(circuit, k), *_operators(circuit, k), *_operands(circuit, k)):
            kind = "missing-factor" if rank < LEFT_OUT else "wrong-function"
            yield Mistake(kind, "", "", rank).at(Locus(FUNCTION, k), refs=(("v", ("variant", variant)),))


def _dropped(circuit: Circuit, k: int) -> Iterator[tuple[Variant, float]]:
    """An operand as it is before its own last operation."""
    read = circuit.inputs_of(k)
    for position, i in enumerate(read):
        for below in circuit.inputs_of(i) if circuit.opcodes[i] >= 0 else ():
            if circuit.type(below) == circuit.type(i):
                scaled = circuit.opcodes[i] in _SCALING and any(n in circuit.constants for n in circuit.inputs_of(i))
                yield Variant(k, circuit.opcodes[k], (*read[:position], below, *read[position + 1 :])), 2.5 if scaled else 2.6


def _operators(circuit: Circuit, k: int) -> Iterator[tuple[Variant, float]]:
    primitive = circuit.primitive(k)
    if primitive is not None and primitive.name in _OPERATORS:
        for other in _OPERATORS:
            if other != primitive.name:
                yield Variant(k, OPCODE[BY_NAME[other]], circuit.inputs_of(k)), 2.7


def _operands(circuit: Circuit, k: int) -> Iterator[tuple[Variant, float]]:
    read = circuit.inputs_of(k)
    for position, i in enumerate(read):
        for other in range(k):
            if other != i and circuit.type(other) == circuit.type(i) and (other not in circuit.constants or circuit.type(i).shape):
                yield Variant(k, circuit.opcodes[k], (*read[:position], other, *read[position + 1 :])), 3.0


def stale(scenes: list[Scene], chosen: tuple[int, ...]) -> Iterator[tuple[int, float]]:
    """Arguments changed by a step of descent before the gradient of the chosen ones was formed, with the step: (argument, rate)."""
    for m in range(len(scenes[0].claim)):
        for rate in RATES if m not in chosen else ():
            if any(is_wrong(s, chosen) for s in scenes) and all(_after_step(s, m, rate, chosen) for s in scenes):
                yield m, rate


def _after_step(scene: Scene, m: int, rate: float, chosen: tuple[int, ...]) -> bool:
    problem = scene.problem
    arguments = list(problem.arguments)
    place = problem.argnums[m]
    arguments[place] = np.asarray(arguments[place] - rate * scene.truth[m], dtype=np.asarray(arguments[place]).dtype)[()]
    moved = scene_of(replace(problem, arguments=tuple(arguments)), scene.claim)
    return all(same(moved.truth[j], scene.claim[j], scene.truth[j], tolerance(scene)) for j in chosen)


def stepped(scenes: list[Scene], chosen: tuple[int, ...]) -> Iterator[tuple[int, float]]:
    """Arguments changed by a step of descent after the function was evaluated, and read at one hop of the sweep: (argument, rate)."""
    first = scenes[0]
    for k, position in first.parts:
        read = first.circuit.inputs_of(k)
        for m, i in enumerate(first.circuit.inputs):
            if i not in read or read[position] == i or len(read) != 2:
                continue
            primitive = first.circuit.primitive(k)
            assert primitive is not None
            forms = formulas(primitive, types_at(first.circuit, k), first.circuit.params.get(k, {}), position)
            name = "ab"[read.index(i)]
            for text in (t for n, t in (exchanges(forms[0]) if forms else ()) if n == name):
                for rate in RATES:
                    if all(_with_step(s, k, position, text, m, rate, chosen) for s in scenes):
                        yield m, rate


def _with_step(scene: Scene, k: int, position: int, text: str, m: int, rate: float, chosen: tuple[int, ...]) -> bool:
    changed = np.asarray(scene.problem.inputs[m] - rate * scene.truth[m])
    found = Mistake("stale-value", text, "", 2.0).at(Locus(HOP, k, position), refs=(("w", ("constant", changed)),))
    return explains(scene, (found,), chosen)
