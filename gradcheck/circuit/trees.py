"""Arguments that hold arrays in tuples, lists and dicts: taken apart into leaves at the boundary, and put together again.

Everything inside works on flat arrays. A leaf is whatever is no container, and a list of plain numbers, which is the array NumPy reads in it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.circuit.traced import TracedArray
from gradcheck.errors import UsageError

_CONTAINERS = (tuple, list, dict)
_NUMBERS = (int, float, np.generic, TracedArray)


@dataclass(frozen=True, slots=True)
class Node:
    """A container: its type, its keys (places, for a sequence), and what stands there: nodes, or None for leaves."""

    kind: Any
    keys: tuple[Any, ...]
    children: tuple[Node | None, ...]

    def build(self, leaves: Iterator[Any]) -> Any:
        """The container filled with leaves in order."""
        values = [next(leaves) if child is None else child.build(leaves) for child in self.children]
        if issubclass(self.kind, dict):
            return self.kind(zip(self.keys, values, strict=True))
        return self.kind(*values) if hasattr(self.kind, "_fields") else self.kind(values)


def is_tree(value: Any) -> bool:
    """Whether a value is a container of leaves."""
    return isinstance(value, _CONTAINERS) and not is_list_of_numbers(value)


def is_list_of_numbers(value: Any) -> bool:
    """Whether a list holds plain numbers alone, possibly in rows."""
    return type(value) is list and all(
        is_list_of_numbers(v) if isinstance(v, list) else isinstance(v, _NUMBERS) and np.shape(v) == () for v in value
    )


def holds_tree(arguments: Sequence[Any]) -> bool:
    """Whether one of the arguments has to be taken apart, or is a list in which traced numbers stand."""
    for a in arguments:  # noqa: SIM110  a generator takes longer
        if type(a) is not np.ndarray and isinstance(a, _CONTAINERS) and (is_tree(a) or _holds_traced(a)):
            return True
    return False


def _holds_traced(numbers: Any) -> bool:
    return any(_holds_traced(v) if isinstance(v, list) else isinstance(v, TracedArray) for v in numbers)


def _joined(leaf: Any) -> Any:
    """A list of numbers, some of them traced, as one traced array."""
    if not (is_list_of_numbers(leaf) and _holds_traced(leaf)):
        return leaf
    first = next(v for v in np.array(leaf, dtype=object).ravel() if isinstance(v, TracedArray))
    return first.recorder.lift(np.array(leaf, dtype=object))


def flatten(value: Any, path: str) -> tuple[Node | None, list[Any], list[str]]:
    """The structure of a value (None for a leaf), its leaves, and the path of each: `params['W'][0]`."""
    if not is_tree(value):
        return None, [_joined(value)], [path]
    if not (type(value) in (dict, OrderedDict, list, tuple) or hasattr(value, "_fields")):
        raise UsageError(f"{path} is a {type(value).__name__}: dicts, lists, tuples and named tuples are taken apart")
    keys = tuple(value) if isinstance(value, dict) else tuple(range(len(value)))
    children: list[Node | None] = []
    leaves: list[Any] = []
    paths: list[str] = []
    for key in keys:
        name = f"{path}.{value._fields[key]}" if hasattr(value, "_fields") else f"{path}[{key!r}]"
        child, inner, named = flatten(value[key], name)
        children.append(child)
        leaves += inner
        paths += named
    return Node(type(value), keys, tuple(children)), leaves, paths


def is_float(leaf: Any) -> bool:
    """Whether a leaf is differentiated: floats, float arrays and lists of floats; whole numbers, text and None are constants."""
    if isinstance(leaf, float):
        return True
    if is_list_of_numbers(leaf):
        return np.asarray(leaf).dtype.kind == "f"
    return getattr(getattr(leaf, "dtype", None), "kind", "") == "f"


@dataclass(frozen=True, slots=True)
class Layout:
    """How a function's arguments come apart: a structure for each, the number of leaves of each, and which leaves are floats."""

    nodes: tuple[Node | None, ...]
    counts: tuple[int, ...]
    floats: tuple[bool, ...]

    def span(self, position: int) -> range:
        """The positions of an argument's leaves."""
        start = sum(self.counts[:position])
        return range(start, start + self.counts[position])

    def leaves_of(self, argnums: Sequence[int]) -> tuple[int, ...]:
        """The positions of the floats among the leaves of these arguments."""
        return tuple(i for a in argnums for i in self.span(a) if self.floats[i])

    def arguments(self, leaves: Sequence[Any]) -> list[Any]:
        """The arguments put together."""
        given = iter(leaves)
        return [next(given) if node is None else node.build(given) for node in self.nodes]

    def gathered(self, position: int, parts: Iterator[Any]) -> Any:
        """One part for each float of an argument, in the argument's structure; None where a constant stands."""
        filled = iter([next(parts) if self.floats[i] else None for i in self.span(position)])
        node = self.nodes[position]
        return next(filled) if node is None else node.build(filled)


def take_apart(arguments: Sequence[Any], names: Sequence[str], chosen: Sequence[int] | None = None) -> tuple[Layout, list[Any], list[str]]:
    """The layout of the arguments, all leaves, and their paths; of arguments that are not chosen, only whole trees come apart."""
    found = [flatten(a, name) for a, name in zip(arguments, names, strict=True)]
    leaves = [leaf for _, inner, _ in found for leaf in inner]
    for position in chosen or ():
        node, inner, paths = found[position]
        if node is not None and not any(map(is_float, inner)):
            held = ", ".join(f"{p}: {type(v).__name__}" for p, v in zip(paths, inner, strict=True)) or "nothing"
            raise UsageError(f"argument {position} holds no floats, and only floats can be differentiated: it holds {held}")
    layout = Layout(tuple(n for n, _, _ in found), tuple(len(inner) for _, inner, _ in found), tuple(map(is_float, leaves)))
    return layout, leaves, [p for _, _, paths in found for p in paths]


def flat_function(function: Callable[..., Any], layout: Layout, paths: Sequence[str]) -> Callable[..., Any]:
    """The function of the leaves. It reads what the function reads, and its arguments are named by their paths."""

    def flat(*leaves: Any, **options: Any) -> Any:
        return function(*layout.arguments(leaves), **options)

    flat.__name__ = getattr(function, "__name__", "f")
    flat.__derives__ = (flat.__code__, function)  # type: ignore[attr-defined]
    flat.__leaves__ = tuple(paths)  # type: ignore[attr-defined]
    return flat
