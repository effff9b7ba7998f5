"""What a gradient is written of: a function, its arguments, the points at which it is verified, and its gradient as a circuit."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradcheck.case import Case
from gradcheck.circuit import Circuit, argument_names, as_number, reverse, simplify, trace
from gradcheck.circuit.trees import holds_tree
from gradcheck.errors import GradcheckError, NonFiniteError, UsageError
from gradcheck.verdicts.check import chosen_at, points_of

TOO_LONG = 5000  # operations that nobody would read


@dataclass(frozen=True, slots=True)
class Subject:
    """A function to write the gradient of. `argnums` are the positions differentiated; `vjp` says that it returns an array."""

    name: str
    function: Callable[..., Any]
    parameters: tuple[str, ...]
    points: tuple[tuple[Any, ...], ...]
    argnums: tuple[int, ...]
    vjp: bool
    case: Case | None = None

    @property
    def differentiated(self) -> tuple[str, ...]:
        """The names of the arguments the gradient is for."""
        return tuple(self.parameters[i] for i in self.argnums)


def subject_of(function: Case | Callable[..., Any], at: Any = None, argnums: Sequence[int] | int | None = None, seed: int = 0) -> Subject:
    """The subject that a case is, or a function at points. UsageError for what no source can be written of."""
    plain = function.function if isinstance(function, Case) else function
    name = function.name if isinstance(function, Case) else getattr(plain, "__name__", "f")
    name = "f" if name == "<lambda>" else name
    points = tuple(points_of(function, at, seed))
    if holds_tree(points[0]):
        raise UsageError(f"{name}: an argument is a tuple, list or dict of arrays; source is written for arguments that are arrays")
    chosen = chosen_at(function, points[0], argnums)
    with np.errstate(all="ignore"):
        value = plain(*copies(points[0]))
    if isinstance(value, tuple | list | dict):
        raise UsageError(f"{name} returns a {type(value).__name__}; source is written for one number or one array")
    parameters = tuple(argument_names(plain, len(points[0])))
    return Subject(name, plain, parameters, points, chosen, np.shape(value) != (), function if isinstance(function, Case) else None)


def copies(point: Sequence[Any]) -> list[Any]:
    """The arguments, to be written into at will."""
    return [a.copy() if isinstance(a, np.ndarray) else a for a in point]


def is_number(value: Any) -> bool:
    """Whether a value can be an input of a circuit."""
    return isinstance(value, np.ndarray | np.generic | int | float) and np.asarray(value).dtype.kind in "fiub"


@dataclass(frozen=True, slots=True, eq=False)
class Derived:
    """The circuit of a gradient (and value) at a point: its inputs are the arguments at `positions`, and the cotangent last with `vjp`."""

    circuit: Circuit
    positions: tuple[int, ...]
    forward: Circuit


def derived(subject: Subject, point: Sequence[Any], *, value: bool) -> Derived:
    """Trace and reverse. Data are arguments of the circuit too where the function can be followed so; else they are constants of it."""
    numbers = [as_number(a) if is_number(a) else a for a in point]
    every = tuple(i for i, a in enumerate(numbers) if is_number(a))
    floats = tuple(i for i in every if np.asarray(numbers[i]).dtype.kind == "f" or i in subject.argnums)
    for positions in dict.fromkeys((every, floats, tuple(sorted(subject.argnums)))):
        try:
            circuit = trace(subject.function, *numbers, argnums=positions)
        except GradcheckError:
            if positions == tuple(sorted(subject.argnums)):
                raise
            continue
        except (TypeError, ValueError, IndexError, AttributeError):  # what data that became traced met
            if positions == tuple(sorted(subject.argnums)):
                raise
            continue
        return _reversed(subject, circuit, positions, value=value)
    raise UsageError(f"{subject.name}: has no argument to differentiate")


def _reversed(subject: Subject, circuit: Circuit, positions: tuple[int, ...], *, value: bool) -> Derived:
    if len(circuit.equations) > TOO_LONG:
        raise UsageError(
            f"{subject.name}: unrolls to {len(circuit.equations):,} operations, which is no source to read: grad({subject.name}) computes it"
        )
    full = reverse(simplify(circuit), seeded=subject.vjp)
    cotangents = [full.outputs[1 + positions.index(i)] for i in subject.argnums]
    chosen = full.with_outputs((*full.outputs[:1], *cotangents) if value else tuple(cotangents))
    gradient = simplify(chosen, settled=full.backward or 0)
    lent = _not_the_users(subject, circuit)
    names = {k: n for k, n in gradient.names.items() if n not in lent and n.removeprefix("d") not in lent}
    if subject.vjp:
        names[gradient.inputs[-1]] = "cotangent"
    return Derived(replace(gradient, names=names, cache={}), positions, circuit)


def _not_the_users(subject: Subject, circuit: Circuit) -> set[str]:
    """Names that tracing lent: y for a result that no variable holds, and y_1 for a part of the line that forms y."""
    code = getattr(subject.function, "__code__", None)
    own = code is None or "y" in code.co_varnames
    lent = {n for n in circuit.names.values() if not own and re.fullmatch(r"y(_\d+)?", n)}
    readers: dict[int, list[int]] = {}
    for k in range(len(circuit)):
        for i in circuit.inputs_of(k):
            readers.setdefault(i, []).append(k)
    for k, name in circuit.names.items():
        base = re.sub(r"_\d+$", "", name)
        if base != name and len(readers.get(k, ())) == 1:
            (reader,) = readers[k]
            if circuit.place(reader) == circuit.place(k) and circuit.opcodes[reader] == circuit.opcodes[k]:
                lent.add(name)
    return lent


def require_finite(subject: Subject) -> None:
    """Raise NonFiniteError where the function has no value at one of its points."""
    for point in subject.points:
        with np.errstate(all="ignore"):
            value = subject.function(*copies(point))
        if not np.isfinite(value).all():
            raise NonFiniteError(f"{subject.name} is not finite at {point!r}: no gradient can be verified there")
