"""Functions that a circuit spells out and people differentiate as one: sigmoid, softmax, normalisation, losses.

They are known by their values, however they are written: a value that equals the sigmoid of an earlier one is its sigmoid. Each gives a
formula for the cotangent of the value it is a function of, which holds if it gives the cotangent of the sweep.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from scipy import special

from gradcheck.circuit.edits import VALUE, Edit, Locus, names_of
from gradcheck.circuit.slips import slips
from gradcheck.diagnosis.mistake import Mistake
from gradcheck.diagnosis.scene import Scene

_LABEL = 1e-9  # difference up to which a number is a label
_SAME = 1e-11  # relative difference of values that are one, computed in two ways
_EPSILONS = (0.0, 1e-5, 1e-8, 1e-6, 1e-3, 1e-12, 1e-7, 1e-4)
Refs = tuple[tuple[str, tuple[str, Any]], ...]


@dataclass(frozen=True, slots=True)
class Macro:
    """A function of one array: its name, its value, the forms of its adjoint over g, y and x, the way people write it, and wrong adjoints."""

    name: str
    value: Callable[[Any], Any]
    forms: tuple[str, ...]
    spelled: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


def _sigmoid(x: Any) -> Any:
    return special.expit(x)


SIGMOID = Macro(
    "sigmoid",
    _sigmoid,
    ("g * y * (1 - y)", "g * sigmoid(x) * (1 - sigmoid(x))", "g * np.exp(-x) / (1 + np.exp(-x))**2"),
    ("1 / (1 + np.exp(-x))",),
    ("g * (1 - y**2)", "g * (1 - y)**2", "g * y**2", "g * np.exp(-x)", "g * (1 - np.tanh(x)**2)", "g / np.cosh(x)**2"),
)
TANH = Macro("tanh", np.tanh, ("g * (1 - y**2)", "g * (1 - np.tanh(x)**2)"), ("(np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x))",))
SOFTPLUS = Macro(
    "softplus",
    lambda x: np.logaddexp(0.0, x),
    ("g * sigmoid(x)", "g * np.exp(x) / (1 + np.exp(x))", "g / (1 + np.exp(-x))"),
    (),
    ("g * (x > 0)",),
)
RELU = Macro("relu", lambda x: np.maximum(x, 0.0), ("g * (x > 0)",), (), ("g * y",))
NORM = Macro(
    "norm",
    lambda x: np.sqrt(np.sum(x * x)),
    ("g * x / y",),
    (),
    ("g * np.sign(x)", "g * x", "g * 2 * x", "g * x / y**2", "g * x / (2 * y)", "g / (2 * y)", "g / y"),
)
SILU = Macro(
    "silu", lambda x: x * special.expit(x), ("g * (sigmoid(x) + x * sigmoid(x) * (1 - sigmoid(x)))", "g * (y + sigmoid(x) * (1 - y))")
)
LOGSUMEXP = Macro(
    "logsumexp", lambda x: special.logsumexp(x), ("g * np.exp(x - y)",), (),
    ("g * np.exp(x)", "g * (x == np.max(x))", "g * np.exp(x) / x.size", "g / np.sum(np.exp(x)) + 0 * x"),
)  # fmt: skip
ANYWHERE = (SIGMOID, TANH, SOFTPLUS, RELU, SILU)


def _along(axis: int, epsilons: tuple[float, ...] = _EPSILONS) -> tuple[Macro, ...]:
    """Functions along an axis."""
    sums = f"axis={axis}, keepdims=True"

    def standardised(eps: float) -> Macro:
        def value(x: Any) -> Any:
            return (x - np.mean(x, axis=axis, keepdims=True)) / np.sqrt(np.var(x, axis=axis, keepdims=True) + eps)

        form = f"(g - np.mean(g, {sums}) - y * np.mean(g * y, {sums})) / np.sqrt(np.var(x, {sums}) + {eps})"
        outside = form.replace(f" + {eps})", f") + {eps})").replace("/ np.sqrt(", "/ (np.sqrt(")
        return Macro("normalisation", value, (form,), (), (outside,) if eps else ())

    softmax = Macro(
        "softmax", lambda x: special.softmax(x, axis=axis), (f"y * (g - np.sum(g * y, {sums}))", f"g * y - y * np.sum(g * y, {sums})"),
        (), ("g * y * (1 - y)",),
    )  # fmt: skip
    log_softmax = Macro("log_softmax", lambda x: special.log_softmax(x, axis=axis), (f"g - np.exp(y) * np.sum(g, {sums})",))
    centred = Macro("centring", lambda x: x - np.mean(x, axis=axis, keepdims=True), (f"g - np.mean(g, {sums})",))
    unit = Macro("unit vector", lambda x: x / np.sqrt(np.sum(x * x, axis=axis, keepdims=True)), (
        f"(g - y * np.sum(g * y, {sums})) / np.sqrt(np.sum(x**2, {sums}))",
    ))  # fmt: skip
    return (softmax, log_softmax, unit, centred, *map(standardised, epsilons))


@dataclass(frozen=True, slots=True)
class Form:
    """A formula for the cotangent of value u that holds, and what its names refer to."""

    u: int
    text: str
    refs: Refs


def macro_forms(scene: Scene) -> Iterator[Form]:
    """The formulas of macros and losses that hold at a point."""
    seen = set()
    for found in macro_edits(scene):
        key = (found.locus.k, found.base)
        if key not in seen and found.kind != "precedence":  # those are of formulas that spell the value out
            seen.add(key)
            yield Form(found.locus.k, found.base, found.refs)


def inside_macros(scene: Scene) -> frozenset[int]:
    """Values that are formed inside what people differentiate as one."""
    known, epsilons = _Fingerprints(scene), _small_numbers(scene)
    inside: set[int] = set()
    for u in _candidates(scene):
        for macro in _tried(np.ndim(scene.values[u]), epsilons):
            v = known.find(macro, u, scene.values[u])
            if v is not None and scene.circuit.inputs_of(v) != (u,):
                inside |= _between(scene, u, v)
    return frozenset(inside)


def _between(scene: Scene, u: int, v: int) -> set[int]:
    """Values formed from u that v is formed from, v among them."""
    circuit, after, before = scene.circuit, {u}, {v}
    for k in range(u + 1, v + 1):
        if any(i in after for i in circuit.inputs_of(k)):
            after.add(k)
    for k in range(v, u, -1):
        if k in before:
            before.update(circuit.inputs_of(k))
    return (after & before) - {u}


def macro_edits(scene: Scene) -> list[Edit]:
    """Slips in the formulas of what a circuit spells out."""
    if "macros" not in scene.known:
        scene.known["macros"] = list(_macro_edits(scene))
    found: list[Edit] = scene.known["macros"]
    return found


def _macro_edits(scene: Scene) -> Iterator[Edit]:
    known, epsilons = _Fingerprints(scene), _small_numbers(scene)
    for u in _candidates(scene):
        x = scene.values[u]
        for macro in _tried(np.ndim(x), epsilons):
            v = known.find(macro, u, x)
            if v is None:
                continue
            refs: Refs = (("g", ("cotangent", v)), ("y", ("value", v)))
            yield from _of_forms(scene, u, macro, refs, {"g": scene.cotangents[v], "y": scene.values[v]})
        yield from _of_losses(scene, u, x, known)


def _small_numbers(scene: Scene) -> tuple[float, ...]:
    """What may be added to a variance: the usual numbers, and small ones of the function's own."""
    own = {float(v) for v in scene.circuit.constants.values() if np.shape(v) == () and 0 < float(v) < 0.5}
    return (*_EPSILONS, *sorted(own - set(_EPSILONS))[:4])


