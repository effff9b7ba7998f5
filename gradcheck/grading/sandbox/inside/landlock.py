"""Landlock: a process shuts itself out of the file system but for a few trees. Linux 5.13 and later; without privileges."""

from __future__ import annotations

import ctypes
import os
import stat
import struct
from collections.abc import Iterable

from . import kernel

_CREATE, _ADD, _RESTRICT = 444, 445, 446  # the same on every machine
_EXECUTE, _READ_FILE, _READ_DIR, _MAKE_CHAR, _MAKE_SOCK, _MAKE_BLOCK = 1, 4, 8, 64, 512, 2048
_WRITE_FILE, _TRUNCATE, _IOCTL = 2, 1 << 14, 1 << 15
_BITS = {1: 13, 2: 14, 3: 15, 4: 15}  # kinds of access by version of the interface; 16 from the fifth on
_NETWORK, _SCOPES = 3, 3  # TCP bind and connect (from 4); abstract sockets and signals (from 6)


def version() -> int:
    """Of the kernel's interface; raises OSError where there is none."""
    return kernel.system(_CREATE, "landlock", None, ctypes.c_size_t(0), ctypes.c_uint(1))


def scopes_signals() -> bool:
    """Whether a process that restricted itself can signal none but those it started (version 6)."""
    try:
        return version() >= 6
    except OSError:
        return False


class Rules:
    """Rules to read and load below `readable`, read and write the `devices`, list `listable`, and touch nothing else, but one folder of each program's own.

    The paths are looked up once, while they may be reached. Raises OSError.
    """

    def __init__(self, readable: Iterable[str], devices: Iterable[str] = (), listable: Iterable[str] = ()) -> None:
        interface = version()
        self._handled = (1 << _BITS.get(interface, 16)) - 1
        parts = [self._handled] + [_NETWORK] * (interface >= 4) + [_SCOPES] * (interface >= 6)
        self._attributes = struct.pack(f"<{len(parts)}Q", *parts)
        readers = _EXECUTE | _READ_FILE | _READ_DIR
        wanted = ((readable, readers), (devices, _READ_FILE | _WRITE_FILE), (listable, _READ_DIR))
        self._rules = [_rule(path, access & self._handled) for paths, access in wanted for path in paths]

    def for_program(self, folder: str) -> int:
        """A descriptor of the rules of a program that may write below `folder`."""
        rules = kernel.system(_CREATE, "landlock", self._attributes, ctypes.c_size_t(len(self._attributes)), ctypes.c_uint(0))
        written = self._handled & ~(_EXECUTE | _MAKE_CHAR | _MAKE_SOCK | _MAKE_BLOCK)
        own = _rule(folder, written)
        where, kind, flags = ctypes.c_int(rules), ctypes.c_int(1), ctypes.c_uint(0)
        for rule in (*self._rules, own):
            kernel.system(_ADD, "landlock", where, kind, rule, flags)
        return rules


def _rule(path: str, access: int) -> bytes:
    """Its descriptor stays open as long as the process that looked it up."""
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
        access &= _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL
    return struct.pack("<Qi", access, descriptor)


def restrict(rules: int) -> None:
    """From here on, for this process and all it starts. Raises OSError."""
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    kernel.system(_RESTRICT, "landlock", ctypes.c_int(rules), ctypes.c_uint(0))
    os.close(rules)
