"""Symbolic derivation: SymPy's own derivative of the exact formula, counted, and refused by size before it takes minutes."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import sympy
from scipy import special

from gradcheck.gradients.method import Refused, problem_of
from gradcheck.gradients.symbolic import INPUT_LIMIT, LIMIT, Symbolic, formula_of, symbols_for, written_out
from gradcheck.gradients.truth import certify

LINE = np.array([-1.0, 2.0, 0.5])


def problem(function, *at):
    return problem_of(function, at, tuple(range(len(at))))


def flat(arrays):
    return np.concatenate([np.ravel(a) for a in arrays])


def branches(x):
    return x**2 if x > 0 else -x


FUNCTIONS = [
    pytest.param(lambda x: np.sin((x + 1) ** 2), (1.0,), id="sine of square"),
    pytest.param(lambda x: np.where(x > 0, x**2, -x), (2.0,), id="where, first"),
    pytest.param(lambda x: np.where(x > 0, x**2, -x), (-2.0,), id="where, second"),
    pytest.param(lambda x: np.where((x > 0) & (x < 1), x**2, -x), (0.5,), id="where with and"),
    pytest.param(lambda x: np.where(x == 0, 1.0, np.sin(x) / np.where(x == 0, 1.0, x)), (0.0,), id="sinc at 0"),
    pytest.param(branches, (-1.5,), id="branch"),
    pytest.param(lambda x, y: np.maximum(x, y) * 2 + np.minimum(x, 3 * y), (1.0, 2.0), id="max and min"),
    pytest.param(lambda x: np.max(x) * np.min(x), (LINE,), id="max and min of a vector"),
    pytest.param(lambda x: np.abs(x) ** 3, (-2.0,), id="abs"),
    pytest.param(lambda x: np.sign(x) * x, (-2.0,), id="sign"),
    pytest.param(lambda x: np.clip(x, 0, 1) ** 2, (0.5,), id="clip"),
    pytest.param(lambda x: np.sum(np.maximum(x, 0) ** 2), (LINE,), id="relu"),
    pytest.param(lambda x: x * np.floor(x), (1.5,), id="floor"),
    pytest.param(lambda x: x * np.floor(x**2) + np.ceil(3 * x) * x**2, (1.25,), id="floor and ceil of formulas"),
    pytest.param(lambda x: np.cbrt(x), (-8.0,), id="cbrt of a negative"),
    pytest.param(lambda x: special.logsumexp(x), (LINE,), id="logsumexp"),
    pytest.param(lambda x: special.gammaln(x) + special.erf(x), (2.5,), id="special"),
    pytest.param(lambda w, x: np.tanh(w @ x) @ np.ones(2), (np.ones((2, 3)), LINE), id="layer"),
    pytest.param(lambda x: 0.0 * x + 3, (1.0,), id="constant"),
    pytest.param(lambda x: np.sum(np.sin(x)), (LINE.astype(np.float32),), id="float32"),
]


@pytest.mark.parametrize("function, at", FUNCTIONS)
def test_it_agrees_with_the_truth(function, at):
    asked = problem(function, *at)
    found = Symbolic().gradient(asked)
    assert flat(found.entries) == pytest.approx(flat(certify(asked).floats()), rel=1e-14, abs=1e-15)
    assert [np.shape(e) for e in found.entries] == [np.shape(x) for x in asked.inputs]
    assert found.value == pytest.approx(float(asked.value), rel=1e-6)


@pytest.mark.parametrize(
    "function, details",
    [
        pytest.param(lambda x: np.sin((x + 1) ** 2), {"written_out": 9, "shared": 7}, id="sine of square"),
        pytest.param(lambda x: x + 1.0, {"written_out": 1, "shared": 1}, id="a sum and 1"),
        pytest.param(lambda x: 0.0 * x, {"written_out": 0, "shared": 0}, id="nothing"),
    ],
)
def test_operations_are_counted_written_out_and_shared(function, details):
    found = Symbolic().gradient(problem(function, 1.0))
    assert found.details == details
    assert found.operations == details["written_out"]


def test_sharing_helps_where_parts_repeat():
    found = Symbolic().gradient(problem(lambda x: np.prod(np.sin(x)), np.array([1.0, 2.0, 3.0, 4.0])))
    assert found.details == {"written_out": 35, "shared": 20}


@pytest.mark.parametrize(
    "function, formula",
    [
        pytest.param(
            lambda x: 0.1 * x, lambda x: sympy.Rational(*Fraction(0.1).as_integer_ratio()) * x, id="a tenth is the float's fraction"
        ),
        pytest.param(lambda x: x / 3, lambda x: x / 3, id="a third is a third"),
        pytest.param(lambda x: 0.5 * x + 0.25, lambda x: x / 2 + sympy.Rational(1, 4), id="halves"),
        pytest.param(
            lambda x: x + 0.1 + 0.2, lambda x: x + sum(sympy.Rational(*Fraction(v).as_integer_ratio()) for v in (0.1, 0.2)), id="sum"
        ),
        pytest.param(lambda x: np.log2(x), lambda x: sympy.log(x) / sympy.log(2), id="log 2 is exact"),
        pytest.param(lambda x: np.mean(np.stack([x, 1.0, 1.0])), lambda x: (x + 2) / 3, id="mean"),
    ],
)
def test_constants_are_the_fractions_they_stand_for(function, formula):
    (x,), found = formula_of(problem(function, 1.0).circuit)
    assert sympy.simplify(found - formula(x)) == 0
    assert not found.atoms(sympy.Float)


def test_branches_become_cases():
    _, found = formula_of(problem(lambda x: np.where(x > 1, x, x**2), 2.0).circuit)
    assert isinstance(found, sympy.Piecewise)


@pytest.mark.parametrize("shape, names", [((), ["x"]), ((2,), ["x_0", "x_1"]), ((1, 2), ["x_0_0", "x_0_1"])])
def test_symbols_are_named_like_the_argument_and_real(shape, names):
    symbols = np.ravel(np.array(symbols_for("x", shape), dtype=object)).tolist()
    assert [s.name for s in symbols] == names
    assert all(s.is_real for s in symbols)


def iterate(steps):
    def logistic(x):
        for _ in range(steps):
            x = 3.5 * x * (1.0 - x)
        return x

    return logistic


def test_too_many_inputs_are_refused():
    found = Symbolic().gradient(problem(lambda x: np.sum(x * x), np.ones(INPUT_LIMIT + 1)))
    assert isinstance(found, Refused)
    assert found.reason == f"{INPUT_LIMIT + 1} inputs; symbolic derivation is limited to {INPUT_LIMIT}"


def test_as_many_inputs_as_allowed_are_derived():
    found = Symbolic(limit=10**9).gradient(problem(lambda x: np.sum(x), np.ones(INPUT_LIMIT)))
    assert found.entries[0].tolist() == [1.0] * INPUT_LIMIT


@pytest.mark.parametrize("steps", [20, 60, 400])
def test_a_formula_too_large_is_refused_at_once_with_its_size(steps):
    """Each step doubles the formula: 400 steps have more operations than atoms in the universe."""
    asked = problem(iterate(steps), 0.3)
    size = written_out(asked.circuit)
    assert size >= min(2**steps, 10**15)
    found = Symbolic().gradient(asked)
    assert isinstance(found, Refused)
    assert found.reason.startswith(f"the formula written out holds {size} operations for 1 inputs; symbolic derivation is limited to")


def test_the_limit_counts_operations_times_inputs():
    asked = problem(lambda x: np.sum(np.sin(x) * x), np.ones(5))
    product = written_out(asked.circuit) * 5
    assert product < LIMIT
    assert isinstance(Symbolic(limit=product - 1).gradient(asked), Refused)
    assert not isinstance(Symbolic(limit=product).gradient(asked), Refused)


@pytest.mark.parametrize("steps, size", [(0, 0), (1, 3), (2, 9), (3, 21)])
def test_written_out_counts_shared_parts_again(steps, size):
    """One step is 3.5 * x * (1 - x): 3 operations and x twice."""
    assert written_out(problem(iterate(steps), 0.3).circuit) == size


def test_points_of_one_formula_share_its_derivatives_and_those_of_another_do_not():
    from gradcheck.gradients import symbolic

    def bent(x):
        return np.sin(x) * 3.25 if x < 2 else x**3

    symbolic._derived.cache_clear()
    found = [Symbolic().gradient(problem(bent, at)) for at in (0.5, 1.5, 3.0)]
    assert symbolic._derived.cache_info().misses == 2
    assert [g.entries[0] for g in found] == pytest.approx([3.25 * np.cos(0.5), 3.25 * np.cos(1.5), 27.0])
    assert found[1].seconds > symbolic._derived(*_asked(bent, 1.5))[1]  # what was worked out at another point counts here too


def _asked(function, at):
    symbols, formula = formula_of(problem(function, at).circuit)
    return tuple(symbols), formula
