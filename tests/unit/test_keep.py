"""Kept traces are never stale: whatever a function reads besides its arguments is seen to change, or nothing is kept."""

from __future__ import annotations

import functools
import random
import sys
import types
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.random import default_rng, normal

from gradcheck import grad
from gradcheck.circuit.keep import dependencies

settings = types.ModuleType("settings_of_keep")
exec(  # noqa: S102
    "import numpy as np\nSCALE = 2.0\nWEIGHTS = np.ones(2)\n"
    "def scaled(x):\n    return x * SCALE\ndef weighted(x):\n    return x * WEIGHTS.sum()\n",
    vars(settings),
)
sys.modules["settings_of_keep"] = settings
FACTOR, ZERO, PAIR, LIST, TABLE = 2.0, 0.0, (1.0, 2.0), [2.0], {"a": 2.0}
ARRAY, SIGNED, IN_TUPLE = np.ones(2), np.zeros(1), (np.ones(2), 3.0)


class Config:
    scale = 2.0


class Model:
    weight = 3.0

    def __call__(self, x):
        return x * self.weight

    def method(self, x):
        return x * self.weight


MODEL, PARTIAL = Model(), functools.partial(np.multiply, settings.WEIGHTS)
VECTORIZED = np.vectorize(lambda z: z * settings.SCALE)


def changed_global(x):
    return x * FACTOR


def in_a_comprehension(x):
    return [x * FACTOR for _ in range(2)][1]


def in_a_class_body(x):
    class Inner:
        scale = FACTOR

    return x * Inner.scale


def helper(x):
    return x * FACTOR


def through_a_helper(x):
    return helper(x)


def array_in_place(x):
    return x * ARRAY.sum()


def array_in_a_tuple(x):
    return x * IN_TUPLE[0].sum()


def sign_of_zero(x):
    return np.where(np.signbit(ZERO), 2 * x, 3 * x)


def sign_of_zero_in_an_array(x):
    return np.where(np.signbit(SIGNED[0]), 2 * x, 3 * x)


def tuple_replaced(x):
    return sum(p * x for p in PAIR)


def list_changed(x):
    return x * LIST[0]


def dict_changed(x):
    return x * TABLE["a"]


def module_attribute(x):
    return x * settings.SCALE


def module_attribute_inside(x):
    def inner(z):
        return z * settings.SCALE

    return inner(x)


def helper_of_a_module(x):
    return settings.scaled(x)


def array_of_a_module(x):
    return settings.weighted(x)


def class_attribute(x):
    return x * Config.scale


def instance(x):
    return MODEL(x)


def partial_of_an_array(x):
    return PARTIAL(x).sum()


def vectorized(x):
    return VECTORIZED(x)


def default(x, factor=2.0):
    return x * factor


def keyword_default(x, *, factor=2.0):
    return x * factor


def mutable_default(x, factors=[2.0]):  # noqa: B006
    return x * factors[0]


def by_globals(x):
    return x * globals()["FACTOR"]


def by_getattr(x):
    return x * getattr(settings, "SCALE")  # noqa: B009


def attributed(x):
    return x * attributed.factor


attributed.factor = 2.0


def helper_with_attribute(x):
    return attributed(x)


def decorated_by(function):
    @functools.wraps(function)
    def wrapper(x):
        return function(x) * FACTOR

    return wrapper


@decorated_by
def decorated(x):
    return x * 1.0


def replaced_code(x):
    return x * 2.0


def other_code(x):
    return x * 5.0


def closing_over(value):
    def function(x):
        return x * value

    def change(new):
        nonlocal value
        value = new

    return function, change


cell, change_cell = closing_over(2.0)


def of_module(module):
    return lambda x: x * module.SCALE


@dataclass
class Change:
    """Something done to what a function reads, and undone again."""

    owner: Any
    key: Any
    value: Any

    def swap(self) -> None:
        if isinstance(self.owner, (dict, list, np.ndarray)):
            self.owner[self.key], self.value = self.value, self.owner[self.key]
        else:
            before = getattr(self.owner, self.key)
            setattr(self.owner, self.key, self.value)
            self.value = before


def of_globals(name: str, value: Any) -> Change:
    return Change(globals(), name, value)


