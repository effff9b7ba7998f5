"""Comparing: three derivations and the truth, side by side, with counts."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gradcheck import CaseError, Data, NonFiniteError, Real, ShapeError, TraceError, UsageError, case, compare
from gradcheck.gradients.differences import Differences
from gradcheck.gradients.tape import Tape
from gradcheck.verdicts.compare import METHODS

COLUMNS = ["point", "method", "argument", "entry", "gradient", "truth", "ulp", "relative_error", "digits", "outcome"]
NAMES = ["symbolic", "tape", "differences", "forward-differences", "complex-step"]
X = np.array([0.3, -1.2])


def wave(w, x):
    return np.sum(np.sin(w * x))


def product(x, y):
    return x * y


def test_every_method_at_every_point():
    found = compare(case(w=Real(2), x=Real())(wave))
    assert len(found.points) == 2
    for point in found.points:
        assert [m.method for m in point.measured] == NAMES == [m.name for m in METHODS]
        assert {m.outcome for m in point.measured} == {"right"}
    assert (found.outcome, found.inputs, found.name) == ("right", 3, "wave")
    assert found.met
    assert repr(found) == "<comparison of wave: right at 2 points>"


def test_the_frame_has_a_row_for_every_point_method_argument_and_entry():
    frame = compare(case(w=Real(2), x=Real())(wave)).frame()
    assert list(frame.columns) == COLUMNS
    assert len(frame) == 2 * len(NAMES) * 3
    rows = frame[(frame.point == 1) & (frame.method == "tape")]
    assert [(r.argument, r.entry) for r in rows.itertuples()] == [("w", (0,)), ("w", (1,)), ("x", ())]
    assert set(frame.outcome) == {"right"}
    exact = frame[frame.method.isin(["symbolic", "tape", "complex-step"])]
    assert (exact.digits > 13).all()
    assert (exact.relative_error < 1e-13).all()


def test_the_frame_s_truth_is_the_truth():
    frame = compare(wave, (X, 2.0)).frame()
    (first,) = frame[(frame.method == "tape") & (frame.argument == "w") & (frame.entry == (0,))].truth
    assert first == pytest.approx(2 * math.cos(0.6), rel=1e-15)


def test_a_method_that_refused_has_no_rows_and_a_reason():
    found = compare(lambda x: np.abs(x), 1.5)
    assert "complex-step" not in set(found.frame().method)
    (refused,) = found.method("complex-step")
    assert refused.gradient is None
    assert refused.outcome == "undecided"
    assert refused.reason.startswith("not analytic")
    assert found.outcome == "right"


@pytest.mark.parametrize(
    "function, ratio",
    [
        pytest.param(lambda x: x * x, 2.0, id="square"),
        pytest.param(lambda x: x, None, id="nothing to count"),
        pytest.param(lambda x: np.reshape(x, ()), None, id="moved only"),
    ],
)
def test_the_ratio_of_operations(function, ratio):
    assert compare(function, 3.0).ratio == ratio


@pytest.mark.parametrize(
    "at, points",
    [
        pytest.param((1.0, 2.0), [(1.0, 2.0)], id="tuple"),
        pytest.param({"y": 2.0, "x": 1.0}, [(1.0, 2.0)], id="dict"),
        pytest.param([(1.0, 2.0), (5.0, 6.0)], [(1.0, 2.0), (5.0, 6.0)], id="list"),
    ],
)
@pytest.mark.parametrize("function", [pytest.param(case(x=3.0, y=4.0)(product), id="case"), pytest.param(product, id="function")])
def test_points(function, at, points):
    assert [p.problem.arguments for p in compare(function, at).points] == points


def test_a_case_brings_its_own_points():
    assert [p.problem.arguments for p in compare(case(x=3.0, y=4.0)(product)).points] == [(3.0, 4.0)]


@pytest.mark.parametrize("argnums, arguments", [(None, ["x", "y"]), (0, ["x"]), (1, ["y"]), ((1, 0), ["y", "x"]), ([1], ["y"])])
def test_argnums(argnums, arguments):
    frame = compare(product, (1.0, 2.0), argnums=argnums).frame()
    assert frame[frame.method == "tape"].argument.tolist() == arguments


def test_argnums_of_a_case():
    frame = compare(case(x=1.0, y=2.0, argnums="y")(product)).frame()
    assert set(frame.argument) == {"y"}


def test_methods_can_be_chosen():
    found = compare(wave, (X, 2.0), methods=[Tape(), Differences(name="mine")])
    assert [m.method for m in found.points[0].measured] == ["tape", "mine"]
    assert found.points[0]["mine"].outcome == "right"
    with pytest.raises(KeyError, match="symbolic"):
        found.points[0]["symbolic"]


def test_a_kink_is_a_kink():
    found = compare(lambda x: np.abs(x), 0.0)
    assert found.outcome == "kink"
    assert found.met


def test_without_a_truth_nothing_is_right():
    found = compare(lambda x: np.sqrt(x), 0.0)
    assert found.outcome == "undecided"
    assert not found.met
    assert found.frame().empty
    assert "truth not known" in found.points[0]["tape"].reason


CLAIMS = [
    pytest.param("right", lambda x, y: (y, x), True, id="right, as expected"),
    pytest.param("right", lambda x, y: (x, y), False, id="wrong, expected right"),
    pytest.param("wrong", lambda x, y: (x, y), True, id="wrong, as expected"),
    pytest.param("wrong", lambda x, y: (y, x), False, id="right, expected wrong"),
    pytest.param("kink", lambda x, y: (y, x), False, id="right, expected a kink"),
]


@pytest.mark.parametrize("expect, gradient, met", CLAIMS)
def test_claimed_gradients_are_judged_apart(expect, gradient, met):
    made = case(x=2.0, y=3.0)(product)
    made.claimed_gradient(gradient, expect=expect)
    found = compare(made)
    assert found.outcome == "right"
    ((claim, verdict),) = found.claimed
    assert (claim.expect == verdict.outcome) is met
    assert found.met is met


def test_a_claim_counts_at_its_worst_point():
    made = case(at=[(1.0, 1.0), (2.0, 3.0)])(product)
    made.claimed_gradient(lambda x, y: (x, y), expect="wrong")  # right where x = y
    assert compare(made).claimed[0][1].outcome == "wrong"


ERRORS = [
    pytest.param(lambda: compare(product), UsageError, "a point is needed: at=(x, y), or a case", id="no point"),
    pytest.param(lambda: compare(product, (1, 2)), UsageError, "no argument at the point is floating-point", id="integers"),
    pytest.param(lambda: compare(case(x=1, y=2)(product)), CaseError, "case product: no argument is differentiable", id="case"),
    pytest.param(lambda: compare(case(x=1.0, y=Data(X))(product)), ShapeError, "product returns an array of shape (2,)", id="no scalar"),
    pytest.param(lambda: compare(lambda x: np.log(x), -1.0), NonFiniteError, "<lambda>: the value is not finite", id="NaN"),
    pytest.param(lambda: compare(lambda x: math.sin(x), 1.0), TraceError, "", id="not traceable"),
]


@pytest.mark.parametrize("call, kind, message", ERRORS)
def test_errors(call, kind, message):
    with pytest.raises(kind) as caught:
        call()
    assert str(caught.value).startswith(message)


def test_the_text_names_what_matters():
    shown = str(compare(case(w=Data(X), x=2.0)(wave)))
    for name in (*NAMES, "wave", "right", "Taylor series"):
        assert name in shown


def many(x):
    return np.sum(np.sin(x) * x)


def test_what_would_take_the_square_of_many_inputs_is_not_begun_and_says_so(monkeypatch):
    monkeypatch.setattr("gradcheck.verdicts.compare.WORK", 1e6)
    found = compare(many, (np.linspace(0.1, 1.0, 200),), methods=METHODS[1:])
    ran = {m.method: m.gradient is not None for m in found.points[0].measured}
    assert ran == {"tape": True, "differences": False, "forward-differences": True, "complex-step": True}
    (refused,) = found.method("differences")
    assert refused.reason.startswith("200 inputs take 1,200 evaluations of 599 operations: more than")
    assert found.outcome == "right"


def test_every_method_runs_where_inputs_are_few():
    found = compare(many, (np.linspace(0.1, 1.0, 300),), methods=METHODS[1:])
    assert [m.gradient is not None for m in found.points[0].measured] == [True] * 4
