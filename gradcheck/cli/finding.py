"""What commands share: the cases that their arguments name, how many work at them and where, and progress on stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gradcheck.cli.group import FAULT, say
from gradcheck.errors import CaseError, UsageError
from gradcheck.rendering.text import NAME, one_line

if TYPE_CHECKING:
    from gradcheck.case import Case
    from gradcheck.settings import Settings
    from gradcheck.studies.collection import Cases
    from gradcheck.studies.running import Away

workers_option = click.option(
    "--workers",
    "--processes",
    "processes",
    type=click.IntRange(1),
    help="Compare so many cases at a time, each in a process of its own (default: one, or the cores for 200 cases).",
)
dask_option = click.option(
    "--dask", "cluster", metavar="ADDRESS", help="Compare cases on a running Dask cluster, such as tcp://10.0.0.1:8786 (extra `dask`)."
)


def refuse_both(processes: int | None, cluster: str | None) -> None:
    """A cluster has the workers that it has."""
    if processes is not None and cluster is not None:
        raise UsageError("--workers is of this machine, and --dask of a cluster with workers of its own: give one of them")


@contextmanager
def away(cluster: str | None, make: Any = None, take: Callable[[Any], Any] = lambda made: made) -> Iterator[Away | None]:
    """The cluster to compare cases on, where one is asked for; `make` and `take` are those of `Away`."""
    if cluster is None:
        yield None
        return
    from gradcheck.cluster import connected
    from gradcheck.studies.running import Away

    with connected(cluster, say=say) as found:
        yield Away(found, make, take)


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


def one_case(case: str, where: tuple[str, ...], known: Settings) -> Case:
    """The case that NAME, or FILE::NAME, stands for."""
    file, colons, name = case.rpartition("::")
    if not colons and case.endswith(".py") and Path(case).is_file():
        held = find_cases((case,), known)[0]
        names = ", ".join(f"{case}::{c.name}" for c in held[:5]) or "; ".join(p.message for p in held.problems)
        raise UsageError(f"{case}: expected FILE::NAME: {names}")
    if not colons and not where and not Path(known.cases).exists():
        raise UsageError(f"{case}: there is no folder {known.cases!r} to look in: give FILE::{case}, or --cases")
    return find_cases((file,) if file else where, known)[0].named(name)


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
