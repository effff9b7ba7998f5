"""The studies by name. Each takes a seed, whether to be quick, and where to tell its progress; what it needs is imported when it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from gradcheck.studies.study import Study

Progress = Callable[[str], None]


def silent(what: str) -> None:
    """Tell nobody."""


class MakeStudy(Protocol):
    """A study as a function; `quick` leaves out times, for those that take any."""

    __doc__: str | None

    def __call__(self, *, seed: int = 0, quick: bool = False, progress: Progress = silent) -> Study: ...


def scaling(*, seed: int = 0, quick: bool = False, progress: Progress = silent) -> Study:
    """What gradients cost as functions grow: operations counted, time measured (quick: counted only)."""
    from gradcheck.studies.scaling import scaling as study

    return study(seed=seed, times=not quick, progress=progress)


def step_size(*, seed: int = 0, quick: bool = False, progress: Progress = silent) -> Study:
    """The error of differences against their step, and the best step that theory predicts."""
    from gradcheck.studies.step_size import step_size as study

    return study(seed=seed, progress=progress)


def swell(*, seed: int = 0, quick: bool = False, progress: Progress = silent) -> Study:
    """Operations of a gradient written out, with subexpressions shared, and on the tape."""
    from gradcheck.studies.swell import swell as study

    return study(seed=seed, progress=progress)


def depth(*, seed: int = 0, quick: bool = False, progress: Progress = silent) -> Study:
    """Adjoints that vanish and explode on their way back through deep networks."""
    from gradcheck.studies.depth import depth as study

    return study(seed=seed, progress=progress)


def accuracy(*, seed: int = 0, quick: bool = False, progress: Progress = silent, cases: str = "cases") -> Study:
    """Correct digits of every method over all cases of a folder."""
    from gradcheck.studies.accuracy import accuracy as study
    from gradcheck.studies.collection import load_cases
    from gradcheck.studies.running import run

    found = load_cases(cases)
    return study(run(found, seed=seed, progress=progress, chosen=list(found)))


def training(*, seed: int = 0, quick: bool = False, progress: Progress = silent) -> Study:
    """Loss curves of gradient descent until a stopping rule holds."""
    from gradcheck.studies.training import training as study

    return study(seed=seed, progress=progress)


STUDIES: Mapping[str, MakeStudy] = {
    "scaling": scaling, "step-size": step_size, "swell": swell, "depth": depth, "accuracy": accuracy, "training": training,
}  # fmt: skip
