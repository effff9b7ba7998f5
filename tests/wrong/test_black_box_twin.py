"""Estimators that are wrong on purpose: the questions asked of the real one must tell them apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gradcheck.gradients.directional import entry_slope
from gradcheck.gradients.method import untraced
from gradcheck.verdicts.black_box import noise_of

FAMILY = [(a, b, x) for a in (0.3, 1.7, 11.0) for b in (0.1, 2.0) for x in (0.05, 0.9, 4.0)]


def posed(a, b, x):
    """A function, where, and its slope there."""
    return (lambda t: np.sin(a * t) * np.exp(b * t)), x, (a * np.cos(a * x) + b * np.sin(a * x)) * np.exp(b * x)


def estimate(function, x):
    problem = untraced(function, (x,), (0,))
    return entry_slope(problem, 0, noise_of(problem)[0])


def too_sure(function, x):
    """A bound a thousand times too small."""
    found = estimate(function, x)
    return replace(found, error=found.error / 1000)


def straddling(function, x, step=1e-3):
    """One central difference at a step that fits most functions, with the bound that fits those."""
    found = estimate(function, x)
    return replace(found, value=(function(x + step) - function(x - step)) / (2 * step), error=step**2)


def violations(estimator):
    return sum(abs(estimator(f, x).value - slope) > estimator(f, x).error for f, x, slope in (posed(*p) for p in FAMILY))


def test_the_real_bound_is_never_violated():
    assert violations(estimate) == 0


def test_a_bound_a_thousand_times_too_small_is_seen_to_fail():
    assert violations(too_sure) > len(FAMILY) / 2


NEAR = [pytest.param(lambda x: abs(x - 1), 1 + distance, 1.0, id=f"{distance:g}") for distance in (1e-4, 1e-6, 1e-8, 1e-10)]


@pytest.mark.parametrize(("function", "x", "slope"), NEAR)
def test_a_stencil_that_straddles_a_kink_is_seen_to_fail(function, x, slope):
    real, wrong = estimate(function, x), straddling(function, x)
    assert abs(real.value - slope) <= real.error < 1e-4
    assert abs(wrong.value - slope) > max(wrong.error, 0.5)


def test_a_kink_at_the_point_has_a_central_difference_all_the_same():
    """The mean of the slopes: only the one-sided slopes tell."""
    assert straddling(abs, 0.0).value == 0.0
    assert not estimate(abs, 0.0).bounded
