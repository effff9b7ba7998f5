"""Predicted memory: bytes moved by hand count, and the most held at once against what NumPy really allocates."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from gradcheck import trace
from gradcheck.circuit import Floats, bytes_moved, interpret, peak_bytes

V, M = np.linspace(0.1, 1.0, 10), np.ones((4, 5))
INDEX = np.array([1, 1, 7])

MOVED = [
    pytest.param(lambda x: x + x, (V,), 80 + 80 + 80, id="add"),
    pytest.param(lambda x: 2.0 * x, (V,), 8 + 80 + 80, id="by-a-scalar"),
    pytest.param(np.sin, (np.float32(1.0),), 4 + 4, id="float32-scalar"),
    pytest.param(np.sum, (M,), 160 + 8, id="sum"),
    pytest.param(lambda x: x @ np.ones((5, 3)), (M,), 160 + 120 + 96, id="matmul"),
    pytest.param(lambda x: x.T, (M,), 0, id="transpose"),
    pytest.param(lambda x: x.reshape(20), (M,), 0, id="reshape"),
    pytest.param(lambda x: x.T.reshape(20), (M,), 320, id="reshape-of-a-transpose-copies"),
    pytest.param(lambda x: x[2:4], (V,), 0, id="slice"),
    pytest.param(lambda x: x[2], (V,), 16, id="element"),
    pytest.param(lambda x: x[INDEX], (V,), 48, id="gather"),
    pytest.param(
        lambda x: np.broadcast_to(x, (100,)) * np.ones(100), (np.float64(2.0),), 8 + 800 + 800, id="broadcast-reads-what-it-looks-at"
    ),
    pytest.param(lambda x: x > 0, (V,), 80 + 8 + 10, id="booleans"),
]


@pytest.mark.parametrize(("function", "point", "expected"), MOVED)
def test_bytes_moved(function, point, expected):
    assert bytes_moved(trace(function, *point)) == expected


HELD = [
    pytest.param(lambda x: x + x, (V,), 80 + 80, id="result-beside-input"),
    pytest.param(lambda x: np.exp(np.sin(np.cos(x))), (V,), 80 + 2 * 80, id="a-chain-needs-two-at-once"),
    pytest.param(lambda x: np.sum(np.sin(x)), (V,), 80 + 80 + 8, id="reduced"),
    pytest.param(lambda x: (np.sin(x[2:4]), np.cos(x)), (V,), 80 + 16 + 80, id="views-hold-nothing-of-their-own"),
    pytest.param(lambda x: np.sin(x).reshape(2, 5).T + 1.0, (V,), 80 + 8 + 160, id="a-view-keeps-its-array"),
    pytest.param(lambda x: np.cos(np.exp(x)) + np.sin(x), (V,), 80 + 3 * 80, id="kept-for-later"),
]


@pytest.mark.parametrize(("function", "point", "expected"), HELD)
def test_bytes_at_once(function, point, expected):
    assert peak_bytes(trace(function, *point)) == expected


def layered(x):
    h = x
    for _ in range(6):
        h = np.tanh(h) * h + x
    return np.sum(h)


def turned(x):
    return np.sum(np.exp(x.reshape(100, -1).T * 2.0)[:, ::2] @ np.ones((50, 30)))


def gathered(x):
    return np.sum(np.square(x[np.arange(0, x.size, 2)]) * x[: x.size // 2])


def measured_peak(circuit, point):
    """What a run allocates at most, with the inputs and constants that are there already."""
    held = sum(np.asarray(v).nbytes for v in (*circuit.constants.values(), point))
    with np.errstate(all="ignore"):
        interpret(circuit, Floats(), (point,))
        tracemalloc.start()
        try:
            results = interpret(circuit, Floats(), (point,))
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert results
    return held + peak


CIRCUITS = [
    pytest.param(function, of, id=f"{function.__name__}-{name}")
    for function in (layered, turned, gathered)
    for name, of in (("function", lambda c: c), ("gradient", lambda c: c.gradient()))
]


@pytest.mark.parametrize(("function", "of"), CIRCUITS)
def test_the_prediction_is_what_numpy_allocates(function, of):
    point = np.random.default_rng(0).normal(size=100_000)
    circuit = of(trace(function, point))
    assert peak_bytes(circuit) == pytest.approx(measured_peak(circuit, point), rel=0.05)


def test_without_freeing_the_prediction_would_be_seen_to_fail():
    """The twin: the total of all values, as if none were freed, is far from what NumPy allocates."""
    point = np.random.default_rng(0).normal(size=100_000)
    circuit = trace(layered, point).gradient()
    total = sum(circuit.type(k).size * 8 for k in range(len(circuit)))
    assert total > 1.5 * measured_peak(circuit, point)


def test_what_guards_watch_stays_to_the_end():
    taken = int(np.sum(V > 0.5))
    circuit = trace(lambda x: np.sum(np.exp(x[x > 0.5])), V)
    assert circuit.guards
    assert peak_bytes(circuit) == 80 + 8 + 10 + 2 * 8 * taken
