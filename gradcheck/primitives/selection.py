"""Comparisons and selections: the operations that decide, and those that take what was decided.

At a tie both operands get half the cotangent: the midpoint of the two one-sided derivatives.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.primitives.costs import COMPARISON, MOVE
from gradcheck.primitives.record import Primitive, Special, elementwise, points


def _comparison(name: str, symbol: str, ufunc: np.ufunc) -> Primitive:
    return elementwise(
        name, ufunc, cost=COMPARISON, arity=2, exact=lambda m, a, b: getattr(m, name)(a, b), calls=[ufunc],
        scalar=f"{{0}} {symbol} {{1}}", array=f"{{0}} {symbol} {{1}}", rounds=False,
        special=points(tie=[(0.0, 0.0)]), formula=f"a {symbol} b",
    )  # fmt: skip


GREATER = _comparison("greater", ">", np.greater)
GREATER_EQUAL = _comparison("greater_equal", ">=", np.greater_equal)
LESS = _comparison("less", "<", np.less)
LESS_EQUAL = _comparison("less_equal", "<=", np.less_equal)
EQUAL = _comparison("equal", "==", np.equal)
NOT_EQUAL = _comparison("not_equal", "!=", np.not_equal)


def _logical(name: str, ufunc: np.ufunc, arity: int, array: str, scalar: str) -> Primitive:
    return elementwise(
        name, ufunc, cost=MOVE, arity=arity, exact=lambda m, *a: getattr(m, name)(*a), calls=[ufunc],
        array=array, scalar=scalar, rounds=False, formula=name,
    )  # fmt: skip


LOGICAL_AND = _logical("logical_and", np.logical_and, 2, "np.logical_and({0}, {1})", "bool({0}) and bool({1})")
LOGICAL_OR = _logical("logical_or", np.logical_or, 2, "np.logical_or({0}, {1})", "bool({0}) or bool({1})")
LOGICAL_NOT = _logical("logical_not", np.logical_not, 1, "np.logical_not({0})", "not {0}")


def _on_booleans(record: Primitive, symbol: str) -> Any:
    """&, |, ^ and ~ of booleans; of whole numbers they act on bits."""

    def adapter(*operands: Any) -> Any:
        if any(getattr(x, "dtype", np.asarray(False if isinstance(x, bool) else 0).dtype).kind != "b" for x in operands):
            raise TypeError(f"{symbol} is followed for booleans only: compare first, as in (a > 0) {symbol} (b > 0)")
        return record(*operands)

    return adapter


for _record, _ufunc, _symbol in (
    (LOGICAL_AND, np.bitwise_and, "&"), (LOGICAL_OR, np.bitwise_or, "|"), (NOT_EQUAL, np.bitwise_xor, "^"), (LOGICAL_NOT, np.invert, "~"),
):  # fmt: skip
    _record.calls[_ufunc] = _on_booleans(_record, _symbol)  # type: ignore[index]


def _step(name: str, ufunc: np.ufunc, special: tuple[Special, ...], scalar: str | None = None) -> Primitive:
    return elementwise(
        name, ufunc, cost=COMPARISON, arity=1, exact=lambda m, x: getattr(m, name)(x), calls=[ufunc],
        rounds=False, analytic=False, special=special, scalar=scalar, formula=f"{name}(x)",
    )  # fmt: skip


JUMP = points(jump=[1.0])
FLOOR = _step("floor", np.floor, JUMP)
CEIL = _step("ceil", np.ceil, JUMP)
RINT = elementwise(
    "rint", np.rint, cost=COMPARISON, arity=1, exact=lambda m, x: m.rint(x), calls=[np.rint], rounds=False, analytic=False,
    special=points(jump=[0.5]), formula="nearest whole number",
)  # fmt: skip
SIGN = _step("sign", np.sign, points(jump=[0.0]), "(1.0 if {0} > 0.0 else -1.0 if {0} < 0.0 else 0.0 if {0} == 0.0 else {0})")


def round_to(x: Any, decimals: int = 0, out: Any = None) -> Any:
    """np.round, to a number of decimals."""
    if out is not None:
        raise TypeError("np.round(out=) is not followed")
    if decimals == 0:
        return RINT(x)
    scale = 10.0 ** abs(decimals)
    return RINT(x * scale) / scale if decimals > 0 else RINT(x / scale) * scale


RINT.calls[np.round] = round_to  # type: ignore[index]
RINT.calls[np.around] = round_to  # type: ignore[index]
ISNAN = _step("isnan", np.isnan, (), "{0} != {0}")
ISFINITE = _step("isfinite", np.isfinite, (), "{0} - {0} == 0.0")

ABS = elementwise(
    "absolute", np.absolute, lambda g, y, x: g * np.sign(x),
    cost=COMPARISON, exact=lambda m, x: m.absolute(x), calls=[np.absolute, np.fabs], scalar="abs({0})",
    array="np.abs({0})", pick=lambda exact, x: np.where(exact[0] >= 0, x[0], -x[0]), rounds=False, analytic=False,
    special=points(kink=[0.0]), pieces=("x > 0", "x < 0"), formula="|x|",
)  # fmt: skip
WHERE = elementwise(
    "where", np.where,
    None, lambda g, y, c, a, b: np.where(c, g, 0.0), lambda g, y, c, a, b: np.where(c, 0.0, g),
    cost=MOVE, exact=lambda m, c, a, b: m.where(c, a, b), calls=[], scalar="{1} if {0} else {2}",
    array="np.where({0}, {1}, {2})", pick=lambda exact, x: np.where(exact[0], x[1], x[2]), rounds=False,
    pieces=("c = True", "c = False"), formula="a if c else b",
)  # fmt: skip


def where(condition: Any, *choices: Any) -> Any:
    """np.where with its three arguments; one argument alone has no shape known beforehand."""
    if len(choices) != 2:
        raise TypeError("np.where(condition) without values: write np.where(condition, a, b)")
    return WHERE(condition, *choices)


WHERE.calls[np.where] = where  # type: ignore[index]


def _half_at_tie(g: Any, wins: Any, ties: Any) -> Any:
    return np.where(wins, g, np.where(ties, g / 2.0, 0.0))


MAXIMUM = elementwise(
    "maximum", np.maximum,
    lambda g, y, a, b: _half_at_tie(g, a > b, a == b), lambda g, y, a, b: _half_at_tie(g, b > a, a == b),
    cost=COMPARISON, exact=lambda m, a, b: m.maximum(a, b), calls=[np.maximum, np.fmax],
    scalar="({0} if {0} >= {1} or {0} != {0} else {1})", pick=lambda exact, x: np.where(exact[0] >= exact[1], x[0], x[1]),
    rounds=False, special=points(tie=[(0.0, 0.0), (1.0, 1.0)]), pieces=("a < b", "a > b"), formula="max(a, b)", commutes=True,
)  # fmt: skip
MINIMUM = elementwise(
    "minimum", np.minimum,
    lambda g, y, a, b: _half_at_tie(g, a < b, a == b), lambda g, y, a, b: _half_at_tie(g, b < a, a == b),
    cost=COMPARISON, exact=lambda m, a, b: m.minimum(a, b), calls=[np.minimum, np.fmin],
    scalar="({0} if {0} <= {1} or {0} != {0} else {1})", pick=lambda exact, x: np.where(exact[0] <= exact[1], x[0], x[1]),
    rounds=False, special=points(tie=[(0.0, 0.0), (1.0, 1.0)]), pieces=("a < b", "a > b"), formula="min(a, b)", commutes=True,
)  # fmt: skip


def _clip_exact(m: Any, x: Any, low: Any, high: Any) -> Any:
    return m.minimum(m.maximum(x, low), high)


def _clip_pick(exact: Any, x: Any) -> Any:
    inside = np.where(exact[0] < exact[1], x[1], np.where(exact[0] > exact[2], x[2], x[0]))
    return np.where(exact[1] > exact[2], x[2], inside)


def _within(g: Any, x: Any, low: Any, high: Any) -> Any:
    share = _half_at_tie(g, np.logical_and(x > low, x < high), np.logical_or(x == low, x == high))
    return np.where(low > high, 0.0, share)


CLIP = elementwise(  # where the lower bound is above the upper one, the upper one is the result
    "clip", np.clip,
    lambda g, y, x, low, high: _within(g, x, low, high),
    lambda g, y, x, low, high: np.where(low > high, 0.0, _half_at_tie(g, x < low, x == low)),
    lambda g, y, x, low, high: _half_at_tie(g, np.logical_or(x > high, low > high), x == high),
    cost=COMPARISON * 2, exact=_clip_exact, pick=_clip_pick, rounds=False, special=points(kink=[(0.0, 0.0, 1.0), (1.0, 0.0, 1.0)]),
    pieces=("low < x < high", "x < low < high", "low < high < x", "x < high < low", "high < x < low", "high < low < x"),
    scalar="({2} if {0} > {2} or {1} > {2} else {1} if {0} < {1} else {0})", formula="min(max(x, low), high)",
)  # fmt: skip


def clip(x: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Any:
    """np.clip in both spellings of its bounds; a bound left out does not bind."""
    low = min if a_min is None else a_min
    high = max if a_max is None else a_max
    if low is None and high is None:
        return np.copy(x)
    if low is None:
        return MINIMUM(x, high)
    return MAXIMUM(x, low) if high is None else CLIP(x, low, high)


CLIP.calls[np.clip] = clip  # type: ignore[index]
