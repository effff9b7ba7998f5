"""What a claimed gradient returns, and whether it keeps the contract: shapes, types, inputs left alone, the same result twice, no errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gradcheck.circuit import argument_names
from gradcheck.diagnosis.finding import Finding
from gradcheck.gradients.method import Problem, same_bits
from gradcheck.verdicts.raising import told
from gradcheck.verdicts.verdict import Verdict

_ROUNDING = 2.0**20  # units of roundoff of the largest entry that two runs may differ by, while half the digits agree
BREACHES = ("raises", "shape", "mutates-input", "non-deterministic")  # findings that make a gradient wrong whatever its values


def claimed_entries(gradient: Callable[..., Any], problem: Problem) -> tuple[Any, ...] | Finding:
    """What the claim returns, one array per differentiable argument; a finding where it raises, or its shape does not fit."""
    return _called(gradient, [a.copy() if isinstance(a, np.ndarray) else a for a in problem.arguments], problem)


def _called(gradient: Callable[..., Any], given: list[Any], problem: Problem) -> tuple[Any, ...] | Finding:
    try:
        with np.errstate(all="ignore"):
            result = gradient(*given)
    except Exception as error:  # whatever a claim raises where the function has a value
        return Finding("raises", f"raises {told(error)} where the function gives {problem.value!s}")
    return _fitted(result, problem)


def _fitted(result: Any, problem: Problem) -> tuple[Any, ...] | Finding:
    wanted = differentiable_names(problem)
    if result is None:
        return Finding("shape", f"the gradient returns None, expected the gradient for {', '.join(wanted)}: is its `return` missing?")
    if len(wanted) == 1 and isinstance(result, list) and _shape(result) == np.shape(problem.inputs[0]):
        result = np.array(result)  # [2.0] for an argument of shape (1,): the array, not a list of parts
    parts = parts_of(result, wanted)
    if isinstance(parts, str):
        return Finding("shape", parts + _meant_for(result, wanted, problem))
    for name, part, x in zip(wanted, parts, problem.inputs, strict=True):
        if part is None:
            return Finding("shape", f"the gradient for {name} is None, expected an array of its shape, {np.shape(x)}")
        shape = _shape(part)
        if shape != np.shape(x):
            got = "rows of different lengths" if shape is None else f"shape {shape}"
            return Finding("shape", f"the gradient for {name} has {got}, expected {np.shape(x)}, the shape of {name}")
        if np.asarray(part).dtype.kind not in "fiu":
            return Finding("shape", f"the gradient for {name} holds {np.asarray(part).dtype} values, expected floats")
    return tuple(parts)


def _meant_for(result: Any, wanted: list[str], problem: Problem) -> str:
    """What to say where one array came for several arguments, and fits one of them alone."""
    if isinstance(result, Mapping | tuple | list):
        return ""
    fits = [n for n, x in zip(wanted, problem.inputs, strict=True) if np.shape(x) == _shape(result)]
    return f' (it has the shape of {fits[0]}: if the others are data, say argnums="{fits[0]}")' if len(fits) == 1 else ""


def _shape(part: Any) -> tuple[int, ...] | None:
    """The shape NumPy gives it; None for rows of different lengths."""
    try:
        return tuple(np.shape(part))
    except ValueError:
        return None


def differentiable_names(problem: Problem) -> list[str]:
    """Names of the arguments the gradient is for."""
    names = argument_names(problem.function, len(problem.arguments))
    return [names[i] for i in problem.argnums]


def _same_but_for_rounding(first: tuple[Any, ...], second: tuple[Any, ...]) -> bool:
    """Whether two results are one: threads, and programs compiled after some calls, add up in another order."""
    if all(same_bits(a, b) for a, b in zip(first, second, strict=True)):
        return True
    arrays = [(np.asarray(a), np.asarray(b)) for a, b in zip(first, second, strict=True)]
    if any(a.shape != b.shape or a.dtype != b.dtype or a.dtype.kind != "f" for a, b in arrays):
        return False
    finite = [(a[np.isfinite(a)], b[np.isfinite(a)]) for a, b in arrays]
    largest = max((float(np.abs(a).max()) for a, _ in finite if a.size), default=0.0)
    odd = all(np.array_equal(a[~np.isfinite(a)], b[~np.isfinite(a)], equal_nan=True) for a, b in arrays)
    return odd and all(
        (np.abs(a - b) <= min(_ROUNDING * np.finfo(a.dtype).eps, np.finfo(a.dtype).eps ** 0.5) * largest).all() for a, b in finite
    )


def kept_contract(gradient: Callable[..., Any], problem: Problem) -> tuple[tuple[Any, ...] | None, tuple[Finding, ...]]:
    """The claimed entries, with what else the claim does: raises, changes its inputs, gives another result the second time (these make it
    wrong whatever its values, and None stands in the place of the entries), returns its inputs themselves, or another type.
    """
    given = [a.copy() if isinstance(a, np.ndarray) else a for a in problem.arguments]
    parts, names = _called(gradient, given, problem), argument_names(problem.function, len(problem.arguments))
    if isinstance(parts, Finding):
        return None, (parts,)
    found = [
        Finding("mutates-input", f"calling the gradient changed its argument {name}")
        for name, before, after in zip(names, problem.arguments, given, strict=True)
        if isinstance(before, np.ndarray) and not same_bits(before, after)
    ]
    again = claimed_entries(gradient, problem)
    if not found and (isinstance(again, Finding) or not _same_but_for_rounding(parts, again)):
        found.append(Finding("non-deterministic", "calling the gradient twice at the same point gave two results"))
    everything = (*found, *_remarks(parts, given, problem))
    return (None if found or isinstance(again, Finding) else again), everything


def broken_contract(name: str, found: tuple[Finding, ...]) -> Verdict:
    """The verdict on a gradient that breaks the contract."""
    return Verdict("wrong", next(f for f in found if f.kind in BREACHES).message, name, findings=found)


def _remarks(parts: tuple[Any, ...], given: list[Any], problem: Problem) -> list[Finding]:
    """Aliasing and types."""
    found = []
    for name, part, x in zip(differentiable_names(problem), parts, problem.inputs, strict=True):
        if isinstance(part, np.ndarray) and any(isinstance(a, np.ndarray) and np.shares_memory(part, a) for a in given):
            found.append(
                Finding("aliases-input", f"the gradient for {name} shares memory with an argument: writing into it would change the input")
            )
        if np.asarray(part).dtype != x.dtype:
            found.append(Finding("dtype", f"the gradient for {name} is {np.asarray(part).dtype}, its argument {x.dtype}"))
    return found


def parts_of(result: Any, wanted: list[str]) -> list[Any] | str:
    """One part for each differentiable argument, or how the result does not fit."""
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


def loose_entries(gradient: Callable[..., Any], problem: Problem) -> tuple[Any, ...] | None:
    """What a claim returns for each differentiable argument, whatever its shapes; None where it raises or names no such parts."""
    try:
        with np.errstate(all="ignore"):
            result = gradient(*(a.copy() if isinstance(a, np.ndarray) else a for a in problem.arguments))
            wanted = differentiable_names(problem)
            if len(wanted) == 1 and isinstance(result, list) and _shape(result) == np.shape(problem.inputs[0]):
                result = np.array(result)
            parts = parts_of(result, wanted)
            return None if isinstance(parts, str) else tuple(np.asarray(p, dtype=float) for p in parts)
    except Exception:  # whatever a claim raises at a point of ours
        return None


def intermediate_gradients(gradient: Callable[..., Any], problem: Problem) -> Mapping[str, Any] | None:
    """What a claim that returns a dict names besides its arguments' gradients: {"W": ..., "dz": ...} says what it has for z."""
    try:
        with np.errstate(all="ignore"):
            result = gradient(*(a.copy() if isinstance(a, np.ndarray) else a for a in problem.arguments))
    except Exception:  # whatever a claim raises at a point of ours
        return None
    if not isinstance(result, Mapping):
        return None
    wanted = differentiable_names(problem)
    return {n: np.asarray(v, dtype=float) for n, v in result.items() if n not in wanted} or None


def labels(problem: Problem) -> tuple[str, ...]:
    """A name for every entry: w[2], or x for a scalar."""
    names = argument_names(problem.function, len(problem.arguments))
    pairs = [(names[i], problem.arguments[i]) for i in problem.argnums]
    return tuple(n + (str(list(index)) if index else "") for n, x in pairs for index in np.ndindex(np.shape(x)))
