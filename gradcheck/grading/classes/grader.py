"""Grading one submission after another: what a process holds for it, and what it does where our own code fails."""

from __future__ import annotations

import hashlib
import os
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

from gradcheck.apart import where
from gradcheck.grading.answers import Ended, Isolation, Program
from gradcheck.grading.marking import Memory, Prepared, mark_submission, prepare
from gradcheck.grading.marking.question import ended_mark
from gradcheck.grading.model import Assignment
from gradcheck.grading.results import QuestionMark, SubmissionMark
from gradcheck.grading.sandbox import Launcher, open_launcher
from gradcheck.grading.submissions import Loaded, Submission
from gradcheck.rendering.text import one_line


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
        return self.mark(submission, submission.load())

    def mark(self, submission: Submission, loaded: Loaded) -> SubmissionMark:
        """The mark of one that has been read."""
        questions = self.questions(submission.student)
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

    def safely(self, submission: Submission, loaded: Loaded | None = None) -> SubmissionMark:
        """The mark; a submission at which our own code fails costs itself, not the class."""
        try:
            return self.mark(submission, submission.load() if loaded is None else loaded)
        except Exception as error:
            failed = f"gradcheck itself failed{f' on the worker {where()}' if where() else ''}: {type(error).__name__}: {error}"
            return self.not_marked(submission, failed, loaded)

    def not_marked(self, submission: Submission, how: str, loaded: Loaded | None = None) -> SubmissionMark:
        """What a submission comes to that could not be marked for a reason of ours: no mark, and no zero."""
        ended = Ended("infrastructure error", f"{one_line(how)}: grade it again, or look at it by hand")
        marks = tuple(QuestionMark(q.name, ended.ending, "", 0.0, q.points, ended.message) for q in self.assignment.questions)
        digest = submission.digest if loaded is None else loaded.digest
        return SubmissionMark(submission.student, submission.source, digest, self.how.isolation, marks, submission.name, submission.email)

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
