"""Museum: single points where a rule is wrong and its function is as smooth as everywhere else.

Every case sums its outputs with the weights W, a fixed cotangent: no two alike, none 0 or 1.
"""

import numpy as np
from scipy.special import i0, i1

from gradcheck import Real, case, exhibit

W = np.array([1.5, -0.5, 2.0])
X = np.array([0.6, -1.2, 1.7])
AT_ZERO = np.array([0.0, -1.2, 1.7])


@exhibit(
    library="JAX", source="jax-ml/jax#17995, commits 0a89fc83 and 6fe57314", kind="special exponent", shows="at every point",
    bug="x to the power 0 has the gradient 1", along=("x", 0, -2.0, 2.0),
)  # fmt: skip
@case(x=Real(3), at=[(X,)])
def power_zero(x):
    """x to the power 0."""
    return W @ x**0


@power_zero.claimed_gradient
def power_zero_mended(x):
    return 0 * x


@power_zero.claimed_gradient(expect="wrong", kinds=["missing-factor"])
def power_zero_as_it_was(x):
    return W + 0 * x


@exhibit(
    library="autograd", source="HIPS/autograd#149, commit cbf5c421", kind="0 times infinity", shows="where the base is 0",
    bug="the derivative of x^y by y is log(x) x^y, which is -inf times 0 at x = 0; its limit is 0", along=("y", 0, 0.5, 3.0),
)  # fmt: skip
@case(
    x=Real(3, low=-1e-300),
    y=Real(3, low=0),
    at=[(np.array([0.4, 1.3, 2.2]), np.array([1.5, 2.5, 1.8])), (np.array([0.0, 1.3, 2.2]), np.array([1.5, 2.5, 1.8]))],
)
def power_by_exponent(x, y):
    """Powers."""
    return W @ x**y


@power_by_exponent.claimed_gradient
def power_by_exponent_mended(x, y):
    return W * y * x ** (y - 1), W * np.where(x > 0, np.log(np.where(x > 0, x, 1)) * x**y, 0)


@power_by_exponent.claimed_gradient(expect="wrong", kinds=["nonfinite"])
def power_by_exponent_as_it_was(x, y):
    return W * y * x ** (y - 1), W * np.log(x) * x**y


@exhibit(
    library="TensorFlow.js", source="tensorflow/tfjs-core#1376", year=2018, kind="division by zero", shows="where the base is 0",
    bug="the derivative of x^n is formed as n x^n / x, which is 0 / 0 at 0", along=("x", 0, -1.0, 1.0),
)  # fmt: skip
@case(x=Real(3), at=[(X,), (AT_ZERO,)])
def cube_at_zero(x):
    """x^3."""
    return W @ x**3


@cube_at_zero.claimed_gradient
def cube_at_zero_mended(x):
    return W * 3 * x**2


@cube_at_zero.claimed_gradient(expect="wrong", kinds=["nonfinite"])
def cube_at_zero_as_it_was(x):
    return W * 3 * (x**3 / x)


@exhibit(
    library="JAX", source="jax-ml/jax#40628", year=2026, kind="special point", shows="at 0 alone",
    bug="the gradient of the Bessel function I0 is 1 at 0, where it is 0", along=("x", 0, -2.0, 2.0),
)  # fmt: skip
@case(x=Real(3), at=[(X,), (AT_ZERO,)])
def bessel_i0(x):
    """The modified Bessel function of order 0."""
    return W @ i0(x)


@bessel_i0.claimed_gradient
def bessel_i0_mended(x):
    return W * i1(x)


@bessel_i0.claimed_gradient(expect="wrong")
def bessel_i0_as_it_was(x):
    return W * np.where(x == 0, 1, i1(x))


@exhibit(
    library="TensorFlow", source="tensorflow/tensorflow#120578", year=2026, kind="removable singularity", shows="at 0 alone",
    bug="0 for I1(x) / x at 0, where its limit is 1/2: the gradient of I1 is twice what it should be", along=("x", 0, -2.0, 2.0),
)  # fmt: skip
@case(x=Real(3), at=[(X,), (AT_ZERO,)])
def bessel_i1(x):
    """The modified Bessel function of order 1."""
    return W @ i1(x)


@bessel_i1.claimed_gradient
def bessel_i1_mended(x):
    quotient = np.where(x == 0, 0.5, i1(x) / np.where(x == 0, 1, x))
    return W * (i0(x) - quotient)


