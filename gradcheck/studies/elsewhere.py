"""Files of cases on another machine: what is sent of them, and how they lie there."""

from __future__ import annotations

import ast
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from gradcheck.errors import UsageError
from gradcheck.studies.collection import source_of


@dataclass(frozen=True, slots=True)
class Sources:
    """Contents of files by absolute path, and the folder that their paths are seen from."""

    files: Mapping[str, bytes]
    folder: str


def sources(files: Iterable[Path], more: Mapping[Path, bytes] | None = None) -> Sources:
    """Python files with all that they import from beside them; `more` are others, with their contents. UsageError where one cannot be read."""
    found = {}
    for file in dict.fromkeys(local for f in files for local in local_files(f.absolute())):
        try:
            found[str(file)] = file.read_bytes()
        except OSError as error:
            raise UsageError(f"{file}: cannot be read: {error.strerror or error}") from error
    return Sources(found | {str(path.absolute()): content for path, content in (more or {}).items()}, str(Path.cwd()))


@contextmanager
def mirrored(given: Sources) -> Iterator[Path]:
    """The files below a private folder that stands for the root of their machine; the current folder is the one that stands for theirs."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory(prefix="gradcheck-") as temporary:
        root = Path(temporary).resolve()
        for path, content in given.files.items():
            file = below(root, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        below(root, given.folder).mkdir(parents=True, exist_ok=True)
        os.chdir(below(root, given.folder))
        try:
            yield root
        finally:
            os.chdir(before)


def below(root: Path, path: str | Path) -> Path:
    """Where a path of the other machine lies here."""
    return root / Path(path).relative_to(Path(path).anchor)


def as_there(value: Any, root: Path) -> Any:
    """Plain data, records of it among them, with every path below the root as it is on the machine that the files came from."""
    if isinstance(value, str):
        return value.replace(f"{root}/", "/")
    if isinstance(value, bytes):
        return value.replace(f"{root}/".encode(), b"/")
    if isinstance(value, Mapping):
        return {as_there(k, root): as_there(v, root) for k, v in value.items()}
    if isinstance(value, tuple | list | frozenset):
        return type(value)(as_there(v, root) for v in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{f.name: as_there(getattr(value, f.name), root) for f in fields(value) if f.init})
    return value


def local_files(file: Path) -> tuple[Path, ...]:
    """The file, and the Python files beside and below it that it imports, directly or not, in order of their names.

    Imports are read off the source: one made by a name that is only known when the code runs is not seen.
    """
    found, left = {file}, [file]
    while left:
        here = left.pop()
        new = set(_imported(here, file.parent)) - found
        found |= new
        left += new
    return tuple(sorted(found))


def _imported(file: Path, folder: Path) -> Iterator[Path]:
    try:
        tree = ast.parse(source_of(file))
    except (SyntaxError, ValueError, OSError, RecursionError):
        return  # told of where the file is loaded
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _files_of(alias.name.split("."), folder)
        elif isinstance(node, ast.ImportFrom):
            base = (file.parent.relative_to(folder).parts[: max(0, len(file.relative_to(folder).parts) - node.level)]) if node.level else ()
            module = [*base, *(node.module or "").split(".")] if node.module else list(base)
            yield from _files_of(module, folder)
            for alias in node.names:
                yield from _files_of([*module, alias.name], folder)


def _files_of(module: list[str], folder: Path) -> Iterator[Path]:
    """The files that a dotted name runs: every package's on the way, and its own."""
    for n in range(1, len(module) + 1):
        place = folder.joinpath(*module[:n])
        yield from (p for p in (place / "__init__.py", place.with_suffix(".py")) if p.is_file())
