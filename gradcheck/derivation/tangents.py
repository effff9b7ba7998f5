"""The chain rule forward, one step: the derivative of a value in terms of those of its operands (y' = f'(x) x')."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gradcheck.circuit import Circuit
from gradcheck.derivation.algebra import parse, shorter, text_of
from gradcheck.derivation.hop_formulas import MANY, Formulas

TOGETHER = (  # linear in all operands at once
    "sum", "mean", "reshape", "transpose", "broadcast_to", "concatenate", "stack", "getitem", "trace", "cumsum", "astype",
)  # fmt: skip
EACH = ("matmul", "dot", "inner", "outer", "einsum")  # linear in each operand


def tangent_formula(circuit: Circuit, formulas: Formulas, k: int, hops: Iterable[tuple[int, Any]]) -> str:
    """The derivative `_t` of value k; nothing for operations that neither act on each entry nor are linear."""
    primitive, read = circuit.primitive(k), circuit.inputs_of(k)
    assert primitive is not None
    positions = sorted({p for p, _ in hops})
    if primitive.elementwise:
        return text_of(shorter(parse(" + ".join(_term(circuit, formulas, k, p) for p in positions))))
    if len(read) > MANY:
        return ""
    if primitive.name in TOGETHER and len(positions) == len(read):
        return _moved(circuit, formulas, k, positions)
    return " + ".join(_moved(circuit, formulas, k, [p]) for p in positions) if primitive.name in EACH else ""


def _term(circuit: Circuit, formulas: Formulas, k: int, position: int) -> str:
    """One summand: the local derivative times the operand's own."""
    slope = formulas.slope(k, position)
    return text_of(parse(f"({slope}) * _t{circuit.inputs_of(k)[position]}"))


def _moved(circuit: Circuit, formulas: Formulas, k: int, positions: list[int]) -> str:
    """The operation itself, with the derivatives of some operands in their places."""
    return formulas.step(k, {p: f"_t{circuit.inputs_of(k)[p]}" for p in positions})
