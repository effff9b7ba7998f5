"""The machine: runs programs of scalar instructions (operation, result, operands) over an array of cells.

Generated from the records by `python -m gradcheck.compiled.generate`; do not edit.
"""


import math

import numba
import numpy as np
from numba.core import cgutils, types
from numba.extending import intrinsic

NUMBERS = {
    "multiply_add": 0,
    "multiply_subtract": 1,
    "subtract_product": 2,
    "multiply": 3,
    "add": 4,
    "subtract": 5,
    "divide": 6,
    "negative": 7,
    "square": 8,
    "reciprocal": 9,
    "power": 10,
    "sqrt": 11,
    "exp": 12,
    "expm1": 13,
    "log": 14,
    "log2": 15,
    "log10": 16,
    "log1p": 17,
    "sin": 18,
    "cos": 19,
    "tan": 20,
    "arcsin": 21,
    "arccos": 22,
    "arctan": 23,
    "hypot": 24,
    "arctan2": 25,
    "sinh": 26,
    "cosh": 27,
    "tanh": 28,
    "arcsinh": 29,
    "arccosh": 30,
    "arctanh": 31,
    "greater": 32,
    "greater_equal": 33,
    "less": 34,
    "less_equal": 35,
    "equal": 36,
    "not_equal": 37,
    "logical_and": 38,
    "logical_or": 39,
    "logical_not": 40,
    "sign": 41,
    "isnan": 42,
    "isfinite": 43,
    "absolute": 44,
    "where": 45,
    "maximum": 46,
    "minimum": 47,
    "clip": 48,
    "expit": 49,
    "erf": 50,
    "erfc": 51,
    "gammaln": 52,
}


