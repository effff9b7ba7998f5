"""A verified gradient for use in JAX: the NumPy function and its gradient as a `jax.custom_vjp`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.case import Case
from gradcheck.circuit import argument_names
from gradcheck.errors import GradientError, ShapeError, UsageError
from gradcheck.frameworks.jax_point import carried, jax
from gradcheck.gradients.functional import grad
from gradcheck.verdicts.check import check, chosen_at, points_of
from gradcheck.verdicts.positions import Argnums

Function = Callable[..., Any]


def to_jax(function: Case | Function, at: Any = None, gradient: Function | None = None, *, argnums: Argnums | None = None) -> Function:
    """The function for JAX, with a gradient that has been verified: under `jit`, `grad` and `vmap` (one after the other), in the dtype of its arguments.

    `function` is a case, or a plain NumPy function with `at`, the point or points at which its gradient is judged first; both return a
    scalar. `gradient` is called with the function's arguments and returns one array for a single differentiable argument, else a tuple in argument order or a dict by name; without
    it, the gradient is ours. Arguments may be pytrees; those that are no arrays are handed on as they are. NumPy computes both, in a
    `jax.pure_callback`: forward mode and second derivatives are not there.

    Raises GradientError, with the verdict, where the gradient is not right; UsageError where JAX is missing; ShapeError for a result that is no scalar.
    """
    jax("to_jax")
    plain = function.function if isinstance(function, Case) else function
    points = points_of(function, at, 0)
    chosen = _chosen(function, points[0], argnums)
    found = grad(plain, argnums=chosen) if gradient is None else gradient
    given = argnums if argnums is not None or isinstance(function, Case) else chosen
    verdict = check(function, found, points, argnums=given)
    if not verdict.ok:
        raise GradientError(verdict)
    names = tuple(argument_names(plain, len(points[0]))[i] for i in chosen)
    return _Wrapped(plain, found, chosen, names).as_jax()


def _chosen(function: Case | Function, point: tuple[Any, ...], argnums: Argnums | None) -> tuple[int, ...]:
    """The arguments to differentiate: those with a float somewhere in them."""
    from jax.tree_util import tree_leaves

    if argnums is not None or isinstance(function, Case):
        return chosen_at(function, point, argnums)
    found = tuple(i for i, a in enumerate(point) if any(_is_float(leaf) for leaf in tree_leaves(a)))
    if not found:
        raise UsageError("no argument at the point is floating-point: give floats (1.0, not 1), or argnums")
    return found


def _is_float(leaf: Any) -> bool:
    return isinstance(leaf, float) or getattr(getattr(leaf, "dtype", None), "kind", "") == "f"


@dataclass(frozen=True, slots=True, eq=False)
class _Wrapped:
    """A NumPy function and its gradient, the arguments it is of and their names."""

    function: Function
    gradient: Function
    chosen: tuple[int, ...]
    names: tuple[str, ...]

    def as_jax(self) -> Function:
        """The function that JAX calls: a custom_vjp of the arrays among its arguments."""
        from functools import wraps

        @wraps(self.function)
        def wrapped(*arguments: Any) -> Any:
            from jax.tree_util import tree_flatten

            leaves, tree = tree_flatten(tuple(arguments))
            is_array = [_is_array(leaf) for leaf in leaves]
            return self._of_arrays(tree, leaves, is_array)(*(leaf for leaf, array in zip(leaves, is_array, strict=True) if array))

        return wrapped

    def _of_arrays(self, tree: Any, leaves: Sequence[Any], is_array: Sequence[bool]) -> Function:
        import jax
        import jax.numpy as jnp

        def arguments(arrays: Sequence[Any]) -> tuple[Any, ...]:
            from jax.tree_util import tree_unflatten

            given = map(carried, arrays)
            return tuple(tree_unflatten(tree, [next(given) if array else leaf for leaf, array in zip(leaves, is_array, strict=True)]))

        def dtype(arrays: Sequence[Any]) -> Any:
            return jnp.result_type(*(a for a in arrays if jnp.issubdtype(jnp.result_type(a), jnp.floating)))

        def of_arrays(*arrays: Any) -> Any:
            def value(*given: Any) -> Any:
                return _scalar(self.function, arguments(given)).astype(kind)

            kind = dtype(arrays)
            return jax.pure_callback(value, jax.ShapeDtypeStruct((), kind), *arrays, vmap_method="sequential")

        def forward(*arrays: Any) -> tuple[Any, Any]:
            return known(*arrays), arrays

        def backward(arrays: Any, cotangent: Any) -> tuple[Any, ...]:
            like = {i: jax.ShapeDtypeStruct(jnp.shape(arrays[i]), jnp.result_type(arrays[i])) for i in self._floats(tree, is_array, arrays)}

            def gradient(*given: Any) -> dict[int, Any]:
                parts = self._parts(tree, is_array, self.gradient(*arguments(given)))
                return {i: np.asarray(parts[i]).astype(like[i].dtype).reshape(like[i].shape) for i in like}

            found = jax.pure_callback(gradient, like, *arrays, vmap_method="sequential")
            return tuple((cotangent * found[i]).astype(like[i].dtype) if i in found else None for i in range(len(arrays)))

        known: Function = jax.custom_vjp(of_arrays)
        known.defvjp(forward, backward)  # type: ignore[attr-defined]
        return known

    def _owners(self, tree: Any, is_array: Sequence[bool]) -> list[int]:
        """For each array the position of the argument it is part of."""
        from jax.tree_util import tree_leaves, tree_unflatten

        numbered = tree_unflatten(tree, range(len(is_array)))
        return [a for a, argument in enumerate(numbered) for leaf in tree_leaves(argument) if is_array[leaf]]

    def _floats(self, tree: Any, is_array: Sequence[bool], arrays: Sequence[Any]) -> list[int]:
        """The positions among the arrays of those that are differentiated."""
        import jax.numpy as jnp

        owners = self._owners(tree, is_array)
        return [i for i, a in enumerate(arrays) if owners[i] in self.chosen and jnp.issubdtype(jnp.result_type(a), jnp.floating)]

    def _parts(self, tree: Any, is_array: Sequence[bool], result: Any) -> dict[int, Any]:
        """The gradient's arrays by the positions of those they belong to."""
        from jax.tree_util import tree_leaves

        if isinstance(result, Mapping) and set(result) == set(self.names):
            result = tuple(result[n] for n in self.names)
        whole = result if isinstance(result, tuple | list) and (len(self.chosen) > 1 or len(result) == 1) else (result,)
        owners = self._owners(tree, is_array)
        found: dict[int, Any] = {}
        for argument, part in zip(self.chosen, whole, strict=True):
            places = [i for i, owner in enumerate(owners) if owner == argument]
            leaves = (
                [part] if len(places) == 1 and not isinstance(part, dict | list | tuple) else tree_leaves(part, is_leaf=lambda x: x is None)
            )
            found |= dict(zip(places, leaves, strict=False))
        return found


def _is_array(leaf: Any) -> bool:
    """What JAX may trace: arrays and floats; whole numbers and booleans of Python are handed on."""
    return isinstance(leaf, float) or (hasattr(leaf, "dtype") and hasattr(leaf, "shape"))


def _scalar(function: Function, arguments: tuple[Any, ...]) -> Any:
    with np.errstate(all="ignore"):
        value = np.asarray(function(*arguments))
    if value.shape != ():
        raise ShapeError(f"the function returns an array of shape {value.shape}; to_jax needs a scalar result: sum it, or weigh it")
    return value
