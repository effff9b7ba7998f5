"""Algorithms as textbooks write them, in place: traced, they give NumPy's bits and the true gradient."""

from __future__ import annotations

import numpy as np
import pytest

from gradcheck import check, grad, trace
from gradcheck.circuit import Floats, check_circuit, interpret

X = np.array([0.53, -1.55, 2.03, 0.77])


def arrays_without_axes(x):
    y = np.zeros_like(x[0])
    y[()] = x[0]
    y[...] *= 2.0
    z = y
    z += x[1]
    w = x[2:3].copy().reshape(())
    w -= 1.0
    v = np.array(x[3])
    v *= 2.0
    return y * z * w * v


def numbers_as_arrays(x):
    a, b = np.array(x[0]), np.asarray(x[1])
    a.reshape(-1)[-1:] *= 3.0
    kept = b
    b += x[2]
    c = np.copy(x[3])
    d = c.astype(float)
    c[...] = 2.0
    e = d[()]
    d -= 1.0
    w = np.where(x[0] > 0, x[1], x[2])
    same = w
    w *= 2.0
    return a * kept * c * d * e * same


def zeros_like_argument(x):
    y = np.zeros(3, like=x)
    y[0] = x[0] * x[1]
    y[2] = 2.0
    e = np.empty((2, 2), like=x)
    e[0] = x[:2]
    e[1] = x[2:]
    return (y * y).sum() + np.linalg.det(e)


def descent(x):
    theta = x.copy()
    for _it in range(3):
        g = 2 * theta
        theta -= 0.1 * g
        theta[theta < 0] *= 0.5
    return (theta**2).sum()


def cholesky(x):
    A = np.outer(x, x) + 4 * np.eye(4)
    n = 4
    L = np.zeros_like(A)
    for i in range(n):
        for j in range(i + 1):
            s = A[i, j] - np.dot(L[i, :j], L[j, :j])
            if i == j:
                L[i, j] = np.sqrt(s)
            else:
                L[i, j] = s / L[j, j]
    return np.log(np.diag(L)).sum()


def elimination(x):
    A = np.outer(x, x) + 4 * np.eye(4)
    b = x.copy()
    n = 4
    for k in range(n):
        for i in range(k + 1, n):
            f = A[i, k] / A[k, k]
            A[i, k:] -= f * A[k, k:]
            b[i] -= f * b[k]
    s = np.zeros_like(b)
    for i in range(n - 1, -1, -1):
        s[i] = (b[i] - A[i, i + 1 :] @ s[i + 1 :]) / A[i, i]
    return s.sum()


def swapped_rows(x):
    A = np.outer(x, x) * 1.0
    A[[0, 2]] = A[[2, 0]]
    A[[0, 1], :] += A[[1, 0], :]
    return (A @ X) @ X


def heat_by_copy(x):
    u = x.copy()
    for _ in range(5):
        un = u.copy()
        u[1:-1] = un[1:-1] + 0.1 * (un[2:] - 2 * un[1:-1] + un[:-2])
    return (u * u).sum()


def heat_in_place(x):
    u = x.copy()
    for _ in range(5):
        u[1:-1] += 0.1 * (u[2:] - 2 * u[1:-1] + u[:-2])
    return (u * u).sum()


def euler(x):
    traj = np.empty((6, 4), like=x)
    traj[0] = x
    for k in range(5):
        traj[k + 1] = traj[k] + 0.1 * np.sin(traj[k])
    return traj[-1].sum() + (traj**2).mean()


def trajectory_in_a_list(x):
    ys = [x]
    for _k in range(5):
        ys.append(ys[-1] + 0.1 * np.cos(ys[-1]))
    return np.array(ys).var(axis=0).sum() + np.asarray(ys)[2].sum()


def shortest_path(x):
    D = np.full_like(np.outer(x, x), np.inf)
    D[0, 0] = abs(x[0])
    for i in range(4):
        for j in range(4):
            if i or j:
                best = min(D[i - 1, j] if i else np.inf, D[i, j - 1] if j else np.inf)
                D[i, j] = best + abs(x[i] - x[j] + 0.1 * i)
    return D[-1, -1]


def softmax_in_place(x):
    z = x - x.max()
    np.exp(z, out=z)
    z /= z.sum()
    return -(z * np.log(z)).sum()


def rows_of_length_one(x):
    A = np.outer(x, X) + 1.0
    A /= np.linalg.norm(A, axis=1, keepdims=True)
    A -= A.mean(axis=0)
    return (A**3).sum()


def adam(x):
    m = np.zeros_like(x)
    v = np.zeros_like(x)
    th = x.copy()
    for _t in range(1, 4):
        g = 2 * th
        m = 0.9 * m + 0.1 * g
        v *= 0.99
        v += 0.01 * g * g
        th -= 0.01 * m / (np.sqrt(v) + 1e-8)
    return (th**2).sum()


