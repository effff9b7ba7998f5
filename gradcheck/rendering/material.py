"""What the pages of a case are made of, worked out once for all of them: its picture and its derivation.

A part that cannot be made is told of where it would stand, and the others stand: neither a case nor a report is lost with it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from traceback import extract_tb
from typing import TypeVar

from gradcheck.derivation.hops import Derivation, derive
from gradcheck.errors import UsageError
from gradcheck.rendering.graph.build import picture
from gradcheck.rendering.graph.layout import Layout, layout
from gradcheck.rendering.graph.model import Picture
from gradcheck.rendering.text import NAME, one_line
from gradcheck.verdicts.compare import Comparison

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Missing:
    """A part that could not be made, and why: one line."""

    why: str


class Attempts:
    """Makes the parts of a case's pages one by one; `faults` are those that a defect of ours kept from being made, in one line each."""

    def __init__(self, name: str) -> None:
        self.name, self.faults = one_line(name, NAME), list[str]()

    def __call__(self, what: str, make: Callable[[], T]) -> T | Missing:
        try:
            return make()
        except Exception as error:
            at = extract_tb(error.__traceback__)[-1]
            said = one_line(f"{type(error).__name__}: {error}").rstrip(": ")
            told = f"case {self.name}: {what} could not be made: {said} ({Path(at.filename).name}:{at.lineno}); please report it"
            if told not in self.faults:
                self.faults.append(told)
            return Missing(told)


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """A case's picture and derivation at its first point, and how further parts are made."""

    picture: Picture | Missing
    derivation: Derivation | Missing
    attempts: Attempts
    layouts: list[Layout] = field(default_factory=list)

    def placed(self) -> Layout:
        """The picture's layout, worked out once. Raises UsageError without pygraphviz."""
        assert isinstance(self.picture, Picture)
        if not self.layouts:
            self.layouts.append(layout(self.picture))
        return self.layouts[0]


def material_of(comparison: Comparison, *, pictures: bool = True) -> Material:
    """The material of a comparison; without `pictures`, which need no drawing, there is none."""
    attempts = Attempts(comparison.name)
    circuit, inputs = comparison.circuit, comparison.points[0].problem.inputs
    drawn = attempts("the picture", partial(_drawn, comparison)) if pictures else Missing("")
    return Material(drawn, attempts("the derivation", lambda: derive(circuit, inputs)), attempts)


def _drawn(comparison: Comparison) -> Picture | Missing:
    try:
        return picture(comparison.circuit, comparison.points[0].problem.inputs, name=comparison.name)
    except UsageError as error:  # too large to be readable: it says how large
        return Missing(str(error))
