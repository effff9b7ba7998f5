"""Further points of a diagnosis: the same steps, both signs and several scales, inside the domains; one point where there are no others."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from gradcheck import Real
from gradcheck.diagnosis.naming import named
from gradcheck.diagnosis.points import FURTHER, canonical, further_scenes, same_structure
from gradcheck.diagnosis.scene import scene_of
from gradcheck.gradients.method import problem_of

X, POSITIVE = np.array([0.5, -1.0, 2.0, 1.3]), np.array([0.5, 1.0, 2.0, 1.3])
ALONE = "(seen at one point only)"


def squashed(x):
    return np.sum(np.tanh(x) ** 2)


def logarithms(x):
    return np.sum(np.log(x) * x)


def branching(x):
    return np.sum(x**2) if x[0] > 0 else np.sum(x**3)


def of_two(x, w):
    return np.sum(np.tanh(x * w))


def looped(x):
    y = x
    while np.sum(np.abs(y)) > 3.0:
        y = 0.5 * y
    return np.sum(y)


def wrong(x):
    return 2 * np.tanh(x)


def recorded(claim, seen=None):
    """The claim at another point, as a diagnosis asks for it; the points asked for go into `seen`."""

    def again(problem):
        if seen is not None:
            seen.append(problem.arguments)
        found = claim(*problem.arguments)
        return found if found is None else tuple(np.asarray(g, dtype=float) for g in (found if isinstance(found, tuple) else (found,)))

    return again


def zeros(*arguments):
    return tuple(np.zeros(np.shape(a)) for a in arguments)


def scenes(function, *arguments, claim=zeros, domains=None, seed=0, argnums=None, seen=None):
    """The scene at a point and the further ones."""
    problem = problem_of(function, arguments, argnums or tuple(range(len(arguments))), domains)
    first = scene_of(canonical(problem), tuple(np.zeros(np.shape(x)) for x in problem.inputs))
    return first, list(further_scenes(first, recorded(claim, seen), seed))


FUNCTIONS = [
    pytest.param(squashed, (X,), id="vector"),
    pytest.param(np.sin, (0.7,), id="scalar"),
    pytest.param(lambda x: np.sum(x @ x.T), (np.outer(X, POSITIVE),), id="matrix"),
    pytest.param(of_two, (X, POSITIVE), id="two"),
    pytest.param(branching, (X,), id="branch"),
    pytest.param(logarithms, (POSITIVE,), id="logarithms"),
    pytest.param(lambda x: np.max(x) * x[0] + np.sum(x[x > 0]), (X,), id="extremes"),
    pytest.param(squashed, (X.astype(np.float32),), id="float32"),
]


@pytest.mark.parametrize(("function", "arguments"), FUNCTIONS)
@pytest.mark.parametrize("seed", range(3))
def test_further_points_take_the_same_steps(function, arguments, seed) -> None:
    first, further = scenes(function, *arguments, seed=seed)
    assert 1 <= len(further) <= FURTHER
    for scene in further:
        assert same_structure(first, scene.problem)
        assert scene.still == first.still
        assert scene.views == first.views
        assert all(np.isfinite(t).all() for t in scene.truth)


@pytest.mark.parametrize(("function", "arguments"), FUNCTIONS)
def test_further_points_differ_from_the_first_and_keep_its_types(function, arguments) -> None:
    first, further = scenes(function, *arguments)
    points = [s.problem.inputs for s in (first, *further)]
    for a, b in zip(points, points[1:]):
        assert all(np.shape(x) == np.shape(y) and np.asarray(x).dtype == np.asarray(y).dtype for x, y in zip(a, b))
        assert not any(np.array_equal(x, y) for x, y in zip(a, b))
    assert all(np.unique(np.asarray(s.problem.value)).size == 1 for s in further)


@pytest.mark.parametrize("seed", range(5))
def test_on_all_reals_there_are_both_signs_and_two_scales(seed) -> None:
    _, further = scenes(squashed, X, seed=seed)
    assert len(further) == FURTHER
    ratios = np.array([s.problem.inputs[0] / X for s in further])
    assert (ratios < 0).any()
    assert (ratios > 0).any()
    largest = np.max(np.abs(ratios), axis=1)
    assert largest.max() >= 2.0
    assert largest.min() <= 1.5
    assert all(np.unique(np.abs(r)).size == r.size for r in ratios)


def test_the_seed_decides_the_points() -> None:
    one, again, other = ([s.problem.inputs[0].tolist() for s in scenes(squashed, X, seed=seed)[1]] for seed in (1, 1, 2))
    assert one == again
    assert one != other


# domains
DOMAINS = [
    pytest.param(squashed, POSITIVE, Real(4, low=0), id="positive"),
    pytest.param(squashed, POSITIVE / 3, Real(4, low=0, high=1), id="unit-interval"),
    pytest.param(squashed, -POSITIVE, Real(4, high=-0.3), id="negative"),
    pytest.param(logarithms, POSITIVE, Real(4, low=0), id="logarithms"),
]


@pytest.mark.parametrize(("function", "x", "domain"), DOMAINS)
@pytest.mark.parametrize("seed", range(3))
def test_points_stay_inside_the_domain_and_nothing_is_asked_outside(function, x, domain, seed) -> None:
    asked: list = []
    _, further = scenes(function, x, domains={0: domain}, seed=seed, seen=asked)
    assert further
    assert len(asked) >= len(further)
    for (point,) in asked:
        domain.check("x", point)


def test_without_the_domain_points_lie_outside() -> None:
    asked: list = []
    scenes(squashed, POSITIVE, seen=asked)
    assert min(np.min(point) for (point,) in asked) < 0


def test_a_narrow_domain_is_drawn_from() -> None:
    _, further = scenes(squashed, np.ones(4), domains={0: Real(4, low=0.9999, high=1.0001)})
    assert len(further) == FURTHER
    assert all(np.all(np.abs(s.problem.inputs[0] - 1) <= 1e-4) for s in further)


def test_only_differentiated_arguments_are_moved() -> None:
    _, further = scenes(of_two, X, POSITIVE, claim=lambda x, w: 0 * x, argnums=(0,))
    assert further
    assert all(s.problem.arguments[1] is POSITIVE or np.array_equal(s.problem.arguments[1], POSITIVE) for s in further)


def test_points_where_the_function_takes_another_way_are_left_out() -> None:
    first, further = scenes(branching, X)
    assert further
    assert all((s.problem.inputs[0][0] > 0) == (X[0] > 0) for s in further)
    first, further = scenes(looped, X)
    assert all(same_structure(first, s.problem) for s in further)
    assert further
    assert all(3.0 < np.sum(np.abs(s.problem.inputs[0])) <= 6.0 for s in further)


STEPS = [  # two functions, and whether they do the same steps at the same numbers
    (lambda x: np.sum(x**2), lambda x: np.sum(x**2), True),
    (lambda x: np.sum(x**2), lambda x: np.sum(x**3), False),
    (lambda x: np.sum(x * X), lambda x: np.sum(x * X.copy()), True),
    (lambda x: np.sum(x * X), lambda x: np.sum(x * POSITIVE), False),
    (lambda x: x[0] * 2.0, lambda x: x[1] * 2.0, False),
    (lambda x: np.sum(x[1:]), lambda x: np.sum(x[:-1]), False),
    (lambda x: np.sum(np.sin(x)), lambda x: np.sum(np.cos(x)), False),
    (lambda x: np.sum(x) + x[0], lambda x: x[0] + np.sum(x), False),
    (lambda x: np.sum(x) if x[0] > 0 else x[1], lambda x: np.sum(x), False),
]


@pytest.mark.parametrize(("one", "other", "same"), STEPS)
def test_the_same_steps_are_the_same_operations_numbers_and_indices(one, other, same) -> None:
    first = scenes(one, X)[0]
    assert same_structure(first, canonical(problem_of(other, (X,), (0,)))) is same


def test_a_mistake_in_one_branch_is_told_although_the_other_has_other_numbers() -> None:
    for power in (2, 3):
        x, claim = (X if power == 2 else -X), lambda x: np.where(x[0] > 0, x, x**2)
        (first, *_) = named(problem_of(branching, (x,), (0,)), (claim(x),), recorded(claim))
        assert (first.kind, first.points > 1) == ("factor", True)


def raising(x):
    if not np.array_equal(x, X):
        raise RuntimeError("here only")
    return np.sum(np.tanh(x) ** 2)


def test_points_where_the_function_raises_are_left_out() -> None:
    assert scenes(raising, X)[1] == []


# claims that have no value elsewhere
def only_here(x, elsewhere):
    return wrong(x) if np.array_equal(x, X) else elsewhere(x)


def refuses(x):
    raise RuntimeError("here only")


ELSEWHERE = [
    pytest.param(lambda x: None, id="none"),
    pytest.param(lambda x: np.full(4, np.nan), id="nan"),
    pytest.param(lambda x: np.where(x > 0.4, np.inf, wrong(x)), id="one-infinity"),
    pytest.param(lambda x: wrong(x)[:3], id="another-shape"),
    pytest.param(refuses, id="raises"),
]


def findings(again):
    return named(problem_of(squashed, (X,), (0,)), (wrong(X),), again)


@pytest.mark.parametrize("elsewhere", ELSEWHERE)
def test_a_claim_without_a_value_elsewhere_leaves_one_point(elsewhere) -> None:
    assert scenes(squashed, X, claim=partial(only_here, elsewhere=elsewhere))[1] == []


@pytest.mark.parametrize("elsewhere", ELSEWHERE)
def test_a_finding_that_rests_on_one_point_says_so(elsewhere) -> None:
    first = findings(recorded(partial(only_here, elsewhere=elsewhere)))[0]
    assert first.points == 1
    assert ALONE in first.message
    assert first.kind in ("missing-factor", "wrong-value")


def test_without_a_way_to_repeat_the_claim_there_is_one_point() -> None:
    (first, *_) = findings(None)
    assert (first.points, ALONE in first.message) == (1, True)


def test_a_finding_that_rests_on_several_points_does_not_say_so() -> None:
    (first, *_) = findings(recorded(wrong))
    assert first.points == 1 + FURTHER
    assert ALONE not in first.message
    assert first.kind == "missing-factor"


def test_what_fits_at_one_point_by_chance_is_ruled_out_by_others() -> None:
    x = np.array([1.0, 1.0, 1.0, 1.0])
    problem = problem_of(lambda x: np.sum(x**3), (x,), (0,))
    claim = lambda x: 2 * x**5  # at 1, it is the derivative of x**2 as well
    alone, several = (named(problem, (claim(x),), again) for again in (None, recorded(claim)))
    assert ALONE in alone[0].message
    assert several[0].message != alone[0].message
    assert not any(ALONE in f.message for f in several)
