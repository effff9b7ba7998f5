"""Checking and comparing claimed gradients, as their users call it."""

from __future__ import annotations

import re

import numpy as np
import pytest

from gradcheck import (
    Data,
    GradientError,
    Real,
    ShapeError,
    UsageError,
    assert_gradient,
    case,
    check,
    compare,
    grad,
)  # fmt: skip

X = np.array([0.5, -1.0, 2.0])


def squares(x):
    return np.sum(x * x)


def bilinear(w, b):
    return np.sum(w) * b


RIGHT = [
    pytest.param(squares, lambda x: 2 * x, (X,), id="array"),
    pytest.param(squares, lambda x: [2 * x], (X,), id="list-of-one"),
    pytest.param(squares, lambda x: {"x": 2 * x}, (X,), id="dict-of-one"),
    pytest.param(lambda x: x * x, lambda x: 2, (1.0,), id="whole-number"),
    pytest.param(bilinear, lambda w, b: (b * np.ones(3), np.sum(w)), (X, 2.0), id="tuple"),
    pytest.param(bilinear, lambda w, b: {"b": np.sum(w), "w": b * np.ones(3)}, {"b": 2.0, "w": X}, id="dicts"),
    pytest.param(squares, lambda x: 2 * x, (X.astype(np.float32),), id="float32"),
    pytest.param(lambda x, n: x**n, lambda x, n: n * x ** (n - 1), (2.0, 3), id="data-argument"),
    pytest.param(lambda x: np.sum(x), lambda x: np.ones_like(x), (np.zeros(0),), id="empty"),
    pytest.param(lambda x: x**2, lambda x: 2 * x, (0.0,), id="zero-gradient"),
    pytest.param(lambda x: np.exp(-x), lambda x: -np.exp(-x), (745.0,), id="subnormal"),
    pytest.param(np.tanh, lambda x: 1 / np.cosh(x) ** 2, (5.0,), id="another-formula"),
    pytest.param(lambda x: x * abs(x), lambda x: 2 * abs(x), (0.0,), id="smooth-at-a-tie"),
    pytest.param(lambda x: np.where(x == 0, 1 / 3, (np.sin(x) - x) / (-2 * x**3) + 0.25), lambda x: 0.0, (0.0,), id="written-out-limit"),
]


@pytest.mark.parametrize(("function", "gradient", "point"), RIGHT)
def test_right(function, gradient, point) -> None:
    verdict = check(function, gradient, point)
    assert (verdict.outcome, verdict.ok) == ("right", True), str(verdict)
    assert set(verdict.entries) <= {"right"}
    assert_gradient(function, gradient, point)


@pytest.mark.parametrize(
    ("argnums", "gradient"),
    [
        pytest.param(1, lambda w, b: np.sum(w), id="one"),
        pytest.param((0,), lambda w, b: b * np.ones(3), id="one-in-a-tuple"),
        pytest.param((1, 0), lambda w, b: (np.sum(w), b * np.ones(3)), id="turned-round"),
    ],
)
def test_argnums_choose_and_order(argnums, gradient) -> None:
    assert check(bilinear, gradient, (X, 2.0), argnums=argnums).outcome == "right"


def test_a_list_of_points_is_as_good_as_its_worst() -> None:
    verdict = check(squares, lambda x: 2 * x if x[0] > 0 else 3 * x, [(X,), (-X,)])
    assert verdict.outcome == "wrong"
    assert check(squares, lambda x: 2 * x, [(X,), (-X,)]).outcome == "right"


def test_a_case_brings_its_points() -> None:
    posed = case(x=Real(3), n=Data(2))(lambda x, n: np.sum(x**n))
    assert check(posed, lambda x, n: n * x).outcome == "right"
    assert check(posed, lambda x, n: n * x * 1.01).outcome == "wrong"


def test_a_verdict_explains_itself() -> None:
    verdict = check(squares, lambda x: 2 * x + np.array([0.0, 0.0, 1e-6]), (X,))
    assert verdict.entries == ("right", "right", "wrong")
    text = str(verdict)
    assert re.search(r"x\[2\].*4\.000001.*4\.0", text)
    assert "x[0]" not in text
    with pytest.raises(GradientError, match=r"x\[2\]") as refused:
        assert_gradient(squares, lambda x: 2 * x + np.array([0.0, 0.0, 1e-6]), (X,))
    assert refused.value.verdict.outcome == "wrong"
    assert isinstance(refused.value, AssertionError)


