"""Arrays in LaTeX."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.rendering.latex import latex_number
from gradcheck.rendering.layout import number

ENTRIES = 12  # of an array that are written out


def is_exact(value: Any, digits: int = 6) -> bool:
    """Whether so many digits write a number, or a short array, without loss."""
    array = np.asarray(value)
    if array.dtype.kind != "f":
        return True
    return array.size <= ENTRIES and all(np.isnan(v) or float(number(v, digits)) == float(v) for v in array.ravel())


def latex_quantity(value: Any) -> str:
    """A number; a short array written out; of a long one its largest magnitude."""
    array = np.asarray(value)
    if array.ndim == 0:
        return latex_number(array[()])
    if 0 < array.size <= ENTRIES and array.ndim <= 2:
        if array.ndim == 1:
            return "\\left[" + ",\\, ".join(map(latex_number, array)) + "\\right]"
        body = " \\\\ ".join(" & ".join(map(latex_number, row)) for row in array)
        return f"\\begin{{bmatrix}} {body} \\end{{bmatrix}}"
    return ""


def largest(value: Any) -> str:
    """The largest magnitude in an array that is not written out."""
    array = np.asarray(value)
    return latex_number(float(np.max(np.abs(array))), 3) if array.size else "0"