@numba.njit(cache=True, nogil=True, error_model="numpy")
def run(code, cells):  # type: ignore[no-untyped-def]
    """Every instruction in order, on one number per cell."""
    for i in range(code.shape[0]):
        operation, result = code[i, 0], code[i, 1]
        x, y, z = cells[code[i, 2]], cells[code[i, 3]], cells[code[i, 4]]
        if operation == 0:
            cells[result] = x * y + z
        elif operation == 1:
            cells[result] = x * y - z
        elif operation == 2:
            cells[result] = z - x * y
        elif operation == 3:
            cells[result] = x * y
        elif operation == 4:
            cells[result] = x + y
        elif operation == 5:
            cells[result] = x - y
        elif operation == 6:
            cells[result] = x / y
        elif operation == 7:
            cells[result] = -x
        elif operation == 8:
            cells[result] = x * x
        elif operation == 9:
            cells[result] = 1.0 / x
        elif operation == 10:
            cells[result] = math.pow(x, y)
        elif operation == 11:
            cells[result] = math.sqrt(x)
        elif operation == 12:
            cells[result] = math.exp(x)
        elif operation == 13:
            cells[result] = math.expm1(x)
        elif operation == 14:
            cells[result] = math.log(x)
        elif operation == 15:
            cells[result] = math.log2(x)
        elif operation == 16:
            cells[result] = math.log10(x)
        elif operation == 17:
            cells[result] = math.log1p(x)
        elif operation == 18:
            cells[result] = math.sin(x)
        elif operation == 19:
            cells[result] = math.cos(x)
        elif operation == 20:
            cells[result] = math.tan(x)
        elif operation == 21:
            cells[result] = math.asin(x)
        elif operation == 22:
            cells[result] = math.acos(x)
        elif operation == 23:
            cells[result] = math.atan(x)
        elif operation == 24:
            cells[result] = math.hypot(x, y)
        elif operation == 25:
            cells[result] = math.atan2(x, y)
        elif operation == 26:
            cells[result] = math.sinh(x)
        elif operation == 27:
            cells[result] = math.cosh(x)
        elif operation == 28:
            cells[result] = math.tanh(x)
        elif operation == 29:
            cells[result] = math.asinh(x)
        elif operation == 30:
            cells[result] = math.acosh(x)
        elif operation == 31:
            cells[result] = math.atanh(x)
        elif operation == 32:
            cells[result] = 1.0 if x > y else 0.0
        elif operation == 33:
            cells[result] = 1.0 if x >= y else 0.0
        elif operation == 34:
            cells[result] = 1.0 if x < y else 0.0
        elif operation == 35:
            cells[result] = 1.0 if x <= y else 0.0
        elif operation == 36:
            cells[result] = 1.0 if x == y else 0.0
        elif operation == 37:
            cells[result] = 1.0 if x != y else 0.0
        elif operation == 38:
            cells[result] = 1.0 if bool(x) and bool(y) else 0.0
        elif operation == 39:
            cells[result] = 1.0 if bool(x) or bool(y) else 0.0
        elif operation == 40:
            cells[result] = 1.0 if not x else 0.0
        elif operation == 41:
            cells[result] = (1.0 if x > 0.0 else -1.0 if x < 0.0 else 0.0 if x == 0.0 else x)
        elif operation == 42:
            cells[result] = 1.0 if x != x else 0.0
        elif operation == 43:
            cells[result] = 1.0 if x - x == 0.0 else 0.0
        elif operation == 44:
            cells[result] = abs(x)
        elif operation == 45:
            cells[result] = y if x else z
        elif operation == 46:
            cells[result] = (x if x >= y or x != x else y)
        elif operation == 47:
            cells[result] = (x if x <= y or x != x else y)
        elif operation == 48:
            cells[result] = (z if x > z or y > z else y if x < y else x)
        elif operation == 49:
            cells[result] = 1.0 / (1.0 + math.exp(-x))
        elif operation == 50:
            cells[result] = math.erf(x)
        elif operation == 51:
            cells[result] = math.erfc(x)
        elif operation == 52:
            cells[result] = math.lgamma(x)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def run_many(code, cells):  # type: ignore[no-untyped-def]
    """The same on a row of numbers per cell: one for each point."""
    for i in range(code.shape[0]):
        operation = code[i, 0]
        out, a, b, c = cells[code[i, 1]], cells[code[i, 2]], cells[code[i, 3]], cells[code[i, 4]]
        if operation == 0:
            for p in range(cells.shape[1]):
                x = a[p]
                y = b[p]
                z = c[p]
                out[p] = x * y + z
        elif operation == 1:
            for p in range(cells.shape[1]):
                x = a[p]
                y = b[p]
                z = c[p]
                out[p] = x * y - z
        elif operation == 2:
            for p in range(cells.shape[1]):
                x = a[p]
                y = b[p]
                z = c[p]
                out[p] = z - x * y
        elif operation == 3:
            for p in range(cells.shape[1]):
                x = a[p]
                y = b[p]
                out[p] = x * y
        elif operation == 4:
            for p in range(cells.shape[1]):
                x = a[p]
                y = b[p]
                out[p] = x + y
        elif operation == 5:
            for p in range(cells.shape[1]):
                x = a[p]
                y = b[p]
                out[p] = x - y
        elif operation == 6:
            for p in range(cells.shape[1]):
                x = a[p]
                y = b[p]
                out[p] = x / y
        elif operation == 7:
            for p in range(cells.shape[1]):
                x = a[p]
                out[p] = -x
        elif operation == 8:
            for p in range(cells.shape[1]):
                x = a[p]
                out[p] = x * x
        elif operation == 9:
            for p in range(cells.shape[1]):
                x = a[p]
                out[p] = 1.0 / x
        elif operation == 10:
            for p in range(cells.shape[1]):
                x = a[p]
                y = b[p]
                out[p] = math.pow(x, y)
        elif operation == 11:
            for p in range(cells.shape[1]):
                x = a[p]
                out[p] = math.sqrt(x)
        elif operation == 12:
            for p in range(cells.shape[1]):
                x = a[p]
                out[p] = math.exp(x)
        elif operation == 13:
            for p in range(cells.shape[1]):
                x = a[p]
                out[p] = math.expm1(x)
        elif operation == 14:
            for p in range(cells.shape[1]):
                x = a[p]
                out[p] = math.log(x)
        elif operation == 15:
            for p in range(cells.shape[1]):
                x = a[p]
                out[p] = math.log2(x)
        elif operation == 16:
            for p in range(cells.shape[1]):
                x = a[p]
                out[p] = math.log10(x)
        elif operation == 17:
            for p in range(cells.shape[1]):
                x = a[p]
                out[p] = math.log1p(x)
        elif operation == 18:
            for p in range(cells.shape[1]):
                x = a[p]
                out[p] = math.sin(x)
        elif operation == 19:
            for p in range(cells.shape[1]):
                x = a[p]
                out[p] = math.cos(x)
        elif operation == 20:
            for p in range(cells.shape[1]):
                x = a[p]
                out[p] = math.tan(x)
        elif operation == 21:
            for p in range(cells.shape[1]):
                x = a[p]
                out[p] = math.asin(x)
        elif operation == 22:
            for p in range(cells.shape[1]):
                x = a[p]
                out[p] = math.acos(x)
        elif operation == 23:
            for p in range(cells.shape[1]):
                x = a[p]
                out[p] = math.atan(x)
        elif operation == 24:
            for p in range(cells.shape[1]):
                x = a[p]
                y = b[p]
                out[p] = math.hypot(x, y)
        elif operation == 25:
            for p in range(cells.shape[1]):
                x = a[p]
                y = b[p]
                out[p] = math.atan2(x, y)
        elif operation == 26:
            for p in range(cells.shape[1]):
                x = a[p]
                out[p] = math.sinh(x)
        elif operation == 27:
            for p in range(cells.shape[1]):
                x = a[p]
                out[p] = math.cosh(x)
        elif operation == 28:
            for p in range(cells.shape[1]):
                x = a[p]
                out[p] = math.tanh(x)
        elif operation == 29:
            for p in range(cells.shape[1]):
                x = a[p]
                out[p] = math.asinh(x)
        elif operation == 30:
            for p in range(cells.shape[1]):
                x = a[p]
                out[p] = math.acosh(x)
        elif operation == 31:
            for p in range(cells.shape[1]):
                x = a[p]
                out[p] = math.atanh(x)
        elif operation == 32:
            for p in range(cells.shape[1]):
                x = a[p]
                y = b[p]
                out[p] = 1.0 if x > y else 0.0
        elif operation == 33:
            for p in range(cells.shape[1]):
                x = a[p]
                y = b[p]
                out[p] = 1.0 if x >= y else 0.0
        elif operation == 34:
            for p in range(cells.shape[1]):
                x = a[p]
                y = b[p]
                out[p] = 1.0 if x < y else 0.0
        elif operation == 35:
            for p in range(cells.shape[1]):
                x = a[p]
                y = b[p]
                out[p] = 1.0 if x <= y else 0.0
        elif operation == 36:
            for p in range(cells.shape[1]):
                x = a[p]
                y = b[p]
                out[p] = 1.0 if x == y else 0.0
        elif operation == 37:
            for p in range(cells.shape[1]):
                x = a[p]
                y = b[p]
                out[p] = 1.0 if x != y else 0.0
        elif operation == 38:
            for p in range(cells.shape[1]):
                x = a[p]
                y = b[p]
                out[p] = 1.0 if bool(x) and bool(y) else 0.0
        elif operation == 39:
            for p in range(cells.shape[1]):
                x = a[p]
                y = b[p]
                out[p] = 1.0 if bool(x) or bool(y) else 0.0
        elif operation == 40:
            for p in range(cells.shape[1]):
                x = a[p]
                out[p] = 1.0 if not x else 0.0
        elif operation == 41:
            for p in range(cells.shape[1]):
                x = a[p]
                out[p] = (1.0 if x > 0.0 else -1.0 if x < 0.0 else 0.0 if x == 0.0 else x)
        elif operation == 42:
            for p in range(cells.shape[1]):
                x = a[p]
                out[p] = 1.0 if x != x else 0.0
        elif operation == 43:
            for p in range(cells.shape[1]):
                x = a[p]
                out[p] = 1.0 if x - x == 0.0 else 0.0
        elif operation == 44:
            for p in range(cells.shape[1]):
                x = a[p]
                out[p] = abs(x)
        elif operation == 45:
            for p in range(cells.shape[1]):
                x = a[p]
                y = b[p]
                z = c[p]
                out[p] = y if x else z
        elif operation == 46:
            for p in range(cells.shape[1]):
                x = a[p]
                y = b[p]
                out[p] = (x if x >= y or x != x else y)
        elif operation == 47:
            for p in range(cells.shape[1]):
                x = a[p]
                y = b[p]
                out[p] = (x if x <= y or x != x else y)
        elif operation == 48:
            for p in range(cells.shape[1]):
                x = a[p]
                y = b[p]
                z = c[p]
                out[p] = (z if x > z or y > z else y if x < y else x)
        elif operation == 49:
            for p in range(cells.shape[1]):
                x = a[p]
                out[p] = 1.0 / (1.0 + math.exp(-x))
        elif operation == 50:
            for p in range(cells.shape[1]):
                x = a[p]
                out[p] = math.erf(x)
        elif operation == 51:
            for p in range(cells.shape[1]):
                x = a[p]
                out[p] = math.erfc(x)
        elif operation == 52:
            for p in range(cells.shape[1]):
                x = a[p]
                out[p] = math.lgamma(x)


