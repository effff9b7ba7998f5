"""Frameworks as witnesses: the gradient that PyTorch's or JAX's own differentiation gives of a plain NumPy function, beside ours."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np

from gradcheck.errors import UsageError
from gradcheck.frameworks.spaces import Namespaces, Space, circuit_in, jax_space, rebound_to, torch_space
from gradcheck.gradients.method import Gradient, Method, Problem, Refused
from gradcheck.gradients.tape import Tape
from gradcheck.verdicts.compare import FRAMEWORKS
from gradcheck.verdicts.tolerance import value_tolerance

PACKAGES = {"torch": "PyTorch", "jax": "JAX"}
LIMIT = 5_000  # equations that are run one by one in a framework: each takes it a tenth of a millisecond or more
_SPACES: dict[str, Callable[[], tuple[Space, Namespaces]]] = {"torch": torch_space, "jax": jax_space}
_NAMESPACE = {"torch": "torch._numpy", "jax": "jax.numpy"}
_made: dict[str, tuple[Space, Namespaces]] = {}


@dataclass(frozen=True, slots=True)
class Framework:
    """A framework's own differentiation. The way it came to the function is told with the gradient: with `np` rebound to its namespace in a
    copy of the function, or, where that fails, the recorded circuit over that namespace.
    """

    name: str

    def gradient(self, problem: Problem) -> Gradient | Refused:
        """Value and gradient in the point's precision, or why there are none."""
        if find_spec(self.name) is None:
            return Refused(self.name, f"{PACKAGES[self.name]} is not installed")
        if len(problem.circuit) > LIMIT:
            return Refused(
                self.name, f"{len(problem.circuit):,} operations one by one: more than the {LIMIT:,} that are run in a framework"
            )
        if self.name not in _made:
            _made[self.name] = _SPACES[self.name]()
        return self._first(problem)

    def _first(self, problem: Problem) -> Gradient | Refused:
        """The first way that gives the function's value; where its gradient is far from the tape's, the second must say the same."""
        failures, doubtful = [], None
        for way, found in self._tried(problem):
            if isinstance(found, str):
                failures.append(f"{way}: {found}")
            elif doubtful is None and way == self._ways[0] and not _near_tape(found, problem):
                doubtful = found
            else:
                return found
        return doubtful or Refused(self.name, "; ".join(failures))

    @property
    def _ways(self) -> tuple[str, str]:
        return f"np is {_NAMESPACE[self.name]}", f"its circuit in {_NAMESPACE[self.name]}"

    def _tried(self, problem: Problem) -> Iterator[tuple[str, Gradient | str]]:
        _, spaces = _made[self.name]
        first, second = self._ways
        yield first, self._by(first, problem, lambda: (rebound_to(problem.function, spaces), problem.arguments, problem.argnums))
        places = tuple(range(len(problem.argnums)))
        forward = problem.circuit.with_outputs(problem.circuit.outputs[:1])
        yield second, self._by(second, problem, lambda: (circuit_in(forward, spaces), problem.inputs, places))

    def _by(self, way: str, problem: Problem, made: Callable[[], tuple[Any, tuple[Any, ...], tuple[int, ...]]]) -> Gradient | str:
        space, _ = _made[self.name]
        try:
            function, arguments, argnums = made()
            start = time.perf_counter()
            value, entries = space.differentiate(function, arguments, argnums)
            seconds = time.perf_counter() - start
        except Exception as error:  # whatever a framework raises of what it does not know
            return f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"
        if not _same_value(value, problem):
            return f"gives {value!r} where the function gives {problem.value!r}"
        fitting = tuple(np.asarray(e).astype(np.asarray(x).dtype)[()] for e, x in zip(entries, problem.inputs, strict=True))
        return Gradient(self.name, value, fitting, None, 1, None, seconds, {"way": way})


def _same_value(value: Any, problem: Problem) -> bool:
    return np.shape(value) == () and bool(
        abs(float(value) - float(problem.value)) <= value_tolerance(problem) or (np.isnan(value) and np.isnan(problem.value))
    )


def _near_tape(found: Gradient, problem: Problem) -> bool:
    """Whether the gradients agree to half the digits: a trail lost on the way leaves no digit right."""
    with np.errstate(all="ignore"):
        tape = Tape().gradient(problem)
        pairs = [(np.asarray(a, dtype=float), np.asarray(b, dtype=float)) for a, b in zip(found.entries, tape.entries, strict=True)]
        size = max((float(np.max(np.abs(b), initial=0.0)) for _, b in pairs), default=0.0)
        return all(np.all(np.abs(a - b) <= float(np.finfo(problem.dtype).eps) ** 0.5 * size) for a, b in pairs)


def asked(names: str | None, *, otherwise: Sequence[str] = ()) -> tuple[str, ...]:
    """The frameworks that are asked for: `torch,jax`, `none`; where nothing is said, those of `otherwise` that are installed.

    UsageError for a name that is none, or a framework that is not installed.
    """
    if names is None:
        return tuple(n for n in otherwise if find_spec(n) is not None)
    if names.strip() == "none":
        return ()
    chosen = tuple(dict.fromkeys(n.strip() for n in names.split(",") if n.strip()))
    for name in chosen:
        _require_known(name)
        if find_spec(name) is None:
            raise UsageError(f"frameworks {names}: {PACKAGES[name]} is not installed: pip install 'gradcheck[{name}]'")
    return chosen


def _require_known(name: str) -> None:
    if name not in FRAMEWORKS:
        raise UsageError(f"frameworks: {name!r} is none: expected {', '.join(FRAMEWORKS)}, both with a comma between them, or none")


def methods(names: Sequence[str]) -> tuple[Method, ...]:
    """Frameworks by name, as methods of `compare`. UsageError for a name that is none."""
    for name in names:
        _require_known(name)
    return tuple(Framework(name) for name in names)
