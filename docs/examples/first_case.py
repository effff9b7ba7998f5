"""The README's example: a function, a right gradient, and one that forgets the inner derivative."""

import numpy as np

from gradcheck import case


@case(x=1.0)
def sine_of_square(x):
    """y = sin((x + 1)**2)."""
    z = x + 1
    h = z**2
    return np.sin(h)


@sine_of_square.claimed_gradient
def by_hand(x):
    return np.cos((x + 1) ** 2) * 2 * (x + 1)


@sine_of_square.claimed_gradient(expect="wrong", kinds=["missing-factor"])
def forgets_the_inner_derivative(x):
    return np.cos((x + 1) ** 2)
