"""Checking a claimed gradient: no tolerance to choose."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

import numpy as np

from gradcheck.case import DRAWN, Case, Outcome
from gradcheck.circuit import advice, argument_names
from gradcheck.diagnosis.finding import Finding
from gradcheck.domains import Domain, floating_positions
from gradcheck.errors import GradientError, TraceError, UsageError
from gradcheck.gradients.method import Problem, problem_of
from gradcheck.gradients.truth import Truth, certify
from gradcheck.verdicts.accuracy import Accuracy
from gradcheck.verdicts.black_box import judge_black_box
from gradcheck.verdicts.borderline import between_sides, decided_by_rounding
from gradcheck.verdicts.claim import (
    broken_contract,
    claimed_entries,
    differentiable_names,
    intermediate_gradients,
    kept_contract,
    labels,
    loose_entries,
    repeat_claim,
)
from gradcheck.verdicts.formula import looks
from gradcheck.verdicts.judge import Judgement, Standard, judge, measured, plainly_right, standard
from gradcheck.verdicts.positions import Argnums, positions
from gradcheck.verdicts.raising import both_raise, raised
from gradcheck.verdicts.search import Search, SearchResult, searched
from gradcheck.verdicts.second_order import SecondOrder, is_product
from gradcheck.verdicts.shares import shared
from gradcheck.verdicts.tolerance import unit_roundoff
from gradcheck.verdicts.trees import taken_apart
from gradcheck.verdicts.triangles import symmetric_claim
from gradcheck.verdicts.verdict import SEVERITY, Later, Verdict
from gradcheck.verdicts.vjp import linear_in_cotangent, rows, weighted

__all__ = ["Finding", "Verdict", "assert_gradient", "check", "check_problem", "claimed_entries", "labels"]


def check(
    function: Case | Callable[..., Any],
    gradient: Callable[..., Any],
    at: Any = None,
    *,
    argnums: Argnums | None = None,
    vjp: bool = False,
    search: bool | Literal["hypothesis"] = False,
    order: int = 1,
    digits: float | None = None,
    domain: Mapping[str, Domain] | None = None,
    seed: int = 0,
    first: Sequence[tuple[Any, ...]] = (),
) -> Verdict:
    """Judge a claimed gradient at a point, or at each of a list of points; the worst verdict is returned.

    `at` is a tuple of the function's arguments, or a dict by name; a case brings its own points. `gradient(*at)` returns one array
    for a single differentiable argument, else a tuple in argument order or a dict by name. With `vjp`, the function may return an
    array, and `gradient(*at, cotangent)` is its vector-Jacobian product, tried with random cotangents and with zero. With `order=2` the
    claim is the Hessian, an array of the argument's shape twice over (a tuple of tuples for several arguments), or, where it takes one
    more parameter (or with `vjp`), the Hessian's product with the vector given there. `digits` asks
    only that so many digits be correct, for gradients that are approximate on purpose. With `search`, a claim that is right at the points
    is judged where bugs live too: special points of every hop, ties, branch boundaries, tails; `domain` says by name where arguments live,
    as a case does, and the verdict's `coverage` what was visited. With `search="hypothesis"`, Hypothesis draws points as well, and the verdict's
    `witness` is shrunk to the simplest at which the claim is wrong. A search tries the points of `first` before all others, such as
    the witnesses of earlier searches; those that do not fit are passed over. A function that cannot be traced is
    judged as a black box, by differences with an error bound. Where the function raises, the gradient must raise too. Arguments may be
    tuples, lists and dicts of arrays: the gradient for one has its structure. `argnums` are the arguments to differentiate, by position or
    by name; without it, all floats.
    """
    if order not in (1, 2):
        raise UsageError(f"order={order!r}: expected 1 for a gradient, 2 for a Hessian or its product with a vector")
    if not (isinstance(search, bool) or search == "hypothesis"):
        raise UsageError(f"search={search!r}: expected True, False or 'hypothesis'")
    if digits is not None and not 0 < digits < math.inf:
        raise UsageError(f"digits={digits!r}: expected a number above 0, of digits that must be correct")
    plain = function.function if isinstance(function, Case) else function
    points = points_of(function, at, seed) if at is not None or domain is None else drawn(function, domain, seed)
    apart = None if isinstance(function, Case) else taken_apart(plain, points, argnums)
    if apart is not None:
        if order == 2:
            raise UsageError("order=2 takes arguments that are arrays: check the Hessian of a function of one array")
        options: dict[str, Any] = {
            "vjp": vjp,
            "search": search,
            "digits": digits,
            "domain": domain,
            "seed": seed,
            "first": apart.leaves(first),
        }
        verdict = check(apart.function, apart.claim(gradient), apart.points, argnums=apart.argnums, **options)
        return replace(verdict, witness=apart.whole(verdict.witness))
    domains = domains_at(function, points, domain)

    question = Question(plain, gradient, vjp, order, seed)
    verdicts = []
    for point in points:
        error = raised(plain, point)
        if error is not None:
            found = [both_raise(gradient, point, question.besides(point), error)]
        else:
            found = question.judge(point, chosen_at(function, point, argnums), domains, digits)
        verdicts += [replace(v, witness=point) if v.outcome == "wrong" else v for v in found]
    worst = min(verdicts, key=lambda v: (SEVERITY.index(v.outcome), v.judgement is None))  # numbers say more than that both raise
    if not search:
        return worst
    chosen = chosen_at(function, points[0], argnums)
    reconsidered = partial(question.reconsidered, chosen=chosen, domains=domains, digits=digits)
    pairs, judge_at = partial(question.pairs, chosen=chosen), partial(check_problem, digits=digits)
    looking = Search(plain, pairs, judge_at, chosen, domains, seed, reconsider=reconsidered, entrywise=vjp, first=first)
    return searched(worst, _run(looking, points, by_hypothesis=search == "hypothesis", further=worst.outcome != "wrong"))


def _run(looking: Search, points: Sequence[tuple[Any, ...]], *, by_hypothesis: bool, further: bool) -> SearchResult:
    if not by_hypothesis:
        return looking.run(points, further=further)
    from gradcheck.verdicts.exploring import explored

    return explored(looking, points, further=further)


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a claim: that it is the gradient, a vector-Jacobian product, the Hessian, or a Hessian-vector product."""

    function: Callable[..., Any]
    gradient: Callable[..., Any]
    vjp: bool
    order: int
    seed: int

    def pairs(self, point: tuple[Any, ...], chosen: tuple[int, ...]) -> Iterable[tuple[Callable[..., Any], Callable[..., Any]]]:
        """Scalar functions, each with the claim of its gradient."""
        if self.order == 2:
            return self._second(point).pairs(point, chosen)
        return weighted(self.function, self.gradient, point, self.seed) if self.vjp else [(self.function, self.gradient)]

    def judge(self, point: tuple[Any, ...], chosen: tuple[int, ...], domains: Mapping[int, Domain], digits: float | None) -> list[Verdict]:
        """All verdicts at a point."""
        if self.order == 2:
            return self._second(point).judge(point, chosen, domains, partial(check_problem, digits=digits))
        found = [_check_at(f, g, point, chosen, domains, digits) for f, g in self.pairs(point, chosen)]
        found = self.reconsidered(point, found, chosen=chosen, domains=domains, digits=digits)
        return found + linear_in_cotangent(self.function, self.gradient, point, chosen, self.seed) if self.vjp else found

    def reconsidered(
        self, point: tuple[Any, ...], found: list[Verdict], *, chosen: tuple[int, ...], domains: Mapping[int, Domain], digits: float | None
    ) -> list[Verdict]:
        """At kinks of several outputs at once, each output may follow a convention of its own: they are looked at one by one."""
        beyond = [v for v in found if v.outcome == "wrong" and v.judgement is not None and v.judgement.at_kink]
        if not self.vjp or not beyond or len(beyond) < sum(v.outcome == "wrong" for v in found):
            return found
        alone = [_check_at(f, g, point, chosen, domains, digits) for f, g in rows(self.function, self.gradient, point)]
        return alone if alone and all(v.ok for v in alone) else found

    def besides(self, point: tuple[Any, ...]) -> tuple[Any, ...]:
        """What the claim takes besides the point, where the function has no value to take its shape from."""
        return (np.float64(1.0),) if self.vjp or (self.order == 2 and self._second(point).is_product) else ()

    def _second(self, point: tuple[Any, ...]) -> SecondOrder:
        return SecondOrder(self.function, self.gradient, is_product(self.gradient, len(point), vjp=self.vjp), self.seed)


