"""The first steps of a program's own process: walls are raised around it, then its questions are answered."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import gc
import json
import os
import resource
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from . import kernel, landlock, seccomp
from .jobs import MANY, Job, Setup

_HIGH = 900  # descriptors that nothing else has


@dataclass(frozen=True, slots=True)
class Ready:
    """What is made once for all programs of a stage."""

    serve: Callable[[int, Path], None]
    rules: landlock.Rules | None
    filters: tuple[bytes, ...]


def prepare(setup: Setup, serve: Callable[[int, Path], None]) -> Ready:
    """`serve` answers the questions. Raises OSError where a wall cannot be raised here."""
    kernel.drop_bounding()
    rules = landlock.Rules(setup.readable, setup.devices, setup.listable) if setup.landlock else None
    if not setup.seccomp:
        return Ready(serve, rules, ())
    signals = setup.mounts or landlock.scopes_signals()
    return Ready(serve, rules, tuple(seccomp.make(forks=forks, signals=forks and signals) for forks in (False, True)))


def tell(line: int, **said: object) -> None:
    """The other side of a program's line, which knows from the kernel who says it."""
    with contextlib.suppress(OSError):  # nobody listens any more
        os.write(line, json.dumps(said).encode())


def fail(line: int, error: BaseException) -> None:
    """Something of ours failed."""
    tell(line, failed=f"{type(error).__name__}: {error}")


def private_folder(setup: Setup, job: Job) -> None:
    """A file system of the program's own, bounded in size and files, where there are mounts."""
    if setup.mounts:
        kernel.unshare(kernel.CLONE_NEWNS | kernel.CLONE_NEWIPC)
        owner = "" if job.user is None else f",uid={job.user},gid={job.user}"
        data = f"size={job.file_bytes},nr_inodes={MANY},mode=0700{owner}"
        kernel.mount("private", job.folder, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, data)


def become(setup: Setup, ready: Ready, job: Job, line: int, channel: int, printed: int, *, root: bool) -> NoReturn:
    """This process becomes the program's. `root`: nothing that it starts outlives it."""
    try:
        if root:
            tell(line, keeper=True)
            private_folder(setup, job)
        if os.getpid() == 1:
            _hear_abort()
        rules = -1 if ready.rules is None else fcntl.fcntl(ready.rules.for_program(job.folder), fcntl.F_DUPFD, _HIGH + 10)
        kept = [number for number, _ in setup.handles] + ([rules] if rules >= 0 else [])
        line, channel = _descriptors(line, channel, printed, kept)
        tell(line, student=True)
        _walls(ready, job, rules)
        tell(line, ready=True)
        os.close(line)
    except BaseException as error:  # noqa: BLE001 - told of as ours
        fail(line, error)
        os._exit(1)
    try:
        _redirect()
        gc.enable()
        ready.serve(channel, Path(job.folder))
    except BaseException as error:  # noqa: BLE001
        os.write(2, f"{type(error).__name__}: {error}".encode("utf-8", "replace"))
    finally:
        os._exit(1)


def _hear_abort() -> None:
    """The first process of a namespace is deaf to signals that it does not handle: let abort end it with its number."""
    library = ctypes.CDLL(None)
    library.signal.argtypes = (ctypes.c_int, ctypes.c_void_p)
    library.signal(signal.SIGABRT, ctypes.cast(library._exit, ctypes.c_void_p))


def _descriptors(line: int, channel: int, printed: int, handles: list[int]) -> tuple[int, int]:
    """Nothing, what is printed, what is printed, the channel, the keeper's line (closed before the program is read); nothing else is open."""
    kept = [os.open(os.devnull, os.O_RDONLY), printed, printed, channel, line]
    for place, descriptor in enumerate(kept):
        os.dup2(descriptor, _HIGH + place)
    for place in range(len(kept)):
        os.dup2(_HIGH + place, place)
    last = len(kept) - 1
    for handle in sorted(handles):
        os.closerange(last + 1, handle)
        last = handle
    os.closerange(last + 1, 1 << 20)
    return 4, 3


def _walls(ready: Ready, job: Job, rules: int) -> None:
    os.umask(0o077)
    os.environ.update(HOME=job.folder, TMPDIR=job.folder)
    os.setsid()
    if job.user is not None:
        kernel.become(job.user)
    os.chdir(job.folder)
    kernel.drop_capabilities()
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
    _limits(job)
    if rules >= 0:
        landlock.restrict(rules)
    if ready.filters:
        seccomp.install(ready.filters[job.processes > 1], os.getpid())


def _limits(job: Job) -> None:
    for kind, soft, hard in (
        (resource.RLIMIT_CPU, job.cpu, job.cpu),
        (resource.RLIMIT_AS, job.memory, job.memory),
        (resource.RLIMIT_NPROC, job.others + job.processes, job.others + job.processes),
        (resource.RLIMIT_FSIZE, job.file_bytes, job.file_bytes),
        (resource.RLIMIT_NOFILE, job.open_files, job.open_files),
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_MEMLOCK, 0, 0),
        (resource.RLIMIT_MSGQUEUE, 0, 0),
    ):
        ceiling = resource.getrlimit(kind)[1]
        bounded = [limit if ceiling == resource.RLIM_INFINITY else min(limit, ceiling) for limit in (soft, hard)]
        resource.setrlimit(kind, (bounded[0], bounded[1]))


def _redirect() -> None:
    """Streams that lead where the descriptors lead now."""
    for descriptor, name in enumerate(("stdout", "stderr"), 1):
        stream = open(descriptor, "w", encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
