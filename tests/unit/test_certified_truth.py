"""The certified truth: encloses what mpmath computes at 60 digits, takes sides at ties, and says when it does not know."""

from __future__ import annotations

import flint
import mpmath
import numpy as np
import pytest
from flint import arb
from scipy import special

from gradcheck import check
from gradcheck.domains import Real
from gradcheck.gradients import truth as truth_module
from gradcheck.gradients.method import Refused, problem_of
from gradcheck.gradients.truth import FORWARD_LIMIT, KINK_LIMIT, TIGHT, Truth, certify


def problem(function, *at, domains=None):
    return problem_of(function, at, tuple(range(len(at))), domains)


def flat(arrays):
    return [e for a in arrays for e in (np.ravel(a) if isinstance(a, np.ndarray) else [a])]


def text(number):
    return mpmath.nstr(number, 70)


KNOWN = [
    pytest.param(lambda x: np.sin((x + 1) ** 2), lambda m, x: 2 * (x + 1) * m.cos((x + 1) ** 2), 1.0, id="sine of square"),
    pytest.param(lambda x: np.exp(x), lambda m, x: m.exp(x), -700.0, id="exp"),
    pytest.param(lambda x: np.log(x), lambda m, x: 1 / x, 1e-300, id="log"),
    pytest.param(lambda x: x**0.1, lambda m, x: m.mpf(0.1) * x ** (m.mpf(0.1) - 1), 3.0, id="power 0.1, the float"),
    pytest.param(lambda x: np.tanh(x), lambda m, x: m.sech(x) ** 2, 40.0, id="tanh in its tail"),
    pytest.param(lambda x: special.expit(x), lambda m, x: m.exp(-x) / (1 + m.exp(-x)) ** 2, -300.0, id="sigmoid in its tail"),
    pytest.param(lambda x: np.arctan(x), lambda m, x: 1 / (1 + x * x), 1e10, id="arctan"),
    pytest.param(lambda x: np.arcsin(x), lambda m, x: 1 / m.sqrt(1 - x * x), 1.0 - 2.0**-50, id="arcsin at the edge"),
    pytest.param(lambda x: special.gammaln(x), lambda m, x: m.digamma(x), 0.1, id="log gamma"),
    pytest.param(lambda x: special.digamma(x), lambda m, x: m.polygamma(1, x), 2.5, id="digamma"),
    pytest.param(lambda x: special.erf(x), lambda m, x: 2 / m.sqrt(m.pi) * m.exp(-x * x), 5.0, id="erf"),
    pytest.param(lambda x: np.cbrt(x), lambda m, x: 1 / (3 * m.cbrt(-x) ** 2), -2.0, id="cbrt of a negative"),
    pytest.param(lambda x: np.log1p(x), lambda m, x: 1 / (1 + x), -1e-20, id="log1p"),
    pytest.param(lambda x: np.expm1(x), lambda m, x: m.exp(x), 1e-20, id="expm1"),
    pytest.param(
        lambda x: (np.exp(x) - 1 - x) / x**2, lambda m, x: (m.exp(x) * (x - 2) + x + 2) / x**3, 1e-8, id="cancels to nothing in floats"
    ),
    pytest.param(lambda x: (x + 1e16) - 1e16 + x * x, lambda m, x: 1 + 2 * x, 0.3, id="absorbed in floats"),
    pytest.param(lambda x: 0.1 * x, lambda m, x: m.mpf(0.1), 1.0, id="0.1 is the float"),
    pytest.param(lambda x: np.sin(1e22 * x), lambda m, x: m.mpf(10) ** 22 * m.cos(m.mpf(10) ** 22 * x), 1.0, id="sin of 10**22"),
]


@pytest.mark.parametrize("function, derivative, x", KNOWN)
def test_the_enclosure_holds_what_mpmath_finds(function, derivative, x):
    found = certify(problem(function, x))
    assert isinstance(found, Truth)
    assert not found.is_kink
    with mpmath.workdps(120):
        known = mpmath.nstr(derivative(mpmath, mpmath.mpf(x)), 60)
    (enclosure,) = flat(found.entries)
    with truth_module.precision(400):
        reference = arb(known) * (1 + arb(0, 1e-58))  # mpmath's 60 digits as an interval
        assert enclosure.overlaps(reference)
        assert enclosure.rel_accuracy_bits() >= TIGHT


