"""Straight lines through measurements, with an interval for their slope: how fast a cost grows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.errors import UsageError

LEVEL = 0.95  # of the interval
RESAMPLES = 2000  # enough for the 2.5 % quantiles to stand still in their third digit


@dataclass(frozen=True, slots=True)
class Slope:
    """A slope with its interval at the level `LEVEL`, and how many points it rests on."""

    value: float
    low: float
    high: float
    points: int

    def within(self, low: float, high: float) -> bool:
        """Whether the whole interval lies between two bounds."""
        return low <= self.low and self.high <= high

    def beyond(self, low: float, high: float) -> bool:
        """Whether the whole interval lies outside two bounds, on one side of them."""
        return self.high < low or high < self.low

    def near(self, target: float, by: float) -> bool:
        """Whether the whole interval lies within `by` of a target."""
        return self.within(target - by, target + by)

    def __str__(self) -> str:
        return f"{self.value:.4f} [{self.low:.4f}, {self.high:.4f}]"


def slope(sizes: Sequence[float], costs: Sequence[float], *, seed: int = 0, resamples: int = RESAMPLES) -> Slope:
    """The exponent p of cost ~ size**p: the least-squares slope of log cost against log size. See `trend`.

    Raises UsageError for sizes or costs that are not positive.
    """
    x, y = np.asarray(sizes, dtype=float), np.asarray(costs, dtype=float)
    if not (np.all(x > 0) and np.all(y > 0) and np.isfinite(x).all() and np.isfinite(y).all()):
        raise UsageError("slope: sizes and costs must be positive numbers, since their logarithms are fitted")
    return trend(np.log(x), np.log(y), seed=seed, resamples=resamples)


def trend(x: Sequence[float] | Any, y: Sequence[float] | Any, *, seed: int = 0, resamples: int = RESAMPLES) -> Slope:
    """The least-squares slope of y against x, with a bootstrap interval.

    The bootstrap resamples pairs (x, y) and takes percentiles: it assumes neither equal scatter nor that the line is true (Efron and
    Tibshirani, An Introduction to the Bootstrap, 1993, sections 9.5 and 13.3). Resamples at a single x have no slope and are left
    out. The same seed gives the same interval. Raises UsageError for fewer than three different x.
    """
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if len(x) != len(y) or len(np.unique(x)) < 3:
        raise UsageError(f"trend: {len(x)} and {len(y)} numbers at {len(np.unique(x))} places; expected pairs at three places or more")
    value = float(_slopes(x[None], y[None])[0])
    drawn = np.random.default_rng(seed).integers(0, len(x), (resamples, len(x)))
    slopes = _slopes(x[drawn], y[drawn])
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(slopes[np.isfinite(slopes)], [tail, 1 - tail])
    return Slope(value, min(float(low), value), max(float(high), value), len(x))


def _slopes(x: Any, y: Any) -> Any:
    """The slope of every row; NaN where all x are the same."""
    dx, dy = x - x.mean(axis=1, keepdims=True), y - y.mean(axis=1, keepdims=True)
    spread = np.where((x == x[:, :1]).all(axis=1), np.nan, (dx * dx).sum(axis=1))
    return (dx * dy).sum(axis=1) / spread
