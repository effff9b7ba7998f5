"""Time of value and gradient: gradcheck, a hand-written gradient and HIPS autograd, interleaved in one run."""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))
import numpy as np

from gradcheck import value_and_grad

ROUNDS, TARGET = 9, 0.03  # rounds, and seconds each contender fills in a round


@dataclass(frozen=True)
class Workload:
    """A function of a NumPy-like namespace, its arguments, and its hand-written value and gradient."""

    name: str
    make: Callable[[Any], Callable[..., Any]]
    arguments: tuple[Any, ...]
    hand: Callable[..., Any]


def scalar() -> Workload:
    """sin((x + 1)**2)."""

    def hand(x: Any) -> Any:
        z = x + 1.0
        h = z * z
        return np.sin(h), (np.cos(h) * 2.0 * z,)

    return Workload("scalar chain", lambda m: lambda x: m.sin((x + 1.0) ** 2), (np.float64(0.7),), hand)


def product(n: int) -> Workload:
    """Speelpenning's product of n scalars."""

    def f(x: Any) -> Any:
        p = x[0]
        for i in range(1, n):
            p = p * x[i]
        return p

    def hand(x: Any) -> Any:
        ahead, behind = np.ones(n), np.ones(n)
        ahead[1:], behind[:-1] = np.cumprod(x[:-1]), np.cumprod(x[:0:-1])[::-1]
        return ahead[-1] * x[-1], (ahead * behind,)

    return Workload(f"product of {n}", lambda m: f, (np.random.default_rng(1).uniform(0.9, 1.1, n),), hand)


def rosenbrock(n: int) -> Workload:
    """Rosenbrock's valley in n variables."""

    def hand(x: Any) -> Any:
        t, u = x[1:] - x[:-1] ** 2, 1.0 - x[:-1]
        g = np.zeros_like(x)
        g[:-1] = -400.0 * t * x[:-1] - 2.0 * u
        g[1:] += 200.0 * t
        return 100.0 * (t @ t) + u @ u, (g,)

    def make(m: Any) -> Any:
        return lambda x: m.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)

    return Workload(f"rosenbrock {n}", make, (np.random.default_rng(2).uniform(-1.5, 1.5, n),), hand)


def perceptron() -> Workload:
    """A two-layer perceptron, 784-128-10, batch 64."""
    rng = np.random.default_rng(3)
    data, target = rng.normal(size=(64, 784)), rng.normal(size=(64, 10))
    weights = (rng.normal(size=(784, 128)) / 28, rng.normal(size=128) / 10, rng.normal(size=(128, 10)) / 11, rng.normal(size=10) / 10)

    def hand(a: Any, b: Any, c: Any, d: Any) -> Any:
        z = data @ a + b
        h = np.maximum(z, 0.0)
        e = h @ c + d - target
        d1 = ((e / 64) @ c.T) * (z > 0)
        return 0.5 * np.sum(e * e) / 64, (data.T @ d1, d1.sum(0), h.T @ (e / 64), e.sum(0) / 64)

    def make(m: Any) -> Any:
        return lambda a, b, c, d: 0.5 * m.sum((m.dot(m.maximum(m.dot(data, a) + b, 0.0), c) + d - target) ** 2) / 64

    return Workload("perceptron", make, weights, hand)


def likelihood() -> Workload:
    """Logistic log-likelihood of 500 labels."""
    rng = np.random.default_rng(4)
    data, label = rng.normal(size=(500, 10)), (rng.uniform(size=500) < 0.5).astype(float)

    def hand(w: Any) -> Any:
        z = data @ w
        return np.sum(label * z - np.logaddexp(0.0, z)), (data.T @ (label - 1 / (1 + np.exp(-z))),)

    def make(m: Any) -> Any:
        return lambda w: m.sum(label * m.dot(data, w) - m.logaddexp(0.0, m.dot(data, w)))

    return Workload("log-likelihood", make, (rng.normal(size=10),), hand)


def chain(n: int = 5000) -> Workload:
    """n steps y <- y x_i + x_(i+1) over 100 inputs."""

    def f(x: Any) -> Any:
        entries = [x[i] for i in range(100)]
        y = entries[0]
        for i in range(n):
            y = y * entries[i % 100] + entries[(i + 1) % 100]
        return y

    def hand(x: Any) -> Any:
        values, kept = x.tolist(), []
        y = values[0]
        for i in range(n):
            kept.append(y)
            y = y * values[i % 100] + values[(i + 1) % 100]
        g, a = [0.0] * 100, 1.0
        for i in range(n - 1, -1, -1):
            g[(i + 1) % 100] += a
            g[i % 100] += a * kept[i]
            a *= values[i % 100]
        g[0] += a
        return y, (np.array(g),)

    return Workload(f"chain of {2 * n}", lambda m: f, (np.random.default_rng(7).uniform(0.99, 1.0, 100),), hand)


WORKLOADS = (scalar(), product(10), product(100), product(1000), rosenbrock(1000), rosenbrock(100_000), perceptron(), likelihood(), chain())


def contenders(w: Workload) -> dict[str, Callable[[], Any]]:
    """Everything to be timed on a workload, over its own arguments."""
    positions = tuple(range(len(w.arguments)))
    ours = value_and_grad(w.make(np), positions)
    found: dict[str, Callable[[], Any]] = {"hand": lambda: w.hand(*w.arguments), "gradcheck": lambda: ours(*w.arguments)}
    if importlib.util.find_spec("autograd"):
        import autograd
        import autograd.numpy

        theirs = autograd.value_and_grad(w.make(autograd.numpy), positions)
        found["autograd"] = lambda: theirs(*w.arguments)
    return found


def timed(functions: dict[str, Callable[[], Any]]) -> dict[str, list[float]]:
    """Seconds per call, one figure per round, all contenders in turn."""
    calls = {}
    for name, f in functions.items():
        f(), f()
        start = time.perf_counter()
        f()
        calls[name] = max(1, int(TARGET / max(time.perf_counter() - start, 1e-7)))
    seconds: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(ROUNDS):
        for name, f in functions.items():
            start = time.perf_counter()
            for _ in range(calls[name]):
                f()
            seconds[name].append((time.perf_counter() - start) / calls[name])
    return seconds


def measure(w: Workload) -> dict[str, Any]:
    """First call, time per call, and the ratio to the hand-written gradient, for each contender."""
    functions = contenders(w)
    first = {}
    for name, f in functions.items():
        start = time.perf_counter()
        _, gradient = f()
        first[name] = time.perf_counter() - start
        expected = w.hand(*w.arguments)[1]
        assert all(np.allclose(a, b, rtol=1e-9, atol=1e-12) for a, b in zip(gradient, expected, strict=True)), (w.name, name)
    seconds = timed(functions)
    ratios = {n: statistics.median(a / b for a, b in zip(s, seconds["hand"], strict=True)) for n, s in seconds.items()}
    return {"workload": w.name, "first": first, "seconds": {n: statistics.median(s) for n, s in seconds.items()}, "ratio": ratios}


def main() -> None:
    """Print the table; keep it as JSON if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    rows = []
    print(f"{'workload':18s} {'contender':10s} {'per call':>12s} {'/ hand':>9s} {'first call':>12s}")
    for w in WORKLOADS:
        row = measure(w)
        rows.append(row)
        for name in row["seconds"]:
            print(
                f"{w.name:18s} {name:10s} {row['seconds'][name] * 1e6:9.1f} us {row['ratio'][name]:9.2f} {row['first'][name] * 1e3:9.2f} ms",
                flush=True,
            )
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