@lru_cache(maxsize=256)
def _tried(ndim: int, epsilons: tuple[float, ...]) -> tuple[Macro, ...]:
    """The macros that an array of so many axes may go into."""
    if ndim == 0:
        return ANYWHERE
    return (*ANYWHERE, NORM, LOGSUMEXP, *(m for axis in range(-1, -ndim - 1, -1) for m in _along(axis, epsilons)))


def _candidates(scene: Scene) -> list[int]:
    """Values that something flows to, not formed by moving or choosing."""
    return [k for k in sorted(scene.cotangents) if scene.active[k] and scene.circuit.type(k).floating and k not in scene.circuit.outputs]


class _Fingerprints:
    """Values by shape and by a random sum of their entries."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.weights: dict[tuple[int, ...], Any] = {}
        self.numbers: dict[tuple[int, ...], list[tuple[float, int]]] = {}
        for k in sorted(scene.cotangents):
            value = scene.values[k]
            self.numbers.setdefault(np.shape(value), []).append((self._mark(value), k))

    def _mark(self, value: Any) -> float:
        shape = np.shape(value)
        if shape not in self.weights:
            self.weights[shape] = np.random.default_rng(len(self.weights)).uniform(0.5, 2.0, shape)
        with np.errstate(all="ignore"):
            return float(np.sum(value * self.weights[shape]))

    def find(self, macro: Macro, u: int, x: Any) -> int | None:
        """The first later value that is the function of x."""
        with np.errstate(all="ignore"):
            wanted = macro.value(x)
            mark = self._mark(wanted)
            if not np.isfinite(mark):
                return None
            for number, k in self.numbers.get(np.shape(wanted), ()):
                if (
                    k > u
                    and abs(number - mark) <= _SAME * (1 + abs(mark))
                    and np.allclose(self.scene.values[k], wanted, rtol=_SAME, atol=_SAME)
                ):
                    return k
        return None


def _of_forms(scene: Scene, u: int, macro: Macro, refs: Refs, values: Mapping[str, Any]) -> Iterator[Edit]:
    """Slips of the macro's adjoint, and of the macro itself where its value is formed anew."""
    site = (dict(refs)["y"][1], macro.name)
    from gradcheck.circuit.formulas import Setting

    setting = Setting(("d", "x"), None, np.shape(scene.values[u]))
    given = {**values, "d": scene.cotangents[u], "x": scene.values[u]}
    for order, form in enumerate(macro.forms):
        if not _gives(setting, form, given, scene.cotangents[u]):
            continue
        for slip in slips(form, ("g", "y", "x")):
            yield Mistake(slip.kind, slip.text, form, slip.rank + 0.3 * order).at(Locus(VALUE, u), refs=refs, site=site)
        yield Mistake("missing-factor", "g + 0 * d", form, 1.5).at(Locus(VALUE, u), refs=refs, site=site)
        yield Mistake("extra-factor", form.replace("g *", "d *", 1), form, 2.3).at(Locus(VALUE, u), refs=refs, site=site)
        if macro.name not in ("norm", "unit vector", "logsumexp", "relu"):
            yield Mistake("wrong-value", "g * y", form, 2.0).at(Locus(VALUE, u), refs=refs, site=site)
            yield Mistake("wrong-value", "g * x", form, 2.2).at(Locus(VALUE, u), refs=refs, site=site)
        for other in macro.others:
            yield Mistake("wrong-local-derivative", other, form, 2.1).at(Locus(VALUE, u), refs=refs, site=site)
        yield from _misspelled(macro, u, form, refs, site)


