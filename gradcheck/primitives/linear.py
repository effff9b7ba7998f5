"""Products of matrices and tensors. The adjoint of a product is a product again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gradcheck.primitives.composed import tensordot
from gradcheck.primitives.costs import Counts, Sized
from gradcheck.primitives.record import Example, Primitive, shape_of, sum_to

Params = Mapping[str, Any]
Inputs = tuple[Any, ...]


def _contraction(results: int, terms: int) -> Counts:
    return Counts(additions=results * max(terms - 1, 0), multiplications=results * terms)


def _product_cost(inputs: tuple[Sized, ...], output: Sized, params: Params) -> Counts:
    """Every element of the result sums over the last axis of the first operand."""
    return _contraction(output.size, inputs[0].shape[-1])


def _matmul_rule(position: int, g: Any, y: Any, inputs: Inputs, params: Params) -> Any:
    a, b = inputs
    rank = len(shape_of(a)), len(shape_of(b))
    if rank == (1, 1):
        return g * inputs[1 - position]
    if rank == (2, 1):
        return np.outer(g, b) if position == 0 else np.matmul(a.T, g)
    if rank == (1, 2):
        return np.matmul(b, g) if position == 0 else np.outer(a, g)
    return _stacked_rule(position, g, a, b)


def _stacked_rule(position: int, g: Any, a: Any, b: Any) -> Any:
    """Stacks of matrices: vectors become matrices first, stretched stacks are summed last."""
    wanted = shape_of((a, b)[position])
    if len(shape_of(a)) == 1:
        a, g = np.expand_dims(a, 0), np.expand_dims(g, -2)
    if len(shape_of(b)) == 1:
        b, g = np.expand_dims(b, 1), np.expand_dims(g, -1)
    flip = (a, b)[1 - position]
    other = np.swapaxes(flip, -1, -2)
    full = np.matmul(g, other) if position == 0 else np.matmul(other, g)
    return np.reshape(sum_to(full, shape_of((a, b)[position])), wanted)


MATMUL = Primitive(
    "matmul", np.matmul, _matmul_rule, _product_cost, arity=2, calls={np.matmul: None}, array="{0} @ {1}",
    examples=(Example(((2, 3), (3, 2))), Example(((2, 3), (3,))), Example(((3,), (3, 2))), Example(((3,), (3,))), Example(((2, 1, 2), (2, 2)))),
    sums=True, formula="sum_k a_ik b_kj",
)  # fmt: skip
DOT = Primitive(
    "dot", np.dot, _matmul_rule, _product_cost, arity=2, calls={},
    examples=(Example(((2, 3), (3, 2))), Example(((3,), (3,))), Example(((2, 2), (2,)))), sums=True, formula="sum_k a_ik b_kj",
)  # fmt: skip


def dot(a: Any, b: Any) -> Any:
    """np.dot: over the last axis of one and the last but one of the other."""
    ranks = len(shape_of(a)), len(shape_of(b))
    if 0 in ranks:
        return np.multiply(a, b)
    return DOT(a, b) if max(ranks) <= 2 else tensordot(a, b, (-1, -2 if ranks[1] > 1 else -1))


def _inner_rule(position: int, g: Any, y: Any, inputs: Inputs, params: Params) -> Any:
    a, b = inputs
    if len(shape_of(a)) == 1:
        return g * inputs[1 - position]
    return np.matmul(g, b) if position == 0 else np.matmul(g.T, a)


INNER = Primitive(
    "inner", np.inner, _inner_rule, _product_cost, arity=2, calls={},
    examples=(Example(((3,), (3,))), Example(((2, 3), (2, 3)))), sums=True, formula="sum_k a_ik b_jk",
)  # fmt: skip


def inner(a: Any, b: Any) -> Any:
    """np.inner: over the last axes."""
    ranks = len(shape_of(a)), len(shape_of(b))
    if 0 in ranks:
        return np.multiply(a, b)
    return INNER(a, b) if ranks in ((1, 1), (2, 2)) else tensordot(a, b, (-1, -1))


def _outer_rule(position: int, g: Any, y: Any, inputs: Inputs, params: Params) -> Any:
    a, b = inputs
    full = np.matmul(g, np.ravel(b)) if position == 0 else np.matmul(g.T, np.ravel(a))
    return np.reshape(full, shape_of(inputs[position]))


OUTER = Primitive(
    "outer", np.outer, _outer_rule, lambda inputs, output, params: Counts(multiplications=output.size), arity=2,
    calls={np.outer: None}, examples=(Example(((2,), (3,))), Example(((1,), (2,)))), formula="a_i b_j",
)  # fmt: skip


# einsum: subscripts are always explicit and without dots here, "ij,jk->ik"
def _einsum(*operands: Any, subscripts: str, optimize: bool) -> Any:
    return np.einsum(subscripts, *operands, optimize=optimize)


def _sizes(terms: list[str], inputs: tuple[Any, ...]) -> dict[str, int]:
    """The size of every letter; a size 1 that stretches gives way to the larger one."""
    sizes: dict[str, int] = {}
    for term, x in zip(terms, inputs, strict=True):
        for letter, n in zip(term, shape_of(x), strict=True):
            sizes[letter] = max(n, sizes.get(letter, 1))
    return sizes


def _einsum_cost(inputs: tuple[Sized, ...], output: Sized, params: Params) -> Counts:
    terms, _ = _split(params["subscripts"])
    volume = int(np.prod(list(_sizes(terms, inputs).values()), dtype=int))
    return Counts(additions=volume - output.size, multiplications=volume * (len(inputs) - 1))


def _split(subscripts: str) -> tuple[list[str], str]:
    left, _, right = subscripts.partition("->")
    return left.split(","), right


def _einsum_rule(position: int, g: Any, y: Any, inputs: Inputs, params: Params) -> Any:
    """Contract the cotangent with the other operands; an identity stands for a letter met twice in one operand."""
    terms, out = _split(params["subscripts"])
    sizes = _sizes(terms, inputs)
    target, eyes = _untangle(terms[position], set("".join(terms)))
    factors = [(out, g)] + [(t, x) for i, (t, x) in enumerate(zip(terms, inputs, strict=True)) if i != position]
    factors += [(first + second, np.eye(sizes[first], dtype=g.dtype)) for first, second in eyes]
    seen = set("".join(term for term, _ in factors))
    kept = "".join(letter for letter in target if letter in seen)
    subscripts = ",".join(term for term, _ in factors) + "->" + kept
    heavy = np.prod([float(n) for n in sizes.values()]) > 20_000  # below, planning costs more than it saves
    part = np.einsum(subscripts, *(x for _, x in factors), optimize=bool(heavy))
    return _restore(part, kept, target, shape_of(inputs[position]))


def _untangle(term: str, used: set[str]) -> tuple[str, list[tuple[str, str]]]:
    """Give each repeated letter of a term a fresh name; the pairs say which were the same."""
    fresh = iter(c for c in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" if c not in used)
    target, pairs = "", []
    for letter in term:
        name = next(fresh) if letter in target else letter
        if name != letter:
            pairs.append((letter, name))
        target += name
    return target, pairs


def _restore(part: Any, kept: str, target: str, shape: tuple[int, ...]) -> Any:
    """Letters only this operand had were summed over: their cotangent is the same everywhere."""
    for axis, letter in enumerate(target):
        if letter not in kept:
            part = np.expand_dims(part, axis)
    part = sum_to(part, tuple(1 if have == 1 else n for have, n in zip(shape_of(part), shape, strict=True)))
    return np.broadcast_to(part, shape)


def _exact_einsum(m: Any, *operands: Any, subscripts: str, optimize: bool) -> Any:
    return np.einsum(subscripts, *operands, optimize=False)


EINSUM = Primitive(
    "einsum", _einsum, _einsum_rule, _einsum_cost, calls={}, exact=_exact_einsum, array="np.einsum({subscripts}, {*}, optimize={optimize})",
    examples=(
        Example(((2, 3), (3, 2)), {"subscripts": "ij,jk->ik", "optimize": False}), Example(((2, 2),), {"subscripts": "ii->i", "optimize": False}),
        Example(((2, 2), (2,), (2,)), {"subscripts": "ij,i,j->", "optimize": False}), Example(((2, 3),), {"subscripts": "ij->i", "optimize": False}),
    ), sums=True, formula="sum over repeated letters",
)  # fmt: skip


def einsum(*operands: Any, optimize: Any = False, **options: Any) -> Any:
    """np.einsum in both its forms, subscripts as a string or as lists of axes; dots and implicit results are written out."""
    if any(v is not None for k, v in options.items() if k in ("out", "dtype")) or options.get("order", "K") not in ("K", "C", "A"):
        raise TypeError("np.einsum(out=, dtype=, order=) is not followed")
    subscripts, *arrays = operands if isinstance(operands[0], str) else _lettered(operands)
    left, arrow, right = subscripts.replace(" ", "").partition("->")
    terms = [_without_dots(t, shape_of(x)) for t, x in zip(left.split(","), arrays, strict=True)]
    dots = max((d for _, d in terms), key=len)
    out = right.replace("...", dots) if arrow else dots + _implied("".join(t for t, _ in terms), dots)
    explicit = ",".join(t for t, _ in terms) + "->" + out
    return EINSUM(*arrays, subscripts=explicit, optimize=bool(optimize))


def _lettered(operands: tuple[Any, ...]) -> tuple[Any, ...]:
    """einsum(a, [0, 1], b, [1], [0]) as einsum("ab,b->a", a, b); the order of numbers is that of their letters."""
    arrays, lists = operands[: len(operands) // 2 * 2 : 2], operands[1::2]
    numbers = sorted({int(n) for axes in (*lists, *operands[len(operands) // 2 * 2 :]) for n in axes if n is not Ellipsis})
    if len(numbers) > len(_LETTERS):
        raise TypeError(f"np.einsum over {len(numbers)} axes is not followed: up to {len(_LETTERS)} are")
    letter = {n: _LETTERS[i] for i, n in enumerate(numbers)}

    def term(axes: Any) -> str:
        return "".join("..." if n is Ellipsis else letter[int(n)] for n in axes)

    arrow = "->" + term(operands[-1]) if len(operands) % 2 else ""
    return (",".join(map(term, lists)) + arrow, *arrays)


_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def einsum_path(*operands: Any, **options: Any) -> Any:
    """np.einsum_path, which reads shapes alone."""
    return np.einsum_path(*(x.value if hasattr(x, "recorder") else x for x in operands), **options)


def _without_dots(term: str, shape: tuple[int, ...]) -> tuple[str, str]:
    """Write `...` out in capital letters from Z backwards, as many as the operand has axes left."""
    if "..." not in term:
        return term, ""
    missing = len(shape) - len(term.replace("...", ""))
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[26 - missing :]
    return term.replace("...", letters), letters


def _implied(letters: str, dots: str) -> str:
    return "".join(sorted(c for c in set(letters) - set(dots) if letters.count(c) == 1))


DOT.calls.update({np.dot: dot})  # type: ignore[attr-defined]
INNER.calls.update({np.inner: inner})  # type: ignore[attr-defined]
EINSUM.calls.update({np.einsum: einsum, np.einsum_path: einsum_path})  # type: ignore[attr-defined]
