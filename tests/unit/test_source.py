"""Circuits as Python: the text, executed, gives value and gradient bit for bit."""

from __future__ import annotations

import re

import numpy as np
import pytest
from scipy import special
from scipy.special import softmax as soft

from gradcheck import trace
from gradcheck.circuit import Floats, interpret
from gradcheck.circuit.source import scope, write

X = np.array([0.3, -1.2, 2.0, 0.7, 1.1])
M = np.arange(6.0).reshape(2, 3) - 2.5


def executed(circuit, inputs):
    text, names = write(circuit), scope()
    exec(text, names)  # noqa: S102
    results = names[re.match(r"def (\w+)", text).group(1)](*inputs)
    return results if len(circuit.outputs) > 1 else (results,)


def named_as_functions(x):
    softmax = soft(x)
    k0 = softmax[[0, 1]]
    where = np.where(k0 > 0, k0, 0.0)
    np_ = where * np.arange(2.0)
    return np.sum(np_)


def springs(k0, k1, k2):
    return np.sum(k0 * np.array([1.0, 2.0])) + k1 * k2 * np.sum(np.array([3.0, 4.0]) * k0[np.array([0, 1])])


def scaled(w):
    return w * np.array([1.0, 2.0])


def same_name_twice(x):
    w = np.array([3.0, 4.0])
    return np.sum(scaled(x * w) * w)


def keywords(x):
    lambda_ = x * 2
    _1 = lambda_ * 3
    return np.sum(_1 * lambda_)


FUNCTIONS = [
    pytest.param(named_as_functions, (X,), id="names-of-functions"),
    pytest.param(springs, (np.array([1.0, 2.0]), 2.0, 3.0), id="names-like-constants"),
    pytest.param(same_name_twice, (np.array([1.0, 2.0]),), id="same-name-twice"),
    pytest.param(keywords, (X,), id="names-like-keywords"),
    pytest.param(lambda x: -2.0 * x + x * -3.0 - (-x) ** 2 + -(x**2) - -x, (1.5,), id="negative-literals"),
    pytest.param(lambda x: x**-2.0 * (-3.0) ** 2 / -0.5, (1.5,), id="negative-exponents"),
    pytest.param(lambda x: (x - (1.0 - x)) / (2.0 / x) - x / (x * 3.0), (1.5,), id="brackets"),
    pytest.param(lambda x: x * np.nan + np.inf * x, (1.5,), id="nan-scalars"),
    pytest.param(lambda x: np.sum(x * np.array([1.0, np.nan, np.inf, -np.inf, 0.0])), (X,), id="nan-arrays"),
    pytest.param(lambda x: np.sum(x * np.array([1, 2, 3, 4, 5], np.float32)), (X,), id="constants-of-other-types"),
    pytest.param(lambda x: np.sum(np.where(np.array([True, False] * 2 + [True]), x, 2 * x)), (X,), id="boolean-constants"),
    pytest.param(lambda x: np.sum(x[np.array([], dtype=int)]) + x[0], (X,), id="empty-index"),
    pytest.param(lambda x: x[()] * 2.0, (1.5,), id="empty-tuple-index"),
    pytest.param(lambda x: np.sum(x[..., None, 1:] * x[1:, None]), (X,), id="ellipsis-and-new-axes"),
    pytest.param(lambda x: np.sum(x[::-2]) + x[-1] + np.sum(x[[0, 0, 3]]) + np.sum(x[x > 0]), (X,), id="indices"),
    pytest.param(lambda m: np.sum(m[1, ::-1] * m[0, [2, 1, 0]]) + m[-1, -1], (M,), id="indices-of-a-matrix"),
    pytest.param(lambda m: np.sum((m.T @ m).reshape(-1)[::2]) + np.trace(m @ m.T), (M,), id="shapes"),
    pytest.param(lambda m: np.sum(np.concatenate([m, m * 2], axis=1) ** 2) + np.sum(np.stack([m, m])[1]), (M,), id="joins"),
    pytest.param(lambda m: np.sum(np.max(m, axis=1, keepdims=True) * m) + np.var(m, ddof=1), (M,), id="options"),
    pytest.param(lambda m: np.einsum("ij,kj->ik", m, m)[0, 1], (M,), id="einsum"),
    pytest.param(lambda x: np.sum(np.cumprod(x) * np.cumsum(x)) + np.prod(x), (X,), id="cumulative"),
    pytest.param(lambda x: np.sum(np.where((x > 0) & ~(x > 1) | (x < -1), x * x, x)), (X,), id="logic"),
    pytest.param(lambda x: special.expit(x) * special.gammaln(x) * special.erf(x) * special.digamma(x), (1.5,), id="scipy"),
    pytest.param(lambda x: np.exp2(x) * np.log2(x) * np.log10(x), (1.5,), id="exact-constants"),
    pytest.param(lambda x: np.clip(x, 0.0, 1.0) + np.maximum(x, 1.0) * abs(x), (0.5,), id="selections"),
    pytest.param(lambda x: 3.0, (1.5,), id="constant"),
    pytest.param(lambda x: x, (1.5,), id="identity"),
    pytest.param(lambda x: np.sum(x.astype(np.float32)), (X,), id="cast"),
    pytest.param(lambda x: np.sum(x * 2.0 + 2.0**x + x**2) * np.float64(0.5), (X.astype(np.float32),), id="float32"),
]


@pytest.mark.parametrize(("function", "inputs"), FUNCTIONS)
def test_the_text_runs_and_gives_the_same_bits(function, inputs) -> None:
    inputs = tuple(np.asarray(x)[()] for x in inputs)
    circuit = trace(function, *inputs)
    for program in (circuit, circuit.gradient(), circuit.gradient(value=False)):
        for got, want in zip(executed(program, inputs), interpret(program, Floats(), inputs), strict=True):
            assert np.array_equal(got, want, equal_nan=True)
            assert np.asarray(got).dtype == np.asarray(want).dtype


def test_it_reads_like_the_users_function() -> None:
    def sine_of_square(x):
        z = x + 1
        h = z**2
        return np.sin(h)

    assert trace(sine_of_square, 1.0).source() == (
        "def sine_of_square(x):\n    z = x + 1\n    h = z ** 2\n    y = np.sin(h)\n    return y\n"
    )


def test_forward_and_backward_parts_are_told_apart() -> None:
    text = trace(lambda x: np.sin(x) ** 2, 1.0).gradient().source()
    assert text.count("# backward") == 1


def test_large_constants_are_left_out_and_say_so() -> None:
    big = np.arange(100.0)
    assert "...  # constant array float64[100]" in write(trace(lambda x: np.sum(x * big), np.ones(100)))