@pytest.mark.parametrize("function, derivative, x", KNOWN)
def test_a_number_that_is_off_by_1e_22_lies_outside(function, derivative, x):
    """The twin of the test above."""
    (enclosure,) = flat(certify(problem(function, x)).entries)
    with truth_module.precision(400):
        assert not enclosure.overlaps(enclosure.mid() * (1 + arb("1e-22")))


def test_a_gradient_of_several_arrays():
    w, x = np.array([[1.0, -2.0], [0.5, 3.0]]), np.array([0.3, 0.7])
    found = certify(problem(lambda w, x: np.sum((w @ x) ** 2), w, x))
    residual = w @ x
    expected = 2 * np.outer(residual, x), 2 * w.T @ residual
    for got, want in zip(found.floats(), expected):
        assert got == pytest.approx(want, rel=1e-15)
    assert [np.shape(e) for e in found.entries] == [(2, 2), (2,)]


def test_float32_arguments_are_taken_as_they_are():
    x = np.float32(0.1)
    (found,) = certify(problem(lambda x: x * x, x)).floats()
    assert found == 2 * float(x)


# ties: one-sided derivatives to the right and to the left
def branch(x):
    return x if x > 0 else 2 * x


KINKS = [
    pytest.param(lambda x: np.abs(x), (0.0,), [1.0], [-1.0], id="abs"),
    pytest.param(lambda x: np.maximum(x, 0), (0.0,), [1.0], [0.0], id="relu"),
    pytest.param(lambda x: np.where(x > 0, x, 0.01 * x), (0.0,), [1.0], [0.01], id="leaky relu by where"),
    pytest.param(branch, (0.0,), [1.0], [2.0], id="branch"),
    pytest.param(lambda x: np.sqrt(x * x), (0.0,), [1.0], [-1.0], id="root of a square"),
    pytest.param(lambda x: np.clip(x, 0.0, 1.0), (1.0,), [0.0], [1.0], id="clip at its bound"),
    pytest.param(lambda x: np.abs(x - 1) * 3, (1.0,), [3.0], [-3.0], id="abs elsewhere"),
    pytest.param(lambda x: np.abs(np.abs(x) - 1), (1.0,), [1.0], [-1.0], id="abs of abs"),
    pytest.param(lambda x, y: np.maximum(x, y), (1.0, 1.0), [1.0, 1.0], [0.0, 0.0], id="maximum"),
    pytest.param(lambda x, y: np.minimum(x, y), (1.0, 1.0), [0.0, 0.0], [1.0, 1.0], id="minimum"),
    pytest.param(lambda x: np.max(x), (np.array([2.0, 2.0, 1.0]),), [1.0, 1.0, 0.0], [0.0, 0.0, 0.0], id="max of a vector"),
    pytest.param(lambda x: np.sum(np.abs(x)), (np.array([0.0, -3.0]),), [1.0, -1.0], [-1.0, -1.0], id="one entry alone"),
    pytest.param(lambda x: np.hypot(x[0], x[1]), (np.zeros(2),), [1.0, 1.0], [-1.0, -1.0], id="a cone"),
]


@pytest.mark.parametrize("function, at, right, left", KINKS)
def test_at_a_kink_both_sides_are_given(function, at, right, left):
    found = certify(problem(function, *at))
    assert found.is_kink
    assert [float(e.mid()) for e in flat(found.entries)] == right
    assert [float(e.mid()) for e in flat(found.left)] == left
    assert found.how.endswith("and side")


SMOOTH = [
    pytest.param(lambda x: np.abs(x) ** 3, (0.0,), [0.0], id="cubed abs"),
    pytest.param(lambda x: x * np.abs(x), (0.0,), [0.0], id="x |x|"),
    pytest.param(lambda x: np.maximum(x, 0) ** 2, (0.0,), [0.0], id="squared relu"),
    pytest.param(lambda x: np.where(x > 0, x * x, -x * x), (0.0,), [0.0], id="where that joins smoothly"),
    pytest.param(lambda x: np.maximum(x, x), (1.0,), [1.0], id="maximum of the same"),
    pytest.param(lambda x: np.maximum(2 * x, x + x), (1.0,), [2.0], id="maximum of equals"),
    pytest.param(lambda x: np.where(x == 0, 1.0, np.sin(x) / np.where(x == 0, 1.0, x)), (0.0,), [0.0], id="sinc"),
    pytest.param(lambda x: np.where(x == 0, 0.0, x + x * x), (0.0,), [1.0], id="the function's derivative, not the branch's"),
    pytest.param(lambda x, y: np.maximum(x, y) + np.minimum(x, y), (1.0, 1.0), [1.0, 1.0], id="kinks that cancel"),
    pytest.param(lambda x: np.abs(x) * np.abs(x), (0.0,), [0.0], id="|x| squared"),
    pytest.param(lambda x: np.sqrt(x * x * x * x), (0.0,), [0.0], id="root of a fourth power"),
    pytest.param(lambda x, y: np.abs(x) * y, (0.0, 0.0), [0.0, 0.0], id="|x| y at the origin"),
]


