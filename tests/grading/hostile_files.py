"""Submissions that nobody should trust, as data: zips put together byte by byte, notebooks, names. Each with words of the message that refuses it."""

from __future__ import annotations

import io
import json
import stat
import struct
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

GOOD = b"def f(x):\n    return 2 * x\n"


@dataclass(frozen=True)
class Member:
    """A file in a zip. What is None is told as it is, anything else is a lie."""

    name: str | bytes = "submission.py"
    content: bytes = GOOD
    method: int = zipfile.ZIP_DEFLATED
    flags: int = 0
    attributes: int = 0
    unpacked: int | None = None
    crc: int | None = None
    local_name: bytes | None = None
    start: int | None = None


def packed(content: bytes, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    if method != zipfile.ZIP_DEFLATED:
        return content
    engine = zlib.compressobj(9, zlib.DEFLATED, -15)
    return engine.compress(content) + engine.flush()


def build(members: Sequence[Member], count: int | None = None, before: bytes = b"", wide: bool = False) -> bytes:
    """A zip of these members; `count` lies about how many there are, `wide` writes 64-bit records at its end."""
    body, table = bytearray(before), bytearray()
    for m in members:
        raw = m.name.encode() if isinstance(m.name, str) else m.name
        data = packed(m.content, m.method)
        crc = zlib.crc32(m.content) if m.crc is None else m.crc
        unpacked = len(m.content) if m.unpacked is None else m.unpacked
        start = len(body) if m.start is None else m.start
        local = raw if m.local_name is None else m.local_name
        body += struct.pack("<4s5H3L2H", b"PK\3\4", 20, m.flags, m.method, 0, 0, crc, len(data), unpacked, len(local), 0) + local + data
        table += struct.pack(
            "<4s6H3L5H2L",
            b"PK\1\2",
            0x0314,
            20,
            m.flags,
            m.method,
            0,
            0,
            crc,
            len(data),
            unpacked,
            len(raw),
            0,
            0,
            0,
            0,
            m.attributes,
            start,
        )
        table += raw
    number, offset = len(members) if count is None else count, len(body)
    ends = bytearray()
    if wide:
        ends += struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, number, number, len(table), offset)
        ends += struct.pack("<4sLQL", b"PK\6\7", 0, offset + len(table), 1)
        ends += struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    else:
        ends += struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, number & 0xFFFF, number & 0xFFFF, len(table), offset, 0)
    return bytes(body + table + ends)


def ordinary(files: dict[str, bytes]) -> bytes:
    """A zip as everybody's tools write it."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as z:
        for name, content in files.items():
            z.writestr(name, content)
    return file.getvalue()


def _kind(mode: int) -> int:
    return (mode | 0o644) << 16


def _overlapping() -> bytes:
    """The data of one entry are the whole of another: how small zips unpack to much."""
    inner = build([Member("helper.py")]).partition(b"PK\1\2")[0]
    return build([Member("submission.py", inner, zipfile.ZIP_STORED), Member("helper.py", start=30 + len("submission.py"))])


def _shared_kernel() -> bytes:
    """An entry whose data reach into the next one's."""
    data = bytearray(build([Member("a.py"), Member("b.py")]))
    at = data.index(b"PK\1\2")
    struct.pack_into("<L", data, at + 20, len(packed(GOOD)) + 10)  # packed size of the first
    return bytes(data)


def _bad_64() -> bytes:
    data = bytearray(build([Member()], wide=True))
    at = data.index(b"PK\6\7")
    struct.pack_into("<Q", data, at + 8, 1 << 60)
    return bytes(data)


def _zeros_behind_a_small_size() -> bytes:
    """Says 100 bytes, unpacks to 8 MB."""
    return build([Member(content=bytes(8 << 20), unpacked=100)])


