"""Programs that mean no good, with how each must end; and a judgement of walls by them.

Whatever could do harm behind a broken wall says first, by a harmless probe, that the wall stands, and is not let loose otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from gradcheck.grading.answers import ISOLATION, Answer, Ended, Foreign, Program
from gradcheck.grading.model import Limits

PLENTY = Limits(cpu_seconds=5.0, wall_seconds=20.0, memory_mb=512, file_mb=4, printed_kb=64, result_mb=4)
LOOP = replace(PLENTY, cpu_seconds=0.2)
WAIT = replace(PLENTY, wall_seconds=0.3)

GUARDS = {
    # a process limit of one, seen by a fork that would end at once
    "processes": """
def guard():
    import os, resource
    if resource.getrlimit(resource.RLIMIT_NPROC)[1] > 64: return False
    try: child = os.fork()
    except OSError: return True
    if child == 0: os._exit(0)
    os.waitpid(child, 0); return False
""",
    # signal 0 is none; the parent and the first process are the nearest that there are
    "signals": """
def guard():
    import os
    for other in (os.getppid(), 1):
        if other in (0, os.getpid()): continue
        try: os.kill(other, 0)
        except OSError: continue
        return False
    try: os.kill(-1, 0)
    except OSError: return True
    return False
""",
    "memory": """
def guard():
    import resource
    return 0 < resource.getrlimit(resource.RLIMIT_AS)[1] <= 2**30
""",
    "files": """
def guard():
    import os, resource
    return 0 < resource.getrlimit(resource.RLIMIT_FSIZE)[1] <= 2**24 and 0 < resource.getrlimit(resource.RLIMIT_NOFILE)[1] <= 1024
""",
}


@cache
def standing(level):
    from gradcheck.grading.sandbox.probe import probe

    return probe([level])[0]


def stood(level: str) -> str:
    """A level that stands on this machine ("strongest": the first that does); the test is skipped, loudly, where it does not."""
    if level == "strongest":
        return next(each for each in ISOLATION if standing(each).stands)
    if not standing(level).stands:
        pytest.skip(f"NOT TESTED: walls of level {level} do not stand on this machine: {standing(level).reason}")
    return level


@dataclass(frozen=True)
class Attack:
    """`attack(...)` of a source is called; `expected` names endings ("crash", "time-out cpu", "exception OSError") or judges the answer."""

    name: str
    source: str
    expected: tuple[str, ...] | Callable[[Any], bool]
    arguments: tuple[Any, ...] = ()
    limits: Limits = PLENTY
    guard: str = ""
    walled: bool = True  # needs more than limits
    files: dict[str, bytes] = field(default_factory=dict)
    cells: tuple[str, ...] | None = None
    slow: bool = False

    def program(self) -> Program:
        source = self.source + (GUARDS[self.guard] if self.guard else "")
        return Program({"submission.py": source.encode(), **self.files}, "submission.py", self.cells)


def judge(attack: Attack, launcher) -> str:
    """What is wrong with how it ended; "" where all is well. The program must answer a decent question afterwards."""
    with launcher.session(attack.program()) as session:
        session.begin(attack.limits)
        if attack.guard:
            guard = session.ask("guard", [])
            if not (isinstance(guard, Answer) and guard.value is True):
                return f"{attack.name}: not let loose, the wall does not stand: {guard}"
        answer = session.ask("attack", list(attack.arguments))
        return "" if met(answer, attack.expected) else f"{attack.name}: {answer}"


def met(answer: Answer | Ended, expected: tuple[str, ...] | Callable[[Any], bool]) -> bool:
    if callable(expected):
        return isinstance(answer, Answer) and expected(answer)
    return isinstance(answer, Ended) and bool({answer.ending, f"{answer.ending} {answer.why}"} & set(expected))


def same(value: Any) -> Callable[[Answer], bool]:
    """The answer's value, raw: type, dtype and bits."""

    def judged(answer: Answer) -> bool:
        found = answer.value
        if isinstance(value, np.ndarray):
            return (
                type(found) is np.ndarray
                and found.dtype == value.dtype
                and found.shape == value.shape
                and found.tobytes() == value.tobytes()
            )
        return type(found) is type(value) and (found == value or (value != value and found != found))

    return judged


def foreign(type_name: str) -> Callable[[Answer], bool]:
    return lambda answer: isinstance(answer.value, Foreign) and answer.value.type == type_name


