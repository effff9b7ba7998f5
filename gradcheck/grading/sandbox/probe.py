"""Which walls stand on this machine: found out by raising them around a program of ours that tries each."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from gradcheck.errors import GradcheckError
from gradcheck.grading.answers import ISOLATION, Ended, Isolation, Program
from gradcheck.grading.model import Limits

_OUTSIDE: tuple[Isolation, ...] = ("bubblewrap", "namespaces")
_WITNESS = b"""
import os, resource, signal, socket

def refused(act, *arguments):
    try:
        act(*arguments)
    except (OSError, ValueError):
        return True
    return False

def walls(secret, folder, above):
    return {
        "another user's files can be read": refused(open, secret),
        "files can be written outside": refused(os.mkdir, os.path.join(folder, "made")),
        "there is a network": refused(socket.socket),
        "processes can be started": refused(os.fork),
        "programs can be executed": refused(os.execv, "/bin/true", ["true"]),
        "other processes can be signalled": refused(os.kill, above, 0) and refused(os.kill, 1, 0),
        "limits can be raised": refused(resource.setrlimit, resource.RLIMIT_CORE, (0, 0)),
        "privileges can be had": refused(os.setresuid, 0, 0, 0),
    }

def limits():
    kinds = ("AS", "NPROC", "FSIZE", "NOFILE", "CPU", "CORE")
    return {f"there is no limit on {kind}": resource.getrlimit(getattr(resource, f"RLIMIT_{kind}"))[1] != resource.RLIM_INFINITY for kind in kinds}

def namespaces(folder):
    return {
        "there is no process namespace": os.getpid() < 10,
        "the machine's files can be seen": not os.path.exists(folder) and not os.path.exists("/proc") and not os.path.exists("/etc/passwd") and not os.path.exists("/etc/hostname"),
    }
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether the walls of a level stand on this machine, and the first reason why not, in one line."""

    isolation: Isolation
    stands: bool
    reason: str = ""


def probe(levels: Sequence[Isolation] = ISOLATION) -> tuple[Standing, ...]:
    """Each level as it stands here, strongest first. Takes some tenths of a second each."""
    return tuple(_standing(level) for level in ISOLATION if level in levels)


def strongest() -> Standing:
    """The first level whose walls stand; "none" where there are none: that is for the caller to refuse."""
    for level in ISOLATION:
        standing = _standing(level)
        if standing.stands:
            return standing
    return standing


def _standing(level: Isolation) -> Standing:
    try:
        missing = next(_missing(level), "")
    except (GradcheckError, OSError) as error:
        missing = str(error).splitlines()[0][:300]
    return Standing(level, not missing, missing)


def _missing(level: Isolation) -> Iterator[str]:
    """Walls that do not stand, each in a line."""
    import os

    from gradcheck.grading.sandbox.launcher import open_launcher

    with tempfile.TemporaryDirectory(prefix="gradcheck-probe-") as name, open_launcher(level) as launcher:
        folder = Path(name)
        folder.chmod(0o777)
        secret = folder / "secret"
        secret.write_text("secret")
        secret.chmod(0o644)
        with launcher.session(Program({"witness.py": _WITNESS}, "witness.py")) as session:
            session.begin(Limits())
            asked: list[tuple[str, list[object]]] = [("limits", [])]
            if level != "none":
                asked.append(("walls", [str(secret), name, os.getpid()]))
            if level in _OUTSIDE:
                asked.append(("namespaces", [name]))
            for function, arguments in asked:
                answer = session.ask(function, arguments)
                if isinstance(answer, Ended):
                    yield answer.message
                    return
                yield from (wall for wall, stands in answer.value.items() if stands is not True)
