"""Two mistakes made together.

The first, nearer the result, changes the cotangents below it; the second is made with those. Every first is swept once. Then each second is
evaluated for all firsts at once where its formula acts on each element, and its effect compared with what each first leaves unexplained.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.circuit.edits import HOP, INPUT, VALUE, Edit, Locus, setting_at, values_used
from gradcheck.circuit.formulas import formulas, types_at
from gradcheck.circuit.slips import slips
from gradcheck.diagnosis.macros import macro_forms
from gradcheck.diagnosis.matching import Group, effects, tolerance
from gradcheck.diagnosis.scaling import factor_of, is_known, numbers_of
from gradcheck.diagnosis.scene import UNFIT, Scene, record_of

FIRSTS = 900  # mistakes tried as the first of two
TWICE = 40  # slips of a formula that are tried with a second one
ELEMENTS = 40_000_000  # numbers kept of the firsts' sweeps
_NOTHING = 1e-7  # of the claim's deviation: edits that change less change nothing
LOOPED = 24_000  # evaluations of formulas that do not act on each element
_WHOLE = (
    "sum_to",
    "_to(",
    "@",
    "outer",
    "sum(",
    "mean(",
    ".T",
    "G",
    "Y",
    "np.roll",
    "np.flip",
    "shift",
    "swapaxes",
    "cumsum",
    "eye",
    "softmax",
    "reshape",
    "[",
)


@dataclass(slots=True, eq=False)
class _Firsts:
    """Mistakes, the sweep with each of them made, and what each leaves unexplained along the directions."""

    edits: list[Edit]
    sweeps: list[Scene]
    left: Any
    order: Any


def paired(scene: Scene, singles: Iterable[Edit], target: Any) -> Iterator[Group]:
    """Pairs that change the gradient along the directions as the claim does."""
    known = _distinct(scene, singles, _NOTHING * float(np.max(np.abs(target))))
    firsts = _swept(scene, known[:FIRSTS], target)
    within = tolerance(scene) ** 0.7 * float(np.max(np.abs(target)))
    seconds: dict[Locus, list[Edit]] = {}
    for e in known:
        seconds.setdefault(e.locus, []).append(e)
    budget = [LOOPED]
    with np.errstate(all="ignore"):
        for locus, edits in seconds.items():
            yield from _at(scene, firsts, locus, edits, within, budget)


def double_slips(scene: Scene) -> Iterator[Edit]:
    """Two slips in one formula: of a hop, or of what is spelled out."""
    circuit = scene.circuit
    places: list[tuple[Locus, str, tuple[str, ...], Any]] = []
    for k, position in scene.parts:
        primitive = circuit.primitive(k)
        assert primitive is not None
        types = types_at(circuit, k)
        names = tuple(n for n, t in zip(setting_at(circuit, Locus(HOP, k, position)).names, (types[0], *types), strict=True) if t.floating)
        places += [(Locus(HOP, k, position), f, names, ()) for f in formulas(primitive, types, circuit.params.get(k, {}), position)[:1]]
    places += [(Locus(VALUE, f.u), f.text, ("g", "y", "x"), f.refs) for f in macro_forms(scene) if "t" not in dict(f.refs)]
    for locus, form, names, refs in places:
        seen = {form, *(s.text for s in slips(form, names))}
        for first in slips(form, names)[:TWICE]:
            for second in slips(first.text, names)[:TWICE]:
                if second.text not in seen:
                    seen.add(second.text)
                    yield Edit(first.kind, (locus,), second.text, form, refs, first.rank + second.rank + 0.4, (second.kind,))


def _distinct(scene: Scene, singles: Iterable[Edit], least: float) -> list[Edit]:
    """The simplest of those that do the same to the gradient, the simplest first."""
    best: dict[Any, Edit] = {}
    for found, effect in effects(scene, singles):
        size = float(np.max(np.abs(effect)))
        if size > least:
            key = (found.locus, *(f"{v:.9e}" for v in effect)) if found.locus.what == HOP else tuple(f"{v:.9e}" for v in effect)
            if key not in best or found.rank < best[key].rank:
                best[key] = found
    return sorted(best.values(), key=lambda e: e.rank)


def _time(locus: Locus, scene: Scene) -> tuple[int, int]:
    """When a place is met in the sweep: later is larger."""
    if locus.what == INPUT:
        return (len(scene.circuit) + 1, locus.k)
    return (len(scene.circuit) - locus.k, 0 if locus.what == VALUE else 1 + locus.position)


def _swept(scene: Scene, edits: list[Edit], target: Any) -> _Firsts:
    size = sum(int(np.size(c)) for c in scene.cotangents.values()) + 1
    right, kept, sweeps, left = scene.along(scene.truth), [], [], []
    for e in edits[: ELEMENTS // size]:
        found = record_of(scene, dict.fromkeys(e.loci, e))
        if found is not None and all(np.isfinite(t).all() for t in found.truth):
            kept.append(e)
            sweeps.append(found)
            left.append(target - (scene.along(found.truth) - right))
    times = [_time(e.locus, scene) for e in kept]
    return _Firsts(kept, sweeps, np.array(left).reshape(len(kept), -1), times)


def _at(scene: Scene, firsts: _Firsts, locus: Locus, edits: list[Edit], within: float, budget: list[int]) -> Iterator[Group]:
    """All seconds at one place, after every first that comes before it."""
    earlier = [n for n, time in enumerate(firsts.order) if time < _time(locus, scene)]
    if not earlier:
        return
    names, right = _names(scene, firsts, locus, earlier)
    if right is None:
        return
    left = firsts.left[earlier]
    numbers = numbers_of(scene)
    for m, c in _factors(scene, locus, right, left, within):
        if c != 0 and is_known(c, numbers):
            yield (firsts.edits[earlier[m]], factor_of(c, locus))
    setting = setting_at(scene.circuit, locus)
    for second in edits:
        if second.locus.what == VALUE and "p0" in second.text:
            continue
        changes = _changes(scene, setting, second, names, right, budget)
        if changes is None:
            continue
        found = _along(scene, locus, changes)
        for n in np.flatnonzero(np.max(np.abs(found - left), axis=1) <= within):
            yield (firsts.edits[earlier[int(n)]], second)


def _names(scene: Scene, firsts: _Firsts, locus: Locus, earlier: list[int]) -> tuple[dict[str, Any], Any]:
    """What the names at a place stand for, stacked over the firsts where they differ; None where a first changes shapes."""
    sweeps = [firsts.sweeps[n] for n in earlier]
    try:
        if locus.what == HOP:
            g = np.stack([np.asarray(s.cotangents[locus.k]) for s in sweeps])
            d = np.stack([np.asarray(s.parts[locus.k, locus.position]) for s in sweeps])
            return scene.at_hop(locus.k, locus.position, g, d), d
        if locus.what == INPUT:
            d = np.stack([np.asarray(s.truth[locus.k]) for s in sweeps])
            others = {f"d{m}": np.stack([np.asarray(s.truth[m]) for s in sweeps]) for m in range(len(scene.truth))}
            return {"d": d, "x": scene.problem.inputs[locus.k]} | others, d
        d = np.stack([np.asarray(s.cotangents[locus.k]) for s in sweeps])
    except (ValueError, KeyError):
        return {}, None
    return {"d": d, "x": scene.values[locus.k]}, d


def _changes(scene: Scene, setting: Any, second: Edit, names: dict[str, Any], right: Any, budget: list[int]) -> Any:
    given = {**names, **values_used(scene.circuit, second, scene.values, scene.cotangents)}
    try:
        if not any(w in second.text for w in _WHOLE):
            return np.broadcast_to(setting.evaluate(second.text, given), right.shape) - right
        if budget[0] < len(right):
            return None
        stacked = [
            n for n in ("g", "d", *(f"d{m}" for m in range(len(scene.truth)))) if n in given and np.shape(given[n])[:1] == right.shape[:1]
        ]
        budget[0] -= len(right)
        rows = [setting.fitted(setting.evaluate(second.text, {**given, **{n: given[n][m] for n in stacked}})) for m in range(len(right))]
        return np.stack(rows) - right
    except UNFIT:
        return None


def _along(scene: Scene, locus: Locus, changes: Any) -> Any:
    """Changes at a place along the directions, for every first."""
    flat = changes.reshape(len(changes), -1)
    if locus.what == INPUT:
        lines = [np.ravel(np.broadcast_to(d[locus.k], changes.shape[1:])) for d in scene.directions]
    else:
        i = scene.circuit.inputs_of(locus.k)[locus.position] if locus.what == HOP else locus.k
        lines = [np.ravel(np.broadcast_to(t.get(i, 0.0), changes.shape[1:])) for t in scene.tangents]
    return flat @ np.stack(lines, 1)


def _factors(scene: Scene, locus: Locus, right: Any, left: Any, within: float) -> Iterator[tuple[int, float]]:
    """Constant factors at a place that explain what a first leaves."""
    effect = _along(scene, locus, right)
    square = np.sum(effect * effect, axis=1)
    change = np.sum(effect * left, axis=1) / np.where(square > 0, square, np.inf)
    for n in np.flatnonzero((np.max(np.abs(change[:, None] * effect - left), axis=1) <= within) & (np.abs(change) > 1e-6)):
        yield int(n), 1 + float(change[n])
