"""The error of differences against their step: the V curve, with the optimum and the floor that theory predicts.

A formula of order p with weights w_k at offsets k, divided by h, is off by about C |f^(p+1)| h^p from truncation, where C is known for each formula, and by
u |f| sum|w_k| / h from rounding f, where u = 2^-53. The sum is least at h* = (u |f| sum|w_k| / (p C |f^(p+1)|))^(1/(p+1)), where it is
(1 + 1/p) u |f| sum|w_k| / h*: Gill, Murray, Saunders and Wright, Computing forward-difference
intervals for numerical optimization, SIAM J. Sci. Stat. Comput. 4, 1983; weights from Fornberg, Mathematics of Computation 51, 1988. The complex step subtracts
nothing, so it has no rounding term (Squire and Trapp, SIAM Review 40, 1998).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.errors import CaseError
from gradcheck.gradients.method import Problem, problem_of
from gradcheck.gradients.truth import Truth, certify, series_along
from gradcheck.studies.study import Chart, Column, Rule, Statement, Study, Table, Weighed

Progress = Callable[[str], None]
U = 2.0**-53
STEPS = tuple(range(1, 61))  # halvings: steps are 2^-1 to 2^-60
POINTS = 16  # near the point; errors are root mean squares over them, since one alone may be small by luck
SPREAD = 2.0**-10  # the distance of these points, beside the point's own size
OPTIMUM, FLOOR = 4.0, 8.0  # factors within which optimum and floor must be as predicted
CLEAN = 16.0  # units of roundoff within which the complex step must stay
BITS, TERMS = 256, 8


@dataclass(frozen=True, slots=True, eq=False)
class Formula:
    """A difference quotient: sum of weights * f(x + offset * h), over h; its order p, and its truncation C |f^(p+1)| h^p."""

    name: str
    order: int
    offsets: tuple[int, ...]
    weights: tuple[float, ...]
    constant: float

    def __call__(self, f: Callable[[float], float], x: float, h: float) -> float:
        """The quotient at x with step h."""
        return math.fsum(w * f(x + k * h) for k, w in zip(self.offsets, self.weights, strict=True)) / h

    def optimum(self, size: float, derivative: float) -> float:
        """The step at which truncation and rounding of an f of that size are least together; infinite where there is no truncation."""
        truncation = self.order * self.constant * abs(derivative)
        return (self._rounding(size) / truncation) ** (1 / (self.order + 1)) if truncation else math.inf

    def floor(self, size: float, derivative: float) -> float:
        """The error there."""
        return (1 + 1 / self.order) * self._rounding(size) / self.optimum(size, derivative)

    def _rounding(self, size: float) -> float:
        return U * size * sum(map(abs, self.weights))


FORMULAS = (
    Formula("forward", 1, (0, 1), (-1.0, 1.0), 1 / 2),
    Formula("central", 2, (-1, 1), (-1 / 2, 1 / 2), 1 / 6),
    Formula("central, order 4", 4, (-2, -1, 1, 2), (1 / 12, -8 / 12, 8 / 12, -1 / 12), 1 / 30),
    Formula("central, order 6", 6, (-3, -2, -1, 1, 2, 3), (-1 / 60, 9 / 60, -45 / 60, 45 / 60, -9 / 60, 1 / 60), 1 / 140),
)


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """A function along one entry of one argument, near one value of it."""

    name: str
    problem: Problem
    argument: int
    index: tuple[int, ...]

    @property
    def x(self) -> float:
        """The entry's value."""
        return float(np.asarray(self.problem.inputs[self.argument])[self.index])

    def moved(self, x: Any) -> tuple[Any, ...]:
        """The inputs with the entry moved to x; complex where x is."""
        inputs = list(self.problem.inputs)
        array = np.array(inputs[self.argument], dtype=complex if isinstance(x, complex) else None)
        array[self.index] = x
        inputs[self.argument] = array[()]
        return tuple(inputs)

    def __call__(self, x: Any) -> Any:
        """The function's value with the entry at x."""
        return self.problem.at(self.moved(x))


def squire_trapp(x: Any) -> Any:
    """The function that the complex step was first shown on."""
    return np.exp(x) / np.sqrt(np.sin(x) ** 3 + np.cos(x) ** 3)


def wave(x: Any) -> Any:
    """A quick wave: its derivatives grow with their order, so good steps are short."""
    return np.sin(64 * x)


def offset(x: Any) -> Any:
    """A small change of a large number: rounding is large beside the derivative, so good steps are long."""
    return 1024.0 + np.exp(x)


BUILT_IN: tuple[tuple[Callable[..., Any], float], ...] = ((squire_trapp, 1.5), (wave, 0.375), (offset, 0.5))


def subject_of(function: Callable[..., Any], x: float) -> Subject:
    """A function of one number at a point."""
    return Subject(function.__name__, problem_of(function, (np.float64(x),), (0,)), 0, ())


