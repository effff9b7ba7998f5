"""What one question may still use: time by the clock on the wall while we wait for an answer, and by the program's own processor clock."""

from __future__ import annotations

import contextlib
import math
import os
import time
from pathlib import Path

from gradcheck.grading.model import Limits


def cpu_of(process: int) -> float:
    """Seconds of processor time of a process of this machine, nan where it has ended; without those it started."""
    try:
        return time.clock_gettime((~process << 3) | 2)  # CPUCLOCK_SCHED, as clock_getcpuclockid makes it
    except OSError:
        return math.nan


def cpu_below(process: int) -> float:
    """Seconds of processor time of all that a process started and that it has not buried, with those they buried."""
    total, waiting = 0.0, [process]
    ticks = os.sysconf("SC_CLK_TCK")
    while waiting:
        current = waiting.pop()
        with contextlib.suppress(OSError, ValueError):
            for task in Path(f"/proc/{current}/task").iterdir():
                waiting += map(int, (task / "children").read_text().split())
        with contextlib.suppress(OSError, ValueError):
            fields = Path(f"/proc/{current}/stat").read_text().rpartition(")")[2].split()
            own = 0 if current == process else sum(map(int, fields[11:13]))
            total += (own + sum(map(int, fields[13:15]))) / ticks
    return total


class Clock:
    """The time of one question, over all its calls and all the processes it takes."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._wall = limits.wall_seconds
        self._cpu = limits.cpu_seconds
        self._process = 0
        self._since = 0.0
        self._from = 0.0

    def watch(self, process: int) -> None:
        """This process's clock counts, from now."""
        self._process = process
        self._from = self._read()

    def start(self) -> None:
        """We wait for the program."""
        self._since = time.monotonic()

    def stop(self) -> None:
        """We have an answer."""
        self._wall -= time.monotonic() - self._since

    @property
    def wall_left(self) -> float:
        """Seconds on the wall, while we wait."""
        return self._wall - (time.monotonic() - self._since)

    @property
    def cpu_left(self) -> float:
        """Seconds of the processor; the last known where the process has ended."""
        now = self._read()
        if not math.isnan(now):
            self._cpu -= now - self._from
            self._from = now
        return self._cpu

    def spent(self, cpu: float) -> None:
        """What the process came to in all, known once it has ended."""
        self._cpu -= max(0.0, cpu - self._from)
        self._process = 0

    def look_again(self) -> float:
        """Seconds after which a limit may have been passed."""
        soonest = self.cpu_left / max(1, self._limits.processes)
        return max(0.005, min(self.wall_left, soonest + 0.002))

    def _read(self) -> float:
        if not self._process:
            return math.nan
        below = cpu_below(self._process) if self._limits.processes > 1 else 0.0
        return cpu_of(self._process) + below
