"""What stands in a graph's picture: signs of operations, short numbers, names made harmless."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from gradcheck.circuit import Circuit
from gradcheck.circuit.source import Program, index_text
from gradcheck.primitives import plain
from gradcheck.rendering.greek import GREEK
from gradcheck.rendering.text import cut

WRITTEN_OUT = 3  # entries of an array that are written out
NAME, SIGN = 24, 18  # characters of a name, of a sign
SIGNS: Mapping[str, str] = {
    "add": "+", "subtract": "−", "multiply": "×", "divide": "÷", "negative": "×−1", "power": "^", "matmul": "@", "sum": "∑", "prod": "∏",
    "expit": "σ", "sqrt": "√", "absolute": "|x|", "less": "<", "less_equal": "≤", "greater": ">", "greater_equal": "≥", "equal": "=",
    "not_equal": "≠", "maximum": "max", "minimum": "min", "concatenate": "join", "broadcast_to": "stretch", "floor_divide": "//", "remainder": "mod",
}  # fmt: skip
_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_USUAL = (("stack", 0), ("concatenate", 0))  # axes that need no mention
ORDERED = ("subtract", "divide", "power", "matmul", "less", "less_equal", "greater", "greater_equal", "floor_divide", "remainder")


def name_parts(name: str) -> tuple[str, str]:
    """A name as a lecture writes it: its stem, a Greek letter where it spells one, and its number as an index."""
    found = re.fullmatch(r"(\w*?[^\W\d_])_?(\d{1,4})", name) or re.fullmatch(r"(\w+)\[(\d{1,4}(?:, \d{1,4})*)\]", name)
    stem, index = found.groups() if found else (name, "")
    return GREEK.get(stem, cut(stem, NAME)), index.replace(" ", "")


def short(value: Any, digits: int = 3) -> str:
    """A number in few characters, with a proper minus."""
    number = plain(value)
    if isinstance(number, bool | np.bool_):
        return str(bool(number))
    if isinstance(number, int | np.integer):
        text = str(int(number)) if abs(int(number)) < 10**6 else f"{float(number):.2e}"
    else:
        text = _short_float(float(number), digits)
    mantissa, _, exponent = text.partition("e")
    return (f"{mantissa}e{int(exponent)}" if exponent else mantissa).replace("-", "−")


def _short_float(number: float, digits: int) -> str:
    if not np.isfinite(number):
        return {"inf": "∞", "-inf": "-∞"}.get(str(number), "NaN")
    if number == 0 or 1e-3 <= abs(number) < 10**digits:
        return f"{number:.{digits}g}"
    if abs(number) < 1e5:
        return f"{number:.0f}" if abs(number) >= 1 else f"{number:.{digits - 1}g}"
    return f"{number:.2g}"


def shape_text(shape: tuple[int, ...]) -> str:
    """A shape as 3×4."""
    return "×".join(map(str, shape)) if len(shape) != 1 else f"{shape[0]}"


def quantity(value: Any, *, shape: bool = True) -> str:
    """A number, few numbers written out, or an array's shape and largest magnitude (its peak)."""
    array = np.asarray(plain(value))
    if array.ndim == 0:
        return short(array[()])
    if array.size <= WRITTEN_OUT and array.ndim == 1:
        return "[" + ", ".join(short(v) for v in array) + "]"
    if not array.size:
        return f"{shape_text(array.shape)} empty"
    peak = f"peak {short(np.max(np.abs(array.astype(float, copy=False))))}"
    return f"{shape_text(array.shape)}, {peak}" if shape else peak


def exact(value: Any) -> str:
    """The same for a title: every digit of a number, more entries of an array."""
    array = np.asarray(plain(value))
    if array.ndim == 0:
        return repr(array[()].item())
    if array.size <= 4 * WRITTEN_OUT:
        return cut(repr(array.tolist()))
    return quantity(array)


def sign(circuit: Circuit, k: int) -> str:
    """What stands in the node of equation k: a sign, with a scalar constant in its place, or a short name with parameters."""
    primitive, read = circuit.primitive(k), circuit.inputs_of(k)
    assert primitive is not None
    at = absorbed(circuit, k)
    if at is not None and len(read) == 2:
        return cut(_with_constant(primitive.name, at, circuit.constants[read[at]]), SIGN)
    params = circuit.params.get(k, {})
    return cut(_with_params(primitive.name, SIGNS.get(primitive.name, primitive.name), params), SIGN)


def absorbed(circuit: Circuit, k: int) -> int | None:
    """The position of the scalar constant that an elementwise operation's sign takes in; None where there is none."""
    primitive, read = circuit.primitive(k), circuit.inputs_of(k)
    if primitive is None or not primitive.elementwise or len(read) != 2:
        return None
    found = [p for p, i in enumerate(read) if i in circuit.constants and not circuit.type(i).shape]
    return found[0] if len(found) == 1 else None


def _with_constant(name: str, position: int, constant: Any) -> str:
    number = short(constant, 4)
    inverse = {"add": ("+", "−"), "subtract": ("−", "+")}
    if name in inverse and (position == 1 or name == "add"):
        plus, minus = inverse[name]
        return minus + number[1:] if number.startswith("−") else plus + number
    if name == "power":
        return _power(number) if position == 1 else f"{number}^x"
    before = {"subtract": f"{number}−x", "divide": f"{number}/x"}
    if position == 0 and name in before:
        return before[name]
    if name in ("multiply", "divide", "less", "less_equal", "greater", "greater_equal", "equal", "not_equal"):
        return f"{SIGNS[name]}{number}"
    order = (number, "x") if position == 0 else ("x", number)
    return f"{SIGNS.get(name, name)}({', '.join(order)})"


def _power(exponent: str) -> str:
    plain_exponent = exponent.replace("−", "-")
    return f"x{plain_exponent.translate(_RAISED)}" if re.fullmatch(r"-?\d{1,3}", plain_exponent) else f"x^{exponent}"


def _with_params(name: str, sign: str, params: Mapping[str, Any]) -> str:
    if name == "getitem":
        return f"[{element(params['index'])}]"
    if name == "transpose":
        axes = params.get("axes")
        return "xᵀ" if axes in ((1, 0), None) else f"axes {''.join(map(str, axes))}"
    if name in ("reshape", "broadcast_to"):
        return f"{sign} {shape_text(params['shape'])}"
    told = [
        f"{key} {value}"
        for key, value in params.items()
        if key in ("axis", "ord", "n", "k") and isinstance(value, int | np.integer) and (name, value) not in _USUAL
    ]
    return " ".join([sign, *told])


def element(index: Any) -> str:
    """An index as between brackets; arrays of indices as dots."""
    parts = index if isinstance(index, tuple) else (index,)
    return index_text(tuple("…" if isinstance(p, np.ndarray) else p for p in parts), Program()).replace("'…'", "…")
