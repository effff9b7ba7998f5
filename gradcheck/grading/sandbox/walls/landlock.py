"""Walls without namespaces: Landlock, seccomp and limits; and none but limits.

As root a program runs as a user who may not reach Python where it is (a home folder that only root may enter): the stage opens Python's folders and the
packages' while it still may, and they are found by descriptor.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gradcheck.grading.sandbox.layout import DEVICES, Layout
from gradcheck.grading.sandbox.walls.level import Wall, privileged

_FIRST = 100  # the number of the first such descriptor


def _command(layout: Layout, python: list[str]) -> list[str]:
    return [layout.python, *python]


def _setup(layout: Layout) -> Mapping[str, Any]:
    packages = [path for _, path in layout.packages]
    devices = [device for device in DEVICES if Path(device).exists()]
    readable = [path for tree in (*layout.trees, *packages) for path in _less(tree, layout.masked)]
    folders = [tree for tree in layout.trees if Path(tree).is_dir()]
    stated = {
        "path": layout.path(),
        "readable": list(dict.fromkeys(readable)),
        "devices": devices,
        "listable": [*folders, f"{layout.farm}/packages"],
    }
    return stated | (_by_descriptor(layout) if privileged() else {})


def _less(tree: str, masked: tuple[str, ...]) -> Iterator[str]:
    """A tree, or what is in it where some of it is not to be read."""
    if tree in masked:
        return
    if not any(path.startswith(f"{tree}/") for path in masked):
        yield tree
        return
    with os.scandir(tree) as entries:
        for entry in entries:
            if not entry.is_symlink() or Path(entry.path).exists():
                yield from _less(entry.path, masked)


def _by_descriptor(layout: Layout) -> dict[str, Any]:
    """Folders under numbers, and the links in the farm that lead there."""
    handles = [(_FIRST + place, path) for place, path in enumerate(layout.standard) if Path(path).is_dir()]
    path = [f"/proc/self/fd/{number}" for number, _ in handles]
    for name, package in layout.packages:
        if Path(package).is_dir():
            handles.append((_FIRST + len(layout.standard) + len(handles), package))
            link = Path(layout.farm, "packages", name)
            link.unlink()
            link.symlink_to(f"/proc/self/fd/{handles[-1][0]}")
    return {"handles": handles, "path": [*path, f"{layout.farm}/packages", f"{layout.farm}/walls"]}


def _bare(layout: Layout) -> Mapping[str, Any]:
    return {**_setup(layout), "landlock": False, "seccomp": False}


LANDLOCK = Wall("landlock", _command, _setup, folders=True, others=1, outside=True)
NONE = Wall("none", _command, _bare, folders=True, others=1, outside=True)
