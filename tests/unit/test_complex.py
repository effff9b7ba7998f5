"""Complex intermediate values in functions of real arguments: every operation against the raw function and the truth, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from gradcheck import ShapeError, TraceError, UsageError, check, compare, grad, hvp, trace
from gradcheck.circuit import Floats, check_circuit, interpret
from gradcheck.verdicts.compare import DERIVATIONS

X, Y = np.array([0.3, -1.2, 2.0, 0.7]), np.array([1.1, 0.4, -0.5, 0.9])
W = np.array([1 + 2j, -0.5j, 0.3, 2 - 1j])
TURN = np.outer(W, W)


def weighed(call):
    """A real number that both parts of every result matter to."""

    def function(x, y):
        z = call(x, y)
        k = np.arange(np.size(z)).reshape(np.shape(z))
        return np.sum(np.real(z) * np.cos(k) + np.imag(z) * np.sin(k + 1))

    return function


def in_place(x, y):
    z = x + 1j * y
    z += x
    z *= W
    z -= 1j
    z /= 2
    return z


ELEMENTARY = (
    np.exp, np.exp2, np.expm1, np.log, np.log2, np.log10, np.sqrt, np.sin, np.cos, np.tan, np.sinh, np.cosh, np.tanh, np.square, np.reciprocal,
    np.negative, np.abs, np.angle, np.conj, np.real, np.imag, np.isfinite, np.isnan,
)  # fmt: skip
CALLS = {
    "a constant times": lambda x, y: 1j * x, "a NumPy scalar times": lambda x, y: np.complex128(2 - 1j) * x + y, "times an array": lambda x, y: W * (x + 1j * y),
    "times": lambda x, y: (x + 1j * y) * (y - 2j * x), "plus an array": lambda x, y: x + W, "by a constant": lambda x, y: (x + 1j * y) / W,
    "one by": lambda x, y: 1 / (1j * x), "by": lambda x, y: (x + 1j * y) / (y - 2j * x), "by a real": lambda x, y: (x + 1j * y) / x,
    "square": lambda x, y: (x + 1j * y) ** 2, "negative power": lambda x, y: (x + 1j * y) ** -3, "power 0": lambda x, y: (x + 1j * y) ** 0 * x,
    "root as a power": lambda x, y: (x + 1j * y) ** 0.5, "traced power": lambda x, y: (x + 1j * y) ** y, "complex power": lambda x, y: (x + 1j * y) ** (0.5 + 0.25j),
    "of two": lambda x, y: 2.0 ** (1j * x + y), "real to imaginary": lambda x, y: np.exp(x) ** 1j, "float times 0j": lambda x, y: (1j * x) * 0j + x,
    "abs of imaginary": lambda x, y: abs(1j * x), "degrees": lambda x, y: np.angle(x + 1j * y, deg=True), "parts of a real": lambda x, y: np.imag(x) + x.imag + x.real * np.angle(x),
    "root of a negative": lambda x, y: np.sqrt(x + 0j), "astype": lambda x, y: x.astype(complex) * W, "methods": lambda x, y: (x + 1j * y).conj().conjugate() * W,
    "matrix by vector": lambda x, y: TURN @ (x + 1j * y), "complex matrix by real vector": lambda x, y: TURN @ x, "real by complex": lambda x, y: x @ W,
    "dot": lambda x, y: np.dot(x + 1j * y, W), "vdot": lambda x, y: np.vdot(x + 1j * y, W), "inner": lambda x, y: np.inner(x + 1j * y, y + 1j * x),
    "outer": lambda x, y: np.outer(x + 1j * y, W), "einsum": lambda x, y: np.einsum("i,i,j->j", x + 1j * y, W, y - 1j * x), "kron": lambda x, y: np.kron(x + 1j * y, W[:2]),
    "tensordot": lambda x, y: np.tensordot(x + 1j * y, W, 1), "convolve": lambda x, y: np.convolve(x + 1j * y, W[:2]), "sum": lambda x, y: np.sum(x + 1j * y),
    "mean": lambda x, y: (x + 1j * y).mean(), "cumsum": lambda x, y: np.cumsum(x + 1j * y), "prod": lambda x, y: np.prod(x + 1j * y), "prod of rows": lambda x, y: np.prod((x + 1j * y).reshape(2, 2), axis=1),
    "cumprod": lambda x, y: np.cumprod(x + 1j * y), "var": lambda x, y: np.var(x + 1j * y), "std": lambda x, y: np.std(x + 1j * y), "diff": lambda x, y: np.diff(x + 1j * y),
    "trapezoid": lambda x, y: np.trapezoid(x + 1j * y), "average": lambda x, y: np.average(x + 1j * y, weights=np.arange(1.0, 5.0)), "interp": lambda x, y: np.interp(x, [-2.0, 0.0, 3.0], [1j, 2, 3 - 1j]),
    "stack": lambda x, y: np.stack([x + 1j * y, 1j * x, W]), "concatenate": lambda x, y: np.concatenate([x, 1j * y]), "hstack": lambda x, y: np.hstack([x + 1j * y, y]),
    "reshape": lambda x, y: (x + 1j * y).reshape(2, 2).T, "roll": lambda x, y: np.roll(x + 1j * y, 1), "flip": lambda x, y: np.flip(x + 1j * y), "pad": lambda x, y: np.pad(x + 1j * y, 2),
    "tile": lambda x, y: np.tile(x + 1j * y, 2), "diag": lambda x, y: np.diag(x + 1j * y), "trace": lambda x, y: np.trace((x + 1j * y).reshape(2, 2)), "slice": lambda x, y: (x + 1j * y)[1:3],
    "index array": lambda x, y: (x + 1j * y)[[0, 2, 0]], "iteration": lambda x, y: np.stack([a * a for a in x + 1j * y]), "where": lambda x, y: np.where(x > 0, x + 1j * y, 1j),
    "where one is real": lambda x, y: np.where(np.array([True, False, True, False]), 1j * x, y), "select": lambda x, y: np.select([x > 0], [1j * x], y), "scalars": lambda x, y: (x[0] + 1j * y[0]) * (2 - 3j) / (1j * x[1] + 0.5),
    "in place": in_place, "polynomial on the imaginary axis": lambda x, y: np.polyval(x, 1j * y), "transfer function": lambda x, y: np.polyval(x, W) / np.polyval(y, W),
    "solve": lambda x, y: np.linalg.solve(np.diag(x + 1j * y) + TURN, W + x), "inv": lambda x, y: np.linalg.inv(np.diag(x + 1j * y) + TURN), "matrix_power": lambda x, y: np.linalg.matrix_power((x + 1j * y).reshape(2, 2), 3),
    "norm": lambda x, y: np.linalg.norm(x + 1j * y), "norm 3": lambda x, y: np.linalg.norm(x + 1j * y, 3), "norms": lambda x, y: np.linalg.norm((x + 1j * y).reshape(2, 2), axis=1),
    "isclose": lambda x, y: np.where(np.isclose(x + 1j * y, W), x, y), "equal": lambda x, y: x * ((x + 1j * y) == W) + y, "unwrap": lambda x, y: np.unwrap(np.angle(np.cumprod(x + 1j * y))),
    "allclose": lambda x, y: x if np.allclose(x + 1j * y, W) else y, "truth value": lambda x, y: x if x[0] + 1j * y[0] else y, "phases": lambda x, y: np.exp(-1j * np.arange(3)[:, None] * x),
    **{f.__name__: lambda x, y, f=f: f(x + 1j * y) * y for f in ELEMENTARY}, **{f"{f.__name__} of imaginary": lambda x, y, f=f: f(1j * y) * x for f in ELEMENTARY},
    **{f"{f.__name__} of real": lambda x, y, f=f: f(x + 0j) * y for f in ELEMENTARY},
}  # fmt: skip


@pytest.mark.parametrize("call", [pytest.param(call, id=name) for name, call in CALLS.items()])
def test_value_and_gradient(call) -> None:
    function = weighed(call)
    recorded = check_circuit(trace(function, X, Y))
    (value,) = interpret(recorded, Floats(), (X, Y))
    np.testing.assert_allclose(value, function(X, Y), rtol=1e-13)
    assert all(t.dtype.kind != "c" for t in recorded.type_table)
    gradient = grad(function, (0, 1))
    assert check(function, gradient, (X, Y)).outcome == "right"
    assert check(function, lambda x, y: tuple(g * (1 + 1e-9) + 1e-12 for g in gradient(x, y)), (X, Y)).outcome == "wrong"


ALL_METHODS = (
    "times", "by", "traced power", "matrix by vector", "einsum", "where", "exp", "log", "sqrt", "tan", "tanh of imaginary", "parts of a real", "transfer function",
)  # fmt: skip


@pytest.mark.parametrize("name", ALL_METHODS)
def test_all_methods_agree(name) -> None:
    found = compare(weighed(CALLS[name]), (X, Y))
    assert found.outcome == "right", str(found)
    measured = {m.method: m for m in found.points[0].measured}
    assert {m: measured[m].outcome for m in DERIVATIONS} == dict.fromkeys(DERIVATIONS, "right")
    assert "complex numbers itself" in measured["complex-step"].reason


# textbook functions with their gradients
def impedance(r, coil, c):
    """|Z| of a resistor, a coil and a capacitor in series, a second resistor across, at 5 frequencies, in decibels."""
    w = 2 * np.pi * np.array([10.0, 50.0, 159.0, 500.0, 2000.0])
    branch = r + 1j * w * coil + 1 / (1j * w * c)
    z = 1 / (1 / branch + 1 / 470.0)
    return np.sum(20 * np.log10(np.abs(z)))


def impedance_back(r, coil, c, forgotten=1.0):
    w = 2 * np.pi * np.array([10.0, 50.0, 159.0, 500.0, 2000.0])
    branch = r + 1j * w * coil + 1 / (1j * w * c)
    z = 1 / (1 / branch + 1 / 470.0)
    slope = z / branch**2 * 20 / np.log(10)  # d log z = z / branch^2 d branch
    return tuple(np.sum(np.real(slope * d)) for d in (np.ones(5), 1j * w, -forgotten / (1j * w * c**2)))


def characteristic(x, t):
    """|empirical characteristic function - that of a normal distribution|^2."""
    return np.sum(np.abs(np.mean(np.exp(1j * t[:, None] * x), axis=1) - np.exp(-(t**2) / 2)) ** 2)


def characteristic_back(x, t, conjugated=True):
    off = np.mean(np.exp(1j * t[:, None] * x), axis=1) - np.exp(-(t**2) / 2)
    inner = 1j * t[:, None] * np.exp(1j * t[:, None] * x) / len(x)
    return np.sum(2 * np.real((np.conj(off) if conjugated else off)[:, None] * inner), axis=0)


def ladder(x):
    """Reflection of a chain of transmission lines with characteristic impedances x."""
    z = 75.0 + 20.0j
    for impedance in x:
        z = impedance * (z + 1j * impedance * np.tan(0.7)) / (impedance + 1j * z * np.tan(0.7))
    return np.abs((z - 50.0) / (z + 50.0)) ** 2


T, AT = np.linspace(-2.0, 2.0, 7), (33.0, 0.02, 4.7e-5)


@pytest.mark.parametrize(
    "function, gradient, at, outcome",
    [
        pytest.param(impedance, impedance_back, AT, "right", id="an RLC circuit"),
        pytest.param(impedance, lambda *a: impedance_back(*a, forgotten=-1.0), AT, "wrong", id="an RLC circuit, a sign"),
        pytest.param(lambda x: characteristic(x, T), lambda x: characteristic_back(x, T), (X,), "right", id="a characteristic function"),
        pytest.param(lambda x: characteristic(x, T), lambda x: characteristic_back(x, T, False), (X,), "wrong", id="a conjugate forgotten"),
        pytest.param(ladder, grad(ladder), (np.array([50.0, 80.0, 33.0]),), "right", id="transmission lines"),
        pytest.param(lambda x: np.abs(W @ x) ** 2, lambda x: 2 * np.real(np.conj(W) * (W @ x)), (X,), "right", id="an intensity"),
        pytest.param(lambda x: np.abs(W @ x) ** 2, lambda x: 2 * np.real(W * (W @ x)), (X,), "wrong", id="an intensity without conjugate"),
    ],
)
def test_textbook_functions(function, gradient, at, outcome) -> None:
    verdict = check(function, gradient, at)
    assert verdict.outcome == outcome, str(verdict)


# special points
def modulus(x, y):
    return np.abs(x + 1j * y)


def intensity(x, y):
    return np.abs(x + 1j * y) ** 2


def phase(x, y):
    return np.angle(x + 1j * y)


def phase_back(x, y):
    return -y / (x * x + y * y), x / (x * x + y * y)


ORIGIN, CUT = (0.0, 0.0), (-1.0, 0.0)


@pytest.mark.parametrize(
    "function, gradient, at, outcome",
    [
        pytest.param(modulus, lambda x, y: (0.6, 0.8), ORIGIN, "kink", id="a direction at the tip of the cone"),
        pytest.param(modulus, lambda x, y: (0.0, 0.0), ORIGIN, "kink", id="0 at the tip"),
        pytest.param(modulus, lambda x, y: (1.6, 0.0), ORIGIN, "wrong", id="too steep at the tip"),
        pytest.param(intensity, lambda x, y: (2 * x, 2 * y), ORIGIN, "right", id="the square is smooth"),
        pytest.param(intensity, lambda x, y: (0.1, 0.0), ORIGIN, "wrong", id="the square is flat"),
        pytest.param(lambda x, y: np.square(modulus(x, y)), lambda x, y: (2 * x, 2 * y), ORIGIN, "right", id="np.square"),
        pytest.param(lambda x, y: modulus(x, y) ** 3, lambda x, y: (0.0, 0.0), ORIGIN, "right", id="the cube is smooth"),
        pytest.param(phase, phase_back, CUT, "kink", id="the jump of the angle"),
        pytest.param(phase, lambda x, y: (0.0, 1.0), CUT, "wrong", id="the jump of the angle, a sign"),
        pytest.param(lambda x, y: np.sin(phase(x, y)), lambda x, y: (0.0, 1.0), CUT, "right", id="smooth across the jump"),
        pytest.param(phase, phase_back, (-1.0, -1e-300), "right", id="below the jump"),
        pytest.param(phase, phase_back, (1.0, 0.0), "right", id="the positive axis"),
        pytest.param(lambda x, y: np.sqrt(x + 1j * y).imag, lambda x, y: (-0.5, 0.0), CUT, "kink", id="the cut of the root"),
        pytest.param(lambda x, y: np.sqrt(x + 1j * y).real, lambda x, y: (0.0, 0.5), CUT, "kink", id="the cut of the root, real part"),
    ],
)
def test_special_points(function, gradient, at, outcome) -> None:
    verdict = check(function, gradient, at)
    assert verdict.outcome == outcome, str(verdict)


@pytest.mark.parametrize("scale", [1e-200, 1e-100, 1e100, 1e200])
def test_quotients_and_sizes_of_any_magnitude(scale) -> None:
    def function(x, y):
        return np.abs((x + 1j * y) * scale / ((2.0 - 1j * y) * scale))

    assert check(function, grad(function, (0, 1)), (0.3, 0.4)).outcome == "right"


@pytest.mark.parametrize("name", ["times", "by", "exp", "log", "sqrt", "matrix by vector", "stack", "traced power", "methods", "one by"])
def test_single_precision_stays_single(name) -> None:
    x, y = X.astype(np.float32), Y.astype(np.float32)
    narrow = W.astype(np.complex64)

    def function(x, y):
        z = CALLS[name](x, y) if name not in ("matrix by vector", "stack", "methods") else narrow * (x + 1j * y) + 2j * x
        return np.sum(np.real(z) - 0.5 * np.imag(z))

    assert {t.dtype for t in trace(function, x, y).type_table if t.floating and not t.weak} == {np.dtype(np.float32)}
    assert check(function, grad(function, (0, 1)), (x, y)).outcome == "right"


def test_second_derivatives() -> None:
    def function(x):
        return np.sum(np.abs(np.exp(1j * x) + x * W) ** 2)

    assert check(function, hvp(function), (X,), order=2).outcome == "right"
    assert check(function, lambda x, v: 2 * hvp(function)(x, v), (X,), order=2).outcome == "wrong"


def test_variables_lend_their_names_to_both_parts() -> None:
    def function(x):
        phasor = np.exp(1j * x) * (2.0 + 1j)
        return np.abs(phasor) ** 2

    assert {"phasor_re", "phasor_im"} <= set(trace(function, 0.3).names.values())


def test_a_real_array_changed_in_place_leaves_complex_ones_made_of_it_alone() -> None:
    def function(x):
        y = x * 1.0
        z = y + 1j * x
        y *= 3.0
        return np.abs(z) ** 2 + y

    assert check(function, lambda x: 4 * x + 3.0, (0.7,)).outcome == "right"


def _writes_complex(x):
    z = np.exp(1j * x * np.ones(3))
    z[0] = 1.0
    return np.sum(z.real)


def test_a_list_of_complex_values_becomes_an_array() -> None:
    def function(x):
        return np.sum(np.abs(np.array([1j * x[0], x[1], 2.0])) ** 2)

    assert grad(function)(X).tolist()[:2] == [2 * X[0], 2 * X[1]]


@pytest.mark.parametrize(
    "function, message",
    [
        pytest.param(lambda x: np.exp(1j * x), "return its real part, its imaginary part or np.abs", id="a complex result"),
        pytest.param(lambda x: x if 1j * x > 0 else -x, "Complex numbers have no order", id="an order"),
        pytest.param(lambda x: np.maximum(1j * x, 0).real, "np.maximum of complex values", id="a maximum"),
        pytest.param(lambda x: np.sort(1j * x * np.ones(2)).real, "Complex numbers have no order", id="sorting"),
        pytest.param(lambda x: (1j * x).astype(float), "drops its imaginary part", id="a cast"),
        pytest.param(lambda x: float((1j * x).imag), "made a plain Python number", id="float"),
        pytest.param(_writes_complex, "a complex array, or a view of one, was written into", id="writing into parts"),
        pytest.param(lambda x: np.arcsin(1j * x).imag, "np.arcsin of complex values", id="a function without a complex form"),
        pytest.param(lambda x: (1j * x).argmax(), "Complex numbers have no order", id="argmax"),
    ],
)
def test_what_is_refused_says_what_to_do(function, message) -> None:
    with pytest.raises(TraceError, match=message):
        trace(function, 0.5)


def test_a_complex_result_is_no_black_box() -> None:
    with pytest.raises(ShapeError, match="return its real part"):
        check(lambda x: np.exp(1j * x), lambda x: -np.sin(x), (0.3,))


def test_a_view_of_a_part_is_not_changed_in_place() -> None:
    def function(x):
        z = np.exp(1j * x)
        part = z.real
        part += 1.0
        return np.sum(np.abs(z))

    with pytest.raises(TraceError, match="a part of a complex array, was written into"):
        trace(function, X)


@pytest.mark.parametrize(
    "derive", [lambda f: grad(f)(1 + 2j), lambda f: check(f, f, (1 + 2j,)), lambda f: check(f, f, (1 + 2j,), argnums=0)]
)
def test_complex_arguments_are_to_be_given_by_their_parts(derive) -> None:
    with pytest.raises(UsageError, match="two real arguments"):
        derive(lambda z: np.abs(z) ** 2)


STEPS = (
    lambda z, w: z * w, lambda z, w: z - np.conj(w), lambda z, w: z / (w + 2j), lambda z, w: np.exp(0.3 * z), lambda z, w: z**2, lambda z, w: np.sqrt(z),
    lambda z, w: np.fft.fft(z), lambda z, w: np.fft.ifft(z, norm="ortho"), lambda z, w: z.real + 1j * np.abs(w), lambda z, w: np.angle(z) * w,
    lambda z, w: np.where(z.real > w.real, z, w), lambda z, w: np.tanh(0.5 * z), lambda z, w: np.fft.rfft(z.imag, 6) + 0j, lambda z, w: np.cumsum(z)[::-1],
)  # fmt: skip


@pytest.mark.parametrize("seed", range(12))
def test_random_programs(seed) -> None:
    rng = np.random.default_rng(seed)
    chosen = rng.integers(len(STEPS), size=5)
    x, y, direction = rng.normal(size=(3, 4))

    def function(x, y):
        z, w = x + 1j * y, y - 0.5j * x
        for k in chosen:
            z, w = STEPS[k](z, w), z
        return np.sum(np.abs(z) ** 2) / 4 + np.sum(w.real)

    gradient, h = grad(function), 1e-6
    slope = (function(x + h * direction, y) - function(x - h * direction, y)) / (2 * h)
    np.testing.assert_allclose(gradient(x, y) @ direction, slope, rtol=1e-5, atol=1e-5)
    assert check(function, gradient, (x, y), argnums=0).outcome == "right"
    assert check(function, lambda x, y: gradient(x, y) * (1 + 1e-8) + 1e-12, (x, y), argnums=0).outcome == "wrong"
