"""Mistakes planted in right answers, to see before students do what each would score.

Most are edits of the function's own reverse sweep: a factor of the chain rule left out, a sign turned, a path dropped, an index shifted. The
others break the contract: no answer, another shape, NaN, a part left out. All answer as a student's function would.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any

import numpy as np

from gradcheck.case import Case
from gradcheck.diagnosis.scene import Scene, record_of, scene_of
from gradcheck.gradients.method import Problem, problem_of
from gradcheck.grading.assignments.subject import Point, is_drawn, sampled
from gradcheck.grading.model import Question
from gradcheck.mutation.branches import decided, traced_otherwise
from gradcheck.mutation.mutant import Mutant
from gradcheck.mutation.planting import mutants_of, spread
from gradcheck.mutation.probe import Probe, probe_at
from gradcheck.mutation.wording import described

Answer = Callable[..., Any]
TRIED = 3  # points drawn to tell mistakes from right answers, and from each other
MOST = 200  # mutants looked at
DIGITS = 8  # to which answers are the same


@dataclass(frozen=True, slots=True)
class Planted:
    """A wrong answer. `answer` is called as the student's function; `hop` says where the mistake sits, at which `line` of the cases.

    Mistakes of the contract have neither.
    """

    kind: str
    hop: str
    message: str
    answer: Answer
    of_contract: bool = False
    line: int | None = None


def planted(question: Question, count: int = 12, seed: int = 0) -> tuple[Planted, ...]:
    """Up to `count` mistakes of the sweep, of as many kinds and at as many hops as there are, and every mistake of the contract that fits.

    Each differs from the right answer at one of the question's points at least (the stated ones, and a few drawn with the seed), and
    no two give the same numbers. Raises TraceError where the case cannot be followed.
    """
    case = question.case
    points = (*question.at, *(sampled(case, seed, TRIED) if is_drawn(case) else ()))[: TRIED + 1]
    probes = [probe_at(_problem(question, p, _unit(question, p, seed)), p) for p in points]
    listed = [m for p in probes[:1] for m in mutants_of(p.scene)]
    found = [_of_sweep(question, m, probes[0]) for m in spread(list(_distinct(listed, probes)), count)]
    return (*found, *_of_contract(question, points[0]))


def right_answer(question: Question) -> Answer:
    """The answer of the tape, in the form that the question asks for: what a perfect student's function returns, to rounding."""
    return lambda *given: _answer(question, given, None)


def _unit(question: Question, point: Point, seed: int) -> Any:
    """A random cotangent for what returns an array; None for a gradient."""
    if question.asks != "vjp":
        return None
    with np.errstate(all="ignore"):
        result = np.asarray(question.case.function(*point))
    return np.random.default_rng(seed).uniform(0.5, 2.0, result.shape).astype(result.dtype)


def _problem(question: Question, point: Point, cotangent: Any) -> Problem:
    case = question.case
    function = case.function if cotangent is None else _weighed(case, cotangent)
    return problem_of(function, point, case.differentiable(point), case.domain_at())


def _weighed(case: Case, cotangent: Any) -> Answer:
    @wraps(case.function)
    def weighed(*arguments: Any) -> Any:
        return np.sum(cotangent * case.function(*arguments))

    weighed.weighs = True  # type: ignore[attr-defined]  # the last two operations are not the instructor's
    return weighed


def _distinct(mutants: Sequence[Mutant], probes: Sequence[Probe]) -> Iterator[Mutant]:
    """Those that floats tell from the right answer, each wrong gradient once."""
    seen: set[bytes] = set()
    for m in spread(mutants, MOST):
        if any(p.differs(m) for p in probes):
            key = b"".join(_key(p.flat(m), p.right) for p in probes)
            if key not in seen:
                seen.add(key)
                yield m


def _key(flat: Any, right: Any) -> bytes:
    scale = float(np.max(np.abs(right), initial=0.0)) or 1.0
    rounded: bytes = (np.round(flat / scale, DIGITS) + 0.0).tobytes()
    return rounded


