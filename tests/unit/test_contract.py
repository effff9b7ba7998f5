"""Vector-Jacobian products, and what a gradient does besides its values."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from gradcheck import ShapeError, UsageError, check

X = np.array([0.3, 0.7, -1.2])
A, B = np.arange(6.0).reshape(2, 3) / 7, np.array([1.0, -0.5, 2.0])


def squash(x):
    return np.tanh(x) ** 2


def slope(x):
    return 2 * np.tanh(x) / np.cosh(x) ** 2


PRODUCTS = [
    pytest.param(squash, lambda x, g: g * slope(x), (X,), "right", id="right"),
    pytest.param(squash, lambda x, g: slope(x), (X,), "wrong", id="cotangent forgotten"),
    pytest.param(squash, lambda x, g: g * g * slope(x), (X,), "wrong", id="cotangent twice"),
    pytest.param(squash, lambda x, g: np.sum(g) * slope(x), (X,), "wrong", id="cotangent summed"),
    pytest.param(np.matmul, lambda a, b, g: (np.outer(g, b), a.T @ g), (A, B), "right", id="two arguments"),
    pytest.param(np.matmul, lambda a, b, g: (np.outer(g, b), g @ a + 1e-9), (A, B), "wrong", id="constant added"),
    pytest.param(lambda x: x[::-1], lambda x, g: g[::-1], (X,), "right", id="linear"),
    pytest.param(lambda x: x @ x, lambda x, g: 2 * g * x, (X,), "right", id="scalar result"),
]


@pytest.mark.parametrize("function, product, point, outcome", PRODUCTS)
def test_vector_jacobian_products(function, product, point, outcome):
    assert check(function, product, point, vjp=True).outcome == outcome


def test_a_product_that_does_not_vanish_with_its_cotangent_is_named():
    verdict = check(lambda x: x * 1.0, lambda x, g: np.where(g == 0, 1.0, g), (X,), vjp=True)
    assert (verdict.outcome, verdict.kinds) == ("wrong", ("missing-cotangent",))


def test_a_product_needs_a_float_result():
    with pytest.raises(ShapeError, match="needs floats"):
        check(lambda x: np.argsort(x), lambda x, g: g, (X,), vjp=True)


def changes_its_input(x):
    x *= 2
    return x


def another_each_time(by=1e-3):
    counter = itertools.count()
    return lambda x: 2 * x * (1 + next(counter) * by)


@pytest.mark.parametrize(
    "claim, outcome, kind",
    [
        pytest.param(changes_its_input, "wrong", "mutates-input", id="input changed"),
        pytest.param(another_each_time(), "wrong", "non-deterministic", id="another result each time"),
        pytest.param(another_each_time(1e-8), "wrong", "non-deterministic", id="slightly another result each time"),
        pytest.param(lambda x: (2 * x).astype(np.float32), "right", "dtype", id="another precision"),
        pytest.param(lambda x: [[1.0], [1.0, 2.0]], "wrong", "shape", id="ragged"),
        pytest.param(lambda x: 2 * x[:, None], "wrong", "shape", id="column"),
        pytest.param(lambda x: float(np.sum(2 * x)), "wrong", "shape", id="components added"),
    ],
)
def test_the_contract(claim, outcome, kind):
    verdict = check(lambda x: x @ x, claim, (X.copy(),))
    assert (verdict.outcome, kind in verdict.kinds) == (outcome, True), str(verdict)


def test_a_result_rounded_otherwise_is_no_other_result():
    order = itertools.cycle([1.0, 1.0 + 2.0**-52])  # as threads, or a program compiled after some calls, may give
    assert check(lambda x: x @ x, lambda x: 2 * x * next(order), (X.copy(),)).outcome == "right"


def test_a_gradient_that_is_its_input_is_right_with_a_remark():
    verdict = check(lambda x: x @ x / 2, lambda x: x, (X,))
    assert (verdict.outcome, verdict.kinds) == ("right", ("aliases-input",))


def test_a_single_entry_may_come_as_a_list():
    assert check(lambda x: x @ x, lambda x: [2 * x[0]], (np.array([0.7]),)).outcome == "right"


@pytest.mark.parametrize("digits, outcome", [(3, "right"), (5, "wrong")])
def test_asking_for_fewer_digits_changes_the_question(digits, outcome):
    assert check(np.sin, lambda x: np.cos(x) * (1 + 1e-4), (0.5,), digits=digits).outcome == outcome


def test_a_verdict_is_plain_data():
    import json

    data = check(squash_sum, lambda x: slope(x) * 2, (X,)).to_dict()
    assert json.loads(json.dumps(data)) == data
    assert (data["outcome"], data["ok"], len(data["entries"])) == ("wrong", False, 3)
    assert "<table>" in check(squash_sum, lambda x: slope(x) * 2, (X,))._repr_html_()


def squash_sum(x):
    return np.sum(squash(x))


def positive_root(x):
    if np.any(x < 0):
        raise ValueError("x must not be negative")
    return np.sum(np.sqrt(x))


def checked_slope(x):
    if np.any(x < 0):
        raise ValueError("x must not be negative")
    return 0.5 / np.sqrt(x)


def raises_below_one(x):
    if np.any(x < 1):
        raise ZeroDivisionError
    return 0.5 / np.sqrt(x)


@pytest.mark.parametrize(
    "claim, points, outcome",
    [
        pytest.param(checked_slope, [(X,)], "right", id="both raise"),
        pytest.param(checked_slope, [(X,), (X**2,)], "right", id="both raise at one of two points"),
        pytest.param(lambda x: 0.5 / np.sqrt(x), [(X,), (X**2,)], "wrong", id="the function alone raises"),
        pytest.param(raises_below_one, [(X**2,)], "wrong", id="the gradient alone raises"),
        pytest.param(lambda x: checked_slope(x)[4], [(X**2,)], "wrong", id="the gradient has a defect"),
    ],
)
def test_raising_exactly_where_the_function_raises(claim, points, outcome):
    verdict = check(positive_root, claim, points)
    assert verdict.outcome == outcome, str(verdict)
    assert ("raises" in verdict.kinds) == (outcome == "wrong")


def test_the_numbers_of_another_point_say_more_than_that_both_raise():
    assert "digits" in check(positive_root, checked_slope, [(X,), (X**2,)]).reason
    assert "no numbers were compared" in check(positive_root, checked_slope, (X,)).reason


@pytest.mark.parametrize("point", [pytest.param((X, X), id="an argument too many"), pytest.param(({},), id="no array")])
def test_a_call_that_makes_no_sense_is_the_callers_to_see(point):
    with pytest.raises((TypeError, UsageError)):
        check(positive_root, checked_slope, point)


def test_shapes_that_numpy_itself_rejects_are_the_callers_to_see():
    """NumPy's own Python code raises for shapes; a gradient that raises as well is no agreement."""
    with pytest.raises(ValueError, match="same shape"):
        check(lambda x, y: np.sum(np.stack([x, y])), lambda x, y: np.stack([x, y]), (X, X[:2]))