CHANGES = [
    pytest.param(changed_global, of_globals("FACTOR", 5.0), id="global"),
    pytest.param(in_a_comprehension, of_globals("FACTOR", 5.0), id="global-in-a-comprehension"),
    pytest.param(in_a_class_body, of_globals("FACTOR", 5.0), id="global-in-a-class-body"),
    pytest.param(through_a_helper, of_globals("FACTOR", 5.0), id="global-of-a-helper"),
    pytest.param(through_a_helper, of_globals("helper", lambda x: x * 7.0), id="the-helper-itself"),
    pytest.param(array_in_place, Change(ARRAY, 0, 9.0), id="array-written-into"),
    pytest.param(array_in_place, of_globals("ARRAY", np.full(2, 4.0)), id="array-replaced"),
    pytest.param(array_in_place, of_globals("ARRAY", np.ones(2, np.float32) * 3), id="array-of-another-type"),
    pytest.param(array_in_a_tuple, Change(IN_TUPLE[0], 0, 9.0), id="array-in-a-tuple"),
    pytest.param(sign_of_zero, of_globals("ZERO", -0.0), id="sign-of-zero"),
    pytest.param(sign_of_zero_in_an_array, Change(SIGNED, 0, -0.0), id="sign-of-zero-in-an-array"),
    pytest.param(tuple_replaced, of_globals("PAIR", (1.0, 5.0)), id="tuple"),
    pytest.param(list_changed, Change(LIST, 0, 7.0), id="list"),
    pytest.param(dict_changed, Change(TABLE, "a", 7.0), id="dict"),
    pytest.param(module_attribute, Change(settings, "SCALE", 5.0), id="module-attribute"),
    pytest.param(module_attribute_inside, Change(settings, "SCALE", 5.0), id="module-attribute-in-an-inner-function"),
    pytest.param(of_module(settings), Change(settings, "SCALE", 5.0), id="module-in-a-closure"),
    pytest.param(helper_of_a_module, Change(settings, "SCALE", 5.0), id="global-of-another-module"),
    pytest.param(array_of_a_module, Change(settings.WEIGHTS, 0, 9.0), id="array-of-another-module"),
    pytest.param(class_attribute, Change(Config, "scale", 5.0), id="class-attribute"),
    pytest.param(instance, Change(MODEL, "weight", 5.0), id="attribute-of-an-instance"),
    pytest.param(MODEL, Change(MODEL, "weight", 5.0), id="callable-instance"),
    pytest.param(MODEL.method, Change(MODEL, "weight", 5.0), id="bound-method"),
    pytest.param(partial_of_an_array, Change(settings.WEIGHTS, 0, 9.0), id="partial"),
    pytest.param(vectorized, Change(settings, "SCALE", 5.0), id="vectorize"),
    pytest.param(default, Change(default, "__defaults__", (9.0,)), id="default"),
    pytest.param(keyword_default, Change(keyword_default.__kwdefaults__, "factor", 9.0), id="keyword-default"),
    pytest.param(mutable_default, Change(mutable_default.__defaults__[0], 0, 9.0), id="mutable-default"),
    pytest.param(by_globals, of_globals("FACTOR", 5.0), id="globals()"),
    pytest.param(by_getattr, Change(settings, "SCALE", 5.0), id="getattr"),
    pytest.param(attributed, Change(attributed, "factor", 5.0), id="attribute-of-the-function"),
    pytest.param(helper_with_attribute, Change(attributed, "factor", 5.0), id="attribute-of-a-helper"),
    pytest.param(decorated, of_globals("FACTOR", 5.0), id="global-of-a-decorator"),
    pytest.param(replaced_code, Change(replaced_code, "__code__", other_code.__code__), id="code-replaced"),
]


@pytest.mark.parametrize(("function", "change"), CHANGES)
def test_a_change_is_seen(function: Callable[..., Any], change: Change) -> None:
    kept = grad(function)
    before = [kept(1.5) for _ in range(3)]
    change.swap()
    try:
        after, fresh = kept(1.5), grad(function)(1.5)
    finally:
        change.swap()
    assert after == fresh
    assert fresh != before[0]  # the change does matter
    assert kept(1.5) == before[0] == before[2]


def test_a_closure_s_cell_is_watched() -> None:
    kept = grad(cell)
    assert [kept(1.0), kept(1.0)] == [2.0, 2.0]
    change_cell(6.0)
    assert kept(1.0) == 6.0


def test_branches_are_taken_anew() -> None:
    kept = grad(lambda x: x * x if x > 2 else 3 * x)
    assert [kept(v) for v in (3.0, 3.0, 1.0, 1.0, 5.0, 2.0)] == [6.0, 6.0, 3.0, 3.0, 10.0, 3.0]


def test_arguments_that_are_data_are_compared_by_their_bits() -> None:
    kept = grad(lambda x, n: np.where(np.signbit(n), 2 * x, 3 * x) if isinstance(n, float) else x**n)
    assert [kept(2.0, n) for n in (2, 2, 3, 2, True, 0.0, -0.0, 0.0)] == [4.0, 4.0, 12.0, 4.0, 1.0, 3.0, 2.0, 3.0]


def test_options_that_cannot_be_compared_are_never_kept() -> None:
    def function(x, *, factors):
        return x * factors[0]

    kept = grad(function)
    assert [kept(1.0, factors=[f]) for f in (2.0, 2.0, 5.0, 2.0)] == [2.0, 2.0, 5.0, 2.0]


RNG = default_rng(0)
DRAW = RNG.normal
RANDOM = [
    pytest.param(lambda x: x * random.random(), id="random"),
    pytest.param(lambda x: x * np.random.rand(), id="np.random"),
    pytest.param(lambda x: x * normal(), id="function-of-np.random"),
    pytest.param(lambda x: x * default_rng().normal(), id="new-generator"),
    pytest.param(lambda x: x * RNG.normal(), id="generator"),
    pytest.param(lambda x: x * DRAW(), id="method-of-a-generator"),
]


@pytest.mark.parametrize("function", RANDOM)
def test_random_numbers_are_drawn_at_every_call(function) -> None:
    assert dependencies(function) is None
    kept = grad(function)
    assert len({float(kept(1.0)) for _ in range(5)}) == 5


def pure(x):
    return np.sum(np.tanh(x) * FACTOR) + ARRAY[0]


def test_what_is_understood_is_kept_and_not_traced_again(monkeypatch) -> None:
    from gradcheck.gradients import programs

    traces = []
    monkeypatch.setattr(programs, "trace", lambda *a, original=programs.trace, **k: traces.append(1) or original(*a, **k))
    kept = grad(pure)
    for _ in range(5):
        kept(np.ones(3))
    assert len(traces) == 1
    kept(np.ones(4))
    kept(np.ones(3, np.float32))
    assert len(traces) == 3


@pytest.mark.parametrize("function", [pure, changed_global, through_a_helper, module_attribute, decorated, tuple_replaced, cell])
def test_ordinary_functions_are_understood(function) -> None:
    assert dependencies(function) is not None
