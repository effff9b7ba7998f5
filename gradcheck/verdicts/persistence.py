"""Telling a mistake from rounding: a mistake persists over nearby points, rounding is erratic.

The claim is repeated at 16 points around, on the same smooth piece, and its deviation from the truth there is tested entry by entry,
absolute and relative: by Student's t, and by the median over the median absolute deviation, which outliers cannot hide from. A
deviation that no scatter of independent rounding would give (odds of 1e-9, shared among the entries tested) is a mistake.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import special

from gradcheck.gradients.method import Problem
from gradcheck.gradients.tape import Tape
from gradcheck.gradients.truth import Truth, certify
from gradcheck.precision import info, representable
from gradcheck.verdicts.accuracy import measure
from gradcheck.verdicts.pieces import decisions

NEIGHBOURS, FEWEST = 16, 6
SHARED = 0.25  # of the claim's typical deviation: a tape that is off as much has lost its digits the same way
APART = 4.0  # units in the last place that a claim and the tape may be apart for good: their constants are rounded otherwise
VARIES = 256.0  # units of roundoff by which a gradient must vary for its rounding to vary too
ODDS = 1e-9  # of calling rounding a mistake, over all entries tested at one point
ROBUST = 40.0
"""Medians of 16 uniform deviates exceed 11.6 median absolute deviations with odds of 1e-6 (8 million simulated), and 1.45 times
more for each further power of ten, whence also the exponent 0.16 = log10(1.45) of the number of entries."""
Repeat = Callable[[Problem], "tuple[Any, ...] | None"]


def persistent(problem: Problem, repeat: Repeat, beyond: Any, doubtful: Any, dtype: Any) -> Any:
    """Which entries deviate in a way that persists; a mask like the two given.

    Entries `beyond` the tolerance persist also where nothing can be seen: the claim cannot be repeated, the gradient does not vary nearby. Those that
    are only `doubtful` need evidence: a gradient that varies (where it is constant, its rounding is too), and a deviation that the tape does not share.
    """
    tested = beyond | doubtful
    nearby: list[_Nearby] = []
    for deviation in _deviations(problem, repeat, tested, dtype):
        nearby.append(deviation)
        if len(nearby) == FEWEST and beyond.any():  # a plain mistake shows at once
            plain = _systematic(_table(nearby, "absolute")) | _systematic(_table(nearby, "relative"))
            if plain[beyond[tested]].all():
                return beyond.copy()
    if len(nearby) < FEWEST:
        return beyond.copy()
    absolute, relative, truth, tape = (_table(nearby, part) for part in ("absolute", "relative", "truth", "tape"))
    varies = np.ptp(truth, axis=0) > VARIES * float(info(dtype).eps) * np.max(np.abs(truth), axis=0)
    as_large = np.abs(np.median(tape, axis=0)) >= SHARED * np.abs(np.median(absolute, axis=0))
    shared = as_large & (_systematic(tape) | _systematic(tape / np.where(truth == 0, 1.0, np.abs(truth))))
    found = np.zeros(len(tested), dtype=bool)
    found[tested] = (_systematic(absolute) | _systematic(relative)) & (beyond[tested] | (varies & ~shared))
    found[tested] |= varies & _beside_the_tape(absolute - tape, truth, tape, float(info(dtype).eps))
    return found


def _table(nearby: list[_Nearby], part: str) -> Any:
    """One row for each nearby point."""
    return np.array([getattr(d, part) for d in nearby])


def _beside_the_tape(beside: Any, truth: Any, tape: Any, eps: float) -> Any:
    """Entries that differ from the tape in a way that persists, where the tape differs from the truth erratically.

    A claim that computes as the tape does shares its rounding; what is left is the mistake alone, far below what rounding hides.
    """
    size = np.where(truth == 0, 1.0, np.abs(truth))
    erratic = ~(_systematic(tape) | _systematic(tape / size))
    large = np.abs(np.median(beside / size, axis=0)) > APART * eps
    return erratic & large & (_systematic(beside) | _systematic(beside / size))


def _systematic(table: Any) -> Any:
    """Columns whose centre is farther from zero than their scatter allows at the stated odds."""
    n, entries = table.shape
    student = -special.stdtrit(n - 1, ODDS / (8 * max(entries, 1))) / np.sqrt(n)
    robust = ROBUST * max(entries, 1) ** 0.16
    largest = np.max(np.abs(table), axis=0)
    table = table / np.where(largest == 0, 1.0, largest)  # squares of small deviations would underflow
    with np.errstate(all="ignore"):
        mean, deviation = np.abs(table.mean(axis=0)), table.std(axis=0, ddof=1)
        median = np.median(table, axis=0)
        spread = np.median(np.abs(table - median), axis=0)
        return ~((mean <= student * deviation) & (np.abs(median) <= robust * spread))  # NaN is systematic


@dataclass(frozen=True, slots=True, eq=False)
class _Nearby:
    """At one nearby point, for the entries tested: the claim's error, absolute and relative, the truth, and the tape's error."""

    absolute: Any
    relative: Any
    truth: Any
    tape: Any


def _deviations(problem: Problem, repeat: Repeat, tested: Any, dtype: Any) -> Iterator[_Nearby]:
    """What is found at each nearby point of the same smooth piece, where the recorded program still holds."""
    piece = decisions(problem)
    for near in _neighbours(problem, dtype):
        truth = certify(near) if decisions(near) == piece else None
        if not isinstance(truth, Truth) or truth.is_kink:
            continue
        entries = repeat(near)
        if entries is None:
            return
        accuracy = measure(entries, truth.entries, dtype, truth.bits)
        scale = np.where(accuracy.truth == 0, 1.0, np.abs(accuracy.truth))
        tape = measure(Tape().gradient(near).entries, truth.entries, dtype, truth.bits).error
        yield _Nearby(accuracy.error[tested], (accuracy.error / scale)[tested], accuracy.truth[tested], tape[tested])


def _neighbours(problem: Problem, dtype: Any) -> Iterator[Problem]:
    """Points 2^13 units of roundoff away and farther; adjacent floats would share their rounding. Far ones and near ones in turn.

    In the narrow types these would lie in another country: there, from 2^4 units on.
    """
    unit = np.log2(float(info(dtype).eps) / 2)
    rng = np.random.default_rng(0)
    distances = np.exp2(np.linspace(min(unit + 13, max(unit + 4, -7.0)), min(max(-10.0, unit + 20), -2.0), NEIGHBOURS))
    for distance in distances.reshape(4, -1).T[::-1, ::-1].ravel():
        arguments = list(problem.arguments)
        for position, x in zip(problem.argnums, problem.inputs, strict=True):
            step = distance * rng.choice([-1.0, 1.0], np.shape(x)) * rng.uniform(0.5, 1.0, np.shape(x))
            arguments[position] = representable(problem.function, (x * (1 + step)).astype(x.dtype)[()])
        yield replace(problem, arguments=tuple(arguments))
