"""Why a test's points miss a mistake, in words: the simplest thing that holds where the mistake shows, and at none of the points.

Every statement is worked out from the numbers at the points themselves, so it is true of them. Among those that are true, the one is told that fits best
where else the mistake shows and does not; one about an argument must also be seen to matter: with the test's own value put back, the mistake must hide.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from gradcheck.mutation.coincidences import coincidences
from gradcheck.mutation.mutant import BRANCH, Mutant
from gradcheck.mutation.predicates import INPUTS, Predicate, inputs_of, predicates
from gradcheck.mutation.probe import Point, Probe

FITS = 0.7  # share of the points where a statement does not hold at which the mistake must show
LOOSE = 0.5  # the same for what is told where nothing better is known
HAPPEN = "the points given happen to give the same numbers"
Shows = Callable[[Point, Mutant], bool]
Reason = tuple[str, list[Probe]]


def explain(mutant: Mutant, own: Sequence[Probe], others: Sequence[Probe], telling: Sequence[Probe], shows: Shows) -> Iterator[Reason]:
    """Reasons, the best first, each with the points that show the mistake and where what it says of the test's own is not so."""
    known = [p for p in predicates(mutant, own) if not any(p.holds(q) for q in own)]
    told = {id(q.point) for q in telling}  # of the functions that a product makes at a point, one is enough
    silent = [q for q in others if id(q.point) not in told]
    weighed = sorted(((_misfit(p, telling, silent), p.rank, n, p) for n, p in enumerate(known)), key=lambda w: w[:3])
    fit = [p for misfit, _, _, p in weighed if misfit == 0]
    loose = [p for misfit, _, _, p in weighed if misfit == 1]
    for p in fit:
        held = [q for q in telling if p.holds(q)]
        if _matters(p, mutant, own[0], held[0], shows):
            yield _together(p, fit), held
    equal = [(text, list(telling)) for text in coincidences(mutant, own)]
    if mutant.kind != BRANCH:  # that two masks are equal says less than what they are masks of
        yield from equal
    for p in loose:
        held = [q for q in telling if p.holds(q)]
        if _matters(p, mutant, own[0], held[0], shows):
            yield p.text, held
    yield from equal
    yield HAPPEN, list(telling)


def _misfit(predicate: Predicate, telling: Sequence[Probe], silent: Sequence[Probe]) -> int:
    """0 where the mistake shows only where the predicate holds, and mostly there; 1 where that is so of some; 2 where it is not."""
    held = sum(map(predicate.holds, telling))
    beside = sum(map(predicate.holds, silent))
    if held == 0:
        return 2
    precise = held / (held + beside)
    if held == len(telling) and precise >= FITS:
        return 0
    return 1 if precise >= LOOSE and held >= LOOSE * len(telling) else 2


def _together(predicate: Predicate, fit: Sequence[Predicate]) -> str:
    """A branch that is never taken, with what of the arguments keeps the points from it where that is known."""
    if predicate.rank >= INPUTS:
        return predicate.text
    of_inputs = next((p.text for p in fit if p.rank == INPUTS and p.index is None), None)
    return predicate.text if of_inputs is None else f"{of_inputs}, and none {predicate.text.removeprefix('no point ')}"


def _matters(predicate: Predicate, mutant: Mutant, own: Probe, telling: Probe, shows: Shows) -> bool:
    """Whether the mistake hides once the argument that a statement is about has the test's own value again."""
    names = list(inputs_of(own))
    if predicate.name not in names:
        return True
    i = own.problem.argnums[names.index(predicate.name)]
    value: Any = np.array(telling.point[i])
    if np.shape(value) != np.shape(own.point[i]):
        return True
    index = ... if predicate.index is None else predicate.index
    value[index] = np.asarray(own.point[i])[index]
    given = list(telling.point)
    given[i] = value[()]
    return not shows(tuple(given), mutant)
