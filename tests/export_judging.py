"""What exports of marks must be: judgements that read what was written and list what is wrong with it.

The same ones judge our exports and exporters that are wrong on purpose (tests/wrong/test_grading_export_twins.py).
"""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from html.parser import HTMLParser

from sample_marks import SECRET

from gradcheck.grading.results import ClassMarks

LONGEST = {"csv": 60_000, "text": 400_000, "junit": 800_000, "gradescope": 800_000, "student": 900_000, "class": 900_000}
_BAD = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
_SIGNS = "=+-@＝＋－＠"
_VOID = {"meta", "link", "br", "img", "input", "circle", "path", "option"}


def control_faults(text: str) -> list[str]:
    """Characters that move a cursor, hide, or turn text around; line breaks and tabs are none."""
    return sorted({f"U+{ord(c):04X}" for c in text if c not in "\n\t" and unicodedata.category(c) in _BAD})


def formula_faults(text: str) -> list[str]:
    """Cells that a spreadsheet would take for a formula, read with commas and, as some countries do, with semicolons."""
    cells = [c for row in csv.reader(io.StringIO(text)) for c in row]
    parts = [part for c in cells for part in c.split(";")]
    bare = [(p, p.strip().lstrip('"`´‘’“” \t\r\n')) for p in parts]
    return [p for p, b in bare if b[:1] and b[0] in _SIGNS and not re.fullmatch(r"-?\d+(\.\d+)?(e-?\d+)?", b)]


def length_faults(text: str, format: str) -> list[str]:
    """Walls of text."""
    return [f"{len(text):,} characters"] if len(text) > LONGEST[format] else []


def leak_faults(text: str) -> list[str]:
    """What is the instructor's, found where students look."""
    return [text[max(0, m.start() - 30) : m.end()] for m in re.finditer(SECRET, text)]


def zero_faults(gradebook: str, marks: ClassMarks) -> list[str]:
    """Scores of students of whom no score is known."""
    rows = list(csv.DictReader(io.StringIO(gradebook)))
    unknown = [(rows[i], m.student) for i, m in enumerate(marks.submissions) if not m.complete]
    unknown += list(zip(rows[len(marks.submissions) :], marks.absent, strict=True))
    said = [f"{who}: {k} is {v}" for row, who in unknown for k, v in row.items() if (k == "total" or k.endswith(" points")) and v]
    return said + [f"{who}: nothing says so" for row, who in unknown if row["status"] == "marked"]


def score_faults(gradebook: str, marks: ClassMarks) -> list[str]:
    """Totals that are not the mark's, bit by bit."""
    rows = csv.DictReader(io.StringIO(gradebook))
    return [
        f"{m.student}: {row['total']} for {m.earned}"
        for row, m in zip(rows, marks.submissions, strict=False)
        if m.complete and float(row["total"]) != m.earned
    ]


def forged_faults(text: str) -> list[str]:
    """Lines of feedback that pass for the total and are not."""
    return [line for line in text.split("\n") if line.startswith("Total:")][1:]


def name_faults(names: Sequence[str], students: Sequence[str]) -> list[str]:
    """Names of folders that are one on some system, or are more than a plain word."""
    faults = [f"{n!r} is no plain name" for n in names if not re.fullmatch(r"[A-Za-z0-9_-]{1,90}", n)]
    return faults + (
        [f"{len(students)} students in {len({n.casefold() for n in names})} folders"]
        if len({n.casefold() for n in names}) < len(students)
        else []
    )


def xml_faults(text: str) -> list[str]:
    """What an XML reader does not take, and elements that are none of JUnit's."""
    try:
        root = ET.fromstring(text)
    except ET.ParseError as error:
        return [str(error)]
    known = {"testsuites", "testsuite", "testcase", "failure", "error", "skipped", "properties", "property"}
    return sorted({e.tag for e in root.iter()} - known)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[tuple[str, tuple[str, ...]]] = set()
        self.open: list[str] = []
        self.faults: list[str] = []
        self.styled = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add((tag, tuple(sorted(name for name, _ in attrs))))
        self.faults += [f"{tag} with {n}" for n, _ in attrs if n.startswith("on") or n in ("style", "srcdoc")]
        self.faults += [
            f"leads to {v}"
            for n, v in attrs
            if n in ("href", "src", "action")
            and not re.match(r"#|assets/|\.\./students/[\w-]+/index\.html$|index\.html$|data:image/svg", v or "")
        ]
        if tag == "script":
            self.faults += [
                f"a script of its own: {attrs}" for _ in [0] if not {("type", "application/json")} & set(attrs) and "src" not in dict(attrs)
            ]
        if tag == "style":
            self.faults += ["a second style"] * self.styled
            self.styled = True
        if tag not in _VOID:
            self.open.append(tag)

    def handle_comment(self, data: str) -> None:
        self.faults.append(f"a comment: {data[:40]}")

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID:
            return
        if not self.open or self.open[-1] != tag:
            self.faults.append(f"</{tag}> ends {self.open[-1:]}")
        else:
            self.open.pop()


def markup(page: str) -> set[tuple[str, tuple[str, ...]]]:
    """The elements of a page, with the names of their attributes."""
    reader = _Reader()
    reader.feed(page)
    return reader.tags


def page_faults(page: str, known: set[tuple[str, tuple[str, ...]]]) -> list[str]:
    """Elements that a harmless class's page does not have, handlers, scripts, styles, and addresses that lead elsewhere."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    return reader.faults + [f"left open: {t}" for t in reader.open] + [f"not known: {t}" for t in sorted(reader.tags - known)]


def strings(data: object) -> str:
    """All strings of a JSON document, as who reads it gets them."""
    if isinstance(data, dict):
        return "\n".join(strings(v) for v in data.values())
    return "\n".join(map(strings, data)) if isinstance(data, list) else data if isinstance(data, str) else ""


def told(results: str) -> str:
    """What Gradescope shows of a results.json: not what it stores as `extra_data`."""
    data = json.loads(results)
    data.pop("extra_data")
    for test in data["tests"]:
        test.pop("extra_data")
    return strings(data)
