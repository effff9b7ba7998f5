"""The arithmetics: balls that contain, series that compose, symbols that are exact, noise that leaves exact things alone."""

from __future__ import annotations

import math

import flint
import mpmath
import numpy as np
import pytest
import sympy
from flint import arb

from gradcheck.arithmetic.balls import Balls
from gradcheck.arithmetic.enclosures import ball, precision, whole_number
from gradcheck.arithmetic.noise import AMPLITUDE, Noise
from gradcheck.arithmetic.objects import Undecidable
from gradcheck.arithmetic.symbols import Symbols
from gradcheck.arithmetic.taylor import MANY, MoreTerms, Taylor, series, terms
from gradcheck.primitives import BY_NAME, TABLE

POINTS = {  # operands at which every elementwise form is defined; 0.5, 1.5 for the rest
    "arccosh": (1.5,), "binom": (6.5, 1.5), "power": (1.5, -0.5), "clip": (0.5, 0.0, 1.0), "where": (True, 0.5, 1.5),
    "logical_and": (True, False), "logical_or": (True, False), "logical_not": (True,),
}  # fmt: skip


def operands(record):
    return POINTS.get(record.name, (0.5, 1.5)[: record.arity])


def params(record):
    return record.examples[0].params if record.examples else {}


ELEMENTWISE = [pytest.param(p, id=p.name) for p in TABLE if p.elementwise]
SMOOTH = [pytest.param(p, id=p.name) for p in TABLE if p.elementwise and not p.decision]


@pytest.mark.parametrize("record", ELEMENTWISE)
def test_the_exact_form_over_balls_is_what_the_floats_compute(record) -> None:
    point = operands(record)
    floats = record.evaluate(*(np.bool_(x) if isinstance(x, bool) else np.float64(x) for x in point), **params(record))
    balls = Balls()
    with precision(200):
        exact = balls.apply(record, [balls.number(x) for x in point], params(record))
    assert float(ball(exact).mid()) == pytest.approx(float(floats), rel=1e-14, abs=1e-300)


@pytest.mark.parametrize("record", SMOOTH)
def test_series_carry_the_derivative_of_the_exact_form(record) -> None:
    """Against central differences of balls at 400 bits, which use no series and no rule."""
    point, h, taylor, balls = operands(record), arb(2) ** -120, Taylor(), Balls()
    with precision(400):
        for i, x in enumerate(point):
            if isinstance(x, bool):
                continue
            moving = [series(v, 1) if j == i else taylor.number(v) for j, v in enumerate(point)]
            slope = terms(taylor.apply(record, moving, params(record)))[1]
            ends = [
                balls.apply(record, [ball(v) + s * h if j == i else balls.number(v) for j, v in enumerate(point)], params(record))
                for s in (1, -1)
            ]
            assert abs(slope - (ends[0] - ends[1]) / (2 * h)) < arb(10) ** -60


@pytest.mark.parametrize("record", SMOOTH)
def test_longer_series_say_the_same(record) -> None:
    point, slopes = operands(record), []
    for length in (2, MANY):
        with precision(200, length):
            taylor = Taylor()
            moving = [taylor.number(v) if isinstance(v, bool) else series(v, 1 + i) for i, v in enumerate(point)]
            slopes.append(terms(taylor.apply(record, moving, params(record))))
    for two, many in zip(*slopes, strict=True):
        assert two.overlaps(many)


@pytest.mark.parametrize("record", [pytest.param(p, id=p.name) for p in TABLE if p.elementwise and p.name != "owens_t"])
def test_symbols_and_balls_agree(record) -> None:
    point = operands(record)
    symbols = Symbols()
    found = sympy.sympify(symbols.apply(record, [symbols.number(x) for x in point], params(record)))
    balls = Balls()
    with precision(200):
        exact = ball(balls.apply(record, [balls.number(x) for x in point], params(record)))
    value = float(bool(found)) if found in (sympy.true, sympy.false) else float(found.evalf(30))
    assert value == pytest.approx(float(exact.mid()), rel=1e-14, abs=1e-300)


