"""Which mistakes explain a claim: sieved along random directions at one point, then swept in full at every point."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.circuit.edits import HOP, INPUT, Edit, Locus, setting_at, values_used
from gradcheck.circuit.formulas import Setting
from gradcheck.diagnosis.scene import UNFIT, Arrays, Scene
from gradcheck.precision import info

AGAIN, BESIDES = 0.1, 0.4  # what a further formula for the same mistake, and a further mistake, add to a rank
ROUNDING = 1e4  # units of roundoff of the largest cotangent by which gradients may differ that are zero but for rounding
EXPLAINED = 1e-3  # of the claim's deviation that may be left
Group = tuple[Edit, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Match:
    """Mistakes made together that give the claim, and at how many points it is wrong and they do."""

    edits: Group
    points: int

    @property
    def rank(self) -> float:
        """Smaller is simpler. One mistake made at several hops, or for all operands of one operation, counts once; others add up."""
        ranks: dict[tuple[str, str, str], float] = {(e.text, e.base, e.locus.what): e.rank for e in self.edits}
        if len({e.kind for e in self.edits}) == 1 and (len({e.locus.k for e in self.edits}) == 1 or len(ranks) == 1 or self.together):
            return float(max(ranks.values())) + AGAIN * (len(ranks) - 1)
        return float(sum(ranks.values())) + BESIDES * (len(ranks) - 1)

    @property
    def together(self) -> bool:
        """Whether the mistakes are all one, made in all rounds."""
        return len(self.edits) > 2 or all(e.kind == "swapped" for e in self.edits)


def tolerance(scene: Scene) -> float:
    """The relative difference of gradients that are the same formula: rounding, amplified somewhat."""
    return float(float(info(scene.problem.dtype).eps) ** 0.6)


def sieve(scene: Scene, edits: Iterable[Edit], target: Any) -> Iterator[Edit]:
    """The edits that change the gradient along the scene's directions as the claim does."""
    within = tolerance(scene) ** 0.7
    for found, effect in effects(scene, edits):
        if near(effect, target, within):
            yield found


def near(effect: Any, target: Any, within: float) -> bool:
    """Whether effects along all directions are the same."""
    return bool(np.max(np.abs(effect - target)) <= within * np.max(np.abs(target)))


def effects(scene: Scene, edits: Iterable[Edit]) -> Iterator[tuple[Edit, Any]]:
    """Each edit that can be made, and what it does to the gradient along the directions."""
    places: dict[Locus, tuple[Setting, dict[str, Any], Any]] = {}
    users = scene.users()
    with np.errstate(all="ignore"):
        for found in edits:
            effect: Any = 0.0
            try:
                if not _is_right(scene, found, places, users):
                    continue
                for locus in found.loci:
                    if locus not in places:
                        places[locus] = (setting_at(scene.circuit, locus), *_at(scene, locus, users))
                    setting, values, right = places[locus]
                    given = {**values, **values_used(scene.circuit, found, scene.values, scene.cotangents)} if found.refs else values
                    effect = effect + _effect(scene, locus, setting.fitted(setting.evaluate(found.text, given)) - right)
            except UNFIT:
                continue  # its shapes do not fit here
            if np.isfinite(effect).all():
                yield found, effect


def _is_right(scene: Scene, found: Edit, places: dict[Locus, Any], users: dict[int, list[tuple[int, int]]]) -> bool:
    """Whether the formula that a slip is made in gives what is right at the point; at ties of a maximum, textbooks' may not."""
    if found.base == "d" or found.locus.what != HOP:
        return True
    known = scene.known.setdefault("forms", {})
    key = (found.locus, found.base)
    if key not in known:
        if found.locus not in places:
            places[found.locus] = (setting_at(scene.circuit, found.locus), *_at(scene, found.locus, users))
        setting, values, right = places[found.locus]
        try:
            given = np.asarray(setting.fitted(setting.evaluate(found.base, values)), dtype=float)
            known[key] = bool(np.all(np.abs(given - right) <= tolerance(scene) ** 0.5 * np.max(np.abs(right), initial=0.0)))
        except UNFIT:
            known[key] = False
    usable: bool = known[key]
    return usable


