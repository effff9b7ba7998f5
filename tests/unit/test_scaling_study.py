"""The cost study on counts, which are the same everywhere, and on times where the difference is too large to be noise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gradcheck import check, trace
from gradcheck.gradients.differences import Differences
from gradcheck.gradients.method import untraced
from gradcheck.studies.families import DENSE, FAMILIES, ORBITS, PAIRS, RING, WALK, doubling, each_entry_anew, orbits, pairs, ring
from gradcheck.studies.fitting import slope
from gradcheck.studies.scaling import scaling
from gradcheck.studies.ways import CONTROL, DIFFERENCES, HVP, TAPE, central_differences, evaluations, of_gradient, settled, traced


@pytest.fixture(scope="module")
def counted():
    return scaling(times=False)


def test_every_statement_on_counts_is_shown(counted):
    assert [(s.name, s.evidence) for s in counted.statements if s.verdict != "shown"] == []
    assert not any(s.measured for s in counted.statements)
    assert counted.met


def test_slopes_are_those_of_the_issue(counted):
    values = {s.name: s.values for s in counted.statements}
    for name, expected in (("tape O(N + l), by operations", 1.0), ("HVP O(N + l), by operations", 1.0), ("central differences O(N l), by operations", 2.0)):  # fmt: skip
        for family in ("ring", "orbits", "pairs"):  # N ~ l
            low, high = values[name][f"{family}_low"], values[name][f"{family}_high"]
            assert expected - 0.02 <= low <= high <= expected + 0.02, (name, family)


def test_inputs_grow_from_one_to_more_than_a_hundred_thousand(counted):
    inputs = [r["inputs"] for r in counted.table("operations").records() if r["way"] == "tape" and r["family"] == "ring"]
    assert min(inputs) == 1
    assert max(inputs) >= 10**5


def test_three_regimes_are_covered(counted):
    assert [f.power for f in FAMILIES] == [1, 1, None, 2, 1]
    rows = [r for r in counted.table("operations").records() if r["way"] == "tape"]
    per_input = {
        family: {round(r["operations_of_f"] / r["inputs"]) for r in rows if r["family"] == family} for family in ("ring", "orbits")
    }
    assert max(per_input["ring"]) < 10 < min(per_input["orbits"])  # a heavier fixed number of operations an input
    assert {r["inputs"] for r in rows if r["family"] == "walk"} == {1000}


def test_counts_are_those_of_the_circuits(counted):
    for r in counted.table("operations").records():
        if r["family"] == "ring" and r["inputs"] == 64:
            x = np.linspace(-1, 1, 64)
            f = trace(ring, x).operations
            expected = {"tape": trace(ring, x).gradient().operations, "central differences": 128 * f}
            assert r["operations_of_f"] == f
            assert r["operations"] == expected.get(r["way"], r["operations"])


def test_the_same_counts_come_again(counted):
    assert scaling(times=False, families=(RING,), control=None).tables == scaling(times=False, families=(RING,), control=None).tables
    again = scaling(times=False, families=(PAIRS,))
    kept = [row for row in counted.table("operations").rows if row[0] == "pairs"]
    assert list(again.table("operations").rows) == kept


def test_every_chart_names_columns_of_its_table(counted):
    for chart in counted.charts:
        names = [c.name for c in counted.table(chart.table).columns]
        assert {chart.x, chart.y, chart.series, chart.panel} - {None} <= set(names)


def test_readings_and_evidence_are_of_what_was_counted():
    mine = replace(PAIRS, sizes=doubling(4, 32), timed=())
    found = scaling(families=(mine,), ways=(CONTROL,), control=None, times=False)
    assert found.charts[0].reading == "A line for each method. Slopes: quadratic on purpose against l 2.00."
    assert "within" not in found.statements[0].evidence  # refuted, it does not say that it is near
    few = scaling(families=(replace(mine, sizes=(4, 8)),), ways=(TAPE,), control=None, times=False)
    assert few.charts[0].reading == "A line for each method. Slopes: too few sizes to tell."


@pytest.mark.parametrize("function", [ring, orbits, pairs])
@pytest.mark.parametrize("size", [1, 2, 7])
def test_members_are_functions_that_can_be_followed(function, size):
    x = np.linspace(-1, 1, size) if size > 1 else np.array([0.5])
    family = {"ring": RING, "orbits": ORBITS, "pairs": PAIRS}[function.__name__]
    member = family.make(size)
    assert np.array_equal(member.arguments[0], x)
    assert member.function(*member.plain) == pytest.approx(member.function(*member.arguments), rel=1e-14)
    assert traced(member).operations > 0


def test_walk_and_dense_grow_as_they_say():
    walked = [traced(WALK.make(n)).operations for n in (8, 16)]
    assert walked[1] / walked[0] == pytest.approx(2, rel=0.05)
    layered = [traced(DENSE.make(n)).operations for n in (64, 128)]
    assert layered[1] / layered[0] == pytest.approx(4, rel=0.05)


def test_plain_central_differences_are_those_of_the_method():
    x = np.linspace(-1, 1, 9)
    found = Differences(central=True, extrapolate=False).gradient(untraced(pairs, (x,), (0,)))
    assert central_differences(pairs, x) == found.entries[0].tolist()
    assert evaluations(x) == found.evaluations == 18


def test_the_control_is_right_and_only_slow():
    assert check(pairs, each_entry_anew, at=(np.linspace(-1, 1, 5),)).outcome == "right"


def linear_gradient(x):
    """The gradient of `pairs`, by hand, in one pass."""
    before, after = np.roll(x, 1), np.roll(x, -1)
    below = 1.0 + x * x
    return before * (1.0 - x * x) / (below * below) + after / (1.0 + after * after)


def test_a_linear_gradient_of_ones_own_is_shown():
    assert check(pairs, linear_gradient, at=(np.linspace(-1, 1, 6),)).outcome == "right"
    study = scaling(families=(PAIRS,), ways=(of_gradient("mine", linear_gradient, only=("pairs",)),), control=None, times=False)
    (statement,) = [s for s in study.statements if s.name == "mine O(N + l), by operations"]
    assert statement.verdict == "shown", statement.evidence


SHORT = replace(PAIRS, sizes=doubling(4, 32), timed=doubling(4, 128))


def test_the_control_is_refuted_by_time_as_well():
    study = scaling(families=(SHORT,), ways=(), control=CONTROL)
    (timed,) = [s for s in study.statements if s.measured]
    assert timed.name == "a gradient quadratic on purpose is refuted as O(N + l), by time"
    assert timed.verdict == "shown", timed.evidence
    times = study.table("times")
    assert {c.name for c in times.columns if c.measured} == {"seconds", "low", "high", "rounds", "engine"}
    assert all(row["low"] <= row["seconds"] <= row["high"] for row in times.records())
    assert "seconds" not in [c.name for c in times.pinned().columns]


def test_an_engine_is_timed_when_it_has_settled():
    small = settled(traced(RING.make(64)).gradient(), RING.make(64).arguments)
    assert small.engine in ("machine", "NumPy source", "NumPy source in blocks", "interpreted")
    value, gradient = small.run()
    assert value == pytest.approx(ring(RING.make(64).arguments[0]))
    assert gradient.shape == (64,)


def test_central_differences_take_quadratic_time():
    family = replace(PAIRS, timed=doubling(16, 256))
    study = scaling(families=(family,), ways=(DIFFERENCES,), control=None)
    rows = [r for r in study.table("times").records()]
    found = slope([r["inputs"] for r in rows], [r["seconds"] for r in rows])
    assert 1.6 < found.value < 2.3


def test_ways_that_do_not_reach_so_far_are_left_out():
    few = scaling(families=(RING,), ways=(replace(TAPE, counted=64), HVP), control=None, times=False)
    inputs = {way: max(r["inputs"] for r in few.table("operations").records() if r["way"] == way) for way in ("tape", "HVP")}
    assert inputs == {"tape": 64, "HVP": 2**18}


@pytest.mark.slow
def test_everything_is_shown_by_time_too():
    study = scaling()
    assert [(s.name, s.evidence) for s in study.statements if s.verdict != "shown"] == []
    measured = {s.name: s.values for s in study.statements if s.measured}
    assert measured["tape O(N + l), by time"]["ring_decades"] >= 3
    assert measured["HVP O(N + l), by time"]["orbits_decades"] >= 3
    assert measured["central differences O(N l), by time"]["pairs_decades"] >= 3
    assert measured["the tape takes less time than l + 1 evaluations"]["inputs"] >= 1
