"""What of this machine a program may see: Python, the packages allowed with what they depend on, and the shared libraries they load."""

from __future__ import annotations

import ctypes  # noqa: F401 - with NumPy, loads what shows where shared libraries are
import errno
import importlib.metadata
import importlib.util
import marshal
import os
import py_compile
import re
import shutil
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np  # noqa: F401

from gradcheck.errors import GradcheckError
from gradcheck.grading.sandbox import folders, inside

DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random")
_MASKED = ("site-packages", "dist-packages")


@dataclass(frozen=True, slots=True)
class Layout:
    """Paths on this machine. `trees` are folders and files that may be read, less what `masked` names; `links` are symbolic links at the root.

    `farm` is a folder of our own: "walls" holds the code that raises walls, "packages" a link to each entry of `packages` (name and true path).
    """

    python: str
    standard: tuple[str, ...]
    trees: tuple[str, ...]
    masked: tuple[str, ...]
    links: tuple[tuple[str, str], ...]
    packages: tuple[tuple[str, str], ...]
    imports: tuple[str, ...]
    farm: str
    held: int

    def path(self, farm: str | None = None) -> list[str]:
        """`sys.path` inside, with the farm where it appears."""
        return [*self.standard, f"{farm or self.farm}/packages", f"{farm or self.farm}/walls"]


def make_layout(imports: Sequence[str]) -> Layout:
    """The layout for these imports; its farm is removed by `remove`. Raises GradcheckError where one of them is not installed."""
    packages = dict(entry for name in imports for entry in _entries(name))
    folders.sweep()
    made, held = folders.make_farm()
    farm = Path(made)
    (farm / "packages").mkdir(mode=0o755)
    (farm / "root").mkdir()
    for name, path in packages.items():
        (farm / "packages" / name).symlink_to(path)
    _copy_inside(farm / "walls" / "_walls")
    base = {"base": sys.base_prefix, "platbase": sys.base_exec_prefix}  # a virtual environment has no library of its own
    standard = tuple(dict.fromkeys(sysconfig.get_path(kind, vars=base) for kind in ("stdlib", "platstdlib")))
    dynamic = next((path for path in sys.path if path.endswith("lib-dynload")), f"{standard[0]}/lib-dynload")
    python = os.path.realpath(sys.executable)
    trees = tuple(dict.fromkeys([python, *standard, *_libraries(standard, tuple(packages.values()))]))
    return Layout(
        python=python,
        standard=(*standard, dynamic),
        trees=trees,
        masked=tuple(dict.fromkeys(_masked(trees))),
        links=tuple(
            (f"/{name}", str(Path(f"/{name}").readlink()))
            for name in ("lib", "lib64", "lib32", "usr/lib64")
            if Path(f"/{name}").is_symlink()
        ),
        packages=tuple(sorted(packages.items())),
        imports=tuple(imports),
        farm=made,
        held=held,
    )


def remove(layout: Layout) -> None:
    """The farm goes."""
    folders.remove_tree(layout.farm)
    os.close(layout.held)


def _copy_inside(folder: Path) -> None:
    folder.mkdir(parents=True)
    for source in Path(str(inside.__file__)).parent.glob("*.py"):
        copy = folder / source.name
        shutil.copyfile(source, copy)
        compiled = py_compile.compile(str(copy), doraise=True, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
        _require_whole(compiled)
    for path in (folder.parent, folder, folder / "__pycache__"):
        path.chmod(0o755)
    for path in folder.rglob("*.py*"):
        path.chmod(0o644)


def _require_whole(compiled: str | None) -> None:
    """Python writes compiled files without looking whether all of it was taken: on a full disk a part is there. Raises OSError."""
    try:
        marshal.loads(Path(compiled or "").read_bytes()[16:])  # noqa: S302 - what was written a moment ago
    except (EOFError, ValueError, TypeError):
        raise OSError(errno.ENOSPC, f"{os.strerror(errno.ENOSPC)}: the walls' own files cannot be written", compiled) from None


# packages


def see_packages(names: Sequence[str]) -> None:
    """That what students may import is there. Raises GradcheckError, naming the first that is not."""
    for name in names:
        for _ in _entries(name):
            break


def _entries(name: str) -> Iterator[tuple[str, str]]:
    """Files and folders beside which a package is found, with those it depends on."""
    top = name.partition(".")[0]
    if top in sys.stdlib_module_names:
        return
    distributions = list(_distributions().get(top, ()))
    seen: set[str] = set()
    while distributions:
        distribution = distributions.pop()
        if distribution in seen:
            continue
        seen.add(distribution)
        yield from _installed(distribution)
        distributions += _required(distribution)
    if not seen:
        found = importlib.util.find_spec(top)
        if found is None or found.origin is None:
            raise GradcheckError(
                f"students may import {name}, but it is not installed here; install it, or take it off the list of imports"
            )
        origin = Path(found.origin)
        path = origin.parent if found.submodule_search_locations else origin
        yield path.name, str(path)


@cache
def _distributions() -> dict[str, list[str]]:
    return {name: list(found) for name, found in importlib.metadata.packages_distributions().items()}


def _installed(distribution: str) -> Iterator[tuple[str, str]]:
    found = importlib.metadata.distribution(distribution)
    tops = {path.parts[0] for path in found.files or ()}
    for top in sorted(tops - {"..", "__pycache__"}):
        path = Path(str(found.locate_file(top)))
        if path.exists() and not top.endswith(".pth"):
            yield top, str(path.resolve())


def _required(distribution: str) -> list[str]:
    names = []
    for requirement in importlib.metadata.distribution(distribution).requires or ():
        name = re.match(r"[A-Za-z0-9._-]+", requirement)
        if name is None or "extra" in requirement.partition(";")[2]:
            continue
        try:
            names.append(importlib.metadata.distribution(name[0]).metadata["Name"])
        except importlib.metadata.PackageNotFoundError:
            continue
    return names


# shared libraries


def _libraries(standard: Sequence[str], packages: Sequence[str]) -> Iterator[str]:
    """Folders of the shared libraries that we have loaded, where the loader itself is, and its cache."""
    known = (*standard, *packages, *map(os.path.realpath, sys.path))
    for mapped in sorted(set(re.findall(r"\s(/\S+\.so[.\d]*)$", Path("/proc/self/maps").read_text(), re.MULTILINE))):
        if not mapped.startswith(tuple(f"{path}/" for path in known if path)):
            yield str(Path(mapped).parent)
    for name in ("/lib64", "/lib", "/usr/lib64", "/usr/lib"):
        if any(Path(name).glob("ld-*.so*")):
            yield os.path.realpath(name) if Path(name).is_symlink() else name
    if Path("/etc/ld.so.cache").exists():
        yield "/etc/ld.so.cache"


def _masked(trees: Iterable[str]) -> Iterator[str]:
    """Packages installed below a tree that may be read: they may not."""
    for tree in trees:
        for name in _MASKED:
            yield from (str(path) for pattern in (name, f"python*/{name}") for path in Path(tree).glob(pattern) if path.is_dir())
