"""The Pythons of this machine."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

_WHICH = "import sys, venv, ensurepip; print('%d.%d.%d' % sys.version_info[:3])"


def supported(project: dict[str, Any]) -> tuple[str, ...]:
    """The versions that the classifiers of a project name: "3.11", "3.12" and so on."""
    found = (re.match(r"Programming Language :: Python :: (3\.\d+)$", line) for line in project.get("classifiers", ()))
    return tuple(m[1] for m in found if m)


def version_of(program: str | Path) -> str | None:
    """The full version of an interpreter; None for what is none, or cannot make virtual environments."""
    try:
        ran = subprocess.run([program, "-c", _WHICH], capture_output=True, text=True, timeout=60, check=True)  # noqa: S603 - an interpreter
    except (OSError, subprocess.SubprocessError):
        return None
    return ran.stdout.strip()


def found(versions: Iterable[str], named: Iterable[str] = ()) -> dict[str, tuple[str, str] | None]:
    """For each version its interpreter and full version: one that was named, else on the path, else of pyenv; None where there is none."""
    given = {known.rpartition(".")[0]: (program, known) for program in named if (known := version_of(program))}
    return {version: given.get(version) or next(_looked_for(version), None) for version in versions}


def _looked_for(version: str) -> Iterator[tuple[str, str]]:
    for program in _candidates(version):
        known = version_of(program)
        if known and known.rpartition(".")[0] == version:
            yield str(program), known


def _candidates(version: str) -> Iterator[str | Path]:
    if program := shutil.which(f"python{version}"):
        yield program
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    folders = (p for p in pyenv.glob(f"{version}.*") if re.fullmatch(r"[\d.]+", p.name))
    for folder in sorted(folders, key=lambda p: [int(n) for n in p.name.split(".")], reverse=True):
        yield folder / "bin" / f"python{version}"