def _misspelled(macro: Macro, u: int, form: str, refs: Refs, site: tuple[int, str]) -> Iterator[Edit]:
    """The value itself formed without brackets, and the adjoint right or wrong on top of it."""
    for spelled in macro.spelled:
        for slip in slips(spelled.replace("x", "g"), ("g",)):
            if slip.kind == "precedence":
                value = f"({slip.text.replace('g', 'x')})"
                for text, rank, also in (
                    (form, 2.1, ()),
                    ("g * y", 3.1, ("wrong-value",)),
                    ("g * (1 - y)", 3.2, ("wrong-local-derivative",)),
                ):
                    base = form.replace("y", f"({spelled})")
                    yield Mistake("precedence", text.replace("y", value), base, rank, also).at(Locus(VALUE, u), refs=refs, site=site)


def _gives(setting: Any, form: str, values: Mapping[str, Any], wanted: Any) -> bool:
    try:
        with np.errstate(all="ignore"):
            found = setting.fitted(setting.evaluate(form, values))
    except (ValueError, TypeError):
        return False
    return np.shape(found) == np.shape(wanted) and bool(
        np.allclose(found, wanted, rtol=1e-9, atol=1e-10 * float(np.max(np.abs(wanted), initial=0.0)))
    )


LOSSES: tuple[tuple[str, Callable[[Any, Any], Any]], ...] = (  # cotangents of what goes into a loss: c (link - t) and its like, t a label or a target
    ("c * (sigmoid(x) - t)", lambda x, d: special.expit(x) - d),
    ("c * (softmax(x, -1) - t)", lambda x, d: special.softmax(x, -1) - d),
    ("c * (softmax(x, 0) - t)", lambda x, d: special.softmax(x, 0) - d),
    ("c * (-t / x + (1 - t) / (1 - x))", lambda x, d: x - d * x * (1 - x)),
    ("c * (-t / x)", lambda x, d: -d * x),
    ("c * (x - t)", lambda x, d: x - d),
    ("c * (np.exp(x) - t)", lambda x, d: np.exp(x) - d),
    ("c * (np.tanh(x) - t)", lambda x, d: np.tanh(x) - d),
)  # fmt: skip


_LINKS: Mapping[str, Callable[[Any], Any]] = {  # the function of what goes in that a loss is of
    "c * (sigmoid(x) - t)": special.expit,
    "c * (softmax(x, -1) - t)": lambda x: special.softmax(x, -1),
    "c * (softmax(x, 0) - t)": lambda x: special.softmax(x, 0),
    "c * (np.exp(x) - t)": np.exp,
    "c * (np.tanh(x) - t)": np.tanh,
}


