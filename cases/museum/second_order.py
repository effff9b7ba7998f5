"""Museum: derivatives of derivatives. The function of each case is a first derivative as its library computes it; its rule is the second.

Every case sums its outputs with the weights W, a fixed cotangent: no two alike, none 0 or 1.
"""

import numpy as np
from scipy.special import i0, i1

from gradcheck import Real, case, exhibit

W = np.array([1.5, -0.5, 2.0])
A, B = np.array([0.6, -1.2, 0.3]), np.array([1.1, 0.7, 1.4])


@exhibit(
    library="Chainer", source="chainer commit b8f1434c", kind="wrong operation", shows="everywhere but at b = 1",
    bug="in the second derivative of a division, a multiplication by b^3 stands for the division by it", along=("b", 0, 0.6, 2.0),
)  # fmt: skip
@case(a=Real(3), b=Real(3, low=0), at=[(A, B)])
def division_twice(a, b):
    """-a / b^2, the derivative of a / b by b."""
    return W @ (-a / b**2)


@division_twice.claimed_gradient
def division_twice_mended(a, b):
    return -W / b**2, W * 2 * a / b**3


@division_twice.claimed_gradient(expect="wrong", kinds=["wrong-local-derivative"])
def division_twice_as_it_was(a, b):
    return -W / b**2, W * 2 * a * b**3


@exhibit(
    library="JAX", source="jax-ml/jax#40627 and #40640", year=2026, kind="constant branch", shows="at 0 alone",
    bug="the first derivative of I0 had been mended with a constant 0 at x = 0, and the derivative of a constant is 0", along=("x", 0, -2.0, 2.0),
)  # fmt: skip
@case(x=Real(3), at=[(A,), (np.array([0.0, -1.2, 0.3]),)])
def bessel_i0_twice(x):
    """I1, the derivative of the modified Bessel function I0."""
    return W @ i1(x)


@bessel_i0_twice.claimed_gradient
def bessel_i0_twice_mended(x):
    quotient = np.where(x == 0, 0.5, i1(x) / np.where(x == 0, 1, x))
    return W * (i0(x) - quotient)


@bessel_i0_twice.claimed_gradient(expect="wrong")
def bessel_i0_twice_as_it_was(x):
    quotient = i1(x) / np.where(x == 0, 1, x)
    return W * np.where(x == 0, 0, i0(x) - quotient)
