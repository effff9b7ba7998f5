"""The certified truth: enclosures that hold, at smooth points, removable singularities, kinks, jumps and branches."""

from __future__ import annotations

import numpy as np
import pytest
from flint import arb

import gradcheck.gradients.truth as certified
from gradcheck.arithmetic.enclosures import precision
from gradcheck.gradients.method import Refused, problem_of
from gradcheck.gradients.truth import Truth, certify
from gradcheck.primitives import TABLE


def truth_of(function, *point):
    return certify(problem_of(function, tuple(point), tuple(range(len(point)))))


def by_if(x):
    if x > 0:
        return 2.0 * x
    return np.sin(x)


def equal_by_if(x):
    if x == 0:
        return 5.0 * x
    return np.sin(x)


def limit_by_if(x):
    if x == 0:
        return 1.0
    return (np.exp(x) - 1) / x


def wrong_limit_by_if(x):
    if x == 0:
        return 2.0
    return (np.exp(x) - 1) / x


SMOOTH = [
    pytest.param(lambda x: np.exp(x), (1.0,), [np.e], id="exp"),
    pytest.param(lambda x: x * np.abs(x), (0.0,), [0.0], id="x|x|"),
    pytest.param(lambda x: np.abs(x) ** 3, (0.0,), [0.0], id="|x|^3"),
    pytest.param(lambda x: np.abs(x) ** 1.5, (0.0,), [0.0], id="|x|^1.5"),
    pytest.param(lambda x: np.maximum(x * x, 0.0), (0.0,), [0.0], id="max(x^2,0)"),
    pytest.param(lambda x: np.where(x == 0, 1.0, np.sin(x) / x), (0.0,), [0.0], id="sinc"),
    pytest.param(lambda x: np.where(x == 0, 1.0, (np.exp(x) - 1) / x), (0.0,), [0.5], id="(e^x-1)/x"),
    pytest.param(lambda x: np.where(x == 0, 0.5, (np.exp(x) - 1 - x) / x**2), (0.0,), [1 / 6], id="(e^x-1-x)/x^2"),
    pytest.param(lambda x: np.where(x == 0, 0.0, x * x * 3.0), (0.0,), [0.0], id="removable-by-equality"),
    pytest.param(limit_by_if, (0.0,), [0.5], id="limit-by-if"),
    pytest.param(lambda x: np.where(x == 0, 1 / 24, (np.cos(x) - 1 + x**2 / 2) / x**4), (0.0,), [0.0], id="four-orders-lost"),
    pytest.param(lambda x: x**3, (-2.0,), [12.0], id="negative-base"),
    pytest.param(lambda x: x**-2.0, (-2.0,), [0.25], id="negative-base-and-exponent"),
    pytest.param(lambda x: x**0, (0.0,), [0.0], id="zeroth-power-at-zero"),
    pytest.param(lambda b: 0.0**b, (2.0,), [0.0], id="power-of-zero"),
    pytest.param(lambda x: np.cbrt(x**3), (0.0,), [1.0], id="cube-root-of-cube"),
    pytest.param(lambda x: np.where(x > 1, np.log(x), 1 / x), (2.0,), [0.5], id="unselected-branch"),
    pytest.param(lambda x: np.where(np.array([True, False]), x, 1 / x)[0], (np.array([0.0, 0.0]),), [1.0, 0.0], id="unselected-pole"),
    pytest.param(lambda x: np.mean(x > 0) * np.sum(x), (np.array([1.0, 2.0, -3.0]),), [2 / 3] * 3, id="share-of-counts"),
    pytest.param(lambda x: np.sum(x > 0) / 3 * np.sum(x), (np.array([1.0, 2.0, -3.0]),), [2 / 3] * 3, id="quotient-of-counts"),
    pytest.param(lambda x, y: np.arctan2(x, y), (1.0, -2.0), [-0.4, -0.2], id="arctan2"),
    pytest.param(lambda x: np.max(np.stack([np.exp(x), np.exp(x)])), (1.0,), [np.e], id="the-same-value-twice"),
]


@pytest.mark.parametrize(("function", "point", "gradient"), SMOOTH)
def test_where_it_is_smooth(function, point, gradient) -> None:
    truth = truth_of(function, *point)
    assert isinstance(truth, Truth), truth
    assert not truth.is_kink
    np.testing.assert_allclose(np.concatenate([np.ravel(f) for f in truth.floats()]), gradient, rtol=1e-15, atol=0)


