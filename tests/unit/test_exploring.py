"""Exploring with Hypothesis: what it finds is wrong and simple, right gradients stay right, and nothing is left behind."""

from __future__ import annotations

import subprocess
import sys

import hypothesis
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gradcheck import Integer, Real, UsageError, case, check
from gradcheck.verdicts import exploring
from gradcheck.verdicts.search import BUDGET
from gradcheck.verdicts.verdict import written

X = np.array([0.3, 1.2, 2.0])


def total_size(x):
    return np.sum(np.abs(x))


def always_one(x):
    return np.ones_like(x)


def squares(x):
    return np.sum(x * x)


def for_positive(x):
    return np.where(x < 0, 0.0, 2 * x)


def tanh_total(x):
    return np.sum(np.tanh(x))


def cut_off(x):
    return np.where(x > 15, 0.0, 1 / np.cosh(x) ** 2)


def beyond(x):
    return np.sum(np.where(x > 3.7, x * x, 7.4 * x - 13.69))


def softplus_of_a_float(x):
    import math

    return math.log1p(math.exp(float(x)))


@pytest.mark.parametrize(
    ("function", "wrong", "point", "options", "simplest"),
    [
        pytest.param(total_size, always_one, X, {}, [0.0, 0.0, -1.0], id="abs"),
        pytest.param(squares, lambda x: for_positive(x).astype(x.dtype), X.astype(np.float32), {}, [0.0, 0.0, -1.0], id="float32"),
        pytest.param(lambda x: np.abs(x) * x, lambda x: 2 * x, 1.5, {}, -1.0, id="abs of a scalar"),
        pytest.param(lambda x: np.sum(np.maximum(x, 0)), always_one, X, {}, [0.0, 0.0, -1.0], id="relu"),
        pytest.param(beyond, lambda x: 7.4 + 0 * x, X, {}, [0.0, 0.0, 4.0], id="where"),
        pytest.param(tanh_total, cut_off, X, {}, [0.0, 0.0, 16.0], id="tail"),
        pytest.param(np.max, lambda x: 1.0 * (x == x.max()), X, {}, [0.0, 0.0, 0.0], id="tie"),
        pytest.param(lambda x: np.log(x) * x, lambda x: np.where(x > 50, 1.0, np.log(x) + 1), 1.5, {"domain": {"x": Real(low=0)}}, 51.0, id="domain"),
        pytest.param(np.square, lambda x, c: for_positive(x) * c, X, {"vjp": True}, [0.0, 0.0, -1.0], id="product"),
        pytest.param(lambda x: np.sum(np.abs(x) ** 3), lambda x: np.diag(6 * x), X, {"order": 2}, [0.0, 0.0, -1.0], id="Hessian"),
        pytest.param(softplus_of_a_float, lambda x: np.where(x < -1.5, 0.0, 1 / (1 + np.exp(-x))), 1.0, {}, -2.0, id="black box"),
    ],
)  # fmt: skip
def test_the_witness_is_the_simplest_point_at_which_the_claim_is_wrong(function, wrong, point, options, simplest) -> None:
    assert check(function, wrong, (point,), **options).ok
    found = check(function, wrong, (point,), search="hypothesis", **options)
    assert found.outcome == "wrong"
    assert found.witness is not None
    assert np.array_equal(found.witness[0], simplest), written(found.witness)
    assert np.asarray(found.witness[0]).dtype == np.asarray(point).dtype
    assert found.aim.endswith("shrunk by Hypothesis")
    assert f"{found.aim}: at={written(found.witness)}" in str(found)
    assert check(function, wrong, found.witness, **options).outcome == "wrong"


def test_what_only_drawing_finds_is_found(monkeypatch) -> None:
    """Without the plain search's candidates: Hypothesis draws the point, not only shrinks it."""
    monkeypatch.setattr(exploring.Search, "candidates", lambda self, point: iter(()))
    found = check(squares, for_positive, (X,), search="hypothesis")
    assert (found.aim, found.witness[0].tolist()) == ("drawn by Hypothesis, shrunk by Hypothesis", [0.0, 0.0, -1.0])


