"""The lowest versions that pyproject.toml promises, as exact pins."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

_REQUIREMENT = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(?:\[(?P<extras>[^]]*)\])?\s*(?P<bounds>[^;]*?)\s*(?:;\s*(?P<marker>.+))?$")
_LOWER = re.compile(r"^>=\s*(?P<version>[0-9][0-9A-Za-z.]*)$")


def project_of(root: Path) -> dict[str, Any]:
    """The table [project] of a checkout."""
    known: dict[str, Any] = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return known


def requirements(project: dict[str, Any], extras: Iterable[str] = ()) -> list[str]:
    """The requirements of a project with some of its extras; an extra that names the project itself is followed."""
    found = list(project.get("dependencies", ()))
    for extra in extras:
        for line in project.get("optional-dependencies", {})[extra]:
            parts = _parts(line)
            if parts["name"] == project["name"]:
                found += requirements(project | {"dependencies": []}, re.split(r"\s*,\s*", parts["extras"] or ""))
            else:
                found.append(line)
    return found


def lowest(project: dict[str, Any], extras: Iterable[str] = ()) -> list[str]:
    """Every requirement pinned to its lower bound, markers kept: lines of a constraints file.

    Raises ValueError where a requirement has no `>=`: then nothing is promised, and nothing can be tried.
    """
    return [_pin(line) for line in requirements(project, extras)]


def _pin(line: str) -> str:
    parts = _parts(line)
    bounds = [found["version"] for bound in (parts["bounds"] or "").split(",") if (found := _LOWER.match(bound.strip()))]
    if len(bounds) != 1:
        raise ValueError(f"pyproject.toml: {line!r} names no lower bound; write one: {parts['name']}>=VERSION")
    marker = f" ; {parts['marker']}" if parts["marker"] else ""
    return f"{parts['name']}=={bounds[0]}{marker}"


def _parts(line: str) -> dict[str, str | None]:
    found = _REQUIREMENT.match(line.strip())
    if found is None:
        raise ValueError(f"pyproject.toml: {line!r} is no requirement that can be read; expected NAME>=VERSION; MARKER")
    return found.groupdict()
