"""Second derivatives: the gradient along a vector as a function of its own, and a second opinion that knows none of our rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import numpy as np
from flint import arb, arb_series

from gradcheck.arithmetic.enclosures import Undecidable, ball, precision
from gradcheck.arithmetic.taylor import MANY, MoreTerms
from gradcheck.circuit import simplify
from gradcheck.gradients.functional import grad
from gradcheck.gradients.method import Problem
from gradcheck.gradients.truth import Truth, flat_entries, random_direction, series_along

GRID = 2.0**10


def slope_along(function: Callable[..., Any], argnums: Sequence[int], vector: Sequence[Any]) -> Callable[..., Any]:
    """The function whose gradient is the Hessian times the vector: the gradient's inner product with it. It can be traced."""
    chosen = tuple(argnums)

    @wraps(function)
    def slope(*arguments: Any) -> Any:
        total: Any = 0.0
        for part, v in zip(
            grad(function, chosen)(*arguments), vector, strict=True
        ):  # a fresh derivative keeps no program: the same bits always
            total = total + np.sum(part * v)
        return total

    return slope


def on_grid(vector: Any) -> Any:
    """A vector in few bits."""
    return np.round(np.asarray(vector, dtype=float) * GRID) / GRID


def confirm(problem: Problem, vector: Sequence[Any], truth: Truth) -> None:
    """Raise ArithmeticError where the truth of a Hessian's product contradicts Taylor series of the function itself.

    D(u + v) - D(u - v) is 4 u'Hv, with D(w) the second derivative along w, from FLINT's series alone (Griewank, Utke & Walther 2000).
    Nothing is said at kinks, and where a function has no series of three terms. The vector is `on_grid`, so that sums with it are exact.
    """
    if truth.is_kink:
        return
    u, v = (tuple(map(on_grid, w)) for w in (random_direction(problem, np.random.default_rng(2)), vector))
    with precision(truth.bits, MANY):
        both = [_curvature(problem, tuple(a + s * b for a, b in zip(u, v, strict=True))) for s in (1.0, -1.0)]
        if both[0] is None or both[1] is None:
            return
        claimed = sum((e * ball(float(d)) for e, d in zip(flat_entries(truth.entries), flat_entries(u), strict=True)), arb(0))
        if not claimed.overlaps((both[0] - both[1]) / 4):
            raise ArithmeticError("the Hessian and second-order Taylor series contradict each other: a rule is wrong")


def _curvature(problem: Problem, direction: tuple[Any, ...]) -> Any:
    """The second derivative along a direction; None where the series does not give it."""
    try:
        result, holds, ties = series_along(simplify(problem.circuit), problem, direction)
    except (Undecidable, MoreTerms, ArithmeticError, ValueError):
        return None
    if not holds or ties:
        return None
    if not isinstance(result, arb_series):
        return arb(0)
    return 2 * result[2] if result.prec >= 3 and result[2].is_finite() else None
