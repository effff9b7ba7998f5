"""Looking where bugs live: what a search finds from an innocent point, what it leaves alone, and what it says it visited."""

from __future__ import annotations

import numpy as np
import pytest

from gradcheck import Case, DomainError, Real, UsageError, case, check
from gradcheck.circuit import trace
from gradcheck.verdicts.candidates import Candidate, edited, reshaped, space_of
from gradcheck.verdicts.coverage import hops, touches, values_at
from gradcheck.verdicts.driving import bisect, drive_of, root
from gradcheck.verdicts.search import BLACK_BOX, BUDGET, in_turn
from gradcheck.verdicts.verdict import written

X = np.array([0.3, -1.2, 2.0, 0.7])


def sigmoid(x):
    return np.sum(1 / (1 + np.exp(-x)))


def complement(x):
    s = 1 / (1 + np.exp(-x))
    return s * (1 - s)


def flat_tail(x):
    return np.where(x > 30, 0.0, both_tails(x))


def both_tails(x):
    e = np.exp(-np.abs(x))
    return e / (1 + e) ** 2


def branch_on_a_sum(x):
    total = np.sum(x)
    return total**2 if total < 5.3 else 10.6 * total - 28.09


def branch_on_a_sum_gradient(x):
    total = np.sum(x)
    return (2 * total if total < 5.3 else 10.6) + 0 * x


def elu(x):
    return np.sum(np.where(x > 0, x, np.expm1(np.minimum(x, 0))))


