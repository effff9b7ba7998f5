"""The Python files of an assignment: its cases, and what they import from beside them, read afresh every time."""

from __future__ import annotations

import ast
import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

from gradcheck.case import Case
from gradcheck.errors import CaseError
from gradcheck.studies.collection import load_cases, source_of


def cases_in(file: Path) -> tuple[Case, ...]:
    """The cases of a file. CaseError, naming file and line, for the first thing wrong with it.

    What it imports from beside it is loaded anew: another assignment may have a file of the same name, and this one may have changed.
    """
    for local in local_files(file):
        _forget(local, file.parent)
    found = load_cases(file)
    if found.problems:
        raise CaseError(found.problems[0].message)
    return found.cases


def digest(text: str, file: Path) -> str:
    """Tells versions apart: the SHA-256 of the assignment's text, and of its cases with all they import from beside them."""
    total = hashlib.sha256()
    parts = [("", text.encode())] + [(p.relative_to(file.parent).as_posix(), p.read_bytes()) for p in local_files(file)]
    for name, content in parts:
        total.update(f"{name} {len(content)}\n".encode() + content)
    return total.hexdigest()


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


def _forget(file: Path, folder: Path) -> None:
    """Have a neighbour loaded anew, unless Python has a module of its own by that name."""
    parts = file.relative_to(folder).with_suffix("").parts
    name = ".".join(parts).removesuffix(".__init__")
    known = getattr(sys.modules.get(name), "__file__", None)
    if known is not None and name.partition(".")[0] not in sys.stdlib_module_names and "site-packages" not in Path(known).parts:
        del sys.modules[name]
