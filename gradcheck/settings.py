"""Settings: what the command line says, else the environment, else [tool.gradcheck] in pyproject.toml."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gradcheck.errors import CaseError

KNOWN = {"cases": str, "seed": int, "report": str}


@dataclass(frozen=True, slots=True)
class Settings:
    """Where cases are, the seed of drawn points, and the folder of reports."""

    cases: str = "cases"
    seed: int = 0
    report: str = "reports"


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
        if key not in KNOWN:
            raise CaseError(f"{path.name}: [tool.gradcheck] has no setting {key!r}; it knows {', '.join(KNOWN)}")
        if not isinstance(value, KNOWN[key]) or isinstance(value, bool):
            raise CaseError(f"{path.name}: [tool.gradcheck] {key} = {value!r}: expected {KNOWN[key].__name__}")
    return dict(table)


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
