"""What came of a matrix, as data."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Outcome:
    """One check in one environment."""

    name: str
    passed: bool
    seconds: float
    said: str = ""  # the last lines of what failed


@dataclass(frozen=True, slots=True)
class Combination:
    """One environment: a Python, what was installed, and what came of it."""

    python: str  # the full version
    dependencies: str  # "lowest" or "newest"
    artifact: str  # "wheel" or "sdist"
    installed: tuple[tuple[str, str], ...]
    outcomes: tuple[Outcome, ...]

    @property
    def passed(self) -> bool:
        """Whether something was checked, and all of it passed."""
        return bool(self.outcomes) and all(o.passed for o in self.outcomes)

    @property
    def key(self) -> tuple[str, str, str]:
        """What another run of the same combination replaces."""
        return self.python.rpartition(".")[0], self.dependencies, self.artifact


@dataclass(frozen=True, slots=True)
class Result:
    """A whole matrix."""

    version: str
    combinations: tuple[Combination, ...]
    skipped: tuple[str, ...] = ()  # Pythons of which there was none

    @property
    def passed(self) -> bool:
        """Whether something was tried and nothing failed."""
        return bool(self.combinations) and all(c.passed for c in self.combinations)


def text_of(result: Result) -> str:
    """A result as JSON."""
    return json.dumps(asdict(result), indent=1) + "\n"


def read(path: Path) -> Result:
    """A result that was written."""
    data = json.loads(path.read_text(encoding="utf-8"))
    return Result(data["version"], tuple(_combination(c) for c in data["combinations"]), tuple(data["skipped"]))


def _combination(data: dict[str, Any]) -> Combination:
    outcomes = tuple(Outcome(**o) for o in data["outcomes"])
    installed = tuple((name, version) for name, version in data["installed"])
    return Combination(data["python"], data["dependencies"], data["artifact"], installed, outcomes)


def merged(old: Result, new: Result) -> Result:
    """A later result laid over an earlier one of the same version of gradcheck: what was tried again is replaced, and a Python that was found is no longer skipped.

    Raises ValueError where the versions differ: what held for one says nothing about the other.
    """
    if old.version != new.version:
        raise ValueError(f"a matrix of gradcheck {old.version} cannot be completed by one of {new.version}; begin a new file")
    known = {c.key: c for c in (*old.combinations, *new.combinations)}
    tried = {python for python, _, _ in known}
    skipped = {s for s in (*old.skipped, *new.skipped) if s not in tried}
    return Result(new.version, tuple(known[key] for key in sorted(known, key=_order)), tuple(sorted(skipped, key=_numbers)))


def _order(key: Iterable[str]) -> tuple[Any, ...]:
    python, *rest = key
    return (_numbers(python), *rest)


def _numbers(version: str) -> list[int]:
    return [int(n) for n in version.split(".")]
