"""Museum: sums, products, normalisations and broadcasting.

Where the output is an array, the case sums it with the weights W, a fixed cotangent: no two alike, none 0 or 1.
"""

import numpy as np

from gradcheck import Real, case, exhibit

W = np.array([1.5, -0.5, 2.0, 0.75])
X = np.array([0.6, -1.2, 1.7, 0.9])
EPS = 1e-5


@exhibit(
    library="PyTorch", source="pytorch/pytorch#995", kind="cotangent dropped", shows="wherever the cotangent is not 1",
    bug="the gradient of prod ignores the incoming cotangent",
)  # fmt: skip
@case(x=Real(4), at=[(X,)])
def negated_product(x):
    """Minus a product."""
    return -np.prod(x)


@negated_product.claimed_gradient
def negated_product_mended(x):
    return -np.prod(x) / x


@negated_product.claimed_gradient(expect="wrong", kinds=["sign"])
def negated_product_as_it_was(x):
    return np.prod(x) / x


@exhibit(
    library="PyTorch", source="pytorch/pytorch#773", year=2017, kind="division by zero", shows="where a factor is 0",
    bug="the gradient of prod divides the product by each factor: 0 / 0 where one is 0", along=("x", 1, -1.0, 1.0),
)  # fmt: skip
@case(x=Real(4), at=[(X,), (np.array([0.6, 0.0, 1.7, 0.9]),)])
def product_with_a_zero(x):
    """A product."""
    return 1.5 * np.prod(x)


@product_with_a_zero.claimed_gradient
def product_mended(x):
    return 1.5 * np.array([np.prod(np.delete(x, i)) for i in range(x.size)])


@product_with_a_zero.claimed_gradient(expect="wrong", kinds=["nonfinite"])
def product_as_it_was(x):
    return 1.5 * np.prod(x) / x


def _cumulated(x, weights):
    """The gradient of weights @ cumprod(x), without a division."""
    rows = [np.where(np.arange(x.size) < i, 0, weights * np.cumprod(np.where(np.arange(x.size) == i, 1, x))) for i in range(x.size)]
    return np.sum(rows, axis=1)


@exhibit(
    library="TensorFlow", source="tensorflow/tensorflow#3862", year=2016, kind="division by zero", shows="where an entry is 0",
    bug="the gradient of cumprod divides by each entry, and is NaN where one is 0", along=("x", 1, -1.0, 1.0),
)  # fmt: skip
@case(x=Real(4), at=[(X,), (np.array([0.6, 0.0, 1.7, 0.9]),)])
def cumulated_product(x):
    """Weighted partial products."""
    return W @ np.cumprod(x)


@cumulated_product.claimed_gradient
def cumulated_product_mended(x):
    return _cumulated(x, W)


@cumulated_product.claimed_gradient(expect="wrong", kinds=["nonfinite"])
def cumulated_product_as_it_was(x):
    return np.cumsum((W * np.cumprod(x))[::-1])[::-1] / x


@exhibit(
    library="TensorFlow", source="tensorflow/tensorflow#119430", year=2026, kind="mended halfway", shows="where an entry is 0",
    bug="the NaN of the gradient of cumprod was mended by writing 0 for 0 / 0: now it is silently wrong", along=("x", 1, -1.0, 1.0),
)  # fmt: skip
@case(x=Real(4), at=[(X,), (np.array([0.6, 0.0, 1.7, 0.9]),)])
def cumulated_product_again(x):
    """Weighted partial products."""
    return W @ np.cumprod(x)


@cumulated_product_again.claimed_gradient
def cumulated_product_again_mended(x):
    return _cumulated(x, W)


@cumulated_product_again.claimed_gradient(expect="wrong")
def cumulated_product_again_as_it_was(x):
    rest = np.cumsum((W * np.cumprod(x))[::-1])[::-1]
    return np.where(x == 0, 0, rest / np.where(x == 0, 1, x))


@exhibit(
    library="TensorFlow.NET", source="SciSharp/TensorFlow.NET#303", year=2019, kind="missing path", shows="at every point",
    bug="x x x has the gradient x^2: what flows back along the other two factors is lost", along=("x", 0, -2.0, 2.0),
)  # fmt: skip
@case(x=Real(4), at=[(X,)])
def cube_by_products(x):
    """0.1 x x x."""
    return 0.1 * np.sum(x * x * x)


@cube_by_products.claimed_gradient
def cube_mended(x):
    return 0.1 * 3 * x * x


@cube_by_products.claimed_gradient(expect="wrong", kinds=["missing-path"])
def cube_as_it_was(x):
    return 0.1 * x * x


@exhibit(
    library="OneFlow", source="Oneflow-Inc/oneflow#8769", year=2022, kind="sum forgotten", shows="wherever the argument is broadcast",
    bug="the cotangent of a broadcast argument of fmod is not summed over the rows it was repeated in",
)  # fmt: skip
@case(x=Real(1), y=Real(2, low=0), at=[(np.array([5.0]), np.array([2.0, 3.5]))])
def broadcast_dividend(x, y):
    """One dividend, two divisors."""
    return W[:2] @ np.fmod(x, y)


