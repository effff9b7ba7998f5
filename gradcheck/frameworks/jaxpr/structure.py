"""Primitives of JAX that move data: shapes, slices, joining, gathering and scattering."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from gradcheck.errors import TraceError
from gradcheck.frameworks.jaxpr.rules import Rule, as_numpy, concrete, writable

_EXACT = 2**24  # positions that float32 holds exactly


def _broadcast(params: Mapping[str, Any], x: Any, *sizes: Any) -> Any:
    shape, kept = params["shape"], params["broadcast_dimensions"]
    spread = [1] * len(shape)
    for place, size in zip(kept, np.shape(x), strict=True):
        spread[place] = size
    return np.broadcast_to(np.reshape(x, tuple(spread)), tuple(shape))


def _reshaped(params: Mapping[str, Any], x: Any, *sizes: Any) -> Any:
    if params.get("dimensions") is not None:
        x = np.transpose(x, params["dimensions"])
    return np.reshape(x, tuple(params["new_sizes"]))


def _squeezed(params: Mapping[str, Any], x: Any) -> Any:
    gone = {d % np.ndim(x) for d in params["dimensions"]}
    return np.reshape(x, tuple(n for i, n in enumerate(np.shape(x)) if i not in gone))


def _expanded(params: Mapping[str, Any], x: Any) -> Any:
    return np.expand_dims(x, tuple(params["dimensions"]))


def _sliced(params: Mapping[str, Any], x: Any) -> Any:
    steps = params["strides"] or (1,) * np.ndim(x)
    return x[tuple(slice(a, b, s) for a, b, s in zip(params["start_indices"], params["limit_indices"], steps, strict=True))]


def _starts(x: Any, sizes: Any, starts: Any) -> list[int]:
    """Where a dynamic slice begins: moved so that it fits."""
    return [int(np.clip(concrete(s), 0, n - size)) for s, n, size in zip(starts, np.shape(x), sizes, strict=True)]


def _dynamic_slice(params: Mapping[str, Any], x: Any, *starts: Any) -> Any:
    sizes = params["slice_sizes"]
    return x[tuple(slice(s, s + n) for s, n in zip(_starts(x, sizes, starts), sizes, strict=True))]


def _dynamic_update_slice(params: Mapping[str, Any], x: Any, update: Any, *starts: Any) -> Any:
    sizes = np.shape(update)
    result = writable(x, update)
    result[tuple(slice(s, s + n) for s, n in zip(_starts(x, sizes, starts), sizes, strict=True))] = update
    return result


def _padded(params: Mapping[str, Any], x: Any, value: Any) -> Any:
    """Edges may be cut off (negative), and gaps left between elements (interior)."""
    config = params["padding_config"]
    inner = tuple(n + max(0, n - 1) * gap for n, (_, _, gap) in zip(np.shape(x), config, strict=True))
    shape = tuple(max(0, low) + n + max(0, high) for n, (low, high, _) in zip(inner, config, strict=True))
    places = np.full(shape, np.size(x))  # where the value stands, behind the elements
    within = tuple(slice(max(0, low), max(0, low) + n, gap + 1) for n, (low, _, gap) in zip(inner, config, strict=True))
    places[within] = np.arange(np.size(x)).reshape(np.shape(x))
    kept = places[tuple(slice(max(0, -low), n - max(0, -high)) for n, (low, high, _) in zip(shape, config, strict=True))]
    return np.concatenate([np.reshape(x, (-1,)), np.reshape(value, (1,))])[kept]


def _iota(params: Mapping[str, Any], *sizes: Any) -> Any:
    shape, axis = tuple(params["shape"]), params["dimension"]
    along = np.arange(shape[axis], dtype=as_numpy(params["dtype"]))
    return np.broadcast_to(along.reshape([-1 if i == axis else 1 for i in range(len(shape))]), shape)


def _split(params: Mapping[str, Any], x: Any) -> list[Any]:
    bounds = np.cumsum((0, *params["sizes"]))
    before = (slice(None),) * params["axis"]
    return [x[(*before, slice(int(a), int(b)))] for a, b in pairwise(bounds)]


def _by_jax(name: str, params: Mapping[str, Any], *inputs: Any) -> Any:
    """What JAX itself does to positions: which element goes where is asked of it, the elements move in NumPy."""
    from jax.extend.core import primitives

    return np.asarray(getattr(primitives, f"{name}_p").bind(*inputs, **params))


def _positions(size: int) -> Any:
    if size >= _EXACT:
        raise TraceError(f"gathers and scatters of {size:,} elements")
    return np.arange(1, size + 1, dtype=np.float32)


def _gathered(params: Mapping[str, Any], x: Any, indices: Any) -> Any:
    """The place of every element that is gathered, 0 where none is and JAX fills in."""
    asked = {**params, "fill_value": 0}
    places = _by_jax("gather", asked, _positions(np.size(x)).reshape(np.shape(x)), concrete(indices)).astype(np.int64)
    taken = np.reshape(x, (-1,))[np.maximum(places - 1, 0)]
    if (places > 0).all():
        return taken
    fill = params["fill_value"]
    missing = np.asarray(np.nan if fill is None and np.result_type(x).kind == "f" else fill or 0, dtype=np.result_type(x))
    return np.where(places > 0, taken, missing)


def _targets(params: Mapping[str, Any], x: Any, indices: Any, updates: Any) -> Any:
    """The place in x that each update goes to, -1 where it is dropped: how scatter-add transposes."""
    import jax
    from jax.extend.core import primitives

    asked = {**params, "update_jaxpr": None, "update_consts": ()}
    like, zero = jax.numpy.zeros(np.shape(updates), np.float32), jax.numpy.zeros(np.shape(x), np.float32)
    spread = jax.linear_transpose(lambda u: primitives.scatter_add_p.bind(zero, concrete(indices), u, **asked), like)
    (places,) = spread(_positions(np.size(x)).reshape(np.shape(x)))
    return np.asarray(places).astype(np.int64).ravel() - 1


def _scattered(combine: Callable[[Any, Any, Any], None]) -> Rule:
    def rule(params: Mapping[str, Any], x: Any, indices: Any, updates: Any) -> Any:
        places = _targets(params, x, indices, updates)
        kept = places >= 0
        result = writable(np.reshape(x, (-1,)), updates)
        combine(result, places[kept], np.reshape(updates, (-1,))[kept])
        return np.reshape(result, np.shape(x))

    return rule


def _set(result: Any, places: Any, updates: Any) -> None:
    """The last of several updates of one place stays."""
    _, last = np.unique(places[::-1], return_index=True)
    last = len(places) - 1 - last
    result[places[last]] = updates[last]


def _add(result: Any, places: Any, updates: Any) -> None:
    np.add.at(result, places, updates)


def _one_by_one(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any, Any], None]:
    def combine(result: Any, places: Any, updates: Any) -> None:
        for k, place in enumerate(places):
            result[place] = function(result[place], updates[k])

    return combine


RULES: Mapping[str, Rule] = {
    "broadcast_in_dim": _broadcast,
    "reshape": _reshaped,
    "squeeze": _squeezed,
    "expand_dims": _expanded,
    "transpose": lambda params, x: np.transpose(x, params["permutation"]),
    "rev": lambda params, x: np.flip(x, tuple(params["dimensions"])),
    "slice": _sliced,
    "dynamic_slice": _dynamic_slice,
    "dynamic_update_slice": _dynamic_update_slice,
    "concatenate": lambda params, *parts: np.concatenate(parts, axis=params["dimension"]),
    "tile": lambda params, x: np.tile(x, tuple(params["reps"])),
    "stack": lambda params, *parts: np.stack(parts, axis=params["axis"]),
    "unstack": lambda params, x: [x[(slice(None),) * params["axis"] + (k,)] for k in range(np.shape(x)[params["axis"]])],
    "split": _split,
    "pad": _padded,
    "iota": _iota,
    "gather": _gathered,
    "scatter": _scattered(_set),
    "scatter-add": _scattered(_add),
    "scatter_add": _scattered(_add),
    "scatter-sub": _scattered(lambda result, places, updates: _add(result, places, -updates)),
    "scatter-mul": _scattered(_one_by_one(np.multiply)),
    "scatter_mul": _scattered(_one_by_one(np.multiply)),
    "scatter-min": _scattered(_one_by_one(np.minimum)),
    "scatter_min": _scattered(_one_by_one(np.minimum)),
    "scatter-max": _scattered(_one_by_one(np.maximum)),
    "scatter_max": _scattered(_one_by_one(np.maximum)),
}
