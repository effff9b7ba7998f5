"""Forward mode of JAX, judged: what a custom_jvp gives along tangents, which its transpose does not tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcheck.diagnosis.finding import Finding
from gradcheck.frameworks.judging import judge
from gradcheck.frameworks.subject import Subject, Twin, joined
from gradcheck.verdicts.verdict import SEVERITY, Verdict
from gradcheck.verdicts.vjp import linear

if TYPE_CHECKING:
    from gradcheck.frameworks.jax import Program

Arrays = tuple[Any, ...]
FORWARD = "JAX (jvp)"
FEW = 32  # numbers up to which every entry has its own tangent
TANGENTS = 2  # random ones tried where there are more


def judge_forward(program: Program, subject: Subject, points: list[Arrays], options: Mapping[str, Any]) -> Verdict:
    """The worst verdict on what forward mode gives along tangents."""
    forward = replace(subject, framework=FORWARD, contract=None)
    verdicts: list[Verdict] = []
    for point in points:
        if _size(program, point) <= FEW:
            verdicts.append(judge(replace(forward, vjp=_by_columns(program)), point, argnums=program.leaves.chosen, **options))
        else:
            verdicts += [_along(program, forward, point, seed, options["digits"]) for seed in range(TANGENTS)]
    return min(verdicts, key=lambda v: SEVERITY.index(v.outcome))


def _size(program: Program, point: Arrays) -> int:
    return sum(int(np.size(point[i])) for i in program.leaves.chosen)


def nonlinear(program: Program, subject: Subject, points: list[Arrays], seed: int) -> Verdict | None:
    """A wrong verdict where a zero tangent does not give zero, or a multiple of a tangent not that of its product: no such rule can be transposed."""
    return next((v for p in points for v in _nonlinear(program, replace(subject, framework=FORWARD), p, seed)), None)


def _nonlinear(program: Program, subject: Subject, point: Arrays, seed: int) -> list[Verdict]:
    given = [np.asarray(point[i]) for i in program.leaves.chosen]
    kind = given[0].dtype

    def product(tangent: Any) -> Any:
        return np.ravel(np.asarray(program.jvp(point, _parts(tangent, given)), dtype=float))

    direction = _random(sum(x.size for x in given), seed).astype(kind)
    name = f"the tangents {subject.framework} gives of {subject.name}"
    narrow = subject.precision if subject.narrow else None
    try:
        found = linear(product, direction, name, "tangent", narrow) or _turned(product, direction, name, float(subject.precision.eps))
    except Exception:  # what it raises, the judgement of its values will say
        return []
    return [replace(v, witness=point) for v in found]


def _turned(product: Callable[[Any], Any], direction: Any, name: str, unit: float) -> list[Verdict]:
    """Powers of two do not tell |t| from t: the opposite tangent does."""
    there, back = product(direction), product(-direction)
    size = float(np.max(np.abs(there), initial=0.0))
    if np.all((np.abs(there + back) <= unit**0.5 * size) | ~np.isfinite(there) | ~np.isfinite(back)):
        return []
    told = "the opposite tangent does not give the opposite product: the rule is not linear in its tangent"
    return [Verdict("wrong", told, name, findings=(Finding("nonlinear", told),))]


def _random(size: int, seed: int) -> Any:
    rng = np.random.default_rng(seed)
    return rng.choice([-1.0, 1.0], size) * rng.uniform(0.5, 2.0, size)


def _parts(vector: Any, like: Sequence[Any]) -> list[Any]:
    bounds = np.cumsum([0, *(x.size for x in like)])
    return [vector[a:b].reshape(x.shape) for a, b, x in zip(bounds[:-1], bounds[1:], like, strict=True)]


def _by_columns(program: Program) -> Callable[[Arrays, Any, tuple[int, ...]], Arrays]:
    """The vector-Jacobian product by one tangent for each entry."""

    def product(arrays: Arrays, cotangent: Any, argnums: tuple[int, ...]) -> Arrays:
        chosen = program.leaves.chosen
        given = [np.asarray(arrays[i]) for i in chosen]
        size = sum(x.size for x in given)
        columns = [program.jvp(arrays, _parts(unit, given)) for unit in np.eye(size)]
        entries = np.array([np.sum(np.asarray(cotangent, dtype=float) * np.asarray(c, dtype=float)) for c in columns])
        found = dict(zip(chosen, _parts(entries, given), strict=True))
        return tuple(found[i].astype(np.asarray(arrays[i]).dtype)[()] for i in argnums)

    return product


def _along(program: Program, subject: Subject, point: Arrays, seed: int, digits: float | None) -> Verdict:
    """Along one random line: a function of the step, whose derivative is what forward mode gives."""
    chosen = program.leaves.chosen
    given = [np.asarray(point[i]) for i in chosen]
    kind = given[0].dtype
    tangents = _parts(_random(sum(x.size for x in given), seed).astype(kind), given)

    def at(step: Any) -> list[Any]:
        moved: list[Any] = list(point)
        for i, tangent in zip(chosen, tangents, strict=True):
            moved[i] = point[i] + step * tangent
        return moved

    def product(arrays: Arrays, cotangent: Any, argnums: tuple[int, ...]) -> Arrays:
        pushed = program.jvp(tuple(at(arrays[0])), tangents)
        return (np.asarray(np.sum(np.asarray(cotangent, dtype=float) * np.asarray(pushed, dtype=float))).astype(kind)[()],)

    twin = None if subject.twin is None else Twin(_of_step(subject.twin.function, at), subject.twin.origin)
    line = replace(subject, arguments=("step",), value=lambda step: subject.value(*at(step)), vjp=product, twin=twin)
    return judge(line, (np.zeros((), kind)[()],), digits=digits, seed=seed)


def _of_step(function: Callable[..., Any], at: Callable[[Any], list[Any]]) -> Callable[..., Any]:
    return lambda step: joined(function(*at(step)))
