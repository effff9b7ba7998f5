"""Certified gradients of intermediate values: what "dz" should be, for credit by hop.

The reverse sweep is recorded, evaluated in balls for the truth and in noisy floats for what rounding explains. An answer is right if rounding explains
its error, or if half its digits are right: textbook formulas lose digits, mistakes of students do not hide so far down.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradcheck.arithmetic.balls import Balls
from gradcheck.arithmetic.enclosures import precision
from gradcheck.arithmetic.noise import AMPLITUDE
from gradcheck.circuit import Circuit, interpret
from gradcheck.circuit.circuit import Builder
from gradcheck.circuit.reverse import reverse
from gradcheck.circuit.simplify import simplify
from gradcheck.errors import CaseError
from gradcheck.gradients.method import Problem
from gradcheck.verdicts.tolerance import SAFETY, noise_spread, unit_roundoff, value_tolerance

BITS = 256
VALUE = "value"


@dataclass(frozen=True, slots=True, eq=False)
class Hop:
    """The gradient with respect to one intermediate value, and the error that rounding explains."""

    name: str
    truth: Any
    tolerance: Any

    def fits(self, given: Any) -> bool:
        """Whether an answer of the right shape is right."""
        largest = float(np.max(np.abs(self.truth), initial=0.0))
        half = float(np.sqrt(np.finfo(float).eps)) * np.maximum(np.abs(self.truth), 1e-6 * largest)
        return bool((np.abs(np.asarray(given, dtype=float) - self.truth) <= np.maximum(self.tolerance, half)).all())


@dataclass(frozen=True, slots=True, eq=False)
class Hops:
    """Hops by the name of their variable, and the function's value; empty where none are asked for."""

    by_name: Mapping[str, Hop] = field(default_factory=dict)


@dataclass(slots=True)
class _Recording:
    """The sweep as it is, with the cotangent of every value noted down."""

    totals: dict[int, int] = field(default_factory=dict)
    still: tuple[int, ...] = ()

    def part(self, builder: Builder, k: int, position: int, g: int, part: int | None) -> int | None:
        return part

    def total(self, builder: Builder, k: int, parts: list[int], total: int) -> int:
        self.totals[k] = total
        return total

    def result(self, builder: Builder, cotangents: list[int]) -> list[int]:
        return cotangents


def hops_of(problem: Problem, names: Sequence[str]) -> Hops:
    """The truth of intermediate gradients. Raises CaseError for a name that no variable of the function has, or that the result does not depend on."""
    if not names:
        return Hops()
    recording, circuit = _Recording(), problem.circuit
    swept = reverse(circuit, planted=recording)
    values = {name: k for k, name in sorted(circuit.names.items()) if circuit.opcodes[k] >= 0}
    for name in names:
        if name not in values:
            raise CaseError(f"the function has no variable {name!r}; it has {', '.join(values) or 'none'}")
        if values[name] not in recording.totals:
            raise CaseError(f"the result does not depend on the variable {name!r} through floats: it has no gradient")
    numbers = [recording.totals[values[name]] for name in names]
    found = {
        name: Hop(name, truth, tolerance)
        for name, (truth, tolerance) in zip(names, _settled(simplify(swept.with_outputs(tuple(numbers))), problem), strict=True)
    }
    value = np.asarray(problem.value, dtype=float)
    return Hops(found | {VALUE: Hop(VALUE, value, np.asarray(value_tolerance(problem)))})


def _settled(circuit: Circuit, problem: Problem) -> list[tuple[Any, Any]]:
    """For each output its truth, rounded to floats, and its tolerance."""
    balls, unit = Balls(), unit_roundoff(problem.dtype)
    with precision(BITS):
        exact = interpret(circuit, balls, [balls.constant(x) for x in problem.inputs])
        truths = [
            np.vectorize(lambda b: float(b.mid()) if hasattr(b, "mid") else float(b), otypes=[float])(np.asarray(e, dtype=object))
            for e in exact
        ]
    spreads = [np.asarray(spread, dtype=float) for spread, _ in noise_spread(circuit, problem.inputs)]
    return [
        (truth, SAFETY * unit * (np.where(np.isfinite(spread), spread, 0.0) / AMPLITUDE + np.abs(truth)))
        for truth, spread in zip(truths, spreads, strict=True)
    ]
