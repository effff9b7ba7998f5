"""Where walls are raised, from inside: a stage with NumPy loaded starts one process per program, and keeps it.

The stage is told where it stands (`Setup`), then receives jobs with three descriptors each: the keeper's line, the program's channel, and where what
it prints goes. A keeper mounts the program's private folder, starts it, waits for it and says how it ended; where it is the first process of a
namespace, all that the program started dies with it. No code of a student runs in a stage or a keeper.
"""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import socket
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from . import kernel, landlock, namespaces, seccomp

_MESSAGE = 1 << 17
_HIGH = 900  # descriptors that nothing else has


@dataclass(frozen=True, slots=True)
class Setup:
    """How a stage stands. `nested`: a process namespace for each program; `mounts`: a file system of its own for each.

    `handles` are folders to be opened under these numbers while we may reach them; a program keeps them.
    """

    level: str
    path: list[str]
    readable: list[str]
    devices: list[str]
    preload: list[str]
    one_shot: bool
    nested: bool
    mounts: bool
    landlock: bool
    seccomp: bool
    listable: list[str] = field(default_factory=list)
    handles: list[tuple[int, str]] = field(default_factory=list)
    namespaces: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """One program: its limits in bytes and seconds, its folder, and as whom it runs (None: as we are)."""

    folder: str
    user: int | None
    others: int
    cpu: int
    memory: int
    processes: int
    open_files: int
    file_bytes: int
    most: int


def main(line: int) -> None:
    """Set up as told on the line, say so, then take jobs until it closes."""
    server = socket.socket(fileno=line)
    setup = Setup(**json.loads(server.recv(_MESSAGE)))
    if setup.namespaces is not None:
        namespaces.enter(namespaces.View(**setup.namespaces), line)
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
    for number, path in setup.handles:
        os.dup2(os.open(path, os.O_PATH | os.O_DIRECTORY), number)
    sys.path[:] = setup.path
    sys.modules[__package__].__path__ = [f"{setup.path[-1]}/{__package__}"]
    from . import runner  # noqa: F401 - NumPy is loaded behind the walls

    for name in setup.preload:
        __import__(name)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # the first process of a namespace is deaf to what it does not handle
    if not setup.one_shot:
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps keepers
    server.send(b"ready")
    here = os.pidfd_open(os.getpid()) if setup.nested else -1
    while True:
        message, descriptors, _, _ = socket.recv_fds(server, _MESSAGE, 3)
        if not message:
            return
        job = Job(**json.loads(message))
        if setup.one_shot:
            server.close()
            _keep(setup, job, *descriptors)
        _hand_over(setup, job, descriptors, here)


def _hand_over(setup: Setup, job: Job, descriptors: list[int], here: int) -> None:
    """To a keeper of its own."""
    if setup.nested:
        kernel.unshare(kernel.CLONE_NEWPID)
    if os.fork() == 0:
        _keep(setup, job, *descriptors)
    if setup.nested:
        kernel.setns(here, kernel.CLONE_NEWPID)
    for descriptor in descriptors:
        os.close(descriptor)


def _keep(setup: Setup, job: Job, line: int, channel: int, printed: int) -> NoReturn:
    """Start the program, wait for its end or for the line's, say how it ended, and end with all it started."""
    try:
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
        _tell(line, keeper=True)
        _become_keeper(setup, job)
        student = os.fork()
        if student == 0:
            _student(setup, job, line, channel, printed)  # never returns
        for descriptor in (channel, printed):
            os.close(descriptor)
        _watch(line, student)
    except BaseException as error:  # noqa: BLE001 - told of as ours
        _failed(line, error)
    _end_all()
    os._exit(0)


def _become_keeper(setup: Setup, job: Job) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if setup.mounts:
        kernel.unshare(kernel.CLONE_NEWNS | kernel.CLONE_NEWIPC)
        owner = "" if job.user is None else f",uid={job.user},gid={job.user}"
        inodes = 1024 + job.file_bytes // 8192
        data = f"size={job.file_bytes},nr_inodes={inodes},mode=0700{owner}"
        kernel.mount("private", job.folder, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, data)
    else:
        kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)


def _watch(line: int, student: int) -> None:
    watched = os.pidfd_open(student)
    ends, _, _ = select.select([line, watched], [], [])
    if watched not in ends:
        os.kill(student, signal.SIGKILL)
    _, status, used = os.wait4(student, 0)
    _tell(line, status=status, cpu=used.ru_utime + used.ru_stime)


def _end_all() -> None:
    """Whatever the program started and left. The end of a namespace's first process does the same where there is one."""
    listed = Path(f"/proc/self/task/{os.getpid()}/children")
    while os.getpid() != 1:
        try:
            children = [int(child) for child in listed.read_text().split()]
        except OSError:
            children = []
        for child in children:
            os.kill(child, signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def _tell(line: int, **said: object) -> None:
    try:
        os.write(line, json.dumps(said).encode())
    except OSError:  # nobody listens any more
        pass


def _failed(line: int, error: BaseException) -> None:
    _tell(line, failed=f"{type(error).__name__}: {error}")


# the program's own process


def _student(setup: Setup, job: Job, line: int, channel: int, printed: int) -> NoReturn:
    try:
        line, channel = _descriptors(line, channel, printed, [number for number, _ in setup.handles])
        _tell(line, student=True)
        _walls(setup, job)
        _tell(line, ready=True)
        os.close(line)
    except BaseException as error:  # noqa: BLE001 - told of as ours
        _failed(line, error)
        os._exit(1)
    from . import runner

    try:
        _forget()
        runner.serve(channel, Path(job.folder))
    except BaseException as error:  # noqa: BLE001
        os.write(2, f"{type(error).__name__}: {error}".encode("utf-8", "replace"))
    finally:
        os._exit(1)


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


def _walls(setup: Setup, job: Job) -> None:
    os.umask(0o077)
    os.environ.update(HOME=job.folder, TMPDIR=job.folder)
    os.setsid()
    rules = landlock.make(setup.readable, [job.folder], setup.devices, setup.listable) if setup.landlock else -1
    if job.user is not None:
        kernel.drop_bounding()
        kernel.become(job.user)
    os.chdir(job.folder)
    kernel.drop_capabilities()
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
    _limits(job)
    if setup.landlock:
        landlock.restrict(rules)
    if setup.seccomp:
        bounded = setup.mounts or landlock.scopes_signals()
        seccomp.install(pid=os.getpid(), forks=job.processes > 1, signals=job.processes > 1 and bounded)


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


def _forget() -> None:
    """What the program need not find: our own modules among the loaded, our folder among those searched, our arguments."""
    package = __name__.rpartition(".")[0]
    for name in [name for name in sys.modules if name == package or name.startswith(package + ".")]:
        del sys.modules[name]
    sys.path[:] = [folder for folder in sys.path if not folder.endswith("/walls")]
    sys.argv[:] = [""]
    for descriptor, name in enumerate(("stdout", "stderr"), 1):
        stream = open(descriptor, "w", encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
