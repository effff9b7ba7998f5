"""Writes `kernels.py`: the machine that runs scalar programs, with one branch for each record that has a scalar form.

    python -m gradcheck.compiled.generate

The formulas are those of the records; what is generated is committed, because numba keeps compiled code beside its file.
"""

from __future__ import annotations

from pathlib import Path

from gradcheck.primitives import TABLE, Primitive

TARGET = Path(__file__).with_name("kernels.py")
FUSED = {"multiply_add": "x * y + z", "multiply_subtract": "x * y - z", "subtract_product": "z - x * y"}
_OFTEN = ("multiply", "add", "subtract", "divide", "negative")  # first, as they are asked for most
_HEAD = '''"""The machine: runs programs of scalar instructions (operation, result, operands) over an array of cells.

Generated from the records by `python -m gradcheck.compiled.generate`; do not edit.
"""


# ruff: noqa: PLR0912  a machine has a branch for every instruction

import math

import numba

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
{many}'''


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
    return f"1.0 if {text} else 0.0" if record.decision else text


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
    return _HEAD.replace("{numbers}", numbers).replace("{scalar}", "".join(scalar)).replace("{many}", "".join(many))


def _reads(text: str, variable: str) -> bool:
    import re

    return re.search(rf"\b{variable}\b", text) is not None


if __name__ == "__main__":
    TARGET.write_text(source())
