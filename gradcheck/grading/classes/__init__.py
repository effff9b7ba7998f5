"""Grading a whole class: in several processes, with a journal that survives crashes."""

from gradcheck.grading.classes.grader import Grader, How
from gradcheck.grading.classes.journal import Journal
from gradcheck.grading.classes.running import grade_class
from gradcheck.grading.classes.trial import Trial, trial_text, try_assignment

__all__ = ["Grader", "How", "Journal", "Trial", "grade_class", "trial_text", "try_assignment"]
