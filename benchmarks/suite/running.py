"""Every peer on every workload, one process each, within a time box and a memory cap."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from suite.measure import MARK
from suite.peers import PEERS
from suite.timing import THREADS

FOLDER = Path(__file__).parents[1]


@dataclass(frozen=True)
class Limits:
    """What one process may take."""

    seconds: float = 20.0
    gigabytes: float = 6.0
    quick: bool = False
    plugins: tuple[str, ...] = ()


def run(peers: Sequence[str], workloads: Sequence[str], limits: Limits) -> Iterator[dict[str, Any]]:
    """One row for each pair, as it is measured."""
    missing = {name for name in peers if not installed(PEERS[name].needs)}
    for workload in workloads:
        for name in peers:
            peer = PEERS[name]
            if name in missing:
                found = {"status": "not installed", "reason": peer.needs}
            elif peer.only and not workload.startswith(peer.only):
                found = {"status": "no form", "reason": peer.why}
            else:
                found = measured_apart(name, workload, limits)
            yield {"workload": workload, "peer": name, **found}


def installed(package: str) -> bool:
    """Whether the package can be imported, gradcheck from this very checkout."""
    return package == "gradcheck" or importlib.util.find_spec(package) is not None


def environment() -> dict[str, str]:
    """This process's own, with threads pinned and this checkout first on the path."""
    path = os.pathsep.join(filter(None, [str(FOLDER), str(FOLDER.parent), os.environ.get("PYTHONPATH", "")]))
    return {**os.environ, **THREADS, "PYTHONPATH": path}


def measured_apart(peer: str, workload: str, limits: Limits) -> dict[str, Any]:
    """A process for one measurement; what it does not finish is said, not dropped."""
    command = [sys.executable, "-m", "suite.measure", peer, workload, "--memory-cap", str(limits.gigabytes)]
    command += ["--quick"] * limits.quick + [word for file in limits.plugins for word in ("--plugin", str(Path(file).resolve()))]
    try:
        done = subprocess.run(  # noqa: S603  our own module
            command, capture_output=True, text=True, timeout=limits.seconds, cwd=FOLDER, env=environment()
        )
    except subprocess.TimeoutExpired:
        return {"status": "DNF", "reason": f"not finished in {limits.seconds:g} s"}
    lines = [line for line in done.stdout.splitlines() if line.startswith(MARK)]
    if not lines:
        last = (done.stderr.strip().splitlines() or [""])[-1]
        return {"status": "failed", "reason": f"ended with code {done.returncode}: {last[:160]}"}
    row: dict[str, Any] = json.loads(lines[-1].removeprefix(MARK))
    return row
