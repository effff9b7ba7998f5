"""Mutation scores: which planted mistakes a test's own points notice, which survive, and why."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from mutating import faults, is_so

from gradcheck import Data, Integer, Real, case, check, load_cases
from gradcheck.circuit import trace
from gradcheck.gradients.method import problem_of
from gradcheck.mutation import case_score, mutation_score
from gradcheck.mutation.branches import Site, decided, traced_otherwise
from gradcheck.mutation.planting import MOST, mutants_of, spread
from gradcheck.mutation.probe import planted, probe_at
from gradcheck.rendering.mutation import score_text
from gradcheck.verdicts.check import check_problem


def by_absolute(x):
    return np.abs(x) ** 3


def by_maximum(x):
    return np.sin(np.maximum(x, 0.0))


def by_where(x):
    return np.where(x > 0, x, 0.1 * x) ** 3


def by_branch(x):
    if x > 0:
        y = x
    else:
        y = 0.1 * x
    return np.sin(y)


def by_expression(x):
    return np.sin(x if x > 0 else 0.1 * x)


def of_arrays(x):
    return np.sum(np.abs(x) ** 3)


BELOW = "no point has x < 0"
WEAK = [
    pytest.param(by_absolute, [(2.0,)], {"wrong-branch": BELOW}, id="abs"),
    pytest.param(by_maximum, [(0.5,), (2.0,)], {"wrong-branch": BELOW}, id="relu"),
    pytest.param(by_where, [(1.5,), (0.3,)], {k: BELOW for k in ("missing-path", "factor", "sign", "wrong-branch")}, id="leaky-where"),
    pytest.param(by_branch, [(1.5,)], {"wrong-branch": f"{BELOW}, and none takes the other side of `if x > 0`"}, id="leaky-if"),
    pytest.param(by_expression, [(1.5,)], {"wrong-branch": f"{BELOW}, and none takes the other side of `if x > 0`"}, id="leaky-expression"),
    pytest.param(of_arrays, [(np.array([1.0, 2.0]),)], {"wrong-branch": "no point has an entry of x below 0"}, id="array"),
]


@pytest.mark.parametrize(("function", "points", "reasons"), WEAK)
def test_a_weak_test_is_told_what_it_misses(function, points, reasons) -> None:
    score = mutation_score(function, None, points)
    found = {s.kind: s.reason for s in score.survivors}
    assert {k: any(s.kind == k and s.reason.startswith(r) for s in score.survivors) for k, r in reasons.items()} == dict.fromkeys(
        reasons, True
    ), found
    assert all(s.reason.startswith(BELOW) or s.reason == "no point has an entry of x below 0" for s in score.survivors), found
    assert faults(score, function, points) == []


@pytest.mark.parametrize(("function", "points", "reasons"), WEAK)
def test_with_the_witnesses_added_nothing_survives(function, points, reasons) -> None:
    weak = mutation_score(function, None, points)
    stronger = mutation_score(function, None, [*points, *(s.witness for s in weak.survivors)])
    assert stronger.ok and stronger.survivors == ()
    assert stronger.mutants == stronger.killed + stronger.equivalent


def two_z(x):
    z = x + 1
    h = z**2
    return np.sin(h)


def apart(x, y):
    return (x - y) ** 3 + x


def first_largest(x):
    return np.max(x) * np.sum(np.cos(x))


def clipped(x):
    return np.sum(np.clip(x, -1, 1) ** 2)


def idle(x, y):
    return x**2 + y * x**3


REASONS = [
    pytest.param(two_z, (1.0,), "z is 2 at every point, where h and 2 * z are equal", id="coincidence"),
    pytest.param(apart, (2.0, 2.0), "all points have x == y", id="equal"),
    pytest.param(first_largest, (np.array([3.0, 1.0, 2.0]),), "the largest entry of x is x[0] at every point", id="largest"),
    pytest.param(clipped, (np.array([0.5, -0.25, 0.3]),), "no point has an entry of x below -1 or above 1", id="clip"),
    pytest.param(idle, (1.5, 0.0), "y is 0 at every point", id="zero"),
]


@pytest.mark.parametrize(("function", "at", "reason"), REASONS)
def test_reasons_are_told_in_the_users_variables(function, at, reason) -> None:
    score = mutation_score(function, None, at)
    assert reason in [s.reason for s in score.survivors]
    assert faults(score, function, [at]) == []


def symmetric(A, x):
    return x @ A @ x + np.sum(A * A.T)


def vanishing(x):
    y = 0.0 * x
    return y + x**2


def constant_sign(x):
    return np.sum(np.abs(x**2 + 1.0))


@pytest.mark.parametrize(
    ("function", "at"),
    [
        pytest.param(symmetric, (np.array([[1.0, 0.3], [-0.7, 2.0]]), np.array([1.5, -0.6])), id="symmetric-gradient"),
        pytest.param(vanishing, (1.3,), id="path-that-is-zero"),
        pytest.param(constant_sign, (np.array([1.2, -0.4]),), id="absolute-of-what-is-positive"),
    ],
)
def test_what_changes_nothing_is_no_survivor(function, at) -> None:
    score = mutation_score(function, None, at)
    assert score.survivors == () and score.equivalent > 0 and score.killed > 0


def test_a_domain_says_where_a_mistake_may_show() -> None:
    at = [(np.array([1.0, 2.0]),)]
    assert mutation_score(of_arrays, None, at, domain={"x": Real(2, low=0.0)}).survivors == ()
    assert len(mutation_score(of_arrays, None, at).survivors) == 1


def test_a_search_visits_what_the_points_do_not() -> None:
    at = (np.array([1.0, 2.0]),)
    score = mutation_score(of_arrays, lambda x: 3 * x * np.abs(x), at, search=True)
    assert score.survivors == () and score.killed > mutation_score(of_arrays, None, at).killed


def test_digits_that_are_asked_for_are_respected() -> None:
    """With so few digits asked for, half the gradient is right enough; a sign never is."""
    score = mutation_score(two_z, None, (0.3,), digits=0.2)
    assert faults(score, two_z, [(0.3,)], digits=0.2) == []
    assert all("agree to the digits asked for" in s.reason for s in score.survivors)
    assert score.equivalent > mutation_score(two_z, None, (0.3,)).equivalent
    assert score.killed > 0


def rectified(x):
    return np.tanh(np.maximum(x, 0)) * x[::-1]


def test_vector_jacobian_products() -> None:
    x = np.array([1.0, 2.0, 0.5])
    score = mutation_score(rectified, None, (x,), vjp=True)
    (survivor,) = score.survivors
    assert (survivor.kind, survivor.reason) == ("wrong-branch", "no point has an entry of x below 0")
    assert faults(score, rectified, [(x,)], vjp=True) == []
    assert mutation_score(rectified, None, [(x,), survivor.witness], vjp=True).survivors == ()


def bent(x):
    return np.sum(np.where(x > 0, x**3, x**2))


@pytest.mark.parametrize(
    "claim",
    [
        pytest.param(lambda x: np.diag(np.where(x > 0, 6 * x, 2.0)), id="hessian"),
        pytest.param(lambda x, v: np.where(x > 0, 6 * x, 2.0) * v, id="product"),
    ],
)
def test_second_derivatives(claim) -> None:
    at = (np.array([1.0, 0.5]),)
    score = mutation_score(bent, claim, at, order=2)
    assert score.killed > 5
    assert "no point has an entry of x below 0" in [s.reason for s in score.survivors]
    survivor = score.survivors[0]
    assert check(bent, survivor.gradient, at, order=2).ok
    assert check(bent, survivor.gradient, survivor.witness, order=2).outcome == "wrong"


def of_trees(p, s):
    return np.sum(np.abs(p["w"]) ** 3) * s + p["b"] ** 2


def test_structured_arguments() -> None:
    at = ({"w": np.array([1.0, 2.0]), "b": 1.5}, 2.0)
    (survivor,) = mutation_score(of_trees, None, at).survivors
    assert survivor.reason == "no point has an entry of p['w'] below 0"
    w = survivor.witness[0]["w"]
    assert np.any(w < 0) and survivor.at.startswith("({'w': np.array([")
    assert np.array_equal(eval(survivor.at, {"np": np})[0]["w"], w)


def untraceable(x):
    return math.sin(x)


def test_what_cannot_be_traced_is_said() -> None:
    score = mutation_score(untraceable, None, (1.0,))
    assert score.mutants == 0 and not score.ok
    assert "cannot be traced" in score.reason and "cannot be traced" in score_text(score)


def test_points_where_the_function_raises_are_passed_over() -> None:
    def rooted(x):
        if x < 0:
            raise ValueError("no root")
        return np.sqrt(x)

    score = mutation_score(rooted, None, [(-1.0,), (2.0,)])
    assert score.killed > 3 and score.survivors == ()
    assert mutation_score(rooted, None, [(-1.0,)]).reason == "the function raises at every point of the test"


def test_float32() -> None:
    at = (np.array([1.0, 2.0], dtype=np.float32),)
    (survivor,) = mutation_score(of_arrays, None, at).survivors
    assert survivor.reason == "no point has an entry of x below 0" and survivor.witness[0].dtype == np.float32


def looped(x):
    for _ in range(12):
        x = np.sin(1.1 * x) + 0.1 * x * x
    return x


def test_the_rounds_of_a_loop_are_one_mistake() -> None:
    listed = list(mutants_of(probe_at(problem_of(looped, (0.4,), (0,)), (0.4,)).scene))
    several = [m for m in listed if m.edit is not None and len(m.edit.loci) > 1]
    assert several and all(len(m.edit.loci) == 12 for m in several if m.kind == "missing-factor")
    assert len(listed) < 80 and mutation_score(looped, None, (0.4,)).killed > 10


def long(a, b, c, d, e, f, g, h, i, j):
    first = np.sin(a * b) * np.exp(c) + np.tanh(d) * e
    second = np.cos(f * g) + np.sin(h) * i**2
    return np.sum(first * second * j)


def test_many_mutants_are_spread_and_the_rest_counted() -> None:
    at = tuple(np.random.default_rng(0).uniform(-1.5, 1.5, (10, 5)))
    listed = list(mutants_of(probe_at(problem_of(long, at, tuple(range(10))), at).scene))
    chosen = spread(listed)
    assert len(chosen) == MOST < len(listed)
    assert {m.kind for m in chosen} == {m.kind for m in listed}
    score = mutation_score(long, None, at)
    assert score.mutants + score.left_out <= len(listed) and score.left_out > 0 and score.mutants == MOST


JUDGED = [
    pytest.param(by_where, (0.7,), id="smooth"),
    pytest.param(of_arrays, (np.array([1.0, -2.0]),), id="array"),
    pytest.param(lambda x: np.sum(np.abs(x)), (np.array([1.0, 0.0]),), id="kink"),
    pytest.param(lambda x: np.max(x) * 2.0, (np.array([1.0, 1.0]),), id="tie"),
    pytest.param(by_branch, (-0.4,), id="branch"),
]


@pytest.mark.parametrize(("function", "at"), JUDGED)
def test_the_quick_look_says_what_check_says(function, at) -> None:
    probe = probe_at(problem_of(function, at, (0,)), at)
    for m in mutants_of(probe.scene):
        verdict = check_problem(probe.problem, planted(function, (0,), {}, m))
        assert probe.notices(m, None) == (verdict.outcome == "wrong"), m.edit


def test_a_mutant_is_the_right_gradient_where_its_place_does_not_exist() -> None:
    here, there = (probe_at(problem_of(by_branch, at, (0,)), at) for at in ((0.4,), (-0.4,)))
    places = {m: m.edits(here.problem.circuit) for m in mutants_of(there.scene) if m.edit is not None}
    missing = [m for m, edits in places.items() if not edits]
    assert missing and all(np.array_equal(here.flat(m), here.right) for m in missing)
    assert any(edits and here.differs(m) for m, edits in places.items())  # the sine is on both sides


def test_a_condition_can_be_held() -> None:
    circuit = trace(by_branch, -0.4)
    ((site, outcomes),) = decided(circuit).items()
    assert outcomes == {False} and site.source == "if x > 0"
    held = traced_otherwise(by_branch, (np.float64(-0.4),), (0,), {site: True})
    assert held.operations < circuit.operations
    assert traced_otherwise(by_branch, (np.float64(-0.4),), (0,), {Site("elsewhere.py", 1): True}).operations == circuit.operations


@case(x=Real(3), w=Data(np.array([1.0, -2.0, 0.5])))
def shipped_like(x, w):
    """A case with its own points."""
    return np.sum(w * x) ** 2


@shipped_like.claimed_gradient
def right(x, w):
    """Right."""
    return 2 * np.sum(w * x) * w


@shipped_like.claimed_gradient(expect="wrong")
def wrong(x, w):
    """Wrong."""
    return w


def test_a_cases_scores_by_name() -> None:
    found = case_score(shipped_like)
    assert list(found) == ["shipped_like", "shipped_like.right"]
    assert all(s.name == name and s.ok and s.mutants > 10 for name, s in found.items())


@case(table=Real(4), rows=Integer(2, high=4))
def gathered(table, rows):
    """Data that is drawn too."""
    return np.sum(table[rows] ** 2)


def test_whole_numbers_are_drawn_too() -> None:
    score = mutation_score(gathered, None, [(np.array([1.0, -2.0, 0.5, 3.0]), np.array([0, 2]))])
    shown = [s for s in score.survivors if not np.array_equal(s.witness[1], [0, 2])]
    assert shown, [s.reason for s in score.survivors]


def test_plain_data_and_text() -> None:
    score = mutation_score(by_absolute, None, (2.0,))
    data = json.loads(json.dumps(score.to_dict()))
    assert (data["name"], data["mutants"], data["killed"]) == ("by_absolute", score.mutants, score.killed)
    (survivor,) = data["survivors"]
    assert survivor["reason"] == BELOW and survivor["hop"]["operation"] == "absolute" and eval(survivor["witness"])[0] < 0
    first, *rest = score_text(score, "test_abs").splitlines()
    assert first == f"test_abs: {score.killed} of {score.mutants} planted mistakes noticed, 1 survive"
    assert rest[1:] == [f"    not noticed: {BELOW}", f"    a point that shows it: at={survivor['witness']}"]
    assert "wrong-branch" in rest[0] and "test_mutation.py" in rest[0]


def test_the_judge_reads_reasons() -> None:
    positive, negative = [(1.0,)], [(-1.0,)]
    assert is_so(BELOW, by_absolute, positive) and not is_so(BELOW, by_absolute, negative)
    assert not is_so("x is 2 at every point", by_absolute, positive)
    assert not is_so("no point has an entry of x below 0", of_arrays, [(np.array([1.0, -1.0]),)])


SAMPLE = ("sine_of_square", "product_with_a_sum", "power_tower", "speelpenning_with_a_zero", "huber_loss", "absolute_sum", "branching_program",
          "embedding_lookup", "relu_network", "exponential_average", "sum_of_products", "sigmoid_neuron")  # fmt: skip


def survivors_of(root, names=None) -> tuple[list[str], int, int]:
    """What survives the shipped cases' own points; how many scores, and how many mutants were killed."""
    cases = load_cases(root / "cases")
    scores = {n: s for c in cases if names is None or c.name in names for n, s in case_score(c).items()}
    told = [f"{n}: {s.message}: {s.reason}" for n, score in scores.items() for s in score.survivors]
    return told + [f"{n}: {s.reason}" for n, s in scores.items() if s.reason], len(scores), sum(s.killed for s in scores.values())


def test_no_mistake_survives_a_sample_of_shipped_cases(root) -> None:
    told, scores, killed = survivors_of(root, SAMPLE)
    assert told == [] and scores >= 2 * len(SAMPLE) - 2 and killed > 400


@pytest.mark.slow
def test_no_mistake_survives_any_shipped_case(root) -> None:
    told, scores, killed = survivors_of(root)
    assert told == [] and scores > 120 and killed > 4000
