"""Wrong twins of the judgement at kinks: each check is seen to fail where its twin lets a mistake pass."""

from __future__ import annotations

import numpy as np

from gradcheck import check
from gradcheck.verdicts import judge, vjp
from gradcheck.verdicts.claim import claimed_entries

TIED = (np.array([1.0, 2.0, 2.0, 0.0]),)


def whole_to_each(x):
    return (x == x.max()) * 1.0


def test_a_hull_taken_entry_by_entry_lets_the_double_counting_of_a_tie_pass(monkeypatch):
    assert check(np.max, whole_to_each, TIED).outcome == "wrong"
    monkeypatch.setattr(judge, "in_hull", lambda *anything: True)
    assert check(np.max, whole_to_each, TIED).outcome == "kink"


def test_a_hull_without_its_vertices_calls_a_convention_open(monkeypatch):
    from gradcheck.verdicts import kinks

    monkeypatch.setattr(kinks, "limiting_gradients", lambda problem, directions: iter(()))
    assert check(np.max, lambda x: whole_to_each(x) / 2, TIED).outcome == "undecided"


def test_cotangents_of_ones_hide_a_forgotten_cotangent(monkeypatch):
    point = (np.array([0.3, 0.7]),)

    def forgets(x, g):
        return np.where(np.any(g), np.cos(x), 0.0)

    assert check(np.sin, forgets, point, vjp=True).outcome == "wrong"
    monkeypatch.setattr(vjp, "SCALES", ())  # the cotangent scaled would show it too
    monkeypatch.setattr(vjp.np.random, "default_rng", lambda seed: _Ones())
    assert check(np.sin, forgets, point, vjp=True).outcome == "right"


class _Ones:
    """A generator that draws only ones."""

    def choice(self, values, shape):
        return np.ones(shape)

    def uniform(self, low, high, shape=()):
        return np.ones(shape)


def test_without_the_contract_a_gradient_may_change_its_input(monkeypatch):
    from gradcheck.verdicts import check as checking

    def doubles(x):
        x *= 2
        return x

    def values_alone(gradient, problem):
        return claimed_entries(gradient, problem), ()

    assert check(lambda x: x @ x, doubles, (np.ones(3),)).outcome == "wrong"
    monkeypatch.setattr(checking, "kept_contract", values_alone)
    assert check(lambda x: x @ x, doubles, (np.ones(3),)).outcome == "right"
