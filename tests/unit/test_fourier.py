"""Discrete Fourier transforms: every function, norm, axis and length; textbook gradients and their wrong twins; exact zeros; costs."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.fft
from scipy.fft import fft as scipy_transform

from gradcheck import TraceError, check, compare, grad, hvp, trace
from gradcheck.arithmetic.balls import Balls
from gradcheck.arithmetic.enclosures import precision
from gradcheck.circuit import Floats, check_circuit, interpret, pullback, simplify
from gradcheck.gradients.differences import Differences
from gradcheck.gradients.method import problem_of
from gradcheck.primitives import BY_NAME
from gradcheck.primitives.turns import Wheel, basis

RNG = np.random.default_rng(7)
X, Y, V = RNG.normal(size=6), RNG.normal(size=6), RNG.normal(size=6)
M, N = RNG.normal(size=(3, 4)), RNG.normal(size=(3, 4))
ONE = ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft")
SEVERAL = ("fft2", "ifft2", "rfft2", "irfft2", "fftn", "ifftn", "rfftn", "irfftn")
NORMS = (None, "backward", "ortho", "forward")
REAL = ("rfft", "ihfft", "rfft2", "rfftn")  # of real arrays


def weighed(call):
    def function(x, y):
        z = call(x, y)
        k = np.arange(np.size(z)).reshape(np.shape(z))
        return np.sum(np.real(z) * np.cos(k) + np.imag(z) * np.sin(k + 1)) + 0.0 * np.sum(y)

    return function


def transform(name, **options):
    def call(x, y):
        return getattr(np.fft, name)(x if name in REAL else x + 1j * y, **options)

    return weighed(call)


def agrees(function, *at) -> None:
    """The circuit is the function bit for bit, its gradient the truth and what differences say; a small mistake is seen."""
    circuit = check_circuit(trace(function, *at))
    (value,) = interpret(circuit, Floats(), at)
    assert value == function(*at)
    gradient = grad(function, (0, 1))
    assert check(function, gradient, at).outcome == "right"
    problem = problem_of(function, at, (0, 1))
    found = Differences().gradient(problem)
    for got, by_differences in zip(gradient(*at), found.entries, strict=True):
        np.testing.assert_allclose(by_differences, got, rtol=1e-6, atol=1e-7)
    assert check(function, lambda *at: tuple(g + 1e-9 * np.max(np.abs(g)) for g in gradient(*at)), at).outcome == "wrong"


@pytest.mark.parametrize("options", [{}, {"n": 4}, {"n": 9, "axis": 0}], ids=str)
@pytest.mark.parametrize("norm", NORMS[1:])
@pytest.mark.parametrize("name", ONE)
def test_one_axis(name, norm, options) -> None:
    at = (M, N) if "axis" in options else (X[:5], Y[:5])
    agrees(transform(name, norm=norm, **options), *at)


SHAPES = [{}, {"axes": (0,)}, {"s": (2, 5), "axes": (0, 1)}, {"s": (4, -1), "axes": (1, 0)}]


@pytest.mark.parametrize("options", SHAPES, ids=str)
@pytest.mark.parametrize("name", SEVERAL)
def test_several_axes(name, options) -> None:
    agrees(transform(name, norm="ortho", **options), M, N)


@pytest.mark.parametrize("options", [{"n": 1}, pytest.param({"n": 12}, marks=pytest.mark.slow), {}], ids=str)
@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("name", [*ONE, *SEVERAL])
def test_values_and_gradients_in_every_norm(name, norm, options) -> None:
    function, at = transform(name, norm=norm, **(options if name in ONE else {})), (M, N)
    (value,) = interpret(trace(function, *at), Floats(), at)
    assert value == function(*at)
    assert check(function, grad(function, (0, 1)), at).outcome == "right"


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(lambda x, y: np.fft.fft(x), id="of a real array"),
        pytest.param(lambda x, y: np.fft.ifft(1j * y), id="of an imaginary array"),
        pytest.param(lambda x, y: np.fft.irfft(x), id="back from a real spectrum"),
        pytest.param(lambda x, y: np.fft.fftshift(np.fft.fft(x) * y), id="fftshift"),
        pytest.param(lambda x, y: np.fft.ifftshift(np.fft.fft(x) * y[:5], axes=0), id="ifftshift"),
        pytest.param(lambda x, y: np.fft.irfft(np.fft.rfft(x) * np.exp(-2j * np.pi * np.fft.rfftfreq(5) * 0.3), 5), id="a delay"),
        pytest.param(lambda x, y: np.fft.ifft(1j * np.fft.fftfreq(5) * np.fft.fft(x)).real, id="a derivative"),
        pytest.param(lambda x, y: scipy_transform(x + 1j * y), id="scipy.fft by its own name"),
        pytest.param(lambda x, y: scipy.fft.irfft(scipy.fft.rfft(x, 8, workers=1), overwrite_x=True), id="scipy.fft's options"),
        pytest.param(lambda x, y: scipy.fft.rfft2(np.outer(x, y)), id="scipy.fft.rfft2"),
    ],
)
def test_further_uses(call) -> None:
    function = weighed(call)
    assert check(function, grad(function, (0, 1)), (X[:5], Y[:5])).outcome == "right"
    assert check(function, lambda x, y: (grad(function)(x, y) + 1e-9, grad(function, 1)(x, y)), (X[:5], Y[:5])).outcome == "wrong"


@pytest.mark.parametrize("name, options", [("fft", {}), ("irfft", {"n": 5}), ("rfft", {"norm": "ortho"}), ("fft2", {}), ("hfft", {})])
def test_all_methods_agree(name, options) -> None:
    found = compare(transform(name, **options), (M[:2, :3], N[:2, :3]))
    assert found.outcome == "right", str(found)
    assert {m.outcome for m in found.points[0].measured if m.gradient is not None} == {"right"}


@pytest.mark.parametrize("norm, orthogonalize", [(None, None), ("ortho", None), ("ortho", False), ("forward", True)])
@pytest.mark.parametrize("type", [1, 2, 3, 4])
@pytest.mark.parametrize("name", ["dct", "idct", "dst", "idst"])
def test_cosine_and_sine_transforms(name, type, norm, orthogonalize) -> None:
    def call(x, y):
        return getattr(scipy.fft, name)(x, type, norm=norm, orthogonalize=orthogonalize)

    (value,) = interpret(trace(lambda x: call(x, x), M), Floats(), (M,))
    np.testing.assert_allclose(value, call(M, M), rtol=1e-13, atol=1e-14)
    function = weighed(call)
    assert check(function, grad(function, (0, 1)), (X, Y)).outcome == "right"


# textbook objectives with their gradients
def power(x):
    return np.sum(np.abs(np.fft.rfft(x)) ** 2 * np.arange(len(x) // 2 + 1))


def power_back(x, once=1.0, scale=1.0):
    """The adjoint of rfft is irfft of a spectrum whose middle frequencies are halved; irfft counts them twice."""
    spectrum = 2 * np.arange(len(x) // 2 + 1) * np.fft.rfft(x)
    half = np.where(2 * np.arange(len(spectrum)) % len(x) == 0, once, 0.5)
    return scale * len(x) * np.fft.irfft(half * spectrum, len(x))


def through(y):
    return np.sum(V * np.fft.irfft(y[0] + 1j * y[1], 6))


def through_back(y, ends=1.0):
    """The adjoint of irfft is rfft over n, with the middle frequencies twice; imaginary parts at the ends are not read."""
    g = np.fft.rfft(V) / 6 * np.array([ends, 2.0, 2.0, ends])
    return np.stack([g.real, g.imag])


def filtered(x):
    return np.sum(np.abs(np.fft.ifft(np.fft.fft(x) * (1 + 2j * np.fft.fftfreq(6)))) ** 2)


def filtered_back(x, conjugated=True, scale=1.0):
    h = 1 + 2j * np.fft.fftfreq(6)
    y = np.fft.ifft(np.fft.fft(x) * h)
    return scale * 2 * np.real(np.fft.ifft(np.fft.fft(y) * (np.conj(h) if conjugated else h)))


def retrieval(x):
    """Phase retrieval: the magnitudes of a spectrum are known, its phases are not."""
    return np.sum((np.abs(np.fft.fft(x, 11)) - np.linspace(1.0, 2.0, 11)) ** 2)


def retrieval_back(x, forward=False):
    z = np.fft.fft(x, 11)
    back = 2 * (np.abs(z) - np.linspace(1.0, 2.0, 11)) * z / np.abs(z)
    return (np.fft.fft(back) if forward else 11 * np.fft.ifft(back)).real[:6]


def convolved(x, h):
    return np.sum(np.fft.irfft(np.fft.rfft(x, 8) * np.fft.rfft(h, 8), 8) * np.cos(np.arange(8)))


def convolved_back(x, h):
    """np.convolve's: correlation with the other factor."""
    w = np.cos(np.arange(8))
    return np.correlate(w, h, "valid"), np.correlate(w, x, "valid")


