"""Verdicts on claimed gradients: what they are, what they say, and what they say of claims that do not even fit."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gradcheck import Data, GradientError, Integer, NonFiniteError, Real, ShapeError, UsageError, assert_gradient, case, check

X = np.array([0.3, -1.2, 2.0])
X32 = X.astype(np.float32)


def squares(x):
    return np.sum(x * x)


def product(x, y):
    return x * y


def wave(x):
    return np.sum(np.sin(x) * x)


def wave_gradient(x):
    return np.sin(x) + x * np.cos(x)


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


RIGHT = [
    pytest.param(squares, lambda x: 2 * x, (X,), id="array"),
    pytest.param(wave, wave_gradient, (X,), id="wave"),
    pytest.param(wave, wave_gradient, (X32,), id="float32"),
    pytest.param(wave, wave_gradient, (1.0,), id="scalar"),
    pytest.param(wave, lambda x: wave_gradient(x.astype(np.float64)), (X32,), id="float64 for float32"),
    pytest.param(squares, lambda x: (2 * x,), (X,), id="tuple of one"),
    pytest.param(squares, lambda x: {"x": 2 * x}, (X,), id="dict of one"),
    pytest.param(squares, lambda x: list(2 * x), (X,), id="list of numbers"),
    pytest.param(product, lambda x, y: (y, x), (2.0, 3.0), id="tuple in argument order"),
    pytest.param(product, lambda x, y: [y, x], (2.0, 3.0), id="list in argument order"),
    pytest.param(product, lambda x, y: {"y": x, "x": y}, (2.0, 3.0), id="dict by name"),
    pytest.param(product, lambda n, y: n, (2, 3.0), id="an integer is not differentiated"),
    pytest.param(lambda x: 3.0 * x, lambda x: 3, (1.0,), id="an integer for a gradient"),
    pytest.param(lambda x: 0.0 * x, lambda x: 0.0, (1.0,), id="zero"),
    pytest.param(lambda x: np.exp(x), lambda x: np.exp(x), (-745.0,), id="subnormal"),
    pytest.param(lambda x: np.log(np.sum(np.exp(x))), lambda x: np.exp(x) / np.sum(np.exp(x)), (X,), id="softmax"),
    pytest.param(lambda x: np.abs(x) ** 3, lambda x: 3 * x * np.abs(x), (0.0,), id="smooth at a tie"),
]


@pytest.mark.parametrize("function, gradient, at", RIGHT)
def test_right_gradients_are_right(function, gradient, at):
    verdict = check(function, gradient, at)
    assert verdict.outcome == "right", str(verdict)
    assert verdict.ok
    assert set(verdict.entries) == {"right"}
    assert_gradient(function, gradient, at)


@pytest.mark.parametrize("function, gradient, at", RIGHT[:4])
@pytest.mark.parametrize("factor", [1 + 1e-4, 0.5, -1.0, 0.0], ids=str)
def test_a_factor_makes_them_wrong(function, gradient, at, factor):
    verdict = check(function, lambda *a: np.asarray(gradient(*a)) * np.asarray(at[0]).dtype.type(factor), at)
    assert verdict.outcome == "wrong"
    assert not verdict.ok
    assert "wrong" in verdict.entries


FLOAT64 = [
    pytest.param(squares, lambda x: 2 * x, (X,), id="squares"),
    pytest.param(wave, wave_gradient, (X,), id="wave"),
    pytest.param(lambda x: np.exp(x), lambda x: np.exp(x), (-300.0,), id="tiny"),
    pytest.param(lambda x: np.tanh(x), lambda x: 1 / np.cosh(x) ** 2, (18.0,), id="tail"),
    pytest.param(lambda x: np.prod(x), lambda x: np.prod(x) / x, (X,), id="product"),
    pytest.param(lambda x: np.log(np.sum(np.exp(x))), lambda x: np.exp(x) / np.sum(np.exp(x)), (X,), id="softmax"),
    pytest.param(lambda x: np.sqrt(np.sum(x * x)), lambda x: x / np.sqrt(np.sum(x * x)), (X,), id="norm"),
    pytest.param(lambda x: x**-3.5, lambda x: -3.5 * x**-4.5, (0.2,), id="power"),
]


@pytest.mark.parametrize("function, gradient, at", FLOAT64)
@pytest.mark.parametrize("off", [1e-8, -1e-8, 1e-11], ids=str)
def test_every_small_factor_is_seen_in_float64(function, gradient, at, off):
    assert check(function, gradient, at).outcome == "right"
    assert check(function, lambda *a: gradient(*a) * (1 + off), at).outcome == "wrong"


# rounding is not a mistake, and no excuse either
@pytest.mark.parametrize("x", [0.3, 1.0, 3.0, 5.0, 6.0, 10.0, 15.0])
def test_the_textbook_gradient_of_the_sigmoid_is_right(x):
    verdict = check(sigmoid, lambda x: sigmoid(x) * (1 - sigmoid(x)), (x,))
    assert verdict.outcome == "right"
    assert set(verdict.kinds) <= {"precision"}
    assert verdict.kinds or x < 6


@pytest.mark.parametrize("x", [20.0, 25.0])
def test_where_half_its_digits_are_gone_it_is_wrong(x):
    verdict = check(sigmoid, lambda x: sigmoid(x) * (1 - sigmoid(x)), (x,))
    assert verdict.outcome == "wrong"
    assert verdict.kinds == ("precision",)
    assert "fewer than half the digits" in verdict.reason


@pytest.mark.parametrize("x", [0.3, 6.0, 15.0, 25.0, 40.0, 300.0])
def test_the_careful_gradient_of_the_sigmoid_stays_right(x):
    verdict = check(sigmoid, lambda x: sigmoid(x) * sigmoid(-x), (x,))
    assert (verdict.outcome, verdict.kinds) == ("right", ())


@pytest.mark.parametrize("x", [0.3, 6.0, 10.0])
def test_a_mistake_is_seen_through_the_rounding(x):
    assert check(sigmoid, lambda x: sigmoid(x) * (1 - sigmoid(x)) * (1 + 1e-7), (x,)).outcome == "wrong"


# claims that do not fit
SHAPES = [
    pytest.param(squares, lambda x: 2.0, (X,), "the gradient for x has shape (), expected (3,), the shape of x", id="scalar for an array"),
    pytest.param(squares, lambda x: 2 * x[:, None], (X,), "the gradient for x has shape (3, 1), expected (3,)", id="column"),
    pytest.param(squares, lambda x: 2 * x[:2], (X,), "the gradient for x has shape (2,), expected (3,)", id="short"),
    pytest.param(squares, lambda x: np.array([2 * x]), (1.0,), "the gradient for x has shape (1,), expected ()", id="array for a scalar"),
    pytest.param(
        squares, lambda x: None, (X,), "the gradient returns None, expected the gradient for x: is its `return` missing?", id="nothing"
    ),
    pytest.param(squares, lambda x: "2x", (1.0,), "the gradient for x holds <U2 values, expected floats", id="text"),
    pytest.param(squares, lambda x: 2 * x + 0j, (1.0,), "the gradient for x holds complex128 values, expected floats", id="complex"),
    pytest.param(squares, lambda x: None, (1.0,), "the gradient returns None, expected the gradient for x", id="nothing for a scalar"),
    pytest.param(product, lambda x, y: y, (2.0, 3.0), "the gradient returned one float64, expected 2: for x, y", id="missing argument"),
    pytest.param(
        lambda w, X: np.sum(X @ w),
        lambda w, X: X.T @ np.ones(2),
        (X, np.ones((2, 3))),
        'the gradient returned one ndarray, expected 2: for w, X (it has the shape of w: if the others are data, say argnums="w")',
        id="the rest is data",
    ),
    pytest.param(product, lambda x, y: (y,), (2.0, 3.0), "the gradient returned 1 parts, expected 2: for x, y", id="tuple too short"),
    pytest.param(product, lambda x, y: (y, x, 1.0), (2.0, 3.0), "the gradient returned 3 parts, expected 2: for x, y", id="too long"),
    pytest.param(product, lambda x, y: (y, None), (2.0, 3.0), "the gradient for y is None, expected", id="nothing for one"),
    pytest.param(product, lambda x, y: {"y": x}, (2.0, 3.0), "the gradient names no part for x", id="dict without a name"),
]


@pytest.mark.parametrize("function, gradient, at, message", SHAPES)
def test_a_claim_of_another_shape_is_wrong_and_says_which(function, gradient, at, message):
    verdict = check(function, gradient, at)
    assert verdict.outcome == "wrong"
    assert verdict.kinds[0] == "shape"
    assert verdict.reason.startswith(message)
    assert verdict.diagnosis[0].message.startswith(message)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("at", [pytest.param((1.0,), id="scalar"), pytest.param((X,), id="array")])
def test_nan_and_infinity_are_wrong_where_the_truth_is_finite(value, at):
    def gradient(x):
        found = 2 * x
        return np.where(np.arange(np.size(x)).reshape(np.shape(x)) == 0, value, found)[()]

    verdict = check(squares, gradient, at)
    assert verdict.outcome == "wrong"
    assert verdict.kinds[0] == "nonfinite"
    assert verdict.entries == ("wrong", *("right",) * (np.size(at[0]) - 1))


def test_a_claim_that_writes_into_its_argument_is_wrong():
    def gradient(x):
        x *= 2
        return x

    x = X.copy()
    verdict = check(squares, gradient, (x,))
    assert verdict.outcome == "wrong"
    assert verdict.kinds[0] == "mutates-input"
    assert x.tolist() == X.tolist()


def test_a_claim_that_gives_another_result_the_second_time_is_wrong():
    results = iter(range(1000))
    verdict = check(squares, lambda x: 2 * x * (1 + next(results)), (X,))
    assert (verdict.outcome, verdict.kinds) == ("wrong", ("non-deterministic",))


# kinks
KINKS = [
    pytest.param(np.abs, 1.0, (0.0,), "kink", id="abs, right"),
    pytest.param(np.abs, -1.0, (0.0,), "kink", id="abs, left"),
    pytest.param(np.abs, 0.0, (0.0,), "kink", id="abs, between"),
    pytest.param(np.abs, 1.5, (0.0,), "wrong", id="abs, outside"),
    pytest.param(np.abs, np.nan, (0.0,), "wrong", id="abs, NaN"),
    pytest.param(lambda x: np.maximum(x, 0), 0.0, (0.0,), "kink", id="relu, 0"),
    pytest.param(lambda x: np.maximum(x, 0), 1.0, (0.0,), "kink", id="relu, 1"),
    pytest.param(lambda x: np.maximum(x, 0), 0.5, (0.0,), "kink", id="relu, a half"),
    pytest.param(lambda x: np.maximum(x, 0), -0.1, (0.0,), "wrong", id="relu, below"),
    pytest.param(lambda x, y: np.maximum(x, y), (1.0, 0.0), (1.0, 1.0), "kink", id="maximum, all to the first"),
    pytest.param(lambda x, y: np.maximum(x, y), (0.5, 0.5), (1.0, 1.0), "kink", id="maximum, shared"),
    pytest.param(lambda x, y: np.maximum(x, y), (1.0, 1.0), (1.0, 1.0), "wrong", id="maximum, the whole to each"),
    pytest.param(lambda x, y: np.maximum(x, y), (0.0, 0.0), (1.0, 1.0), "wrong", id="maximum, nothing to either"),
    pytest.param(lambda x, y: np.maximum(x, y), (2.0, -1.0), (1.0, 1.0), "wrong", id="maximum, sum right but outside"),
]


@pytest.mark.parametrize("function, claim, at, outcome", KINKS)
def test_at_a_kink_the_claim_lies_in_the_hull_or_is_wrong(function, claim, at, outcome):
    verdict = check(function, lambda *a: claim, at)
    assert verdict.outcome == outcome, str(verdict)
    assert verdict.ok is (outcome == "kink")


# no verdict is no pass
UNDECIDED = [
    pytest.param(lambda x: np.sqrt(x), 0.0, id="vertical tangent"),
    pytest.param(lambda x: np.cbrt(x), 0.0, id="cube root at 0"),
    pytest.param(lambda x: np.floor(np.sin(x) ** 2 + np.cos(x) ** 2) * x, 1.0, id="a rounding no precision settles"),
]


@pytest.mark.parametrize("function, at", UNDECIDED)
def test_without_a_truth_nothing_is_certified(function, at):
    verdict = check(function, lambda x: 1.0, (at,))
    assert verdict.outcome == "undecided"
    assert not verdict.ok
    assert "the truth is not known here" in verdict.reason
    with pytest.raises(GradientError):
        assert_gradient(function, lambda x: 1.0, (at,))


# black boxes
BLACK = [
    pytest.param(lambda x: math.sin(x), lambda x: math.cos(x), (1.0,), "right", id="math.sin"),
    pytest.param(lambda x: math.sin(x), lambda x: -math.cos(x), (1.0,), "wrong", id="math.sin with the wrong sign"),
    pytest.param(lambda x: float(x) ** 2, lambda x: 2 * x, (1.5,), "right", id="float"),
    pytest.param(lambda x: float(x) ** 2, lambda x: 2 * x * 1.001, (1.5,), "wrong", id="float, a thousandth off"),
    pytest.param(lambda x: 3.0 * float(x), lambda x: 3.0, (0.0,), "right", id="line at 0"),
    pytest.param(lambda x: sum(math.sin(v) for v in x), np.cos, (X,), "right", id="vector"),
    pytest.param(lambda x: sum(math.sin(v) for v in x), lambda x: np.cos(x) * [1, 1, -1], (X,), "wrong", id="vector, one entry"),
    pytest.param(lambda x: math.sin(x), lambda x: math.nan, (1.0,), "wrong", id="NaN"),
    pytest.param(lambda x: math.sin(x), lambda x: [1.0, 1.0], (1.0,), "wrong", id="shape"),
    pytest.param(lambda x: round(float(x), 3), lambda x: 1.0, (1.0,), "undecided", id="steps"),
    pytest.param(lambda x: 2.0 if float(x) else 1.0, lambda x: 0.0, (1.0,), "undecided", id="constant"),
    pytest.param(lambda x: math.nan * float(x), lambda x: 0.0, (1.0,), "undecided", id="NaN everywhere"),
]


@pytest.mark.parametrize("function, gradient, at, outcome", BLACK)
def test_what_cannot_be_traced_is_judged_by_differences(function, gradient, at, outcome):
    verdict = check(function, gradient, at)
    assert verdict.outcome == outcome, str(verdict)


NOT_ACCUSED = [
    pytest.param(lambda x: math.sin(x), lambda x: math.cos(x), 1e8, id="many periods within a step"),
    pytest.param(lambda x: math.sin(1e6 * x), lambda x: 1e6 * math.cos(1e6 * x), 1.0, id="fast wave"),
    pytest.param(lambda x: abs(float(x) - 1), lambda x: 1.0, 1.0 + 1e-7, id="kink within a step"),
    pytest.param(
        lambda x: (1 - math.cos(x)) / x**2, lambda x: math.sin(x) / x**2 - 2 * (1 - math.cos(x)) / x**3, 1e-4, id="noise in plateaus"
    ),
]


@pytest.mark.parametrize("function, gradient, at", NOT_ACCUSED)
def test_a_right_gradient_of_a_difficult_black_box_is_not_called_wrong(function, gradient, at):
    assert check(function, gradient, (at,)).outcome != "wrong"


# the verdict itself
def test_the_error_carries_the_verdict():
    with pytest.raises(GradientError) as caught:
        assert_gradient(squares, lambda x: x, (X,))
    assert isinstance(caught.value, AssertionError)
    assert caught.value.verdict.outcome == "wrong"
    assert str(caught.value) == str(caught.value.verdict)


def test_a_wrong_verdict_explains_itself():
    def half(x):
        return x * np.array([2.0, 1.0, 2.0])

    lines = str(check(squares, half, (X,))).splitlines()
    assert lines[0].startswith("half: wrong: differs from the truth by more than rounding explains")
    (row,) = (line.split() for line in lines if line.strip().startswith("x["))
    assert row[:4] == ["x[1]", "-1.2", "-2.4", "0.5"]


def test_a_right_verdict_is_one_line():
    assert str(check(squares, lambda x: 2 * x, (X,))).startswith("<lambda>: right: ")
    assert "\n" not in str(check(squares, lambda x: 2 * x, (X,)))
    assert repr(check(squares, lambda x: 2 * x, (X,))) == "<verdict on <lambda>: right>"


@pytest.mark.parametrize(
    "at, labels",
    [
        pytest.param((1.0, 2.0), ("x", "y"), id="scalars"),
        pytest.param((np.ones(2), 2.0), ("x[0]", "x[1]", "y"), id="vector"),
        pytest.param((2.0, np.ones((1, 2))), ("x", "y[0, 0]", "y[0, 1]"), id="matrix"),
        pytest.param((2, np.ones(1)), ("y[0]",), id="data has none"),
    ],
)
def test_entries_are_labelled(at, labels):
    verdict = check(lambda x, y: np.sum(x * y), lambda x, y: x, at)
    if verdict.labels:
        assert verdict.labels == labels
    verdict = check(
        lambda x, y: np.sum(x * y),
        lambda x, y: tuple(np.zeros(np.shape(a)) for a in (x, y) if not isinstance(a, int)),
        at,
    )
    assert verdict.labels == labels
    assert verdict.entries == ("wrong",) * len(labels)


# points and arguments
@pytest.mark.parametrize(
    "at",
    [
        pytest.param((2.0, 3.0), id="tuple"),
        pytest.param({"y": 3.0, "x": 2.0}, id="dict"),
        pytest.param([(2.0, 3.0), (4.0, 5.0)], id="list of tuples"),
        pytest.param([{"x": 2.0, "y": 3.0}, (1.0, 1.5)], id="list of both"),
    ],
)
def test_points(at):
    assert check(product, lambda x, y: (y, x), at).outcome == "right"
    assert check(product, lambda x, y: (x, y), at).outcome == "wrong"


@pytest.mark.parametrize("at", [2.0, np.array([1.0, 2.0]), {"x": 2.0}])
def test_a_lone_argument_needs_no_tuple(at):
    assert check(squares, lambda x: 2 * x, at).outcome == "right"


def test_of_several_points_the_worst_verdict_counts():
    verdict = check(np.abs, lambda x: np.sign(x) if x < 2 else 3.0, [(1.0,), (0.0,), (2.0,)])
    assert verdict.outcome == "wrong"
    assert check(np.abs, lambda x: np.where(x >= 0, 1.0, -1.0)[()], [(1.0,), (0.0,)]).outcome == "kink"


@pytest.mark.parametrize(
    "argnums, gradient",
    [
        pytest.param(0, lambda x, y: y, id="first"),
        pytest.param(1, lambda x, y: x, id="second"),
        pytest.param((0, 1), lambda x, y: (y, x), id="both"),
        pytest.param((1, 0), lambda x, y: (x, y), id="the other way round"),
        pytest.param([1], lambda x, y: (x,), id="list"),
        pytest.param("y", lambda x, y: x, id="by name"),
        pytest.param(("y", 0), lambda x, y: (x, y), id="by name and position"),
    ],
)
def test_argnums(argnums, gradient):
    assert check(product, gradient, (2.0, 3.0), argnums=argnums).outcome == "right"


def test_a_case_brings_its_points_and_domains():
    made = case(x=Real(3, low=0), y=Data(2.0), n=Integer(low=1, high=3))(lambda x, y, n: np.sum(np.log(x) * y * n))
    assert check(made, lambda x, y, n: y * n / x).outcome == "right"
    assert check(made, lambda x, y, n: y / x, seed=3).outcome == "wrong"
    assert check(made, lambda x, y, n: y * n / x, (X**2, 2.0, 5)).outcome == "right"


def test_digits_ask_for_less():
    def rough(x):
        return 2 * x * (1 + 1e-5)

    assert check(squares, rough, (X,)).outcome == "wrong"
    assert check(squares, rough, (X,), digits=4).outcome == "right"
    assert check(squares, rough, (X,), digits=6).outcome == "wrong"


ERRORS = [
    pytest.param(lambda: check(squares, squares), UsageError, "a point is needed: at=(x, y), or a case", id="no point"),
    pytest.param(lambda: check(squares, squares, {"z": 1.0}), UsageError, "at=['z']: the function's arguments are x", id="unknown name"),
    pytest.param(
        lambda: check(squares, squares, (1,)), UsageError, "no argument at the point is floating-point: give floats", id="integer"
    ),
    pytest.param(lambda: check(squares, squares, []), UsageError, "at=[] holds no point", id="no points"),
    pytest.param(
        lambda: check(product, squares, (1.0, 2.0), argnums=2), UsageError, "argnums=2: expected different positions", id="argnums"
    ),
    pytest.param(
        lambda: check(product, squares, (1.0, 2.0), argnums=-1), UsageError, "argnums=-1: expected different", id="negative argnums"
    ),
    pytest.param(
        lambda: check(product, squares, (1.0, 2.0), argnums="z"),
        UsageError,
        "argnums='z': no argument is called 'z': the function takes x, y",
        id="unknown argument",
    ),
    pytest.param(
        lambda: check(product, squares, (1.0, 2.0), argnums=("x", 0)),
        UsageError,
        "argnums=('x', 0): expected different",
        id="twice by name",
    ),
    pytest.param(lambda: check(product, squares, (1.0, 2.0), argnums=(0, 0)), UsageError, "argnums=(0, 0): expected different", id="twice"),
    pytest.param(
        lambda: check(product, squares, (1, 2.0), argnums=0), UsageError, "argnums=0: only floats can be", id="argnums of an integer"
    ),
    pytest.param(lambda: check(lambda x: x * x, squares, (X,)), ShapeError, "<lambda> returns an array of shape (3,)", id="array result"),
]


@pytest.mark.parametrize("call, kind, message", ERRORS)
def test_calls_that_make_no_sense(call, kind, message):
    with pytest.raises(kind) as caught:
        call()
    assert str(caught.value).startswith(message)


def test_a_function_that_is_not_finite_gets_no_pass():
    try:
        outcome = check(lambda x: np.log(x), lambda x: 1 / x, (-1.0,)).outcome
    except NonFiniteError:
        outcome = "undecided"
    assert outcome == "undecided"