def _at(scene: Scene, locus: Locus, users: dict[int, list[tuple[int, int]]]) -> tuple[dict[str, Any], Any]:
    """The names at a place, and what is right there."""
    if locus.what == HOP:
        part = scene.parts[locus.k, locus.position]
        return scene.at_hop(locus.k, locus.position, scene.cotangents[locus.k], part), part
    if locus.what == INPUT:
        right = scene.truth[locus.k]
        return {"d": right, "x": scene.problem.inputs[locus.k]} | {f"d{m}": t for m, t in enumerate(scene.truth)}, right
    right = scene.cotangents[locus.k]
    parts = {f"p{i}": scene.parts[at] for i, at in enumerate(users.get(locus.k, ()))}
    return parts | {"d": right, "x": scene.values[locus.k]}, right


def _effect(scene: Scene, locus: Locus, change: Any) -> Any:
    if locus.what == INPUT:
        return np.array([float(np.sum(np.multiply(d[locus.k], change))) for d in scene.directions])
    i = scene.circuit.inputs_of(locus.k)[locus.position] if locus.what == HOP else locus.k
    return scene.effect(i, change)


def swept(scene: Scene, edits: Group) -> Arrays | None:
    """The gradient with all the mistakes made; None where they cannot be."""
    planted = {locus: e for e in edits for locus in e.loci}
    try:
        with np.errstate(all="ignore"):
            return scene.swept(planted)
    except UNFIT:
        return None


def explains(scene: Scene, edits: Group, chosen: Sequence[int]) -> bool:
    """Whether mistakes give the claim for the chosen arguments."""
    found = swept(scene, edits)
    return found is not None and all(
        same(scene.seen(found[j], j), scene.claim[j], scene.seen(scene.truth[j], j), tolerance(scene)) for j in chosen
    )


def same(found: Any, claim: Any, truth: Any, within: float) -> bool:
    """Whether what a mistake gives is the claim, to the last digits that formulas share, and explains how it differs from the truth."""
    found, claim, truth = (np.asarray(v, dtype=float) for v in (found, claim, truth))
    if found.shape != claim.shape or not np.isfinite(found).all():
        return False
    scale = max(np.max(np.abs(claim), initial=0.0), np.max(np.abs(truth), initial=0.0))
    error = np.abs(found - claim)
    left, off = float(np.max(error, initial=0.0)), float(np.max(np.abs(claim - truth), initial=0.0))
    entrywise = error <= within**0.5 * np.abs(claim) + within * scale * within**0.5  # small entries are evidence too
    return left <= within * scale and bool(entrywise.all()) and (left <= EXPLAINED * off or off <= within * scale)


def is_wrong(scene: Scene, chosen: Sequence[int]) -> bool:
    """Whether the claim is wrong here by more than rounding explains."""
    return any(_is_off(scene, j) for j in chosen)


def _is_off(scene: Scene, j: int) -> bool:
    seen, claim = np.asarray(scene.seen(scene.truth[j], j), dtype=float), np.asarray(scene.claim[j], dtype=float)
    if seen.shape != claim.shape:
        return True
    above = max((float(np.max(np.abs(c), initial=0.0)) for c in scene.cotangents.values()), default=0.0)
    if np.max(np.abs(seen - claim), initial=0.0) <= ROUNDING * float(info(scene.problem.dtype).eps) * above:
        return False
    return not same(seen, claim, np.zeros_like(seen), 16 * tolerance(scene))


def verified(scenes: Sequence[Scene], candidates: Iterable[Group], chosen: Sequence[int]) -> list[Match]:
    """The candidates that give the claim at every point."""
    wrong = sum(is_wrong(s, chosen) for s in scenes)
    return [Match(edits, wrong) for edits in candidates if all(explains(s, edits, chosen) for s in scenes)]
