"""micrograd, which knows scalars only, and hand-written loops compiled by numba."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from suite.peers.registry import Ready, plain_numbers
from suite.workload import Workload


# micrograd
def _valley(x: Any) -> Any:
    total = 0.0
    for a, b in pairwise(x):
        total = total + 100.0 * (b - a**2) ** 2 + (1.0 - a) ** 2
    return total


def micrograd(w: Workload) -> Ready:
    """A Value for each entry, built anew at each call, as its users do."""
    from micrograd.engine import Value

    function = _valley if w.family == "rosenbrock" else w.make(None)
    entries = w.arguments[0].tolist()

    def call() -> Any:
        values = [Value(e) for e in entries]
        y = function(values)
        y.backward()
        return y.data, [np.array([v.grad for v in values])]

    return Ready(call, plain_numbers)


# numba
def _sine(w: Workload) -> Any:
    def f(x: Any) -> Any:
        z = x + 1.0
        h = z * z
        return np.sin(h), np.cos(h) * 2.0 * z

    return f


def _product(w: Workload) -> Any:
    def f(x: Any) -> Any:
        g, p = np.empty_like(x), 1.0
        for i in range(x.size):
            g[i] = p
            p *= x[i]
        s = 1.0
        for i in range(x.size - 1, -1, -1):
            g[i] *= s
            s *= x[i]
        return p, g

    return f


def _rosenbrock(w: Workload) -> Any:
    def f(x: Any) -> Any:
        g, total = np.zeros_like(x), 0.0
        for i in range(x.size - 1):
            t, u = x[i + 1] - x[i] * x[i], 1.0 - x[i]
            total += 100.0 * t * t + u * u
            g[i] += -400.0 * t * x[i] - 2.0 * u
            g[i + 1] += 200.0 * t
        return total, g

    return f


def _chain(w: Workload) -> Any:
    steps, inputs = w.data["steps"], w.data["inputs"]

    def f(x: Any) -> Any:
        kept, y = np.empty(steps), x[0]
        for i in range(steps):
            kept[i] = y
            y = y * x[i % inputs] + x[(i + 1) % inputs]
        g, back = np.zeros(inputs), 1.0
        for i in range(steps - 1, -1, -1):
            g[(i + 1) % inputs] += back
            g[i % inputs] += back * kept[i]
            back *= x[i % inputs]
        g[0] += back
        return y, g

    return f


LOOPS = {"sine": _sine, "product": _product, "rosenbrock": _rosenbrock, "chain": _chain}


def hand_numba(w: Workload) -> Ready:
    """A hand-written gradient as loops, compiled: near what the machine can do."""
    import numba

    compiled = numba.njit(LOOPS[w.family](w))
    return Ready(lambda: compiled(w.arguments[0]), lambda r: plain_numbers((r[0], [r[1]])))


BUILDERS = {"micrograd": micrograd, "hand-numba": hand_numba}
