"""The memory of this process, where the system tells it."""

from __future__ import annotations

import resource
from pathlib import Path

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def cap(gigabytes: float) -> None:
    """Let this process take no more memory than that; more is a MemoryError or an end by signal."""
    limit = int(gigabytes * 2**30)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def start_peak() -> float:
    """Forget the highest use so far; gives the present one, in MB."""
    try:
        _CLEAR.write_text("5")
    except OSError:
        return peak()
    return _read("VmRSS")


def peak() -> float:
    """The highest use of memory since the start, or since it was last forgotten, in MB."""
    try:
        return _read("VmHWM")
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _read(name: str) -> float:
    line = next(line for line in _STATUS.read_text().splitlines() if line.startswith(f"{name}:"))
    return float(line.split()[1]) / 1024
