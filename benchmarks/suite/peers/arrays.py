"""Peers that take NumPy functions as they are, or nearly: the hand-written gradient, gradcheck, HIPS autograd, mygrad."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from suite import plain
from suite.peers.registry import Ready, by_columns, column_sums, plain_numbers
from suite.workload import Workload

NAMES = ("concatenate", "cos", "dot", "exp", "log", "logaddexp", "matmul", "max", "maximum", "reshape", "sin", "sqrt", "stack", "sum",
         "swapaxes", "tanh")  # fmt: skip


def hand(w: Workload) -> Ready:
    """The hand-written NumPy gradient, timed against itself: the ratio shows the clock's noise."""
    return Ready(lambda: w.hand(*w.arguments), lambda r: hand_numbers(w, r))


def hand_numbers(w: Workload, result: Any) -> tuple[Any, list[Any]]:
    """What every peer is compared with: the value (the sum of each column of residuals) and the gradients."""
    value, gradients = result
    return (np.sum(value, axis=0) if w.columns else np.asarray(value)), [np.asarray(g) for g in gradients]


def gradcheck(w: Workload) -> Ready:
    """value_and_grad of the plain NumPy function."""
    from gradcheck import value_and_grad

    positions = tuple(range(len(w.arguments)))
    if w.columns:
        each = [value_and_grad(f, positions) for f in column_sums(w, w.make(plain), np.sum)]
        return Ready(by_columns(w.columns, lambda c: each[c](*w.arguments)), plain_numbers)
    ours = value_and_grad(w.make(plain), positions)
    return Ready(lambda: ours(*w.arguments), plain_numbers)


def _cross_by_parts(m: Any) -> Any:
    def cross(a: Any, b: Any) -> Any:
        x, y, z, u, v, w = a[:, 0], a[:, 1], a[:, 2], b[:, 0], b[:, 1], b[:, 2]
        return m.stack([y * w - z * v, z * u - x * w, x * v - y * u], axis=1)

    return cross


def autograd(w: Workload) -> Ready:
    """autograd.value_and_grad over its own NumPy; it has no cross product of its own."""
    import autograd.numpy as anp
    from autograd import value_and_grad
    from autograd.scipy.special import logsumexp

    m = SimpleNamespace(**{name: getattr(anp, name) for name in NAMES}, asarray=np.asarray, zeros=np.zeros, logsumexp=logsumexp)
    m.cross = _cross_by_parts(m)
    positions, arguments = tuple(range(len(w.arguments))), [float(a) if np.ndim(a) == 0 else a for a in w.arguments]
    if w.columns:
        each = [value_and_grad(f, positions) for f in column_sums(w, w.make(m), anp.sum)]
        return Ready(by_columns(w.columns, lambda c: each[c](*arguments)), plain_numbers)
    theirs = value_and_grad(w.make(m), positions)
    return Ready(lambda: theirs(*arguments), plain_numbers)


def mygrad(w: Workload) -> Ready:
    """Tensors and backward(); its logsumexp is put together from exp and log."""
    import mygrad as mg

    m = SimpleNamespace(**{name: getattr(mg, name) for name in NAMES if name != "dot"}, asarray=np.asarray, zeros=np.zeros, dot=mg.matmul)
    m.cross = _cross_by_parts(m)

    def logsumexp(a: Any, axis: int) -> Any:
        top = np.max(a.data, axis=axis, keepdims=True)
        return mg.log(mg.sum(mg.exp(a - top), axis=axis)) + np.squeeze(top, axis)

    m.logsumexp = logsumexp
    functions = column_sums(w, w.make(m), mg.sum) if w.columns else [w.make(m)]

    def one(c: int) -> Any:
        tensors = [mg.tensor(a) for a in w.arguments]
        y = functions[c](*tensors)
        y.backward()
        return y.item(), [t.grad for t in tensors]

    return Ready(by_columns(w.columns, one) if w.columns else lambda: one(0), plain_numbers)


BUILDERS = {"hand": hand, "gradcheck": gradcheck, "autograd": autograd, "mygrad": mygrad}
