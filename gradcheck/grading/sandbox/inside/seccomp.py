"""A filter on system calls: what numerical Python needs is allowed, everything else is refused with EPERM. x86_64 and aarch64.

Not among the allowed: sockets, execve, ptrace, process_vm_*, mounts, namespaces, keys, bpf, io_uring, memfd, System V IPC, message queues, setrlimit,
changes of user, group or session, priorities. Calls with arguments that reach other processes are allowed for one's own only.
"""

from __future__ import annotations

import ctypes
import errno
import struct

from . import kernel

# name:number on x86_64:number on aarch64 (Linux 6.18, asm/unistd_64.h and asm-generic/unistd.h)
_ALLOWED = """
    read:0:63 write:1:64 readv:19:65 writev:20:66 pread64:17:67 pwrite64:18:68 close:3:57 close_range:436:436 lseek:8:62 dup:32:23 dup2:33:
    dup3:292:24 fcntl:72:25 ioctl:16:29 pipe:22: pipe2:293:59 open:2: openat:257:56 stat:4: fstat:5:80 lstat:6: newfstatat:262:79
    statx:332:291 access:21: faccessat:269:48 faccessat2:439:439 readlink:89: readlinkat:267:78 getcwd:79:17 chdir:80:49 fchdir:81:50
    getdents:78: getdents64:217:61 statfs:137:43 fstatfs:138:44 mkdir:83: mkdirat:258:34 rmdir:84: unlink:87: unlinkat:263:35 rename:82:
    renameat:264:38 renameat2:316:276 link:86: linkat:265:37 symlink:88: symlinkat:266:36 truncate:76:45 ftruncate:77:46 fsync:74:82
    fdatasync:75:83 fallocate:285:47 fadvise64:221:223 chmod:90: fchmod:91:52 fchmodat:268:53 umask:95:166 utime:132: utimes:235:
    utimensat:280:88 sendfile:40:71 copy_file_range:326:285 flock:73:32 mmap:9:222 munmap:11:215 mremap:25:216 mprotect:10:226
    madvise:28:233 brk:12:214 msync:26:227 mincore:27:232 membarrier:324:283 rt_sigaction:13:134 rt_sigprocmask:14:135 rt_sigreturn:15:139
    rt_sigpending:127:136 rt_sigtimedwait:128:137 rt_sigsuspend:130:133 sigaltstack:131:132 pause:34: alarm:37: setitimer:38:103
    getitimer:36:102 timer_create:222:107 timer_settime:223:110 timer_gettime:224:108 timer_delete:226:111 timer_getoverrun:225:109
    nanosleep:35:101 clock_nanosleep:230:115 clock_gettime:228:113 clock_getres:229:114 gettimeofday:96:169 time:201: times:100:153
    getpid:39:172 gettid:186:178 getppid:110:173 getuid:102:174 geteuid:107:175 getgid:104:176 getegid:108:177 getresuid:118:148
    getresgid:120:150 getgroups:115:158 getpgid:121:155 getpgrp:111: getsid:124:156 exit:60:93 exit_group:231:94 wait4:61:260 waitid:247:95
    futex:202:98 futex_wake:454:454 futex_wait:455:455 set_tid_address:218:96 set_robust_list:273:99 get_robust_list:274:100 rseq:334:293
    restart_syscall:219:128 arch_prctl:158: sched_yield:24:124 sched_getaffinity:204:123 sched_getparam:143:121 sched_getscheduler:145:120
    sched_get_priority_max:146:125 sched_get_priority_min:147:126 getcpu:309:168 getpriority:140:141 getrusage:98:165 getrlimit:97:163
    uname:63:160 sysinfo:99:179 getrandom:318:278 poll:7: ppoll:271:73 select:23: pselect6:270:72 epoll_create:213: epoll_create1:291:20
    epoll_ctl:233:21 epoll_wait:232: epoll_pwait:281:22 eventfd2:290:19 eventfd:284: prctl:157:167 prlimit64:302:261 kill:62:129
    tgkill:234:131 tkill:200:130 clone:56:220 clone3:435:435 fork:57: vfork:58:
"""
_AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_COLUMN = {"x86_64": 0, "aarch64": 1}
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06  # BPF: ld abs, jeq, jge, jset, ret
_ALLOW, _REFUSE, _UNKNOWN, _KILL = 0x7FFF0000, 0x00050000 | errno.EPERM, 0x00050000 | errno.ENOSYS, 0x80000000
_NUMBER, _MACHINE, _FIRST = 0, 4, 16  # offsets in struct seccomp_data; arguments are 8 bytes each, little-endian
_NAMESPACES = 0x7E020080  # CLONE_NEW*
_OWNERS = (8, 10, 15, 1024, 1026)  # fcntl: F_SETOWN, F_SETSIG, F_SETOWN_EX, F_SETLEASE, F_NOTIFY
_TERMINAL = (0x5401, 0x541B, 0x5450, 0x5451, 0x5421, 0x5413)  # ioctl: TCGETS, FIONREAD, FIONCLEX, FIOCLEX, FIONBIO, TIOCGWINSZ
_PRCTL = (3, 15, 16, 21, 27, 39)  # PR_GET_DUMPABLE, PR_SET_NAME, PR_GET_NAME, PR_GET_SECCOMP, PR_GET_SECUREBITS, PR_GET_NO_NEW_PRIVS
_ANYONE = 0x7EADBEE1  # in place of a process that is not yet known
_VMA = 0x53564D41  # PR_SET_VMA: glibc names its memory


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def make(*, forks: bool, signals: bool) -> bytes:
    """A filter. `forks`: the process may start others; `signals`: it may signal whomever else it can see.

    Raises OSError where this machine is of another kind.
    """
    if kernel.MACHINE not in _AUDIT:
        raise OSError(errno.ENOSYS, f"no table of system calls for {kernel.MACHINE}")
    return _filter(numbers(), pid=_ANYONE, forks=forks, signals=signals)


