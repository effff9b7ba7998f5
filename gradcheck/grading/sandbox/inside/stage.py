"""Where walls are raised, from inside: a stage with NumPy loaded starts a process for each program, and watches over it.

The stage is told where it stands (`Setup`), then receives jobs with three descriptors each: a line to say how the program stands and ends, the
channel of its questions, and where what it prints goes. A stage for one program is the first process of the namespaces around it; from a fork
server each program is the first process of namespaces of its own. Where there are none, whoever may start others has a keeper that ends them.
No code of a student runs in a stage or a keeper.
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import socket
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

from . import kernel, namespaces, program
from .jobs import Job, Setup
from .program import Ready

_MESSAGE = 1 << 17


def main(line: int) -> None:
    """Set up as told on the line, say so, then take jobs until it closes."""
    server = socket.socket(fileno=line)
    setup = Setup(**json.loads(server.recv(_MESSAGE)))
    if setup.namespaces is not None:
        namespaces.enter(namespaces.View(**setup.namespaces), line)
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
    kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
    for number, path in setup.handles:
        os.dup2(os.open(path, os.O_PATH | os.O_DIRECTORY), number)
    ready = _load(setup)
    server.send(b"ready")
    Stage(setup, ready, server.detach()).run()


def _load(setup: Setup) -> Ready:
    """NumPy is loaded behind the walls, once; from then on what a program shares with us is left alone."""
    gc.disable()  # until a program runs: it would only copy what is shared
    sys.path[:] = setup.path
    for number, path in setup.handles:
        _move(path, f"/proc/self/fd/{number}")
    assert __package__ is not None
    sys.modules[__package__].__path__ = [f"{setup.path[-1]}/{__package__}"]
    from . import runner

    for name in setup.preload:
        __import__(name)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # the first process of a namespace is deaf to what it does not handle
    ready = program.prepare(setup, runner.serve)
    _forget()
    if not setup.one_shot:
        gc.collect()
        gc.freeze()
    return ready


def _move(path: str, where: str) -> None:
    """Packages that are loaded already find their own modules where their folder is reached from now on."""
    for module in list(sys.modules.values()):
        folders = getattr(module, "__path__", None)
        if isinstance(folders, list):
            folders[:] = [where + folder[len(path) :] if folder.startswith(f"{path}/") else folder for folder in folders]


@dataclass(frozen=True, slots=True)
class Kept:
    """A program that runs: its process, a descriptor that tells of its end, and its line."""

    process: int
    ended: int
    line: int

    @property
    def watched(self) -> tuple[int, ...]:
        """What tells of its end, or that nobody waits for it any more."""
        return (self.ended,) if self.line < 0 else (self.ended, self.line)


class Stage:
    """Takes jobs from `server`, starts programs and watches over them."""

    def __init__(self, setup: Setup, ready: Ready, server: int) -> None:
        self._setup, self._ready = setup, ready
        self._server: int | None = server
        self._here = os.pidfd_open(os.getpid()) if setup.nested else -1
        self._kept: dict[int, Kept] = {}
        self._waiting = select.poll()
        self._waiting.register(server, select.POLLIN)

    def run(self) -> None:
        """Until the server's line closes; for a stage of one program until that has ended."""
        while self._server is not None or self._kept:
            for descriptor, _ in self._waiting.poll():
                if descriptor == self._server:
                    if not self._take():
                        os._exit(0)
                elif descriptor in self._kept:
                    self._look(descriptor, self._kept[descriptor])

    def _take(self) -> bool:
        """A job; False where there are no more."""
        assert self._server is not None
        with socket.socket(fileno=os.dup(self._server)) as server:
            message, descriptors, _, _ = socket.recv_fds(server, _MESSAGE, 3)
        if not message:
            return False
        job = Job(**json.loads(message))
        if self._setup.one_shot:
            self._waiting.unregister(self._server)
            os.close(self._server)
            self._server = None
        try:
            self._start(job, *descriptors)
        except OSError as error:
            program.fail(descriptors[0], error)
            os.close(descriptors[0])
        for descriptor in descriptors[1:]:
            os.close(descriptor)
        return True

    def _start(self, job: Job, line: int, channel: int, printed: int) -> None:
        setup = self._setup
        keeper = not setup.one_shot and not setup.nested and job.processes > 1
        job = replace(job, others=0 if job.user is not None else job.others + (len(self._kept) // 2 if setup.nested else 0))
        if setup.one_shot:
            program.tell(line, keeper=True)
            program.private_folder(setup, job)
        child = self._fork()
        if child == 0 and keeper:
            _keep(setup, self._ready, job, line, channel, printed)
        if child == 0:
            program.become(setup, self._ready, job, line, channel, printed, root=not setup.one_shot)
        if keeper:  # which listens to the line itself
            os.close(line)
        self._watch(child, -1 if keeper else line)

    def _fork(self) -> int:
        """The child is the first process of a namespace, where each program has one."""
        if not self._setup.nested:
            return os.fork()
        kernel.unshare(kernel.CLONE_NEWPID)
        child = 1
        try:
            child = os.fork()
        finally:
            if child:
                kernel.setns(self._here, kernel.CLONE_NEWPID)
        return child

    def _watch(self, child: int, line: int) -> None:
        kept = Kept(child, os.pidfd_open(child), line)
        for descriptor in kept.watched:
            self._kept[descriptor] = kept
            self._waiting.register(descriptor, select.POLLIN)

    def _look(self, descriptor: int, kept: Kept) -> None:
        """It has ended, or nobody waits for it any more."""
        if descriptor == kept.line:
            signal.pidfd_send_signal(kept.ended, signal.SIGKILL)
        _, status, used = os.wait4(kept.process, 0)
        if self._setup.nested and status == signal.SIGABRT << 8:  # see `_hear_abort`
            status = int(signal.SIGABRT)
        program.tell(kept.line, status=status, cpu=used.ru_utime + used.ru_stime)
        if self._setup.one_shot:
            _end_all()
        for closed in kept.watched:
            self._waiting.unregister(closed)
            os.close(closed)
            del self._kept[closed]


def _keep(setup: Setup, ready: Ready, job: Job, line: int, channel: int, printed: int) -> NoReturn:
    """A keeper, for one program that may start others where there is no namespace to end them."""
    try:
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
        kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
        program.tell(line, keeper=True)
        child = os.fork()
        if child == 0:
            program.become(setup, ready, job, line, channel, printed, root=False)
        for descriptor in (channel, printed):
            os.close(descriptor)
        _wait(line, child)
        _end_all()
    except BaseException as error:  # noqa: BLE001 - told of as ours
        program.fail(line, error)
    finally:
        os._exit(0)


def _wait(line: int, child: int) -> None:
    ended = os.pidfd_open(child)
    ends, _, _ = select.select([line, ended], [], [])
    if ended not in ends:
        signal.pidfd_send_signal(ended, signal.SIGKILL)
    _, status, used = os.wait4(child, 0)
    program.tell(line, status=status, cpu=used.ru_utime + used.ru_stime)


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


def _forget() -> None:
    """What the program need not find: our own modules among the loaded, our folder among those searched, our arguments."""
    package = __name__.rpartition(".")[0]
    for name in [name for name in sys.modules if name == package or name.startswith(package + ".")]:
        del sys.modules[name]
    sys.path[:] = [folder for folder in sys.path if not folder.endswith("/walls")]
    sys.argv[:] = [""]