@intrinsic
def _pointer(context, address):  # type: ignore[no-untyped-def]
    """An address as a pointer."""

    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        return builder.inttoptr(arguments[0], cgutils.voidptr_t)

    return types.voidptr(address), generate


@numba.njit(cache=True, nogil=True, error_model="numpy", fastmath={"reassoc"})
def _total(x):  # type: ignore[no-untyped-def]
    """A sum in whatever order is quick."""
    total = 0.0
    for p in range(x.size):
        total += x[p]
    return total


@numba.njit(cache=True, nogil=True, error_model="numpy")
def run_blocks(before, code, slots, total, block):  # type: ignore[no-untyped-def]
    """Elementwise programs over arrays, block by block, so that what is between stays in cache.

    A slot is an address and how far it moves with each element: 0 for scratch. See `fusion` for the instructions.
    """
    for i in range(before.shape[0]):
        operation, size = before[i, 0], before[i, 3]
        out = numba.carray(_pointer(slots[before[i, 1], 0]), (size,), np.float64)
        a = numba.carray(_pointer(slots[before[i, 2], 0]), (size,), np.float64)
        value = a[0] if operation == 1 else 0.0
        for p in range(size):
            out[p] = value
    for start in range(0, total, block):
        size = min(block, total - start)
        for i in range(code.shape[0]):
            operation, extra = code[i, 0], code[i, 5]
            out = numba.carray(_pointer(slots[code[i, 1], 0] + start * slots[code[i, 1], 1]), (size,), np.float64)
            a = numba.carray(_pointer(slots[code[i, 2], 0] + start * slots[code[i, 2], 1]), (size,), np.float64)
            b = numba.carray(_pointer(slots[code[i, 3], 0] + start * slots[code[i, 3], 1]), (size,), np.float64)
            c = numba.carray(_pointer(slots[code[i, 4], 0] + start * slots[code[i, 4], 1]), (size,), np.float64)
            if operation == 0:
                for p in range(size):
                    out[p] = a[p] * b[p] + c[p]
            elif operation == 1:
                for p in range(size):
                    out[p] = a[p] * b[p] - c[p]
            elif operation == 2:
                for p in range(size):
                    out[p] = c[p] - a[p] * b[p]
            elif operation == 3:
                for p in range(size):
                    out[p] = a[p] * b[p]
            elif operation == 4:
                for p in range(size):
                    out[p] = a[p] + b[p]
            elif operation == 5:
                for p in range(size):
                    out[p] = a[p] - b[p]
            elif operation == 6:
                for p in range(size):
                    out[p] = a[p] / b[p]
            elif operation == 7:
                for p in range(size):
                    out[p] = -a[p]
            elif operation == 8:
                for p in range(size):
                    out[p] = a[p] * a[p]
            elif operation == 9:
                for p in range(size):
                    out[p] = 1.0 / a[p]
            elif operation == 11:
                for p in range(size):
                    out[p] = math.sqrt(a[p])
            elif operation == 32:
                for p in range(size):
                    out[p] = 1.0 if a[p] > b[p] else 0.0
            elif operation == 33:
                for p in range(size):
                    out[p] = 1.0 if a[p] >= b[p] else 0.0
            elif operation == 34:
                for p in range(size):
                    out[p] = 1.0 if a[p] < b[p] else 0.0
            elif operation == 35:
                for p in range(size):
                    out[p] = 1.0 if a[p] <= b[p] else 0.0
            elif operation == 36:
                for p in range(size):
                    out[p] = 1.0 if a[p] == b[p] else 0.0
            elif operation == 37:
                for p in range(size):
                    out[p] = 1.0 if a[p] != b[p] else 0.0
            elif operation == 38:
                for p in range(size):
                    out[p] = 1.0 if bool(a[p]) and bool(b[p]) else 0.0
            elif operation == 39:
                for p in range(size):
                    out[p] = 1.0 if bool(a[p]) or bool(b[p]) else 0.0
            elif operation == 40:
                for p in range(size):
                    out[p] = 1.0 if not a[p] else 0.0
            elif operation == 41:
                for p in range(size):
                    out[p] = (1.0 if a[p] > 0.0 else -1.0 if a[p] < 0.0 else 0.0 if a[p] == 0.0 else a[p])
            elif operation == 42:
                for p in range(size):
                    out[p] = 1.0 if a[p] != a[p] else 0.0
            elif operation == 43:
                for p in range(size):
                    out[p] = 1.0 if a[p] - a[p] == 0.0 else 0.0
            elif operation == 44:
                for p in range(size):
                    out[p] = abs(a[p])
            elif operation == 45:
                for p in range(size):
                    out[p] = b[p] if a[p] else c[p]
            elif operation == 46:
                for p in range(size):
                    out[p] = (a[p] if a[p] >= b[p] or a[p] != a[p] else b[p])
            elif operation == 47:
                for p in range(size):
                    out[p] = (a[p] if a[p] <= b[p] or a[p] != a[p] else b[p])
            elif operation == 48:
                for p in range(size):
                    out[p] = (c[p] if a[p] > c[p] or b[p] > c[p] else b[p] if a[p] < b[p] else a[p])
            elif operation == -1:  # a row that repeats
                whole = numba.carray(_pointer(slots[code[i, 2], 0]), (extra,), np.float64)
                q = start % extra
                for p in range(size):
                    out[p] = whole[q]
                    q += 1
                    if q == extra:
                        q = 0
            elif operation == -2:  # a number for each row
                whole = numba.carray(_pointer(slots[code[i, 2], 0] + start // extra * 8), (size // extra,), np.float64)
                for r in range(size // extra):
                    for p in range(extra):
                        out[r * extra + p] = whole[r]
            elif operation == -3:  # the sum of everything
                whole = numba.carray(_pointer(slots[code[i, 1], 0]), (1,), np.float64)
                whole[0] += _total(a)
            elif operation == -4:  # the sum of each row
                whole = numba.carray(_pointer(slots[code[i, 1], 0] + start // extra * 8), (size // extra,), np.float64)
                for r in range(size // extra):
                    whole[r] = _total(a[r * extra : (r + 1) * extra])
            elif operation == -5:  # the sum of all rows
                whole = numba.carray(_pointer(slots[code[i, 1], 0]), (extra,), np.float64)
                q = start % extra
                for p in range(size):
                    whole[q] += a[p]
                    q += 1
                    if q == extra:
                        q = 0
            elif operation == -6:  # added where it belongs
                for p in range(size):
                    out[p] += a[p]
