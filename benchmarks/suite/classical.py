"""Small and well-known functions: a scalar, products, Rosenbrock's valley, networks, a long chain."""

from __future__ import annotations

from typing import Any

import numpy as np

from suite.workload import Workload


def sine() -> Workload:
    """sin((x + 1)**2)."""

    def hand(x: Any) -> Any:
        z = x + 1.0
        h = z * z
        return np.sin(h), (np.cos(h) * 2.0 * z,)

    return Workload("a_sine", "sine", (np.float64(0.7),), lambda m: lambda x: m.sin((x + 1.0) ** 2), hand)


def product(n: int) -> Workload:
    """Speelpenning's product x_1 x_2 ... x_n, multiplied up in a loop."""

    def function(x: Any) -> Any:
        p = x[0]
        for i in range(1, n):
            p = p * x[i]
        return p

    def hand(x: Any) -> Any:
        before, after = np.ones(n), np.ones(n)
        before[1:], after[:-1] = np.cumprod(x[:-1]), np.cumprod(x[:0:-1])[::-1]
        return before[-1] * x[-1], (before * after,)

    point = np.random.default_rng(1).uniform(0.9, 1.1, n)
    return Workload(f"b_product_{n}", "product", (point,), lambda m: function, hand, {"n": n})


def rosenbrock(n: int) -> Workload:
    """Rosenbrock's valley in n variables."""

    def make(m: Any) -> Any:
        return lambda x: m.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)

    def hand(x: Any) -> Any:
        t, u = x[1:] - x[:-1] ** 2, 1.0 - x[:-1]
        g = np.zeros_like(x)
        g[:-1] = -400.0 * t * x[:-1] - 2.0 * u
        g[1:] += 200.0 * t
        return 100.0 * (t @ t) + u @ u, (g,)

    point = np.random.default_rng(2).uniform(-1.5, 1.5, n)
    return Workload(f"c_rosenbrock_{n}", "rosenbrock", (point,), make, hand, {"n": n})


def perceptron(inputs: int = 784, hidden: int = 128, outputs: int = 10, batch: int = 64) -> Workload:
    """Half the mean squared error of a two-layer perceptron with rectified units."""
    rng = np.random.default_rng(3)
    data, target = rng.normal(size=(batch, inputs)), rng.normal(size=(batch, outputs))
    weights = (
        rng.normal(size=(inputs, hidden)) / np.sqrt(inputs), 0.1 * rng.normal(size=hidden),
        rng.normal(size=(hidden, outputs)) / np.sqrt(hidden), 0.1 * rng.normal(size=outputs),
    )  # fmt: skip

    def make(m: Any) -> Any:
        x, y = m.asarray(data), m.asarray(target)

        def loss(a: Any, b: Any, c: Any, d: Any) -> Any:
            e = m.dot(m.maximum(m.dot(x, a) + b, 0.0), c) + d - y
            return 0.5 * m.sum(e * e) / batch

        return loss

    def hand(a: Any, b: Any, c: Any, d: Any) -> Any:
        z = data @ a + b
        h = np.maximum(z, 0.0)
        e = h @ c + d - target
        outer = e / batch
        inner = (outer @ c.T) * (z > 0)
        return 0.5 * np.vdot(e, e) / batch, (data.T @ inner, inner.sum(0), h.T @ outer, outer.sum(0))

    name = f"d_perceptron_{inputs}-{hidden}-{outputs}"
    return Workload(name, "perceptron", weights, make, hand, {"data": data, "target": target, "batch": batch})


def likelihood(rows: int = 500, features: int = 10, hidden: int = 8) -> Workload:
    """Bernoulli log-likelihood of labels under a network with one layer of sigmoid units."""
    rng = np.random.default_rng(4)
    data, label = rng.normal(size=(rows, features)), (rng.uniform(size=rows) < 0.5).astype(float)
    weights = (
        rng.normal(size=(features, hidden)) / np.sqrt(features), 0.1 * rng.normal(size=hidden), rng.normal(size=hidden), np.float64(0.1),
    )  # fmt: skip

    def make(m: Any) -> Any:
        x, y = m.asarray(data), m.asarray(label)

        def loglikelihood(a: Any, b: Any, c: Any, d: Any) -> Any:
            s = 1.0 / (1.0 + m.exp(-(m.dot(x, a) + b)))
            z = m.dot(s, c) + d
            return m.sum(y * z - m.logaddexp(0.0, z))

        return loglikelihood

    def hand(a: Any, b: Any, c: Any, d: Any) -> Any:
        s = 1.0 / (1.0 + np.exp(-(data @ a + b)))
        z = s @ c + d
        dz = label - 1.0 / (1.0 + np.exp(-z))
        inner = dz[:, None] * c * s * (1.0 - s)
        return label @ z - np.logaddexp(0.0, z).sum(), (data.T @ inner, inner.sum(0), dz @ s, dz.sum())

    return Workload("e_likelihood", "likelihood", weights, make, hand, {"data": data, "label": label, "rows": rows})


