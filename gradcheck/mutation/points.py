"""Points at which a mutant may show: drawn from the domain in round numbers, then where bugs live, as a search would look."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np

from gradcheck.domains import Domain, Integer, Real
from gradcheck.errors import GradcheckError
from gradcheck.verdicts.candidates import Candidate, edited, space_of
from gradcheck.verdicts.search import Search, in_turn

DRAWN = 12  # points drawn
LOOKED = 48  # candidates of a search looked at besides
Point = tuple[Any, ...]


def drawn(point: Point, chosen: tuple[int, ...], domains: Mapping[int, Domain], seed: int) -> Iterator[Point]:
    """Points of the domain in few digits: as it is drawn, else both signs, three scales."""
    rng = np.random.default_rng([seed, 1])
    for turn in range(DRAWN):
        moved = list(point)
        for i, value in enumerate(point):
            domain = domains.get(i)
            if i in chosen:
                moved[i] = _float(np.asarray(value), domain, turn, rng)
            elif isinstance(domain, Integer):
                moved[i] = domain.sample(rng)
        yield tuple(moved)


def _float(x: Any, domain: Domain | None, turn: int, rng: Any) -> Any:
    if isinstance(domain, Real) and (np.isfinite(domain.low) or np.isfinite(domain.high)):
        return np.asarray(_rounded(domain.sample(rng), domain), dtype=x.dtype)[()]
    size = 3.0 if turn % 3 == 2 else 1.0 if turn % 3 else 0.7 * max(float(np.max(np.abs(x), initial=0.0)), 1e-3)
    found = size * rng.uniform(0.3, 2.0, x.shape) * rng.choice([-1.0, 1.0], x.shape)
    if turn < 2:
        found = np.abs(found) * (1.0 if turn == 0 else -1.0)
    return np.asarray(_rounded(found, None), dtype=x.dtype)[()]


def _rounded(values: Any, domain: Real | None) -> Any:
    """To two digits after the point, where that keeps them in the domain and apart from 0."""
    short = np.round(values, 2)
    if np.any(short == 0) or not np.all(np.isfinite(short)):
        return values
    try:
        if domain is not None:
            domain.check("x", short)
    except GradcheckError:
        return values
    return short


def candidates(looking: Search, points: Sequence[Point], *, decides: bool) -> Iterator[Point]:
    """Where a search would look around the first points, shapes kept; hops are driven nowhere in a function that decides nothing."""
    shapes = [np.shape(v) for v in points[0]]
    around = [looking.candidates(p) if decides else _changed(looking, p) for p in points[:2]]
    found = (c.arguments for c in in_turn(*around) if [np.shape(v) for v in c.arguments] == shapes)
    yield from islice(found, LOOKED if decides else LOOKED // 2)


def _changed(looking: Search, point: Point) -> Iterator[Candidate]:
    return edited(space_of(point, looking.chosen, looking.domains), looking.seed)
