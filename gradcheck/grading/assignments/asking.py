"""What one question asks of its case: points, variables and credit, each held against what the case has."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gradcheck.case import Case
from gradcheck.errors import CaseError
from gradcheck.grading.assignments.document import Document, near
from gradcheck.grading.assignments.places import Path as Keys
from gradcheck.grading.assignments.subject import TRIED, Point, Subject, is_drawn, point_from, sampled, stated, subject
from gradcheck.grading.model import Asks, Credit

BY_NAME = ("intermediates", "backward")  # what returns a dict
DRAWN = {"visible": 2, "hidden": 3}
_NEAR = 1e-9  # of the points: what sums of decimal fractions may be off by


@dataclass(slots=True)
class Asked:
    """A question of the document with its case. `at` are the points stated, `known` what the case can be asked for there and where drawn."""

    doc: Document
    keys: Keys
    given: Mapping[str, Any]
    case: Case
    asks: Asks = field(init=False)
    at: tuple[Point, ...] = field(init=False)
    known: Subject = field(init=False)

    def __post_init__(self) -> None:
        self.asks = self.given.get("asks", "gradient")
        self.at = self._points()
        drawn = sampled(self.case, int(self.doc.data.get("seed", 0)), TRIED) if self.drawn("visible") + self.drawn("hidden") else ()
        if not (*self.at, *drawn):
            key = next((k for k in ("hidden", "visible", "at") if k in self.given), "visible")
            raise self._error((key,), "leaves no point to ask for: visible, hidden and `at` together give none")
        try:
            self.known = subject(self.case, (*self.at, *drawn))
        except CaseError as error:
            raise self._error(("case",), str(error)) from error
        self._refuse_unasked()

    def _error(self, keys: Keys, message: str) -> CaseError:
        return self.doc.error((*self.keys, *keys), message)

    def _wrong(self, keys: Keys, value: Any, expected: str) -> CaseError:
        return self.doc.wrong((*self.keys, *keys), value, expected)

    def _points(self) -> tuple[Point, ...]:
        if "at" not in self.given:
            return stated(self.case)
        found = []
        for i, given in enumerate(self.given["at"]):
            try:
                found.append(point_from(self.case, given))
            except CaseError as error:
                raise self._wrong(("at", i), given, str(error)) from error
        return tuple(found)

    def drawn(self, key: str) -> int:
        """How many points are drawn, visible or hidden: none where the case draws nothing at random."""
        if is_drawn(self.case):
            return int(self.given.get(key, DRAWN[key]))
        if self.given.get(key):
            told = f"case {self.case.name} has fixed values, so that no point can be drawn: give it domains, such as Real(3), or leave {key} out"
            raise self._wrong((key,), self.given[key], told)
        return 0

    def _refuse_unasked(self) -> None:
        shape, asks = self.known.shape, self.asks
        if asks == "vjp" and shape == ():
            raise self._wrong(("asks",), asks, f"case {self.case.name} returns a number, which has a gradient: ask for that")
        if asks != "vjp" and shape != ():
            told = f"case {self.case.name} returns an array of shape {shape}, which has no gradient: ask for the vjp"
            raise self._wrong(("asks",), asks, told)
        if asks not in BY_NAME and "names" in self.given:
            raise self._wrong(("names",), self.given["names"], f"{asks} asks for no variables by name: ask for intermediates or backward")

    def names(self) -> tuple[str, ...]:
        """The variables whose gradients are asked for."""
        if self.asks not in BY_NAME:
            return ()
        known = [n for n in self.known.variables if n != self.known.result]
        given = self.given.get("names", known if self.asks == "backward" else ())
        if not given and self.asks == "intermediates":
            told = f"is missing: intermediates asks for variables by name: {self._listed(known)}"
            raise self._error(("names",), told)
        for i, name in enumerate(given):
            if name not in self.known.variables:
                raise self._wrong(("names", i), name, self._no_variable(name))
            if list(given).index(name) != i:
                raise self._wrong(("names", i), name, "is listed twice")
            if f"d{name}" in self.known.arguments:
                raise self._wrong(("names", i), name, f"its gradient would be d{name}, which is an argument: call one of them otherwise")
        return tuple(given)

    def _no_variable(self, name: str) -> str:
        if name in self.known.still:
            return f"no gradient flows through {name} at every point; ask for {self._listed(self.known.variables)}"
        if name in self.case.parameters:
            return f"is an argument of {self.case.name}, whose gradient is asked for anyway"
        hint = near(name, self.known.variables) or f"it has {self._listed(self.known.variables)}"
        return f"{self.case.name} has no variable of that name; {hint}"

    def _listed(self, names: Sequence[str]) -> str:
        return ", ".join(names) or "none"

    def credit(self) -> Credit:
        """Points by part. Gradients of variables go by the variable's name, with or without the d."""
        given = self.given.get("credit", {})
        for name in given.get("arguments", {}):
            if name not in self.known.arguments:
                raise self._error(("credit", "arguments", name), self._no_argument(name))
        hops: dict[str, float] = {}
        for name, points in given.get("hops", {}).items():
            own = self._hop(name)
            if own in hops:
                raise self._wrong(("credit", "hops", name), points, f"{own} is listed twice")
            hops[own] = float(points)
        parts = {n: float(p) for n, p in given.get("arguments", {}).items()}
        credit = Credit(parts, hops, float(given.get("shape", 0.0)), float(given.get("accuracy", 0.0)))
        if given and not _total(credit):
            raise self._error(("credit",), "gives no points: leave it out to share the points equally")
        return credit

    def _no_argument(self, name: str) -> str:
        listed = self._listed(self.known.arguments)
        if name in self.case.parameters:
            return f"{name} is not differentiated, so that nobody is asked for its gradient; asked for are {listed}"
        hint = near(name, self.known.arguments) or f"asked for are {listed}"
        return f"{self.case.name} has no argument of that name; {hint}"

    def _hop(self, name: str) -> str:
        if self.asks not in BY_NAME:
            raise self._error(
                ("credit", "hops", name), f"{self.asks} asks for no variables: ask for intermediates or backward, with `names`"
            )
        asked = self.names()
        if name in asked:
            return name
        if name[:1] == "d" and name[1:] in asked:
            return name[1:]
        raise self._error(("credit", "hops", name), f"is not among the variables asked for: {self._listed(asked)}")

    def points(self, credit: Credit) -> float:
        """What the question gives: as stated, else the sum of its credit, else 1."""
        total = _total(credit)
        if "points" not in self.given:
            return total or 1.0
        points = float(self.given["points"])
        if total and not math.isclose(total, points, rel_tol=_NEAR):
            raise self._wrong(("points",), self.given["points"], f"the credit sums to {total:g}: make them equal, or leave points out")
        return points


def _total(credit: Credit) -> float:
    return math.fsum((*credit.arguments.values(), *credit.hops.values(), credit.shape, credit.accuracy))
