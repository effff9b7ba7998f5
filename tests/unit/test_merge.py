"""Equal equations written once: the same bits, nothing rewritten, names and places kept."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcheck import trace
from gradcheck.circuit import Floats, check_circuit, interpret, trail
from gradcheck.circuit.merge import merged
from gradcheck.gradients.method import problem_of

X = np.array([0.3, -1.7, 2.9])


def operations(circuit) -> list[str]:
    return [e.primitive.name for e in circuit.equations]


def named(circuit) -> dict[str, str]:
    """What holds a name: an operation, or an input."""
    return {name: p.name if (p := circuit.primitive(k)) else "input" for k, name in circuit.names.items()}


MERGED = [  # a function, and what is left of it
    pytest.param(lambda x: np.sin(x) + np.sin(x), ["sin", "add"], id="equal"),
    pytest.param(lambda x: np.exp(-x) / (1 + np.exp(-x)), ["negative", "exp", "add", "divide"], id="whole-chains"),
    pytest.param(lambda x: x[0] + x[0], ["getitem", "add"], id="equal-index"),
    pytest.param(lambda x: np.sum(x, axis=0) * np.sum(x, axis=0), ["sum", "multiply"], id="equal-parameters"),
    pytest.param(lambda x: (x * 2.0) + (x * 2.0), ["multiply", "add"], id="equal-constants"),
    pytest.param(lambda x: [np.cosh(x), np.sin(x)][1], ["sin"], id="dead"),
]
APART = [  # nothing to merge: as many operations as before
    pytest.param(lambda x: x[0] + x[1], id="other-index"),
    pytest.param(lambda x: np.sum(x, axis=0) * np.sum(x), id="other-parameters"),
    pytest.param(lambda x: x * np.exp(x) + np.exp(x * 1.0) * x, id="not-rewritten"),
    pytest.param(lambda x: (x - 2.0) * (2.0 - x), id="other-order"),
    pytest.param(lambda x: x * 2.0 + x * 2, id="float-and-whole"),
    pytest.param(lambda x: x + 0.0 * x, id="zero-kept"),
    pytest.param(lambda x: (x + 0.0) + (x + -0.0), id="signs-of-zero"),
]


@pytest.mark.parametrize(("function", "left"), MERGED)
def test_equal_equations_are_written_once(function, left) -> None:
    assert operations(check_circuit(merged(trace(function, X)))) == left


@pytest.mark.parametrize("function", APART)
def test_others_stay_as_they_are(function) -> None:
    circuit = trace(function, X)
    assert operations(merged(circuit)) == operations(circuit)


POINTS = [X, np.zeros(3), -np.zeros(3), np.array([np.inf, -1e308, np.nan]), X.astype(np.float32)]


@pytest.mark.parametrize("x", POINTS, ids=["ordinary", "zero", "minus-zero", "not-finite", "float32"])
@pytest.mark.parametrize("function", [p.values[0] for p in (*MERGED, *APART)], ids=[p.id for p in (*MERGED, *APART)])
def test_the_same_bits(function, x) -> None:
    circuit = trace(function, x)
    with np.errstate(all="ignore"):
        (before,), (after,) = (interpret(c, Floats(), (x,)) for c in (circuit, merged(circuit)))
    assert np.asarray(before).tobytes() == np.asarray(after).tobytes()
    assert np.asarray(before).dtype == np.asarray(after).dtype


def test_names_are_kept_and_the_first_wins() -> None:
    def function(x):
        first = np.sin(x)
        second = np.sin(x)
        square = first * second
        return np.sum(square)

    circuit = merged(trace(function, X))
    assert operations(circuit) == ["sin", "multiply", "sum"]
    assert {"x": "input", "first": "sin", "square": "multiply"}.items() <= named(circuit).items()
    assert "second" not in named(circuit)


def test_a_name_given_later_names_what_was_written_first() -> None:
    circuit = merged(trace(lambda_and_name, X))
    assert named(circuit)["later"] == "sin"


def lambda_and_name(x):
    total = np.sum(np.sin(x) * 2.0)
    later = np.sin(x)
    return total + np.sum(later)


def test_the_first_of_equal_ones_keeps_its_line() -> None:
    circuit = merged(trace(lambda_and_name, X))
    lines = {e.primitive.name: e.line for e in circuit.equations}
    assert lines["sin"] == lambda_and_name.__code__.co_firstlineno + 1


def test_inputs_stay_even_where_they_are_not_read() -> None:
    circuit = merged(trace(lambda x, y: np.sum(x), X, 2.0))
    assert [circuit.names[k] for k in circuit.inputs] == ["x", "y"]
    assert [circuit.type(k).shape for k in circuit.inputs] == [(3,), ()]


def test_arguments_of_equal_type_are_not_one() -> None:
    circuit = merged(trace(lambda x, y: np.sum(np.sin(x) * np.sin(y)), X, X))
    assert operations(circuit).count("sin") == 2


def test_decisions_are_kept_and_merged_with_what_they_decide() -> None:
    circuit = trace(lambda x: np.sum(x) if np.sum(x) > 0 else -np.sum(x), X)
    small = check_circuit(merged(circuit))
    assert operations(small).count("sum") == 1
    assert [outcome for _, outcome in small.guards] == [outcome for _, outcome in circuit.guards]
    values = trail(small, Floats(), (X,))
    assert all(bool(values[k]) == outcome for k, outcome in small.guards)


def test_merging_twice_changes_nothing() -> None:
    once = merged(trace(lambda_and_name, X))
    twice = merged(once)
    assert (once.opcodes, once.operands, once.inputs, once.outputs) == (twice.opcodes, twice.operands, twice.inputs, twice.outputs)
    assert once.names == twice.names


def test_the_gradient_stays_the_same_but_for_rounding() -> None:
    problem = problem_of(lambda x: np.sum(np.tanh(x) * x / (1 + np.tanh(x) ** 2)), (X,), (0,))
    before, after = (interpret(c.gradient(value=False), Floats(), (X,))[0] for c in (problem.circuit, merged(problem.circuit)))
    np.testing.assert_allclose(before, after, rtol=1e-14)


# random programs over a few values: each step applies an operation to values already there
STEPS = st.lists(st.tuples(st.sampled_from("+-*/se"), st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=12)


def program(steps):
    def function(x, y):
        known = [x, y, x * y]
        for step, i, j in steps:
            a, b = known[i % len(known)], known[j % len(known)]
            known.append({"+": a + b, "-": a - b, "*": a * b, "/": a / (1.5 + b * b), "s": np.sin(a), "e": np.tanh(b)}[step])
        return sum(known)

    return function


@settings(derandomize=True, deadline=None, max_examples=60)
@given(STEPS)
def test_random_programs_keep_every_bit_and_never_repeat_themselves(steps) -> None:
    circuit = trace(program(steps), X, X[::-1].copy())
    small = check_circuit(merged(circuit))
    with np.errstate(all="ignore"):
        (before,), (after,) = (interpret(c, Floats(), (X, X[::-1].copy())) for c in (circuit, small))
    assert np.asarray(before).tobytes() == np.asarray(after).tobytes()
    written = [(small.opcodes[k], small.inputs_of(k)) for k in range(len(small)) if small.opcodes[k] >= 0]
    assert len(set(written)) == len(written)
    assert len(small) <= len(circuit)
