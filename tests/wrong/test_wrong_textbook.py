"""Wrong forms in the textbook, on purpose: the judgement that compares forms with the records' rules rejects each."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradcheck.circuit import formulas as formulas_module
from gradcheck.primitives.textbook import MATRIX, TEXTBOOK

X, P = np.array([0.5, -1.2, 0.8]), np.array([0.5, 1.2, 0.8])
A, B = np.arange(1.0, 7.0).reshape(2, 3), np.array([[0.3, -1.0], [2.0, 0.7], [-0.4, 1.1]])
M = np.array([[2.0, 0.3, -1.0], [0.5, 1.5, 0.2], [-0.7, 0.1, 1.8]])
ROWS = np.vstack([X, 2.0 * P])
WRONG = [  # a record, the forms put into its place, a function that has the record in it, and where
    pytest.param("tanh", (("g * (1 + y**2)",),), np.tanh, (X,), id="tanh-sign"),
    pytest.param("tanh", (("g * (1 - y**2)", "g * (1 - x**2)"),), np.tanh, (X,), id="a-second-form"),
    pytest.param("tanh", (("g * (1 - y**2) * 1.0000001",),), np.tanh, (X,), id="slightly-off"),
    pytest.param("exp", (("g * np.exp(y)",),), np.exp, (X,), id="exp-of-the-result"),
    pytest.param("square", (("g * x",),), np.square, (X,), id="square-factor"),
    pytest.param("sqrt", (("g / y",),), np.sqrt, (P,), id="sqrt-factor"),
    pytest.param("absolute", (("g",),), np.abs, (X,), id="absolute-one-side"),
    pytest.param("divide", (("g / b",), ("g * a / b**2",)), np.divide, (X, P), id="divide-sign"),
    pytest.param("multiply", (("g * a",), ("g * b",)), np.multiply, (X, P), id="multiply-swapped"),
    pytest.param("power", (("g * b * a**(b - 1)",), ("g * y",)), np.power, (P, X), id="power-without-logarithm"),
    pytest.param("maximum", (("g * (a > b)",), ("g * (a > b)",)), np.maximum, (X, P - 1), id="maximum-same-branch"),
    pytest.param("arctan2", (("g * b / (a**2 + b**2)",), ("g * a / (a**2 + b**2)",)), np.arctan2, (X, P), id="arctan2-sign"),
    pytest.param("mean", (("G",),), lambda x: np.mean(x, axis=0), (ROWS,), id="mean-undivided"),
    pytest.param("prod", (("G * Y",),), lambda x: np.prod(x, axis=1), (ROWS,), id="prod-undivided"),
    pytest.param("max", (("G",),), lambda x: np.max(x, axis=1), (ROWS,), id="max-to-all"),
    pytest.param("var", (("G * 2 * x / n",),), lambda x: np.var(x, axis=0), (ROWS,), id="var-without-mean"),
    pytest.param("cumsum", (("np.cumsum(g, axis)",),), lambda x: np.cumsum(x, axis=1), (ROWS,), id="cumsum-forwards"),
    pytest.param("inv", (("-y @ g @ y",),), np.linalg.inv, (M,), id="inv-untransposed"),
    pytest.param("det", (("g * y * np.linalg.inv(x)",),), np.linalg.det, (M,), id="det-untransposed"),
    pytest.param((2, 2), (("g @ b",), ("a.T @ g",)), np.matmul, (M, M + 1), id="matmul-untransposed"),
    pytest.param((2, 2), (("b.T @ g",), ("a.T @ g",)), np.matmul, (M, M + 1), id="matmul-swapped"),
    pytest.param((2, 1), (("np.outer(b, g)",), ("a.T @ g",)), np.matmul, (M, X), id="matmul-outer-swapped"),
]
UNFIT = [
    pytest.param((2, 2), (("g @ b",), ("a.T @ g",)), np.matmul, (A, B), id="matmul-unfit"),
    pytest.param("tanh", (("g[:2]",),), np.tanh, (X,), id="too-short"),
    pytest.param("tanh", (("g * z",),), np.tanh, (X,), id="unknown-name"),
]
Judgement = Callable[..., int]


@pytest.fixture
def forms_give_the_rule(root: Path, monkeypatch: pytest.MonkeyPatch) -> Judgement:
    """The judgement of the textbook's own test."""
    monkeypatch.syspath_prepend(root / "tests" / "unit")
    judgement: Judgement = import_module("test_textbook").forms_give_the_rule
    return judgement


def table_of(record: Any) -> tuple[Any, str]:
    return (TEXTBOOK, record) if isinstance(record, str) else (MATRIX, "matmul")


@pytest.mark.parametrize(("record", "forms", "function", "arguments"), WRONG)
def test_a_wrong_form_is_rejected(monkeypatch, forms_give_the_rule, record, forms, function, arguments) -> None:
    table, name = table_of(record)
    assert forms_give_the_rule(name, function, arguments) > 0
    monkeypatch.setitem(table, record, forms)
    with pytest.raises(AssertionError):
        forms_give_the_rule(name, function, arguments)


@pytest.mark.parametrize(("record", "forms", "function", "arguments"), UNFIT)
def test_a_form_that_does_not_fit_is_not_passed_over(monkeypatch, forms_give_the_rule, record, forms, function, arguments) -> None:
    table, name = table_of(record)
    monkeypatch.setitem(table, record, forms)
    with pytest.raises((ValueError, NameError)):
        forms_give_the_rule(name, function, arguments)


def test_a_record_without_forms_is_counted_as_none(monkeypatch, forms_give_the_rule) -> None:
    monkeypatch.delitem(TEXTBOOK, "tanh")
    assert forms_give_the_rule("tanh", np.tanh, (X,)) == 0


def test_a_variance_that_forgets_ddof_is_rejected(monkeypatch, forms_give_the_rule) -> None:
    inlined = formulas_module._inlined
    forgetful = lambda form, primitive, types, params, position: inlined(
        form, primitive, types, {k: v for k, v in params.items() if k != "ddof"}, position
    )
    monkeypatch.setattr(formulas_module, "_inlined", forgetful)
    with pytest.raises(AssertionError):
        forms_give_the_rule("var", lambda x: np.var(x, axis=1, ddof=1), (ROWS,))


def test_rules_of_one_matrix_do_not_fit_a_stack(monkeypatch, forms_give_the_rule) -> None:
    monkeypatch.setattr(formulas_module, "OF_MATRICES", ())
    with pytest.raises(AssertionError):
        forms_give_the_rule("inv", np.linalg.inv, (np.stack([M, M + 1, M.T]),))
