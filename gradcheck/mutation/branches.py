"""Branches on values: where the function decides by `if`, and what it would compute had it decided otherwise."""

from __future__ import annotations

import ast
import linecache
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gradcheck.circuit import Circuit, argument_names
from gradcheck.circuit.trace import Tracer, run
from gradcheck.circuit.traced import TracedArray
from gradcheck.errors import TraceError

FORCED = 10_000  # decisions turned round in one run, beyond which a loop will not end


@dataclass(frozen=True, slots=True)
class Site:
    """A line of the function where it decides on a value."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"

    @property
    def source(self) -> str:
        """The condition as it is written: `if x > 0`; the whole line where it has none of its own."""
        line = linecache.getline(self.file, self.line).strip()
        found = _condition(line)
        return found if found is not None else line.removesuffix(":")


def _condition(line: str) -> str | None:
    """The one condition of a line: after if, elif or while, or in the middle of an expression."""
    opened = line.removeprefix("el") if line.startswith("elif") else line
    try:
        tree = ast.parse(f"{opened} pass" if opened.endswith(":") else opened)
    except SyntaxError:
        return None
    tests = [n for n in ast.walk(tree) if isinstance(n, ast.If | ast.IfExp | ast.While)]
    if len(tests) != 1:
        return None
    return f"{'while' if isinstance(tests[0], ast.While) else 'if'} {ast.unparse(tests[0].test)}"


def decided(circuit: Circuit) -> dict[Site, set[bool]]:
    """What was decided at every site at which the function branches; sites that the user's own lines do not show are left out."""
    found: dict[Site, set[bool]] = {}
    for site, outcome in _decisions(circuit):
        found.setdefault(site, set()).add(outcome)
    return found


def _decisions(circuit: Circuit) -> Iterator[tuple[Site, bool]]:
    for k, outcome in circuit.guards:
        place = circuit.place(k)
        if isinstance(outcome, bool) and place is not None:
            yield Site(place.file, place.line), outcome


class _Otherwise(Tracer):
    """Follows a function as if its conditions at some sites had always the same outcome."""

    def __init__(self, name: str, forced: Mapping[Site, bool]) -> None:
        super().__init__(name)
        self.forced, self.count = forced, 0

    def decide(self, traced: TracedArray, kind: Callable[[Any], Any]) -> Any:
        outcome = super().decide(traced, kind)
        if kind is not bool:
            return outcome
        place = list(self.builder.place_ids)[self.builder.places[self.builder.guards[-1][0]]]
        wanted = None if place is None else self.forced.get(Site(place.file, place.line))
        if wanted is None:
            return outcome
        self.count += 1
        if self.count > FORCED:
            raise TraceError("a loop that does not end once its condition is held")
        return wanted


def traced_otherwise(
    function: Callable[..., Any], arguments: tuple[Any, ...], argnums: tuple[int, ...], forced: Mapping[Site, bool]
) -> Circuit:
    """The circuit of a function whose conditions at some sites are held. Raises whatever the function raises on that side."""
    tracer = _Otherwise(getattr(function, "__name__", "f"), forced)
    names = argument_names(function, len(arguments))
    traced = {i: tracer.input(arguments[i], names[i]) for i in argnums}
    result = run(tracer, function, [traced.get(i, a) for i, a in enumerate(arguments)], {})
    return tracer.builder.freeze((tracer.lift(result).index,))
