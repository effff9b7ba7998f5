"""Checkpoints: the same gradient bit for bit, in less memory, for one more forward run."""

from __future__ import annotations

import numpy as np
import pytest

from gradcheck import UsageError, grad, trace, value_and_grad
from gradcheck.circuit import Floats, check_circuit, interpret, peak_bytes
from gradcheck.circuit.checkpoint import _Checkpoints, checkpointed

X, W = np.linspace(-1, 1, 1000), np.full(1000, 0.9)


def loop(x, w, steps=200):
    h = x
    for _ in range(steps):
        h = np.tanh(h * w + 0.1)
    return np.sum(h)


def branching(x):
    y = x
    for _ in range(60):
        y = np.sin(y) * 1.5 if y.sum() > 0 else np.cos(y)
    return np.sum(y * y)


@pytest.mark.parametrize("parts", [None, 1, 3, 50, 10_000])
@pytest.mark.parametrize(("function", "at"), [(loop, (X, W)), (branching, (X,))])
def test_the_gradient_is_the_same_bit_for_bit(function, at, parts) -> None:
    gradient = trace(function, *at).gradient()
    less = check_circuit(checkpointed(gradient, parts))
    want, got = interpret(gradient, Floats(), at), interpret(less, Floats(), at)
    assert all(np.array_equal(a, b) for a, b in zip(want, got, strict=True))


def test_memory_grows_with_the_square_root() -> None:
    plain, less = [], []
    for steps in (100, 400, 1600):
        gradient = trace(lambda x, w, steps=steps: loop(x, w, steps), X, W).gradient()
        plain.append(peak_bytes(gradient))
        less.append(peak_bytes(checkpointed(gradient)))
        assert (
            checkpointed(gradient).operations <= gradient.operations + trace(lambda x, w, steps=steps: loop(x, w, steps), X, W).operations
        )
    assert plain[2] / plain[0] > 14  # sixteen times the steps
    assert less[2] / less[0] < 5
    assert less[2] < plain[2] / 15


def test_the_option() -> None:
    want = value_and_grad(loop, (0, 1))(X, W)
    for checkpoint in (True, 7):
        for derivative in (value_and_grad(loop, (0, 1), checkpoint=checkpoint),):
            for _ in range(4):
                value, parts = derivative(X, W)
                assert value == want[0]
                assert all(np.array_equal(a, b) for a, b in zip(parts, want[1], strict=True))
    assert np.array_equal(grad(loop, checkpoint=True)(X, W), want[1][0])
    tree = grad(lambda p: loop(p["x"], p["w"]), checkpoint=True)({"x": X, "w": W})
    assert np.array_equal(tree["w"], want[1][1])


@pytest.mark.parametrize("checkpoint", [-1, 2.5, "yes"])
def test_nonsense_is_refused(checkpoint) -> None:
    with pytest.raises(UsageError, match="expected True, False, or in how many parts"):
        grad(loop, checkpoint=checkpoint)


def test_what_forgets_to_form_values_again_is_seen(monkeypatch) -> None:
    """The twin: keeping every value gives the same gradient and saves nothing."""
    gradient = trace(loop, X, W).gradient()
    monkeypatch.setattr(_Checkpoints, "_kept", lambda self: bytearray(b"\x01") * self.end)
    assert peak_bytes(checkpointed(gradient)) >= peak_bytes(gradient)
