"""The command line. Results go to stdout, progress to stderr; heavy imports wait until they are needed."""

from gradcheck.cli import assignment, grading, running, showing, writing
from gradcheck.cli.group import main

__all__ = ["assignment", "grading", "main", "running", "showing", "writing"]
