"""Gradients of the losses."""

import numpy as np
import pytest
from ratings.model import huber, huber_gradient, logistic_gradient, logistic_loss

from gradcheck import Data, Real

rng = np.random.default_rng(0)
X, y = rng.normal(size=(8, 3)), rng.integers(0, 2, 8)


def test_logistic_gradient(gradcheck):
    gradcheck(logistic_loss, grad=logistic_gradient, at=(np.array([0.5, -1.0, 2.0]), 0.1, X, y), argnums=(0, 1))


@pytest.mark.gradcheck(points=5)
def test_logistic_gradient_wherever_it_is(gradcheck):
    gradcheck(logistic_loss, grad=logistic_gradient, domain={"w": Real(3), "b": Real(), "X": Data(X), "y": Data(y)}, argnums=(0, 1))


@pytest.mark.gradcheck(search=True)
def test_huber_gradient_at_its_corners_too(gradcheck):
    gradcheck(huber, grad=huber_gradient, at=(np.array([0.3, -0.7, 2.0]),))


def test_huber_gradient_explored(gradcheck):
    gradcheck(huber, grad=huber_gradient, at=[(np.array([0.3, 2.0]),), (np.array([-4.0, 0.5]),)], search="hypothesis")