@pytest.mark.parametrize("function, at, gradient", SMOOTH)
def test_ties_that_join_smoothly_are_no_kinks(function, at, gradient):
    found = certify(problem(function, *at))
    assert isinstance(found, Truth)
    assert not found.is_kink
    assert [float(e.mid()) for e in flat(found.entries)] == gradient


OFF_THE_AXES = [
    pytest.param(lambda x, y: np.abs(x - y) - np.abs(x + y), (0.0, 0.0), id="differences of absolute values"),
    pytest.param(lambda x, y: np.minimum(np.abs(x), np.abs(y)), (0.0, 0.0), id="zero on both axes"),
    pytest.param(lambda x, y: np.maximum(x * 0 + np.minimum(x, y), 0.0), (0.0, 0.0), id="zero but in one quadrant"),
]


@pytest.mark.parametrize("function, at", OFF_THE_AXES)
def test_a_kink_off_the_axes_is_seen(function, at):
    """All partial derivatives exist from both sides and agree, yet the function has no derivative."""
    found = certify(problem(function, *at))
    assert [float(e.mid()) for e in flat(found.entries)] == [float(e.mid()) for e in flat(found.left)]
    assert found.is_kink


def test_no_kink_is_seen_one_float_away():
    assert not certify(problem(lambda x: np.abs(x), 5e-324)).is_kink
    assert not certify(problem(lambda x, y: np.maximum(x, y), 1.0, np.nextafter(1.0, 2.0))).is_kink


@pytest.mark.parametrize("exponent", [2, 3, -2])
def test_a_power_of_what_cancels_to_a_ball_about_0(exponent):
    """FLINT's own power of such a ball, and of its series, is NaN."""

    def cancels(x, y):
        z = 1.0 / (1.0 + x**2)
        return (1.0 + (z - z)) ** exponent + (z - z) ** abs(exponent) + x

    found = certify(problem(cancels, 0.25, 0.25))
    assert [float(e.mid()) for e in flat(found.entries)] == pytest.approx([1.0, 0.0], abs=1e-300)


# many inputs
def net(x):
    return np.sum(np.tanh(x[1:] * x[:-1]) ** 2) + special.logsumexp(x)


def test_many_inputs_take_the_reverse_sweep_and_agree_with_the_forward_one(monkeypatch):
    asked = problem(net, np.linspace(-1.0, 1.5, FORWARD_LIMIT + 8))
    reverse = certify(asked)
    monkeypatch.setattr(truth_module, "FORWARD_LIMIT", 10**6)
    forward = certify(asked)
    assert reverse.how.startswith("reverse balls, checked along")
    assert forward.how == "Taylor series, one per input"
    assert all(a.overlaps(b) for a, b in zip(flat(reverse.entries), flat(forward.entries)))
    assert [a.tolist() for a in reverse.floats()] == [a.tolist() for a in forward.floats()]


@pytest.mark.parametrize("size, how", [(FORWARD_LIMIT, "Taylor series, one per input"), (FORWARD_LIMIT + 1, "reverse balls")])
def test_the_limit_between_the_two(size, how):
    assert certify(problem(net, np.linspace(-1.0, 1.5, size))).how.startswith(how)


def test_a_tie_among_many_inputs_takes_sides():
    x = np.linspace(-1.0, 1.0, FORWARD_LIMIT + 9)
    x[4] = 0.0
    found = certify(problem(lambda x: np.sum(np.abs(x)), x))
    assert found.is_kink
    assert float(flat(found.left)[4].mid()) == -1.0


def test_a_tie_among_too_many_is_refused():
    found = certify(problem(lambda x: np.sum(np.abs(x)), np.zeros(KINK_LIMIT + 1)))
    assert isinstance(found, Refused)
    assert found.reason.startswith(f"a tie at the point, and {KINK_LIMIT + 1} inputs are too many for one-sided derivatives")


# precision
def cancelling(x):
    """Its derivative is 2e150, the difference of two numbers near 2e300."""
    z = x * 1e150
    return (z + 1.0) ** 2 - z**2


