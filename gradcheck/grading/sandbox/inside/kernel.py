"""The few system calls that Python's library lacks, through ctypes. Linux only; x86_64 and aarch64."""

from __future__ import annotations

import ctypes
import os
import platform
import struct

CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x02000000, 0x04000000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 2, 4, 8, 32, 4096, 16384, 1 << 18
MNT_DETACH = 2
MOUNT_ATTR_RDONLY, MOUNT_ATTR_NOSUID, MOUNT_ATTR_NODEV, MOUNT_ATTR_NOEXEC = 1, 2, 4, 8
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_KEEPCAPS, PR_SET_SECCOMP, PR_CAPBSET_DROP = 1, 4, 8, 22, 24
PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT = 36, 38, 47
CAP_SETPCAP = 8
MACHINE = platform.machine()
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_CAPSET = {"x86_64": 126, "aarch64": 91}
_SETNS = {"x86_64": 308, "aarch64": 268}
_libc = ctypes.CDLL(None, use_errno=True)


def call(function: str, *arguments: object) -> int:
    """A function of the C library; raises OSError with its name."""
    result = getattr(_libc, function)(*arguments)
    return _checked(int(result), function)


def system(number: int, what: str, *arguments: object) -> int:
    """A system call by number."""
    return _checked(int(_libc.syscall(ctypes.c_long(number), *arguments)), what)


def _checked(result: int, what: str) -> int:
    if result == -1:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")
    return result


def prctl(option: int, value: int = 0, more: object = None) -> int:
    """prctl with two arguments; pointers are passed as ctypes objects."""
    return call("prctl", ctypes.c_int(option), ctypes.c_ulong(value), more or ctypes.c_ulong(0), ctypes.c_ulong(0), ctypes.c_ulong(0))


def unshare(flags: int) -> None:
    """New namespaces for this process (the process namespace: for its children)."""
    call("unshare", ctypes.c_int(flags))


def setns(descriptor: int, flags: int) -> None:
    """Into the namespaces of the process behind a pidfd."""
    system(_SETNS[MACHINE], "setns", ctypes.c_int(descriptor), ctypes.c_int(flags))


def mount(source: str, target: str, kind: str = "", flags: int = 0, data: str = "") -> None:
    """Mounts."""
    encoded = [os.fsencode(part) for part in (source, target, kind)]
    try:
        call("mount", *encoded, ctypes.c_ulong(flags), os.fsencode(data))
    except OSError as error:
        raise OSError(error.errno, f"mount {target}: {os.strerror(error.errno or 0)}") from None


def mount_setattr(target: str, attributes: int, *, recursive: bool = True) -> None:
    """Attributes of a mount, and of all below it. Linux 5.12."""
    below = ctypes.c_uint(0x8000 if recursive else 0)  # AT_RECURSIVE
    wanted = struct.pack("<4Q", attributes, 0, 0, 0)
    system(442, f"mount_setattr {target}", ctypes.c_int(-100), os.fsencode(target), below, wanted, ctypes.c_size_t(len(wanted)))


def pivot_root(new: str, old: str) -> None:
    """Another root."""
    system(_PIVOT_ROOT[MACHINE], "pivot_root", os.fsencode(new), os.fsencode(old))


def unmount(target: str) -> None:
    """Unmounts lazily."""
    call("umount2", os.fsencode(target), ctypes.c_int(MNT_DETACH))


def drop_bounding() -> None:
    """No capability can be had again, where that is ours to say."""
    for capability in range(64):
        try:
            prctl(PR_CAPBSET_DROP, capability)
        except OSError:  # beyond the last there is, or without the capability to drop them
            return


def drop_capabilities() -> None:
    """Every capability: the ambient set, and our own three."""
    prctl(PR_CAP_AMBIENT, 4)  # clear all
    keep_capabilities(0)


def keep_capabilities(kept: int) -> None:
    """No others than these (bits), none to hand on."""
    low, high = kept & 0xFFFFFFFF, kept >> 32
    header = struct.pack("<Ii", 0x20080522, 0)
    system(_CAPSET[MACHINE], "capset", header, struct.pack("<6I", low, low, 0, high, high, 0))


def become(user: int) -> None:
    """Another user, for good, in no group but its own."""
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
