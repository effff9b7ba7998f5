"""A verdict as data: what a claimed gradient is worth, and what was found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradcheck.case import Outcome
from gradcheck.verdicts.judge import Judgement

SEVERITY: tuple[Outcome, ...] = ("wrong", "undecided", "kink", "right")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found wrong: a stable `kind`, the `hop` it concerns where known, and a sentence."""

    kind: str
    message: str
    hop: str | None = None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Verdict:
    """What a claimed gradient is worth: `outcome` is right, wrong, kink or undecided; `str()` explains.

    `entries` gives the outcome of every entry, flattened over the arguments in order.
    """

    outcome: Outcome
    reason: str
    name: str
    entries: tuple[Outcome, ...] = ()
    labels: tuple[str, ...] = ()
    judgement: Judgement | None = None
    diagnosis: tuple[Finding, ...] = ()
    inside: bool = False

    @property
    def ok(self) -> bool:
        """True for right, and for a kink where the claim lies between the one-sided derivatives."""
        return self.outcome == "right" or (self.outcome == "kink" and self.inside)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of the findings, best first."""
        return tuple(dict.fromkeys(f.kind for f in self.diagnosis))

    def __repr__(self) -> str:
        return f"<verdict on {self.name}: {self.outcome}>"

    def __str__(self) -> str:
        lines = [f"{self.name}: {self.outcome}: {self.reason}"]
        if self.judgement is not None and not self.ok:
            lines += self._table()
        return "\n".join(lines)

    def _table(self, limit: int = 5) -> list[str]:
        assert self.judgement is not None
        accuracy = self.judgement.accuracy
        order = np.argsort(accuracy.digits, kind="stable")[:limit]
        shown = [i for i in order if self.entries[i] != "right"]
        return [
            f"  {self.labels[i]}: claimed {float(accuracy.claim[i])!r}, true {float(accuracy.truth[i])!r}, off by {accuracy.ulp[i]:.3g} ulp"
            for i in shown
        ]
