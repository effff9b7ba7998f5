"""Another value in scope where one belongs: most slips of real programs are this.

In the formula of a hop each operand is exchanged for every other value of its shape; the cotangent of a value is exchanged for every value and
cotangent of its shape, and for what another loss would send.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.circuit import Circuit
from gradcheck.circuit.edits import HOP, VALUE, Edit, Locus, setting_at
from gradcheck.circuit.formulas import formulas, types_at
from gradcheck.diagnosis.matching import near, tolerance
from gradcheck.diagnosis.mistakes import Mistake
from gradcheck.diagnosis.scene import Scene
from gradcheck.primitives import BY_NAME, OPCODE

POOL = 400  # values of one shape that are tried in each other's place
SCALES = (1.0, -1.0, 2.0, 0.5, -2.0)
_GETITEM = OPCODE[BY_NAME["getitem"]]
Ref = tuple[str, Any]


@dataclass(slots=True)
class Pool:
    """Everything of one shape that could be written by mistake, with its values stacked."""

    refs: list[Ref]
    stack: Any


def pools(scene: Scene) -> dict[tuple[int, ...], Pool]:
    """Values, cotangents and constants by shape."""
    found: dict[tuple[int, ...], list[tuple[Ref, Any]]] = {}
    for k, value in enumerate(scene.values):
        if scene.circuit.type(k).floating or (k in scene.circuit.constants and np.shape(value)):
            if k not in scene.circuit.constants or np.shape(value):
                found.setdefault(np.shape(value), []).append((("value", k), value))
    for k, value in scene.cotangents.items():
        found.setdefault(np.shape(value), []).append((("cotangent", k), value))
    return {
        shape: Pool([r for r, _ in items[:POOL]], np.array([v for _, v in items[:POOL]], dtype=float)) for shape, items in found.items()
    }


def scope_edits(scene: Scene, target: Any) -> Iterator[Edit]:
    """Exchanged operands and cotangents that change the gradient as the claim does."""
    known, within = pools(scene), tolerance(scene) ** 0.7
    with np.errstate(all="ignore"):
        for k, position in scene.parts:
            yield from _at_hop(scene, k, position, known, target, within)
        for i in scene.cotangents:
            yield from _at_value(scene, i, known, target, within)


def _at_hop(scene: Scene, k: int, position: int, known: dict[tuple[int, ...], Pool], target: Any, within: float) -> Iterator[Edit]:
    circuit, locus = scene.circuit, Locus(HOP, k, position)
    primitive = circuit.primitive(k)
    assert primitive is not None
    forms = formulas(primitive, types_at(circuit, k), circuit.params.get(k, {}), position)
    values = scene.at_hop(k, position, scene.cotangents[k], scene.parts[k, position])
    i = circuit.inputs_of(k)[position]
    for form in forms[:1]:
        for name, text in _exchanges(form):
            pool = known.get(np.shape(values.get(name)))
            if name not in values or pool is None:
                continue
            for ref, effect in _tried(scene, locus, text, values, pool, i):
                if near(effect, target, within) and not _is_own(scene, ref, name, k):
                    kind = "wrong-index" if _other_element(circuit, ref, name, k) else "wrong-value"
                    yield Mistake(kind, text, form, 3.3).at(locus, refs=(("w", ref),))


def _exchanges(form: str) -> Iterator[tuple[str, str]]:
    """Each operand of a formula exchanged for w: everywhere."""
    tree = ast.parse(form, mode="eval").body
    for name in dict.fromkeys(n.id for n in ast.walk(tree) if isinstance(n, ast.Name)):
        if name in ("g", "y", "x", "a", "b", "c"):
            changed = ast.parse(form, mode="eval").body
            for node in ast.walk(changed):
                if isinstance(node, ast.Name) and node.id == name:
                    node.id = "w"
            yield name, ast.unparse(changed)


def _tried(scene: Scene, locus: Locus, text: str, values: dict[str, Any], pool: Pool, i: int) -> Iterator[tuple[Ref, Any]]:
    """What each value of a pool in the place of w does to the gradient; all at once where the formula acts on each element."""
    setting, right = setting_at(scene.circuit, locus), scene.parts[locus.k, locus.position]
    elementwise = not any(f in text for f in ("sum_to", "@", "outer", "sum(", "mean(", ".T", "G", "Y"))
    if elementwise and np.shape(right) == pool.stack.shape[1:]:
        changes = np.broadcast_to(setting.evaluate(text, values | {"w": pool.stack}), pool.stack.shape) - right
        found = np.stack([np.sum(changes * t[i], axis=tuple(range(1, changes.ndim))) if i in t else np.zeros(len(changes)) for t in scene.tangents], 1)
        yield from zip(pool.refs, found, strict=True)
        return
    for ref, w in zip(pool.refs, pool.stack, strict=True):
        try:
            yield ref, scene.effect(i, setting.fitted(setting.evaluate(text, values | {"w": w})) - right)
        except (ValueError, TypeError):
            return


def _is_own(scene: Scene, ref: Ref, name: str, k: int) -> bool:
    """Whether a value stands where it belongs."""
    return ref == ("cotangent", k) if name == "g" else False


def _other_element(circuit: Circuit, ref: Ref, name: str, k: int) -> bool:
    """Whether the value taken, and the one that belongs there, are elements of one array."""
    what, other = ref
    if what != "value" or name not in ("x", "a", "b", "c"):
        return False
    own = circuit.inputs_of(k)[{"x": 0, "a": 0, "b": 1, "c": 2}[name]]
    both = (own, other)
    return all(circuit.opcodes[v] == _GETITEM for v in both) and circuit.inputs_of(own) == circuit.inputs_of(other)


def _at_value(scene: Scene, i: int, known: dict[tuple[int, ...], Pool], target: Any, within: float) -> Iterator[Edit]:
    """The cotangent of a value exchanged for another value, or for that of another loss."""
    right = scene.cotangents[i]
    pool = known.get(np.shape(right))
    if pool is None or not scene.active[i]:
        return
    tangents = np.stack([np.ravel(np.broadcast_to(t.get(i, 0.0), np.shape(right))) for t in scene.tangents], 1)
    flat = pool.stack.reshape(len(pool.refs), -1) @ tangents
    wanted = target + np.ravel(right) @ tangents
    for c in SCALES:
        for m in np.flatnonzero(np.max(np.abs(c * flat - wanted), axis=1) <= within * np.max(np.abs(wanted))):
            if pool.refs[m] != ("cotangent", i):
                yield Mistake("wrong-value", f"{c!r} * w" if c != 1 else "w + 0 * d", "d", 3.5).at(Locus(VALUE, i), refs=(("w", pool.refs[m]),))
    yield from _of_other_losses(scene, i, tangents, wanted, within)


OTHER_LOSSES = ("(x - w)", "np.sign(x - w)", "(-w / x)", "(-w / x + (1 - w) / (1 - x))", "(sigmoid(x) - w)", "(np.exp(x) - w)")


def _of_other_losses(scene: Scene, i: int, tangents: Any, wanted: Any, within: float) -> Iterator[Edit]:
    """What another loss of the value and of data of its shape would send."""
    x = scene.values[i]
    sizes = {1, 2, *np.shape(x), int(np.size(x))}
    for k, data in scene.circuit.constants.items():
        if np.shape(data) != np.shape(x) or (not np.shape(x) and data in (0, 1)):
            continue
        for form in OTHER_LOSSES:
            sent = np.ravel(setting_at(scene.circuit, Locus(VALUE, i)).evaluate(form, {"x": x, "w": np.asarray(data, dtype=float)})) @ tangents
            for scale in sorted({s for n in sizes for s in (1 / n, 2 / n, -1 / n)}):
                if np.max(np.abs(scale * sent - wanted)) <= within * np.max(np.abs(wanted)):
                    yield Mistake("wrong-function", f"{scale!r} * {form}", "d", 3.4).at(Locus(VALUE, i), refs=(("w", ("value", k)),))
