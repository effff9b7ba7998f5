"""What a stage is told: how it stands, and what one program may use. Plain data, as JSON between the two sides."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

MANY = 4096  # files and folders in a program's folder


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
