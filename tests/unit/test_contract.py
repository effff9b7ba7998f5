"""Vector-Jacobian products, and what a gradient does besides its values."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from gradcheck import ShapeError, check

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


def another_each_time():
    counter = itertools.count()
    return lambda x: 2 * x * (1 + next(counter) * 1e-3)


@pytest.mark.parametrize(
    "claim, outcome, kind",
    [
        pytest.param(changes_its_input, "wrong", "mutates-input", id="input changed"),
        pytest.param(another_each_time(), "wrong", "non-deterministic", id="another result each time"),
        pytest.param(lambda x: (2 * x).astype(np.float32), "right", "dtype", id="another precision"),
        pytest.param(lambda x: [[1.0], [1.0, 2.0]], "wrong", "shape", id="ragged"),
        pytest.param(lambda x: 2 * x[:, None], "wrong", "shape", id="column"),
        pytest.param(lambda x: float(np.sum(2 * x)), "wrong", "shape", id="components added"),
    ],
)
def test_the_contract(claim, outcome, kind):
    verdict = check(lambda x: x @ x, claim, (X.copy(),))
    assert (verdict.outcome, kind in verdict.kinds) == (outcome, True), str(verdict)


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
