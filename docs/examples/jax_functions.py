"""Functions of JAX with rules of their own, each with a right rule and a wrong one: `gradcheck.check_jax` tells them apart.

Run it: python docs/examples/jax_functions.py
"""

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np


@dataclass(frozen=True)
class Pair:
    """A function with the right rule and with a wrong one, the point where both are judged, and what the wrong one forgets."""

    name: str
    right: Any
    wrong: Any
    at: tuple
    mistake: str
    dtypes: tuple = ("float64", "float32", "bfloat16", "float16")  # what it is tried in


def by_vjp(forward, backward):
    """A custom_vjp whose residuals are its arguments and its value."""
    function = jax.custom_vjp(forward)
    function.defvjp(lambda *args: (forward(*args), (args, forward(*args))), lambda kept, g: backward(*kept, g))
    return function


def by_jvp(forward, rule):
    """A custom_jvp whose rule is told arguments, tangents and value."""
    function = jax.custom_jvp(forward)
    function.defjvp(lambda args, tangents: (forward(*args), rule(args, tangents, forward(*args))))
    return function


def softplus(x):
    return jnp.logaddexp(x, 0)


def log_sum_exp(x):
    top = jnp.max(x)
    return top + jnp.log(jnp.sum(jnp.exp(x - top)))


def attend(scores, values):
    """Values weighed by the softmax of their scores."""
    return jax.nn.softmax(scores) @ values


def attend_backward(args, out, g, *, centred):
    scores, values = args
    weights = jax.nn.softmax(scores)
    pulled = values @ g
    return weights * (pulled - weights @ pulled if centred else pulled), jnp.outer(weights, g)


def layer_norm(x, scale):
    centred = x - jnp.mean(x)
    return scale * centred / jnp.sqrt(jnp.mean(centred**2) + 0.01)


def layer_norm_backward(args, out, g, *, whole):
    x, scale = args
    centred = x - jnp.mean(x)
    root = jnp.sqrt(jnp.mean(centred**2) + 0.01)
    unit = centred / root
    up = g * scale
    through = up - jnp.mean(up)
    if whole:
        through = through - unit * jnp.mean(up * unit)
    return through / root, g * unit


def huber(residual):
    size = jnp.abs(residual)
    return jnp.sum(jnp.where(size < 1, residual**2 / 2, size - 0.5))


def gelu(x):
    return x * (1 + jax.scipy.special.erf(x / np.sqrt(2).astype(x.dtype))) / 2


def gelu_slope(x):
    normal = jnp.exp(-(x**2) / 2) / np.sqrt(2 * np.pi).astype(x.dtype)
    return (1 + jax.scipy.special.erf(x / np.sqrt(2).astype(x.dtype))) / 2 + x * normal


def approximate_slope(x):
    """The slope of the approximation by tanh."""
    return jax.grad(lambda v: jnp.sum(jax.nn.gelu(v, approximate=True)))(x)


def decay(x):
    return jnp.exp(-x)


def error_function(x):
    return jax.scipy.special.erf(x)


def root(a):
    """Square roots by Newton's steps; the rule differentiates what they lead to, not the steps."""
    return jax.lax.fori_loop(0, 12, lambda _, x: (x + a / x) / 2, (1 + a) / 2)


def quadratic(matrix, x):
    return x @ matrix @ x


SUITE = [
    Pair(
        "softplus", by_jvp(softplus, lambda args, t, y: jax.nn.sigmoid(args[0]) * t[0]), by_jvp(softplus, lambda args, t, y: jax.nn.sigmoid(-args[0]) * t[0]),
        (np.array([-2.5, 0.5, 3.0]),), "the sign in the exponent",
    ),
    Pair(
        "log_sum_exp", by_vjp(log_sum_exp, lambda args, y, g: (g * jnp.exp(args[0] - y),)), by_vjp(log_sum_exp, lambda args, y, g: (jnp.exp(args[0] - y),)),
        (np.array([0.25, -1.5, 0.875, 2.0]),), "the cotangent",
    ),
    Pair(
        "attend", by_vjp(attend, lambda *a: attend_backward(*a, centred=True)), by_vjp(attend, lambda *a: attend_backward(*a, centred=False)),
        (np.array([0.5, -0.25, 1.0]), np.array([[1.0, 2.0], [-0.5, 0.25], [0.75, -1.5]])), "that the weights sum to one",
    ),
    Pair(
        "layer_norm", by_vjp(layer_norm, lambda *a: layer_norm_backward(*a, whole=True)), by_vjp(layer_norm, lambda *a: layer_norm_backward(*a, whole=False)),
        (np.array([0.5, -1.25, 2.0, 0.75]), np.array([1.0, 0.5, -2.0, 1.5])), "the way through the variance",
    ),
    Pair(
        "huber", by_jvp(huber, lambda args, t, y: jnp.sum(jnp.clip(args[0], -1, 1) * t[0])), by_jvp(huber, lambda args, t, y: jnp.sum(jnp.clip(args[0], -1, 1) * jnp.abs(t[0]))),
        (np.array([0.25, -0.5, 3.0, -2.0]),), "that a rule is linear in its tangent",
    ),
    Pair(
        "gelu", by_vjp(gelu, lambda args, y, g: (g * gelu_slope(args[0]),)), by_vjp(gelu, lambda args, y, g: (g * approximate_slope(args[0]),)),
        (np.array([-1.75, 0.5, 2.25]),), "that the approximation has another slope", dtypes=("float64", "float32"),
    ),
    Pair(
        "decay", by_vjp(decay, lambda args, y, g: (-g * y,)), by_vjp(decay, lambda args, y, g: (g * y,)),
        (np.array([14.0, 15.5]),), "a sign, where the gradient is below 1e-6", dtypes=("float64", "float32"),
    ),
    Pair(
        "erf", by_jvp(error_function, lambda args, t, y: 2 / np.sqrt(np.pi) * jnp.exp(-args[0] ** 2) * t[0]),
        by_jvp(error_function, lambda args, t, y: 1.12838 * jnp.exp(-args[0] ** 2) * t[0]),
        (np.array([-0.5, 0.25, 1.5]),), "all but six digits of a constant", dtypes=("float64",),
    ),
    Pair(
        "root", by_vjp(root, lambda args, y, g: (g / (2 * y),)), by_vjp(root, lambda args, y, g: (g / (2 * args[0]),)),
        (np.array([0.5, 2.0, 3.25]),), "to take the value, not the argument", dtypes=("float64", "float32"),
    ),
    Pair(
        "quadratic", by_vjp(quadratic, lambda args, y, g: (g * jnp.outer(args[1], args[1]), g * (args[0] + args[0].T) @ args[1])),
        by_vjp(quadratic, lambda args, y, g: (g * jnp.outer(args[1], args[1]), 2 * g * args[0] @ args[1])),
        (np.array([[1.0, 0.5], [-0.25, 2.0]]), np.array([0.75, -1.5])), "that the matrix need not be symmetric",
    ),
]  # fmt: skip


def main():
    from gradcheck import check_jax

    for pair in SUITE:
        for dtype in pair.dtypes:
            with jax.enable_x64(dtype == "float64"):
                at = tuple(x.astype(jnp.dtype(dtype)) for x in pair.at)
                right, wrong = check_jax(pair.right, at), check_jax(pair.wrong, at)
            print(f"{pair.name:12} {dtype:9} right rule: {right.outcome}, wrong rule: {wrong.outcome} (forgets {pair.mistake})")


if __name__ == "__main__":
    main()
