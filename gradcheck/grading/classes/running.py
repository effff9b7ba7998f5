"""Grading every submission of a class: each in its own sandbox, several at a time; the same marks however many work at it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial

import gradcheck
from gradcheck.grading.answers import Ended, Isolation, Program
from gradcheck.grading.classes.copies import with_copies
from gradcheck.grading.classes.journal import Journal
from gradcheck.grading.marking import Memory, Prepared, mark_submission, prepare
from gradcheck.grading.marking.question import ended_mark
from gradcheck.grading.model import Assignment
from gradcheck.grading.results import ClassMarks, QuestionMark, SubmissionMark
from gradcheck.grading.sandbox import Launcher, open_launcher
from gradcheck.grading.submissions import Collected, Submission
from gradcheck.parallel import Lost, as_finished
from gradcheck.rendering.text import one_line

ATTEMPTS = 2  # a submission whose grader dies gets another chance, in a new process
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class How:
    """How a class is graded: behind which walls, by how many processes, started anew or forked."""

    isolation: Isolation
    fork_server: bool = False
    workers: int = 1


@dataclass(slots=True)
class Grader:
    """What one process grades with: walls that are opened when first needed, truths, remembered marks."""

    assignment: Assignment
    how: How
    prepared: dict[str, tuple[Prepared, ...]] = field(default_factory=dict)
    memory: Memory = field(default_factory=Memory)
    _opened: ExitStack = field(default_factory=ExitStack)
    _launcher: Launcher | None = None
    _owner: int = 0

    def grade(self, submission: Submission) -> SubmissionMark:
        """The mark of one submission."""
        questions, loaded = self.questions(submission.student), submission.load()
        blank = SubmissionMark(
            submission.student, submission.source, loaded.digest, self.how.isolation, (), submission.name, submission.email, loaded.refused, loaded.warnings
        )  # fmt: skip
        if loaded.refused:
            return replace(blank, questions=tuple(ended_mark(q, Ended("missing", loaded.refused)) for q in questions))
        programs = {file: loaded.program(file) for file in dict.fromkeys(q.question.file for q in questions)}
        marked = mark_submission(questions, programs, self.launcher().session, self.assignment.imports, self.memory)
        said = [w for p in programs.values() if isinstance(p, Program) for w in p.warnings]
        warnings = tuple(dict.fromkeys((*loaded.warnings, *said, *marked.warnings)))
        return replace(blank, questions=tuple(marked.questions), warnings=warnings, flags=tuple(marked.flags), shape=marked.shape)

    def questions(self, student: str) -> tuple[Prepared, ...]:
        """The questions with their points: one set for all, or the student's own."""
        key = student if self.assignment.per_student else ""
        if key not in self.prepared:
            if key:
                self.prepared.clear()
            seed = seed_of(self.assignment, student)
            self.prepared[key] = tuple(prepare(q, seed) for q in self.assignment.questions)
        return self.prepared[key]

    def launcher(self) -> Launcher:
        """The walls; every process has its own."""
        if self._launcher is None or self._owner != os.getpid():
            self._opened, self._owner = ExitStack(), os.getpid()
            self._launcher = self._opened.enter_context(
                open_launcher(self.how.isolation, imports=self.assignment.imports, fork_server=self.how.fork_server)
            )
        return self._launcher

    def close(self) -> None:
        """Take the walls down again."""
        if self._owner == os.getpid():
            self._opened.close()
            self._launcher = None


def seed_of(assignment: Assignment, student: str) -> int:
    """The seed of the points: the assignment's, or one of each student's own."""
    if not assignment.per_student:
        return assignment.seed
    text = f"{assignment.name}\0{assignment.seed}\0{student}"
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:6], "big")


def key_of(assignment: Assignment, submission: Submission, isolation: str) -> str:
    """Everything a mark depends on."""
    loaded = submission.load()
    parts = (gradcheck.__version__, assignment.digest, loaded.digest, submission.student, loaded.refused, isolation)
    return hashlib.sha256("\0".join(map(str, parts)).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def grade_class(
    assignment: Assignment, collected: Collected, how: How, journal: Journal, progress: Progress = lambda student: None
) -> ClassMarks:
    """The marks of a class. What the journal knows is not graded again; what could not be marked for a reason of ours is.

    The caller opens the journal, and finishes it once everything is written.
    """
    submissions = collected.submissions
    keys = [key_of(assignment, s, how.isolation) for s in submissions]
    todo = [i for i, key in enumerate(keys) if key not in journal.marks or not journal.marks[key].complete]
    journal.start()
    grader = Grader(assignment, how)
    if todo and not assignment.per_student:
        grader.questions("")
    try:
        for i, mark in _graded(grader, submissions, todo, progress):
            journal.keep(keys[i], mark)
    finally:
        grader.close()
    marks = tuple(_named(journal.marks[key], s) for key, s in zip(keys, submissions, strict=True))
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


def _graded(grader: Grader, submissions: Sequence[Submission], todo: list[int], progress: Progress) -> Iterator[tuple[int, SubmissionMark]]:
    """Marks as they are finished, each made in a process apart; those whose process died are tried again, one at a time."""
    work, lost = partial(_safely, grader, submissions), list(todo)
    for attempt in range(1, ATTEMPTS + 1):
        again: list[int] = []
        for i, result in as_finished(work, lost, processes=grader.how.workers if attempt == 1 else 1, apart=True):
            if isinstance(result, Lost) and attempt < ATTEMPTS:
                again.append(i)
                continue
            progress(submissions[i].student)
            yield i, _not_marked(grader, submissions[i], f"the process that graded it {result.how}") if isinstance(result, Lost) else result
        lost = again


def _safely(grader: Grader, submissions: Sequence[Submission], i: int) -> SubmissionMark:
    """A submission at which our own code fails costs itself, not the class."""
    try:
        return grader.grade(submissions[i])
    except Exception as error:
        return _not_marked(grader, submissions[i], f"gradcheck itself failed: {type(error).__name__}: {error}")


def _not_marked(grader: Grader, submission: Submission, how: str) -> SubmissionMark:
    """What a submission comes to that could not be marked for a reason of ours: no mark, and no zero."""
    ended = Ended("infrastructure error", f"{one_line(how)}: grade it again, or look at it by hand")
    marks = tuple(QuestionMark(q.name, ended.ending, "", 0.0, q.points, ended.message) for q in grader.assignment.questions)
    return SubmissionMark(
        submission.student, submission.source, submission.digest, grader.how.isolation, marks, submission.name, submission.email
    )
