"""A session over its life: questions, time, restarts, what is left behind; and what is ours when something of ours fails."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from attacking import FORGE, stood

from gradcheck.errors import GradcheckError
from gradcheck.grading.answers import ISOLATION, Answer, Ended, Facts, Program
from gradcheck.grading.model import Limits
from gradcheck.grading.sandbox import stages
from gradcheck.grading.sandbox.launcher import open_launcher
from gradcheck.grading.sandbox.probe import probe

LIMITS = Limits(cpu_seconds=5.0, wall_seconds=20.0, memory_mb=512, file_mb=4)
KINDS = [
    pytest.param(level, server, id=f"{level} {'fork server' if server else 'one-shot'}")
    for level in ("strongest", *ISOLATION)
    for server in (False, True)
]
QUICK = [kind if kind.values == ("strongest", True) else pytest.param(*kind.values, id=kind.id, marks=pytest.mark.slow) for kind in KINDS]


@pytest.fixture(scope="module")
def launcher():
    with open_launcher(stood("strongest"), fork_server=True) as opened:
        yield opened


def program(source: str, **more) -> Program:
    return Program({"submission.py": source.encode()}, "submission.py", **more)


def value(answer):
    assert isinstance(answer, Answer), answer
    return answer.value


COUNTING = "n = 0\ndef count():\n    global n\n    n += 1\n    return n\ndef loop():\n    while True: pass\ndef burn(seconds):\n    import time\n    end = time.process_time() + seconds\n    while time.process_time() < end: pass\n"


def test_a_killed_program_answers_the_next_question(launcher):
    with launcher.session(program(COUNTING)) as session:
        session.begin(replace(LIMITS, cpu_seconds=0.2))
        ended = session.ask("loop", [])
        before = time.monotonic()
        assert session.ask("count", []) == ended  # of this question nothing more is asked
        assert time.monotonic() - before < 0.05
        session.begin(LIMITS)
        assert value(session.ask("count", [])) == 1
        session.begin(LIMITS)
        assert value(session.ask("count", [])) == 2  # still the same process


def test_time_is_of_a_question_not_of_a_call(launcher):
    with launcher.session(program(COUNTING)) as session:
        session.begin(replace(LIMITS, cpu_seconds=0.2))
        answers = [session.ask("burn", [0.12]) for _ in range(2)]
        assert isinstance(answers[0], Answer)
        assert (answers[1].ending, answers[1].why) == ("time-out", "cpu")
        for _ in range(2):
            session.begin(replace(LIMITS, cpu_seconds=0.2))
            assert isinstance(session.ask("burn", [0.12]), Answer)


@pytest.mark.slow
def test_our_own_time_between_calls_is_not_the_programs(launcher):
    with launcher.session(program(COUNTING)) as session:
        session.begin(replace(LIMITS, wall_seconds=0.4))
        value(session.ask("count", []))
        time.sleep(0.5)
        value(session.ask("count", []))


def test_other_limits_are_another_process(launcher):
    with launcher.session(program(COUNTING)) as session:
        session.begin(LIMITS)
        value(session.ask("count", []))
        session.begin(replace(LIMITS, memory_mb=400))
        assert value(session.ask("count", [])) == 1


def test_an_import_that_fails_is_remembered(launcher):
    with launcher.session(program("import time\nprint(time.time())\nraise ValueError('no')\n")) as session:
        endings = set()
        for _ in range(3):
            session.begin(LIMITS)
            ended = session.ask("f", [])
            endings.add((ended.ending, ended.message, ended.line, ended.printed))
        assert len(endings) == 1  # the very same, printed time and all
        assert endings.pop()[:3] == ("import error", "ValueError: no", 3)


@pytest.mark.slow
def test_an_import_that_kills_is_tried_twice_at_most(launcher, monkeypatch):
    started = []
    start = type(launcher)._start
    monkeypatch.setattr(type(launcher), "_start", lambda self, limits: started.append(1) or start(self, limits))
    with launcher.session(program("import os\nos._exit(3)\n")) as session:
        for _ in range(4):
            session.begin(LIMITS)
            assert session.ask("f", []).ending == "crash"
    assert len(started) == 2


FACTS = """
import numpy as np, os.path
from scipy import linalg
from . import sibling
EPS = 1e-6
def numeric(f, x): return (f(x + EPS) - f(x - EPS)) / (2 * EPS)
def forward(f, x, h=10**-4): return (f(x + h) - f(x)) / h
def written(x): return np.array([1.0, 2.0]), 3
def given(x): return 2.0 * x
def learned(x):
    if x > 1: return 3.0
    return x
