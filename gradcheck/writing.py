"""Writing files whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from gradcheck.errors import UsageError


def write_files(folder: Path, files: Mapping[str, str], what: str = "the report") -> None:
    """Write every file below the folder; each appears complete, under its name, or stays as it was. `what` is their name in an error.

    Raises UsageError where the folder cannot be written.
    """
    try:
        for name, text in files.items():
            _write(folder / name, text)
    except OSError as error:
        raise UsageError(f"{folder}: cannot write {what}: {error.strerror or error}") from error


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
