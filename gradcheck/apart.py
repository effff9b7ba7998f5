"""Work in a process apart, for a thread of another program: a worker of a cluster runs its tasks in threads, and ours can't.

FLINT's precision belongs to the process, sandboxes end with the thread that opened them, signals are the main thread's; and work may end its process. So each thread that
is given work has a child, started anew (not forked: threads hold locks), which takes one piece after another. A child ends when nothing comes for a while, and
with the process that started it.
"""

from __future__ import annotations

import json
import os
import pickle
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from gradcheck.parallel import Lost, Raised, ended, packed

IDLE = 60.0  # seconds without work, after which a child ends
GRACE = 3.0  # seconds for a child to take down what it has put up
TAKEN = b"taken"
_PROGRAM = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[2]); from gradcheck.apart import serve; serve(int(sys.argv[1]), sys.argv[3])"
)


@dataclass(frozen=True, slots=True)
class Spec:
    """What is done with payloads: `function(held, payload)`, where `held` is what the context `prepare(common)` gives, once in every child.

    Both are functions of modules. `digest` tells the work of one batch from that of others.
    """

    function: Callable[[Any, Any], Any]
    prepare: Callable[[Any], AbstractContextManager[Any]]
    digest: str


class Crew:
    """The children of this process. Several threads may give them work at once."""

    def __init__(self, where: str) -> None:
        self.where = where
        self._waiting: dict[str, list[_Child]] = {}
        self._guard = threading.Lock()

    def do(self, spec: Spec, common: bytes, payload: bytes) -> Any:
        """The result; Raised where it raised, Lost where the child died of it. `common` and `payload` are pickled."""
        while (child := self._known(spec.digest)) is not None:
            if child.takes(payload):
                return self._finish(spec, child)
            child.close()  # it has been idle for too long, and is gone
        child = _Child(self.where)
        if not (child.takes(pickle.dumps(spec)) and child.takes(common) and child.takes(payload)):
            return Lost(child.close())
        return self._finish(spec, child)

    def dismiss(self) -> None:
        """End the children that wait."""
        with self._guard:
            waiting, self._waiting = [c for children in self._waiting.values() for c in children], {}
        for child in waiting:
            child.close()

    def _known(self, digest: str) -> _Child | None:
        with self._guard:
            waiting = self._waiting.get(digest)
            return waiting.pop() if waiting else None

    def _finish(self, spec: Spec, child: _Child) -> Any:
        try:
            result = pickle.loads(child.line.recv_bytes())  # noqa: S301 - from a child of ours
        except (EOFError, OSError):
            return Lost(child.close())
        with self._guard:
            self._waiting.setdefault(spec.digest, []).append(child)
        return result


class _Child:
    """A process, and the line to it."""

    def __init__(self, where: str) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self.line = Connection(ours.detach())
            arguments = [sys.executable, "-c", _PROGRAM, str(theirs.fileno()), json.dumps(sys.path), where]
            self.process = subprocess.Popen(arguments, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)  # noqa: S603 - ourselves

    def takes(self, message: bytes) -> bool:
        """Whether it has taken the message; not where it is gone."""
        try:
            self.line.send_bytes(message)
            return self.line.recv_bytes() == TAKEN
        except (EOFError, OSError):
            return False

    def close(self) -> str:
        """Let it end, and say how it did."""
        self.line.close()
        try:
            return ended(self.process.wait(2 * GRACE))
        except subprocess.TimeoutExpired:
            self.process.kill()
            return ended(self.process.wait())


_where = ""


def where() -> str:
    """The worker that this process works for; "" where it works for none."""
    return _where


def serve(descriptor: int, name: str) -> None:
    """What a child does: the work and what is common to all of it first, then one payload after another, until the line ends or nothing comes."""
    global _where  # once in the life of a process
    _where = name
    os.set_inheritable(descriptor, False)  # noqa: FBT003 - it takes no keyword
    os.dup2(2, 1)  # what is printed is for people who look at the worker
    threading.Thread(target=_end_with, args=(os.dup(descriptor),), daemon=True).start()
    with suppress(EOFError, OSError, KeyboardInterrupt), Connection(descriptor) as line, ExitStack() as stack:
        spec: Spec = pickle.loads(_taken(line))  # noqa: S301 - from the process that started this one
        common = pickle.loads(_taken(line))  # noqa: S301
        held: Any = None
        prepared = False
        while line.poll(IDLE):
            payload = pickle.loads(_taken(line))  # noqa: S301
            try:
                if not prepared:
                    held, prepared = stack.enter_context(spec.prepare(common)), True
                message = packed(spec.function(held, payload))
            except Exception as error:  # told to whoever asked for the work
                message = packed(Raised(error))
            line.send_bytes(message)


def _taken(line: Connection) -> bytes:
    message = line.recv_bytes()
    line.send_bytes(TAKEN)
    return message


def _end_with(descriptor: int) -> None:
    """End this process when the one that gives it work does, whatever it is doing."""
    watch = select.poll()
    watch.register(descriptor, 0)  # a line that has ended is told of unasked
    watch.poll()
    time.sleep(GRACE)  # it ends of itself unless it is at work
    os._exit(1)
