"""What a kind of wall has to say: how the stage is started, and what it raises from inside."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gradcheck.grading.answers import Isolation
from gradcheck.grading.sandbox.layout import Layout

ENVIRONMENT = {
    "HOME": "/submission", "TMPDIR": "/submission", "LANG": "C.UTF-8", "PYTHONHASHSEED": "0", "MPLBACKEND": "agg",
    "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "NUMEXPR_NUM_THREADS": "1", "VECLIB_MAXIMUM_THREADS": "1",
}  # fmt: skip
FOLDER = "/submission"
FARM = "/sandbox"
UNPRIVILEGED = (0x60000000, 0x6FFFFFFF)  # users that exist nowhere, one for each program


@dataclass(frozen=True, slots=True)
class Wall:
    """A level. `command` makes the command line from the layout and Python's arguments; `setup` what the stage is told besides; the stage starts `outside`.

    `folders`: each program needs a folder on this machine, as there is no file system of its own; `others` are processes of the same user that
    stand beside the program in its user namespace, and count towards the kernel's limit on processes.
    """

    name: Isolation
    command: Callable[[Layout, list[str]], list[str]]
    setup: Callable[[Layout], Mapping[str, Any]]
    outside: bool = False
    folders: bool = False
    others: int = 1


def python_arguments(line: int, walls: str) -> list[str]:
    """Python as it starts a stage: no site, no user's folders, no folder of its own, nothing written."""
    start = f"import sys; sys.path.append({walls!r}); from _walls import stage; stage.main({line})"
    return ["-s", "-P", "-S", "-B", "-X", "utf8", "-c", start]


def privileged() -> bool:
    """Whether we are root, and programs run as another user."""
    return os.geteuid() == 0


def supported() -> str:
    """Why there are no walls on a machine of this kind; "" where there may be."""
    if sys.platform != "linux":
        return f"walls are built on Linux's own; this is {sys.platform}"
    if platform.machine() not in ("x86_64", "aarch64"):
        return f"no table of system calls for {platform.machine()}"
    return ""
