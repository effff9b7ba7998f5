"""Cases: what the decorator accepts, what it says otherwise, and the points it gives."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from gradcheck import CaseError, Data, DomainError, Integer, Real, case, claim, compare
from gradcheck.case import Claim


def product(x, y):
    """x times y.

    And more.
    """
    return x * y


def with_defaults(x, scale=5.0, k=3.0):
    return x * k * scale


def keyword_only(x, *, k):
    return x * k


ERRORS = [
    pytest.param(lambda: case(3), "@case(3): expected keywords naming the function's arguments, such as @case(x=1.0)", id="value"),
    pytest.param(lambda: case(product), "case product: no value or domain for argument 'x': write @case(x=...) or give at=", id="bare"),
    pytest.param(lambda: case(lambda: 1), "case <lambda>: a case needs at least one argument", id="no argument"),
    pytest.param(lambda: case(z=1.0)(product), "case product: 'z' is no argument of the function, which takes x, y", id="unknown argument"),
    pytest.param(lambda: case(x=1.0)(product), "case product: no value or domain for argument 'y'", id="missing argument"),
    pytest.param(lambda: case(x=Real, y=1.0)(product), "a case was given Real itself: write Real(...)", id="class for a domain"),
    pytest.param(lambda: case(at=[])(product), "case product: at=[] holds no point", id="no point"),
    pytest.param(lambda: case(at=(1.0, 2.0, 3.0))(product), "case product: the point (1.0, 2.0, 3.0) does not fit", id="long point"),
    pytest.param(lambda: case(at={"x": 1.0, "z": 2.0})(product), "case product: the point {'x': 1.0, 'z': 2.0} does not fit", id="dict"),
    pytest.param(lambda: case(at=(1.0,))(product), "case product: the point (1.0,) gives no value for argument 'y'", id="short point"),
    pytest.param(
        lambda: case(at=[(1.0, 2.0), {"x": 1.0}])(product),
        "case product: the point {'x': 1.0} gives no value for argument 'y'",
        id="second point",
    ),
    pytest.param(
        lambda: case(x=1.0, y=2.0, argnums="z")(product),
        "case product: argnums='z': expected different positions or names among x, y",
        id="argnums name",
    ),
    pytest.param(lambda: case(x=1.0, y=2.0, argnums=2)(product), "case product: argnums=2: expected different", id="argnums too large"),
    pytest.param(lambda: case(x=1.0, y=2.0, argnums=-1)(product), "case product: argnums=-1: expected different", id="argnums negative"),
    pytest.param(lambda: case(x=1.0, y=2.0, argnums=("x", 0))(product), "case product: argnums=('x', 0): expected different", id="twice"),
    pytest.param(lambda: case(x=1.0, k=2.0)(keyword_only), "case keyword_only: argument 'k' is keyword-only", id="keyword-only"),
    pytest.param(lambda: case(x=1.0)(np.sin), "@case(...): expected a Python function, got ufunc", id="ufunc"),
    pytest.param(
        lambda: case(x=1.0)(functools.partial(product, y=1.0)), "@case(...): expected a Python function, got partial", id="partial"
    ),
    pytest.param(lambda: case(x=1.0)(3), "@case(...): expected a Python function, got int", id="no function"),
    pytest.param(lambda: case(x=1.0, y=1.0)(case(x=1.0, y=1.0)(product)), "case product: is a case already", id="case of a case"),
    pytest.param(
        lambda: case(x=1.0, y=1.0)(product).claimed_gradient(expect="good"),
        "claimed_gradient(expect='good'): expected one of right, wrong, kink, undecided",
        id="expectation",
    ),
    pytest.param(lambda: claim(""), "@claim(''): expected the claim's id, such as @claim('C02')", id="empty claim"),
    pytest.param(lambda: claim(lambda run: None), "@claim(<function", id="claim without id"),
]


@pytest.mark.parametrize("make, message", ERRORS)
def test_what_does_not_fit_is_said(make, message):
    with pytest.raises(CaseError) as caught:
        make()
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    "given, message",
    [
        pytest.param({"x": Real(low=0), "y": 1.0, "at": -1.0}, "case product: argument x = -1.0 lies outside its domain", id="scalar"),
        pytest.param({"x": Real(2), "y": 1.0, "at": (np.ones(3),)}, "case product: argument x: got shape (3,), expected (2,)", id="shape"),
        pytest.param({"x": 1.0, "y": Integer(), "at": (1.0, 2.5)}, "case product: argument y: got float64 values", id="no integer"),
        pytest.param(
            {"x": 1.0, "y": Integer(), "at": [(1.0, 2), (1.0, 10)]}, "case product: argument y = 10 lies outside", id="second point"
        ),
    ],
)
def test_points_outside_their_domains_are_domain_errors(given, message):
    with pytest.raises(DomainError) as caught:
        case(**given)(product)
    assert str(caught.value).startswith(message)


# points
@pytest.mark.parametrize(
    "given, points",
    [
        pytest.param({"x": 1.0, "y": 2.0}, ((1.0, 2.0),), id="fixed values"),
        pytest.param({"at": (1.0, 2.0)}, ((1.0, 2.0),), id="tuple"),
        pytest.param({"at": {"y": 2.0, "x": 1.0}}, ((1.0, 2.0),), id="dict by name"),
        pytest.param({"at": [(1.0, 2.0), {"y": 4.0, "x": 3.0}]}, ((1.0, 2.0), (3.0, 4.0)), id="list"),
        pytest.param({"y": 5.0, "at": 1.0}, ((1.0, 5.0),), id="lone value"),
        pytest.param({"y": 5.0, "at": [1.0, 2.0]}, ((1.0, 5.0), (2.0, 5.0)), id="rest from fixed values"),
        pytest.param({"x": 1.0, "y": Data(2.0), "at": [(1.0,), (1.0, 3.0)]}, ((1.0, 2.0), (1.0, 3.0)), id="data can be given"),
        pytest.param({"x": 1.0, "y": Data(None)}, ((1.0, None),), id="None is data"),
    ],
)
def test_stated_points(given, points):
    assert case(**given)(product).drawn() == points


@pytest.mark.parametrize("seed", [0, 1, 12345])
def test_points_are_drawn_inside_the_domains_and_again_by_the_same_seed(seed):
    made = case(x=Real(3, low=0, high=1), y=Integer(2, low=5, high=7))(product)
    points = made.drawn(seed, count=20)
    assert len(points) == 20
    for x, y in points:
        assert x.shape == (3,) and (x > 0).all() and (x < 1).all()
        assert y.shape == (2,) and set(y.tolist()) <= {5, 6}
    for first, second in zip(points, made.drawn(seed, count=20)):
        assert all(np.array_equal(a, b) for a, b in zip(first, second))
    assert not np.array_equal(points[0][0], points[1][0])
    assert not np.array_equal(points[0][0], made.drawn(seed + 1)[0][0])


def test_fewer_points_are_the_first_of_more():
    made = case(x=Real(), y=Real())(product)
    assert made.drawn(4, count=3)[:2] == made.drawn(4, count=2)
    assert len(made.drawn()) == 2


def test_nothing_drawn_is_one_point():
    assert len(case(x=1.0, y=Data([1, 2]))(product).drawn(count=7)) == 1


def test_a_domain_that_a_point_gives_is_real_of_its_shape():
    made = case(at=(np.ones(2), 3))(product)
    assert made.domains["x"] == Real(2)
    assert isinstance(made.domains["y"], Data)
    assert made.domain_at()[0] == Real(2)


# which arguments are differentiated
@pytest.mark.parametrize(
    "given, argnums",
    [
        pytest.param({"x": 1.0, "y": 2.0}, (0, 1), id="floats"),
        pytest.param({"x": np.ones(2), "y": np.float32(1)}, (0, 1), id="arrays and float32"),
        pytest.param({"x": 1, "y": 2.0}, (1,), id="an integer is not"),
        pytest.param({"x": 1.0, "y": True}, (0,), id="a boolean is not"),
        pytest.param({"x": 1.0, "y": Data(2.0)}, (0,), id="data is not"),
        pytest.param({"x": Real(), "y": Integer()}, (0,), id="a drawn integer is not"),
        pytest.param({"x": 1.0, "y": 2.0, "argnums": 1}, (1,), id="position"),
        pytest.param({"x": 1.0, "y": 2.0, "argnums": "y"}, (1,), id="name"),
        pytest.param({"x": 1.0, "y": 2.0, "argnums": ("y", 0)}, (1, 0), id="names and positions, in the order asked for"),
        pytest.param({"x": 1.0, "y": Data(2.0), "argnums": ["y"]}, (1,), id="argnums overrule data"),
        pytest.param({"x": 1, "y": "data"}, (), id="nothing"),
    ],
)
def test_differentiable_arguments(given, argnums):
    made = case(**given)(product)
    assert made.differentiable(made.drawn()[0]) == argnums


def test_defaults_before_a_stated_argument_stay_defaults():
    """Arguments are given by position, so a default that is passed over must be among them."""
    made = case(x=2.0, k=7.0)(with_defaults)
    assert made.drawn() == ((2.0, 5.0, 7.0),)
    assert made.differentiable(made.drawn()[0]) == (0, 2)
    frame = compare(made).frame()
    truth = frame[frame.method == "tape"].set_index("argument").truth.to_dict()
    assert truth == {"x": 35.0, "k": 10.0}


def test_defaults_after_the_last_stated_argument_are_left_to_the_function():
    assert case(x=2.0)(with_defaults).parameters == ("x",)


# claims
@pytest.mark.parametrize("given, claims", [(None, ()), ("C1", ("C1",)), (["C1", "C2"], ("C1", "C2")), (("C3",), ("C3",))])
def test_claims(given, claims):
    assert case(x=1.0, y=1.0, claims=given)(product).claims == claims


def test_a_claim_is_its_id_and_function():
    def evidence(run):
        """Unused."""

    found = claim("X7")(evidence)
    assert isinstance(found, Claim)
    assert (found.id, found.function) == ("X7", evidence)


# claimed gradients
def test_claimed_gradients_are_registered_in_order_and_stay_functions():
    made = case(x=1.0, y=2.0)(product)

    @made.claimed_gradient
    def first(x, y):
        return y, x

    @made.claimed_gradient(expect="wrong", kinds=["swapped"])
    def second(x, y):
        return x, y

    @made.claimed_gradient()
    def third(x, y):
        return y, x

    assert [(c.name, c.expect, c.kinds) for c in made.claimed] == [
        ("first", "right", ()),
        ("second", "wrong", ("swapped",)),
        ("third", "right", ()),
    ]
    assert first(1.0, 2.0) == (2.0, 1.0)
    assert second(1.0, 2.0) == (1.0, 2.0)


def test_claimed_gradients_of_one_case_are_not_another_s():
    one, other = (case(x=1.0, y=2.0)(product) for _ in range(2))
    one.claimed_gradient(lambda x, y: (y, x))
    assert len(one.claimed) == 1
    assert other.claimed == []


# a case is its function
def test_calling_a_case_calls_the_function():
    made = case(x=1.0, y=2.0)(product)
    assert made(3.0, y=4.0) == 12.0


def test_what_a_case_says_of_itself():
    made = case(x=1.0, y=2.0)(product)
    assert (made.name, made.summary, made.parameters) == ("product", "x times y.", ("x", "y"))
    assert repr(made) == "<case product(x, y)>"
    assert made.file.endswith("test_case_decorator.py")
    assert made.line == product.__code__.co_firstlineno
    assert case(x=1.0)(lambda x: x).summary == ""
