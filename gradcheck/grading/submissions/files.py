"""Reading what lies in folders that others have written: no link is followed, nothing blocks, nothing is read that is no ordinary file or too large."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from gradcheck.grading.submissions.bounds import Bounds, Refusal, size
from gradcheck.grading.submissions.names import is_junk, shown

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_KINDS = (
    (stat.S_ISLNK, "is a link"),
    (stat.S_ISFIFO, "is a pipe"),
    (stat.S_ISSOCK, "is a socket"),
    (stat.S_ISCHR, "is a device"),
    (stat.S_ISBLK, "is a device"),
    (stat.S_ISDIR, "is a folder"),
)


@dataclass(frozen=True, slots=True)
class Listed:
    """What a folder holds under a name: "file", "folder", or what else it is, in words. `size` in bytes."""

    name: str
    kind: str
    size: int


@contextlib.contextmanager
def opened(place: Path) -> Iterator[int]:
    """The descriptor of the folder that everything is read below. The instructor named it: it may itself be a link."""
    folder = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield folder
    finally:
        os.close(folder)


@contextlib.contextmanager
def below(folder: int, parts: tuple[str, ...]) -> Iterator[int]:
    """The folder that is reached by the parts, none of which may be a link."""
    held = os.dup(folder)
    try:
        for part in parts:
            inner = os.open(part, _FOLDER, dir_fd=held)
            os.close(held)
            held = inner
        yield held
    finally:
        os.close(held)


def entries(folder: int) -> Iterator[Listed]:
    """What the folder holds, in no order."""
    with os.scandir(folder) as found:
        for entry in found:
            status = entry.stat(follow_symlinks=False)
            kind = "folder" if stat.S_ISDIR(status.st_mode) else "file" if stat.S_ISREG(status.st_mode) else _what(status.st_mode)
            yield Listed(entry.name, kind, status.st_size)


def read(folder: int, parts: tuple[str, ...], limit: int) -> tuple[bytes, bool]:
    """The bytes of an ordinary file, and whether it has other names (hard links). Raises Refusal for all else.

    The file is looked at before it is opened, as opening a device can do something, and again once it is: it may have been exchanged between.
    """
    name = parts[-1]
    try:
        with below(folder, parts[:-1]) as parent:
            _ordinary(os.stat(name, dir_fd=parent, follow_symlinks=False), name, limit)
            handle = os.open(name, _FILE, dir_fd=parent)
        with os.fdopen(handle, "rb") as file:
            status = os.fstat(handle)
            _ordinary(status, name, limit)
            content = _bounded(file, limit + 1)
    except OSError as error:
        raise Refusal(f"{shown(name)} cannot be read ({error.strerror or type(error).__name__}): hand in an ordinary file") from error
    if len(content) > limit:
        raise Refusal(too_large(name, limit))
    return content, status.st_nlink > 1


def _bounded(file: BinaryIO, most: int) -> bytes:
    """At most so many bytes, piece by piece: room for what may come is never set aside."""
    parts: list[bytes] = []
    while most > 0 and (part := file.read(min(most, 1 << 16))):
        parts.append(part)
        most -= len(part)
    return b"".join(parts)


def too_large(name: str, limit: int, found: int | None = None) -> str:
    """The message about a file beyond its limit."""
    return f"{shown(name)} is too large ({size(found)}, at most {size(limit)})" if found else f"{shown(name)} is larger than {size(limit)}"


def _ordinary(status: os.stat_result, name: str, limit: int) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise Refusal(f"{shown(name)} {_what(status.st_mode)}: hand in an ordinary file")
    if status.st_size > limit:
        raise Refusal(f"{too_large(name, limit, status.st_size)}: hand in only what you wrote")


def _what(mode: int) -> str:
    return next((words for is_kind, words in _KINDS if is_kind(mode)), "is no ordinary file")


def walk(folder: int, parts: tuple[str, ...], bounds: Bounds) -> list[str]:
    """The files of a submission's folder, by names relative to it, in order. Links and the like anywhere in it refuse the submission."""
    found: list[str] = []
    waiting: list[tuple[str, ...]] = [()]
    looked = 0
    while waiting:
        here = waiting.pop()
        with below(folder, parts + here) as inner:
            for entry in entries(inner):
                looked += 1
                if looked > bounds.entries:
                    raise Refusal(f"the folder holds more than {bounds.entries:,} files: hand in only what you wrote")
                if is_junk(entry.name):
                    continue
                if entry.kind == "folder":
                    waiting.append(_deeper(here, entry.name, bounds))
                elif entry.kind == "file":
                    found.append("/".join((*here, entry.name)))
                else:
                    raise Refusal(f"{shown('/'.join((*here, entry.name)))} {entry.kind}: hand in the file itself")
    return sorted(found)


def _deeper(here: tuple[str, ...], name: str, bounds: Bounds) -> tuple[str, ...]:
    if len(here) >= bounds.depth:
        raise Refusal(f"folders lie more than {bounds.depth} deep in one another: hand in only what you wrote")
    return (*here, name)
