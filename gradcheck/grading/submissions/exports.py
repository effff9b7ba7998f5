"""How learning platforms name what they export: Canvas, Moodle, Gradescope. Each name is read for the student, and for the file that was handed in.

| platform | name in the export | student |
| --- | --- | --- |
| Canvas | `lastfirst_LATE_12345_67890_submission-2.py` | the user 12345 (column ID of the gradebook); `-2` is the attempt |
| Moodle | `First Last_1234567_assignsubmission_file_/submission.py`, or all in one name | the participant 1234567 (column Identifier) |
| Gradescope | `submission_123456/submission.py` and `submission_metadata.yml` | sid, else email, of each submitter in the metadata |
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from gradcheck.grading.submissions.choosing import without_attempt

Platform = Literal["", "Canvas", "Moodle", "Gradescope"]
METADATA = ("submission_metadata.yml", "submission_metadata.yaml", "submission_metadata.json")
_CANVAS = re.compile(r"([^_]+)_(?:(LATE)_)?(\d+)_(\d+)_(.+)", re.DOTALL)
_MOODLE = re.compile(r"(.*)_(\d+)_assignsubmission_(file|onlinetext)(?:_(.*))?", re.DOTALL)
_GRADESCOPE = re.compile(r"submission_(\d+)")
_OPENED = re.compile(r"([\"']?)(submission_\d+)\1:\s*$")
_FIELD = re.compile(r"( *)(- +)?:(name|sid|email):(.*)$")


@dataclass(frozen=True, slots=True)
class Named:
    """What a name of an export says: whose it is on that platform, under which name the file was handed in ("" for a folder), and which attempt it is."""

    platform: Platform
    student: str
    name: str
    file: str
    attempt: int = 0
    late: bool = False
    text_only: bool = False


@dataclass(frozen=True, slots=True)
class Submitter:
    """A student as Gradescope's metadata names them."""

    name: str = ""
    sid: str = ""
    email: str = ""


def parse(top: str) -> Named | None:
    """What a name at the top of an export says; None where no platform writes such names."""
    if found := _MOODLE.fullmatch(top):
        return Named("Moodle", found[2], found[1], found[4] or "", text_only=found[3] == "onlinetext")
    if found := _GRADESCOPE.fullmatch(top):
        return Named("Gradescope", top, "", "", attempt=int(found[1][:18]))
    if found := _CANVAS.fullmatch(top):
        file, attempt = without_attempt(found[5])
        return Named("Canvas", found[3], found[1], file, attempt, late=found[2] is not None)
    return None


def platform(tops: Iterable[str]) -> Platform:
    """Which platform's export this is: most names at its top are that platform's; "" for none."""
    names = [n for n in tops if not n.startswith(".")]
    if any(n in METADATA for n in names):
        return "Gradescope"
    counts: dict[Platform, int] = {}
    for name in names:
        if found := parse(name):
            counts[found.platform] = counts.get(found.platform, 0) + 1
    return next((p for p, count in counts.items() if 2 * count > len(names)), "")


def submitters(content: bytes) -> dict[str, list[Submitter]]:
    """Who handed in what, by Gradescope's folder, from its metadata. What cannot be read is left out: empty where nothing can."""
    text = content.decode("utf-8-sig", "replace")
    if text.lstrip()[:1] == "{":
        return _from_json(text)
    found: dict[str, list[Submitter]] = {}
    folder, within = "", False
    for line in text.splitlines():
        if not line.startswith((" ", "-")):
            opened = _OPENED.match(line)
            folder, within = (opened[2] if opened else ""), False
        elif folder and line.startswith("  :"):
            within = line.rstrip() == "  :submitters:"
        elif folder and within and (field := _FIELD.match(line)):
            _add(found.setdefault(folder, []), field)
    return found


def _add(people: list[Submitter], field: re.Match[str]) -> None:
    if field[2] or not people:
        people.append(Submitter())
    last = people[-1]
    values = {"name": last.name, "sid": last.sid, "email": last.email} | {field[3]: _scalar(field[4].strip())}
    people[-1] = Submitter(**values)


def _scalar(written: str) -> str:
    """A scalar of YAML on one line: plain, or in either kind of quotes."""
    if len(written) > 1 and written[0] == written[-1] == "'":
        return written[1:-1].replace("''", "'")
    if written.startswith('"'):
        try:
            return str(json.loads(written))
        except (ValueError, RecursionError):
            return written.strip('"')
    return "" if written in ("~", "null") else written


def _from_json(text: str) -> dict[str, list[Submitter]]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(document, dict):
        return {}
    return {folder: people for folder, record in document.items() if (people := list(_people(record)))}


def _people(record: Any) -> Iterator[Submitter]:
    """The submitters of one folder's record, whose keys have colons before them in some exports."""
    if not isinstance(record, Mapping):
        return
    people = record.get(":submitters", record.get("submitters"))
    for person in people if isinstance(people, list) else ():
        if isinstance(person, Mapping):
            values = {k: person.get(f":{k}", person.get(k)) for k in ("name", "sid", "email")}
            yield Submitter(**{k: str(v) if isinstance(v, str | int) else "" for k, v in values.items()})
