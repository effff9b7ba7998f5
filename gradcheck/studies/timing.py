"""Times of calls, taken in turn: every round times each of them, so that all see the same machine.

Times are the processor time of this process, the kernel's work for it included: on an idle machine that is what a clock on the wall shows of
a program with one thread, and other programs do not enter it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

Key = TypeVar("Key", bound=Hashable)
ROUNDS = 7
FILL = 0.003  # seconds a call is repeated for in each round: a thousand ticks of any clock
WARM = 0.05  # seconds of calls that are not timed, before the first round
LEAST = 3  # rounds in which every call is timed, however long it takes


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds of one call: the median over the rounds, the quartiles, and in how many rounds how many calls were timed together."""

    median: float
    low: float
    high: float
    rounds: int
    calls: int


def in_turn(
    calls: Mapping[Key, Callable[[], Any]],
    *,
    rounds: int = ROUNDS,
    fill: float = FILL,
    budget: float = 10.0,
    clock: Callable[[], float] = time.process_time,
    progress: Callable[[str], None] = lambda what: None,
) -> dict[Key, Timing]:
    """Time every call in `rounds` rounds, each round beginning with another one.

    Short calls are repeated to fill `fill` seconds. After `LEAST` rounds, calls that have taken their share of `budget` seconds (for all
    of them together) are timed no more.
    """
    repeats = {key: _repeats(call, fill, clock) for key, call in calls.items()}
    seconds: dict[Key, list[float]] = {key: [] for key in calls}
    share = budget / max(len(calls), 1)
    for done in range(rounds):
        progress(f"timing {len(calls)} calls, round {done + 1} of {rounds}")
        names, first = list(calls), done % max(len(calls), 1)
        for key in (*names[first:], *names[:first]):  # nobody always comes first
            if done < LEAST or sum(seconds[key]) * repeats[key] < share:
                seconds[key].append(_once(calls[key], repeats[key], clock))
    return {key: _summary(found, repeats[key]) for key, found in seconds.items()}


def _once(call: Callable[[], Any], times: int, clock: Callable[[], float]) -> float:
    """Seconds per call."""
    start = clock()
    for _ in range(times):
        call()
    return (clock() - start) / times


def _repeats(call: Callable[[], Any], fill: float, clock: Callable[[], float]) -> int:
    """How many calls fill the time, judged after calls that warm up caches and programs."""
    start, count = clock(), 0
    while count < 2 or (clock() - start < min(WARM, 10 * fill) and count < 10_000):
        call()
        count += 1
        if count == 1 and clock() - start > WARM:
            return 1
    return max(1, round(fill / max((clock() - start) / count, 1e-9)))


def _summary(seconds: list[float], calls: int) -> Timing:
    """Median and quartiles, between neighbours where they fall between two."""
    return Timing(_quantile(seconds, 0.5), _quantile(seconds, 0.25), _quantile(seconds, 0.75), len(seconds), calls)


def _quantile(numbers: list[float], at: float) -> float:
    ordered = sorted(numbers)
    below, part = divmod(at * (len(ordered) - 1), 1)
    i = int(below)
    return ordered[i] + part * (ordered[min(i + 1, len(ordered) - 1)] - ordered[i])
