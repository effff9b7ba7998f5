"""What JAX's functions are called with: arguments taken apart into leaves, which are NumPy's in our hands and JAX's in its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.errors import UsageError
from gradcheck.frameworks.leaves import chosen_among, name_of
from gradcheck.frameworks.subject import coarsest, needed, widened
from gradcheck.precision import FLOAT64, NARROW, PRECISIONS, Precision
from gradcheck.verdicts.positions import Argnums

Function = Callable[..., Any]


def jax(asked: str) -> Any:
    """JAX itself, for the function that was asked for; UsageError where it is not installed."""
    return needed("jax", asked, "JAX", "gradcheck[jax]")


def in_x64(module: Any) -> AbstractContextManager[Any]:
    """JAX with float64, for as long as the context lasts."""
    enable: Any = getattr(module, "enable_x64", None)
    if enable is None:
        from jax.experimental import enable_x64

        enable = enable_x64
    context: AbstractContextManager[Any] = enable(True)  # noqa: FBT003  it takes no keyword
    return context


@dataclass(frozen=True, slots=True, eq=False)
class Leaves:
    """How a function's arguments come apart. Arrays are leaves we hand over; all else stays as it is.

    `fixed` holds every leaf, None where an array stands; `types` are the JAX types of the arrays, `chosen` the positions among the arrays of those to differentiate.
    """

    tree: Any
    fixed: tuple[Any, ...]
    is_array: tuple[bool, ...]
    names: tuple[str, ...]
    types: tuple[Any, ...]
    chosen: tuple[int, ...]

    def arguments(self, arrays: Sequence[Any]) -> tuple[Any, ...]:
        """The arguments put together."""
        from jax.tree_util import tree_unflatten

        given = iter(arrays)
        leaves = [next(given) if array else leaf for array, leaf in zip(self.is_array, self.fixed, strict=True)]
        return tuple(tree_unflatten(self.tree, leaves))

    def theirs(self, arrays: Sequence[Any]) -> list[Any]:
        """NumPy's arrays as JAX's, in their types; in float64 where they come so."""
        wide = widened(arrays)
        return [self.one(i, a, wide=wide) for i, a in enumerate(arrays)]

    def one(self, i: int, array: Any, *, wide: bool) -> Any:
        """One array as JAX's."""
        import jax.numpy as jnp

        array = np.asarray(array)
        return jnp.asarray(array.astype(np.float64 if wide and array.dtype.kind == "f" else self.types[i]))

    def same(self, other: Leaves) -> bool:
        """Whether other arguments come apart alike and hold the same besides arrays."""
        return self.tree == other.tree and self.is_array == other.is_array and self.types == other.types and _equal(self.fixed, other.fixed)


def _equal(first: Sequence[Any], second: Sequence[Any]) -> bool:
    try:
        return all(a is b or bool(a == b) for a, b in zip(first, second, strict=True))
    except (TypeError, ValueError):  # what cannot be compared is not known to be the same
        return False


def take_apart(function: Function, point: tuple[Any, ...], argnums: Argnums | None) -> tuple[Leaves, tuple[Any, ...]]:
    """The leaves of the arguments and the arrays among them, as NumPy's in the carrier of their precision. UsageError for what JAX would change."""
    from jax.tree_util import tree_flatten, tree_flatten_with_path

    names, chosen = chosen_among(function, point, argnums)
    found, tree = tree_flatten_with_path(tuple(point))
    paths = [names[path[0].idx] + "".join(map(_step, path[1:])) for path, _ in found]
    leaves = tree_flatten(tuple(point))[0]
    is_array = tuple(_is_array(x) for x in leaves)
    arrays = [_taken(name, x) for name, x, array in zip(paths, leaves, is_array, strict=True) if array]
    owners = [path[0].idx for (path, _), array in zip(found, is_array, strict=True) if array]
    differentiable = tuple(i for i, (a, owner) in enumerate(zip(arrays, owners, strict=True)) if owner in chosen and _is_float(a.dtype))
    if not differentiable:
        held = ", ".join(f"{n}: {type(x).__name__}" for n, x in zip(paths, leaves, strict=True))
        raise UsageError(f"{name_of(function)}: no argument at the point is floating-point: there is nothing to differentiate ({held})")
    types = tuple(a.dtype for a in arrays)
    fixed = tuple(None if array else x for x, array in zip(leaves, is_array, strict=True))
    kept = tuple(n for n, array in zip(paths, is_array, strict=True) if array)
    return Leaves(tree, fixed, is_array, kept, types, differentiable), tuple(map(carried, arrays))


def _step(key: Any) -> str:
    """One step of a path as it is read: .w1, [0]."""
    if hasattr(key, "idx"):
        return f"[{key.idx}]"
    name = getattr(key, "name", getattr(key, "key", key))
    return f".{name}" if isinstance(name, str) and name.isidentifier() else f"[{name!r}]"


def _is_array(leaf: Any) -> bool:
    """Floats and arrays are handed over; Python's whole numbers and booleans may say how often, and keys of random numbers are JAX's own."""
    if isinstance(leaf, float):
        return True
    dtype = getattr(leaf, "dtype", None)
    return isinstance(dtype, np.dtype) and (dtype.kind in "iub" or _is_float(dtype) or dtype.kind == "c")


def _is_float(dtype: Any) -> bool:
    return dtype.name in PRECISIONS


def _taken(name: str, leaf: Any) -> Any:
    """A leaf as NumPy's array in JAX's type for it."""
    import jax
    import jax.numpy as jnp

    if isinstance(leaf, float):
        return np.asarray(jnp.asarray(leaf))
    array = np.asarray(leaf)
    if array.dtype.kind == "c":
        raise UsageError(f"{name} is complex: give real and imaginary parts as two arguments")
    if array.dtype == np.float64 and not jax.config.jax_enable_x64:
        raise UsageError(
            f"{name} is float64, and JAX would round it to float32, for its 64-bit mode is off: "
            "turn it on with jax.config.update('jax_enable_x64', True), or give float32"
        )
    return array


def carried(array: Any) -> Any:
    """An array of JAX as NumPy's: narrow floats in float32, which holds every one of them."""
    array = np.asarray(array)
    if array.dtype.kind not in "fiub" or array.dtype == np.float16:
        array = array.astype(np.float32)
    return array[()]


def precision_of(leaves: Leaves, inside: Iterator[Any]) -> Precision:
    """What the function works in: the coarsest type of its float arguments and, if those are float32, of what it rounds them to on the way."""
    own = coarsest([PRECISIONS[t.name] for t in leaves.types if _is_float(t)])
    narrow = [PRECISIONS[t.name] for t in inside if getattr(t, "name", "") in PRECISIONS and PRECISIONS[t.name] in NARROW]
    return own if own == FLOAT64 else coarsest([own, *narrow])


@contextmanager
def working_in(wide: bool) -> Iterator[None]:
    """JAX as the user has set it; with float64 where that is asked for. Its own tables may overflow in narrow types, which is not ours to print."""
    import jax

    with in_x64(jax) if wide and not jax.config.jax_enable_x64 else nullcontext(), np.errstate(all="ignore"):
        yield
