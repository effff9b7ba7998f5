"""Factors that are constant but not known beforehand, and terms that are too many: found by solving for them."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np

from gradcheck.circuit.edits import HOP, INPUT, VALUE, Edit, Locus
from gradcheck.diagnosis.matching import near, tolerance
from gradcheck.diagnosis.mistake import Mistake
from gradcheck.diagnosis.scene import Scene

_SIMPLE = 200  # largest denominator of a factor that is taken for a fraction
_EXACT = 1e-9  # relative difference up to which a factor is a number
ENTRIES = 3  # entries in one proportion that are no coincidence
NEAR_ONE = 1e-3  # a factor nearer to 1 is no slip
MANY = 40  # numbers that factors are made of


def scaled_edits(scene: Scene, target: Any, chosen: tuple[int, ...]) -> Iterator[Edit]:
    """A constant factor at a hop, a value or an input; a term in proportion to the argument."""
    within, numbers = tolerance(scene) ** 0.7, numbers_of(scene)
    for (k, position), part in scene.parts.items():
        i = scene.circuit.inputs_of(k)[position]
        yield from _scaled(scene.effect(i, part), target, Locus(HOP, k, position), within, 1.9, numbers)
    for i, total in scene.cotangents.items():
        yield from _scaled(scene.effect(i, total), target, Locus(VALUE, i), within, 2.1, numbers)
    for j in chosen:
        alone = np.array([float(np.sum(np.multiply(d[j], scene.truth[j]))) for d in scene.directions])
        yield from _scaled(alone, target, Locus(INPUT, j), within, 1.3, numbers)
        yield from _in_proportion(scene, j)
        if np.shape(scene.claim[j]) == np.shape(scene.truth[j]):
            yield from _penalty(scene, j, numbers)


def _in_proportion(scene: Scene, j: int) -> Iterator[Edit]:
    """Any factor, where several entries have it: that is no coincidence."""
    claim, truth = (np.ravel(np.asarray(v, dtype=float)) for v in (scene.claim[j], scene.truth[j]))
    large = np.abs(truth) > 1e-6 * np.max(np.abs(truth), initial=0.0)
    if claim.shape != truth.shape or large.sum() < ENTRIES:
        return
    ratio = claim[large] / truth[large]
    c = float(np.median(ratio))
    if np.max(np.abs(ratio - c)) <= tolerance(scene) ** 0.7 * abs(c) and abs(c - 1) > NEAR_ONE and round(c, 9) not in (0.0, -1.0):
        yield factor_of(c, Locus(INPUT, j), 1.5)


def numbers_of(scene: Scene) -> tuple[float, ...]:
    """Numbers that a factor may come from: the function's constants, and sizes."""
    constants = {abs(float(v)) for v in scene.circuit.constants.values() if np.shape(v) == () and np.isfinite(float(v)) and float(v) != 0}
    sizes = {float(n) for t in scene.circuit.type_table for n in (*t.shape, t.size) if n > 1}
    return tuple(sorted({1.0, 2.0, *constants, *sizes}))[:MANY]


def is_known(c: float, numbers: tuple[float, ...], exact: float = _EXACT) -> bool:
    """Whether a factor is a fraction as people write them, or made of two of the function's numbers; any other is no slip."""
    size = abs(c)
    if not np.isfinite(c):
        return False
    if _is_fraction(c, exact):
        return True
    made = (v for a in numbers for b in numbers for v in (a * b, a / b, 1 / (a * b)))
    return any(abs(size - v) <= exact * size for v in made)


def _is_fraction(c: float, exact: float = _EXACT) -> bool:
    return abs(float(Fraction(c).limit_denominator(_SIMPLE)) - c) <= exact * max(abs(c), 1e-3)


def _scaled(effect: Any, target: Any, locus: Locus, within: float, rank: float, numbers: tuple[float, ...]) -> Iterator[Edit]:
    square = float(effect @ effect)
    if not 0 < square < np.inf:
        return
    c = 1 + float(target @ effect) / square
    if near((c - 1) * effect, target, within) and c != 0 and is_known(c, numbers, max(_EXACT, 1e-3 * within)):
        yield from _by(c, locus, rank)


def _by(c: float, locus: Locus, rank: float) -> Iterator[Edit]:
    if round(c, 9) not in (0.0, -1.0):  # a path left out, a sign: listed elsewhere
        yield factor_of(c, locus, rank)


def factor_of(c: float, locus: Locus, rank: float = 1.9) -> Edit:
    """A constant factor at a place; one that is no simple fraction is less likely."""
    simple = Fraction(c).limit_denominator(_SIMPLE)
    if not _is_fraction(c):
        return Mistake("factor", f"{c!r} * d", "d", rank + 0.5).at(locus)
    if simple in (0, -1):
        return Mistake("missing-path" if simple == 0 else "sign", f"{simple} * d", "d", 1.6).at(locus)
    text = f"{simple.numerator} * d" if simple.denominator == 1 else f"{simple.numerator} * d / {simple.denominator}"
    return Mistake("factor", text, "d", rank).at(locus)


def _penalty(scene: Scene, j: int, numbers: tuple[float, ...]) -> Iterator[Edit]:
    """A multiple of the argument, or of some of its entries, added to the gradient: a penalty that the function does not have, or not there."""
    x, extra = np.asarray(scene.problem.inputs[j]), np.asarray(scene.claim[j] - scene.truth[j])
    large = np.abs(extra) > 1e-6 * np.max(np.abs(extra), initial=0.0)
    with np.errstate(all="ignore"):
        ratio = np.where(large, extra / x, np.nan)[large]
    if (
        not ratio.size
        or (ratio.size < 2 and not is_known(float(ratio[0]), numbers))
        or not np.isfinite(ratio).all()
        or np.ptp(ratio) > 1e-6 * abs(ratio[0])
    ):
        return
    mask = large.astype(float)
    text = f"d + {float(ratio[0])!r} * x" + ("" if large.all() else " * m")
    yield Mistake("extra-path", text, "d", 2.9).at(Locus(INPUT, j), refs=() if large.all() else (("m", ("constant", mask)),))
