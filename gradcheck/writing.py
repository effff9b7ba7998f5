"""Writing files whole or not at all."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable
from pathlib import Path

from gradcheck.errors import UsageError


def write_files(folder: Path, files: Iterable[tuple[str, str | bytes]], what: str = "the report", *, alone: bool = False) -> None:
    """Write every file below the folder as it comes; each appears complete, under its name, or stays as it was.

    `files` gives names and contents, one at a time, so that thousands need not be held; `what` is their name in an error. Who writes `alone` in the
    folder removes what a writer that was killed has left of these files. Raises UsageError where the folder cannot be written.
    """
    for name, content in files:
        try:
            if alone:
                _sweep(folder / name)
            _write(folder / name, content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content)
        except OSError as error:
            raise UsageError(f"{folder}: cannot write {what}: {error.strerror or error}") from error


def _prefix(path: Path) -> str:
    """How the names of a file's temporaries begin; eight letters, digits or _ follow."""
    return f".{path.name[:40]}."


def _sweep(path: Path) -> None:
    left = re.compile(rf"{re.escape(_prefix(path))}[a-z0-9_]{{8}}")
    for other in path.parent.iterdir() if path.parent.is_dir() else ():
        if left.fullmatch(other.name):
            other.unlink(missing_ok=True)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=_prefix(path))
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
