"""Museum: inverses, determinants, covariances.

Where the output is an array, the case sums it with weights, a fixed cotangent: no two alike, none 0 or 1.
"""

import numpy as np

from gradcheck import Real, case, exhibit

W = np.array([[1.5, -0.5, 2.0], [0.75, -1.25, 0.3], [0.6, 1.1, -0.8]])
TURN = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
PLAIN = np.array([[1.2, 0.4, -0.3], [0.1, 0.9, 0.5], [-0.6, 0.2, 1.4]])
SINGULAR = np.array([[1.0, 2.0, 3.0], [2.0, 4.0, 1.0], [3.0, 6.0, -1.0]])
R = np.array([0.7, -1.1])


@exhibit(
    library="PyTorch's blog", source="pytorch/pytorch.github.io#2135", year=2026, kind="transposed", shows="at a turn by 90 degrees, and at every unsymmetric matrix",
    bug="transpose(-2, -1) swaps the axes of a tensor of PyTorch's; of an array of NumPy's it swaps nothing, and the printed rule lacks its transposes",
)  # fmt: skip
@case(a=Real((3, 3)), at=[(PLAIN,), (TURN,)])
def inverse_of_a_turn(a):
    """A weighted sum over the inverse."""
    return np.sum(W * np.linalg.inv(a))


@inverse_of_a_turn.claimed_gradient
def inverse_mended(a):
    result = np.linalg.inv(a)
    return -(result.T @ (W @ result.T))


@inverse_of_a_turn.claimed_gradient(expect="wrong", kinds=["transposed"])
def inverse_as_it_was(a):
    result = np.linalg.inv(a)
    return -(result.transpose(-2, -1) @ (W @ result.transpose(-2, -1)))


@exhibit(
    library="autograd", source="HIPS/autograd#412", year=2018, kind="wrong sign", shows="at every point",
    bug="the gradient of the normal density by its covariance has the wrong sign; a slip in the test had kept it from running",
)  # fmt: skip
@case(cov=Real((2, 2)), at=[(np.array([[1.4, 0.3], [0.3, 0.8]]),)])
def normal_density(cov):
    """The logarithm of a normal density at a fixed distance from its mean, without its constant."""
    return -0.5 * (np.linalg.slogdet(cov)[1] + R @ np.linalg.solve(cov, R))


@normal_density.claimed_gradient
def normal_density_mended(cov):
    return 0.5 * (np.outer(np.linalg.solve(cov.T, R), np.linalg.solve(cov, R)) - np.linalg.inv(cov).T)


@normal_density.claimed_gradient(expect="wrong", kinds=["sign"])
def normal_density_as_it_was(cov):
    return 0.5 * (np.linalg.inv(cov).T - np.outer(np.linalg.solve(cov.T, R), np.linalg.solve(cov, R)))


def _cofactors(a):
    """The gradient of the determinant of a matrix of three rows: each row's is the cross product of the other two."""
    return np.array([np.cross(a[1], a[2]), np.cross(a[2], a[0]), np.cross(a[0], a[1])])


def _inverse(a):
    """The inverse; NaN where there is none, as JAX has it."""
    try:
        return np.linalg.inv(a)
    except np.linalg.LinAlgError:
        return np.full_like(a, np.nan)


@exhibit(
    library="JAX", source="jax-ml/jax#2380", year=2020, kind="division by zero", shows="where the determinant is 0",
    bug="the gradient of det goes through the inverse, and is NaN where there is none", along=("a", 0, -3.0, 5.0),
)  # fmt: skip
@case(a=Real((3, 3)), at=[(PLAIN,), (SINGULAR,)])
def determinant(a):
    """A determinant."""
    return np.linalg.det(a)


@determinant.claimed_gradient
def determinant_mended(a):
    return _cofactors(a)


@determinant.claimed_gradient(expect="wrong", kinds=["nonfinite"])
def determinant_as_it_was(a):
    return np.linalg.det(a) * _inverse(a).T


@exhibit(
    library="PaddlePaddle", source="PaddlePaddle/Paddle#36013", year=2021, kind="wrong on purpose", shows="where the determinant is 0",
    bug="where a matrix has no inverse, the gradient of det is said to be 0", along=("a", 0, -3.0, 5.0),
)  # fmt: skip
@case(a=Real((3, 3)), at=[(PLAIN,), (SINGULAR,)])
def determinant_of_singular(a):
    """A determinant."""
    return np.linalg.det(a)


@determinant_of_singular.claimed_gradient
def determinant_of_singular_mended(a):
    return _cofactors(a)


@determinant_of_singular.claimed_gradient(expect="wrong")
def determinant_of_singular_as_it_was(a):
    if np.linalg.matrix_rank(a) < 3:
        return np.zeros_like(a)
    return np.linalg.det(a) * np.linalg.inv(a).T
