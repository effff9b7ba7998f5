"""What a claim's own formula gives without rounding: the claim is traced as the function is, and evaluated in ball arithmetic.

A formula that gives the truth is right, whatever its floats lose; one that does not is wrong, however small the difference. Constants that
the claim does not share with the function (pi/2, log 2, a mean computed beforehand) may be rounded, and are given that much room.
A claim that cannot be traced is repeated in wider floats: rounding shrinks there, a mistake stays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from flint import arb

from gradcheck.arithmetic.balls import Balls
from gradcheck.arithmetic.enclosures import ball, precision
from gradcheck.circuit import Circuit, interpret, trace
from gradcheck.domains import floating_positions
from gradcheck.errors import GradcheckError
from gradcheck.gradients.method import Problem, problem_of
from gradcheck.gradients.truth import Truth, certify, flat_entries
from gradcheck.precision import info
from gradcheck.primitives import Primitive
from gradcheck.verdicts.accuracy import Accuracy, measure
from gradcheck.verdicts.claim import differentiable_names, parts_of, repeat_claim
from gradcheck.verdicts.tolerance import unit_roundoff

BITS = (256, 1024, 4096)  # precisions tried, one after the other
SAME = 4.0  # units of roundoff up to which a formula gives the truth
EXPLAINS = 64.0  # times the error that the rounding of the claim's own constants may amount to, to be taken for its cause
TURNS = 8.0  # times n: units by which a table of exp(2 pi i j k / n), whose angles grow to 2 pi n, is rounded
SHRINKS = 8.0  # times by which an error must shrink in wider floats to be rounding; one that keeps half is none
LARGEST = 200_000  # equations of a claim beyond which it is not traced


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """Entries found right, and entries found wrong; the others stay open. `certain` if no rounding can have a part in it."""

    right: Any
    wrong: Any
    certain: bool = False


def looks(gradient: Callable[..., Any], problem: Problem, truth: Truth) -> tuple[Callable[[Accuracy], Look], ...]:
    """The ways to tell a mistake from rounding at the point itself, the surest first."""
    return partial(by_formula, gradient, problem, truth), partial(in_wider_floats, gradient, problem, truth)


def by_formula(gradient: Callable[..., Any], problem: Problem, truth: Truth, accuracy: Accuracy) -> Look:
    """The claim's formula in balls against the truth, entry by entry."""
    seen = _formula(gradient, problem, truth, accuracy)
    data = tuple(i for i in floating_positions(problem.arguments) if i not in problem.argnums)
    if not data or seen.right.all():
        return seen
    exact = _with_exact_data(problem, data)  # what function and claim compute of their data alone is rounded otherwise in each
    if exact is None:
        return seen
    again = _formula(gradient, exact[0], exact[1], accuracy, len(problem.argnums))
    return Look(seen.right | again.right, seen.wrong & ~again.right, certain=True)


def _formula(gradient: Callable[..., Any], problem: Problem, truth: Truth, accuracy: Accuracy, count: int | None = None) -> Look:
    """The same for the gradient of the first `count` arguments."""
    size = len(accuracy.claim)
    open_, unit, tiny = np.zeros(size, bool), unit_roundoff(accuracy.dtype), 4 * float(info(accuracy.dtype).smallest_subnormal)
    circuit = _recorded(gradient, problem, count)
    if circuit is None:
        return Look(open_, open_)
    true, wrong = [ball(t) for t in flat_entries(truth.entries)[:size]], open_
    for bits in BITS:
        with precision(max(bits, truth.bits)):
            exact = _off(circuit, problem, true, Balls())
            if exact is None:
                return Look(open_, open_)
            same, half = ([share * abs(t) + tiny for t in true] for share in (SAME * unit, (2 * unit) ** 0.5))
            right = _each(lambda d, t: d.abs_upper() <= t, exact, same)
            if right.all():
                break
            rounded = _off(circuit, problem, true, _Rounded(_shared(problem.circuit), _turns(problem.circuit), _turns(circuit))) or exact
            wrong = _each(lambda d, t: d.abs_lower() > t, rounded, same)
            explained = [max(float(h), EXPLAINS * abs(e)) for h, e in zip(half, accuracy.error, strict=True)]
            right |= ~wrong & _each(lambda d, t: d.abs_upper() <= t, rounded, explained)
            if (right | wrong).all():
                break
    return Look(right, wrong & ~right, certain=True)


def _each(test: Callable[[Any, Any], Any], off: list[Any], bounds: list[Any]) -> Any:
    return np.array([bool(test(d, t)) for d, t in zip(off, bounds, strict=True)], dtype=bool)


def _with_exact_data(problem: Problem, data: tuple[int, ...]) -> tuple[Problem, Truth] | None:
    """The problem with its data as further inputs, so that nothing computed of them is rounded, and its truth."""
    try:
        whole = problem_of(problem.function, problem.arguments, (*problem.argnums, *data))
        truth = certify(whole)
    except (GradcheckError, ArithmeticError):
        return None
    return (whole, truth) if isinstance(truth, Truth) else None


def in_wider_floats(gradient: Callable[..., Any], problem: Problem, truth: Truth, accuracy: Accuracy) -> Look:
    """The claim repeated at the same point in the next wider floats; says nothing where there are none."""
    wide = np.float64 if info(accuracy.dtype).eps > np.finfo(np.float64).eps else np.longdouble
    arguments = tuple(_widened(a, wide) if i in problem.argnums else a for i, a in enumerate(problem.arguments))
    entries = repeat_claim(gradient, replace(problem, arguments=arguments)) if np.finfo(wide).eps < info(accuracy.dtype).eps else None
    if entries is None or not all(np.asarray(e).dtype == wide for e in entries):
        return Look(np.zeros(len(accuracy.claim), bool), np.zeros(len(accuracy.claim), bool))
    better = np.abs(measure_wide(entries, truth))
    error, true = np.abs(accuracy.error), np.abs(accuracy.truth)
    true = np.where(true == 0, np.max(true, initial=0.0), true)
    with np.errstate(all="ignore"):
        right = better <= np.maximum(error / SHRINKS, 2 * float(np.finfo(wide).eps) * true)
        wrong = (better >= error / 2) & (better > unit_roundoff(accuracy.dtype) ** 0.5 * true)  # a part may have stayed narrow
    return Look(right, wrong)


