"""Studies of steps, swell, depth, training and accuracy: their statements, their numbers against others' and against theory, the same bits again."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import sympy

from gradcheck import case, trace
from gradcheck.case import Case
from gradcheck.domains import Real
from gradcheck.errors import CaseError, UsageError
from gradcheck.gradients.method import problem_of
from gradcheck.studies.accuracy import Score, accuracy, accuracy_of
from gradcheck.studies.depth import DEPTHS, REGIMES, depth
from gradcheck.studies.registry import STUDIES
from gradcheck.studies.running import CaseResult, RunResult, run
from gradcheck.studies.step_size import BUILT_IN, FORMULAS, STEPS, step_size, subject_of, subject_of_case
from gradcheck.studies.study import Study
from gradcheck.studies.summary import failed
from gradcheck.studies.swell import GROWTHS, product, swell, tree_operations
from gradcheck.studies.training import TRAININGS, descend, training
from gradcheck.verdicts.compare import compare

SMALL_GROWTHS = (
    replace(GROWTHS[0], sizes=(8, 12, 16, 24, 64, 128, 256, 512), formed=24),
    replace(GROWTHS[1], sizes=(6, 8, 12, 16, 64, 128), formed=16),
    replace(GROWTHS[2], sizes=(2, 3, 4, 5, 6, 16, 32, 64), formed=6),
    replace(GROWTHS[3], sizes=(1, 2, 3, 8, 16, 32), formed=3),
)


@pytest.fixture(scope="module")
def studies() -> dict[str, Study]:
    return {"step-size": step_size(), "swell": swell(growths=SMALL_GROWTHS), "depth": depth(), "training": training()}


NAMES = ("step-size", "swell", "depth", "training")


@pytest.mark.parametrize("name", NAMES)
def test_every_statement_is_shown(studies, name):
    assert [(s.name, s.evidence) for s in studies[name].statements if s.verdict != "shown"] == []
    assert studies[name].statements
    assert studies[name].name == name


@pytest.mark.parametrize("name", NAMES)
def test_charts_draw_columns_that_are_there(studies, name):
    for chart in studies[name].charts:
        names = [c.name for c in studies[name].table(chart.table).columns]
        assert {chart.x, chart.y, chart.series, *([chart.panel] if chart.panel else [])} <= set(names)
        assert chart.caption
        assert chart.reading


@pytest.mark.parametrize("name", NAMES)
def test_what_is_not_measured_is_the_same_again(studies, name):
    again = {"step-size": step_size, "depth": depth, "training": training}.get(name, lambda: swell(growths=SMALL_GROWTHS))()
    assert [t.pinned() for t in again.tables] == [t.pinned() for t in studies[name].tables]
    assert [s for s in again.statements if not s.measured] == [s for s in studies[name].statements if not s.measured]


def test_readings_tell_what_was_found():
    """Of other depths, trainings and sizes they tell something else."""
    short = depth(depths=(2, 3, 4))
    first = short.table("by-depth").column("first")
    assert f"saturated: {first[0]:.3g} at depth 2, {first[2]:.3g} at depth 4" in short.charts[0].reading
    (trained,) = training(trainings=TRAININGS[:1]).charts
    assert "squared error: from 0.309" in trained.reading
    assert "small network" not in trained.reading
    (grown,) = swell(growths=SMALL_GROWTHS[1:2]).charts
    written = {r["form"]: r["operations"] for r in swell(growths=SMALL_GROWTHS[1:2]).tables[0].records() if r["size"] == 16}
    assert f"composition of size 16: {written['written out']} operations written out" in grown.reading


def test_the_registry_names_them_all():
    assert set(STUDIES) == {"scaling", "step-size", "swell", "depth", "accuracy", "training"}
    assert STUDIES["training"](seed=3, quick=True).met


# step size
@pytest.mark.parametrize("formula", FORMULAS, ids=lambda f: f.name)
def test_formulas_are_exact_for_polynomials_of_their_order_and_no_more(formula):
    x, h = sympy.Rational(1, 3), sympy.Rational(1, 7)
    weights = [sympy.nsimplify(w, rational=True, tolerance=1e-15) for w in formula.weights]
    for degree in range(formula.order + 1):
        quotient = sum(w * (x + k * h) ** degree for k, w in zip(formula.offsets, weights, strict=True)) / h
        assert quotient == degree * x ** max(degree - 1, 0)
    top = formula.order + 1
    off = sum(w * (x + k * h) ** top for k, w in zip(formula.offsets, weights, strict=True)) / h - top * x ** (top - 1)
    assert abs(off) / sympy.factorial(top) == sympy.nsimplify(formula.constant, rational=True, tolerance=1e-15) * h**formula.order


@pytest.mark.parametrize("formula", FORMULAS, ids=lambda f: f.name)
@pytest.mark.parametrize("size, derivative", [(1.0, 1.0), (100.0, 3e4), (1e-3, 0.2)])
def test_the_predicted_optimum_is_where_the_predicted_error_is_least(formula, size, derivative):
    def error(h):
        return formula.constant * derivative * h**formula.order + 2.0**-53 * size * sum(map(abs, formula.weights)) / h

    best = formula.optimum(size, derivative)
    assert error(best) == pytest.approx(formula.floor(size, derivative))
    assert error(best) < min(error(best * 1.1), error(best / 1.1))


def test_without_truncation_there_is_no_best_step():
    assert FORMULAS[1].optimum(1.0, 0.0) == math.inf


def test_the_curve_is_a_v_for_differences_and_none_for_the_complex_step(studies):
    rows = [r for r in studies["step-size"].table("errors").records() if r["function"] == "squire_trapp"]
    for name in ("forward", "central", "complex step"):
        errors = [r["error"] for r in rows if r["formula"] == name]
        assert len(errors) == len(STEPS)
        best = min(range(len(errors)), key=lambda i: errors[i] if errors[i] is not None else math.inf)
        if name == "complex step":
            assert max(errors[30:]) < 1e-14
        else:
            assert errors[best] < 1e-3 * errors[3]
            assert errors[best] < 1e-3 * errors[-5]


def test_errors_match_a_derivative_known_by_hand(studies):
    """exp: the error of a central difference is exp(x) h^2 / 6 where truncation rules."""
    (row,) = [r for r in studies["step-size"].table("errors").records() if (r["function"], r["formula"], r["step"]) == ("offset", "central", 2.0**-8)]  # fmt: skip
    assert row["error"] == pytest.approx(2.0**-16 / 6, rel=1e-4)


def test_a_case_is_studied_along_its_steepest_entry():
    def f(w, x):
        return np.exp(w[0]) + 100.0 * np.sin(w[1]) * x

    point = (np.array([0.5, 0.25]), 2.0)
    subject = subject_of_case(problem_of(f, point, (0, 1), {}), "f")
    assert (subject.argument, subject.index, subject.x) == (0, (1,), 0.25)
    assert step_size(subjects=[subject]).met


@pytest.mark.parametrize(
    ("function", "point", "what"),
    [
        pytest.param(lambda x: np.abs(x), np.float64(0.0), "kink", id="kink"),
        pytest.param(lambda x: x * x, np.float32(1.0), "float64", id="float32"),
    ],
)
def test_what_cannot_be_studied_is_said(function, point, what):
    with pytest.raises(CaseError, match=what):
        subject_of_case(problem_of(function, (point,), (0,), {}), "f")


def test_a_function_that_takes_no_complex_numbers_has_no_complex_step():
    study = step_size(subjects=[subject_of(lambda x: np.arctan2(np.sin(x), 2.0 + x), 0.75)])
    assert {r["formula"] for r in study.table("errors").records()} == {f.name for f in FORMULAS}


def test_steps_that_leave_the_domain_have_no_error(studies):
    function, x = BUILT_IN[0]  # its root has no value 1.5 further on
    with np.errstate(all="ignore"):
        assert np.isnan(function(x + 1.5))
    errors = [r["error"] for r in studies["step-size"].table("errors").records() if (r["function"], r["formula"]) == ("squire_trapp", "central, order 6")]  # fmt: skip
    assert errors[0] is None
    assert errors[10] is not None


# swell
def test_a_product_written_out_has_as_many_operations_as_theory_says(studies):
    rows = [r for r in studies["swell"].table("swell").records() if r["growth"] == "product" and r["form"] == "written out"]
    for r in rows:
        l = r["size"]  # noqa: E741
        assert r["operations"] is None if l > 24 else r["operations"] == l * (l - 2) + l - 1


def test_a_composition_written_out_has_as_many_operations_as_theory_says(studies):
    rows = [r for r in studies["swell"].table("swell").records() if r["growth"] == "composition" and r["form"] == "written out"]
    for r in rows:
        d = r["size"]
        assert r["operations"] is None if d > 16 else r["operations"] == d + d * (d + 1) // 2 + d - 1


def test_trees_are_counted_as_circuits_count_them():
    """The expression as a program without shared parts, traced."""
    x, y = sympy.symbols("x y")
    for expression in (x * y + sympy.sin(x * y), (x + y) ** 3 * sympy.exp(x - y), x * y * (1 + x) * (1 + x * y), sympy.tanh(x) - 3 * y):
        circuit = trace(sympy.lambdify((x, y), expression, "numpy"), 0.3, 0.7)
        assert tree_operations([expression]) == circuit.operations
    assert tree_operations([1 - x * y]) == 2  # a minus sign in a sum is free


def test_huge_trees_are_counted_without_being_written_out():
    x = sympy.Symbol("x")
    e = x
    for _ in range(200):
        e = sympy.sin(e) * e + x
    assert tree_operations([e]) == 3 * (2**200 - 1)


def test_the_tape_of_a_product_is_right_and_three_times_the_function():
    circuit = trace(product, np.linspace(0.9, 1.1, 64))
    assert circuit.gradient().operations / circuit.operations < 3


# depth
def test_norms_are_listed_for_every_depth_and_layer(studies):
    by_depth, by_layer = studies["depth"].table("by-depth"), studies["depth"].table("by-layer")
    assert [r["depth"] for r in by_depth.records()] == [*DEPTHS, *DEPTHS]
    assert {r["depth"]: r["layer"] for r in by_layer.records()} == {d: d for d in (1, 2, 5, 10, 20, 30, 40, 50)}
    assert {r.name for r in REGIMES} == set(by_depth.column("regime"))


def test_the_exploding_regime_doubles_at_every_layer(studies):
    """sigma'(0) = 1/4, a gain of 8 and a reflection: adjoints double."""
    norms = [r["first"] for r in studies["depth"].table("by-depth").records() if r["regime"].startswith("weights")]
    assert np.allclose(np.array(norms[1:]) / np.array(norms[:-1]), 2.0)