def rolled(x):
    y = np.empty_like(x)
    y[:-1] = x[1:]
    y[-1] = x[0]
    return (y * x).sum()


def cumulated(x):
    c = x.copy()
    for i in range(1, 4):
        c[i] += c[i - 1]
    c[::-1][0] = 2.0
    return (c * c).sum()


def derivative_inside(x):
    y = x.copy()
    y[0] = grad(lambda t: t**3)(x[1])
    g = grad(lambda v: (v * v).sum())(y)
    g[1] = 0.0
    g *= x
    return (g * y).sum()


def histogram(x):
    h = np.zeros(3, like=x)
    idx = np.digitize(x, [0.0, 1.0])
    np.add.at(h, idx, x * x)
    return (h * h).sum()


def triangles(x):
    A = np.zeros_like(np.outer(x, x))
    A[np.triu_indices(4)] = np.concatenate([x, x * 2, x[:2]])
    A[np.tril_indices(4, -1)] = 1.0
    A[np.diag_indices(4)] *= 2.0
    A += A.T
    return (A @ X) @ X


def ellipses(x):
    A = np.outer(x, x).reshape(2, 2, 2, 2).copy()
    A[..., 0] = x[:2]
    A[0, ..., 1] *= 2
    A[:, :, None, 0, 1] = x[0]
    return (A * A).sum()


def moved_axes(x):
    A = np.outer(x, x)
    B = np.moveaxis(A.reshape(2, 2, 4), 0, -1)
    B[0, 0] = x[:2]
    C = np.swapaxes(A, 0, 1)
    C[1] *= 3
    return (A * np.arange(16.0).reshape(4, 4)).sum()


def diagonal_seen_late(x):
    A = np.outer(x, x)
    d = np.diagonal(A)
    A[1, 1] = x[0]
    return (d * d).sum()


def diagonal_and_flip(x):
    A = np.outer(x, x)
    d = np.diag(A)
    f = np.fliplr(A)
    A[1, 1] = x[0]
    A[0, 3] = 2.0
    return (d * d).sum() + (f[0] * X).sum()


def real_part(x):
    y = x * 1.0
    r = y.real
    r[0] = 2.0
    return (y * y).sum()


def axes_of_one(x):
    y = (x * 1.0)[None]
    s = np.squeeze(y)
    s[0] = x[1]
    e = np.expand_dims(s, 1)
    e[2] = 0.5
    a = np.atleast_2d(s)
    a *= 2
    return (y * y).sum()


def scaled_to_one(x):
    y = x.copy()
    y -= y.min()
    y /= y.max()
    return (y**2).sum()


def clipped_in_place(x):
    y = x.copy()
    np.clip(y, -1, 1, out=y)
    np.maximum(y, 0.1, out=y)
    y.clip(0.2, 0.9, out=y)
    return (y * X).sum()


def products_into(x):
    A = np.outer(x, X)
    B = np.zeros_like(A)
    np.matmul(A, A, out=B)
    np.dot(A, A, out=A)
    return (A * B).sum()


def joined_into(x):
    y = np.empty(8, like=x)
    np.concatenate([x, 2 * x], out=y)
    z = np.empty((2, 4), like=x)
    np.stack([x, x * x], out=z)
    return (y.reshape(2, 4) * z).sum()


def taken_into(x):
    y = np.empty(2, like=x)
    np.take(x, [0, 2], out=y)
    np.cumsum(y, out=y)
    return (y * y).sum()


ALGORITHMS = [
    numbers_as_arrays,
    arrays_without_axes,
    zeros_like_argument,
    descent,
    cholesky,
    elimination,
    swapped_rows,
    heat_by_copy,
    heat_in_place,
    euler,
    trajectory_in_a_list,
    shortest_path,
    softmax_in_place,
    rows_of_length_one,
    adam,
    rolled,
    cumulated,
    derivative_inside,
    histogram,
    triangles,
    ellipses,
    moved_axes,
    diagonal_seen_late,
    diagonal_and_flip,
    real_part,
    axes_of_one,
    scaled_to_one,
    clipped_in_place,
    products_into,
    joined_into,
    taken_into,
]


@pytest.mark.parametrize("algorithm", [pytest.param(a, id=a.__name__) for a in ALGORITHMS])
def test_the_value_is_numpys_bit_for_bit_and_the_gradient_is_true(algorithm) -> None:
    (value,) = interpret(check_circuit(trace(algorithm, X)), Floats(), (X,))
    assert np.float64(value).tobytes() == np.float64(algorithm(X.copy())).tobytes()
    slopes = [(algorithm(X + e) - algorithm(X - e)) / 2e-6 for e in 1e-6 * np.eye(len(X))]
    np.testing.assert_allclose(grad(algorithm)(X), slopes, rtol=1e-5, atol=1e-6)
    verdict = check(algorithm, grad(algorithm), (X,))
    assert verdict.outcome == "right", str(verdict)
    assert "black-box" not in str(verdict)
