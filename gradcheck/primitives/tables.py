"""Looking up in sorted tables: where a number falls, and the straight line between knots."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gradcheck.primitives.costs import COMPARISON, Counts, Sized
from gradcheck.primitives.record import Primitive


def _searchsorted(knots: Any, x: Any, side: str = "left") -> Any:
    return np.searchsorted(knots, x, side=side)  # type: ignore[call-overload]


def _exact_searchsorted(m: Any, knots: Any, x: Any, side: str = "left") -> Any:
    before = m.less_equal if side == "right" else m.less

    def place(value: Any) -> int:
        low, high = 0, len(knots)
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if before(knots[middle], value) else (low, middle)
        return low

    return np.frompyfunc(place, 1, 1)(x)


def _searchsorted_cost(inputs: tuple[Sized, ...], output: Sized, params: Mapping[str, Any]) -> Counts:
    """One comparison for every halving of the table."""
    return COMPARISON * (output.size * max(inputs[0].size, 1).bit_length())


SEARCHSORTED = Primitive(
    "searchsorted", _searchsorted, None, _searchsorted_cost, exact=_exact_searchsorted, calls={}, rounds=False, analytic=False,
    formula="how many knots lie before x",
)  # fmt: skip


def searchsorted(a: Any, v: Any, side: str = "left", sorter: Any = None) -> Any:
    """np.searchsorted in a table that is sorted already."""
    if sorter is not None:
        raise TypeError("np.searchsorted(sorter=) is not followed: sort the table first")
    return SEARCHSORTED(a, v, side=side)


def digitize(x: Any, bins: Any, right: bool = False) -> Any:
    """np.digitize with increasing bins."""
    if getattr(bins, "recorder", None) is None and np.any(np.diff(bins) < 0):
        raise TypeError("np.digitize with decreasing bins is not followed: turn them round")
    return SEARCHSORTED(bins, x, side="left" if right else "right")


def interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None) -> Any:
    """np.interp: the line through the two knots beside x. Which knots those are is a decision."""
    if period is not None:
        raise TypeError("np.interp(period=) is not followed: repeat the table at both ends")
    xp, fp = (v if hasattr(v, "recorder") else np.asarray(v) * 1.0 for v in (xp, fp))
    place: Any = SEARCHSORTED(xp, x, side="right")
    if right is not None:
        place = place + (x > xp[-1])
    nothing, ends = np.zeros(1), (fp[:1] if left is None else np.reshape(left, (1,)), fp[-1:] if right is None else np.reshape(right, (1,)))
    slopes = (fp[1:] - fp[:-1]) / (xp[1:] - xp[:-1])
    rise = np.concatenate([nothing, slopes, nothing, nothing])
    foot = np.concatenate([xp[:1], xp, xp[-1:]])
    base = np.concatenate([ends[0], fp, ends[1]])
    return _at(rise, place) * (x - _at(foot, place)) + _at(base, place)


def _at(table: Any, place: Any) -> Any:
    """The table's entries at traced places, which are followed as decisions."""
    recorder = getattr(place, "recorder", None)
    return table[place] if recorder is None else recorder.lift(table)[place]


for _call, _adapter in {np.searchsorted: searchsorted, np.digitize: digitize, np.interp: interp}.items():
    SEARCHSORTED.calls[_call] = _adapter  # type: ignore[index]
