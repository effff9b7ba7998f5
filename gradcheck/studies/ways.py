"""Ways to a gradient, or to a Hessian times a vector, as values: what each counts and how it is called. A study weighs any of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.circuit import Circuit, hessian_vector, trace
from gradcheck.compiled.engine import Engine
from gradcheck.studies.families import Member, each_entry_anew


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """An order of growth in N and l; `degree` is its exponent of l where N grows with l."""

    name: str
    size: Callable[[float, float], float]
    degree: int


SUM = Order("N + l", lambda n, inputs: n + inputs, 1)
PRODUCT = Order("N l", lambda n, inputs: n * inputs, 2)
SETTLING = 200  # calls after which an engine is taken as it is
_STEP = float(np.finfo(float).eps) ** (1 / 3)  # of central differences, beside the number's own size: truncation ~ h^2, rounding ~ eps / h


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """A call that is ready to be timed, and by what it is run."""

    run: Callable[[], Any]
    engine: str


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """One way to differentiate: its exact operations at a member of a family, its call, and the order claimed for it.

    `operations` and `call` are given the member and its circuit. `counted` and `timed` are the most inputs at which it is counted and timed; `only` names the families it is for (none: all), and
    `timed_on` those it is timed on.
    """

    name: str
    order: Order
    operations: Callable[[Member, Circuit], int]
    call: Callable[[Member, Circuit], Call]
    counted: int = 2**20
    timed: int = 2**20
    only: tuple[str, ...] = ()
    timed_on: tuple[str, ...] = ()


def traced(member: Member) -> Circuit:
    """The member's circuit, differentiated by its first argument."""
    return trace(member.function, *member.arguments, argnums=(0,))


def settled(circuit: Circuit, inputs: tuple[Any, ...]) -> Call:
    """A circuit run by the engine that many calls settle on (docs/adr/0016)."""
    engine = Engine(circuit)
    with np.errstate(all="ignore"):
        for _ in range(SETTLING):
            engine(inputs)
            if engine.settled:
                break
    return Call(lambda: engine(inputs), engine.way)


def of_gradient(
    name: str, gradient: Callable[..., Any], *, order: Order = SUM, only: tuple[str, ...] = (), counted: int = 2**20, timed: int = 2**20
) -> Way:
    """A gradient function of one's own as a way: its operations are those of its own trace, as it is written.

    It is called with the member's arguments and returns an array. `only` names the families whose functions it is the gradient of.
    """

    def operations(member: Member, circuit: Circuit) -> int:
        return trace(gradient, *member.arguments, argnums=(0,)).operations

    def call(member: Member, circuit: Circuit) -> Call:
        plain = member.plain
        return Call(lambda: gradient(*plain), "as written")

    return Way(name, order, operations, call, counted, timed, only, only)


def central_differences(function: Callable[[Any], Any], x: Any) -> list[float]:
    """Two evaluations for each entry, written plainly: the quotients of `Differences(central=True, extrapolate=False)`, without its care."""
    moved, found = list(x), []
    for i, at in enumerate(moved):
        step = (abs(at) or 1.0) * _STEP
        moved[i] = above = at + step
        right = function(moved)
        moved[i] = below = at - step
        left = function(moved)
        moved[i] = at
        found.append((right - left) / (above - below))
    return found


def evaluations(x: Any) -> int:
    """How often central differences call the function, counted."""
    calls = 0

    def counted(_: Any) -> float:
        nonlocal calls
        calls += 1
        return 0.0

    central_differences(counted, x)
    return calls


def _tape_call(member: Member, circuit: Circuit) -> Call:
    return settled(circuit.gradient(), (member.arguments[0],))


def _product_call(member: Member, circuit: Circuit) -> Call:
    x = member.arguments[0]
    return settled(hessian_vector(circuit), (x, np.ones_like(x)))


def _differences_call(member: Member, circuit: Circuit) -> Call:
    x = member.plain[0]
    return Call(lambda: central_differences(member.function, x), "as written")


_ENGINES = ("ring", "orbits", "walk")
TAPE = Way("tape", SUM, lambda m, c: c.gradient().operations, _tape_call, timed_on=_ENGINES)
HVP = Way("HVP", SUM, lambda m, c: hessian_vector(c).operations, _product_call, timed_on=_ENGINES)
DIFFERENCES = Way(
    "central differences", PRODUCT, lambda m, c: evaluations(m.arguments[0]) * c.operations, _differences_call, 2**13, timed_on=("pairs",)
)
WAYS = (TAPE, HVP, DIFFERENCES)
CONTROL = of_gradient("quadratic on purpose", each_entry_anew, only=("pairs",), counted=64, timed=1024)
