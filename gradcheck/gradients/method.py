"""What every method takes and gives: a problem in, a gradient or a refusal out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from gradcheck.arithmetic.noise import AMPLITUDE, Noise
from gradcheck.circuit import Circuit, Floats, advice, as_number, interpret, trace
from gradcheck.domains import Domain
from gradcheck.errors import ShapeError, TraceError, UsageError
from gradcheck.precision import info, works_in


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """A scalar function at a point: what is differentiated, and where.

    `argnums` are the positions of the differentiable arguments, `domains` what is known of where they live.
    """

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    argnums: tuple[int, ...]
    circuit: Circuit
    value: Any
    domains: Mapping[int, Domain] = field(default_factory=dict)

    @property
    def inputs(self) -> tuple[Any, ...]:
        """The differentiable arguments."""
        return tuple(self.arguments[i] for i in self.argnums)

    @property
    def size(self) -> int:
        """How many numbers the gradient has: l."""
        return sum(int(np.size(x)) for x in self.inputs)

    @property
    def dtype(self) -> Any:
        """The coarsest float type the function works in: of its arguments, and of what it casts them to."""
        inside = [t.dtype for t in self.circuit.type_table if t.floating and not t.weak]
        said = works_in(self.function)
        return max([x.dtype for x in self.inputs] + inside + ([said] if said else []), key=lambda d: info(d).eps)

    def at(self, inputs: tuple[Any, ...]) -> Any:
        """The raw function with other differentiable arguments; warnings of NumPy are not ours to print."""
        given = list(self.arguments)
        for position, value in zip(self.argnums, inputs, strict=True):
            given[position] = value
        with np.errstate(all="ignore"):
            return self.function(*given)


@dataclass(frozen=True, slots=True, eq=False)
class Gradient:
    """A method's result. `entries` holds one array per differentiable argument, `error` the method's own claim
    about how far off each entry may be (None: no claim), `operations` and `evaluations` what it took."""

    method: str
    value: Any
    entries: tuple[Any, ...]
    error: tuple[Any, ...] | None
    evaluations: int
    operations: int | None
    seconds: float
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refused:
    """A method that did not run, and why."""

    method: str
    reason: str


class Method(Protocol):
    """A method is a value with a name."""

    @property
    def name(self) -> str: ...

    def gradient(self, problem: Problem) -> Gradient | Refused: ...


def problem_of(
    function: Callable[..., Any], arguments: tuple[Any, ...], argnums: tuple[int, ...], domains: Mapping[int, Domain] | None = None
) -> Problem:
    """Trace the function at the point, and check that the trace gives the function's own value, bit for bit.

    Raises ShapeError for a result that is no scalar, TraceError for what cannot be followed.
    """
    _require_positions(argnums, len(arguments))
    numbers = tuple(as_number(a) if i in argnums else a for i, a in enumerate(arguments))
    circuit = trace(function, *numbers, argnums=argnums)
    with np.errstate(all="ignore"):
        value = function(*_copies(numbers))
    if value is None or np.asarray(value).dtype.kind not in "fiub":
        raise ShapeError(f"{circuit.name} returns {value!r}; a gradient needs a real number as the result")
    if np.shape(value) != ():
        raise ShapeError(
            f"{circuit.name} returns an array of shape {np.shape(value)}; a gradient needs a scalar result: sum it, or weigh it (check with vjp=True does)"
        )
    problem = Problem(function, numbers, argnums, circuit, value, domains or {})
    _check_trace(problem)
    return problem


def _require_positions(argnums: tuple[int, ...], count: int) -> None:
    if any(not 0 <= i < count for i in argnums) or len(set(argnums)) < len(argnums):
        raise UsageError(f"argnums={argnums}: expected different positions among the {count} arguments given, counted from 0")


def _check_trace(problem: Problem) -> None:
    """The recorded program must be the function: the same value, bit for bit."""
    with np.errstate(all="ignore"):
        (value,) = interpret(problem.circuit, Floats(), problem.inputs)
    if not same_bits(value, problem.value) and not _by_rounding(problem, value):
        raise TraceError(
            f"{problem.circuit.name}: the trace gives {value!r} where the function gives {problem.value!r}. "
            "The function is not a fixed function of its arguments: look for random numbers, changed globals or writes in place"
        )


def _copies(arguments: tuple[Any, ...]) -> list[Any]:
    return [a.copy(order="K") if isinstance(a, np.ndarray) else a for a in arguments]  # the layout decides the order of sums


def _by_rounding(problem: Problem, value: Any) -> bool:
    """Whether the two values differ as rounding does: libraries may add up in another order when memory is aligned otherwise."""
    noise = Noise()
    with np.errstate(all="ignore"):
        (noisy,) = interpret(problem.circuit.with_outputs(problem.circuit.outputs[:1]), noise, [noise.constant(x) for x in problem.inputs])
        spread = float(noisy.spread)
    unit = float(info(problem.dtype).eps)
    return abs(float(value) - float(problem.value)) <= 8 * unit * (spread / AMPLITUDE + abs(float(value)))


def same_bits(a: Any, b: Any) -> bool:
    """Equal as numbers, NaN equal to NaN."""
    return bool(np.array_equal(np.asarray(a), np.asarray(b), equal_nan=True))


def untraced(
    function: Callable[..., Any], arguments: tuple[Any, ...], argnums: tuple[int, ...], domains: Mapping[int, Domain] | None = None
) -> Problem:
    """A problem without a circuit, for functions that can only be called: its circuit is empty. ShapeError for a complex result."""
    from gradcheck.circuit.circuit import Builder

    numbers = tuple(as_number(a) if i in argnums else a for i, a in enumerate(arguments))
    with np.errstate(all="ignore"):
        value = function(*_copies(numbers))
    if np.iscomplexobj(value):
        raise ShapeError(f"{getattr(function, '__name__', 'f')}: {advice.COMPLEX_RESULT}")
    return Problem(function, numbers, argnums, Builder().freeze(()), value, domains or {})
