"""The forward sweep: every transposed rule against its adjoint and against Taylor series in balls, and tangents of whole circuits."""

from __future__ import annotations

import contextlib
import random
import sys

import numpy as np
import pytest
from flint import arb, arb_series

from gradcheck import trace
from gradcheck.arithmetic.balls import Balls
from gradcheck.arithmetic.enclosures import ball, precision
from gradcheck.arithmetic.taylor import Taylor, series
from gradcheck.circuit import Floats, check_circuit, interpret, pullback, rules, simplify, tangent, trail
from gradcheck.circuit.products import forward_over_reverse, reverse_over_reverse
from gradcheck.errors import CircuitError
from gradcheck.primitives import BY_NAME, TABLE
from gradcheck.verdicts.proof.settings import settings_of

sweep = sys.modules["gradcheck.circuit.tangent"]  # the function of that name hides the module
BITS, CLOSE = 256, arb(2) ** -150
RULES = [p for p in TABLE if not p.decision and settings_of(p, random.Random(p.name))]  # rules of decompositions are proved on charts
X, Y = np.array([0.5, -1.0, 2.0]), np.array([[0.3, 0.1, -0.4], [1.5, -0.7, 0.2]])


def operation(primitive, setting, seed):
    """A circuit of one operation, the point it was traced at, and random tangents and cotangents there."""
    rng = random.Random(f"{primitive.name} {setting.text} {seed}")
    point = setting.floats(rng)
    circuit = trace(lambda *operands: primitive(*operands, **setting.params), *point)
    moving = [x for x in point if np.asarray(x).dtype.kind == "f"]
    tangents = [drawn(rng, np.shape(x)) for x in moving]
    return circuit, moving, tangents, drawn(rng, circuit.type(circuit.outputs[0]).shape)


def drawn(rng, shape):
    return np.array([rng.choice((-1, 1)) * rng.randint(1, 15) / 8 for _ in range(int(np.prod(shape)))]).reshape(shape)[()]


def exact(circuit, inputs):
    balls = Balls()
    return interpret(check_circuit(circuit), balls, [balls.constant(x) for x in inputs])


def inner(a, b):
    return sum((ball(x) * ball(y) for x, y in zip(np.ravel(a), np.ravel(b), strict=True)), arb(0))


def agree(a, b):
    return a.is_finite() and b.is_finite() and bool(abs(a - b) < CLOSE * (1 + abs(a)))


def along(circuit, point, tangents):
    """The derivative along the tangents, by FLINT's power series of the operation itself."""
    (result,) = interpret(circuit, Taylor(), [line(x, t) for x, t in zip(point, tangents, strict=True)])
    results = result.ravel() if isinstance(result, np.ndarray) else [result]  # NumPy would take a series for a list of its coefficients
    return [r[1] if isinstance(r, arb_series) else arb(0) for r in results]


def line(x, t):
    if not np.shape(x):
        return series(float(x), float(t))
    found = np.empty(np.shape(x), dtype=object)
    for index in np.ndindex(np.shape(x)):
        found[index] = series(float(x[index]), float(t[index]))
    return found


def is_transpose(primitive, setting, seed=0):
    circuit, point, tangents, cotangent = operation(primitive, setting, seed)
    with precision(BITS):
        (_, moved), (_, *back) = exact(tangent(circuit), (*point, *tangents)), exact(pullback(circuit), (*point, cotangent))
        return agree(inner(cotangent, moved), sum((inner(b, t) for b, t in zip(back, tangents, strict=True)), arb(0)))


EVERY = [pytest.param(p, s, id=f"{p.name}-{i}") for p in RULES for i, s in enumerate(settings_of(p, random.Random(p.name)))]


@pytest.mark.parametrize(("primitive", "setting"), EVERY)
def test_the_forward_rule_is_the_transpose_of_the_adjoint_and_the_derivative(primitive, setting) -> None:
    assert is_transpose(primitive, setting)
    circuit, point, tangents, _ = operation(primitive, setting, 1)
    with precision(BITS):
        _, moved = exact(tangent(circuit), (*point, *tangents))
        wanted = along(circuit, point, tangents)
        assert all(agree(ball(a), b) for a, b in zip(np.ravel(moved), wanted, strict=True))


def test_every_primitive_with_a_rule_is_there() -> None:
    assert {p.values[0].name for p in EVERY} == {p.name for p in RULES}
    assert len(RULES) >= sum(not p.decision for p in TABLE) - 12


def test_a_circuit_and_its_tangent_read_like_the_function() -> None:
    def f(x, w):
        h = np.tanh(w @ x)
        return np.sum(h * h)

    text = simplify(tangent(trace(f, X, Y))).source()
    assert "h_dot = " in text
    assert text.startswith("def f_tangent(x, w, x_dot, w_dot):")


@pytest.mark.parametrize("moving", [0, 1, 2])
def test_only_the_first_arguments_move(moving) -> None:
    circuit = trace(lambda x, w: np.exp(w @ x), X, Y)
    made = check_circuit(simplify(tangent(circuit, moving)))
    assert len(made.inputs) == 2 + moving
    dx, dw = np.array([1.0, 2.0, 3.0]), np.ones((2, 3))
    value, moved = interpret(made, Floats(), (X, Y, *(dx, dw)[:moving]))
    np.testing.assert_allclose(moved, value * sum((Y @ dx, dw @ X)[:moving], np.zeros(2)), rtol=1e-14)
    if not moving:
        assert made.operations == circuit.operations


