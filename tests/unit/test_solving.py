"""Inverse, solution, determinant and norms."""

from __future__ import annotations

import numpy as np
import pytest

from gradcheck import TraceError, check, compare, grad, trace

A = np.array([[2.0, 1.0, 0.3], [0.1, 3.0, -0.5], [0.2, 0.7, 1.75]])
B = np.array([1.0, 2.0, -1.0])
W = np.arange(9.0).reshape(3, 3) / 4 - 1
SINGULAR = np.array([[1.0, 2.0], [2.0, 4.0]])


def system(a, b):
    return np.linalg.solve(a, b) @ B


def system_back(a, b):
    x, y = np.linalg.solve(a, b), np.linalg.solve(a.T, B)
    return -np.outer(y, x), y


def transposed(a, b):
    x, y = np.linalg.solve(a, b), np.linalg.solve(a.T, B)
    return -np.outer(x, y), y


FUNCTIONS = [
    pytest.param(lambda a: np.sum(np.linalg.inv(a) * W), id="inv"),
    pytest.param(lambda a: np.linalg.solve(a, B) @ B, id="solve"),
    pytest.param(lambda a: np.linalg.solve(a, a.T @ W)[0, 1], id="solve, several right-hand sides"),
    pytest.param(np.linalg.det, id="det"),
    pytest.param(lambda a: np.linalg.slogdet(a)[1], id="slogdet"),
    pytest.param(lambda a: np.linalg.slogdet(-a).logabsdet * np.linalg.slogdet(-a).sign, id="slogdet by name"),
    pytest.param(lambda a: np.trace(np.linalg.matrix_power(a, 5)), id="matrix_power"),
    pytest.param(lambda a: np.sum(np.linalg.matrix_power(a, -2) * W), id="negative power"),
    pytest.param(lambda a: np.trace(np.linalg.matrix_power(a, 0)) + a[0, 0], id="power 0"),
    *(pytest.param(lambda a, o=o: np.linalg.norm(a, o), id=f"norm {o}") for o in (None, "fro", 1, -1, np.inf, -np.inf)),
    *(
        pytest.param(lambda a, o=o: np.sum(np.linalg.norm(a, o, axis=1) * B), id=f"norms {o}")
        for o in (None, 1, 2, 3, 1.5, np.inf, -np.inf)
    ),
    pytest.param(lambda a: np.linalg.norm(a[0], keepdims=True)[0], id="norm of a row"),
]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_all_methods_agree(function) -> None:
    found = compare(function, A)
    assert found.outcome == "right", str(found)


@pytest.mark.parametrize("gradient, outcome", [(system_back, "right"), (transposed, "wrong")])
def test_the_adjoint_of_a_system(gradient, outcome) -> None:
    assert check(system, gradient, (A, B)).outcome == outcome


def test_a_singular_matrix_has_a_determinant_with_a_derivative() -> None:
    adjugate = np.array([[4.0, -2.0], [-2.0, 1.0]])
    assert check(np.linalg.det, lambda a: adjugate, (SINGULAR,)).outcome == "right"
    assert check(np.linalg.det, lambda a: 0 * adjugate, (SINGULAR,)).outcome == "wrong"
    np.testing.assert_allclose(grad(np.linalg.det)(SINGULAR), adjugate)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 7])
def test_determinants_of_every_size(n) -> None:
    a = np.random.default_rng(n).normal(size=(n, n))
    assert check(np.linalg.det, lambda a: np.linalg.det(a) * np.linalg.inv(a).T, (a,)).outcome == "right"
    assert check(np.linalg.det, grad(np.linalg.det), (a,)).outcome == "right"


def test_what_a_singular_matrix_raises_the_gradient_raises_too() -> None:
    assert check(lambda a: np.sum(np.linalg.inv(a)), grad(lambda a: np.sum(np.linalg.inv(a))), (SINGULAR,)).ok


def test_pivots_are_sought_where_they_are_needed() -> None:
    permuted = np.array([[0.0, 2.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 3.0]])
    assert check(lambda a: np.sum(np.linalg.inv(a) * W), grad(lambda a: np.sum(np.linalg.inv(a) * W)), (permuted,)).outcome == "right"


def test_many_unknowns() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(12, 12)) + 6 * np.eye(12), rng.normal(size=12)

    def back(a):
        return -np.outer(np.linalg.solve(a.T, b), np.linalg.solve(a, b))

    assert check(lambda a: b @ np.linalg.solve(a, b), back, (a,)).outcome == "right"
    assert check(lambda a: b @ np.linalg.solve(a, b), lambda a: back(a).T, (a,)).outcome == "wrong"


@pytest.mark.parametrize(
    "function, message",
    [
        pytest.param(lambda a: np.linalg.norm(a, 3), "nuc", id="another norm"),
        pytest.param(lambda a: np.linalg.norm(a[0], 0), "no derivative", id="number of nonzeros"),
    ],
)
def test_what_is_not_followed_says_so(function, message) -> None:
    with pytest.raises(TraceError, match=message):
        trace(function, A)
