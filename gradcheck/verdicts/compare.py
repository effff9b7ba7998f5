"""A case's gradients by every method, beside the truth: accuracy, cost and a verdict for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcheck.case import Case, ClaimedGradient, Outcome
from gradcheck.circuit import Circuit, argument_names, describe, first_nonfinite, require_finite
from gradcheck.errors import CaseError
from gradcheck.gradients.complex_step import ComplexStep
from gradcheck.gradients.differences import Differences
from gradcheck.gradients.method import Gradient, Method, Problem, Refused, problem_of
from gradcheck.gradients.symbolic import Symbolic
from gradcheck.gradients.tape import Tape
from gradcheck.gradients.truth import Truth, certify
from gradcheck.verdicts.check import check_problem, chosen_at, points_of
from gradcheck.verdicts.judge import Judgement, Standard, judge, standard
from gradcheck.verdicts.positions import Argnums
from gradcheck.verdicts.trees import taken_apart
from gradcheck.verdicts.verdict import SEVERITY, Verdict

if TYPE_CHECKING:
    import pandas as pd

METHODS: tuple[Method, ...] = (Symbolic(), Tape(), Differences(), Differences(central=False, name="forward-differences"), ComplexStep())
DERIVATIONS = ("symbolic", "tape", "differences")  # the three whose agreement makes a case's outcome
FRAMEWORKS = ("torch", "jax")  # whose gradients stand beside ours, and do not decide a case

WORK = 2e9  # operations spent on evaluations one by one, for one method at one point: some ten seconds
CALL = 100  # operations on entries of an array that take as long as calling one of NumPy's functions


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """What one method did at one point: its gradient and judgement, or why it refused."""

    method: str
    gradient: Gradient | None
    judgement: Judgement | None
    reason: str

    @property
    def outcome(self) -> Outcome:
        """The judgement's; undecided for a method that did not run."""
        return self.judgement.outcome if self.judgement else "undecided"


@dataclass(frozen=True, slots=True, eq=False)
class PointComparison:
    """All methods at one point."""

    problem: Problem
    truth: Truth | Refused
    standard: Standard | None
    measured: tuple[Measured, ...]

    def __getitem__(self, method: str) -> Measured:
        for m in self.measured:
            if m.method == method:
                return m
        raise KeyError(method)

    def named_inputs(self) -> list[tuple[str, Any]]:
        """The differentiable arguments by name."""
        names = argument_names(self.problem.function, len(self.problem.arguments))
        return [(names[i], self.problem.arguments[i]) for i in self.problem.argnums]

    def rows(self, number: int = 0) -> Iterator[dict[str, Any]]:
        """One dict per method, argument and entry: the gradient, the truth, and how far apart they are. `number` is said of the point."""
        names = [(name, index) for name, x in self.named_inputs() for index in np.ndindex(np.shape(x))]
        for measured in self.measured:
            if measured.judgement is None:
                continue
            accuracy = measured.judgement.accuracy
            for i, (name, index) in enumerate(names):
                yield {
                    "point": number, "method": measured.method, "argument": name, "entry": index, "gradient": accuracy.claim[i],
                    "truth": accuracy.truth[i], "ulp": accuracy.ulp[i], "relative_error": accuracy.relative[i],
                    "digits": accuracy.digits[i], "outcome": measured.judgement.entries[i],
                }  # fmt: skip

    @property
    def outcome(self) -> Outcome:
        """The worst among the three derivations that ran."""
        if not isinstance(self.truth, Truth):
            return "undecided"
        return worst([m.outcome for m in self.measured if m.method in DERIVATIONS and m.gradient is not None])


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Comparison:
    """A case compared: at each of its points, and over all of them."""

    name: str
    points: tuple[PointComparison, ...]
    claimed: tuple[tuple[ClaimedGradient, Verdict], ...] = ()

    @property
    def outcome(self) -> Outcome:
        """The worst over the points."""
        return worst([p.outcome for p in self.points])

    @property
    def circuit(self) -> Circuit:
        """The function as recorded at the first point."""
        return self.points[0].problem.circuit

    @property
    def inputs(self) -> int:
        """How many numbers are differentiated: l."""
        return self.points[0].problem.size

    @property
    def ratio(self) -> float | None:
        """ops(f and gradient) / ops(f); None where f has no operations."""
        operations = self.circuit.operations
        return self.circuit.gradient().operations / operations if operations else None

    @property
    def met(self) -> bool:
        """Whether the gradients agree and every claimed gradient got the verdict expected of it."""
        return self.outcome in ("right", "kink") and all(claim.expect == verdict.outcome for claim, verdict in self.claimed)

    def method(self, name: str) -> list[Measured]:
        """One method at every point."""
        return [p[name] for p in self.points]

    def frame(self) -> pd.DataFrame:
        """One row per point, method, argument and entry, as a pandas DataFrame."""
        import pandas as pd

        return pd.DataFrame(list(self.rows()))

    def rows(self) -> Iterator[dict[str, Any]]:
        """The rows of the frame: one per point, method, argument and entry."""
        return (row for number, point in enumerate(self.points) for row in point.rows(number))

    def __repr__(self) -> str:
        return f"<comparison of {self.name}: {self.outcome} at {len(self.points)} points>"

    def __str__(self) -> str:
        from gradcheck.display import text

        return text(self)

    def _repr_html_(self) -> str:
        from gradcheck.display import comparison_as_html

        return comparison_as_html(self)


