"""Museum: operations that move numbers about: repeating, padding, gathering, linear maps.

Where the output is an array, the case sums it with weights, a fixed cotangent: no two alike, none 0 or 1.
"""

import numpy as np

from gradcheck import Real, case, exhibit

W = np.array([1.5, -0.5, 2.0, 0.75])
X = np.array([0.6, -1.2, 1.7, 0.9])
MAP = np.arange(16.0).reshape(4, 4)
C, S = np.cos(np.pi / 8) / np.sqrt(2), np.sin(np.pi / 8) / np.sqrt(2)
DCT = np.array([[0.5, 0.5, 0.5, 0.5], [C, S, -S, -C], [0.5, -0.5, -0.5, 0.5], [S, -C, C, -S]])  # orthonormal


@exhibit(
    library="autograd", source="HIPS/autograd commit 72a6ccc8", kind="wrong axis", shows="at every point",
    bug="the adjoint of repeat sums over the whole axis instead of over the copies of each entry",
)  # fmt: skip
@case(x=Real(2), at=[(X[:2],)])
def repeated(x):
    """Every entry twice."""
    return W @ np.repeat(x, 2)


@repeated.claimed_gradient
def repeated_mended(x):
    return W.reshape(-1, 2).sum(axis=1)


@repeated.claimed_gradient(expect="wrong", kinds=["wrong-index"])
def repeated_as_it_was(x):
    return W.sum() * np.ones_like(x)


@exhibit(
    library="autograd", source="HIPS/autograd commit 7b61be3c", kind="empty slice", shows="wherever nothing is added at the end",
    bug="the padding is cut off with [1:-0], which is empty: the gradient is lost",
)  # fmt: skip
@case(x=Real(3), at=[(X[:3],)])
def padded(x):
    """A zero before the entries, and none after them."""
    return W @ np.concatenate([np.zeros(1), x])


@padded.claimed_gradient
def padded_mended(x):
    return W[1:] + 0 * x


@padded.claimed_gradient(expect="wrong", kinds=["missing-path"])
def padded_as_it_was(x):
    inner = W[1:-0]
    return np.zeros_like(x) + (inner if inner.size else 0)


@exhibit(
    library="course work", source="a class of mistakes in the assignments of CS231n", kind="transposed", shows="wherever the matrix is not symmetric",
    bug="the adjoint of a linear map applies the matrix itself, not its transpose",
)  # fmt: skip
@case(x=Real(4), at=[(X,)])
def linear_map(x):
    """A matrix times a vector."""
    return W @ (MAP @ x)


@linear_map.claimed_gradient
def linear_map_mended(x):
    return MAP.T @ W


@linear_map.claimed_gradient(expect="wrong", kinds=["transposed"])
def linear_map_as_it_was(x):
    return MAP @ W


@exhibit(
    library="Zygote", source="FluxML/Zygote.jl#899, commit 263c6624", kind="scale factor", shows="at every point",
    bug="the adjoint of the cosine transform is too large by the number of entries",
)  # fmt: skip
@case(x=Real(4), at=[(X,)])
def cosine_transform(x):
    """The orthonormal discrete cosine transform of four numbers."""
    return W @ (DCT @ x)


@cosine_transform.claimed_gradient
def cosine_transform_mended(x):
    return DCT.T @ W


@cosine_transform.claimed_gradient(expect="wrong", kinds=["factor"])
def cosine_transform_as_it_was(x):
    return x.size * DCT.T @ W


@exhibit(
    library="Theano", source="Theano commit 3a2138de", kind="not cleared", shows="at every point",
    bug="an entry that is overwritten keeps its gradient, as if its old value were still in use",
)  # fmt: skip
@case(x=Real(4), at=[(X,)])
def overwritten(x):
    """The second entry written over the first."""
    return W @ np.concatenate([x[1:2], x[1:]])


@overwritten.claimed_gradient
def overwritten_mended(x):
    return np.array([0, W[0] + W[1], W[2], W[3]])


@overwritten.claimed_gradient(expect="wrong")
def overwritten_as_it_was(x):
    return np.array([W[0], W[0] + W[1], W[2], W[3]])


@exhibit(
    library="PyTorch", source="pytorch/pytorch#1631", year=2017, kind="not accumulated", shows="wherever an index is repeated",
    bug="the cotangents of an entry that was gathered twice overwrite each other instead of adding up",
)  # fmt: skip
@case(x=Real(3), at=[(X[:3],)])
def gathered(x):
    """Four entries gathered from three."""
    return W @ x[np.array([0, 0, 2, 1])]


@gathered.claimed_gradient
def gathered_mended(x):
    found = np.zeros_like(x)
    np.add.at(found, [0, 0, 2, 1], W)
    return found


@gathered.claimed_gradient(expect="wrong", kinds=["missing-path"])
def gathered_as_it_was(x):
    found = np.zeros_like(x)
    found[[0, 0, 2, 1]] = W
    return found


@exhibit(
    library="Theano", source="Theano/Theano#633", year=2012, kind="path cut off", shows="where an argument is its own bound",
    bug="clip(x, 0, x) has the gradient 0: x is not strictly below its bound, and nothing flows through the bound",
)  # fmt: skip
@case(x=Real(4, low=0), at=[(np.array([5.0, 1.2, 0.3, 2.5]),)])
def clipped_at_itself(x):
    """x, kept between 0 and x."""
    return W @ np.clip(x, 0.0, x)


@clipped_at_itself.claimed_gradient
def clipped_at_itself_mended(x):
    return W + 0 * x


@clipped_at_itself.claimed_gradient(expect="wrong", kinds=["missing-path"])
def clipped_at_itself_as_it_was(x):
    return W * ((x > 0) & (x < x))


@exhibit(
    library="PyTorch", source="pytorch/pytorch#3881", year=2017, kind="typing error", shows="everywhere but where x is 0 or 1",
    bug="the gradient written for the tests of optimisers has x for x^2 in one place; their points are close to 1, where it hardly shows", along=("x", 1, -2.0, 4.0),
)  # fmt: skip
@case(x=Real(2), at=[(X[:2],)])
def rosenbrock_typo(x):
    """Rosenbrock's function."""
    return (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2


@rosenbrock_typo.claimed_gradient
def rosenbrock_mended(x):
    return np.array([-400 * x[0] * (x[1] - x[0] ** 2) - 2 * (1 - x[0]), 200 * (x[1] - x[0] ** 2)])


@rosenbrock_typo.claimed_gradient(expect="wrong")
def rosenbrock_as_it_was(x):
    return np.array([-400 * x[0] * (x[1] - x[0] ** 2) - 2 * (1 - x[0]), 200 * (x[1] - x[0])])
