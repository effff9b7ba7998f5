"""SciPy's plain Python functions, followed while a function is traced, under whatever name they are known."""

from __future__ import annotations

import sys
import types

import numpy as np
import pytest
import scipy.special
from scipy import special
from scipy.special import log_softmax, logsumexp, polygamma, softmax
from scipy.special import logsumexp as lse

from gradcheck import TraceError, grad, trace

X = np.array([0.3, -1.0, 2.0])
SHARE = np.exp(X) / np.exp(X).sum()

helpers = types.ModuleType("helpers_of_follow")
exec("from scipy.special import logsumexp as total\ndef loss(x):\n    return total(x)\n", vars(helpers))  # noqa: S102
sys.modules["helpers_of_follow"] = helpers


def in_a_closure(function):
    return lambda x: function(x)


def helper(x):
    return logsumexp(x)


WAYS = [
    pytest.param(lambda x: logsumexp(x), id="by-name"),
    pytest.param(lambda x: lse(x), id="by-another-name"),
    pytest.param(lambda x: special.logsumexp(x), id="through-the-module"),
    pytest.param(lambda x: scipy.special.logsumexp(x), id="through-the-package"),
    pytest.param(in_a_closure(logsumexp), id="in-a-closure"),
    pytest.param(lambda x: helper(x), id="in-a-helper"),
    pytest.param(lambda x: helpers.loss(x), id="in-a-helper-of-a-module"),
    pytest.param(lambda x: helpers.total(x), id="as-a-name-of-a-module"),
    pytest.param(lambda x: logsumexp(np.array([x[0], x[1], x[2]])), id="of-an-object-array"),
    pytest.param(lambda x: logsumexp([x[0], x[1], x[2]]), id="of-a-list"),
    pytest.param(lambda x: logsumexp(x[None, :], axis=1).sum(), id="along-an-axis"),
    pytest.param(lambda x: logsumexp(x, keepdims=True)[0], id="keeping-dimensions"),
]


@pytest.mark.parametrize("function", WAYS)
def test_logsumexp(function) -> None:
    np.testing.assert_allclose(grad(function)(X), SHARE, rtol=1e-15)
    assert "logsumexp" in [e.primitive.name for e in trace(function, X).equations]


def test_softmax_and_log_softmax() -> None:
    first = grad(lambda x: softmax(x)[0])(X)
    np.testing.assert_allclose(first, SHARE[0] * (np.eye(3)[0] - SHARE), rtol=1e-14)
    np.testing.assert_allclose(grad(lambda x: log_softmax(x)[0])(X), np.eye(3)[0] - SHARE, rtol=1e-14)


def test_plain_arguments_get_scipys_own_function_while_tracing() -> None:
    seen = []

    def function(x):
        seen.append(logsumexp(np.array([1.0, 2.0])))
        return x * seen[-1]

    trace(function, 1.0)
    assert seen == [logsumexp(np.array([1.0, 2.0]))]


def test_the_names_are_put_back_also_after_an_error() -> None:
    before = logsumexp, special.logsumexp, helpers.total
    with pytest.raises(TraceError):
        trace(lambda x: helpers.loss(x) + float(logsumexp(x)), X)
    assert (logsumexp, special.logsumexp, helpers.total) == before
    assert special.logsumexp([0.0, 0.0]) == np.log(2)


def test_polygamma_is_followed_or_refused_clearly() -> None:
    try:
        found = grad(lambda x: polygamma(1, x))(1.5)
    except TraceError as refused:
        assert "polygamma" in str(refused)
    else:
        np.testing.assert_allclose(found, polygamma(2, 1.5), rtol=1e-14)
