"""One running program from the outside: questions go in, frames and text come out, and the first limit that is passed ends it."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import select
import signal
import socket
import struct
import time
from collections.abc import Callable
from typing import Any

from gradcheck.grading.answers import Ended
from gradcheck.grading.model import Limits
from gradcheck.grading.sandbox import endings
from gradcheck.grading.sandbox.clock import Clock
from gradcheck.grading.sandbox.inside import protocol
from gradcheck.grading.sandbox.stages import STARTING, Infrastructure, Lines, gone

_CREDENTIALS = 2  # SCM_CREDENTIALS: the kernel's word for who sent a message
_CHUNK = 1 << 16
_LOOK = 0.1  # seconds between looks at a folder


class Peer:
    """A program behind its walls. Raises Infrastructure where it does not come to stand."""

    def __init__(self, lines: Lines, after: contextlib.ExitStack, overfull: Callable[[], bool] | None = None) -> None:
        """`after` is done once it has ended; `overfull` says whether it wrote more to files than it may, where no file system does."""
        self._lines = lines
        self._after = after
        self._overfull = overfull
        self._looked = time.monotonic()
        self._pidfd = -1
        self._status: dict[str, Any] | None = None
        self.process = 0
        self.printed = 0
        self._text = bytearray()
        try:
            self._stand(time.monotonic() + STARTING)
        except BaseException:
            self.close()
            raise

    def _stand(self, deadline: float) -> None:
        """Its keeper, itself, and that its walls stand, in this order."""
        keeper, _ = self._hear("keeper", deadline)
        with contextlib.suppress(ProcessLookupError):
            self._pidfd = os.pidfd_open(keeper)
        self.process, _ = self._hear("student", deadline)
        self._hear("ready", deadline)

    def _hear(self, what: str, deadline: float) -> tuple[int, dict[str, Any]]:
        line = self._lines.keeper
        line.settimeout(max(0.01, deadline - time.monotonic()))
        try:
            message, ancillary, _, _ = line.recvmsg(4096, socket.CMSG_SPACE(12))
        except OSError as error:
            raise Infrastructure(f"a program did not come to stand: {error}") from None
        if not message:
            raise Infrastructure("a program did not come to stand: its keeper ended")
        said = json.loads(message)
        if what not in said:
            raise Infrastructure(f"a program did not come to stand: {said.get('failed', said)}")
        sender = next((struct.unpack("iii", data)[0] for _, kind, data in ancillary if kind == _CREDENTIALS), 0)
        return sender, said

    # questions

    @property
    def is_quiet(self) -> bool:
        """Whether its line is open, and it has said nothing unasked."""
        try:
            self._lines.channel.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    def exchange(self, kind: int, body: bytes, answers: tuple[int, ...], limits: Limits, clock: Clock) -> tuple[int, bytes] | Ended:
        """One question and its answer; `Ended` where there is none, and then the program is to be closed."""
        number = secrets.randbits(64)
        channel = self._lines.channel
        try:
            if channel.recv(1, socket.MSG_PEEK):
                return endings.out_of_frame("it spoke before it was asked")
            return self._after_eof(limits, clock)
        except BlockingIOError:
            pass
        except OSError:
            return self._after_eof(limits, clock)
        exchange = _Exchange(protocol.frame(kind, number, body), number, answers, limits.result_mb << 20)
        clock.start()
        try:
            return self._converse(exchange, limits, clock)
        except protocol.ProtocolError as error:
            return endings.out_of_frame(error)
        except protocol.TooLarge:
            return endings.too_large(limits)
        finally:
            clock.stop()

    def _converse(self, exchange: _Exchange, limits: Limits, clock: Clock) -> tuple[int, bytes] | Ended:
        waiting = self._poll()
        channel = self._lines.channel.fileno()
        while True:
            waiting.modify(channel, select.POLLIN | select.POLLOUT if exchange.left else select.POLLIN)
            soon = clock.look_again() if self._overfull is None else min(_LOOK, clock.look_again())
            events = dict(waiting.poll(soon * 1000))
            beyond = self._beyond(limits)
            if beyond is not None:
                return beyond
            if events.get(self._lines.printed, 0) & ~select.POLLIN:  # closed, and all of it is read
                waiting.unregister(self._lines.printed)
            if events.get(channel, 0) & ~select.POLLOUT and not exchange.read(self._lines.channel):
                return self._after_eof(limits, clock)
            if exchange.complete:
                return self._beyond(limits) or (exchange.kind, bytes(exchange.found))
            exchange.write(self._lines.channel)
            if self._lines.keeper.fileno() in events and self._status is None:
                self._hear_end()
            if self._status is not None and channel not in events:
                return self._after_eof(limits, clock)
            late = self._late(limits, clock)
            if late is not None:
                return late

    def _beyond(self, limits: Limits) -> Ended | None:
        """More printed or written than may be."""
        if self._over_printed(limits):
            return endings.too_much_printed(limits)
        return endings.too_much_written(limits) if self._over_written() else None

    @staticmethod
    def _late(limits: Limits, clock: Clock) -> Ended | None:
        if clock.cpu_left <= 0:
            return endings.timed_out(limits, "cpu")
        return endings.timed_out(limits, "wall") if clock.wall_left <= 0 else None

    def _poll(self) -> select.poll:
        waiting = select.poll()
        waiting.register(self._lines.channel, select.POLLIN)
        waiting.register(self._lines.printed, select.POLLIN)
        waiting.register(self._lines.keeper, select.POLLIN)
        return waiting

    def _over_printed(self, limits: Limits) -> bool:
        """Take what was printed; whether it is too much."""
        most = limits.printed_kb * 1024
        while self.printed <= most:
            try:
                part = os.read(self._lines.printed, _CHUNK)
            except BlockingIOError:
                return False
            if not part:
                return False
            self.printed += len(part)
            self._text += part[: max(0, most - len(self._text))]
        return True

    def _over_written(self) -> bool:
        if self._overfull is None or time.monotonic() < self._looked + _LOOK:
            return False
        self._looked = time.monotonic()
        return self._overfull()

    def text(self) -> str:
        """What was printed since this was last asked."""
        text = self._text.decode("utf-8", "replace")
        self._text.clear()
        return text

    # the end

    def _after_eof(self, limits: Limits, clock: Clock) -> Ended:
        """Its line is closed: say why, once its keeper knows."""
        if self._status is None and not self._hear_end(0.5):
            return endings.closed()
        assert self._status is not None
        self._over_printed(limits)
        if "status" not in self._status:
            return endings.failed(self._status.get("failed", "the program's keeper is gone"))
        clock.spent(self._status["cpu"])
        status = self._status["status"]
        by_limit = os.WIFSIGNALED(status) and os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGKILL)
        if by_limit and clock.cpu_left <= 0:
            return endings.timed_out(limits, "cpu")
        return endings.crashed(status)

    def _hear_end(self, seconds: float = 0.0) -> bool:
        self._lines.keeper.settimeout(seconds)
        try:
            message = self._lines.keeper.recv(4096)
        except OSError:  # not yet
            return False
        self._status = json.loads(message) if message else {}
        return True

    @property
    def lost(self) -> bool:
        """Whether its keeper went without a word."""
        return self._status == {}

    def close(self) -> None:
        """It ends, and all that it started; this returns once it is gone."""
        with self._after:
            self._lines.close()
            self._end()

    def _end(self) -> None:
        if self._pidfd < 0:
            return
        if not gone(self._pidfd, 3.0):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
            gone(self._pidfd, 3.0)
        os.close(self._pidfd)
        self._pidfd = -1


class _Exchange:
    """The bytes of one question and of its answer, never more than its header states."""

    def __init__(self, question: bytes, number: int, kinds: tuple[int, ...], most: int) -> None:
        self.left = memoryview(question)
        self.found = bytearray()
        self.kind = 0
        self._size = protocol.HEADER.size
        self._header = True
        self._number, self._kinds, self._most = number, kinds, most

    def write(self, channel: socket.socket) -> None:
        """As much of the question as the line takes."""
        with contextlib.suppress(BlockingIOError, BrokenPipeError, ConnectionResetError):
            if not self.left:
                return
            self.left = self.left[channel.send(self.left[: 1 << 20]) :]

    def read(self, channel: socket.socket) -> bool:
        """What there is of the answer; False where the line is closed. Raises ProtocolError and TooLarge."""
        while not self.complete:
            try:
                part = channel.recv(min(self._size - len(self.found), 1 << 20))
            except BlockingIOError:
                return True
            except OSError:
                return False
            if not part:
                return False
            self.found += part
            if self._header and len(self.found) == self._size:
                self.kind, self._size = protocol.size_of(bytes(self.found), kinds=self._kinds, number=self._number, most=self._most)
                self.found.clear()
                self._header = False
        return True

    @property
    def complete(self) -> bool:
        """Whether all of it is there."""
        return not self._header and len(self.found) == self._size
