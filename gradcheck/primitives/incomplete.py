"""Incomplete beta and gamma functions, regularized, of fixed parameters (DLMF 8.17, 8.2)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special

from gradcheck.primitives.costs import TRANSCENDENTAL
from gradcheck.primitives.parameters import of_parameters
from gradcheck.primitives.record import POSITIVE, Exact, Example, Interval, elementwise, points
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


def chdtr(v: Any, x: Any) -> Any:
    """scipy.special.chdtr: the chi-square distribution."""
    return _gammainc(v / 2.0, x / 2.0)


def chdtrc(v: Any, x: Any) -> Any:
    """scipy.special.chdtrc: its survival function."""
    return _gammaincc(v / 2.0, x / 2.0)


def gdtr(a: Any, b: Any, x: Any) -> Any:
    """scipy.special.gdtr: the gamma distribution; its scale may be differentiated too."""
    return _gammainc(b, a * x)


def gdtrc(a: Any, b: Any, x: Any) -> Any:
    """scipy.special.gdtrc: its survival function."""
    return _gammaincc(b, a * x)


def betaincc(a: Any, b: Any, x: Any) -> Any:
    """scipy.special.betaincc, the other tail."""
    return _betainc(b, a, 1.0 - x)


_betainc, _gammainc, _gammaincc = of_parameters(BETAINC, "a", "b"), of_parameters(GAMMAINC, "a"), of_parameters(GAMMAINCC, "a")
for _record, _calls in {
    BETAINC: {special.betainc: _betainc, special.betaincc: betaincc},
    GAMMAINC: {special.gammainc: _gammainc, special.chdtr: chdtr, special.gdtr: gdtr},
    GAMMAINCC: {special.gammaincc: _gammaincc, special.chdtrc: chdtrc, special.gdtrc: gdtrc},
}.items():
    _record.calls.update(_calls)  # type: ignore[attr-defined]
