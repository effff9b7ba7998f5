"""Folders of this machine for programs that have no file system of their own: watched in size, and removed whatever was made of them."""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from gradcheck.grading.sandbox.inside.jobs import MANY

_FARM, _NEW = "gradcheck-walls-", "gradcheck-new-walls-"


class Folder:
    """One program's folder."""

    def __init__(self, above: str, user: int | None, most: int) -> None:
        """In the farm, for a user, and so many bytes."""
        self.path = tempfile.mkdtemp(dir=f"{above}/programs")
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
            if size > self._most or count > MANY:
                return True
        return False

    def remove(self) -> None:
        """All of it."""
        remove_tree(self.path)


def make_farm() -> tuple[str, int]:
    """A folder of the grader's own, readable to all, and the descriptor that holds it: once that is closed, by whatever end, anybody may `sweep` it."""
    farm = tempfile.mkdtemp(prefix=_NEW)
    Path(farm).chmod(0o755)
    held = os.open(f"{farm}/held", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    fcntl.flock(held, fcntl.LOCK_EX)
    (Path(farm) / "programs").mkdir(mode=0o711)
    final = farm.replace(_NEW, _FARM)
    Path(farm).rename(final)
    return final, held


def sweep() -> None:
    """Remove farms that a killed grader left."""
    for held in Path(tempfile.gettempdir()).glob(f"{_FARM}*/held"):
        with contextlib.suppress(OSError):
            owned = held.parent.lstat()
            if not stat.S_ISDIR(owned.st_mode) or owned.st_uid != os.geteuid():
                continue  # another's, or a link to who knows what
            descriptor = os.open(held, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                remove_tree(str(held.parent))
            finally:
                os.close(descriptor)


def remove_tree(path: str) -> None:
    """A folder and all in it. Trees of any depth: what is below the first level is moved there. Nothing is followed."""
    with contextlib.suppress(OSError):
        while _flatten(Path(path)):
            pass
        Path(path).rmdir()


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
            if (
                f"\nUid:\t{user}\t" in (process / "status").read_text()
            ):  # the folder itself is root's where the process is not to be looked into
                count += len(os.listdir(process / "task"))  # noqa: PTH208 - names only
    return count
