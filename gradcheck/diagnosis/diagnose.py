"""Naming the mistake in a wrong gradient: candidates in rounds, the simplest first, each seen to hold at every point."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradcheck.diagnosis.groups import grouped, sieved_groups
from gradcheck.diagnosis.macros import inside_macros, macro_edits
from gradcheck.diagnosis.matching import Group, Match, is_wrong, sieve, verified
from gradcheck.diagnosis.mistakes import edits_at
from gradcheck.diagnosis.pairs import paired
from gradcheck.diagnosis.points import Repeat, canonical, further_scenes
from gradcheck.diagnosis.scaling import scaled_edits
from gradcheck.diagnosis.scene import Arrays, Scene, facing, scene_of, with_tangents
from gradcheck.diagnosis.scope import scope_edits
from gradcheck.gradients.method import Problem

LARGEST = 4000  # equations up to which single mistakes are sought
PAIRED = 60  # hops up to which pairs are
LIKELY = 2.6  # rank up to which an explanation is taken without looking for a better one
PAIRS = "two mistakes together"
FEW = 3  # entries of a claim at one point up to which two mistakes together may be a coincidence


@dataclass(slots=True)
class Inquiry:
    """A claim that is wrong, the points it is looked at, and what was tried."""

    problem: Problem
    claim: Arrays
    again: Repeat | None
    seed: int = 0
    scenes: list[Scene] = field(default_factory=list)
    tried: list[str] = field(default_factory=list)

    def start(self) -> Scene:
        """The scene at the claim's own point, and others where the claim can be repeated."""
        first = with_tangents(scene_of(canonical(self.problem), self.claim), self.seed)
        self.scenes = [first, *(further_scenes(first, self.again, self.seed) if self.again is not None else ())]
        return first

    def matches(self, chosen: tuple[int, ...]) -> list[Match]:
        """What explains the claim for the chosen arguments, the simplest first."""
        first = facing(self.scenes[0], chosen, self.seed)
        scenes = [first, *self.scenes[1:]]
        target = first.along(first.claim) - first.along(first.truth)
        found: list[Match] = []
        for name, candidates in self._rounds(first, target, chosen):
            if found and (found[0].rank <= LIKELY or name == PAIRS):
                break
            self.tried.append(name)
            found = sorted([*found, *verified(scenes, candidates, chosen)], key=lambda m: m.rank)
        return found

    def _rounds(self, scene: Scene, target: Any, chosen: tuple[int, ...]) -> Iterator[tuple[str, Iterator[Group]]]:
        listed = (*edits_at(scene.circuit, list(scene.parts), inside_macros(scene)), *macro_edits(scene))
        yield "single mistakes", ((e,) for e in (*sieve(scene, listed, target), *scaled_edits(scene, target, chosen)))
        yield "the same mistake at several hops", sieved_groups(scene, target, grouped(scene), chosen)
        yield "values exchanged", ((e,) for e in scope_edits(scene, target))
        if self._may_pair():
            yield PAIRS, paired(scene, listed, target)

    def _may_pair(self) -> bool:
        """Two mistakes are looked for where coincidence is out of the question, and the circuit is short."""
        first = self.scenes[0]
        return len(first.parts) <= PAIRED and (len(self.scenes) > 1 or sum(np.size(c) for c in first.claim) > FEW)


def explained(inquiry: Inquiry) -> list[tuple[tuple[int, ...], list[Match]]]:
    """Explanations for all arguments together, or else for each that is wrong alone."""
    first = inquiry.start()
    every = tuple(range(len(first.claim)))
    together = inquiry.matches(every)
    wrong = [j for j in every if any(is_wrong(s, (j,)) for s in inquiry.scenes)]
    if together or len(every) == 1:
        return [(every, together)]
    return [((j,), inquiry.matches((j,))) for j in wrong]


def values_fit(claim: Sequence[Any], problem: Problem) -> bool:
    """Whether a claim has its arguments' shapes and is finite."""
    return all(np.shape(c) == np.shape(x) and np.isfinite(c).all() for c, x in zip(claim, problem.inputs, strict=True))
