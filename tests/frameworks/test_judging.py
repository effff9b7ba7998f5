"""Judging gradients of a framework: the core, with a toy framework. Needs no other package."""

from __future__ import annotations

import numpy as np
import pytest
from toy_framework import beside_a_kink, point, toy

from gradcheck import UsageError
from gradcheck.diagnosis.finding import Finding
from gradcheck.frameworks.judging import judge
from gradcheck.frameworks.subject import coarsest, joined, needed
from gradcheck.precision import BFLOAT16, FLOAT16, FLOAT32, FLOAT64, PRECISIONS

X = (0.7, -1.3, 2.1, -0.2)
EVERY = [pytest.param(p, id=name) for name, p in PRECISIONS.items()]


def right(x, g):
    return g / np.cosh(x) ** 2


@pytest.mark.parametrize("precision", EVERY)
@pytest.mark.parametrize("twin", [np.tanh, None], ids=["certified", "black-box"])
def test_right_gradients_are_right_in_every_precision(precision, twin):
    verdict = judge(toy(np.tanh, right, twin=twin, precision=precision), point(X, precision=precision))
    assert verdict.outcome == "right", verdict
    assert (precision.name in verdict.reason) and ("differences" in verdict.reason) == (twin is None)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("precision", [pytest.param(p, id=str(p)) for p in (FLOAT32, FLOAT16, BFLOAT16)])
def test_sums_that_cancel_are_no_mistakes_of_narrow_types(precision, seed):
    """A softmax's gradient is a difference of nearly equal numbers; the toy rounds its result only, the noise is at every step."""
    x = np.random.default_rng(seed).normal(size=6) * 3

    def softmax(x):
        e = np.exp(x - np.max(x))
        return e / np.sum(e)

    def pulled(x, g, rounded):
        y = rounded(softmax(x))
        return y * (g - np.sum(g * y))

    assert judge(toy(softmax, pulled, twin=softmax, precision=precision, inside=True), point(x, precision=precision)).ok


@pytest.mark.parametrize("precision", [pytest.param(p, id=str(p)) for p in (FLOAT32, BFLOAT16)])
def test_a_search_stays_among_the_numbers_of_the_type(precision):
    found = judge(toy(np.tanh, right, twin=np.tanh, precision=precision), point(X, precision=precision), search=True)
    assert found.ok and found.points > 3
    clipped = toy(lambda x: np.maximum(x, 0.0), lambda x, g: g, twin=lambda x: np.maximum(x, 0.0), precision=precision)
    wrong = judge(clipped, point((0.5, 1.5), precision=precision), search=True)
    assert wrong.outcome == "wrong" and wrong.witness is not None
    assert np.array_equal(precision.round(wrong.witness[0]), wrong.witness[0])


def test_subnormal_numbers_are_no_mistakes():
    def bell(x):
        return np.exp(-0.5 * x * x)

    def pulled(x, g, rounded):
        return -g * x * rounded(bell(x))

    assert judge(toy(bell, pulled, twin=bell, precision=FLOAT16, inside=True), point((5.5, -6.0), precision=FLOAT16)).outcome == "right"


def test_the_mistake_is_named_in_every_precision():
    for precision in PRECISIONS.values():
        verdict = judge(toy(np.tanh, lambda x, g: 2 * right(x, g), twin=np.tanh, precision=precision), point(X, precision=precision))
        assert verdict.kinds[0] == "factor", verdict


def test_a_twin_that_we_made_and_that_is_another_function_is_not_used():
    verdict = judge(toy(np.tanh, right, twin=np.sin, origin="read"), point(X))
    assert verdict.outcome == "right"
    assert "gives" in verdict.reason and "differences" in verdict.reason


def test_a_twin_that_froze_a_value_is_found_out_nearby():
    frozen = np.tanh(np.array(X))
    verdict = judge(toy(np.tanh, right, twin=lambda x: frozen + 0 * x, origin="read"), point(X))
    assert verdict.outcome == "right" and "differences" in verdict.reason


def test_a_twin_that_cannot_be_followed_is_not_used():
    verdict = judge(toy(np.tanh, right, twin=lambda x: np.array([float(v) for v in np.tanh(x)])), point(X))
    assert verdict.outcome == "right" and "cannot be followed" in verdict.reason