KINKS = [
    pytest.param(lambda x: abs(x), lambda x: 0.3, (0.0,), "kink", id="inside"),
    pytest.param(lambda x: abs(x), lambda x: 1.0, (0.0,), "kink", id="at-the-end"),
    pytest.param(lambda x: abs(x), lambda x: 1.3, (0.0,), "wrong", id="outside"),
    pytest.param(lambda x: x if x > 0 else 0.0 * x, lambda x: 1.0, (0.0,), "kink", id="branch"),
    pytest.param(lambda x: x if x > 0 else 0.0 * x, lambda x: -0.1, (0.0,), "wrong", id="branch-outside"),
    pytest.param(lambda x: np.sign(x) + x, lambda x: 1.0, (0.0,), "kink", id="jump"),
    pytest.param(lambda x: np.max(x), lambda x: np.array([0.5, 0.5]), (np.ones(2),), "kink", id="tie-shared"),
    pytest.param(lambda x: np.max(x), lambda x: np.array([1.0, 0.0]), (np.ones(2),), "kink", id="tie-to-one"),
    pytest.param(lambda x: np.max(x), lambda x: np.array([1.0, 1.0]), (np.ones(2),), "wrong", id="tie-to-both"),
]


@pytest.mark.parametrize(("function", "gradient", "point", "outcome"), KINKS)
def test_at_a_kink(function, gradient, point, outcome) -> None:
    verdict = check(function, gradient, point)
    assert (verdict.outcome, verdict.ok) == (outcome, outcome == "kink"), str(verdict)


UNDECIDED = [
    pytest.param(lambda x: np.log(x), lambda x: 1 / x, (-1.0,), "not finite", id="outside-the-domain"),
    pytest.param(lambda x: np.sqrt(x), lambda x: np.inf, (0.0,), "not finite", id="infinite-slope"),
]


@pytest.mark.parametrize(("function", "gradient", "point", "reason"), UNDECIDED)
def test_undecided_is_no_pass(function, gradient, point, reason) -> None:
    verdict = check(function, gradient, point)
    assert (verdict.outcome, verdict.ok) == ("undecided", False)
    assert reason in verdict.reason


def opaque(x):
    return float(np.sum(np.sin(np.asarray(x, dtype=float))))


def test_what_cannot_be_traced_is_judged_as_a_black_box() -> None:
    assert check(opaque, np.cos, (X,)).outcome == "right"
    assert check(opaque, np.sin, (X,)).outcome == "wrong"
    rough = check(lambda x: float(x) + 1e-3 * np.random.default_rng().uniform(), lambda x: 1.0, (1.0,))
    assert rough.outcome == "undecided"


def test_a_black_box_is_never_asked_outside_its_domain() -> None:
    seen = []

    @case(x=Real(low=0, high=1), at=(1.0 - 1e-9,))
    def function(x):
        seen.append(float(x))
        return float(x) ** 2

    assert check(function, lambda x: 2 * x).outcome == "right"
    assert all(0 < x < 1 for x in seen)