# training
def test_descent_ends_where_least_squares_does():
    line = TRAININGS[0]
    found = line.descent()
    t, y = line.data
    best = np.linalg.lstsq(np.stack([t**0, t], axis=1), y, rcond=None)[0]
    assert np.allclose(found.weights[0], best, atol=1e-8)
    assert found.stopped
    assert found.norm <= line.tolerance
    assert found.steps == len(found.curve) - 1


def test_descent_of_a_square_is_known_exactly():
    found = descend(lambda x: x * x, (1.0,), rate=0.25, tolerance=2.0**-9, limit=100)
    assert found.curve == [4.0**-k for k in range(11)]
    assert float(found.weights[0]) == 2.0**-10


def test_descent_stops_at_its_limit_and_where_the_loss_is_lost():
    assert descend(lambda x: x * x, (1.0,), rate=0.25, tolerance=0.0, limit=5).stopped is False
    with np.errstate(all="ignore"):
        lost = descend(lambda x: x**4, (10.0,), rate=10.0, tolerance=0.0, limit=1000)
    assert not lost.stopped
    assert len(lost.curve) < 20
    with pytest.raises(UsageError, match="limit=0"):
        descend(lambda x: x * x, (1.0,), rate=0.25, tolerance=0.0, limit=0)


# accuracy
@case(x=Real(3, low=0.5, high=2.0))
def smooth(x):
    return np.sum(np.exp(np.sin(x)) * x)


