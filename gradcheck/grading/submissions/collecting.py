"""Finding the submissions of a class, each as a light record of where it lies; none of them is read here."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from gradcheck.errors import UsageError
from gradcheck.grading.submissions.bounds import BOUNDS, Bounds, Refusal
from gradcheck.grading.submissions.drafts import Draft, drafts
from gradcheck.grading.submissions.listing import Listing, list_folder, list_zip
from gradcheck.grading.submissions.names import is_archive, is_code, listed, shown
from gradcheck.grading.submissions.roster import Roster
from gradcheck.grading.submissions.submission import Piece, Submission


@dataclass(frozen=True, slots=True)
class Collected:
    """The submissions of a class, in the order of the roster, then of names; `absent` are students of the roster of whom there is none."""

    submissions: tuple[Submission, ...]
    warnings: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()


def collect(
    place: Path,
    *,
    file: str | Sequence[str] = "submission.py",
    roster: Roster | None = None,
    strangers: Literal["keep", "refuse"] = "keep",
    bounds: Bounds = BOUNDS,
) -> Collected:
    """The submissions in a folder, a zip or a single file. Contents are read by `Submission.load`, one at a time.

    `file` names the files that questions ask for: a folder or zip with one of them at its top is one submission, any other is a class.
    `strangers` says what becomes of submissions of people who are not in the roster. Raises UsageError where the place itself cannot be read.
    """
    wanted = (file,) if isinstance(file, str) else tuple(file)
    listing = _listing(place, bounds)
    warnings: list[str] = []
    if listing is None or _is_one(listing, wanted, roster):
        found = [_single(place, listing, wanted[0])]
    else:
        found, warnings = drafts(listing, wanted[0])
    submissions = [_submission(draft, place, bounds) for draft in found]
    if roster is not None:
        submissions, said = _join(submissions, found, roster, strangers)
        warnings += said
    submissions, said = _one_each(submissions, found)
    order = {s.id: k for k, s in enumerate(roster.students)} if roster else {}
    submissions.sort(key=lambda s: (order.get(s.student, len(order)), s.student, s.source))
    there = {s.student for s in submissions}
    return Collected(tuple(submissions), (*warnings, *said), tuple(i for i in order if i not in there))


def collect_one(
    place: Path, *, student: str, name: str = "", email: str = "", file: str | Sequence[str] = "submission.py", bounds: Bounds = BOUNDS
) -> Submission:
    """What lies at a place as one student's submission, whatever it is: a folder, a zip or a file. Raises UsageError where it cannot be read."""
    wanted = (file,) if isinstance(file, str) else tuple(file)
    draft = _single(place, _listing(place, bounds), wanted[0])
    return replace(_submission(draft, place, bounds), student=student, name=name, email=email)


def _listing(place: Path, bounds: Bounds) -> Listing | None:
    """What lies at the place; None where it is a single file."""
    try:
        if place.is_dir():
            return list_folder(place)
        if is_archive(place.name) and place.is_file():
            return list_zip(place, bounds)
        if not os.path.lexists(place):
            raise UsageError(f"{place}: no such file or folder: expected submissions there")
    except Refusal as refusal:
        raise UsageError(f"{place.name}: {refusal}") from refusal
    except (OSError, ValueError) as error:
        raise UsageError(f"{place}: cannot be read ({getattr(error, 'strerror', None) or error})") from error
    return None


def _is_one(listing: Listing, wanted: Sequence[str], roster: Roster | None) -> bool:
    """Whether a folder or zip is a single submission: a file asked for lies at its top, or (of a zip) one program is all there is."""
    if listing.platform:
        return False
    stems = {name.removesuffix(".py") for name in wanted}
    if any(item.name.rpartition(".")[0] in stems and is_code(item.name) for item in listing.items if not item.folder):
        return True
    if not listing.zipped:
        return False
    holding = [item.name for item in listing.items if item.folder or is_code(item.name) or is_archive(item.name)]
    known = roster is not None and any(roster.find(n) or roster.find(n.rpartition(".")[0]) for n in holding)
    return len(holding) <= 1 and not known


