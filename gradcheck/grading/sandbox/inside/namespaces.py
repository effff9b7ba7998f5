"""Into namespaces of our own, with the standard library: nothing of this machine but what is bound, no network, no other process."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from . import kernel

_ALL = kernel.CLONE_NEWNS | kernel.CLONE_NEWCGROUP | kernel.CLONE_NEWUTS | kernel.CLONE_NEWIPC | kernel.CLONE_NEWPID | kernel.CLONE_NEWNET


class View(NamedTuple):
    """What there is to see: (path, where it appears) to read, devices, empty folders over what is not to be seen, symbolic links, and a mount point.

    `user`: a user namespace is needed, as we are not root.
    """

    root: str
    bound: Sequence[tuple[str, str]]
    devices: Sequence[str]
    masked: Sequence[str]
    links: Sequence[tuple[str, str]]
    folder: str
    user: bool


def enter(view: View, line: int) -> None:
    """Returns in the first process of new namespaces. The one that called waits for its end, with the line closed. Raises OSError."""
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    user, group = os.getuid(), os.getgid()
    kernel.unshare(_ALL | (kernel.CLONE_NEWUSER if view.user else 0))
    if view.user:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    _mount(view)
    child = os.fork()
    if child:
        os.close(line)
        _, status = os.waitpid(child, 0)
        os._exit(os.waitstatus_to_exitcode(status) & 255)
    kernel.keep_capabilities(
        (1 << 5) | (1 << 6) | (1 << 7) | (1 << 8) | (1 << 21)
    )  # KILL, SETGID, SETUID, SETPCAP, SYS_ADMIN: the stage's own


def _mount(view: View) -> None:
    kernel.mount("none", "/", "", kernel.MS_REC | kernel.MS_PRIVATE)
    kernel.mount("root", view.root, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, "size=1m,mode=0755")
    os.umask(0o022)
    for path, target in view.bound:
        _bind(path, view.root + target)
        kernel.mount_setattr(view.root + target, kernel.MOUNT_ATTR_RDONLY | kernel.MOUNT_ATTR_NOSUID | kernel.MOUNT_ATTR_NODEV)
    for path in view.masked:
        kernel.mount("masked", view.root + path, "tmpfs", kernel.MS_RDONLY | kernel.MS_NOSUID | kernel.MS_NODEV, "size=4k,mode=0755")
    for path in view.devices:
        _bind(path, view.root + path)
        kernel.mount_setattr(view.root + path, kernel.MOUNT_ATTR_NOSUID | kernel.MOUNT_ATTR_NOEXEC)
    for link, target in view.links:
        Path(view.root + link).parent.mkdir(parents=True, exist_ok=True)
        Path(view.root + link).symlink_to(target)
    Path(view.root + view.folder).mkdir()
    os.chdir(view.root)
    kernel.pivot_root(".", ".")
    kernel.unmount(".")
    os.chdir("/")
    kernel.mount_setattr("/", kernel.MOUNT_ATTR_RDONLY, recursive=False)


def _bind(path: str, target: str) -> None:
    place = Path(target)
    place.parent.mkdir(parents=True, exist_ok=True)
    if Path(path).is_dir():
        place.mkdir(exist_ok=True)
    else:
        place.touch()
    kernel.mount(path, target, "", kernel.MS_BIND | kernel.MS_REC)
