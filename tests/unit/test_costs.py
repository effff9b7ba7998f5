"""Operation counts: exact, by kind, for arrays by element."""

from __future__ import annotations

import numpy as np
import pytest

from gradcheck import trace
from gradcheck.circuit import cost_of
from gradcheck.primitives import Counts

M, V = np.ones((2, 3)), np.ones(3)
FUNCTIONS = [
    pytest.param(lambda x: x + x, (V,), Counts(additions=3), id="add"),
    pytest.param(lambda x: -x, (V,), Counts(additions=3), id="negative"),
    pytest.param(lambda x: 2.0 * x, (V,), Counts(multiplications=3), id="multiply"),
    pytest.param(lambda x: x / 3.0, (V,), Counts(divisions=3), id="divide"),
    pytest.param(np.sin, (V,), Counts(transcendental=3), id="sin"),
    pytest.param(lambda x: np.maximum(x, 0.0), (V,), Counts(comparisons=3), id="maximum"),
    pytest.param(lambda x: np.clip(x, 0.0, 1.0), (V,), Counts(comparisons=6), id="clip"),
    pytest.param(np.sum, (M,), Counts(additions=5), id="sum"),
    pytest.param(lambda x: np.sum(x, axis=0), (M,), Counts(additions=3), id="sum-rows"),
    pytest.param(np.mean, (M,), Counts(additions=5, divisions=1), id="mean"),
    pytest.param(np.prod, (V,), Counts(multiplications=2), id="prod"),
    pytest.param(np.max, (M,), Counts(comparisons=5), id="max"),
    pytest.param(np.cumsum, (V,), Counts(additions=2), id="cumsum"),
    pytest.param(lambda x: np.cumprod(x, axis=1), (M,), Counts(multiplications=4), id="cumprod"),
    pytest.param(lambda x: x @ np.ones((3, 4)), (M,), Counts(additions=16, multiplications=24), id="matmul"),
    pytest.param(lambda x: x @ x, (V,), Counts(additions=2, multiplications=3), id="dot"),
    pytest.param(lambda x: np.outer(x, x), (V,), Counts(multiplications=9), id="outer"),
    pytest.param(lambda x: np.einsum("ij->j", x), (M,), Counts(additions=3), id="einsum-sum"),
    pytest.param(lambda x: np.einsum("i,i->", x, x), (V,), Counts(additions=2, multiplications=3), id="einsum-product"),
    pytest.param(lambda x: x.T, (M,), Counts(), id="transpose"),
    pytest.param(lambda x: x.reshape(6), (M,), Counts(), id="reshape"),
    pytest.param(lambda x: x[[0, 1]], (M,), Counts(moves=6), id="getitem"),
    pytest.param(lambda x: np.concatenate([x, x]), (V,), Counts(moves=6), id="concatenate"),
    pytest.param(np.trace, (np.ones((3, 3)),), Counts(additions=2), id="trace"),
    pytest.param(lambda x: np.where(x > 0, x, 0.0), (V,), Counts(comparisons=3, moves=3), id="where"),
]


@pytest.mark.parametrize(("function", "point", "counts"), FUNCTIONS)
def test_counts(function, point, counts) -> None:
    assert trace(function, *point).counts == counts


def test_operations_leave_moves_out() -> None:
    assert Counts(1, 2, 3, 4, 5, moves=100).operations == 15


def test_counts_add_and_scale() -> None:
    assert Counts(1, 0, 2) + Counts(0, 3, 1) * 2 == Counts(1, 6, 4)


def test_the_whole_is_the_sum_of_its_equations() -> None:
    circuit = trace(lambda x: np.sum(np.tanh(x @ M.T) ** 2), V).gradient()
    total = Counts()
    for k in range(len(circuit)):
        total += cost_of(circuit, k)
    assert circuit.counts == total


@pytest.mark.parametrize(
    ("exponent", "counts"),
    [
        pytest.param(2, Counts(multiplications=3), id="square"),
        pytest.param(-1, Counts(divisions=3), id="reciprocal"),
        pytest.param(2.5, Counts(transcendental=3), id="other"),
    ],
)
def test_a_power_costs_what_it_takes(exponent, counts) -> None:
    assert trace(lambda x: x**exponent, V).counts == counts


@pytest.mark.parametrize(
    ("index", "writes_that_meet"),
    [
        pytest.param(np.array([0, 1, 2]), 0, id="distinct"),
        pytest.param(np.array([0, 0, 2]), 1, id="one-met-twice"),
        pytest.param(np.array([1, 1, 1]), 2, id="one-met-three-times"),
    ],
)
def test_a_gather_s_adjoint_counts_an_addition_where_writes_meet(index, writes_that_meet) -> None:
    weights = np.array([2.0, 3.0, 4.0])
    gradient = trace(lambda x: np.sum(x[index] * weights), V).gradient(value=False)
    assert gradient.counts.additions == writes_that_meet
