"""Where a right formula loses its digits, or stops being finite: the step of the claim's own code, and the form that does not.

The claim is traced as the function is, and each of its steps is compared with the same step in ball arithmetic. The step whose result is much
worse than what it was formed from is the culprit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradcheck.arithmetic.balls import Balls
from gradcheck.arithmetic.enclosures import ball, precision
from gradcheck.circuit import Circuit, Floats, first_nonfinite, trace, trail
from gradcheck.diagnosis.finding import Finding, hop_of
from gradcheck.gradients.method import Problem

BITS = 400
LARGEST = 20_000  # equations of a claim beyond which its steps are not compared
WORSE = 64.0  # times by which a step's error must exceed those it is formed from to be the culprit


def lossy(gradient: Callable[..., Any], problem: Problem, kind: str) -> tuple[Finding, ...]:
    """The step that loses digits (`kind` is precision), or that is first not finite (nonfinite); nothing where the claim cannot be followed."""
    circuit = _traced(gradient, problem)
    if circuit is None or len(circuit) > LARGEST:
        return ()
    with np.errstate(all="ignore"):
        k = first_nonfinite(circuit, problem.inputs) if kind == "nonfinite" else _culprit(circuit, problem.inputs)
    if k is None or circuit.opcodes[k] < 0:
        return ()
    with np.errstate(all="ignore"):
        values = trail(circuit, Floats(), problem.inputs)
    hop = hop_of(circuit, k)
    what, fix = _stable(circuit, k, values)
    verb = "gives inf or NaN" if kind == "nonfinite" else "loses the digits"
    return (Finding(kind, f"the formula {verb} in {hop} of the claim: {what}; {fix}", hop, fix, points=1),)


def _traced(gradient: Callable[..., Any], problem: Problem) -> Circuit | None:
    def parts(*arguments: Any) -> Any:
        found = gradient(*arguments)
        found = list(found.values()) if isinstance(found, dict) else found
        return tuple(found) if isinstance(found, tuple | list) else found

    try:
        return trace(parts, *problem.arguments, argnums=problem.argnums)
    except Exception:  # whatever a claim does with what is no array
        return None


def _culprit(circuit: Circuit, inputs: Sequence[Any]) -> int | None:
    """The step that is worse than what it is formed from by the largest factor."""
    floats = trail(circuit, Floats(), inputs)
    with precision(BITS):
        try:
            exact = trail(circuit, Balls(), [Balls().constant(x) for x in inputs])
        except (ArithmeticError, ValueError, TypeError, NotImplementedError):
            return None
        errors = [_error(f, e) if circuit.type(k).floating else 0.0 for k, (f, e) in enumerate(zip(floats, exact, strict=True))]
    unit = float(np.finfo(np.float64).eps)
    worst, found = WORSE, None
    for k, opcode in enumerate(circuit.opcodes):
        if opcode >= 0 and np.isfinite(errors[k]):
            before = max((errors[i] for i in circuit.inputs_of(k)), default=0.0)
            if errors[k] / max(before, unit) > worst:
                worst, found = errors[k] / max(before, unit), k
    return found


def _error(value: Any, exact: Any) -> float:
    """The largest relative error of a step's result."""
    got, true = np.ravel(np.asarray(value, dtype=object)), np.ravel(np.asarray(exact, dtype=object))
    worst = 0.0
    for v, t in zip(got, true, strict=True):
        known = ball(t)
        if known.is_finite() and np.isfinite(float(v)) and known != 0:
            worst = max(worst, abs(float(((known - float(v)) / known).mid())))
    return worst


_OVERFLOW = "the exponential overflows", "subtract the largest exponent first: softmax, logsumexp, expit and log1p do"


def _stable(circuit: Circuit, k: int, values: Sequence[Any]) -> tuple[str, str]:
    """What happens at a step, and what to write instead."""
    primitive, read = circuit.primitive(k), circuit.inputs_of(k)
    assert primitive is not None
    before = [circuit.primitive(i) for i in read]
    names = [p.name if p is not None else "" for p in before]
    if primitive.name in ("exp", "cosh", "sinh", "expm1"):
        return _OVERFLOW
    if primitive.name == "log":
        return "the logarithm of a number that rounded to 0 or 1", "use log1p, log_softmax or logaddexp, which form it from what was before"
    if primitive.name == "divide":
        kind = "inf / inf" if not np.all(np.isfinite(values[read[0]])) else "division by a number that is 0 here"
        return kind, "form the quotient otherwise, or choose the branch before dividing: np.where evaluates both"
    if primitive.name in ("add", "subtract"):
        return "two nearly equal numbers cancel", _cancelling(circuit, read, names)
    if primitive.name in ("multiply", "power", "square"):
        return "a product that overflows, or 0 times inf", "scale the factors before multiplying, or work with logarithms"
    return f"{primitive.name} of what rounding left", "form it from the value before that step"


_CANCELLING = (  # what stands next to a difference that cancels, and what to write for the difference
    ("tanh", "write 1 / cosh(x)**2 for 1 - tanh(x)**2"),
    ("expit", "write expit(-x) for 1 - expit(x)"),
    ("divide", "write expit(-x) for 1 - expit(x)"),
    ("exp", "write expm1(x) for exp(x) - 1"),
    ("cos", "write 2 sin(x/2)**2 for 1 - cos(x)"),
    ("sqrt", "multiply by the sum of the roots: (a - b) / (sqrt(a) + sqrt(b))"),
    ("square", "factor the difference of squares: (a - b) (a + b)"),
    ("power", "factor the difference of squares: (a - b) (a + b)"),
)


def _cancelling(circuit: Circuit, read: tuple[int, ...], names: list[str]) -> str:
    below = [circuit.primitive(j) for i in read if circuit.opcodes[i] >= 0 for j in circuit.inputs_of(i)]
    known = {*names, *(p.name for p in below if p is not None)}
    return next((fix for name, fix in _CANCELLING if name in known), "rewrite the difference so that what is equal cancels before rounding")
