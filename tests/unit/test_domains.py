"""Domains: what they draw lies inside, what lies outside is named."""

from __future__ import annotations

import numpy as np
import pytest

from gradcheck.domains import Data, Integer, Real, floating_positions
from gradcheck.errors import CaseError, DomainError

DOMAINS = [
    pytest.param(Real(), id="real line"),
    pytest.param(Real(5), id="vector"),
    pytest.param(Real((2, 3), low=0), id="positive matrix"),
    pytest.param(Real(4, high=-2.0), id="bounded above"),
    pytest.param(Real(4, low=-1, high=1), id="interval"),
    pytest.param(Real(4, low=1.0, high=1.0 + 2**-50), id="four floats wide"),
    pytest.param(Real(4, low=1e17), id="bound that swallows the step"),
    pytest.param(Real(4, high=-1e300), id="upper bound that swallows the step"),
    pytest.param(Real(4, low=-1.7e308, high=1.7e308), id="wider than floats reach"),
    pytest.param(Real(4, low=0.0, high=5e-323), id="subnormal"),
    pytest.param(Real((0,)), id="no element"),
    pytest.param(Integer(), id="digit"),
    pytest.param(Integer((3, 2), low=-2, high=0), id="negative integers"),
    pytest.param(Data("abc"), id="data"),
]


@pytest.mark.parametrize("domain", DOMAINS)
def test_what_is_drawn_lies_inside(domain):
    rng = np.random.default_rng(0)
    for _ in range(50):
        domain.check("x", domain.sample(rng))


@pytest.mark.parametrize("domain", DOMAINS)
def test_the_same_seed_draws_the_same(domain):
    first, second = (domain.sample(np.random.default_rng(3)) for _ in range(2))
    assert np.array_equal(first, second)


@pytest.mark.parametrize("domain", [Real(4), Real(4, low=0), Real(4, high=0), Real(4, low=0, high=1), Integer(40)])
def test_another_seed_draws_another(domain):
    first, second = (domain.sample(np.random.default_rng(seed)) for seed in (1, 2))
    assert not np.array_equal(first, second)


@pytest.mark.parametrize(
    "shape, drawn",
    [pytest.param((), (), id="scalar"), pytest.param(3, (3,), id="number"), pytest.param((2, 1), (2, 1), id="tuple"), ([2, 2], (2, 2))],
)
@pytest.mark.parametrize("kind", [Real, Integer])
def test_shapes(kind, shape, drawn):
    assert kind(shape).shape == drawn
    assert np.shape(kind(shape).sample(np.random.default_rng(0))) == drawn


def test_a_scalar_is_drawn_as_a_float64_not_an_array():
    assert type(Real().sample(np.random.default_rng(0))) is np.float64


@pytest.mark.parametrize(
    "make, message",
    [
        pytest.param(lambda: Real(-1), "shape -1: expected a whole number", id="negative"),
        pytest.param(lambda: Real((2, 1.5)), "shape (2, 1.5): expected a whole number", id="fraction in a tuple"),
        pytest.param(lambda: Real(2.5), "shape 2.5: expected a whole number", id="fraction"),
        pytest.param(lambda: Real("a"), "shape 'a': expected a whole number", id="text"),
        pytest.param(lambda: Real(None), "shape None: expected a whole number", id="None"),
        pytest.param(lambda: Integer(-2), "shape -2: expected a whole number", id="negative for integers"),
        pytest.param(lambda: Real(low=1, high=1), "low=1.0, high=1.0: expected low < high", id="empty"),
        pytest.param(lambda: Real(low=2, high=1), "low=2.0, high=1.0: expected low < high", id="reversed"),
        pytest.param(lambda: Real(low=float("nan")), "low=nan, high=inf: expected low < high", id="NaN"),
        pytest.param(lambda: Integer(low=3, high=3), "low=3, high=3: expected low < high", id="no integer"),
    ],
)
def test_a_domain_that_makes_no_sense_is_a_case_error(make, message):
    with pytest.raises(CaseError) as caught:
        make()
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    "domain, value, message",
    [
        pytest.param(Real(2), np.ones(3), "argument x: got shape (3,), expected (2,)", id="shape"),
        pytest.param(Real(), np.ones(1), "argument x: got shape (1,), expected ()", id="array for a scalar"),
        pytest.param(Real(low=0), -1.0, "argument x = -1.0 lies outside its domain: expected 0 < x < inf", id="scalar"),
        pytest.param(Real(low=0), 0.0, "argument x = 0.0 lies outside", id="the bound itself"),
        pytest.param(Real(), float("nan"), "argument x = nan lies outside", id="NaN"),
        pytest.param(Real(), float("inf"), "argument x = inf lies outside", id="infinity"),
        pytest.param(
            Real(3, high=1), [0.0, 2.0, 3.0], "argument x[1] = 2.0 lies outside its domain: expected -inf < x < 1", id="first one"
        ),
        pytest.param(Real((2, 2), low=0), np.array([[1.0, 2.0], [3.0, -1.0]]), "argument x[1, 1] = -1.0 lies", id="matrix"),
        pytest.param(Real(), "a", "argument x: got <U1 values, expected real numbers", id="text"),
        pytest.param(Real(), 1 + 2j, "argument x: got complex128 values, expected real numbers", id="complex"),
        pytest.param(Real(), None, "argument x: got object values, expected real numbers", id="None"),
        pytest.param(Integer(), 1.0, "argument x: got float64 values, expected whole numbers", id="float for an integer"),
        pytest.param(Integer(), True, "argument x: got bool values, expected whole numbers", id="boolean for an integer"),
        pytest.param(Integer(), 10, "argument x = 10 lies outside its domain: expected 0 <= x < 10", id="past the end"),
        pytest.param(Integer(2), [0, -1], "argument x[1] = -1 lies outside its domain: expected 0 <= x < 10", id="before the start"),
    ],
)
def test_what_lies_outside_is_named(domain, value, message):
    with pytest.raises(DomainError) as caught:
        domain.check("x", value)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("domain, value", [(Integer(), 0), (Integer(), 9), (Real(), 1), (Real(), np.float32(1)), (Data(1), "anything")])
def test_what_lies_inside_is_accepted(domain, value):
    domain.check("x", value)


def test_data_is_itself():
    value = object()
    assert Data(value).sample(np.random.default_rng(0)) is value


def test_domains_are_equal_by_what_they_say():
    assert Real(3, low=0) == Real((3,), low=0.0)
    assert Real(3) != Real(3, low=0)
    assert repr(Real(3, low=0)) == "Real(shape=(3,), low=0.0, high=inf)"


@pytest.mark.parametrize(
    "value, floating",
    [
        pytest.param(1.0, True, id="float"),
        pytest.param(np.float32(1), True, id="float32"),
        pytest.param(np.ones(2), True, id="array"),
        pytest.param(np.array(1.0), True, id="0-d array"),
        pytest.param(1, False, id="int"),
        pytest.param(True, False, id="bool"),
        pytest.param(np.ones(2, int), False, id="integers"),
        pytest.param(1j, False, id="complex"),
        pytest.param([1.0], False, id="list"),
        pytest.param("x", False, id="text"),
        pytest.param(None, False, id="None"),
    ],
)
def test_only_floats_can_be_differentiated(value, floating):
    assert floating_positions(["data", value]) == ((1,) if floating else ())
