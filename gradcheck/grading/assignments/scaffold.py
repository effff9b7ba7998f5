"""Beginning an assignment: a folder with everything in it, which marks as it stands and explains itself."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path

from gradcheck.case import Case
from gradcheck.errors import CaseError, UsageError
from gradcheck.grading.assignments.document import FILE, schema
from gradcheck.grading.assignments.files import cases_in
from gradcheck.grading.assignments.reading import read_assignment
from gradcheck.grading.assignments.subject import TRIED, is_drawn, sampled, stated, subject
from gradcheck.grading.assignments.template import files_of, student_page, student_template
from gradcheck.rendering.schema import schema_text
from gradcheck.rendering.text import one_line
from gradcheck.studies.elsewhere import local_files
from gradcheck.writing import write_files

SCHEMA = "assignment.schema.json"
OURS = (FILE, "solution.py", "README.md", "roster.csv")  # what cases copied into the folder must not be called


def scaffold(
    folder: str | Path, *, title: str | None = None, name: str | None = None, source: str | Path | None = None, seed: int = 0
) -> tuple[str, ...]:
    """Write a new assignment into a folder, and return the names of its files.

    It has three example questions of rising size with right answers; with `source`, one question for every case of that file, whose answers are
    still to be written. `name` is what files and gradebooks call it (default: after the folder), `title` what students read. Raises
    UsageError where the folder holds something already, CaseError where the file of cases is at fault.
    """
    target = Path(folder)
    _require_empty(target)
    called = name or _name(target)
    if not re.search(schema()["$defs"]["name"]["pattern"], called):
        raise UsageError(f"--name {one_line(called)}: expected {schema()['$defs']['name']['title']}")
    files = _files(called, title or called, source, seed)
    with tempfile.TemporaryDirectory() as place:  # read as it will be read, before anything is written
        write_files(Path(place), files.items(), "the assignment")
        assignment = read_assignment(place)
        files |= {f"student/{f}": student_template(assignment, f) for f in files_of(assignment)}
        files["student/README.md"] = student_page(assignment)
        if source is not None:
            files["solution.py"] = (
                f"# The instructor's own answers, to be written here. Students never get this file.\n{student_template(assignment)}"
            )
    write_files(target, files.items(), "the assignment")
    return tuple(files)


def _require_empty(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder}: is a file: name a folder that is new or empty")
    if folder.is_dir() and any(folder.iterdir()):
        raise UsageError(f"{folder}: is not empty: name a folder that is new or empty, so that nothing is overwritten")


def _name(folder: Path) -> str:
    """A name after the folder's, where it can be made one."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", folder.resolve().name).strip("-._")[:64] or "assignment"


def _files(name: str, title: str, source: str | Path | None, seed: int) -> dict[str, str | bytes]:
    filled = {"@NAME@": json.dumps(name), "@TITLE@": json.dumps(one_line(title), ensure_ascii=False), "@SEED@": str(seed)}
    begun = {n: _begun(n) for n in ("README.md", "roster.csv")}
    begun["README.md"] = begun["README.md"].replace("@TITLE@", one_line(title))
    head = _filled(_begun(FILE), filled)
    if source is None:
        own: dict[str, str | bytes] = {
            "cases.py": _begun("cases.py"),
            FILE: head + _begun("questions.toml"),
            "solution.py": _begun("solution.py"),
        }
    else:
        own = _from(Path(source), head) | {"solution.py": "# written below\n"}
    return own | begun | {SCHEMA: schema_text("assignment")}


def _begun(name: str) -> str:
    return resources.files("gradcheck.grading.assignments").joinpath("begun", f"{name}.txt").read_text(encoding="utf-8")


def _filled(text: str, words: Mapping[str, str]) -> str:
    for word, value in words.items():
        text = text.replace(word, value)
    return text


def _from(source: Path, head: str) -> dict[str, str | bytes]:
    """The file of cases with what it imports from beside it, and an assignment that asks for every case that can be asked for."""
    if not source.is_file():
        raise UsageError(f"{source}: is no file: name a Python file with cases")
    cases = cases_in(source)
    if source.name in OURS:
        raise UsageError(f"{source}: the assignment has a file of that name: give the file of cases another")
    files = {p.relative_to(source.parent).as_posix(): p.read_bytes() for p in local_files(source)}
    questions = "".join(map(_asked, cases))
    if "[[questions]]" not in questions:
        raise CaseError(f"{source}: no case can be asked for: {one_line(questions.replace('#', ''))}")
    return files | {FILE: head.replace('cases = "cases.py"', f"cases = {json.dumps(source.name)}") + questions}


def _asked(case: Case) -> str:
    """A case as a question; why not, as a comment, where it makes none."""
    if not case.name.isascii():
        return f"\n# {one_line(case.name)} is left out: a question's name has letters of ASCII only: give the function another\n"
    try:
        points: Sequence[tuple[object, ...]] = (*stated(case), *(sampled(case, 0, TRIED) if is_drawn(case) else ()))
        shape = subject(case, points).shape
    except CaseError as error:
        return f"\n# {case.name} is left out: {one_line(str(error))}\n"
    lines = ["", "[[questions]]", f'name = "{case.name}"', f"title = {json.dumps(_title(case), ensure_ascii=False)}"]
    return "\n".join([*lines, *(['asks = "vjp"'] if shape else []), "points = 1", ""])


def _title(case: Case) -> str:
    return one_line(case.summary, 120).rstrip(".") or case.name.replace("_", " ")
