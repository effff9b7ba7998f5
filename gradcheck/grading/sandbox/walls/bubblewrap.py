"""Walls raised by bubblewrap: namespaces of every kind, a system that can only be read. Landlock, seccomp and limits stand inside them as well."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from gradcheck.grading.sandbox.layout import DEVICES, Layout
from gradcheck.grading.sandbox.walls.level import ENVIRONMENT, FARM, FOLDER, Wall, privileged

_UNSHARE = ("--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try")
_KEPT = ("CAP_SYS_ADMIN", "CAP_SETPCAP")  # the stage's, to mount private folders; a program has none
_ROOT = ("CAP_SETUID", "CAP_SETGID", "CAP_KILL")


def _command(layout: Layout, python: list[str]) -> list[str]:
    program = shutil.which("bwrap")
    if program is None:
        raise FileNotFoundError("bubblewrap (bwrap) is not installed")
    kept = [*_KEPT, *(_ROOT if privileged() else ())]
    user = () if privileged() else ("--unshare-user",)
    walls = [
        *_UNSHARE,
        *user,
        "--die-with-parent",
        "--new-session",
        "--as-pid-1",
        "--clearenv",
        "--hostname",
        "sandbox",
        "--cap-drop",
        "ALL",
    ]
    capabilities = [word for name in kept for word in ("--cap-add", name)]
    environment = [word for name, value in ENVIRONMENT.items() for word in ("--setenv", name, value)]
    return [program, *walls, *capabilities, *environment, *_view(layout), "--chdir", "/", layout.python, *python]


def _view(layout: Layout) -> Iterator[str]:
    for link, target in layout.links:
        yield from ("--symlink", target, link)
    devices = [(device, device) for device in DEVICES if Path(device).exists()]
    packages = [(path, f"{FARM}/packages/{name}") for name, path in layout.packages]
    trees = [(tree, tree) for tree in sorted(layout.trees, key=len)]
    bound = [*trees, (f"{layout.farm}/walls", f"{FARM}/walls"), *packages]
    for folder in _above([target for _, target in (*bound, *devices)]):
        yield from ("--perms", "0755", "--dir", folder)  # bubblewrap's own are for their owner only
    for source, target in bound:
        yield from ("--ro-bind", source, target)
    for folder in layout.masked:
        yield from ("--tmpfs", folder, "--remount-ro", folder)
    for source, target in devices:
        yield from ("--dev-bind", source, target)
    yield from ("--dir", FOLDER, "--remount-ro", "/")


def _above(paths: Iterable[str]) -> list[str]:
    """Folders on the way to these, parents first, less those that are bound themselves."""
    found = dict.fromkeys(str(parent) for path in paths for parent in Path(path).parents if parent != Path("/"))
    return sorted((folder for folder in found if not any(Path(folder).is_relative_to(path) for path in paths)), key=len)


def _setup(layout: Layout) -> Mapping[str, Any]:
    return {"path": layout.path(FARM), "readable": ["/"], "devices": [d for d in DEVICES if Path(d).exists()], "mounts": True}


BUBBLEWRAP = Wall("bubblewrap", _command, _setup)