KINKS = [
    pytest.param(lambda x: np.abs(x), (0.0,), [-1.0], [1.0], id="|x|"),
    pytest.param(lambda x: np.maximum(x, 0.0), (0.0,), [0.0], [1.0], id="relu"),
    pytest.param(lambda x: np.sqrt(x * x), (0.0,), [-1.0], [1.0], id="sqrt(x^2)"),
    pytest.param(lambda x: (x * x) ** 0.5, (0.0,), [-1.0], [1.0], id="(x^2)^0.5"),
    pytest.param(lambda x: np.sqrt(np.sum(x**2)), (np.zeros(2),), [-1.0, -1.0], [1.0, 1.0], id="norm"),
    pytest.param(lambda x, y: np.hypot(x, y), (0.0, 0.0), [-1.0, -1.0], [1.0, 1.0], id="hypot"),
    pytest.param(lambda x, y: np.maximum(x, y), (1.0, 1.0), [0.0, 0.0], [1.0, 1.0], id="max-tie"),
    pytest.param(lambda x: np.max(x), (np.array([1.0, 1.0, 0.0]),), [0.0, 0.0, 0.0], [1.0, 1.0, 0.0], id="max-of-array"),
    pytest.param(lambda x, y: np.abs(x + y), (1.0, -1.0), [-1.0, -1.0], [1.0, 1.0], id="diagonal"),
    pytest.param(lambda x: np.clip(x, 0.0, 1.0), (1.0,), [1.0], [0.0], id="clip"),
    pytest.param(by_if, (0.0,), [1.0], [2.0], id="by-if"),
]


@pytest.mark.parametrize(("function", "point", "left", "right"), KINKS)
def test_at_a_kink_both_sides_are_given(function, point, left, right) -> None:
    truth = truth_of(function, *point)
    assert isinstance(truth, Truth), truth
    assert truth.is_kink
    np.testing.assert_array_equal(np.concatenate([np.ravel(f) for f in truth.floats()]), right)
    np.testing.assert_array_equal([float(e.mid()) for part in truth.left for e in np.ravel(part)], left)


OFF_THE_AXES = [
    pytest.param(lambda x, y: np.maximum(np.minimum(x, y), np.minimum(-x, 2 * y)), (0.0, 0.0), id="all-axes-flat"),
    pytest.param(lambda x, y: np.abs(x + y) - np.abs(x - y), (0.0, 0.0), id="cancels-on-the-axes"),
]


@pytest.mark.parametrize(("function", "point"), OFF_THE_AXES)
def test_kinks_that_no_axis_shows_are_found(function, point) -> None:
    assert truth_of(function, *point).is_kink


JUMPS = [
    pytest.param(lambda x: np.sign(x), 0.0, id="sign"),
    pytest.param(lambda x: np.floor(x) + x, 1.0, id="floor"),
    pytest.param(lambda x: np.ceil(x) + x, 1.0, id="ceil"),
    pytest.param(lambda x: np.where(x == 0, 5.0, x), 0.0, id="one-point-off"),
    pytest.param(lambda x: np.where(x * x == 0, 5.0, x), 0.0, id="one-point-off-by-a-square"),
    pytest.param(lambda x: np.where(x > 0, 1.0, 0.0) * 1.0, 0.0, id="step"),
    pytest.param(wrong_limit_by_if, 0.0, id="wrong-limit-by-if"),
]


@pytest.mark.parametrize(("function", "x"), JUMPS)
def test_at_a_jump_there_is_no_derivative(function, x) -> None:
    assert truth_of(function, x).is_kink


def test_an_isolated_branch_is_judged_by_the_function_around_it() -> None:
    truth = truth_of(equal_by_if, 0.0)
    assert (truth.is_kink, float(truth.floats()[0])) == (False, 1.0)  # not 5, the slope of the branch taken at 0 alone


REFUSED = [
    pytest.param(lambda x: np.sqrt(x), (0.0,), "not finite", id="sqrt-at-zero"),
    pytest.param(lambda x: np.sqrt(np.abs(x)), (0.0,), "not finite", id="cusp"),
    pytest.param(lambda x: x**0.5, (0.0,), "not finite", id="power-at-zero"),
    pytest.param(lambda x: np.log(x), (0.0,), "not finite", id="log-at-zero"),
    pytest.param(lambda x: np.log(x), (-1.0,), "not finite", id="outside"),
    pytest.param(lambda x: 1 / x, (0.0,), "not finite", id="pole"),
    pytest.param(lambda b: 0.0**b, (0.0,), "not finite", id="0^0-in-the-exponent"),
    pytest.param(lambda x: np.floor(np.sin(x) ** 2 + np.cos(x) ** 2) * x, (1.0,), "whole numbers cannot be settled", id="undecidable"),
]


