"""What a right gradient may do at a point nobody asked for: excuses that hold in a search, and never at the user's own points."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from gradcheck.circuit import Circuit
from gradcheck.diagnosis.finding import Finding
from gradcheck.precision import info
from gradcheck.verdicts.accuracy import measure
from gradcheck.verdicts.coverage import REMAINDERS, STEPS, hops, moving, touches, values_at
from gradcheck.verdicts.judge import Standard
from gradcheck.verdicts.tolerance import SAFETY, unit_roundoff
from gradcheck.verdicts.verdict import Verdict, written

TIES = 6  # entries that may tie at once for the hull of limiting gradients to be worked out with confidence
BESIDE = 16.0  # units of roundoff by which a quotient may miss a whole number that it is not
ORDINARY = ("zero factor", "tail", "large")  # special points at which nothing is special about the derivative
_MOVES = ("reshape", "transpose", "broadcast_to", "getitem", "scatter", "put", "concatenate", "stack", "astype", "max", "min")
_LINEAR = ("add", "subtract", "negative")
_SUMS = ("sum", "mean", "matmul", "dot", "inner", "einsum", "trace", "cumsum")


def excused(verdict: Verdict, by: Standard, point: tuple[Any, ...], typical: float, *, entrywise: bool) -> Verdict | None:
    """A wrong verdict found by search, unless what is off is nothing to reject a right gradient for.

    Passed over (None) are ties of too many entries to tell, points beside a jump that floats cannot tell from it, and what subnormal numbers
    cost. A remark become: digits lost, where half of them remain, where the loss lies below the rounding of the gradient as a
    whole, or it lies below the rounding at the `typical` size of the gradient or of the value (softmax where it saturates), or where squares overflow; and a
    formula that divides by an input, at 0, where the function is as smooth as anywhere. `entrywise` asks for more of products with an
    elementwise Jacobian, as of 1 - tanh(x)**2: digits for every entry by itself.
    """
    if verdict.judgement is None:
        return verdict
    accuracy = verdict.judgement.accuracy
    if by.truth.is_kink:
        return None if np.all(np.isfinite(accuracy.claim)) and _bent(by) > TIES else verdict
    values = values_at(by.problem.circuit, by.problem.inputs)
    if beside_a_jump(by.problem.circuit, values):
        return None
    if not np.all(np.isfinite(accuracy.claim)):
        return _remark(verdict, "nonfinite", "is not finite where an input is 0", point) if _divides(by, values) else verdict
    if verdict.judgement.kinds == ("precision",) and _underflows(values, info(accuracy.dtype)):
        return None
    return _loses_digits(
        verdict, by, point, 0.0 if entrywise and is_separable(by.problem.circuit) else max(typical, abs(float(by.problem.value)))
    )


def _underflows(values: list[Any], limits: Any) -> bool:
    """Whether the function itself works with subnormal numbers here."""
    return any(np.any((np.abs(v) < float(limits.smallest_normal)) & (v != 0)) for v in map(np.asarray, values) if v.dtype.kind == "f")


def _loses_digits(verdict: Verdict, by: Standard, point: tuple[Any, ...], typical: float) -> Verdict | None:
    assert verdict.judgement is not None
    accuracy, off = verdict.judgement.accuracy, np.array([o == "wrong" for o in verdict.entries])
    limits, error = info(accuracy.dtype), np.abs(accuracy.error[off])
    if np.all(error <= float(limits.smallest_normal) / float(limits.eps)):
        return None
    if verdict.judgement.certain:
        return verdict
    rounding = SAFETY * unit_roundoff(accuracy.dtype)
    whole = error <= rounding * np.max(np.abs(accuracy.truth))
    far = any(np.any(np.abs(x) > float(limits.max) ** 0.48) for x in by.problem.inputs)
    if far or np.all(whole | (error <= rounding * typical) | (accuracy.digits[off] >= -np.log10(float(limits.eps)) / 2)):
        return _remark(verdict, "precision", "loses digits, fewer than half or below the rounding of the gradient as a whole", point)
    return verdict


def _remark(verdict: Verdict, kind: str, what: str, point: tuple[Any, ...]) -> Verdict:
    entry = verdict.labels[verdict.entries.index("wrong")]
    return replace(verdict, outcome="right", findings=(Finding(kind, f"{entry} {what}, at={written(point)}"),))


def _divides(by: Standard, values: list[Any]) -> bool:
    """Whether an input is 0 and no hop is at a point that is special for its derivative: x1 x2 x3 / x1 is undefined at 0, the product is not."""
    circuit = by.problem.circuit
    special = any(s.kind not in ORDINARY and touches(circuit, k, s, values) for _, k, s in hops(circuit))
    return not special and any(np.any(np.asarray(x) == 0) for x in by.problem.inputs)


def beside_a_jump(circuit: Circuit, values: list[Any]) -> bool:
    """Whether a number that is rounded to a whole one, or a quotient that is, lies beside a whole number and not on it."""
    for k in range(len(circuit)):
        primitive = circuit.primitive(k)
        if primitive is None or primitive.name not in (*STEPS, *REMAINDERS):
            continue
        operands = [values[i] for i in circuit.inputs_of(k)]
        pairs = np.broadcast(operands[0], operands[1] if primitive.name in REMAINDERS else 1.0)
        if any(_beside_whole(float(a), float(b)) for a, b in pairs):
            return True
    return False


def _beside_whole(a: float, b: float) -> bool:
    if not (np.isfinite(a) and np.isfinite(b)) or b == 0 or abs(a) > 2.0**52 * abs(b):
        return False
    quotient = a / b
    near = abs(quotient - round(quotient)) <= BESIDE * 2.0**-53 * max(abs(quotient), 2.0**-20)
    return near and a != 0 and (Fraction(a) / Fraction(b)).denominator != 1


def is_separable(circuit: Circuit) -> bool:
    """Whether every entry's derivative depends on that entry alone: elementwise operations, then sums.

    Such a derivative can be expected to be accurate entry by entry, also where it is small; one in which entries mix cannot.
    """
    moves, mixed = moving(circuit), [False] * len(circuit)
    for k in range(len(circuit)):
        primitive, read = circuit.primitive(k), [i for i in circuit.inputs_of(k) if moves[i]]
        if primitive is None or not read:
            continue
        mixed[k] = primitive.name in _SUMS or any(mixed[i] for i in read) or len({circuit.type(i).shape for i in read}) > 1
        scales = len(read) == 1 and (primitive.name == "multiply" or (primitive.name == "divide" and read[0] == circuit.inputs_of(k)[0]))
        linear = scales or primitive.name in (*_LINEAR, *_SUMS, *_MOVES)
        if not linear and (mixed[k] or not primitive.elementwise):
            return False
    return True


def _bent(by: Standard) -> int:
    """How many entries have different derivatives on their two sides."""
    assert by.truth.left is not None
    left = measure(by.truth.floats(), by.truth.left, by.dtype, by.truth.bits)
    return int(np.sum(np.abs(left.error) > by.tolerance))
