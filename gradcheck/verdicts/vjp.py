"""Checking vector-Jacobian products: each random cotangent makes a scalar function of an array-valued one.

Cotangents are random, never ones: a rule that forgets its cotangent, or uses it twice, agrees with the truth at ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from typing import Any

import numpy as np

from gradcheck.diagnosis.finding import Finding
from gradcheck.errors import ShapeError
from gradcheck.gradients.method import untraced
from gradcheck.precision import Precision, info, representable, works_in
from gradcheck.verdicts.claim import claimed_entries
from gradcheck.verdicts.verdict import Verdict

COTANGENTS = 2
ROWS = 32  # outputs up to which each is looked at alone
Pair = tuple[Callable[..., Any], Callable[..., Any]]
SCALES = (20, -20)  # powers of two by which a cotangent is scaled
NARROW_SCALES = (3, -3)  # the same in float16 and bfloat16, whose range is soon left


def weighted(
    function: Callable[..., Any], gradient: Callable[..., Any], point: tuple[Any, ...], seed: int
) -> Iterator[tuple[Callable[..., Any], Callable[..., Any]]]:
    """For each random cotangent, the scalar function it makes, and the claim as that function's gradient."""
    result = _value(function, point)
    rng = np.random.default_rng(seed)
    for _ in range(COTANGENTS):
        sizes = rng.choice([-1.0, 1.0], result.shape) * rng.uniform(0.5, 2.0, result.shape)
        cotangent = np.asarray(representable(function, sizes.astype(result.dtype)))
        yield _scalar(function, cotangent), _bound(gradient, cotangent[()])


def rows(function: Callable[..., Any], gradient: Callable[..., Any], point: tuple[Any, ...]) -> Iterator[Pair]:
    """For each output the scalar function it is, and the claim as that function's gradient: nothing where outputs are many."""
    result = _value(function, point)
    if result.size <= ROWS:
        for unit in np.eye(result.size, dtype=result.dtype):
            cotangent = unit.reshape(result.shape)
            yield _scalar(function, cotangent), _bound(gradient, cotangent[()])


def linear_in_cotangent(
    function: Callable[..., Any], gradient: Callable[..., Any], point: tuple[Any, ...], chosen: tuple[int, ...], seed: int
) -> list[Verdict]:
    """A wrong verdict where the product is not linear in its cotangent."""
    result = _value(function, point)

    def product(cotangent: Any) -> Any:
        problem = untraced(_scalar(function, cotangent), point, chosen)
        parts = claimed_entries(_bound(gradient, cotangent[()]), problem)
        return None if isinstance(parts, Finding) else _flat(parts)

    cotangent = np.random.default_rng(seed).uniform(0.5, 2.0, result.shape).astype(result.dtype)
    return linear(product, cotangent, getattr(gradient, "__name__", "gradient"), "cotangent", works_in(function))


def linear(product: Callable[[Any], Any], vector: Any, name: str, what: str, narrow: Precision | None = None) -> list[Verdict]:
    """A wrong verdict where zero does not give zero, or a vector times a power of two, which floats scale exactly, not the product times that.

    `product` gives its entries in one vector, or None where it breaks the contract, which is found elsewhere. `narrow` is what it works in, if
    that is coarser than the vector's type.
    """
    at_zero = product(np.zeros_like(vector))
    if at_zero is not None and np.any(at_zero):
        message = f"a zero {what} does not give a zero product: the product does not depend on its {what} as it should"
        return [_wrong(name, "missing-cotangent", message)]
    plain = product(vector)
    for power in SCALES if narrow is None else NARROW_SCALES:
        scaled = product((vector * vector.dtype.type(2.0**power)).astype(vector.dtype))
        if plain is not None and scaled is not None and not _proportional(plain, scaled / 2.0**power, narrow or vector.dtype):
            return [_wrong(name, "nonlinear", f"a {what} 2**{power} times as large does not give a product 2**{power} times as large")]
    return []


def _flat(parts: Sequence[Any]) -> Any:
    return np.concatenate([np.ravel(np.asarray(p, dtype=float)) for p in parts])


def _proportional(plain: Any, scaled: Any, dtype: Any) -> bool:
    """Equal to half the digits, of each entry or of the largest; overflow and underflow are not the product's fault."""
    limits = info(dtype)
    with np.errstate(all="ignore"):
        tiny = float(limits.smallest_normal) / float(limits.eps) * 2.0 ** max(NARROW_SCALES if isinstance(dtype, Precision) else SCALES)
        near = (
            np.abs(scaled - plain)
            <= float(limits.eps) ** 0.5 * np.abs(plain) + float(limits.eps) * np.max(np.abs(plain), initial=0.0) + tiny
        )
    return bool(np.all(near | ~np.isfinite(plain) | ~np.isfinite(scaled)))


def _wrong(name: str, kind: str, message: str) -> Verdict:
    return Verdict("wrong", message, name, findings=(Finding(kind, message),))


def _value(function: Callable[..., Any], point: tuple[Any, ...]) -> Any:
    with np.errstate(all="ignore"):
        result = np.asarray(function(*(a.copy() if isinstance(a, np.ndarray) else a for a in point)))
    if result.dtype.kind != "f":
        raise ShapeError(f"the function returns {result.dtype} values; a vector-Jacobian product needs floats")
    return result


def _scalar(function: Callable[..., Any], cotangent: Any) -> Callable[..., Any]:
    @wraps(function)
    def scalar(*arguments: Any) -> Any:
        return np.sum(cotangent * function(*arguments))

    scalar.weighs = True  # type: ignore[attr-defined]  # for the diagnosis: the last two operations are not the user's
    return scalar


def _bound(gradient: Callable[..., Any], cotangent: Any) -> Callable[..., Any]:
    @wraps(gradient)
    def bound(*arguments: Any) -> Any:
        return gradient(*arguments, cotangent.copy() if isinstance(cotangent, np.ndarray) else cotangent)

    return bound
