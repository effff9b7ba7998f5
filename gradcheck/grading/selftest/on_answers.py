"""Attacks on the answer and how it is compared: what is returned, when the program ends, what it pretends."""

from __future__ import annotations

from gradcheck.grading.selftest.attack import FOUND, Attack, attack

TAMPERING = "tampering with the comparison"
PAYLOAD = "payload in the result"
ENDING = "ending early"
FORGING = "forged results"
CRASHING = "crashing"
VALUES = "bad values"
MUTATING = "mutating"
OVERFITTING = "overfitting"
SHADOWING = "shadowing"
NOTEBOOK = "hostile notebook"
SOURCES = "hostile sources"

ON_ANSWERS: tuple[Attack, ...] = (
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
    attack(ENDING, "SIGKILL to itself", "crash|exception|wrong value", "def sine_gradient(x):\n    import os, signal\n    os.kill(os.getpid(), signal.SIGKILL)"),
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
    attack(CRASHING, "a segmentation fault", "crash", "def sine_gradient(x):\n    import ctypes\n    ctypes.string_at(0)"),
    attack(CRASHING, "abort", "crash", "def sine_gradient(x):\n    import os\n    os.abort()"),
    attack(CRASHING, "SIGILL to itself", "crash|exception|wrong value", "def sine_gradient(x):\n    import os, signal\n    os.kill(os.getpid(), signal.SIGILL)"),
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
