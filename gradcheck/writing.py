"""Writing files whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from gradcheck.errors import UsageError


def write_files(folder: Path, files: Iterable[tuple[str, str | bytes]], what: str = "the report") -> None:
    """Write every file below the folder as it comes; each appears complete, under its name, or stays as it was.

    `files` gives names and contents, one at a time, so that thousands need not be held; `what` is their name in an error. Raises UsageError
    where the folder cannot be written.
    """
    for name, content in files:
        try:
            _write(folder / name, content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content)
        except OSError as error:
            raise UsageError(f"{folder}: cannot write {what}: {error.strerror or error}") from error


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
