"""Whole Jacobians and Hessians: which way they are swept, how few sweeps their structure allows, and what catches a wrong structure."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from gradcheck import ShapeError, UsageError, grad, hessian, hvp, jacobian, jvp, trace
from gradcheck.circuit import Floats, hessian_product, interpret, pushforward, sparsity
from gradcheck.circuit.sparsity import jacobian_pattern
from gradcheck.errors import CircuitError
from gradcheck.gradients import jacobians
from gradcheck.gradients.colouring import colours_of
from gradcheck.gradients.jacobians import hessian_plan, jacobian_plan

N = 40
X = np.random.default_rng(0).normal(size=N)
A = np.random.default_rng(1).normal(size=(6, N))
BAND = np.diag(np.ones(N)) + np.diag(np.full(N - 1, 0.5), 1)


def tridiagonal(x):
    z = np.concatenate([[0.0], x, [0.0]])
    return z[:-2] * x - 2 * np.sin(x) + z[2:] ** 2


def valley(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def by_loop(x):
    return np.stack([x[i] * x[i + 1] for i in range(len(x) - 1)])


FUNCTIONS = [  # function, sweeps it should take, whether forward
    pytest.param(tridiagonal, 3, None, id="tridiagonal"),
    pytest.param(np.tanh, 1, None, id="diagonal"),
    pytest.param(by_loop, 2, None, id="element by element"),
    pytest.param(lambda x: A @ np.sin(x), 6, False, id="few results"),
    pytest.param(lambda x: np.outer(np.sin(x[:5]), np.ones(9)), 1, True, id="copies"),
    pytest.param(lambda x: BAND @ x**2, 2, None, id="constant band"),
    pytest.param(lambda x: x**2 @ BAND, 2, None, id="band from the right"),
    pytest.param(lambda x: np.cumsum(x[:5]), 5, None, id="cumulative"),
    pytest.param(lambda x: np.sum(x.reshape(10, 4) ** 2, axis=1), 1, False, id="rows summed"),
    pytest.param(lambda x: np.sum(np.sin(x)) * x, N, None, id="dense"),
    pytest.param(lambda x: np.einsum("ij,ij->i", x.reshape(8, 5), x.reshape(8, 5)), 1, False, id="einsum"),
    pytest.param(lambda x: np.concatenate([x[:1] * x, x[:1]]), 2, None, id="one full column"),
    pytest.param(lambda x: np.where(x > 0, x, 0.5 * x)[::2], 1, None, id="branches"),
    pytest.param(lambda x: np.roll(x, 1) * x, 2, None, id="ring"),
    pytest.param(lambda x: np.sort(x), 1, None, id="sorted"),
]


@pytest.mark.parametrize(("function", "count", "forward"), FUNCTIONS)
def test_as_few_sweeps_as_the_structure_allows(function, count, forward) -> None:
    way = jacobian_plan(trace(function, X), 1).way
    assert way.count == count
    assert forward is None or way.forward == forward


@pytest.mark.parametrize(("function", "count", "forward"), FUNCTIONS)
@pytest.mark.parametrize("calls", [1, 3])
def test_the_result_is_that_of_columns_one_by_one(function, count, forward, calls) -> None:
    columns = np.stack([jvp(function)(X, e) for e in np.eye(N)], axis=-1)
    dense, sparse = jacobian(function), jacobian(function, sparse=True)
    for _ in range(calls):
        np.testing.assert_allclose(dense(X), columns, rtol=1e-12, atol=1e-13)
        found = sparse(X)
    assert isinstance(found, csr_array)
    np.testing.assert_allclose(found.toarray(), columns.reshape(-1, N), rtol=1e-12, atol=1e-13)


def test_a_tridiagonal_jacobian_takes_three_sweeps_whatever_its_size() -> None:
    plans = [jacobian_plan(trace(tridiagonal, np.linspace(-1, 1, n)), 1) for n in (100, 1000)]
    assert [p.way.count for p in plans] == [3, 3]
    small, large = (p.way.operations for p in plans)
    assert large < 10.1 * small  # and not a hundred times as many
    assert jacobian(tridiagonal, sparse=True)(np.linspace(-1, 1, 1000)).nnz == 2998


def test_a_banded_hessian_takes_three_products() -> None:
    plan = hessian_plan(trace(valley, X), 1)
    assert plan.way.count == 3
    columns = np.stack([hvp(valley)(X, e) for e in np.eye(N)], axis=-1)
    np.testing.assert_allclose(hessian(valley)(X), columns, rtol=1e-13)
    np.testing.assert_allclose(hessian(valley, sparse=True)(X).toarray(), columns, rtol=1e-13)


def test_the_cheaper_way_is_taken_by_count_not_by_shape() -> None:
    """Five results, four inputs: swept back where forward sweeps would carry a matrix along."""
    deep = jacobian_plan(trace(lambda x: np.stack([np.sum(x) * k for k in range(1, 6)]), np.ones(4)), 1).way
    wide = jacobian_plan(trace(lambda x: np.outer(x, x), np.ones(4)), 1).way
    assert (deep.forward, wide.forward) == (True, True)
    back = jacobian_plan(trace(lambda x: np.sum(x) * np.ones(1), np.ones(4)), 1).way
    assert (back.forward, back.count) == (False, 1)


def test_what_does_not_depend_on_the_vector_is_computed_once() -> None:
    way = jacobian_plan(trace(lambda x: np.sin(x) * np.sum(np.exp(x)), X), 1).way
    assert way.once.counts.transcendental >= 2 * N
    assert way.each.counts.transcendental == 0


BLOCKS = [pytest.param((0, 1), id="both"), pytest.param((1, 0), id="in another order"), pytest.param((1,), id="a tuple of one")]


@pytest.mark.parametrize("argnums", BLOCKS)
def test_several_arguments_give_blocks(argnums) -> None:
    def f(a, b):
        return np.sum(a[:, None] * b**2) + np.sum(a**3)

    point = np.arange(1.0, 4.0), np.arange(6.0).reshape(3, 2)
    found = hessian(f, argnums)(*point)
    for i, row in zip(argnums, found, strict=True):
        for j, block in zip(argnums, row, strict=True):
            assert block.shape == point[i].shape + point[j].shape
            np.testing.assert_allclose(block, jacobian(grad(f, i), j)(*point), rtol=1e-13)
    parts = jacobian(lambda a, b: np.sin(a)[:, None] * b, argnums, sparse=True)(*point)
    assert [p.shape for p in parts] == [(6, point[i].size) for i in argnums]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_precision_is_the_arguments(dtype) -> None:
    x = X.astype(dtype)
    for _ in range(2):
        found = jacobian(tridiagonal)(x), jacobian(tridiagonal, sparse=True)(x), hessian(valley)(x), hessian(valley, sparse=True)(x)
    assert {f.dtype for f in found} == {np.dtype(dtype)}


def test_whole_numbers_have_a_jacobian_of_zeros() -> None:
    assert jacobian(lambda x: np.argsort(x))(X).shape == (N, N)
    assert not jacobian(lambda x: np.argsort(x))(X).any()


def test_scalars() -> None:
    assert hessian(lambda x: x**3)(2.0) == 12.0
    assert type(hessian(lambda x: x**3)(2.0)) is np.float64
    assert hessian(lambda x: x**3, sparse=True)(2.0).toarray() == [[12.0]]


def test_recorded_in_a_trace_a_sparse_structure_gives_the_same() -> None:
    weights = np.random.default_rng(2).normal(size=(N, N))
    found = grad(lambda x: np.sum(weights * jacobian(tridiagonal)(x)))(X)
    wanted = grad(lambda x: sum(np.sum(weights[:, i] * jvp(tridiagonal)(x, e)) for i, e in enumerate(np.eye(N))))(X)
    np.testing.assert_allclose(found, wanted, rtol=1e-12)
    np.testing.assert_allclose(
        grad(lambda x: np.sum(weights * hessian(valley)(x)))(X), grad(lambda x: np.sum(weights * jacobian(grad(valley))(x)))(X), rtol=1e-11
    )


ERRORS = [
    pytest.param(lambda: hessian(lambda x: (x, x))(1.0), ShapeError, "returns 2 results; a Hessian needs one scalar", id="two"),
    pytest.param(lambda: hessian(np.sin)(X), ShapeError, "a gradient needs a scalar", id="array"),
    pytest.param(lambda: hessian(np.sum)(np.arange(3)), UsageError, "argument 0 is int64", id="integers"),
    pytest.param(lambda: grad(lambda x: np.sum(jacobian(np.sin, sparse=True)(x)))(X), UsageError, "cannot be written into a trace", id="traced"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "error", "message"), ERRORS)
def test_errors(call, error, message) -> None:
    with pytest.raises(error, match=re.escape(message)):
        call()


# structure
def test_colours_never_meet_in_a_row() -> None:
    rng = np.random.default_rng(3)
    for _ in range(20):
        pattern = csr_array((rng.uniform(size=(15, 30)) < 0.1).astype(np.int8))
        colours = colours_of(pattern)
        for row in pattern.toarray():
            used = colours[row > 0]
            assert len(set(used.tolist())) == used.size


MOVES = [
    lambda a: np.ravel(a)[::-1], lambda a: np.sin(a) * a, lambda a: np.cumsum(a), lambda a: np.concatenate([np.ravel(a)[:2], np.ravel(a)]),
    lambda a: np.sum(np.reshape(a, (2, -1)), axis=0) if np.size(a) % 2 == 0 else a, lambda a: np.outer(np.ravel(a)[:3], np.ravel(a)[-2:]),
    lambda a: np.stack([np.ravel(a)[0] * np.ravel(a)[-1], np.ravel(a)[0]]), lambda a: np.reshape(a, (-1, 1)) * np.ones(2),
    lambda a: np.ravel(a)[[0, -1, 0]] ** 2, lambda a: np.transpose(np.reshape(a, (1, -1))) @ np.ones((1, 2)), lambda a: np.tanh(a) / (2 + np.mean(a)),
    lambda a: np.max(np.reshape(a, (1, -1)), axis=1) + a, lambda a: np.einsum("i,i->i", np.ravel(a), np.ravel(a)), lambda a: np.where(a > 0, a, -a),
    lambda a: np.cumprod(np.ravel(a)[:4]), lambda a: np.diff(np.ravel(a)) if np.size(a) > 1 else a, lambda a: np.linalg.solve(np.eye(2) * 2, np.ravel(a)[[0, -1]]),
]  # fmt: skip
quick = settings(derandomize=True, deadline=None, max_examples=40, suppress_health_check=list(HealthCheck))


@quick
@given(st.lists(st.integers(0, len(MOVES) - 1), min_size=1, max_size=5), st.integers(5, 9))
def test_a_pattern_never_misses_an_entry(steps, size) -> None:
    def program(x):
        for step in steps:
            x = MOVES[step](x)
        return x

    x = np.random.default_rng(size).uniform(0.5, 1.5, size)
    circuit = trace(program, x)
    columns = by_columns(pushforward(circuit), x)
    assert not np.any(columns[jacobian_pattern(circuit)[0].toarray() == 0])
    np.testing.assert_allclose(np.reshape(jacobian(program)(x), columns.shape), columns, rtol=1e-12, atol=1e-14)
    total = lambda x: np.sum(np.sin(program(x)))
    np.testing.assert_allclose(hessian(total)(x), by_columns(hessian_product(trace(total, x)), x), rtol=1e-10, atol=1e-11)


def by_columns(product, x):
    return np.stack([np.ravel(interpret(product, Floats(), (x, e))[0]) for e in np.eye(x.size)], axis=-1)


def test_patterns_are_as_thin_as_the_structure() -> None:
    """The twin of the test above: full patterns would pass it."""
    for function, entries in (
        (tridiagonal, 3 * N - 2),
        (np.tanh, N),
        (lambda x: BAND @ x, 2 * N - 1),
        (lambda x: np.roll(x, 3) * x, 2 * N),
    ):
        assert jacobian_pattern(trace(function, X))[0].nnz == entries


def without_an_entry(circuit, moving=None, original=jacobian_pattern):
    """A structure that misses what lies above the diagonal."""
    found = original(circuit, moving)
    return None if found is None else [csr_array(np.tril(p.toarray())) for p in found]


@pytest.mark.parametrize(
    "derivative", [pytest.param(lambda: jacobian(tridiagonal), id="jacobian"), pytest.param(lambda: hessian(valley), id="hessian")]
)
def test_a_structure_that_misses_an_entry_is_caught(derivative, monkeypatch) -> None:
    derivative()(X)
    monkeypatch.setattr(jacobians, "jacobian_pattern", without_an_entry)
    with pytest.raises(CircuitError, match="the sparse Jacobian contradicts its product with a vector"):
        derivative()(X)


def test_without_the_probe_it_would_be_wrong(monkeypatch) -> None:
    right = jacobian(tridiagonal)(X)
    monkeypatch.setattr(jacobians, "jacobian_pattern", without_an_entry)
    monkeypatch.setattr(jacobians.Matrix, "_probe", lambda *arguments: None)
    assert not np.allclose(jacobian(tridiagonal)(X), right)


def test_a_structure_too_full_is_left_unknown(monkeypatch) -> None:
    monkeypatch.setattr(sparsity, "LIMIT", 50)
    plan = jacobian_plan(trace(tridiagonal, X), 1)
    assert (plan.pattern, plan.way.count) == (None, N)
