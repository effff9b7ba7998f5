"""How far rounding alone can move a gradient: measured on its own circuit, never guessed."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.arithmetic.noise import AMPLITUDE, Noise, Noisy
from gradcheck.circuit import Circuit, interpret
from gradcheck.gradients.method import Problem
from gradcheck.precision import Precision, info

SAFETY = 32.0
"""Times the measured spread. In the project's measurements (deep nets, recurrences, soft maxima, products of 1000, in
both precisions) actual errors of right gradients stayed below 5.1 spreads; 32 leaves room for other formulas of
the same gradient and still tells a relative error of 1e-13 from rounding."""


def tolerances(problem: Problem, *, seed: int = 0) -> tuple[Any, ...]:
    """For the entries of each argument, the error that rounding explains, in absolute terms."""
    _, *spreads = noise_spread(problem.circuit.gradient(), problem.inputs, seed=seed, dtype=problem.dtype)
    return tuple(tolerance_of(s, exact, problem.dtype) for s, exact in spreads)


def value_tolerance(problem: Problem) -> float:
    """The same for the function's value."""
    ((spread, exact),) = noise_spread(problem.circuit, problem.inputs)
    return float(tolerance_of(spread, exact, problem.dtype))


def noise_spread(circuit: Circuit, inputs: tuple[Any, ...], *, seed: int = 0, dtype: Any = None) -> list[tuple[Any, Any]]:
    """For each output, how far noisy copies stray from the value, and the value. `dtype` says where a narrow type's subnormal numbers begin."""
    noise = Noise(seed=seed, floor=dtype.smallest_normal if isinstance(dtype, Precision) else 0.0)
    with np.errstate(all="ignore"):
        outputs: tuple[Noisy, ...] = interpret(circuit, noise, [noise.constant(x) for x in inputs])
        return [(o.spread, o.exact) for o in outputs]


def tolerance_of(spread: Any, value: Any, dtype: Any) -> Any:
    """The error that rounding in a type explains, of values that noise was seen to move so far."""
    unit, smallest = unit_roundoff(dtype), float(info(dtype).smallest_subnormal)
    with np.errstate(all="ignore"):
        return SAFETY * (spread * (unit / AMPLITUDE) + unit * np.abs(value)) + smallest


def unit_roundoff(dtype: Any) -> float:
    """Half the distance from 1 to the next float of a type."""
    return float(info(dtype).eps) / 2
