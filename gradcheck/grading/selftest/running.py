"""Every attack handed in as a submission, marked as one, and held against what should come of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gradcheck.case import case
from gradcheck.domains import Real
from gradcheck.grading.answers import Answer, Isolation, Program
from gradcheck.grading.marking import Memory, Prepared, mark_submission, prepare
from gradcheck.grading.model import Limits, Question
from gradcheck.grading.results import QuestionMark
from gradcheck.grading.sandbox import Launcher, open_launcher
from gradcheck.grading.selftest.attack import FOUND, Attack, Wall
from gradcheck.grading.selftest.attacks import ATTACKS
from gradcheck.grading.selftest.targets import Targets, targets

LIMITS = Limits(cpu_seconds=1, wall_seconds=2.5, memory_mb=512, processes=1, open_files=32, file_mb=4, printed_kb=64, result_mb=4)
PROBE = """
import os

def _fails(call):
    try:
        call()
    except OSError:
        return 1.0
    return 0.0

def _fork():
    if os.fork() == 0:
        os._exit(0)

def _connect():
    import socket
    s = socket.socket()
    s.settimeout(0.2)
    s.connect(("127.0.0.1", PORT))

def probe(x):
    import resource
    apart = os.getpid() < 20
    return {
        "processes": _fails(_fork),
        "signals": min(_fails(lambda: os.kill(GRADER, 0)), max(_fails(lambda: os.kill(-1, 0)), float(apart))),
        "memory": float(0 < resource.getrlimit(resource.RLIMIT_AS)[1] <= 2**30),
        "network": _fails(_connect),
        "files": min(_fails(lambda: open(CANARY + "/secret")), _fails(lambda: open(CANARY + "/probe", "w"))),
    }
"""
"""Harmless: signal 0 is none, the fork ends at once, the limit is only read."""


@dataclass(frozen=True, slots=True)
class Held:
    """What came of an attack: whether it was held, and what was seen. Not tried where the wall it needs does not stand."""

    attack: Attack
    seen: str
    faults: tuple[str, ...]
    tried: bool = True

    @property
    def held(self) -> bool:
        """Whether all is as it should be."""
        return self.tried and not self.faults


@dataclass(frozen=True, slots=True)
class Selftest:
    """All attacks on the walls of one level; `standing` are the walls that probes showed to stand, `left` what was found afterwards."""

    isolation: Isolation
    fork_server: bool
    standing: tuple[Wall, ...]
    attacks: tuple[Held, ...]
    left: tuple[str, ...]

    @property
    def held(self) -> bool:
        """Whether every attack was tried and held, and nothing was left."""
        return all(a.held for a in self.attacks) and not self.left


@case(x=Real(3))
def _sine(x):  # type: ignore[no-untyped-def]
    return np.sum(np.sin((x + 1) ** 2))


@case(x=Real(3))
def _square(x):  # type: ignore[no-untyped-def]
    return np.sum(x**2)


def questions() -> tuple[Prepared, ...]:
    """The two questions that attacks answer."""
    asked = (Question("sine", _sine, "sine_gradient", limits=LIMITS), Question("square", _square, "square_gradient", limits=LIMITS))
    return tuple(prepare(q, 0) for q in asked)


def selftest(
    isolation: Isolation,
    *,
    fork_server: bool = False,
    attacks: Sequence[Attack] = ATTACKS,
    progress: Callable[[str], None] = lambda name: None,
    launch: Callable[..., AbstractContextManager[Launcher]] = open_launcher,
) -> Selftest:
    """Try the attacks on the walls of one level."""
    prepared, before = questions(), _children()
    with targets() as aims, launch(isolation, imports=("numpy",), fork_server=fork_server) as launcher:
        standing = _standing(launcher, aims)
        found = []
        for attack in attacks:
            progress(attack.name)
            found.append(_tried(attack, launcher, prepared, aims, standing))
    left = [f"the process {pid} was left running" for pid in sorted(_children() - before)]
    return Selftest(isolation, fork_server, standing, tuple(found), tuple(left))


def _standing(launcher: Launcher, aims: Targets) -> tuple[Wall, ...]:
    """The walls that harmless probes show to stand."""
    lines = "".join(f"{name} = {value!r}\n" for name, value in aims.names().items())
    with launcher.session(Program({"submission.py": (lines + PROBE).encode()}, "submission.py")) as session:
        session.begin(LIMITS)
        answer = session.ask("probe", (1.0,))
    aims.reached()
    (aims.folder / "probe").unlink(missing_ok=True)
    if not isinstance(answer, Answer) or not isinstance(answer.value, dict):
        return ()
    walls: tuple[Wall, ...] = ("processes", "signals", "memory", "network", "files")
    return tuple(w for w in walls if answer.value.get(w) == 1.0)


def _tried(attack: Attack, launcher: Launcher, prepared: tuple[Prepared, ...], aims: Targets, standing: Sequence[Wall]) -> Held:
    missing = [w for w in attack.needs if w not in standing]
    if missing:
        return Held(attack, f"not tried: a probe shows that the wall around {', '.join(missing)} does not stand", (), tried=False)
    marked = mark_submission(prepared, {"submission.py": attack.aimed(aims.names())}, launcher.session, ("numpy",), Memory())
    first, second = marked.questions
    faults = [*_of_mark(first, attack.expect), *(f"the other question: {f}" for f in _of_mark(second, attack.second)), *aims.reached()]
    if any(FOUND in q.printed or FOUND in q.message for q in marked.questions):
        faults.append("it got through, and said so: " + next(q.printed for q in marked.questions if FOUND in q.printed + q.message)[:120])
    return Held(attack, f"{_word(first)}; the other question: {_word(second)}", tuple(faults))


def _word(mark: QuestionMark) -> str:
    return mark.result if mark.outcome == "graded" else mark.outcome


def _of_mark(mark: QuestionMark, expected: Sequence[str]) -> list[str]:
    """What is wrong with a mark: another outcome, or points that only a right answer earns."""
    faults = [] if _word(mark) in expected else [f"came to {_word(mark)}, expected {' or '.join(expected)} ({mark.message[:160]})"]
    if mark.earned > 0 and mark.result != "right":
        faults.append(f"earned {mark.earned:g} points")
    if mark.earned >= mark.possible and mark.outcome != "graded":
        faults.append("got full marks without an answer")
    return faults


def _children() -> set[int]:
    """Processes below this one; those that have ended and are not waited for are among them."""
    try:
        tasks = list(Path(f"/proc/{os.getpid()}/task").iterdir())
        return {int(pid) for task in tasks for pid in (task / "children").read_text().split()}
    except OSError:
        return set()
