"""How each operation is written: in NumPy, PyTorch and jax.numpy. One table to a dialect, a line to an operation.

`_0`, `_1`, `_2` are the operands, other names parameters of the operation. An operation that stands in no table of a dialect has no
counterpart there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

ARITHMETIC = {
    "add": "_0 + _1", "subtract": "_0 - _1", "multiply": "_0 * _1", "divide": "_0 / _1", "negative": "-_0", "power": "_0 ** _1",
    "square": "_0 ** 2", "reciprocal": "1 / _0", "floor_divide": "_0 // _1", "remainder": "_0 % _1", "matmul": "_0 @ _1",
    "greater": "_0 > _1", "greater_equal": "_0 >= _1", "less": "_0 < _1", "less_equal": "_0 <= _1", "equal": "_0 == _1",
    "not_equal": "_0 != _1",
}  # fmt: skip

_SAME = (
    "sqrt", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sin", "cos", "tan", "arcsin", "arccos", "arctan", "sinh", "cosh",
    "tanh", "arcsinh", "arccosh", "arctanh", "floor", "ceil", "trunc", "sign", "isnan", "isfinite", "sinc",
)  # fmt: skip
_TWO = ("hypot", "arctan2", "fmod", "logaddexp", "logaddexp2", "maximum", "minimum", "logical_and", "logical_or")
_SPECIAL = (
    "expit", "logit", "erf", "erfc", "gammaln", "digamma", "gamma", "erfcx", "log_ndtr", "ndtr", "i0", "i1", "i0e", "i1e", "j0", "j1", "y0",
    "y1", "k0", "k1", "exprel", "dawsn", "erfinv", "erfcinv", "ndtri", "exp1", "expi", "spence", "ellipk", "ellipkm1", "ellipe", "rgamma",
    "gammasgn",
)  # fmt: skip


def _calls(module: str, names: tuple[str, ...], arity: int = 1) -> dict[str, str]:
    return {n: f"{module}.{n}({', '.join(f'_{i}' for i in range(arity))})" for n in names}


_NUMPY = {
    **ARITHMETIC, **_calls("np", _SAME), **_calls("np", _TWO, 2), **_calls("special", _SPECIAL),
    **_calls("special", ("xlogy", "owens_t", "beta", "betaln", "poch", "binom"), 2),
    "cbrt": "np.cbrt(_0)", "rint": "np.rint(_0)", "absolute": "np.abs(_0)", "logical_not": "np.logical_not(_0)", "where": "np.where(_0, _1, _2)",
    "clip": "np.clip(_0, _1, _2)", "ldexp": "np.ldexp(_0, n)", "dot": "np.dot(_0, _1)", "inner": "np.inner(_0, _1)", "outer": "np.outer(_0, _1)",
    "trace": "np.trace(_0, offset=offset)", "inv": "np.linalg.inv(_0)", "solve": "np.linalg.solve(_0, _1)", "det": "np.linalg.det(_0)",
    "logabsdet": "np.linalg.slogdet(_0)[1]", "detsign": "np.linalg.slogdet(_0)[0]", "argsort": "np.argsort(_0, axis=axis, kind='stable')",
    "searchsorted": "np.searchsorted(_0, _1)", "polygamma": "special.polygamma(order, _0)[()]", "iv": "special.iv(order, _0)",
    "jv": "special.jv(order, _0)", "kv": "special.kv(order, _0)", "yv": "special.yv(order, _0)", "ive": "special.ive(order, _0)",
    "expn": "special.expn(order, _0)", "betainc": "special.betainc(a, b, _0)", "gammainc": "special.gammainc(a, _0)",
    "gammaincc": "special.gammaincc(a, _0)", "hyp1f1": "special.hyp1f1(a, b, _0)", "hyp2f1": "special.hyp2f1(a, b, c, _0)",
    "spherical_jn": "special.spherical_jn(order, _0)", "spherical_in": "special.spherical_in(order, _0)", "elliptic_d": "special.elliprd(0.0, _0, 1.0) / 3",
    "zeta": "special.zeta(s, _0)", "sici_si": "special.sici(_0)[0]", "sici_ci": "special.sici(_0)[1]", "shichi_shi": "special.shichi(_0)[0]",
    "shichi_chi": "special.shichi(_0)[1]", "fresnel_s": "special.fresnel(_0)[0]", "fresnel_c": "special.fresnel(_0)[1]",
    "qr_r": "np.linalg.qr(_0, mode='r')", "qr_q": "np.linalg.qr(_0)[0]", "astype": "np.asarray(_0).astype(dtype)[()]",
    "cholesky": "np.linalg.cholesky(_0)", "matrix_rank": "np.linalg.matrix_rank(_0)",
    "softmax": "special.softmax(_0, axis=axis)", "log_softmax": "special.log_softmax(_0, axis=axis)",
    "logsumexp": "special.logsumexp(_0, axis=axis, keepdims=keepdims)", "broadcast_to": "np.broadcast_to(_0, shape)",
    "reshape": "np.reshape(_0, shape)", "transpose": "np.transpose(_0, axes)", "cumsum": "np.cumsum(_0, axis=axis)",
    "cumprod": "np.cumprod(_0, axis=axis)", "argmax": "np.argmax(_0, axis=axis)", "argmin": "np.argmin(_0, axis=axis)",
    "any": "np.any(_0, axis=axis, keepdims=keepdims)", "all": "np.all(_0, axis=axis, keepdims=keepdims)",
    **{r: f"np.{r}(_0, axis=axis, keepdims=keepdims)" for r in ("sum", "mean", "prod", "max", "min", "var")},
    "recurrence": "recurrence(_0, _1)",
}  # fmt: skip

_TORCH_SPECIAL = (
    "expit",
    "logit",
    "erf",
    "erfc",
    "gammaln",
    "digamma",
    "erfcx",
    "log_ndtr",
    "ndtr",
    "i0",
    "i1",
    "i0e",
    "i1e",
    "erfinv",
    "ndtri",
)
_TORCH = {
    **ARITHMETIC, **_calls("torch", tuple(n for n in _SAME if n != "gamma")), **_calls("torch", _TWO, 2),
    "recurrence": "recurrence(_0, _1)",
    **_calls("torch.special", _TORCH_SPECIAL), "gamma": "torch.where((_0 < 0) & (torch.floor(_0) % 2 != 0), -1, 1) * torch.exp(torch.lgamma(_0))", "xlogy": "torch.xlogy(_0, _1)",
    "expit": "torch.sigmoid(_0)", "gammaln": "torch.lgamma(_0)", "j0": "torch.special.bessel_j0(_0)", "j1": "torch.special.bessel_j1(_0)",
    "y0": "torch.special.bessel_y0(_0)", "y1": "torch.special.bessel_y1(_0)", "k0": "torch.special.modified_bessel_k0(_0)",
    "k1": "torch.special.modified_bessel_k1(_0)", "cbrt": "torch.sign(_0) * torch.abs(_0) ** (1 / 3)", "rint": "torch.round(_0)",
    "absolute": "torch.abs(_0)", "logical_not": "torch.logical_not(_0)", "where": "torch.where(_0, _1, _2)", "clip": "torch.clamp(_0, _1, _2)",
    "dot": "_0 @ _1", "inner": "torch.inner(_0, _1)", "outer": "torch.outer(_0, _1)", "inv": "torch.linalg.inv(_0)",
    "solve": "torch.linalg.solve(_0, _1)", "det": "torch.linalg.det(_0)", "logabsdet": "torch.linalg.slogdet(_0)[1]",
    "detsign": "torch.linalg.slogdet(_0)[0]", "argsort": "torch.argsort(_0, dim=axis, stable=True)", "polygamma": "torch.polygamma(order, _0)",
    "cholesky": "torch.linalg.cholesky(_0)", "softmax": "torch.softmax(_0, axis)", "log_softmax": "torch.log_softmax(_0, axis)",
    "logsumexp": "torch.logsumexp(_0, axis, keepdim=keepdims)", "broadcast_to": "_0.expand(shape)", "reshape": "torch.reshape(_0, shape)",
    "transpose": "torch.permute(_0, axes)", "cumsum": "torch.cumsum(_0, axis)", "cumprod": "torch.cumprod(_0, axis)",
    "argmax": "torch.argmax(_0, dim=axis)", "argmin": "torch.argmin(_0, dim=axis)", "sum": "torch.sum(_0, dim=axis, keepdim=keepdims)",
    "mean": "torch.mean(_0, dim=axis, keepdim=keepdims)", "max": "torch.amax(_0, dim=axis, keepdim=keepdims)",
    "min": "torch.amin(_0, dim=axis, keepdim=keepdims)", "prod": "torch.prod(_0, dim=axis, keepdim=keepdims)",
    "var": "torch.var(_0, dim=axis, correction=0, keepdim=keepdims)", "any": "torch.any(_0)", "all": "torch.all(_0)",
}  # fmt: skip

_JAX_SPECIAL = (
    "logit",
    "erf",
    "erfc",
    "gammaln",
    "digamma",
    "gamma",
    "log_ndtr",
    "ndtr",
    "i0",
    "i1",
    "i0e",
    "i1e",
    "erfinv",
    "ndtri",
    "exp1",
    "expi",
)
_SCIPY_ALONE = "special."
_JAX = {
    **{
        name: template.replace("np.", "jnp.")
        for name, template in _NUMPY.items()
        if _SCIPY_ALONE not in template and name not in ("ldexp", "astype")
    },
    **_calls("jax.scipy.special", _JAX_SPECIAL), **_calls("jax.scipy.special", ("xlogy", "betaln"), 2), "expit": "jax.nn.sigmoid(_0)",
    "polygamma": "jax.scipy.special.polygamma(order, _0)", "betainc": "jax.scipy.special.betainc(a, b, _0)",
    "gammainc": "jax.scipy.special.gammainc(a, _0)", "gammaincc": "jax.scipy.special.gammaincc(a, _0)",
    "softmax": "jax.nn.softmax(_0, axis=axis)", "log_softmax": "jax.nn.log_softmax(_0, axis=axis)",
    "logsumexp": "jax.nn.logsumexp(_0, axis=axis, keepdims=keepdims)", "astype": "_0.astype(dtype)",
    "argsort": "jnp.argsort(_0, axis=axis)",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Dialect:
    """A library's way of writing operations.

    `module` is what NumPy's functions are called from; `tensors` says that two-operand functions take no plain numbers; `axis` is the
    keyword for axes, dropped with its value where it is None.
    """

    name: str
    module: str
    table: Mapping[str, str]
    axis: str = "axis"
    kept: str = "keepdims"
    tensors: bool = False
    functional: bool = False


NUMPY = Dialect("numpy", "np", _NUMPY)
TORCH = Dialect("torch", "torch", _TORCH, axis="dim", kept="keepdim", tensors=True)
JAX = Dialect("jax", "jnp", _JAX, functional=True)
DIALECTS: Mapping[str, Dialect] = {d.name: d for d in (NUMPY, TORCH, JAX)}

HELPERS: Mapping[str, str] = {
    "recurrence": '''def recurrence(a, b):
    """s[0] = b[0], s[k] = b[k] + a[k] * s[k - 1], along the first axis."""
    s = np.empty_like(b)
    s[:1] = b[:1]
    for k in range(1, len(b)):
        s[k] = b[k] + a[k] * s[k - 1]
    return s
''',
    "fft": '''def fft(*parts, axis, inverse, norm):
    """The real and imaginary parts of a Fourier transform, stacked."""
    z = parts[0] if len(parts) == 1 else parts[0] + 1j * parts[1]
    y = (np.fft.ifft if inverse else np.fft.fft)(z, axis=axis, norm=norm)
    return np.stack([y.real, y.imag])
''',
    "rfft": '''def rfft(x, *, axis, norm):
    """The real and imaginary parts of half a Fourier transform, stacked."""
    y = np.fft.rfft(x, axis=axis, norm=norm)
    return np.stack([y.real, y.imag])
''',
    "irfft": '''def irfft(*parts, axis, n, norm):
    """The real numbers that half a spectrum is of, its real and imaginary parts given apart."""
    z = parts[0] if len(parts) == 1 else parts[0] + 1j * parts[1]
    return np.fft.irfft(z, n=n, axis=axis, norm=norm)
''',
}

_STACKED = '''def recurrence(a, b):
    """s[0] = b[0], s[k] = b[k] + a[k] * s[k - 1], along the first axis."""
    s = [b[0]]
    for k in range(1, len(b)):
        s.append(b[k] + a[k] * s[-1])
    return {module}.stack(s)
'''


def helper(name: str, dialect: Dialect) -> str | None:
    """The source of a helper in a dialect; None where the name is a module's."""
    if name == "recurrence" and dialect.name != "numpy":
        return _STACKED.format(module=dialect.module)
    return HELPERS.get(name)
