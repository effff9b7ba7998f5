"""A framework's function as we see it: NumPy in, NumPy out, with the gradient its framework gives and a NumPy twin where there is one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal

import numpy as np

from gradcheck.diagnosis.finding import Finding
from gradcheck.errors import UsageError
from gradcheck.precision import FLOAT64, NARROW, Precision

Origin = Literal["given", "read", "rebound"]
ORIGINS = {
    "given": "the NumPy twin given",
    "read": "its own program, read as NumPy",
    "rebound": "its own code, run with NumPy in the framework's place",
}
Point = tuple[Any, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Twin:
    """A plain NumPy function that computes what the framework's function does, and how it came to be."""

    function: Callable[..., Any]
    origin: Origin

    def __str__(self) -> str:
        return ORIGINS[self.origin]


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """What is judged. Arrays that go in and come out are NumPy's, floats in the precision's carrier (float32 for the narrow types).

    `value(*arguments)` is the function; several results come joined into one vector (`joined`). `vjp(arguments, cotangent, argnums)` is what the
    framework gives for the arguments at those positions, one array each. Both compute in float64 where a float argument comes as
    float64 though the function's own precision is another, or raise where the function cannot. `arguments` are names, `twin` is None where there is
    none, for the reason in `untwinned`. `contract(arguments, argnums)` finds what else the framework's gradient does that it should not;
    `remark(arguments, argnums)` what only explains a wrong one. `widens` is False where it casts to a narrow type inside, whatever it is given.
    """

    framework: str
    name: str
    arguments: tuple[str, ...]
    value: Callable[..., Any]
    vjp: Callable[[Point, Any, tuple[int, ...]], tuple[Any, ...]]
    precision: Precision = FLOAT64
    twin: Twin | None = None
    untwinned: str = ""
    contract: Callable[[Point, tuple[int, ...]], tuple[Finding, ...]] | None = None
    remark: Callable[[Point, tuple[int, ...]], tuple[Finding, ...]] | None = None
    widens: bool = True

    @property
    def narrow(self) -> bool:
        """Whether NumPy follows it in a wider type than its own."""
        return self.precision in NARROW


def coarsest(precisions: Sequence[Precision]) -> Precision:
    """The one with the fewest digits: what a function of several works in."""
    return max(precisions, key=lambda p: p.eps, default=FLOAT64)


def joined(result: Any) -> Any:
    """A function's results as one array: a tuple, list or dict of them end to end, a single one as it is."""
    parts = list(result.values()) if isinstance(result, dict) else list(result) if isinstance(result, tuple | list) else None
    if parts is None:
        return result
    return joined(parts[0]) if len(parts) == 1 else np.concatenate([np.ravel(joined(p)) for p in parts])


def widened(arguments: Sequence[Any]) -> bool:
    """Whether any float argument comes as float64 or wider: how a subject of a coarser precision is asked to compute in float64."""
    return any(isinstance(a, np.ndarray | np.generic) and a.dtype.kind == "f" and a.dtype.itemsize >= 8 for a in arguments)


def needed(module: str, function: str, package: str, extra: str) -> Any:
    """A framework's module; one clear line where it is not installed."""
    try:
        return import_module(module)
    except ImportError:
        raise UsageError(f'{function} needs {package}: pip install "{extra}"') from None
