"""Why a test's points miss a mistake, in words: the simplest thing that holds where the mistake shows, and at none of the points.

Every statement is worked out from the numbers at the points themselves, so it is true of them. Among those that are true, the one is told that fits best
where else the mistake shows and does not.
"""

from __future__ import annotations

from collections.abc import Sequence

from gradcheck.mutation.coincidences import coincidences
from gradcheck.mutation.mutant import Mutant
from gradcheck.mutation.predicates import Predicate, predicates
from gradcheck.mutation.probe import Probe

FITS = 0.7  # share of the points where a statement does not hold at which the mistake must show
LOOSE = 0.5  # the same for what is told where nothing better is known


def explain(mutant: Mutant, own: Sequence[Probe], others: Sequence[Probe], telling: Sequence[Probe]) -> list[tuple[str, list[Probe]]]:
    """Reasons, the best first, each with the points that show the mistake and where what it says of the test's own is not so."""
    known = [p for p in predicates(mutant, own) if not any(p.holds(q) for q in own)]
    told = set(map(id, telling))
    silent = [q for q in others if id(q) not in told]
    weighed = sorted(((_misfit(p, telling, silent), p.rank, n, p) for n, p in enumerate(known)), key=lambda w: w[:3])
    found = [(p.text, [q for q in telling if p.holds(q)]) for misfit, *_, p in weighed if misfit == 0]
    found += [(text, list(telling)) for text in coincidences(mutant, own)]
    found += [(p.text, [q for q in telling if p.holds(q)]) for misfit, *_, p in weighed if misfit == 1]
    return [*found, ("the points given happen to give the same numbers", list(telling))]


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
