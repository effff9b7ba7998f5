"""What each operation does to complex operands, in operations on their parts.

A form takes the record, the operands as pairs and the parameters; it gives a pair, or a real array.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce
from itertools import product
from typing import Any

import numpy as np

from gradcheck.circuit.pairs import (
    ZERO,
    Pair,
    add,
    cosh,
    exp,
    expm1,
    full,
    less,
    log,
    log2,
    log10,
    nonzero,
    over,
    shape_of_pair,
    sinh,
    size_of,
    sqrt,
    tanh,
    times,
    turned,
    zero,
)
from gradcheck.primitives import Primitive, shape_of
from gradcheck.primitives.elementary import LN2
from gradcheck.primitives.reductions import axes_of, kept_shape

_WHOLE_POWERS = 100  # up to here NumPy too multiplies


def _each(function: Callable[[Pair], Any]) -> Callable[..., Any]:
    return lambda primitive, z, params: function(*z)


def _pairwise(function: Callable[[Pair, Pair], Any]) -> Callable[..., Any]:
    return lambda primitive, z, params: function(*z)


def _linear(primitive: Primitive, z: list[Pair], params: Mapping[str, Any]) -> Pair:
    """What acts on both parts alike."""
    re, im = (p if zero(p) else primitive(p, **params) for p in z[0])
    return re, im


def _joining(primitive: Primitive, z: list[Pair], params: Mapping[str, Any]) -> Pair:
    """Joins need every part in full, unless all are 0."""
    shapes = list(map(shape_of_pair, z))
    re, im = (
        ZERO if all(map(zero, parts)) else primitive(*(full(p, s, nonzero(parts)) for p, s in zip(parts, shapes)), **params)
        for parts in zip(*z)
    )
    return re, im


def _products(primitive: Primitive, z: list[Pair], params: Mapping[str, Any]) -> Pair:
    """What is linear in each operand: every choice of parts, with a power of i."""
    total: list[Any] = [ZERO, ZERO]
    for choice in product((0, 1), repeat=len(z)):
        parts = [pair[c] for pair, c in zip(z, choice)]
        if not any(map(zero, parts)):
            turns = sum(choice) % 4
            join = add if turns < 2 else less
            total[turns % 2] = join(total[turns % 2], primitive(*parts, **params))
    return total[0], total[1]


def _where(primitive: Primitive, z: list[Pair], params: Mapping[str, Any]) -> Pair:
    (condition, none), *choices = z
    if not zero(none):
        condition = np.not_equal(condition, 0) | np.not_equal(none, 0)
    re, im = (ZERO if all(map(zero, parts)) else np.where(condition, *parts) for parts in zip(*choices))
    return re, im


def _power(primitive: Primitive, z: list[Pair], params: Mapping[str, Any]) -> Pair:
    """Whole powers by multiplication, others by size and angle."""
    base, exponent = z
    n = _whole(exponent)
    if n is not None:
        power = _multiplied(base, abs(n))
        return power if n >= 0 else over((1.0, ZERO), power)
    if not zero(exponent[1]):
        return exp(times(exponent, (np.log(base[0]), ZERO) if _is_positive(base) else log(base)))
    size, angle = size_of(base) ** exponent[0], exponent[0] * np.arctan2(base[1], base[0])
    return size * np.cos(angle), size * np.sin(angle)


def _whole(exponent: Pair) -> int | None:
    """An exponent that is a small whole constant."""
    p, none = exponent
    if zero(none) and zero(p):
        return 0
    if not zero(none) or zero(p) or p.shape or p.index not in p.recorder.builder.constants:
        return None
    value = float(p.value)
    return int(value) if value.is_integer() and abs(value) <= _WHOLE_POWERS else None


def _is_positive(base: Pair) -> bool:
    p, none = base
    return zero(none) and not zero(p) and p.index in p.recorder.builder.constants and bool(np.all(p.value > 0))


def _multiplied(z: Pair, n: int) -> Pair:
    result: Pair | None = None
    while n:
        if n & 1:
            result = z if result is None else times(result, z)
        n >>= 1
        z = times(z, z) if n else z
    return (1.0, ZERO) if result is None else result


def _equal(z: Pair, w: Pair) -> Any:
    return np.logical_and(np.equal(z[0], w[0]), np.equal(z[1], w[1]))


def _either(test: Callable[[Any], Any], join: Callable[..., Any]) -> Callable[[Pair], Any]:
    return lambda z: reduce(join, (test(p) for p in z if not zero(p)))


def _prod(primitive: Primitive, z: list[Pair], params: Mapping[str, Any]) -> Pair:
    """Factor by factor, along the axes."""
    shape = shape_of_pair(z[0])
    axes = axes_of(params.get("axis"), len(shape))
    order = [*axes, *(i for i in range(len(shape)) if i not in axes)]
    kept = kept_shape(shape, axes) if params.get("keepdims") else tuple(shape[i] for i in order[len(axes) :])
    rows = [p if zero(p) else np.reshape(np.transpose(p, order), (-1, *(shape[i] for i in order[len(axes) :]))) for p in z[0]]
    count = int(np.prod([shape[i] for i in axes], dtype=int))
    factors: list[Pair] = [(_at(rows[0], k), _at(rows[1], k)) for k in range(count)] or [(1.0, ZERO)]
    re, im = (p if zero(p) else np.reshape(p, kept) if shape_of(p) else np.broadcast_to(p, kept) for p in reduce(times, factors))
    return re, im


def _at(rows: Any, k: int) -> Any:
    return rows if zero(rows) else rows[k]


def _cumprod(primitive: Primitive, z: list[Pair], params: Mapping[str, Any]) -> Pair:
    axis = params["axis"]
    shape = shape_of_pair(z[0])
    lines = [np.moveaxis(full(p, shape, nonzero(z[0])), axis, 0) for p in z[0]]
    found = [(lines[0][0], lines[1][0])]
    for k in range(1, shape[axis]):
        found.append(times(found[-1], (lines[0][k], lines[1][k])))
    re, im = (np.moveaxis(np.stack(parts), 0, axis) for parts in zip(*found))
    return re, im


def _var(primitive: Primitive, z: list[Pair], params: Mapping[str, Any]) -> Any:
    """The variances of both parts added up."""
    return reduce(lambda a, b: a + b, (primitive(p, **params) for p in z[0] if not zero(p)))


def _system(primitive: Primitive, z: list[Pair], params: Mapping[str, Any]) -> Pair:
    """A complex matrix as a real one of twice the size: [[Re, -Im], [Im, Re]]."""
    (re, im), n = z[0], shape_of_pair(z[0])[0]
    re, im = (full(p, (n, n), nonzero(z[0])) for p in (re, im))
    whole = np.concatenate([np.concatenate([re, -im], axis=1), np.concatenate([im, re], axis=1)])
    if len(z) == 1:
        found = primitive(whole)
        return found[:n, :n], found[n:, :n]
    shape = shape_of_pair(z[1])
    found = primitive(whole, np.concatenate([full(p, shape, nonzero(z[1])) for p in z[1]]))
    return found[:n], found[n:]


FORMS: dict[str, Callable[..., Any]] = {
    **dict.fromkeys(("negative", "reshape", "transpose", "broadcast_to", "getitem", "sum", "mean", "cumsum", "trace"), _linear),
    **dict.fromkeys(("concatenate", "stack"), _joining),
    **dict.fromkeys(("multiply", "matmul", "dot", "inner", "outer", "einsum"), _products),
    "add": _pairwise(lambda z, w: (add(z[0], w[0]), add(z[1], w[1]))),
    "subtract": _pairwise(lambda z, w: (less(z[0], w[0]), less(z[1], w[1]))),
    "divide": _pairwise(over), "power": _power, "square": _each(lambda z: times(z, z)),
    "reciprocal": _each(lambda z: over((1.0, ZERO), z)), "absolute": _each(size_of),
    "exp": _each(exp), "exp2": _each(lambda z: exp(times(z, (LN2, ZERO)))), "expm1": _each(expm1), "sqrt": _each(sqrt),
    "log": _each(log), "log2": _each(log2), "log10": _each(log10),
    "sinh": _each(sinh), "cosh": _each(cosh), "tanh": _each(tanh),
    "sin": _each(turned(sinh, back=True)), "cos": _each(turned(cosh)), "tan": _each(turned(tanh, back=True)),
    "equal": _pairwise(_equal), "not_equal": _pairwise(lambda z, w: np.logical_not(_equal(z, w))),
    "isnan": _each(_either(np.isnan, np.logical_or)), "isfinite": _each(_either(np.isfinite, np.logical_and)),
    "where": _where, "prod": _prod, "cumprod": _cumprod, "var": _var, "solve": _system, "inv": _system,
}  # fmt: skip
