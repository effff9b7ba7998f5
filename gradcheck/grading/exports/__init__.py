"""What is written of marks: documents, gradebooks, what students are told, what instructors upload and look at.

Everything here starts from `ClassMarks`, changes no mark, and is the same on every run. What users wrote passes `inert` or `cell` of
`gradcheck.rendering.text`; the instructor's diagnosis is in marks.json and on the pages of the class, and nowhere else.
"""

from gradcheck.grading.exports.autograder import gradescope_zip
from gradcheck.grading.exports.canvas import Filled, canvas_column, canvas_csv
from gradcheck.grading.exports.document import json_text, marks_from, marks_json, read_marks
from gradcheck.grading.exports.feedback import feedback_text
from gradcheck.grading.exports.folder import FORMATS, student_folders, write_class
from gradcheck.grading.exports.gradebook import gradebook_csv
from gradcheck.grading.exports.gradescope import NotMarkedError, gradescope_results, submitter
from gradcheck.grading.exports.junit import junit_xml
from gradcheck.grading.exports.summary import class_text

__all__ = [
    "FORMATS",
    "Filled",
    "NotMarkedError",
    "canvas_column",
    "canvas_csv",
    "class_text",
    "feedback_text",
    "gradebook_csv",
    "gradescope_results",
    "gradescope_zip",
    "json_text",
    "junit_xml",
    "marks_from",
    "marks_json",
    "read_marks",
    "student_folders",
    "submitter",
    "write_class",
]
