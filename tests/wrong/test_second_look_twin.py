"""Wrong twins of the second look: of formulas, wider floats, branches that rounding decides, linearity, errors, second opinions, excuses."""

from __future__ import annotations

import numpy as np
import pytest

from gradcheck import check
from gradcheck.verdicts import check as checking
from gradcheck.verdicts import excuses, formula, search, second_order, vjp
from gradcheck.verdicts.formula import Look

X = np.array([0.3, -1.2, 2.0])


def all_right(*given):
    size = len(given[-1].claim)
    return Look(np.ones(size, bool), np.zeros(size, bool))


def all_wrong(*given):
    size = len(given[-1].claim)
    return Look(np.zeros(size, bool), np.ones(size, bool), certain=True)


@pytest.mark.parametrize("name", ["by_formula", "in_wider_floats"])
def test_a_look_that_finds_everything_right_lets_a_mistake_pass(monkeypatch, name):
    def off(x):
        return np.cos(x) * (1 + 1e-9)

    assert check(lambda x: np.sum(np.sin(x)), off, (X,)).outcome == "wrong"
    monkeypatch.setattr(formula, "by_formula", lambda *given: Look(*np.zeros((2, len(given[-1].claim)), bool)))
    monkeypatch.setattr(formula, name, all_right)
    assert check(lambda x: np.sum(np.sin(x)), off, (X,)).outcome == "right"


def test_a_look_that_finds_everything_wrong_rejects_a_textbook_form(monkeypatch):
    def by_hand(x):
        return 1 - np.tanh(x) ** 2

    far = np.array([6.0, -5.5])
    assert check(lambda x: np.sum(np.tanh(x)), by_hand, (far,)).outcome == "right"
    monkeypatch.setattr(formula, "by_formula", all_wrong)
    assert check(lambda x: np.sum(np.tanh(x)), by_hand, (far,)).outcome == "wrong"


def test_constants_that_need_no_room_make_a_shifted_sine_wrong(monkeypatch):
    """pi/2 is rounded: taken as it stands, sin(x + pi/2) is not the cosine."""

    def shifted(x):
        return np.sin(x + np.pi / 2)

    beside = float(np.nextafter(np.pi / 2, 0)) - 1e-7
    assert check(np.sin, shifted, (beside,)).outcome == "right"
    monkeypatch.setattr(formula, "_Rounded", lambda *given: formula.Balls())
    assert check(np.sin, shifted, (beside,)).outcome == "wrong"


def test_a_table_of_sines_that_needs_no_room_makes_a_written_out_transform_wrong(monkeypatch):
    k = np.arange(64)
    table, x = np.exp(-2j * np.pi * np.outer(k, k) / 64), np.random.default_rng(64).normal(size=64)

    def row(x):
        return np.fft.fft(x)[3].real

    def written_out(x):
        return np.sum(np.abs(table @ x) ** 2 * np.cos(k))

    def judged():
        angles = 2 * np.pi * 3 * k / 64
        by_transform = check(written_out, lambda x: 128 * np.real(np.fft.ifft(np.fft.fft(x) * np.cos(k))), (x,))
        return check(row, lambda x: np.cos(angles), (x,)).outcome, by_transform.outcome

    assert judged() == ("right", "right")
    monkeypatch.setattr(formula, "TURNS", 0.0)
    assert judged() == ("wrong", "wrong")


def clipped(x):
    return np.clip(1 / (1 + np.exp(-x)), 0.0, 0.5) * 2.0


def test_rounding_that_decides_every_branch_lets_a_mistake_pass(monkeypatch):
    at, half = (-1e-80,), lambda x: 0.25
    assert check(clipped, half, at).outcome == "kink"
    assert check(clipped, lambda x: 0.7, at).outcome == "wrong"
    monkeypatch.setattr(checking, "decided_by_rounding", lambda problem, bits: None)
    assert check(clipped, half, at).outcome == "wrong"
    monkeypatch.setattr(checking, "decided_by_rounding", lambda problem, bits: "everywhere")
    monkeypatch.setattr(checking, "between_sides", lambda accuracy, problem, slack: True)
    assert check(clipped, lambda x: 0.7, at).outcome == "kink"


def test_without_scaled_cotangents_a_clipped_product_passes(monkeypatch):
    def product(x, g):
        return np.clip(g, -100, 100) * np.cos(x)

    assert check(np.sin, product, (X,), vjp=True).outcome == "wrong"
    monkeypatch.setattr(vjp, "SCALES", ())
    assert check(np.sin, product, (X,), vjp=True).outcome == "right"


def positive(x):
    if x < 0:
        raise ValueError("negative")
    return np.sqrt(x)


def test_without_a_look_at_errors_a_gradient_need_not_raise(monkeypatch):
    assert check(positive, lambda x: 0.5 / np.sqrt(abs(x)), (-1.0,)).outcome == "wrong"
    monkeypatch.setattr(checking, "raised", lambda function, point: None)
    with pytest.raises(ValueError, match="negative"):
        check(positive, lambda x: 0.5 / np.sqrt(abs(x)), (-1.0,))


def test_one_column_checked_for_all_hides_the_others(monkeypatch):
    def hessian(x):
        return np.diag(-np.sin(x)) * np.array([1, 1, 1.1])

    assert check(lambda x: np.sum(np.sin(x)), hessian, (X,), order=2).outcome == "wrong"
    whole = second_order.SecondOrder._directed

    def first(self, point, chosen):
        return list(whole(self, point, chosen))[:1]

    monkeypatch.setattr(second_order.SecondOrder, "_directed", first)
    monkeypatch.setattr(second_order, "merged", lambda verdicts, names: verdicts[0])
    assert check(lambda x: np.sum(np.sin(x)), hessian, (X,), order=2).outcome == "right"


def test_a_search_that_excuses_everything_finds_nothing(monkeypatch):
    def product(x, g):
        return g * np.where(x > 15, 0.0, 1 / np.cosh(x) ** 2)

    assert check(np.tanh, product, (X,), vjp=True, search=True).outcome == "wrong"
    monkeypatch.setattr(search, "excused", lambda verdict, *given, **options: None)
    assert check(np.tanh, product, (X,), vjp=True, search=True).outcome == "right"


def test_a_search_that_excuses_nothing_rejects_a_right_product(monkeypatch):
    def product(x, g):
        return g * np.prod(x) / x

    assert check(lambda x: np.prod(x) * 1.0, product, (X,), vjp=True, search=True).ok
    monkeypatch.setattr(excuses, "_divides", lambda by, values: False)
    assert check(lambda x: np.prod(x) * 1.0, product, (X,), vjp=True, search=True).outcome == "wrong"
