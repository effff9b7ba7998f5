"""The table of primitives: one record per operation, and which NumPy callable means which record.

`TABLE` lists every record; a record's place in it is its opcode. `find(callable)` gives the function that
stands for a NumPy or SciPy callable on traced arguments, or None.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from gradcheck.primitives import (
    bessel,
    composed,
    elementary,
    factors,
    fourier,
    gammas,
    hypergeometric,
    incomplete,
    integrals,
    inverse,
    least_squares,
    linear,
    norms,
    numeric,
    parts,
    quantiles,
    reductions,
    remainders,
    selection,
    sequences,
    solving,
    special,
    spectra,
    structure,
    tables,
)
from gradcheck.primitives.costs import Counts
from gradcheck.primitives.record import Exact, Example, Interval, Primitive, Special, plain, shape_of, sum_to

__all__ = [
    "BY_NAME",
    "OPCODE",
    "TABLE",
    "Counts",
    "Exact",
    "Example",
    "Interval",
    "Primitive",
    "Special",
    "find",
    "followed",
    "is_followed_through",
    "plain",
    "shape_of",
    "sum_to",
]


def _records() -> tuple[Primitive, ...]:
    modules = (
        elementary, selection, remainders, reductions, structure, linear, special, bessel, incomplete, tables, composed, solving,
        hypergeometric, inverse, integrals, gammas, factors, spectra, least_squares, fourier,
    )  # fmt: skip
    return tuple(dict.fromkeys(v for m in modules for v in vars(m).values() if isinstance(v, Primitive)))


TABLE: tuple[Primitive, ...] = _records()
OPCODE: dict[Primitive, int] = {record: i for i, record in enumerate(TABLE)}
BY_NAME: dict[str, Primitive] = {record.name: record for record in TABLE}
_FOLLOWED: dict[Any, Callable[..., Any]] = {call: adapter or record for record in TABLE for call, adapter in record.calls.items()}
_FOLLOWED |= (
    composed.COMPOSED | quantiles.COMPOSED | sequences.COMPOSED | numeric.COMPOSED | norms.COMPOSED | fourier.TRANSFORMS | parts.PARTS
)


def find(function: Any) -> Callable[..., Any] | None:
    """What stands for a NumPy or SciPy callable on traced arguments: a record or its adapter; None if unknown."""
    try:
        return _FOLLOWED.get(function)
    except TypeError:  # unhashable callables are nobody's primitive
        return None


def followed() -> Mapping[Any, Callable[..., Any]]:
    """Every NumPy and SciPy callable that is followed, with the record or adapter that stands for it."""
    return MappingProxyType(_FOLLOWED)


def is_followed_through(function: Any) -> bool:
    """Whether a callable only reads shapes and types, so that it may see the values behind traced arguments."""
    import numpy as np

    return function in (
        np.shape,
        np.ndim,
        np.size,
        np.result_type,
        np.iscomplexobj,
        np.isrealobj,
    )
