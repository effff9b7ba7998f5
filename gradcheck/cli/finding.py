"""What commands share: the cases that their arguments name, and progress on stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gradcheck.cli.group import FAULT, say
from gradcheck.errors import CaseError, UsageError
from gradcheck.rendering.text import NAME, one_line

if TYPE_CHECKING:
    from gradcheck.case import Case
    from gradcheck.settings import Settings
    from gradcheck.studies.collection import Cases


def find_cases(arguments: tuple[str, ...], known: Settings) -> tuple[Cases, list[Case] | None]:
    """The cases of the paths given, and those chosen by name if any argument is no path."""
    from gradcheck.studies.collection import load_cases

    paths = [a for a in arguments if Path(a).exists()]
    names = [a for a in arguments if a not in paths]
    for name in names:
        if "/" in name or name.endswith(".py"):
            raise UsageError(f"{name}: no such file or folder")
    if not paths and not Path(known.cases).exists():
        what = f"no file, folder or case is called {names[0]!r}" if names else f"there is no folder {known.cases!r}"
        raise UsageError(f"{what}: name files or folders of cases, or run where the folder {known.cases!r} is")
    found = load_cases(*(paths or [known.cases]))
    if not found and not found.problems:
        raise CaseError(f"{', '.join(paths) or known.cases}: holds no case")
    return found, [found.named(n) for n in names] if names else None


def report_problems(found: Cases) -> None:
    for problem in found.problems:
        say(problem.message)
    if found.problems:
        sys.exit(FAULT)


class Progress:
    """One line on stderr per second, once a run has lasted a second; without a total where that is not known."""

    def __init__(self, total: int | None) -> None:
        import time

        self.clock: Callable[[], float] = time.monotonic
        self.total, self.done, self.last = total, 0, self.clock()

    def __call__(self, what: str) -> None:
        self.done += 1
        now = self.clock()
        if now - self.last >= 1:
            self.last = now
            shown = one_line(what, NAME)
            click.echo(shown if self.total is None else f"[{self.done}/{self.total}] {shown}", err=True)