def test_scalar_results_several_arguments_and_data():
    def f(w, x, n):
        return n * np.sum(w * x)

    subject = toy(f, lambda w, x, n, g: (g * n * x, g * n * w), twin=f, arguments=("w", "x", "n"))
    at = (np.array([1.0, 2.0]), np.array([0.5, -1.5]), np.array(3))
    assert judge(subject, at, argnums=(0, 1)).outcome == "right"
    assert judge(subject, [at, at], argnums=1).outcome == "right"
    assert judge(subject, at, argnums=subject.arguments[1]).labels == judge(subject, at, argnums=1).labels
    assert judge(subject, at, argnums=(0, 1), search=True).coverage is not None


def test_what_breaks_the_contract_is_wrong_whatever_its_values():
    found = (Finding("mutates-cotangent", "it changes what comes in"),)
    verdict = judge(toy(np.tanh, right, twin=np.tanh, contract=lambda at, argnums: found), point(X))
    assert verdict.outcome == "wrong" and verdict.kinds == ("mutates-cotangent",)


def test_remarks_come_with_wrong_verdicts_only():
    remark = {"remark": lambda at, argnums: (Finding("none", "it gives None"),)}
    assert "none" in judge(toy(np.tanh, lambda x, g: 0 * x, twin=np.tanh, **remark), point(X)).kinds
    assert judge(toy(np.tanh, right, twin=np.tanh, **remark), point(X)).findings == ()


def test_rounding_that_decides_a_branch_is_undecided():
    """In float16 the toy may be on the other side of the kink than exact arithmetic: its gradient is then no mistake."""

    assert judge(beside_a_kink(), point((1.0, 1.0009765625), precision=FLOAT16)).outcome == "undecided"


def test_a_mistake_beside_such_a_branch_is_found_in_float64():
    at = point((1.0, 1.0009765625), precision=FLOAT16)
    found = judge(beside_a_kink(factor=2.0), at)
    assert found.outcome == "wrong" and found.reason.startswith(
        "rounding may decide a branch in float16, but its formula is wrong in float64"
    )


def test_nonsense_is_refused_in_one_line():
    subject = toy(np.tanh, right, twin=np.tanh)
    for at, options, message in [
        ((np.array([1, 2]),), {}, "nothing to differentiate"),
        (point(X), {"argnums": 3}, "argnums=3"),
        (point(X), {"argnums": "q"}, "no argument is called 'q'"),
        ([], {}, "no point"),
    ]:
        with pytest.raises(UsageError, match=message):
            judge(subject, at, **options)


def test_a_missing_framework_gives_one_line():
    with pytest.raises(UsageError, match=r'^check_torch needs PyTorch: pip install "gradcheck\[torch\]"$'):
        needed("no_such_module", "check_torch", "PyTorch", "gradcheck[torch]")


def test_results_are_joined_end_to_end():
    assert joined((np.ones((2, 2)), 3.0, [np.zeros(1)])).tolist() == [1, 1, 1, 1, 3, 0]
    assert joined((np.ones(2),)).tolist() == [1, 1]
    assert coarsest([FLOAT64, BFLOAT16, FLOAT32]) is BFLOAT16 and coarsest([]) is FLOAT64


@pytest.mark.parametrize(("precision", "numpy"), [(FLOAT64, np.float64), (FLOAT32, np.float32), (FLOAT16, np.float16)], ids=str)
def test_precisions_round_as_numpy_does(precision, numpy):
    info, rng = np.finfo(numpy), np.random.default_rng(0)
    assert (precision.eps, precision.max) == (info.eps, info.max)
    assert (precision.smallest_normal, precision.smallest_subnormal) == (info.smallest_normal, info.smallest_subnormal)
    x = np.concatenate([rng.normal(size=200) * 10.0 ** rng.integers(-9, 9, 200), [0.0, -0.0, np.inf, -np.inf, np.nan]])
    with np.errstate(over="ignore"):
        assert np.array_equal(precision.round(x), x.astype(numpy).astype(precision.carrier), equal_nan=True)


def test_bfloat16_is_the_upper_half_of_float32():
    x = np.random.default_rng(0).normal(size=200).astype(np.float32)
    bits = x.view(np.uint32)
    even = ((bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000).view(np.float32)
    assert np.array_equal(BFLOAT16.round(x), even)
    assert BFLOAT16.round(3.4e38) == np.inf
