"""What a claimed gradient returns, and whether it keeps the contract: shapes, types, inputs left alone, the same result twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gradcheck.circuit import argument_names
from gradcheck.gradients.method import Problem
from gradcheck.verdicts.verdict import Finding


def claimed_entries(gradient: Callable[..., Any], problem: Problem) -> tuple[Any, ...] | Finding:
    """What the claim returns, one array per differentiable argument; a finding where its shape does not fit."""
    with np.errstate(all="ignore"):
        result = gradient(*(a.copy() if isinstance(a, np.ndarray) else a for a in problem.arguments))
    names = argument_names(problem.function, len(problem.arguments))
    wanted = [names[i] for i in problem.argnums]
    parts = _parts(result, wanted)
    if isinstance(parts, str):
        return Finding("shape", parts)
    for name, part, x in zip(wanted, parts, problem.inputs, strict=True):
        if np.shape(part) != np.shape(x):
            return Finding("shape", f"the gradient for {name} has shape {np.shape(part)}, expected {np.shape(x)}, the shape of {name}")
        if np.asarray(part).dtype.kind not in "fiu":
            return Finding("shape", f"the gradient for {name} holds {np.asarray(part).dtype} values, expected floats")
    return tuple(parts)


def _parts(result: Any, wanted: list[str]) -> list[Any] | str:
    if isinstance(result, Mapping):
        missing = [n for n in wanted if n not in result]
        return f"the gradient names no part for {missing[0]}" if missing else [result[n] for n in wanted]
    if len(wanted) == 1 and not (isinstance(result, tuple | list) and len(result) == 1):
        return [result]
    if not isinstance(result, tuple | list) or len(result) != len(wanted):
        got = f"{len(result)} parts" if isinstance(result, tuple | list) else f"one {type(result).__name__}"
        return f"the gradient returned {got}, expected {len(wanted)}: for {', '.join(wanted)}"
    return list(result)


def repeat_claim(gradient: Callable[..., Any], problem: Problem) -> tuple[Any, ...] | None:
    """The claim at another point; None where it does not even fit."""
    found = claimed_entries(gradient, problem)
    return None if isinstance(found, Finding) else found


def labels(problem: Problem) -> tuple[str, ...]:
    """A name for every entry: w[2], or x for a scalar."""
    names = argument_names(problem.function, len(problem.arguments))
    pairs = [(names[i], problem.arguments[i]) for i in problem.argnums]
    return tuple(n + (str(list(index)) if index else "") for n, x in pairs for index in np.ndindex(np.shape(x)))