@pytest.mark.parametrize(
    "function, gradient, at, outcome",
    [
        pytest.param(power, power_back, (X,), "right", id="a power spectrum"),
        pytest.param(power, power_back, (X[:5],), "right", id="a power spectrum of odd length"),
        pytest.param(power, lambda x: power_back(x, once=0.5), (X,), "wrong", id="Nyquist halved too"),
        pytest.param(power, lambda x: power_back(x, scale=1 / 6), (X,), "wrong", id="1/n too much"),
        pytest.param(through, through_back, (np.stack([X[:4], Y[:4]]),), "right", id="through irfft"),
        pytest.param(through, lambda y: through_back(y, ends=2.0), (np.stack([X[:4], Y[:4]]),), "wrong", id="DC and Nyquist twice"),
        pytest.param(through, lambda y: through_back(y) / 2, (np.stack([X[:4], Y[:4]]),), "wrong", id="the middle once"),
        pytest.param(filtered, filtered_back, (X,), "right", id="a filter"),
        pytest.param(filtered, lambda x: filtered_back(x, conjugated=False), (X,), "wrong", id="a filter's conjugate forgotten"),
        pytest.param(filtered, lambda x: filtered_back(x, scale=6.0), (X,), "wrong", id="1/n forgotten"),
        pytest.param(retrieval, retrieval_back, (X,), "right", id="phase retrieval"),
        pytest.param(retrieval, lambda x: retrieval_back(x, forward=True), (X,), "wrong", id="the transform, not its adjoint"),
        pytest.param(convolved, convolved_back, (X, np.array([0.5, -1.0, 0.25])), "right", id="convolution"),
        pytest.param(
            convolved,
            lambda x, h: (np.convolve(np.cos(np.arange(8)), h)[:6], convolved_back(x, h)[1]),
            (X, X[:3]),
            "wrong",
            id="not turned round",
        ),
        pytest.param(
            convolved,
            lambda x, h: grad(lambda x, h: np.convolve(x, h) @ np.cos(np.arange(8)), (0, 1))(x, h),
            (X, X[:3]),
            "right",
            id="as np.convolve",
        ),
    ],
)
def test_textbook_gradients(function, gradient, at, outcome) -> None:
    verdict = check(function, gradient, at)
    assert verdict.outcome == outcome, str(verdict)


