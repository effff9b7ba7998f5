"""A journal of marks: one line each, appended as soon as it is known, so that a crash loses nothing and nothing is graded twice.

Every line carries a digest of itself. A line torn by a crash or a full disk ends the journal: what stands before it is kept, what follows is written anew. Marks are
kept under a key of everything they depend on; a journal of another version of the assignment therefore holds nothing that is used.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import time
from collections.abc import Container, Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from weakref import WeakSet

from gradcheck.errors import UsageError
from gradcheck.grading.results import SubmissionMark, mark_from_dict

FORMAT = 1
SYNC_EVERY = 0.5  # seconds: a crash of the machine costs so much, a crash of the grader nothing
FINISHED = "finished"


class Journal:
    """Marks by key, in memory and in a file. Use it as a context; raises UsageError where another grader has it open, or the disk is full."""

    def __init__(self, path: Path) -> None:
        self.path = path
        _JOURNALS.add(self)
        self.marks: dict[str, SubmissionMark] = {}
        self.finished = True
        self.fresh = True
        self._file = -1
        self._synced = 0.0

    def __enter__(self) -> Self:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._close()
            raise UsageError(
                f"{self.path}: another grader is at work in this folder: wait for it, or choose another with --output"
            ) from None
        except OSError as error:
            self._close()
            raise UsageError(f"{self.path}: cannot keep a journal there: {error.strerror or error}") from error
        self._read()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._close()

    def clear(self) -> None:
        """Forget all marks."""
        self.marks, self.finished, self.fresh = {}, True, True
        self._cut(0)

    def forget(self, students: Container[str]) -> None:
        """Grade these students again; their marks in the file stand until others are written down."""
        self.marks = {key: mark for key, mark in self.marks.items() if mark.student not in students}

    def start(self) -> None:
        """From here on the journal is that of a run that has not finished."""
        self._append({"format": FORMAT, "started": True})
        self.finished = False

    def keep(self, key: str, mark: SubmissionMark) -> None:
        """Write a mark down."""
        self._append({"key": key, "mark": mark.to_dict()})
        self.marks[key] = mark

    def finish(self) -> None:
        """The run is over, and all it should write is written."""
        self._append({FINISHED: True}, lasting=True)
        self.finished = True

    def _read(self) -> None:
        """What stands in the file, up to the first line that is torn; the rest is cut off."""
        with os.fdopen(os.dup(self._file), "rb") as file:
            file.seek(0)
            whole = 0
            for data, end in _lines(file.read()):
                whole, self.fresh = end, False
                if "key" in data:
                    self._learn(data["key"], data["mark"])
                self.finished = FINISHED in data
        self._cut(whole)

    def _learn(self, key: str, mark: dict[str, Any]) -> None:
        """A mark as it was written down; one of another version of ours, which has other fields, is not known."""
        self.marks.pop(key, None)
        with suppress(KeyError, TypeError):
            self.marks[key] = mark_from_dict(mark)

    def _cut(self, end: int) -> None:
        """The file ends here, and what comes next is written here."""
        os.ftruncate(self._file, end)
        os.lseek(self._file, end, os.SEEK_SET)

    def _append(self, data: dict[str, Any], *, lasting: bool = False) -> None:
        """One line, whole or not at all. Raises UsageError where it cannot be written."""
        line = _line(data)
        start = os.lseek(self._file, 0, os.SEEK_CUR)
        try:
            written = 0
            while written < len(line):
                written += os.write(self._file, line[written:])
            if lasting or time.monotonic() - self._synced > SYNC_EVERY:
                os.fsync(self._file)
                self._synced = time.monotonic()
        except OSError as error:
            self._cut(start)
            raise UsageError(
                f"{self.path}: cannot write a mark down: {error.strerror or error}; {len(self.marks)} marks are kept: make room, then add --resume"
            ) from error

    def _close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


_JOURNALS: WeakSet[Journal] = WeakSet()


def _let_go() -> None:
    """A child of the grader has no business with its journal, and must not hold it locked where the grader is killed."""
    for journal in list(_JOURNALS):
        journal._close()


os.register_at_fork(after_in_child=_let_go)


def _line(data: dict[str, Any]) -> bytes:
    text = json.dumps(data, sort_keys=True, separators=(",", ":")).encode()
    return hashlib.sha256(text).hexdigest()[:16].encode() + b" " + text + b"\n"


def _lines(content: bytes) -> Iterator[tuple[dict[str, Any], int]]:
    """The lines that are whole, each with where it ends."""
    start = 0
    while (end := content.find(b"\n", start)) >= 0:
        check, _, text = content[start:end].partition(b" ")
        if hashlib.sha256(text).hexdigest()[:16].encode() != check:
            return
        yield json.loads(text), end + 1
        start = end + 1
