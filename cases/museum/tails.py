"""Museum: rules that are right in the middle and lose everything far out.

Every case sums its outputs with the weights W, a fixed cotangent: no two alike, none 0 or 1.
"""

import numpy as np
from scipy.special import digamma, erfcx, expit, log_ndtr, ndtr, polygamma

from gradcheck import Real, case, exhibit

W = np.array([1.5, -0.5, 2.0])
X = np.array([0.6, -1.2, 1.7])
BERNOULLI = np.array([1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798])


@exhibit(
    library="JAX", source="jax-ml/jax#40342, commit 893b483e", kind="cancellation", shows="where the sigmoid is close to 1",
    bug="1 - s cancels where s is close to 1: from 37 on the gradient is exactly 0", along=("x", 0, -40.0, 40.0),
)  # fmt: skip
@case(x=Real(3), at=[(X,), (np.array([36.0, -1.2, 40.0]),)])
def sigmoid_tail(x):
    """The logistic function."""
    return W @ expit(x)


@sigmoid_tail.claimed_gradient
def sigmoid_tail_mended(x):
    return W * expit(x) * expit(-x)


@sigmoid_tail.claimed_gradient(expect="wrong", kinds=["precision"])
def sigmoid_tail_as_it_was(x):
    return W * expit(x) * (1 - expit(x))


@exhibit(
    library="JAX", source="jax-ml/jax#40343, commit 893b483e", kind="cancellation", shows="where tanh is close to 1 or -1",
    bug="(1 + t)(1 - t) cancels where t is close to 1 or -1", along=("x", 0, -22.0, 22.0),
)  # fmt: skip
@case(x=Real(3), at=[(X,), (np.array([18.0, -1.2, -20.0]),)])
def tanh_tail(x):
    """The hyperbolic tangent."""
    return W @ np.tanh(x)


@tanh_tail.claimed_gradient
def tanh_tail_mended(x):
    return W / np.cosh(x) ** 2


@tanh_tail.claimed_gradient(expect="wrong", kinds=["precision"])
def tanh_tail_as_it_was(x):
    return W * (1 + np.tanh(x)) * (1 - np.tanh(x))


@exhibit(
    library="JAX", source="jax-ml/jax commit b0805a8a", kind="where and NaN", shows="above 709, where exp overflows",
    bug="the branch that is not selected overflows, and infinity times 0 is NaN", along=("x", 0, 690.0, 730.0),
)  # fmt: skip
@case(x=Real(3), at=[(X,), (np.array([800.0, -1.2, 1.7]),)])
def celu_overflow(x):
    """The exponential linear unit."""
    return W @ np.where(x > 0, x, np.expm1(np.minimum(x, 0)))


@celu_overflow.claimed_gradient
def celu_mended(x):
    return W * np.where(x > 0, 1, np.exp(np.minimum(x, 0)))


@celu_overflow.claimed_gradient(expect="wrong", kinds=["nonfinite"])
def celu_as_it_was(x):
    return W * (np.where(x > 0, 1, 0) + np.where(x > 0, 0, 1) * np.exp(x))


@exhibit(
    library="JAX", source="jax-ml/jax#23842", year=2024, kind="where and NaN", shows="where a masked entry is large",
    bug="a masked entry is exponentiated before it is multiplied by 0", along=("x", 2, 690.0, 730.0),
)  # fmt: skip
@case(x=Real(3), at=[(X,), (np.array([0.0, -1.2, 1000.0]),)])
def masked_logsumexp(x):
    """log(exp x0 + exp x1): the third entry is masked."""
    kept = x[:2]
    top = np.max(kept)
    return top + np.log(np.sum(np.exp(kept - top)))


@masked_logsumexp.claimed_gradient
def masked_logsumexp_mended(x):
    mask, top = np.array([True, True, False]), np.max(x[:2])
    terms = np.exp(np.where(mask, x - top, -np.inf))
    return terms / np.sum(terms)


@masked_logsumexp.claimed_gradient(expect="wrong", kinds=["nonfinite"])
def masked_logsumexp_as_it_was(x):
    mask, top = np.array([True, True, False]), np.max(x[:2])
    terms = mask * np.exp(x - top)
    return terms / np.sum(terms[:2])


@exhibit(
    library="Chainer", source="chainer/chainer#6340", year=2019, kind="0 / 0 in the tail", shows="below -38, where density and distribution vanish",
    bug="density divided by distribution is 0 / 0 far to the left (in single precision from -14 on)", along=("x", 0, -45.0, 5.0),
)  # fmt: skip
@case(x=Real(3), at=[(X,), (np.array([-45.0, -1.2, 1.7]),)])
def log_normal_cdf(x):
    """The logarithm of the normal distribution function."""
    return W @ log_ndtr(x)


@log_normal_cdf.claimed_gradient
def log_normal_cdf_mended(x):
    return W * np.sqrt(2 / np.pi) / erfcx(-x / np.sqrt(2))


@log_normal_cdf.claimed_gradient(expect="wrong", kinds=["nonfinite"])
def log_normal_cdf_as_it_was(x):
    return W * np.exp(-0.5 * x**2) / (np.sqrt(2 * np.pi) * ndtr(x))


def _trigamma_by_series(x):
    """Ten terms of the sum, and the Euler-Maclaurin series of the rest: holds where that starts to the right of 0."""
    rest = x + 10
    tail = 1 / rest + 1 / (2 * rest**2) + sum(b / rest ** (2 * k + 3) for k, b in enumerate(BERNOULLI))
    return sum(1 / (x + k) ** 2 for k in range(10)) + tail


@exhibit(
    library="JAX", source="jax-ml/jax#37635", year=2026, kind="series out of its range", shows="far to the left of 0",
    bug="the series of trigamma is used left of 0 too, without the reflection formula: a negative number for a positive one", along=("x", 0, -16.9, -16.1),
)  # fmt: skip
@case(x=Real(3), at=[(np.array([0.6, 4.2, 1.7]),), (np.array([-16.5, 4.2, 1.7]),)])
def digamma_of_negatives(x):
    """The digamma function."""
    return W @ digamma(x)


@digamma_of_negatives.claimed_gradient
def digamma_mended(x):
    left = np.where(x < 0.5, x, 0.25)
    reflected = (np.pi / np.sin(np.pi * left)) ** 2 - polygamma(1, 1 - left)
    return W * np.where(x < 0.5, reflected, polygamma(1, np.where(x < 0.5, 1, x)))


@digamma_of_negatives.claimed_gradient(expect="wrong")
def digamma_as_it_was(x):
    return W * _trigamma_by_series(x)
