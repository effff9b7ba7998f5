"""Wrong sources, on purpose: what is written is judged before it is handed out, and a slip in it is refused."""

from __future__ import annotations

import ast

import numpy as np
import pytest

from gradcheck import GradientError, load_cases, write_backward
from gradcheck.codegen import bodies, elementwise, expressions, parts, shapes
from gradcheck.codegen.dialects import NUMPY
from gradcheck.codegen.numpy_module import Written
from gradcheck.codegen.verify import WrongValueError

right_source = Written.source


@pytest.fixture(scope="module")
def cases(root):
    return load_cases(root / "cases")


def planted(monkeypatch, old, new):
    """Every source with one piece of its text exchanged."""

    def source(self, found=None, *, test=False):
        text = right_source(self, found, test=test)
        assert old in text
        return text.replace(old, new)

    monkeypatch.setattr(Written, "source", source)


SLIPS = [
    pytest.param("rosenbrock", "dx[1:] += t1", "dx[1:] -= t1", id="sign"),
    pytest.param("rosenbrock", "dx[1:] += t1", "dx[1:] = t1", id="overwritten"),
    pytest.param("rosenbrock", "200 * (x[1:] - x[:-1] ** 2)", "200 * x[1:] - x[:-1] ** 2", id="brackets lost"),
    pytest.param("himmelblau", "2 * (x + y**2 - 7)", "2 * x + y**2 - 7", id="brackets lost in a factor"),
    pytest.param("quadratic_form", "x @ A + A @ x", "x @ A + x @ A", id="transposed"),
    pytest.param("quadratic_form", "dx = x @ A + A @ x", "dx = x @ A", id="term dropped"),
    pytest.param("relu_network", "np.where(z > 0, da", "np.where(z < 0, da", id="the other side"),
    pytest.param("relu_network", "return dW1, dz, dW2, dh", "return dW1, dz, dW2, -dh", id="sign of one part"),
    pytest.param("relu_network", "return dW1, dz, dW2, dh", "return dW1, dz, dW2", id="part missing"),
    pytest.param("embedding_lookup", "np.add.at(dtable, rows, ", "dtable[rows] += (", id="repeats lost"),
    pytest.param("log_sum_exp_of_large", "x - m", "x", id="overflow"),
]


@pytest.mark.parametrize(("name", "old", "new"), SLIPS)
def test_a_slip_in_what_is_written_is_refused(cases, monkeypatch, name, old, new):
    planted(monkeypatch, old, new)
    with pytest.raises(GradientError, match="wrong"):
        write_backward(cases.named(name))


def test_the_same_sources_without_a_slip_are_written(cases):
    for name in ("himmelblau", "embedding_lookup"):
        assert f"def {name}_gradient(" in write_backward(cases.named(name))


def test_a_wrong_value_beside_a_right_gradient_is_refused(cases, monkeypatch):
    planted(monkeypatch, "return left * right, ", "return left + right, ")
    with pytest.raises(WrongValueError, match="diamond: the written function gives"):
        write_backward(cases.named("diamond"), value=True)


def test_a_wrong_line_in_a_dialect_is_refused(cases, monkeypatch):
    monkeypatch.setitem(NUMPY.table, "cosh", "np.sinh(_0)")
    with pytest.raises(GradientError, match="wrong"):
        write_backward(cases.named("elementwise_map"))


def test_a_sign_taken_away_that_was_not_there_is_refused(cases, monkeypatch):
    monkeypatch.setattr(elementwise, "without_sign", lambda node: node if isinstance(node, ast.BinOp) else None)
    with pytest.raises(GradientError, match="wrong"):
        write_backward(cases.named("diamond"))


def test_a_slip_in_what_holds_for_any_size_leaves_what_holds_for_one(cases, monkeypatch):
    def source(self, found=None, *, test=False):
        return right_source(self, found, test=test).replace("/ len(x)", "/ len(gamma)")

    monkeypatch.setattr(Written, "source", source)
    text = write_backward(cases.named("batch_normalisation"))
    assert "is written for x of shape [4, 2]" in text
    assert "/ 4" in text


def test_a_branch_that_is_not_asserted_is_found_at_the_other_points(cases, monkeypatch):
    monkeypatch.setattr(parts, "_branch_checks", lambda general, what: [[] for _ in general.body.guards])
    with pytest.raises(GradientError, match="wrong"):
        write_backward(cases.named("branching_program"))


def test_sizes_taken_for_free_where_they_are_not_are_taken_back(cases, monkeypatch):
    """Statements of one size handed out for any: the judge at the case's own points sees them, and they are written for one size."""
    monkeypatch.setattr(bodies.Body, "text", property(lambda self: ""))
    monkeypatch.setattr(bodies, "_unbranched", lambda subject, sizes, plain: sizes)
    text = write_backward(cases.named("ladder"))
    assert "is written for x of shape [5]" in text


def test_brackets_are_needed():
    """Filling by text, the way that loses them, gives another value; filling by trees does not."""
    a, b, c = 2.0, 3.0, 5.0
    tree = expressions.text_of(expressions.fill("_0 * _1", [expressions.parse("a - b"), expressions.parse("c")]))
    assert eval(tree) == (a - b) * c
    assert eval("_0 * _1".replace("_0", "a - b").replace("_1", "c")) != (a - b) * c


def test_a_long_line_broken_into_another_is_not_taken(monkeypatch):
    """Where breaking a line would change what it says, the line stays long."""
    node = expressions.parse("a - (b - c)")
    monkeypatch.setattr(expressions, "laid_out", lambda *given: ["    x = (", "        a", "        - b", "        - c", "    )"])
    assert expressions.assignment("x", node) == ["    x = a - (b - c)"]


def test_axes_that_only_seem_free_are_held_together(monkeypatch):
    """Were labels and rows taken for free of each other, the statements would fail at sizes that differ, and hold for one size alone."""

    def picked(x, labels):
        return np.sum(x[np.arange(len(labels)), labels] ** 2)

    at = (np.arange(12.0).reshape(4, 3), np.array([0, 2, 1, 0]))
    assert "Shapes: x [n, m], labels [n]." in write_backward(picked, at)
    apart = shapes.Sizes((((0, 0),), ((0, 1),), ((1, 0),)))
    monkeypatch.setattr(bodies, "sizes_of", lambda subject, point: apart)
    assert "labels [n]." not in write_backward(picked, at)
