"""Submissions that are alike: byte for byte, or but for names, comments and layout. A flag for a person to look at.

Right answers to small questions are alike by nature: but for names, only programs that share a mistake are told of.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from gradcheck.grading.results import Flag, SubmissionMark

LISTED = 8  # students named in one flag


def with_copies(marks: tuple[SubmissionMark, ...]) -> tuple[SubmissionMark, ...]:
    """The marks, those of copies flagged."""
    same, alike = defaultdict(list), defaultdict(list)
    for mark in marks:
        if not mark.refused:
            same[mark.digest].append(mark.student)
            if mark.shape and _is_mistaken(mark):
                alike[mark.shape].append(mark.student)
    return tuple(_flagged(mark, same[mark.digest], alike[mark.shape] if _is_mistaken(mark) else []) for mark in marks)


def _is_mistaken(mark: SubmissionMark) -> bool:
    return any(q.result != "right" for q in mark.questions)


def _flagged(mark: SubmissionMark, same: list[str], alike: list[str]) -> SubmissionMark:
    others = [s for s in same if s != mark.student]
    similar = [s for s in alike if s != mark.student and s not in others]
    if mark.refused or not (others or similar):
        return mark
    said = [f"byte for byte that of {_listed(others)}"] if others else []
    said += [f"that of {_listed(similar)} but for names, comments and layout"] if similar else []
    return replace(mark, flags=(*mark.flags, Flag("identical", f"the program is {'; and '.join(said)}")))


def _listed(students: list[str]) -> str:
    more = f" and {len(students) - LISTED} more" if len(students) > LISTED else ""
    return ", ".join(students[:LISTED]) + more
