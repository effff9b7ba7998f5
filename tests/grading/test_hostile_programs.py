"""What a submission must not be able to do from outside its walls: name a failure of ours as its outcome, tire the marking, or be right in too few digits."""

from __future__ import annotations

import warnings
from collections import deque
from dataclasses import replace

import numpy as np
import pytest
from attacking import stood
from grading_local import SINE, LocalAsker, ask_function

from gradcheck.grading.answers import Answer, Facts, Program, Unread
from gradcheck.grading.marking import mark_question, prepare
from gradcheck.grading.marking.remembered import MOST_HELD, Memory, _Replay
from gradcheck.grading.model import Limits
from gradcheck.grading.sandbox import open_launcher
from gradcheck.grading.sandbox.inside.protocol import _SIZE, PARTS, ProtocolError, Reader

LIMITS = Limits(cpu_seconds=5, wall_seconds=10, memory_mb=512, file_mb=4)
RIGHT = b"def f(x):\n    return 2 * x\n"


@pytest.fixture(scope="module")
def launcher():
    with open_launcher(stood("strongest"), fork_server=True) as opened:
        yield opened


def sine(x):
    return np.cos((x + 1) ** 2) * 2 * (x + 1)


def marked(function):
    prepared = prepare(SINE, 0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return mark_question(prepared, ask_function(function))


@pytest.mark.parametrize("off", [0.0, 4e-4, 5e-3])
def test_half_floats_hide_no_mistake(off):
    assert marked(lambda x: (sine(x) * (1 + off)).astype(np.float16)).result == "wrong value"


@pytest.mark.parametrize("huge", [10**400, -(10**400)])
def test_integers_beyond_all_floats_are_not_finite(huge):
    assert marked(lambda x: [huge, *x[1:].tolist()]).result == "non-finite"


def test_signalling_nans_are_no_warning():
    assert marked(lambda x: np.full(x.shape, 0x7FF0000000000001, "u8").view(float)).result == "non-finite"


# files


@pytest.mark.parametrize(
    ("files", "ending"),
    [
        ({f"d{i}.npy": bytes(1 << 20) for i in range(5)}, "output limit"),
        ({f"d{i}/d.txt": b"a" for i in range(2500)}, "output limit"),
        ({"submission.py/inner.py": b""}, "import error"),
        ({"\ud800.py": b""}, "import error"),
        ({"a" * 300 + ".py": b""}, "import error"),
    ],
    ids=["large", "many", "file and folder", "surrogate", "long"],
)
def test_files_that_cannot_be_stored_are_the_submissions_own_fault(launcher, files, ending):
    with launcher.session(Program({"submission.py": RIGHT, **files}, "submission.py")) as session:
        session.begin(LIMITS)
        assert session.facts().ending == ending
        for _ in range(2):
            session.begin(LIMITS)
            assert session.ask("f", [1.0]).ending == ending


def test_literals_without_end_are_cut_between_them(launcher):
    source = "".join(f"def f{i}(x):\n    return x * 1.23456789e-0{i % 7 + 3}\n" for i in range(1200))
    for pad in range(0, 20, 2):
        with launcher.session(
            Program({"submission.py": b"def g" + b"g" * pad + b"(x): return 1e-3\n" + source.encode()}, "submission.py")
        ) as session:
            session.begin(LIMITS)
            assert isinstance(session.facts(), Facts)


def test_cells_that_fail_are_told_of_in_a_few_words(launcher):
    cells = (RIGHT.decode(), *["raise ValueError('x' * 10000)"] * 500)
    with launcher.session(Program({}, "submission.ipynb", cells)) as session:
        session.begin(LIMITS)
        assert session.ask("f", [1.0]).value == 2.0
        assert len(session.warnings) <= 21
        assert sum(map(len, session.warnings)) < 15000


def test_what_is_said_unasked_after_one_question_does_not_cost_the_next(launcher):
    source = RIGHT + b"def g(x):\n    import os, threading\n    os.write(3, b'x' * 100)\n    return x\n"
    with launcher.session(Program({"submission.py": source}, "submission.py")) as session:
        session.begin(LIMITS)
        session.ask("g", [1.0])
        session.begin(LIMITS)
        assert session.ask("f", [1.0]).value == 2.0


# large answers


@pytest.mark.parametrize(
    "body",
    [b"t" + _SIZE.pack(PARTS + 1) + (b"a" + bytes((5, 1)) + _SIZE.pack(0)) * (PARTS + 1), b"d" + _SIZE.pack(PARTS + 1)],
    ids=["arrays", "names"],
)
def test_structures_of_many_parts_are_refused(body):
    with pytest.raises(ProtocolError):
        Reader(body).value()


def test_many_plain_numbers_are_read(launcher):
    with launcher.session(Program({"submission.py": b"def f(x): return [0.5] * 5000"}, "submission.py")) as session:
        session.begin(LIMITS)
        assert session.ask("f", [1.0]).value == [0.5] * 5000


class Large(LocalAsker):
    """Answers of a megabyte each, as raw bytes; the most that were asked for together."""

    most = 0

    def many(self, given):
        self.most = max(self.most, len(given))
        return [Unread(bytes(1 << 20), lambda raw: Answer(0.0)) for _ in given]


def test_answers_are_not_held_once_they_are_read():
    asker = Large(None)
    replay = _Replay(asker)
    replay.extend([(float(i),) for i in range(500)])
    assert replay.held <= MOST_HELD + (64 << 20)
    while replay.ahead:
        replay.again((0.0,))
    assert (replay.held, replay.ahead) == (0, deque())
    assert all(isinstance(said, bytes) and len(said) == 32 for _, said in replay.path)


def test_an_answer_to_another_question_leads_nowhere():
    """Three answer alike at first, then otherwise, and each is asked something else: marks follow what was asked."""
    memory = Memory()

    def marking(ask):
        first = ask((1.0,)).value
        second = ask((2.0 + first,)).value
        return replace(BLANK, earned=second)

    def mark(function):
        return memory.mark("q", LocalAsker(function), [(1.0,)], marking).earned

    assert [mark(lambda x: 0.0), mark(lambda x: x), mark(lambda x: 0.0), mark(lambda x: x)] == [0.0, 3.0, 0.0, 3.0]


BLANK = marked(sine)
