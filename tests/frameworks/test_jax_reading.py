"""Programs of JAX read as NumPy: the same values as JAX's, recorded, and with the gradient that JAX finds."""

import numpy as np
import pytest

from gradcheck import trace
from gradcheck.circuit import Floats, interpret

jax = pytest.importorskip("jax", reason="jax is not installed: make test-all installs it")

import jax.numpy as jnp  # noqa: E402
from jax import lax  # noqa: E402

from gradcheck.frameworks.jaxpr import reading  # noqa: E402

X = np.array([0.3, 1.7, -0.6, 0.9])
P = np.array([0.3, 1.7, 0.6, 0.9])
M = np.arange(1.0, 13.0).reshape(3, 4) / 7 + np.eye(3, 4)
A = np.array([[3.0, 0.5, 0.2], [0.5, 2.0, 0.1], [0.2, 0.1, 1.5]])
B = np.array([[1.0, 0.5, -0.2], [0.3, -2.0, 0.1], [0.7, 0.1, 1.5]])
IMAGE = np.sin(np.arange(72.0)).reshape(2, 1, 6, 6)
KERNEL = np.cos(np.arange(18.0)).reshape(2, 1, 3, 3)


def looped(x):
    y = lax.fori_loop(0, 3, lambda i, c: c * jnp.asarray(x)[i] + i, x)
    y = lax.while_loop(lambda c: jnp.abs(c[0]) < 5.0, lambda c: c * 2 + 1, y)
    carry, z = lax.scan(lambda c, a: (c + a, c * a), 1.0, y, reverse=True)
    return lax.cond(x[0] > 0, lambda a: a.sum(), lambda a: a.max(), z) + carry


@jax.custom_vjp
def with_rule(x):
    return jnp.sin(x) * 2


with_rule.defvjp(lambda x: (with_rule(x), x), lambda x, g: (2 * g * jnp.cos(x),))


@jax.custom_jvp
def with_forward_rule(x):
    return jnp.cos(x) * x


with_forward_rule.defjvp(lambda p, t: (with_forward_rule(*p), t[0] * (jnp.cos(p[0]) - p[0] * jnp.sin(p[0]))))


def nested(x):
    return jax.jit(with_rule)(x) + jax.checkpoint(with_forward_rule)(x) + jax.nn.softmax(x) * jax.jit(jnp.tanh)(x)


