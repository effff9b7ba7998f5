"""An attack as data: a program that a student might hand in, and what must come of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from textwrap import dedent
from typing import Literal

from gradcheck.grading.answers import Program

Wall = Literal["processes", "signals", "memory", "network", "files"]
FOUND = "ESCAPED-7f3a"  # what an attack prints if it gets through
RIGHT = """
import numpy as np


def square_gradient(x):
    return 2 * x
"""
"""The second question, answered rightly: an attack on the first must not cost it."""


@dataclass(frozen=True, slots=True)
class Attack:
    """What is tried, and what is held against it.

    `source` answers the first question by an attack; the second is answered rightly unless `second` says otherwise. `expect` are outcomes that are held:
    those of marks ("crash", "time-out", ...), or results of graded ones ("wrong value", "right", ...). `needs` are walls that a harmless probe must have shown to
    stand before the attack is let loose. `silent` are words that must come out nowhere: what an attack would print if it got through.
    """

    name: str
    kind: str
    source: str
    expect: tuple[str, ...]
    second: tuple[str, ...] = ("right",)
    needs: tuple[Wall, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)
    cells: tuple[str, ...] | None = None
    slow: bool = False

    @property
    def program(self) -> Program:
        """What is handed in."""
        if self.cells is not None:
            return Program(dict(self.files), "submission.ipynb", self.cells)
        text = (RIGHT + dedent(self.source)).encode("utf-8", "surrogatepass")
        return Program({"submission.py": text, **self.files}, "submission.py")

    def aimed(self, targets: Mapping[str, object]) -> Program:
        """The same, with the places that it goes for written into its source: a port, a socket, a folder."""
        program = self.program
        lines = "".join(f"{name} = {value!r}\n" for name, value in targets.items()).encode()
        if self.cells is not None or "submission.py" in self.files:
            return program
        return replace(program, files={**program.files, "submission.py": lines + program.files["submission.py"]})


def attack(kind: str, name: str, expect: str, source: str, **more: object) -> Attack:
    """An attack; several outcomes that hold are given with `|` between."""
    return Attack(name, kind, source, tuple(expect.split("|")), **more)  # type: ignore[arg-type]
