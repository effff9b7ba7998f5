"""What looks like something else than a derived gradient: told to a person with its evidence, never to the mark."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from gradcheck.gradients.method import Problem
from gradcheck.grading.marking.points import Prepared, Spot
from gradcheck.grading.marking.reading import Reading
from gradcheck.grading.results import Flag, Result
from gradcheck.verdicts.verdict import Verdict

STEPS = (
    *(10.0**-k for k in range(1, 13)),
    *(5.0 * 10.0**-k for k in range(2, 8)),
    float(np.finfo(float).eps) ** 0.5,
    float(np.finfo(float).eps) ** (1 / 3),
)
EXACT, WILD = 1e-13, 1e-2  # relative errors: below the first nothing tells differences from a formula, above the second it is none
ROUNDED = 64.0  # units of roundoff of narrower floats that are no sign of anything
ENTRIES = 6  # of a spot, the worst first
MATCHES = 20.0  # times nearer to the quotient than to the truth


def flags_of(
    prepared: Prepared,
    readings: Sequence[Reading],
    results: Mapping[str, Result],
    verdicts: Sequence[tuple[Spot, Verdict]],
    steps: Sequence[float],
) -> tuple[Flag, ...]:
    """Flags of one question's answers."""
    found = [_differences(prepared, readings, steps), _constant(prepared, readings), _memorised(prepared, verdicts)]
    return tuple(f for f in found if f is not None)


def _differences(prepared: Prepared, readings: Sequence[Reading], steps: Sequence[float]) -> Flag | None:
    """Errors that are those of a difference quotient with a certain step."""
    seen: dict[tuple[str, float], int] = {}
    looked = 0
    erratic = []
    for spot, reading in list(zip(prepared.spots, readings, strict=True))[:3]:
        for problem, place, claimed, true in _suspicious(prepared, spot, reading):
            looked += 1
            erratic.append(abs(claimed - true) / abs(true))
            for scheme, h, quotient in _quotients(problem, place, steps):
                if abs(claimed - quotient) * MATCHES <= abs(claimed - true):
                    seen[scheme, h] = seen.get((scheme, h), 0) + 1
    if not looked:
        return None
    (scheme, h), count = max(seen.items(), key=lambda item: item[1], default=(("", 0.0), 0))
    if count >= max(2, 0.8 * looked) or (count == looked == 1):
        nearer = f"at {count} of {looked} entries the errors are those of {scheme} differences with the step {h:g}"
        return Flag("finite-differences", nearer)
    if steps and looked >= 2 and max(erratic) < 1e-4:
        return Flag(
            "finite-differences",
            f"the function holds the number {min(steps):g}, and {looked} entries are off by {max(erratic):.0e} at most, relatively",
        )
    return None


def _suspicious(prepared: Prepared, spot: Spot, reading: Reading) -> Iterator[tuple[Problem, tuple[int, Any], float, float]]:
    """Entries of arguments that are near the truth and too far off for rounding."""
    if spot.by.truth.is_kink:
        return
    found = []
    for j, (name, truth) in enumerate(zip(prepared.names, spot.by.truth.floats(), strict=True)):
        claimed = reading.fitting().get(name)
        if claimed is None:
            continue
        array, true, given = np.asarray(claimed, dtype=float), np.asarray(truth), np.asarray(claimed).dtype
        least = max(EXACT, ROUNDED * float(np.finfo(given).eps) if given.kind == "f" else 0.0)
        for index in np.ndindex(array.shape):
            c, t = float(array[index]), float(true[index])
            if t != 0 and np.isfinite(c) and least < abs(c - t) / abs(t) < WILD:
                found.append((abs(c - t) / abs(t), (j, index), c, t))
    for _, place, c, t in sorted(found, key=lambda f: -f[0])[:ENTRIES]:
        yield spot.problem, place, c, t


def _quotients(problem: Problem, place: tuple[int, Any], steps: Sequence[float]) -> Iterator[tuple[str, float, float]]:
    """Difference quotients at an entry, forward, backward and central, for the steps that people use and those in the source."""
    for h in dict.fromkeys((*steps, *STEPS)):
        ahead, behind = _moved(problem, place, h), _moved(problem, place, -h)
        here = float(problem.value)
        yield from (("central", h, (ahead - behind) / (2 * h)), ("forward", h, (ahead - here) / h), ("backward", h, (here - behind) / h))


def _moved(problem: Problem, place: tuple[int, Any], h: float) -> float:
    j, index = place
    inputs = [np.array(x, dtype=np.asarray(x).dtype) for x in problem.inputs]
    inputs[j][index] += h
    try:
        return float(problem.at(tuple(x[()] if x.shape == () else x for x in inputs)))
    except Exception:  # the instructor's function, at points where it need not have a value
        return math.nan


def _constant(prepared: Prepared, readings: Sequence[Reading]) -> Flag | None:
    """The same numbers wherever it is asked, where the gradient differs."""
    if len(readings) < 2:
        return None
    for j, name in enumerate(prepared.names):
        given = [r.fitting()[name] for r in readings if name in r.fitting()]
        if len(given) < len(readings) or not all(np.array_equal(given[0], g, equal_nan=True) for g in given[1:]):
            continue
        truths = [s.by.truth.floats()[j] for s in prepared.spots]
        if (
            not np.any(given[0])
            or not np.isfinite(np.asarray(given[0], dtype=float)).all()
            or all(np.array_equal(truths[0], t) for t in truths[1:])
        ):
            continue
        return Flag("hard-coded", f"the gradient for {name} is the same at all {len(given)} points, where the true one is not")
    return None


def _memorised(prepared: Prepared, verdicts: Sequence[tuple[Spot, Verdict]]) -> Flag | None:
    """Right wherever the points are known, wrong wherever they are not."""
    wrong = {id(s) for s, _ in verdicts}
    visible = [s for s in prepared.spots if s.visible]
    hidden = [s for s in prepared.spots if not s.visible]
    if len(visible) and len(hidden) >= 2 and not any(id(s) in wrong for s in visible) and all(id(s) in wrong for s in hidden):
        return Flag("memorised-points", f"right at all {len(visible)} visible points, wrong at all {len(hidden)} hidden ones")
    return None
