"""The document of an assignment as it was written: read as TOML, with the line of every key, and held against the published schema.

The schema is the one list of keys: what it takes is read, and what is said of a wrong value are the words that it has for its kind.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

from gradcheck.errors import CaseError, UsageError
from gradcheck.grading.assignments.places import Path as Keys
from gradcheck.grading.assignments.places import places
from gradcheck.rendering.schema import Schema, fits, schema_text
from gradcheck.rendering.text import one_line

FILE = "assignment.toml"
LATE = re.compile(r"^(late|due|deadline|penalt|extension|grace)", re.IGNORECASE)
LEFT_TO_THE_LMS = "late policy is left to the LMS: set due dates and penalties there, and take this key out"
_AT = re.compile(r" \(at line (\d+), column (\d+)\)$")
_SHOWN = 60  # characters of a wrong value in a message
_LONGEST = 1_000_000  # bytes of a file that somebody could have written


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong at a key, in words that follow the key: `= "ten": expected a number of 0 or more`."""

    keys: Keys
    message: str


@dataclass(frozen=True, slots=True)
class Document:
    """What the file says, and on which lines. `text` is the file as it was, for the digest."""

    file: Path
    text: str
    data: Mapping[str, Any]
    lines: Mapping[Keys, int]

    def error(self, keys: Keys, message: str) -> CaseError:
        """One line: the file, the line of the key or of what it would stand in, the key, and the message."""
        known = keys
        while known and known not in self.lines:
            known = known[:-1]
        line = self.lines.get(known, 1)
        return CaseError(f"{self.file}:{line}: {dotted(keys)}{message if message.startswith(' ') else ': ' + message}")

    def wrong(self, keys: Keys, value: Any, expected: str) -> CaseError:
        """The error of a value."""
        return self.error(keys, f" = {shown(value)}: {expected}")


def document(path: Path) -> Document:
    """The document of a file, or of the assignment.toml in a folder, in the form that the schema states.

    Raises UsageError where there is none, CaseError, naming line and key, for bad TOML and for the first key that breaks the schema.
    """
    file = path / FILE if path.is_dir() else path
    text = _text(file)
    found = Document(file, text, *_parsed(file, text))
    faults = sorted(faults_of(found.data), key=lambda f: found.lines.get(f.keys, 0))
    if faults:
        raise found.error(faults[0].keys, faults[0].message)
    return found


def _text(file: Path) -> str:
    try:
        if file.stat().st_size > _LONGEST:
            raise CaseError(f"{file}: is larger than {_LONGEST} bytes: no assignment needs as many")
        return file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise UsageError(f"{file}: cannot be read: {error.strerror or error}: `gradcheck assignment new FOLDER` begins one") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise CaseError(f"{file}:{line}: not UTF-8: byte {error.object[error.start]:#04x}: save the file as UTF-8") from error


def _parsed(file: Path, text: str) -> tuple[dict[str, Any], Mapping[Keys, int]]:
    try:
        return tomllib.loads(text), places(text)
    except tomllib.TOMLDecodeError as error:
        said = str(error)
        at = _AT.search(said)
        line = int(at.group(1)) if at else max(1, text.rstrip().count("\n") + 1)
        why = _AT.sub("", said).removesuffix(" (at end of document)")
        raise CaseError(f"{file}:{line}: no TOML: {one_line(why, 200)}" + ("" if at else ", at the end of the file")) from error
    except RecursionError as error:
        raise CaseError(f"{file}: no TOML: arrays or tables are nested too deep") from error


@cache
def schema() -> Schema:
    """The published schema."""
    root: Schema = json.loads(schema_text("assignment"))
    return root


def faults_of(data: Any) -> Iterator[Fault]:
    """Everything in which a document breaks the schema."""
    return _faults(data, schema(), ())


def _faults(value: Any, part: Schema, keys: Keys) -> Iterator[Fault]:
    known = _resolved(part)
    if isinstance(value, dict) and known.get("type") == "object":
        yield from _of_table(value, known, keys)
    elif isinstance(value, list) and known.get("type") == "array" and len(value) >= known.get("minItems", 0):
        for i, item in enumerate(value):
            yield from _faults(item, known["items"], (*keys, i))
    elif not fits(value, known, schema()):
        meant = near(value, known["enum"]) if isinstance(value, str) and "enum" in known else ""
        yield Fault(keys, f" = {shown(value)}: expected {known.get('title') or part['title']}{'; ' if meant else ''}{meant}")


def _of_table(table: Mapping[str, Any], known: Schema, keys: Keys) -> Iterator[Fault]:
    properties, others = known["properties"], known["additionalProperties"]
    for key in known.get("required", ()):
        if key not in table:
            yield Fault((*keys, key), f"is missing: expected {_resolved(properties[key])['title']}")
    for key, value in table.items():
        if key in properties or others:
            yield from _faults(value, properties.get(key, others), (*keys, key))
        else:
            yield Fault((*keys, key), _unknown(key, list(properties), keys))


def _unknown(key: str, known: list[str], keys: Keys) -> str:
    if LATE.match(key):
        return LEFT_TO_THE_LMS
    hint = near(key.replace("-", "_"), known) or _elsewhere(key) or f"known are {', '.join(known)}"
    return f"no such key{f' in {_table(keys)}' if keys else ' at the top'}; {hint}"


def near(word: str, known: Sequence[str]) -> str:
    """A question for the word that was meant, where one is much like it, whatever its letters' case; else nothing."""
    by_small = {k.lower(): k for k in known}
    found = get_close_matches(word.lower(), by_small, n=1)
    return f"did you mean {by_small[found[0]]}?" if found else ""


def _elsewhere(key: str) -> str:
    """Where a key belongs that is known, but not here."""
    root = schema()
    homes = {
        "imports": "[imports]",
        "limits": "[limits]",
        "feedback": "[feedback]",
        "credit": "[questions.credit]",
        "question": "[[questions]]",
    }
    places_of = [home for name, home in homes.items() if key in root["$defs"][name]["properties"]]
    if not places_of and key in root["properties"]:
        places_of = ["the top of the file"]
    return f"it belongs in {' or '.join(places_of)}" if places_of else ""


def _table(keys: Keys) -> str:
    return "[[questions]]" if len(keys) == 2 and keys[0] == "questions" else f"[{'.'.join(str(k) for k in keys if isinstance(k, str))}]"


def _resolved(part: Schema) -> Schema:
    name = part.get("$ref", "").rpartition("/")[2]
    found: Schema = schema()["$defs"][name] if name else part
    return found


def dotted(keys: Keys) -> str:
    """A path as it is read: questions[2].points."""
    text = ""
    for key in keys:
        text += f"[{key}]" if isinstance(key, int) else f"{'.' if text else ''}{_quoted(key)}"
    return text


def _quoted(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else json.dumps(one_line(key, _SHOWN))


def shown(value: Any) -> str:
    """A value nearly as TOML has it."""
    text = json.dumps(value, default=str, ensure_ascii=False)
    return one_line(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}...", 2 * _SHOWN)
