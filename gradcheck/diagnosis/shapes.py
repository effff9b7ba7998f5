"""Claims of a wrong shape: how the right gradient would have to be looked at to have it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from gradcheck.circuit.edits import HOP, Edit, Locus, setting_at
from gradcheck.circuit.formulas import formulas, types_at
from gradcheck.circuit.slips import slips
from gradcheck.diagnosis.matching import tolerance
from gradcheck.diagnosis.mistake import Mistake
from gradcheck.diagnosis.scene import UNFIT, Scene, view

LOOKED_AT = 2000  # entries up to which sums of them are tried


def views(shape: tuple[int, ...], wanted: tuple[int, ...]) -> Iterator[tuple[str, str]]:
    """Formulas over a gradient `d` of a shape whose result has another one, with the kind of mistake each is."""
    if int(np.prod(shape, dtype=int)) > LOOKED_AT:
        return
    for kind, text in _formulas(shape, wanted):
        try:
            if np.shape(view(text, np.zeros(shape))) == wanted:
                yield kind, text
        except UNFIT:
            continue


def _formulas(shape: tuple[int, ...], wanted: tuple[int, ...]) -> Iterator[tuple[str, str]]:
    yield "missing-sum", "np.sum(d)"
    yield "missing-sum", "np.mean(d)"
    for axis in range(len(shape)):
        yield "wrong-axis", f"np.sum(d, axis={axis})"
        yield "wrong-axis", f"np.sum(d, axis={axis}, keepdims=True)"
        yield "wrong-axis", f"np.mean(d, axis={axis})"
    if len(shape) == 2:
        yield "transposed", "d.T"
        yield "wrong-index", "np.diag(d)"
    yield "shape", f"np.reshape(d, {wanted})"
    for index in range(min(shape[0], 8) if shape else 0):
        yield "wrong-index", f"d[{index}]"


def unsummed(scenes: list[Scene], j: int) -> Iterator[Edit]:
    """The part of one hop into an argument as it is before the sum over its copies, where that is the claim."""
    first = scenes[0]
    target = first.circuit.inputs[j]
    for k, position in first.parts:
        if first.circuit.inputs_of(k)[position] != target:
            continue
        primitive = first.circuit.primitive(k)
        assert primitive is not None
        for form in formulas(primitive, types_at(first.circuit, k), first.circuit.params.get(k, {}), position)[:1]:
            if not form.startswith("sum_to("):
                continue
            inner = form[len("sum_to(") : form.rindex(", (")]
            for text, kinds in ((inner, ()), *((s.text, (s.kind,)) for s in slips(inner, ("g", "y", "a", "b")))):
                if all(_gives(s, k, position, text, j) for s in scenes):
                    yield Mistake("missing-sum", text, form, 1.0 + len(kinds), kinds).at(Locus(HOP, k, position))


def _gives(scene: Scene, k: int, position: int, text: str, j: int) -> bool:
    setting: Any = setting_at(scene.circuit, Locus(HOP, k, position))
    try:
        with np.errstate(all="ignore"):
            found = setting.evaluate(text, scene.at_hop(k, position, scene.cotangents[k], scene.parts[k, position]))
    except UNFIT:
        return False
    claim = scene.claim[j]
    if np.shape(found) != np.shape(claim):
        return False
    return bool(np.allclose(found, claim, rtol=tolerance(scene) ** 0.7, atol=tolerance(scene) * float(np.max(np.abs(claim), initial=0.0))))
