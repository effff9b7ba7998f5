"""Methods, theories and series that are wrong on purpose: the studies must refute them."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from gradcheck import check
from gradcheck.studies.depth import REGIMES, depth
from gradcheck.studies.families import ORBITS, PAIRS, RING, doubling, each_entry_anew, pairs
from gradcheck.studies.scaling import scaling
from gradcheck.studies.step_size import FORMULAS, Formula, step_size
from gradcheck.studies.swell import GROWTHS, swell
from gradcheck.studies.training import TRAININGS, training
from gradcheck.studies.ways import DIFFERENCES, PRODUCT, SUM, TAPE, of_gradient

SHORT = replace(PAIRS, sizes=doubling(4, 32), timed=doubling(4, 128))


def recomputed(x):
    """Right, and quadratic: the whole sum is formed anew for every entry, differentiated by hand in two places of it."""
    entries = []
    for i in range(len(x)):
        total, j = 0.0, (i + 1) % len(x)
        for k in range(len(x)):
            below = 1.0 + x[k] * x[k]
            mine, next_ = (1.0 if k == i else 0.0), (1.0 if k == j else 0.0)
            total = total + mine * x[k - 1] * (1.0 - x[k] * x[k]) / (below * below) + next_ * x[k] / below
        entries.append(total)
    return np.array(entries)


@pytest.mark.parametrize("gradient", [each_entry_anew, recomputed])
def test_a_quadratic_gradient_is_right_and_refuted_as_linear_in_counts_and_in_time(gradient):
    assert check(pairs, gradient, at=(np.linspace(-1, 1, 5),)).outcome == "right"
    study = scaling(families=(SHORT,), ways=(of_gradient("mine", gradient, only=("pairs",)),), control=None)
    verdicts = {s.name: s.verdict for s in study.statements if s.name.startswith("mine")}
    assert verdicts == {"mine O(N + l), by operations": "refuted", "mine O(N + l), by time": "refuted"}
    assert not study.met


def test_a_quadratic_gradient_is_shown_as_what_it_is():
    study = scaling(
        families=(SHORT,), ways=(of_gradient("mine", each_entry_anew, only=("pairs",), order=PRODUCT),), control=None, times=False
    )
    assert study.statements[0].verdict == "shown"


SERIES = [
    pytest.param(lambda n: n * math.log(n), ("refuted",), id="n log n"),
    pytest.param(lambda n: n**1.1, ("refuted",), id="slope 1.1"),
    pytest.param(lambda n: n**0.9, ("refuted",), id="slope 0.9"),
    pytest.param(lambda n: n**2 / 1e6 + n, ("refuted", "not shown"), id="a small square that only shows at the end"),
]


@pytest.mark.parametrize("family", [RING, ORBITS])
@pytest.mark.parametrize(("cost", "verdicts"), SERIES)
def test_what_is_not_linear_is_not_shown_to_be(family, cost, verdicts):
    way = replace(TAPE, name="other", operations=lambda m, c: int(cost(c.operations + m.inputs)))
    study = scaling(families=(family,), ways=(way,), control=None, times=False)
    (statement,) = [s for s in study.statements if s.name.startswith("other")]
    assert statement.verdict in verdicts, statement.evidence


def test_a_control_that_is_linear_fails_the_study():
    control = replace(TAPE, name="linear after all")
    study = scaling(families=(RING,), ways=(), control=control, times=False)
    (statement,) = [s for s in study.statements if s.name.startswith("a gradient linear")]
    assert statement.verdict == "refuted"


def test_differences_are_refuted_as_linear():
    study = scaling(families=(RING,), ways=(replace(DIFFERENCES, order=SUM),), control=None, times=False)
    assert study.statements[0].verdict == "refuted"


def test_a_gradient_of_six_times_the_function_breaks_the_bound():
    way = replace(TAPE, operations=lambda m, c: 6 * c.operations)
    study = scaling(families=(RING,), ways=(way,), control=None, times=False)
    assert [s.verdict for s in study.statements if s.name.startswith("ops(f and gradient)")] == ["refuted", "refuted"]


class WrongOptimum(Formula):
    """The optimum of an order too low: that of forward differences, for all."""

    def optimum(self, size, derivative):
        return math.sqrt(2.0**-53)


class OptimisticFloor(Formula):
    """A floor as if rounding did not add up: a hundred times too low."""

    def floor(self, size, derivative):
        return super().floor(size, derivative) / 100


def as_kind(kind, formula):
    return kind(formula.name, formula.order, formula.offsets, formula.weights, formula.constant)


@pytest.mark.parametrize("formula", FORMULAS[1:])
def test_a_wrong_optimum_is_refuted(formula):
    study = step_size(formulas=(as_kind(WrongOptimum, formula),))
    assert [s.verdict for s in study.statements if "best step" in s.name] == ["refuted"]


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_floor_too_low_is_refuted(formula):
    study = step_size(formulas=(as_kind(OptimisticFloor, formula),))
    assert [s.verdict for s in study.statements if "least error" in s.name] == ["refuted"]


def test_wrong_weights_have_no_v():
    wrong = replace(FORMULAS[2], weights=(1 / 12, -8 / 12, 8 / 12, 1 / 12))
    assert not step_size(formulas=(wrong,)).met


def test_a_swell_that_theory_does_not_predict_is_refuted():
    product = replace(GROWTHS[0], at_least=3.0, sizes=(12, 16, 20, 24, 28), formed=28)
    iteration = replace(GROWTHS[2], at_least=5.0, sizes=(4, 5, 6, 7, 8), formed=8)
    assert [s.verdict for s in swell(growths=(product, iteration)).statements if "written out" in s.name] == ["refuted", "refuted"]


def test_adjoints_that_do_the_opposite_are_refuted():
    turned = [replace(REGIMES[0], does="explode"), replace(REGIMES[1], does="vanish"), replace(REGIMES[0], size=0.0, gain=4.0)]
    assert [s.verdict for s in depth(regimes=turned, depths=tuple(range(1, 13))).statements] == ["refuted"] * 3


def test_a_training_that_diverges_or_is_cut_short_is_refuted():
    squared = TRAININGS[0]
    steep, short = replace(squared, name="steep", rate=3.0, limit=50), replace(squared, name="short", limit=10)
    wandering = replace(squared, name="wandering", rate=1.9, limit=500)
    verdicts = {s.name.partition(":")[0]: s.verdict for s in training(trainings=(squared, steep, short, wandering)).statements}
    assert (verdicts["squared error"], verdicts["steep"], verdicts["short"]) == ("shown", "refuted", "refuted")
