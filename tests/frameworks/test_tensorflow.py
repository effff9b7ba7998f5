"""check_tensorflow: tf.custom_gradient and plain functions, by a NumPy twin or by differences."""

from __future__ import annotations

import os

import numpy as np
import pytest

from gradcheck import UsageError, check_tensorflow

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
tf = pytest.importorskip("tensorflow", reason="tensorflow is not installed: make test-all installs it")

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]
X = np.array([0.3, -1.0, 2.0])


def softplus(rule):
    @tf.custom_gradient
    def custom(x):
        e = tf.exp(x)
        return tf.math.log1p(e), lambda g: rule(g, e)

    return custom


RIGHT, WRONG = softplus(lambda g, e: g * e / (1 + e)), softplus(lambda g, e: g / (1 + e))


def twin(x):
    return np.log1p(np.exp(x))


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
@pytest.mark.parametrize("numpy", [twin, None], ids=["twin", "differences"])
def test_custom_gradients(dtype, numpy):
    x = tf.cast(tf.constant(X), dtype)
    for f in (RIGHT, tf.function(RIGHT)):
        verdict = check_tensorflow(f, x, numpy=numpy)
        assert verdict.outcome == "right", str(verdict)
    assert check_tensorflow(WRONG, x, numpy=numpy).outcome == "wrong"


def test_nested_arguments_and_data():
    at = ({"w": np.array([[1.0, 2.0], [3.0, 4.0]])}, np.array([0, 0, 1]))
    verdict = check_tensorflow(lambda p, i: tf.reduce_sum(tf.gather(p["w"], i) ** 2), at, numpy=lambda p, i: np.sum(p["w"][i] ** 2))
    assert verdict.outcome == "right", str(verdict)
    assert verdict.labels[0] == "p['w'][0, 0]"


def test_calls_that_make_no_sense():
    with pytest.raises(UsageError, match="nothing to differentiate"):
        check_tensorflow(tf.abs, (np.array([1]),))