def test_constants_are_exact() -> None:
    third = np.float64(1) / 3
    assert ball(third) == arb(float(third))
    with precision(200):
        assert ball(third) * 3 != 1
        assert Balls().constant(BY_NAME["exp2"].exact.__globals__["LN2"]).overlaps(arb(2).log())
    assert Symbols().number(0.5) == sympy.Rational(1, 2)
    assert Symbols().number(0.1) != sympy.Rational(1, 10)


@pytest.mark.parametrize(
    ("value", "whole"),
    [(3, 3), (arb(-2), -2), (arb(2.5), None), (True, None), (arb(2) ** 40, None), (arb(3, 1e-9), None)],
    ids=["int", "ball", "fraction", "bool", "huge", "inexact"],
)
def test_whole_exponents(value, whole) -> None:
    assert whole_number(value) == whole


def test_comparisons_are_certain_or_not_made() -> None:
    balls, wide = Balls(), arb(0, 1)
    assert balls.greater(arb(1), arb(0))
    assert balls.equal(arb(1), 1)
    assert balls.ties == 1
    with pytest.raises(Undecidable):
        balls.less(wide, arb(0.5))
    assert balls.less_equal(wide, wide)  # the same value, however wide


def test_whole_numbers_divide_exactly() -> None:
    with precision(200):
        for arithmetic in (Balls(), Taylor()):
            third = arithmetic.divide(1, 3)
            assert (ball(third) * 3).contains(1)
            assert ball(third) != ball(1 / 3)


def test_a_tie_is_decided_by_the_direction() -> None:
    for slope, larger in ((1, True), (-1, False)):
        taylor = Taylor()
        x = series(1, slope)
        assert taylor.greater(x, arb(1)) is larger
        assert taylor.ties == 1
        assert terms(taylor.maximum(x, arb(1)))[1] == max(slope, 0)


def test_a_lost_term_is_asked_for_and_not_taken_for_zero() -> None:
    with precision(200, 2):
        x = series(0, 1)
        with pytest.raises(MoreTerms):
            terms((x.exp() - 1) / x)
        with pytest.raises(MoreTerms):
            Taylor().greater(x * x, arb(0))
    with precision(200, MANY):
        x = series(0, 1)
        assert terms((x.exp() - 1) / x)[1] == 0.5
        assert Taylor().greater(x * x, arb(0))


@pytest.mark.parametrize(
    ("exponent", "degree", "slope"),
    [(0.5, 2, 1), (0.5, 4, 0), (1.5, 2, 0), (0.25, 4, 1), (0.5, 1, None), (0.75, 1, None)],
    ids=["sqrt(t^2)", "sqrt(t^4)", "(t^2)^1.5", "(t^4)^0.25", "sqrt(t)", "t^0.75"],
)
def test_roots_where_a_series_begins(exponent, degree, slope) -> None:
    with precision(200, MANY):
        found = terms(Taylor().power(series(0, 1) ** degree, arb(exponent)))[1]
    assert not found.is_finite() if slope is None else found == slope


def test_infinite_constants_have_no_slope() -> None:
    assert not terms(arb("nan"))[1].is_finite()
    assert terms(arb(3))[1] == 0


def test_precision_is_put_back() -> None:
    before = flint.ctx.prec, flint.ctx.cap
    with precision(333, 7):
        assert (flint.ctx.prec, flint.ctx.cap) == (333, 7)
    assert (flint.ctx.prec, flint.ctx.cap) == before


@pytest.mark.parametrize("order", [0, 1, 2, 3])
def test_polygamma_against_another_library(order) -> None:
    with precision(200):
        exact = Balls().polygamma(order, arb(1.25))
    with mpmath.workdps(40):
        reference = mpmath.polygamma(order, mpmath.mpf(1.25))
        assert abs(mpmath.mpf(exact.mid().str(35, radius=False)) - reference) < mpmath.mpf(10) ** -30


