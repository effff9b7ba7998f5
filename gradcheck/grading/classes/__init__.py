"""Grading a whole class: in several processes, with a journal that survives crashes."""

from gradcheck.grading.classes.journal import Journal
from gradcheck.grading.classes.running import Grader, How, grade_class

__all__ = ["Grader", "How", "Journal", "grade_class"]
