"""Random functions: every gradient agrees with the truth, every transform keeps the value, every small mistake is seen."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from gradcheck import check, grad, trace
from gradcheck.circuit import Floats, check_circuit, gradient_circuit, hessian_vector, interpret, reverse, simplify
from gradcheck.gradients.method import problem_of
from gradcheck.gradients.truth import Truth, certify
from gradcheck.verdicts.compare import compare_at
from gradcheck.verdicts.judge import judge, standard

quick = settings(derandomize=True, deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
long = settings(derandomize=True, deadline=None, max_examples=2000, suppress_health_check=list(HealthCheck))

UNARY = {
    "sin({})": np.sin,
    "cos({})": np.cos,
    "tanh({})": np.tanh,
    "exp(tanh({}))": lambda a: np.exp(np.tanh(a)),
    "log(1 + {}^2)": lambda a: np.log(1.0 + a * a),
    "sqrt(2 + sin({}))": lambda a: np.sqrt(2.0 + np.sin(a)),
    "arctan({})": np.arctan,
    "1/(1 + {}^2)": lambda a: 1.0 / (1.0 + a**2),
    "-{}": lambda a: -a,
    "0.1 {} + 0.5": lambda a: 0.1 * a + 0.5,
    "{}^3": lambda a: a**3,
}
BINARY = {
    "({} + {})": lambda a, b: a + b,
    "({} - {})": lambda a, b: a - b,
    "({} * {})": lambda a, b: a * b,
    "{}/(2 + cos {})": lambda a, b: a / (2.0 + np.cos(b)),
    "logaddexp({}, {})": np.logaddexp,
    "hypot(1 + {}^2, {})": lambda a, b: np.hypot(1.0 + a * a, b),
}
SCALARS = {"sum({})": np.sum, "mean({})": np.mean, "dot({0}, {0})": lambda a: np.sum(a * a), "last({})": lambda a: np.ravel(a)[-1]}


class Expression:
    """A function of the arguments, and how it reads."""

    def __init__(self, text, evaluate):
        self.text, self.evaluate = text, evaluate

    def __repr__(self):
        return self.text


def unary(pair):
    (text, function), inner = pair
    return Expression(text.format(inner.text), lambda args: function(inner.evaluate(args)))


def binary(triple):
    (text, function), left, right = triple
    if text.startswith("logaddexp") and left.text == right.text:  # see the last test of this file
        text, function = "({} + {})", np.add
    return Expression(text.format(left.text, right.text), lambda args: function(left.evaluate(args), right.evaluate(args)))


def expressions(count):
    """Trees over the arguments; a part used twice is the same object, so circuits share it."""
    leaf = st.integers(0, count - 1).map(lambda i: Expression(f"x{i}", lambda args: args[i]))
    return st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.tuples(st.sampled_from(sorted(UNARY.items(), key=str)), inner).map(unary),
            st.tuples(st.sampled_from(sorted(BINARY.items(), key=str)), inner, inner).map(binary),
            st.tuples(st.sampled_from(sorted(BINARY.items(), key=str)), inner).map(lambda p: binary((p[0], p[1], p[1]))),
        ),
        max_leaves=8,
    )


@st.composite
def cases(draw):
    """A scalar function of one to three arguments (scalars, or vectors of one length), and a point."""
    count = draw(st.integers(1, 3))
    length = draw(st.integers(1, 4))
    body, (text, close) = draw(expressions(count)), draw(st.sampled_from(sorted(SCALARS.items(), key=str)))
    numbers = st.floats(-2.0, 2.0).map(lambda v: v if abs(v) > 1e-3 else 0.25)  # below, floats of x + 1 say nothing of x

    def argument():
        return np.array(draw(st.lists(numbers, min_size=length, max_size=length))) if draw(st.booleans()) else np.float64(draw(numbers))

    at = tuple(argument() for _ in range(count))

    def function(*args):
        return close(body.evaluate(args))

    function.__name__ = text.format(body.text)
    return function, at


def problem(function, at):
    return problem_of(function, at, tuple(range(len(at))))


def flat(arrays):
    return np.concatenate([np.ravel(a) for a in arrays])


def bits(value):
    return np.asarray(value).tobytes()


# the judgements, each run quickly and at length
def the_methods_are_right(case):
    found = compare_at(problem(*case))
    assert isinstance(found.truth, Truth), found.truth
    assert found["tape"].outcome == "right", found["tape"].reason
    assert found["symbolic"].gradient is None or found["symbolic"].outcome == "right", found["symbolic"].reason
    assert found["differences"].outcome != "wrong", found["differences"].reason  # undecided where the value underflows


def the_tape_claimed_is_right(case):
    function, at = case
    verdict = check(function, grad(function, tuple(range(len(at)))), at)
    assert verdict.outcome == "right", str(verdict)


def the_trace_is_the_function(case):
    function, at = case
    with np.errstate(all="ignore"):
        (value,) = interpret(trace(function, *at), Floats(), at)
        assert bits(value) == bits(function(*at))


def every_transform_keeps_the_rules_of_circuits(case):
    function, at = case
    circuit = check_circuit(trace(function, *at))
    check_circuit(simplify(circuit))
    check_circuit(reverse(circuit))
    check_circuit(gradient_circuit(circuit))
    check_circuit(gradient_circuit(circuit, value=False))
    check_circuit(hessian_vector(circuit))
    check_circuit(circuit.gradient())


def simplifying_keeps_every_bit(case):
    function, at = case
    circuit = trace(function, *at)
    small = simplify(circuit)
    assert small.operations <= circuit.operations
    (before,), (after,) = interpret(circuit, Floats(), at), interpret(small, Floats(), at)
    assert before == after
    value, *_ = interpret(circuit.gradient(), Floats(), at)
    assert value == before


def a_small_mistake_is_never_called_right(case, entry, off):
    function, at = case
    asked = problem(function, at)
    truth = certify(asked)
    by = standard(asked, truth)
    true = flat(truth.floats())
    entry %= len(true)
    assume(abs(true[entry]) > 1e-3 * np.max(np.abs(true)) and abs(true[entry]) > 1e-8 and by.tolerance[entry] < 1e-7 * abs(true[entry]))
    claim, start, parts = true.copy(), 0, []
    claim[entry] *= 1 + off
    for x in at:
        parts.append(claim[start : start + np.size(x)].reshape(np.shape(x)))
        start += np.size(x)
    found = judge(tuple(parts), by)
    assert found.outcome == "wrong"
    assert [i for i, e in enumerate(found.entries) if e == "wrong"] == [entry]


def every_call_gives_the_same_gradient(case):
    """Interpreted first, compiled from the second call on."""
    function, at = case
    argnums = tuple(range(len(at)))
    gradient = grad(function, argnums)
    first, second, third = (gradient(*at) for _ in range(3))
    asked = problem(function, at)
    by = standard(asked, certify(asked))
    allowed = by.tolerance / 4 + 8 * np.spacing(np.abs(flat(first)))
    assert (np.abs(flat(first) - flat(second)) <= allowed).all()
    assert flat(second).tolist() == flat(third).tolist()
    for got, x in zip(first, at):
        assert np.shape(got) == np.shape(x)
        assert np.asarray(got).dtype == np.asarray(x).dtype


JUDGEMENTS = [
    pytest.param(the_methods_are_right, id="methods"),
    pytest.param(the_tape_claimed_is_right, id="tape, claimed"),
    pytest.param(the_trace_is_the_function, id="trace"),
    pytest.param(every_transform_keeps_the_rules_of_circuits, id="circuits"),
    pytest.param(simplifying_keeps_every_bit, id="simplify"),
    pytest.param(every_call_gives_the_same_gradient, id="compiled"),
]


@pytest.mark.parametrize("judgement", JUDGEMENTS)
def test_of_random_functions(judgement):
    quick(given(cases())(judgement))()


@pytest.mark.slow
@pytest.mark.parametrize("judgement", JUDGEMENTS)
def test_of_many_random_functions(judgement):
    long(given(cases())(judgement))()


@quick
@given(cases(), st.integers(0, 11), st.sampled_from([1e-6, -1e-6]))
def test_a_small_mistake_is_never_called_right(case, entry, off):
    a_small_mistake_is_never_called_right(case, entry, off)


@pytest.mark.slow
@long
@given(cases(), st.integers(0, 11), st.sampled_from([1e-6, -1e-6]))
def test_a_small_mistake_is_never_called_right_at_length(case, entry, off):
    a_small_mistake_is_never_called_right(case, entry, off)


def test_a_rounding_error_that_is_the_same_everywhere_is_still_rounding():
    """logaddexp(x, x) is x + log 2: near -log 2 the rounding of log 2 is all that is left, and does not vary with x."""

    def function(x):
        return np.logaddexp(x, x) ** 2

    assert check(function, grad(function), (-0.6875,)).outcome == "right"