PLANTED = [  # function, right gradient, wrong gradient that is right at X
    pytest.param(lambda x: np.sum(np.abs(x)), np.sign, lambda x: x / np.abs(x), id="nan-at-a-kink"),
    pytest.param(lambda x: np.sum(x**0), lambda x: 0 * x, lambda x: np.where(x == 0, 1.0, 0.0), id="power-zero-at-zero"),
    pytest.param(np.max, lambda x: (x == x.max()) / np.sum(x == x.max()), lambda x: 1.0 * (x == x.max()), id="tie-of-max"),
    pytest.param(
        elu,
        lambda x: np.where(x > 0, 1.0, np.exp(np.minimum(x, 0))),
        lambda x: (x > 0) + (x <= 0) * np.exp(x),
        id="nan-of-the-branch-not-taken",
    ),
    pytest.param(sigmoid, both_tails, flat_tail, id="a-tail-cut-off"),
    pytest.param(np.prod, lambda x: np.array([np.prod(np.delete(x, i)) for i in range(4)]), lambda x: np.where(x == 0, 0.0, np.prod(x) / np.where(x == 0, 1.0, x)), id="zero-factor"),
    pytest.param(
        branch_on_a_sum, branch_on_a_sum_gradient, lambda x: 2 * np.sum(x) + 0 * x, id="other-branch",
    ),
    pytest.param(
        lambda x: np.sum(np.log1p((x - 0.7312) ** 2)),
        lambda x: 2 * (x - 0.7312) / (1 + (x - 0.7312) ** 2),
        lambda x: np.where(x == 0.7312, 1.0, 2 * (x - 0.7312) / (1 + (x - 0.7312) ** 2)),
        id="inner-zero",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("function", "right", "wrong"), PLANTED)
def test_what_hides_at_a_special_point_is_found(function, right, wrong) -> None:
    assert check(function, wrong, (X,)).ok
    found = check(function, wrong, (X,), search=True)
    assert found.outcome == "wrong", str(found)
    assert check(function, wrong, found.witness).outcome == "wrong"
    assert check(function, right, (X,), search=True).ok


def test_a_wrong_sign_on_half_a_line_is_found_in_a_product_too() -> None:
    def gradient(x, cotangent):
        return cotangent * np.where(x > -3.7, 2 * x, -2 * x)

    assert check(lambda x: x * x, gradient, (X,), vjp=True).ok
    assert check(lambda x: x * x, gradient, (X,), vjp=True, search=True).outcome == "wrong"
    assert check(lambda x: x * x, lambda x, cotangent: cotangent * 2 * x, (X,), vjp=True, search=True).outcome == "right"


def test_the_witness_can_be_pasted() -> None:
    found = check(np.max, lambda x: 1.0 * (x == x.max()), (X,), search=True)
    line = next(line for line in str(found).splitlines() if "at=" in line)
    point = eval(line.partition("at=")[2], {"np": np})
    assert np.array_equal(point[0], found.witness[0])
    assert np.sum(point[0] == point[0].max()) > 1


@pytest.mark.parametrize(
    "point",
    [
        pytest.param((np.array([0.1, -0.0]), 2.0, 3), id="several"),
        pytest.param((np.float64(0.1),), id="one-number"),
        pytest.param((np.array([[0.1]], dtype=np.float32), np.float32(0.1)), id="single-precision"),
    ],
)
def test_points_are_written_as_python_reads_them(point) -> None:
    read = eval(written(point), {"np": np})
    assert [np.asarray(a).tobytes() for a in read] == [np.asarray(a).tobytes() for a in point]
    assert [np.asarray(a).dtype for a in read] == [np.asarray(a).dtype for a in point]


def test_a_search_is_the_same_twice_and_bounded() -> None:
    first, second = (check(elu, lambda x: np.where(x > 0, 1.0, np.exp(np.minimum(x, 0))), (X,), search=True) for _ in range(2))
    assert first.points == second.points
    assert 20 < first.points <= BUDGET
    assert str(first) == str(second)


def test_without_a_search_nothing_is_said_of_coverage() -> None:
    verdict = check(np.max, lambda x: 1.0 * (x == x.max()), (X,))
    assert (verdict.coverage, verdict.points, verdict.witness) == (None, 0, None)


# coverage
def test_coverage_tells_the_users_points_from_those_of_the_search() -> None:
    verdict = check(lambda x: np.sum(np.abs(x)), np.sign, [(X,), (np.array([0.0, 1.0, 2.0, 3.0]),)], search=True)
    assert [(p.kind, p.standing) for p in verdict.coverage.points if p.hop.primitive == "absolute"] == [("kink", "own")]
    verdict = check(lambda x: np.sum(np.abs(x)), np.sign, (X,), search=True)
    (kink,) = verdict.coverage.searched
    assert kink in verdict.coverage.not_own
    assert "kink 0 [search only]" in str(verdict)


def test_what_was_reached_without_a_verdict_does_not_count_as_judged() -> None:
    verdict = check(lambda x: np.sum(np.sqrt(np.abs(x) + 0 * x)), lambda x: np.sign(x) / (2 * np.sqrt(np.abs(x))), (X,), search=True)
    edge = next(p for p in verdict.coverage.points if p.kind == "edge")
    assert edge.standing == "tried"
    assert edge in verdict.coverage.never


def test_a_wrong_point_of_the_users_ends_the_search() -> None:
    verdict = check(lambda x: np.sum(np.abs(x)), lambda x: 0 * x, (X,), search=True)
    assert (verdict.outcome, verdict.points, verdict.aim) == ("wrong", 0, "")
    assert np.array_equal(verdict.witness[0], X)
    assert [p.standing for p in verdict.coverage.points] == ["never"]


def test_hops_deep_inside_are_driven_to_their_special_points() -> None:
    def deep(x):
        return np.maximum(np.sin(x[0]) * 2, x[1] ** 3 + 0.1) + np.tanh(x[2] * 7) + np.abs(np.exp(x[3]) - 3)

    circuit = trace(deep, X)
    reached = set()
    for candidate in drive_of(circuit, space_of((X,), (0,), {}), 0).candidates():
        values = values_at(circuit, candidate.arguments)
        reached |= {(hop.primitive, s.kind) for hop, k, s in hops(circuit) if touches(circuit, k, s, values)}
    assert {("maximum", "tie"), ("tanh", "tail"), ("tanh", "zero")} <= reached
    assert any(abs(c.arguments[0][3] - np.log(3)) < 1e-9 for c in drive_of(circuit, space_of((X,), (0,), {}), 0).candidates())


# domains
def test_a_search_stays_in_the_domain() -> None:
    seen = []

    def right(x):
        seen.append(np.array(x))
        return 1 / x

    assert check(lambda x: np.sum(np.log(x)), right, (np.array([1.5, 2.5]),), search=True, domain={"x": Real(2, low=1, high=3)}).ok
    assert len(seen) > 10
    assert all(((x > 1 - 1e-2) & (x < 3 + 1e-2)).all() for x in seen)  # repeats at nearby points may step over by 2^-10


def test_a_case_is_searched_in_its_domains_and_a_domain_gives_points() -> None:
    posed = case(x=Real(3, low=0))(lambda x: np.sum(np.abs(x)))
    assert isinstance(posed, Case)
    assert check(posed, lambda x: x / np.abs(x), search=True).outcome == "right"
    assert check(lambda x: np.sum(np.abs(x)), np.sign, domain={"x": Real(3)}, search=True).outcome == "right"


def test_domains_that_do_not_fit_are_refused() -> None:
    with pytest.raises(UsageError, match="the function's arguments are x"):
        check(sigmoid, both_tails, (X,), domain={"y": Real(4)})
    with pytest.raises(DomainError, match="outside its domain"):
        check(lambda x: np.sum(x), np.ones_like, (X,), domain={"x": Real(4, low=0)})


# what is not rejected
def black_square(x):
    return float(np.sum(np.asarray(x, dtype=float) ** 2))


def test_an_untraceable_function_is_searched_without_hops() -> None:
    verdict = check(black_square, lambda x: 2 * x, (X,), search=True)
    assert (verdict.outcome, verdict.points, verdict.coverage.points) == ("right", BLACK_BOX, ())


def test_a_mistake_at_zero_of_an_untraceable_function_is_found() -> None:
    verdict = check(black_square, lambda x: 2 * x / x * x, (X,), search=True)
    assert (verdict.outcome, verdict.witness is not None) == ("wrong", True)


def angle(x):
    return np.arctan2(x[0], x[1]) + x[2]


PASSED = [
    pytest.param(sigmoid, complement, id="a tail without digits, far below those that count"),
    pytest.param(np.prod, lambda x: np.prod(x) / x, id="a product over an input: no number at 0"),
    pytest.param(angle, lambda x: np.append(x[1::-1] * [1, -1] / (x[0] ** 2 + x[1] ** 2), 1.0), id="squares overflow far out"),
    pytest.param(lambda x: np.sum(np.mod(x, 0.7)), lambda x: np.ones_like(x), id="jumps"),
]


@pytest.mark.parametrize("function, gradient", PASSED)
def test_what_a_right_gradient_may_do_at_a_point_nobody_asked_for(function, gradient) -> None:
    verdict = check(function, gradient, (np.array([0.3, -1.2, 2.0]),), search=True)
    assert verdict.ok, str(verdict)


def saturating(x):
    e = np.exp(x - np.max(x))
    return e / np.sum(e)


def saturating_back(x, g):
    s = saturating(x)
    return s * (g - g @ s)


def crelu(x):
    return np.concatenate([np.maximum(x, 0), np.maximum(-x, 0)])


def crelu_back(x, g):
    return g[: len(x)] * (x > 0) - g[len(x) :] * (x < 0)


@pytest.mark.parametrize(
    "function, product",
    [
        pytest.param(saturating, saturating_back, id="softmax saturates"),
        pytest.param(crelu, crelu_back, id="two outputs bend at one input"),
    ],
)
def test_products_that_are_right_are_not_rejected(function, product) -> None:
    verdict = check(function, product, (np.array([0.3, -1.2]),), vjp=True, search=True)
    assert verdict.ok, str(verdict)


FOUND = [
    pytest.param(np.tanh, lambda x, g: g * (1 + np.tanh(x)) * (1 - np.tanh(x)), id="an elementwise derivative without digits"),
    pytest.param(lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))), lambda x, g: g * np.where(x > 0, 1.0, np.expm1(np.minimum(x, 0)) + 1), id="cancellation in one tail"),
    pytest.param(np.abs, lambda x, g: g * x / np.abs(x), id="no number at a kink"),
    pytest.param(lambda x: x * np.arctan(x), lambda x, g: g * (np.arctan(x) + np.where(x < -5, 0.0, x / (1 + x * x))), id="a branch below -5"),
]  # fmt: skip