def test_whole_numbers_of_a_domain_are_drawn_and_shrunk() -> None:
    made = case(x=Real(low=1, high=3), n=Integer(low=1, high=50))(lambda x, n: x**n)
    found = check(made, lambda x, n: n * x ** (n - 1) if n < 12 else 0 * x, at=[(2.0, 3)], search="hypothesis")
    assert found.outcome == "wrong"
    assert found.witness == (2.0, 12)


def test_arguments_in_trees_are_put_together_again() -> None:
    def function(p):
        return np.sum(p["a"] ** 2) * p["b"]

    def wrong(p):
        return {"a": for_positive(p["a"]) * p["b"], "b": np.sum(p["a"] ** 2)}

    found = check(function, wrong, ({"a": X, "b": 2.0},), search="hypothesis")
    assert found.witness[0]["a"].tolist() == [0.0, 0.0, -1.0]
    again = check(function, wrong, ({"a": X, "b": 2.0},), search="hypothesis", first=[found.witness, ({"a": X},), (3.0,), "no point"])
    assert (again.aim, again.points) == ("a witness of an earlier search", 1)


@pytest.mark.parametrize(
    ("function", "right", "point"),
    [
        pytest.param(tanh_total, lambda x: 1 / np.cosh(x) ** 2, X, id="tanh"),
        pytest.param(total_size, np.sign, X, id="abs"),
        pytest.param(lambda x: np.sum(x**3), lambda x: 3 * x**2, X, id="cube"),
        pytest.param(lambda x: np.log(x) - 1 / x, lambda x: 1 / x + 1 / x**2, 2.0, id="finite for x > 0 alone"),
        pytest.param(lambda x: np.sum(x * x), lambda x: 2 * x, X.astype(np.float16), id="half precision"),
        pytest.param(lambda X: np.sum(X @ X), lambda X: np.add.outer(X.sum(1), X.sum(0)).T, np.eye(3), id="matrix"),
    ],
)
def test_a_right_gradient_stays_right_and_the_work_is_bounded(function, right, point) -> None:
    found = check(function, right, (point,), search="hypothesis")
    assert (found.outcome, found.witness, found.aim) == ("right", None, ""), str(found)
    assert 20 < found.points <= 2 * BUDGET


def test_digits_lost_far_out_are_a_remark() -> None:
    def neuron(w, x):
        return 1 / (1 + np.exp(-np.sum(w * x)))

    def textbook(w, x):
        s = neuron(w, x)
        return s * (1 - s) * x, s * (1 - s) * w

    found = check(neuron, textbook, (np.array([0.1, 0.2]), np.array([0.4, -0.3])), search="hypothesis")
    assert (found.outcome, [f.kind for f in found.findings]) == ("right", ["precision"])


def test_coverage_says_what_was_visited_by_whom() -> None:
    found = check(total_size, np.sign, (X,), search="hypothesis")
    assert [(p.kind, p.standing) for p in found.coverage.points] == [("kink", "searched")]


def test_points_of_ones_own_that_are_wrong_are_all_that_is_judged() -> None:
    found = check(total_size, lambda x: 2 * np.sign(x), (X,), search="hypothesis")
    assert (found.outcome, found.points, found.witness, found.aim) == ("wrong", 0, (X,), "")


def test_the_same_is_found_again_and_a_seed_changes_what_is_drawn(monkeypatch) -> None:
    def drawn(seed: int) -> list:
        seen: list = []
        monkeypatch.setattr(exploring.Search, "try_point", lambda self, point: seen.append(written(point)))
        check(squares, lambda x: 2 * x, (X,), search="hypothesis", seed=seed)
        return seen

    first = drawn(0)
    assert len(first) > 50
    assert drawn(0) == first
    assert set(drawn(1)) - set(first)


@pytest.mark.parametrize("search", ["hypotesis", "Hypothesis", None, 1, ["hypothesis"]])
def test_another_search_is_refused(search) -> None:
    with pytest.raises(UsageError, match=r"search=.*: expected True, False or 'hypothesis'"):
        check(total_size, np.sign, (X,), search=search)


# points to try first
@pytest.mark.parametrize("search", [True, "hypothesis"])
def test_points_to_try_first_are(search) -> None:
    witness = (np.array([1.0, -7.0, 2.5]),)
    found = check(squares, for_positive, (X,), search=search, first=[witness])
    assert (found.outcome, found.points, found.aim) == ("wrong", 1, "a witness of an earlier search")
    assert found.witness is witness


