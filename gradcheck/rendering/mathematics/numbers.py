"""Numbers and arrays in LaTeX."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.rendering.layout import number, quantity

ENTRIES = 12  # of an array that are written out


def latex_number(value: Any, digits: int | None = 6) -> str:
    """A number with up to `digits` significant digits, None for all of them."""
    if isinstance(value, bool | np.bool_):
        return "1" if value else "0"
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, float) and np.isnan(value):
        return "\\mathrm{NaN}"
    if isinstance(value, float) and np.isinf(value):
        return "-\\infty" if value < 0 else "\\infty"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 and digits is None:
        value = int(value)
    mantissa, _, exponent = (repr(value) if digits is None else number(value, digits)).partition("e")
    mantissa = "0" if float(mantissa) == 0 else mantissa
    if not exponent:
        return mantissa if len(mantissa) <= 40 else f"{float(mantissa):.17g}"
    return f"{mantissa} \\times 10^{{{int(exponent)}}}"


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


def plain_quantity(value: Any) -> str:
    """The same as plain text."""
    return quantity(value)
