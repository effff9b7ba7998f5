"""The roster of a class: a CSV file with one student to a line, as instructors write it or as Canvas, Gradescope and Moodle export it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gradcheck.errors import UsageError
from gradcheck.grading.submissions.alike import caseless, composed, skeleton
from gradcheck.grading.submissions.bounds import MB, size
from gradcheck.grading.submissions.names import shown

_IDENTIFIERS = (
    "student id", "sid", "sis login id", "sis user id", "sis id", "login id", "login", "username", "user name", "user", "netid", "net id",
    "student number", "id number", "matriculation number", "id", "student",
)  # fmt: skip
_NAMES = ("name", "full name", "student name", "display name")
_EMAILS = ("email", "email address", "e mail", "e mail address", "mail")
_FIRST, _LAST = ("first name", "given name", "firstname", "forename"), ("last name", "surname", "lastname", "family name")
_LARGEST = 64 * MB


@dataclass(frozen=True, slots=True)
class Student:
    """One student. `logins` are other identifiers they go by, `platform` the number by which Canvas or Moodle name their files; `line` is the roster's."""

    id: str
    name: str = ""
    email: str = ""
    logins: tuple[str, ...] = ()
    platform: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Roster:
    """The students of a class in order, each identifier once. Build it with `read_roster`, or from students of your own."""

    students: tuple[Student, ...]
    path: str = ""
    warnings: tuple[str, ...] = ()
    _ways: tuple[Mapping[str, Student | None], ...] = field(init=False, repr=False, compare=False)
    _platform: Mapping[str, Student | None] = field(init=False, repr=False, compare=False)
    _alike: Mapping[str, Student | None] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Set up the ways by which students are found."""
        people = self.students
        others = [(caseless(key), s) for s in people for key in (*s.logins, s.email)]
        local = [(caseless(s.email.partition("@")[0]), s) for s in people if "@" in s.email]
        exact, without_case = [(composed(s.id), s) for s in people], [(caseless(s.id), s) for s in people]
        object.__setattr__(self, "_ways", tuple(map(_index, (exact, without_case, others, local))))
        object.__setattr__(self, "_platform", _index([(s.platform, s) for s in people]))
        object.__setattr__(self, "_alike", _index([(skeleton(s.id), s) for s in people]))

    def find(self, *keys: str) -> Student | None:
        """The student whom one of the keys names: by the identifier as it is, then in upper or lower case, by another login or the email, by what stands
        before the @ of the email. What would name two students names none, and no letter stands for one that looks like it.
        """
        for way, fold in zip(self._ways, (composed, caseless, caseless, caseless)):
            for key in keys:
                if key and (found := way.get(fold(key))):
                    return found
        return None

    def find_on_platform(self, number: str) -> Student | None:
        """The student whom a learning platform names by this number; by identifier where the roster has no such numbers."""
        return self._platform.get(number) if any(self._platform.values()) else self.find(number)

    def looks_like(self, key: str) -> Student | None:
        """A student whose identifier looks like this one, and is another."""
        return self._alike.get(skeleton(key))


def _index(pairs: Sequence[tuple[str, Student]]) -> dict[str, Student | None]:
    """Students by key; None where a key is of two."""
    found: dict[str, Student | None] = {}
    for key, student in pairs:
        if key:
            found[key] = student if found.get(key, student) is student else None
    return found


def read_roster(path: Path) -> Roster:
    """Read a roster: CSV with a header, separated by commas, semicolons or tabs, in UTF-8, UTF-16 or (with a warning) Latin-1.

    Raises UsageError, naming the file and the line, where there is no column of identifiers, one is missing, or one stands twice.
    """
    label = path.name
    text, warnings = _decode(_bytes(path, label), label)
    students: dict[str, Student] = {}
    for student in _students(text, label, warnings):
        if (other := students.get(composed(student.id))) is not None:
            raise UsageError(f"{label}, line {student.line}: {shown(student.id)} is on line {other.line} already: keep one of them")
        students[composed(student.id)] = student
    if not students:
        raise UsageError(f"{label}: no student is in it: expected a header and one student to a line")
    people = tuple(students.values())
    return Roster(people, label, (*warnings, *_lookalikes(people)))


def _bytes(path: Path, label: str) -> bytes:
    try:
        if not path.is_file():
            raise UsageError(f"{label}: no such file: expected a CSV file of the class")
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except (OSError, ValueError) as error:
        raise UsageError(f"{label}: cannot be read ({getattr(error, 'strerror', None) or error})") from error
    if len(content) > _LARGEST:
        raise UsageError(f"{label}: larger than {size(_LARGEST)}, which no roster is")
    return content


def _decode(content: bytes, label: str) -> tuple[str, list[str]]:
    encoding = "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        return content.decode(encoding).removeprefix("\ufeff"), []
    except UnicodeDecodeError as error:
        if encoding == "utf-16":
            raise UsageError(f"{label}: says that it is UTF-16 and is not: save it as UTF-8") from error
        line = content.count(b"\n", 0, error.start) + 1
        return content.decode("latin-1"), [
            f"{label}, line {line}: no UTF-8, read as Latin-1: look whether names are right, or save it as UTF-8"
        ]


def _students(text: str, label: str, warnings: list[str]) -> Iterator[Student]:
    rows = _rows(text, label)
    first, header = next(rows, (1, []))
    columns = _Columns({_plain(name): k for k, name in reversed(list(enumerate(header)))})
    if not columns.identifiers:
        raise UsageError(
            f"{label}, line {first}: no column of identifiers: expected one of student, id, sid, SIS Login ID or email, "
            f"found {', '.join(map(shown, header[:10])) or 'nothing'}"
        )
    for line, row in rows:
        student = columns.student(row, line)
        if columns.is_canvas and _plain(row[0] if row else "") in ("points possible", "student, test"):
            if student.name == "Student, Test":
                warnings.append(f"{label}, line {line}: the test student was passed over")
            continue
        if not student.id and columns.is_canvas and not student.name:
            continue  # a second row of Canvas's own, on how grades are posted
        if not student.id:
            raise UsageError(f"{label}, line {line}: no identifier: fill in the column {header[columns.identifiers[0]].strip()!r}")
        yield student


def _rows(text: str, label: str) -> Iterator[tuple[int, list[str]]]:
    """The rows that hold anything, each with the line it begins on."""
    head = text.lstrip().partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=head.count), strict=True)
    line = 1
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise UsageError(f"{label}, line {line}: {error}: look at the quotes") from error
        if any(cell.strip() for cell in row):
            yield line, row
        line = reader.line_num + 1


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]+", " ", name).strip().casefold()


@dataclass(frozen=True, slots=True)
class _Columns:
    """Which column holds what, by the header."""

    at: Mapping[str, int]

    @property
    def is_canvas(self) -> bool:
        return "student" in self.at and "id" in self.at and not self.at.keys().isdisjoint(("sis login id", "sis user id", "section"))

    @property
    def identifiers(self) -> list[int]:
        """Columns that identify a student, the best first; "student" is a name where another does."""
        if self.is_canvas:
            return [self.at[n] for n in ("sis login id", "sis user id", "id") if n in self.at]
        found = [self.at[n] for n in (*_IDENTIFIERS, *_EMAILS) if n in self.at and not (n == "student" and self._student_is_name)]
        return found or [self.at[n] for n in ("identifier",) if n in self.at]

    @property
    def _student_is_name(self) -> bool:
        return any(n in self.at for n in _IDENTIFIERS[:-1])

    def student(self, row: Sequence[str], line: int) -> Student:
        """The student of a row; `id` is "" where there is none."""
        keys = [value for k in self.identifiers if (value := self._cell(row, k))]
        names = (*_NAMES, "student") if self._student_is_name else _NAMES
        name = self._first(row, names) or " ".join(filter(None, (self._first(row, _FIRST), self._first(row, _LAST))))
        number = self._first(row, ("id",)) if self.is_canvas else re.sub(r"\D*", "", self._first(row, ("identifier",)))
        email = self._first(row, _EMAILS)
        logins = tuple(key for key in dict.fromkeys(keys[1:]) if key not in (email, number if self.is_canvas else ""))
        return Student(keys[0] if keys else "", name, email, logins, number, line)

    def _first(self, row: Sequence[str], names: Sequence[str]) -> str:
        return next((cell for n in names if n in self.at and (cell := self._cell(row, self.at[n]))), "")

    @staticmethod
    def _cell(row: Sequence[str], column: int) -> str:
        return row[column].strip() if column < len(row) else ""


def _lookalikes(students: Sequence[Student]) -> Iterator[str]:
    seen: dict[str, Student] = {}
    for student in students:
        other = seen.setdefault(skeleton(student.id), student)
        if other is not student:
            yield f"line {student.line}: {shown(student.id)} looks like {shown(other.id)} on line {other.line}: they are told apart as two students"
