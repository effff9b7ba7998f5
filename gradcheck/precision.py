"""Float types as they round: NumPy's own, and those that NumPy lacks or is slow in, whose numbers travel in a wider type.

A function may say that it works in a coarser precision than its arrays tell, by an attribute `works_in`: its arguments then hold
only numbers of that precision, and what it computes is rounded as that precision rounds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, slots=True)
class Precision:
    """A binary float type: `bits` significant bits (the hidden one counted), the exponents of its smallest normal number and of its
    largest binade. The numbers travel in NumPy's `carrier`, which holds every one of them exactly. Reads like `np.finfo`.
    """

    name: str
    bits: int
    lowest: int
    highest: int
    carrier: str

    @property
    def eps(self) -> float:
        """The distance from 1 to the next number."""
        return 2.0 ** (1 - self.bits)

    @property
    def smallest_normal(self) -> float:
        """The smallest number with all its digits."""
        return 2.0**self.lowest

    @property
    def smallest_subnormal(self) -> float:
        """The smallest number above 0."""
        return 2.0 ** (self.lowest + 1 - self.bits)

    @property
    def max(self) -> float:
        """The largest finite number."""
        return (2.0 - self.eps) * 2.0**self.highest

    @property
    def kind(self) -> str:
        """A float's, as of NumPy's dtypes."""
        return "f"

    def round(self, x: Any) -> Any:
        """To the nearest number of this type, ties to even, in the carrier; beyond the largest, infinity."""
        wide = np.asarray(x, dtype=np.float64)
        _, exponent = np.frexp(wide)
        quantum = np.ldexp(1.0, np.maximum(exponent - 1, self.lowest) + 1 - self.bits)
        with np.errstate(all="ignore"):
            near = np.where(np.isfinite(wide), np.rint(wide / quantum) * quantum, wide)
            near = np.where(np.abs(near) > self.max, np.copysign(math.inf, near), near)
        return near.astype(self.carrier)[()]

    def __str__(self) -> str:
        return self.name


FLOAT64 = Precision("float64", 53, -1022, 1023, "float64")
FLOAT32 = Precision("float32", 24, -126, 127, "float32")
FLOAT16 = Precision("float16", 11, -14, 15, "float32")
BFLOAT16 = Precision("bfloat16", 8, -126, 127, "float32")
PRECISIONS = {p.name: p for p in (FLOAT64, FLOAT32, FLOAT16, BFLOAT16)}
NARROW = (FLOAT16, BFLOAT16)  # their functions are followed in float32


def info(dtype: Any) -> Any:
    """`np.finfo` of a NumPy type; a precision tells the same of itself."""
    return dtype if isinstance(dtype, Precision) else np.finfo(dtype)


def spacing(x: Any, dtype: Any) -> Any:
    """The distance from each |x| to the next larger number of a type."""
    if not isinstance(dtype, Precision):
        return np.spacing(np.abs(x).astype(dtype)).astype(float)
    _, exponent = np.frexp(np.abs(np.asarray(x, dtype=float)))
    return np.ldexp(1.0, np.maximum(exponent - 1, dtype.lowest) + 1 - dtype.bits)


def works_in(function: Any) -> Precision | None:
    """The precision that a function says it works in; None where its arrays tell."""
    found = getattr(function, "works_in", None)
    return found if isinstance(found, Precision) else None


def representable(function: Any, value: Any) -> Any:
    """A float argument as a number of the precision the function works in; anything else as it is."""
    precision = works_in(function)
    if precision is None or np.asarray(value).dtype.kind != "f":
        return value
    return precision.round(value)
