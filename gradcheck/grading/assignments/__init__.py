"""Assignments: read from their file, begun from a template, tried with planted mistakes."""

from gradcheck.grading.assignments.planted import Planted, planted, right_answer
from gradcheck.grading.assignments.reading import cases_file, read_assignment
from gradcheck.grading.assignments.scaffold import scaffold
from gradcheck.grading.assignments.subject import sampled
from gradcheck.grading.assignments.template import files_of, student_page, student_template

__all__ = [
    "Planted",
    "cases_file",
    "files_of",
    "planted",
    "read_assignment",
    "right_answer",
    "sampled",
    "scaffold",
    "student_page",
    "student_template",
]