@broadcast_dividend.claimed_gradient
def broadcast_dividend_mended(x, y):
    return np.sum(W[:2], keepdims=True), W[:2] * -np.trunc(x / y)


@broadcast_dividend.claimed_gradient(expect="wrong", kinds=["shape"])
def broadcast_dividend_as_it_was(x, y):
    return W[:2], W[:2] * -np.trunc(x / y)


@exhibit(
    library="ND4J", source="deeplearning4j/nd4j#2424", year=2017, kind="sum forgotten", shows="at every point",
    bug="a row that is added to every row of a matrix gets a gradient for each of them, not their sum",
)  # fmt: skip
@case(x=Real((3, 2)), row=Real(2), at=[(np.array([[0.6, -1.2], [1.7, 0.9], [0.2, -0.4]]), np.array([0.3, -0.8]))])
def added_row(x, row):
    """The squares of a matrix to whose rows a row is added."""
    return np.sum((x + row) ** 2)


@added_row.claimed_gradient
def added_row_mended(x, row):
    return 2 * (x + row), np.sum(2 * (x + row), axis=0)


@added_row.claimed_gradient(expect="wrong", kinds=["shape"])
def added_row_as_it_was(x, row):
    return 2 * (x + row), 2 * (x + row)


def _batch_norm_adjoint(x, cotangent, inverse):
    """The gradient of the normalised batch, as in the original paper; `inverse` is that of the standard deviation."""
    centred, scaled = x - np.mean(x), cotangent * inverse
    by_variance = -0.5 * np.sum(scaled * centred * inverse**2)
    by_mean = -np.sum(scaled) - 2 * by_variance * np.mean(centred)
    return scaled + by_variance * 2 * centred / x.size + by_mean / x.size


@exhibit(
    library="Knet", source="denizyuret/Knet.jl#288", year=2018, kind="missing factor", shows="wherever the scale is not 1",
    bug="the cotangent of batch normalisation is multiplied by the scale, but the unscaled one is used", along=("x", 0, -3.0, 3.0),
)  # fmt: skip
@case(x=Real(4), g=Real(), at=[(X, 1.8)])
def batch_norm_scale(x, g):
    """A normalised batch times a scale."""
    centred = x - np.mean(x)
    return W @ (g * centred / np.sqrt(np.mean(centred**2) + EPS))


@batch_norm_scale.claimed_gradient
def batch_norm_scale_mended(x, g):
    inverse = 1 / np.sqrt(np.var(x) + EPS)
    return _batch_norm_adjoint(x, g * W, inverse), W @ (x - np.mean(x)) * inverse


@batch_norm_scale.claimed_gradient(expect="wrong", kinds=["wrong-function"])
def batch_norm_scale_as_it_was(x, g):
    inverse = 1 / np.sqrt(np.var(x) + EPS)
    return _batch_norm_adjoint(x, W, inverse), W @ (x - np.mean(x)) * inverse


@exhibit(
    library="FlagGems", source="flagos-ai/FlagGems#5222", year=2026, kind="wrong saved value", shows="wherever the variance is not 1",
    bug="what was saved is the inverse deviation already; it is taken for the variance, and its root inverted again", along=("x", 0, -3.0, 3.0),
)  # fmt: skip
@case(x=Real(4), at=[(3 * X,)])
def batch_norm_saved(x):
    """A normalised batch."""
    centred = x - np.mean(x)
    return W @ (centred / np.sqrt(np.mean(centred**2) + EPS))


@batch_norm_saved.claimed_gradient
def batch_norm_saved_mended(x):
    saved = 1 / np.sqrt(np.var(x) + EPS)
    return _batch_norm_adjoint(x, W, saved)


@batch_norm_saved.claimed_gradient(expect="wrong")
def batch_norm_saved_as_it_was(x):
    saved = 1 / np.sqrt(np.var(x) + EPS)
    return _batch_norm_adjoint(x, W, 1 / np.sqrt(saved + EPS))


@exhibit(
    library="Chainer", source="chainer commit 7b6e2570", kind="eps in the wrong place", shows="where eps is not small beside the length",
    bug="the inner derivative of the length is divided by the length plus eps",
)  # fmt: skip
@case(x=Real(4), at=[(X,)])
def unit_vector(x):
    """A vector divided by its length plus a small number."""
    return W @ (x / (np.sqrt(x @ x) + 0.1))


@unit_vector.claimed_gradient
def unit_vector_mended(x):
    length = np.sqrt(x @ x)
    n = length + 0.1
    return (W * n - (x @ W) / length * x) / n**2


@unit_vector.claimed_gradient(expect="wrong", kinds=["wrong-value"])
def unit_vector_as_it_was(x):
    n = np.sqrt(x @ x) + 0.1
    return (W * n - (x @ W) / n * x) / n**2