def drawn(function: Case | Callable[..., Any], domain: Mapping[str, Domain], seed: int, count: int = DRAWN) -> list[tuple[Any, ...]]:
    """Points drawn from the domains of all arguments."""
    if isinstance(function, Case):
        return points_of(function, None, seed)
    rng = np.random.default_rng(seed)
    names = argument_names(function, len(domain))
    if set(names) != set(domain):
        raise UsageError(
            f"domain={list(domain)}: the function's arguments are {', '.join(names)}, and each needs one for points to be drawn"
        )
    return [_tuple(function, {name: d.sample(rng) for name, d in domain.items()}) for _ in range(count)]


def domains_at(
    function: Case | Callable[..., Any], points: Sequence[tuple[Any, ...]], domain: Mapping[str, Domain] | None
) -> dict[int, Domain]:
    """Domains by argument position: a case's own, and those given by name, which the points must lie in."""
    known = function.domain_at() if isinstance(function, Case) else {}
    plain = function.function if isinstance(function, Case) else function
    names = argument_names(plain, len(points[0]))
    for name, given in (domain or {}).items():
        if name not in names:
            raise UsageError(f"domain={{{name!r}: ...}}: the function's arguments are {', '.join(names)}")
        for point in points:
            given.check(name, point[names.index(name)])
        known[names.index(name)] = given
    return known