def refused(source: str, *kinds: str, **more: Any) -> dict[str, Any]:
    """An attempt in one expression or more lines, that must raise."""
    return {
        "source": f"def attack(*given):\n    import ctypes, os, socket, sys, signal, subprocess\n    {source}\n",
        "expected": kinds or ("exception",),
    } | more


SYSCALL = """
import ctypes, errno
libc = ctypes.CDLL(None, use_errno=True)
def call(name, *arguments):
    ctypes.set_errno(0)
    result = getattr(libc, name)(*arguments)
    return result != -1, ctypes.get_errno()
"""


def no(name: str, *arguments: str) -> dict[str, Any]:
    """A call of the C library that must fail."""
    source = f"{SYSCALL}\ndef attack():\n    return call({name!r}, {', '.join(arguments)})[0]\n"
    return {"source": source, "expected": lambda answer: answer.value is False}


DENIED = ("exception PermissionError", "exception FileNotFoundError", "exception NotADirectoryError")
FORGE = """
import os, struct, sys
def frame(number, kind=6, body=b"\\0"*8 + b"\\0"*8 + b"f" + struct.pack("<d", 42.0)):
    body = struct.pack("!Q", len(body) + 1) + b"v" + body
    return struct.pack("!4sBQQ", b"GCw1", kind, number, len(body)) + body
def number():
    frame = sys._getframe()
    while frame is not None:
        if "number" in frame.f_locals and "channel" in frame.f_locals: return frame.f_locals["number"]
        frame = frame.f_back
"""

