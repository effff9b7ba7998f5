"""The Python files of an assignment: its cases, and what they import from beside them, read afresh every time."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

from gradcheck.case import Case
from gradcheck.errors import CaseError
from gradcheck.studies.collection import load_cases
from gradcheck.studies.elsewhere import local_files


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


def _forget(file: Path, folder: Path) -> None:
    """Have a neighbour loaded anew, unless Python has a module of its own by that name."""
    parts = file.relative_to(folder).with_suffix("").parts
    name = ".".join(parts).removesuffix(".__init__")
    known = getattr(sys.modules.get(name), "__file__", None)
    if known is not None and name.partition(".")[0] not in sys.stdlib_module_names and "site-packages" not in Path(known).parts:
        del sys.modules[name]
