"""Readings of JAX programs that are wrong, trails that are lost, frameworks that lie: none may pass for the truth."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest

from gradcheck import case, check_jax, compare
from gradcheck.frameworks import methods as module
from gradcheck.frameworks.methods import Framework
from gradcheck.frameworks.spaces import jax_space, torch_space

pytestmark = pytest.mark.slow
X = np.array([0.3, 1.7, -0.6], dtype=np.float32)


@pytest.fixture
def jax():
    return pytest.importorskip("jax", reason="jax is not installed: make test-all installs it")


@pytest.fixture
def rules(jax, monkeypatch):
    """The table of primitives, in which a test may put a wrong rule."""
    from gradcheck.frameworks.jaxpr import reading

    table = dict(reading.RULES)
    monkeypatch.setattr(reading, "RULES", table)
    return table


WRONG_RULES = {
    "another function": ("tanh", lambda params, x: np.arctan(x)),
    "frozen at the point": ("tanh", lambda params, x: np.tanh(X) + 0 * x),
    "another sum": ("reduce_sum", lambda params, x: np.sum(x, axis=tuple(params["axes"])) * 1.0001),
}


@pytest.mark.parametrize("planted", WRONG_RULES)
@pytest.mark.parametrize(("slope", "outcome"), [(lambda y: 1 - y * y, "right"), (lambda y: 1 - y, "wrong")], ids=["right", "wrong"])
def test_a_wrong_reading_certifies_nothing(jax, rules, planted, slope, outcome):
    """It is not what JAX computes, so that differences decide, and rightly."""
    f = jax.custom_vjp(lambda x: jax.numpy.sum(jax.numpy.tanh(x)))
    f.defvjp(lambda x: (jax.numpy.sum(jax.numpy.tanh(x)), jax.numpy.tanh(x)), lambda y, g: (g * slope(y),))
    name, rule = WRONG_RULES[planted]
    assert "truth from its own program" in str(check_jax(f, X))
    rules[name] = rule
    verdict = check_jax(f, X)
    assert verdict.outcome == outcome
    assert "truth from its own program" not in str(verdict)


def test_a_rule_that_is_right_at_ones_alone_is_wrong(jax):
    f = jax.custom_vjp(lambda x: jax.numpy.sin(x))
    f.defvjp(lambda x: (jax.numpy.sin(x), x), lambda x, g: (g * g * jax.numpy.cos(x),))
    ones = jax.vjp(f, X)[1](np.ones_like(X))[0]
    np.testing.assert_allclose(ones, np.cos(X), rtol=1e-6)
    assert check_jax(f, X).outcome == "wrong"


def test_a_rule_in_double_is_not_asked_of_single_precision(jax):
    """Rounding of float32 is no mistake, and a mistake of its size in float64 is one."""
    f = jax.custom_jvp(jax.numpy.exp)
    f.defjvp(lambda x, t: (f(*x), (1 + 1e-8) * jax.numpy.exp(x[0]) * t[0]))
    assert check_jax(f, X).outcome == "right"
    with jax.enable_x64(True):
        assert check_jax(f, X.astype(np.float64)).outcome == "wrong"


@case(x=np.array([0.5, -1.5]))
def of_a_list(x):
    return np.sum(np.array([x[0] ** 2, x[1]]))


def planted(monkeypatch, name, make, **wrong):
    """A framework whose namespace is wrong in a way."""
    space, spaces = make()
    monkeypatch.setitem(module._made, name, (space, replace(spaces, np=_Lossy(spaces.np, wrong))))


class _Lossy:
    def __init__(self, module, wrong):
        self._module, self._wrong = module, wrong

    def __getattr__(self, name):
        return self._wrong.get(name) or getattr(self._module, name)


@pytest.mark.parametrize(("name", "make"), [("jax", jax_space), ("torch", torch_space)])
def test_a_lost_trail_is_not_the_frameworks_mistake(name, make, monkeypatch):
    """A namespace that makes numbers of arrays gives the value and no gradient: the circuit tells."""
    pytest.importorskip(name, reason=f"{name} is not installed: make test-all installs it")
    held = {
        "jax": lambda v: sys.modules["jax"].lax.stop_gradient(make()[1].np.asarray(v)),
        "torch": lambda v: make()[1].np.asarray([float(e) for e in v]),
    }
    planted(monkeypatch, name, make, array=held[name])
    theirs = compare(of_a_list, frameworks=[name]).method(name)[0]
    assert theirs.outcome == "right", theirs.reason
    assert "its circuit" in theirs.reason


@pytest.mark.parametrize(("name", "make"), [("jax", jax_space), ("torch", torch_space)])
def test_a_framework_with_another_value_is_refused(name, make, monkeypatch):
    pytest.importorskip(name, reason=f"{name} is not installed: make test-all installs it")
    planted(monkeypatch, name, make, sum=lambda x: 2 * make()[1].np.sum(x))
    theirs = compare(of_a_list, frameworks=[name]).method(name)[0]
    assert theirs.gradient is None
    assert "where the function gives" in theirs.reason


def test_a_wrong_gradient_of_a_framework_is_shown_as_wrong(monkeypatch):
    class Liar:
        name = "jax"

        def differentiate(self, function, arguments, argnums):
            return of_a_list(*arguments), (1.01 * np.array([1.0, 1.0]),)

    monkeypatch.setattr(module, "find_spec", lambda name: True)
    monkeypatch.setitem(module._made, "jax", (Liar(), jax_space()[1] if "jax" in sys.modules else _Nothing()))
    comparison = compare(of_a_list, methods=(Framework("jax"),))
    assert comparison.method("jax")[0].outcome == "wrong"


class _Nothing:
    """Namespaces that nothing is asked of."""

    np = special = None
    operations: dict = {}

    def stand_in(self, value):
        from gradcheck.frameworks.rebinding import UNCHANGED

        return UNCHANGED

    def array(self, value):
        return value
