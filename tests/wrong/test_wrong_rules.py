"""Wrong rules, on purpose: each must fail its proof, show in floats, and be caught by the cross-check of the truth."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from gradcheck import trace
from gradcheck.circuit import rules
from gradcheck.gradients.method import problem_of
from gradcheck.gradients.tape import Tape
from gradcheck.gradients.truth import certify
from gradcheck.primitives import BY_NAME, Primitive
from gradcheck.primitives.record import sum_to
from gradcheck.verdicts.judge import judge, standard
from gradcheck.verdicts.proof import agreement, prove


def unary(name: str, rule) -> Primitive:
    """The record with another rule for its one operand."""
    return replace(BY_NAME[name], adjoint=lambda position, g, y, inputs, params: rule(g, y, *inputs))


def binary(name: str, first, second, *, stretched: bool = True) -> Primitive:
    """The record with other rules; without `stretched`, broadcasting is not undone."""

    def adjoint(position, g, y, inputs, params):
        part = (first, second)[position](g, y, *inputs)
        return sum_to(part, np.shape(inputs[position])) if stretched else part

    return replace(BY_NAME[name], adjoint=adjoint)


def array(name: str, rule) -> Primitive:
    return replace(BY_NAME[name], adjoint=lambda position, g, y, inputs, params: rule(position, g, y, inputs, params))


def original(name: str):
    return BY_NAME[name].adjoint


WRONG = [
    pytest.param(unary("tanh", lambda g, y, x: g * (1.0 + y * y)), id="tanh-sign"),
    pytest.param(unary("tanh", lambda g, y, x: g * (1.0 - x * x)), id="tanh-of-input"),
    pytest.param(unary("sin", lambda g, y, x: -g * np.cos(x)), id="sin-sign"),
    pytest.param(unary("exp", lambda g, y, x: g * y * 1.0000001), id="exp-slightly-off"),
    pytest.param(unary("exp", lambda g, y, x: g), id="exp-forgotten"),
    pytest.param(unary("exp2", lambda g, y, x: g * (y * 0.6931471805599453)), id="exp2-rounded-constant"),
    pytest.param(unary("sqrt", lambda g, y, x: g / y), id="sqrt-factor"),
    pytest.param(unary("square", lambda g, y, x: g * x), id="square-factor"),
    pytest.param(unary("log", lambda g, y, x: 1.0 / x), id="log-without-cotangent"),
    pytest.param(unary("absolute", lambda g, y, x: g), id="absolute-one-side"),
    pytest.param(unary("cbrt", lambda g, y, x: g / (3.0 * y * np.abs(y))), id="cbrt-wrong-below-zero"),
    pytest.param(unary("arccos", lambda g, y, x: g / np.sqrt((1.0 - x) * (1.0 + x))), id="arccos-sign"),
    pytest.param(unary("gammaln", lambda g, y, x: g * np.log(x)), id="gammaln-approximate"),
    pytest.param(unary("erf", lambda g, y, x: g * 1.1283791670955126 * np.exp(-x * x)), id="erf-rounded-constant"),
    pytest.param(unary("expit", lambda g, y, x: g * y * (1.0 + y)), id="expit-sign"),
    pytest.param(binary("multiply", lambda g, y, a, b: g * a, lambda g, y, a, b: g * b), id="multiply-swapped"),
    pytest.param(binary("subtract", lambda g, y, a, b: g, lambda g, y, a, b: g), id="subtract-sign"),
    pytest.param(binary("divide", lambda g, y, a, b: g / b, lambda g, y, a, b: -g * a / b), id="divide-power"),
    pytest.param(binary("power", lambda g, y, a, b: g * b * a ** (b - 1.0), lambda g, y, a, b: g * y), id="power-log-forgotten"),
    pytest.param(binary("maximum", lambda g, y, a, b: g, lambda g, y, a, b: g), id="maximum-to-both"),
    pytest.param(
        binary("maximum", lambda g, y, a, b: np.where(a < b, g, 0.0), lambda g, y, a, b: np.where(a > b, g, 0.0)), id="maximum-to-loser"
    ),
    pytest.param(binary("add", lambda g, y, a, b: g, lambda g, y, a, b: g, stretched=False), id="add-without-broadcasting"),
    pytest.param(
        binary("multiply", lambda g, y, a, b: g * b, lambda g, y, a, b: g * a, stretched=False), id="multiply-without-broadcasting"
    ),
    pytest.param(
        binary("arctan2", lambda g, y, a, b: g * b / (a * a + b * b), lambda g, y, a, b: g * a / (a * a + b * b)), id="arctan2-sign"
    ),
    pytest.param(binary("logaddexp", lambda g, y, a, b: g / 2.0, lambda g, y, a, b: g / 2.0), id="logaddexp-halves"),
    pytest.param(
        array(
            "matmul",
            lambda i, g, y, x, p: (
                original("matmul")(i, g, y, x, p)
                if len(x[0].shape) != 2 or len(x[1].shape) != 2
                else (np.matmul(g, x[1]) if i == 0 else np.matmul(x[0], g))
            ),
        ),
        id="matmul-untransposed",
    ),
    pytest.param(array("matmul", lambda i, g, y, x, p: original("matmul")(1 - i, g, y, x, p)), id="matmul-swapped"),
    pytest.param(array("sum", lambda i, g, y, x, p: g), id="sum-not-stretched"),
    pytest.param(array("sum", lambda i, g, y, x, p: np.broadcast_to(np.sum(g), x[0].shape)), id="sum-of-all-axes"),
    pytest.param(array("mean", lambda i, g, y, x, p: original("sum")(i, g, y, x, p)), id="mean-undivided"),
    pytest.param(array("var", lambda i, g, y, x, p: original("var")(i, g, y, x, {**p, "ddof": 0})), id="var-ddof-forgotten"),
    pytest.param(array("max", lambda i, g, y, x, p: original("mean")(i, g, y, x, p)), id="max-to-all"),
    pytest.param(array("prod", lambda i, g, y, x, p: original("sum")(i, g * y, y, x, p)), id="prod-undivided"),
    pytest.param(array("cumsum", lambda i, g, y, x, p: np.cumsum(g, axis=p["axis"])), id="cumsum-forwards"),
    pytest.param(array("cumprod", lambda i, g, y, x, p: g * y / x[0]), id="cumprod-diagonal"),
    pytest.param(array("transpose", lambda i, g, y, x, p: np.transpose(g, p["axes"])), id="transpose-not-inverted"),
    pytest.param(array("reshape", lambda i, g, y, x, p: g), id="reshape-not-undone"),
    pytest.param(array("concatenate", lambda i, g, y, x, p: original("concatenate")(0, g, y, x, p)), id="concatenate-always-first"),
    pytest.param(array("getitem", lambda i, g, y, x, p: np.broadcast_to(np.sum(g), x[0].shape)), id="getitem-everywhere"),
    pytest.param(array("softmax", lambda i, g, y, x, p: g * y * (1.0 - y)), id="softmax-diagonal"),
    pytest.param(array("logsumexp", lambda i, g, y, x, p: np.broadcast_to(np.sum(g), x[0].shape)), id="logsumexp-flat"),
    pytest.param(array("einsum", lambda i, g, y, x, p: 2.0 * original("einsum")(i, g, y, x, p)), id="einsum-doubled"),
    pytest.param(
        array(
            "outer",
            lambda i, g, y, x, p: np.matmul(g.T if i == 0 else g, x[1 - i].ravel()) if x[0].shape == x[1].shape else np.sum(g, axis=1 - i),
        ),
        id="outer-summed",
    ),
    pytest.param(array("sum", lambda i, g, y, x, p: np.roots(g)), id="cannot-be-traced"),
]


@pytest.mark.parametrize("record", WRONG)
def test_a_wrong_rule_fails_its_proof(record) -> None:
    proof = prove(record)
    assert proof.status == "failed"
    assert proof.detail.startswith("wrong on ")


@pytest.mark.parametrize("name", ["tanh", "multiply", "matmul", "sum", "softmax"])
def test_the_right_rule_in_the_same_clothes_passes(name) -> None:
    assert prove(replace(BY_NAME[name], adjoint=original(name))).status == "proven"


def test_a_counterexample_names_operand_point_and_both_values() -> None:
    found = prove(unary("square", lambda g, y, x: g * x)).counterexample
    assert (found.operand, set(found.point)) == (0, {"x", "g"})
    assert float(found.derivative) == pytest.approx(2 * float(found.rule))
    assert "the rule gives" in str(found)


def test_without_an_example_nothing_is_proven() -> None:
    assert prove(replace(BY_NAME["sum"], examples=())).status == "failed"


def test_a_rule_that_is_right_on_one_piece_only_is_found_on_the_other() -> None:
    proof = prove(unary("absolute", lambda g, y, x: g))
    assert [(p.where, p.status) for p in proof.pieces] == [("x > 0", "proven"), ("x < 0", "failed")]


@pytest.mark.parametrize("name", ["sin", "absolute", "multiply"])
def test_a_record_that_claims_to_be_flat_and_is_not_fails(name) -> None:
    assert prove(replace(BY_NAME[name], adjoint=None)).status == "failed"


def test_where_sympy_cannot_simplify_points_and_balls_decide_and_are_not_called_proofs() -> None:
    from gradcheck.verdicts.proof import engine

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "simplified_to_zero", lambda difference: None)
        assert prove(BY_NAME["tanh"]).status == "exact at random rational points"
        assert prove(unary("tanh", lambda g, y, x: g * (1.0 + y * y))).status == "failed"
        patch.setattr(engine, "_compared", lambda *arguments: False)
        assert prove(BY_NAME["tanh"]).status == "certified"
        wrong = prove(unary("tanh", lambda g, y, x: g * (1.0 + y * y)))
        assert (wrong.status, wrong.counterexample is not None) == ("failed", True)


CANCELLING = [  # right on paper, wrong in floats where the record says that bugs live
    pytest.param(unary("tanh", lambda g, y, x: g * (1.0 - y * y)), "tail", id="tanh"),
    pytest.param(unary("expit", lambda g, y, x: g * (y * (1.0 - y))), "tail", id="expit"),
    pytest.param(unary("expm1", lambda g, y, x: g * (y + 1.0)), "tail", id="expm1"),
    pytest.param(unary("arctan", lambda g, y, x: g / (1.0 + x * x)), "tail", id="arctan"),
    pytest.param(unary("arcsinh", lambda g, y, x: g / np.sqrt(1.0 + x * x)), "tail", id="arcsinh"),
]


@pytest.mark.parametrize(("record", "kind"), CANCELLING)
def test_a_rule_that_cancels_is_proven_and_still_disagrees_in_floats(record, kind) -> None:
    assert prove(record).status == "proven"
    assert kind in {a.kind for a in agreement(record) if a.outcome == "differs"}


@pytest.mark.parametrize(
    ("record", "point"),
    [
        pytest.param(unary("absolute", lambda g, y, x: g * np.where(x == 0, 2.0, np.sign(x))), (0.0,), id="absolute"),
        pytest.param(binary("maximum", *[lambda g, y, a, b: np.where(a == b, -g, 0.0)] * 2), (1.0, 1.0), id="maximum"),
    ],
)
def test_a_rule_outside_the_one_sided_derivatives_is_found_at_the_kink(record, point) -> None:
    assert "differs" in {a.outcome for a in agreement(record) if a.point == point}


@contextlib.contextmanager
def planted(name: str, rule) -> Iterator[None]:
    """The table itself with a wrong rule, put right again afterwards."""
    record = BY_NAME[name]
    right = record.adjoint
    try:
        object.__setattr__(record, "adjoint", lambda position, g, y, inputs, params: rule(position, g, y, inputs, params))
        rules._template.cache_clear()
        yield
    finally:
        object.__setattr__(record, "adjoint", right)
        rules._template.cache_clear()


PLANTED = [
    pytest.param("tanh", lambda i, g, y, x, p: g * (1.0 + y * y), lambda x: np.sum(np.tanh(x)), id="tanh"),
    pytest.param("multiply", lambda i, g, y, x, p: g * x[i], lambda x: np.sum(x * np.arange(1.0, 41.0)), id="multiply"),
    pytest.param("sum", lambda i, g, y, x, p: np.broadcast_to(2.0 * g, x[0].shape), lambda x: np.sum(x) ** 2, id="sum"),
    pytest.param("exp", lambda i, g, y, x, p: g * (y * (1.0 + 1e-15)), lambda x: np.sum(np.exp(x)), id="exp-by-an-ulp"),
]


@pytest.mark.parametrize(("name", "rule", "function"), PLANTED)
def test_the_cross_check_of_the_truth_catches_a_wrong_rule(name, rule, function) -> None:
    x = np.linspace(0.1, 1.0, 40)  # more inputs than get a Taylor series each
    certify(problem_of(function, (x,), (0,)))
    with planted(name, rule), pytest.raises(ArithmeticError, match="contradict each other: a rule is wrong"):
        certify(problem_of(function, (x,), (0,)))
    certify(problem_of(function, (x,), (0,)))


@pytest.mark.parametrize(("name", "rule", "function"), PLANTED[:3])
def test_a_wrong_tape_is_judged_wrong_where_the_truth_does_not_use_our_rules(name, rule, function) -> None:
    x = np.linspace(0.1, 1.0, 40)[:5]
    shorter = function if name != "multiply" else lambda x: np.sum(x * np.arange(1.0, 6.0))
    with planted(name, rule):
        posed = problem_of(shorter, (x,), (0,))
        truth = certify(posed)
        assert judge(Tape().gradient(posed).entries, standard(posed, truth)).outcome == "wrong"
    fresh = problem_of(shorter, (x,), (0,))
    assert judge(Tape().gradient(fresh).entries, standard(fresh, certify(fresh))).outcome == "right"


def test_planting_leaves_no_trace() -> None:
    before = trace(np.tanh, 0.5).gradient().source()
    with planted("tanh", lambda i, g, y, x, p: g), contextlib.suppress(ArithmeticError):
        assert trace(np.tanh, 0.5).gradient().source() != before
    assert trace(np.tanh, 0.5).gradient().source() == before