S = Member()
HOSTILE_ZIPS: dict[str, tuple[bytes, str]] = {
    "leads out": (build([S, Member("../evil.py")]), "leads out of its folder"),
    "leads out within": (build([S, Member("a/../../evil.py")]), "leads out of its folder"),
    "leads out to a hidden file": (build([S, Member("../.bashrc")]), "leads out of its folder"),
    "absolute": (build([S, Member("/etc/evil.py")]), "absolute path"),
    "drive letter": (build([S, Member("C:evil.py")]), "absolute path"),
    "backslash": (build([S, Member("..\\evil.py")]), "backslash"),
    "null byte": (build([S, Member(b"evil.py\0.txt")]), "null byte"),
    "control characters": (build([S, Member("a\x1b[2Jb.py")]), "control characters"),
    "right to left": (build([S, Member("a\u202eyp.txt")]), "control characters"),
    "long name": (build([S, Member("a" * 300 + ".py")]), "too long"),
    "name no UTF-8": (build([S, Member(b"\xff\xfe.py", flags=0x800)]), "not UTF-8"),
    "symbolic link": (build([Member(content=b"/etc/passwd", attributes=_kind(stat.S_IFLNK))]), "is a link"),
    "device": (build([Member(attributes=_kind(stat.S_IFCHR))]), "no ordinary file"),
    "pipe": (build([Member(attributes=_kind(stat.S_IFIFO))]), "no ordinary file"),
    "encrypted": (build([Member(flags=1)]), "encrypted"),
    "unusual compression": (build([Member(method=14)]), "unusual way"),
    "duplicate": (build([S, Member(content=b"print('other')")]), "both named"),
    "clash of case": (build([S, Member("Submission.py")]), "the same to some systems"),
    "clash of composition": (build([Member("é.py"), Member("e\u0301.py")]), "the same to some systems"),
    "file and folder": (build([Member("a.py"), Member("a.py/b.py")]), "both a file and a folder"),
    "overlapping entries": (_overlapping(), "overlap"),
    "data in the next entry": (_shared_kernel(), "overlap"),
    "entries without end": (build([S, *(Member(f"{k}.pdf", b"") for k in range(3_000))]), "3,001 files"),
    "more than it says": (build([Member(f"{k}.txt", b"") for k in range(3_000)], count=1), "lists"),
    "fewer than it says": (build([S], count=7), "says that it holds 7"),
    "bomb that says so": (build([Member(content=bytes(20 << 20))]), "too large"),
    "bomb that lies": (_zeros_behind_a_small_size(), "damaged"),
    "bomb of ratio": (build([Member("x.ipynb", bytes(5 << 20))]), "times its size"),
    "wrong sum": (build([Member(crc=1)]), "damaged"),
    "smaller than it says": (build([Member(unpacked=500)]), "damaged"),
    "two names": (build([Member(local_name=b"other_name.py")]), "two different records"),
    "truncated": (build([S])[:-30], "no complete zip"),
    "no zip": (b"not a zip at all", "no complete zip"),
    "empty": (b"", "no complete zip"),
    "something before it": (b"#!/bin/sh\nrm\n" + build([S]), "before or within"),
    "64-bit nonsense": (_bad_64(), "64-bit"),
    "one of several": (build([S])[:-18] + struct.pack("<4H2LH", 3, 3, 1, 1, 59, 0, 0), "one part of several"),
    "zip in a zip in a zip": (ordinary({"inner.zip": ordinary({"submission.py": GOOD})}), "another zip"),
    "too many files": (ordinary({f"{k}.py": b"" for k in range(201)}), "201 files"),
    "no program": (ordinary({"essay.pdf": b""}), "no Python file"),
    "several programs": (ordinary({"a.py": b"", "b.py": b""}), "a.py, b.py"),
}


def notebook(*cells: str | list[str], version: int = 4, **more: object) -> bytes:
    """A notebook of code cells."""
    if version == 3:
        found = [{"cell_type": "code", "language": "python", "input": c, "outputs": []} for c in cells]
        return json.dumps({"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": found}], **more}).encode()
    found = [{"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": c} for c in cells]
    return json.dumps({"nbformat": version, "nbformat_minor": 5, "metadata": {}, "cells": found, **more}).encode()


HOSTILE_NOTEBOOKS: dict[str, tuple[bytes, str]] = {
    "no JSON": (b"def f(x): return x", "no JSON"),
    "empty": (b"", "no JSON"),
    "a list": (b"[]", "states no format"),
    "no format": (b'{"cells": []}', "states no format"),
    "format of text": (b'{"nbformat": "4", "cells": []}', "states no format"),
    "old format": (notebook("x = 1", version=2), "format 2"),
    "format to come": (notebook("x = 1", version=99), "format 99"),
    "deep": (b"[" * 100_000 + b"]" * 100_000, "deep"),
    "deep in outputs": (b'{"nbformat": 4, "cells": [], "x": ' + b'{"a":' * 5_000 + b"1" + b"}" * 5_001, "deep"),
    "never closed": (b'{"a":' * 150_000, "nested"),
    "values without end": (b'{"nbformat": 4, "x": [' + b"[]," * 200_000 + b"[]]}", "too many values"),
    "a number without end": (b'{"nbformat": ' + b"9" * 100_000 + b"}", "no JSON"),
    "no cells": (b'{"nbformat": 4}', "cells are not where"),
    "cells are no list": (b'{"nbformat": 4, "cells": {"a": 1}}', "cells are not where"),
    "cells are no objects": (b'{"nbformat": 4, "cells": [1, 2]}', "cells are not where"),
    "source is a number": (b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": 5}]}', "no text"),
    "source of numbers": (b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": [5]}]}', "no text"),
    "no worksheets": (b'{"nbformat": 3, "cells": []}', "cells are not where"),
    "cells without end": (notebook(*(["x"] * 6_000)), "6,000 cells"),
    "code without end": (notebook("x = 1\n" * 300_000), "of code"),
    "no UTF-8": (b'{"nbformat": 4, "cells": [], "x": "\xff"}', "no JSON"),
}

HOSTILE_NAMES = (
    "../../etc/passwd",
    "/etc/passwd",
    "a/b",
    "..",
    ".",
    "",
    "a\nb",
    "a\0b",
    "a" * 300,
    "\u202egnp.exe",
    "=cmd|' /C calc'!A0",
    "<script>alert(1)</script>",
    "аlice",  # a Cyrillic letter in the place of the first
    "ａｌｉｃｅ",
    "con",
    "nul.txt",
    "-rf",
    "\ud800",
)
