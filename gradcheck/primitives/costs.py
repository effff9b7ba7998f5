"""What an operation costs: exact counts by kind, for arrays by element."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any, Protocol


class Sized(Protocol):
    """Anything with a shape and a number of elements: the type of an operand."""

    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def size(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Counts:
    """Operation counts by kind. `operations` is their sum without `moves`: copying a number is not arithmetic."""

    additions: int = 0
    multiplications: int = 0
    divisions: int = 0
    transcendental: int = 0
    comparisons: int = 0
    moves: int = 0

    @property
    def operations(self) -> int:
        """All arithmetic operations; data movement is counted apart."""
        return self.additions + self.multiplications + self.divisions + self.transcendental + self.comparisons

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(a + b for a, b in zip(_BY_KIND(self), _BY_KIND(other), strict=True)))

    def __mul__(self, times: int) -> Counts:
        return self if times == 1 else Counts(*(times * n for n in _BY_KIND(self)))


_BY_KIND = attrgetter(*(f.name for f in fields(Counts)))  # dataclasses.astuple copies what it gives, at ten times the cost


ADDITION, MULTIPLICATION, DIVISION = Counts(additions=1), Counts(multiplications=1), Counts(divisions=1)
TRANSCENDENTAL, COMPARISON, MOVE, NOTHING = Counts(transcendental=1), Counts(comparisons=1), Counts(moves=1), Counts()

CostRule = Callable[[tuple[Sized, ...], Sized, Mapping[str, Any]], Counts]


def per_element(each: Counts) -> CostRule:
    """`each` for every element of the result."""
    return lambda inputs, output, params: each * output.size


def per_reduction(each: Counts) -> CostRule:
    """`each` once less than the elements that go into every result: n - 1 additions for a sum of n."""
    return lambda inputs, output, params: each * max(inputs[0].size - output.size, 0)


def views(inputs: tuple[Sized, ...], output: Sized, params: Mapping[str, Any]) -> Counts:
    """No arithmetic: the elements of the result are moved."""
    return Counts(moves=output.size)