ELEMENTWISE = [
    *(getattr(jnp, n) for n in "sin cos tan sinh cosh tanh arctan arcsinh exp exp2 expm1 abs sign floor ceil rint cbrt square negative trunc".split()),
    jax.nn.sigmoid, jax.nn.relu, jax.nn.gelu, jax.nn.silu, jax.nn.softplus, jax.nn.elu, jax.scipy.special.erf, jax.scipy.special.erfc,
    jax.scipy.special.i0e, jax.scipy.special.i1e, jax.nn.log_softmax, jnp.sinc,
]  # fmt: skip
POSITIVE = [
    jnp.log, jnp.log1p, jnp.sqrt, lax.rsqrt, lax.lgamma, lax.digamma, lambda x: jnp.arccosh(1 + x), lambda x: x**x, lambda x: x**-3,
    lambda x: jax.scipy.special.gammainc(2.0, 0.7 * x), lambda x: jax.scipy.special.betainc(2.0, 1.5, x / 4), lambda x: lax.polygamma(jnp.ones_like(x), x), jnp.reciprocal,
]  # fmt: skip
INSIDE = [jnp.arcsin, jnp.arccos, jnp.arctanh, lax.erf_inv]
OTHERS = [
    lambda x: jnp.sort(x) * jnp.arange(4.0), lambda x: x[jnp.argsort(x)] * jnp.arange(4.0), lambda x: jnp.cumsum(x), lambda x: jnp.cumprod(x),
    lambda x: lax.cummax(x), lambda x: lax.cummin(x, reverse=True), lambda x: lax.cumlogsumexp(x), lambda x: lax.cumsum(x, reverse=True),
    lambda x: x[jnp.array([2, 0, 2])], lambda x: x.at[jnp.array([1, 1])].add(3.0 * x[:2]), lambda x: x.at[1:3].set(x[0]), lambda x: x.at[2].mul(x[1]),
    lambda x: x.at[jnp.array([0, 1])].max(x[2:] + 0.1), lambda x: x.at[0].min(x[3] - 2), lambda x: jnp.take(x, jnp.array([0, 9]), mode="fill", fill_value=2.0),
    lambda x: jnp.where(x > 0, x, x**2), lambda x: jnp.clip(x, -0.5, 1.0), lambda x: x.max() * x.min() + x.prod() + x.mean() + x.std(),
    lambda x: x[jnp.argmax(x)] + x[jnp.argmin(x)], lambda x: jnp.concatenate([x[::-1], x[1::2]]), lambda x: jnp.pad(x, (1, 2), constant_values=x[0]),
    lambda x: lax.pad(x, 2.0, [(-1, 2, 1)]), lambda x: jnp.roll(x, 1), lambda x: lax.dynamic_slice(x, (3,), (2,)),
    lambda x: lax.dynamic_update_slice(x, x[:2] ** 2, (1,)), lambda x: jnp.outer(x, x).reshape(2, 8).T, lambda x: jnp.split(x, 2)[1] * 2, lambda x: jnp.repeat(x, 2),
    lambda x: jnp.tile(x, 2), lambda x: jnp.stack([x, 2 * x], axis=1), lambda x: lax.top_k(x, 2)[0], lambda x: jnp.fmod(x, 0.25), lambda x: x % 0.25,
    lambda x: jnp.arctan2(x, 2.0), lambda x: jnp.hypot(x, 2.0), lambda x: jnp.logaddexp(x, 1.0), lambda x: jax.nn.logsumexp(x), lambda x: jnp.linalg.norm(x),
    lambda x: jnp.interp(x, jnp.array([0.0, 1.0, 2.0]), jnp.array([1.0, 3.0, 2.0])), lambda x: jnp.median(x), lambda x: jnp.quantile(x, 0.3), lambda x: jnp.var(x),
    lambda x: x + jax.random.normal(jax.random.key(0), (4,)), lambda x: jnp.polyval(jnp.array([1.0, 2.0, 3.0]), x), lambda x: jax.nn.one_hot(jnp.argmax(x), 4) * x,
    lambda x: jax.vmap(lambda a: jnp.sin(a) * a)(x), lambda x: jnp.triu(jnp.outer(x, x)), lambda x: jnp.diag(x) @ x, lambda x: jnp.convolve(x, jnp.array([1.0, 2.0])),
    lambda x: x.astype(jnp.float32).astype(x.dtype) * x, lambda x: lax.stop_gradient(x) * x, lambda x: lax.associative_scan(jnp.multiply, x),
    lambda x: jnp.abs(jnp.fft.rfft(x)), lambda x: jnp.real(jnp.fft.ifft(jnp.fft.fft(x) * 2)), lambda x: lax.reduce_precision(x, 11, 52) * x, looped, nested,
]  # fmt: skip
MATRIX = [
    lambda m: m @ m.T, lambda m: jnp.einsum("ij,kj->ik", m, m), lambda m: jnp.tensordot(m, m, ((0,), (0,))), lambda m: m.sum(axis=0) * m.max(axis=1).sum(),
    lambda m: jnp.sort(m, axis=0), lambda m: m.transpose()[None], lambda m: jax.nn.softmax(m, axis=0), lambda m: jnp.linalg.norm(m, axis=1),
    lambda m: jax.vmap(lambda r: r[jnp.argmax(r)] * r)(m), lambda m: lax.reduce_window(m, 0.0, lax.add, (2, 2), (1, 1), "VALID"),
    lambda m: lax.reduce_window(m, -jnp.inf, lax.max, (2, 2), (1, 2), "SAME"), lambda m: jnp.einsum("ij,ik->ijk", m, m), lambda m: m[jnp.array([0, 2])][:, jnp.array([1])],
]  # fmt: skip
SQUARE = [
    lambda a: jnp.linalg.solve(a, jnp.arange(3.0)), lambda a: jnp.linalg.inv(a), lambda a: jnp.linalg.det(a), lambda a: jnp.linalg.slogdet(a)[1],
    lambda a: jnp.linalg.cholesky(a @ a.T), lambda a: jax.scipy.linalg.solve_triangular(a, jnp.arange(3.0), lower=True),
    lambda a: jax.scipy.linalg.solve_triangular(a, jnp.arange(3.0), trans=1), lambda a: jnp.linalg.eigvalsh(a + a.T), lambda a: jnp.linalg.svd(a, compute_uv=False),
    lambda a: jnp.abs(jnp.linalg.qr(a)[1]), lambda a: jax.scipy.linalg.cho_solve(jax.scipy.linalg.cho_factor(a @ a.T), jnp.arange(3.0)), jnp.trace,
    lambda a: jnp.linalg.matrix_power(a, 3), lambda a: jax.scipy.linalg.expm(a / 9),
]  # fmt: skip
IMAGES = [
    lambda x: lax.conv(x, jnp.asarray(KERNEL), (1, 1), "SAME"), lambda x: lax.conv(x, jnp.asarray(KERNEL), (2, 1), "VALID"),
    lambda x: lax.conv_general_dilated(x, jnp.asarray(KERNEL), (1, 1), [(2, 1), (0, 3)], lhs_dilation=(2, 1), rhs_dilation=(1, 2)),
    lambda x: lax.conv_general_dilated(jnp.concatenate([x, 2 * x], 1), jnp.asarray(KERNEL), (1, 1), "SAME", feature_group_count=2),
    lambda x: lax.conv_general_dilated(x.transpose(0, 2, 3, 1), jnp.asarray(KERNEL.transpose(2, 3, 1, 0)), (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")),
]  # fmt: skip
READ = [
    *((f, X) for f in ELEMENTWISE), *((f, P) for f in POSITIVE), *((f, X / 2) for f in INSIDE), *((f, X) for f in OTHERS),
    *((f, M) for f in MATRIX), *((f, A) for f in SQUARE), *((f, B) for f in SQUARE[:4]), *((f, IMAGE) for f in IMAGES),
]  # fmt: skip


@pytest.fixture(autouse=True)
def x64():
    with jax.enable_x64(True):
        yield


def scalar(f):
    """A scalar that every output has its part in."""

    def weighed(x):
        y = f(x)
        return jnp.sum(jnp.sin(1.0 + jnp.arange(y.size)).reshape(y.shape) * y)

    return weighed


@pytest.mark.slow
@pytest.mark.parametrize(("f", "x"), READ)
def test_read_as_numpy(f, x):
    """The circuit's value is JAX's, to rounding, and so is its gradient."""
    f = scalar(f)
    closed = jax.make_jaxpr(f)(x)

    def read(x):
        return reading.run_closed(closed, [x])[0]

    value, gradient = jax.value_and_grad(f)(x) if "while" not in set(reading.primitives(closed.jaxpr)) else (f(x), None)
    np.testing.assert_allclose(read(x), value, rtol=1e-11)
    circuit = trace(read, x)
    found_value, found = interpret(circuit.gradient(), Floats(), [x])
    np.testing.assert_allclose(found_value, value, rtol=1e-11)
    if gradient is not None:
        np.testing.assert_allclose(found, gradient, rtol=1e-9, atol=1e-11)
