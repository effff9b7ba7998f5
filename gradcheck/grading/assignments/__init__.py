"""Assignments: read from their file, begun from a template, tried with planted mistakes."""

from gradcheck.grading.assignments.reading import read_assignment

__all__ = ["read_assignment"]
