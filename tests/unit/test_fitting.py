"""Slopes: known ones are found, their intervals say how sure they are, and the same seed gives the same bits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcheck.errors import UsageError
from gradcheck.studies.fitting import LEVEL, Slope, slope, trend

SIZES = tuple(2.0**k for k in range(3, 15))


@given(power=st.floats(0.1, 3.0), factor=st.floats(1e-6, 1e6), seed=st.integers(0, 10))
def test_a_power_law_has_its_exponent_for_a_slope_and_no_scatter(power, factor, seed):
    found = slope(SIZES, [factor * n**power for n in SIZES], seed=seed, resamples=50)
    assert found.value == pytest.approx(power, abs=1e-9)
    assert (found.low, found.high) == (pytest.approx(power, abs=1e-9), pytest.approx(power, abs=1e-9))
    assert found.low <= found.value <= found.high


@given(power=st.floats(0.5, 2.5), scale=st.floats(0.25, 4.0), seed=st.integers(0, 100))
def test_the_unit_of_sizes_and_costs_does_not_matter(power, scale, seed):
    rng = np.random.default_rng(seed)
    costs = [n**power * np.exp(rng.normal(scale=0.1)) for n in SIZES]
    plain, scaled = slope(SIZES, costs, resamples=50), slope([n * scale for n in SIZES], [c * 7 for c in costs], resamples=50)
    assert (scaled.value, scaled.low, scaled.high) == (pytest.approx(plain.value), pytest.approx(plain.low), pytest.approx(plain.high))


def test_the_interval_holds_the_true_slope_about_as_often_as_it_says():
    rng, held = np.random.default_rng(1), 0
    for trial in range(200):
        costs = [n**1.5 * np.exp(rng.normal(scale=0.2)) for n in SIZES]
        found = slope(SIZES, costs, seed=trial, resamples=400)
        held += found.low <= 1.5 <= found.high
    assert 0.82 <= held / 200 <= 1.0  # a percentile interval of twelve points falls a little short of its level
    assert LEVEL == 0.95


def test_more_scatter_gives_a_wider_interval():
    rng = np.random.default_rng(2)
    noise = rng.normal(size=len(SIZES))
    narrow, wide = (slope(SIZES, [n * np.exp(s * e) for n, e in zip(SIZES, noise, strict=True)]) for s in (0.01, 0.3))
    assert wide.high - wide.low > 10 * (narrow.high - narrow.low)


def test_the_same_seed_gives_the_same_bits():
    costs = [n * (1 + 0.1 * np.sin(n)) for n in SIZES]
    assert slope(SIZES, costs, seed=3) == slope(SIZES, costs, seed=3)
    assert slope(SIZES, costs, seed=3) != slope(SIZES, costs, seed=4)


def test_three_sizes_are_enough_though_resamples_may_have_one():
    found = slope([1, 2, 4], [1.0, 2.1, 3.9])
    assert np.isfinite([found.low, found.high]).all()


def test_a_trend_is_that_of_least_squares():
    x, y = np.arange(10.0), np.cos(np.arange(10.0))
    assert trend(x, y).value == pytest.approx(np.polyfit(x, y, 1)[0])


@pytest.mark.parametrize(
    ("sizes", "costs", "what"),
    [
        pytest.param([1, 2, 4], [1, 0, 2], "positive", id="a cost of nothing"),
        pytest.param([0, 2, 4], [1, 1, 2], "positive", id="a size of nothing"),
        pytest.param([1, 2, 4], [1, float("nan"), 2], "positive", id="no number"),
        pytest.param([1, 2], [1, 2], "three places", id="two sizes"),
        pytest.param([2, 2, 2, 2], [1, 2, 3, 4], "three places", id="one size"),
        pytest.param([1, 2, 4], [1, 2], "expected pairs", id="fewer costs than sizes"),
    ],
)
def test_what_has_no_slope_is_said(sizes, costs, what):
    with pytest.raises(UsageError, match=what):
        slope(sizes, costs)


INTERVAL = Slope(1.0, 0.95, 1.1, 8)


@pytest.mark.parametrize(
    ("low", "high", "within", "beyond"),
    [(0.9, 1.2, True, False), (0.97, 1.2, False, False), (0.9, 1.05, False, False), (1.2, 1.3, False, True), (0.5, 0.9, False, True)],
)
def test_an_interval_lies_within_bounds_beyond_them_or_neither(low, high, within, beyond):
    assert (INTERVAL.within(low, high), INTERVAL.beyond(low, high)) == (within, beyond)
    assert str(INTERVAL) == "1.0000 [0.9500, 1.1000]"
