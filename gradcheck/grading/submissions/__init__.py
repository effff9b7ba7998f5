"""What students hand in, read without running it: folders, zips and notebooks, exports of learning platforms, and the roster they are joined with."""

from __future__ import annotations

from gradcheck.grading.submissions.bounds import Bounds
from gradcheck.grading.submissions.collecting import Collected, collect, collect_one
from gradcheck.grading.submissions.names import safe_name
from gradcheck.grading.submissions.roster import Roster, Student, read_roster
from gradcheck.grading.submissions.submission import Loaded, Submission

__all__ = ["Bounds", "Collected", "Loaded", "Roster", "Student", "Submission", "collect", "collect_one", "read_roster", "safe_name"]
