"""The report of a run of tests: every process writes the pages of what it checks, and leaves word for the one that writes the whole."""

from __future__ import annotations

import hashlib
import os
import pickle
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from gradcheck.case import Case, ClaimedGradient
from gradcheck.circuit import argument_names
from gradcheck.domains import Data, Domain, Real, floating_positions
from gradcheck.errors import GradcheckError, UsageError
from gradcheck.parallel import cores
from gradcheck.reporting import Made, Report, faults_of, missing, primitives_of
from gradcheck.studies.running import CaseResult, RunResult
from gradcheck.studies.summary import CaseSummary, failed, summarise
from gradcheck.testing.asked import Asked
from gradcheck.verdicts.check import Question, Verdict, chosen_at, drawn, points_of
from gradcheck.verdicts.compare import compare
from gradcheck.verdicts.proof import proofs
from gradcheck.verdicts.trees import taken_apart
from gradcheck.writing import write_files

SHOWN = 4  # points of a test that its page shows


@dataclass(frozen=True, slots=True)
class Part:
    """What a page's process leaves for the whole: the case in numbers, and what was made of it."""

    summary: CaseSummary
    made: Made


@dataclass(frozen=True, slots=True, eq=False)
class SessionReport:
    """A report that is being written into `folder`; word of its pages goes through files in `parts`, so that a worker that dies loses nothing.

    `lacking` is a package that drawings and HTML need and that is not there, None where they are made. `faults` tell what could not be written. `seen` are the gradients that have a page already: one is enough for a test that checks it in a loop.
    """

    folder: Path
    parts: Path
    seed: int
    lacking: str | None
    worker: bool
    workers: int | None
    seen: dict[str, bool] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, config: pytest.Config, folder: str, seed: int) -> SessionReport:
        """From pytest's options; a worker of pytest-xdist is told where the parts go. Raises pytest.UsageError where the folder cannot be."""
        target = config.invocation_params.dir / folder
        if target.is_file():
            raise pytest.UsageError(f"--gradcheck-report {folder}: is a file, expected a folder to write into")
        there = next(p for p in (target, *target.parents) if p.exists())
        if not there.is_dir() or not os.access(there, os.W_OK):
            raise pytest.UsageError(f"--gradcheck-report {folder}: cannot be made: {there} is no folder that can be written to")
        told = getattr(config, "workerinput", {}).get("gradcheck_parts")
        parts = Path(told or tempfile.mkdtemp(prefix="gradcheck-parts-"))
        return cls(target, parts, seed, missing(), told is not None, getattr(config.option, "numprocesses", None) or None)

    @property
    def pictures(self) -> bool:
        """With drawings and HTML."""
        return self.lacking is None

    @property
    def first(self) -> Path:
        """The page to open first."""
        return self.folder / ("html/index.html" if self.pictures else "README.md")

    def add_case(self, nodeid: str, case: Case) -> None:
        """Write the pages of a case, with its claimed gradients."""
        self._add(f"case|{case.file}|{case.name}", case, None)

    def add_gradient(self, nodeid: str, asked: Asked, verdict: Verdict) -> None:
        """Write the pages of a gradient that a test checks: its function at the test's points, the gradient as one claimed for it."""
        called = f"{nodeid}|{asked.function_name}|{asked.name}|"
        key = called + asked.place
        if self.seen.get(key) is True and verdict.ok:
            return
        self.seen[key] = verdict.ok
        name = f"{asked.function_name} ({_without_folders(nodeid)}{'' if asked.name == 'gradient' else ', ' + asked.name})"
        if any(k.startswith(called) for k in self.seen if k != key):  # two functions of one name, lambdas say
            name += f", {asked.place}"
        try:
            case = case_of(asked, verdict, name)
        except GradcheckError as error:
            case = Case(asked.plain, {}, (), called=name)
            with self._told_if_it_fails():
                self._leave(key, Part(failed(case, str(error)), Made("", ())))
            return
        self._add(key, case, asked.digits)

    @contextmanager
    def _told_if_it_fails(self) -> Iterator[None]:
        """A disk that is full must not hide a verdict: what could not be written is told at the end."""
        try:
            yield
        except UsageError as error:
            if str(error) not in self.faults:
                self.faults.append(str(error))

    def _add(self, key: str, case: Case, digits: float | None) -> None:
        with self._told_if_it_fails():
            self._write(key, case, digits)

    def _write(self, key: str, case: Case, digits: float | None) -> None:
        report = Report(self.folder, (case,), self.seed, self.pictures)
        try:
            comparison = compare(case, seed=self.seed, digits=digits)
            result = CaseResult(case, summarise(case, comparison), comparison)
        except GradcheckError as error:  # a function that cannot be followed has a page that says so
            result = CaseResult(case, failed(case, f"{case.name}: {error}"))
        self._leave(key, Part(result.summary, report.case(result)))

    def _leave(self, key: str, part: Part) -> None:
        """Leave word of a page for the process that writes the whole."""
        write_files(self.parts, [(hashlib.sha256(key.encode()).hexdigest() + ".part", pickle.dumps(part))])

    def finish(self) -> None:
        """Write what tells of all checks, in the process that runs the others, and remove the parts."""
        if self.worker:
            return
        try:
            told = sorted(self._told(), key=lambda t: (t.summary.file, t.summary.line, t.summary.name))
            if told:
                with self._told_if_it_fails():
                    self._whole(told)
        finally:
            shutil.rmtree(self.parts, ignore_errors=True)

    def _told(self) -> Iterator[Part]:
        """The parts, in a folder of our own that only this user can write to."""
        return (pickle.loads(p.read_bytes()) for p in self.parts.glob("*.part"))  # noqa: S301

    def _whole(self, told: list[Part]) -> None:
        cases = tuple(CaseResult(_elsewhere(t.summary), t.summary, None, t.made) for t in told)
        result = faults_of(RunResult(cases, (), (), self.seed, self.workers))
        Report(self.folder, tuple(c.case for c in cases), self.seed, self.pictures).whole(
            result, (), proofs(cores(), primitives_of(result))
        )