def _single(place: Path, listing: Listing | None, wanted: str) -> Draft:
    name = place.name or place.resolve().name
    if listing is None:
        inner = name if is_archive(name) else wanted.removesuffix(".py") + place.suffix.lower()
        return Draft(_readable(place.stem), name, (Piece(inner),), (_readable(place.stem),))
    student = _readable(place.stem if listing.zipped else name)
    if listing.zipped:
        return Draft(student, name, (Piece(name),), (student,))
    return Draft(student, name, (Piece("", (), folder=True),), (student,))


def _readable(name: str) -> str:
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _submission(draft: Draft, place: Path, bounds: Bounds) -> Submission:
    return Submission(draft.student, draft.source, place, draft.pieces, draft.name, draft.email, draft.refused, draft.warnings, bounds)


def _join(
    submissions: Sequence[Submission], found: Sequence[Draft], roster: Roster, strangers: Literal["keep", "refuse"]
) -> tuple[list[Submission], list[str]]:
    """The submissions under the roster's identifiers, and what is to be said of those who are not in it."""
    joined: list[Submission] = []
    unknown: list[str] = []
    warnings: list[str] = []
    for submission, draft in zip(submissions, found):
        student = roster.find_on_platform(draft.keys[0]) if draft.numbered else roster.find(*draft.keys)
        if student is not None:
            joined.append(
                replace(submission, student=student.id, name=student.name or submission.name, email=student.email or submission.email)
            )
            continue
        unknown.append(submission.student)
        warnings += _resembling(submission.student, roster)
        joined.append(_stranger(submission, roster, refuse=strangers == "refuse"))
    if unknown:
        what = "refused" if strangers == "refuse" else "marked all the same"
        warnings.insert(0, f"not in the roster, and {what}: {listed(unknown)}")
    return joined, warnings


def _resembling(student: str, roster: Roster) -> list[str]:
    other = roster.looks_like(student)
    return [] if other is None else [f"{shown(student)} only looks like {shown(other.id)} of the roster, and is another identifier"]


def _stranger(submission: Submission, roster: Roster, *, refuse: bool) -> Submission:
    if any(submission.student == s.id for s in roster.students):  # a number of a platform that happens to be somebody's identifier
        submission = replace(submission, student=f"{submission.student} ({submission.source})")
    told = replace(submission, warnings=(*submission.warnings, "not in the roster"))
    return replace(told, refused=submission.refused or "this student is not in the roster: ask your instructor") if refuse else told


def _one_each(submissions: Sequence[Submission], found: Sequence[Draft]) -> tuple[list[Submission], list[str]]:
    """One submission of each student: of several the last attempt, where the platform numbers them; else none, as nobody can say which is meant."""
    of: dict[str, list[tuple[Submission, Draft]]] = {}
    for submission, draft in zip(submissions, found):
        of.setdefault(submission.student, []).append((submission, draft))
    kept: list[Submission] = []
    warnings: list[str] = []
    for student, several in of.items():
        if len(several) == 1:
            kept.append(several[0][0])
            continue
        sources = [s.source for s, _ in several]
        attempts = [d.attempt for _, d in several]
        if all(attempts) and len(set(attempts)) == len(attempts):
            last = max(several, key=lambda pair: pair[1].attempt)[0]
            said = f"of several submissions ({listed(sources)}) the last was taken, {shown(last.source)}"
            kept.append(replace(last, warnings=(*last.warnings, said)))
        else:
            said = f"several submissions of one student ({listed(sources)}), and which is meant cannot be told: keep one"
            kept.append(replace(several[0][0], source=", ".join(sources), pieces=(), refused=said))
        warnings.append(f"{shown(student)}: {said}")
    return kept, warnings
