"""Wrong models of writing in place, on purpose: each changes a value or a gradient that the right one has right."""

from __future__ import annotations

from importlib import import_module

import numpy as np
import pytest

from gradcheck import check, grad, trace
from gradcheck.circuit import Floats, interpret, memory, rules, setting, writes
from gradcheck.primitives import BY_NAME
from gradcheck.primitives.structure import GETITEM
from gradcheck.verdicts.proof import prove

X = np.array([0.5, -1.0, 2.0])


def overwritten(x):
    y = x * 2.0
    total = (y * y).sum()
    y[1:] = x[:2] * 3.0
    return total + (y * y).sum()


def seen_by_view(x):
    y = x * 2.0
    v = y[1:]
    y += x
    y[2] = x[0]
    return (v * v).sum()


def seen_by_base(x):
    y = x * 2.0
    v = y.reshape(3, 1)
    v[0] = x[2]
    v *= x[:, None]
    return (y * y).sum()


def repeated(x):
    y = x * 1.0
    y[[0, 0, 1]] = x * np.array([2.0, 3.0, 4.0])
    return (y * y).sum()


def many(x):
    y = x * 1.0
    for k in range(9):
        y[k % 3 : k % 3 + 2] = x[k % 2] * (k + 1.0)
    return (y * y).sum()


def copied(x):
    y = x * 1.0
    z = y.copy()
    y[0] = x[1]
    w = z[1:]
    z *= 2.0
    return (y * z).sum() + w.sum()


PROGRAMS = [overwritten, seen_by_view, seen_by_base, repeated, many, copied]


def is_right(program) -> bool:
    """The trace gives NumPy's value, and the gradient is what differences say."""
    try:
        (value,) = interpret(trace(program, X), Floats(), (X,))
        right = [(program(X + e) - program(X - e)) / 2e-6 for e in 1e-6 * np.eye(3)]
        return bool(value == program(X.copy()) and np.allclose(grad(program)(X), right, rtol=1e-5))
    except (ValueError, IndexError):
        return False


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_model_itself_has_them_right(program) -> None:
    assert is_right(program)


def forgets_stale_views(monkeypatch) -> None:
    monkeypatch.setattr(memory.Memory, "changed", lambda self: None)


def forgets_to_share(monkeypatch) -> None:
    monkeypatch.setattr(import_module("gradcheck.circuit.trace"), "share", lambda array, result, primitive, params: None)


def takes_the_first_of_repeated_writes(monkeypatch) -> None:
    for module in (setting, writes):
        monkeypatch.setattr(module, "last_of_each", lambda places: np.unique(places, return_index=True)[1])


def joins_in_any_order(monkeypatch) -> None:
    joined = writes._Assembly.joined
    monkeypatch.setattr(writes._Assembly, "joined", lambda self: (setattr(self, "pending", self.pending[::-1]), joined(self))[1])


def shares_copies(monkeypatch) -> None:
    traced = import_module("gradcheck.circuit.traced").TracedArray
    monkeypatch.setattr(traced, "copy", lambda self, order="C": self)


@pytest.mark.parametrize(
    ("wrong", "program"),
    [
        pytest.param(forgets_stale_views, seen_by_view, id="stale views"),
        pytest.param(forgets_to_share, seen_by_view, id="views apart from their base"),
        pytest.param(forgets_to_share, seen_by_base, id="base apart from its views"),
        pytest.param(takes_the_first_of_repeated_writes, repeated, id="first of repeated writes"),
        pytest.param(takes_the_first_of_repeated_writes, many, id="first of many writes"),
        pytest.param(joins_in_any_order, many, id="order of writes"),
        pytest.param(shares_copies, copied, id="copies that are none"),
    ],
)
def test_a_wrong_model_is_seen(monkeypatch, wrong, program) -> None:
    wrong(monkeypatch)
    assert not is_right(program)


def keeps_the_overwritten(position, g, y, inputs, params):
    return g if position == 0 else GETITEM(g, index=params["index"])


def forgets_what_was_written(position, g, y, inputs, params):
    return BY_NAME["put"](g, g.dtype.type(0), index=params["index"]) if position == 0 else None


def forgets_broadcasting(position, g, y, inputs, params):
    return BY_NAME["put"](g, g.dtype.type(0), index=params["index"]) if position == 0 else GETITEM(g, index=params["index"])


@pytest.mark.parametrize("rule", [keeps_the_overwritten, forgets_what_was_written, forgets_broadcasting])
def test_a_wrong_rule_of_put_fails_its_proof(rule) -> None:
    from dataclasses import replace

    assert prove(BY_NAME["put"]).status == "proven"
    assert prove(replace(BY_NAME["put"], adjoint=rule)).status == "failed"


def test_a_planted_rule_that_keeps_the_overwritten_makes_the_gradient_wrong() -> None:
    claim = grad(overwritten)(X)
    record, right = BY_NAME["put"], BY_NAME["put"].adjoint
    try:
        object.__setattr__(record, "adjoint", keeps_the_overwritten)
        rules._template.cache_clear()
        wrong = grad(overwritten)(X)
    finally:
        object.__setattr__(record, "adjoint", right)
        rules._template.cache_clear()
    assert check(overwritten, lambda x: claim, (X,)).outcome == "right"
    assert check(overwritten, lambda x: wrong, (X,)).outcome == "wrong"