def _without_folders(nodeid: str) -> str:
    """A test's id from its file's name on; a parameter may hold slashes too."""
    file, colons, test = nodeid.partition("::")
    return file.rpartition("/")[2] + colons + test


def _elsewhere(summary: CaseSummary) -> Case:
    """Stands for a case of another process, of which the summary tells."""
    return Case(_elsewhere, {}, (), called=summary.name)


def case_of(asked: Asked, verdict: Verdict, name: str) -> Case:
    """What a test asks as a case. A product, or a second derivative, is that of one function it is made of."""
    points = list(_points(asked))
    apart = None if isinstance(asked.function, Case) else taken_apart(asked.plain, points, asked.argnums)
    plain: Any = asked.plain if apart is None else apart.function
    claim: Any = asked.gradient if apart is None else apart.claim(asked.gradient)
    if apart is not None:
        points = apart.points
    elif verdict.witness is not None:
        points = [verdict.witness, *points]
    chosen = chosen_at(asked.function, points[0], asked.argnums if apart is None else apart.argnums)
    if asked.vjp or asked.order == 2:
        question = Question(plain, claim, asked.vjp, asked.order, asked.seed)
        plain, claim = next(iter(question.pairs(points[0], chosen)))
        points = points[:1]
    names = argument_names(plain, len(points[0]))
    domains: dict[str, Domain] = {n: _domain(asked, n, i, points[0]) for i, n in enumerate(names)}
    return Case(plain, domains, tuple(points[:SHOWN]), chosen, (), [ClaimedGradient(claim, "right")], called=name)


def _points(asked: Asked) -> Iterator[tuple[Any, ...]]:
    points = asked.points()
    if points is None and asked.domain is not None and not isinstance(asked.function, Case):
        points = drawn(asked.function, asked.domain, asked.seed)
    yield from points_of(asked.function, points, asked.seed)


def _domain(asked: Asked, name: str, i: int, point: tuple[Any, ...]) -> Domain:
    known = asked.function.domains if isinstance(asked.function, Case) else asked.domain or {}
    if name in known:
        return known[name]
    import numpy as np

    return Real(np.shape(point[i])) if i in floating_positions(point) else Data(point[i])
