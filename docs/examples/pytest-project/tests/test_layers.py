"""Vector-Jacobian products of the layers."""

import numpy as np
from ratings.layers import dense, dense_vjp, softmax, softmax_vjp

rng = np.random.default_rng(1)


def test_softmax(gradcheck):
    gradcheck(softmax, grad=softmax_vjp, at=(rng.normal(size=(2, 4)),), vjp=True)


def test_dense(gradcheck):
    gradcheck(dense, grad=dense_vjp, at=(rng.normal(size=(4, 3)), rng.normal(size=(3, 2)), rng.normal(size=2)), vjp=True)