@pytest.mark.parametrize("function, gradient", [(power, power_back), (filtered, filtered_back), (retrieval, retrieval_back)])
def test_single_precision(function, gradient) -> None:
    x = X.astype(np.float32)
    assert {t.dtype for t in trace(lambda x: np.sum(np.abs(np.fft.rfft(x)) ** 2), x).type_table if t.floating and not t.weak} == {
        np.dtype("f4")
    }
    assert grad(function)(x).dtype == np.float32
    assert check(function, lambda x: gradient(x).astype(np.float32), (x,)).outcome == "right"
    assert check(function, lambda x: gradient(x).astype(np.float32) * np.float32(1.001), (x,)).outcome == "wrong"


def test_second_derivatives() -> None:
    assert check(retrieval, hvp(retrieval), (X,), order=2).outcome == "right"
    assert check(power, lambda x, v: power_back(v), (X,), order=2).outcome == "right"
    assert check(power, lambda x, v: power_back(v, once=0.5), (X,), order=2).outcome == "wrong"


# tables of sines, whose angles are rounded
@pytest.mark.parametrize("n", [8, 16, 64])
def test_a_matrix_of_roots_of_unity_is_the_transform(n) -> None:
    x, w = np.random.default_rng(n).normal(size=n), np.cos(np.arange(n))
    table = np.exp(-2j * np.pi * np.outer(np.arange(n), np.arange(n)) / n)

    def fast(x):
        return np.sum(np.abs(np.fft.fft(x)) ** 2 * w)

    def written_out(x):
        return np.sum(np.abs(table @ x) ** 2 * w)

    def by_table(x, conjugate=True):
        return 2 * np.real((np.conj(table) if conjugate else table) @ ((table @ x) * w))

    assert check(fast, by_table, (x,)).outcome == "right"
    assert check(written_out, lambda x: 2 * n * np.real(np.fft.ifft(np.fft.fft(x) * w)), (x,)).outcome == "right"
    assert check(fast, lambda x: by_table(x, conjugate=False), (x,)).outcome == "wrong"
    assert check(fast, lambda x: by_table(x) * (1 + 1e-9), (x,)).outcome == "wrong"
    assert check(written_out, lambda x: 2 * n * np.real(np.fft.ifft(np.fft.fft(x) * w)) * (1 + 1e-9), (x,)).outcome == "wrong"


