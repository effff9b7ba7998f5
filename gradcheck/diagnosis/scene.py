"""A point at which a claim is looked at: all values, cotangents and parts of the sweep in floats, and what small changes do.

A change of the cotangent of value i by delta changes the gradient along a direction v by <J_i v, delta>, where J_i v is the tangent of value i.
So one forward sweep for each of a few random directions tells what any mistake at any hop does to the gradient there, without a sweep for
each: that is how thousands of candidates are sieved. Those that pass are swept in full.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from gradcheck.circuit import Circuit, Floats, trail
from gradcheck.circuit.circuit import CONSTANT, ArrayType
from gradcheck.circuit.edits import FUNCTION, HOP, INPUT, VALUE, Edit, Locus, other_function, setting_at, values_used
from gradcheck.circuit.formulas import Setting
from gradcheck.circuit.reverse import active_values
from gradcheck.circuit.rules import Template, rule
from gradcheck.circuit.tangent import all_tangents
from gradcheck.gradients.method import Problem
from gradcheck.primitives import TABLE, plain

DIRECTIONS = 3
_CANCELLED = 1e-13  # of what comes from above: what is left of a cotangent that is zero but for rounding
UNFIT = (ValueError, TypeError, IndexError, KeyError, NameError, ZeroDivisionError)  # what formulas raise where they do not fit
Arrays = tuple[Any, ...]
Edits = Mapping[Locus, Edit]


@dataclass(slots=True, eq=False)
class Scene:
    """A problem with a claim of its gradient, and what the sweep gives at the point.

    `views` say for each argument how its gradient is looked at, as a formula over `d`, where the claim has another shape. Claims are looked at
    with random `weights`, gradients along the `directions` that these make. `around` are arrays that the claim's own code knows.
    """

    problem: Problem
    claim: Arrays
    values: list[Any]
    active: Any
    still: frozenset[int] = frozenset()
    truth: Arrays = ()
    cotangents: dict[int, Any] = field(default_factory=dict)
    parts: dict[tuple[int, int], Any] = field(default_factory=dict)
    views: tuple[str, ...] = ()
    around: tuple[Any, ...] = ()
    weights: tuple[Arrays, ...] = ()
    directions: tuple[Arrays, ...] = ()
    tangents: tuple[dict[int, Any], ...] = ()
    known: dict[str, Any] = field(default_factory=dict)  # what was worked out of it before

    @property
    def circuit(self) -> Circuit:
        """The function's circuit."""
        return self.problem.circuit

    def users(self) -> dict[int, list[tuple[int, int]]]:
        """For each value the hops that send it a part, in the order of the function."""
        found: dict[int, list[tuple[int, int]]] = {}
        for k, position in sorted(self.parts):
            found.setdefault(self.circuit.inputs_of(k)[position], []).append((k, position))
        return found

    def effect(self, i: int, change: Any) -> Any:
        """What a change of the cotangent of value i does to the gradient along the directions."""
        return np.array([_dot(t[i], change) if i in t else 0.0 for t in self.tangents])

    def along(self, gradients: Arrays) -> Any:
        """Gradients along the directions."""
        return np.array([sum(_dot(v, g) for v, g in zip(d, gradients, strict=True)) for d in self.directions])

    def target(self) -> Any:
        """What the claim has along the directions that the right gradient has not."""
        claimed = [sum(_dot(w, c) for w, c in zip(weights, self.claim, strict=True)) for weights in self.weights]
        return np.array(claimed) - self.along(self.truth)

    def seen(self, gradient: Any, j: int) -> Any:
        """A gradient as the claim shows it."""
        return view(self.views[j] if self.views else "d", gradient)

    def swept(self, edits: Edits) -> Arrays:
        """The gradient with mistakes made."""
        for e in edits.values():
            if e.locus.what == FUNCTION:
                return scene_of(replace(self.problem, circuit=other_function(self.circuit, e)), self.claim).swept(
                    {k: v for k, v in edits.items() if v is not e}
                )
        return _sweep(self, edits, None)

    def at_hop(self, k: int, position: int, g: Any, part: Any) -> dict[str, Any]:
        """What the names at a hop stand for."""
        names = setting_at(self.circuit, Locus(HOP, k, position)).names
        return dict(zip(names, (g, self.values[k], *(self.values[i] for i in self.circuit.inputs_of(k))), strict=True)) | {"d": part}