# noise
def spread(name, *inputs, **params):
    noise = Noise(copies=16, seed=1)
    result = noise.apply(BY_NAME[name], [noise.constant(x) for x in inputs], params)
    return result.spread, result.exact


V = np.array([3.0, -1.0, 2.0])
EXACT = [
    pytest.param("negative", (V,), {}, id="negative"),
    pytest.param("absolute", (V,), {}, id="absolute"),
    pytest.param("maximum", (V, 0.5), {}, id="maximum"),
    pytest.param("clip", (V, 0.0, 1.0), {}, id="clip"),
    pytest.param("where", (V > 0, V, 0.0), {}, id="where"),
    pytest.param("max", (V,), {}, id="max"),
    pytest.param("greater", (V, 0.0), {}, id="greater"),
    pytest.param("sign", (V,), {}, id="sign"),
    pytest.param("argmax", (V,), {}, id="argmax"),
    pytest.param("reshape", (V,), {"shape": (3, 1)}, id="reshape"),
    pytest.param("concatenate", (V, V), {"axis": 0}, id="concatenate"),
    pytest.param("getitem", (V,), {"index": (np.array([0, 0]),)}, id="getitem"),
    pytest.param("scatter", (V,), {"indices": ((np.array([2, 0, 1]),),), "shape": (4,)}, id="scatter-to-distinct-places"),
    pytest.param("astype", (V,), {"dtype": "float32"}, id="astype"),
]


@pytest.mark.parametrize(("name", "inputs", "params"), EXACT)
def test_what_does_not_round_gets_no_noise(name, inputs, params) -> None:
    assert not np.any(spread(name, *inputs, **params)[0])


ROUNDED = [
    pytest.param("multiply", (V, V), {}, id="multiply"),
    pytest.param("sin", (V,), {}, id="sin"),
    pytest.param("sum", (V,), {}, id="sum"),
    pytest.param("matmul", (V, V), {}, id="matmul"),
    pytest.param("scatter", (V,), {"indices": ((np.array([0, 0, 0]),),), "shape": (1,)}, id="scatter-to-one-place"),
]


@pytest.mark.parametrize(("name", "inputs", "params"), ROUNDED)
def test_what_rounds_gets_noise_of_its_size(name, inputs, params) -> None:
    found, exact = spread(name, *inputs, **params)
    size = AMPLITUDE * np.maximum(np.abs(exact), 0.01)
    assert (found > size / 100).all()
    assert (found < 100 * size).all()


@pytest.mark.parametrize("name", ["sum", "mean", "cumsum"])
def test_cancellation_inside_a_sum_shows(name) -> None:
    found, _ = spread(name, np.array([1e8, 1.0, -1e8]), **({"axis": 0} if name == "cumsum" else {}))
    assert np.ravel(found)[-1] > 1e7 * AMPLITUDE / 3


def test_writes_that_do_not_meet_stay_exact_beside_those_that_do() -> None:
    found, _ = spread("scatter", V, indices=((np.array([0, 0, 1]),),), shape=(2,))
    assert found[0] > 0 == found[1]


def test_selections_follow_the_undisturbed_value() -> None:
    noise = Noise(copies=64, seed=0)
    close = noise.apply(BY_NAME["multiply"], [noise.constant(1.0), noise.constant(1.0)], {})
    chosen = noise.apply(BY_NAME["maximum"], [close, noise.constant(1.0 - 1e-14)], {})
    assert np.array_equal(chosen.copies, close.copies)  # some copies lie below 1 - 1e-14: still the first operand's


def test_the_same_seed_gives_the_same_noise() -> None:
    assert np.array_equal(spread("sin", V)[0], spread("sin", V)[0])
    assert math.isfinite(float(np.sum(spread("sin", V)[0])))
