"""A verdict as data: what a claimed gradient is worth, and what was found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.case import SEVERITY as SEVERITY
from gradcheck.case import Outcome
from gradcheck.diagnosis.finding import Finding
from gradcheck.gradients.method import Problem
from gradcheck.precision import info
from gradcheck.verdicts.coverage import Coverage
from gradcheck.verdicts.judge import Judgement
from gradcheck.verdicts.tolerance import SAFETY, tolerances, unit_roundoff


def written(point: tuple[Any, ...]) -> str:
    """A point as Python reads it: `(np.array([0.0, 1.0]), 2.0)`, every bit kept."""
    values = [_written(a) for a in point]
    return f"({', '.join(values)}{',' if len(values) == 1 else ''})"


def _written(value: Any) -> str:
    if type(value) is dict:
        return "{" + ", ".join(f"{k!r}: {_written(v)}" for k, v in value.items()) + "}"
    if type(value) is list:
        return f"[{', '.join(map(_written, value))}]"
    if type(value) is tuple:
        return written(value)
    if not isinstance(value, np.ndarray | np.generic):
        return repr(value)
    plain = repr(value.tolist())
    kind = "" if value.dtype in (np.float64, np.int64, np.bool_) else f", dtype=np.{value.dtype}"
    if isinstance(value, np.ndarray):
        return f"np.array({plain}{kind})"
    return plain if not kind else f"np.{value.dtype}({plain})"


@dataclass(slots=True, eq=False)
class Later:
    """Findings that are worked out when first asked for."""

    work: Callable[[], tuple[Finding, ...]]
    known: tuple[Finding, ...] | None = None

    def get(self) -> tuple[Finding, ...]:
        """The findings, worked out once."""
        if self.known is None:
            try:
                self.known = self.work()
            except Exception as error:  # a verdict must not be lost because its diagnosis fails
                said = f"the diagnosis itself failed, which is a mistake of gradcheck: {type(error).__name__}: {error}"
                self.known = (Finding("unknown", said, points=1),)
        return self.known


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Verdict:
    """What a claimed gradient is worth: `outcome` is right, wrong, kink or undecided; `str()` explains.

    `entries` gives the outcome of every entry, flattened over the arguments in order. After a search, `coverage` says which special points were
    visited, `points` how many it judged. `witness` is the point at which the claim is wrong, and `aim` what that point was made for if the
    search found it.
    """

    outcome: Outcome
    reason: str
    name: str
    entries: tuple[Outcome, ...] = ()
    labels: tuple[str, ...] = ()
    judgement: Judgement | None = None
    findings: tuple[Finding, ...] = ()
    coverage: Coverage | None = None
    points: int = 0
    witness: tuple[Any, ...] | None = None
    aim: str = ""
    problem: Problem | None = None
    later: Later | None = None

    @property
    def diagnosis(self) -> tuple[Finding, ...]:
        """What is wrong, the most likely first: worked out when first asked for. `findings` are those known without looking for mistakes."""
        if self.later is None:
            return self.findings
        breaches = tuple(f for f in self.findings if f.kind == "shape")
        named = tuple(f for f in self.later.get() if not (breaches and f.kind in ("shape", "unknown")))
        replaced = {f.kind for f in named} | ({"unknown"} if named else set())
        rest = tuple(f for f in self.findings if f.kind not in replaced and f.kind != "shape")
        return (*breaches, *named, *rest)

    @property
    def condition(self) -> Any:
        """For each entry, by how much the gradient's own computation magnifies rounding: relative error over unit roundoff, measured.

        None where there is no circuit to measure it on.
        """
        if self.problem is None or self.judgement is None:
            return None
        noise = np.concatenate([np.ravel(t) for t in tolerances(self.problem)]) / SAFETY
        with np.errstate(all="ignore"):
            return noise / (unit_roundoff(self.problem.dtype) * np.abs(self.judgement.accuracy.truth))

    @property
    def ok(self) -> bool:
        """True for right, and for a kink, where the claim lies in the hull of the limiting gradients: outside it, it is wrong."""
        return self.outcome in ("right", "kink")

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of the findings, best first."""
        return tuple(dict.fromkeys(f.kind for f in self.diagnosis))

    def __repr__(self) -> str:
        return f"<verdict on {self.name}: {self.outcome}>"

    def __str__(self) -> str:
        from gradcheck.display import verdict_as_text

        return verdict_as_text(self)

    def _repr_html_(self) -> str:
        from gradcheck.display import verdict_as_html

        return verdict_as_html(self)

    def hint(self, level: str = "where") -> str:
        """What to tell a student of a wrong gradient: `where` it is wrong, then what `kind` of mistake it is, then the `formula`."""
        return self.diagnosis[0].hint(level) if self.outcome == "wrong" and self.diagnosis else ""

    def to_dict(self) -> dict[str, Any]:
        """The verdict as plain data: strings, floats, lists and dicts, nothing of NumPy."""
        data: dict[str, Any] = {"name": self.name, "outcome": self.outcome, "ok": self.ok, "reason": self.reason}
        data["findings"] = [f.to_dict() for f in self.diagnosis]
        condition = self.condition
        data["entries"] = [] if self.judgement is None else [self._entry(i, condition) for i in range(len(self.entries))]
        data["witness"] = None if self.witness is None else written(self.witness)
        if self.coverage is not None:
            special = [{"hop": str(p.hop), "kind": p.kind, "at": list(p.at), "visited": p.standing} for p in self.coverage.points]
            data["search"] = {"points": self.points, "found": self.aim or None, "special_points": special}
        return data

    def _entry(self, i: int, condition: Any) -> dict[str, Any]:
        assert self.judgement is not None
        a = self.judgement.accuracy
        numbers = {"claimed": a.claim, "truth": a.truth, "ulp": a.ulp, "digits": a.digits}
        lost = -np.log10(float(info(a.dtype).eps) / 2) - float(a.digits[i])
        entry = {"entry": self.labels[i], "outcome": self.entries[i]} | {k: float(v[i]) for k, v in numbers.items()}
        return entry | {"digits_lost": lost + 0.0, "condition": None if condition is None else float(condition[i])}
