"""Diagnoses that take less care name mistakes that nobody made: each safeguard, taken away, is missed."""

from __future__ import annotations

import numpy as np
import pytest

from gradcheck import check
from gradcheck.diagnosis import diagnose, matching, pairs, scaling

CONFIDENT = {"unknown", "precision", "nonfinite"}
X = np.array([0.4, -1.1, 0.7])


def two_steps(x):
    z = np.sin(x)
    return np.sum(z * z)


def single(x):
    return np.tanh(3.0 * x) + 0.25 * x


def noise(x):
    return np.cos(17 * x) + 0.3


def kinds(function, claim, x):
    return {f.kind for f in check(function, claim, (x,)).diagnosis}


def test_noise_is_unknown() -> None:
    assert kinds(two_steps, noise, X) == {"unknown"}
    assert kinds(single, lambda x: 0.7318529, 0.4) == {"unknown"}


def test_without_the_sweep_in_full_noise_has_a_name(monkeypatch) -> None:
    monkeypatch.setattr(matching, "near", lambda effect, target, within: True)
    monkeypatch.setattr(matching, "explains", lambda scene, edits, chosen: True)
    assert not kinds(two_steps, noise, X) <= CONFIDENT


def test_with_any_number_for_a_factor_noise_has_a_name(monkeypatch) -> None:
    for module in (scaling, pairs):
        monkeypatch.setattr(module, "is_known", lambda c, numbers, exact=0.0: True)
    assert not kinds(single, lambda x: 0.7318529, 0.4) <= CONFIDENT


@pytest.mark.parametrize("x", [(1.0, 1.0)])
def test_at_one_point_equal_values_are_taken_for_each_other(monkeypatch, x) -> None:
    def product(a, b, c):
        return a * b * np.sin(c)

    def wrong(a, b, c):  # a where b belongs: nothing shows where they are equal
        return a * np.sin(c), a * np.sin(c), -a * b * np.cos(c)

    point = (*x, 0.3)
    found = check(product, wrong, point).diagnosis
    assert {"sign", "wrong-value", "swapped"} & {f.kind for f in found} > {"sign"}
    monkeypatch.setattr(diagnose, "further_scenes", lambda first, again, seed: [])
    alone = check(product, wrong, point).diagnosis
    assert {f.kind for f in alone} == {"sign"}
    assert "seen at one point only" in alone[0].message