def chosen_at(function: Case | Callable[..., Any], point: tuple[Any, ...], argnums: Argnums | None) -> tuple[int, ...]:
    """Positions of the arguments to differentiate."""
    if argnums is not None:
        chosen = positions(function, len(point), argnums)
    else:
        chosen = function.differentiable(point) if isinstance(function, Case) else floating_positions(point)
    if any(np.iscomplexobj(v) for i, v in enumerate(point) if not chosen or i in chosen):
        raise UsageError(advice.COMPLEX_INPUT)
    if not chosen:
        listed = " (a list of numbers is no array: np.array([1.0, 2.0]))" if any(isinstance(v, list | tuple) for v in point) else ""
        raise UsageError(f"no argument at the point is floating-point: give floats (1.0, not 1){listed}, or argnums")
    if len(set(chosen)) < len(chosen) or not set(chosen) <= set(range(len(point))):
        raise UsageError(f"argnums={argnums!r}: expected different positions among the {len(point)} arguments, counted from 0")
    if any(np.result_type(np.asarray(point[i])).kind != "f" for i in chosen):
        raise UsageError(f"argnums={argnums!r}: only floats can be differentiated: give floats (1.0, not 1)")
    return chosen


def assert_gradient(function: Case | Callable[..., Any], gradient: Callable[..., Any], at: Any = None, **options: Any) -> None:
    """Raise GradientError, with the verdict's explanation, unless the claimed gradient is right."""
    verdict = check(function, gradient, at, **options)
    if not verdict.ok:
        raise GradientError(verdict)


def points_of(function: Case | Callable[..., Any], at: Any, seed: int) -> list[tuple[Any, ...]]:
    """The points that `at` gives: a tuple or dict for one, a list of them for several, none for a case's own."""
    if at is None and isinstance(function, Case):
        return [tuple(p) for p in function.drawn(seed)]
    if at is None:
        raise UsageError("a point is needed: at=(x, y), or a case, which brings its own")
    if isinstance(at, list) and not at:
        raise UsageError("at=[] holds no point")
    plain = function.function if isinstance(function, Case) else function
    return [_tuple(plain, p) for p in (at if isinstance(at, list) else [at])]


def _tuple(function: Callable[..., Any], point: Any) -> tuple[Any, ...]:
    if not isinstance(point, Mapping):
        return point if isinstance(point, tuple) else (point,)
    names = argument_names(function, len(point))
    if set(names) != set(point):
        raise UsageError(f"at={list(point)}: the function's arguments are {', '.join(names)}")
    return tuple(point[n] for n in names)