def test_what_does_not_move_costs_nothing() -> None:
    circuit = trace(lambda x, w: np.sum(np.exp(w)) * x, 2.0, Y)
    assert tangent(circuit, 1).operations == circuit.operations + 1


def test_many_elements_joined_are_joined_once() -> None:
    """Element by element: with one array for each operand the operations would grow as the square."""
    sizes = [50, 100]
    costs = [simplify(tangent(trace(lambda x: np.stack([x[i] * x[0] for i in range(len(x))]), np.ones(n)))).counts for n in sizes]
    assert costs[1].operations <= 2.1 * costs[0].operations
    assert costs[1].moves <= 2.1 * costs[0].moves


@pytest.mark.parametrize("kinds", [(np.float32, np.float32), (np.float32, np.float64), (np.float64, np.float32)])
def test_every_tangent_has_its_values_type(kinds) -> None:
    x, w = X.astype(kinds[0]), Y.astype(kinds[1])
    circuit = trace(lambda x, w: (np.sin(x) * w + x[0], np.stack([x[0], w[0, 0]]), w.astype("float32") * 2.0), x, w)
    made = check_circuit(tangent(circuit))
    for c in (made, simplify(made)):
        for k, value in enumerate(trail(c, Floats(), (x, w, x, w))):
            assert (np.shape(value), np.asarray(value).dtype) == (c.type(k).shape, c.type(k).dtype)
    for a, b in zip(made.outputs[:3], made.outputs[3:], strict=True):
        assert made.type(a) == made.type(b)


def test_branches_stay_guarded() -> None:
    circuit = simplify(tangent(trace(lambda x: x * x if x > 1 else -x, 2.0)))
    assert [outcome for _, outcome in circuit.guards] == [True]


def test_both_ways_to_the_hessian_agree() -> None:
    circuit = trace(lambda x, w: np.sum(np.tanh(w @ x) ** 3) * np.prod(x), X, Y)
    one, other = (
        interpret(check_circuit(way(circuit)), Floats(), (X, Y, X[::-1], Y**2)) for way in (forward_over_reverse, reverse_over_reverse)
    )
    for a, b in zip(one, other, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


# wrong twins
def case_of(name):
    return BY_NAME[name], next(iter(settings_of(BY_NAME[name], random.Random(name))))


def is_derivative(name, seed=0):
    primitive, setting = case_of(name)
    circuit, point, tangents, _ = operation(primitive, setting, seed)
    with precision(BITS):
        _, moved = exact(tangent(circuit), (*point, *tangents))
        return all(agree(ball(a), b) for a, b in zip(np.ravel(moved), along(circuit, point, tangents), strict=True))


@contextlib.contextmanager
def planted(name, rule):
    """The table itself with another rule, put right again afterwards."""
    record, right = BY_NAME[name], BY_NAME[name].adjoint
    try:
        object.__setattr__(record, "adjoint", rule)
        rules._template.cache_clear()
        yield
    finally:
        object.__setattr__(record, "adjoint", right)
        rules._template.cache_clear()


def test_a_wrong_adjoint_makes_a_wrong_tangent_and_a_right_one_is_not_remembered() -> None:
    assert is_derivative("sin")
    with planted("sin", lambda position, g, y, inputs, params: -g * np.cos(inputs[0])):
        assert not is_derivative("sin")
        assert is_transpose(*case_of("sin"))  # both are wrong alike: that is why the truth is asked as well
    assert is_derivative("sin")


def test_a_rule_that_forgets_its_cotangent_is_no_transpose() -> None:
    with planted("log", lambda position, g, y, inputs, params: 1.0 / inputs[0]):
        assert not is_transpose(*case_of("log"))


def test_a_rule_that_is_not_linear_is_refused() -> None:
    with (
        planted("exp", lambda position, g, y, inputs, params: g * g * y),
        pytest.raises(CircuitError, match="exp is not linear in its cotangent"),
    ):
        is_derivative("exp")


@pytest.mark.parametrize("name", ["divide", "matmul", "power", "einsum"])
def test_the_rule_of_another_operand_is_no_transpose(name, monkeypatch) -> None:
    monkeypatch.setattr(sweep, "transposed", lambda p, position, *rest, original=sweep.transposed: original(p, 1 - position, *rest))
    try:
        assert not is_transpose(*case_of(name))
    except (ArithmeticError, ValueError, CircuitError):
        pass  # shapes that do not fit are seen as well


@pytest.mark.parametrize("name", ["cumsum", "softmax", "cumprod"])
def test_the_adjoint_itself_is_not_its_transpose(name, monkeypatch) -> None:
    """Elementwise rules are their own transposes, so that a sweep which forgot to transpose would pass on them alone."""

    def untransposed(primitive, position, types, params):
        return sweep.Transposed(rules.rule(primitive, position, (types[0], *types), params), types[0])

    monkeypatch.setattr(sweep, "transposed", untransposed)
    assert is_transpose(*case_of("sin"))
    asymmetric = is_transpose(*case_of(name))
    assert asymmetric == (name == "softmax")  # the Jacobian of softmax is symmetric
