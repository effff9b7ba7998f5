"""Which peers there are, what they need, and how each makes a workload's value and gradient."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from suite.workload import Workload


class NoForm(Exception):  # noqa: N818  an answer, not an error
    """This peer has no natural form of this workload here, for the reason given."""


@dataclass(frozen=True)
class Ready:
    """A peer set up for a workload: `call()` gives value and gradients in its own types, `numbers` turns them into NumPy's."""

    call: Callable[[], Any]
    numbers: Callable[[Any], tuple[Any, list[Any]]]


@dataclass(frozen=True)
class Peer:
    """A peer: the package that must be installed, what to import before the clock starts, and the module whose BUILDERS hold it."""

    name: str
    needs: str
    imports: tuple[str, ...]
    module: str
    optional: bool = False  # timed only when asked for by name
    only: tuple[str, ...] = ()  # the workloads it has a form for, by prefix; none: all, or it says so itself
    why: str = ""


PEERS = {
    p.name: p
    for p in (
        Peer("hand", "numpy", (), "suite.peers.arrays"),
        Peer("gradcheck", "gradcheck", ("gradcheck", "gradcheck.gradients.functional"), "suite.peers.arrays"),
        Peer("autograd", "autograd", ("autograd", "autograd.numpy", "autograd.scipy.special"), "suite.peers.arrays"),
        Peer("mygrad", "mygrad", ("mygrad",), "suite.peers.arrays"),
        Peer(
            "micrograd", "micrograd", ("micrograd.engine",), "suite.peers.scalars", only=("b_", "c_", "h_"), why="scalars and + * ** only"
        ),
        Peer("torch", "torch", ("torch",), "suite.peers.tensors"),
        Peer("torch-compile", "torch", ("torch",), "suite.peers.tensors", optional=True),
        Peer("jax", "jax", ("jax", "jax.numpy", "jax.scipy.special"), "suite.peers.tensors"),
        Peer("casadi-sx", "casadi", ("casadi",), "suite.peers.symbols"),
        Peer("casadi-mx", "casadi", ("casadi",), "suite.peers.matrices"),
        Peer("symengine", "symengine", ("symengine",), "suite.peers.symbols"),
        Peer("sympy", "sympy", ("sympy",), "suite.peers.symbols"),
        Peer(
            "hand-numba",
            "numba",
            ("numba",),
            "suite.peers.scalars",
            only=("a_", "b_", "c_", "h_"),
            why="loops by hand: scalar workloads only",
        ),
    )
}


def load_plugins(files: Sequence[str]) -> None:
    """Take in peers from files: each holds `PEER`, a Peer, and `BUILDERS`, from its name to a builder."""
    for file in files:
        name = f"plugin_{Path(file).stem}"
        spec = importlib.util.spec_from_file_location(name, file)
        assert spec is not None and spec.loader is not None
        module = sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        PEERS[module.PEER.name] = replace(module.PEER, module=name)


def peer_names(asked: list[str]) -> list[str]:
    """The peers asked for, or all but the optional ones; ValueError for a name nobody has."""
    unknown = [name for name in asked if name not in PEERS]
    if unknown:
        raise ValueError(f"--peers: unknown {', '.join(unknown)}; known: {', '.join(PEERS)}")
    return asked or [name for name, p in PEERS.items() if not p.optional]


def build(peer: str, workload: Workload) -> Ready:
    """The peer set up for the workload. Raises NoForm where there is none."""
    module: Any = importlib.import_module(PEERS[peer].module)
    ready: Ready = module.BUILDERS[peer](workload)
    return ready


def plain_numbers(result: Any) -> tuple[Any, list[Any]]:
    """For peers that give a value and a sequence of arrays."""
    value, gradients = result
    return np.asarray(value), [np.asarray(g) for g in gradients]


def by_columns(columns: int, one: Callable[[int], Any]) -> Callable[[], Any]:
    """The Jacobian's blocks, one column of the residuals at a time: `one(c)` gives a column's sum and its gradients."""

    def call() -> Any:
        parts = [one(c) for c in range(columns)]
        return [value for value, _ in parts], [np.stack(pair) for pair in zip(*(g for _, g in parts), strict=True)]

    return call


def column_sums(workload: Workload, function: Callable[..., Any], total: Callable[..., Any]) -> list[Callable[..., Any]]:
    """The scalar functions whose gradients are the Jacobian's blocks."""

    def of(c: int) -> Callable[..., Any]:
        return lambda *arguments: total(function(*arguments)[:, c])

    return [of(c) for c in range(workload.columns)]
