"""Programs kept for a function, and run: compiled on plain arrays, written into the trace under way on traced ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

import numpy as np

from gradcheck.case import Case
from gradcheck.circuit import Circuit, advice, as_number, trace
from gradcheck.circuit.keep import Dependency, dependencies
from gradcheck.circuit.replay import replay
from gradcheck.circuit.traced import TracedArray, concrete
from gradcheck.compiled.engine import Engine
from gradcheck.errors import ShapeError, UsageError

_KEPT = 8  # programs kept per function, for different shapes and branches
Argnums = int | Sequence[int]
Plan = TypeVar("Plan")
Result = TypeVar("Result")


class Runner:
    """A circuit that is run, or written into the trace under way."""

    def __init__(self, circuit: Circuit, *, recording: bool = False, ordered: bool = False) -> None:
        self.circuit, self.recording = circuit, recording
        self.expected = tuple(outcome for _, outcome in circuit.guards)
        self.engine = Engine(circuit, ordered=ordered)

    def __call__(self, inputs: Sequence[Any]) -> tuple[Any, ...] | None:
        """The outputs; None where a decision of the function would now fall otherwise."""
        if self.recording:
            return replay(self.circuit, inputs)
        if not (self.circuit.outputs or self.expected):
            return ()
        results = self.engine(tuple(inputs))
        count = len(self.circuit.outputs)
        if any(not np.array_equal(got, want) for got, want in zip(results[count:], self.expected, strict=True)):
            return None
        return results[:count]


class Make(Protocol[Plan]):  # type: ignore[misc]  # a plan is only given
    """Makes a plan of a circuit whose first `moving` inputs are differentiated; `recording` into a trace under way."""

    def __call__(self, circuit: Circuit, moving: int, *, recording: bool) -> Plan: ...


@dataclass(slots=True)
class Programs(Generic[Plan]):
    """A function, and the plans kept for it: never stale, see keep.py."""

    function: Callable[..., Any]
    argnums: tuple[int, ...]
    make: Make[Plan]
    kept: list[tuple[tuple[Any, ...], tuple[Dependency, ...], Plan]] = field(default_factory=list)

    def run(
        self,
        arguments: tuple[Any, ...],
        options: dict[str, Any],
        use: Callable[[Plan, tuple[Any, ...]], Result | None],
        vectors: Sequence[Any] = (),
    ) -> Result:
        """What `use` makes of a plan and its inputs: on the first kept plan that stands for the function here (it gives None on others)."""
        self._require(len(arguments))
        with np.errstate(all="ignore"):
            if any(isinstance(a, TracedArray) for a in (*arguments, *vectors)):
                return self._recorded(arguments, options, use)
            numbers = tuple(self._number(i, a) if i in self.argnums else a for i, a in enumerate(arguments))
            key, inputs = _key(numbers, self.argnums, options), tuple(numbers[i] for i in self.argnums)
            for known, watched, plan in self.kept:
                if known == key and all(d.holds() for d in watched):
                    found = use(plan, inputs)
                    if found is not None:
                        self.used(plan, watched, numbers, options)
                        return found
            fresh = dependencies(self.function) if None not in key else None
            plan = self.make(trace(self.function, *numbers, argnums=self.argnums, **options), len(inputs), recording=False)
            found = use(plan, inputs)
            assert found is not None
            if fresh is not None:
                self.kept = [(key, fresh, plan), *self.kept[: _KEPT - 1]]
            return found

    def used(self, plan: Plan, watched: tuple[Dependency, ...], numbers: tuple[Any, ...], options: dict[str, Any]) -> None:
        """Called when a kept plan was used; for those who keep more than plans."""

    def _recorded(
        self, arguments: tuple[Any, ...], options: dict[str, Any], use: Callable[[Plan, tuple[Any, ...]], Result | None]
    ) -> Result:
        """Written into the trace that the arguments belong to, so that it can be differentiated again."""
        others = tuple(i for i, a in enumerate(arguments) if isinstance(a, TracedArray) and i not in self.argnums)
        chosen = (*self.argnums, *others)
        given = [a if isinstance(a, TracedArray) or i not in chosen else self._number(i, a) for i, a in enumerate(arguments)]
        circuit = trace(self.function, *map(concrete, given), argnums=chosen, **options)
        found = use(self.make(circuit, len(self.argnums), recording=True), tuple(given[i] for i in chosen))
        assert found is not None
        return found

    def _require(self, count: int) -> None:
        if any(not 0 <= i < count for i in self.argnums) or len(set(self.argnums)) < len(self.argnums):
            raise UsageError(f"argnums={self.argnums}: expected different positions among the {count} arguments given, counted from 0")

    def _number(self, position: int, argument: Any) -> Any:
        number = argument if type(argument) is np.ndarray else as_number(argument)
        if number.dtype.kind == "c":
            raise UsageError(f"argument {position}: {advice.COMPLEX_INPUT}")
        if number.dtype.kind != "f":
            raise UsageError(
                f"argument {position} is {number.dtype}, and only floats can be differentiated: give floats (1.0, not 1), or other argnums"
            )
        return number


def programs(function: Callable[..., Any], argnums: Argnums, make: Make[Plan]) -> Programs[Plan]:
    """The programs of a function or case; UsageError for what cannot be called."""
    return Programs(plain_function(function), numbered(argnums), make)


def plain_function(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function of a case, or the function itself; UsageError for what cannot be called."""
    plain: Callable[..., Any] = function.function if isinstance(function, Case) else function
    if not callable(plain):
        raise UsageError(f"expected a function, got {type(plain).__name__}")
    return plain


def numbered(argnums: Argnums) -> tuple[int, ...]:
    """Argument numbers as a tuple."""
    return (argnums,) if isinstance(argnums, int) else tuple(argnums)


def _key(arguments: tuple[Any, ...], argnums: tuple[int, ...], options: dict[str, Any]) -> tuple[Any, ...]:
    """What must be equal for a program to apply; None stands for an argument that cannot be compared."""
    parts: list[Any] = [(a.shape, a.dtype) if i in argnums else _value_key(a) for i, a in enumerate(arguments)]
    known = [(name, _value_key(value)) for name, value in sorted(options.items())]
    return (*parts, *(pair if pair[1] is not None else None for pair in known))


def _value_key(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return None if value.dtype == object else (value.shape, value.dtype.str, value.tobytes())
    if isinstance(value, float | np.generic):
        return type(value), np.asarray(value).tobytes()  # bits: 0.0 and -0.0 differ
    return (type(value), value) if isinstance(value, int | str | bytes | type(None)) else None


def require_one_result(circuit: Circuit, what: str = "a derivative needs one") -> None:
    """Raise ShapeError where the function returns a tuple."""
    if len(circuit.outputs) != 1:
        raise ShapeError(f"{circuit.name} returns {len(circuit.outputs)} results; {what}: return the one meant")