@pytest.mark.parametrize("n", [16, 64, 210])
def test_a_row_of_the_transform(n) -> None:
    def function(x):
        return np.fft.fft(x)[3].real

    x, angles = np.random.default_rng(n).normal(size=n), 2 * np.pi * 3 * np.arange(n) / n
    assert check(function, lambda x: np.cos(angles), (x,)).outcome == "right"
    assert check(function, lambda x: np.fft.fft(np.eye(1, n, 3)[0]).real, (x,)).outcome == "right"
    assert check(function, lambda x: np.cos(angles * (1 + 1e-9)), (x,)).outcome == "wrong"


# exact zeros and kinks
def amplitudes(x):
    return np.sum(np.abs(np.fft.rfft(x)))


@pytest.mark.parametrize("x", [np.ones(5), np.tile([1.0, 2.5], 2), np.zeros(4)], ids=lambda x: str(x.tolist()))
def test_an_amplitude_that_vanishes_exactly_is_a_kink(x) -> None:
    assert check(amplitudes, grad(amplitudes), (x,)).outcome == "kink"
    assert check(amplitudes, lambda x: grad(amplitudes)(x) + 10.0, (x,)).outcome == "wrong"


@pytest.mark.parametrize("x", [np.ones(5), np.ones(260), np.zeros(260)], ids=lambda x: f"{len(x)} times {x[0]}")
def test_its_square_is_smooth(x) -> None:
    assert check(power, power_back, (x,)).outcome == "right"
    assert check(power, lambda x: power_back(x) + 1e-3, (x,)).outcome == "wrong"


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 30, 36, 49, 60, 64, 97, 128, 210])
def test_the_exact_transform_is_the_transform(n) -> None:
    z = np.random.default_rng(n).normal(size=(2, n))
    with precision(128):
        for inverse in (False, True):
            found = Wheel(Balls(), n).transform(*Balls().array(z), inverse=inverse)
            floats = [np.array([float(Balls().divide(v, 1).mid()) for v in part]) for part in found]
            wanted = (n * np.fft.ifft if inverse else np.fft.fft)(z[0] + 1j * z[1]) if not inverse else n * np.fft.ifft(z[0] + 1j * z[1])
            np.testing.assert_allclose(floats[0] + 1j * floats[1], wanted, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("n", [2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 15, 16, 18, 20, 24, 30, 36, 45])
def test_sums_of_roots_that_vanish_come_out_as_exactly_zero(n) -> None:
    for period in (p for p in range(1, n) if n % p == 0):
        x = np.tile(np.random.default_rng(period).normal(size=period), n // period)
        with precision(128):
            re, im = Wheel(Balls(), n).transform(Balls().array(x), inverse=False)
        vanishing = [k for k in range(n) if k % (n // period)]
        assert all(re[k] == 0 and im[k] == 0 for k in vanishing)
        assert any(re[k] != 0 for k in range(n) if k not in vanishing)


@pytest.mark.parametrize("n", [1, 2, 6, 9, 15, 28, 30])
def test_a_basis_has_as_many_powers_as_there_are_units(n) -> None:
    assert len(basis(n)[1]) == sum(np.gcd(k, n) == 1 for k in range(1, n + 1))


# costs, derivatives of both kinds, refusals
@pytest.mark.parametrize("n, steps", [(8, 24), (64, 384), (100, 700), (1, 0)])
def test_costs(n, steps) -> None:
    """5 n log2 n for a complex transform, half for a real one, and as much for the adjoint."""
    x = np.ones(n)
    whole = simplify(trace(lambda x, y: np.fft.fft(x + 1j * y).real, x, x))  # 1j * y is y
    assert whole.operations == 5 * steps
    assert trace(lambda x: np.fft.rfft(x).real, x).operations == 3 * steps // 2 + steps
    assert pullback(whole).operations == 10 * steps  # value and adjoint
    scaled = simplify(trace(lambda x, y: np.fft.fft(x + 1j * y, norm="ortho").real, x, x))
    assert scaled.operations == 5 * steps + 2 * n


def test_the_gradient_of_a_long_transform_costs_little() -> None:
    circuit = trace(power, np.ones(4096))
    assert circuit.gradient().operations < 4 * circuit.operations


def test_an_adjoint_without_the_conjugate_is_refuted(monkeypatch) -> None:
    """The twin: the rule of the forward transform with the forward transform in it."""
    from dataclasses import replace

    from gradcheck.verdicts.proof import prove

    right = BY_NAME["fft"]

    def forgetful(position, g, y, inputs, params):
        return right(g[0], g[1], **params)[position]

    assert prove(replace(right, adjoint=forgetful, examples=right.examples[:1])).status == "failed"
    assert prove(right).status == "proven"


@pytest.mark.parametrize(
    "function, message",
    [
        pytest.param(lambda x: np.fft.rfft(1j * x).real, "take the real part first", id="rfft of complex"),
        pytest.param(lambda x: np.fft.fft(x), "return its real part", id="a complex result"),
        pytest.param(lambda x: np.fft.fft(x, out=np.zeros(6, complex)).real, "out=", id="out"),
        pytest.param(lambda x: scipy.fft.dctn(x), "one-dimensional", id="dctn"),
        pytest.param(lambda x: scipy.fft.dct(1j * x).real, "real and the imaginary part one by one", id="dct of complex"),
    ],
)
def test_what_is_not_followed_says_so(function, message) -> None:
    with pytest.raises(TraceError, match=message):
        trace(function, X)


@pytest.mark.parametrize("call", [lambda x: np.fft.fft(x, 0), lambda x: np.fft.fft(x, norm="both"), lambda x: np.fft.fft(x, axis=3)])
def test_numpys_own_errors_are_the_callers(call) -> None:
    with pytest.raises(Exception) as raw:
        call(X)
    with pytest.raises(type(raw.value)):
        trace(lambda x: np.real(call(x)), X)


def test_scipy_is_left_as_it_was() -> None:
    grad(lambda x: np.sum(scipy.fft.dct(x)))(X)
    np.testing.assert_array_equal(scipy.fft.fft(X), scipy_transform(X))
    assert scipy.fft.fft(X).dtype == complex
