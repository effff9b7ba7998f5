"""Settings: what the command line says, else the environment, else [tool.gradcheck] in pyproject.toml."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gradcheck.errors import CaseError

KNOWN = {"cases": str, "seed": int, "report": str}
FILES = "gradcheck_cases"  # a text or a list of them; only in the file: pytest reads it too


@dataclass(frozen=True, slots=True)
class Settings:
    """Where cases are, the seed of drawn points, the folder of reports, and the files whose cases are tests for pytest."""

    cases: str = field(default="cases", metadata={"says": "where commands look for cases: a folder or a file"})
    seed: int = field(default=0, metadata={"says": "seed of points drawn from domains"})
    report: str = field(default="reports", metadata={"says": "accepted, and read by no command yet: `--report` names the folder"})
    gradcheck_cases: tuple[str, ...] = field(
        default=(), metadata={"says": "files, folders or patterns of files whose cases pytest runs as tests"}
    )


def settings(folder: Path | None = None, **given: Any) -> Settings:
    """Settings of a project folder; keywords that are not None win.

    Raises CaseError, naming the key, for an unknown setting or one of the wrong type.
    """
    known = _from_file((folder or Path.cwd()) / "pyproject.toml") | _from_environment()
    return Settings(**(known | {k: v for k, v in given.items() if v is not None}))


def _from_file(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {}).get("gradcheck", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CaseError(f"{path.name}: {error}") from error
    for key, value in table.items():
        if key == FILES:
            continue
        if key not in KNOWN:
            raise CaseError(f"{path.name}: [tool.gradcheck] has no setting {key!r}; it knows {', '.join((*KNOWN, FILES))}")
        if not isinstance(value, KNOWN[key]) or isinstance(value, bool):
            raise CaseError(f"{path.name}: [tool.gradcheck] {key} = {value!r}: expected {KNOWN[key].__name__}")
    return dict(table) | ({FILES: _files(path, table[FILES])} if FILES in table else {})


def _files(path: Path, value: Any) -> tuple[str, ...]:
    """A file, or a list of them."""
    named = [value] if isinstance(value, str) else value
    if not isinstance(named, list) or not all(isinstance(v, str) for v in named):
        raise CaseError(
            f'{path.name}: [tool.gradcheck] {FILES} = {value!r}: expected a file, folder or pattern, or a list of them: ["cases"]'
        )
    return tuple(named)


def _from_environment() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, kind in KNOWN.items():
        text = os.environ.get(f"GRADCHECK_{key.upper()}")
        if text is None:
            continue
        try:
            found[key] = kind(text)
        except ValueError:
            raise CaseError(f"environment GRADCHECK_{key.upper()}={text!r}: expected {kind.__name__}") from None
    return found