def _of_losses(scene: Scene, u: int, x: Any, known: _Fingerprints) -> Iterator[Edit]:
    """Slips in the cotangent that a loss sends, where it has one of the well-known forms."""
    d = scene.cotangents[u]
    sizes = {1, 2, *(n for n in np.shape(x)), int(np.size(x))}
    scales = [s for n in sorted(sizes) for s in (1.0 / n, 2.0 / n, -1.0 / n)]
    labels = _data(scene, np.shape(x))
    for form, target in LOSSES:
        if np.ndim(x) == 0 or (np.ndim(x) == 1 and "softmax(x, -1)" not in form and "softmax" in form):
            continue
        for c in dict.fromkeys(scales):
            with np.errstate(all="ignore"):
                t = target(x, d / c)
            found = _label(t, labels)
            if found is not None:
                scale = f"{c!r} *" if c > 0 and c != 1 else "" if c == 1 else f"-{-c!r} *" if c != -1 else "-"
                at = known.find(Macro("", _LINKS[form], ()), u, x) if form in _LINKS else None
                yield from _of_loss(u, form.replace("c *", scale).strip(), found, u if at is None else at)
                break


def _data(scene: Scene, shape: tuple[int, ...]) -> list[Any]:
    """The function's own arrays of a shape."""
    return [v for v in scene.circuit.constants.values() if shape and isinstance(v, np.ndarray) and v.shape == shape]


def _label(t: Any, labels: list[Any]) -> Any:
    """The label or target that a value is, but for rounding; None for what is none."""
    if not np.size(t) or not np.isfinite(t).all():
        return None
    first = float(np.ravel(t)[0])
    if min(abs(first), abs(first - 1)) < _LABEL and np.size(t):
        near = np.rint(t)
        if np.max(np.abs(t - near)) < _LABEL and np.isin(near, (0.0, 1.0)).all():
            return near
    for known in labels:
        if abs(float(known.flat[0]) - first) <= _LABEL * (1 + abs(first)) and np.max(np.abs(known - t) - _LABEL * np.abs(t)) <= _LABEL:
            return np.asarray(known, dtype=float)
    return None


def _count(text: str) -> int:
    """How often a formula reads its value."""
    return len(re.findall(r"\bx\b", text))


def _of_loss(u: int, form: str, t: Any, at: int) -> Iterator[Edit]:
    link = next((f for f in ("sigmoid", "softmax", "exp", "tanh") if f"{f}(x" in form), "")
    refs: Refs = (("t", ("constant", t)),)
    site = (at, link) if link and at != u else None
    for slip in slips(form, ("t", "x")):
        names = names_of(slip.text)
        kind = slip.kind if slip.kind in ("sign", "factor", "precedence", "wrong-axis") else "wrong-value"
        kind = (
            kind
            if "t" in names
            else "missing-path"
            if _count(slip.text) == _count(form)
            else "wrong-value"
            if "x" in names
            else "wrong-function"
        )
        yield Mistake(kind, slip.text, form, 1.7 if kind == "missing-path" else max(slip.rank, 1.6)).at(
            Locus(VALUE, u), refs=refs, site=site
        )
    linked = next((f for f in ("sigmoid(x)", "softmax(x, -1)") if f in form), None)
    for extra in (f"{linked} * (1 - {linked})",) if linked else ("sigmoid(x) * (1 - sigmoid(x))", "(1 - np.tanh(x)**2)"):
        yield Mistake("extra-factor", f"({form}) * {extra}", form, 2.5).at(Locus(VALUE, u), refs=refs, site=site)
    if linked:
        hard = "(x > 0)" if "sigmoid" in linked else "(x == np.max(x, axis=-1, keepdims=True))"
        yield Mistake("wrong-value", form.replace(linked, hard), form, 2.6).at(Locus(VALUE, u), refs=refs, site=site)
    for axis in range(np.ndim(t)):
        for by in (1, -1):
            yield Mistake("wrong-index", re.sub(r"\bt\b", f"np.roll(t, {by}, {axis})", form), form, 2.7).at(
                Locus(VALUE, u), refs=refs, site=site
            )
    yield Mistake("wrong-value", re.sub(r"\bt\b", "1", form), form, 2.8).at(Locus(VALUE, u), refs=refs, site=site)
    if np.ndim(t) and not np.isin(t, (0.0, 1.0)).all():
        yield Mistake("wrong-value", re.sub(r"\bt\b", "(t > 0.5)", form), form, 2.8).at(Locus(VALUE, u), refs=refs, site=site)
