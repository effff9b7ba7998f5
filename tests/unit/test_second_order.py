"""Claimed Hessians and Hessian-vector products."""

from __future__ import annotations

import numpy as np
import pytest

from gradcheck import UsageError, check, grad, hvp, jacobian
from gradcheck.gradients.method import problem_of
from gradcheck.gradients.second import confirm, slope_along
from gradcheck.gradients.truth import certify

X = np.array([0.3, 0.7, -1.2])
A, B = np.array([1.0, 2.0]), 3.0


def wave(x):
    return np.sum(np.sin(x) * x**3) + x[0] * x[1]


def hessian(x):
    h = np.diag(-np.sin(x) * x**3 + 6 * np.cos(x) * x**2 + 6 * x * np.sin(x))
    h[0, 1] = h[1, 0] = 1
    return h


def with_entry(i, j, by):
    def off(x):
        h = hessian(x)
        h[i, j] += by
        return h

    return off


def mixed(a, b):
    return np.sum(a**2) * b**3


def blocks(a, b):
    return (2 * b**3 * np.eye(2), 6 * a * b**2), (6 * a * b**2, 6 * b * np.sum(a**2))


def product_of_blocks(a, b, v, w):
    return 2 * b**3 * v + 6 * a * b**2 * w, 6 * b**2 * a @ v + 6 * b * np.sum(a**2) * w


def scaled(by):
    return lambda x, v: hessian(x) @ v * by


def posed(table):
    return np.sum(table**3)


T = np.arange(1.0, 7.0).reshape(2, 3)
CLAIMS = [
    pytest.param(wave, hessian, (X,), "right", id="Hessian"),
    pytest.param(wave, jacobian(grad(wave)), (X,), "right", id="Jacobian of the gradient"),
    pytest.param(wave, hvp(wave), (X,), "right", id="hvp of the tape"),
    pytest.param(wave, lambda x, v: hessian(x) @ v, (X,), "right", id="product"),
    pytest.param(np.sin, lambda x: -np.sin(x), (0.4,), "right", id="scalar"),
    pytest.param(mixed, blocks, (A, B), "right", id="blocks"),
    pytest.param(mixed, lambda a, b: dict(zip("ab", (dict(zip("ab", r)) for r in blocks(a, b)))), (A, B), "right", id="blocks by name"),
    pytest.param(mixed, lambda a, b: np.block([[blocks(a, b)[0][0], blocks(a, b)[0][1][:, None]], [blocks(a, b)[1][0], blocks(a, b)[1][1]]]), (A, B), "right", id="one matrix"),
    pytest.param(mixed, product_of_blocks, (A, B), "right", id="product, a parameter each"),
    pytest.param(mixed, lambda a, b, v: product_of_blocks(a, b, *v), (A, B), "right", id="product, a tuple"),
    pytest.param(posed, lambda t: np.diag(6 * t.ravel()), (T,), "right", id="matrix argument, square claim"),
    pytest.param(posed, lambda t: np.einsum("ij,ik,jl->ijkl", 6 * t, np.eye(2), np.eye(3)), (T,), "right", id="matrix argument, four axes"),
    pytest.param(lambda x: np.sum(np.maximum(x, 0) ** 2), lambda x: np.diag(2.0 * (x > 0)), (np.array([0.0, 1.0]),), "kink", id="second derivative jumps"),
    pytest.param(lambda x: np.sum(np.abs(x) ** 3), lambda x: np.diag(6 * np.abs(x)), (np.array([0.0, -1.0]),), "right", id="|x|**3 at 0"),
    pytest.param(wave, lambda x: hessian(x).astype(np.float32), (X,), "right", id="in single precision"),
]  # fmt: skip
WRONG = [
    pytest.param(wave, with_entry(0, 1, -1.0), (X,), id="mixed derivative forgotten"),
    pytest.param(wave, with_entry(2, 2, 1e-10), (X,), id="one entry off by 1e-10"),
    pytest.param(wave, with_entry(0, 2, 1e-10), (X,), id="a zero that is none"),
    pytest.param(wave, grad(wave), (X,), id="the gradient"),
    pytest.param(wave, scaled(1 + 1e-9), (X,), id="product off by 1e-9"),
    pytest.param(wave, lambda x, v: hessian(x) @ v**2, (X,), id="vector squared"),
    pytest.param(wave, lambda x, v: hessian(x) @ v + np.where(np.any(v != 0), 0.0, 1.0), (X,), id="not zero for zero"),
    pytest.param(wave, lambda x, v: hessian(x) @ np.ones(3), (X,), id="vector forgotten"),
    pytest.param(wave, lambda x, v: hessian(x) @ np.clip(v, -100, 100), (X,), id="vector clipped"),
    pytest.param(mixed, lambda a, b: (blocks(a, b)[0], blocks(a, b)[0]), (A, B), id="rows swapped"),
    pytest.param(mixed, lambda a, b: blocks(a, b)[0], (A, B), id="one row"),
    pytest.param(wave, lambda x: 1 / np.zeros(0)[0], (X,), id="raises"),
    pytest.param(lambda x: x * np.abs(x), lambda x: 3.0, (0.0,), id="outside what the two sides allow"),
]


@pytest.mark.parametrize("function, claim, point, outcome", CLAIMS)
def test_second_derivatives(function, claim, point, outcome):
    verdict = check(function, claim, point, order=2)
    assert verdict.outcome == outcome, str(verdict)


@pytest.mark.parametrize("function, claim, point", WRONG)
def test_wrong_second_derivatives(function, claim, point):
    assert check(function, claim, point, order=2).outcome == "wrong"


def test_a_wrong_entry_is_named_by_row_and_column():
    verdict = check(wave, with_entry(0, 1, -1.0), (X,), order=2)
    assert [label for label, e in zip(verdict.labels, verdict.entries) if e == "wrong"] == ["x[0], x[1]"]
    assert "x[0], x[1]" in str(verdict)


def test_search_finds_where_a_hessian_is_wrong():
    def claim(x):
        return np.diag(np.where(x == 0, 1.0, 6 * x))

    assert check(lambda x: np.sum(x**3), claim, (X,), order=2).outcome == "right"
    found = check(lambda x: np.sum(x**3), claim, (X,), order=2, search=True)
    assert found.outcome == "wrong"
    assert 0.0 in found.witness[0]


def test_what_cannot_be_traced_is_undecided():
    verdict = check(lambda x: float(x) ** 2, lambda x: 2.0, (1.5,), order=2)
    assert verdict.outcome == "undecided"
    assert "cannot be traced" in verdict.reason


@pytest.mark.parametrize("order", [0, 3, "2"])
def test_orders(order):
    with pytest.raises(UsageError, match="expected 1"):
        check(np.sin, np.cos, (0.5,), order=order)


def test_a_truth_that_contradicts_the_series_of_the_function_is_noticed():
    """The wrong twin of the second opinion: the certificate of another vector's product."""
    plain = problem_of(wave, (X,), (0,))
    one, other = (certify(problem_of(slope_along(wave, (0,), (v,)), (X,), (0,))) for v in (np.eye(3)[0], np.eye(3)[2]))
    confirm(plain, (np.eye(3)[0],), one)
    with pytest.raises(ArithmeticError, match="contradict"):
        confirm(plain, (np.eye(3)[0],), other)
