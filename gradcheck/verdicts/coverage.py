"""Which special points of which hops a set of points touches: a hop's record says where bugs live, its operands whether we were there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.circuit import Circuit, Floats, trace, trail
from gradcheck.primitives import Primitive, Special

TAILS = ("tail", "large")
STEPS = ("floor", "ceil", "trunc")
REMAINDERS = ("floor_divide", "remainder", "fmod")
STANDINGS = ("own", "searched", "tried", "never")


@dataclass(frozen=True, slots=True)
class Hop:
    """One operation of the function: its variable's name if it has one, the primitive, its line, and which of several alike."""

    name: str | None
    primitive: str
    place: str
    ordinal: int = 0

    def __str__(self) -> str:
        what = f"{self.name} ({self.primitive})" if self.name else self.primitive
        return what + (f" at {self.place}" if self.place else "")


@dataclass(frozen=True, slots=True)
class SpecialPoint:
    """A hop's special point: its `kind`, the operands `at` it, and by whom it was visited.

    `own` are the user's points, `searched` points the search added and judged; `tried` was reached where no verdict could be had
    (the truth or the function is not finite there), `never` was not reached.
    """

    hop: Hop
    kind: str
    at: tuple[float, ...]
    standing: str

    def __str__(self) -> str:
        return f"{self.kind} at {', '.join(f'{v:g}' for v in self.at)} of {self.hop}"


@dataclass(frozen=True, slots=True)
class Coverage:
    """The special points of every hop, and which of them were visited; `str()` is a readable account."""

    points: tuple[SpecialPoint, ...]

    def _with(self, *standings: str) -> tuple[SpecialPoint, ...]:
        return tuple(p for p in self.points if p.standing in standings)

    @property
    def own(self) -> tuple[SpecialPoint, ...]:
        """Visited by the user's own points."""
        return self._with("own")

    @property
    def not_own(self) -> tuple[SpecialPoint, ...]:
        """What the user's own points never touch."""
        return self._with("searched", "tried", "never")

    @property
    def searched(self) -> tuple[SpecialPoint, ...]:
        """Visited and judged by the search alone."""
        return self._with("searched")

    @property
    def never(self) -> tuple[SpecialPoint, ...]:
        """Not judged anywhere: never reached, or no verdict could be had there."""
        return self._with("tried", "never")

    def __str__(self) -> str:
        total = len(self.points)
        lines = [
            f"{len(self.own)} of {total} special points visited by the points given, {len(self.searched)} more by the search, "
            f"{len(self.never)} not judged"
        ]
        lines += [
            f"  {hop}: " + ", ".join(_in_words(p) for p in self.points if p.hop == hop) for hop in dict.fromkeys(p.hop for p in self.points)
        ]
        return "\n".join(lines)


def _in_words(point: SpecialPoint) -> str:
    words = {"own": "visited", "searched": "search only", "tried": "reached, no verdict there", "never": "never"}
    return f"{point.kind} {', '.join(f'{v:g}' for v in point.at)} [{words[point.standing]}]"


class Visits:
    """Counts visits while points are judged."""

    def __init__(self) -> None:
        self.best: dict[tuple[Hop, Special], int] = {}

    def add(self, circuit: Circuit, values: Sequence[Any], standing: str) -> None:
        """What one point touches; the best standing of each special point is kept."""
        rank = STANDINGS.index(standing)
        for hop, k, special in hops(circuit):
            reached = touches(circuit, k, special, values)
            key = (hop, special)
            self.best[key] = min(self.best.get(key, len(STANDINGS) - 1), rank if reached else len(STANDINGS) - 1)

    def coverage(self) -> Coverage:
        """What was visited so far."""
        return Coverage(tuple(SpecialPoint(hop, s.kind, s.at, STANDINGS[rank]) for (hop, s), rank in self.best.items()))


def hops(circuit: Circuit) -> Iterator[tuple[Hop, int, Special]]:
    """Every special point of every hop that a differentiable input reaches: the hop, its equation's number, the special point."""
    seen: dict[Hop, int] = {}
    live = moving(circuit)
    for k in range(len(circuit)):
        primitive = circuit.primitive(k)
        if primitive is None or not primitive.special or not live[k]:
            continue
        place = circuit.place(k)
        hop = Hop(circuit.names.get(k), primitive.name, f"{_short(place.file)}:{place.line}" if place else "")
        number = seen[hop] = seen.get(hop, -1) + 1
        hop = Hop(hop.name, hop.primitive, hop.place, number)
        for special in primitive.special:
            if _possible(circuit, k, primitive, special):
                yield hop, k, special


def _short(file: str) -> str:
    return file.rsplit("/", 1)[-1]


