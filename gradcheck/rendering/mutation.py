"""Mutation scores as text: the numbers, then each mistake that got away, why, and the point to add."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gradcheck.mutation.survivor import Score
from gradcheck.rendering.text import label, one_line


def score_text(score: Score, name: str = "") -> str:
    """A score in a few lines; `name` is what the test is called."""
    return "\n".join([f"{name or score.name}: {_numbers(score)}", *(line for s in score.survivors for line in _told(s.to_dict()))])


def _numbers(score: Score) -> str:
    if score.reason:
        return f"no mistakes planted: {score.reason}"
    told = score.mutants - score.equivalent
    parts = [f"{score.killed} of {told} planted mistakes noticed"]
    parts += [f"{len(score.survivors)} survive"] if score.survivors else []
    parts += [f"{score.equivalent} more change nothing at any point"] if score.equivalent else []
    parts += [f"{score.left_out} not tried"] if score.left_out else []
    return ", ".join(parts)


def scores_text(scores: Sequence[tuple[str, str, Mapping[str, Any]]]) -> str:
    """The scores of many tests, each with the test's id and the gradient's name, as `Score.to_dict` gives them: totals, then what survived where."""
    planted = sum(s["mutants"] - s["equivalent"] for _, _, s in scores)
    killed = sum(s["killed"] for _, _, s in scores)
    weak = [(test, name, s) for test, name, s in scores if s["survivors"]]
    lines = [
        f"mistakes planted: {killed:,} of {planted:,} noticed"
        + (f", {planted - killed:,} survive in {len(weak)} test{'' if len(weak) == 1 else 's'}:" if weak else "")
    ]
    for test, name, score in weak:
        lines.append(f"  {one_line(test)}, {label(name)}:")
        lines += [f"  {line}" for s in score["survivors"] for line in _told(s)]
    unknown = [(test, s["reason"]) for test, _, s in scores if s["reason"]]
    lines += [f"  {one_line(test)}: no mistakes planted: {one_line(reason)}" for test, reason in unknown]
    return "\n".join(lines)


def _told(survivor: Mapping[str, Any]) -> Iterator[str]:
    yield f"  {survivor['kind']}: {one_line(survivor['message'])}"
    yield f"    not noticed: {one_line(survivor['reason'])}"
    yield f"    a point that shows it: at={one_line(survivor['witness'], 2000)}"
