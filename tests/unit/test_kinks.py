"""Verdicts where a function is not differentiable: the joint hull, and which convention a claim follows."""

from __future__ import annotations

import numpy as np
import pytest

from gradcheck import check

WEIGHTS = np.array([1.0, -2.0, 3.0])
TIED = np.array([1.0, 2.0, 2.0, 0.0])


def relus(x):
    return np.sum(np.maximum(x, 0.0) * WEIGHTS)


def largest(x):
    return np.max(x)


def length(x):
    return np.sqrt(x @ x)


def two_arguments(x, y):
    return np.maximum(x, y)


CASES = [
    pytest.param(relus, lambda x: 0.0 * x, (np.zeros(3),), "kink", "zero", id="relu zero"),
    pytest.param(relus, lambda x: WEIGHTS / 2, (np.zeros(3),), "kink", "half", id="relu half"),
    pytest.param(relus, lambda x: WEIGHTS, (np.zeros(3),), "kink", "right", id="relu right"),
    pytest.param(relus, lambda x: WEIGHTS * [0.0, 1.0, 1.0], (np.zeros(3),), "kink", "mixed", id="relu mixed"),
    pytest.param(relus, lambda x: WEIGHTS * 1.01, (np.zeros(3),), "wrong", "outside", id="relu too large"),
    pytest.param(relus, lambda x: -WEIGHTS / 8, (np.zeros(3),), "wrong", "outside", id="relu wrong sign"),
    pytest.param(largest, lambda x: (x == x.max()) / 2.0, (TIED,), "kink", "half", id="max shared"),
    pytest.param(largest, lambda x: np.eye(4)[np.argmax(x)], (TIED,), "kink", "mixed", id="max first"),
    pytest.param(largest, lambda x: (x == x.max()) * 1.0, (TIED,), "wrong", "together", id="max whole to each"),
    pytest.param(largest, lambda x: 0.0 * x, (TIED,), "wrong", "together", id="max nothing"),
    pytest.param(two_arguments, lambda x, y: (0.3, 0.7), (1.5, 1.5), "kink", "mixed", id="two arguments shared"),
    pytest.param(two_arguments, lambda x, y: (1.0, 1.0), (1.5, 1.5), "wrong", "together", id="two arguments both"),
    pytest.param(length, lambda x: 0.0 * x, (np.zeros(3),), "kink", "zero", id="tip of a cone"),
    pytest.param(length, lambda x: np.full(3, 0.5), (np.zeros(3),), "kink", "mixed", id="inside the ball of gradients"),
    pytest.param(length, lambda x: np.array([0.9, 0.9, 0.0]), (np.zeros(3),), "wrong", "together", id="outside the ball, inside the box"),
    pytest.param(lambda x: np.abs(x) ** 3, lambda x: 0.0, (0.0,), "right", "digits", id="smooth cube"),
    pytest.param(lambda x: np.maximum(x, 0.0) - np.maximum(-x, 0.0), lambda x: 1.0, (0.0,), "right", "digits", id="two kinks that cancel"),
]


@pytest.mark.parametrize("function, claim, point, outcome, word", CASES)
def test_a_claim_at_a_kink(function, claim, point, outcome, word):
    verdict = check(function, claim, point)
    assert (verdict.outcome, verdict.ok) == (outcome, outcome != "wrong"), str(verdict)
    assert word in verdict.reason


@pytest.mark.parametrize("size", [6, 9, 15])
@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_many_kinks_at_once_are_no_reason_for_a_false_alarm(size, share):
    weights = np.linspace(-1.0, 2.0, size)
    verdict = check(lambda x: np.sum(weights * np.maximum(x, 0.0)), lambda x: weights * share, (np.zeros(size),))
    assert verdict.outcome == "kink", str(verdict)


def test_a_limiting_gradient_off_the_axes_is_a_convention():
    """max(x, y) - max(-x, -y) and the like: along the axes not every piece is met."""

    def function(x):
        return np.maximum(np.minimum(3 * x[0], 3 * x[1]), np.minimum(x[0] + x[1], 0.0))

    inside = np.array([3.0, 0.0])  # the piece where 0 < x0 < x1
    assert check(function, lambda x: inside, (np.zeros(2),)).outcome == "kink"


def test_entries_that_are_smooth_at_a_kink_are_right():
    verdict = check(relus, lambda x: np.array([0.0, -2.0, 3.0]), (np.array([0.0, 1.0, 2.0]),))
    assert verdict.entries == ("kink", "right", "right")


def test_a_smooth_entry_must_be_exact_even_at_a_kink():
    verdict = check(relus, lambda x: np.array([0.0, -2.0, 3.0 + 1e-6]), (np.array([0.0, 1.0, 2.0]),))
    assert verdict.outcome == "wrong"


@pytest.mark.parametrize("distance", [1e-3, 1e-7, 1e-15, 1e-100, 1e-300])
@pytest.mark.parametrize("side", [1.0, -1.0])
def test_a_point_close_to_a_kink_is_smooth(distance, side):
    point = (np.array([side * distance, 1.0, -1.0]),)
    assert check(relus, lambda x: WEIGHTS * (x > 0), point).outcome == "right"
    assert check(relus, lambda x: WEIGHTS * (x <= 0), point).outcome == "wrong"
