"""What attacks go for: a secret file, a listener on loopback, a socket, a word in the environment; and whether any was reached."""

from __future__ import annotations

import os
import secrets
import socket
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from gradcheck.grading.selftest.attack import FOUND

SECRET = "GRADCHECK_SELFTEST_SECRET"  # noqa: S105  the name of a variable


@dataclass(slots=True)
class Targets:
    """The targets of one run."""

    folder: Path
    word: str
    listener: socket.socket
    datagrams: socket.socket
    unix: socket.socket

    def names(self) -> Mapping[str, object]:
        """What is written into the attacks' sources."""
        return {
            "PORT": self.listener.getsockname()[1], "SOCKET": str(self.folder / "socket"), "CANARY": str(self.folder), "GRADER": os.getpid(), "FOUND": FOUND,
        }  # fmt: skip

    def reached(self) -> list[str]:
        """What was got at so far that should not have been."""
        found = [f"a connection reached the {what}" for s, what in ((self.listener, "port"), (self.unix, "socket")) if _connected(s)]
        found += ["a datagram reached the port"] if _received(self.datagrams) else []
        found += [
            f"the file {n} was written outside" for n in sorted(p.name for p in self.folder.iterdir()) if n not in ("secret", "socket")
        ]
        found += ["the secret file was changed"] if (self.folder / "secret").read_text() != self.word else []
        return found


@contextmanager
def targets() -> Iterator[Targets]:
    """Set them up, and take them away again."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gradcheck-selftest-")))
        word = secrets.token_hex(8)
        (folder / "secret").write_text(word)
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        datagrams = stack.enter_context(socket.socket(type=socket.SOCK_DGRAM))
        datagrams.bind(listener.getsockname())
        unix = stack.enter_context(socket.socket(socket.AF_UNIX))
        unix.bind(str(folder / "socket"))
        for s in (listener, unix):
            s.listen(8)
        for s in (listener, datagrams, unix):
            s.setblocking(False)  # noqa: FBT003
        os.environ[SECRET] = word
        stack.callback(os.environ.pop, SECRET, None)
        yield Targets(folder, word, listener, datagrams, unix)


def _connected(listener: socket.socket) -> bool:
    try:
        listener.accept()[0].close()
    except BlockingIOError:
        return False
    return True


def _received(place: socket.socket) -> bool:
    try:
        place.recv(1)
    except BlockingIOError:
        return False
    return True
