"""The methods that derive gradients: values, refusals with their reason, evaluations counted, domains respected."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from gradcheck import Real
from gradcheck.gradients.complex_step import ComplexStep
from gradcheck.gradients.differences import Differences, measured_noise
from gradcheck.gradients.method import Gradient, Refused, problem_of
from gradcheck.gradients.symbolic import Symbolic
from gradcheck.gradients.tape import Tape

W, X = np.array([[0.5, -0.25, 1.0], [1.5, 0.75, -0.5]]), np.array([0.5, -1.0, 2.0])


def problem(function, *point, **domains):
    return problem_of(function, point, tuple(i for i, p in enumerate(point) if np.asarray(p).dtype.kind == "f"), domains or None)


FUNCTIONS = [
    pytest.param(lambda x: np.sum(np.sin(x) * x), (X,), (np.cos(X) * X + np.sin(X),), id="vector"),
    pytest.param(lambda x, y: x**2 * y, (3.0, 2.0), (12.0, 9.0), id="two-scalars"),
    pytest.param(lambda w, x: np.sum(w @ x), (W, X), (np.tile(X, (2, 1)), W.sum(axis=0)), id="matrix-and-vector"),
    pytest.param(lambda x: np.exp(-x) / (1 + x * x), (0.5,), (-np.exp(-0.5) / 1.25 - np.exp(-0.5) / 1.5625,), id="quotient"),
    pytest.param(lambda x: np.where(x > 1, x**3, x), (2.0,), (12.0,), id="cases"),
    pytest.param(lambda x, n: x**n, (2.0, 3), (12.0,), id="data-argument"),
]
METHODS = [
    pytest.param(Symbolic(), 1e-13, id="symbolic"),
    pytest.param(Tape(), 1e-13, id="tape"),
    pytest.param(Differences(), 1e-9, id="differences"),
    pytest.param(Differences(central=False), 1e-6, id="forward"),
    pytest.param(Differences(extrapolate=False), 1e-8, id="central-alone"),
    pytest.param(Differences(central=False, extrapolate=False), 1e-5, id="forward-alone"),
    pytest.param(ComplexStep(), 1e-13, id="complex-step"),
]


@pytest.mark.parametrize(("function", "point", "wanted"), FUNCTIONS)
@pytest.mark.parametrize(("method", "accuracy"), METHODS)
def test_values(method, accuracy, function, point, wanted) -> None:
    found = method.gradient(problem(function, *point))
    assert isinstance(found, Gradient)
    assert found.value == function(*point)
    for part, true in zip(found.entries, wanted, strict=True):
        np.testing.assert_allclose(part, true, rtol=accuracy, atol=accuracy)
        assert np.shape(part) == np.shape(true)


REFUSALS = [
    pytest.param(Symbolic(inputs=2), lambda x: np.sum(x), (X,), "3 inputs; symbolic derivation is limited to 2", id="inputs"),
    pytest.param(Symbolic(limit=5), lambda x: np.sum(np.sin(x) ** 2), (X,), "operations", id="operations"),
    pytest.param(ComplexStep(), lambda x: np.abs(x), (1.0,), "not analytic: y (absolute)", id="not-analytic"),
    pytest.param(ComplexStep(), lambda x: np.sum(x), (X.astype(np.float32),), "only float64 has the room", id="float32"),
    pytest.param(ComplexStep(), lambda x: special.gammaln(x), (1.5,), "does not take complex numbers", id="no-complex-form"),
    pytest.param(Differences(), lambda x: np.log(x), (0.0,), "not finite at the point", id="pole"),
    pytest.param(Differences(), lambda x: np.where(x == 1.0, x, np.nan), (1.0,), "not finite next to the point", id="alone"),
]


@pytest.mark.parametrize(("method", "function", "point", "reason"), REFUSALS)
def test_refusals_say_why(method, function, point, reason) -> None:
    found = method.gradient(problem(function, *point))
    assert isinstance(found, Refused)
    assert reason in found.reason


class Recorder:
    """The sum of squares, remembering every point at which it is evaluated."""

    def __init__(self) -> None:
        self.seen: list[np.ndarray] = []

    def __call__(self, x):
        if isinstance(x, np.ndarray | np.floating):
            self.seen.append(np.array(x))
        return np.sum(x * x)


COUNTS = [
    pytest.param(Differences(central=False, extrapolate=False), lambda n: n + 1, id="forward"),
    pytest.param(Differences(extrapolate=False), lambda n: 2 * n, id="central"),
    pytest.param(Differences(central=False), lambda n: 1 + 3 * 6 + 3 * n, id="forward-twice-and-noise"),
    pytest.param(Differences(), lambda n: 1 + 3 * 6 + 6 * n, id="central-twice-and-noise"),
]


@pytest.mark.parametrize("size", [1, 5])
@pytest.mark.parametrize(("method", "count"), COUNTS)
def test_evaluations_are_counted_as_they_are_made(method, count, size) -> None:
    function = Recorder()
    posed = problem(function, np.linspace(1.0, 2.0, size))
    function.seen.clear()
    found = method.gradient(posed)
    assert found.evaluations == len(function.seen) == count(size)


EDGES = [
    pytest.param(0.0, 1.0, np.nextafter(1.0, 0.0), id="next-to-the-top"),
    pytest.param(0.0, np.inf, 5e-324, id="smallest-number"),
    pytest.param(0.0, np.inf, 1e-300, id="minute"),
    pytest.param(-1.0, np.inf, -1.0 + 2.0**-53, id="next-to-the-bottom"),
    pytest.param(-np.inf, 0.0, -1e-300, id="next-to-zero-from-below"),
    pytest.param(-1.0, 1.0, 0.0, id="zero-inside"),
    pytest.param(0.0, 1.0, 1.0 - 1e-12, id="close-to-the-top"),
    pytest.param(1.0, 2.0, 1.0 + 1e-15, id="close-to-the-bottom"),
    pytest.param(1e16, 1e16 + 4, 1e16 + 2, id="no-room-at-all"),
    pytest.param(0.0, 1.0, np.float32(0.99999994), id="float32"),
]


@pytest.mark.parametrize(("low", "high", "x"), EDGES)
@pytest.mark.parametrize(("method", "count"), COUNTS)
def test_the_function_is_never_asked_outside_its_domain(method, count, low, high, x) -> None:
    function = Recorder()
    posed = problem_of(function, (np.full(2, x),), (0,), {0: Real(2, low=low, high=high)})
    found = method.gradient(posed)
    assert all(((v > low) & (v < high)).all() for v in function.seen)
    assert len(function.seen) > 1 or isinstance(found, Refused)


def test_an_error_bound_comes_with_the_estimate_and_holds() -> None:
    for method in (Differences(), Differences(central=False)):
        found = method.gradient(problem(lambda x: np.sum(np.exp(np.sin(3 * x))), X))
        true = 3 * np.cos(3 * X) * np.exp(np.sin(3 * X))
        assert (np.abs(found.entries[0] - true) <= found.error[0]).all()
        assert (found.error[0] < 1e-3 * np.abs(true)).all()


def test_without_a_second_step_no_bound_is_claimed() -> None:
    assert Differences(extrapolate=False).gradient(problem(np.sum, X)).error is None


def test_noise_of_the_function_is_measured() -> None:
    posed = problem(np.sum, X)
    assert measured_noise(lambda inputs: np.sum(inputs[0]), posed, posed.value) < 1e-14
    rough = measured_noise(lambda inputs: np.sum(inputs[0]) + 1e-6 * np.sin(1e17 * np.sum(inputs[0])), posed, posed.value)
    assert 1e-8 < rough < 1e-4


def test_the_tape_counts_value_and_gradient_together() -> None:
    posed = problem(lambda x: np.sum(x * x), X)
    assert Tape().gradient(posed).operations == posed.circuit.gradient().operations


def test_symbolic_counts_are_written_out_and_shared() -> None:
    found = Symbolic().gradient(problem(lambda x: np.sin(np.exp(x)) * np.exp(x), 0.5))
    assert found.details["shared"] < found.details["written_out"] == found.operations
