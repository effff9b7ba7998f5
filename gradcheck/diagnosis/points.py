"""Further points at which a claim is compared with candidates: both signs, two scales, entries that differ."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck.circuit.circuit import freeze_params
from gradcheck.circuit.merge import merged
from gradcheck.diagnosis.scene import Arrays, Scene, scene_of
from gradcheck.domains import Domain
from gradcheck.errors import GradcheckError
from gradcheck.gradients.method import Problem, problem_of

COTANGENT = "cotangent"  # the name of what weighs the results of a vector-Jacobian product
FURTHER = 3
VANISHED = 1e-6  # of the largest cotangent: gradients below are not compared, the textbook's formulas lose digits there
Repeat = Callable[[Problem], Arrays | None]  # the claim at another point; None where it has none
_WAYS = (  # how a point is moved: by factors about 1, by signs and factors, to another scale
    lambda x, rng: x * rng.uniform(0.7, 1.4, x.shape),
    lambda x, rng: x * rng.choice([-1.0, 1.0], x.shape) * rng.uniform(0.6, 1.5, x.shape),
    lambda x, rng: 2.5 * x * rng.uniform(0.8, 1.2, x.shape),
    lambda x, rng: x + 0.3 * (1 + np.abs(x)) * rng.uniform(-1.0, 1.0, x.shape),
    lambda x, rng: x * rng.uniform(0.95, 1.05, x.shape),
    lambda x, rng: x + 0.03 * (1 + np.abs(x)) * rng.uniform(-1.0, 1.0, x.shape),
)


def canonical(problem: Problem) -> Problem:
    """The problem with what it computes twice computed once."""
    circuit = merged(problem.circuit)
    if getattr(problem.function, "weighs", False):
        last = circuit.inputs_of(circuit.outputs[0])[:1]
        weights = [i for k in last for i in circuit.inputs_of(k) if i in circuit.constants]
        circuit = replace(circuit, names={**circuit.names, **dict.fromkeys(weights[:1], COTANGENT)}, cache={})
    return replace(problem, circuit=circuit)


def further_scenes(first: Scene, again: Repeat, seed: int) -> Iterator[Scene]:
    """The claim at other points where function and claim have finite values and the function takes the same way."""
    rng, found = np.random.default_rng(seed), 0
    for way in _WAYS:
        if found == FURTHER:
            return
        scene = _moved(first, again, way, rng)
        if scene is not None:
            found += 1
            yield scene


def _moved(first: Scene, again: Repeat, way: Any, rng: Any) -> Scene | None:
    problem = first.problem
    arguments = list(problem.arguments)
    for i in problem.argnums:
        x = np.asarray(arguments[i])
        arguments[i] = np.asarray(way(x.astype(float), rng), dtype=x.dtype)[()]
        domain = problem.domains.get(i)
        if domain is not None and not _lies_in(domain, arguments[i]):
            arguments[i] = np.asarray(domain.sample(rng), dtype=x.dtype)[()]
            if np.shape(arguments[i]) != x.shape:
                return None
    try:
        with np.errstate(all="ignore"):
            moved = canonical(problem_of(problem.function, tuple(arguments), problem.argnums, problem.domains))
            claim = again(moved) if same_structure(first, moved) else None
    except Exception:  # whatever the user's function raises at a point nobody asked about
        return None
    if claim is None or not all(np.isfinite(c).all() for c in claim):
        return None
    if [np.shape(c) for c in claim] != [np.shape(c) for c in first.claim]:
        return None
    scene = scene_of(moved, claim, first.views)
    return scene if scene.still == first.still and _tells(scene) and not _is_at_kink(scene) else None


def _is_at_kink(scene: Scene) -> bool:
    """Whether operands of a maximum, or of its like, are equal: what is right there is a convention, and differs from formula to formula."""
    circuit = scene.circuit
    for k, _ in scene.parts:
        primitive, read = circuit.primitive(k), circuit.inputs_of(k)
        assert primitive is not None
        if primitive.name in ("maximum", "minimum") and np.any(scene.values[read[0]] == scene.values[read[1]]):
            return True
        if primitive.name == "absolute" and np.any(scene.values[read[0]] == 0):
            return True
    return False


def _lies_in(domain: Domain, value: Any) -> bool:
    try:
        domain.check("x", value)
    except GradcheckError:
        return False
    return True


def _tells(scene: Scene) -> bool:
    """Whether gradients are finite, and not so small against what flows above them that rounding alone makes formulas differ."""
    above = max((float(np.max(np.abs(c), initial=0.0)) for c in scene.cotangents.values()), default=0.0)
    sizes = [float(np.max(np.abs(t), initial=0.0)) for t in scene.truth]
    return all(np.isfinite(t).all() for t in scene.truth) and (max(sizes, default=0.0) >= VANISHED * above) and np.isfinite(above)


def same_structure(first: Scene, moved: Problem) -> bool:
    """Whether the function does the same steps at both points, with the same numbers and indices."""
    a, b = first.circuit, moved.circuit
    written = a.opcodes == b.opcodes and a.operands == b.operands and a.inputs == b.inputs and a.outputs == b.outputs
    return written and _alike(a.params, b.params) and _alike(a.constants, b.constants)


def _alike(a: Mapping[int, Any], b: Mapping[int, Any]) -> bool:
    return a.keys() == b.keys() and all(a[k] is b[k] or freeze_params(a[k]) == freeze_params(b[k]) for k in a)