@pytest.mark.parametrize(("function", "point", "reason"), REFUSED)
def test_no_truth_is_given_where_there_is_none(function, point, reason) -> None:
    found = truth_of(function, *point)
    assert isinstance(found, Refused)
    assert reason in found.reason


def test_enclosures_are_tight_and_hold() -> None:
    truth = truth_of(lambda x: np.sin(x) ** 2 * np.exp(x), 1.0)
    with precision(600):
        x = arb(1)
        exact = 2 * x.sin() * x.cos() * x.exp() + x.sin() ** 2 * x.exp()
        assert truth.entries[0][()].contains(exact)
    assert truth.entries[0][()].rel_accuracy_bits() >= 80


def test_precision_rises_until_cancellation_is_overcome() -> None:
    truth = truth_of(lambda x: (np.cosh(x) - np.sinh(x)) * np.exp(x) * x, 100.0)  # each product is 1, after 87 lost digits
    assert truth.bits > 128
    assert float(truth.floats()[0]) == 1.0


def test_many_inputs_go_in_reverse_and_are_checked_along_directions() -> None:
    x = np.linspace(-1.0, 1.0, 60)
    truth = truth_of(lambda x: np.sum(np.tanh(x) * x[::-1]), x)
    assert truth.how == "reverse balls, checked along 2 random directions"
    np.testing.assert_allclose(truth.floats()[0], x[::-1] / np.cosh(x) ** 2 + np.tanh(x[::-1]), rtol=1e-14)


def test_entries_that_are_zero_take_more_bits_not_a_series_for_every_input(monkeypatch) -> None:
    def forget(problem, circuit):
        raise AssertionError("a series for every input")

    monkeypatch.setattr(certified, "_forward", forget)
    truth = truth_of(lambda x, c: np.sum(np.exp(x + c) / np.sum(np.exp(x + c)) * np.arange(9.0)), np.linspace(-1.0, 1.0, 9), 0.5)
    assert truth.how.startswith("reverse balls")
    assert abs(truth.floats()[1]) < 5e-324  # the softmax forgets what is added to all


def test_too_many_inputs_for_one_sided_derivatives_is_said() -> None:
    found = truth_of(lambda x: np.sum(np.abs(x)), np.zeros(300))
    assert isinstance(found, Refused)
    assert "300 inputs are too many" in found.reason


def test_float32_inputs_are_taken_exactly() -> None:
    x = np.float32(0.1)
    assert float(truth_of(lambda x: x * x, x).floats()[0]) == 2 * float(x)


def weigh(record, params):
    def weighted(*operands):
        result = record(*operands, **params)
        return np.sum(result * np.cos(np.arange(np.size(result))).reshape(np.shape(result)))

    return weighted


EXAMPLES = [pytest.param(p, e, id=f"{p.name}-{i}") for p in TABLE if not p.elementwise and not p.decision for i, e in enumerate(p.examples)]


@pytest.mark.parametrize(("record", "example"), EXAMPLES)
def test_array_operations_have_a_truth_and_the_tape_meets_it(record, example) -> None:
    rng = np.random.default_rng(0)
    point = tuple(np.asarray(rng.uniform(0.3, 2.0, o))[()] if isinstance(o, tuple) else o for o in example.operands)
    if record.name == "cholesky":
        point = tuple(p @ p.T + np.eye(len(p)) for p in point)
    problem = problem_of(weigh(record, example.params), point, tuple(range(len(point))))
    truth = certify(problem)
    assert isinstance(truth, Truth), truth
    from gradcheck.gradients.tape import Tape

    for true, found in zip(truth.floats(), Tape().gradient(problem).entries, strict=True):
        np.testing.assert_allclose(found, true, rtol=1e-12, atol=1e-14)


def test_working_precision_is_put_back() -> None:
    import flint

    before = flint.ctx.prec, flint.ctx.cap
    truth_of(lambda x: np.sqrt(x), 0.0)
    with pytest.raises(RuntimeError), precision(77, 5):
        raise RuntimeError
    assert (flint.ctx.prec, flint.ctx.cap) == before
