"""How adjoints shrink and grow on their way back through the layers of deep networks (S2; C10)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy.special import expit

from gradcheck.gradients.functional import grad
from gradcheck.studies.fitting import Slope, trend
from gradcheck.studies.study import Chart, Column, Statement, Study, Table, Weighed

Progress = Callable[[str], None]
DEPTHS = tuple(range(1, 51))
SHOWN = (1, 2, 5, 10, 20, 30, 40, 50)  # depths of which every layer is listed
UNITS = 3
STEEP = 0.5  # of the logarithm, a layer: a factor of 0.6, or of 1.6


@dataclass(frozen=True, slots=True)
class Regime:
    """A way to scale a deep network, and what becomes of its adjoints: `gain` of the weights, `size` of the biases."""

    name: str
    gain: float
    size: float
    does: Literal["vanish", "explode"]


REGIMES = (Regime("saturated", 1.0, 2.5, "vanish"), Regime("weights 8 times too large", 8.0, 0.0, "explode"))


def deep_sigmoid_network(b: Any, gain: float) -> Any:
    """Sigmoid layers, each with a bias of its own: the gradient by the biases is the adjoint of each layer's pre-activation."""
    h = np.full(b.shape[1], 0.5)
    for bias in b:
        h = expit(gain * (mixing(b.shape[1]) @ (h - 0.5)) + bias)
    return np.sum(h**2)


def mixing(n: int) -> Any:
    """A reflection: lengths are kept, entries are mixed."""
    v = np.arange(1.0, n + 1)
    return np.eye(n) - 2 * np.outer(v, v) / (v @ v)


def biases(size: float, depth: int) -> Any:
    """Biases of every layer, by formula."""
    return size * np.array([[np.sin(7.0 * k + 2.0 * i) for i in range(UNITS)] for k in range(1, depth + 1)])


def adjoint_norms(network: Callable[..., Any], regime: Regime, depths: Sequence[int] = DEPTHS) -> list[Any]:
    """For nets of every depth, the norms of the adjoints of all their layers, first layer first."""
    given, gradient = biases(regime.size, max(depths)), grad(network)
    return [np.linalg.norm(gradient(given[:d], regime.gain), axis=1) for d in depths]


def depth(
    *,
    network: Callable[..., Any] = deep_sigmoid_network,
    regimes: Sequence[Regime] = REGIMES,
    depths: Sequence[int] = DEPTHS,
    seed: int = 0,
    progress: Progress = lambda what: None,
) -> Study:
    """The adjoints' norms in nets of every depth, layer by layer, and whether they vanish or explode as each regime says."""
    found = []
    for regime in regimes:
        progress(f"{regime.name}: depths {depths[0]} to {depths[-1]}")
        found.append((regime, adjoint_norms(network, regime, depths)))
    tables = (_by_depth(found, depths), _by_layer(found, depths))
    statements = [_statement(regime, norms, depths, seed) for regime, norms in found]
    return Study("depth", "Adjoints in deep networks", QUESTION, tables, tuple(statements), _charts(found, depths))


QUESTION = "What becomes of adjoints on their way back through 1 to 50 layers, where units saturate and where weights are too large?"


def slope_by_depth(norms: Sequence[Any], depths: Sequence[int] = DEPTHS, seed: int = 0) -> Slope:
    """The slope of the logarithm of the first layer's adjoint against the net's depth."""
    return trend(depths, np.log([n[0] for n in norms]), seed=seed)


def slope_by_layer(norms: Sequence[Any], seed: int = 0) -> Slope:
    """The same within the deepest net, against the layer: adjoints that vanish on the way back rise with the layer."""
    return trend(range(1, len(norms[-1]) + 1), np.log(norms[-1]), seed=seed)


def _statement(regime: Regime, norms: Sequence[Any], depths: Sequence[int], seed: int) -> Statement:
    by_depth, by_layer = slope_by_depth(norms, depths, seed), slope_by_layer(norms, seed)
    sign = -1 if regime.does == "vanish" else 1
    shown = all(sign * end > STEEP for end in (by_depth.low, by_depth.high)) and all(
        -sign * end > STEEP for end in (by_layer.low, by_layer.high)
    )
    verdict: Weighed = "shown" if shown else "refuted"
    text = (
        f"first layer: {norms[0][0]:.3g} at depth {depths[0]}, {norms[-1][0]:.3g} at depth {depths[-1]}; "
        f"log slope {by_depth} a layer of depth, {by_layer} from layer to layer"
    )
    values = {"slope_by_depth": by_depth.value, "slope_by_layer": by_layer.value, "first": float(norms[0][0]), "last": float(norms[-1][0])}
    return Statement(f"{regime.name}: adjoints {regime.does}", verdict, text, values)


def _by_depth(found: Sequence[tuple[Regime, list[Any]]], depths: Sequence[int]) -> Table:
    columns = (
        Column("regime", "regime"),
        Column("depth", "depth", "layers"),
        Column("first", "adjoint of the first layer"),
        Column("last", "of the last"),
    )
    rows = ((r.name, d, float(n[0]), float(n[-1])) for r, norms in found for d, n in zip(depths, norms, strict=True))
    return Table("by-depth", "Norms of the first and last layer's adjoints", columns, tuple(rows))


def _by_layer(found: Sequence[tuple[Regime, list[Any]]], depths: Sequence[int]) -> Table:
    columns = (Column("regime", "regime"), Column("depth", "depth", "layers"), Column("layer", "layer"), Column("norm", "adjoint"))
    return Table("by-layer", "Norms of the adjoints, layer by layer", columns, tuple(_layers(found, depths)))


def _layers(found: Sequence[tuple[Regime, list[Any]]], depths: Sequence[int]) -> Iterator[tuple[Any, ...]]:
    for regime, norms in found:
        for d, n in zip(depths, norms, strict=True):
            if d in SHOWN:
                yield from ((regime.name, d, k + 1, float(v)) for k, v in enumerate(n))


def _charts(found: Sequence[tuple[Regime, list[Any]]], depths: Sequence[int]) -> tuple[Chart, ...]:
    first = (f"{r.name}: {n[0][0]:.3g} at depth {depths[0]}, {n[-1][0]:.3g} at depth {depths[-1]}" for r, n in found)
    within = (f"{r.name}: {n[-1][0]:.3g} at the first layer of the deepest net, {n[-1][-1]:.3g} at its last" for r, n in found)
    return (
        Chart(
            "by-depth", "The first layer's adjoint against depth", "by-depth", "depth", "first", "regime", x_scale="linear",
            caption="Every layer multiplies the adjoint by weights and slopes: where that shrinks it, it vanishes exponentially in the depth, where that stretches it, it explodes.",
            reading=f"One line for each way to scale the net. {'; '.join(first)}.",
        ),
        Chart(
            "by-layer", "Adjoints within nets of several depths", "by-layer", "layer", "norm", "depth", "regime", x_scale="linear",
            caption="On the way back, from the last layer to the first, the adjoints of one net shrink or grow layer by layer.",
            reading=f"One line for each net. {'; '.join(within)}.",
        ),
    )  # fmt: skip
