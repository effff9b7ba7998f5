"""Texts and numbers in LaTeX, for tables and for derivations."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from gradcheck.rendering.layout import number
from gradcheck.rendering.text import one_line

_TEX = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}",
    '"': r"\char34{}", "`": r"\textasciigrave{}", "'": r"\textquotesingle{}", "∂": r"$\partial$",
}  # fmt: skip


def latex_escape(text: str) -> str:
    """A text on one line as LaTeX prints it, letter by letter; what is no ASCII is written as its code, U+03C3, but for ∂.

    A quotation mark goes by its number: its command is only in fonts of the encoding T1.
    """
    written = "".join(_TEX.get(c) or (c if c.isascii() else f"U+{ord(c):04X}") for c in one_line(text))
    apart = re.sub(r"([-,])(?=\1)", r"\1{}", written)  # -- is no dash
    return "{}" + apart if apart.startswith(("[", "*")) else apart  # after a line's end these would be options of it


def latex_number(value: Any, digits: int | None = 6) -> str:
    """A number with up to `digits` significant digits, None for all of them, as it stands in a formula."""
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
