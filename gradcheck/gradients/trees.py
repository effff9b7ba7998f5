"""Derivatives of functions whose arguments are tuples, lists and dicts of arrays: made for the leaves, given in the arguments' structure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal

import numpy as np

from gradcheck.case import Case
from gradcheck.circuit import argument_names
from gradcheck.circuit.trees import Layout, flat_function, flatten, take_apart
from gradcheck.errors import ShapeError, UsageError

_KEPT = 8  # structures of arguments for which a derivative is kept
Vectors = Literal["none", "like the arguments", "like the result"]
Derivative = Callable[..., Any]
Restore = Callable[[Any, Layout, int | Sequence[int]], Any]


def restored(parts: Any, layout: Layout, argnums: int | Sequence[int]) -> Any:
    """One part for each float leaf, in the structure of the arguments: a tuple for a tuple of argnums."""
    left = iter(parts)
    if isinstance(argnums, int):
        return layout.gathered(argnums, left)
    return tuple(layout.gathered(a, left) for a in argnums)


def as_it_is(found: Any, layout: Layout, argnums: int | Sequence[int]) -> Any:
    """What has another structure than the arguments."""
    return found


def on_trees(
    make: Callable[..., Derivative],
    function: Callable[..., Any],
    argnums: int | Sequence[int],
    *,
    vectors: Vectors = "none",
    restore: Restore = restored,
    **settings: Any,
) -> Callable[[tuple[Any, ...], dict[str, Any]], Any]:
    """The derivative `make(function, argnums)` for arguments that hold trees.

    `vectors` says whether a vector follows the arguments and what it is like; `restore` puts what the derivative gives for the leaves
    into the structure of the arguments differentiated. Constants among the leaves have None for a derivative.
    """
    plain = function.function if isinstance(function, Case) else function
    chosen = (argnums,) if isinstance(argnums, int) else tuple(argnums)
    kept: dict[Any, Derivative] = {}

    def derivative(arguments: tuple[Any, ...], options: dict[str, Any]) -> Any:
        point = arguments if vectors == "none" else arguments[:-1]
        if any(not 0 <= i < len(point) for i in chosen) or len(set(chosen)) < len(chosen):
            raise UsageError(f"argnums={chosen}: expected different positions among the {len(point)} arguments given, counted from 0")
        layout, leaves, paths = take_apart(point, argument_names(plain, len(point)), chosen)
        made = kept.get((layout, tuple(paths)))
        if made is None:
            made = make(flat_function(plain, layout, paths), layout.leaves_of(chosen), **settings)
            if len(kept) < _KEPT:
                kept[layout, tuple(paths)] = made
        if vectors != "none":
            leaves.append(arguments[-1] if vectors == "like the result" else directions(layout, leaves, paths, arguments[-1], argnums))
        return restore(made(*leaves, **options), layout, argnums)

    return derivative


def directions(layout: Layout, leaves: Sequence[Any], paths: Sequence[str], vector: Any, argnums: int | Sequence[int]) -> tuple[Any, ...]:
    """The vector's leaves for the floats among the arguments' leaves; ShapeError where its structure or a shape is another."""
    given = (vector,) if isinstance(argnums, int) else tuple(vector)
    chosen = (argnums,) if isinstance(argnums, int) else tuple(argnums)
    if len(given) != len(chosen):
        raise ShapeError(f"{len(given)} vectors, expected {len(chosen)}: one for each argument")
    return tuple(d for a, v in zip(chosen, given, strict=True) for d in _directions(layout, leaves, paths, a, v))


def _directions(layout: Layout, leaves: Sequence[Any], paths: Sequence[str], position: int, vector: Any) -> Iterator[Any]:
    span, node = layout.span(position), layout.nodes[position]
    structure, found, _ = flatten(vector, "the vector") if node is not None else (None, [vector], [])
    if structure != node:
        raise UsageError(f"the vector has another structure than argument {position}, whose leaves are {', '.join(paths[i] for i in span)}")
    for i, d in zip(span, found, strict=True):
        if layout.floats[i]:
            if np.shape(d) != np.shape(leaves[i]):
                raise ShapeError(f"the vector has shape {np.shape(d)} at {paths[i]}, expected the argument's: {np.shape(leaves[i])}")
            yield d