def test_search_finds_where_the_gradient_alone_raises():
    def claim(x):
        if np.any(x == 0):
            raise FloatingPointError("zero")
        return 2 * x

    assert check(lambda x: x @ x, claim, (X,)).outcome == "right"
    assert check(lambda x: x @ x, claim, (X,), search=True).kinds == ("raises",)


@pytest.mark.parametrize(
    "product",
    [
        pytest.param(lambda x, g: np.clip(g, -100, 100) * slope(x), id="clipped"),
        pytest.param(lambda x, g: np.where(np.abs(g) < 1e-4, 0.0, g) * slope(x), id="small ones dropped"),
        pytest.param(lambda x, g: (g + np.where(np.abs(g) > 10, 1.0, 0.0)) * slope(x), id="constant added to large ones"),
    ],
)
def test_a_product_must_be_linear_in_its_cotangent(product):
    assert check(squash, product, (X,), vjp=True).kinds == ("nonlinear",)


def test_the_rounding_of_a_product_is_linear_enough():
    single = X.astype(np.float32)
    assert check(squash, lambda x, g: (g * slope(x)).astype(np.float32), (single,), vjp=True).outcome == "right"
    assert check(squash, lambda x, g: np.exp(np.log(np.abs(g))) * np.sign(g) * slope(x), (X,), vjp=True).outcome == "right"


def test_a_wrong_verdict_has_a_witness_and_its_numbers():
    points = [(X,), (X**2,), (X + 1,)]
    verdict = check(squash_sum, lambda x: slope(x) * np.where(np.abs(x - 0.49) < 1e-3, 1.1, 1.0), points)
    (point,) = verdict.witness
    assert np.array_equal(point, X**2)
    assert "at=(np.array([" in str(verdict)
    entry = verdict.to_dict()["entries"][1]
    assert (entry["entry"], entry["outcome"]) == ("x[1]", "wrong")
    assert entry["digits"] + entry["digits_lost"] == pytest.approx(15.95, abs=0.01)
    assert 1 <= entry["condition"] < 100


def test_the_condition_says_how_rounding_is_magnified():
    """(1 - cos x) / x**2 near 0 has lost its digits: so has its gradient."""
    calm, lossy = (check(lambda x: (1 - np.cos(x)) / x**2, lambda x: 0.0 * x, (at,)).condition[0] for at in (1.0, 1e-6))
    assert calm < 1e3
    assert lossy > 1e9
    assert check(lambda x: float(x) ** 2, lambda x: 2 * x, (1.5,)).condition is None