USAGE = [
    pytest.param(lambda: check(squares, np.cos), UsageError, "a point is needed: at=(x, y), or a case", id="no-point"),
    pytest.param(lambda: check(squares, np.cos, (1,)), UsageError, "give floats (1.0, not 1), or argnums", id="integer"),
    pytest.param(lambda: check(squares, np.cos, {"y": X}), UsageError, "the function's arguments are x", id="unknown-name"),
    pytest.param(
        lambda: check(lambda x: np.sum(np.square(x)), np.cos, ([1.0, 2.0],)),
        UsageError,
        "a list of numbers is no array: np.array(",
        id="a-list",
    ),
    pytest.param(lambda: check(squares, np.cos, (X,), digits=-3), UsageError, "digits=-3: expected a number above 0", id="digits-all-have"),
    pytest.param(lambda: check(squares, np.cos, (X,), digits=np.nan), UsageError, "digits=nan: expected a number", id="digits-nan"),
    pytest.param(lambda: check(squares, np.cos, domain={"y": Real(3)}), UsageError, "domain=['y']: the function's arguments", id="domain"),
    pytest.param(lambda: check(squares, np.cos, (X,), argnums=5), UsageError, "different positions among the 1 arguments", id="argnums"),
    pytest.param(lambda: check(bilinear, np.cos, (X, 2.0), argnums=(0, 0)), UsageError, "different positions", id="argnums-repeated"),
    pytest.param(lambda: check(np.sin, np.cos, (X,)), ShapeError, "a gradient needs a scalar result", id="array-result"),
    pytest.param(lambda: compare(squares), UsageError, "a point is needed: at=(x, y), or a case", id="compare-no-point"),
    pytest.param(lambda: compare(squares, at=(X,), argnums=3), UsageError, "different positions", id="compare-argnums"),
]


@pytest.mark.parametrize(("call", "error", "message"), USAGE)
def test_calls_that_make_no_sense(call, error, message) -> None:
    with pytest.raises(error, match=re.escape(message)):
        call()


@pytest.mark.parametrize(
    ("value", "said"), [(np.nan, "; the point holds nan or inf in x"), (np.inf, "; the point holds nan or inf in x"), (1e200, "")]
)
def test_a_point_that_is_not_finite_is_named(value, said) -> None:
    verdict = check(lambda x: np.sum(x * x * x), lambda x: 3 * x * x, (np.array([value, 1.0]),))
    assert verdict.outcome == ("undecided" if said else verdict.outcome)
    assert ("holds nan or inf" in verdict.reason) == bool(said)
    assert verdict.reason.endswith(said)


def test_what_the_claim_raises_is_its_verdict() -> None:
    verdict = check(squares, lambda x: 1 / 0, (X,))
    assert (verdict.outcome, verdict.kinds) == ("wrong", ("raises",))
    assert "ZeroDivisionError: division by zero (test_check.py:" in str(verdict)


def test_the_function_and_the_claim_get_copies() -> None:
    x = X.copy()
    check(squares, lambda x: 2 * np.multiply(x, 1.0, out=x), (x,))
    assert np.array_equal(x, X)


# comparing
def test_comparing_derives_every_way_and_judges_each() -> None:
    posed = case(x=X)(squares)
    found = compare(posed)
    assert found.outcome == "right"
    outcomes = {m.method: m.outcome for m in found.points[0].measured}
    assert {outcomes[m] for m in ("symbolic", "tape", "differences", "complex-step")} == {"right"}
    assert found.inputs == 3
    assert found.ratio == pytest.approx(found.circuit.gradient().operations / found.circuit.operations)


def test_the_frame_has_a_row_for_every_method_and_entry() -> None:
    frame = compare(squares, at=(X,)).frame()
    rows = frame[frame.method == "tape"]
    assert list(rows.entry) == [(0,), (1,), (2,)]
    assert list(rows.gradient) == list(2 * X)
    assert set(frame.outcome) == {"right"}


def test_claimed_gradients_of_a_case_get_the_verdict_expected() -> None:
    posed = case(x=X)(squares)
    posed.claimed_gradient(lambda x: 2 * x)
    posed.claimed_gradient(lambda x: 3 * x, expect="wrong")
    assert compare(posed).met
    posed.claimed_gradient(lambda x: 4 * x)
    assert not compare(posed).met


def test_a_comparison_at_a_kink_says_so() -> None:
    assert compare(lambda x: np.sum(np.abs(x)), at=(np.array([0.0, 1.0]),)).outcome == "kink"


def test_the_tape_is_right_on_whatever_the_table_offers() -> None:
    def many(x):
        h = np.tanh(np.outer(x, x) @ x) + np.cumsum(x)
        return np.sum(np.where(h > 0, np.sqrt(1 + h * h), np.exp(h))) + np.max(h) * np.prod(x) - np.var(h)

    assert check(many, grad(many), (X,)).outcome == "right"
    assert compare(many, at=(X,)).outcome == "right"
