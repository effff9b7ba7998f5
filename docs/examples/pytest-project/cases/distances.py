"""Functions kept with their gradients: each case, and each gradient claimed for it, is a test."""

import numpy as np

from gradcheck import Real, case


@case(u=Real(3), v=Real(3))
def squared_distance(u, v):
    """The squared distance of two users' tastes."""
    d = u - v
    return np.sum(d**2)


@squared_distance.claimed_gradient
def by_hand(u, v):
    return 2.0 * (u - v), 2.0 * (v - u)


@squared_distance.claimed_gradient(expect="wrong", kinds=["sign"])
def forgets_that_v_is_subtracted(u, v):
    return 2.0 * (u - v), 2.0 * (u - v)
