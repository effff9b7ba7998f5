"""Attacks below Python: memory and C, exhaustion of what the kernel lends, and what is left of one program for the next."""

from __future__ import annotations

from gradcheck.grading.selftest.attack import FOUND, Attack, attack
from gradcheck.grading.selftest.on_answers import CRASHING, MUTATING, SHADOWING
from gradcheck.grading.selftest.on_walls import EXHAUSTING

_SHADOWS = {
    f"{name}.py": f"print({FOUND!r})\n".encode()
    for name in ("random", "decimal", "csv", "traceback", "codecs", "_walls", "runner", "protocol", "warnings", "numpy/__init__", "gc")
}
ON_MACHINES: tuple[Attack, ...] = (
    attack(CRASHING, "stack overflow in C", "time-out|crash|exception|memory", """
        import sys
        sys.setrecursionlimit(10**9)
        def sine_gradient(x):
            a = []
            for _ in range(10**6): a = [a]
            return repr(a)
        """),
    attack(CRASHING, "integer division by zero in C", "crash", """
        def sine_gradient(x):
            import ctypes, mmap
            m = mmap.mmap(-1, 4096, prot=7)
            m.write(bytes.fromhex('31c9b80100000099f7f9c3'))
            ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(m)))()
            return np.zeros(3)
        """),
    attack(CRASHING, "SIGBUS by a truncated map", "crash|exception", """
        def sine_gradient(x):
            import mmap, os
            f = open('m', 'w+b'); f.truncate(8192)
            m = mmap.mmap(f.fileno(), 8192); f.truncate(0)
            m[5000] = 1
            return np.zeros(3)
        """),
    attack(CRASHING, "reference counts corrupted", "crash|wrong value|exception|non-finite", """
        def sine_gradient(x):
            import ctypes
            for o in (None, True, (), 1, 'a', x): ctypes.c_long.from_address(id(o)).value = 1
            del o
            return np.zeros(3)
        """, second=('right', 'crash', 'wrong value', 'exception')),
    attack(CRASHING, "the heap overwritten", "crash|wrong value|exception|wrong shape|non-finite|protocol error", """
        def sine_gradient(x):
            import ctypes
            y = np.zeros(3)
            ctypes.memset(y.ctypes.data - 64, 0x41, 4096)
            return y
        """, second=('right', 'protocol error', 'crash', 'exception', 'wrong value')),
    attack(CRASHING, "an array whose header lies", "crash|wrong value|wrong shape|protocol error|output limit|memory", """
        def sine_gradient(x):
            import ctypes
            y = np.zeros(3)
            a = ctypes.c_void_p.from_address(id(y) + 32).value
            ctypes.c_long.from_address(a).value = 10**5
            return y
        """, second=('right', 'protocol error', 'crash')),
    attack(CRASHING, "an array at address zero", "crash|wrong value", """
        def sine_gradient(x):
            import ctypes
            y = np.zeros(3)
            ctypes.c_void_p.from_address(id(y) + 16).value = 8
            return y
        """, second=('right', 'protocol error', 'crash')),
    attack(CRASHING, "a dtype corrupted", "crash|wrong value|wrong shape|exception|protocol error", """
        def sine_gradient(x):
            import ctypes
            d = np.dtype('f8')
            ctypes.memset(id(d) + 16, 0xff, 64)
            return np.zeros(3)
        """, second=('right', 'protocol error', 'crash', 'exception', 'wrong value')),
    attack(CRASHING, "malloc until none, in C", "memory|crash|wrong value|exception", """
        def sine_gradient(x):
            import ctypes
            m = ctypes.CDLL(None).malloc; m.restype = ctypes.c_void_p
            while m(1 << 20): pass
            return np.zeros(3)
        """, second=('right', 'protocol error', 'crash', 'memory', 'import error'), needs=('memory',)),
    attack(CRASHING, "native code that loops with signals blocked", "time-out|crash", """
        def sine_gradient(x):
            import ctypes, mmap, signal
            signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
            m = mmap.mmap(-1, 4096, prot=7)
            m.write(bytes.fromhex('ebfe'))
            ctypes.CFUNCTYPE(None)(ctypes.addressof(ctypes.c_char.from_buffer(m)))()
        """, slow=True),
    attack(EXHAUSTING, "mmap of the address space", "memory|exception|crash|wrong value", """
        def sine_gradient(x):
            import mmap
            held = [mmap.mmap(-1, 1 << 28) for _ in range(10**4)]
            return np.zeros(3)
        """, needs=('memory',)),
    attack(EXHAUSTING, "a sparse file of 2^60 bytes", "exception|output limit|crash|wrong value", """
        def sine_gradient(x):
            with open('s', 'wb') as f: f.truncate(1 << 60)
            return np.zeros(3)
        """),
    attack(EXHAUSTING, "files unlinked and kept open", "exception|output limit|crash|wrong value|time-out", """
        def sine_gradient(x):
            import os
            held = []
            for i in range(1000):
                f = open(f'u{i}', 'wb'); os.unlink(f'u{i}'); held.append(f)
                for _ in range(3): f.write(bytes(1 << 20)); f.flush()
            return np.zeros(3)
        """, needs=('files',)),
    attack(EXHAUSTING, "directories nested 10^4", "exception|output limit|crash|wrong value|time-out", """
        def sine_gradient(x):
            import os
            for _ in range(10**4): os.mkdir('d'); os.chdir('d')
            return np.zeros(3)
        """, second=('right', 'exception', 'output limit', 'import error', 'missing'), needs=('files',)),
    attack(EXHAUSTING, "directories without rights, and odd names", "wrong value|exception|output limit", """
        def sine_gradient(x):
            import os
            for i in range(200):
                n = bytes([1 + i % 46, 200, 10]) * 20 + str(i).encode()
                os.makedirs(b'q' + str(i).encode() + b'/' + n.replace(b'/', b'_').replace(b'.', b'_'), 0o000, exist_ok=True)
                os.symlink('/etc', f'l{i}')
                os.chmod('q' + str(i), 0)
            os.chmod('.', 0)
            return np.zeros(3)
        """),
    attack(EXHAUSTING, "hard links without end", "wrong value|exception|output limit|time-out", """
        def sine_gradient(x):
            import os
            open('a', 'w').close()
            for i in range(10**5): os.link('a', f'a{i}')
            return np.zeros(3)
        """, needs=('files',)),
    attack(EXHAUSTING, "fifos without end", "wrong value|exception|output limit|time-out", """
        def sine_gradient(x):
            import os
            for i in range(3000): os.mkfifo(f'f{i}')
            open('f0').read()
            return np.zeros(3)
        """, needs=('files',)),
    attack(EXHAUSTING, "a file renamed without end", "time-out", """
        def sine_gradient(x):
            import os
            open('a', 'w').close()
            while True: os.rename('a', 'b'); os.rename('b', 'a')
        """, slow=True),
    attack(EXHAUSTING, "pipes full", "exception|wrong value|time-out", """
        def sine_gradient(x):
            import os, fcntl
            for _ in range(20):
                r, w = os.pipe(); os.set_blocking(w, False)
                try: fcntl.fcntl(w, 1031, 1 << 20)
                except OSError: pass
                try: os.write(w, bytes(1 << 20))
                except OSError: pass
            return np.zeros(3)
        """),
    attack(EXHAUSTING, "timers without end", "time-out|wrong value|exception|crash", """
        def sine_gradient(x):
            import ctypes
            l = ctypes.CDLL(None); t = ctypes.c_void_p()
            for _ in range(10**5):
                if l.timer_create(1, None, ctypes.byref(t)): break
            return np.zeros(3)
        """),
    attack(EXHAUSTING, "10^6 distinct lines printed", "output limit", 'def sine_gradient(x):\n    for i in range(10**6): print(i)\n    return np.zeros(3)'),
    attack(EXHAUSTING, "printing from C", "output limit", """
        def sine_gradient(x):
            import ctypes
            l = ctypes.CDLL(None)
            while True: l.puts(b'A' * 1000); l.fflush(None)
        """),
    attack(EXHAUSTING, "printing without flush, then killed", "wrong value|output limit|crash", """
        def sine_gradient(x):
            import sys
            sys.stdout.write('x' * 10**6)
            return np.zeros(3)
        """),
    attack(EXHAUSTING, "warnings without end", "output limit|exception|time-out", """
        import warnings
        warnings.simplefilter('always')
        def sine_gradient(x):
            while True: warnings.warn('w' * 100)
        """),
    attack(EXHAUSTING, "stdout closed, then print", "wrong value|exception", """
        def sine_gradient(x):
            import sys, os
            sys.stdout.close(); sys.stderr.close()
            os.close(1); os.close(2)
            return np.zeros(3)
        """, second=('right', 'crash')),
    attack(EXHAUSTING, "sys.stdout replaced by one that never returns", "time-out", """
        def sine_gradient(x):
            import sys
            class S:
                def flush(self):
                    while True: pass
                write = flush
            sys.stdout = S()
            return np.zeros(3)
        """, slow=True),
    attack(EXHAUSTING, "an endless generator", "wrong value|exception", 'def sine_gradient(x):\n    def g():\n        while True: yield 1.0\n    return g()'),
    attack(EXHAUSTING, "an integer of 10^8 bits", "wrong value|memory|time-out", 'def sine_gradient(x):\n    return [1 << 10**8] * 3'),
    attack(EXHAUSTING, "integers beyond all floats", "non-finite|wrong value", 'def sine_gradient(x):\n    return [10**400, -10**400, 0]'),
    attack(EXHAUSTING, "a dict of 65,536 long keys", "wrong value|output limit|memory|time-out|protocol error", """
        def sine_gradient(x):
            return {f'{i:08}' + 'k' * 15000: 0.0 for i in range(65536)} if False else {f'{i:08}' + 'k' * 2000: 0.0 for i in range(60000)}
        """),
    attack(EXHAUSTING, "right numbers in a dict of 60,000", "time-out|right|output limit|wrong value", """
        def sine_gradient(x):
            return {'x': np.cos((x + 1) ** 2) * 2 * (x + 1), **{str(i): 0.0 for i in range(60000)}}
        """),
    attack(EXHAUSTING, "4 MB beside wrong numbers, at every call", "wrong value|output limit|time-out", "def sine_gradient(x):\n    return {'x': np.cos(x), 'junk': np.zeros(500000)}"),
    attack(EXHAUSTING, "str(int) that never ends", "time-out|exception", """
        import sys
        sys.set_int_max_str_digits(0)
        def sine_gradient(x):
            return str(3 ** 10**8)
        """, slow=True),
    attack(EXHAUSTING, "a type name of 10^7 characters", "wrong value|memory", "def sine_gradient(x):\n    return type('T' * 10**7, (), {})()"),
    attack(EXHAUSTING, "a pickle bomb in a file", "time-out|memory|exception|wrong value|import error", "def sine_gradient(x):\n    import pickle\n    return pickle.loads(b'(' * 10**6 + b'l.')"),
    attack(EXHAUSTING, "a zlib bomb", "memory|exception|time-out", """
        def sine_gradient(x):
            import zlib
            z = zlib.compress(bytes(10**7), 9)
            return zlib.decompress(z * 1) * 10**4
        """, needs=('memory',)),
    attack(EXHAUSTING, "imports without end", "time-out|wrong value|exception|output limit", """
        def sine_gradient(x):
            import sys, importlib
            sys.path.insert(0, '.')
            for i in range(3000):
                open(f'm{i}.py', 'w').write('import time')
                importlib.invalidate_caches(); __import__(f'm{i}')
            return np.zeros(3)
        """),
    attack(EXHAUSTING, "garbage that resurrects itself", "time-out|wrong value|memory|crash", """
        class Z:
            def __del__(self): Z()
        def sine_gradient(x):
            Z()
            return np.zeros(3)
        """, slow=True),
    attack(EXHAUSTING, "__len__ and __iter__ that lie", "wrong value|time-out|exception|memory", """
        class L(list):
            def __len__(self): return 10**9
            def __iter__(self):
                while True: yield 0.0
        class D(dict):
            def items(self):
                while True: yield ('x', 0.0)
        def sine_gradient(x):
            return L([0.0, 0.0, 0.0])
        """),
    attack(MUTATING, "rounding mode set by fesetround", "wrong value|right", """
        import ctypes
        ctypes.CDLL('libm.so.6').fesetround(0x800)
        def sine_gradient(x):
            return np.cos((x + 1) ** 2) * 2 * (x + 1) * 1.001
        """, second=('right', 'wrong value')),
    attack(MUTATING, "FTZ, seterr, locale, cwd, environ, path, seed", "wrong value", """
        import os, sys, locale, warnings
        np.seterr(all='raise'); np.random.seed(0); os.environ.clear(); sys.path.clear(); os.chdir('/'); warnings.simplefilter('error'); sys.setswitchinterval(1e-9); sys.meta_path.clear(); sys.modules.clear()
        def sine_gradient(x):
            return np.zeros(3)
        """, second=('right', 'exception')),
    attack(MUTATING, "the input's memory freed and resized", "wrong value|exception|crash|wrong shape", 'def sine_gradient(x):\n    x.resize((10**6,), refcheck=False)\n    return np.zeros(3)'),
    attack(MUTATING, "the input's type changed", "wrong value|exception", "def sine_gradient(x):\n    x.dtype = 'i8'; x.shape = (3, 1)\n    return np.zeros(3)"),
    attack(MUTATING, "np.dtype and ndarray methods patched in C", "wrong value|exception|crash|protocol error", """
        import ctypes, gc
        d = gc.get_referents(np.ndarray.__dict__)[0]
        d['tobytes'] = lambda self: b'x'
        d['astype'] = lambda *a: 1/0
        ctypes.pythonapi.PyType_Modified(ctypes.py_object(np.ndarray))
        def sine_gradient(x):
            return np.zeros(3)
        """, second=('right', 'protocol error', 'crash', 'exception', 'wrong value')),
    attack(SHADOWING, "modules beside that shadow what the runner loads late", "wrong value", 'def sine_gradient(x):\n    import random, decimal, csv\n    return np.zeros(3)', files=_SHADOWS),
)  # fmt: skip
