"""Incomplete beta and gamma functions, regularized, of fixed parameters (DLMF 8.17, 8.2)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special

from gradcheck.primitives.costs import TRANSCENDENTAL
from gradcheck.primitives.record import POSITIVE, Exact, Example, Interval, Primitive, elementwise, points, shape_of
from gradcheck.primitives.special import XLOGY

LARGE = 100.0  # parameters beyond which powers and gamma functions may overflow, and logarithms take their place


def _beta_density(x: Any, a: float, b: float) -> Any:
    """x**(a-1) (1-x)**(b-1) / B(a, b)."""
    if max(a, b) > LARGE:
        return np.exp(XLOGY(a - 1.0, x) + XLOGY(b - 1.0, 1.0 - x) - _log_beta(a, b, sign=1))
    return x ** (a - 1.0) * (1.0 - x) ** (b - 1.0) * _exponential(_log_beta(a, b, sign=-1))


def _gamma_density(x: Any, a: float) -> Any:
    """x**(a-1) exp(-x) / Gamma(a)."""
    if a > LARGE:
        return np.exp(XLOGY(a - 1.0, x) - x - _log_gamma(a, sign=1))
    return x ** (a - 1.0) * np.exp(-x) * _exponential(_log_gamma(a, sign=-1))


def _log_gamma(a: float, sign: int) -> Exact:
    return Exact(f"log gamma({a})", sign * float(special.gammaln(a)), lambda m: sign * m.lgamma(m.constant(a)))


def _log_beta(a: float, b: float, sign: int) -> Exact:
    def form(m: Any) -> Any:
        return sign * (m.lgamma(m.constant(a)) + m.lgamma(m.constant(b)) - m.lgamma(m.constant(a) + m.constant(b)))

    return Exact(f"log B({a}, {b})", sign * float(special.betaln(a, b)), form)


def _exponential(log: Exact) -> Exact:
    return Exact(f"exp({log.text})", math.exp(log.value), lambda m: m.exp(log.form(m)))


PARAMETERS = (Example(((),), {"a": 2.5, "b": 1.5}), Example(((),), {"a": 1.0, "b": 3.0}))
SHAPES = (Example(((),), {"a": 2.5}), Example(((),), {"a": 1.0}))
BETAINC = elementwise(
    "betainc", lambda x, a, b: special.betainc(a, b, x), lambda g, y, x, a, b: g * _beta_density(x, a, b),
    cost=TRANSCENDENTAL, exact=lambda m, x, a=2.0, b=2.0: m.betainc(m.constant(a), m.constant(b), x), domains=(Interval(0.0, 1.0),),
    examples=PARAMETERS, special=points(edge=[0.0, 1.0], tail=[1e-300]), formula="I_x(a, b)",
)  # fmt: skip
GAMMAINC = elementwise(
    "gammainc", lambda x, a: special.gammainc(a, x), lambda g, y, x, a: g * _gamma_density(x, a),
    cost=TRANSCENDENTAL, exact=lambda m, x, a=2.0: m.gammainc(m.constant(a), x), domains=(POSITIVE,),
    examples=SHAPES, special=points(edge=[0.0], tail=[1e-300, 700.0]), formula="P(a, x)",
)  # fmt: skip
GAMMAINCC = elementwise(
    "gammaincc", lambda x, a: special.gammaincc(a, x), lambda g, y, x, a: -g * _gamma_density(x, a),
    cost=TRANSCENDENTAL, exact=lambda m, x, a=2.0: 1 - m.gammainc(m.constant(a), x), domains=(POSITIVE,),
    examples=SHAPES, special=points(edge=[0.0], tail=[1e-300, 700.0]), formula="1 - P(a, x)",
)  # fmt: skip


def _of_parameters(record: Primitive, *names: str) -> Callable[..., Any]:
    """The record called as SciPy's function is: parameters first. They have no derivative in closed form, so they must be fixed numbers."""

    def adapter(*given: Any) -> Any:
        *parameters, x = given
        if any(getattr(p, "recorder", None) is not None for p in parameters):
            raise TypeError(
                f"the derivative of {record.name} in {' and '.join(names)} has no closed form: make them data, not arguments to differentiate"
            )
        if any(shape_of(p) != () for p in parameters):
            raise TypeError(f"{record.name} of several {' or '.join(names)} at once is not followed: call it for each")
        return record(x, **{n: float(p) for n, p in zip(names, parameters, strict=True)})

    return adapter


BETAINC.calls[special.betainc] = _of_parameters(BETAINC, "a", "b")  # type: ignore[index]
GAMMAINC.calls[special.gammainc] = _of_parameters(GAMMAINC, "a")  # type: ignore[index]
GAMMAINCC.calls[special.gammaincc] = _of_parameters(GAMMAINCC, "a")  # type: ignore[index]
