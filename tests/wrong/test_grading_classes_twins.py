"""Wrong twins of the journal and of grading a class: each must fail the check that ours passes."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from unittest.mock import patch

import class_rules
import pytest

from gradcheck.grading.classes import Journal, grade_class, running
from gradcheck.grading.classes import journal as ours
from gradcheck.grading.results import mark_from_dict


class Trusting(Journal):
    """Takes every line that reads as JSON, whatever its digest says."""

    def _read(self):
        content = os.pread(self._file, 10**7, 0)
        for line in content.split(b"\n"):
            try:
                data = json.loads(line.partition(b" ")[2])
                self.marks |= {data["key"]: mark_from_dict(data["mark"])}
            except (ValueError, KeyError, TypeError):
                continue
        os.lseek(self._file, 0, os.SEEK_END)


class Appending(Journal):
    """Leaves the torn end where it is, and writes on behind it."""

    def _cut(self, end):
        os.lseek(self._file, 0, os.SEEK_END)


class Holed(Journal):
    """Cuts the file, and writes on where it was."""

    def clear(self):
        self.marks, self.finished = {}, True
        os.ftruncate(self._file, 0)


class Cheerful(Journal):
    """Thinks that a run is over that has marks."""

    def _read(self):
        super()._read()
        self.finished = self.finished or bool(self.marks)


class Shared(Journal):
    """Is held by the grader's children too."""

    def __init__(self, path):
        super().__init__(path)
        ours._JOURNALS.discard(self)


@pytest.mark.parametrize("at", range(5))
def test_torn_lines_are_not_to_be_trusted(tmp_path, at):
    text = class_rules.MARKS[0].questions[0].question  # a byte of a name: the line stays good JSON
    ends = class_rules.write_journal(tmp_path / "j")
    where = (tmp_path / "j").read_bytes().index(text.encode(), ends[at])
    class_rules.check_changed(Journal, tmp_path / "j", where, 1)
    with pytest.raises(AssertionError):
        class_rules.check_changed(Trusting, tmp_path / "j", where, 1)


def test_nothing_is_written_behind_a_torn_line(tmp_path):
    ends = class_rules.write_journal(tmp_path / "j")
    with pytest.raises(AssertionError):
        class_rules.check_cut(Appending, tmp_path / "j", ends[2] + 20)


@pytest.mark.parametrize(
    ("kind", "check"),
    [
        (Holed, class_rules.check_cleared),
        (Cheerful, class_rules.check_unfinished),
        (Shared, class_rules.check_children_let_go),
    ],
)
def test_wrong_journals_are_found_out(tmp_path, kind, check):
    with pytest.raises(AssertionError):
        check(kind, tmp_path / "j")


def counts_our_failures(assignment, collected, how, journal, progress):
    """An infrastructure error is a zero."""
    marks = grade_class(assignment, collected, how, journal, progress)
    zero = [
        replace(s, questions=tuple(replace(q, outcome="graded" if q.outcome == "infrastructure error" else q.outcome) for q in s.questions))
        for s in marks.submissions
    ]
    return replace(marks, submissions=tuple(zero))


def forgets_our_failures(assignment, collected, how, journal, progress):
    """What could not be marked once never is."""
    with patch("gradcheck.grading.results.SubmissionMark.complete", property(lambda mark: True)):
        return grade_class(assignment, collected, how, journal, progress)


def knows_by_name(assignment, collected, how, journal, progress):
    """Who was marked is not looked at again, whatever they hand in."""
    with patch.object(running, "key_of", lambda assignment, submission, isolation: submission.student):
        return grade_class(assignment, collected, how, journal, progress)


def knows_nothing(assignment, collected, how, journal, progress):
    """Everybody is graded again."""
    journal.marks.clear()
    return grade_class(assignment, collected, how, journal, progress)


def depends_on_order(assignment, collected, how, journal, progress):
    """Who is graded first gets more."""
    known = len(journal.marks)
    marks = grade_class(assignment, collected, how, journal, progress)
    return replace(
        marks, submissions=tuple(replace(s, warnings=("first",)) if known == 0 and i == 0 else s for i, s in enumerate(marks.submissions))
    )


def depends_on_workers(assignment, collected, how, journal, progress):
    """What several workers mark is told of as such."""
    marks = grade_class(assignment, collected, how, journal, progress)
    return replace(marks, warnings=(f"{how.workers} workers",))


@pytest.mark.parametrize(
    ("grade", "check"),
    [
        (counts_our_failures, class_rules.check_our_failure_is_no_zero),
        (forgets_our_failures, class_rules.check_our_failure_is_no_zero),
        (knows_by_name, class_rules.check_only_what_changed),
        (knows_nothing, class_rules.check_only_what_changed),
        pytest.param(knows_nothing, lambda folder, grade: class_rules.check_resumed(folder, 3, grade), marks=pytest.mark.slow),
        pytest.param(depends_on_order, class_rules.check_any_number_of_workers, marks=pytest.mark.slow),
        (depends_on_workers, class_rules.check_any_number_of_workers),
    ],
)
def test_wrong_graders_are_found_out(tmp_path, grade, check):
    with pytest.raises(AssertionError):
        check(tmp_path / "class", grade)
