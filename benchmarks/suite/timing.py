"""Timing in turn: every round times each function, so that ratios within a round see the same machine.

Calls are timed by the processor time of this process, all its threads and the kernel's work for it included: with threads pinned it is
what the clock on the wall shows on an idle machine, and other programs do not enter it.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any

THREADS = {
    **dict.fromkeys(
        ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "NUMBA_NUM_THREADS"), "1"
    ),
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    "JAX_ENABLE_X64": "1",
    "JAX_PLATFORMS": "cpu",
}  # fmt: skip


def once(function: Callable[[], Any], times: int = 1) -> float:
    """Seconds of processor time per call."""
    start = time.process_time()
    for _ in range(times):
        function()
    return (time.process_time() - start) / times


def in_turn(functions: Mapping[str, Callable[[], Any]], *, rounds: int, target: float, budget: float) -> dict[str, list[float]]:
    """Seconds per call of each function, one figure a round; a call is repeated to fill `target` seconds.

    Rounds end early, though not before the third, when `budget` seconds have passed.
    """
    times = {name: _repeats(function, target) for name, function in functions.items()}
    seconds: dict[str, list[float]] = {name: [] for name in functions}
    start = time.perf_counter()
    for done in range(rounds):
        if done >= 3 and time.perf_counter() - start > budget:
            break
        names = list(functions)
        for name in (*names[done % len(names) :], *names[: done % len(names)]):  # nobody always comes first
            seconds[name].append(once(functions[name], times[name]))
    return seconds


def _repeats(function: Callable[[], Any], target: float) -> int:
    warm = once(function)
    if warm < target / 20:  # one call tells little: time a few
        warm = once(function, 10)
    return max(1, int(target / max(warm, 1e-8)))


def ratio(above: list[float], below: list[float]) -> float:
    """The median of the ratios of each round."""
    return statistics.median(a / b for a, b in zip(above, below, strict=True))
