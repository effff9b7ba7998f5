"""Rules in floats against the certified truth: at random points of the domain and at every special point.

A rule may be off by a few ulp, and by what a few ulp in its operands would move the true derivative: a formula that
cancels, right on paper, is off by more.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from gradcheck.arithmetic.enclosures import Undecidable, ball, precision
from gradcheck.circuit import Floats, interpret, traced_rule
from gradcheck.gradients.method import problem_of
from gradcheck.gradients.truth import Truth, certify
from gradcheck.primitives import BY_NAME, Primitive
from gradcheck.verdicts.proof.balls import slope_of
from gradcheck.verdicts.proof.regions import Region, regions_of

Outcome = Literal["agrees", "between", "differs", "no truth"]
_DRAWN = 6  # points a piece, half of them of moderate size, half of any size
_ULP, _MOVES = 16.0, 8.0  # a rule is a handful of operations of at most 4 ulp; each operand may be off by as much


@dataclass(frozen=True, slots=True)
class Agreement:
    """A rule's value for one operand at one point, beside the truth; at a kink beside the derivatives of both sides.

    `kind` is "drawn" or the special point's; `ulp` the error, `allowed` what rounding explains.
    """

    kind: str
    operand: int
    point: tuple[float, ...]
    rule: float
    truth: float
    left: float | None
    ulp: float
    allowed: float
    outcome: Outcome
    reason: str = ""


def agreement(primitive: Primitive, seed: int = 0) -> tuple[Agreement, ...]:
    """Compare an elementwise rule with the truth at drawn and special points, for every operand that has a rule.

    Where there is no truth (a pole, an end of the domain) the outcome says so.
    """
    found: list[Agreement] = []
    for params in [e.params for e in primitive.examples] or [{}]:
        for kind, point in _points(primitive, seed):
            found += [_at(primitive, kind, point, i, params) for i, x in enumerate(point) if isinstance(x, np.float64)]
    return tuple(found)


def _points(primitive: Primitive, seed: int) -> Iterator[tuple[str, tuple[Any, ...]]]:
    rng = random.Random(f"{primitive.name} {seed}")  # noqa: S311  sample points need no secrecy
    for piece in regions_of(primitive):
        for n in range(_DRAWN):
            yield "drawn", _draw(piece, rng, wide=bool(n % 2))
    whole = [
        all(getattr(x, "is_Integer", False) for x in operand)
        for operand in zip(*(p.operands.values() for p in regions_of(primitive)), strict=True)
    ]
    for special in primitive.special:
        yield special.kind, tuple(np.int64(x) if fixed else np.float64(x) for x, fixed in zip(special.at, whole, strict=True))


def _draw(piece: Region, rng: random.Random, *, wide: bool) -> tuple[Any, ...]:
    point = piece.sample(rng)
    if wide:
        point = {p: v * 10 ** rng.randint(-6, 2) for p, v in point.items()}
    return piece.numbers(point)


def _at(primitive: Primitive, kind: str, point: tuple[Any, ...], operand: int, params: Any) -> Agreement:
    rule = _rule(primitive, point, operand, params)
    recorded = BY_NAME[primitive.name]  # the truth comes from the table's operation, whatever rule is compared with it
    truth = certify(problem_of(lambda *operands: recorded(*operands, **params), point, (operand,)))
    shown = tuple(map(float, point))
    if not isinstance(truth, Truth) or np.isnan(_value(primitive, point, params)):
        reason = "the operation has no value here" if isinstance(truth, Truth) else truth.reason
        return Agreement(kind, operand, shown, rule, math.nan, None, math.nan, math.nan, "no truth", reason)
    right, left = truth.entries[0][()], truth.left[0][()] if truth.left is not None else None
    if left is not None:
        low, high = sorted((_float(left), _float(right)))
        outcome: Outcome = "between" if low <= rule <= high else "differs"
        return Agreement(kind, operand, shown, rule, _float(right), _float(left), math.nan, math.nan, outcome)
    ulp, allowed = _ulp(rule, right), _ULP + _MOVES * _conditioning(primitive, point, operand, right, params)
    return Agreement(kind, operand, shown, rule, _float(right), None, ulp, allowed, "agrees" if ulp <= allowed else "differs")


def _rule(primitive: Primitive, point: tuple[Any, ...], operand: int, params: Any) -> float:
    """The rule's local derivative in floats."""
    y = _value(primitive, point, params)
    with np.errstate(all="ignore"):
        circuit = traced_rule(primitive, operand, (np.float64(1.0), y, *point), params)
        (value,) = interpret(circuit, Floats(), (np.float64(1.0), y, *point))
    return float(value)


def _value(primitive: Primitive, point: tuple[Any, ...], params: Any) -> Any:
    with np.errstate(all="ignore"):
        return primitive.evaluate(*point, **params)


def _ulp(value: float, truth: Any) -> float:
    """The error in units in the last place of the truth; infinities and NaN compare as floats do."""
    nearest = _float(truth)
    if value == nearest:
        return 0.0
    if not (math.isfinite(value) and math.isfinite(nearest)):
        return math.inf
    with precision(4096):
        return float(abs(ball(value) - ball(truth)).mid() / np.spacing(max(abs(nearest), 5e-324)))


def _conditioning(primitive: Primitive, point: tuple[Any, ...], operand: int, truth: Any, params: Any) -> float:
    """How far, in ulp, the true derivative moves when an operand moves to the next float: the most over operands."""
    moved = 0.0
    for i, x in enumerate(point):
        if not isinstance(x, np.float64):
            continue
        nearby = (*point[:i], np.nextafter(x, 2 * x + 1), *point[i + 1 :])
        try:
            with precision(512):
                slope = slope_of(primitive, operand, nearby, params)
                moved = max(moved, _ulp(_float(slope), truth) if slope.is_finite() else 0.0)
        except (Undecidable, ArithmeticError, ValueError):  # the neighbour lies beyond a pole
            continue
    return moved


def _float(enclosure: Any) -> float:
    return float(ball(enclosure).mid())
