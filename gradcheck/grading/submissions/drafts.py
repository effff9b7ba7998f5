"""Whose is what, at the top of a class: by the names of files and folders, or by what a learning platform wrote."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from gradcheck.grading.submissions import exports
from gradcheck.grading.submissions.bounds import SOURCE
from gradcheck.grading.submissions.listing import Item, Listing
from gradcheck.grading.submissions.names import is_archive, is_code, listed, shown
from gradcheck.grading.submissions.submission import Piece


@dataclass(frozen=True, slots=True)
class Draft:
    """A submission before it is joined with the roster: by its `keys`, or by the number of a platform (`numbered`). `attempt` is 0 where unknown."""

    student: str
    source: str
    pieces: tuple[Piece, ...]
    keys: tuple[str, ...]
    name: str = ""
    email: str = ""
    refused: str = ""
    warnings: tuple[str, ...] = ()
    numbered: bool = False
    attempt: int = 0


def drafts(listing: Listing, wanted: str) -> tuple[list[Draft], list[str]]:
    """The submissions at the top of a class, and what was passed over. A lone file is taken under the name `wanted`."""
    if listing.platform == "Gradescope":
        return _gradescope(listing, wanted)
    if listing.platform:
        return _numbered(listing, wanted)
    return _plain(listing.items, wanted)


def _plain(items: Iterable[Item], wanted: str) -> tuple[list[Draft], list[str]]:
    """One submission to a folder, program, notebook or zip, named after the student."""
    found, over = [], []
    for item in items:
        if not item.folder and not (is_code(item.name) or is_archive(item.name) or item.what):
            over.append(item.name)
            continue
        student = (item.name if item.folder else item.name.rpartition(".")[0] or item.name) or "?"
        found.append(Draft(student, item.name, _pieces(item, wanted), (student,), refused=_refused(item)))
    return found, _over(over)


def _over(names: list[str]) -> list[str]:
    return [f"passed over: {listed(names)}"] if names else []


def _refused(item: Item) -> str:
    return f"{shown(item.name)} {item.what}: hand in the file itself" if item.what else ""


def _pieces(item: Item, wanted: str) -> tuple[Piece, ...]:
    """The files of an item. A file that is named after a student goes by the name that was asked for."""
    if item.folder:
        return item.pieces
    stem, _, suffix = item.name.rpartition(".")
    name = item.name if not stem else f"{wanted.removesuffix(SOURCE)}.{suffix.lower()}"
    return tuple(replace(p, name=name) for p in item.pieces)


def _numbered(listing: Listing, wanted: str) -> tuple[list[Draft], list[str]]:
    """Canvas and Moodle: what has one number in its name is one submission."""
    of: dict[str, list[tuple[Item, exports.Named]]] = {}
    others: list[Item] = []
    texts: list[str] = []
    for item in listing.items:
        named = exports.parse(item.name)
        if named is None or named.platform != listing.platform:
            others.append(item)
        elif named.text_only:
            texts.append(item.name)
        else:
            of.setdefault(named.student, []).append((item, named))
    plain, warnings = _plain(others, wanted)
    if plain:
        warnings.append(f"not named as {listing.platform} does, and taken by their names: {listed(d.source for d in plain)}")
    if texts:
        warnings.append(f"passed over, as text typed into {listing.platform} is no file: {listed(texts)}")
    return [*(_of_number(number, parts) for number, parts in of.items()), *plain], warnings


def _of_number(number: str, parts: list[tuple[Item, exports.Named]]) -> Draft:
    first = parts[0][1]
    pieces, warnings = _last_attempts(parts)
    if any(named.late for _, named in parts):
        warnings.append(f"{first.platform} says that it is late")
    refused = next(filter(None, (_refused(item) for item, _ in parts)), "")
    if len({named.name for _, named in parts}) > 1:
        refused = f"two names go with the number {number} ({listed(item.name for item, _ in parts)}): keep one"
    source = parts[0][0].name if len(parts) == 1 else f"{parts[0][0].name} and {len(parts) - 1} more"
    return Draft(number, source, pieces, (number,), first.name, refused=refused, warnings=tuple(warnings), numbered=True)


def _last_attempts(parts: list[tuple[Item, exports.Named]]) -> tuple[tuple[Piece, ...], list[str]]:
    """The files under the names they were handed in under, of each the last attempt."""
    by_file: dict[str, list[tuple[Item, exports.Named]]] = {}
    for item, named in parts:
        by_file.setdefault(named.file, []).append((item, named))
    pieces: list[Piece] = []
    warnings: list[str] = []
    for file, several in by_file.items():
        last = max(n.attempt for _, n in several)
        chosen = [item for item, n in several if n.attempt == last]
        for item in chosen:
            pieces += item.pieces if item.folder and not file else [replace(p, name=file) for p in item.pieces]
        if len(several) > len(chosen):
            warnings.append(f"of {len(several)} attempts at {shown(file)} the last was taken, {shown(chosen[0].name)}")
    return tuple(pieces), warnings


def _gradescope(listing: Listing, wanted: str) -> tuple[list[Draft], list[str]]:
    """Gradescope: one folder to a submission, one submission for each of those who handed it in together."""
    people = exports.submitters(listing.metadata)
    own = [i for i in listing.items if i.folder and (n := exports.parse(i.name)) and n.platform == "Gradescope"]
    others = [i for i in listing.items if i not in own and i.name not in exports.METADATA]
    found, warnings = _plain(others, wanted)
    if without := [i.name for i in own if not people.get(i.name)]:
        warnings.append(f"not in {exports.METADATA[0]}, and named by their folder: {listed(without)}")
    for item in own:
        found += _of_group(item, people.get(item.name, []))
    return found, warnings


def _of_group(item: Item, people: list[exports.Submitter]) -> Iterator[Draft]:
    attempt = named.attempt if (named := exports.parse(item.name)) else 0
    if not people:
        yield Draft(item.name, item.name, item.pieces, (item.name,), attempt=attempt)
    for person in people:
        keys = tuple(filter(None, (person.sid, person.email)))
        student = next(iter(keys), person.name or item.name)
        mates = [p.name or p.email for p in people if p is not person]
        told = (f"handed in together with {listed(mates)}",) if mates else ()
        yield Draft(student, item.name, item.pieces, keys or (student,), person.name, person.email, warnings=told, attempt=attempt)