def subject_of_case(problem: Problem, name: str) -> Subject:
    """A case at a point, along the entry whose derivative is largest. Raises CaseError where the truth is not known or not smooth."""
    truth = certify(problem)
    if not isinstance(truth, Truth) or truth.is_kink:
        raise CaseError(
            f"case {name}: a study of steps needs a smooth function of known gradient; {getattr(truth, 'reason', 'this point is a kink')}"
        )
    if any(x.dtype != np.float64 for x in problem.inputs):
        raise CaseError(f"case {name}: a study of steps needs float64 arguments")
    sizes = [(float(np.max(np.abs(g), initial=0.0)), a) for a, g in enumerate(truth.floats())]
    argument = max(sizes, key=lambda s: s[0])[1]
    slopes = np.abs(truth.floats()[argument])
    return Subject(name, problem, argument, tuple(int(i) for i in np.unravel_index(int(np.argmax(slopes)), np.shape(slopes))))


@dataclass(frozen=True, slots=True)
class Curve:
    """One formula's relative error at every step (None where f is not finite that far off), and what theory predicts of it (None for the complex step)."""

    subject: str
    formula: str
    errors: tuple[float | None, ...]
    optimum: float | None = None
    floor: float | None = None

    @property
    def best(self) -> int:
        """The index of the least error."""
        return min((i for i, e in enumerate(self.errors) if e is not None), key=lambda i: self.errors[i] or 0.0)

    @property
    def least(self) -> float:
        """That error."""
        return self.errors[self.best] or 0.0


def step_size(
    *,
    subjects: Sequence[Subject] | None = None,
    formulas: Sequence[Formula] = FORMULAS,
    seed: int = 0,
    progress: Progress = lambda what: None,
) -> Study:
    """Error against step for every formula and the complex step, and whether optimum and floor are where theory puts them."""
    chosen = [subject_of(f, x) for f, x in BUILT_IN] if subjects is None else list(subjects)
    curves = [c for s in chosen for c in _curves(s, formulas, seed, progress)]
    differences = [c for c in curves if c.optimum is not None]
    tables = (_optima(differences), _errors(curves))
    statements = (*_v_statements(differences), *_complex_statements([c for c in curves if c.optimum is None], chosen))
    return Study("step-size", "Error of differences against their step", QUESTION, tables, statements, _charts(differences), NOTES)


QUESTION = "How far off are differences at each step, where is the best step, and how good can they be there? Is it where theory says?"
NOTES = (
    f"Errors are relative to the certified derivative, root mean squares over {POINTS} points close together.",
    "Predicted: h* = (u |f| sum|w| / (p C |f^(p+1)|))^(1/(p+1)) and the error (1 + 1/p) u |f| sum|w| / h* there, with u = 2^-53.",
    "The prediction takes every value of f to be off by u |f|: less where rounding is lucky, more where f loses digits inside. Optimum and floor must agree within a factor.",
)


def _curves(subject: Subject, formulas: Sequence[Formula], seed: int, progress: Progress) -> Iterator[Curve]:
    """The curves of all formulas, then of the complex step where the function takes complex numbers."""
    progress(f"{subject.name}: truth near the point")
    derivatives = _derivatives(subject)
    points = _points(subject, seed)
    true = [_slope(subject, x) for x in points]
    scale = math.sqrt(sum(t * t for t in true) / len(true)) or 1.0
    size = abs(derivatives[0])

    def errors(quotient: Callable[[float, float], float]) -> tuple[float | None, ...]:
        found = (_root_mean_square([quotient(x, 2.0**-k) - t for x, t in zip(points, true, strict=True)]) for k in STEPS)
        return tuple(e / scale if math.isfinite(e) else None for e in found)

    for formula in formulas:
        progress(f"{subject.name}: {formula.name}")
        high = derivatives[formula.order + 1]
        found = errors(lambda x, h, f=formula: f(lambda t: float(subject(t)), x, h))  # type: ignore[misc]
        yield Curve(subject.name, formula.name, found, formula.optimum(size, high), formula.floor(size, high) / scale)
    if _takes_complex(subject):
        yield Curve(subject.name, "complex step", errors(lambda x, h: float(np.imag(subject(complex(x, h)))) / h))


def _points(subject: Subject, seed: int) -> list[float]:
    """Points near the entry's value, in few bits more than it has."""
    scale = 2.0 ** math.floor(math.log2(abs(subject.x) or 1.0)) * SPREAD
    return [subject.x + scale * float(k) / 64 for k in np.random.default_rng(seed).choice(np.arange(-64, 65), POINTS, replace=False)]


def _slope(subject: Subject, x: float) -> float:
    """The certified derivative by the entry, at x."""
    problem = subject.problem
    given = list(problem.arguments)
    for position, value in zip(problem.argnums, subject.moved(x), strict=True):
        given[position] = value
    truth = certify(problem_of(problem.function, tuple(given), problem.argnums, problem.domains))
    if not isinstance(truth, Truth):
        raise CaseError(f"case {subject.name}: {truth.reason}")
    return float(np.asarray(truth.floats()[subject.argument])[subject.index])


