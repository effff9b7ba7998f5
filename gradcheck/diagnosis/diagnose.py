"""Naming the mistake in a wrong gradient: candidates in rounds, the simplest first, each seen to hold at every point."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

import numpy as np

from gradcheck.circuit.edits import HOP
from gradcheck.diagnosis.functions import misread, stale, stepped
from gradcheck.diagnosis.groups import grouped, sieved_groups
from gradcheck.diagnosis.macros import inside_macros, macro_edits
from gradcheck.diagnosis.matching import Group, Match, is_wrong, sieve, verified
from gradcheck.diagnosis.mistakes import edits_at
from gradcheck.diagnosis.pairs import double_slips, paired
from gradcheck.diagnosis.points import Repeat, canonical, further_scenes
from gradcheck.diagnosis.scaling import scaled_edits
from gradcheck.diagnosis.scene import Arrays, Scene, facing, scene_of
from gradcheck.diagnosis.scope import element_edits, scope_edits
from gradcheck.gradients.method import Problem

LARGEST = 3000  # equations up to which mistakes are sought hop by hop
PAIRED = 60  # hops up to which pairs are
LIKELY = 2.0  # rank up to which an explanation is taken without looking for a better one
SINGLE, SEVERAL, EXCHANGED = "single mistakes", "the same mistake at several hops", "values in each other's place"
FUNCTIONS, PAIRS = "functions that differ in one operation", "two mistakes together"
SIMPLE = 3.4  # the same for circuits of many hops
FEW = 3  # entries of a claim at one point up to which two mistakes together may be a coincidence


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """What explains the claim for some of the arguments, the simplest first; `view` is how the claim shows them."""

    chosen: tuple[int, ...]
    matches: list[Match]
    views: tuple[str, ...] = ()
    stale: tuple[int, float] | None = None


@dataclass(slots=True, eq=False)
class Inquiry:
    """A claim that is wrong, the points it is looked at, and what was tried."""

    problem: Problem
    claim: Arrays
    again: Repeat | None
    seed: int = 0
    views: tuple[str, ...] = ()
    around: tuple[Any, ...] = ()
    scenes: list[Scene] = field(default_factory=list)
    tried: list[str] = field(default_factory=list)

    def start(self) -> Scene:
        """The scene at the claim's own point, and others where the claim can be repeated; made once."""
        if self.scenes:
            return self.scenes[0]
        first = scene_of(canonical(self.problem), self.claim, self.views)
        first.around = self.around
        self.scenes = [first, *(further_scenes(first, self.again, self.seed) if self.again is not None else ())]
        return first

    def matches(self, chosen: tuple[int, ...]) -> list[Match]:
        """What explains the claim for the chosen arguments, the simplest first; nothing where they are right but for rounding."""
        if not any(is_wrong(s, chosen) for s in self.scenes):
            return []  # whatever changes nothing would explain it
        generic = next((s for s in self.scenes[1:] if is_wrong(s, chosen)), self.scenes[0])  # no two values are equal by chance there
        generic.around = self.around
        scene = facing(generic, chosen, self.seed)
        target = scene.target()
        found: list[Match] = []
        if not np.isfinite(target).all():
            return found
        for name, candidates in self._rounds(scene, target, chosen):
            if found and (found[0].rank <= (LIKELY if len(scene.parts) <= PAIRED else SIMPLE) or name == PAIRS):
                break
            if name not in self.tried:
                self.tried.append(name)
            found = sorted([*found, *verified(self.scenes, candidates, chosen)], key=lambda m: m.rank)
        return _halved(found)

    def _rounds(self, scene: Scene, target: Any, chosen: tuple[int, ...]) -> Iterator[tuple[str, Iterator[Group]]]:
        listed = (*edits_at(scene.circuit, list(scene.parts), inside_macros(scene)), *macro_edits(scene))
        yield SINGLE, ((e,) for e in (*sieve(scene, listed, target), *scaled_edits(scene, target, chosen)))
        yield SEVERAL, sieved_groups(scene, target, grouped(scene), chosen)
        yield EXCHANGED, ((e,) for e in scope_edits(scene, target))
        yield FUNCTIONS, misread(scene, target)
        if self._may_pair():
            yield (
                PAIRS,
                chain(((e,) for e in sieve(scene, double_slips(scene), target)), paired(scene, (*listed, *element_edits(scene)), target)),
            )

    def _may_pair(self) -> bool:
        """Two mistakes are looked for where coincidence is out of the question, and the circuit is short."""
        first = self.scenes[0]
        return len(first.parts) <= PAIRED and (len(self.scenes) > 1 or sum(np.size(c) for c in first.claim) > FEW)


def _halved(found: list[Match]) -> list[Match]:
    """Of a product of a value with itself, either part left out is half of it: a wrong factor rather than a path left out."""
    dropped = {m.edits[0].locus for m in found if _is_drop(m)}
    both = {locus.k for locus in dropped if replace(locus, position=1 - locus.position) in dropped}
    return [Match((replace(m.edits[0], kind="factor"),), m.points) if _is_drop(m) and m.edits[0].locus.k in both else m for m in found]


def _is_drop(match: Match) -> bool:
    (first, *others) = match.edits
    return not others and first.text == "0 * d" and first.locus.what == HOP


def explained(inquiry: Inquiry) -> list[Explanation]:
    """Explanations for all arguments together, or else for each that is wrong alone; none where the circuit is too long."""
    with np.errstate(all="ignore"):
        return _explained(inquiry)


def _explained(inquiry: Inquiry) -> list[Explanation]:
    first = inquiry.start()
    every = tuple(range(len(first.claim)))
    if len(first.circuit) > LARGEST:
        return [Explanation(every, [])]
    together = inquiry.matches(every)
    if together or len(every) == 1:
        return [Explanation(every, together, inquiry.views)]
    wrong = [j for j in every if any(is_wrong(s, (j,)) for s in inquiry.scenes)]
    return [_alone(inquiry, j) for j in wrong]


def _alone(inquiry: Inquiry, j: int) -> Explanation:
    """What explains the gradient of one argument, where others are right or wrong otherwise."""
    step = next(stale(inquiry.scenes, (j,)), None) or next(stepped(inquiry.scenes, (j,)), None)
    return Explanation((j,), [] if step is not None else inquiry.matches((j,)), inquiry.views, step)
