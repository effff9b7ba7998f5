"""From results of parts to points."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from gradcheck.grading.marking.hops import VALUE
from gradcheck.grading.marking.points import Prepared
from gradcheck.grading.results import Part, Result

ORDER: tuple[Result, ...] = ("wrong shape", "non-finite", "wrong value", "undecided", "right")
Kind = Literal["argument", "hop", "shape", "accuracy"]


def worst(results: list[Result]) -> Result:
    """The result that stands for several."""
    return min(results, key=ORDER.index) if results else ""


def weights(prepared: Prepared) -> dict[tuple[Kind, str], float]:
    """Points by part: as the credit says, else the question's points in equal shares."""
    credit = prepared.question.credit
    hops = [f"d{n}" for n in prepared.hops] + ([VALUE] if prepared.question.asks == "backward" else [])
    parts: dict[tuple[Kind, str], float] = {("argument", n): p for n, p in credit.arguments.items()}
    parts |= {("hop", _key(n, hops)): p for n, p in credit.hops.items()}
    rest = prepared.question.points - credit.shape - credit.accuracy
    if not parts:
        names: list[tuple[Kind, str]] = [("argument", n) for n in prepared.names] + [("hop", n) for n in hops]
        parts = dict.fromkeys(names, rest / len(names))
    extra: dict[tuple[Kind, str], float] = {("shape", "shape"): credit.shape, ("accuracy", "accuracy"): credit.accuracy}
    return parts | {k: p for k, p in extra.items() if p}


def _key(name: str, hops: list[str]) -> str:
    """A hop may be called by its variable, z, or by its gradient, dz."""
    return name if name in hops else f"d{name}"


def credited(prepared: Prepared, results: Mapping[str, Result], *, shaped: bool, accurate: bool) -> tuple[Part, ...]:
    """The parts with their points: all of a part or none.

    "shape" is earned where every part is an array of its shape, "accuracy" where all is right and no digits are lost.
    """
    right: Result = "right"
    precise = right if accurate and worst(list(results.values())) == "right" else "wrong value"
    of: dict[str, Result] = {**results, "shape": right if shaped else "wrong shape", "accuracy": precise}
    return tuple(
        Part(name, kind, of[name], round(points, 6) if of[name] == "right" else 0.0, round(points, 6))
        for (kind, name), points in weights(prepared).items()
    )


def total(prepared: Prepared, parts: tuple[Part, ...]) -> float:
    """The points earned: all of them exactly, where every part is; thirds are added up before they are rounded."""
    earned = {(p.kind, p.name) for p in parts if p.result == "right"}
    return round(sum(points for key, points in weights(prepared).items() if key in earned), 6)
