"""Wrong gradients of a toy framework, and judges with a check left out: the first are rejected, and each check is seen to be needed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from toy_framework import beside_a_kink, point, toy

from gradcheck.arithmetic.noise import Noise
from gradcheck.frameworks import judging
from gradcheck.frameworks.judging import judge
from gradcheck.precision import BFLOAT16, FLOAT16, FLOAT32, PRECISIONS

X = (0.7, -1.3, 2.1, -0.2)


def right(x, g):
    return g / np.cosh(x) ** 2


WRONG = {
    "a factor": lambda x, g: 2 * right(x, g),
    "the sign": lambda x, g: -right(x, g),
    "two percent": lambda x, g: 1.02 * right(x, g),
    "no cotangent": lambda x, g: right(x, 1.0),
    "the cotangent twice": lambda x, g: right(x, g * g),
    "one entry": lambda x, g: right(x, g) * np.array([1.0, 1.0, 1.0, 1.5]),
    "not finite": lambda x, g: right(x, g) * np.array([1.0, np.nan, 1.0, 1.0]),
}


@pytest.mark.parametrize("twin", [np.tanh, None], ids=["certified", "black-box"])
@pytest.mark.parametrize("precision", [pytest.param(p, id=n) for n, p in PRECISIONS.items()])
@pytest.mark.parametrize("gradient", [pytest.param(g, id=n) for n, g in WRONG.items()])
def test_wrong_gradients_are_rejected_in_every_precision(gradient, precision, twin):
    subject = toy(np.tanh, gradient, twin=twin, precision=precision)
    assert judge(subject, point(X, precision=precision)).outcome == "wrong"


@pytest.mark.parametrize("precision", [pytest.param(p, id=n) for n, p in PRECISIONS.items()])
def test_a_given_twin_that_is_another_function_is_a_wrong_forward(precision):
    """Even where 8 bits of the value tell nothing: in float64 they do."""
    verdict = judge(toy(np.tanh, right, twin=lambda x: np.tanh(x) * 1.0005, precision=precision), point(X, precision=precision))
    assert verdict.outcome == "wrong" and verdict.kinds == ("wrong-forward",)
    assert "NumPy twin given" in verdict.reason


def test_without_a_look_at_float64_narrow_types_hide_mistakes():
    """What the second look is for: by bfloat16's own rounding, two percent are nothing."""
    subject = replace(toy(np.tanh, WRONG["two percent"], twin=np.tanh, precision=BFLOAT16), widens=False)
    assert judge(subject, point(X, precision=BFLOAT16)).outcome == "right"


def test_without_points_nearby_a_frozen_twin_condemns_a_right_gradient(monkeypatch):
    frozen = np.tanh(np.array(X))
    monkeypatch.setattr("gradcheck.frameworks.agreement.NEARBY", 0)
    assert judge(toy(np.tanh, right, twin=lambda x: frozen + 0 * x, origin="read"), point(X)).outcome == "wrong"


def test_without_the_tie_a_right_gradient_beside_a_kink_is_condemned(monkeypatch):
    monkeypatch.setattr(judging, "near_tie", lambda problem: None)
    assert judge(beside_a_kink(), point((1.0, 1.0009765625), precision=FLOAT16)).outcome == "wrong"


def test_without_a_floor_subnormal_numbers_condemn_a_right_gradient(monkeypatch):
    def bell(x):
        return np.exp(-0.5 * x * x)

    def pulled(x, g, rounded):
        return -g * x * rounded(bell(x))

    plain = Noise.__init__
    monkeypatch.setattr(Noise, "__init__", lambda self, copies=8, seed=0, floor=0.0: plain(self, copies, seed))
    assert judge(toy(bell, pulled, twin=bell, precision=FLOAT16, inside=True), point((5.5, -6.0), precision=FLOAT16)).outcome == "wrong"


def test_a_black_box_that_computes_otherwise_in_float64_is_undecided():
    """Judged beside another function, a right gradient would be wrong."""
    subject = toy(np.tanh, right, precision=FLOAT32)

    def value(*given):
        return np.sin(given[0]) if given[0].dtype == np.float64 else subject.value(*given)

    verdict = judge(replace(subject, value=value), point(X, precision=FLOAT32))
    assert verdict.outcome == "undecided" and "another value" in verdict.reason
