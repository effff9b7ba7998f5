"""What an instructor asks: an assignment, its questions, how points are given, what students see, and the limits of their programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from gradcheck.case import Case

Asks = Literal["gradient", "vjp", "intermediates", "backward"]
Level = Literal["none", "where", "kind", "formula"]
Shown = Literal["immediately", "after-due-date", "after-published", "never"]
ASKS: tuple[Asks, ...] = ("gradient", "vjp", "intermediates", "backward")
LEVELS: tuple[Level, ...] = ("none", "where", "kind", "formula")
SHOWN: tuple[Shown, ...] = ("immediately", "after-due-date", "after-published", "never")


@dataclass(frozen=True, slots=True)
class Limits:
    """What one question may use; `processes` counts the student's own, `memory_mb` is address space, `file_mb` all files it writes together."""

    cpu_seconds: float = 5.0
    wall_seconds: float = 10.0
    memory_mb: int = 1024
    processes: int = 1
    open_files: int = 64
    file_mb: int = 16
    printed_kb: int = 256
    result_mb: int = 16


@dataclass(frozen=True, slots=True)
class Credit:
    """Points by part of the answer: per argument, per intermediate gradient (hop), for shapes, for accuracy.

    Empty: the points of the question are shared equally among all arguments and intermediate gradients asked for.
    """

    arguments: Mapping[str, float] = field(default_factory=dict)
    hops: Mapping[str, float] = field(default_factory=dict)
    shape: float = 0.0
    accuracy: float = 0.0


@dataclass(frozen=True, slots=True)
class Feedback:
    """How much students are told, when, and whether a hidden point may be shown to explain a mistake."""

    level: Level = "kind"
    shown: Shown = "immediately"
    reveal_hidden: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """One function whose gradient students write.

    `function` is the name they give it; for `asks`: "gradient" it returns the gradient with respect to every differentiable argument,
    "vjp" takes a cotangent last and returns the vector-Jacobian product, "intermediates" returns a dict with the arguments' gradients by name and those
    of the variables `names` as "dNAME", "backward" the same with the value of the function as "value" and all named variables. `visible` and `hidden`
    are how many points are drawn, `at` are points stated besides (visible). `digits` asks for so many digits only.
    """

    name: str
    case: Case
    function: str
    asks: Asks = "gradient"
    names: tuple[str, ...] = ()
    points: float = 1.0
    credit: Credit = Credit()
    visible: int = 2
    hidden: int = 3
    at: tuple[tuple[Any, ...], ...] = ()
    digits: float | None = None
    feedback: Feedback = Feedback()
    limits: Limits = Limits()
    file: str = "submission.py"
    title: str = ""


@dataclass(frozen=True, slots=True)
class Assignment:
    """Questions with what holds for all of them. `digest` tells versions apart: of the file, its cases and whatever they import beside it.

    `imports` are the packages that students may import besides the standard library. With `per_student`, every student has points of their own.
    """

    name: str
    title: str
    questions: tuple[Question, ...]
    path: Path
    digest: str
    seed: int = 0
    per_student: bool = False
    imports: tuple[str, ...] = ("numpy",)
    solution: Path | None = None

    @property
    def points(self) -> float:
        """What a perfect submission scores."""
        return sum(q.points for q in self.questions)

    def question(self, name: str) -> Question:
        """The question of a name."""
        return next(q for q in self.questions if q.name == name)