def _of_sweep(question: Question, mutant: Mutant, probe: Probe) -> Planted:
    hop, _, _, message = described(mutant, probe.problem)
    told = message.replace(f" in {hop}", "").replace(f" at {mutant.site}", "")
    where = "" if hop is None else str(replace(hop, file=None))
    return Planted(mutant.kind, where, told, lambda *given: _answer(question, given, mutant), line=None if hop is None else hop.line)


def _answer(question: Question, given: Sequence[Any], mutant: Mutant | None) -> Any:
    """What a function with the mistake returns, called as students' functions are."""
    arguments, cotangent = (tuple(given[:-1]), np.asarray(given[-1])) if question.asks == "vjp" else (tuple(given), None)
    problem = _problem(question, arguments, cotangent)
    scene = _swept(problem, mutant)
    parts = [np.array(p, dtype=x.dtype)[()] for p, x in zip(scene.truth, problem.inputs, strict=True)]
    if question.asks not in ("intermediates", "backward"):
        return parts[0] if len(parts) == 1 else tuple(parts)
    names = [question.case.parameters[i] for i in problem.argnums]
    found = {"value": problem.value} if question.asks == "backward" else {}
    return found | dict(zip(names, parts, strict=True)) | {f"d{n}": _cotangent_of(scene, n) for n in question.names}


def _swept(problem: Problem, mutant: Mutant | None) -> Scene:
    """The sweep with the mistake made; the right one where it has no place at the point."""
    if mutant is not None and mutant.site is not None:
        if mutant.outcome not in decided(problem.circuit).get(mutant.site, {mutant.outcome}):
            circuit = traced_otherwise(problem.function, problem.arguments, problem.argnums, {mutant.site: mutant.outcome})
            return scene_of(replace(problem, circuit=circuit), ())
        return scene_of(problem, ())
    scene = scene_of(problem, ())
    edits = mutant.edits(problem.circuit) if mutant is not None else {}
    return (record_of(scene, edits) or scene) if edits else scene


def _cotangent_of(scene: Scene, name: str) -> Any:
    """The gradient of a variable; nothing where no path leads to it any more."""
    k = next((k for k, n in scene.circuit.names.items() if n == name), None)
    if k is None:
        return None
    shape = np.shape(scene.values[k])
    return np.array(np.broadcast_to(np.asarray(scene.cotangents.get(k, 0.0), dtype=float), shape))[()]


def _of_contract(question: Question, point: Point) -> Iterator[Planted]:
    """What makes no answer, or one of another form."""
    right = right_answer(question)
    given = (*point, _unit(question, point, 0)) if question.asks == "vjp" else point
    sample = right(*given)
    parts = _parts(sample)

    def changed(kind: str, message: str, change: Callable[[Any], Any]) -> Planted:
        return Planted(kind, "", message, lambda *given: change(right(*given)), of_contract=True)

    yield changed("shape", "every part has an axis too many: (n, 1) for (n,)", lambda a: _each(a, lambda p: np.asarray(p)[..., None]))
    yield changed("none", "returns None: the `return` is missing", lambda a: None)
    yield changed("nan", "every part is NaN", lambda a: _each(a, lambda p: np.asarray(p) * np.nan))
    if any(np.ndim(p) == 2 and not np.array_equal(p, np.transpose(p)) for p in parts):
        yield changed("transposed", "every matrix is transposed", lambda a: _each(a, np.transpose))
    if len(parts) > 1:
        yield changed("missing-part", "the last part is left out", _without_last)
    yield changed("raises", "raises an exception", _raise)


def _parts(answer: Any) -> list[Any]:
    return list(answer.values()) if isinstance(answer, dict) else list(answer) if isinstance(answer, tuple) else [answer]


def _each(answer: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(answer, dict):
        return {n: change(p) for n, p in answer.items()}
    return tuple(map(change, answer)) if isinstance(answer, tuple) else change(answer)


def _without_last(answer: Any) -> Any:
    return dict(list(answer.items())[:-1]) if isinstance(answer, dict) else answer[:-1]


def _raise(answer: Any) -> Any:
    raise ValueError("planted: the function raises")
