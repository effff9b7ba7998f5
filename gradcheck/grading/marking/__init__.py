"""Marking answers: by certified truth, with no tolerance, on the trusted side of the walls."""

from gradcheck.grading.marking.points import Prepared, prepare
from gradcheck.grading.marking.question import mark_question
from gradcheck.grading.marking.remembered import Memory
from gradcheck.grading.marking.submission import mark_submission

__all__ = ["Memory", "Prepared", "mark_question", "mark_submission", "prepare"]