def moving(circuit: Circuit) -> list[bool]:
    """Which values depend on an input."""
    inputs = set(circuit.inputs)
    found: list[bool] = []
    for k in range(len(circuit)):
        found.append(k in inputs or any(found[i] for i in circuit.inputs_of(k)))
    return found


def _possible(circuit: Circuit, k: int, primitive: Primitive, special: Special) -> bool:
    """Whether the operands that are constants of the function are what the special point wants."""
    if not primitive.elementwise or is_tie(primitive, special):
        return True
    for j, i in enumerate(circuit.inputs_of(k)):
        constant = circuit.constants.get(i)
        if constant is not None and j < len(special.at) and not np.any(_meets(primitive, special, j, np.asarray(float_of(constant)))):
            return False
    return True


def float_of(constant: Any) -> Any:
    """A constant as floats; an exact one is rounded."""
    return np.asarray(constant if isinstance(constant, np.ndarray | np.generic) else float(constant), dtype=float)


def is_tie(primitive: Primitive, special: Special) -> bool:
    """Whether the special point is where operands of a decision are equal to one another, whatever their value."""
    return len(special.at) > 1 and (primitive.decision or primitive.pick is not None) and primitive.name not in REMAINDERS


def tied_pairs(special: Special) -> list[tuple[int, int]]:
    """The operands that are equal at a tie."""
    at = special.at
    return [(i, j) for i in range(len(at)) for j in range(i + 1, len(at)) if at[i] == at[j]]


def touches(circuit: Circuit, k: int, special: Special, values: Sequence[Any]) -> bool:
    """Whether the operands of equation k, somewhere in their arrays, are at the special point."""
    primitive, operands = circuit.primitive(k), [values[i] for i in circuit.inputs_of(k)]
    assert primitive is not None
    with np.errstate(all="ignore"):
        if is_tie(primitive, special):
            return _tied(primitive, special, operands, circuit.params.get(k, {}))
        if primitive.name in REMAINDERS and special.kind == "jump":
            return bool(np.any((np.remainder(*operands) == 0) & (np.asarray(operands[0]) != 0)))
        met: Any = True
        for j in range(min(len(operands), len(special.at))):
            met = met & _meets(primitive, special, j, np.asarray(operands[j]))
        return bool(np.any(met))


def _tied(primitive: Primitive, special: Special, operands: list[Any], params: Any) -> bool:
    if primitive.elementwise:
        return any(bool(np.any(np.asarray(operands[i]) == np.asarray(operands[j]))) for i, j in tied_pairs(special))
    x, axis = np.asarray(operands[0]), params.get("axis")
    extreme = (np.min if "min" in primitive.name else np.max)(x, axis=axis, keepdims=True)
    return bool(np.any(np.sum(x == extreme, axis=axis) > 1)) if x.size else False


def _meets(primitive: Primitive, special: Special, j: int, operand: Any) -> Any:
    """Where operand j has what the special point wants of it: the value, a tail's exponent, an integer, or only the sign."""
    want = special.at[j]
    if special.kind in TAILS:
        return _in_tail(operand, want)
    if special.kind == "jump" and primitive.name in STEPS:
        return operand == np.round(operand)
    if wants_value(primitive, special, j):
        return operand == want
    return np.sign(operand) == np.sign(want)


def wants_value(primitive: Primitive, special: Special, j: int) -> bool:
    """Whether operand j must have the value itself; other operands stand for any of their sign: (0, 1) of a product."""
    return len(special.at) == 1 or special.at[j] == 0 or (primitive.name == "power" and j == 1)


def _in_tail(operand: Any, want: float) -> Any:
    if want == 0:
        return np.isfinite(operand)
    if 0.5 < abs(want) < 1:  # next to 1
        return (operand * np.sign(want) >= abs(want)) & (np.abs(operand) < 1)
    if abs(want) < 1:
        return (operand * np.sign(want) <= abs(want)) & (operand * np.sign(want) > 0)
    return (operand * np.sign(want) >= abs(want)) & np.isfinite(operand)


def values_at(circuit: Circuit, inputs: Sequence[Any]) -> list[Any]:
    """Every value of the circuit in floats."""
    with np.errstate(all="ignore"):
        return trail(circuit, Floats(), list(inputs))


def visit(visits: Visits, function: Callable[..., Any], point: tuple[Any, ...], chosen: tuple[int, ...], standing: str) -> None:
    """Count what a point touches; a function that cannot be traced there has no hops."""
    try:
        circuit = trace(function, *point, argnums=chosen)
        visits.add(circuit, values_at(circuit, [point[i] for i in chosen]), standing)
    except Exception:  # whatever a user's function raises where it was never asked to go
        return
