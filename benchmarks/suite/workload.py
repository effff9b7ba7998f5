"""What is timed: a function, its arguments, its hand-written gradient."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Workload:
    """A function written over a NumPy-like namespace, with its value and gradient by hand.

    name        as given to `--workloads`, by prefix
    family      which natural forms of the peers apply
    arguments   float64 arrays, all differentiated
    make        `make(m)` gives the function in the namespace `m`
    hand        `hand(*arguments)` gives the value and a gradient for each argument
    data        constants and sizes, for peers whose natural form is not NumPy's
    columns     0 for a scalar function. Else the function gives one row per observation with this many residuals, observations share
                no argument rows, and the gradient of each column's sum is wanted: shape (columns, *argument.shape), the Jacobian's blocks
    """

    name: str
    family: str
    arguments: tuple[Any, ...]
    make: Callable[[Any], Callable[..., Any]]
    hand: Callable[..., tuple[Any, tuple[Any, ...]]]
    data: Mapping[str, Any] = field(default_factory=dict)
    columns: int = 0
