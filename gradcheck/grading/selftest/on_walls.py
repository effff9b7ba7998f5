"""Attacks on the walls: what a program should not see, use up, or reach."""

from __future__ import annotations

from gradcheck.grading.selftest.attack import FOUND, Attack, attack

STEALING = "stealing the key"
EXHAUSTING = "exhausting"
LEAVING = "leaving the process"

ON_WALLS: tuple[Attack, ...] = (
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
        """, needs=("files", "signals")),
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
)  # fmt: skip