@pytest.mark.parametrize("function, product", FOUND)
def test_products_that_are_wrong_somewhere_are_found(function, product) -> None:
    point = (np.array([0.3, -1.2, 2.0, 0.4]),)
    assert check(function, product, point, vjp=True).ok
    assert check(function, product, point, vjp=True, search=True).outcome == "wrong"


def test_one_saturated_unit_among_others_is_a_remark() -> None:
    def gradient(x):
        return np.array([1 - np.tanh(x[0]) ** 2, 1.0])

    verdict = check(lambda x: np.tanh(x[0]) + x[1], gradient, (np.array([0.3, 0.4]),), search=True)
    assert (verdict.outcome, verdict.kinds) == ("right", ("precision",))
    assert "x[0] loses digits" in verdict.diagnosis[0].message
    point = eval(verdict.diagnosis[0].message.partition("at=")[2], {"np": np})
    assert check(lambda x: np.tanh(x[0]) + x[1], gradient, point).outcome == "wrong"


def test_what_the_function_refuses_elsewhere_is_passed_over() -> None:
    def strict(x):
        if np.any(x > 3):
            raise RuntimeError("never asked")
        return np.sum(x * x)

    assert check(strict, lambda x: 2 * x, (X,), search=True).outcome == "right"


def test_a_claim_that_raises_on_arithmetic_is_wrong_there() -> None:
    def gradient(x):
        return 3 * x * x + 0.0 / float(x)

    found = check(lambda x: x * x * x, gradient, (1.5,), search=True)
    assert (found.outcome, found.kinds) == ("wrong", ("raises",))


