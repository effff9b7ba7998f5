"""Marking coursework: assignments, submissions, walls around what students hand in, marks, feedback, and what instructors upload."""
