"""Blinded twins of what keeps traces fresh and followed: with the guard taken out, the result is stale, so its tests can fail."""

from __future__ import annotations

from importlib import import_module

import numpy as np
import pytest

from gradcheck import grad
from gradcheck.circuit import keep
from gradcheck.gradients import functional, programs

FACTOR, ARRAY, ZERO = 2.0, np.ones(2), 0.0


def by_global(x):
    return x * FACTOR


def by_array(x):
    return x * ARRAY.sum()


def by_sign(x):
    return np.where(np.signbit(ZERO), 2 * x, 3 * x)


def by_branch(x):
    return x * x if x > 2 else 3 * x


def by_random(x):
    return x * np.random.default_rng().uniform()


def changed(function, monkeypatch, name, value):
    """What a kept derivative gives after a change, and what a fresh one gives."""
    kept = grad(function)
    kept(1.5), kept(1.5)
    if isinstance(globals()[name], np.ndarray):
        monkeypatch.setitem(globals(), name, globals()[name].copy())
        kept = grad(function)
        kept(1.5), kept(1.5)
        globals()[name][0] = value
    else:
        monkeypatch.setitem(globals(), name, value)
    return kept(1.5), grad(function)(1.5)


CHANGES = [
    pytest.param(by_global, "FACTOR", 5.0, id="global"),
    pytest.param(by_array, "ARRAY", 9.0, id="array-written-into"),
    pytest.param(by_sign, "ZERO", -0.0, id="sign-of-zero"),
]


@pytest.mark.parametrize(("function", "name", "value"), CHANGES)
def test_seeing_what_the_function_reads_keeps_it_fresh(monkeypatch, function, name, value) -> None:
    kept, fresh = changed(function, monkeypatch, name, value)
    assert kept == fresh


@pytest.mark.parametrize(("function", "name", "value"), CHANGES)
def test_seeing_nothing_makes_it_stale(monkeypatch, function, name, value) -> None:
    monkeypatch.setattr(programs, "dependencies", lambda function: ())
    kept, fresh = changed(function, monkeypatch, name, value)
    assert kept != fresh


def test_comparing_arrays_by_identity_alone_makes_it_stale(monkeypatch) -> None:
    monkeypatch.setattr(keep, "_content", lambda value: None)
    kept, fresh = changed(by_array, monkeypatch, "ARRAY", 9.0)
    assert kept != fresh


def test_trusting_random_numbers_makes_it_stale(monkeypatch) -> None:
    monkeypatch.setattr(keep, "_RANDOM", set())
    kept = grad(by_random)
    assert len({float(kept(1.0)) for _ in range(5)}) == 1


def test_ignoring_decisions_takes_the_wrong_branch(monkeypatch) -> None:
    class Careless(functional.Runner):
        def __call__(self, inputs):
            return self.engine(tuple(inputs))[: len(self.circuit.outputs)]

    right = [grad(by_branch)(x) for x in (3.0, 1.0)]
    monkeypatch.setattr(functional, "Runner", Careless)
    kept = grad(by_branch)
    assert [kept(x) for x in (3.0, 1.0)] != right


def view_changed(x):
    z = x * 2.0
    head = z[:2]
    z += 1.0
    return np.sum(head * head)


def test_forgetting_views_makes_the_gradient_wrong(monkeypatch) -> None:
    x = np.array([0.5, -1.0, 2.0])
    right = 2 * (2 * x[:2] + 1) * 2
    assert np.allclose(grad(view_changed)(x)[:2], right)
    monkeypatch.setattr(import_module("gradcheck.circuit.trace"), "share", lambda array, result, primitive, params: None)
    assert not np.allclose(grad(view_changed)(x)[:2], right)