"""


def test_facts(launcher):
    with launcher.session(program(FACTS)) as session:
        facts = session.facts()
    assert isinstance(facts, Facts)
    assert facts.imports == ("numpy", "os", "scipy")
    assert facts.functions == ("numeric", "forward", "written", "given", "learned")
    assert facts.constant == ("written",)
    assert facts.steps == {"numeric": (1e-6,), "forward": (1e-4,)}


@pytest.mark.parametrize(
    ("other", "alike"),
    [
        ("def g(y):\n    '''Of y.'''\n    return  2*y   # twice\n", True),
        ("def f(x):\n    return 3*x\n", False),
        ("def f(x):\n    return x*2\n", False),
        ("def f(x, y):\n    return 2*x\n", False),
    ],
)
def test_the_shape_is_of_syntax_without_names(launcher, other, alike):
    shapes = []
    for source in ("def f(x):\n    return 2*x\n", other):
        with launcher.session(program(source)) as session:
            shapes.append(session.facts().shape)
    assert (shapes[0] == shapes[1]) is alike


@pytest.mark.parametrize("source", ["x = (", "x\0", "-" * 200_000 + "1", "# coding: klingon\n"], ids=["syntax", "null", "deep", "encoding"])
def test_what_is_no_python_is_an_import_error(launcher, source):
    with launcher.session(program(source)) as session:
        session.begin(LIMITS)
        facts = session.facts()
        assert isinstance(facts, Ended)
        assert facts.ending == "import error"
        assert session.ask("f", []).ending == "import error"


def test_a_notebook_tells_of_cells_that_fail(launcher):
    cells = ("import numpy as np", "print('shown')\nnp.nothing", "def f(x):\n    return np.sin(x)", "f(", "raise SystemExit")
    with launcher.session(program("", cells=cells)) as session:
        session.begin(LIMITS)
        assert session.facts().functions == ("f",)
        assert value(session.ask("f", [np.zeros(2)])).tolist() == [0.0, 0.0]
        assert [warning.partition(":")[0] for warning in session.warnings] == ["cell 2, line 2", "cell 4, line 1", "cell 5, line 1"]


def test_printed_text_comes_with_the_answer_and_is_bounded(launcher):
    with launcher.session(program("print('first')\ndef f(n):\n    print('x' * n)\n    return 1.0\n")) as session:
        session.begin(replace(LIMITS, printed_kb=1))
        for expected in ("first\nxxx\n", "xxx\n"):
            assert session.ask("f", [3]).value == 1.0
            assert session.printed() == expected
        ended = session.ask("f", [2000])
        assert ended.ending == "output limit"
        assert len(ended.printed) <= 1024


def test_matrices_written_as_lists_come_out_as_arrays(launcher):
    source = "def g(x):\n    return [x.tolist(), [[1, 2], [3, 4]], [[1.5], [2, 3]], [['a']], [[True]]]"
    with launcher.session(program(source)) as session:
        session.begin(LIMITS)
        value = session.ask("g", (np.eye(2),)).value
    assert [v.tolist() for v in value[:2]] == [[[1.0, 0.0], [0.0, 1.0]], [[1, 2], [3, 4]]]
    assert [v.type for v in value[2:]] == ["list"] * 3


def test_arguments_are_fresh_for_each_call(launcher):
    source = "kept = []\ndef f(x):\n    kept.append(x)\n    for k in kept: k += 1\n    return x * 1\n"
    given = np.zeros(2)
    with launcher.session(program(source)) as session:
        session.begin(LIMITS)
        for _ in range(3):
            answer = session.ask("f", [given])
            assert value(answer).tolist() == [1.0, 1.0]
            assert answer.changed == (0,)
    assert given.tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    "argument",
    [
        1.5,
        -0.0,
        float("inf"),
        3,
        2**100,
        True,
        None,
        1 + 2j,
        "text",
        np.float32(1.5),
        np.arange(6).reshape(2, 3),
        np.zeros((0, 3)),
        np.array(2.0),
        (1, [2.0, {"a": np.ones(1)}]),
    ],
    ids=lambda value: f"{type(value).__name__} {value}"[:30],
)
def test_arguments_arrive_as_they_are(launcher, argument):
    source = "def f(x): return repr(x) == text(x)\ndef text(x): return given\ndef g(x, t): return type(x).__name__ + ' ' + repr(x) == t\n"
    with launcher.session(program(source)) as session:
        session.begin(LIMITS)
        assert value(session.ask("g", [argument, f"{type(argument).__name__} {argument!r}"])) is True


def test_the_line_of_the_students_file_is_told(launcher):
    with launcher.session(program("import numpy as np\ndef f(x):\n    return np.linalg.inv(x)\n")) as session:
        session.begin(LIMITS)
        ended = session.ask("f", [np.zeros((2, 2))])
        assert (ended.ending, ended.why, ended.line) == ("exception", "LinAlgError", 3)


def test_one_that_forges_an_answer_is_found_out_at_the_next_question(launcher):
    source = FORGE + "def f():\n    os.write(3, frame(number()))\n    return 1.0\n"
    with launcher.session(program(source)) as session:
        session.begin(LIMITS)
        assert value(session.ask("f", [])) == 42.0  # its own word, whichever of the two
        ended = session.ask("f", [])
        assert ended.ending == "protocol error"


@pytest.mark.slow
def test_two_programs_of_one_server_know_nothing_of_each_other(launcher):
    source = "import os\nopen('mine', 'w').close()\ndef f(): return len(os.listdir('.'))\ndef loop():\n    while True: pass\n"
    with launcher.session(program(source)) as one, launcher.session(program(source)) as two:
        for session in (one, two):
            session.begin(replace(LIMITS, cpu_seconds=0.2))
            assert value(session.ask("f", [])) == 2
        assert one.ask("loop", []).ending == "time-out"
        assert value(two.ask("f", [])) == 2


def test_threads_may_each_have_a_session(launcher):
    found = []

    def work(number):
        with launcher.session(program(f"def f(): return {number}\n")) as session:
            session.begin(LIMITS)
            found.append((number, session.ask("f", [])))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(value(answer) == number for number, answer in found)
    assert len(found) == 6


# what is left


def processes() -> set[int]:
    """Stages and programs of this process: its descendants."""
    below, waiting = set(), [os.getpid()]
    while waiting:
        try:
            found = [
                int(child) for task in Path(f"/proc/{waiting.pop()}/task").iterdir() for child in (task / "children").read_text().split()
            ]
        except OSError:
            continue
        below |= set(found)
        waiting += found
    return below


def lives(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize(("level", "server"), QUICK)
def test_nothing_is_left(level, server):
    level = stood(level)
    before, descriptors = processes(), open_descriptors()
    with open_launcher(level, fork_server=server) as launcher:
        farm = launcher._layout.farm
        for source in (
            "def f(): return 1\n",
            "import os\ndef f(): os._exit(1)\n",
            "def f(): raise ValueError\n",
            "import os; os._exit(0)\n",
        ):
            with launcher.session(program(source)) as session:
                session.begin(LIMITS)
                session.ask("f", [])
                pid = session._peer.process if session._peer else 0
            assert not pid or not lives(pid)
        assert not server or len(processes() - before) <= 3
    assert processes() <= before  # others of this run may have ended meanwhile
    assert open_descriptors() == descriptors
    assert not Path(farm).exists()


DEEP = "import os\nfor i in range(3000):\n    os.mkdir('d'); os.chdir('d')\nos.mkdir('e'); os.chmod('e', 0)\ndef f(): return 1\n"


@pytest.mark.slow
def test_folders_of_any_depth_are_removed():
    stood("landlock")
    with open_launcher("landlock") as launcher:
        with launcher.session(program(DEEP)) as session:
            session.begin(LIMITS)
            session.ask("f", [])
        assert not list(Path(launcher._layout.farm, "programs").iterdir())


DAEMON = """
import os, time
def f():
    children = []
    for _ in range(2):
        child = os.fork()
        if child == 0:
            os.setsid() if hasattr(os, 'never') else None
            while True: time.sleep(1)
    return 1
