"""A mistake without its place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gradcheck.circuit.edits import Edit, Locus


@dataclass(frozen=True, slots=True)
class Mistake:
    """An edit without its place."""

    kind: str
    text: str
    base: str
    rank: float
    also: tuple[str, ...] = ()

    def at(self, *loci: Locus, refs: tuple[tuple[str, tuple[str, Any]], ...] = (), site: tuple[int, str] | None = None) -> Edit:
        """The mistake made somewhere."""
        return Edit(self.kind, loci, self.text, self.base, refs, self.rank, self.also, site)
