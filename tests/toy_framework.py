"""A toy framework: functions on float64 arrays with a gradient by hand, rounded to whatever precision is asked for.

With `inside`, the gradient is given the rounding of its precision last, for the values it keeps.
"""

from __future__ import annotations

import numpy as np

from gradcheck.frameworks.subject import Subject, Twin
from gradcheck.precision import FLOAT16, FLOAT64, NARROW


def toy(forward, backward, *, twin=None, origin="given", precision=FLOAT64, arguments=("x",), inside=False, **more):
    """A subject whose framework computes in float64 and rounds inputs and results to its precision; in float64 when asked to."""

    def rounded(x, wide):
        return np.asarray(x, dtype=np.float64) if wide else precision.round(x)

    def is_wide(given):
        return any(np.asarray(a).dtype == np.float64 for a in given)

    def value(*given):
        return rounded(forward(*(np.asarray(a, dtype=float) for a in given)), is_wide(given))

    def vjp(given, cotangent, argnums):
        inner = (lambda x: np.asarray(rounded(x, is_wide(given)), dtype=float),) if inside else ()
        found = backward(*(np.asarray(a, dtype=float) for a in given), np.asarray(cotangent, dtype=float), *inner)
        parts = found if isinstance(found, tuple) else (found,)
        return tuple(rounded(parts[i], is_wide(given)) for i in argnums)

    made = None if twin is None else Twin(twin, origin)
    return Subject("Toy", "f", arguments, value, vjp, precision, made, "it is a toy", **more)


def point(*values, precision=FLOAT64):
    """Arguments in the precision's carrier."""
    return tuple(np.asarray(precision.round(v) if precision in NARROW else np.asarray(v, dtype=precision.carrier)) for v in values)


def beside_a_kink(factor=1.0):
    """a + b + max(a - b, 0), the latter shifted to where float16 no longer tells a and b apart: exactly, a is the smaller by a little."""

    def f(x):
        shifted = x + 4.0
        return np.sum(x) + np.maximum(shifted[0] - shifted[1], 0.0)

    def pulled(x, g, rounded):
        a, b = rounded(x + 4.0)
        return g * (factor + np.array([1.0, -1.0]) * (a - b >= 0))

    return toy(f, pulled, twin=f, precision=FLOAT16, inside=True)
