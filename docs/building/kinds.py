"""Kinds of findings, and what to do: those that diagnosis names, and those that are about the call and not about the formula."""

from __future__ import annotations

from collections.abc import Mapping

REMARKS: Mapping[str, str] = {
    "raises": "the gradient raises where the function has a value, or has one where the function raises",
    "nonlinear": "a vector-Jacobian product is not linear in its cotangent",
    "mutates-input": "calling the gradient changes an argument",
    "non-deterministic": "two calls at the same point give two results",
    "aliases-input": "the result shares memory with an argument (a remark: the gradient may be right)",
    "dtype": "the result is of another type than its argument (a remark)",
    "wrong-forward": "the function and its NumPy twin have different values",
    "none": "the backward gives None for an argument, which PyTorch takes for zero",
    "mutates-cotangent": "the backward changes the incoming gradient, which others read too",
    "layout": "the gradient depends on how the incoming one lies in memory",
    "needs-input-grad": "the gradient for an argument depends on which others need one",
    "unused-output": "an output that is not used is not taken as having the gradient zero",
    "black-box": "the function could not be traced, and differences judged (a remark: the message says why)",
}
WHAT_TO_DO = {
    "none": "return a gradient for every argument that acts on the result",
    "black-box": "follow the message, for a verdict with a diagnosis",
}


def kinds() -> dict[str, tuple[str, str]]:
    """Every kind with what it says and what to do, from the tables that messages are made of."""
    from gradcheck.diagnosis import KINDS
    from gradcheck.diagnosis.wording import FIX
    from gradcheck.rendering.verdict import ADVICE

    advice = {**WHAT_TO_DO, **ADVICE, **FIX}
    return {kind: (says, advice[kind]) for kind, says in (KINDS | REMARKS).items()}
