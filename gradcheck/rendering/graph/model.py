"""What a graph's picture shows, as data: nodes, the wires between them with value and gradient, and what all of it stands for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from gradcheck.circuit import Circuit
from gradcheck.derivation.flow import Flow
from gradcheck.rendering.graph.folding import Part

OUT = "out"


@dataclass(frozen=True, slots=True)
class Row:
    """One line in a folded node: which round, its value, its gradient."""

    label: str
    value: Any
    gradient: Any


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """What is drawn at one place. `operations` is how many recorded operations it stands for, `order` its place in the forward pass.

    `index` is the value it defines (None for folded parts and for many inputs drawn as one), `code` the source line of a folded part.
    """

    key: str
    kind: Literal["input", "constant", "operation", "rounds", "lines"]
    sign: str
    name: str
    order: int
    operations: int = 0
    index: int | None = None
    value: Any = None
    gradient: Any = None
    line: int | None = None
    code: str = ""
    rows: tuple[Row, ...] = ()
    ordered: bool = False
    part: Part | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Wire:
    """A value on its way from a node to one that reads it, and what comes back on this wire.

    A value that is read several times leaves its node on one `trunk`, whose gradient is the total, and forks into branches, whose gradients
    are the summands. `count` is how many values a bundle holds; `hops` are (equation, operand position), with all that a folded part reads.
    """

    key: str
    source: str
    target: str
    index: int | None
    name: str = ""
    value: Any = None
    gradient: Any = None
    count: int = 1
    kind: Literal["plain", "trunk", "branch"] = "plain"
    fork: str = ""
    hops: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A whole picture. `operations` is what it stands for, `unneeded` how many recorded operations the result does not need."""

    name: str
    nodes: tuple[Node, ...]
    wires: tuple[Wire, ...]
    operations: int
    unneeded: int
    pills: bool
    circuit: Circuit
    flow: Flow | None

    def __post_init__(self) -> None:
        drawn = sum(n.operations for n in self.nodes)
        if drawn != self.operations:
            raise ValueError(f"{self.name}: the nodes stand for {drawn} operations, the circuit has {self.operations}")

    @property
    def folded(self) -> bool:
        """Whether a node stands for several operations."""
        return any(n.operations > 1 for n in self.nodes)

    @property
    def by_key(self) -> Mapping[str, Node]:
        """Its nodes by key."""
        return {n.key: n for n in self.nodes}

    @property
    def caption(self) -> str:
        """What the picture stands for, in a line."""
        told = [_many(self.operations, "recorded operation")]
        drawn = sum(n.operations > 0 for n in self.nodes)
        if self.folded:
            told.append(f"drawn as {_many(drawn, 'node')}")
        if self.unneeded:
            told.append(f"{self.unneeded} more that the result does not need")
        return ", ".join(told)

    @property
    def description(self) -> str:
        """The picture in words, for people who don't see it."""
        inputs = [n.name for n in self.nodes if n.kind == "input"]
        named = ", ".join(inputs[:8]) + (", …" if len(inputs) > 8 else "")
        head = f"Computation graph of {self.name}, from {named or 'no inputs'} to the result: {self.caption}."
        results = list(self._results())
        return " ".join([head, *results])

    def _results(self) -> Iterator[str]:
        from gradcheck.rendering.graph.words import quantity

        if self.flow is None:
            return
        for wire in self.wires:
            if wire.target == OUT and wire.count == 1:
                yield f"The result {wire.name or 'value'} is {quantity(wire.value)}."
        gradients = [f"{n.name}: {quantity(n.gradient)}" for n in self.nodes if n.kind == "input" and n.gradient is not None]
        if gradients:
            yield f"Gradient: {', '.join(gradients[:8])}{', …' if len(gradients) > 8 else ''}."
        else:
            yield "No gradient is drawn: it needs one number as the result."


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
