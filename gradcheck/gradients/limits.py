"""Limiting gradients at a kink: the gradients of the smooth pieces that meet there.

Along a direction d the function has, next to the point, one smooth piece; its directional derivative there is linear for directions near d, so
exact differences of directional derivatives give that piece's gradient (Clarke, Optimization and Nonsmooth Analysis, 1983, section 2.5).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from gradcheck.arithmetic.enclosures import Undecidable, close_are_equal, precision
from gradcheck.arithmetic.taylor import MANY, MoreTerms
from gradcheck.circuit import simplify
from gradcheck.gradients.method import Problem
from gradcheck.gradients.truth import along

BITS = 256
KEPT = 1024  # pieces kept with a circuit
STEPS = (2.0**-12, 2.0**-40)  # how far directions are moved: the second where the first met another piece, or a curved one


def limiting_gradients(problem: Problem, directions: Iterator[Any]) -> Iterator[Any]:
    """The gradients, flat, of the pieces that the directions (flat arrays) point into; repeated pieces are given once."""
    seen: set[bytes] = set()
    for direction in directions:
        found = piece_gradient(problem, direction)
        if found is not None and found.tobytes() not in seen:
            seen.add(found.tobytes())
            yield found


def piece_gradient(problem: Problem, direction: Any) -> Any | None:
    """The gradient of the piece along a direction, as floats; None where it is not settled.

    It is a property of the function: every method and claim judged at the point asks for the same directions, so it is kept with the circuit.
    """
    known = problem.circuit.cache.setdefault("pieces", {})
    key = (*(np.asarray(x).tobytes() for x in problem.inputs), np.asarray(direction).tobytes())
    if key not in known:
        if len(known) >= KEPT:
            known.clear()
        known[key] = _piece_gradient(problem, direction)
    return known[key]


def _piece_gradient(problem: Problem, direction: Any) -> Any | None:
    for step in STEPS:
        try:
            with precision(BITS, MANY), close_are_equal():  # what a truth found decided is decided at these bits as well
                found = _differences(problem, direction, step)
        except (Undecidable, MoreTerms, ArithmeticError, ValueError):
            return None
        if found is not None:
            return found
    return None


def _differences(problem: Problem, direction: Any, step: float) -> Any | None:
    circuit, size = simplify(problem.circuit), len(direction)
    direction = _rounded(direction, 44)

    def slope(d: Any) -> Any:
        return along(circuit, problem, shaped(problem, d))

    base = slope(direction)
    gradient = np.array([float(((slope(direction + step * unit) - base) / step).mid()) for unit in np.eye(size)])
    scale = float(np.max(np.abs(gradient), initial=0.0)) or 1.0
    rng = np.random.default_rng(size)
    aside = _rounded(rng.choice([-1.0, 1.0], size) * rng.uniform(0.25, 1.0, size), 8)
    for way in (aside, -aside):  # linear around the direction on both sides, or the direction runs along another kink
        met = float(((slope(direction + step * way) - base) / step).mid())
        if abs(met - float(gradient @ way)) > 1e-9 * scale * size:
            return None
    return gradient


def _rounded(direction: Any, bits: int) -> Any:
    """A direction of length about 1 in so many bits after the point that moving it by a step of 2^-40 is exact in floats."""
    largest = float(np.max(np.abs(direction), initial=0.0)) or 1.0
    return np.round(direction / largest * 2.0**bits) / 2.0**bits


def shaped(problem: Problem, flat: Any) -> tuple[Any, ...]:
    """A flat direction in the shapes of the differentiable arguments."""
    cuts = np.cumsum([np.size(x) for x in problem.inputs])[:-1]
    return tuple(part.reshape(np.shape(x)) for part, x in zip(np.split(flat, cuts), problem.inputs, strict=True))