def worst(outcomes: Sequence[Outcome]) -> Outcome:
    """The most serious of several outcomes; right when there is none."""
    return min(outcomes, key=SEVERITY.index, default="right")


def compare(
    function: Case | Callable[..., Any],
    at: Any = None,
    *,
    argnums: Argnums | None = None,
    seed: int = 0,
    methods: Sequence[Method] = METHODS,
    digits: float | None = None,
    frameworks: Sequence[str] = (),
) -> Comparison:
    """Derive a function's gradient every way, settle it by certified truth, and measure accuracy and cost.

    `function` is a case, or a plain function with `at`, a tuple of its arguments, which may be tuples, lists and dicts of arrays. `digits` is how many
    correct ones are asked of claimed gradients, as in `check`. `frameworks` ("torch", "jax") are further methods: what each one's own differentiation
    gives of the function, over its NumPy namespace. Raises TraceError where the function
    cannot be followed, ShapeError where its result is no scalar, NonFiniteError where its value is not a number.
    """
    problems = list(problems_of(function, at, argnums, seed))
    name = function.name if isinstance(function, Case) else getattr(function, "__name__", "f")
    points = tuple(compare_at(p, (*methods, *frameworks_of(frameworks))) for p in problems)
    claimed = tuple((c, _judge_claimed(c, points, digits)) for c in function.claimed) if isinstance(function, Case) else ()
    return Comparison(name, points, claimed)


def frameworks_of(names: Sequence[str]) -> tuple[Method, ...]:
    """Frameworks by name, as methods; one that is not installed refuses. UsageError for another name."""
    if not names:
        return ()
    from gradcheck.frameworks.methods import methods

    return methods(names)


def problems_of(function: Case | Callable[..., Any], at: Any, argnums: Argnums | None, seed: int) -> Iterator[Problem]:
    """The function at each of its points, traced."""
    plain, domains = (function.function, function.domain_at()) if isinstance(function, Case) else (function, {})
    points = points_of(function, at, seed)
    apart = None if isinstance(function, Case) else taken_apart(plain, points, argnums)
    if apart is not None:
        function, plain, points, argnums = apart.function, apart.function, apart.points, apart.argnums
    for point in points:
        if isinstance(function, Case) and argnums is None and not function.differentiable(point):
            raise CaseError(f"case {function.name}: no argument is differentiable: give a float (1.0, not 1), or name it in argnums")
        yield problem_of(plain, point, chosen_at(function, point, argnums), domains)


def compare_at(problem: Problem, methods: Sequence[Method] = METHODS) -> PointComparison:
    """Every method at one point."""
    if not np.isfinite(problem.value):
        require_finite(problem.circuit, problem.inputs)
    truth = certify(problem)
    if isinstance(truth, Refused):
        truth = Refused("truth", f"truth not known: {truth.reason}{_nonfinite_step(problem)}")
    by = standard(problem, truth) if isinstance(truth, Truth) else None
    return PointComparison(problem, truth, by, tuple(_measure(m, problem, by, getattr(truth, "reason", "")) for m in methods))


def _nonfinite_step(problem: Problem) -> str:
    """Where in the backward sweep NaN or infinity first appears, if it does."""
    gradient = problem.circuit.gradient()
    k = first_nonfinite(gradient, problem.inputs)
    return "" if k is None else f"; in the backward sweep NaN or infinity first appears in {describe(gradient, k)}"


def too_much(method: Method, problem: Problem) -> str | None:
    """Why a method that evaluates the function once or more for every input would take too long, where it would."""
    planned = getattr(method, "planned", None)
    evaluations = 0 if planned is None else planned(problem)
    operations = problem.circuit.operations
    if evaluations * (operations + CALL * len(problem.circuit.equations)) <= WORK:
        return None
    return f"{problem.size:,} inputs take {evaluations:,} evaluations of {operations:,} operations: more than is spent on one method at a point"


def _measure(method: Method, problem: Problem, by: Standard | None, unknown: str) -> Measured:
    found = Refused(method.name, reason) if (reason := too_much(method, problem)) else method.gradient(problem)
    if isinstance(found, Refused):
        return Measured(method.name, None, None, found.reason)
    if by is None:
        return Measured(method.name, found, None, unknown)
    judgement = judge(found.entries, by, error=found.error, again=lambda p: _entries(method, p))
    way = found.details.get("way")
    return Measured(method.name, found, judgement, judgement.reason if way is None else f"{judgement.reason} [{way}]")


def _entries(method: Method, problem: Problem) -> tuple[Any, ...] | None:
    found = method.gradient(problem)
    return None if isinstance(found, Refused) else found.entries


def _judge_claimed(claim: ClaimedGradient, points: tuple[PointComparison, ...], digits: float | None) -> Verdict:
    """The verdict at the point where the claim does worst."""
    verdicts = [check_problem(p.problem, claim.function, p.standard, digits=digits) for p in points]
    return min(verdicts, key=lambda v: SEVERITY.index(v.outcome))