def measure_wide(entries: tuple[Any, ...], truth: Truth) -> Any:
    """Errors of entries in any float type: what float64 holds of them, and the rest."""
    high = tuple(np.asarray(e, dtype=np.float64) for e in entries)
    low = np.concatenate([np.ravel(np.asarray(e) - h).astype(float) for e, h in zip(entries, high, strict=True)])
    return measure(high, truth.entries, np.float64, truth.bits).error + low


def _widened(argument: Any, wide: Any) -> Any:
    return argument.astype(wide) if isinstance(argument, np.ndarray) else wide(argument)


def _recorded(gradient: Callable[..., Any], problem: Problem, count: int | None) -> Circuit | None:
    """The claim as a circuit with one output per argument; None where it cannot be followed, or is none of our shapes."""
    names = differentiable_names(problem)[:count]

    def parts(*arguments: Any) -> Any:
        found = parts_of(gradient(*arguments), names)
        return None if isinstance(found, str) else tuple(found)

    try:
        circuit = trace(parts, *problem.arguments, argnums=problem.argnums)
    except Exception:  # whatever a claim does with what is no array
        return None
    shapes = [circuit.type(k).shape for k in circuit.outputs]
    return circuit if shapes == [np.shape(x) for x in problem.inputs[:count]] and len(circuit) <= LARGEST else None


def _off(circuit: Circuit, problem: Problem, true: list[Any], arithmetic: Balls) -> list[Any] | None:
    """Formula minus truth for each entry; None where the formula has no value, or decides otherwise than its floats."""
    watched = circuit.with_outputs((*circuit.outputs, *(k for k, _ in circuit.guards)))
    try:
        results = interpret(watched, arithmetic, [Balls().constant(x) for x in problem.inputs])
    except (GradcheckError, ArithmeticError, ValueError, TypeError):
        return None
    count = len(circuit.outputs)
    for decided, (_, outcome) in zip(results[count:], circuit.guards, strict=True):
        if not np.array_equal(np.array(decided, dtype=float), np.array(outcome, dtype=float)):
            return None
    claimed = [ball(e) for part in results[:count] for e in np.ravel(np.asarray(part, dtype=object))]
    off = [c - t for c, t in zip(claimed, true, strict=True)]
    return off if all(d.is_finite() for d in off) else None


def _shared(circuit: Circuit) -> frozenset[Any]:
    """The numbers that the function itself holds."""
    return frozenset(float(v) for c in circuit.constants.values() for v in np.ravel(np.asarray(c, dtype=float)))


def _turns(circuit: Circuit) -> int:
    """The largest length of a discrete Fourier transform in a circuit; 0 where there is none."""
    spread = [e for e in circuit.equations if e.primitive is not None and e.primitive.spread is not None]
    return max((e.params.get("n") or circuit.type(e.inputs[0]).shape[e.params["axis"]] for e in spread), default=0)


class _Rounded(Balls):
    """Balls whose constants are known to a rounding only, but for short ones and for those shared with the function.

    A transform in the function alone stands for a table of sines in the claim, and the other way about: such tables are rounded as their angles are.
    """

    def __init__(self, shared: frozenset[Any], function: int, claim: int) -> None:
        super().__init__()
        self.shared = shared
        self.table, self.transform = (0 if claim else function), not function

    def array(self, value: Any) -> Any:
        known = super().array(value)
        if not self.table or value.dtype.kind != "f" or not np.isfinite(value).all():
            return known
        room = arb(0, TURNS * self.table * unit_roundoff(value.dtype) * float(np.max(np.abs(value), initial=0.0)))
        meant = np.ldexp(value, 26) == np.floor(np.ldexp(value, 26))  # 0, 1/2, 1; not 2**-54, which stands for 0
        return np.frompyfunc(lambda v, whole: v if whole else v + room, 2, 1)(known, meant)

    def apply(self, primitive: Primitive, inputs: Sequence[Any], params: Mapping[str, Any]) -> Any:
        result = super().apply(primitive, inputs, params)
        if primitive.spread is None or not self.transform:
            return result
        sizes = [np.vectorize(lambda v: float(ball(v).mid()), otypes=[float])(x) for x in inputs]
        units = 4 * TURNS * unit_roundoff(np.float64) * primitive.spread(sizes, params)
        return result + np.vectorize(lambda r: arb(0, r), otypes=[object])(np.broadcast_to(units, np.shape(result)))

    def number(self, value: Any) -> Any:
        known = super().number(value)
        if not isinstance(known, arb) or not np.isfinite(value) or {float(value), -float(value)} & self.shared or _is_short(value):
            return known
        return known + arb(0, abs(float(value)) * 2 * unit_roundoff(_float_type(value)))


def _float_type(value: Any) -> Any:
    return value.dtype if isinstance(value, np.floating) else np.dtype(np.float64)


def _is_short(value: Any) -> bool:
    """Whether a constant has so few bits, half of its type's, that it is meant as it stands."""
    mantissa, _ = np.frexp(float(value))
    scaled = float(mantissa) * 2.0 ** (np.finfo(_float_type(value)).nmant // 2)
    return bool(scaled == np.floor(scaled))
