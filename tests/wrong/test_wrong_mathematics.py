"""Derivations that are wrong, on purpose: each is told by what tells right ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from reading import read

from gradcheck import trace
from gradcheck.circuit import Floats, interpret
from gradcheck.derivation.algebra import evaluate, parse
from gradcheck.derivation.chain import chain_of
from gradcheck.derivation.hop_formulas import Formulas
from gradcheck.derivation.hops import derive
from gradcheck.derivation.judging import discrepancies
from gradcheck.rendering.mathematics import writer
from gradcheck.rendering.mathematics.names import Names
from gradcheck.rendering.mathematics.writer import BASE, Piece, Writer

FORMULAS = ("x * (h - x)", "-(x - h)", "(x + h) ** 2", "(x ** 2) ** h", "x - (h - 1)", "(x * h) ** 3", "2 * np.sin(x + 1) * h")


def told_apart(formulas=FORMULAS) -> list[str]:
    """Formulas that do not read back."""
    values = {"x": 0.7, "h": 1.6}
    wrong = []
    for formula in formulas:
        latex = Writer({n: Piece(n, BASE) for n in values}).write(parse(formula)).latex
        try:
            found = read(latex, values)
        except ValueError:
            found = np.nan
        if not np.isclose(found, evaluate(formula, values)):
            wrong.append(formula)
    return wrong


def test_the_right_writer_reads_back():
    assert told_apart() == []


def test_a_writer_without_brackets_is_caught(monkeypatch):
    monkeypatch.setattr(Piece, "fit", lambda self, need: self.latex)
    assert len(told_apart()) >= 6


@pytest.mark.parametrize("level", ["SUM", "FACTOR"])
def test_a_writer_with_one_level_mistaken_is_caught(monkeypatch, level):
    monkeypatch.setattr(writer, level, BASE)
    assert told_apart()


def test_functions_that_swallow_their_neighbour_are_caught(monkeypatch):
    monkeypatch.setattr(
        Piece, "fit", lambda self, need: self.latex if self.tight else self.latex if self.level >= need else f"\\left({self.latex}\\right)"
    )
    assert told_apart(["np.sin(x) * h", "np.tanh(h) ** 2"]) != []


def net(W, b, u):
    z = W @ u + b
    a = np.tanh(z)
    return a[0] * a[1] + np.sum(a * a)


POINT = (np.array([[0.3, -0.5], [0.8, 0.2]]), np.array([0.1, -0.4]), np.array([1.1, -0.7]))


@pytest.fixture
def derived():
    circuit = trace(net, *POINT, argnums=(0, 1, 2))
    derivation = derive(circuit, POINT)
    gradient = dict(zip((n for n, _ in derivation.totals), interpret(circuit.gradient(value=False), Floats(), POINT), strict=True))
    return chain_of(circuit, derivation), gradient


def changed(chain, old: str, new: str):
    """The chain with one formula written otherwise."""
    assert sum(old in line.formula for line in chain.lines()) >= 1, [line.formula for line in chain.lines()]
    parts = tuple(replace(p, lines=tuple(replace(line, formula=line.formula.replace(old, new)) for line in p.lines)) for p in chain.parts)
    return replace(chain, parts=parts)


def test_the_right_chain_holds(derived):
    assert discrepancies(*derived) == ()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("1 - _v5 ** 2", "1 + _v5 ** 2", id="wrong-local-derivative"),
        pytest.param("np.outer(_d3, _v2)", "np.outer(_v2, _d3)", id="lemma-1-transposed"),
        pytest.param("_v0.T @ _d3", "_v0 @ _d3", id="lemma-3-without-transpose"),
        pytest.param("_p3 + ", "", id="a-part-forgotten"),
        pytest.param("_t3 + _t1", "_t3 - _t1", id="recursion-sign"),
        pytest.param("np.tanh(_v4)", "np.sin(_v4)", id="another-function"),
    ],
)
def test_a_wrong_formula_is_caught(derived, old, new):
    chain, gradient = derived
    assert discrepancies(changed(chain, old, new), gradient)


def test_a_derivation_by_a_wrong_rule_does_not_add_up_to_the_gradient(monkeypatch):
    from gradcheck.derivation import alike as module
    from gradcheck.primitives import BY_NAME

    circuit = trace(lambda x: np.tanh(x) * x, 0.5)
    gradient = {"x": interpret(circuit.gradient(value=False), Floats(), (0.5,))[0]}
    right = module.traced_rule

    def wrong(primitive, position, values, params):
        if primitive is BY_NAME["tanh"]:
            primitive = replace(primitive, adjoint=lambda position, g, y, inputs, params: g * (1.0 + y * y))
        return right(primitive, position, values, params)

    assert discrepancies(chain_of(circuit, derive(circuit, (0.5,))), gradient) == ()
    monkeypatch.setattr(module, "traced_rule", wrong)
    assert any("derivative by x" in told for told in discrepancies(chain_of(circuit, derive(circuit, (0.5,))), gradient))


def test_a_textbook_form_that_does_not_hold_here_is_not_taken(monkeypatch):
    """sigma' = y (1 - y) is 0 far out, where the rule is not; taken anyway it would be said falsely."""
    from scipy.special import expit

    circuit = trace(lambda x: expit(x) + x, 60.0)
    derivation = derive(circuit, (60.0,))
    gradient = {"x": interpret(circuit.gradient(value=False), Floats(), (60.0,))[0]}
    taken = [line.formula for line in chain_of(circuit, derivation).lines() if line.left.startswith("_l")]
    assert not any("1 - _v1" in formula for formula in taken)
    monkeypatch.setattr(Formulas, "agrees", lambda self, formula, number: True)
    assert discrepancies(chain_of(circuit, derivation), gradient)


def test_names_written_without_care_would_look_the_same(monkeypatch):
    from gradcheck.rendering.mathematics import names

    kept_apart = Names(["x0", "x_0"]).latex
    assert kept_apart["x0"] != kept_apart["x_0"]
    assert names._symbol("x0") == names._symbol("x_0")  # which is why it is looked after
