"""check_jax on custom rules and plain functions, and to_jax."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from gradcheck import Real, UsageError, case, check_jax
from gradcheck.errors import GradientError, ShapeError

jax = pytest.importorskip("jax", reason="jax is not installed: make test-all installs it")

import jax.numpy as jnp  # noqa: E402
from jax import lax  # noqa: E402

from gradcheck import to_jax  # noqa: E402

sys.path.insert(0, str(__import__("pathlib").Path(__file__).parents[2] / "docs" / "examples"))
from jax_functions import SUITE, by_jvp, by_vjp  # noqa: E402

pytestmark = pytest.mark.slow
X = np.array([0.3, 1.7, -0.6], dtype=np.float32)


@pytest.mark.parametrize(("pair", "dtype"), [pytest.param(p, d, id=f"{p.name}-{d}") for p in SUITE for d in p.dtypes])
def test_right_rules_are_right_and_wrong_ones_wrong(pair, dtype):
    with jax.enable_x64(dtype == "float64"):
        at = tuple(np.asarray(x).astype(jnp.dtype(dtype)) for x in pair.at)
        right, wrong = check_jax(pair.right, at), check_jax(pair.wrong, at)
    assert right.outcome == "right", str(right)
    assert dtype in str(right)
    assert wrong.outcome == "wrong", str(wrong)


def test_truth_is_read_and_the_mistake_named():
    pair = next(p for p in SUITE if p.name == "attend")
    with jax.enable_x64(True):
        verdict = check_jax(pair.wrong, pair.at)
    assert verdict.kinds == ("missing-path",)
    assert "jax_functions.py" in verdict.diagnosis[0].message  # the user's own line


def test_leaves_are_named_by_their_paths():
    wrong = by_vjp(lambda p, x: jnp.sum(p["w1"][0] * x), lambda args, y, g: ({"w1": [2 * g * args[1]]}, g * args[0]["w1"][0]))
    verdict = check_jax(jax.jit(wrong), ({"w1": [X]}, X))
    assert verdict.outcome == "wrong"
    assert "p.w1[0][1]" in str(verdict)
    assert {label for label, o in zip(verdict.labels, verdict.entries, strict=True) if o == "wrong"} == {f"p.w1[0][{i}]" for i in range(3)}


def perceptron(params, x, labels, *, depth):
    for layer in range(depth):
        x = jnp.tanh(x @ params["w"][layer] + params["b"])
    return -jnp.mean(jax.nn.log_softmax(x)[jnp.arange(len(labels)), labels])


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_whole_programs_under_jit(dtype):
    rng = np.random.default_rng(0)
    params = {"w": [rng.normal(size=(3, 3)).astype(jnp.dtype(dtype)) for _ in range(2)], "b": np.zeros(3, jnp.dtype(dtype))}
    f = jax.jit(lambda p, x, y: perceptron(p, x, y, depth=2))
    verdict = check_jax(f, (params, rng.normal(size=(4, 3)).astype(jnp.dtype(dtype)), np.array([0, 2, 1, 1])))
    assert verdict.outcome == "right", str(verdict)


@pytest.mark.parametrize(
    ("f", "outcome"),
    [
        (lambda x: jnp.outer(x, x), "right"),
        (lambda x: {"a": x**2, "b": (jnp.sum(x), jnp.argmax(x))}, "right"),
        (lambda x: x * lax.stop_gradient(x), "right"),
        (lambda x: jax.nn.softmax(jnp.zeros_like(x) * x), "right"),
        (lambda x: jnp.abs(x - X), "kink"),
        (lambda x: jnp.sort(x)[1], "right"),
        (lambda x: lax.while_loop(lambda c: jnp.sum(c) < 10, lambda c: 2 * c, jnp.exp(x)), "right"),  # forward mode only
        (lambda x: lax.fori_loop(0, 4, lambda i, c: c * jnp.sin(x) + i, x), "right"),
        (lambda x: x + jax.random.normal(jax.random.key(1), x.shape), "right"),
        (lambda x: x * 2.5 if x[0] > 0 else x, "right"),  # it looks at values: not to be written down
    ],
)
def test_plain_functions(f, outcome):
    verdict = check_jax(f, X)
    assert verdict.outcome == outcome, str(verdict)


def igamma_with(factor):
    return by_vjp(
        lambda x: lax.igamma(2 + x * x, jnp.full_like(x, 1.5)),
        lambda args, y, g: (factor * g * jax.vjp(lambda x: lax.igamma(2 + x * x, jnp.full_like(x, 1.5)), args[0])[1](1 + 0 * y)[0],),
    )


@pytest.mark.parametrize(("factor", "outcome"), [(1.0, "right"), (1.01, "wrong")])
def test_a_primitive_that_is_not_read_is_judged_by_differences_and_named(factor, outcome):
    with jax.enable_x64(True):
        verdict = check_jax(igamma_with(factor), X.astype(np.float64))
    assert verdict.outcome == outcome
    assert "igamma" in str(verdict)


def test_a_twin_given_certifies():
    f = by_vjp(jnp.tanh, lambda args, y, g: (g * (1 - y * y),))
    assert "NumPy twin" in str(check_jax(f, X, numpy=np.tanh))
    other = check_jax(f, X, numpy=np.sin)
    assert other.outcome == "wrong"
    assert other.kinds == ("wrong-forward",)


def test_a_forward_rule_with_another_value_is_wrong():
    f = jax.custom_vjp(lambda x: jnp.sum(jnp.tanh(x)))
    f.defvjp(lambda x: (jnp.sum(jnp.tanh(x)) * 1.01, x), lambda x, g: (g * (1 - jnp.tanh(x) ** 2),))
    for dtype in (np.float32, jnp.bfloat16):
        assert check_jax(f, X.astype(dtype)).kinds == ("wrong-forward",)


@pytest.mark.parametrize("rule", [lambda x, t: t * t, lambda x, t: jnp.abs(t), lambda x, t: t + 1], ids=["square", "absolute", "constant"])
def test_forward_rules_must_be_linear(rule):
    verdict = check_jax(by_jvp(jnp.sin, lambda args, t, y: jnp.cos(args[0]) * rule(args[0], t[0])), X)
    assert verdict.outcome == "wrong"
    assert verdict.kinds[0] in ("nonlinear", "missing-cotangent")


def test_what_has_reverse_mode_alone_is_judged_by_it():
    forward = by_jvp(jnp.sin, lambda args, t, y: jnp.cos(args[0]) * t[0])
    right, wrong = (by_vjp(jnp.tanh, lambda args, y, g, f=f: (f * g * (1 - y * y),)) for f in (1.0, 1.01))
    assert check_jax(lambda x: forward(x) + right(x), X).outcome == "right"
    assert check_jax(lambda x: forward(x) + wrong(x), X).outcome == "wrong"


def test_forward_rules_of_many_inputs():
    x = np.linspace(-1, 1, 100).astype(np.float32)
    assert check_jax(by_jvp(jnp.sin, lambda args, t, y: jnp.cos(args[0]) * t[0]), x).outcome == "right"
    assert check_jax(by_jvp(jnp.sin, lambda args, t, y: jnp.cos(args[0]) * t[0].at[7].multiply(1.1)), x).outcome == "wrong"


def test_float64_with_the_64_bit_mode_off_is_told():
    with pytest.raises(UsageError, match=r"x is float64.*64-bit mode is off.*jax_enable_x64"):
        check_jax(jnp.sin, {"x": X.astype(np.float64)})
    assert not jax.config.jax_enable_x64
    assert check_jax(jnp.sin, (0.5,)).outcome == "right"  # a plain number is what JAX makes of it
    assert not jax.config.jax_enable_x64


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: check_jax(jnp.sin), "a point is needed"),
        (lambda: check_jax(jnp.sin, (np.array([1, 2]),)), "nothing to differentiate"),
        (lambda: check_jax(jnp.sin, (np.array([1j]),)), "complex"),
        (lambda: check_jax(lambda x: x > 0, X), "no floats"),
        (lambda: check_jax(jnp.sin, X, argnums=3), "argnums=3"),
        (lambda: check_jax(jnp.sin, X, argnums="q"), "no argument is called 'q'"),
        (lambda: check_jax(lambda x: x, {"y": X}), "y"),
    ],
)
def test_calls_that_make_no_sense(call, message):
    with pytest.raises(UsageError, match=message):
        call()


def test_a_search_goes_where_floats_are_lost():
    lossy = by_jvp(jnp.tanh, lambda args, t, y: (1 - y * y) * t[0])
    kept = by_jvp(jnp.tanh, lambda args, t, y: t[0] / jnp.cosh(args[0]) ** 2)
    with jax.enable_x64(True):
        at = (np.array([0.5]),)
        assert check_jax(lossy, at, search=True, domain={"x": Real(1, low=-30, high=30)}).outcome == "wrong"
        assert check_jax(kept, at, search=True, domain={"x": Real(1, low=-30, high=30)}).outcome == "right"


@case(x=Real(3), power=2)
def powers(x, power):
    return np.sum(np.sin(x) ** power)


def test_to_jax_under_jit_grad_and_vmap():
    f = to_jax(powers)
    expected = 2 * np.sin(X) * np.cos(X)
    np.testing.assert_allclose(f(X, 2), np.sum(np.sin(X) ** 2), rtol=1e-6)
    np.testing.assert_allclose(jax.grad(f)(X, 2), expected, rtol=1e-5)
    np.testing.assert_allclose(jax.jit(jax.grad(f), static_argnums=1)(X, 2), expected, rtol=1e-5)
    np.testing.assert_allclose(jax.vmap(jax.grad(f), in_axes=(0, None))(np.stack([X, 0 * X]), 2), np.stack([expected, 0 * X]), rtol=1e-5)
    for dtype in (jnp.bfloat16, jnp.float16, jnp.float32):
        assert jax.grad(f)(X.astype(dtype), 2).dtype == dtype
    with jax.enable_x64(True):
        assert jax.grad(f)(X.astype(np.float64), 2).dtype == np.float64
    assert check_jax(f, (X, 2), numpy=powers).outcome == "right"  # and it is what it was verified to be


def test_to_jax_with_trees_and_data():
    f = to_jax(lambda p, k: np.sum(p["w"] * k**2) + p["b"][0].sum(), at=({"w": np.ones(3), "b": (np.ones(2),)}, np.array([1, 2, 3])))
    found = jax.jit(jax.grad(f))({"w": X, "b": (X[:2],)}, np.array([1, 2, 3]))
    np.testing.assert_array_equal(found["w"], [1, 4, 9])
    np.testing.assert_array_equal(found["b"][0], [1, 1])


def test_to_jax_takes_only_what_is_right():
    with pytest.raises(GradientError, match="wrong"):
        to_jax(powers, gradient=lambda x, power: np.cos(x))
    with pytest.raises(UsageError, match="point is needed"):
        to_jax(np.sum)
    given = to_jax(lambda x, y: np.sum(x * y), at=(np.ones(2), np.ones(2)), gradient=lambda x, y: {"y": x, "x": y})
    np.testing.assert_array_equal(jax.grad(given, argnums=1)(X[:2], 2 * X[:2]), X[:2])
    with pytest.raises(ShapeError):
        to_jax(lambda x: x * 2, at=(np.ones(2),), gradient=lambda x: x)
