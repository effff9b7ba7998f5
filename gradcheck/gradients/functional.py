"""Gradients as plain functions: grad and value_and_grad; each can be differentiated again.

The first call traces and interprets; from the second on, a trace that provably still stands for the function is kept
and compiled.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from inspect import Parameter, Signature, signature
from typing import Any

import numpy as np

from gradcheck.case import Case
from gradcheck.circuit import Circuit
from gradcheck.circuit.checkpoint import checkpointed
from gradcheck.circuit.keep import Dependency
from gradcheck.circuit.trees import holds_tree
from gradcheck.errors import UsageError
from gradcheck.gradients.entry import write_entry
from gradcheck.gradients.programs import Argnums, Programs, Runner, numbered, plain_function, require_one_result
from gradcheck.gradients.trees import on_trees, restored


@dataclass(slots=True)
class _Gradients(Programs[Runner]):
    """The programs of a gradient, and the quick way into the one that was found hot."""

    packing: Callable[[list[str]], str] = "".join
    entry: Callable[[tuple[Any, ...]], Any] | None = None

    def used(self, plan: Runner, watched: tuple[Dependency, ...], numbers: tuple[Any, ...], options: dict[str, Any]) -> None:
        """Make a program's way of running the quick way in, once it has found it."""
        if plan.engine.changed and not options:
            plan.engine.changed = False
            self.entry = write_entry(plan.circuit, numbers, self.argnums, watched, plan.engine, self.packing)

    def parts(self, arguments: tuple[Any, ...], options: dict[str, Any]) -> tuple[Any, ...]:
        """The outputs: the value, if it is asked for, and the gradient's parts."""
        return self.run(arguments, options, lambda plan, inputs: plan(inputs))


def _gradients(
    function: Callable[..., Any], argnums: Argnums, packing: Callable[[list[str]], str], *, value: bool, checkpoint: bool | int
) -> _Gradients:
    """The programs of a function's gradient, with or without its value."""
    if not isinstance(checkpoint, bool | int) or checkpoint < 0:
        raise UsageError(f"checkpoint={checkpoint!r}: expected True, False, or in how many parts the function is cut, such as 30")

    def make(circuit: Circuit, moving: int, *, recording: bool) -> Runner:
        require_one_result(circuit)
        gradient = circuit.gradient(value=value)
        if checkpoint:
            gradient = checkpointed(gradient, None if checkpoint is True else checkpoint)
        return Runner(gradient.with_outputs(gradient.outputs[: value + moving]), recording=recording, ordered=bool(checkpoint))

    return _Gradients(plain_function(function), numbered(argnums), make, packing=packing)


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


def value_and_grad(function: Callable[..., Any], argnums: Argnums = 0, *, checkpoint: bool | int = False) -> Callable[..., tuple[Any, Any]]:
    """The function that returns value and gradient of a scalar function of NumPy arrays.

    Gradients have their argument's shape and dtype; `argnums` chooses the arguments, a tuple giving a tuple.
    `checkpoint=True` bounds memory: of N operations in a loop, the values of O(sqrt N) are kept and the others computed
    twice; a number says in how many parts the function is cut.
    Raises TraceError where the function cannot be followed, ShapeError where it returns no scalar.
    """
    derivative = _gradients(
        function, argnums, lambda names: f"{names[0]}, {_source(names[1:], argnums)}", value=True, checkpoint=checkpoint
    )  # fmt: skip
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
        value, *parts = derivative.parts(arguments, options)
        return value, _packed(parts, argnums, arguments)

    return _named(value_and_gradient, function, "value_and_grad")


def grad(function: Callable[..., Any], argnums: Argnums = 0, *, checkpoint: bool | int = False) -> Callable[..., Any]:
    """The function that returns the gradient of a scalar function of NumPy arrays. See value_and_grad."""
    derivative = _gradients(function, argnums, lambda names: _source(names, argnums), value=False, checkpoint=checkpoint)
    trees = on_trees(grad, function, argnums, checkpoint=checkpoint)

    def gradient(*arguments: Any, **options: Any) -> Any:
        if derivative.entry is not None and not options:
            quick = derivative.entry(arguments)
            if quick is not None:
                return quick
        if holds_tree(arguments):
            return trees(arguments, options)
        return _packed(derivative.parts(arguments, options), argnums, arguments)

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
