"""Writes `kernels.py`: the machine that runs scalar programs, with one branch for each record that has a scalar form.

    python -m gradcheck.compiled.generate

The formulas are those of the records; what is generated is committed, because numba keeps compiled code beside its file.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from gradcheck.primitives import TABLE, Primitive

TARGET = Path(__file__).with_name("kernels.py")
FUSED = {"multiply_add": "x * y + z", "multiply_subtract": "x * y - z", "subtract_product": "z - x * y"}
_OFTEN = ("multiply", "add", "subtract", "divide", "negative")  # first, as they are asked for most
_HEAD = '''"""The machine: runs programs of scalar instructions (operation, result, operands) over an array of cells.

Generated from the records by `python -m gradcheck.compiled.generate`; do not edit.
"""


import math

import numba
import numpy as np
from numba.core import cgutils, types
from numba.extending import intrinsic

NUMBERS = {numbers}


@numba.njit(cache=True, nogil=True, error_model="numpy")
def run(code, cells):  # type: ignore[no-untyped-def]
    """Every instruction in order, on one number per cell."""
    for i in range(code.shape[0]):
        operation, result = code[i, 0], code[i, 1]
        x, y, z = cells[code[i, 2]], cells[code[i, 3]], cells[code[i, 4]]
{scalar}

@numba.njit(cache=True, nogil=True, error_model="numpy")
def run_many(code, cells):  # type: ignore[no-untyped-def]
    """The same on a row of numbers per cell: one for each point."""
    for i in range(code.shape[0]):
        operation = code[i, 0]
        out, a, b, c = cells[code[i, 1]], cells[code[i, 2]], cells[code[i, 3]], cells[code[i, 4]]
{many}

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
{blocks}            elif operation == -1:  # a row that repeats
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
'''


def supported() -> dict[str, Primitive]:
    """The records a scalar program may use, most frequent first."""
    able = {r.name: r for r in TABLE if r.elementwise and r.scalar is not None}
    return {name: able[name] for name in (*_OFTEN, *(n for n in able if n not in _OFTEN))}


def formulas() -> dict[str, str]:
    """Operation and formula over x, y and z, in the order of their numbers."""
    return FUSED | {name: _formula(r) for name, r in supported().items()}


def _formula(record: Primitive) -> str:
    assert record.scalar is not None
    text = record.scalar.format("x", "y", "z")
    with np.errstate(all="ignore"):
        is_boolean = isinstance(record.evaluate(*[np.float64(1.0)] * (record.arity or 1)), bool | np.bool_)
    return f"1.0 if {text} else 0.0" if is_boolean else text


def source() -> str:
    """The text of `kernels.py`."""
    known = formulas()
    numbers = "{\n" + "".join(f'    "{name}": {n},\n' for n, name in enumerate(known)) + "}"
    scalar, many = [], []
    for n, text in enumerate(known.values()):
        branch = f"{'if' if n == 0 else 'elif'} operation == {n}:\n"
        scalar.append(f"        {branch}            cells[result] = {text}\n")
        loop = "".join(f"                {v} = {row}[p]\n" for v, row in zip("xyz", "abc", strict=True) if _reads(text, v))
        many.append(f"        {branch}            for p in range(cells.shape[1]):\n{loop}                out[p] = {text}\n")
    return (
        _HEAD.replace("{numbers}", numbers)
        .replace("{scalar}", "".join(scalar))
        .replace("{many}", "".join(many))
        .replace("{blocks}", _blocks())
    )


def vectorised() -> dict[str, str]:
    """The formulas that compilers turn into vector instructions: arithmetic, roots, comparisons and selections."""
    return {name: text for name, text in formulas().items() if "math." not in text.replace("math.sqrt", "")}


def _blocks() -> str:
    known, lines = list(formulas()), []
    for n, (name, text) in enumerate(vectorised().items()):
        formula = text
        for v, row in zip("xyz", "abc", strict=True):
            formula = _replaced(formula, v, f"{row}[p]")
        branch = f"{'if' if n == 0 else 'elif'} operation == {known.index(name)}:\n"
        lines.append(f"            {branch}                for p in range(size):\n                    out[p] = {formula}\n")
    return "".join(lines)


def _replaced(text: str, variable: str, by: str) -> str:
    return re.sub(rf"\b{variable}\b", by, text)


def _reads(text: str, variable: str) -> bool:
    return re.search(rf"\b{variable}\b", text) is not None


if __name__ == "__main__":
    TARGET.write_text(source())