def facing(scene: Scene, chosen: Sequence[int], seed: int = 0) -> Scene:
    """The scene looked at along directions of some arguments only."""
    alone = Scene(
        scene.problem,
        scene.claim,
        scene.values,
        scene.active,
        scene.still,
        scene.truth,
        scene.cotangents,
        scene.parts,
        scene.views,
        scene.around,
        known=scene.known,
    )
    return with_tangents(alone, seed, tuple(chosen))


def _direction(scene: Scene, j: int, weight: Any, chosen: tuple[int, ...] | None) -> Any:
    """The direction of an argument that a weight of its claim makes."""
    if chosen is not None and j not in chosen:
        return np.zeros(np.shape(scene.truth[j]))
    return pulled(scene.views[j], weight, scene.truth[j]) if scene.views else weight


def view(text: str, gradient: Any) -> Any:
    """A gradient looked at by a formula over `d`."""
    return gradient if text == "d" else Setting(("d",), None, ()).evaluate(text, {"d": gradient})


def pulled(text: str, weight: Any, gradient: Any) -> Any:
    """The direction v with <v, d> = <weight, view of d>, for views that are linear."""
    if text == "d":
        return weight
    found = np.zeros(np.shape(gradient))
    for e in range(found.size):
        unit = np.zeros(found.size)
        unit[e] = 1.0
        found.flat[e] = _dot(weight, view(text, unit.reshape(found.shape)))
    return found


def _dot(a: Any, b: Any) -> float:
    return float(np.sum(np.multiply(a, b)))


def scene_of(problem: Problem, claim: Arrays, views: tuple[str, ...] = ()) -> Scene:
    """The sweep at a point, hop by hop."""
    with np.errstate(all="ignore"):
        values = [plain(v) for v in trail(problem.circuit, Floats(), problem.inputs)]
        scene = Scene(problem, claim, values, active_values(problem.circuit), views=views)
        scene.truth = _sweep(scene, {}, scene)
        scene.still = _still(scene)
        if scene.still:
            scene.active, scene.parts = active_values(problem.circuit, scene.still), {}
            scene.truth = _sweep(scene, {}, scene)
    return scene


def _still(scene: Scene) -> frozenset[int]:
    """Extremes whose derivative cancels altogether: who writes a softmax with its maximum subtracted holds that constant."""
    circuit = scene.circuit
    found = set()
    for k, position in scene.parts:
        i = circuit.inputs_of(k)[position]
        primitive = circuit.primitive(i)
        if primitive is not None and primitive.name in ("max", "min") and i in scene.cotangents:
            above, own = np.abs(scene.cotangents[k]), np.abs(scene.cotangents[i])
            if np.max(own, initial=0.0) <= _CANCELLED * np.max(above, initial=0.0) and np.any(above):
                found.add(i)
    return frozenset(found)


def with_tangents(scene: Scene, seed: int = 0, chosen: tuple[int, ...] | None = None) -> Scene:
    """The scene with random directions, and the tangents of all values along them."""
    rng = np.random.default_rng(seed)

    def weight(j: int, c: Any) -> Any:
        drawn = rng.choice([-1.0, 1.0], np.shape(c)) * rng.uniform(0.5, 2.0, np.shape(c))
        return drawn if chosen is None or j in chosen else 0.0 * drawn

    scene.weights = tuple(tuple(weight(j, c) for j, c in enumerate(scene.claim)) for _ in range(DIRECTIONS))
    scene.directions = tuple(tuple(_direction(scene, j, w, chosen) for j, w in enumerate(weights)) for weights in scene.weights)
    circuit, numbers = all_tangents(scene.circuit, scene.still)
    with np.errstate(all="ignore"):
        found = []
        for along in scene.directions:
            moved = [np.asarray(v, dtype=np.asarray(x).dtype)[()] for v, x in zip(along, scene.problem.inputs, strict=True)]
            known = trail(circuit, Floats(), (*scene.problem.inputs, *moved))
            found.append({i: known[t] for i, t in numbers.items()})
    scene.tangents = tuple(found)
    return scene


def apply_template(template: Template, given: Sequence[Any]) -> Any:
    """A rule on floats."""
    if template.result is None:
        return None
    known = list(given)
    for opcode, operands, _, params, constant in template.steps:
        known.append(plain(constant) if opcode == CONSTANT else TABLE[opcode].on_floats([known[i] for i in operands], params or {}))
    return known[template.result]