def test_axes_of_length_one_are_tried_where_the_claim_is_seen_to_be_general() -> None:
    def centred(x):
        return np.sum((x - np.mean(x, axis=0)) ** 2 * x)

    def gradient(x):
        d = x - np.mean(x, axis=0)
        return d**2 + 2 * d * x - 2 * np.mean(d * x, axis=0) + (0.0 if len(x) > 1 else 1.0)

    x = np.array([[0.3, 1.1], [-0.4, 2.0], [0.9, 0.5]])
    assert check(centred, gradient, (x,), search=True).aim == "axis of length 1"
    fixed = check(lambda x: np.mean(x), lambda x: np.ones(3) / 3, (np.array([0.3, 1.0, 2.0]),), search=True)
    assert fixed.outcome == "right"  # written for its own shape, and never claimed for another
    assert reshaped((x, 2), (0,), 3, 1)[0].shape == (1, 2)
    assert reshaped((x, 2), (0,), 7, 1) is None


# parts
def test_edits_reach_zeros_ties_tails_and_keep_the_type() -> None:
    points = [c.arguments[0] for c in edited(space_of((X.astype(np.float32),), (0,), {}), 0)]
    assert all(p.dtype == np.float32 and p.shape == (4,) for p in points)
    assert any((p == 0).all() for p in points)
    assert any(len(set(p.tolist())) == 1 for p in points)
    assert any(np.abs(p).max() == 800 for p in points)


@pytest.mark.parametrize(
    ("h", "zero"),
    [
        pytest.param(lambda t: 2 * t - 5, 2.5, id="linear"),
        pytest.param(lambda t: np.exp(t) - 3, np.log(3), id="curved"),
        pytest.param(lambda t: 1.0 if t > 1.7 else -1.0, 1.7, id="step"),
        pytest.param(lambda t: t * t + 1, None, id="none"),
        pytest.param(lambda t: float("nan"), None, id="not-a-number"),
    ],
)
def test_roots(h, zero) -> None:
    found = root(h, 0.3)
    assert found is None if zero is None else found == pytest.approx(zero, rel=1e-12)


def test_bisection_ends_at_neighbouring_floats() -> None:
    a, b = bisect(lambda t: t < 0.1, 0.0, 1.0)
    assert a < 0.1 <= b
    assert b - a < 1e-16


def test_sources_take_turns() -> None:
    a, b = (iter([Candidate((n,), str(n)) for n in ns]) for ns in ([1, 2, 3], [10]))
    assert [c.arguments[0] for c in in_turn(a, b)] == [1, 10, 2, 3]


def test_a_search_looks_next_to_the_ends_of_a_domain() -> None:
    def gradient(x):
        return np.where(x > 2.99, 0.0, 1 / x)

    verdict = check(lambda x: np.sum(np.log(x)), gradient, (np.array([1.5, 2.5]),), search=True, domain={"x": Real(2, low=1, high=3)})
    assert (verdict.outcome, verdict.aim) == ("wrong", "across the domain")
