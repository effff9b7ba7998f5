"""Zips read where they lie: nothing is unpacked to disk, no size they declare is trusted, and no two readers could see different files in them.

Written against APPNOTE 6.3.10. The standard library's reader holds the whole table of contents, whatever its size, takes the last of two files
of one name, and accepts entries that overlap; what is stricter here is refused on purpose.
"""

from __future__ import annotations

import stat
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO

from gradcheck.grading.submissions.bounds import MB, Refusal, size
from gradcheck.grading.submissions.files import too_large
from gradcheck.grading.submissions.names import fault, shown

_END = struct.Struct("<4s4H2LH")
_LOCATOR = struct.Struct("<4sLQL")
_END64 = struct.Struct("<4sQ2H2L4Q")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_STORED, _DEFLATED = 0, 8
_ENCRYPTED, _UTF8 = 0x2041, 0x800  # encrypted by any of three ways; the name is UTF-8
_RATIO = 500  # deflate reaches 1,032 on zeros; what people write stays under 30
_AGAIN = "make the zip anew and hand in again"


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in a zip: where it begins, where the next thing does, and what the table of contents says of it. `fault` refuses it, in words."""

    name: str
    raw: bytes
    start: int
    end: int
    method: int
    packed: int
    unpacked: int
    crc: int
    fault: str = ""


def index(file: BinaryIO, most: int, directory: int) -> tuple[Entry, ...]:
    """The entries of a zip, folders left out, in the order of their names. Raises Refusal where it is no zip, is damaged, or has more than `most`."""
    count, length, offset = _ends(file)
    if count > most:
        raise Refusal(f"the zip holds {count:,} files (at most {most:,}): hand in only what you wrote")
    if length > directory:
        raise Refusal(f"the zip's table of contents is too large ({size(length)}): {_AGAIN}")
    file.seek(offset)
    table = file.read(length)
    found = list(_entries(table, most))
    if len(found) != count:
        raise Refusal(f"the zip says that it holds {count:,} files and lists {len(found):,}: {_AGAIN}")
    return tuple(sorted((e for e in _apart(found, offset) if not e.name.endswith("/")), key=lambda e: e.name))


def _ends(file: BinaryIO) -> tuple[int, int, int]:
    """How many entries the table of contents has, its length and where it begins."""
    total = file.seek(0, 2)
    reach = min(total, _END.size + 0xFFFF)
    file.seek(total - reach)
    tail = file.read(reach)
    at = tail.rfind(b"PK\5\6")
    while at >= 0 and (len(tail) - at < _END.size or at + _END.size + _END.unpack_from(tail, at)[-1] != len(tail)):
        at = tail.rfind(b"PK\5\6", 0, at)
    if at < 0:
        raise Refusal(f"the file is no complete zip: {_AGAIN}")
    _, disk, first, here, count, length, offset, _ = _END.unpack_from(tail, at)
    end = total - reach + at
    if 0xFFFF in (disk, first, here, count) or 0xFFFFFFFF in (length, offset):
        count, length, offset, end = _ends64(file, end)
    elif disk or first or here != count:
        raise Refusal("the zip is one part of several: hand in a single zip")
    if offset + length != end:
        raise Refusal(f"the zip is damaged or has something before or within it: {_AGAIN}")
    return count, length, offset


def _ends64(file: BinaryIO, end: int) -> tuple[int, int, int, int]:
    at = end - _LOCATOR.size
    if at < 0:
        raise Refusal(f"the zip is damaged: {_AGAIN}")
    file.seek(at)
    mark, disk, where, disks = _LOCATOR.unpack(file.read(_LOCATOR.size))
    if mark != b"PK\6\7" or disk or disks != 1 or where + _END64.size != at:
        raise Refusal(f"the zip is damaged (its 64-bit records): {_AGAIN}")
    file.seek(where)
    mark, length64, _, _, _, _, here, count, length, offset = _END64.unpack(file.read(_END64.size))
    if mark != b"PK\6\6" or length64 != _END64.size - 12 or here != count:
        raise Refusal(f"the zip is damaged (its 64-bit records): {_AGAIN}")
    return count, length, offset, where


def _entries(table: bytes, most: int) -> Iterator[Entry]:
    at = 0
    for _ in range(most + 1):
        if at == len(table):
            return
        if len(table) - at < _CENTRAL.size:
            raise Refusal(f"the zip's table of contents is damaged: {_AGAIN}")
        mark, _, _, flags, method, _, _, crc, packed, unpacked, named, extra, comment, _, _, attributes, start = _CENTRAL.unpack_from(
            table, at
        )
        name_at = at + _CENTRAL.size
        at = name_at + named + extra + comment
        if mark != b"PK\1\2" or at > len(table):
            raise Refusal(f"the zip's table of contents is damaged: {_AGAIN}")
        raw = table[name_at : name_at + named]
        if 0xFFFFFFFF in (packed, unpacked, start):
            unpacked, packed, start = _wide(table[name_at + named : name_at + named + extra], unpacked, packed, start)
        name, wrong = _name(raw, flags)
        wrong = wrong or _wrong(flags, method, attributes)
        yield Entry(name, raw, start, start, method, packed, unpacked, crc, wrong)
    raise Refusal(f"the zip lists more than {most:,} files: hand in only what you wrote")


def _wide(extra: bytes, *narrow: int) -> list[int]:
    """Sizes and place of an entry too large for 32 bits, from its extra field."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        at += 4
        if kind != 1:
            at += length
            continue
        needed = sum(n == 0xFFFFFFFF for n in narrow)
        if length < 8 * needed or at + 8 * needed > len(extra):
            break
        values = iter(struct.unpack_from(f"<{needed}Q", extra, at))
        return [next(values) if n == 0xFFFFFFFF else n for n in narrow]
    raise Refusal(f"the zip is damaged (its 64-bit records): {_AGAIN}")