TIME = [
    Attack("endless loop", "def attack():\n    while True: pass\n", ("time-out cpu",), limits=LOOP, walled=False),
    Attack("sleep", "import time\ndef attack(): time.sleep(60)\n", ("time-out wall",), limits=WAIT, walled=False),
    Attack(
        "ignored signals",
        "import signal\ndef attack():\n    for s in range(1, 65):\n        try: signal.signal(s, signal.SIG_IGN)\n        except (OSError, ValueError): pass\n"
        "    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\n    while True: pass\n",
        ("time-out cpu",),
        limits=LOOP,
        walled=False,
    ),
    Attack(
        "loop in C",
        "import numpy as np\ndef attack():\n    while True: np.linalg.eigvals(np.ones((200, 200)))\n",
        ("time-out cpu",),
        limits=LOOP,
        walled=False,
    ),
    Attack(
        "stops itself",
        "import os, signal\ndef attack(): os.kill(os.getpid(), signal.SIGSTOP); import time; time.sleep(9)\n",
        ("time-out wall",),
        limits=WAIT,
    ),
    Attack("endless import", "while True: pass\n", ("time-out cpu",), limits=LOOP, walled=False),
    Attack(
        "slow string",
        "class E(Exception):\n    def __str__(self):\n        while True: pass\ndef attack(): raise E()\n",
        ("time-out cpu",),
        limits=LOOP,
        walled=False,
    ),
]
ENDING = [
    Attack("os._exit", "import os\ndef attack(): os._exit(0)\n", ("crash exit",), walled=False),
    Attack("os._exit at import", "import os\nos._exit(0)\n", ("crash exit",), walled=False),
    Attack("sys.exit", "import sys\ndef attack(): sys.exit(0)\n", ("exception SystemExit",), walled=False),
    Attack("sys.exit at import", "import sys\nsys.exit(0)\n", ("import error",), walled=False),
    Attack("KeyboardInterrupt", "def attack(): raise KeyboardInterrupt\n", ("exception KeyboardInterrupt",), walled=False),
    Attack("KeyboardInterrupt at import", "raise KeyboardInterrupt\n", ("import error",), walled=False),
    Attack("segmentation fault", "import ctypes\ndef attack(): ctypes.string_at(0)\n", ("crash SIGSEGV",), walled=False),
    Attack("abort", "import os\ndef attack(): os.abort()\n", ("crash SIGABRT",), walled=False),
    Attack("recursion", "def attack(): return attack()\n", ("exception RecursionError",), walled=False),
    Attack(
        "recursion without end", "import sys\nsys.setrecursionlimit(10**9)\nclass A:\n    def __getattr__(self, n): return getattr(self, n + 'x')\ndef attack(): return A().a\n",
        ("crash", "memory", "exception", "time-out"), walled=False, guard="memory",
    ),
    Attack("missing", "x = 1\n", ("missing",), walled=False),
    Attack("no function", "attack = 3\n", ("missing",), walled=False),
    Attack("hostile exception", "class E(Exception):\n    def __str__(self): raise SystemExit\nE.__name__ = 'x' * 10**6\ndef attack(): raise E\n", ("exception",), walled=False),
    Attack("million characters", "def attack(): raise ValueError('\\x1b[31m' * 10**6)\n", ("exception ValueError",), walled=False),
]  # fmt: skip
EXHAUSTING = [
    Attack("memory bomb", "def attack():\n    held = []\n    while True: held.append(bytearray(1 << 24))\n", ("memory",), guard="memory", walled=False),
    Attack("np.zeros(10**9)", "import numpy as np\ndef attack(): return np.zeros(10**9)\n", ("memory",), guard="memory", walled=False),
    Attack("list bomb", "def attack():\n    held = [0]\n    while True: held += held\n", ("memory",), guard="memory", walled=False),
    Attack("memory at import", "held = []\nwhile True: held.append(bytearray(1 << 24))\n", ("memory",), walled=False, slow=True),
    Attack("endless print", "def attack():\n    while True: print('x' * 1000)\n", ("output limit printed",), walled=False),
    Attack("endless write", "import os\ndef attack():\n    while True: os.write(2, b'x' * 1000)\n", ("output limit printed",), walled=False),
    Attack("print at import", "while True: print('x' * 1000)\n", ("output limit printed",), walled=False),
    Attack("80 MB result", "import numpy as np\ndef attack(): return np.ones(10**7)\n", ("output limit",), walled=False),
    Attack("8 TB that take no room", "import numpy as np\ndef attack(): return np.broadcast_to(1.0, (10**6, 10**6))\n", ("output limit",), walled=False),
    Attack("many 1 MB results", "import numpy as np\ndef attack(): return [np.ones(2**17)] * 1000\n", ("output limit",), walled=False),
    Attack("million items", "def attack(): return [1.0] * 10**6\n", foreign("list"), walled=False),
    Attack("one huge file", "def attack():\n    f = open('big', 'wb')\n    while True: f.write(b'x' * 10**6)\n", ("exception OSError",), walled=False, guard="files"),
    Attack(
        "many files", "def attack():\n    for i in range(10**5):\n        with open(str(i), 'wb') as f: f.write(b'x' * 4096)\n",
        ("exception OSError", "output limit files"), walled=False, guard="files",
    ),
    Attack(
        "many empty files", "def attack():\n    for i in range(10**5): open(str(i), 'wb').close()\n",
        ("exception OSError", "output limit files"), walled=False, guard="files",
    ),
    Attack("descriptors", "import os\ndef attack():\n    while True: os.open('.', os.O_RDONLY)\n", ("exception OSError",), walled=False, guard="files"),
    Attack("fork bomb", "import os\ndef attack():\n    while True: os.fork()\n", ("exception PermissionError",), guard="processes"),
    Attack("thread bomb", "import threading, time\ndef attack():\n    while True: threading.Thread(target=time.sleep, args=(60,)).start()\n", ("exception RuntimeError",), guard="processes"),
]  # fmt: skip
LEAVING = [
    Attack("socket", **refused("socket.create_connection(('127.0.0.1', given[0]), 0.2)", *DENIED), arguments=(9,)),
    Attack("datagram", **refused("socket.socket(socket.AF_INET, socket.SOCK_DGRAM)", *DENIED)),
    Attack("unix socket", **refused("socket.socket(socket.AF_UNIX)", *DENIED)),
    Attack("netlink", **refused("socket.socket(socket.AF_NETLINK)", *DENIED)),
    Attack("socket pair", **refused("socket.socketpair()", *DENIED)),
    Attack("kill everything", **refused("os.kill(-1, 9)", *DENIED), guard="signals"),
    Attack("kill the first process", **refused("os.kill(1 if os.getpid() != 1 else os.getppid(), 9)", *DENIED), guard="signals"),
    Attack("kill the group", **refused("os.killpg(os.getpgid(0) + 1, 9)", *DENIED), guard="signals"),
    Attack("kill by descriptor", **refused("signal.pidfd_send_signal(os.pidfd_open(os.getpid()), 9)", *DENIED)),
    Attack("execute", **refused("os.execv(sys.executable, ['python', '-c', 'pass'])", *DENIED)),
    Attack("subprocess", **refused("subprocess.run([sys.executable])", "exception")),
    Attack("daemon", **refused("os.fork() or os.setsid() or os._exit(0)", *DENIED)),
    Attack("become root", **refused("os.setuid(0)", *DENIED)),
    Attack("session", **refused("os.setsid()", *DENIED)),
    Attack("change root", **refused("os.chroot('.')", *DENIED)),
    Attack("raise limits", **refused("import resource; resource.setrlimit(resource.RLIMIT_AS, (-1, -1))", "exception ValueError", "exception PermissionError")),
    Attack("limits of others", **refused("import resource; resource.prlimit(os.getpid() + 1, resource.RLIMIT_AS)", "exception PermissionError", "exception ProcessLookupError")),
    Attack("priority", **refused("os.setpriority(os.PRIO_PROCESS, 1, 5)", *DENIED)),
    Attack("memory without a limit", **refused("os.memfd_create('x')", *DENIED)),
    Attack("ptrace", **no("ptrace", "16", "1", "0", "0")),
    Attack("new user namespace", **no("unshare", "0x10000000")),
    Attack("new mount namespace", **no("unshare", "0x20000")),
    Attack("clone with a namespace", **no("syscall", "56", "0x10000011", "0", "0", "0", "0")),
    Attack("mount", **no("mount", "b'x'", "b'/submission'", "b'tmpfs'", "0", "b''")),
    Attack("keys", **no("syscall", "250", "0", "-3", "1")),
    Attack("bpf", **no("syscall", "321", "0", "b' ' * 128", "128")),
    Attack("io_uring", **no("syscall", "425", "8", "b' ' * 256")),
    Attack("perf", **no("syscall", "298", "b' ' * 128", "0", "-1", "-1", "0")),
    Attack("shared memory", **no("shmget", "0", "4096", "0o1777")),
    Attack("message queue", **no("msgget", "0", "0o1777")),
    Attack("x32 call", **no("syscall", "0x40000000 + 41", "2", "1", "0")),
    Attack("another's memory", **no("syscall", "310", "1", "0", "0", "0", "0", "0")),
    Attack("file owner's signals", "import fcntl\ndef attack(): fcntl.fcntl(3, fcntl.F_SETOWN, 1)\n", ("exception PermissionError",)),
    Attack("loosen the filter", **no("prctl", "22", "0", "0", "0", "0")),
    Attack("typing at the terminal", "import fcntl, termios\ndef attack(): fcntl.ioctl(0, termios.TIOCSTI, b'x')\n", ("exception",)),
]  # fmt: skip
STEALING = [
    Attack("read a file", **refused("open(given[0]).read()", *DENIED), arguments=("SECRET",)),
    Attack("write outside", **refused("open(given[0] + '/made', 'w')", *DENIED, "exception OSError"), arguments=("FOLDER",)),
    Attack("write to the system", **refused("open(os.__file__, 'w')", *DENIED, "exception OSError")),
    Attack("passwords", **refused("open('/etc/passwd').read()", *DENIED)),
    Attack("homes", **refused("os.listdir('/home') + os.listdir('/root')", *DENIED)),
    Attack("processes", **refused("open('/proc/1/environ', 'rb').read()", *DENIED)),
    Attack("own processes", **refused("open('/proc/self/maps').read()", *DENIED)),
    Attack("mounts", **refused("open('/proc/mounts').read()", *DENIED)),
    Attack("system", **refused("os.listdir('/sys')", *DENIED)),
    Attack("temporary files", **refused("os.listdir('/tmp')", *DENIED)),
    Attack("shared memory files", **refused("open('/dev/shm/x', 'w')", *DENIED)),
    Attack("the grader", **refused("import gradcheck", "exception ModuleNotFoundError")),
    Attack("automatic differentiation", **refused("import sympy", "exception ModuleNotFoundError")),
    Attack(
        "environment", "import os\ndef attack(): return sorted(os.environ) == sorted(" + repr(
            ["HOME", "TMPDIR", "LANG", "PYTHONHASHSEED", "MPLBACKEND", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"]
        ) + " + [n for n in ('PWD',) if n in os.environ])\n",
        same(True), walled=False,
    ),
    Attack("arguments", "import sys\ndef attack(): return sys.argv == ['']\n", same(True), walled=False),
    Attack("home", "import os\ndef attack(): return len(os.listdir(os.path.expanduser('~')))\n", same(1), walled=False),
    Attack(
        "descriptors that are open", "import os\ndef attack():\n    found = 0\n    for fd in range(4, 1024):\n        try:\n            os.fstat(fd)\n        except OSError: continue\n"
        "        if not 100 <= fd < 150: found += 1\n    return found\n",
        same(0), walled=False,
    ),
    Attack("modules of ours", "import sys\ndef attack(): return not [n for n in sys.modules if 'walls' in n or 'gradcheck' in n]\n", same(True), walled=False),
]  # fmt: skip
FORGING = [
    Attack("frames everywhere", FORGE + "def attack():\n    for fd in range(64):\n        try: os.write(fd, frame(0))\n        except OSError: pass\n    return 1.0\n", ("protocol error",), walled=False),
    Attack("garbage", "import os\ndef attack(): os.write(3, b'x' * 1000); return 1.0\n", ("protocol error",), walled=False),
    Attack("a frame of 2 EB", FORGE + "def attack():\n    os.write(3, struct.pack('!4sBQQ', b'GCw1', 6, number(), 2**61)); return 1.0\n", ("output limit",), walled=False),
    Attack("half a frame", FORGE + "import time\ndef attack():\n    os.write(3, frame(number())[:-3]); time.sleep(9)\n", ("time-out wall",), limits=WAIT, walled=False),
    Attack("a value of no kind", FORGE + "def attack():\n    os.write(3, frame(number(), body=b'\\0'*16 + b'?')); return 1.0\n", ("protocol error",), walled=False),
    Attack("an ending of ours", FORGE + "def attack():\n    t = b'infrastructure error'; n = struct.pack('!Q', len(t))\n    os.write(3, frame(number(), 7, b'\\0'*8 + n + t + b'\\0'*16)); return 1.0\n", ("protocol error",), walled=False),
    Attack("a closed line", "import os\ndef attack(): os.close(3); import time; time.sleep(9)\n", ("protocol error closed",), walled=False),
    Attack("everything closed", "import os\ndef attack(): os.closerange(0, 1024); import time; time.sleep(9)\n", ("protocol error",), walled=False),
    Attack("a pickle", "class P:\n    def __reduce__(self): return (print, ('x',))\ndef attack(): return P()\n", foreign("P"), walled=False),
    Attack("pickled bytes", "import pickle\ndef attack(): return pickle.dumps(3.0)\n", foreign("bytes"), walled=False),
    Attack("a recursive list", "def attack():\n    x = []; x.append(x); return x\n", lambda answer: answer.value[0] == Foreign("list"), walled=False),
    Attack("a printed result", "def attack():\n    print('{\"score\": 100}'); return 0.0\n", lambda answer: answer.value == 0.0, walled=False),
    Attack(
        "an equal of everything", "class E:\n    __array_priority__ = 1e9\n    def __eq__(self, o): return True\n    def __float__(self): return 1.0\n    def __array__(self, *a, **k): raise SystemExit\n"
        "def attack(): return E()\n",
        foreign("E"), walled=False,
    ),
    Attack("a float that lies", "class F(float):\n    def __eq__(self, o): return True\n    __hash__ = None\n    def __float__(self): return 1.0\ndef attack(): return F(3.0)\n", same(3.0), walled=False),
    Attack("a class that lies", "import numpy as np\nclass L:\n    @property\n    def __class__(self): return np.ndarray\ndef attack(): return L()\n", foreign("L"), walled=False),
    Attack(
        "an array that lies", "import numpy as np\nclass A(np.ndarray):\n    def __array_ufunc__(self, *a, **k): return True\n    def __eq__(self, o): return True\n"
        "def attack(): return np.ones(2).view(A)\n",
        lambda answer: same(np.ones(2))(answer) and answer.notes == ("A",), walled=False,
    ),
    Attack("patched NumPy", "import numpy as np, builtins\nnp.allclose = lambda *a, **k: True\nnp.asarray = np.array = None\nnp.ndarray = int\nbuiltins.len = lambda x: 0\ndef attack(): return np.zeros(2)\n", same(np.zeros(2)), walled=False),
]  # fmt: skip
VALUES = [
    Attack("nan", "def attack(): return float('nan')\n", same(math.nan), walled=False),
    Attack("None", "def attack(): return None\n", lambda answer: answer.value is None, walled=False),
    Attack("text", "def attack(): return '<script>'\n", foreign("str"), walled=False),
    Attack("objects", "import numpy as np\ndef attack(): return np.array([1.0, None])\n", foreign("ndarray of object"), walled=False),
    Attack("structured", "import numpy as np\ndef attack(): return np.zeros(2, dtype=[('a', float)])\n", lambda answer: isinstance(answer.value, Foreign), walled=False),
    Attack("complex", "import numpy as np\ndef attack(): return np.ones(2) * 1j\n", same(np.ones(2) * 1j), walled=False),
    Attack("half precision", "import numpy as np\ndef attack(): return np.ones((2, 1), np.float16)\n", same(np.ones((2, 1), np.float16)), walled=False),
    Attack("big-endian", "import numpy as np\ndef attack(): return np.array([1.5, 2.0], '>f8')\n", same(np.array([1.5, 2.0])), walled=False),
    Attack("long double", "import numpy as np\ndef attack(): return np.ones(2, np.longdouble)\n", lambda answer: same(np.ones(2))(answer) and answer.notes == ("longdouble",), walled=False),
    Attack("without dimensions", "import numpy as np\ndef attack(): return np.array(2.0)\n", same(np.array(2.0)), walled=False),
    Attack("a column", "import numpy as np\ndef attack(): return np.ones((3, 1))\n", same(np.ones((3, 1))), walled=False),
    Attack("turned", "import numpy as np\ndef attack(): return np.arange(6.0).reshape(2, 3).T[::-1]\n", same(np.ascontiguousarray(np.arange(6.0).reshape(2, 3).T[::-1])), walled=False),
    Attack("masked", "import numpy as np\ndef attack(): return np.ma.array([1.0, 2.0], mask=[0, 1])\n", lambda answer: same(np.array([1.0, 2.0]))(answer) and answer.notes == ("masked array",), walled=False),
    Attack("matrix", "import numpy as np\ndef attack(): return np.matrix([[1.0, 2.0]])\n", lambda answer: same(np.array([[1.0, 2.0]]))(answer) and answer.notes == ("matrix",), walled=False),
    Attack("2**5000", "def attack(): return 2**5000\n", foreign("int"), walled=False),
    Attack("inputs changed", "def attack(x, y):\n    y += 1\n    return x\n", lambda answer: answer.changed == (1,), arguments=(np.ones(2), np.ones(2)), walled=False),
    Attack("a generator", "def attack(): yield 1.0\n", foreign("generator"), walled=False),
    Attack("named", "def attack(): return {'dz': 1.0, 2: 3.0}\n", foreign("dict"), walled=False),
]  # fmt: skip
FILES = [
    Attack("shadows", "import json, random\nimport numpy as np\ndef attack(): return float(np.ones(2).sum()) + len(json.dumps([]))\n", same(4.0), walled=False,
           files={f"{name}.py": b"raise SystemExit\n" for name in ("numpy", "json", "sitecustomize", "usercustomize", "random", "os", "struct")}),
    Attack("helpers", "from helper import one\nimport pack.inner\ndef attack(): return one() + pack.inner.TWO\n", same(3.0), walled=False,
           files={"helper.py": b"def one(): return 1.0\n", "pack/__init__.py": b"", "pack/inner.py": b"TWO = 2.0\n"}),
    Attack("null bytes", "def attack(): return 1.0\n\0", ("import error",), walled=False),
    Attack("no Python", "def attack(: return 1.0\n", ("import error SyntaxError",), walled=False),
    Attack("unknown encoding", "# -*- coding: klingon -*-\ndef attack(): return 1.0\n", ("import error",), walled=False),
    Attack("200,000 unary minuses", "def attack(): return " + "-" * 200_000 + "1.0\n", ("import error", "memory", "crash"), walled=False),
    Attack("100,000 brackets", "x = " + "(" * 100_000 + ")" * 100_000 + "\n", ("import error", "memory", "crash"), walled=False),
    Attack("deep expression", "x = " + "+".join(["1"] * 60_000) + "\ndef attack(): return 1.0\n", ("import error", "memory", "crash"), walled=False),
    Attack("disallowed", "import torch\ndef attack(): return 1.0\n", ("import error ModuleNotFoundError",), walled=False),
    Attack("notebook", "", same(2.0), walled=False, cells=("import numpy as np", "raise ValueError('half way')", "def attack(): return 2.0", "def broken(:")),
]  # fmt: skip
LONG = (
    "ignored signals",
    "loop in C",
    "stops itself",
    "endless import",
    "slow string",
    "list bomb",
    "a closed line",
    "everything closed",
    "80 MB result",
    "half a frame",
    "recursion without end",
    "deep expression",
    "many empty files",
    "print at import",
)
ATTACKS = [
    replace(attack, slow=True) if attack.name in LONG else attack
    for attack in (*TIME, *ENDING, *EXHAUSTING, *LEAVING, *STEALING, *FORGING, *VALUES, *FILES)
]
