"""Dask clusters for tests: one in this process, quick to start; one of processes of its own, whose workers can be killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
ENVIRONMENT = os.environ | {
    "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "tests"))),
    "DASK_DISTRIBUTED__LOGGING__DISTRIBUTED": "critical",
    "PYTHONWARNINGS": "ignore",
}


@contextmanager
def cluster_here(workers: int = 2) -> Iterator[str]:
    """The address of a scheduler in a thread of this process, with workers beside it: what they do for us is done in processes of their own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library's own, of ports and sockets
        from distributed import LocalCluster

        with LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=False,
            protocol="tcp",
            host="127.0.0.1",
            dashboard_address=None,
            silence_logs=50,
        ) as cluster:
            yield cluster.scheduler_address


@dataclass
class Processes:
    """A scheduler and its workers, each a process with a nanny that starts it again."""

    folder: Path
    address: str = ""

    def __post_init__(self):
        self.running: list[subprocess.Popen] = []

    def start(self, workers: int) -> None:
        self.scheduler = self._run(
            "scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(self.folder / "scheduler.json")
        )
        self.address = json.loads(_when_there(self.folder / "scheduler.json"))["address"]
        for _ in range(workers):
            self.hire()

    def hire(self, *arguments: str, environment: dict[str, str] | None = None) -> subprocess.Popen:
        """One more worker."""
        place = ("--nthreads", "1", "--local-directory", str(self.folder), "--host", "127.0.0.1")
        return self._run("worker", self.address, *place, *arguments, environment=environment)

    def _run(self, *arguments: str, environment: dict[str, str] | None = None) -> subprocess.Popen:
        command = [sys.executable, "-m", "dask", *arguments, "--no-dashboard"]
        process = subprocess.Popen(
            command,
            cwd=self.folder,
            env=ENVIRONMENT | (environment or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.running.append(process)
        return process

    def workers(self) -> list[int]:
        """The processes that do the work: children of the nannies."""
        return [pid for nanny in self.running[1:] for pid in children(nanny.pid) if b"spawn_main" in _command(pid)]

    def stop(self) -> None:
        for process in reversed(self.running):
            process.terminate()
        for process in reversed(self.running):
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def cluster_of_processes(folder: Path, workers: int = 2) -> Iterator[Processes]:
    cluster = Processes(folder)
    try:
        cluster.start(workers)
        until(lambda: len(cluster.workers()) >= workers)
        yield cluster
    finally:
        cluster.stop()


def children(pid: int) -> list[int]:
    try:
        return [int(p) for task in Path(f"/proc/{pid}/task").iterdir() for p in (task / "children").read_text().split()]
    except OSError:
        return []


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def until(what, seconds: float = 30.0):
    """Wait for something to be true, and give it."""
    end = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
    return found


def _when_there(path: Path) -> str:
    until(lambda: path.exists() and path.read_text().strip().endswith("}"))
    return path.read_text()
