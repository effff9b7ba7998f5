"""Where rounding decides a branch: in floats the function ties, or falls on another side than exact arithmetic says.

sigmoid(-1e-80) is 0.5 in floats and a little less exactly; clipped at 0.5, the function in floats sits on a kink that the exact one has just missed.
No code in floats can tell the sides apart there, so a claim that lies between them is a convention and not a mistake.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gradcheck.arithmetic.balls import Balls
from gradcheck.arithmetic.enclosures import Undecidable, ball, precision
from gradcheck.arithmetic.objects import box
from gradcheck.circuit import Floats, describe, trail
from gradcheck.gradients.method import Problem
from gradcheck.gradients.tape import Tape
from gradcheck.primitives import Primitive
from gradcheck.verdicts.accuracy import Accuracy


def decided_by_rounding(problem: Problem, bits: int) -> str | None:
    """The first place where floats and exact arithmetic order two values differently; None where they agree throughout."""
    circuit = problem.circuit
    deciding = [k for k in range(len(circuit)) if _decides(circuit.primitive(k))]
    if not deciding:
        return None
    floats = _trail(problem, Floats())
    try:
        with precision(bits):
            exact = _trail(problem, Balls())
            for k in deciding:
                primitive, read, params = circuit.primitive(k), circuit.inputs_of(k), circuit.params.get(k, {})
                assert primitive is not None
                signs = [_signs(primitive, values[k], [values[i] for i in read], params) for values in (floats, exact)]
                if not np.array_equal(*signs):
                    return describe(circuit, k)
    except (Undecidable, ArithmeticError, ValueError):
        return None
    return None


def between_sides(accuracy: Accuracy, problem: Problem, slack: Any) -> bool:
    """Whether every entry lies between the truth and what the other side gives.

    The tape follows the floats: it gives the other side, or at a tie the mean of both.
    """
    tape = np.concatenate([np.ravel(np.asarray(e, dtype=float)) for e in Tape().gradient(problem).entries])
    other = 2 * tape - accuracy.truth
    low, high = np.minimum(accuracy.truth, other) - slack, np.maximum(accuracy.truth, other) + slack
    return bool(np.all((accuracy.claim >= low) & (accuracy.claim <= high)))


def _trail(problem: Problem, arithmetic: Any) -> list[Any]:
    with np.errstate(all="ignore"):
        return trail(problem.circuit, arithmetic, [arithmetic.constant(x) for x in problem.inputs])


def _decides(primitive: Primitive | None) -> bool:
    return (
        primitive is not None
        and (primitive.decision or primitive.pick is not None)
        and primitive.name not in ("where", "isnan", "isfinite")
    )


def _signs(primitive: Primitive, value: Any, operands: Sequence[Any], params: Mapping[str, Any]) -> Any:
    """What a decision says; of a selection, how its operands are ordered (-1, 0 or 1 each), for a tie in floats is a side of its own."""
    if primitive.pick is None:
        return np.asarray(value, dtype=float)
    if primitive.elementwise:
        first, *others = operands
        return np.stack([np.broadcast_to(_sign(np.subtract(first, other)), np.shape(value)) for other in others or [0.0]])
    (x,), axis = operands, params.get("axis")
    extreme = np.min if "min" in primitive.name else np.max
    return _sign(np.subtract(x, extreme(x, axis=axis, keepdims=True)))


def _sign(x: Any) -> Any:
    """The sign of every element; 0 for a ball that cannot be told from 0."""
    return np.asarray(np.frompyfunc(lambda v: int(ball(v) > 0) - int(ball(v) < 0), 1, 1)(box(x)), dtype=float)
