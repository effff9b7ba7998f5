"""Mutation scores as text: the numbers, then each mistake that got away, why, and the point to add."""

from __future__ import annotations

from collections.abc import Iterator

from gradcheck.mutation.survivor import Score, Survivor


def score_text(score: Score, name: str = "") -> str:
    """A score in a few lines; `name` is what the test is called."""
    return "\n".join([f"{name or score.name}: {_numbers(score)}", *(line for s in score.survivors for line in _survivor(s))])


def _numbers(score: Score) -> str:
    if score.reason:
        return f"no mistakes planted: {score.reason}"
    told = score.mutants - score.equivalent
    parts = [f"{score.killed} of {told} planted mistakes noticed"]
    parts += [f"{len(score.survivors)} survive"] if score.survivors else []
    parts += [f"{score.equivalent} more change nothing at any point"] if score.equivalent else []
    parts += [f"{score.left_out} not tried"] if score.left_out else []
    return ", ".join(parts)


def _survivor(survivor: Survivor) -> Iterator[str]:
    yield f"  {survivor.kind}: {survivor.message}"
    yield f"    not noticed: {survivor.reason}"
    yield f"    a point that shows it: at={survivor.at}"