@case(x=0.0)
def kinked(x):
    return np.abs(x)


@case(x=1.0)
def broken(x):
    raise RuntimeError("no value")


class _Cases(list):
    problems, claims = (), ()


@pytest.fixture(scope="module")
def ran() -> RunResult:
    return run(_Cases([smooth, kinked, broken]))


def test_accuracy_is_that_of_the_comparisons(ran):
    study = accuracy(ran)
    assert study.met
    by_method = {r["method"]: r for r in study.table("summary").records()}
    points = [p["tape"].judgement.accuracy.digits.min() for p in compare(smooth).points]
    assert by_method["tape"]["points"] == len(points)  # the kink is left out, the broken case has none
    assert by_method["tape"]["worst"] == min(points)
    assert by_method["tape"]["worst_case"] == "smooth"
    assert by_method["tape"]["low"] <= by_method["tape"]["median"] <= by_method["tape"]["high"]
    assert by_method["complex-step"]["missing"] == 1
    assert {c.name for c in study.table("digits").columns if c.measured} == {"digits"}


def test_a_method_that_is_wrong_refutes_its_statement(ran):
    (result, *others) = ran.cases
    assert result.comparison is not None
    (point, *points) = result.comparison.points
    wrong = [replace(m, judgement=replace(m.judgement, outcome="wrong")) if m.method == "tape" else m for m in point.measured]
    changed = replace(result, comparison=replace(result.comparison, points=(replace(point, measured=tuple(wrong)), *points)))
    study = accuracy(replace(ran, cases=(changed, *others)))
    verdicts = {s.name: (s.verdict, s.evidence) for s in study.statements}
    assert verdicts["tape: no wrong gradient"][0] == "refuted"
    assert "smooth (point 0)" in verdicts["tape: no wrong gradient"][1]
    assert verdicts["symbolic: no wrong gradient"][0] == "shown"


def test_a_reading_of_digits_goes_by_the_digits():
    scores = [Score("a", 0, name, "right", digits, 1, ran=True) for name, digits in (("tape", 4.0), ("differences", 15.5))]
    assert accuracy_of(scores).charts[0].reading.startswith("In the median at least 13 digits: differences; fewer than 13 digits: tape.")


def test_a_run_of_nothing_shows_nothing():
    study = accuracy(RunResult((CaseResult(broken, failed(broken, "at fault")),), (), (), 0))
    assert study.statements == ()
    assert isinstance(broken, Case)
