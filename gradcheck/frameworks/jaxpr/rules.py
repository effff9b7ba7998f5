"""What a rule of the table is, and what all of them need."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gradcheck.circuit.memory import blank
from gradcheck.circuit.traced import TracedArray

Rule = Callable[..., Any]  # rule(params, *inputs): the output, or a list of them where the primitive has several


def concrete(value: Any) -> Any:
    """A whole number or a boolean as plain NumPy: where it is traced, its value is followed as a decision."""
    if isinstance(value, TracedArray):
        return value.recorder.decide(value, np.asarray)
    return np.asarray(value)


def held(value: Any) -> Any:
    """A value without its derivative."""
    return np.array(value.value) if isinstance(value, TracedArray) else value


def as_numpy(dtype: Any) -> Any:
    """The NumPy type that a JAX type is read in: its own; float32 for the narrow floats, whose every value it holds."""
    known = np.dtype(dtype)
    return known if known.kind in "iubc" or known in (np.float32, np.float64) else np.dtype(np.float32)


def plain(function: Callable[..., Any]) -> Rule:
    """A rule that needs no parameters."""
    return lambda params, *inputs: function(*inputs)


def table(**functions: Callable[..., Any]) -> Mapping[str, Rule]:
    """Rules without parameters by name."""
    return {name: plain(function) for name, function in functions.items()}


def writable(value: Any, *written: Any) -> Any:
    """A copy that what is written, traced perhaps, may be written into."""
    if isinstance(value, TracedArray):
        return value.copy()
    like = next((w for w in written if isinstance(w, TracedArray)), None)
    return np.array(value) if like is None else blank(like, np.array(value))
