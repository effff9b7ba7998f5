"""Arguments of functions whose framework has no trees of its own for them: taken apart into leaves, and what each leaf's type is there."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.case import Case
from gradcheck.circuit.trees import Layout, is_list_of_numbers
from gradcheck.circuit.trees import take_apart as apart
from gradcheck.errors import UsageError
from gradcheck.frameworks.subject import Twin, coarsest, joined, widened
from gradcheck.precision import PRECISIONS, Precision
from gradcheck.verdicts.positions import Argnums, positions_among

Function = Callable[..., Any]


@dataclass(frozen=True, slots=True, eq=False)
class Leaves:
    """How arguments come apart, the leaves' names, the NumPy types of those that are arrays of floats, and which of them are differentiated."""

    layout: Layout
    names: tuple[str, ...]
    types: tuple[Any, ...]
    chosen: tuple[int, ...]

    @property
    def precision(self) -> Precision:
        """The coarsest of the float leaves'."""
        return coarsest([PRECISIONS[t.name] for t in self.types if t is not None])

    def theirs(self, arrays: Sequence[Any]) -> list[Any]:
        """Arrays in the types they have at home; in float64 where they come so."""
        wide = widened(arrays)
        return [a if t is None else np.asarray(a).astype(np.float64 if wide else t) for a, t in zip(arrays, self.types, strict=True)]

    def same(self, other: Leaves) -> bool:
        """Whether other arguments come apart alike."""
        return self.layout == other.layout and self.types == other.types and self.chosen == other.chosen

    def twin(self, numpy: Function | Case | None) -> Twin | None:
        """The NumPy twin given, as a function of the leaves."""
        if numpy is None:
            return None
        plain = numpy.function if isinstance(numpy, Case) else numpy
        return Twin(lambda *arrays: joined(plain(*self.layout.arguments(arrays))), "given")


def points_of(function: Function, at: Any) -> list[tuple[Any, ...]]:
    """The points as tuples of arguments: `at` is a tuple, a dict by name, or a list of them."""
    if at is None or (isinstance(at, list) and not at):
        raise UsageError("at=: a point is needed, such as at=(w, x)")
    return [_arguments(function, p) for p in (at if isinstance(at, list) else [at])]


def _arguments(function: Function, at: Any) -> tuple[Any, ...]:
    if isinstance(at, tuple):
        return at
    if not isinstance(at, dict):
        return (at,)
    names = names_of(function, len(at))
    if set(names) != set(at):
        raise UsageError(f"at={list(at)}: the arguments of {name_of(function)} are {', '.join(names)}")
    return tuple(at[n] for n in names)


def names_of(function: Function, count: int) -> list[str]:
    """A function's names of its arguments; of a primitive of autograd, those of the function it wraps."""
    inner = getattr(function, "fun", function)
    try:
        known = [p.name for p in inspect.signature(inner).parameters.values() if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    except (TypeError, ValueError):
        known = []
    return (known + [f"x{i}" for i in range(len(known), count)])[:count]


def name_of(function: Function) -> str:
    """What a function is called."""
    return str(getattr(function, "__name__", type(function).__name__))


def chosen_among(function: Function, point: tuple[Any, ...], argnums: Argnums | None) -> tuple[list[str], tuple[int, ...]]:
    """Names of the arguments, and positions of those asked for: all where none are. UsageError for others than are given."""
    names = list(names_of(function, len(point)))
    chosen = tuple(range(len(point))) if argnums is None else positions_among(names, argnums)
    if any(not 0 <= i < len(point) for i in chosen):
        raise UsageError(
            f"{name_of(function)}: argnums={argnums!r}: expected positions among the {len(point)} arguments given, counted from 0"
        )
    return names, chosen


def take_apart(function: Function, point: tuple[Any, ...], argnums: Argnums | None) -> tuple[Leaves, tuple[Any, ...]]:
    """The leaves of the arguments, floats as arrays of NumPy in the carrier of their precision. UsageError where there is nothing to differentiate."""
    names, chosen = chosen_among(function, point, argnums)
    _, held, paths = apart(point, names)
    arrays = [_array(name, leaf) for name, leaf in zip(paths, held, strict=True)]
    layout = apart(tuple(_rebuilt(point, arrays)), names)[0]
    types = tuple(a.dtype if _is_float(a) else None for a in arrays)
    differentiable = tuple(i for a in chosen for i in layout.span(a) if types[i] is not None)
    if not differentiable:
        raise UsageError(f"{name_of(function)}: no argument at the point is floating-point: there is nothing to differentiate")
    ours = tuple(a if t is None else a.astype(PRECISIONS[t.name].carrier)[()] for a, t in zip(arrays, types, strict=True))
    return Leaves(layout, tuple(paths), types, differentiable), ours


def all_taken_apart(function: Function, points: Sequence[tuple[Any, ...]], argnums: Argnums | None) -> tuple[Leaves, list[tuple[Any, ...]]]:
    """The leaves of all points, which must have one structure, and their arrays."""
    taken = [take_apart(function, p, argnums) for p in points]
    leaves = taken[0][0]
    if not all(leaves.same(other) for other, _ in taken):
        raise UsageError("the points have different structures: check them one by one")
    return leaves, [arrays for _, arrays in taken]


def _rebuilt(point: tuple[Any, ...], arrays: Sequence[Any]) -> list[Any]:
    layout = apart(point, [""] * len(point))[0]
    return layout.arguments(arrays)


def _array(name: str, leaf: Any) -> Any:
    """A float, an array or a framework's tensor as NumPy's; what is none of them as it is."""
    if isinstance(leaf, float) or is_list_of_numbers(leaf):
        return np.asarray(leaf)
    if hasattr(leaf, "numpy") and not isinstance(leaf, np.ndarray | np.generic):
        leaf = leaf.numpy()
    if hasattr(leaf, "dtype") and np.dtype(leaf.dtype).kind == "c":
        raise UsageError(f"{name} is complex: give real and imaginary parts as two arguments")
    return np.asarray(leaf) if isinstance(leaf, np.generic) else leaf


def _is_float(leaf: Any) -> bool:
    return isinstance(leaf, np.ndarray) and leaf.dtype.name in PRECISIONS
