"""Compiled circuits: the same results as interpretation within a few ulp, infinities and NaN and precisions included."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from gradcheck import trace
from gradcheck.circuit import Floats, interpret
from gradcheck.circuit.compile import compile_circuit

X = np.array([0.3, -1.2, 2.0, 0.7, 1.1])
ULP = 64  # the programs below have some thirty operations; math's functions may each be off by 4 ulp


def everything(x):
    smooth = np.tanh(x) * np.sin(x) / np.sqrt(x * x + 1) + np.exp(-x * x) + np.log(x * x + 2) + np.square(x) + np.arctan(x)
    kinked = np.maximum(x, 0.5) + np.minimum(x, 0.1) + abs(x) + np.where(x > 0, x, 2 * x) + np.clip(x, 0.0, 1.0)
    rare = np.power(x * x + 1, x) + np.reciprocal(x + 5) + np.log1p(x * x) + np.expm1(-abs(x)) + special.erf(x) + special.expit(x)
    return smooth + kinked + rare + np.hypot(x, 1.0)


def elements(x):
    return x[0] * x[1] + np.sin(x[2]) * x[3] - x[4] + x[-1] * x[..., 0]


def put_together(x):
    return np.sum(np.stack([x[1], x[0] * 2, x[2]]) ** 2) + x[0]


def arrays(x):
    return np.sum(np.cumprod(x) * np.max(x)) + np.sum(x[1:3] * x[:2]) + x[np.argmax(x)] * np.mean(x[[0, 0, 2]])


def compared(function, *inputs):
    circuit = trace(function, *inputs)
    for program in (circuit, circuit.gradient()):
        with np.errstate(all="ignore"):
            got = compile_circuit(program)(*inputs)[: len(program.outputs)]
            yield from zip(got, interpret(program, Floats(), inputs), strict=True)


def assert_close(got, want) -> None:
    got, want = np.asarray(got), np.asarray(want)
    assert got.shape == want.shape
    finite = np.isfinite(want)
    assert np.array_equal(got[~finite], want[~finite], equal_nan=True)
    scale = np.spacing(np.maximum(np.abs(want[finite]), np.abs(want[finite]).max(initial=0.0) * 1e-3).astype(want.dtype))
    assert (np.abs(got[finite] - want[finite]) <= ULP * scale).all()


@pytest.mark.parametrize("x", [0.7, -0.7, 0.0, -0.0, 1.0, 30.0, -30.0, 1e-300])
def test_scalars(x) -> None:
    for got, want in compared(everything, np.float64(x)):
        assert_close(got, want)


@pytest.mark.parametrize("function", [elements, put_together, arrays])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_arrays_and_precisions(function, dtype) -> None:
    for got, want in compared(function, X.astype(dtype)):
        assert_close(got, want)
        assert np.asarray(got).dtype == np.asarray(want).dtype == dtype


RAISING = [  # Python's math raises on these, NumPy does not
    pytest.param(np.exp, 1000.0, id="overflow"),
    pytest.param(lambda x: 1.0 / x, 0.0, id="division-by-zero"),
    pytest.param(lambda x: 1.0 / x, -0.0, id="division-by-minus-zero"),
    pytest.param(np.log, 0.0, id="log-of-zero"),
    pytest.param(np.log, -1.0, id="log-of-negative"),
    pytest.param(np.sqrt, -1.0, id="root-of-negative"),
    pytest.param(lambda x: x**0.5, -2.0, id="power-of-negative"),
    pytest.param(lambda x: x**-1.5, 0.0, id="negative-power-of-zero"),
    pytest.param(np.sin, np.inf, id="sine-of-infinity"),
    pytest.param(np.cosh, 1000.0, id="cosh-overflow"),
    pytest.param(lambda x: np.exp(x) * 0.0, 1000.0, id="infinity-times-zero"),
    pytest.param(np.expm1, 1000.0, id="expm1-overflow"),
    pytest.param(np.log1p, -1.0, id="log1p-pole"),
    pytest.param(lambda x: x * np.nan, 1.0, id="nan"),
    pytest.param(lambda x: np.maximum(x, 1.0), np.nan, id="nan-argument"),
]


@pytest.mark.parametrize(("function", "x"), RAISING)
def test_where_math_raises_numpy_s_infinities_and_nans_come_out(function, x) -> None:
    for got, want in compared(function, np.float64(x)):
        assert np.array_equal(got, want, equal_nan=True)
        assert np.signbit(got) == np.signbit(want) or np.isnan(want)


def test_float32_scalars_stay_float32() -> None:
    for got, want in compared(lambda x: np.sin(x) ** 2 * 3.0 + 2.0**x + np.exp2(x), np.float32(0.7)):
        assert np.asarray(got).dtype == np.float32
        assert got == want


def test_python_numbers_do_not_lose_to_other_precisions() -> None:
    for got, want in compared(lambda x: np.sum(x * np.arange(1, 6, dtype=np.float32)), X):
        assert np.asarray(got).dtype == np.asarray(want).dtype == np.float64


def test_watched_decisions_come_after_the_outputs() -> None:
    circuit = trace(lambda x: x * x if x > 0 else -x, 2.0)
    run = compile_circuit(circuit)
    assert run(np.float64(3.0)) == (9.0, True)
    assert run(np.float64(-3.0)) == (9.0, False)  # the program is that of x > 0; the decision says that it does not stand


def test_beyond_the_limit_it_interprets() -> None:
    circuit = trace(lambda x: np.sum(np.sin(x)), X)
    assert compile_circuit(circuit, limit=1)(X) == interpret(circuit, Floats(), (X,))


def test_inputs_and_constants_are_never_written_over() -> None:
    data = np.full(10_000, 2.0)
    circuit = trace(lambda x: np.sum(np.sin(x * data) * x + np.exp(-x) * data), np.ones(10_000)).gradient()
    x, run = np.linspace(0.0, 1.0, 10_000), compile_circuit(circuit)
    first = [np.array(r) for r in run(x)]
    assert np.array_equal(x, np.linspace(0.0, 1.0, 10_000))
    assert (data == 2.0).all()
    for a, b, c in zip(first, run(x), interpret(circuit, Floats(), (x,)), strict=True):
        assert np.array_equal(a, b)
        assert_close(a, c)
