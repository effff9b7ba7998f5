"""Checking vector-Jacobian products: each random cotangent makes a scalar function of an array-valued one.

Cotangents are random, never ones: a rule that forgets its cotangent, or uses it twice, agrees with the truth at ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

import numpy as np

from gradcheck.errors import ShapeError
from gradcheck.gradients.method import untraced
from gradcheck.verdicts.claim import claimed_entries
from gradcheck.verdicts.verdict import Finding, Verdict

COTANGENTS = 2


def weighted(
    function: Callable[..., Any], gradient: Callable[..., Any], point: tuple[Any, ...], seed: int
) -> Iterator[tuple[Callable[..., Any], Callable[..., Any]]]:
    """For each random cotangent, the scalar function it makes, and the claim as that function's gradient."""
    result = _value(function, point)
    rng = np.random.default_rng(seed)
    for _ in range(COTANGENTS):
        sizes = rng.choice([-1.0, 1.0], result.shape) * rng.uniform(0.5, 2.0, result.shape)
        yield _scalar(function, sizes.astype(result.dtype)), _bound(gradient, sizes.astype(result.dtype)[()])


def zero_cotangent(
    function: Callable[..., Any], gradient: Callable[..., Any], point: tuple[Any, ...], chosen: tuple[int, ...]
) -> list[Verdict]:
    """A zero cotangent must give zero: a wrong verdict where it does not."""
    zero = np.zeros_like(_value(function, point))
    problem = untraced(_scalar(function, zero), point, chosen)
    claim = claimed_entries(_bound(gradient, zero[()]), problem)
    if isinstance(claim, Finding) or all(not np.any(part) for part in claim):
        return []
    message = "a zero cotangent does not give a zero product: the product does not depend on its cotangent as it should"
    return [Verdict("wrong", message, getattr(gradient, "__name__", "gradient"), diagnosis=(Finding("missing-cotangent", message),))]


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

    return scalar


def _bound(gradient: Callable[..., Any], cotangent: Any) -> Callable[..., Any]:
    @wraps(gradient)
    def bound(*arguments: Any) -> Any:
        return gradient(*arguments, cotangent.copy() if isinstance(cotangent, np.ndarray) else cotangent)

    return bound
