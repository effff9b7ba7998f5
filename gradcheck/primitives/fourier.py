"""Discrete Fourier transforms: three linear records, and np.fft's functions as compositions of them.

A complex array is two real ones, so a transform takes its operand's real and imaginary part (the latter may be left out where it
is 0) and gives both parts of the result along a new first axis. Its adjoint is the transform of the opposite sign and the same
factor. Floats are transformed by np.fft, exact scalars by `gradcheck.primitives.turns`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gradcheck.primitives.costs import Counts, Sized
from gradcheck.primitives.moving import dtype_of
from gradcheck.primitives.record import Example, Primitive, shape_of
from gradcheck.primitives.structure import GETITEM
from gradcheck.primitives.turns import Wheel

Params = Mapping[str, Any]
Inputs = tuple[Any, ...]
SWAPPED = {"backward": "forward", "ortho": "ortho", "forward": "backward"}


# on floats
def _joined(parts: Sequence[Any]) -> Any:
    """Real and imaginary part as one complex array; a real part alone stays real."""
    if len(parts) == 1:
        return parts[0]
    z = np.empty(np.shape(parts[0]), np.result_type(*parts, np.complex64))
    z.real, z.imag = parts
    return z


def _fft(*parts: Any, axis: int, inverse: bool, norm: str) -> Any:
    y = (np.fft.ifft if inverse else np.fft.fft)(_joined(parts), axis=axis, norm=norm)  # type: ignore[arg-type]
    return np.stack([y.real, y.imag])


def _rfft(x: Any, axis: int, norm: str) -> Any:
    y = np.fft.rfft(x, axis=axis, norm=norm)  # type: ignore[arg-type]
    return np.stack([y.real, y.imag])


def _irfft(*parts: Any, axis: int, n: int, norm: str) -> Any:
    return np.fft.irfft(_joined(parts), n=n, axis=axis, norm=norm)  # type: ignore[arg-type]


# over exact scalars
def _scaled(m: Any, found: Any, inverse: bool, norm: str, n: int) -> Any:
    """Every result divided by what the norm asks for."""
    if norm == ("forward" if inverse else "backward"):
        return found
    by = m.sqrt(m.constant(n)) if norm == "ortho" else n
    return np.frompyfunc(lambda v: m.divide(v, by), 1, 1)(found)


def _exact_fft(m: Any, *parts: Any, axis: int, inverse: bool, norm: str) -> Any:
    n = parts[0].shape[axis]
    wheel, lines = Wheel(m, n), [np.moveaxis(p, axis, -1) for p in parts]
    found = np.empty((2, *lines[0].shape), dtype=object)
    for index in np.ndindex(lines[0].shape[:-1]):
        re, im = wheel.transform(*(p[index] for p in lines), inverse=inverse)
        found[(0, *index)], found[(1, *index)] = re, im
    return np.moveaxis(_scaled(m, found, inverse, norm, n), -1, axis + 1)


def _exact_rfft(m: Any, x: Any, axis: int, norm: str) -> Any:
    whole = _exact_fft(m, x, axis=axis, inverse=False, norm=norm)
    return whole[(slice(None),) * (axis + 1) + (slice(0, x.shape[axis] // 2 + 1),)]


def _exact_irfft(m: Any, *parts: Any, axis: int, n: int, norm: str) -> Any:
    """The other half of the spectrum is the conjugate one; where a frequency is its own opposite, the imaginary part is not read."""
    k = np.arange(n)
    front = (slice(None),) * axis
    mirrored = [p[(*front, np.minimum(k, n - k))] for p in parts]
    if len(parts) == 2:
        signs = np.array([0 if 2 * i % n == 0 else 1 if 2 * i < n else -1 for i in k], dtype=object)
        mirrored[1] = mirrored[1] * _along(signs, axis, mirrored[1].ndim)
    return _exact_fft(m, *mirrored, axis=axis, inverse=True, norm=norm)[0]


# adjoints
def _along(values: Any, axis: int, ndim: int) -> Any:
    return values.reshape((-1, *(1,) * (ndim - 1 - axis)))


def _fft_rule(position: int, g: Any, y: Any, inputs: Inputs, params: Params) -> Any:
    return FFT(g[0], g[1], axis=params["axis"], inverse=not params["inverse"], norm=SWAPPED[params["norm"]])[position]


def _twice(g: Any, n: int, axis: int) -> Any:
    """How often a frequency of half a spectrum occurs in the whole: once at 0 and at n/2, else twice."""
    k = np.arange(n // 2 + 1)
    return _along(np.where(2 * k % n == 0, 1, 2).astype(g.dtype), axis, len(shape_of(g)))


def _rfft_rule(position: int, g: Any, y: Any, inputs: Inputs, params: Params) -> Any:
    axis, n = params["axis"], shape_of(inputs[0])[params["axis"]]
    g = g / _twice(g, n, axis + 1)
    return IRFFT(g[0], g[1], axis=axis, n=n, norm=SWAPPED[params["norm"]])


def _irfft_rule(position: int, g: Any, y: Any, inputs: Inputs, params: Params) -> Any:
    axis = params["axis"]
    part = RFFT(g, axis=axis, norm=SWAPPED[params["norm"]])[position]
    return part * _twice(g, params["n"], axis)


# costs
def _cost(inputs: tuple[Sized, ...], output: Sized, params: Params) -> Counts:
    """5 n log2 n for a complex transform of length n (n/2 log2 n butterflies: one complex product, two sums), half for a real one."""
    axis = params["axis"]
    n = params.get("n") or inputs[0].shape[axis]
    lines, steps = inputs[0].size // inputs[0].shape[axis], n * (n - 1).bit_length()
    half = 2 if len(inputs) == 1 or "n" in params else 1
    scaled = params["norm"] != ("forward" if params.get("inverse") or "n" in params else "backward")
    return Counts(additions=3 * steps // half, multiplications=2 * steps // half) * lines + Counts(multiplications=output.size * scaled)


def _spread(inputs: Sequence[Any], params: Params) -> Any:
    """Rounding of angles 2 pi j k / n, which grow to 2 pi n, as a transform written out as a sum has it; np.fft's own is less.

    It moves every result by about n/4 units times the norm of the operand.
    """
    axis = params["axis"]
    n = params.get("n") or inputs[0].shape[axis]
    size = np.sqrt(sum(np.sum(np.square(x), axis=axis, keepdims=True) for x in inputs))
    inverse = params.get("inverse") or "n" in params
    return size * {"backward": 1 / n if inverse else 1.0, "ortho": n**-0.5, "forward": 1.0 if inverse else 1 / n}[params["norm"]] * (n / 4)


def _params(**params: Any) -> dict[str, Any]:
    return {"axis": 0, "norm": "backward", **params}


FFT: Primitive = Primitive(
    "fft", _fft, _fft_rule, _cost, exact=_exact_fft, calls={}, sums=True, spread=_spread, analytic=False, formula="sum_j x_j exp(-2 pi i j k / n)",
    examples=(
        Example(((3,), (3,)), _params(inverse=False)), Example(((4,), (4,)), _params(inverse=True)),
        Example(((2, 3), (2, 3)), _params(inverse=True, norm="ortho", axis=1)), Example(((4,),), _params(inverse=False, norm="forward")),
    ),
)  # fmt: skip
RFFT: Primitive = Primitive(
    "rfft", _rfft, _rfft_rule, _cost, arity=1, exact=_exact_rfft, calls={}, sums=True, spread=_spread, analytic=False,
    examples=(Example(((4,),), _params()), Example(((3,),), _params(norm="ortho")), Example(((2, 2),), _params(norm="forward", axis=1))),
    formula="sum_j x_j exp(-2 pi i j k / n), k <= n/2",
)  # fmt: skip
IRFFT: Primitive = Primitive(
    "irfft", _irfft, _irfft_rule, _cost, exact=_exact_irfft, calls={}, sums=True, spread=_spread, analytic=False,
    examples=(
        Example(((3,), (3,)), _params(n=4)), Example(((2,), (2,)), _params(n=3, norm="ortho")), Example(((2,),), _params(n=3)),
        Example(((2, 2), (2, 2)), _params(n=2, norm="forward", axis=1)),
    ), formula="sum_k w_k Re(y_k exp(2 pi i j k / n)) / n, w = 1, 2, ..., 2, 1",
)  # fmt: skip


# NumPy's functions
def _place(a: Any, axis: int) -> int:
    ndim = len(shape_of(a))
    if not -ndim <= axis < ndim:
        raise np.exceptions.AxisError(axis, ndim)
    return axis % ndim


def fitted(a: Any, n: int, axis: int) -> Any:
    """Cropped, or padded with zeros, to length n."""
    have = shape_of(a)[axis]
    if n < 1:
        raise ValueError(f"Invalid number of FFT data points ({n}) specified.")
    if n <= have:
        return a if n == have else GETITEM(a, index=(*(slice(None),) * axis, slice(0, n)))
    missing = tuple(n - have if i == axis else size for i, size in enumerate(shape_of(a)))
    return np.concatenate([a, np.zeros(missing, dtype=dtype_of(a))], axis=axis)


def _named(norm: str | None) -> str:
    if norm not in (None, *SWAPPED):
        raise ValueError(f'Invalid norm value {norm}; should be "backward", "ortho" or "forward".')
    return norm or "backward"


def _parts(a: Any) -> tuple[Any, ...]:
    """Real and imaginary part of a traced array; the real part alone where the other is 0."""
    if dtype_of(a).kind != "c":
        return (a,)
    return (a.real,) if a.is_real else (a.real, a.imag)


def _no_out(out: Any) -> None:
    if out is not None:
        raise TypeError("out= is not followed: bind the result to a name instead")


def _transform(inverse: bool) -> Any:
    def adapter(a: Any, n: int | None = None, axis: int = -1, norm: str | None = None, out: Any = None) -> Any:
        _no_out(out)
        axis = _place(a, axis)
        a = fitted(a, shape_of(a)[axis] if n is None else int(n), axis)
        y = FFT(*_parts(a), axis=axis, inverse=inverse, norm=_named(norm))
        return y.recorder.pair(y[0], y[1])

    return adapter


fft, ifft = _transform(inverse=False), _transform(inverse=True)


def rfft(a: Any, n: int | None = None, axis: int = -1, norm: str | None = None, out: Any = None) -> Any:
    """np.fft.rfft of a real array."""
    _no_out(out)
    if dtype_of(a).kind == "c":
        raise TypeError("a complex array: use np.fft.fft, or take the real part first")
    axis = _place(a, axis)
    y = RFFT(fitted(a, shape_of(a)[axis] if n is None else int(n), axis), axis=axis, norm=_named(norm))
    return y.recorder.pair(y[0], y[1])


def irfft(a: Any, n: int | None = None, axis: int = -1, norm: str | None = None, out: Any = None) -> Any:
    """np.fft.irfft; without n the length is even."""
    _no_out(out)
    axis = _place(a, axis)
    n = 2 * (shape_of(a)[axis] - 1) if n is None else int(n)
    return IRFFT(*_parts(fitted(a, n // 2 + 1 if n > 0 else n, axis)), axis=axis, n=n, norm=_named(norm))


def hfft(a: Any, n: int | None = None, axis: int = -1, norm: str | None = None, out: Any = None) -> Any:
    """np.fft.hfft, by the real inverse transform of the conjugate."""
    return irfft(np.conj(a), n, axis, SWAPPED[_named(norm)], out)


def ihfft(a: Any, n: int | None = None, axis: int = -1, norm: str | None = None, out: Any = None) -> Any:
    """np.fft.ihfft, the conjugate of the real transform."""
    return np.conj(rfft(a, n, axis, SWAPPED[_named(norm)], out))


def _sizes(a: Any, s: Any, axes: Any, halved: bool = False) -> list[tuple[int, int]]:
    """Length and axis of each transform of several axes."""
    shape = shape_of(a)
    if axes is None:
        axes = range(-len(shape if s is None else s), 0)
    axes = [int(i) for i in axes]
    lengths = [shape[i] for i in axes] if s is None else [shape[i] if n in (-1, None) else int(n) for n, i in zip(s, axes, strict=True)]
    if halved and s is None:
        lengths[-1] = 2 * (lengths[-1] - 1)
    return list(zip(lengths, axes, strict=True))


def _over(one: Any, default: Any) -> Any:
    def adapter(a: Any, s: Any = None, axes: Any = default, norm: str | None = None, out: Any = None) -> Any:
        _no_out(out)
        for n, axis in reversed(_sizes(a, s, axes)):
            a = one(a, n, axis, norm)
        return a

    return adapter


def _real_over(default: Any) -> Any:
    def adapter(a: Any, s: Any = None, axes: Any = default, norm: str | None = None, out: Any = None) -> Any:
        *others, (n, axis) = _sizes(a, s, axes)
        a = rfft(a, n, axis, norm, out)
        for n, axis in reversed(others):
            a = fft(a, n, axis, norm)
        return a

    return adapter


def _real_back_over(default: Any) -> Any:
    def adapter(a: Any, s: Any = None, axes: Any = default, norm: str | None = None, out: Any = None) -> Any:
        *others, (n, axis) = _sizes(a, s, axes, halved=True)
        for size, place in others:
            a = ifft(a, size, place, norm)
        return irfft(a, n, axis, norm, out)

    return adapter


def _shifted(sign: int) -> Any:
    def adapter(x: Any, axes: Any = None) -> Any:
        chosen = range(len(shape_of(x))) if axes is None else (axes,) if isinstance(axes, int) else axes
        for axis in chosen:
            n = shape_of(x)[axis]
            x = np.roll(x, n // 2 if sign > 0 else -(n // 2), axis)
        return x

    return adapter


_LAST_TWO = (-2, -1)
FOURIER: dict[str, Any] = {  # by the name they have in np.fft and in scipy.fft
    "fft": fft, "ifft": ifft, "rfft": rfft, "irfft": irfft, "hfft": hfft, "ihfft": ihfft,
    "fftn": _over(fft, None), "ifftn": _over(ifft, None), "fft2": _over(fft, _LAST_TWO), "ifft2": _over(ifft, _LAST_TWO),
    "rfftn": _real_over(None), "rfft2": _real_over(_LAST_TWO), "irfftn": _real_back_over(None), "irfft2": _real_back_over(_LAST_TWO),
    "fftshift": _shifted(1), "ifftshift": _shifted(-1),
}  # fmt: skip
for _record, _names in {FFT: ("fft", "ifft"), RFFT: ("rfft", "ihfft"), IRFFT: ("irfft", "hfft")}.items():
    _record.calls.update({getattr(np.fft, name): FOURIER[name] for name in _names})  # type: ignore[attr-defined]
TRANSFORMS = {getattr(np.fft, name): adapter for name, adapter in FOURIER.items()}