def recurrent(steps: int = 50, batch: int = 16, inputs: int = 8, hidden: int = 32, outputs: int = 4) -> Workload:
    """Half the mean squared error of a recurrent network with tanh units, unrolled in a loop."""
    rng = np.random.default_rng(6)
    data, target, scale = rng.normal(size=(steps, batch, inputs)), rng.normal(size=(steps, batch, outputs)), 1.0 / (steps * batch)
    weights = (
        rng.normal(size=(inputs, hidden)) / np.sqrt(inputs), rng.normal(size=(hidden, hidden)) / np.sqrt(hidden),
        0.1 * rng.normal(size=hidden), rng.normal(size=(hidden, outputs)) / np.sqrt(hidden),
    )  # fmt: skip

    def make(m: Any) -> Any:
        xs, ys, start = m.asarray(data), m.asarray(target), m.zeros((batch, hidden))

        def loss(u: Any, r: Any, b: Any, v: Any) -> Any:
            h, total = start, 0.0
            for t in range(steps):
                h = m.tanh(m.dot(xs[t], u) + m.dot(h, r) + b)
                e = m.dot(h, v) - ys[t]
                total = total + 0.5 * scale * m.sum(e * e)
            return total

        return loss

    def hand(u: Any, r: Any, b: Any, v: Any) -> Any:
        h = np.zeros((steps + 1, batch, hidden))
        driven = data @ u + b
        for t in range(steps):
            h[t + 1] = np.tanh(driven[t] + h[t] @ r)
        e = h[1:] @ v - target
        from_error, slope = scale * (e @ v.T), 1.0 - h[1:] ** 2
        d, back = np.empty((steps, batch, hidden)), 0.0
        for t in range(steps - 1, -1, -1):
            d[t] = (from_error[t] + back) * slope[t]
            back = d[t] @ r.T
        rows = d.reshape(-1, hidden)
        into = (data.reshape(-1, inputs).T @ rows, h[:-1].reshape(-1, hidden).T @ rows, rows.sum(0))
        return 0.5 * scale * np.vdot(e, e), (*into, scale * (h[1:].reshape(-1, hidden).T @ e.reshape(-1, outputs)))

    known = {"data": data, "target": target, "scale": scale, "steps": steps, "batch": batch, "hidden": hidden}
    return Workload(f"g_recurrent_{steps}", "recurrent", weights, make, hand, known)


def chain(operations: int = 10_000, inputs: int = 100) -> Workload:
    """Steps y <- y x_i + x_(i+1), two operations each, going round the inputs."""
    steps = operations // 2

    def function(x: Any) -> Any:
        entries = [x[i] for i in range(inputs)]
        y = entries[0]
        for i in range(steps):
            y = y * entries[i % inputs] + entries[(i + 1) % inputs]
        return y

    def hand(x: Any) -> Any:
        values, kept = x.tolist(), [0.0] * steps
        y = values[0]
        for i in range(steps):
            kept[i] = y
            y = y * values[i % inputs] + values[(i + 1) % inputs]
        g, back = [0.0] * inputs, 1.0
        for i in range(steps - 1, -1, -1):
            g[(i + 1) % inputs] += back
            g[i % inputs] += back * kept[i]
            back *= values[i % inputs]
        g[0] += back
        return y, (np.array(g),)

    rng = np.random.default_rng(7)
    point = rng.uniform(0.99, 1.0, inputs) * rng.choice([-1.0, 1.0], inputs)
    return Workload(f"h_chain_{operations}", "chain", (point,), lambda m: function, hand, {"steps": steps, "inputs": inputs})
