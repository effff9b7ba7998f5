"""Grading every submission of a class: each in its own sandbox, several at a time; the same marks however many work at it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import gradcheck
from gradcheck.grading.classes.away import graded_away
from gradcheck.grading.classes.copies import with_copies
from gradcheck.grading.classes.grader import Grader, How
from gradcheck.grading.classes.journal import Journal
from gradcheck.grading.model import Assignment
from gradcheck.grading.results import ClassMarks, SubmissionMark
from gradcheck.grading.submissions import Collected, Submission
from gradcheck.parallel import Lost, as_finished

if TYPE_CHECKING:
    from gradcheck.cluster import Cluster

ATTEMPTS = 2  # a submission whose grader dies gets another chance, in a new process
Progress = Callable[[str], None]


def key_of(assignment: Assignment, submission: Submission, isolation: str) -> str:
    """Everything a mark depends on."""
    loaded = submission.load()
    parts = (gradcheck.__version__, assignment.digest, loaded.digest, submission.student, loaded.refused, isolation, *loaded.warnings)
    return hashlib.sha256("\0".join(map(str, parts)).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def grade_class(
    assignment: Assignment,
    collected: Collected,
    how: How,
    journal: Journal,
    progress: Progress = lambda student: None,
    *,
    only: Collection[str] = (),
    cluster: str | None = None,
    say: Progress = lambda line: None,
) -> ClassMarks:
    """The marks of a class. What the journal knows is not graded again; what could not be marked for a reason of ours is.

    With `only` these students are graded; of all others what is known stands, and those of whom nothing is known are not marked.
    The caller opens the journal, and finishes it once everything is written. With the address of a Dask `cluster` its workers grade (`how.workers` is not looked at), and
    `say` is told what there is to wait for. Raises CaseError where the truths of the assignment cannot be had, UsageError where the journal cannot be written,
    or the cluster not be reached, or has lost all its workers: what is in the journal stays.
    """
    submissions = collected.submissions
    keys = [key_of(assignment, s, how.isolation) for s in submissions]
    todo = [i for i, key in enumerate(keys) if key not in journal.marks or not journal.marks[key].complete]
    todo = [i for i in todo if not only or submissions[i].student in only]
    grader = Grader(assignment, how)
    with _on(cluster if todo else None, say) as workers:
        journal.start()
        if todo and not assignment.per_student:
            grader.questions("")
        try:
            for i, mark in _graded(grader, submissions, todo, progress, workers):
                journal.keep(keys[i], mark)
        finally:
            grader.close()
    left = partial(grader.not_marked, how="it was left out with --only")
    marks = tuple(_named(journal.marks[key] if key in journal.marks else left(s), s) for key, s in zip(keys, submissions, strict=True))
    questions = tuple((q.name, q.title or q.name, q.points) for q in assignment.questions)
    return ClassMarks(
        assignment.name,
        assignment.title,
        assignment.digest,
        how.isolation,
        questions,
        with_copies(marks),
        collected.warnings,
        collected.absent,
    )


def _named(mark: SubmissionMark, submission: Submission) -> SubmissionMark:
    """The mark with what the roster says today."""
    return replace(mark, name=submission.name, email=submission.email, source=submission.source)


@contextmanager
def _on(address: str | None, say: Progress) -> Iterator[Cluster | None]:
    """The cluster, where one is asked for."""
    if address is None:
        yield None
        return
    from gradcheck.cluster import connected

    with connected(address, say=say, advice=", then add --resume: no mark is lost") as cluster:
        yield cluster


def _graded(
    grader: Grader, submissions: Sequence[Submission], todo: list[int], progress: Progress, cluster: Cluster | None
) -> Iterator[tuple[int, SubmissionMark]]:
    """Marks as they are finished, each made in a process apart; those whose process died are tried again, one at a time."""
    lost = list(todo)
    for attempt in range(1, ATTEMPTS + 1):
        again: list[int] = []
        for i, result in _tried(grader, submissions, lost, cluster, alone=attempt > 1):
            if isinstance(result, Lost) and attempt < ATTEMPTS:
                again.append(i)
                continue
            progress(submissions[i].student)
            yield i, grader.not_marked(submissions[i], f"the process that graded it {result.how}") if isinstance(result, Lost) else result
        lost = again


def _tried(
    grader: Grader, submissions: Sequence[Submission], items: list[int], cluster: Cluster | None, *, alone: bool
) -> Iterator[tuple[int, SubmissionMark | Lost]]:
    """The same once, on this machine or on a cluster; `alone`: one after the other."""
    if cluster is not None:
        return graded_away(grader.assignment, grader.how, cluster, submissions, items, most=1 if alone else None)
    work = partial(_mark, grader, submissions)
    return as_finished(work, items, processes=1 if alone else grader.how.workers, apart=True, ending=grader.close)


def _mark(grader: Grader, submissions: Sequence[Submission], i: int) -> SubmissionMark:
    return grader.safely(submissions[i])
