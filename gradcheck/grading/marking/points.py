"""The points at which answers to a question are judged, and what they are judged by: worked out once for a whole class."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradcheck.circuit import argument_names
from gradcheck.errors import CaseError, GradcheckError
from gradcheck.gradients.method import Problem, problem_of
from gradcheck.gradients.truth import Truth, certify
from gradcheck.grading.marking.hops import Hops, hops_of
from gradcheck.grading.model import Question
from gradcheck.verdicts.judge import Standard, standard
from gradcheck.verdicts.vjp import weighted

VISIBLE, HIDDEN, FRESH = range(3)  # streams of points: none is drawn twice
TRIES = 20  # draws for a point at which the function has a value


@dataclass(frozen=True, slots=True, eq=False)
class Spot:
    """What a student's function is asked for, and the scalar function whose gradient its answer should be.

    `given` are the arguments it is called with: those of the case and, for a vector-Jacobian product, a cotangent.
    """

    given: tuple[Any, ...]
    by: Standard
    hops: Hops
    visible: bool

    @property
    def problem(self) -> Problem:
        """The scalar function at the point."""
        return self.by.problem

    @property
    def extra(self) -> tuple[Any, ...]:
        """What is given besides the function's own arguments."""
        return self.given[len(self.problem.arguments) :]


@dataclass(slots=True, eq=False)
class Prepared:
    """A question with its spots. What is worked out further, when an answer needs it, is kept."""

    question: Question
    seed: int
    spots: tuple[Spot, ...]
    names: tuple[str, ...]
    hops: tuple[str, ...]
    _subsets: dict[tuple[int, tuple[int, ...]], Standard] = field(default_factory=dict)
    _fresh: list[Spot] = field(default_factory=list)

    def subset(self, spot: Spot, chosen: tuple[int, ...]) -> Standard:
        """The standard for some of the arguments: positions among the differentiable ones."""
        if len(chosen) == len(self.names):
            return spot.by
        key = (id(spot), chosen)
        if key not in self._subsets:
            p = spot.problem
            alone = problem_of(p.function, p.arguments, tuple(p.argnums[i] for i in chosen), p.domains)
            truth = certify(alone)
            if not isinstance(truth, Truth):
                raise CaseError(f"question {self.question.name}: {truth.reason}")
            self._subsets[key] = standard(alone, truth)
        return self._subsets[key]

    def fresh(self, count: int) -> list[Spot]:
        """Points that are neither published nor hidden, to show a mistake at."""
        if not self._fresh:
            self._fresh = [
                s for point in drawn(self.question, self.seed, FRESH, count) for s in spots_at(self.question, point, visible=True)[:1]
            ]
        return self._fresh


def prepare(question: Question, seed: int) -> Prepared:
    """The question's points with their truths.

    The same seed gives the same points on every machine. Raises CaseError, naming the question and the point, where the function has no value, cannot be
    followed, or its truth is not known.
    """
    visible = [*_stated(question), *drawn(question, seed, VISIBLE, question.visible)]
    hidden = [p for p in drawn(question, seed, HIDDEN, question.hidden) if not _among(p, visible)]
    spots = [s for points, shown in ((visible, True), (hidden, False)) for p in points for s in spots_at(question, p, visible=shown)]
    if not spots:
        raise CaseError(f"question {question.name}: has no point to be judged at: set `visible`, `hidden` or `at`")
    first = spots[0].problem
    names = argument_names(first.function, len(first.arguments))
    return Prepared(question, seed, tuple(spots), tuple(names[i] for i in first.argnums), wanted_hops(question, first))


def wanted_hops(question: Question, problem: Problem) -> tuple[str, ...]:
    """The variables whose gradients are asked for besides the arguments'; of a backward pass all named ones, in the order of the function."""
    if question.asks not in ("intermediates", "backward"):
        return ()
    named = [name for k, name in sorted(problem.circuit.names.items()) if problem.circuit.opcodes[k] >= 0]
    if question.names or question.asks == "intermediates":
        return question.names
    return tuple(dict.fromkeys(named))


def drawn(question: Question, seed: int, stream: int, count: int) -> list[tuple[Any, ...]]:
    """Different points from the case's domains, at which the function has a value."""
    name = int.from_bytes(hashlib.sha256(question.name.encode()).digest()[:8], "big")
    rng = np.random.default_rng([seed, name, stream])
    found: list[tuple[Any, ...]] = []
    for _ in range(TRIES * count):
        if len(found) == count:
            break
        point = tuple(d.sample(rng) for d in question.case.domains.values())
        if not _among(point, found) and _has_value(question, point):
            found.append(point)
    return found


def _stated(question: Question) -> list[tuple[Any, ...]]:
    return [tuple(p) for p in (question.at or (question.case.at if question.visible else ()))]


def _has_value(question: Question, point: tuple[Any, ...]) -> bool:
    """Whether the function gives finite numbers there; what it raises otherwise is not the students' to meet."""
    try:
        with np.errstate(all="ignore"):
            return bool(np.isfinite(np.asarray(question.case.function(*_copied(point)), dtype=float)).all())
    except ArithmeticError:
        return False


def _among(point: tuple[Any, ...], others: Sequence[tuple[Any, ...]]) -> bool:
    return any(all(np.array_equal(a, b) for a, b in zip(point, other, strict=True)) for other in others)


def _copied(point: tuple[Any, ...]) -> list[Any]:
    return [a.copy() if isinstance(a, np.ndarray) else a for a in point]


def spots_at(question: Question, point: tuple[Any, ...], *, visible: bool) -> list[Spot]:
    """One spot, or one for each random cotangent of a vector-Jacobian product."""
    try:
        return [_spot(question, f, point, extra, visible=visible) for f, extra in _functions(question, point)]
    except GradcheckError as error:
        raise CaseError(f"question {question.name}: at {_short(point)}: {error}") from error


def _functions(question: Question, point: tuple[Any, ...]) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    """Scalar functions, each with what is given besides the point."""
    if question.asks != "vjp":
        yield question.case.function, ()
        return
    taken: list[tuple[Any, ...]] = []
    for function, claim in weighted(question.case.function, lambda *given: taken.append(given), point, 0):
        claim(*point)
        yield function, taken[-1][len(point) :]


def _spot(question: Question, function: Any, point: tuple[Any, ...], extra: tuple[Any, ...], *, visible: bool) -> Spot:
    problem = problem_of(function, point, question.case.differentiable(point), question.case.domain_at())
    truth = certify(problem)
    if not isinstance(truth, Truth):
        raise CaseError(f"the truth is not known there: {truth.reason}")
    return Spot((*point, *extra), standard(problem, truth), hops_of(problem, wanted_hops(question, problem)), visible)


def _short(point: tuple[Any, ...]) -> str:
    text = ", ".join(np.array2string(np.asarray(a), threshold=6, precision=6) for a in point)
    return text if len(text) <= 120 else f"{text[:120]}..."
