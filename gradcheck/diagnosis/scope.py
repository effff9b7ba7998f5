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
from gradcheck.circuit.edits import HOP, VALUE, Edit, Locus, Variant, formed, setting_at, values_used
from gradcheck.circuit.formulas import formulas, types_at
from gradcheck.diagnosis.macros import Form, macro_forms
from gradcheck.diagnosis.matching import near, tolerance
from gradcheck.diagnosis.mistake import Mistake
from gradcheck.diagnosis.scene import UNFIT, Scene
from gradcheck.primitives import BY_NAME, OPCODE

LARGE = 10**6  # entries of an array beyond which it is no candidate
POOL_NUMBERS = 20_000_000  # numbers that are held for that
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
        if np.shape(value) if k in scene.circuit.constants else scene.circuit.type(k).floating:
            found.setdefault(np.shape(value), []).append((("value", k), value))
    for k, value in scene.cotangents.items():
        found.setdefault(np.shape(value), []).append((("cotangent", k), value))
    for array in _about(scene):
        found.setdefault(np.shape(array), []).append((("constant", array), array))
    for variant, value in _variants(scene):
        found.setdefault(np.shape(value), []).append((("variant", variant), value))
    return {shape: _pool(items[: max(POOL_NUMBERS // max(int(np.prod(shape, dtype=int)), 1), 1)][:POOL]) for shape, items in found.items()}


def _pool(items: list[tuple[Ref, Any]]) -> Pool:
    return Pool([r for r, _ in items], np.array([v for _, v in items], dtype=float))


def arrays_of(function: Any) -> list[Any]:
    """Arrays of floats that a function knows by name, beside those it computes with."""
    cells = [c.cell_contents for c in getattr(function, "__closure__", None) or () if _is_filled(c)]
    names, known = getattr(getattr(function, "__code__", None), "co_names", ()), getattr(function, "__globals__", {})
    held = [*cells, *(known[n] for n in names if n in known)]
    inner = [a for f in held if hasattr(f, "__code__") for a in _arrays(f)]
    return [*(a for a in held if _is_candidate(a)), *inner]


def _arrays(function: Any) -> list[Any]:
    """The arrays that a helper of a function knows."""
    names, known = function.__code__.co_names, function.__globals__
    cells = [c.cell_contents for c in function.__closure__ or () if _is_filled(c)]
    return [a for a in (*cells, *(known[n] for n in names if n in known)) if _is_candidate(a)]


def _is_filled(cell: Any) -> bool:
    try:
        return cell.cell_contents is not None
    except ValueError:  # a variable that is not set yet
        return False


def _is_candidate(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind == "f" and 1 < value.size <= LARGE


def _about(scene: Scene) -> list[Any]:
    """Arrays that function and claim know, and that the circuit does not hold."""
    held = [*arrays_of(scene.problem.function), *scene.problem.arguments, *scene.around]
    distinct = {id(a): a for a in held if _is_candidate(a)}.values()
    return [a for a in distinct if not any(np.shape(v) == a.shape and np.array_equal(v, a) for v in scene.values)]


def _variants(scene: Scene) -> Iterator[tuple[Variant, Any]]:
    """Values formed wrongly: without one of the operations they are formed with, or with another operator."""
    circuit = scene.circuit
    with np.errstate(all="ignore"):
        for k in scene.cotangents:
            if circuit.opcodes[k] < 0:
                continue
            for variant in (*_dropped(circuit, k), *_exchanged(circuit, k)):
                try:
                    value = formed(circuit, variant, scene.values)
                except (ValueError, TypeError, IndexError, KeyError):
                    continue
                if np.shape(value) == np.shape(scene.values[k]) and np.isfinite(value).all():
                    yield variant, value


def _dropped(circuit: Circuit, k: int) -> Iterator[Variant]:
    read = circuit.inputs_of(k)
    for position, i in enumerate(read):
        for below in circuit.inputs_of(i) if circuit.opcodes[i] >= 0 else ():
            if circuit.type(below).floating and circuit.type(below).shape == circuit.type(i).shape:
                yield Variant(k, circuit.opcodes[k], (*read[:position], below, *read[position + 1 :]))


_EXCHANGED = [(OPCODE[BY_NAME[a]], OPCODE[BY_NAME[b]]) for a, b in (("add", "subtract"), ("multiply", "divide"))]


def _exchanged(circuit: Circuit, k: int) -> Iterator[Variant]:
    for a, b in _EXCHANGED:
        if circuit.opcodes[k] in (a, b):
            yield Variant(k, b if circuit.opcodes[k] == a else a, circuit.inputs_of(k))


def scope_edits(scene: Scene, target: Any) -> Iterator[Edit]:
    """Exchanged operands and cotangents that change the gradient as the claim does."""
    known, within = pools(scene), tolerance(scene) ** 0.7
    with np.errstate(all="ignore"):
        for k, position in scene.parts:
            yield from _at_hop(scene, k, position, known, target, within)
        for i in scene.cotangents:
            yield from _at_value(scene, i, known, target, within)
        for form in macro_forms(scene):
            yield from _in_form(scene, form, known, target, within)


def _in_form(scene: Scene, form: Form, known: dict[tuple[int, ...], Pool], target: Any, within: float) -> Iterator[Edit]:
    """Another value in the formula of a macro or a loss."""
    locus = Locus(VALUE, form.u)
    setting, right = setting_at(scene.circuit, locus), scene.cotangents[form.u]
    places = {"x": ("value", form.u), **dict(form.refs)}
    plain = Mistake("wrong-value", form.text, form.text, 0.0).at(locus, refs=form.refs)
    given = {"x": scene.values[form.u], "d": right} | values_used(scene.circuit, plain, scene.values, scene.cotangents)
    for name, text in exchanges(form.text, ("x", "y", "g")):
        pool = known.get(np.shape(given[name]))
        for ref, w in zip(pool.refs, pool.stack, strict=True) if pool is not None else ():
            try:
                change = setting.fitted(setting.evaluate(text, given | {"w": w})) - right
            except UNFIT:
                continue
            if ref != places[name] and near(scene.effect(form.u, change), target, within):
                yield Mistake("wrong-value", text, form.text, 3.1).at(locus, refs=(*form.refs, ("w", ref)))


def _at_hop(scene: Scene, k: int, position: int, known: dict[tuple[int, ...], Pool], target: Any, within: float) -> Iterator[Edit]:
    circuit, locus = scene.circuit, Locus(HOP, k, position)
    primitive = circuit.primitive(k)
    assert primitive is not None
    forms = formulas(primitive, types_at(circuit, k), circuit.params.get(k, {}), position)
    values = scene.at_hop(k, position, scene.cotangents[k], scene.parts[k, position])
    i = circuit.inputs_of(k)[position]
    for form in forms[:1]:
        for name, text in exchanges(form):
            pool = known.get(np.shape(values[name])) if name in values else None
            if pool is None:
                continue
            for ref, effect in _tried(scene, locus, text, values, pool, i):
                if near(effect, target, within) and not _is_own(scene, ref, name, k):
                    above = ref[0] == "cotangent" and name == "g" and is_above(scene, ref[1], i)
                    kind = "wrong-index" if _other_element(circuit, ref, name, k) else "missing-factor" if above else "wrong-value"
                    yield Mistake(kind, text, form, 3.3).at(locus, refs=(("w", ref),))


def exchanges(form: str, names: tuple[str, ...] = ("g", "y", "x", "a", "b", "c")) -> Iterator[tuple[str, str]]:
    """Each operand of a formula exchanged for w: everywhere."""
    tree = ast.parse(form, mode="eval").body
    for name in dict.fromkeys(n.id for n in ast.walk(tree) if isinstance(n, ast.Name)):
        if name in names:
            changed = ast.parse(form, mode="eval").body
            for node in ast.walk(changed):
                if isinstance(node, ast.Name) and node.id == name:
                    node.id = "w"
            yield name, ast.unparse(changed)


def element_edits(scene: Scene) -> Iterator[Edit]:
    """Another element of an array in the place of one: an index that is off, listed for pairs."""
    circuit = scene.circuit
    elements: dict[int, list[int]] = {}
    for k, opcode in enumerate(circuit.opcodes):
        if opcode == _GETITEM:
            elements.setdefault(circuit.inputs_of(k)[0], []).append(k)
    for k, position in scene.parts:
        primitive, read = circuit.primitive(k), circuit.inputs_of(k)
        assert primitive is not None
        if primitive.name != "multiply" or circuit.opcodes[read[1 - position]] != _GETITEM:
            continue
        own, name = read[1 - position], "ba"[position]
        for other in elements[circuit.inputs_of(own)[0]]:
            if other != own and circuit.type(other) == circuit.type(own):
                yield Mistake("wrong-index", "g * w", f"g * {name}", 2.9).at(Locus(HOP, k, position), refs=(("w", ("value", other)),))


def _tried(scene: Scene, locus: Locus, text: str, values: dict[str, Any], pool: Pool, i: int) -> Iterator[tuple[Ref, Any]]:
    """What each value of a pool in the place of w does to the gradient; all at once where the formula acts on each element."""
    setting, right = setting_at(scene.circuit, locus), scene.parts[locus.k, locus.position]
    elementwise = not any(f in text for f in ("sum_to", "@", "outer", "sum(", "mean(", ".T", "G", "Y"))
    if elementwise and np.shape(right) == pool.stack.shape[1:]:
        changes = np.broadcast_to(setting.evaluate(text, values | {"w": pool.stack}), pool.stack.shape) - right
        found = np.stack(
            [np.sum(changes * t[i], axis=tuple(range(1, changes.ndim))) if i in t else np.zeros(len(changes)) for t in scene.tangents], 1
        )
        yield from zip(pool.refs, found, strict=True)
        return
    for ref, w in zip(pool.refs, pool.stack, strict=True):
        try:
            yield ref, scene.effect(i, setting.fitted(setting.evaluate(text, values | {"w": w})) - right)
        except (ValueError, TypeError):
            return


def is_above(scene: Scene, k: int, i: int) -> bool:
    """Whether value k is formed, directly or not, from value i: then its cotangent comes before in the sweep."""
    reached = {i}
    for n in range(i + 1, k + 1):
        if any(m in reached for m in scene.circuit.inputs_of(n)):
            reached.add(n)
    return k in reached


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
                above = pool.refs[m][0] == "cotangent" and is_above(scene, pool.refs[m][1], i)
                kind, text = "missing-factor" if above else "wrong-value", f"{c!r} * w" if c != 1 else "w + 0 * d"
                yield Mistake(kind, text, "d", 3.4 if above else 3.5).at(Locus(VALUE, i), refs=(("w", pool.refs[m]),))
    yield from _of_other_losses(scene, i, tangents, wanted, within)
    yield from _of_factors(scene, i, known, tangents, wanted, within)


def _of_factors(scene: Scene, i: int, known: dict[tuple[int, ...], Pool], tangents: Any, wanted: Any, within: float) -> Iterator[Edit]:
    """A value in scope multiplied in that does not belong, or one that does left out."""
    right = scene.cotangents[i]
    for shape, pool in known.items():
        if not _broadcasts(shape, np.shape(right)) or (shape == () and np.shape(right) != ()):
            continue
        stack = pool.stack.reshape(-1, *(1,) * (np.ndim(right) - len(shape)), *shape)
        for text, sent in (("d * w", right * stack), ("d / w", right / stack)):
            flat = np.broadcast_to(sent, (len(pool.refs), *np.shape(right))).reshape(len(pool.refs), -1) @ tangents
            for m in np.flatnonzero(np.max(np.abs(flat - wanted), axis=1) <= within * np.max(np.abs(wanted))):
                what, ref = pool.refs[m]
                divides = what == "value" and _is_divisor(scene.circuit, ref)
                kind = "extra-factor" if (text == "d * w") != divides else "missing-factor"
                rank = 2.7 + 0.1 * (kind == "extra-factor") + 0.6 * (what == "variant")
                yield Mistake(kind, text, "d", rank).at(Locus(VALUE, i), refs=(("w", (what, ref)),))


def _is_divisor(circuit: Circuit, k: int) -> bool:
    """Whether something is divided by a value, or by a power of it."""
    divide, power = OPCODE[BY_NAME["divide"]], OPCODE[BY_NAME["power"]]
    for n in range(k + 1, len(circuit)):
        read = circuit.inputs_of(n)
        if circuit.opcodes[n] == divide and read[1] == k:
            return True
        if circuit.opcodes[n] == power and read[0] == k and _is_divisor(circuit, n):
            return True
    return False


def _broadcasts(shape: tuple[int, ...], to: tuple[int, ...]) -> bool:
    return len(shape) <= len(to) and all(n in (1, m) for n, m in zip(shape[::-1], to[::-1], strict=False))


OTHER_LOSSES = ("(x - w)", "np.sign(x - w)", "(-w / x)", "(-w / x + (1 - w) / (1 - x))", "(sigmoid(x) - w)", "(np.exp(x) - w)")


def _of_other_losses(scene: Scene, i: int, tangents: Any, wanted: Any, within: float) -> Iterator[Edit]:
    """What another loss of the value and of data of its shape would send."""
    x = scene.values[i]
    sizes = {1, 2, *np.shape(x), int(np.size(x))}
    for k, data in scene.circuit.constants.items():
        if np.shape(data) != np.shape(x) or (not np.shape(x) and data in (0, 1)):
            continue
        for form in OTHER_LOSSES:
            sent = (
                np.ravel(setting_at(scene.circuit, Locus(VALUE, i)).evaluate(form, {"x": x, "w": np.asarray(data, dtype=float)})) @ tangents
            )
            for scale in sorted({s for n in sizes for s in (1 / n, 2 / n, -1 / n)}):
                if np.max(np.abs(scale * sent - wanted)) <= within * np.max(np.abs(wanted)):
                    yield Mistake("wrong-function", f"{scale!r} * {form}", "d", 3.4).at(Locus(VALUE, i), refs=(("w", ("value", k)),))