"""


@pytest.mark.parametrize(("level", "server"), QUICK)
def test_processes_that_are_allowed_are_counted_and_end_with_the_program(level, server):
    level = stood(level)
    before = processes()
    with open_launcher(level, fork_server=server) as launcher, launcher.session(program(DAEMON)) as session:
        idle = len(processes() - before)
        session.begin(replace(LIMITS, processes=3))
        value(session.ask("f", []))
        assert len(processes() - before) > idle + 2
        if level != "none":
            ended = session.ask("f", [])
            assert (ended.ending, ended.why) == ("exception", "BlockingIOError")  # the kernel's limit
        pids = processes() - before
        session.close()
        deadline = time.monotonic() + 3
        while time.monotonic() < deadline and len(processes() - before) > (3 if server else 0):
            time.sleep(0.01)
        assert sum(map(lives, pids)) <= (3 if server else 0)


GRADER = """
import sys
from gradcheck.grading.answers import Program
from gradcheck.grading.model import Limits
from gradcheck.grading.sandbox.launcher import open_launcher
level, server = sys.argv[1], sys.argv[2] == "True"
with open_launcher(level, fork_server=server) as launcher, launcher.session(Program({"s.py": b"def f(): return 1\\ndef loop():\\n    while True: pass\\n"}, "s.py")) as session:
    session.begin(Limits(cpu_seconds=60, wall_seconds=60))
    session.ask("f", [])
    print(session._peer.process, flush=True)
    session.ask("loop", [])
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, pytest.param(signal.SIGINT, marks=pytest.mark.slow)])
@pytest.mark.parametrize(("level", "server"), QUICK)
def test_programs_end_with_the_grader(level, server, how, root):
    level = stood(level)
    grader = subprocess.Popen(
        [sys.executable, "-c", GRADER, level, str(server)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": str(root)},
    )
    with grader:
        process = int(grader.stdout.readline())
        assert lives(process)
        grader.send_signal(how)
        grader.wait(10)
    deadline = time.monotonic() + 3
    while time.monotonic() < deadline and lives(process):
        time.sleep(0.01)
    assert not lives(process)


# what is ours


@pytest.mark.slow
def test_a_lost_server_is_replaced():
    with open_launcher(stood("strongest"), fork_server=True) as launcher:
        with launcher.session(program("def f(): return 1\n")) as session:
            session.begin(LIMITS)
            assert value(session.ask("f", [])) == 1
            for process in processes():
                try:
                    name = Path(f"/proc/{process}/cmdline").read_bytes()
                except OSError:
                    continue
                if launcher._layout.farm.encode() in name or b"_walls" in name:
                    os.kill(process, signal.SIGKILL)
            assert value(session.ask("f", [])) == 1


def test_a_sandbox_that_does_not_start_is_nobodys_fault(monkeypatch, tmp_path):
    stood("bubblewrap")
    broken = tmp_path / "bwrap"
    broken.write_text("#!/bin/sh\necho 'bwrap: No permissions to create a new namespace' >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with open_launcher("bubblewrap") as launcher, launcher.session(program("def f(): return 1\n")) as session:
        session.begin(LIMITS)
        for answer in (session.facts(), session.ask("f", [])):
            assert answer.ending == "infrastructure error"
            assert "No permissions to create a new namespace" in answer.message
    [standing] = probe(["bubblewrap"])
    assert not standing.stands
    assert "No permissions" in standing.reason


def test_without_bubblewrap_the_reason_is_told(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    [standing] = probe(["bubblewrap"])
    assert not standing.stands
    assert "not installed" in standing.reason


@pytest.mark.slow
def test_a_program_that_does_not_come_to_stand_is_nobodys_fault(launcher, monkeypatch):
    submit = stages.Stage.submit
    monkeypatch.setattr(stages.Stage, "submit", lambda self, job: submit(self, replace(job, folder="/nowhere")))
    with launcher.session(program("def f(): return 1\n")) as session:
        session.begin(LIMITS)
        assert session.ask("f", []).ending == "infrastructure error"
    monkeypatch.undo()
    with launcher.session(program("def f(): return 1\n")) as session:
        session.begin(LIMITS)
        assert value(session.ask("f", [])) == 1


def test_a_package_that_is_not_installed_is_told_of():
    with (
        pytest.raises(GradcheckError, match="students may import nowhere, but it is not installed"),
        open_launcher(stood("strongest"), imports=("nowhere",)),
    ):
        pass


@pytest.mark.slow
def test_allowed_packages_are_there_with_what_they_need():
    with (
        open_launcher(stood("strongest"), imports=("numpy", "scipy")) as launcher,
        launcher.session(program("from scipy.special import erf\ndef f(x): return erf(x)\n")) as session,
    ):
        session.begin(replace(LIMITS, memory_mb=1024))
        assert value(session.ask("f", [0.0])) == 0.0


def test_a_farm_without_its_grader_is_swept(tmp_path, monkeypatch):
    import tempfile

    from gradcheck.grading.sandbox import folders

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    left, held = folders.make_farm()
    kept, holding = folders.make_farm()
    os.close(held)
    other = tmp_path / "precious"
    (other / "held").mkdir(parents=True)
    (tmp_path / "gradcheck-walls-link").symlink_to(other)
    folders.sweep()
    assert not Path(left).exists()
    assert Path(kept).exists()
    assert other.exists()
    os.close(holding)