def _derivatives(subject: Subject) -> list[float]:
    """f and its derivatives by the entry up to the seventh, from a series of balls."""
    from gradcheck.arithmetic.enclosures import precision
    from gradcheck.arithmetic.taylor import terms
    from gradcheck.circuit import simplify

    direction = [np.zeros(np.shape(v)) for v in subject.problem.inputs]
    direction[subject.argument][subject.index] = 1.0
    with precision(BITS, TERMS):
        result, _, _ = series_along(simplify(subject.problem.circuit), subject.problem, tuple(direction))
        found = [float(c.mid()) for c in result.coeffs()] if hasattr(result, "coeffs") else [float(terms(result)[0].mid())]
    return [c * math.factorial(k) for k, c in enumerate(found + [0.0] * (TERMS - len(found)))]


def _takes_complex(subject: Subject) -> bool:
    """Whether the complex step applies, as the method itself says."""
    from gradcheck.gradients.complex_step import ComplexStep
    from gradcheck.gradients.method import Gradient

    return isinstance(ComplexStep().gradient(subject.problem), Gradient)


def _root_mean_square(errors: Sequence[float]) -> float:
    largest = max(map(abs, errors))
    if not all(map(math.isfinite, errors)):
        return math.nan
    if not largest:
        return 0.0
    return largest * math.sqrt(sum((e / largest) ** 2 for e in errors) / len(errors))


# statements
def _v_statements(curves: Sequence[Curve]) -> Iterator[Statement]:
    """One for each formula: optimum and floor within a factor of the predicted, over all functions."""
    for name in dict.fromkeys(c.formula for c in curves):
        of_formula = [c for c in curves if c.formula == name and c.optimum is not None and 0 < c.optimum < 1]
        if not of_formula:
            continue
        steps = {c.subject: 2.0 ** -STEPS[c.best] / (c.optimum or 1.0) for c in of_formula}
        floors = {c.subject: c.least / (c.floor or 1.0) for c in of_formula}
        yield _factor_statement(f"{name}: the best step is as predicted", steps, OPTIMUM)
        yield _factor_statement(f"{name}: the least error is as predicted", floors, FLOOR)


def _factor_statement(name: str, factors: dict[str, float], allowed: float) -> Statement:
    verdict: Weighed = "shown" if all(1 / allowed <= v <= allowed for v in factors.values()) else "refuted"
    found = ", ".join(f"{subject} {factor:.2g}" for subject, factor in factors.items())
    return Statement(name, verdict, f"measured / predicted: {found} (allowed: a factor of {allowed:g})", factors, measured=True)


def _complex_statements(curves: Sequence[Curve], subjects: Sequence[Subject]) -> Iterator[Statement]:
    """Below the step at which its truncation vanishes, the complex step's error is rounding alone, and stays."""
    if not curves:
        return
    worst = {c.subject: max(math.inf if e is None else e for e in c.errors[len(STEPS) // 2 :]) / U for c in curves}
    verdict: Weighed = "shown" if all(w <= CLEAN for w in worst.values()) else "refuted"
    text = ", ".join(f"{name} {w:.2g}" for name, w in worst.items())
    name = "complex step: no V, the error stays at rounding however small the step"
    yield Statement(name, verdict, f"largest error in units of 2^-53, at steps from 2^-{STEPS[len(STEPS) // 2]} to 2^-{STEPS[-1]}: {text}", worst, measured=True)  # fmt: skip


# tables and charts
def _errors(curves: Sequence[Curve]) -> Table:
    columns = (
        Column("function", "function"), Column("formula", "formula"), Column("step", "step h"), Column("error", "relative error", "", measured=True),
        Column("optimum", "predicted best step"), Column("floor", "predicted least error"),
    )  # fmt: skip
    rows = ((c.subject, c.formula, 2.0**-k, e, c.optimum, c.floor) for c in curves for k, e in zip(STEPS, c.errors, strict=True))
    return Table("errors", "Relative error at each step", columns, tuple(rows))


def _optima(curves: Sequence[Curve]) -> Table:
    columns = (
        Column("function", "function"), Column("formula", "formula"), Column("optimum", "predicted best step"), Column("best", "best step", "", measured=True),
        Column("floor", "predicted least error"), Column("least", "least error", "", measured=True),
    )  # fmt: skip
    rows = ((c.subject, c.formula, c.optimum, 2.0 ** -STEPS[c.best], c.floor, c.least) for c in curves)
    return Table("optima", "The best step and the least error", columns, tuple(rows))


def _charts(curves: Sequence[Curve]) -> tuple[Chart, ...]:
    first = curves[0].subject if curves else ""
    of_first = f" for {first}" if first else ""
    rules = [
        Rule("x", c.optimum, f"{c.formula}: predicted best step ({first})")
        for c in curves
        if c.subject == first and c.optimum and c.optimum < 1
    ]
    return (
        Chart(
            "errors", "Error against step", "errors", "step", "error", "formula", "function", rules=tuple(rules),
            caption="A difference errs by truncation, which falls with the step, and by rounding divided by the step, which grows: a V with a best step at its foot. The complex step divides no rounding.",
            reading=f"A curve of error against step for each formula, in a panel for each function. Upright lines: the best steps predicted{of_first}. The table of optima tells where each curve is lowest.",
        ),
    )  # fmt: skip