def install(code: bytes, pid: int) -> None:
    """From here on, for this process (which is `pid`) and all it starts. Raises OSError where the kernel has no filters."""
    code = code.replace(struct.pack("<I", _ANYONE), struct.pack("<I", pid))
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    program = _Program(len(code) // 8, code)
    kernel.prctl(kernel.PR_SET_SECCOMP, 2, ctypes.byref(program))


def numbers(machine: str = kernel.MACHINE) -> dict[str, int]:
    """The allowed calls of a machine by name."""
    rows = (row.split(":") for row in _ALLOWED.split())
    return {row[0]: int(row[1 + _COLUMN[machine]]) for row in rows if row[1 + _COLUMN[machine]]}


def _filter(calls: dict[str, int], *, pid: int, forks: bool, signals: bool) -> bytes:
    code = [
        _step(_LOAD, _MACHINE),
        _step(_EQUAL, _AUDIT[kernel.MACHINE], 1, 0),
        _step(_RETURN, _KILL),
        _step(_LOAD, _NUMBER),
        _step(_AT_LEAST, 0x40000000, 0, 1),  # x32 on x86_64
        _step(_RETURN, _REFUSE),
    ]
    for name, number in calls.items():
        verdict = _verdict(name, pid=pid, forks=forks, signals=signals)
        code += [_step(_EQUAL, number, 0, len(verdict)), *verdict]
    return b"".join([*code, _step(_RETURN, _REFUSE)])


def _verdict(name: str, *, pid: int, forks: bool, signals: bool) -> list[bytes]:
    """What to answer to one call; every path returns."""
    refuse, allow = [_step(_RETURN, _REFUSE)], [_step(_RETURN, _ALLOW)]
    namespaces = [_step(_LOAD, _FIRST), _step(_ANY_BIT, _NAMESPACES, 0, 1), *refuse, *allow]
    own = allow if signals else _only(0, (pid,))
    reading = [
        _step(_LOAD, _FIRST + 16),
        *_equal(0, [_step(_LOAD, _FIRST + 20), *_equal(0, _only(0, (0, pid)))]),
    ]  # no new limit, of one's own
    special = {
        "clone3": [_step(_RETURN, _UNKNOWN)],  # its flags are out of a filter's sight; the C library goes on with clone
        "clone": namespaces if forks else refuse,
        "fork": allow if forks else refuse,
        "vfork": allow if forks else refuse,
        "tkill": refuse,
        "kill": own,
        "tgkill": own,
        "prlimit64": reading,
        "fcntl": _never(1, _OWNERS),
        "ioctl": _only(1, _TERMINAL),
        "prctl": _only(0, (*_PRCTL, _VMA)),
    }
    return special.get(name, allow)


def _only(argument: int, values: tuple[int, ...]) -> list[bytes]:
    """Allowed where the low half of an argument is one of these (the kernel takes these arguments as 32 bits)."""
    tests = [step for value in values for step in (_step(_EQUAL, value, 0, 1), _step(_RETURN, _ALLOW))]
    return [_step(_LOAD, _FIRST + 8 * argument), *tests, _step(_RETURN, _REFUSE)]


def _never(argument: int, values: tuple[int, ...]) -> list[bytes]:
    tests = [step for value in values for step in (_step(_EQUAL, value, 0, 1), _step(_RETURN, _REFUSE))]
    return [_step(_LOAD, _FIRST + 8 * argument), *tests, _step(_RETURN, _ALLOW)]


def _equal(value: int, then: list[bytes]) -> list[bytes]:
    return [_step(_EQUAL, value, 1, 0), _step(_RETURN, _REFUSE), *then]


def _step(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
    return struct.pack("<HBBI", code, yes, no, value)
