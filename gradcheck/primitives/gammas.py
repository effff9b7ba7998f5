"""Functions of gamma functions: beta, binomial, Pochhammer, zeta. Their derivatives are differences of digamma functions, which must not cancel."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from gradcheck.primitives.costs import TRANSCENDENTAL
from gradcheck.primitives.parameters import of_parameters
from gradcheck.primitives.record import POSITIVE, Example, Interval, Primitive, elementwise, points
from gradcheck.primitives.special import DIGAMMA, GAMMA, GAMMALN, POLYGAMMA

_SHIFT = 16  # terms summed before the asymptotic series takes over
_BERNOULLI = (1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760, 1 / 12)  # B_2k / 2k


def _digamma_difference(a: Any, b: Any) -> Any:
    """digamma(a + b) - digamma(a): terms of one sign, then the asymptotic series difference by difference (DLMF 5.7.6, 5.11.2)."""
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    direct = special.digamma(a + b) - special.digamma(a)
    with np.errstate(all="ignore"):
        total = sum(b / ((a + n) * (a + b + n)) for n in range(_SHIFT))
        low, high = a + _SHIFT, a + b + _SHIFT
        ratio = np.log1p(b / low)
        total = total + ratio + b / (2.0 * low * high)
        for k, coefficient in enumerate(_BERNOULLI, 1):
            total = total - coefficient * low ** (-2.0 * k) * np.expm1(-2.0 * k * ratio)
    return np.where((a > 0) & (a + b > 0), total, direct)[()]


DIGAMMA_DIFFERENCE = elementwise(
    "digamma_difference", _digamma_difference,
    lambda g, y, a, b: g * (POLYGAMMA(a + b, order=1) - POLYGAMMA(a, order=1)), lambda g, y, a, b: g * POLYGAMMA(a + b, order=1),
    cost=TRANSCENDENTAL, exact=lambda m, a, b: m.polygamma(0, a + b) - m.polygamma(0, a), domains=(POSITIVE, POSITIVE),
    formula="digamma(a + b) - digamma(a)",
)  # fmt: skip
BETA = elementwise(
    "beta", special.beta, lambda g, y, a, b: -g * (y * DIGAMMA_DIFFERENCE(a, b)), lambda g, y, a, b: -g * (y * DIGAMMA_DIFFERENCE(b, a)),
    cost=TRANSCENDENTAL, exact=lambda m, a, b: m.gamma(a) * m.gamma(b) / m.gamma(a + b), calls=[special.beta], array="special.beta({0}, {1})",
    domains=(POSITIVE, POSITIVE), special=points(pole=[(0.0, 1.0)], tail=[(1e-150, 2.0)]), backward=True, formula="B(a, b)", commutes=True,
)  # fmt: skip
BETALN = elementwise(
    "betaln", special.betaln, lambda g, y, a, b: -g * DIGAMMA_DIFFERENCE(a, b), lambda g, y, a, b: -g * DIGAMMA_DIFFERENCE(b, a),
    cost=TRANSCENDENTAL, exact=lambda m, a, b: m.lgamma(a) + m.lgamma(b) - m.lgamma(a + b), calls=[special.betaln],
    array="special.betaln({0}, {1})", domains=(POSITIVE, POSITIVE), special=points(pole=[(0.0, 1.0)], tail=[(1e10, 2.0), (1e-150, 2.0)]),
    backward=True, formula="log B(a, b)", commutes=True,
)  # fmt: skip
POCH = elementwise(
    "poch", special.poch, lambda g, y, a, b: g * (y * DIGAMMA_DIFFERENCE(a, b)), lambda g, y, a, b: g * (y * DIGAMMA(a + b)),
    cost=TRANSCENDENTAL, exact=lambda m, a, b: m.gamma(a + b) / m.gamma(a), calls=[special.poch], array="special.poch({0}, {1})",
    domains=(POSITIVE, POSITIVE), special=points(tail=[(60.0, 3.0)]), backward=True, formula="gamma(a + b) / gamma(a)",
)  # fmt: skip
BINOM = elementwise(
    "binom", special.binom,
    lambda g, y, n, k: g * (y * DIGAMMA_DIFFERENCE(n - k + 1.0, k)), lambda g, y, n, k: g * (y * DIGAMMA_DIFFERENCE(k + 1.0, n - 2.0 * k)),
    cost=TRANSCENDENTAL, exact=lambda m, n, k: m.gamma(n + 1) * m.named("rgamma", k + 1) * m.named("rgamma", n - k + 1), calls=[special.binom],
    array="special.binom({0}, {1})", domains=(Interval(5.0), Interval(0.0, 5.0)), special=points(edge=[(6.0, 0.0)], tail=[(60.0, 2.5)]),
    backward=True, formula="gamma(n + 1) / (gamma(k + 1) gamma(n - k + 1))",
)  # fmt: skip
RGAMMA: Primitive = elementwise(
    "rgamma", special.rgamma, lambda g, y, x: -g * (y * DIGAMMA(x)),
    cost=TRANSCENDENTAL, exact=lambda m, x: m.named("rgamma", x), calls=[special.rgamma], array="special.rgamma({0})", domains=(POSITIVE,),
    special=points(zero_of_the_derivative=[1.4616321449683622], tail=[170.0]), formula="1 / gamma(x)",
)  # fmt: skip
GAMMASGN = elementwise(
    "gammasgn", special.gammasgn, cost=TRANSCENDENTAL, arity=1, exact=lambda m, x: m.sign(m.gamma(x)), calls=[special.gammasgn], rounds=False,
    analytic=False, formula="sign of gamma(x)",
)  # fmt: skip
ZETA: Primitive = elementwise(
    "zeta", lambda x, s: special.zeta(s, x), lambda g, y, x, s: -g * (s * ZETA(x, s=s + 1.0)),
    cost=TRANSCENDENTAL, exact=lambda m, x, s=2.0: m.named("zeta", x, s), domains=(POSITIVE,), special=points(pole=[0.0], tail=[1e8, 1e-50]),
    examples=(Example(((),), {"s": 3.0}), Example(((),), {"s": 2.5})), formula="sum over n of (x + n)**-s",
)  # fmt: skip


def _of_order(x: Any, order: int) -> Any:
    return DIGAMMA(x) if order == 0 else POLYGAMMA(x, order=order)


def zeta(x: Any, q: Any = None, out: Any = None) -> Any:
    """scipy.special.zeta in its second argument: the first has no derivative in closed form."""
    if q is None or out is not None:
        raise TypeError("scipy.special.zeta(s) of s alone is not followed: its derivative has no closed form")
    return _zeta(x, q)


def multigammaln(a: Any, d: Any) -> Any:
    """scipy.special.multigammaln: gammaln at a, a - 1/2, ... summed."""
    constant = d * (d - 1) * 0.25 * np.log(np.pi)
    total: Any = constant
    for j in range(int(d)):
        total = total + GAMMALN(a - j / 2.0)
    return total


def factorial(n: Any, exact: bool = False, extend: str = "zero") -> Any:
    """scipy.special.factorial of floats: gamma(n + 1), 0 below 0."""
    if exact or extend != "zero":
        raise TypeError("scipy.special.factorial(exact=True, extend=) is not followed")
    return np.where(n < 0, 0.0, GAMMA(np.where(n < 0, 0.0, n) + 1.0))


def comb(N: Any, k: Any, *, exact: bool = False, repetition: bool = False) -> Any:
    """scipy.special.comb of floats: the binomial coefficient, 0 outside 0 <= k <= N."""
    if exact or repetition:
        raise TypeError("scipy.special.comb(exact=True, repetition=) is not followed")
    inside = np.logical_and(np.logical_and(k <= N, N >= 0), k >= 0)
    return np.where(inside, BINOM(np.where(inside, N, 1.0), np.where(inside, k, 0.0)), 0.0)


_zeta = of_parameters(ZETA, "s")
for _record, _calls in {
    ZETA: {special.zeta: zeta}, POLYGAMMA: {special.polygamma: of_parameters(_of_order, "order", whole=True)}, DIGAMMA: {special.psi: None},
    GAMMALN: {special.multigammaln: multigammaln, special.loggamma: None}, GAMMA: {special.factorial: factorial}, BINOM: {special.comb: comb},
}.items():  # fmt: skip
    _record.calls.update(_calls)  # type: ignore[attr-defined]
