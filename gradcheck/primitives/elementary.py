"""Arithmetic, powers, exponentials, logarithms, trigonometric and hyperbolic functions.

One line or block per operation. In a rule, `g` is the cotangent of the result `y`; the operands follow.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping
from typing import Any

import numpy as np

from gradcheck.primitives.costs import ADDITION, DIVISION, MULTIPLICATION, NOTHING, TRANSCENDENTAL, Counts, Sized
from gradcheck.primitives.record import POSITIVE, REAL, UNIT, Exact, Interval, elementwise, points

LN2 = Exact("log(2)", math.log(2), lambda m: m.log(m.constant(2)))
_KNOWN_POWERS = {2.0: MULTIPLICATION, 1.0: NOTHING, -1.0: DIVISION}


def _power_cost(inputs: tuple[Sized, ...], output: Sized, params: Mapping[str, Any]) -> Counts:
    """A power is one operation: a multiplication for a square, a division for a reciprocal, else transcendental."""
    exponent = getattr(inputs[1], "value", None)
    return _KNOWN_POWERS.get(float("nan") if exponent is None else float(exponent), TRANSCENDENTAL) * output.size


LN10 = Exact("log(10)", math.log(10), lambda m: m.log(m.constant(10)))

# arithmetic
ADD = elementwise(
    "add", operator.add, lambda g, y, a, b: g, lambda g, y, a, b: g,
    cost=ADDITION, exact=lambda m, a, b: a + b, calls=[np.add], scalar="{0} + {1}", array="{0} + {1}",
    formula="a + b", commutes=True,
)  # fmt: skip
SUBTRACT = elementwise(
    "subtract", operator.sub, lambda g, y, a, b: g, lambda g, y, a, b: -g,
    cost=ADDITION, exact=lambda m, a, b: a - b, calls=[np.subtract], scalar="{0} - {1}", array="{0} - {1}",
    formula="a - b",
)  # fmt: skip
MULTIPLY = elementwise(
    "multiply", operator.mul, lambda g, y, a, b: g * b, lambda g, y, a, b: g * a,
    cost=MULTIPLICATION, exact=lambda m, a, b: a * b, calls=[np.multiply], scalar="{0} * {1}", array="{0} * {1}",
    special=points(zero_factor=[(0.0, 1.0), (0.0, 0.0)]), formula="a * b", commutes=True,
)  # fmt: skip
DIVIDE = elementwise(  # the quotient g / b is formed once and shared by both rules
    "divide", operator.truediv, lambda g, y, a, b: g / b, lambda g, y, a, b: -(g / b) * y,
    cost=DIVISION, exact=lambda m, a, b: m.divide(a, b), calls=[np.divide], scalar="{0} / {1}", array="{0} / {1}",
    domains=(REAL, POSITIVE), special=points(pole=[(1.0, 0.0)], removable=[(0.0, 0.0)]), pieces=("b > 0", "b < 0"), formula="a / b",
)  # fmt: skip
NEGATIVE = elementwise(
    "negative", operator.neg, lambda g, y, x: -g,
    cost=ADDITION, exact=lambda m, x: -x, calls=[np.negative], scalar="-{0}", array="-{0}", rounds=False, formula="-x",
)  # fmt: skip
SQUARE = elementwise(
    "square", np.square, lambda g, y, x: g * (2.0 * x),
    cost=MULTIPLICATION, exact=lambda m, x: x * x, calls=[np.square], scalar="{0} * {0}", special=points(zero=[0.0], tail=[1e200]),
    formula="x**2",
)  # fmt: skip
RECIPROCAL = elementwise(
    "reciprocal", np.reciprocal, lambda g, y, x: -(g * y) * y,
    cost=DIVISION, exact=lambda m, x: m.divide(1, x), calls=[np.reciprocal], scalar="1.0 / {0}", domains=(POSITIVE,),
    special=points(pole=[0.0], tail=[1e-200]), pieces=("x > 0", "x < 0"), formula="1/x",
)  # fmt: skip
POWER = elementwise(
    # x**0 is 1 for every x, so its derivative is 0, at 0 as well; 0**b has derivative 0 in b for b > 0
    "power", operator.pow,
    lambda g, y, a, b: g * (np.where(b == 0, 0.0, b) * a ** np.where(b == 0, 1.0, b - 1.0)),
    lambda g, y, a, b: g * (y * np.log(np.where(a == 0, 1.0, a))),
    cost=_power_cost, exact=lambda m, a, b: m.power(a, b), calls=[np.power, np.float_power],
    scalar="math.pow({0}, {1})", array="{0} ** {1}", domains=(POSITIVE, REAL),
    special=points(
        removable=[(0.0, 0.0), (2.0, 0.0)], edge=[(0.0, 1.0), (0.0, 2.0), (0.0, 3.0)], pole=[(0.0, 0.5)],
        negative_base=[(-2.0, 3.0)], tail=[(1e-200, 2.0)],
    ), pieces=("a > 0, b > 0", "a > 0, b < 0", "a > 0, b = 0", "a < 0, b = 3", "a < 0, b = -2"), formula="a**b",
)  # fmt: skip

# roots, exponentials and logarithms
SQRT = elementwise(
    "sqrt", np.sqrt, lambda g, y, x: g / (2.0 * y),
    cost=TRANSCENDENTAL, exact=lambda m, x: m.sqrt(x), calls=[np.sqrt], scalar="math.sqrt({0})", domains=(POSITIVE,),
    special=points(edge=[0.0], tail=[5e-324]), formula="sqrt(x)",
)  # fmt: skip
CBRT = elementwise(
    "cbrt", np.cbrt, lambda g, y, x: g / (3.0 * y * y),
    cost=TRANSCENDENTAL, exact=lambda m, x: m.cbrt(x), calls=[np.cbrt], special=points(pole=[0.0], tail=[1e-300]),
    pieces=("x > 0", "x < 0"), formula="cbrt(x)",
)  # fmt: skip
EXP = elementwise(
    "exp", np.exp, lambda g, y, x: g * y,
    cost=TRANSCENDENTAL, exact=lambda m, x: m.exp(x), calls=[np.exp], scalar="math.exp({0})",
    special=points(tail=[-745.0, 709.0]), formula="exp(x)",
)  # fmt: skip
EXP2 = elementwise(
    "exp2", np.exp2, lambda g, y, x: g * (y * LN2),
    cost=TRANSCENDENTAL, exact=lambda m, x: m.exp(x * LN2.form(m)), calls=[np.exp2], special=points(tail=[-1080.0, 1023.0]),
    formula="2**x",
)  # fmt: skip
EXPM1 = elementwise(
    "expm1", np.expm1, lambda g, y, x: g * np.exp(x),  # not y + 1: that loses every digit for large negative x
    cost=TRANSCENDENTAL, exact=lambda m, x: m.exp(x) - 1, calls=[np.expm1], scalar="math.expm1({0})",
    special=points(tail=[-40.0], removable=[0.0]), formula="exp(x) - 1",
)  # fmt: skip
LOG = elementwise(
    "log", np.log, lambda g, y, x: g / x,
    cost=TRANSCENDENTAL, exact=lambda m, x: m.log(x), calls=[np.log], scalar="math.log({0})", domains=(POSITIVE,),
    special=points(pole=[0.0], zero=[1.0], tail=[5e-324]), formula="log(x)",
)  # fmt: skip
LOG2 = elementwise(
    "log2", np.log2, lambda g, y, x: g / (x * LN2),
    cost=TRANSCENDENTAL, exact=lambda m, x: m.log(x) / LN2.form(m), calls=[np.log2], domains=(POSITIVE,),
    special=points(pole=[0.0], zero=[1.0]), scalar="math.log2({0})", formula="log2(x)",
)  # fmt: skip
LOG10 = elementwise(
    "log10", np.log10, lambda g, y, x: g / (x * LN10),
    cost=TRANSCENDENTAL, exact=lambda m, x: m.log(x) / LN10.form(m), calls=[np.log10], domains=(POSITIVE,),
    special=points(pole=[0.0], zero=[1.0]), scalar="math.log10({0})", formula="log10(x)",
)  # fmt: skip
LOG1P = elementwise(
    "log1p", np.log1p, lambda g, y, x: g / (1.0 + x),
    cost=TRANSCENDENTAL, exact=lambda m, x: m.log(1 + x), calls=[np.log1p], scalar="math.log1p({0})",
    domains=(Interval(-1.0),), special=points(pole=[-1.0], zero=[0.0], tail=[1e-300]), formula="log(1 + x)",
)  # fmt: skip

# trigonometric
SIN = elementwise(
    "sin", np.sin, lambda g, y, x: g * np.cos(x),
    cost=TRANSCENDENTAL, exact=lambda m, x: m.sin(x), calls=[np.sin], scalar="math.sin({0})",
    special=points(zero=[0.0], large=[1e22]), formula="sin(x)",
)  # fmt: skip
COS = elementwise(
    "cos", np.cos, lambda g, y, x: -g * np.sin(x),
    cost=TRANSCENDENTAL, exact=lambda m, x: m.cos(x), calls=[np.cos], scalar="math.cos({0})",
    special=points(zero=[0.0], large=[1e22]), formula="cos(x)",
)  # fmt: skip
TAN = elementwise(
    "tan", np.tan, lambda g, y, x: g * (1.0 + y * y),
    cost=TRANSCENDENTAL, exact=lambda m, x: m.sin(x) / m.cos(x), calls=[np.tan], domains=(Interval(-1.5, 1.5),),
    special=points(pole=[math.pi / 2], zero=[0.0]), scalar="math.tan({0})", formula="tan(x)",
)  # fmt: skip
ARCSIN = elementwise(
    "arcsin", np.arcsin, lambda g, y, x: g / np.sqrt((1.0 - x) * (1.0 + x)),  # 1 - x**2 cancels near 1
    cost=TRANSCENDENTAL, exact=lambda m, x: m.asin(x), calls=[np.arcsin], domains=(UNIT,),
    special=points(pole=[1.0, -1.0]), scalar="math.asin({0})", formula="arcsin(x)",
)  # fmt: skip
ARCCOS = elementwise(
    "arccos", np.arccos, lambda g, y, x: -g / np.sqrt((1.0 - x) * (1.0 + x)),
    cost=TRANSCENDENTAL, exact=lambda m, x: m.acos(x), calls=[np.arccos], domains=(UNIT,),
    special=points(pole=[1.0, -1.0]), scalar="math.acos({0})", formula="arccos(x)",
)  # fmt: skip
ARCTAN = elementwise(  # 1 + x**2 overflows before its reciprocal vanishes
    "arctan", np.arctan, lambda g, y, x: g / np.hypot(1.0, x) / np.hypot(1.0, x),
    cost=TRANSCENDENTAL, exact=lambda m, x: m.atan(x), calls=[np.arctan], special=points(tail=[1e8, 1e155, 1e200]),
    scalar="math.atan({0})", formula="arctan(x)",
)  # fmt: skip
HYPOT = elementwise(
    "hypot", np.hypot,
    lambda g, y, a, b: g * (a / np.where(y == 0, 1.0, y)), lambda g, y, a, b: g * (b / np.where(y == 0, 1.0, y)),
    cost=TRANSCENDENTAL, exact=lambda m, a, b: m.sqrt(a * a + b * b), calls=[np.hypot], scalar="math.hypot({0}, {1})",
    special=points(kink=[(0.0, 0.0)], zero=[(3.0, 0.0)], tail=[(1e200, 1e200), (1e-200, 1e-200)]),
    pieces=("a > 0", "a < 0", "b > 0", "b < 0"), formula="sqrt(a**2 + b**2)",
)  # fmt: skip
ARCTAN2 = elementwise(  # divided by the radius twice: its square can overflow
    "arctan2", np.arctan2,
    lambda g, y, a, b: g * (b / np.hypot(a, b) / np.hypot(a, b)), lambda g, y, a, b: -g * (a / np.hypot(a, b) / np.hypot(a, b)),
    cost=TRANSCENDENTAL, exact=lambda m, a, b: m.atan2(a, b), calls=[np.arctan2],
    special=points(pole=[(0.0, 0.0)], jump=[(0.0, -1.0)], tail=[(1e200, 1e200), (1e-120, 1e-120)]),
    pieces=("b > 0", "a > 0", "a < 0"), scalar="math.atan2({0}, {1})", formula="arctan2(a, b)",
)  # fmt: skip

# hyperbolic
SINH = elementwise(
    "sinh", np.sinh, lambda g, y, x: g * np.cosh(x),
    cost=TRANSCENDENTAL, exact=lambda m, x: m.sinh(x), calls=[np.sinh], special=points(zero=[0.0], tail=[710.0, -710.0]),
    scalar="math.sinh({0})", formula="sinh(x)",
)  # fmt: skip
COSH = elementwise(
    "cosh", np.cosh, lambda g, y, x: g * np.sinh(x),
    cost=TRANSCENDENTAL, exact=lambda m, x: m.cosh(x), calls=[np.cosh], special=points(zero=[0.0], tail=[710.0, -710.0]),
    scalar="math.cosh({0})", formula="cosh(x)",
)  # fmt: skip
TANH = elementwise(  # 1 - y**2 cancels in the tails; cosh(x)**2 overflows before its reciprocal vanishes
    "tanh", np.tanh, lambda g, y, x: g / np.cosh(x) / np.cosh(x),
    cost=TRANSCENDENTAL, exact=lambda m, x: m.sinh(x) / m.cosh(x), calls=[np.tanh],
    special=points(tail=[20.0, -20.0, 360.0, 800.0], zero=[0.0]), scalar="math.tanh({0})", formula="tanh(x)",
)  # fmt: skip
ARCSINH = elementwise(
    "arcsinh", np.arcsinh, lambda g, y, x: g / np.hypot(1.0, x),
    cost=TRANSCENDENTAL, exact=lambda m, x: m.asinh(x), calls=[np.arcsinh],
    special=points(tail=[1e160, -1e8], zero=[0.0]), scalar="math.asinh({0})", formula="arcsinh(x)",
)  # fmt: skip
ARCCOSH = elementwise(
    "arccosh", np.arccosh, lambda g, y, x: g / (np.sqrt(x - 1.0) * np.sqrt(x + 1.0)),
    cost=TRANSCENDENTAL, exact=lambda m, x: m.log(x + m.sqrt(x - 1) * m.sqrt(x + 1)), calls=[np.arccosh],
    domains=(Interval(1.0),), special=points(pole=[1.0], tail=[1e200]), scalar="math.acosh({0})", formula="arccosh(x)",
)  # fmt: skip
ARCTANH = elementwise(
    "arctanh", np.arctanh, lambda g, y, x: g / ((1.0 - x) * (1.0 + x)),
    cost=TRANSCENDENTAL, exact=lambda m, x: m.log((1 + x) / (1 - x)) / 2, calls=[np.arctanh], domains=(UNIT,),
    special=points(pole=[1.0, -1.0], zero=[0.0], tail=[1.0 - 2.0**-53]), scalar="math.atanh({0})", formula="arctanh(x)",
)  # fmt: skip
