"""Running circuits: in floats bit for bit, and in every other arithmetic; where NaN first appears."""

from __future__ import annotations

import numpy as np
import pytest
import sympy

from gradcheck import NonFiniteError, trace
from gradcheck.arithmetic.balls import Balls
from gradcheck.arithmetic.symbols import Symbols
from gradcheck.circuit import Floats, describe, first_nonfinite, interpret, require_finite, trail

X = np.array([0.5, -1.0, 2.0])


def test_every_value_in_order() -> None:
    circuit = trace(lambda x: np.sum(x * 2.0), X)
    values = trail(circuit, Floats(), (X,))
    assert len(values) == len(circuit)
    assert values[circuit.outputs[0]] == 3.0


def test_a_circuit_has_the_types_it_states() -> None:
    circuit = trace(lambda x: np.sum(np.outer(x, x)[1:] > 0) * np.mean(x) ** 2, X).gradient()
    for k, value in enumerate(trail(circuit, Floats(), (X,))):
        assert (np.shape(value), np.asarray(value).dtype) == (circuit.type(k).shape, circuit.type(k).dtype)


def test_over_symbols_it_is_the_formula() -> None:
    x, y = sympy.symbols("x y", real=True)
    (formula,) = interpret(trace(lambda x, y: np.sin(x) ** 2 + x / y, 1.0, 2.0), Symbols(), (x, y))
    assert formula == sympy.sin(x) ** 2 + x / y


def test_over_balls_it_encloses_the_floats() -> None:
    circuit = trace(lambda x: np.sum(np.tanh(x) / (1.0 + x * x)) - np.mean(x), X)
    balls = Balls()
    (enclosure,) = interpret(circuit, balls, (balls.constant(X),))
    (value,) = interpret(circuit, Floats(), (X,))
    assert abs(float(enclosure.mid()) - value) < 1e-15


NONFINITE = [
    pytest.param(lambda x: np.log(x) * 0.0, 0.0, "log", id="log-of-zero"),
    pytest.param(lambda x: np.exp(np.exp(x)) / 2.0, 10.0, "exp", id="overflow"),
    pytest.param(lambda x: 1.0 + np.sqrt(x), -1.0, "sqrt", id="nan"),
]


@pytest.mark.parametrize(("function", "x", "step"), NONFINITE)
def test_the_first_step_that_is_not_finite_is_named(function, x, step) -> None:
    circuit = trace(function, x)
    k = first_nonfinite(circuit, (np.float64(x),))
    assert circuit.primitive(k).name == step
    with pytest.raises(NonFiniteError, match=rf"first appears in .*{step}.* at .*{__file__.rsplit('/', 1)[1]}:\d+"):
        require_finite(circuit, (np.float64(x),))


def test_a_finite_circuit_passes() -> None:
    circuit = trace(np.sin, 1.0)
    assert first_nonfinite(circuit, (np.float64(1.0),)) is None
    require_finite(circuit, (np.float64(1.0),))


def test_values_are_described_by_name_operation_and_line() -> None:
    def function(x):
        height = np.sin(x)
        return height * 2.0

    circuit = trace(function, 1.0)
    line = function.__code__.co_firstlineno + 1
    assert describe(circuit, 1) == f"height (sin) at {__file__}:{line}"
