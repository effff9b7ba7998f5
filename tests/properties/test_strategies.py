"""Strategies of domains: all they draw lies inside, at once and in their dtype; corners are reached, and what fails shrinks to something simple."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import FailedHealthCheck

from gradcheck import Data, DomainError, Integer, Real, UsageError, case
from gradcheck.strategies import EACH

ULP = float(np.nextafter(1.0, 2.0))
DOMAINS = [
    pytest.param(Real(), "float64", id="real line"),
    pytest.param(Real((2, 3)), "float32", id="matrix"),
    pytest.param(Real(3, low=0), "float64", id="positive"),
    pytest.param(Real(high=-2.0), "float64", id="bounded above"),
    pytest.param(Real(2, low=-1, high=1), "float64", id="interval"),
    pytest.param(Real(low=0.1, high=0.2), "float32", id="bounds that are no floats of the dtype"),
    pytest.param(Real(2, low=1.0, high=float(np.nextafter(ULP, 2.0))), "float64", id="one float wide"),
    pytest.param(Real(low=1.0, high=float(np.nextafter(np.float32(np.nextafter(np.float32(1), np.float32(2))), np.float32(2)))), "float32", id="one narrow float wide"),
    pytest.param(Real(low=1e17), "float64", id="far out"),
    pytest.param(Real(high=-1e300), "float64", id="far out below"),
    pytest.param(Real(2, low=-1e308, high=1e308), "float64", id="large"),
    pytest.param(Real(low=-1.7e308, high=1.7e308), "float64", id="wider than floats reach"),
    pytest.param(Real(low=1e300, high=1e308), "float64", id="large and positive"),
    pytest.param(Real(2, low=0.0, high=5e-323), "float64", id="subnormal"),
    pytest.param(Real(low=-1e-310, high=1e-310), "float64", id="subnormal around zero"),
    pytest.param(Real(3, low=-1e-3, high=1e9), "float16", id="bounds beyond the dtype"),
    pytest.param(Real(low=0), "float16", id="half precision"),
    pytest.param(Real((0,)), "float64", id="no element"),
    pytest.param(Real((1,)), "float64", id="one element"),
    pytest.param(Real((EACH, 3), low=0), "float64", id="many elements"),
]  # fmt: skip
EXACT = {"deadline": None, "database": None, "derandomize": True}


def faults(strategy, domain, dtype: str, examples: int = 40) -> set[str]:
    """What is wrong with the draws of a strategy: found outside, of another dtype, not finite; or draws were thrown away."""
    found: set[str] = set()

    @settings(max_examples=examples, suppress_health_check=[HealthCheck.too_slow, HealthCheck.nested_given], **EXACT)
    @given(strategy)
    def look(x) -> None:
        if np.asarray(x).dtype != dtype:
            found.add("dtype")
        if isinstance(x, np.ndarray) != (domain.shape != ()):
            found.add("type")
        if not np.all(np.isfinite(x)):
            found.add("not finite")
        try:
            domain.check("x", x)
        except DomainError:
            found.add("outside")

    look()
    return found


def drawn(strategy, examples: int = 300) -> list:
    """What a strategy draws; with no health check left out."""
    values: list = []

    @settings(max_examples=examples, **EXACT)
    @given(strategy)
    def look(x) -> None:
        values.append(x)

    look()
    return values


def simplest(strategy, failing=lambda x: True):
    """What Hypothesis shrinks to."""
    return find(strategy, failing, settings=settings(max_examples=1000, database=None))


@pytest.mark.parametrize(("domain", "dtype"), DOMAINS)
def test_all_that_is_drawn_lies_inside(domain, dtype) -> None:
    assert faults(domain.strategy(dtype=dtype), domain, dtype) == set()


@pytest.mark.parametrize(
    ("twin", "fault"),
    [
        pytest.param(st.floats(0, 1).map(np.float64), "outside", id="touches its bounds"),
        pytest.param(st.floats(0, 1, exclude_min=True, exclude_max=True).map(np.float32), "dtype", id="forgets the dtype"),
        pytest.param(st.floats(0, 1, exclude_min=True, exclude_max=True).map(np.array), "type", id="an array for a scalar"),
        pytest.param(st.floats(0).map(np.float64), "not finite", id="not finite"),
        pytest.param(Real(1, low=0, high=1).strategy(), "outside", id="another shape"),
    ],
)
def test_the_judge_above_sees_what_is_wrong(twin, fault) -> None:
    assert fault in faults(twin, Real(low=0, high=1), "float64", 300)


def test_a_strategy_that_filters_would_be_seen() -> None:
    with pytest.raises(FailedHealthCheck, match="filter"):
        drawn(st.integers(0, 10**6).filter(lambda n: n % 997 == 3))


@settings(max_examples=80, suppress_health_check=[HealthCheck.nested_given, HealthCheck.too_slow], **EXACT)
@given(st.floats(allow_nan=False), st.floats(allow_nan=False), st.sampled_from(["float64", "float32", "float16"]))
def test_any_bounds_give_what_lies_between_or_one_clear_error(a, b, dtype) -> None:
    low, high = sorted((a, b))
    if low == high:
        return
    domain = Real(low=low, high=high)
    with np.errstate(over="ignore"):
        first, last = np.dtype(dtype).type(low), np.dtype(dtype).type(high)
        empty = not np.nextafter(first, last) < last
    if empty:
        with pytest.raises(DomainError, match=f"no {dtype} lies strictly between"):
            domain.strategy(dtype=dtype)
    else:
        assert faults(domain.strategy(dtype=dtype), domain, dtype, 8) == set()


def test_neighbouring_floats_hold_nothing_between() -> None:
    with pytest.raises(DomainError, match=r"low=1.0, high=1.0000000000000002: no float64 lies strictly between"):
        Real(low=1.0, high=ULP).strategy()


def test_a_dtype_that_is_none_of_ours_is_refused() -> None:
    with pytest.raises(DomainError, match="dtype=int64: expected one of float64, float32, float16"):
        Real().strategy(dtype=int)


def test_corners_are_reached_and_most_values_are_ordinary() -> None:
    values = np.array(drawn(Real().strategy(), 500))
    sizes = np.abs(values)
    assert {0.0, 1.0, -1.0, 0.5} <= set(values.tolist())
    assert 0.5 < np.mean(sizes <= 10) < 0.95
    assert np.any((sizes > 1e100) & (sizes < 1e200))
    assert np.any((sizes > 30) & (sizes < 1100))
    assert np.any((sizes > 0) & (sizes < 1e-100))
    assert np.mean(values < 0) > 0.2


def test_a_positive_domain_is_drawn_over_many_magnitudes() -> None:
    values = np.array(drawn(Real(low=0).strategy(), 500))
    assert np.mean((values > 1e-3) & (values <= 10)) > 0.5
    assert values.min() == 5e-324
    assert values.max() > 1e100


@pytest.mark.parametrize("low, high", [(2.0, 3.0), (-1e-5, 1.0), (1e6, 1e6 + 1.0)])
def test_the_bounds_of_an_interval_are_approached(low, high) -> None:
    values = drawn(Real(low=low, high=high).strategy(), 400)
    assert float(np.nextafter(low, np.inf)) in values
    assert float(np.nextafter(high, -np.inf)) in values


def test_entries_are_equal_now_and_then_and_mostly_not() -> None:
    counts = [len(np.unique(x)) for x in drawn(Real(4).strategy(), 300)]
    assert counts.count(1) > 20
    assert counts.count(4) > 50
    assert 20 < counts.count(2) + counts.count(3)


def test_arrays_of_ordinary_values_are_common() -> None:
    """In an array of 20 entries each of which may lie far out, nearly always one does."""
    assert np.mean([np.max(np.abs(x)) <= 10 for x in drawn(Real(20).strategy(), 200)]) > 0.3


@pytest.mark.parametrize(
    ("domain", "failing", "expected"),
    [
        pytest.param(Real(), lambda x: True, 0.0, id="anything"),
        pytest.param(Real(), lambda x: x < 0, -1.0, id="negative"),
        pytest.param(Real(), lambda x: x > 19.1, 20.0, id="in a tail"),
        pytest.param(Real(), lambda x: 0 < x < 0.4, 0.25, id="small"),
        pytest.param(Real(low=0), lambda x: True, 1.0, id="positive"),
        pytest.param(Real(low=0, high=1), lambda x: True, 0.5, id="in an interval"),
        pytest.param(Real(low=5), lambda x: True, 6.0, id="above a bound"),
        pytest.param(Real(3), lambda x: True, [0.0, 0.0, 0.0], id="any array"),
        pytest.param(Real(3), lambda x: x[1] < 0, [0.0, -1.0, 0.0], id="one entry negative"),
        pytest.param(Integer(), lambda n: n > 3, 4, id="integer"),
        pytest.param(Integer((2,), low=-5, high=9), lambda n: True, [0, 0], id="integers"),
    ],
)
def test_what_fails_shrinks_to_something_simple(domain, failing, expected) -> None:
    found = simplest(domain.strategy(), failing)
    assert np.array_equal(found, expected)


@pytest.mark.parametrize("domain", [Integer(), Integer((2, 2), low=-3, high=-1), Integer((EACH + 1,)), Integer(low=4, high=5)])
def test_integers_lie_inside(domain) -> None:
    for value in drawn(domain.strategy(), 50):
        domain.check("n", value)
        assert np.asarray(value).dtype == np.int64


def test_data_is_itself_and_its_arrays_are_copies() -> None:
    labels = np.array([1, 2])
    assert {x for x in drawn(Data("abc").strategy(), 5)} == {"abc"}
    for value in drawn(Data(labels).strategy(), 5):
        assert value is not labels
        assert np.array_equal(value, labels)


# cases
def weighted(w, x, n, note):
    with np.errstate(all="ignore"):
        return np.sum(w * x) * n


def total(a):
    return np.sum(a)


def test_the_points_of_a_case_are_its_arguments_in_order() -> None:
    made = case(w=Real(2), x=Real(2, low=0), n=Integer(low=1, high=4), note="hello")(weighted)
    for point in drawn(made.points(), 60):
        assert isinstance(point, tuple)
        for (name, domain), value in zip(made.domains.items(), point, strict=True):
            domain.check(name, value)
        assert point[3] == "hello"
        assert np.shape(made(*point)) == ()


def test_stated_points_are_among_what_is_drawn() -> None:
    stated = [(np.array([0.123, 4.56]), np.array([7.0, 8.0]), 3, "a"), (np.ones(2), np.array([1.5, 2.5]), 1, "b")]
    made = case(x=Real(2, low=0), at=stated)(weighted)
    points = drawn(made.points(), 200)
    assert {"a", "b"} == {p[3] for p in points}
    for point in stated:
        assert any(all(np.array_equal(a, b) for a, b in zip(point, p)) for p in points)
    others = [p for p in points if p[0].tolist() not in ([0.123, 4.56], [1.0, 1.0])]
    assert len(others) > 40
    assert all((p[1] > 0).all() for p in points)


def test_precision_and_shape_of_a_stated_point_are_kept() -> None:
    made = case(at=[(np.float32(1.0),), (np.ones((2, 1), np.float16),)])(total)
    assert {(p[0].dtype.name, p[0].shape) for p in drawn(made.points(), 60)} == {("float32", ()), ("float16", (2, 1))}


def test_a_test_may_write_into_a_stated_point() -> None:
    made = case(at=(np.ones(2),))(total)

    @settings(max_examples=30, **EXACT)
    @given(made.points())
    def spoils(point) -> None:
        point[0][:] = np.nan

    spoils()
    assert np.array_equal(made.at[0][0], [1.0, 1.0])


@pytest.mark.parametrize("call", [lambda c: c.points(3), lambda c: c.points(seed=1), lambda c: c.points(0, count=2)])
def test_points_asked_for_by_seed_and_count_are_told_of_drawn(call) -> None:
    with pytest.raises(
        UsageError, match=r"case total: points\(\) is a Hypothesis strategy and takes nothing: drawn\(seed, count\) gives points"
    ):
        call(case(a=Real(2))(total))