def _check_at(
    function: Callable[..., Any],
    gradient: Callable[..., Any],
    point: tuple[Any, ...],
    chosen: tuple[int, ...],
    domains: Mapping[int, Domain],
    digits: float | None,
) -> Verdict:
    try:
        problem = problem_of(function, point, chosen, domains)
    except TraceError as error:
        return judge_black_box(function, gradient, point, chosen, error, domains)
    return check_problem(problem, gradient, digits=digits)


def _not_finite(problem: Problem) -> str:
    """What a point of NaN or infinity adds to the reason."""
    names = [n for n, x in zip(differentiable_names(problem), problem.inputs, strict=True) if not np.isfinite(x).all()]
    return f"; the point holds nan or inf in {', '.join(names)}" if names else ""


def check_problem(problem: Problem, gradient: Callable[..., Any], by: Standard | None = None, *, digits: float | None = None) -> Verdict:
    """Judge a claimed gradient of a traced function, by the standard given or one made here."""
    name = getattr(gradient, "__name__", "gradient")
    truth = certify(problem) if by is None else by.truth
    if not isinstance(truth, Truth):
        return Verdict("undecided", f"the truth is not known here: {truth.reason}{_not_finite(problem)}", name)
    claim, found = kept_contract(gradient, problem)
    if claim is None:
        return replace(
            broken_contract(name, found), later=Later(partial(mistakes, problem, gradient)) if found[0].kind == "shape" else None
        )
    accuracy = measured(claim, problem, truth)
    judgement = plainly_right(accuracy, truth) or _judged(claim, accuracy, gradient, by or standard(problem, truth), digits)
    if judgement.outcome == "wrong" and (hint := symmetric_claim(judgement.accuracy, problem)):
        judgement = replace(judgement, reason=f"{judgement.reason}; {hint}", kinds=("one-triangle",))
    findings = (*(Finding(kind, judgement.reason) for kind in judgement.kinds), *found)
    later = (
        Later(partial(mistakes, problem, gradient, judgement.kinds, at_kink=judgement.at_kink)) if judgement.kinds in LOOKED_INTO else None
    )
    return Verdict(
        judgement.outcome, judgement.reason, name, judgement.entries, labels(problem), judgement, findings, problem=problem, later=later
    )


LOOKED_INTO = (("unknown",), ("precision",), ("nonfinite",))


def mistakes(
    problem: Problem, gradient: Callable[..., Any], kinds: tuple[str, ...] = ("unknown",), *, at_kink: bool = False
) -> tuple[Finding, ...]:
    """What is wrong with a wrong gradient: the hop and the mistake; where it loses digits, or stops being finite."""
    from gradcheck.diagnosis.naming import named
    from gradcheck.diagnosis.precision import lossy

    if kinds != ("unknown",):
        return lossy(gradient, problem, kinds[0])
    claim = loose_entries(gradient, problem)
    if claim is None:
        return ()
    if at_kink and (found := shared(problem, claim)):
        return found
    given = partial(intermediate_gradients, gradient)
    return named(problem, claim, partial(loose_entries, gradient), given=given if given(problem) else None, code=gradient)


def _judged(claim: tuple[Any, ...], accuracy: Accuracy, gradient: Callable[..., Any], by: Standard, digits: float | None) -> Judgement:
    second, again = looks(gradient, by.problem, by.truth), partial(repeat_claim, gradient)
    judgement = judge(claim, by, again=again, looks=second, thorough=True, digits=digits, accuracy=accuracy)
    return _beside_a_kink(judgement, by.problem, by) if judgement.outcome == "wrong" and not by.truth.is_kink else judgement


def _beside_a_kink(judgement: Judgement, problem: Problem, by: Standard) -> Judgement:
    """A claim that is wrong only because rounding decides a branch of the function is a convention."""
    where = decided_by_rounding(problem, by.truth.bits)
    slack = by.tolerance * (unit_roundoff(judgement.accuracy.dtype) / unit_roundoff(by.dtype))
    if where is None or not between_sides(judgement.accuracy, problem, slack):
        return judgement
    entries: tuple[Outcome, ...] = tuple("kink" if e == "wrong" else e for e in judgement.entries)
    reason = f"rounding decides a branch here, in {where}: in floats the function is on a kink, or beyond; the claim lies between the sides"
    return Judgement("kink", entries, judgement.accuracy, reason)
