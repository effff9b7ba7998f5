"""Judging gradients of functions whose arguments are tuples, lists and dicts of arrays: taken apart, judged as one of the leaves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any

from gradcheck.circuit import argument_names
from gradcheck.circuit.trees import Layout, flat_function, flatten, is_float, is_tree, take_apart
from gradcheck.errors import UsageError
from gradcheck.verdicts.positions import Argnums, positions

Function = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Apart:
    """A function of leaves, the points' leaves, which of them are differentiable, and how they came apart."""

    function: Function
    points: list[tuple[Any, ...]]
    argnums: tuple[int, ...]
    layout: Layout
    names: tuple[str, ...]
    arguments: tuple[str, ...]

    def claim(self, gradient: Function) -> Function:
        """The claim as one of the leaves, its parts named by their paths."""

        @wraps(gradient)
        def of_leaves(*leaves: Any) -> dict[str, Any]:
            count = len(self.layout.floats)
            return self._named(gradient(*self.layout.arguments(leaves[:count]), *leaves[count:]))

        return of_leaves

    def whole(self, point: tuple[Any, ...] | None) -> tuple[Any, ...] | None:
        """A point put together again."""
        return None if point is None else tuple(self.layout.arguments(point))

    def leaves(self, points: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """The leaves of other points; those of another structure are left out."""
        apart = (take_apart(tuple(p), self.arguments) for p in points if isinstance(p, tuple | list) and len(p) == len(self.arguments))
        return [tuple(leaves) for layout, leaves, _ in apart if layout == self.layout]

    def _named(self, result: Any) -> dict[str, Any]:
        """What the claim returns by path: one tree for one argument, else a tuple of them or a dict by name."""
        if len(self.names) == 1 and not (isinstance(result, tuple | list) and len(result) == 1):
            parts = [result]
        elif isinstance(result, Mapping):
            parts = [result.get(name) for name in self.names]
        else:
            parts = list(result) if isinstance(result, tuple | list) else [result]
        found: dict[str, Any] = {}
        for name, part in zip(self.names, parts, strict=False):
            _, leaves, paths = flatten(part, name)
            found |= dict(zip(paths, leaves, strict=True))
        return found


def taken_apart(function: Function, points: Sequence[tuple[Any, ...]], argnums: Argnums | None) -> Apart | None:
    """The function of the leaves, where a differentiable argument is a tree; None where none is."""
    first = points[0]
    chosen = tuple(range(len(first))) if argnums is None else positions(function, len(first), argnums)
    if not any(0 <= i < len(first) and is_tree(first[i]) and any(map(is_float, flatten(first[i], "")[1])) for i in chosen):
        return None
    names = argument_names(function, len(first))
    layout, _, paths = take_apart(first, names, None if argnums is None else chosen)
    parts = [take_apart(point, names) for point in points]
    if any(other != layout for other, _, _ in parts):
        raise UsageError("the points have different structures: check them one by one")
    differentiable = tuple(i for i in chosen if any(layout.floats[j] for j in layout.span(i)))
    flat = flat_function(function, layout, paths)
    return Apart(
        flat,
        [tuple(leaves) for _, leaves, _ in parts],
        layout.leaves_of(chosen),
        layout,
        tuple(names[i] for i in differentiable),
        tuple(names),
    )
