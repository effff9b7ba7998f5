"""What lies at the top of the place where a class's submissions are: a folder, or a zip that is read where it lies."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gradcheck.grading.submissions import archive, exports, files
from gradcheck.grading.submissions.bounds import MB, Bounds, Refusal
from gradcheck.grading.submissions.names import is_junk
from gradcheck.grading.submissions.submission import Piece

_METADATA = 64 * MB


@dataclass(frozen=True, slots=True)
class Item:
    """A file or folder at the top. `what` tells of anything else, in words ("is a link"); `pieces` are its files, named below it ("" for a file itself)."""

    name: str
    folder: bool
    pieces: tuple[Piece, ...]
    what: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """The top of the place, in the order of names, with the platform that wrote it and its metadata, if any."""

    items: tuple[Item, ...]
    platform: exports.Platform
    zipped: bool
    metadata: bytes = b""


def readable(name: str) -> str:
    """A name of the file system as text that can be written: bytes that are no UTF-8 are written out."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def list_folder(place: Path) -> Listing:
    """The top of a folder. A folder that holds nothing but one export is passed through."""
    with files.opened(place) as top:
        parts: tuple[str, ...] = ()
        found = _entries(top, parts)
        while len(found) == 1 and found[0].kind == "folder" and len(parts) < 2 and not exports.parse(found[0].name):
            inner = _entries(top, (*parts, found[0].name))
            if not exports.platform(e.name for e in inner):
                break
            parts, found = (*parts, found[0].name), inner
        platform = exports.platform(e.name for e in found)
        metadata = b""
        for entry in found:
            if platform == "Gradescope" and entry.name in exports.METADATA:
                metadata, _ = files.read(top, (*parts, entry.name), _METADATA)
    items = tuple(_item(e, parts) for e in found)
    return Listing(items, platform, zipped=False, metadata=metadata)


def _entries(top: int, parts: tuple[str, ...]) -> list[files.Listed]:
    with files.below(top, parts) as folder:
        return sorted((e for e in files.entries(folder) if not is_junk(e.name)), key=lambda e: os.fsencode(e.name))


def _item(entry: files.Listed, parts: tuple[str, ...]) -> Item:
    folder = entry.kind == "folder"
    what = "" if entry.kind in ("file", "folder") else entry.kind
    return Item(readable(entry.name), folder, (Piece("", (*parts, entry.name), folder),), what)


def list_zip(place: Path, bounds: Bounds) -> Listing:
    """The top of a zip: of a class, or of one submission. Folders that hold all the rest are passed through, unless a platform named them."""
    with place.open("rb") as file:
        entries = [e for e in archive.index(file, bounds.class_entries, bounds.directory) if not is_junk(e.name)]
        if not entries:
            raise Refusal("the zip holds no files: expected submissions in it")
        top = _passed_through([e.name for e in entries])
        platform = exports.platform(dict.fromkeys(e.name[len(top) :].partition("/")[0] for e in entries))
        metadata = [e for e in entries if platform == "Gradescope" and e.name[len(top) :] in exports.METADATA]
        content = archive.extract(file, metadata[0], _METADATA) if metadata else b""
    return Listing(_items(entries, len(top)), platform, zipped=True, metadata=content)


def _passed_through(names: Sequence[str]) -> str:
    """The folders that hold everything, with a slash; a folder that a platform named after a student is not passed through."""
    top = ""
    while True:
        firsts = {n[len(top) :].partition("/") for n in names}
        heads = {f for f, _, _ in firsts}
        if len(heads) != 1 or not all(slash for _, slash, _ in firsts) or exports.parse(head := heads.pop()) or not head:
            return top
        top += f"{head}/"


def _items(entries: Iterable[archive.Entry], cut: int) -> tuple[Item, ...]:
    found: dict[tuple[str, bool], list[Piece]] = {}
    for entry in entries:
        first, slash, rest = entry.name[cut:].partition("/")
        found.setdefault((first, bool(slash)), []).append(Piece(rest, entry=entry))
    return tuple(Item(name, folder, tuple(pieces)) for (name, folder), pieces in found.items())