def _name(raw: bytes, flags: int) -> tuple[str, str]:
    """The name, and what is wrong with it. Without the flag it is UTF-8 where it can be (macOS writes it so), else the IBM code page of old."""
    try:
        name = raw.decode("utf-8")
    except UnicodeDecodeError:
        if flags & _UTF8:
            return raw.decode("utf-8", "backslashreplace"), "has a name that is not UTF-8 though it says so"
        name = raw.decode("cp437")
    while name.startswith("./"):
        name = name[2:]
    return name, fault(name)


def _wrong(flags: int, method: int, attributes: int) -> str:
    if flags & _ENCRYPTED:
        return "is encrypted"
    kind = stat.S_IFMT(attributes >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "is a link" if kind == stat.S_IFLNK else "is no ordinary file"
    if method not in (_STORED, _DEFLATED):
        return f"is compressed in an unusual way (method {method})"
    return ""


def _apart(found: list[Entry], end: int) -> Iterator[Entry]:
    """The entries with the place where each has to end. Bombs of small size share their data between entries: those overlap."""
    found.sort(key=lambda e: e.start)
    for entry, following in zip(found, [*(e.start for e in found[1:]), end]):
        if entry.start + _LOCAL.size + len(entry.raw) + entry.packed > following:
            raise Refusal(f"files overlap in the zip ({shown(entry.name)}): {_AGAIN}")
        yield replace(entry, end=following)


def extract(file: BinaryIO, entry: Entry, limit: int) -> bytes:
    """The contents of one entry, at most `limit` bytes. Raises Refusal where it is faulty, larger, damaged, or not what the table of contents says."""
    if entry.fault:
        raise Refusal(f"{shown(entry.name)} {entry.fault}: hand in ordinary files in an ordinary zip")
    if entry.unpacked > limit:
        raise Refusal(f"{too_large(entry.name, limit, entry.unpacked)}: hand in only what you wrote")
    if entry.unpacked > MB and entry.unpacked > _RATIO * max(entry.packed, 1):
        raise Refusal(
            f"{shown(entry.name)} unpacks to {entry.unpacked // max(entry.packed, 1):,} times its size: hand in only what you wrote"
        )
    file.seek(entry.start)
    header = file.read(_LOCAL.size)
    if len(header) < _LOCAL.size or header[:4] != b"PK\3\4":
        raise Refusal(_damaged(entry))
    _, _, flags, method, _, _, _, _, _, named, extra = _LOCAL.unpack(header)
    if file.read(named) != entry.raw or method != entry.method or flags & _ENCRYPTED:
        raise Refusal(f"{shown(entry.name)} has two different records in the zip: {_AGAIN}")
    if entry.start + _LOCAL.size + named + extra + entry.packed > entry.end:
        raise Refusal(f"files overlap in the zip ({shown(entry.name)}): {_AGAIN}")
    if method == _STORED and entry.packed != entry.unpacked:
        raise Refusal(_damaged(entry))
    file.seek(extra, 1)
    content = file.read(entry.packed) if method == _STORED else _inflate(file, entry)
    if len(content) != entry.unpacked or zlib.crc32(content) != entry.crc:
        raise Refusal(_damaged(entry))
    return content


def _inflate(file: BinaryIO, entry: Entry) -> bytes:
    """Unpack, and stop one byte beyond what was declared, whatever there is."""
    engine = zlib.decompressobj(-15)
    parts: list[bytes] = []
    room, left = entry.unpacked + 1, entry.packed
    try:
        while left and room and not engine.eof:
            chunk = file.read(min(left, 1 << 16))
            left -= len(chunk)
            if not chunk:
                break
            while chunk and room and not engine.eof:
                parts.append(engine.decompress(chunk, room))
                room -= len(parts[-1])
                chunk = engine.unconsumed_tail
    except zlib.error as error:
        raise Refusal(_damaged(entry)) from error
    if not engine.eof or engine.unused_data or left:
        raise Refusal(_damaged(entry))
    return b"".join(parts)


def _damaged(entry: Entry) -> str:
    return f"{shown(entry.name)} is damaged in the zip, or is not as large as the zip says: {_AGAIN}"
