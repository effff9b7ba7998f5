"""Museum: kinks and ties, where several gradients are right and some are not.

The rule as it should be follows one of the conventions that lie between the slopes on either side: its verdict is "kink".
"""

import numpy as np

from gradcheck import Real, case, exhibit

W = np.array([1.5, -0.5, 2.0])
X = np.array([0.6, -1.2, 1.7])


@exhibit(
    library="Theano, autograd", source="Theano commit b1ff3235, HIPS/autograd commit 2df6a849", kind="division by zero", shows="at 0 alone",
    bug="the gradient of |x| is formed as x / |x|, which is 0 / 0 at 0", along=("x", 0, -1.0, 1.0),
)  # fmt: skip
@case(x=Real(3), at=[(X,), (np.array([0.0, -1.2, 1.7]),)])
def absolute_value(x):
    """|x|."""
    return W @ np.abs(x)


@absolute_value.claimed_gradient(expect="kink")
def absolute_value_mended(x):
    return W * np.sign(x)


@absolute_value.claimed_gradient(expect="wrong", kinds=["nonfinite"])
def absolute_value_as_it_was(x):
    return W * x / np.abs(x)


@exhibit(
    library="autograd", source="HIPS/autograd#138, commit c48b8749", kind="tie counted twice", shows="where the largest are equal",
    bug="each of several equal maxima gets the whole gradient", along=("x", 0, 0.0, 3.0),
)  # fmt: skip
@case(x=Real(3), at=[(X,), (np.array([1.7, -1.2, 1.7]),)])
def largest(x):
    """The largest of three numbers."""
    return 1.5 * np.max(x)


@largest.claimed_gradient(expect="kink")
def largest_mended(x):
    tied = x == np.max(x)
    return 1.5 * tied / np.sum(tied)


@largest.claimed_gradient(expect="wrong", kinds=["tie"])
def largest_as_it_was(x):
    tied = x == np.max(x)
    return 1.5 * tied


@exhibit(
    library="MXNet", source="apache/mxnet#18563", year=2020, kind="tie counted twice", shows="where a column's largest are equal",
    bug="the gradient of a maximum along an axis is 1 for every entry that equals it",
)  # fmt: skip
@case(x=Real((3, 2)), at=[(np.array([[0.6, -1.2], [1.7, 0.9], [0.2, -0.4]]),), (np.array([[1.0, 1.0], [1.0, 0.5], [0.3, 0.2]]),)])
def largest_of_columns(x):
    """The largest of each column."""
    return W[:2] @ np.max(x, axis=0)


@largest_of_columns.claimed_gradient(expect="kink")
def largest_of_columns_mended(x):
    tied = x == np.max(x, axis=0)
    return W[:2] * tied / np.sum(tied, axis=0)


@largest_of_columns.claimed_gradient(expect="wrong", kinds=["tie"])
def largest_of_columns_as_it_was(x):
    tied = x == np.max(x, axis=0)
    return W[:2] * tied


@exhibit(
    library="autograd", source="HIPS/autograd#151", year=2016, kind="division by zero", shows="at the origin alone",
    bug="the gradient of a length is 0 / 0 at the origin", along=("x", 0, -1.0, 1.0),
)  # fmt: skip
@case(x=Real(3), at=[(X,), (np.zeros(3),)])
def length(x):
    """The length of a vector."""
    return np.linalg.norm(x)


@length.claimed_gradient(expect="kink")
def length_mended(x):
    norm = np.linalg.norm(x)
    return x / norm if norm > 0 else np.zeros_like(x)


@length.claimed_gradient(expect="wrong", kinds=["nonfinite"])
def length_as_it_was(x):
    norm = np.linalg.norm(x)
    return x / norm