@bessel_i1.claimed_gradient(expect="wrong")
def bessel_i1_as_it_was(x):
    quotient = np.where(x == 0, 0, i1(x) / np.where(x == 0, 1, x))
    return W * (i0(x) - quotient)


def _sinc_slope(x):
    """The derivative of sinc: near 0 by its series, as the closed form cancels there."""
    t = np.pi * x
    far = np.where(np.abs(t) < 1, 1, t)
    near = sum((-1) ** k * 2 * k * t ** (2 * k - 1) / _factorial(2 * k + 1) for k in range(1, 11))
    return np.pi * np.where(np.abs(t) < 1, near, (np.cos(far) - np.sin(far) / far) / far)


def _factorial(n):
    return float(np.prod(np.arange(1.0, n + 1)))


@exhibit(
    library="PyTorch", source="pytorch/pytorch#53989", year=2021, kind="division by zero", shows="at 0 alone",
    bug="the closed form of the gradient of sinc is 0 / 0 at 0", along=("x", 0, -2.0, 2.0),
)  # fmt: skip
@case(x=Real(3), at=[(X,), (AT_ZERO,)])
def sinc_at_zero(x):
    """sin(pi x) / (pi x)."""
    return W @ np.sinc(x)


@sinc_at_zero.claimed_gradient
def sinc_at_zero_mended(x):
    return W * _sinc_slope(x)


@sinc_at_zero.claimed_gradient(expect="wrong", kinds=["nonfinite"])
def sinc_at_zero_as_it_was(x):
    t = np.pi * x
    return W * (t * np.cos(t) - np.sin(t)) / (np.pi * x * x)


@exhibit(
    library="JAX", source="jax-ml/jax#34139 and #35305", year=2026, kind="cancellation", shows="near 0",
    bug="the closed form of the gradient of sinc is used up to 0, where its two terms cancel to the last digit", along=("x", 0, 1e-9, 1e-5),
)  # fmt: skip
@case(x=Real(3), at=[(X,), (np.array([1e-6, -1.2, 1.7]),)])
def sinc_near_zero(x):
    """sin(pi x) / (pi x)."""
    return W @ np.sinc(x)


@sinc_near_zero.claimed_gradient
def sinc_near_zero_mended(x):
    return W * _sinc_slope(x)


@sinc_near_zero.claimed_gradient(expect="wrong", kinds=["precision"])
def sinc_near_zero_as_it_was(x):
    t = np.where(x == 0, 1, np.pi * x)
    return W * np.where(x == 0, 0, np.pi * (np.cos(t) - np.sin(t) / t) / t)


@exhibit(
    library="JAX", source="jax-ml/jax#21723", year=2024, kind="0 / 0 times 0", shows="at the origin alone",
    bug="the squared norm goes through the norm, whose gradient is 0 / 0 at the origin", along=("x", 0, -1.0, 1.0),
)  # fmt: skip
@case(x=Real(3), at=[(X,), (np.zeros(3),)])
def squared_norm(x):
    """The square of a length."""
    return np.linalg.norm(x) ** 2


@squared_norm.claimed_gradient
def squared_norm_mended(x):
    return 2 * x


@squared_norm.claimed_gradient(expect="wrong", kinds=["nonfinite"])
def squared_norm_as_it_was(x):
    length = np.linalg.norm(x)
    return 2 * length * (x / length)


@exhibit(
    library="JAX", source="jax-ml/jax#347", year=2019, kind="where and NaN", shows="where a row is 0",
    bug="what is not selected is multiplied by 0, and 0 times NaN is NaN", along=("x", 0, -1.0, 1.0),
)  # fmt: skip
@case(x=Real((2, 2)), at=[(np.array([[1.0, 2.0], [3.0, 4.0]]),), (np.array([[0.0, 0.0], [3.0, 4.0]]),)])
def chosen_norm(x):
    """The lengths of rows, 1 for the short ones."""
    length = np.sqrt(np.sum(x**2, axis=1))
    return W[:2] @ np.where(length > 0.5, length, 1.0)


@chosen_norm.claimed_gradient
def chosen_norm_mended(x):
    length = np.sqrt(np.sum(x**2, axis=1))
    safe = np.where(length > 0.5, length, 1.0)
    return (W[:2] * (length > 0.5) / safe)[:, None] * x


@chosen_norm.claimed_gradient(expect="wrong", kinds=["nonfinite"])
def chosen_norm_as_it_was(x):
    length = np.sqrt(np.sum(x**2, axis=1))
    return (W[:2] * (length > 0.5) / length)[:, None] * x
