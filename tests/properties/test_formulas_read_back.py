"""What is written in LaTeX is read back by a reader that sees the signs alone, and must give the formula's own value."""

from __future__ import annotations

import ast
import string

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from reading import read

from gradcheck.derivation.algebra import evaluate, parse, shorter, text_of
from gradcheck.rendering.mathematics.names import LONG, Names
from gradcheck.rendering.mathematics.writer import BASE, Piece, Writer

VALUES = {"x": 0.7, "h": -1.3, "w_1": 0.4, "theta": 1.9, "u": np.array([0.3, -0.8, 1.2]), "v": np.array([1.1, 0.5, -0.4])}
LATEX = {"x": "x", "h": "h", "w_1": "w_{1}", "theta": "\\theta", "u": "u", "v": "v"}
SYMBOLS = {n: Piece(LATEX[n], BASE, np.shape(VALUES[n])) for n in VALUES}
FUNCTIONS = ("np.sin", "np.cos", "np.tanh", "np.exp", "np.arctan", "np.abs", "special.expit", "special.erf", "np.square", "np.cbrt")


def grown(names):
    """Random formulas over some names, with every operator next to every other."""
    leaves = st.sampled_from(names) | st.integers(-3, 4).map(lambda n: str(n) if n >= 0 else f"({n})") | st.sampled_from(["0.5", "2.25"])

    def extend(inner):
        pair = st.tuples(inner, inner)
        return st.one_of(
            st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda t: f"({t[0]}) {t[1]} ({t[2]})"),
            inner.map(lambda t: f"-({t})"),
            st.tuples(inner, st.integers(2, 3)).map(lambda t: f"({t[0]}) ** {t[1]}"),
            st.tuples(inner, inner).map(lambda t: f"2 ** (0.1 * ({t[0]}))"),
            st.tuples(st.sampled_from(FUNCTIONS), inner).map(lambda t: f"{t[0]}({t[1]})"),
            pair.map(lambda t: f"np.maximum({t[0]}, {t[1]})"),
            pair.map(lambda t: f"np.where({t[0]} > {t[1]}, {t[1]}, {t[0]})"),
            pair.map(lambda t: f"(2 * (({t[0]}) <= ({t[1]})))"),
        )

    return st.recursive(leaves, extend, max_leaves=9)


def written(formula: str) -> str:
    return Writer(SYMBOLS).write(parse(formula)).latex


def value_of(formula: str):
    try:
        return evaluate(formula, VALUES)
    except (ZeroDivisionError, OverflowError):  # plain numbers raise where NumPy gives inf
        return np.nan


def same(found, expected) -> bool:
    return np.allclose(np.broadcast_to(found, np.shape(expected)), expected, rtol=1e-9, atol=1e-9, equal_nan=True)


def comparable(value) -> bool:
    return bool(np.all(np.isfinite(value))) and float(np.max(np.abs(value))) < 1e12


@settings(max_examples=200, deadline=None)
@given(grown(["x", "h", "w_1", "theta"]))
def test_formulas_of_numbers_read_back(formula):
    expected = value_of(formula)
    if comparable(expected):
        with np.errstate(all="ignore"):
            assert same(read(written(formula), {LATEX[n]: v for n, v in VALUES.items()}), expected), (formula, written(formula))


@settings(max_examples=150, deadline=None)
@given(grown(["x", "u", "v", "theta"]))
def test_formulas_of_arrays_read_back(formula):
    expected = value_of(formula)
    if comparable(expected):
        with np.errstate(all="ignore"):
            assert same(read(written(formula), {LATEX[n]: v for n, v in VALUES.items()}), expected), (formula, written(formula))


@settings(max_examples=200, deadline=None)
@given(grown(["x", "h"]))
def test_making_a_formula_shorter_keeps_its_value(formula):
    expected = value_of(formula)
    if comparable(expected):
        assert same(evaluate(text_of(shorter(parse(formula))), VALUES), expected)


@settings(max_examples=60, deadline=None)
@given(st.sets(st.text(string.ascii_letters + string.digits + "_", min_size=1, max_size=2 * LONG).filter(str.isidentifier), max_size=12))
def test_different_names_never_look_the_same(names):
    known = Names(sorted(names))
    assert len(set(known.latex.values())) == len(names)
    assert len(set(known.plain.values())) == len(names)


def test_products_of_matrices_read_back():
    rng = np.random.default_rng(3)
    values = {"A": rng.normal(size=(3, 4)), "B": rng.normal(size=(4, 2)), "C": rng.normal(size=(3, 4)), "x": 0.7}
    symbols = {n: Piece(n, BASE, np.shape(v)) for n, v in values.items()}
    for formula in ("A @ B", "(A * C) @ B", "A @ B * 2", "2 * A @ B", "(A + C) @ B", "(A @ B).T", "A.T @ C @ B", "x * (A * C)", "-A @ B"):
        latex = Writer(symbols).write(parse(formula)).latex
        assert same(read(latex, values), evaluate(formula, values)), latex


def test_a_formula_as_deep_as_python_reads_is_refused_or_written():
    for formula in ("-" * 900 + "x", "(" * 150 + "x" + ")" * 150, " + ".join(["x"] * 150)):
        try:
            assert written(formula)
        except ValueError as error:
            assert "written" in str(error)
    assert isinstance(parse("x + 1"), ast.BinOp)
