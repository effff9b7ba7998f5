"""results.json as Gradescope reads it (https://gradescope-autograders.readthedocs.io/en/latest/specs/), and who handed in there."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from gradcheck.errors import GradcheckError, UsageError
from gradcheck.grading.exports.feedback import question_lines
from gradcheck.grading.exports.words import full, points, word
from gradcheck.grading.model import Assignment, Question, Shown
from gradcheck.grading.results import QuestionMark, SubmissionMark
from gradcheck.rendering.text import BLOCK, NAME, one_line

Visibility = Literal["hidden", "after_due_date", "after_published", "visible"]
VISIBILITY: Mapping[Shown, Visibility] = {
    "immediately": "visible", "after-due-date": "after_due_date", "after-published": "after_published", "never": "visible",
}  # fmt: skip
_WITHHELD = "Feedback on this question is not shown."


class NotMarkedError(GradcheckError):
    """Something of ours failed, so there is no score to tell: the submission has to be marked again."""


def gradescope_results(
    mark: SubmissionMark,
    assignment: Assignment,
    *,
    visibility: Visibility | None = None,
    stdout_visibility: Visibility = "hidden",
    execution_time: float | None = None,
    leaderboard: Sequence[tuple[str, float | str]] = (),
) -> dict[str, Any]:
    """One submission's results.json as plain data: a test for each question, the total as `score`.

    A test is seen when the question's feedback is to be shown; `visibility` says otherwise for all. Gradescope shows students no total while any
    test is kept from them. So feedback that is "never" shown is left out of a test that is seen, rather than put into a hidden one, which would keep the
    total from students for good. Nothing of the instructor's diagnosis, and no flag, is in it: a student's next submission can read this one's results.

    `execution_time` in seconds is left out unless given, so that results are the same on every run. `leaderboard` holds names and values.

    Raises NotMarkedError where the mark is not complete. Gradescope has no word for it: any score would be one, and without a score the results
    are not valid. With no results file at all it shows that the autograder failed, which staff can run again. UsageError for marks of another assignment.
    """
    if mark.earned is None:
        raise NotMarkedError(
            f"{one_line(mark.student, NAME)}: {_failed(mark)}: no results are written, because this is no zero; run the autograder again"
        )
    asked = {q.name: q for q in assignment.questions}
    strange = next((q.question for q in mark.questions if q.question not in asked), None)
    if strange is not None:
        raise UsageError(
            f"{one_line(strange, NAME)}: no question of {one_line(assignment.name, NAME)} is called so: the marks are of another assignment"
        )
    results: dict[str, Any] = {
        "score": mark.earned,
        "output": "\n".join(_output(mark)), "output_format": "text", "test_output_format": "text", "test_name_format": "text",
        "visibility": "visible", "stdout_visibility": stdout_visibility,
        "extra_data": {"assignment": assignment.digest, "submission": mark.digest, "isolation": mark.isolation},
        "tests": [_test(i, q, asked[q.question], visibility) for i, q in enumerate(mark.questions, 1)],
    }  # fmt: skip
    if execution_time is not None:
        results["execution_time"] = execution_time
    if leaderboard:
        results["leaderboard"] = [
            {"name": one_line(n, NAME), "value": one_line(v, NAME) if isinstance(v, str) else v} for n, v in leaderboard
        ]
    return results


def _failed(mark: SubmissionMark) -> str:
    failed = [one_line(q.question, NAME) for q in mark.questions if q.outcome == "infrastructure error"]
    return f"infrastructure error in {', '.join(failed)}"


def _output(mark: SubmissionMark) -> Iterator[str]:
    if mark.refused:
        yield f"Not run: {one_line(mark.refused)}"
    yield from (f"Note: {one_line(w)}" for w in mark.warnings)


def _test(i: int, q: QuestionMark, question: Question, visibility: Visibility | None) -> dict[str, Any]:
    name = one_line(question.title or q.question, NAME)
    lines = [f"{word(q).capitalize()}, {points(q.earned, q.possible)}."]
    lines += [_WITHHELD] if question.feedback.shown == "never" else question_lines(q)
    text = "\n".join(lines)
    return {
        "score": q.earned, "max_score": q.possible, "status": "passed" if full(q) else "failed",
        "name": name, "name_format": "text", "number": str(i),
        "output": text if len(text) <= BLOCK else text[:BLOCK] + "…", "output_format": "text",
        "tags": [word(q)], "visibility": visibility or VISIBILITY[question.feedback.shown],
        "extra_data": {"question": one_line(q.question, NAME), "outcome": q.outcome, "result": q.result},
    }  # fmt: skip


def submitter(metadata: Path) -> tuple[str, str, str]:
    """Identifier, name and e-mail of who handed in, from Gradescope's submission_metadata.json; of a group, of the first by e-mail.

    Raises UsageError where the file is none of Gradescope's.
    """
    try:
        users = json.loads(metadata.read_text(encoding="utf-8"))["users"]
        found = sorted((str(u.get("email", "")), str(u.get("id", "")), str(u.get("name", ""))) for u in users)
        email, id, name = found[0]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise UsageError(f"{metadata}: not Gradescope's metadata of a submission: {type(error).__name__}: {one_line(str(error))}") from None
    return email or id, name, email
