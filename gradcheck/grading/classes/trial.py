"""An assignment tried before students see it: what the instructor's solution scores, and what planted mistakes would."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.grading.answers import Answer, Ended
from gradcheck.grading.assignments import Planted, planted
from gradcheck.grading.classes.grader import Grader, How
from gradcheck.grading.marking import Prepared, mark_question
from gradcheck.grading.model import Assignment
from gradcheck.grading.results import QuestionMark, SubmissionMark
from gradcheck.grading.submissions import collect
from gradcheck.rendering.layout import table
from gradcheck.rendering.text import LINE, NAME, one_line


@dataclass(frozen=True, slots=True, eq=False)
class Tried:
    """A planted mistake, and the mark that it would get."""

    question: str
    mistake: Planted
    mark: QuestionMark

    @property
    def slips(self) -> bool:
        """Whether it would get all points."""
        return self.mark.earned >= self.mark.possible


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """The marks of the solution, if there is one, and of the planted mistakes."""

    assignment: Assignment
    solution: SubmissionMark | None
    tried: tuple[Tried, ...]

    @property
    def good(self) -> bool:
        """Whether the solution gets all points, and no mistake does."""
        whole = self.solution is None or self.solution.earned == self.solution.possible
        return whole and not any(t.slips for t in self.tried)


def try_assignment(assignment: Assignment, how: How, *, count: int = 12, progress: Callable[[str], None] = lambda question: None) -> Trial:
    """Mark the solution as a submission is marked, and answers with planted mistakes; these are functions of ours, and run here."""
    grader = Grader(assignment, how)
    try:
        solution = None if assignment.solution is None else _solution(grader, assignment)
    finally:
        grader.close()
    tried = []
    for prepared in grader.questions(""):
        progress(prepared.question.name)
        tried += [_tried(prepared, mistake) for mistake in planted(prepared.question, count)]
    return Trial(assignment, solution, tuple(tried))


def _solution(grader: Grader, assignment: Assignment) -> SubmissionMark:
    assert assignment.solution is not None
    files = dict.fromkeys(q.file for q in assignment.questions)
    (submission,) = collect(assignment.solution, file=next(iter(files))).submissions
    return grader.grade(submission)


def _tried(prepared: Prepared, mistake: Planted) -> Tried:
    def ask(arguments: tuple[Any, ...]) -> Answer | Ended:
        given = tuple(a.copy() if isinstance(a, np.ndarray) else a for a in arguments)
        try:
            with np.errstate(all="ignore"):
                return Answer(mistake.answer(*given))
        except Exception as error:  # a planted answer may raise: that is one of the mistakes
            return Ended("exception", f"{type(error).__name__}: {error}", type(error).__name__)

    return Tried(prepared.question.name, mistake, mark_question(prepared, ask))


def trial_text(trial: Trial) -> str:
    """What each would score, and what is to be done about those that score too much or too little."""
    lines = [
        f"{one_line(trial.assignment.title, NAME)}: {len(trial.assignment.questions)} questions, {trial.assignment.points:g} points",
        "",
    ]
    lines += _solution_lines(trial)
    rows = [
        [t.question, t.mistake.kind, one_line(t.mistake.hop or "-", 40), f"{t.mark.earned:g}/{t.mark.possible:g}", _named(t)]
        for t in trial.tried
    ]
    lines += [
        "",
        "Planted mistakes, and what each would score:",
        table(rows, ["question", "mistake", "at", "points", "the student is told"]),
    ]
    slipping = [t for t in trial.tried if t.slips]
    for t in slipping:
        lines.append(
            f"{t.question}: {t.mistake.kind} would get all points ({one_line(t.mistake.message, LINE)}): add points at which it shows, or ask for more digits"
        )
    killed = len(trial.tried) - len(slipping)
    return "\n".join([*lines, "", f"{killed} of {len(trial.tried)} planted mistakes lose points; {_verdict(trial)}"]) + "\n"


def _verdict(trial: Trial) -> str:
    return "the assignment marks as it should" if trial.good else "look at what is said above"


def _solution_lines(trial: Trial) -> list[str]:
    if trial.solution is None:
        return ["There is no solution to try: name one with the key `solution`."]
    mark = trial.solution
    lines = [f"Your solution: {'not marked' if mark.earned is None else f'{mark.earned:g}'} of {mark.possible:g}"]
    return (
        lines
        + [f"  {q.question}: {q.outcome}, {q.result or '-'}: {q.message}" for q in mark.questions if q.earned < q.possible]
        + list(_refusal(mark))
    )


def _refusal(mark: SubmissionMark) -> Sequence[str]:
    return [f"  refused: {mark.refused}"] if mark.refused else []


def _named(tried: Tried) -> str:
    told = tried.mark.told
    return one_line(" ".join(filter(None, (told.where, told.hint))) or tried.mark.message or "-", 90)
