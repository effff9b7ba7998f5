"""Folders of this machine for programs that have no file system of their own: watched in size, and removed whatever was made of them."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

_MANY = 4096  # files


class Folder:
    """One program's folder."""

    def __init__(self, user: int | None, most: int) -> None:
        """For a user, and so many bytes."""
        self.path = tempfile.mkdtemp(prefix="gradcheck-program-")
        self._most = most
        if user is not None:
            os.chown(self.path, user, user)

    def overfull(self) -> bool:
        """More bytes or files than it may hold, or what cannot be looked into."""
        waiting, size, count = [self.path], 0, 0
        while waiting:
            try:
                with os.scandir(waiting.pop()) as entries:
                    for entry in entries:
                        count += 1
                        size += entry.stat(follow_symlinks=False).st_blocks * 512
                        waiting += [entry.path] if entry.is_dir(follow_symlinks=False) else []
            except FileNotFoundError:
                continue
            except OSError:
                return True
            if size > self._most or count > _MANY:
                return True
        return False

    def remove(self) -> None:
        """All of it. Trees of any depth: what is below the first level is moved there."""
        with contextlib.suppress(OSError):
            while _flatten(Path(self.path)):
                pass
            Path(self.path).rmdir()


def _flatten(top: Path) -> bool:
    """Whether folders are left at the first level."""
    moved = 0
    for folder in _entries(top):
        for inner in _entries(folder):
            moved += 1
            inner.rename(top / f".moved-{os.urandom(8).hex()}")
        folder.rmdir()
    return moved > 0


def _entries(folder: Path) -> Iterator[Path]:
    """Folders in a folder, opened to us; everything else in it is deleted."""
    folder.chmod(0o700)
    for path in list(folder.iterdir()):
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o700)
            yield path
        else:
            path.unlink()


def processes_of(user: int) -> int:
    """Threads of a user on this machine, as far as we may see: the kernel's limit on processes counts them all."""
    count = 0
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if process.stat().st_uid == user:
                count += len(os.listdir(process / "task"))  # noqa: PTH208 - names only
    return count
