"""The walls of bubblewrap without it: namespaces, a root of its own, Landlock, seccomp and limits, by the standard library."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gradcheck.grading.sandbox.layout import DEVICES, Layout
from gradcheck.grading.sandbox.walls.level import FARM, FOLDER, Wall, privileged


def _command(layout: Layout, python: list[str]) -> list[str]:
    return [layout.python, *python]


def _setup(layout: Layout) -> Mapping[str, Any]:
    devices = [device for device in DEVICES if Path(device).exists()]
    packages = [(path, f"{FARM}/packages/{name}") for name, path in layout.packages]
    trees = [(tree, tree) for tree in sorted(layout.trees, key=len)]
    view = {
        "root": f"{layout.farm}/root",
        "bound": [*trees, (f"{layout.farm}/walls", f"{FARM}/walls"), *packages],
        "devices": devices,
        "masked": layout.masked,
        "links": layout.links,
        "folder": FOLDER,
        "user": not privileged(),
    }
    return {"path": layout.path(FARM), "readable": ["/"], "devices": devices, "mounts": True, "namespaces": view}


NAMESPACES = Wall("namespaces", _command, _setup, others=2, outside=True)
