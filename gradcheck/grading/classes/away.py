"""Grading on a cluster: the assignment's files and what students handed in go to its workers, marks come back as plain data.

Submissions are read here, and the journal is kept here. A worker reads the assignment in a private folder, works its truths out once, and puts up walls of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradcheck.apart import where
from gradcheck.errors import GradcheckError
from gradcheck.grading.answers import Isolation
from gradcheck.grading.assignments import cases_file, read_assignment
from gradcheck.grading.classes.grader import Grader, How
from gradcheck.grading.model import Assignment
from gradcheck.grading.results import SubmissionMark, mark_from_dict
from gradcheck.grading.submissions import Loaded, Submission
from gradcheck.parallel import Lost
from gradcheck.studies.elsewhere import Sources, as_there, below, mirrored, sources

if TYPE_CHECKING:
    from gradcheck.cluster import Cluster


@dataclass(frozen=True, slots=True)
class Errand:
    """What a worker needs to grade: the assignment's file and all that belongs to it, and the walls to grade behind."""

    given: Sources
    path: str
    digest: str
    isolation: Isolation
    fork_server: bool


@dataclass(frozen=True, slots=True)
class Paper:
    """A submission that has been read."""

    submission: Submission
    loaded: Loaded


@dataclass(frozen=True, slots=True)
class _Desk:
    """Where a worker grades; `fault` says why it can't."""

    root: Path
    grader: Grader
    fault: str = ""


def graded_away(
    assignment: Assignment, how: How, cluster: Cluster, submissions: Sequence[Submission], items: Sequence[int], *, most: int | None = None
) -> Iterator[tuple[int, SubmissionMark | Lost]]:
    """The marks of some of the submissions, each as soon as it is there. They are read as they are sent, so that few are held at a time."""
    papers = (_paper(submissions[i]) for i in items)
    for n, result in cluster.as_finished(grade_there, papers, prepare=desk, common=errand_of(assignment, how), most=most):
        yield items[n], result if isinstance(result, Lost) else mark_from_dict(result)


def _paper(submission: Submission) -> Paper:
    """A submission with what it holds, and without where it lies."""
    return Paper(replace(submission, place=Path(), pieces=()), submission.load())


def errand_of(assignment: Assignment, how: How) -> Errand:
    """What is sent of an assignment: its file, its cases with what they import from beside them; of the solution, that there is one."""
    file = assignment.path.absolute()
    more = {file: file.read_bytes()}
    if assignment.solution is not None:
        more[assignment.solution.absolute()] = b""
    given = sources([cases_file(assignment.path)], more)
    return Errand(given, str(file), assignment.digest, how.isolation, how.fork_server)


@contextmanager
def desk(errand: Errand) -> Iterator[_Desk]:
    """What a worker grades with, for as long as the context lasts."""
    with mirrored(errand.given) as root:
        assignment = read_assignment(below(root, errand.path))
        if assignment.digest != errand.digest:
            raise GradcheckError(f"{assignment.name}: the assignment is another on the worker {where()}")
        grader = Grader(assignment, How(errand.isolation, errand.fork_server))
        try:
            yield _Desk(root, grader, fault_of(errand.isolation))
        finally:
            grader.close()


def fault_of(isolation: Isolation) -> str:
    """Why walls of a level cannot stand on this machine; "" where they do."""
    if isolation == "none":
        return ""
    from gradcheck.grading.sandbox import probe

    (found,) = probe([isolation])
    return "" if found.stands else found.reason or "no reason is known"


def grade_there(desk: _Desk, paper: Paper) -> dict[str, Any] | Lost:
    """The mark of a submission as plain data; Lost where the walls asked for do not stand on this worker: another may have them."""
    if desk.fault:
        return Lost(f"was the worker {where()}, where no sandbox of level {desk.grader.how.isolation} stands: {desk.fault}")
    mark = desk.grader.safely(paper.submission, paper.loaded)
    found: dict[str, Any] = as_there(mark.to_dict(), desk.root)
    return found
