"""One submission: a light record of where it lies, and what it holds once it is read."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from gradcheck.grading.answers import Program
from gradcheck.grading.submissions import archive, files
from gradcheck.grading.submissions.bounds import BOUNDS, NOTEBOOK, Bounds, Refusal, size
from gradcheck.grading.submissions.choosing import assemble
from gradcheck.grading.submissions.encoding import as_source
from gradcheck.grading.submissions.names import check, common_folder, is_archive, is_code, is_junk, is_taken, listed, shown


@dataclass(frozen=True, slots=True)
class Piece:
    """A file or folder of a submission, not read yet: its name inside the submission, and where it lies.

    `parts` lead to it below the place collected from, or `entry` is its record in the zip of a class.
    """

    name: str
    parts: tuple[str, ...] = ()
    folder: bool = False
    entry: archive.Entry | None = None


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a submission holds: files by relative name in order; or why it was refused, one line for the student."""

    files: Mapping[str, bytes]
    refused: str = ""
    warnings: tuple[str, ...] = ()
    bounds: Bounds = BOUNDS

    @property
    def digest(self) -> str:
        """SHA-256 of the files with their names; "" of a submission that was refused."""
        if self.refused:
            return ""
        total = hashlib.sha256()
        for name, content in self.files.items():
            encoded = name.encode("utf-8", "surrogatepass")
            total.update(b"%d %d\n" % (len(encoded), len(content)) + encoded + content)
        return total.hexdigest()

    def program(self, file: str = "submission.py") -> Program | str:
        """The program to run for a question whose answer belongs in `file`; else why there is none, one line for the student."""
        if self.refused:
            return self.refused
        try:
            return assemble(self.files, file, self.bounds.file)
        except Refusal as refusal:
            return str(refusal)


@dataclass(frozen=True, slots=True)
class Submission:
    """One student's submission, light enough to be held for every student of a large class: nothing of it is read before `load`.

    `source` is a relative label for people, `refused` says what was seen to be wrong without reading. It can be pickled, and loaded by another process.
    """

    student: str
    source: str
    place: Path
    pieces: tuple[Piece, ...]
    name: str = ""
    email: str = ""
    refused: str = ""
    warnings: tuple[str, ...] = ()
    bounds: Bounds = BOUNDS

    def load(self) -> Loaded:
        """Read it, within its bounds. Never raises for what it holds: `refused` says what is wrong."""
        if self.refused:
            return Loaded({}, self.refused, self.warnings, self.bounds)
        try:
            held, warnings = _read(self)
        except Refusal as refusal:
            return Loaded({}, str(refusal), self.warnings, self.bounds)
        except OSError as error:
            return Loaded({}, f"it cannot be read ({error.strerror or type(error).__name__}): hand in again", self.warnings, self.bounds)
        return Loaded(held, "", (*self.warnings, *warnings), self.bounds)

    def program(self, file: str = "submission.py") -> Program | str:
        """What `load().program(file)` gives. For several questions, load once."""
        return self.load().program(file)

    @property
    def digest(self) -> str:
        """What `load().digest` gives."""
        return self.load().digest


_Reader = Callable[[int], tuple[bytes, bool]]
"""Reads a file of at most so many bytes, and tells whether it has other names."""


def _read(submission: Submission) -> tuple[dict[str, bytes], list[str]]:
    if submission.place.is_dir():
        with files.opened(submission.place) as folder:
            return _take(_in_folder(folder, submission), submission.bounds)
    if submission.pieces[0].entry is None:
        with files.opened(submission.place.parent) as folder:
            return _take({p.name: _file(folder, (submission.place.name,)) for p in submission.pieces}, submission.bounds)
    with submission.place.open("rb") as file:
        return _take({p.name: _entry(file, p.entry) for p in submission.pieces if p.entry}, submission.bounds)


def _in_folder(folder: int, submission: Submission) -> dict[str, _Reader]:
    found: dict[str, _Reader] = {}
    for piece in submission.pieces:
        if not piece.folder:
            found[piece.name] = _file(folder, piece.parts)
            continue
        for name in files.walk(folder, piece.parts, submission.bounds):
            found["/".join(filter(None, (piece.name, name)))] = _file(folder, (*piece.parts, *name.split("/")))
    return found


def _file(folder: int, parts: tuple[str, ...]) -> _Reader:
    return lambda limit: files.read(folder, parts, limit)


def _entry(file: BinaryIO, entry: archive.Entry) -> _Reader:
    return lambda limit: (archive.extract(file, entry, limit), False)


def _take(found: Mapping[str, _Reader], bounds: Bounds) -> tuple[dict[str, bytes], list[str]]:
    """The files that come along, and what was noticed. A zip is looked into where it is all there is."""
    if not any(is_code(n) for n in found) and len(zips := [n for n in found if is_archive(n)]) == 1:
        packed, _ = found[zips[0]](bounds.total)
        return _unpack(packed, zips[0], [n for n in found if n != zips[0]], bounds)
    return _contents(found, bounds)


def _unpack(packed: bytes, name: str, beside: list[str], bounds: Bounds) -> tuple[dict[str, bytes], list[str]]:
    file = io.BytesIO(packed)
    entries = [e for e in archive.index(file, bounds.entries, bounds.directory) if not is_junk(e.name)]
    for entry in entries:
        if entry.fault:
            raise Refusal(f"{shown(entry.name)} {entry.fault}: hand in ordinary files in an ordinary zip")
    check(e.name for e in entries)
    if not any(is_code(e.name) for e in entries) and any(is_archive(e.name) for e in entries):
        raise Refusal(f"{shown(name)} holds another zip and no Python file: hand in the files themselves")
    held, warnings = _contents({e.name: _entry(file, e) for e in entries}, bounds)
    return held, warnings + ([f"passed over, beside the zip: {listed(beside)}"] if beside else [])


def _contents(found: Mapping[str, _Reader], bounds: Bounds) -> tuple[dict[str, bytes], list[str]]:
    names = sorted(n for n in found if not is_junk(n))
    check(names)
    taken = [n for n in names if is_taken(n)]
    if len(taken) > bounds.files:
        raise Refusal(f"{len(taken):,} files were handed in (at most {bounds.files}): hand in only what you wrote")
    prefix = common_folder(names)
    held: dict[str, bytes] = {}
    warnings: list[str] = []
    room = bounds.total
    for name in taken:
        content, linked = found[name](min(bounds.of(name), room))
        room -= len(content)
        content, noticed = as_source(content) if is_code(name) and not name.lower().endswith(NOTEBOOK) else (content, "")
        held[name.removeprefix(prefix)] = content
        warnings += [f"{shown(name)} has other names on its disk (a hard link)"] if linked else []
        warnings += [f"{shown(name)} {noticed}"] if noticed else []
    return held, warnings + _left(set(names) - set(taken), bounds)


def _left(names: Iterable[str], bounds: Bounds) -> list[str]:
    left = sorted(names)
    return (
        [f"passed over: {listed(left)} (programs, notebooks and small data files are taken, {size(bounds.total)} in all)"] if left else []
    )
