"""A stage from the outside: started behind its walls, given jobs, ended."""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from gradcheck.grading.sandbox.inside.jobs import Job
from gradcheck.grading.sandbox.layout import Layout
from gradcheck.grading.sandbox.walls.level import ENVIRONMENT, FARM, Wall, python_arguments

STARTING = 30.0  # seconds until a stage or a program stands; not a student's time


class Infrastructure(Exception):  # noqa: N818 - it is an outcome
    """Something of ours failed; never blamed on a student."""


@dataclass(slots=True)
class Lines:
    """Our ends of a program's three lines."""

    keeper: socket.socket
    channel: socket.socket
    printed: int

    def close(self) -> None:
        """All three."""
        self.keeper.close()
        self.channel.close()
        if self.printed >= 0:
            os.close(self.printed)
            self.printed = -1


class Stage:
    """One stage. Raises Infrastructure where it does not come to stand, with what it said."""

    def __init__(self, wall: Wall, layout: Layout, setup: Mapping[str, Any], *, one_shot: bool) -> None:
        self._log = os.memfd_create("stage")
        self._process: subprocess.Popen[bytes] | None = None
        self._server, line = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            with line:
                self._start(wall, layout, line)
            self._set_up(wall, layout, setup, one_shot=one_shot)
        except BaseException:
            self.close()
            raise

    def _start(self, wall: Wall, layout: Layout, line: socket.socket) -> None:
        walls = f"{layout.farm if wall.outside else FARM}/walls"
        try:
            command = wall.command(layout, python_arguments(line.fileno(), walls))
            self._process = subprocess.Popen(  # noqa: S603 - ours, made of our own paths
                command, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log, pass_fds=[line.fileno()],
                env=ENVIRONMENT, cwd="/", start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            raise Infrastructure(f"{wall.name} could not be started: {error}") from None

    def _set_up(self, wall: Wall, layout: Layout, setup: Mapping[str, Any], *, one_shot: bool) -> None:
        stated = {
            "level": wall.name, "preload": [name for name in layout.imports if name != "numpy"], "one_shot": one_shot, "landlock": True, "seccomp": True,
            "mounts": False,
        } | dict(setup)  # fmt: skip
        stated["nested"] = stated["mounts"] and not one_shot
        try:
            self._server.send(json.dumps(stated).encode())
            self._server.settimeout(STARTING)
            said = self._server.recv(16)
        except OSError as error:
            raise Infrastructure(f"{wall.name} did not come to stand: {self.said() or error}") from None
        if said != b"ready":
            raise Infrastructure(f"{wall.name} did not come to stand: {self.said() or 'it ended'}")

    def said(self) -> str:
        """The last line that the stage printed, for a message of ours."""
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(0.5)
        lines = os.pread(self._log, 1 << 16, 0).decode("utf-8", "replace").strip().splitlines()
        return lines[-1][:300] if lines else ""

    def submit(self, job: Job) -> Lines:
        """A program's lines; it is not yet known to stand. Raises Infrastructure where the stage is gone."""
        ours, keeper = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        read, write = os.pipe()
        lines = Lines(ours, channel, read)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        os.set_blocking(read, False)
        channel.settimeout(0.0)
        try:
            socket.send_fds(self._server, [json.dumps(asdict(job)).encode()], [keeper.fileno(), theirs.fileno(), write])
        except OSError as error:
            lines.close()
            raise Infrastructure(f"the stage is gone: {self.said() or error}") from None
        finally:
            keeper.close()
            theirs.close()
            os.close(write)
        return lines

    @property
    def alive(self) -> bool:
        """Whether it can be given another job."""
        return self._process is not None and self._process.poll() is None

    def close(self) -> None:
        """It ends, and all that it started."""
        self._server.close()
        process = self._process
        if process is not None:
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if self._log >= 0:
            os.close(self._log)
            self._log = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()


def gone(pidfd: int, seconds: float) -> bool:
    """Whether the process behind a pidfd has ended, within so many seconds."""
    waiting = select.poll()
    waiting.register(pidfd, select.POLLIN)
    return bool(waiting.poll(int(seconds * 1000)))