@pytest.mark.parametrize("search", [True, "hypothesis"])
def test_points_to_try_first_that_do_not_fit_are_passed_over(search) -> None:
    unfit = [
        (),
        (1.0,),
        (X, X),
        "abc",
        3,
        None,
        (X.astype(int),),
        (X.astype(np.float32),),
        (X.tolist(),),
        (-X[:, None],),
        (np.array([-1.0, 2.0, 3.0]),),
    ]
    found = check(lambda x: np.sum(np.log(x)), lambda x: 1 / x, (X,), search=search, first=unfit, domain={"x": Real(3, low=0)})
    assert found.outcome == "right"


def test_a_point_to_try_first_that_is_right_now_is_judged_and_the_search_goes_on() -> None:
    found = check(squares, for_positive, (X,), search="hypothesis", first=[(np.array([5.0, 6.0, 7.0]),)])
    assert found.witness[0].tolist() == [0.0, 0.0, -1.0]


def test_without_a_search_nothing_is_tried_first() -> None:
    assert check(squares, for_positive, (X,), first=[(-X,)]).ok


# surroundings
def test_it_works_inside_a_test_of_hypothesis() -> None:
    outcomes = []

    @settings(max_examples=2, deadline=None, database=None)
    @given(st.floats(0.5, 2.0))
    def test(scale) -> None:
        outcomes.append(check(squares, for_positive, (scale * X,), search="hypothesis").witness[0].tolist())

    test()
    assert len(outcomes) >= 2
    assert outcomes == [[0.0, 0.0, -1.0]] * len(outcomes)


@pytest.mark.parametrize("profile", [{"derandomize": True}, {"max_examples": 1, "phases": ()}, {"verbosity": hypothesis.Verbosity.debug}])
def test_the_profile_in_force_changes_nothing(profile, capsys) -> None:
    before = settings.get_current_profile_name()
    settings.register_profile("odd", suppress_health_check=list(HealthCheck), **profile)
    settings.load_profile("odd")
    try:
        found = check(squares, for_positive, (X,), search="hypothesis")
    finally:
        settings.load_profile(before)
    assert found.witness[0].tolist() == [0.0, 0.0, -1.0]
    assert capsys.readouterr() == ("", "")


def test_a_seed_forced_on_all_of_hypothesis_changes_nothing(monkeypatch) -> None:
    monkeypatch.setattr(hypothesis.core, "global_force_seed", 5)
    assert check(squares, for_positive, (X,), search="hypothesis").witness[0].tolist() == [0.0, 0.0, -1.0]


SCRIPT = """
import numpy as np
from gradcheck import check
from model import loss, claimed
found = check(loss, claimed, (np.array([0.3, 1.2]),), search="hypothesis")
print(found.outcome, found.witness[0].tolist())
"""
MODEL = """
import numpy as np


def loss(x):
    return np.sum(x * x * 3.125)


def claimed(x):
    return np.where(x < 0, 0.0, 6.25 * x)
"""


def test_a_script_prints_nothing_else_and_leaves_nothing_behind(tmp_path, root) -> None:
    (tmp_path / "model.py").write_text(MODEL)
    (tmp_path / "script.py").write_text(SCRIPT)
    command = [sys.executable, "-B", "-W", "error", "script.py"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False, env={"PYTHONPATH": str(root)})
    assert (ran.stdout, ran.stderr) == ("wrong [0.0, -1.0]\n", "")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["model.py", "script.py"]


def test_what_hypothesis_draws_from_is_put_back() -> None:
    provider = exploring.HypothesisProvider
    before = vars(provider)["_maybe_draw_constant"]
    check(squares, for_positive, (X,), search="hypothesis")
    assert vars(provider)["_maybe_draw_constant"] is before


def test_large_arrays_are_explored_and_left_as_they_were_found() -> None:
    found = check(squares, for_positive, (np.linspace(0.5, 1, exploring.ENTRIES + 40),), search="hypothesis")
    assert found.outcome == "wrong"
    assert "shrunk" not in found.aim
