"""Functions of scipy.special: sigmoid, error and gamma functions, and the soft maximum family."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import special

from gradcheck.primitives.costs import ADDITION, COMPARISON, DIVISION, MULTIPLICATION, TRANSCENDENTAL, Counts, Sized
from gradcheck.primitives.elementary import LN2
from gradcheck.primitives.record import POSITIVE, REAL, UNIT, Exact, Example, Interval, Primitive, Special, elementwise, points
from gradcheck.primitives.reductions import Axis, kept_shape, stretch

ONE_OVER_ROOT_TWO_PI = Exact("1/sqrt(2 pi)", 1 / math.sqrt(2 * math.pi), lambda m: 1 / m.sqrt(2 * m.pi()))
ROOT_TWO_OVER_PI = Exact("sqrt(2/pi)", math.sqrt(2 / math.pi), lambda m: m.sqrt(2 / m.pi()))
ONE_OVER_ROOT_TWO = Exact("1/sqrt(2)", math.sqrt(0.5), lambda m: 1 / m.sqrt(m.constant(2)))
TWO_OVER_ROOT_PI = Exact("2/sqrt(pi)", 2 / math.sqrt(math.pi), lambda m: 2 / m.sqrt(m.pi()))
Params = Mapping[str, Any]
Inputs = tuple[Any, ...]

EXPIT: Primitive = elementwise(  # the factors stay accurate in both tails, where 1 - y has lost its digits
    "expit", special.expit, lambda g, y, x: g * (y * EXPIT(-x)),
    cost=TRANSCENDENTAL, exact=lambda m, x: 1 / (1 + m.exp(-x)), calls=[special.expit], array="special.expit({0})",
    special=points(tail=[40.0, -40.0, 745.0, -745.0, 800.0], zero=[0.0]), scalar="1.0 / (1.0 + math.exp(-{0}))", formula="1 / (1 + exp(-x))",
)  # fmt: skip
LOGIT = elementwise(
    "logit", special.logit, lambda g, y, x: g / (x * (1.0 - x)),
    cost=TRANSCENDENTAL, exact=lambda m, x: m.log(x / (1 - x)), calls=[special.logit], array="special.logit({0})",
    domains=(Interval(0.0, 1.0),), special=points(pole=[0.0, 1.0], tail=[1e-300, 1.0 - 2.0**-53]), formula="log(x / (1 - x))",
)  # fmt: skip
ERF = elementwise(
    "erf", special.erf, lambda g, y, x: g * (TWO_OVER_ROOT_PI * np.exp(-x * x)),
    cost=TRANSCENDENTAL, exact=lambda m, x: m.erf(x), calls=[special.erf], array="special.erf({0})", scalar="math.erf({0})",
    special=points(tail=[6.0, 27.0, -6.0], zero=[0.0]), formula="erf(x)",
)  # fmt: skip
ERFC = elementwise(
    "erfc", special.erfc, lambda g, y, x: -g * (TWO_OVER_ROOT_PI * np.exp(-x * x)),
    cost=TRANSCENDENTAL, exact=lambda m, x: m.erfc(x), calls=[special.erfc], array="special.erfc({0})",
    special=points(tail=[26.0, -6.0], zero=[0.0]), scalar="math.erfc({0})", formula="1 - erf(x)",
)  # fmt: skip
GAMMALN = elementwise(
    "gammaln", special.gammaln, lambda g, y, x: g * special.digamma(x),
    cost=TRANSCENDENTAL, exact=lambda m, x: m.lgamma(x), calls=[special.gammaln], array="special.gammaln({0})",
    domains=(POSITIVE,), special=points(pole=[0.0], zero=[1.0, 2.0], zero_of_the_derivative=[1.4616321449683622], tail=[1e300]),
    backward=True, scalar="math.lgamma({0})", formula="log(gamma(x))",
)  # fmt: skip
DIGAMMA = elementwise(
    "digamma", special.digamma, lambda g, y, x: g * POLYGAMMA(x, order=1),
    cost=TRANSCENDENTAL, exact=lambda m, x: m.polygamma(0, x), calls=[special.digamma], array="special.digamma({0})",
    domains=(POSITIVE,), special=points(pole=[0.0], zero=[1.4616321449683622], tail=[1e300, 1e-150]), backward=True, formula="digamma(x)",
)  # fmt: skip

GAMMA = elementwise(
    "gamma", special.gamma, lambda g, y, x: g * (y * special.digamma(x)),
    cost=TRANSCENDENTAL, exact=lambda m, x: m.gamma(x), calls=[special.gamma], array="special.gamma({0})", domains=(POSITIVE,),
    special=points(pole=[0.0], zero_of_the_derivative=[1.4616321449683622], tail=[171.0]), formula="gamma(x)",
)  # fmt: skip
ERFCX = elementwise(  # the difference of two large terms for large x: there erfcx(x) is near 1 / (x sqrt(pi))
    "erfcx", special.erfcx, lambda g, y, x: g * (2.0 * x * y - TWO_OVER_ROOT_PI),
    cost=TRANSCENDENTAL, exact=lambda m, x: m.exp(x * x) * m.erfc(x), calls=[special.erfcx], array="special.erfcx({0})", domains=(UNIT,),
    special=(Special("tail", (26.0,)),), formula="exp(x**2) erfc(x)",
)  # fmt: skip
LOG_NDTR = elementwise(  # the density over the distribution, by erfcx: neither over- nor underflows, nothing cancels
    "log_ndtr", special.log_ndtr, lambda g, y, x: g * (ROOT_TWO_OVER_PI / ERFCX(-x * ONE_OVER_ROOT_TWO)),
    cost=TRANSCENDENTAL, exact=lambda m, x: m.log(m.erfc(-x / m.sqrt(m.constant(2))) / 2), calls=[special.log_ndtr],
    array="special.log_ndtr({0})", special=(Special("tail", (-30.0,)), Special("tail", (8.0,))), formula="log of the normal distribution function",
)  # fmt: skip
NDTR = elementwise(
    "ndtr", special.ndtr, lambda g, y, x: g * (ONE_OVER_ROOT_TWO_PI * np.exp(-0.5 * (x * x))),
    cost=TRANSCENDENTAL, exact=lambda m, x: m.erfc(-x / m.sqrt(m.constant(2))) / 2, calls=[special.ndtr], array="special.ndtr({0})",
    special=(Special("tail", (-37.0,)), Special("tail", (8.0,))), formula="normal distribution function",
)  # fmt: skip
XLOGY = elementwise(  # 0 at x = 0, whatever y; its derivative in y vanishes there too
    "xlogy", special.xlogy, lambda g, y, a, b: g * np.log(b), lambda g, y, a, b: g * (a / b),
    cost=TRANSCENDENTAL + MULTIPLICATION, exact=lambda m, a, b: a * m.log(b), calls=[special.xlogy], array="special.xlogy({0}, {1})",
    domains=(REAL, POSITIVE), special=(Special("zero factor", (0.0, 1.0)),), formula="x log(y)",
)  # fmt: skip
LOGADDEXP2 = elementwise(
    "logaddexp2", np.logaddexp2, lambda g, y, a, b: g * EXPIT((a - b) * LN2), lambda g, y, a, b: g * EXPIT((b - a) * LN2),
    cost=TRANSCENDENTAL, exact=lambda m, a, b: m.log(m.exp(a * LN2.form(m)) + m.exp(b * LN2.form(m))) / LN2.form(m), calls=[np.logaddexp2],
    special=(Special("tail", (0.0, 60.0)),), backward=True, formula="log2(2**a + 2**b)", commutes=True,
)  # fmt: skip


def _polygamma(x: Any, order: int) -> Any:
    return special.polygamma(order, x)[()]


POLYGAMMA: Primitive = elementwise(
    "polygamma", _polygamma, lambda g, y, x, order: g * POLYGAMMA(x, order=order + 1),
    cost=TRANSCENDENTAL, exact=lambda m, x, order=1: m.polygamma(order, x), domains=(POSITIVE,),
    examples=(Example(((),), {"order": 1}), Example(((),), {"order": 2})), special=points(pole=[0.0], tail=[1e8]),
    backward=True, formula="order-th derivative of digamma",
)  # fmt: skip
LOGADDEXP = elementwise(
    "logaddexp", np.logaddexp, lambda g, y, a, b: g * EXPIT(a - b), lambda g, y, a, b: g * EXPIT(b - a),
    cost=TRANSCENDENTAL, exact=lambda m, a, b: m.log(m.exp(a) + m.exp(b)), calls=[np.logaddexp],
    special=points(tail=[(0.0, 40.0), (0.0, -800.0), (1e16, 1e16), (-800.0, -790.0)], tie=[(0.0, 0.0)]),
    backward=True, formula="log(exp(a) + exp(b))", commutes=True,
)  # fmt: skip


# the soft maximum: sums over an axis, so not elementwise
def _softmax(x: Any, axis: Axis = None) -> Any:
    return special.softmax(x, axis=axis)


def _exact_softmax(m: Any, x: Any, axis: Axis = None) -> Any:
    weight = _each(m.exp, x)
    return weight / np.broadcast_to(np.sum(weight, axis=axis, keepdims=True), x.shape)


def _each(function: Any, x: Any) -> Any:
    """A function of every scalar. A lone scalar stays one: NumPy would take a power series for a list of its coefficients."""
    return np.frompyfunc(function, 1, 1)(x) if isinstance(x, np.ndarray) else function(x)


def _logsumexp(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    return special.logsumexp(x, axis=axis, keepdims=keepdims)


def _exact_logsumexp(m: Any, x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    return _each(m.log, np.sum(_each(m.exp, x), axis=axis, keepdims=keepdims))


def _log_softmax(x: Any, axis: Axis = None) -> Any:
    return special.log_softmax(x, axis=axis)


def _exact_log_softmax(m: Any, x: Any, axis: Axis = None) -> Any:
    return x - np.broadcast_to(_exact_logsumexp(m, x, axis, keepdims=True), x.shape)


def _softmax_rule(position: int, g: Any, y: Any, inputs: Inputs, params: Params) -> Any:
    weighted = g * y
    return weighted - y * np.sum(weighted, axis=params.get("axis"), keepdims=True)


def _logsumexp_rule(position: int, g: Any, y: Any, inputs: Inputs, params: Params) -> Any:
    (x,), axis = inputs, params.get("axis")
    return stretch(g, x.shape, axis) * SOFTMAX(x, **({} if axis is None else {"axis": axis}))


def _log_softmax_rule(position: int, g: Any, y: Any, inputs: Inputs, params: Params) -> Any:
    return g - np.exp(y) * np.sum(g, axis=params.get("axis"), keepdims=True)


def _groups(shape: tuple[int, ...], axis: Axis) -> int:
    return int(np.prod(kept_shape(shape, axis), dtype=int))


def _logsumexp_cost(inputs: tuple[Sized, ...], output: Sized, params: Params) -> Counts:
    """Largest element found and subtracted, exponentials summed, one logarithm and one addition a group."""
    n, groups = inputs[0].size, _groups(inputs[0].shape, params.get("axis"))
    each = (COMPARISON + ADDITION) * (n - groups) + (ADDITION + TRANSCENDENTAL) * n
    return each + (TRANSCENDENTAL + ADDITION) * groups


def _softmax_cost(inputs: tuple[Sized, ...], output: Sized, params: Params) -> Counts:
    n, groups = inputs[0].size, _groups(inputs[0].shape, params.get("axis"))
    return (COMPARISON + ADDITION) * (n - groups) + (ADDITION + TRANSCENDENTAL + DIVISION) * n


def _log_softmax_cost(inputs: tuple[Sized, ...], output: Sized, params: Params) -> Counts:
    n, groups = inputs[0].size, _groups(inputs[0].shape, params.get("axis"))
    return (COMPARISON + ADDITION) * (n - groups) + (ADDITION * 2 + TRANSCENDENTAL) * n + TRANSCENDENTAL * groups


LINES = (Example(((3,),)), Example(((2, 2),), {"axis": 1}))
SOFTMAX = Primitive(
    "softmax",
    _softmax,
    _softmax_rule,
    _softmax_cost,
    exact=_exact_softmax,
    calls={},
    examples=LINES,
    backward=True,
    formula="exp(x_i) / sum exp(x_j)",
)
LOGSUMEXP = Primitive(
    "logsumexp", _logsumexp, _logsumexp_rule, _logsumexp_cost, exact=_exact_logsumexp, calls={},
    examples=(*LINES, Example(((2, 2),), {"axis": 0, "keepdims": True})), backward=True, formula="log(sum exp(x_i))",
)  # fmt: skip
LOG_SOFTMAX = Primitive(
    "log_softmax", _log_softmax, _log_softmax_rule, _log_softmax_cost, exact=_exact_log_softmax, calls={}, examples=LINES,
    backward=True, formula="x_i - log(sum exp(x_j))",
)  # fmt: skip


def softmax(x: Any, axis: Axis = None) -> Any:
    """scipy.special.softmax."""
    return SOFTMAX(x, **({} if axis is None else {"axis": axis}))


def log_softmax(x: Any, axis: Axis = None) -> Any:
    """scipy.special.log_softmax."""
    return LOG_SOFTMAX(x, **({} if axis is None else {"axis": axis}))


def logsumexp(a: Any, axis: Axis = None, b: Any = None, keepdims: bool = False, return_sign: bool = False) -> Any:
    """scipy.special.logsumexp without weights."""
    if b is not None or return_sign:
        raise TypeError("logsumexp(b=, return_sign=) is not followed: write np.log(np.sum(b * np.exp(a)))")
    given: dict[str, Any] = {} if axis is None else {"axis": axis}
    return LOGSUMEXP(a, **(given | ({"keepdims": True} if keepdims else {})))


SOFTMAX.calls[special.softmax] = softmax  # type: ignore[index]
LOG_SOFTMAX.calls[special.log_softmax] = log_softmax  # type: ignore[index]
LOGSUMEXP.calls[special.logsumexp] = logsumexp  # type: ignore[index]
