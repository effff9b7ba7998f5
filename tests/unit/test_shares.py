"""What equal values get at a tie must add up to the whole, once: the finding says so, and is silent where the mistake is another."""

from __future__ import annotations

import numpy as np
import pytest

from gradcheck import check

X = np.array([1.0, 2.0, 2.0, 0.0])
WEIGHTS = np.array([1.5, -0.5])


def squares_of_larger(x, y):
    return np.sum(np.maximum(x, y) ** 2)


CASES = [
    pytest.param(np.max, lambda x: 1.0 * (x == np.max(x)), (X,), "2 times the whole", id="each largest"),
    pytest.param(lambda x: np.min(x) * 3, lambda x: 3.0 * (x == np.min(x)), (X[1:3],), "2 times", id="each smallest"),
    pytest.param(
        lambda x: np.max(x, axis=0) @ WEIGHTS, lambda x: WEIGHTS * (x == np.max(x, axis=0)), (np.array([[1.0, 1.0], [1.0, 0.5]]),),
        "", id="each largest of a column",
    ),
    pytest.param(
        squares_of_larger, lambda x, y: (2 * x * (x > y), 2 * y * (y > x)), (np.array([1.0, 2.0]), np.array([1.0, 3.0])), "all zero", id="none"
    ),
    pytest.param(
        lambda x: np.max(np.abs(x)), lambda x: np.sign(x) * (np.abs(x) == np.max(np.abs(x))), (np.array([1.0, -2.0, 2.0]),),
        "2 times", id="of both signs",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("function", "gradient", "at", "says"), CASES)
def test_a_tie_given_away_twice_or_not_at_all_is_named(function, gradient, at, says):
    verdict = check(function, gradient, at)
    assert (verdict.outcome, verdict.kinds) == ("wrong", ("tie",))
    assert says in verdict.diagnosis[0].message
    assert verdict.diagnosis[0].hop.line


TWINS = [
    pytest.param(lambda x: -1.0 * (x == np.max(x)), id="sign"),
    pytest.param(lambda x: np.array([0.0, 0.5, 0.5, 0.25]), id="another entry"),
    pytest.param(lambda x: 3.0 * (x == np.max(x)), id="more than the whole to each"),
]


@pytest.mark.parametrize("gradient", TWINS)
def test_another_mistake_at_a_tie_is_no_matter_of_shares(gradient):
    verdict = check(np.max, gradient, (X,))
    assert verdict.outcome == "wrong"
    assert "tie" not in verdict.kinds


def test_a_tie_shared_out_is_a_convention():
    assert check(np.max, lambda x: (x == np.max(x)) / np.sum(x == np.max(x)), (X,)).outcome == "kink"
