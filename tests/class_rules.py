"""What must hold of journals and of grading a class, as checks that raise AssertionError: run on ours, and on wrong twins that must fail."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

from grading_local import LocalSession
from sample_marks import question_mark, submission
from small_classes import write_class

from gradcheck.grading.answers import Facts
from gradcheck.grading.assignments import read_assignment
from gradcheck.grading.classes import How, Journal, grade_class
from gradcheck.grading.marking import prepare
from gradcheck.grading.results import SubmissionMark
from gradcheck.grading.submissions import collect

HOW = How("none", workers=1)
MARKS = tuple(
    submission(f"student{n}", question_mark(), question_mark("graded", r, name="tanh"))
    for n, r in enumerate(("right", "wrong value", "wrong shape", "non-finite", "undecided", "right"))
)


# of journals


def write_journal(path: Path, marks: Sequence[SubmissionMark] = MARKS) -> list[int]:
    """A journal of a run that has finished; where each of its lines ends."""
    path.unlink(missing_ok=True)
    with Journal(path) as journal:
        journal.start()
        for n, mark in enumerate(marks):
            journal.keep(f"key{n}", mark)
        journal.finish()
    content = path.read_bytes()
    return [i + 1 for i, byte in enumerate(content) if byte == ord("\n")]


def expected(ends: Sequence[int], damaged: int, marks: Sequence[SubmissionMark] = MARKS) -> dict[str, dict]:
    """The marks of the lines that end before the damage: the first line is no mark, nor is the last."""
    whole = sum(end <= damaged for end in ends)
    return {f"key{n}": _plain(mark) for n, mark in enumerate(marks) if n + 1 < whole}


def read(kind: type[Journal], path: Path) -> dict[str, dict]:
    with kind(path) as journal:
        return {key: _plain(mark) for key, mark in journal.marks.items()}


def _plain(mark: SubmissionMark) -> dict:
    return json.loads(json.dumps(mark.to_dict()))


def check_cut(kind: type[Journal], path: Path, at: int) -> None:
    """A journal that ends anywhere holds the marks before, and takes more."""
    ends = write_journal(path)
    os.truncate(path, at)
    _check_what_is_left(kind, path, expected(ends, at))


def check_changed(kind: type[Journal], path: Path, at: int, byte: int) -> None:
    """A journal with another byte anywhere holds the marks of the lines before."""
    ends = write_journal(path)
    content = bytearray(path.read_bytes())
    at %= len(content)
    content[at] ^= byte
    path.write_bytes(content)
    _check_what_is_left(kind, path, expected(ends, at))


def _check_what_is_left(kind: type[Journal], path: Path, left: dict[str, dict]) -> None:
    assert read(kind, path) == left
    with kind(path) as journal:
        journal.keep("more", MARKS[0])
    assert read(Journal, path) == left | {"more": _plain(MARKS[0])}


def check_cleared(kind: type[Journal], path: Path) -> None:
    """A journal that is cleared keeps what comes after."""
    write_journal(path)
    with kind(path) as journal:
        journal.clear()
        journal.start()
        journal.keep("new", MARKS[2])
        assert not journal.finished
    with Journal(path) as journal:
        assert list(journal.marks) == ["new"] and not journal.finished


def check_unfinished(kind: type[Journal], path: Path) -> None:
    """A run is known to be unfinished from its start until its end."""
    states = []
    with kind(path) as journal:
        states.append(journal.finished)
    for step in ("start", "keep", "finish"):
        with kind(path) as journal:
            getattr(journal, step)(*(("key", MARKS[0]) if step == "keep" else ()))
        with kind(path) as journal:
            states.append(journal.finished)
    assert states == [True, False, False, True]


def check_children_let_go(kind: type[Journal], path: Path) -> None:
    """Nobody but the grader holds its journal: a grader that is killed can be followed by another while its children still work."""
    with kind(path) as journal:
        child = os.fork()
        if child == 0:
            os._exit(0 if _open(journal) else 1)
        _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 1


def _open(journal: Journal) -> bool:
    try:
        os.fstat(journal._file)
    except OSError:
        return False
    return True


# of grading a class


@contextmanager
def watched(log: Path) -> Iterator[None]:
    """Students' programs run in this project's own processes, each told of in a file when it is opened; those whose text says so break down."""

    class Launcher:
        isolation = "none"

        def session(self, program):
            source = program.files[program.main].decode()
            with log.open("a") as file:
                file.write(f"{source!r}\n")
            if "BREAK" in source and not log.with_suffix(".mended").exists():
                raise RuntimeError("the walls fell down")
            names: dict = {}
            exec(source, names)
            return LocalSession({n: f for n, f in names.items() if n.endswith("_gradient")}, Facts(shape=str(hash(source))))

    @contextmanager
    def opened(isolation, **options):
        yield Launcher()

    with patch("gradcheck.grading.classes.grader.open_launcher", opened), patch("gradcheck.grading.classes.grader.prepare", _prepared):
        yield


PREPARED: dict = {}


def _prepared(question, seed):
    """The truths of the one assignment that there is here, worked out once."""
    if question.name not in PREPARED:
        PREPARED[question.name] = prepare(question, seed)
    return PREPARED[question.name]


class Room:
    """A small class in a folder, graded by a function that does what `grade_class` does."""

    def __init__(self, folder: Path, count: int = 4, grade=grade_class) -> None:
        assignment, self.submissions = write_class(folder, count)
        self.assignment, self.journal, self.log, self.grade = read_assignment(assignment), folder / "journal.jsonl", folder / "log", grade

    def run(self, *, workers: int = 1, finish: bool = True, progress=lambda student: None) -> dict:
        """Grade, and give the marks as plain data."""
        with watched(self.log), Journal(self.journal) as journal:
            marks = self.grade(self.assignment, collect(self.submissions), replace(HOW, workers=workers), journal, progress)
            if finish:
                journal.finish()
        return json.loads(json.dumps(marks.to_dict()))

    def opened(self) -> list[str]:
        """The programs that were opened since this was asked last."""
        found = self.log.read_text().splitlines() if self.log.exists() else []
        self.log.unlink(missing_ok=True)
        return found

    def write(self, student: str, text: str) -> None:
        (self.submissions / f"{student}.py").write_text(text)


class Stop(Exception):
    """Ends a run in its midst."""


def check_resumed(folder: Path, after: int, grade=grade_class) -> None:
    """A run that was ended goes on with what it lacks, and comes to what an undisturbed one comes to."""
    whole, room = Room(folder / "whole", grade=grade), Room(folder / "ended", grade=grade)
    undisturbed = whole.run()
    every = len(whole.opened())
    seen: list[str] = []

    def stop(student):
        if len(seen) == after:
            raise Stop
        seen.append(student)

    try:
        room.run(progress=stop)
    except Stop:
        pass
    room.opened()
    again = room.run()
    assert again == undisturbed
    assert len(room.opened()) == every - after


def check_only_what_changed(folder: Path, grade=grade_class) -> None:
    """Who hands in again is graded again; nobody else is."""
    room = Room(folder, grade=grade)
    before = room.run()
    room.opened()
    room.write("student001", "def sine_of_square_gradient(x):\n    return 0.0  # at last\n")
    after = room.run()
    assert ["at last" in text for text in room.opened()] == [True]
    changed = [a["student"] for a, b in zip(before["submissions"], after["submissions"], strict=True) if a != b]
    assert changed == ["student001"]
    assert room.run() == after and room.opened() == []


def check_our_failure_is_no_zero(folder: Path, grade=grade_class) -> None:
    """What we fail at has no mark, costs nobody else theirs, and is graded again as soon as it can be."""
    room = Room(folder, grade=grade)
    room.write("student002", "def sine_of_square_gradient(x):\n    return 2 * x  # BREAK\n")
    marks = room.run()
    (broken,) = [m for m in marks["submissions"] if m["student"] == "student002"]
    assert broken["earned"] is None and not broken["complete"]
    assert {q["outcome"] for q in broken["questions"]} == {"infrastructure error"}
    assert all(m["complete"] for m in marks["submissions"] if m is not broken)
    room.opened()
    room.log.with_suffix(".mended").touch()
    (mended,) = [m for m in room.run()["submissions"] if m["student"] == "student002"]
    assert mended["complete"] and len(room.opened()) == 1


def check_any_number_of_workers(folder: Path, grade=grade_class) -> None:
    """The marks are the same however many work at them, and whoever is graded first."""
    alone = Room(folder / "alone", grade=grade).run(workers=1)
    assert Room(folder / "together", grade=grade).run(workers=3) == alone
    later = Room(folder / "later", grade=grade)
    held = (later.submissions / "student000.py").read_text()
    (later.submissions / "student000.py").unlink()
    later.run()
    later.write("student000", held)
    assert later.run() == alone
