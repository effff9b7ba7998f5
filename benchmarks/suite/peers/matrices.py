"""CasADi's MX: expressions of matrices, loops as mapaccum and map. Vectors are columns and every array is a matrix."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from suite.peers.registry import NoForm, Ready
from suite.workload import Workload


def _sine(ca: Any, w: Workload, x: Any) -> Any:
    return ca.sin((x + 1.0) ** 2)


def _rosenbrock(ca: Any, w: Workload, x: Any) -> Any:
    return ca.sumsqr(10.0 * (x[1:] - x[:-1] ** 2)) + ca.sumsqr(1.0 - x[:-1])


def _elements(ca: Any, w: Workload, x: Any) -> Any:
    return w.make(None)(ca.vertsplit(x))


def _perceptron(ca: Any, w: Workload, a: Any, b: Any, c: Any, d: Any) -> Any:
    ones, batch = ca.DM.ones(w.data["batch"], 1), w.data["batch"]
    h = ca.fmax(ca.DM(w.data["data"]) @ a + ones @ b.T, 0.0)
    return 0.5 * ca.sumsqr(h @ c + ones @ d.T - ca.DM(w.data["target"])) / batch


def _likelihood(ca: Any, w: Workload, a: Any, b: Any, c: Any, d: Any) -> Any:
    s = 1.0 / (1.0 + ca.exp(-(ca.DM(w.data["data"]) @ a + ca.DM.ones(w.data["rows"], 1) @ b.T)))
    z = s @ c + d
    return ca.dot(ca.DM(w.data["label"]), z) - ca.sum1(ca.log1p(ca.exp(z)))


def _gmm(ca: Any, w: Workload, alphas: Any, means: Any, roots: Any) -> Any:
    n, d, k, place = (w.data[name] for name in ("n", "d", "k", "place"))
    x, ones, inner, prior = ca.DM(w.data["data"]), ca.DM.ones(n, 1), [], 0.0
    order = [int(place[r, c]) - 1 for c in range(d) for r in range(c, d)]  # the root's entries, column by column
    for j in range(k):
        logs, triangle = roots[j, :d].T, roots[j, d:].T
        entries = ca.vertcat(ca.exp(logs), triangle)
        root = ca.MX(ca.Sparsity.lower(d), entries[order])
        y = (x - ones @ means[j, :]) @ root.T
        inner.append(alphas[j] + ca.sum1(logs) - 0.5 * ca.sum2(y * y))
        prior = prior + 0.5 * ca.sumsqr(entries)
    each = ca.horzcat(*inner)
    top = each[:, 0]
    for j in range(1, k):
        top = ca.fmax(top, each[:, j])
    rows = top + ca.log(ca.sum2(ca.exp(each - top @ ca.DM.ones(1, k))))
    return w.data["constant"] + ca.sum1(rows) - n * ca.log(ca.sum1(ca.exp(alphas))) + prior


def _recurrent(ca: Any, w: Workload, u: Any, r: Any, b: Any, v: Any) -> Any:
    batch, h, total = w.data["batch"], ca.DM.zeros(w.data["batch"], w.data["hidden"]), 0.0
    for x, y in zip(w.data["data"], w.data["target"], strict=True):
        h = ca.tanh(ca.DM(x) @ u + h @ r + ca.DM.ones(batch, 1) @ b.T)
        total = total + 0.5 * w.data["scale"] * ca.sumsqr(h @ v - ca.DM(y))
    return total


def _lstm(ca: Any, w: Workload, main: Any, extra: Any) -> Any:
    """One step as an SX function, accumulated over the text."""
    layers, width, text = w.data["layers"], w.data["width"], w.data["text"]
    weights, scales, state, pair = (ca.SX.sym(n, s) for n, s in (("w", 8 * layers * width), ("e", 3 * width), ("s", 2 * layers * width + 1),
                                                                   ("t", 2 * width)))  # fmt: skip
    part = lambda v, i: v[i * width : (i + 1) * width]
    sigmoid = lambda v: 1.0 / (1.0 + ca.exp(-v))
    x, new = part(pair, 0) * part(scales, 0), []
    for i in range(layers):
        hidden, cell = part(state, 2 * i), part(state, 2 * i + 1)
        a = [g * part(weights, 8 * i + j) + part(weights, 8 * i + 4 + j) for j, g in enumerate((x, hidden, x, hidden))]
        cell = cell * sigmoid(a[0]) + sigmoid(a[1]) * ca.tanh(a[3])
        x = sigmoid(a[2]) * ca.tanh(cell)
        new += [x, cell]
    y = x * part(scales, 1) + part(scales, 2)
    loss = state[-1] + ca.dot(part(pair, 1), y - ca.log(ca.sum1(ca.exp(y)) + 2.0))
    step = ca.Function("step", [state, pair, weights, scales], [ca.vertcat(*new, loss)])
    start, n = ca.DM(np.append(w.data["state"].ravel(), 0.0)), len(text) - 1
    pairs = ca.DM(np.ascontiguousarray(np.hstack([text[:-1], text[1:]]).T))
    return w.data["scale"] * step.fold(n)(start, pairs, ca.repmat(ca.vec(main), 1, n), ca.repmat(ca.vec(extra), 1, n))[-1]


def _bundle(ca: Any, w: Workload, cams: Any, x: Any, weights: Any) -> Any:
    """One residual as an SX function, mapped over the observations; cameras and points come as columns."""
    from suite.adbench import projected
    from suite.peers.symbols import _arrays_of, _namespace

    c, p, v, f = (ca.SX.sym(n, s) for n, s in (("c", 11), ("p", 3), ("v", 1), ("f", 2)))
    rows = [_arrays_of(s.elements(), (np.zeros((1, s.numel())),))[0] for s in (c, p)]
    seen = projected(_namespace(ca, ca.fmax), *rows).ravel()
    one = ca.Function("one", [c, p, v, f], [ca.vertcat(v * (seen[0] - f[0]), v * (seen[1] - f[1]), 1 - v * v)])
    by, of = w.data["seen_by"].tolist(), w.data["seen"].tolist()
    return ca.sumsqr(one.map(len(by))(cams[:, by], x[:, of], weights.T, ca.DM(np.ascontiguousarray(w.data["features"].T))))


FORMS: dict[str, Callable[..., Any]] = {
    "sine": _sine, "rosenbrock": _rosenbrock, "product": _elements, "chain": _elements, "perceptron": _perceptron, "likelihood": _likelihood,
    "gmm": _gmm, "recurrent": _recurrent, "lstm": _lstm, "bundle": _bundle,
}  # fmt: skip
COLUMNWISE = ("lstm", "bundle")  # forms that take their arguments transposed: CasADi stores by columns


def _as_matrix(a: Any, *, transposed: bool) -> Any:
    """A two-dimensional array for CasADi; vectors become columns, further axes are joined."""
    if np.ndim(a) < 2:
        return np.reshape(a, (-1, 1))
    return np.ascontiguousarray(np.reshape(a, (len(a), -1)).T if transposed else np.reshape(a, (-1, np.shape(a)[-1])))


def casadi_mx(w: Workload) -> Ready:
    """An MX function and one reverse sweep for all arguments."""
    import casadi as ca

    ca.GlobalOptions.setNumpyMode(-1)
    if w.family not in FORMS:
        raise NoForm("no matrix form written")
    transposed = w.family in COLUMNWISE
    matrices = [_as_matrix(a, transposed=transposed) for a in w.arguments]
    symbols = [ca.MX.sym(f"p{i}", *a.shape) for i, a in enumerate(matrices)]
    y = FORMS[w.family](ca, w, *symbols)
    value = ca.Function("f", symbols, [y])
    slopes = value.reverse(1)(*symbols, y, 1)
    function = ca.Function("g", symbols, [y, *(slopes if isinstance(slopes, tuple | list) else [slopes])])
    point = [ca.DM(a) for a in matrices]

    def numbers(result: Any) -> Any:
        parts = [g.full().T if transposed and np.ndim(a) > 1 else g.full() for g, a in zip(result[1:], w.arguments, strict=True)]
        return np.float64(result[0]), [np.reshape(g, np.shape(a)) for g, a in zip(parts, w.arguments, strict=True)]

    return Ready(lambda: function(*point), numbers)


BUILDERS = {"casadi-mx": casadi_mx}
