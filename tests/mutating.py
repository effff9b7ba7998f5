"""The judge of mutation scores: what a score says is held against `check` itself, and its reasons against the points they speak of."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from gradcheck import check
from gradcheck.mutation import Score

NUMBERS = {"np": np, "max": np.max, "abs": np.abs, "sqrt": np.sqrt}


def faults(score: Score, function: Callable[..., Any], points: Sequence[tuple[Any, ...]], **options: Any) -> list[str]:
    """What a score says that is not so; nothing for a truthful one. Options are those of the test, besides `search`."""
    found = []
    if score.mutants != score.killed + score.equivalent + len(score.survivors):
        found.append("the numbers do not add up")
    for s in score.survivors:
        if not check(function, s.gradient, list(points), **options).ok:
            found.append(f"the points do notice: {s.message}")
        if check(function, s.gradient, s.witness, **options).outcome != "wrong":
            found.append(f"the witness does not show: {s.message}")
        if not is_so(s.reason, function, points):
            found.append(f"not so at the points: {s.reason}")
        if is_so(s.reason, function, [s.witness]) and not s.reason.startswith(
            ("the points given", "at the points given", "dx", "the gradient")
        ):
            found.append(f"so at the witness too: {s.reason}")
    return found


def is_so(reason: str, function: Callable[..., Any], points: Sequence[tuple[Any, ...]]) -> bool:
    """Whether what a reason says of the points is true, worked out anew from its words."""
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    return all(_is_so(reason, _variables(function, p) | dict(zip(names, p, strict=True)), points, names) for p in points)


def _variables(function: Callable[..., Any], point: tuple[Any, ...]) -> dict[str, Any]:
    """What the function's own variables hold when it returns."""
    left: dict[str, Any] = {}

    def watch(frame: Any, event: str, _: Any) -> None:
        if event == "return" and frame.f_code is function.__code__:
            left.update(frame.f_locals)

    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        function(*point)
    finally:
        sys.setprofile(before)
    return left


def _is_so(reason: str, known: Mapping[str, Any], points: Sequence[tuple[Any, ...]], names: Sequence[str]) -> bool:
    def value(text: str, values: Mapping[str, Any] = known) -> Any:
        return eval(text.strip("`"), NUMBERS, dict(values))

    if m := re.fullmatch(r"(no point has .*), and none (takes .*)", reason):
        return _is_so(m[1], known, points, names) and _is_so(f"no point {m[2]}", known, points, names)
    if m := re.fullmatch(r"no point takes the other side of `if (.*)` \(.*:\d+\)", reason):
        return len({bool(value(m[1], dict(zip(names, p, strict=True)))) for p in points}) == 1
    if m := re.fullmatch(r"no point has an entry of (\S+) below (\S+) or above (\S+)", reason):
        return not np.any((value(m[1]) < float(m[2])) | (value(m[1]) > float(m[3])))
    if m := re.fullmatch(r"no point has an entry of (\S+) (below|above|equal to) (\S+)", reason):
        return not np.any({"below": np.less, "above": np.greater, "equal to": np.equal}[m[2]](value(m[1]), float(m[3])))
    if m := re.fullmatch(r"no point has (.+) (<|>|==) (\S+)", reason):
        return not value(f"{m[1]} {m[2]} {m[3]}")
    if m := re.fullmatch(r"all points have (\S+) == (\S+)", reason):
        return bool(np.all(value(m[1]) == value(m[2])))
    if m := re.fullmatch(r"the (largest|smallest) entry of (\w+) is (\S+) at every point", reason):
        return bool(value(m[3]) == {"largest": np.max, "smallest": np.min}[m[1]](value(m[2])))
    if m := re.match(r"(.+) is (-?[\d.]+) at every point", reason):
        if m[1].startswith("the gradient"):
            return True  # of the sweep, not of the variables: the engine's own numbers
        return bool(np.allclose(value(m[1]), float(m[2]), rtol=1e-5))
    return "at every point" in reason or "the points given" in reason