def _sweep(scene: Scene, edits: Edits, record: Scene | None) -> Arrays:
    """The reverse sweep in floats, with edits; into `record` go cotangents and parts."""
    circuit, values, active = scene.circuit, scene.values, scene.active
    top, pending, cotangents = _started(scene, edits, record)
    for k in range(top, -1, -1):
        if k not in pending:
            continue
        g = cotangents[k] = _total(scene, k, pending.pop(k), edits, cotangents)
        if circuit.opcodes[k] < 0:
            continue
        read = circuit.inputs_of(k)
        given = (g, values[k], *(values[j] for j in read))
        for position, i in enumerate(read):
            if not active[i]:
                continue
            part = apply_template(_rule(scene, k, position, g), given)
            if part is None:
                continue
            found = edits.get(Locus(HOP, k, position)) if edits else None
            if found is not None:
                part = _edited(scene, Locus(HOP, k, position), found, scene.at_hop(k, position, g, part), cotangents)
            if record is not None:
                record.parts[k, position] = part
            pending.setdefault(i, []).append(part)
    if record is not None:
        record.cotangents = cotangents
    totals = tuple(cotangents[k] if k in cotangents else np.zeros(np.shape(values[k])) for k in circuit.inputs)
    return tuple(_result(scene, j, totals, edits) for j in range(len(totals)))


def _started(scene: Scene, edits: Edits, record: Scene | None) -> tuple[int, dict[int, list[Any]], dict[int, Any]]:
    """Where a sweep has to start, the parts that wait there, and the cotangents known: above its first mistake a sweep is the recorded one."""
    circuit = scene.circuit
    first = circuit.outputs[0]
    if record is not None or not edits or not scene.parts:
        return len(circuit) - 1, {first: [circuit.type(first).dtype.type(1)]}, {}
    top = max(-1 if locus.what == INPUT else locus.k for locus in edits)
    pending: dict[int, list[Any]] = {first: [circuit.type(first).dtype.type(1)]} if first <= top else {}
    for (k, position), part in scene.parts.items():  # in the order of the sweep, from the last value to the first
        if k <= top:
            break
        i = circuit.inputs_of(k)[position]
        if i <= top:
            pending.setdefault(i, []).append(part)
    return top, pending, {k: g for k, g in scene.cotangents.items() if k > top}


def _rule(scene: Scene, k: int, position: int, g: Any) -> Template:
    """The rule of a hop, for the type its cotangent has."""
    key = (k, position, getattr(g, "shape", ()), getattr(g, "dtype", float))
    rules = scene.known.setdefault("rules", {})
    if key not in rules:
        circuit = scene.circuit
        types = (_type(g, circuit.type(k)), circuit.type(k), *(circuit.type(i) for i in circuit.inputs_of(k)))
        rules[key] = rule(TABLE[circuit.opcodes[k]], position, types, circuit.params.get(k, {}))
    found: Template = rules[key]
    return found


def record_of(scene: Scene, edits: Edits) -> Scene | None:
    """The sweep with mistakes made: its cotangents, parts and result; None where they cannot be made."""
    found = Scene(scene.problem, scene.claim, scene.values, scene.active, scene.still, known=scene.known)
    try:
        with np.errstate(all="ignore"):
            found.truth = _sweep(found, edits, found)
    except UNFIT:
        return None
    return found


def _type(value: Any, like: ArrayType) -> ArrayType:
    array = np.asarray(value)
    return (
        ArrayType(array.shape, array.dtype) if array.dtype != like.dtype or array.shape != like.shape else ArrayType(like.shape, like.dtype)
    )


def _total(scene: Scene, k: int, parts: list[Any], edits: Edits, cotangents: Mapping[int, Any]) -> Any:
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    found = edits.get(Locus(VALUE, k)) if edits else None
    if found is None:
        return total
    values = {f"p{i}": p for i, p in enumerate(reversed(parts))} | {"d": total, "x": scene.values[k]}
    return _edited(scene, Locus(VALUE, k), found, values, cotangents)


def _result(scene: Scene, j: int, totals: Arrays, edits: Edits) -> Any:
    found = edits.get(Locus(INPUT, j)) if edits else None
    if found is None:
        return totals[j]
    values = {"d": totals[j], "x": scene.problem.inputs[j]} | {f"d{m}": t for m, t in enumerate(totals)}
    return _edited(scene, Locus(INPUT, j), found, values, {})


def _edited(scene: Scene, locus: Locus, found: Edit, values: dict[str, Any], cotangents: Mapping[int, Any]) -> Any:
    setting = setting_at(scene.circuit, locus)
    return setting.fitted(setting.evaluate(found.text, values | values_used(scene.circuit, found, scene.values, cotangents)))
