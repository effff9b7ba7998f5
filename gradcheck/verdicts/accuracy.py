"""Measured accuracy of a gradient: error, ulp and correct digits, entry by entry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradcheck.arithmetic.enclosures import ball, precision
from gradcheck.precision import info, spacing


@dataclass(frozen=True, slots=True, eq=False)
class Accuracy:
    """One number per entry, flattened over all arguments in order.

    `error` is absolute and signed (claim minus truth), `scale` the true magnitude it is compared with (the largest
    entry's where the true entry is zero), `ulp` in units in the last place of `dtype`, the claim's precision.
    """

    claim: Any
    truth: Any
    error: Any
    relative: Any
    ulp: Any
    digits: Any
    dtype: Any

    @property
    def worst(self) -> int:
        """The entry with the fewest correct digits."""
        return int(np.argmin(self.digits))


def joined(parts: Sequence[Accuracy]) -> Accuracy:
    """The entries of several, one after the other."""

    def column(name: str) -> Any:
        return np.concatenate([getattr(p, name) for p in parts])

    return replace(parts[0], **{name: column(name) for name in ("claim", "truth", "error", "relative", "ulp", "digits")})


def measure(entries: tuple[Any, ...], truth: tuple[Any, ...], dtype: Any, bits: int) -> Accuracy:
    """Compare a gradient's entries with enclosures of the truth."""
    claim = np.concatenate([np.ravel(np.asarray(e, dtype=float)) for e in entries]) if entries else np.zeros(0)
    balls = [ball(t) for array in truth for t in (array.ravel() if isinstance(array, np.ndarray) else [array])]
    with precision(max(bits, 256)):
        true = np.array([float(t.mid()) for t in balls])
        error = np.array([_difference(c, t) for c, t in zip(claim, balls, strict=True)])
    return _accuracy(claim, true, error, dtype)


def _difference(claim: float, truth: Any) -> float:
    return float((ball(claim) - truth).mid()) if np.isfinite(claim) else float(claim)


def _accuracy(claim: Any, true: Any, error: Any, dtype: Any) -> Accuracy:
    scale = np.abs(true)
    largest = float(np.max(scale, initial=0.0))
    scale = np.where(scale == 0, largest or 1.0, scale)
    top = -np.log10(float(info(dtype).eps) / 2)
    with np.errstate(all="ignore"):
        relative = np.where(error == 0, 0.0, np.abs(error) / scale)
        apart = np.maximum(spacing(scale, dtype), float(info(dtype).smallest_subnormal))
        ulp = np.where(error == 0, 0.0, np.abs(error) / apart)
        digits = np.where(relative == 0, top, np.clip(-np.log10(relative), 0.0, top) + 0.0)  # -0.0 is 0
    return Accuracy(claim, true, error, relative, ulp, np.where(np.isfinite(claim), digits, 0.0), dtype)
