"""Attacks by odd values, odd endings, and answers that know too much."""

from __future__ import annotations

from gradcheck.grading.selftest.attack import Attack, attack
from gradcheck.grading.selftest.on_answers import ENDING, OVERFITTING, VALUES

ON_VALUES: tuple[Attack, ...] = (
    attack(ENDING, "os._exit in an atexit, after SystemExit", "exception|crash", """
        import atexit, os
        atexit.register(os._exit, 0)
        def sine_gradient(x):
            raise SystemExit(0)
        """),
    attack(ENDING, "exit with every status in turn", "crash", 'def sine_gradient(x):\n    import os\n    os._exit(int(abs(x[0]) * 1e6) % 256)'),
    attack(ENDING, "SIGTERM to itself", "crash|exception|wrong value|time-out", """
        def sine_gradient(x):
            import os, signal
            signal.signal(signal.SIGTERM, signal.SIG_DFL) if 'SIGTERM' not in ('SIGSTOP',) else None
            os.kill(os.getpid(), signal.SIGTERM)
            return np.zeros(3)
        """),
    attack(ENDING, "SIGXCPU to itself", "crash|exception|wrong value|time-out", """
        def sine_gradient(x):
            import os, signal
            signal.signal(signal.SIGXCPU, signal.SIG_DFL) if 'SIGXCPU' not in ('SIGSTOP',) else None
            os.kill(os.getpid(), signal.SIGXCPU)
            return np.zeros(3)
        """),
    attack(ENDING, "SIGSEGV to itself", "crash|exception|wrong value|time-out", """
        def sine_gradient(x):
            import os, signal
            signal.signal(signal.SIGSEGV, signal.SIG_DFL) if 'SIGSEGV' not in ('SIGSTOP',) else None
            os.kill(os.getpid(), signal.SIGSEGV)
            return np.zeros(3)
        """),
    attack(ENDING, "SIGSTOP to itself", "crash|exception|wrong value|time-out", """
        def sine_gradient(x):
            import os, signal
            signal.signal(signal.SIGSTOP, signal.SIG_DFL) if 'SIGSTOP' not in ('SIGSTOP',) else None
            os.kill(os.getpid(), signal.SIGSTOP)
            return np.zeros(3)
        """, slow=True),
    attack(ENDING, "SIGRTMIN to itself", "crash|exception|wrong value|time-out", """
        def sine_gradient(x):
            import os, signal
            signal.signal(signal.SIGRTMIN, signal.SIG_DFL) if 'SIGRTMIN' not in ('SIGSTOP',) else None
            os.kill(os.getpid(), signal.SIGRTMIN)
            return np.zeros(3)
        """),
    attack(ENDING, "an alarm later, in the other question", "wrong value|crash", """
        def sine_gradient(x):
            import signal
            signal.signal(signal.SIGVTALRM, signal.SIG_DFL)
            signal.setitimer(signal.ITIMER_REAL, 0.0005)
            return np.zeros(3)
        """, second=('right', 'crash', 'exception')),
    attack(ENDING, "the interpreter finalised", "crash|exception", """
        def sine_gradient(x):
            import ctypes
            ctypes.pythonapi.Py_FinalizeEx()
            return np.zeros(3)
        """),
    attack(ENDING, "Py_FatalError, pthread_exit, longjmp", "crash|time-out|protocol error", 'def sine_gradient(x):\n    import ctypes\n    ctypes.CDLL(None).pthread_exit(None)', second=('right', 'protocol error', 'crash', 'time-out')),
    attack(ENDING, "an exception class without a name", "exception|crash|protocol error", """
        class M(type):
            @property
            def __name__(cls): raise KeyboardInterrupt
        class E(Exception, metaclass=M): pass
        def sine_gradient(x):
            raise E
        """),
    attack(ENDING, "an exception with a traceback property that loops", "exception|crash|time-out", """
        class T:
            tb_lineno = 1
            class tb_frame:
                class f_code: co_filename = '/submission/x'
            @property
            def tb_next(self): return self
        class E(Exception):
            __traceback__ = T()
        def sine_gradient(x):
            raise E
        """),
    attack(ENDING, "an exception with 10^8 characters", "exception|memory|crash", "def sine_gradient(x):\n    raise ValueError('A' * 10**8)"),
    attack(ENDING, "a chain of 10^5 exceptions", "exception|crash|memory|time-out", """
        def sine_gradient(x):
            e = ValueError('a')
            for i in range(10**5):
                n = ValueError(str(i)); n.__cause__ = e; n.__context__ = e; e = n
            raise e
        """),
    attack(ENDING, "an exception group nested 10^4", "exception|crash|memory", """
        def sine_gradient(x):
            e = ValueError('a')
            for i in range(10**4): e = ExceptionGroup('g', [e])
            raise e
        """),
    attack(ENDING, "a message with escapes, bidi and formulas", "exception", r"""
        def sine_gradient(x):
            raise ValueError('=cmd|calc\x1b[31m\u202e<script>alert(1)</script>\n\r,;\x00\ud800' * 50)
        """),
    attack(ENDING, "a SyntaxError with an odd message and line", "exception|crash", """
        def sine_gradient(x):
            e = SyntaxError('x'); e.msg = 10**5; e.lineno = -(10**30); e.filename = b'z'
            raise e
        """),
    attack(ENDING, "a SyntaxError with line 10^30", "exception|crash|protocol error", "def sine_gradient(x):\n    e = SyntaxError('x'); e.lineno = 10**30\n    raise e"),
    attack(ENDING, "a line number of 2^40", "exception|crash|protocol error", "def sine_gradient(x):\n    e = SyntaxError('x'); e.lineno = 2**40\n    raise e"),
    attack(VALUES, "float16", "wrong value|wrong shape", "def sine_gradient(x):\n    return (np.cos((x + 1) ** 2) * 2 * (x + 1)).astype('f2')"),
    attack(VALUES, "float16, off by half a percent", "wrong value|wrong shape", """
        def sine_gradient(x):
            return (np.cos((x + 1) ** 2) * 2 * (x + 1) * 1.005).astype('f2')
        """),
    attack(VALUES, "negative zero", "wrong value|wrong shape", 'def sine_gradient(x):\n    return -np.zeros(3)'),
    attack(VALUES, "subnormals", "wrong value|wrong shape", 'def sine_gradient(x):\n    return np.full(3, 5e-324)'),
    attack(VALUES, "booleans", "wrong value|wrong shape", 'def sine_gradient(x):\n    return np.ones(3, bool)'),
    attack(VALUES, "datetime", "wrong value|wrong shape", "def sine_gradient(x):\n    return np.zeros(3,'M8[s]')"),
    attack(VALUES, "void", "wrong value|wrong shape", "def sine_gradient(x):\n    return np.zeros(3,'V8')"),
    attack(VALUES, "strings", "wrong value|wrong shape", "def sine_gradient(x):\n    return np.array(['1','2','3'])"),
    attack(VALUES, "a generator", "wrong value|wrong shape", 'def sine_gradient(x):\n    return (v for v in range(3))'),
    attack(VALUES, "a memoryview", "wrong value|wrong shape", 'def sine_gradient(x):\n    return memoryview(np.zeros(3))'),
    attack(VALUES, "an array.array", "wrong value|wrong shape", "def sine_gradient(x):\n    return __import__('array').array('d',[0,0,0])"),
    attack(VALUES, "a Decimal", "wrong value|wrong shape", "def sine_gradient(x):\n    return [__import__('decimal').Decimal(1)]*3"),
    attack(VALUES, "a Fraction", "wrong value|wrong shape", "def sine_gradient(x):\n    return [__import__('fractions').Fraction(1)]*3"),
    attack(VALUES, "a set", "wrong value|wrong shape", 'def sine_gradient(x):\n    return {1.0,2.0,3.0}'),
    attack(VALUES, "bytes", "wrong value|wrong shape", 'def sine_gradient(x):\n    return bytes(24)'),
    attack(VALUES, "itself", "wrong value|wrong shape", 'def sine_gradient(x):\n    return sine_gradient'),
    attack(VALUES, "a class", "wrong value|wrong shape", 'def sine_gradient(x):\n    return int'),
    attack(VALUES, "a module", "wrong value|wrong shape", 'def sine_gradient(x):\n    return np'),
    attack(VALUES, "Ellipsis", "wrong value|wrong shape", 'def sine_gradient(x):\n    return ...'),
    attack(VALUES, "a dict with odd keys", "wrong value|wrong shape", 'def sine_gradient(x):\n    return {1: np.zeros(3), None: 2}'),
    attack(VALUES, "a tuple of one", "wrong value|wrong shape", 'def sine_gradient(x):\n    return (np.zeros(3),)'),
    attack(VALUES, "nested lists", "wrong value|wrong shape", 'def sine_gradient(x):\n    return [[0.0],[0.0],[0.0]]'),
    attack(VALUES, "np.matrix", "wrong value|wrong shape", 'def sine_gradient(x):\n    return np.matrix([0.,0.,0.])'),
    attack(VALUES, "recarray", "wrong value|wrong shape", "def sine_gradient(x):\n    return np.rec.array([(0.,),(0.,),(0.,)], dtype=[('a','f8')])"),
    attack(VALUES, "read-only", "wrong value|wrong shape", 'def sine_gradient(x):\n    return np.broadcast_to(0.0,(3,))'),
    attack(VALUES, "int8", "wrong value|wrong shape", "def sine_gradient(x):\n    return np.ones(3,'i1')"),
    attack(VALUES, "uint64", "wrong value|wrong shape", "def sine_gradient(x):\n    return np.full(3,2**64-1,'u8')"),
    attack(VALUES, "right, big-endian", "right", "def sine_gradient(x):\n    return (np.cos((x + 1) ** 2) * 2 * (x + 1)).astype('>f8')"),
    attack(VALUES, "right, negative strides", "right", """
        def sine_gradient(x):
            return (np.cos((x + 1) ** 2) * 2 * (x + 1))[::-1].copy()[::-1]
        """),
    attack(VALUES, "right, not contiguous", "right", 'def sine_gradient(x):\n    return np.repeat(np.cos((x + 1) ** 2) * 2 * (x + 1), 2)[::2]'),
    attack(VALUES, "right, read-only", "right", """
        def sine_gradient(x):
            return (lambda g: (g.setflags(write=False), g)[1])(np.cos((x + 1) ** 2) * 2 * (x + 1))
        """),
    attack(VALUES, "right, long double", "right", """
        def sine_gradient(x):
            return (np.cos((x + 1) ** 2) * 2 * (x + 1)).astype(np.longdouble)
        """),
    attack(VALUES, "right, unaligned", "right", """
        def sine_gradient(x):
            return np.frombuffer(b'x' + (np.cos((x + 1) ** 2) * 2 * (x + 1)).tobytes(), 'f8', 3, 1)
        """),
    attack(VALUES, "right, a list of np.float64", "right", 'def sine_gradient(x):\n    return list(np.cos((x + 1) ** 2) * 2 * (x + 1))'),
    attack(VALUES, "right, a memmap", "right", """
        def sine_gradient(x):
            m = np.memmap('m', 'f8', 'w+', shape=(3,)); m[:] = np.cos((x + 1) ** 2) * 2 * (x + 1)
            return m
        """),
    attack(VALUES, "a memmap truncated before it is read", "crash|wrong value|exception", """
        def sine_gradient(x):
            m = np.memmap('m', 'f8', 'w+', shape=(3000,)); open('m', 'w').close()
            return m[:3]
        """),
    attack(VALUES, "an array that is changed while it is read", "wrong value|wrong shape", """
        class A(np.ndarray):
            @property
            def dtype(self): return np.dtype('f8')
            shape = property(lambda s: (3,))
        def sine_gradient(x):
            return np.zeros(9).view(A)
        """),
    attack(OVERFITTING, "by the number of calls: right for the opening only", "wrong value|right", """
        n = []
        def sine_gradient(x):
            n.append(1)
            return np.cos((x + 1) ** 2) * 2 * (x + 1) * (1 if len(n) <= 7 else 0)
        """),
    attack(OVERFITTING, "right where asked twice", "wrong value", """
        seen = {}
        def sine_gradient(x):
            k = x.tobytes()
            seen[k] = seen.get(k, 0) + 1
            return (np.cos((x + 1) ** 2) * 2 * (x + 1)) * (1 if seen[k] > 1 else 1.01)
        """),
    attack(OVERFITTING, "by the hash of the input", "wrong value", """
        def sine_gradient(x):
            return (np.cos((x + 1) ** 2) * 2 * (x + 1)) * (1 if hash(x.tobytes()) % 2 else 1.0001)
        """),
    attack(OVERFITTING, "wrong by 1e-7", "wrong value", 'def sine_gradient(x):\n    return (np.cos((x + 1) ** 2) * 2 * (x + 1)) * (1 + 1e-7)'),
    attack(OVERFITTING, "all batched arguments read off the frame", "wrong value", """
        def sine_gradient(x):
            import sys
            f = sys._getframe(1)
            while f is not None and 'body' not in f.f_locals: f = f.f_back
            print(len(f.f_locals['body']) if f else 0)
            return np.zeros(3)
        """),
)  # fmt: skip
