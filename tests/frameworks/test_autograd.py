"""check_autograd: functions written with autograd.numpy, and primitives with rules of their own."""

from __future__ import annotations

import numpy as onp
import pytest

from gradcheck import UsageError, check_autograd

pytest.importorskip("autograd", reason="autograd is not installed: make test-all installs it")

import autograd.numpy as np  # noqa: E402
from autograd.extend import defvjp, primitive  # noqa: E402
from autograd.numpy import tanh  # noqa: E402
from autograd.scipy.special import expit, logsumexp  # noqa: E402

pytestmark = pytest.mark.slow
RNG = onp.random.default_rng(0)
X = RNG.normal(size=(4, 3))


def summed(rule):
    """log(sum(exp)) as a primitive with this rule."""

    @primitive
    def log_sum_exp(x):
        top = np.max(x, axis=-1, keepdims=True)
        return top[..., 0] + np.log(np.sum(np.exp(x - top), axis=-1))

    defvjp(log_sum_exp, lambda ans, x: lambda g: rule(g, ans, x))
    return log_sum_exp


RIGHT = summed(lambda g, ans, x: g[..., None] * np.exp(x - ans[..., None]))
WRONG = {
    "sign": summed(lambda g, ans, x: -g[..., None] * np.exp(x - ans[..., None])),
    "missing-cotangent": summed(lambda g, ans, x: np.exp(x - ans[..., None])),
    "factor": summed(lambda g, ans, x: 1.001 * g[..., None] * np.exp(x - ans[..., None])),
}


def hidden(params, x):
    return tanh(np.dot(x, params["w"]) + params["b"])


@pytest.mark.parametrize("dtype", [onp.float64, onp.float32])
def test_right_rules(dtype):
    assert check_autograd(RIGHT, X.astype(dtype)).outcome == "right"
    verdict = check_autograd(lambda x: RIGHT(2 * x), X.astype(dtype))
    assert verdict.outcome == "right"
    assert "run with NumPy in the framework's place" in str(verdict)


@pytest.mark.parametrize("kind", WRONG)
def test_wrong_rules(kind):
    verdict = check_autograd(WRONG[kind], X)
    assert verdict.outcome == "wrong"
    assert "x[" in str(verdict)


def test_helpers_trees_and_scipy_are_followed():
    params = {"w": RNG.normal(size=(3, 2)), "b": onp.ones(2)}

    def loss(params, x):
        return np.sum(RIGHT(hidden(params, x))) + logsumexp(x) + np.sum(expit(x)) + np.concatenate([x[0], x[1]])[1]

    verdict = check_autograd(loss, (params, X))
    assert verdict.outcome == "right", str(verdict)
    assert "by differences" not in str(verdict)
    assert hidden.__globals__["np"] is np  # the function itself is left alone


def test_a_twin_and_a_black_box():
    outside = primitive(lambda x: onp.asarray([float(v) ** 2 for v in x]))
    defvjp(outside, lambda ans, x: lambda g: 2 * x * g)
    assert "difference" in str(check_autograd(outside, X[0]))
    assert check_autograd(outside, X[0], numpy=onp.square).outcome == "right"


def test_calls_that_make_no_sense():
    with pytest.raises(UsageError, match="nothing to differentiate"):
        check_autograd(np.sin, (1,))
    with pytest.raises(UsageError, match="a point is needed"):
        check_autograd(np.sin)
