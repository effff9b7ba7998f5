"""PyTorch and JAX, with their own idioms where a loop over NumPy elements would be unnatural: unbind, scan, one graph for two cotangents."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from suite.peers.arrays import NAMES, hand_numbers
from suite.peers.registry import Ready
from suite.workload import Workload


# PyTorch
def _torch_namespace() -> Any:
    import torch

    same = ("cos", "exp", "log", "matmul", "reshape", "sin", "sqrt", "swapaxes", "tanh")
    m = SimpleNamespace(**{name: getattr(torch, name) for name in same}, asarray=torch.as_tensor, dot=torch.matmul)
    m.zeros = lambda shape: torch.zeros(shape, dtype=torch.float64)
    m.concatenate = lambda parts, axis=0: torch.cat(parts, dim=axis)
    m.stack = lambda parts, axis=0: torch.stack(parts, dim=axis)
    m.sum = lambda a, axis=None: torch.sum(a) if axis is None else torch.sum(a, dim=axis)
    m.maximum = lambda a, b: torch.clamp(a, min=b)
    m.logaddexp = lambda a, b: torch.logaddexp(torch.as_tensor(a, dtype=torch.float64), b)
    m.logsumexp = lambda a, axis: torch.logsumexp(a, dim=axis)
    m.cross = lambda a, b: torch.linalg.cross(a, b, dim=1)
    return m


def _torch_function(w: Workload) -> Callable[..., Any]:
    function = w.make(_torch_namespace())
    if w.family in ("product", "chain"):
        return lambda x: function(x.unbind())
    return function


def _torch(w: Workload, *, compiled: bool) -> Ready:
    import torch

    torch.set_num_threads(1)
    function = _torch_function(w)
    if compiled:
        function = torch.compile(function)
    tensors = [torch.tensor(a, dtype=torch.float64, requires_grad=True) for a in w.arguments]

    def scalar() -> Any:
        y = function(*tensors)
        return y.detach(), torch.autograd.grad(y, tensors)

    def blocks() -> Any:
        y = function(*tensors)
        parts = [torch.autograd.grad(y[:, c].sum(), tensors, retain_graph=c < w.columns - 1) for c in range(w.columns)]
        return y.detach(), [torch.stack(pair) for pair in zip(*parts, strict=True)]

    return Ready(blocks if w.columns else scalar, lambda r: hand_numbers(w, (r[0].numpy(), [g.numpy() for g in r[1]])))


# JAX
def _jax_namespace() -> Any:
    import jax.numpy as jnp
    from jax.scipy.special import logsumexp

    return SimpleNamespace(**{n: getattr(jnp, n) for n in (*NAMES, "asarray", "zeros", "cross")}, logsumexp=logsumexp)


def _scan_product(w: Workload) -> Any:
    from jax import lax
    from jax import numpy as jnp

    return lambda x: lax.scan(lambda p, v: (p * v, None), jnp.ones(()), x)[0]


def _scan_chain(w: Workload) -> Any:
    from jax import lax
    from jax import numpy as jnp

    steps, inputs = w.data["steps"], w.data["inputs"]
    return lambda x: lax.scan(lambda y, i: (y * x[i % inputs] + x[(i + 1) % inputs], None), x[0], jnp.arange(steps))[0]


def _scan_recurrent(w: Workload) -> Any:
    from jax import lax
    from jax import numpy as jnp

    data, target = jnp.asarray(w.data["data"]), jnp.asarray(w.data["target"])

    def loss(u: Any, r: Any, b: Any, v: Any) -> Any:
        def step(carry: Any, given: Any) -> Any:
            h = jnp.tanh(given[0] @ u + carry[0] @ r + b)
            e = h @ v - given[1]
            return (h, carry[1] + 0.5 * w.data["scale"] * jnp.sum(e * e)), None

        start = (jnp.zeros((w.data["batch"], w.data["hidden"])), jnp.zeros(()))
        return lax.scan(step, start, (data, target))[0][1]

    return loss


def _scan_lstm(w: Workload) -> Any:
    import jax
    from jax import lax
    from jax import numpy as jnp

    state, text = jnp.asarray(w.data["state"]), jnp.asarray(w.data["text"])

    def loss(main: Any, extra: Any) -> Any:
        def layer(x: Any, given: Any) -> Any:
            (weight, bias), (hidden, cell) = given
            a = jnp.stack([x, hidden, x, hidden]) * weight + bias
            forget, into, out = jax.nn.sigmoid(a[:3])
            cell = cell * forget + into * jnp.tanh(a[3])
            hidden = out * jnp.tanh(cell)
            return hidden, jnp.stack([hidden, cell])

        def step(carry: Any, given: Any) -> Any:
            letter, following = given
            x, new = lax.scan(layer, letter * extra[0], (main, carry[0]))
            y = x * extra[1] + extra[2]
            return (new, carry[1] + jnp.sum(following * (y - jnp.log(jnp.sum(jnp.exp(y)) + 2.0)))), None

        return w.data["scale"] * lax.scan(step, (state, jnp.zeros(())), (text[:-1], text[1:]))[0][1]

    return loss


SCANS = {"product": _scan_product, "chain": _scan_chain, "recurrent": _scan_recurrent, "lstm": _scan_lstm}


def _jax(w: Workload) -> Ready:
    import jax
    from jax import numpy as jnp

    function = SCANS[w.family](w) if w.family in SCANS else w.make(_jax_namespace())
    arguments = [jnp.asarray(a) for a in w.arguments]

    def blocks(*given: Any) -> Any:
        y, back = jax.vjp(function, *given)
        parts = [back(jnp.zeros_like(y).at[:, c].set(1.0)) for c in range(w.columns)]
        return y, [jnp.stack(pair) for pair in zip(*parts, strict=True)]

    compiled = jax.jit(blocks if w.columns else jax.value_and_grad(function, tuple(range(len(arguments)))))
    numbers = lambda r: hand_numbers(w, (np.asarray(r[0]), [np.asarray(g) for g in r[1]]))
    return Ready(lambda: jax.block_until_ready(compiled(*arguments)), numbers)


BUILDERS = {
    "torch": lambda w: _torch(w, compiled=False),
    "torch-compile": lambda w: _torch(w, compiled=True),
    "jax": _jax,
}
