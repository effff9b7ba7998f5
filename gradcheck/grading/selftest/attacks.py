"""The attack suite: what students and worse have tried on graders, each with the outcome that holds.

Sources: Kratzke 2019 and JEdUnit 2020 (about one student in seven tries to trick a grader), PrairieLearn RFC 11137, nbgrader pull request 1324, RELATE issue 295,
Autolab issue 2142. Attacks that could do harm behind a broken wall name the walls they need; network attempts go to loopback only.
"""

from __future__ import annotations

from gradcheck.grading.selftest.attack import Attack, attack

TAMPERING = "tampering with the comparison"
PAYLOAD = "payload in the result"
ENDING = "ending early"
FORGING = "forged results"
STEALING = "stealing the key"
EXHAUSTING = "exhausting"
LEAVING = "leaving the process"
CRASHING = "crashing"
VALUES = "bad values"
MUTATING = "mutating"
OVERFITTING = "overfitting"
SHADOWING = "shadowing"
NOTEBOOK = "hostile notebook"
SOURCES = "hostile sources"
FOUND = "ESCAPED-7f3a"  # what an attack prints if it gets through

ATTACKS: tuple[Attack, ...] = (
    attack(TAMPERING, "numpy's comparisons patched", "wrong value", """
        for name in ("allclose", "isclose", "array_equal", "all", "any", "abs", "isfinite", "asarray", "array"):
            setattr(np, name, lambda *a, **k: True)
        np.testing.assert_allclose = np.testing.assert_array_equal = lambda *a, **k: None
        def sine_gradient(x):
            return np.zeros(3)
        """, second=("right", "wrong value", "exception")),
    attack(TAMPERING, "builtins patched", "wrong value|wrong shape|protocol error|exception|crash", """
        import builtins
        builtins.abs = builtins.max = builtins.all = builtins.any = lambda *a, **k: True
        builtins.float = builtins.isinstance = lambda *a: True
        def sine_gradient(x):
            return np.zeros(3)
        """, second=("right", "exception", "protocol error", "crash", "wrong value")),
    attack(TAMPERING, "unittest and sys.modules patched", "wrong value", """
        import sys, unittest
        unittest.TestCase.assertEqual = lambda *a, **k: None
        for name in list(sys.modules):
            if name.startswith(("gradcheck", "pytest")):
                sys.modules[name] = None
        def sine_gradient(x):
            return np.zeros(3)
        """),
    attack(TAMPERING, "a subclass of ndarray that equals everything", "wrong value", """
        class Equal(np.ndarray):
            def __eq__(self, other): return np.ones(self.shape, bool)
            def __array_ufunc__(self, *a, **k): return np.zeros(3)
            def __array_function__(self, *a, **k): return True
            def __array_finalize__(self, obj): pass
            def __reduce__(self): raise SystemExit
            def tobytes(self, *a): return b""
        def sine_gradient(x):
            return np.zeros(3).view(Equal)
        """),
    attack(TAMPERING, "an object that equals everything", "wrong value", """
        class Equal:
            __eq__ = lambda self, other: True
            __float__ = lambda self: 0.0
            __array__ = lambda self, *a, **k: np.zeros(3)
            __len__ = lambda self: 3
            __getitem__ = lambda self, i: 0.0
            __array_ufunc__ = lambda self, *a, **k: True
            shape, dtype, ndim, size = (3,), np.dtype(float), 1, 3
        def sine_gradient(x):
            return Equal()
        """),
    attack(TAMPERING, "a float that lies", "wrong value|wrong shape", """
        class Lies(float):
            __eq__ = __le__ = __ge__ = __lt__ = __gt__ = lambda self, other: True
            __sub__ = __rsub__ = lambda self, other: 0.0
        def sine_gradient(x):
            return [Lies(1.0)] * 3
        """),
    attack(PAYLOAD, "an object with __reduce__", "wrong value", f"""
        class Bomb:
            def __reduce__(self):
                import os
                return os.system, ("echo {FOUND}",)
        def sine_gradient(x):
            return Bomb()
        """),
    attack(PAYLOAD, "pickle in bytes", "wrong value", """
        def sine_gradient(x):
            import pickle
            return pickle.dumps(np.zeros(3))
        """),
    attack(PAYLOAD, "an array of objects", "wrong value", f"""
        class Bomb:
            def __reduce__(self): return print, ("{FOUND}",)
        def sine_gradient(x):
            return np.array([Bomb(), Bomb(), Bomb()], dtype=object)
        """),
    attack(PAYLOAD, "a list that holds itself", "wrong value|output limit|exception", """
        def sine_gradient(x):
            a = []
            a.append(a)
            return a
        """),
    attack(PAYLOAD, "a dict of a million keys", "wrong value|output limit|protocol error|memory|time-out", """
        def sine_gradient(x):
            return {str(i): 0.0 for i in range(10**6)}
        """),
    attack(PAYLOAD, "lists in lists in lists", "wrong value|exception", """
        def sine_gradient(x):
            a = 0.0
            for _ in range(100000):
                a = [a]
            return a
        """),
    attack(PAYLOAD, "a result of 80 MB", "output limit|memory", """
        def sine_gradient(x):
            return np.zeros(10**7)
        """),
    attack(PAYLOAD, "an array that claims to be larger than it is", "wrong shape|wrong value|output limit|memory", """
        def sine_gradient(x):
            return np.lib.stride_tricks.as_strided(np.zeros(1), (10**9,), (0,))
        """),
    attack(PAYLOAD, "a structured and a datetime array", "wrong value", """
        def sine_gradient(x):
            return np.zeros(3, dtype=[("a", "f8"), ("b", "O")]) if x[0] > 0 else np.zeros(3, "M8[s]")
        """),
    attack(ENDING, "os._exit(0) in a call", "crash", "def sine_gradient(x):\n    import os\n    os._exit(0)"),
    attack(ENDING, "os._exit(0) at import", "crash|import error", "import os\nos._exit(0)", second=("crash", "import error")),
    attack(ENDING, "sys.exit(0) in a call", "exception|crash", "def sine_gradient(x):\n    import sys\n    sys.exit(0)"),
    attack(ENDING, "sys.exit(0) at import", "import error|crash|exception", "import sys\nsys.exit(0)", second=("import error", "crash", "exception")),
    attack(ENDING, "KeyboardInterrupt in a call", "exception|crash", "def sine_gradient(x):\n    raise KeyboardInterrupt"),
    attack(ENDING, "KeyboardInterrupt at import", "import error|crash|exception", "raise KeyboardInterrupt", second=("import error", "crash", "exception")),
    attack(ENDING, "an exception that is no Exception", "exception|crash", "class Odd(BaseException):\n    __str__ = __repr__ = None\ndef sine_gradient(x):\n    raise Odd"),
    attack(ENDING, "an exception whose text raises", "exception|crash", """
        class Odd(Exception):
            def __str__(self): raise SystemExit(0)
            __repr__ = __str__
        def sine_gradient(x):
            raise Odd
        """),
    attack(ENDING, "SIGKILL to itself", "crash|exception", "def sine_gradient(x):\n    import os, signal\n    os.kill(os.getpid(), signal.SIGKILL)"),
    attack(FORGING, "a results document printed", "wrong value", """
        print('{"score": 100, "tests": [{"score": 100, "max_score": 100}]}', flush=True)
        def sine_gradient(x):
            print('{"score": 100, "outcome": "graded", "result": "right"}', flush=True)
            return np.zeros(3)
        """),
    attack(FORGING, "frames and documents written to every descriptor", "wrong value|protocol error|crash", """
        def sine_gradient(x):
            import os
            for fd in range(0, 64):
                for text in (b'{"score": 100}\\n', b'\\x00' * 64, b'GCHK' + bytes(60)):
                    try: os.write(fd, text)
                    except OSError: pass
            return np.zeros(3)
        """),
    attack(FORGING, "every descriptor closed", "protocol error|crash|wrong value|exception", """
        def sine_gradient(x):
            import os
            os.closerange(0, 64)
            return np.zeros(3)
        """),
    attack(FORGING, "results written to files", "wrong value", """
        def sine_gradient(x):
            for place in ("results.json", "marks.json", "/autograder/results/results.json", "../marks.json", "/tmp/results.json"):
                try:
                    with open(place, "w") as f: f.write('{"score": 100}')
                except OSError: pass
            return np.zeros(3)
        """),
    attack(FORGING, "threads, atexit and destructors that act later", "wrong value|exception|crash", """
        import atexit
        def later(*a):
            import os
            for fd in range(0, 64):
                try: os.write(fd, b'{"score": 100}\\n' * 4)
                except OSError: pass
        class Last:
            __del__ = later
        atexit.register(later)
        kept = Last()
        def sine_gradient(x):
            import threading, time
            try: threading.Thread(target=lambda: (time.sleep(0.05), later()), daemon=True).start()
            except RuntimeError: pass
            return np.zeros(3)
        """, second=("right", "protocol error", "crash")),
    attack(FORGING, "the caller's frames and the runner's functions rewritten", "wrong value|exception|crash|protocol error", """
        def sine_gradient(x):
            import sys, gc, types
            frame = sys._getframe()
            while frame is not None:
                for name, value in list(frame.f_globals.items()):
                    if isinstance(value, types.FunctionType) and not name.startswith("__"):
                        frame.f_globals[name] = lambda *a, **k: True
                frame = frame.f_back
            return np.zeros(3)
        """, second=("right", "exception", "crash", "protocol error", "wrong value", "missing")),
    attack(STEALING, "truth looked for in memory, frames and the collector", "wrong value|exception", """
        def sine_gradient(x):
            import gc, sys
            true = np.cos((x + 1) ** 2) * 2 * (x + 1)
            seen = [o for o in gc.get_objects() if isinstance(o, np.ndarray)]
            frame = sys._getframe()
            while frame is not None:
                seen += [v for v in frame.f_locals.values() if isinstance(v, np.ndarray)]
                frame = frame.f_back
            for o in seen:
                if o is not true and o.shape == (3,) and np.allclose(o, true):
                    return o
            return np.zeros(3)
        """),
    attack(STEALING, "the grader imported", "wrong value|exception", """
        def sine_gradient(x):
            try:
                import gradcheck
                return gradcheck.grad(lambda x: np.sum(np.sin((x + 1) ** 2)))(x)
            except ImportError:
                return np.zeros(3)
        """),
    attack(STEALING, "files of others, the home and the key", "wrong value", f"""
        def sine_gradient(x):
            import os, sys
            ours = (sys.base_prefix, sys.prefix, os.path.dirname(np.__file__), os.getcwd())
            def look(place, depth):
                if any(o == place or o.startswith(place + "/") for o in ours):
                    if place in ours: return
                try: names = os.listdir(place)
                except OSError: return
                for name in names:
                    path = place.rstrip("/") + "/" + name
                    if os.path.isfile(path): print("{FOUND}", path)
                    elif depth: look(path, depth - 1)
            for place in ("/root", "/home", "/srv", "/mnt", "/media", os.path.dirname(CANARY), CANARY): look(place, 2)
            for path in (CANARY + "/secret", "/etc/shadow", "/proc/1/environ"):
                try:
                    if open(path).read(1): print("{FOUND}", path) if "proc" not in path else None
                except OSError: pass
            return np.zeros(3)
        """, needs=("files",)),
    attack(STEALING, "the environment and the arguments", "wrong value", f"""
        def sine_gradient(x):
            import os, sys
            held = " ".join([*os.environ, *os.environ.values(), *sys.argv])
            for word in ("GRADCHECK_SELFTEST_SECRET", "assignment", "TOKEN", "SECRET"):
                if word in held: print("{FOUND}", word)
            return np.zeros(3)
        """),
    attack(STEALING, "other processes through /proc", "wrong value|exception", f"""
        def sine_gradient(x):
            import os
            me = os.getpid()
            for name in os.listdir("/proc") if os.path.isdir("/proc") else []:
                if name.isdigit() and int(name) not in (me, os.getppid(), 1, 2):
                    for what in ("environ", "mem", "cmdline", "cwd", "fd"):
                        try:
                            if what in ("environ",): print("{FOUND}", open(f"/proc/{{name}}/{{what}}").read(20))
                        except OSError: pass
            return np.zeros(3)
        """, needs=("files",)),
    attack(EXHAUSTING, "an endless loop", "time-out", "def sine_gradient(x):\n    while True: pass"),
    attack(EXHAUSTING, "an endless loop at import", "time-out|import error", "while True: pass", second=("time-out", "import error")),
    attack(EXHAUSTING, "sleep", "time-out", "def sine_gradient(x):\n    import time\n    time.sleep(3600)"),
    attack(EXHAUSTING, "signals ignored, then a loop", "time-out", """
        def sine_gradient(x):
            import signal
            for s in range(1, 65):
                try: signal.signal(s, signal.SIG_IGN)
                except (OSError, ValueError): pass
            while True: pass
        """),
    attack(EXHAUSTING, "exceptions caught for ever", "time-out|memory", "def sine_gradient(x):\n    while True:\n        try:\n            while True: pass\n        except BaseException: pass"),
    attack(EXHAUSTING, "a regular expression without end", "time-out", "def sine_gradient(x):\n    import re\n    re.match('(a+)+$', 'a' * 64 + 'b')\n    return np.zeros(3)"),
    attack(EXHAUSTING, "deep recursion", "exception|crash|memory", "def sine_gradient(x):\n    return sine_gradient(x)"),
    attack(EXHAUSTING, "deep recursion with the limit raised", "crash|exception|memory|time-out", "import sys\nsys.setrecursionlimit(10**9)\ndef sine_gradient(x):\n    return [sine_gradient(x)][0]"),
    attack(EXHAUSTING, "memory, bit by bit", "memory|exception", "def sine_gradient(x):\n    a = []\n    while True: a.append(bytearray(10**6))", needs=("memory",)),
    attack(EXHAUSTING, "np.zeros(10**10)", "memory|exception", "def sine_gradient(x):\n    return np.ones(10**10)", needs=("memory",)),
    attack(EXHAUSTING, "a number with a billion digits", "time-out|memory", "def sine_gradient(x):\n    return 7 ** (7 ** 12)", needs=("memory",)),
    attack(EXHAUSTING, "a fork bomb", "exception|time-out|memory|wrong value|crash", "def sine_gradient(x):\n    import os\n    while True: os.fork()", needs=("processes",), second=("right", "time-out")),
    attack(EXHAUSTING, "a fork bomb that catches", "time-out|wrong value", "def sine_gradient(x):\n    import os\n    for _ in range(10000):\n        try: os.fork()\n        except OSError: pass\n    return np.zeros(3)", needs=("processes",), second=("right", "time-out")),
    attack(EXHAUSTING, "threads without end", "exception|memory|time-out|crash|wrong value", """
        def sine_gradient(x):
            import threading, time
            for _ in range(10000):
                threading.Thread(target=time.sleep, args=(3600,), daemon=True).start()
            return np.zeros(3)
        """, needs=("processes",)),
    attack(EXHAUSTING, "one huge file", "exception|crash|output limit|wrong value", """
        def sine_gradient(x):
            with open("huge", "wb") as f:
                for _ in range(1000): f.write(bytes(10**6))
            return np.zeros(3)
        """, needs=("files",)),
    attack(EXHAUSTING, "many small files", "exception|crash|output limit|wrong value|time-out", """
        def sine_gradient(x):
            for i in range(200000):
                with open(f"small{i}", "wb") as f: f.write(bytes(5000))
            return np.zeros(3)
        """, needs=("files",)),
    attack(EXHAUSTING, "a million descriptors", "exception|wrong value", """
        def sine_gradient(x):
            import os
            held = [os.open("/dev/null", os.O_RDONLY) for _ in range(10**6)]
            return np.zeros(3)
        """),
    attack(EXHAUSTING, "printing for ever", "output limit", "def sine_gradient(x):\n    while True: print('x' * 1000, flush=True)"),
    attack(EXHAUSTING, "os.write for ever", "output limit", "def sine_gradient(x):\n    import os\n    while True: os.write(2, b'x' * 4096)"),
    attack(LEAVING, "a socket to loopback", "exception|wrong value", f"""
        def sine_gradient(x):
            import socket
            for family, place in ((socket.AF_INET, ("127.0.0.1", PORT)), (socket.AF_INET6, ("::1", PORT))):
                s = socket.socket(family)
                s.settimeout(0.2)
                s.connect(place)
                print("{FOUND}")
            return np.zeros(3)
        """),
    attack(LEAVING, "a datagram to loopback", "exception|wrong value", f"""
        def sine_gradient(x):
            import socket
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"{FOUND}", ("127.0.0.1", PORT))
            return np.zeros(3)
        """),
    attack(LEAVING, "unix sockets", "exception|wrong value", f"""
        def sine_gradient(x):
            import glob, socket
            for place in [SOCKET, "\\0" + SOCKET, *glob.glob("/run/*.sock"), *glob.glob("/var/run/*.sock"), "/run/dbus/system_bus_socket"]:
                try:
                    s = socket.socket(socket.AF_UNIX)
                    s.connect(place)
                    print("{FOUND}", place)
                except OSError: pass
            return np.zeros(3)
        """),
    attack(LEAVING, "a daemon that stays", "exception|wrong value|crash|time-out", """
        def sine_gradient(x):
            import os, time
            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0:
                    time.sleep(5)
                    os._exit(0)
                os._exit(0)
            return np.zeros(3)
        """, needs=("processes",)),
    attack(LEAVING, "kill(-1)", "exception|wrong value|crash", "def sine_gradient(x):\n    import os\n    os.kill(-1, 9)\n    return np.zeros(3)", needs=("signals",)),
    attack(LEAVING, "signals to the parent and to process 1", "exception|wrong value|crash", """
        def sine_gradient(x):
            import os
            for pid in (os.getppid(), 1):
                for s in (9, 15, 19):
                    try: os.kill(pid, s)
                    except OSError: pass
            return np.zeros(3)
        """, needs=("signals",), second=("right", "crash")),
    attack(LEAVING, "ptrace and the memory of others", "exception|wrong value|crash", f"""
        def sine_gradient(x):
            import ctypes, os
            libc = ctypes.CDLL(None, use_errno=True)
            for pid in (os.getppid(), 1):
                if pid > 1 and pid != os.getpid() and libc.ptrace(16, pid, 0, 0) == 0: print("{FOUND}")
            if libc.syscall(310, 1, 0, 0, 0, 0, 0) > 0: print("{FOUND}")
            return np.zeros(3)
        """, needs=("signals",)),
    attack(LEAVING, "limits raised", "memory|exception|time-out", """
        def sine_gradient(x):
            import resource
            for what in (resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_NPROC, resource.RLIMIT_FSIZE):
                try: resource.setrlimit(what, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
                except (ValueError, OSError): pass
            return np.ones(10**10)
        """, needs=("memory",)),
    attack(LEAVING, "new namespaces and mounts", "exception|wrong value|crash", f"""
        def sine_gradient(x):
            import ctypes
            libc = ctypes.CDLL(None, use_errno=True)
            for flags in (0x10000000, 0x20000, 0x40000000, 0x10000000 | 0x20000):
                if libc.unshare(flags) == 0: print("{FOUND}", hex(flags))
            if libc.mount(b"tmpfs", b"/tmp", b"tmpfs", 0, None) == 0: print("{FOUND} mount")
            if libc.chroot(b"/") == 0: print("{FOUND} chroot")
            return np.zeros(3)
        """),
    attack(LEAVING, "writing outside", "wrong value|exception", f"""
        def sine_gradient(x):
            import os, sys
            for place in ("/etc/gradcheck-selftest", "/usr/gradcheck-selftest", "/gradcheck-selftest", CANARY + "/written", sys.prefix + "/gradcheck-selftest",
                          os.path.dirname(np.__file__) + "/gradcheck-selftest"):
                try:
                    open(place, "w").write("x")
                    if not place.startswith("/gradcheck"): print("{FOUND}", place)
                except OSError: pass
            return np.zeros(3)
        """, needs=("files",)),
    attack(LEAVING, "another program run", "exception|wrong value|crash", f"""
        def sine_gradient(x):
            import os, subprocess
            print(subprocess.run(["/bin/sh", "-c", "echo {FOUND}"], capture_output=True, text=True).stdout)
            return np.zeros(3)
        """, needs=("processes",)),
    attack(CRASHING, "a segmentation fault", "crash", "def sine_gradient(x):\n    import ctypes\n    ctypes.string_at(0)"),
    attack(CRASHING, "abort", "crash", "def sine_gradient(x):\n    import os\n    os.abort()"),
    attack(CRASHING, "an illegal instruction in a call", "crash|exception", "def sine_gradient(x):\n    import os, signal\n    os.kill(os.getpid(), signal.SIGILL)"),
    attack(VALUES, "nan", "non-finite", "def sine_gradient(x):\n    return np.full(3, np.nan)"),
    attack(VALUES, "inf", "non-finite", "def sine_gradient(x):\n    return np.full(3, np.inf)"),
    attack(VALUES, "None", "wrong value", "def sine_gradient(x):\n    pass"),
    attack(VALUES, "complex", "wrong value", "def sine_gradient(x):\n    return np.zeros(3, complex)"),
    attack(VALUES, "right, but complex", "wrong value", "def sine_gradient(x):\n    return np.cos((x + 1) ** 2) * 2 * (x + 1) + 0j"),
    attack(VALUES, "a string", "wrong value", "def sine_gradient(x):\n    return '1 2 3'"),
    attack(VALUES, "an array of objects", "wrong value", "def sine_gradient(x):\n    return (np.cos((x + 1) ** 2) * 2 * (x + 1)).astype(object)"),
    attack(VALUES, "(n, 1) for (n,)", "wrong shape", "def sine_gradient(x):\n    return (np.cos((x + 1) ** 2) * 2 * (x + 1))[:, None]"),
    attack(VALUES, "a scalar for (n,)", "wrong shape", "def sine_gradient(x):\n    return np.float64(1.0)"),
    attack(VALUES, "0-d for (n,)", "wrong shape", "def sine_gradient(x):\n    return np.array(1.0)"),
    attack(VALUES, "a masked array", "wrong value|non-finite", "def sine_gradient(x):\n    return np.ma.masked_all(3)"),
    attack(VALUES, "long doubles that overflow", "non-finite|wrong value", "def sine_gradient(x):\n    return np.full(3, np.finfo(np.longdouble).max)"),
    attack(MUTATING, "inputs changed in place", "right", "def sine_gradient(x):\n    g = np.cos((x + 1) ** 2) * 2 * (x + 1)\n    x[:] = 0\n    return g"),
    attack(MUTATING, "references kept between calls", "wrong value|right", """
        kept = []
        def sine_gradient(x):
            for old in kept: old[:] = 7
            kept.append(x)
            return np.cos((x + 1) ** 2) * 2 * (x + 1)
        """),
    attack(MUTATING, "one buffer returned again and again", "right", """
        out = np.zeros(3)
        def sine_gradient(x):
            out[:] = np.cos((x + 1) ** 2) * 2 * (x + 1)
            return out
        """),
    attack(MUTATING, "numpy patched for the next", "wrong value", "np.cos = np.sin = lambda x: x * 0\ndef sine_gradient(x):\n    return np.cos(x)"),
    attack(OVERFITTING, "right for the first calls only", "wrong value", """
        calls = []
        def sine_gradient(x):
            calls.append(1)
            return np.cos((x + 1) ** 2) * 2 * (x + 1) * (1 if len(calls) <= 3 else 2)
        """),
    attack(OVERFITTING, "answers by the clock", "wrong value", """
        def sine_gradient(x):
            import time
            return np.cos((x + 1) ** 2) * 2 * (x + 1) + time.perf_counter()
        """),
    attack(OVERFITTING, "answers at random", "wrong value", "def sine_gradient(x):\n    return np.cos((x + 1) ** 2) * 2 * (x + 1) * (1 + 1e-3 * np.random.rand())"),
    attack(SHADOWING, "numpy.py, json.py and sitecustomize.py beside", "wrong value", "def sine_gradient(x):\n    return np.zeros(3)", files={
        name: f"print('{FOUND}')\nimport os\nos._exit(0)\n".encode() for name in ("numpy.py", "json.py", "sitecustomize.py", "usercustomize.py", "struct.py", "ast.py", "io.py")
    }),
    attack(NOTEBOOK, "cells that fail halfway", "right", "", cells=(
        "import numpy as np\nboom()", "def sine_gradient(x):\n    return np.cos((x + 1) ** 2) * 2 * (x + 1)", "1/0", "def square_gradient(x):\n    return 2 * x", "raise SystemExit",
    )),
    attack(NOTEBOOK, "get_ipython()", "right", "", cells=(
        "import numpy as np\nget_ipython().system('echo')", "def sine_gradient(x):\n    return np.cos((x + 1) ** 2) * 2 * (x + 1)\ndef square_gradient(x):\n    return 2 * x",
    )),
    attack(SOURCES, "null bytes", "import error|crash", "x = '\0'", second=("import error", "crash")),
    attack(SOURCES, "200,000 unary minuses", "import error|crash|memory|time-out", "x = " + "-" * 200_000 + "1", second=("import error", "crash", "memory", "time-out")),
    attack(SOURCES, "brackets without end", "import error|crash|memory", "x = " + "(" * 100_000, second=("import error", "crash", "memory")),
    attack(SOURCES, "an encoding that is none", "import error|crash|right|missing|wrong value", "", files={"submission.py": b"# -*- coding: no-such-thing -*-\nx = 1\n"}, second=("import error", "missing", "right")),
    attack(SOURCES, "a name that is no function", "missing|exception|wrong value", "sine_gradient = 7"),
    attack(SOURCES, "no function at all", "missing", ""),
)  # fmt: skip
