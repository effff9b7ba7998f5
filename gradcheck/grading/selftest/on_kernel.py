"""Attacks on the kernel's side of the walls: calls, descriptors, signals and limits, one by one."""

from __future__ import annotations

from gradcheck.grading.selftest.attack import Attack, attack
from gradcheck.grading.selftest.on_answers import FORGING
from gradcheck.grading.selftest.on_walls import LEAVING, STEALING

ON_KERNEL: tuple[Attack, ...] = (
    attack(FORGING, "runner replaced through gc", "wrong value|exception|crash|protocol error|right", """
        import gc, types
        def sine_gradient(x):
            for o in gc.get_objects():
                if isinstance(o, types.FunctionType) and o.__name__ in ('_encoded','_plain','_call','encode'):
                    try: o.__code__ = (lambda *a, **k: b'v' + bytes(100)).__code__
                    except Exception: pass
            return np.zeros(3)
        """, second=('right', 'exception', 'crash', 'protocol error', 'wrong value')),
    attack(FORGING, "channel shut down and reopened over", "protocol error|crash", """
        def sine_gradient(x):
            import os
            r, w = os.pipe()
            os.dup2(w, 3)
            return np.zeros(3)
        """, second=('right', 'protocol error', 'crash', 'time-out')),
    attack(FORGING, "channel replaced by /dev/null", "protocol error|crash|time-out", """
        def sine_gradient(x):
            import os
            os.dup2(os.open('/dev/null', os.O_RDWR), 3)
            return np.zeros(3)
        """, second=('right', 'protocol error', 'crash', 'time-out')),
    attack(FORGING, "flags of the channel changed", "wrong value|crash|protocol error|time-out", """
        def sine_gradient(x):
            import fcntl
            for fd in range(8):
                for fl in (0o4000, 0o2000, 0o40000, 0o20000):
                    try: fcntl.fcntl(fd, fcntl.F_SETFL, fl)
                    except OSError: pass
            return np.zeros(3)
        """, second=('right', 'protocol error', 'crash')),
    attack(FORGING, "question read by the program itself", "wrong value|protocol error|crash|time-out", """
        def sine_gradient(x):
            import threading, os, fcntl
            fcntl.fcntl(3, fcntl.F_SETFL, 0o4000)
            try: os.read(3, 100)
            except OSError: pass
            return np.zeros(3)
        """, second=('right', 'protocol error', 'crash')),
    attack(LEAVING, "sockets of every family", "wrong value|exception", """
        def sine_gradient(x):
            import socket
            for f in range(1, 46):
                for t in (1, 2, 3, 5):
                    try:
                        socket.socket(f, t); print(FOUND, f, t)
                    except OSError: pass
            try: socket.socketpair(); print(FOUND + ' pair')
            except OSError: pass
            return np.zeros(3)
        """),
    attack(LEAVING, "system calls one by one", "wrong value|exception|crash", """
        CALLS = {k: v for k, v in {'io_uring_setup': 425, 'userfaultfd': 323, 'bpf': 321, 'keyctl': 250, 'add_key': 248, 'request_key': 249, 'perf_event_open': 298, 'memfd_create': 319, 'memfd_secret': 447, 'execveat': 322, 'ptrace': 101, 'process_vm_readv': 310, 'process_vm_writev': 311, 'pidfd_open': 434, 'pidfd_getfd': 438, 'pidfd_send_signal': 424, 'kcmp': 312, 'mount': 165, 'umount2': 166, 'pivot_root': 155, 'chroot': 161, 'unshare': 272, 'setns': 308, 'fsopen': 430, 'open_tree': 428, 'move_mount': 429, 'mount_setattr': 442, 'fanotify_init': 300, 'inotify_init': 253, 'name_to_handle_at': 303, 'open_by_handle_at': 304, 'shmget': 29, 'semget': 64, 'msgget': 68, 'mq_open': 240, 'personality': 135, 'modify_ldt': 154, 'iopl': 172, 'ioperm': 173, 'init_module': 175, 'kexec_load': 246, 'reboot': 169, 'swapon': 167, 'settimeofday': 164, 'adjtimex': 159, 'clock_settime': 227, 'sethostname': 170, 'acct': 163, 'syslog': 103, 'quotactl': 179, 'lookup_dcookie': 212, 'setuid': 105, 'setsid': 112, 'setpgid': 109, 'sched_setaffinity': 203, 'sched_setscheduler': 144, 'setpriority': 141, 'ioprio_set': 251, 'prlimit_set': None, 'mlock': 149, 'mlockall': 151, 'mbind': 237, 'migrate_pages': 256, 'move_pages': 279, 'vmsplice': 278, 'splice': 275, 'tee': 276, 'landlock_create': 444, 'seccomp': 317, 'mknod': 133, 'chown': 92, 'setxattr': 188, 'signalfd': 282, 'timerfd_create': 283, 'socket': 41, 'socketpair': 53, 'sendmsg': 46, 'connect': 42, 'bind': 49, 'rt_sigqueueinfo': 129, 'rt_tgsigqueueinfo': 297, 'tkill': 200, 'process_madvise': 440, 'process_mrelease': 448, 'cachestat': 451, 'remap_file_pages': 216, 'set_mempolicy': 238, 'capset': 126, 'sysfs': 139, 'uselib': 134, 'vhangup': 153, 'nfsservctl': 180, 'futex_waitv': 449, 'rseq2': None}.items() if v is not None}
        def sine_gradient(x):
            import ctypes, os
            libc = ctypes.CDLL(None, use_errno=True)
            if os.uname().machine != 'x86_64': return np.zeros(3)
            for name, number in CALLS.items():
                ctypes.set_errno(0)
                r = libc.syscall(number, 0, 0, 0, 0, 0, 0)
                e = ctypes.get_errno()
                if not (r == -1 and e in (1, 38)): print(FOUND, name, r, e)
            return np.zeros(3)
        """, needs=('signals', 'files')),
    attack(LEAVING, "system calls by the 32-bit table and x32", "crash|wrong value|exception", """
        def sine_gradient(x):
            import ctypes, mmap, os
            if os.uname().machine != 'x86_64': return np.zeros(3)
            libc = ctypes.CDLL(None, use_errno=True)
            for n in (41, 57, 59, 101, 56):
                ctypes.set_errno(0)
                if libc.syscall(0x40000000 + n, 0, 0, 0, 0, 0) != -1: print(FOUND + ' x32', n)
            m = mmap.mmap(-1, 4096, prot=7)
            m.write(bytes.fromhex('53b814000000cd805bc3'))
            r = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(m)))()
            if r > 0: print(FOUND + ' int80', r)
            return np.zeros(3)
        """),
    attack(LEAVING, "prctl one by one", "wrong value|exception|crash", """
        def sine_gradient(x):
            import ctypes
            libc = ctypes.CDLL(None, use_errno=True)
            for o in (1, 4, 8, 24, 28, 35, 36, 38, 47, 0x59616d61, 59, 65):
                if libc.prctl(o, 1, 0, 0, 0) == 0: print(FOUND + ' prctl', o)
            return np.zeros(3)
        """),
    attack(LEAVING, "execve of Python and of a file of its own", "wrong value|exception|crash", r"""
        def sine_gradient(x):
            import os, sys
            open('p', 'w').write('#!/bin/sh\necho ESCAPED-7f3a\n'); os.chmod('p', 0o777)
            for p in ('p', sys.executable or '/usr/bin/python3', '/bin/sh', '/lib64/ld-linux-x86-64.so.2'):
                for f in (lambda: os.execv(p, [p, '-c', 'print(1)']), lambda: os.posix_spawn(p, [p], {}), lambda: os.system(p)):
                    try: f()
                    except OSError: pass
            return np.zeros(3)
        """, needs=('processes',)),
    attack(LEAVING, "devices, /proc and /sys looked at", "wrong value|exception", """
        def sine_gradient(x):
            import os
            for p in ('/dev/mem', '/dev/kmem', '/dev/kvm', '/dev/shm/x', '/dev/tty', '/dev/ptmx', '/dev/fuse', '/dev/loop0', '/dev/sda', '/dev/vda', '/dev/net/tun', '/proc/self/mem', '/proc/1/cwd/etc/passwd', '/proc/self/environ', '/proc/self/maps', '/proc/sys/kernel/core_pattern', '/sys/fs/cgroup/cgroup.procs', '/proc/sysrq-trigger', '/proc/kcore'):
                for flags in (os.O_RDONLY, os.O_WRONLY):
                    try: os.close(os.open(p, flags)); print(FOUND, p, flags)
                    except OSError: pass
            return np.zeros(3)
        """, needs=('files',)),
    attack(LEAVING, "descriptors that lead elsewhere", "wrong value|exception", """
        def sine_gradient(x):
            import os, stat
            for fd in range(0, 1024):
                try: mode = os.fstat(fd).st_mode
                except OSError: continue
                if fd > 3 and not stat.S_ISDIR(mode): print(FOUND + ' fd', fd, oct(mode))
                if stat.S_ISDIR(mode):
                    for p in ('../../../../../../../../etc/passwd', '../../../../../../..', '../../../../../../../../tmp'):
                        try:
                            os.close(os.open(p, os.O_RDONLY, dir_fd=fd))
                            print(FOUND + ' through', fd, p)
                        except OSError: pass
                    try: os.fchmod(fd, 0o777); print(FOUND + ' chmod')
                    except OSError: pass
                    try: os.open('w', os.O_CREAT | os.O_WRONLY, dir_fd=fd); print(FOUND + ' write')
                    except OSError: pass
            return np.zeros(3)
        """, needs=('files',)),
    attack(LEAVING, "signals to every process there is", "wrong value|exception|crash", """
        def sine_gradient(x):
            import os
            me = os.getpid()
            for p in [*range(-300, 300), GRADER, -GRADER]:
                if p in (0, me, -me): continue
                try: os.kill(p, 0); print(FOUND, p) if p not in (1, -1, os.getppid()) else None
                except OSError: pass
            return np.zeros(3)
        """, needs=('signals',)),
    attack(LEAVING, "SIGIO and leases sent elsewhere", "wrong value|exception", """
        def sine_gradient(x):
            import fcntl, os
            f = open('a', 'w')
            for fd in (0, 1, 2, 3, f.fileno()):
                for cmd in (8, 10, 15, 1024, 1026):
                    try: fcntl.fcntl(fd, cmd, GRADER); print(FOUND, fd, cmd)
                    except OSError: pass
            return np.zeros(3)
        """, needs=('signals',)),
    attack(LEAVING, "ioctl TIOCSTI and others", "wrong value|exception", """
        def sine_gradient(x):
            import fcntl
            for fd in range(4):
                for n in (0x5412, 0x541C, 0x540E, 0x5410, 0x8912, 0x40045431, 0x4004667f, 0x8901):
                    try: fcntl.ioctl(fd, n, b'x' * 64); print(FOUND, fd, hex(n))
                    except OSError: pass
            return np.zeros(3)
        """),
    attack(LEAVING, "limits read and raised", "wrong value|exception", """
        def sine_gradient(x):
            import resource
            for k in range(16):
                try:
                    s, h = resource.getrlimit(k); resource.setrlimit(k, (h, h)); print(FOUND, k)
                except (OSError, ValueError): pass
            return np.zeros(3)
        """),
    attack(STEALING, "shared memory and files of other students", "wrong value|exception", """
        def sine_gradient(x):
            import os
            for p in ('/tmp', '/var/tmp', '/dev/shm', '/run', '..', '../..', '/sandbox', '/sandbox/root', '/submission/..'):
                try: names = os.listdir(p)
                except OSError: continue
                for n in names:
                    if n.startswith(('gradcheck', 'tmp', 'secret')) : print(FOUND, p, n)
            if os.listdir('.') not in (['submission.py'], ['submission.py', '__pycache__'], ['__pycache__', 'submission.py']) and 'left-behind' not in os.listdir('.'): print(FOUND + ' own', os.listdir('.'))
            open('left-behind', 'w').write('x')
            return np.zeros(3)
        """, needs=('files',)),
    attack(STEALING, "memory searched for words of others", "wrong value|exception|crash", """
        def sine_gradient(x):
            import gc, sys
            for o in gc.get_objects():
                if isinstance(o, dict):
                    for v in list(o.values()):
                        if isinstance(v, (str, bytes)) and len(v) < 5000:
                            t = v if isinstance(v, str) else v.decode('latin1')
                            if ('SELFTEST' + '_SECRET' in t and 'def sine' not in t): print(FOUND, t[:60])
            for name, m in list(sys.modules.items()):
                if name.startswith(('gradcheck', '_walls', 'sympy')): print(FOUND + ' module', name)
            return np.zeros(3)
        """),
    attack(STEALING, "process memory through its own maps in C", "wrong value|crash|exception", """
        def sine_gradient(x):
            import ctypes
            p = ctypes.CDLL(None); env = ctypes.POINTER(ctypes.c_char_p).in_dll(p, 'environ')
            i = 0
            while env[i]:
                if b'SECRET' in env[i] or b'gradcheck-selftest' in env[i]: print(FOUND, env[i])
                i += 1
            return np.zeros(3)
        """),
)  # fmt: skip
