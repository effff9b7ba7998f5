"""Derivatives times vectors as plain functions: jvp, vjp and hvp. The vector comes after the arguments; each can be differentiated again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.circuit import Circuit, cotangents, hessian_product, pushforward
from gradcheck.circuit.circuit import ArrayType
from gradcheck.circuit.traced import TracedArray
from gradcheck.circuit.trees import holds_tree
from gradcheck.errors import ShapeError
from gradcheck.gradients.functional import _named, _packed
from gradcheck.gradients.programs import Argnums, Programs, Runner, programs, require_one_result
from gradcheck.gradients.trees import as_it_is, on_trees


@dataclass(slots=True)
class Product:
    """A circuit of a function's arguments and of vectors, with the types the vectors must have (None: the vector does not matter)."""

    runner: Runner
    takes: tuple[ArrayType | None, ...]

    def __call__(self, inputs: tuple[Any, ...], vectors: tuple[Any, ...], what: str) -> tuple[Any, ...] | None:
        """The product; None where a decision of the function falls otherwise at these inputs."""
        return self.runner((*inputs, *fitted(vectors, self.takes, what)))


def fitted(vectors: Sequence[Any], takes: Sequence[ArrayType | None], what: str) -> list[Any]:
    """The vectors in the precision they are taken in; ShapeError where one has another shape, or there are more or fewer."""
    if len(vectors) != len(takes):
        raise ShapeError(f"{len(vectors)} vectors, expected {len(takes)}: one for each {what}")
    shapes = [np.shape(v) if t is None else t.shape for v, t in zip(vectors, takes, strict=True)]
    got = [np.shape(v) for v in vectors]
    if got != shapes:
        name = "cotangent" if what == "result" else "vector"
        raise ShapeError(f"the {name} has shape {', '.join(map(str, got))}, expected the {what}'s: {', '.join(map(str, shapes))}")
    return [_as_type(v, t) for v, t in zip(vectors, takes, strict=True) if t is not None]


def _as_type(vector: Any, type: ArrayType) -> Any:
    if isinstance(vector, TracedArray):
        return vector if vector.dtype == type.dtype else vector.astype(type.dtype)
    return np.asarray(vector, dtype=type.dtype)[()]


def _product(transform: Callable[[Circuit, int], Circuit], *, of_results: bool = False, one_result: bool = False) -> Callable[..., Product]:
    """The plan of a product: vectors are like the arguments that move, or like the results."""

    def plan(circuit: Circuit, moving: int, *, recording: bool) -> Product:
        if one_result:
            require_one_result(circuit)
        like = [circuit.type(k) for k in (circuit.outputs if of_results else circuit.inputs[:moving])]
        takes = tuple(t if t.floating else None for t in like)
        return Product(Runner(transform(circuit, moving), recording=recording), takes)

    return plan


def _multiply(
    kept: Programs[Product], arguments: tuple[Any, ...], vectors: tuple[Any, ...], options: dict[str, Any], what: str
) -> tuple[Any, ...]:
    return kept.run(arguments, options, lambda plan, inputs: plan(inputs, vectors, what), vectors)


def hvp(function: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """The function (x, v) -> Hessian times v, at the cost of a few evaluations of the function.

    With several argnums, the vector is a tuple of arrays after the arguments, and so is the product. Arguments, and then the vector, may be
    tuples, lists and dicts of arrays. Raises ShapeError where the vector has not its argument's shape, or the function returns no scalar.
    """
    kept = programs(function, argnums, _product(hessian_product, one_result=True))
    trees = on_trees(hvp, function, argnums, vectors="like the arguments")

    def product(*arguments: Any, **options: Any) -> Any:
        *point, vector = arguments
        if holds_tree(point):
            return trees(arguments, options)
        vectors = (vector,) if isinstance(argnums, int) else tuple(vector)
        parts = _multiply(kept, tuple(point), vectors, options, "argument")
        return _packed(parts, argnums, arguments)

    return _named(product, function, "hvp")


def jvp(function: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """The function (x, v) -> Jacobian times v: the derivative along v, by one forward sweep.

    The vector comes after the arguments and has its argument's shape; with several argnums it is a tuple. The product has the shape of the
    function's result, and is a tuple where the function returns one. Arguments, and then the vector, may be tuples, lists and dicts of arrays.
    """
    kept = programs(function, argnums, _product(pushforward))
    trees = on_trees(jvp, function, argnums, vectors="like the arguments", restore=as_it_is)

    def product(*arguments: Any, **options: Any) -> Any:
        *point, vector = arguments
        if holds_tree(point):
            return trees(arguments, options)
        vectors = (vector,) if isinstance(argnums, int) else tuple(vector)
        parts = _multiply(kept, tuple(point), vectors, options, "argument")
        return _packed(parts, 0 if len(parts) == 1 else (0, 1), arguments)

    return _named(product, function, "jvp")


def vjp(function: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """The function (x, w) -> w times Jacobian: what a cotangent of the result becomes, by one reverse sweep.

    The cotangent comes after the arguments and has the shape of the function's result; it is a tuple where the function returns one. The
    product has the argument's shape; with several argnums it is a tuple. Arguments may be tuples, lists and dicts of arrays.
    """
    kept = programs(function, argnums, _product(cotangents, of_results=True))
    trees = on_trees(vjp, function, argnums, vectors="like the result")

    def product(*arguments: Any, **options: Any) -> Any:
        *point, cotangent = arguments
        if holds_tree(point):
            return trees(arguments, options)
        vectors = cotangent if isinstance(cotangent, tuple) else (cotangent,)
        parts = _multiply(kept, tuple(point), vectors, options, "result")
        return _packed(parts, argnums, arguments)

    return _named(product, function, "vjp")
