"""Black boxes: bounds that hold, verdicts that say no more than the bounds, and wrong entries found among many."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np
import pytest

from gradcheck import Real, ShapeError, case, check
from gradcheck.errors import TraceError
from gradcheck.gradients.directional import entry_slope
from gradcheck.gradients.line import entry_line, line, scales
from gradcheck.gradients.method import untraced
from gradcheck.verdicts.black_box import FEW, judge_black_box, noise_of

BENCHMARKS = str(Path(__file__).parents[2] / "benchmarks")


def judged(function, gradient, *point, domains=None):
    chosen = tuple(range(len(point)))
    return judge_black_box(function, gradient, point, chosen, TraceError("not traced"), domains)


def estimated(function, x, domains=None):
    problem = untraced(function, (x,), (0,), domains)
    return entry_slope(problem, 0, noise_of(problem)[0])


def bisection(x):
    low, high = 0.0, x
    while high - low > 1e-8:
        middle = (low + high) / 2
        low, high = (low, middle) if middle * middle > x else (middle, high)
    return (low + high) / 2


# bounds
BOUNDED = [
    pytest.param(np.sin, 1.0, math.cos(1.0), 1e-11, id="sin"),
    pytest.param(np.exp, 1e-20, 1.0, 1e-11, id="tiny-argument"),
    pytest.param(np.log, 1e-300, 1e300, 1e-8, id="log-of-the-smallest"),
    pytest.param(lambda x: np.sin(1e6 * x), 1.0, 1e6 * math.cos(1e6), 1e-6, id="fast"),
    pytest.param(lambda x: (1e8 + x) - 1e8, 1.0, 1.0, 1e-6, id="cancels"),
    pytest.param(lambda x: float(np.sin(np.float32(x))), 1.0, math.cos(1.0), 1e-4, id="float32-inside"),
    pytest.param(lambda x: (np.sin(x + 1e-6) - np.sin(x - 1e-6)) / 2e-6, 1.0, -math.sin(1.0), 1e-6, id="noisy"),
    pytest.param(abs, 1e-7, 1.0, 1e-14, id="relative-to-the-kink"),
    pytest.param(lambda x: abs(x - 1), 1 + 1e-5, 1.0, 1e-9, id="kink-1e-5-off"),
    pytest.param(lambda x: abs(x - 1), 1 + 1e-9, 1.0, 1e-6, id="kink-1e-9-off"),
    pytest.param(lambda x: 1e-4 * max(x - 1, 0.0) + x * x, 1 + 1e-6, 2 + 2e-6 + 1e-4, 1e-8, id="faint-kink"),
    pytest.param(lambda x: np.sign(x - 1) + x, 1 + 1e-6, 1.0, 1e-8, id="jump-1e-6-off"),
    pytest.param(lambda x: abs(x - 1) + abs(x + 1), 1 + 1e-6, 2.0, 1e-8, id="between-kinks"),
    pytest.param(np.sin, np.float32(1.0), math.cos(1.0), 1e-3, id="float32"),
]


@pytest.mark.parametrize(("function", "x", "slope", "tight"), BOUNDED)
def test_the_bound_holds_and_is_tight(function, x, slope, tight):
    with np.errstate(all="ignore"):
        found = estimated(function, x)
    assert abs(found.value - slope) <= found.error <= tight * abs(slope)


ZERO = [
    pytest.param(lambda x: x * x, id="square"),
    pytest.param(lambda x: x * abs(x), id="square-with-a-sign"),
    pytest.param(lambda x: abs(x) ** 1.5, id="barely-smooth"),
    pytest.param(lambda x: 3.0, id="constant"),
]


@pytest.mark.parametrize("function", ZERO)
def test_a_slope_of_zero_lies_within_a_small_bound(function):
    found = estimated(function, 0.0)
    assert abs(found.value) <= found.error < 1e-11


GIVEN_UP = [
    pytest.param(abs, 0.0, "a kink at the point", id="kink"),
    pytest.param(lambda x: abs(x - 1) + x * x, 1.0, "a kink at the point", id="kink-on-a-curve"),
    pytest.param(lambda x: np.sign(x) + x, 0.0, "a jump at the point", id="jump"),
    pytest.param(lambda x: np.sign(x - 1) + x, 1 + 1e-13, "within the finest steps", id="jump-too-near"),
    pytest.param(lambda x: np.floor(x * 1e3) / 1e3, 1.00031, "goes in steps", id="staircase"),
    pytest.param(lambda x: float(np.float16(np.sin(x))), 1.0, "goes in steps", id="float16-inside"),
    pytest.param(lambda x: 1e-9 * np.tanh((x - 1) / 1e-9) + x, 1.0, "one slope over short distances", id="two-slopes"),
    pytest.param(bisection, 2.0, "one slope over short distances", id="an-iteration-stopped-early"),
    pytest.param(math.sqrt, 0.0, "not finite next to the point", id="edge"),
    pytest.param(math.log, 1e-320, "not finite", id="subnormal"),
]


@pytest.mark.parametrize(("function", "x", "reason"), GIVEN_UP)
def test_the_bound_is_given_up_when_its_assumptions_fail(function, x, reason):
    with np.errstate(all="ignore"):
        found = estimated(function, x)
    assert not found.bounded
    assert reason in found.reason


def test_evaluations_are_those_that_happened():
    calls = []
    problem = untraced(lambda x: calls.append(x) or math.sin(x), (1.0,), (0,))
    calls.clear()
    noise, used = noise_of(problem)
    assert used + entry_slope(problem, 0, noise).evaluations == len(calls)


# lines
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_points_of_a_line_are_met_exactly(dtype):
    x = (np.random.default_rng(0).standard_normal(20) * 10.0 ** np.arange(-5, 5, 0.5)).astype(dtype)
    problem = untraced(lambda x: np.sum(x), (x,), (0,))
    sizes = np.maximum(np.abs(x), 1e-5).astype(float)
    along = line(problem, sizes * np.random.default_rng(1).uniform(0.5, 1.0, 20))
    moved = x + (along.finest * along.direction).astype(dtype)
    assert np.array_equal(moved.astype(float) - x.astype(float), along.finest * along.direction)


def test_lines_stay_inside_the_domain():
    problem = untraced(lambda x: np.sum(x), (np.array([1e-9, 0.5, 1 - 1e-9]),), (0,), {0: Real(3, low=0, high=1)})
    assert (scales(problem) <= np.array([1e-9, 0.5, 1e-9])).all()
    assert entry_line(problem, 2, 1.0).room < 1e-9
    assert math.isnan(entry_line(problem, 2, 1.0)(0.5))


# verdicts
def three(x, y):
    return math.sin(float(x[0])) * float(x[1]) + math.exp(float(y))


AT = (np.array([0.3, -2.0]), 0.7)


def of_three(x, y):
    return np.array([math.cos(x[0]) * x[1], math.sin(x[0])]), math.exp(y)


def test_right_says_to_how_many_digits_and_at_what_cost():
    verdict = judged(three, of_three, *AT)
    assert (verdict.outcome, verdict.entries) == ("right", ("right",) * 3)
    assert verdict.labels == ("x[0]", "x[1]", "y")
    assert "digits in every entry" in verdict.reason
    assert "noise" in verdict.reason
    assert "evaluations" in verdict.reason


@pytest.mark.parametrize("factor", [-1.0, 1 + 1e-2, 1 + 1e-4, 1 + 1e-6, 1 + 1e-8, 0.0, math.nan, math.inf])
def test_wrong_names_the_entry(factor):
    def off(x, y):
        first, second = of_three(x, y)
        return first * np.array([1.0, factor]), second

    verdict = judged(three, off, *AT)
    assert (verdict.outcome, verdict.entries) == ("wrong", ("right", "wrong", "right"))
    assert "x[1]" in verdict.reason
    assert verdict.kinds == ("unknown", "black-box")


def test_an_absolute_tolerance_never_certifies():
    """The gradient is 1e-7 all over; a checker with an absolute 1e-6 passes its negative."""
    assert judged(lambda x: 1e-7 * math.sin(x), lambda x: 1e-7 * math.cos(x), 1.0).outcome == "right"
    assert judged(lambda x: 1e-7 * math.sin(x), lambda x: -1e-7 * math.cos(x), 1.0).outcome == "wrong"
    assert judged(lambda x: 1.0 + 1e-16 * math.sin(x), lambda x: -1e-16 * math.cos(x), 1.0).outcome == "undecided"


def test_a_small_entry_beside_a_large_one_is_judged_by_itself():
    right, point = (lambda x: np.array([1e6, 1e-3])), np.array([1.0, 1.0])
    assert judged(lambda x: 1e6 * float(x[0]) + 1e-3 * float(x[1]), right, point).outcome in ("right", "undecided")
    assert judged(lambda x: 1e6 * float(x[0]) + 1e-3 * float(x[1]), lambda x: right(x) * np.array([1, -1]), point).outcome == "wrong"


@pytest.mark.parametrize(("function", "x", "reason"), [p for p in GIVEN_UP if not p.id.startswith("kink")])
def test_no_bound_is_undecided(function, x, reason):
    with np.errstate(all="ignore"):
        verdict = judged(function, lambda x: 1.0, x)
    assert (verdict.outcome, verdict.ok) == ("undecided", False)


def test_a_function_of_arrays_is_a_mistake_of_usage():
    with pytest.raises(ShapeError, match="needs a scalar result"):
        judged(lambda x: np.array([float(x[0]), 1.0]), lambda x: x, np.ones(2))


@pytest.mark.parametrize(
    ("gradient", "kind"),
    [
        pytest.param(lambda x: np.ones(3), "shape", id="shape"),
        pytest.param(lambda x: np.multiply(x, 2.0, out=x).copy(), "mutates-input", id="mutates"),
        pytest.param(lambda x: 2 * x + np.random.default_rng().uniform(), "non-deterministic", id="random"),
    ],
)
def test_a_breach_of_contract_is_wrong(gradient, kind):
    verdict = judged(lambda x: float(x[0]) ** 2 + float(x[1]) ** 2, gradient, np.ones(2))
    assert (verdict.outcome, kind in verdict.kinds) == ("wrong", True)


@pytest.mark.parametrize("size", [pytest.param(3, id="every-entry"), pytest.param(FEW + 1, id="directions")])
def test_the_domain_is_respected(size):
    seen = []

    @case(x=Real(size, low=0, high=1), at=(np.linspace(1e-9, 1 - 1e-9, size),))
    def function(x):
        seen.append(np.array(x, dtype=float))
        return float(np.sum(np.asarray(x, dtype=float) ** 2))

    assert check(function, lambda x: 2 * x).outcome != "wrong"
    assert all(((0 < x) & (x < 1)).all() for x in seen)


# many inputs
def many(x):
    return float(np.sum(np.tanh(np.asarray(x, dtype=float)) * weights(len(x))))


def weights(size):
    return np.arange(1, size + 1) / size


def of_many(x):
    return weights(len(x)) / np.cosh(x) ** 2


SIZES = [FEW + 1, 1000, 20_000]


def drawn(size):
    return np.random.default_rng(size).standard_normal(size)


@pytest.mark.parametrize("size", SIZES)
def test_many_inputs_are_judged_along_random_directions(size):
    calls = []
    verdict = judged(lambda x: calls.append(1) or many(x), of_many, drawn(size))
    assert verdict.outcome == "right"
    assert "missed with probability 1e-06" in verdict.reason
    assert len(calls) < 500


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("wrong", [(0,), (-1,), (7, 50), (3, 4, -2)], ids=str)
def test_group_testing_finds_the_wrong_entries(size, wrong):
    def off(x):
        gradient = of_many(x)
        gradient[list(wrong)] *= 1 + 1e-3
        return gradient

    verdict = judged(many, off, drawn(size))
    assert verdict.outcome == "wrong"
    for index in wrong:
        assert f"x[{index % size}]" in verdict.reason
    directions = int(verdict.reason.split(" directions")[0].split()[-1])
    assert directions <= 6 + 2 * len(wrong) * math.log2(size) + 2


def test_a_kink_in_all_directions_is_undecided():
    x = drawn(100)
    x[3] = 0.0
    assert judged(lambda x: float(np.sum(np.abs(np.asarray(x)))), np.sign, x).outcome == "undecided"


def test_a_network_with_kinks_all_round():
    rng = np.random.default_rng(0)
    first, x = rng.standard_normal((50, 200)), rng.standard_normal(200)
    verdict = judged(lambda x: float(np.sum(np.maximum(first @ x, 0.0))), lambda x: first.T @ (first @ x > 0).astype(float), x)
    assert verdict.outcome == "right"
    assert judged(lambda x: float(np.sum(np.maximum(first @ x, 0.0))), lambda x: first.T @ np.ones(50), x).outcome == "wrong"


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_among_many_a_claim_that_is_not_finite_is_named(bad):
    def off(x):
        gradient = of_many(x)
        gradient[5] = bad
        return gradient

    verdict = judged(many, off, drawn(100))
    assert verdict.outcome == "wrong"
    assert "x[5]" in verdict.reason


@pytest.mark.slow
def test_bounds_hold_for_thousands_of_random_functions(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    benchmark = __import__("black_box_bounds")
    tally = benchmark.Tally()
    with np.errstate(all="ignore"):
        for k in range(3000):
            benchmark.measure(tally, *benchmark.draw(np.random.default_rng([11, k])), k < 300)
    assert tally.entries > 6000
    assert tally.violated == []
    assert not any("wrong" in outcome for outcome in tally.outcomes)
    sys.modules.pop("black_box_bounds")


def test_a_kink_that_no_axis_shows_is_not_called_wrong() -> None:
    """Where all are equal the median does not change with any one of them, and yet is not differentiable."""
    verdict = check(lambda x: float(np.median(x)), lambda x: np.array([0.0, 1.0, 0.0]), (np.full(3, 0.3),))
    assert verdict.outcome == "undecided"
    assert "kink" in verdict.reason
    assert check(lambda x: float(np.median(x)), lambda x: np.array([0.0, 1.0, 0.0]), (np.array([0.1, 0.3, 0.2]),)).outcome == "wrong"


def black_relu(x):
    return float(sum(max(float(v), 0.0) * (i + 1) for i, v in enumerate(x))) + math.sin(float(x[0]))


def relu_slope(*at_zero):
    def gradient(x):
        slopes = np.where(x > 0, np.arange(1.0, len(x) + 1), 0.0)
        slopes[x == 0] = at_zero
        return slopes + np.cos(x[0]) * (np.arange(len(x)) == 0)

    return gradient


KINKS = [
    pytest.param((0.7, 0.0, -1.2), relu_slope(0.0), "kink", id="zero"),
    pytest.param((0.7, 0.0, -1.2), relu_slope(1.0), "kink", id="half"),
    pytest.param((0.7, 0.0, -1.2), relu_slope(2.0), "kink", id="right"),
    pytest.param((0.7, 0.0, -1.2), relu_slope(2.1), "wrong", id="beyond the right"),
    pytest.param((0.7, 0.0, -1.2), relu_slope(-0.1), "wrong", id="beyond the left"),
    pytest.param((0.7, 0.0, -1.2), lambda x: relu_slope(0.0)(x) + 0.1, "wrong", id="wrong elsewhere"),
    pytest.param((0.7, 0.0, 0.0), relu_slope(0.0, 0.0), "undecided", id="two kinks"),
    pytest.param((0.7, 0.0, 0.0), relu_slope(0.0, 4.0), "undecided", id="two kinks, beyond one"),
]


@pytest.mark.parametrize("point, gradient, outcome", KINKS)
def test_kinks_of_black_boxes(point, gradient, outcome) -> None:
    verdict = check(black_relu, gradient, (np.array(point),))
    assert verdict.outcome == outcome, str(verdict)


def test_a_wrong_verdict_says_why_the_function_was_not_traced() -> None:
    text = str(check(black_relu, lambda x: x, (np.array([0.7, 0.3]),)))
    assert "black-box: judged by differences, for it cannot be traced:" in text
    assert "gradcheck explain" not in text


def foreign(x):
    """What a framework does: it takes arrays and floats, and raises errors of its own on anything else."""
    if not isinstance(x, np.ndarray | float | np.generic):
        raise KeyError(type(x).__name__)
    return float(np.sum(np.tanh(x) ** 2))


def test_a_framework_that_takes_no_traced_array_is_a_black_box() -> None:
    point = (np.array([0.3, -0.7]),)
    assert check(foreign, lambda x: 2 * np.tanh(x) / np.cosh(x) ** 2, point).outcome == "right"
    verdict = check(foreign, lambda x: 2 * np.tanh(x), point)
    assert verdict.outcome == "wrong"
    assert "a traced array met KeyError" in str(verdict)


def test_an_error_of_the_functions_own_is_not_taken_for_the_traces() -> None:
    with pytest.raises(IndexError):
        check(lambda x: x[5], lambda x: x, (np.array([0.3, -0.7]),))


def test_where_the_function_is_zero_so_is_its_gradient_and_none_other():
    def silent(x):
        return float(np.sum(x) * 0.0 * math.pi)

    at = np.array([0.3, -0.1])
    assert judged(silent, lambda x: 0 * x, at).outcome == "right"
    assert judged(silent, lambda x: 1e-300 + 0 * x, at).outcome == "wrong"