def test_precision_is_raised_where_it_cancels():
    easy = certify(problem(lambda x: np.sin(x), 1.0))
    hard = certify(problem(cancelling, 1.0))
    assert easy.bits == truth_module.BITS
    assert hard.bits == 1024
    assert flat(hard.entries)[0].rel_accuracy_bits() >= TIGHT
    assert hard.floats()[0] == 2e150


def test_precision_that_does_not_reach_is_refused():
    found = certify(problem(cancelling, 1.0), cap=256)
    assert isinstance(found, Refused)
    assert found.reason == "an entry could not be enclosed tightly (up to 256 bits)"


def test_values_that_no_precision_tells_apart_are_taken_as_equal_and_said_to_be():
    """sin(x)**2 + cos(x)**2 > 1 can be settled at no precision."""
    found = certify(problem(lambda x: np.where(np.sin(x) ** 2 + np.cos(x) ** 2 > 1.0, x, 2 * x), 1.0), cap=512)
    assert found.how.endswith("values equal to 512 bits taken as equal")
    assert float(found.floats()[0]) == 2.0


def test_a_tie_of_inexact_values_has_two_sides():
    found = certify(problem(lambda x: np.max(np.tanh(x)), np.array([0.5, 0.5])), cap=256)
    assert found.is_kink
    assert "256 bits" in found.how


def test_a_rounding_to_whole_numbers_that_stays_open_is_refused_with_its_reason():
    found = certify(problem(lambda x: np.floor(np.sin(x) ** 2 + np.cos(x) ** 2) * x, 1.0), cap=512)
    assert isinstance(found, Refused)
    assert "a rounding to whole numbers cannot be settled" in found.reason


REFUSALS = [
    pytest.param(lambda x: np.sqrt(x), (0.0,), id="vertical tangent"),
    pytest.param(lambda x: np.log(x), (-1.0,), id="outside the domain"),
    pytest.param(lambda x: 1.0 / x, (0.0,), id="pole"),
    pytest.param(lambda x: np.cbrt(x), (0.0,), id="cube root at 0"),
]


@pytest.mark.parametrize("function, at", REFUSALS)
def test_what_has_no_derivative_is_refused(function, at):
    found = certify(problem(function, *at), cap=512)
    assert isinstance(found, Refused)
    assert len(found.reason) > 10


class Surprise(Exception):
    """Raised in the middle of a certification."""


@pytest.mark.parametrize("function, at", [*REFUSALS, pytest.param(lambda x: np.sin(x), (1.0,), id="nothing special")])
def test_flint_s_precision_is_put_back(function, at):
    before = flint.ctx.prec, flint.ctx.cap
    certify(problem(function, *at), cap=512)
    assert (flint.ctx.prec, flint.ctx.cap) == before


def test_flint_s_precision_is_put_back_after_an_exception(monkeypatch):
    before = flint.ctx.prec, flint.ctx.cap
    seen = []

    def fails(*given):
        seen.append(flint.ctx.prec)
        raise Surprise

    monkeypatch.setattr(truth_module, "_attempt", fails)
    with pytest.raises(Surprise):
        certify(problem(lambda x: np.sin(x), 1.0))
    assert seen == [truth_module.BITS] != [before[0]]
    assert (flint.ctx.prec, flint.ctx.cap) == before


def test_domains_do_not_matter():
    with_domain = certify(problem(lambda x: x * x, 1.0, domains={0: Real(low=0)}))
    assert with_domain.floats() == certify(problem(lambda x: x * x, 1.0)).floats()


@pytest.mark.parametrize(
    ("function", "factor"),
    [
        pytest.param(lambda x: np.sum(x * np.argmin(x)), 1, id="argmin"),
        pytest.param(lambda x: np.sum(x * np.argmax(x[None], axis=1, keepdims=True)), 2, id="an axis kept"),
        pytest.param(lambda x: np.sum(x * np.any(x > 0)), 1, id="any"),
    ],
)
def test_whole_numbers_that_decisions_give_are_factors(function, factor):
    """NumPy's own integers and truth values, times a ball or a series."""
    verdict = check(function, lambda x: np.full(3, float(factor)), at=(np.array([0.3, -0.2, 0.7]),))
    assert verdict.outcome == "right"
    assert check(function, lambda x: np.full(3, factor + 1.0), at=(np.array([0.3, -0.2, 0.7]),)).outcome == "wrong"
