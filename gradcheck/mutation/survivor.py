"""What a mutation score says: how many mistakes were planted, how many the test noticed, and which got away, with the reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from gradcheck.diagnosis.finding import Hop
from gradcheck.verdicts.verdict import written


@dataclass(frozen=True, slots=True, eq=False)
class Survivor:
    """A mistake that the test's own points do not notice, though the gradient with it is wrong at the `witness`.

    `kind` is that of a diagnosis or "one-entry"; `hop` where it was made, `expected` and `found` the formulas there; `message` says it in one
    sentence, `reason` why the points miss it. `gradient` is the wrong gradient itself, called as the test's own claim is (of a
    function of trees: with the leaves).
    """

    kind: str
    hop: Hop | None
    expected: str
    found: str
    message: str
    reason: str
    witness: tuple[Any, ...]
    gradient: Callable[..., Any] = field(repr=False)

    @property
    def at(self) -> str:
        """The witness as Python reads it: a point to add to the test."""
        return written(self.witness)

    def to_dict(self) -> dict[str, Any]:
        """The survivor as plain data."""
        words = {"kind": self.kind, "hop": None if self.hop is None else self.hop.to_dict(), "expected": self.expected}
        return words | {"found": self.found, "message": self.message, "reason": self.reason, "witness": self.at}


@dataclass(frozen=True, slots=True, eq=False)
class Score:
    """How good a gradient test is: of so many `mutants` its points `killed` so many, `equivalent` ones no point of the domain tells from the
    right gradient, and the `survivors` got away. `left_out` were not tried, because they would be too many; `reason` says why none could be planted.
    """

    name: str
    mutants: int
    killed: int
    equivalent: int
    left_out: int
    survivors: tuple[Survivor, ...] = ()
    reason: str = ""

    @property
    def ok(self) -> bool:
        """Whether mistakes were planted, and none survived."""
        return not self.survivors and not self.reason

    def to_dict(self) -> dict[str, Any]:
        """The score as plain data."""
        numbers = {"mutants": self.mutants, "killed": self.killed, "equivalent": self.equivalent, "left_out": self.left_out}
        return {"name": self.name, **numbers, "survivors": [s.to_dict() for s in self.survivors], "reason": self.reason}
