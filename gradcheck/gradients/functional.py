"""Gradients as plain functions: grad and value_and_grad; each can be differentiated again.

The first call traces and interprets; from the second on, a trace that provably still stands for the function is kept
and compiled.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from inspect import Parameter, Signature, signature
from typing import Any

import numpy as np

from gradcheck.case import Case
from gradcheck.circuit import Circuit, advice, as_number, trace
from gradcheck.circuit.checkpoint import checkpointed
from gradcheck.circuit.keep import Dependency, dependencies
from gradcheck.circuit.replay import replay
from gradcheck.circuit.traced import TracedArray, concrete
from gradcheck.circuit.trees import holds_tree
from gradcheck.compiled.engine import Engine
from gradcheck.errors import ShapeError, UsageError
from gradcheck.gradients.entry import write_entry
from gradcheck.gradients.trees import on_trees, restored

_KEPT = 8  # programs kept per function, for different shapes and branches

Transform = Callable[[Circuit], Circuit]
Argnums = int | Sequence[int]


@dataclass(slots=True)
class _Kept:
    """A program, what it was made for, and the way it is run at present."""

    key: tuple[Any, ...]
    circuit: Circuit
    watched: tuple[Dependency, ...]
    expected: tuple[Any, ...]
    engine: Engine

    def __call__(self, inputs: tuple[Any, ...]) -> tuple[Any, ...] | None:
        """The outputs, or None where a decision of the function would now fall otherwise."""
        results = self.engine(inputs)
        if self.expected:
            count = len(self.expected)
            if any(not np.array_equal(got, want) for got, want in zip(results[-count:], self.expected, strict=True)):
                return None
            return results[:-count]
        return results


@dataclass(slots=True)
class _Derivative:
    """A function together with the transform of its circuit, and the programs kept for it."""

    function: Callable[..., Any]
    argnums: tuple[int, ...]
    transform: Transform
    packing: Callable[[list[str]], str] | None = None
    ordered: bool = False
    kept: list[_Kept] = field(default_factory=list)
    entry: Callable[[tuple[Any, ...]], Any] | None = None

    def __call__(self, arguments: tuple[Any, ...], options: dict[str, Any]) -> tuple[Any, ...]:
        self.require(len(arguments))
        if any(isinstance(a, TracedArray) for a in arguments):
            return self._recorded(arguments, options)
        numbers = tuple(self._number(i, a) if i in self.argnums else a for i, a in enumerate(arguments))
        key = _key(numbers, self.argnums, options)
        inputs = tuple(numbers[i] for i in self.argnums)
        with np.errstate(all="ignore"):
            for kept in self.kept:
                if kept.key == key and all(d.holds() for d in kept.watched):
                    results = kept(inputs)
                    if results is not None:
                        self._settle(kept, numbers, options)
                        return results
            return self._fresh(numbers, options, key, inputs)

    def _settle(self, kept: _Kept, numbers: tuple[Any, ...], options: dict[str, Any]) -> None:
        """Make a program's way of running the quick way in, once it has found it."""
        if self.packing is None or options or not kept.engine.changed:
            return
        kept.engine.changed = False
        self.entry = write_entry(kept.circuit, numbers, self.argnums, kept.watched, kept.engine, self.packing)

    def _recorded(self, arguments: tuple[Any, ...], options: dict[str, Any]) -> tuple[Any, ...]:
        """The derivative written into the trace its arguments belong to, so that it can be differentiated again."""
        others = tuple(i for i, a in enumerate(arguments) if isinstance(a, TracedArray) and i not in self.argnums)
        chosen = (*self.argnums, *others)
        recorded = trace(self.function, *map(concrete, arguments), argnums=chosen, **options)
        _require_one_result(recorded)
        results = replay(self.transform(recorded), tuple(arguments[i] for i in chosen))
        return results[: len(results) - len(others)]

    def require(self, count: int) -> None:
        """Raise UsageError unless the argument numbers name different arguments."""
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

    def _fresh(self, numbers: tuple[Any, ...], options: dict[str, Any], key: tuple[Any, ...], inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        """Trace anew, and keep the program if nothing it depends on can change unseen."""
        watched = dependencies(self.function) if None not in key else None
        recorded = trace(self.function, *numbers, argnums=self.argnums, **options)
        _require_one_result(recorded)
        circuit = self.transform(recorded)
        kept = _Kept(key, circuit, watched or (), tuple(outcome for _, outcome in circuit.guards), Engine(circuit, ordered=self.ordered))
        results = kept(inputs)
        assert results is not None
        if watched is not None:
            self.kept = [kept, *self.kept[: _KEPT - 1]]
        return results


def _require_one_result(recorded: Circuit) -> None:
    if len(recorded.outputs) != 1:
        raise ShapeError(f"{recorded.name} returns {len(recorded.outputs)} results; a derivative needs one: return the one meant")


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


def _derivative(
    function: Callable[..., Any], argnums: Argnums, transform: Transform, packing: Callable[[list[str]], str], checkpoint: bool | int
) -> _Derivative:
    plain = function.function if isinstance(function, Case) else function
    if not callable(plain):
        raise UsageError(f"expected a function, got {type(plain).__name__}")
    return _Derivative(plain, (argnums,) if isinstance(argnums, int) else tuple(argnums), transform, packing, bool(checkpoint))


def _packed(parts: Sequence[Any], argnums: Argnums, arguments: tuple[Any, ...]) -> Any:
    """One array for one argument number, a tuple for a tuple; each owned by the caller and by nobody else."""
    taken = {id(a) for a in arguments}
    owned = tuple(_owned(p, taken) for p in parts)
    return owned[0] if isinstance(argnums, int) else owned


def _source(names: list[str], argnums: Argnums) -> str:
    """The same packing as source of Python."""
    return names[0] if isinstance(argnums, int) else f"({', '.join(names)},)"


def _owned(array: Any, taken: set[int]) -> Any:
    if not isinstance(array, np.ndarray):
        return np.float64(array) if isinstance(array, float) else array
    own = array if array.flags.owndata and array.flags.writeable and id(array) not in taken else array.copy()
    taken.add(id(own))
    return own


def _with_checkpoints(gradient: Circuit, checkpoint: bool | int) -> Circuit:
    """The gradient circuit, its forward values formed again where that is asked for; `checkpoint` may be the number of parts."""
    if not checkpoint:
        return gradient
    return checkpointed(gradient, None if checkpoint is True else checkpoint)


def _require_parts(checkpoint: bool | int) -> None:
    if not isinstance(checkpoint, bool | int) or checkpoint < 0:
        raise UsageError(f"checkpoint={checkpoint!r}: expected True, False, or in how many parts the function is cut, such as 30")


def value_and_grad(function: Callable[..., Any], argnums: Argnums = 0, *, checkpoint: bool | int = False) -> Callable[..., tuple[Any, Any]]:
    """The function that returns value and gradient of a scalar function of NumPy arrays.

    Gradients have their argument's shape and dtype; `argnums` chooses the arguments, a tuple giving a tuple.
    `checkpoint=True` bounds memory: of N operations in a loop, the values of O(sqrt N) are kept and the others computed
    twice; a number says in how many parts the function is cut.
    Raises TraceError where the function cannot be followed, ShapeError where it returns no scalar.
    """
    _require_parts(checkpoint)
    derivative = _derivative(
        function,
        argnums,
        lambda c: _with_checkpoints(c.gradient(), checkpoint),
        lambda names: f"{names[0]}, {_source(names[1:], argnums)}",
        checkpoint,
    )
    trees = on_trees(
        value_and_grad, function, argnums, restore=lambda found, *of: (found[0], restored(found[1], *of)), checkpoint=checkpoint
    )  # fmt: skip

    def value_and_gradient(*arguments: Any, **options: Any) -> tuple[Any, Any]:
        if derivative.entry is not None and not options:
            quick: tuple[Any, Any] | None = derivative.entry(arguments)
            if quick is not None:
                return quick
        if holds_tree(arguments):
            return trees(arguments, options)  # type: ignore[no-any-return]
        value, *parts = derivative(arguments, options)
        return value, _packed(parts, argnums, arguments)

    return _named(value_and_gradient, function, "value_and_grad")


def grad(function: Callable[..., Any], argnums: Argnums = 0, *, checkpoint: bool | int = False) -> Callable[..., Any]:
    """The function that returns the gradient of a scalar function of NumPy arrays. See value_and_grad."""
    _require_parts(checkpoint)
    derivative = _derivative(
        function,
        argnums,
        lambda c: _with_checkpoints(c.gradient(value=False), checkpoint),
        lambda names: _source(names, argnums),
        checkpoint,
    )
    trees = on_trees(grad, function, argnums, checkpoint=checkpoint)

    def gradient(*arguments: Any, **options: Any) -> Any:
        if derivative.entry is not None and not options:
            quick = derivative.entry(arguments)
            if quick is not None:
                return quick
        if holds_tree(arguments):
            return trees(arguments, options)
        return _packed(derivative(arguments, options), argnums, arguments)

    return _named(gradient, function, "grad")


def _with_vector(function: Callable[..., Any]) -> Signature | None:
    """The function's signature with the vector after its arguments; None where it cannot be told."""
    try:
        known = [p for p in signature(function).parameters.values() if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    except (TypeError, ValueError):
        return None
    return Signature([p.replace(kind=p.POSITIONAL_ONLY, default=p.empty) for p in known] + [Parameter("vector", Parameter.POSITIONAL_ONLY)])


def _named(derivative: Callable[..., Any], function: Callable[..., Any], prefix: str) -> Callable[..., Any]:
    """Name and document a derivative after its function."""
    name = getattr(function, "__name__", getattr(function, "name", "f"))
    plain = function.function if isinstance(function, Case) else function
    derivative.__derives__ = (derivative.__code__, plain)  # type: ignore[attr-defined]  # for kept traces: what it depends on
    derivative.__wrapped__ = function  # type: ignore[attr-defined]  # argument names are the function's, and so is the signature
    if prefix in ("hvp", "jvp", "vjp") and (given := _with_vector(function)) is not None:
        derivative.__signature__ = given  # type: ignore[attr-defined]
    derivative.__name__ = derivative.__qualname__ = f"{prefix}({name})"
    derivative.__doc__ = f"{prefix} of {name}, by reverse mode."
    return derivative
