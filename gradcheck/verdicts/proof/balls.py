"""Rules against Taylor series, both over balls: where SymPy cannot decide, and for records that claim to be flat."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.arithmetic.balls import Balls
from gradcheck.arithmetic.enclosures import ball, precision
from gradcheck.arithmetic.taylor import Taylor, series, terms
from gradcheck.circuit import interpret, traced_rule
from gradcheck.primitives import Primitive

BITS, TIGHT = 320, 200


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A point where rule and Taylor series have disjoint enclosures, or enclosures too wide to say."""

    point: tuple[Any, ...]
    rule: Any
    derivative: Any


def certified(primitive: Primitive, position: int, points: Sequence[tuple[Any, ...]], params: Mapping[str, Any]) -> str | Contradiction:
    """Compare an elementwise rule with FLINT's derivative at float points, to 200 bits; the evidence, or what contradicts."""
    for point in points:
        with precision(BITS):
            rule, slope = rule_in_balls(primitive, position, point, params), slope_of(primitive, position, point, params)
            tight = all(e.is_exact() or e.rel_accuracy_bits() >= TIGHT for e in (rule, slope))
            if not (tight and rule.overlaps(slope)):
                return Contradiction(point, rule, slope)
    return f"overlaps the Taylor series over balls at {len(points)} random points to {TIGHT} bits"


def rule_in_balls(primitive: Primitive, position: int, point: tuple[Any, ...], params: Mapping[str, Any]) -> Any:
    """An elementwise rule's local derivative, over balls at the current precision."""
    with np.errstate(all="ignore"):
        y = primitive.evaluate(*point, **params)
    circuit = traced_rule(primitive, position, (np.float64(1.0), y, *point), params)
    balls = Balls()
    operands = [balls.number(x) for x in point]
    exact = balls.apply(primitive, operands, params)
    (result,) = interpret(circuit, balls, (ball(1), exact, *operands))
    return ball(result)


def slope_of(primitive: Primitive, position: int, point: tuple[Any, ...], params: Mapping[str, Any]) -> Any:
    """The derivative with respect to one operand by FLINT's Taylor series."""
    operands = [series(x, 1) if i == position else Balls().number(x) for i, x in enumerate(point)]
    return terms(Taylor().apply(primitive, operands, params))[1]


def is_flat(primitive: Primitive, rng: random.Random, count: int = 4) -> tuple[Any, ...] | None:
    """A point where an operation without a rule has a derivative other than 0; None where there is none."""
    for _ in range(count):
        point = tuple(np.float64(rng.uniform(0.1, 3.9)) for _ in range(primitive.arity or 1))
        with precision(BITS):
            for position in range(len(point)):
                if slope_of(primitive, position, point, {}) != 0:
                    return point
    return None
