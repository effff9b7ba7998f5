"""Reading an assignment: what the document says, held against its cases, becomes questions."""

from __future__ import annotations

import keyword
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gradcheck.case import Case
from gradcheck.grading.assignments.asking import Asked
from gradcheck.grading.assignments.document import Document, document, near
from gradcheck.grading.assignments.files import cases_in, digest
from gradcheck.grading.assignments.places import Path as Keys
from gradcheck.grading.model import Assignment, Feedback, Limits, Question

STANDARD = Limits()
WHOLE = ("memory_mb", "processes", "open_files", "file_mb", "printed_kb", "result_mb")


def read_assignment(path: str | Path) -> Assignment:
    """The assignment of a TOML file, or of the assignment.toml in a folder: its questions with their cases, points and limits.

    Raises UsageError where there is no such file, and CaseError, in one line that names the file, the line, the key and what was expected,
    where the document, its cases, or the two together make no sense. The cases are run; the instructor's solution is not.
    """
    doc = document(Path(path))
    data = doc.data
    _refuse_infinite(doc, data, ())
    file = _cases(doc)
    cases = cases_in(file)
    questions = tuple(_question(doc, i, cases) for i in range(len(data["questions"])))
    _refuse_repeated(doc, questions)
    solution = data.get("solution")
    return Assignment(
        name=data["name"],
        title=_title(doc, (), data["name"]),
        questions=questions,
        path=doc.file,
        digest=digest(doc.text, file),
        seed=int(data.get("seed", 0)),
        per_student=data.get("per_student_seeds", False),
        imports=tuple(data.get("imports", {}).get("allowed", ("numpy",))),
        solution=None if solution is None else _beside(doc, "solution", solution),
    )


def cases_file(path: Path) -> Path:
    """The file of an assignment's cases. Raises as `read_assignment` does."""
    return _cases(document(path))


def _cases(doc: Document) -> Path:
    return _beside(doc, "cases", doc.data.get("cases", "cases.py"))


def _refuse_infinite(doc: Document, value: Any, keys: Keys) -> None:
    """TOML knows nan and inf, and no key takes them."""
    if isinstance(value, float) and not math.isfinite(value):
        raise doc.wrong(keys, value, "expected a finite number")
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        _refuse_infinite(doc, item, (*keys, key))


def _beside(doc: Document, key: str, name: str) -> Path:
    file = doc.file.parent / name
    if not file.is_file():
        there = ", ".join(sorted(p.name for p in doc.file.parent.glob("*.py")))
        raise doc.wrong((key,), name, f"there is no such file beside the assignment, where there is {there or 'no Python file'}")
    return file


def _title(doc: Document, keys: Keys, name: str) -> str:
    given = _part(doc.data, keys).get("title", name)
    return str(given).strip() or name


def _part(data: Any, keys: Keys) -> Any:
    for key in keys:
        data = data[key]
    return data


def _question(doc: Document, i: int, cases: Sequence[Case]) -> Question:
    keys: Keys = ("questions", i)
    given = doc.data["questions"][i]
    name = given["name"]
    function = given.get("function", f"{name}_gradient")
    if keyword.iskeyword(function):
        raise doc.wrong((*keys, "function"), function, "is a word of Python's own, and no function can be called so")
    asked = Asked(doc, keys, given, _case(doc, keys, given.get("case", name), cases))
    credit = asked.credit()
    return Question(
        name=name,
        case=asked.case,
        function=function,
        asks=asked.asks,
        names=asked.names(),
        points=asked.points(credit),
        credit=credit,
        visible=asked.drawn("visible"),
        hidden=asked.drawn("hidden"),
        at=asked.at,
        digits=given.get("digits"),
        feedback=_feedback(doc.data, given),
        limits=_limits(doc, keys),
        file=given.get("file", doc.data.get("file", "submission.py")),
        title=_title(doc, keys, name),
    )


def _case(doc: Document, keys: Keys, name: str, cases: Sequence[Case]) -> Case:
    for c in cases:
        if c.name == name:
            return c
    names = [c.name for c in cases]
    hint = near(name, names) or (f"there are {', '.join(names)}" if names else "there is none")
    told = f"no case of that name in {doc.data.get('cases', 'cases.py')}; {hint}"
    where = (*keys, "case") if "case" in _part(doc.data, keys) else (*keys, "name")
    raise doc.wrong(where, name, told)


def _feedback(data: Mapping[str, Any], given: Mapping[str, Any]) -> Feedback:
    return Feedback(**(data.get("feedback", {}) | given.get("feedback", {})))


def _limits(doc: Document, keys: Keys) -> Limits:
    """The assignment's limits, and the question's over them. The clock never stops a program before its processor time is used up."""
    own = _part(doc.data, keys).get("limits", {})
    given = doc.data.get("limits", {}) | own
    cpu = given.get("cpu_seconds", STANDARD.cpu_seconds)
    wall = given.get("wall_seconds", max(STANDARD.wall_seconds, 2 * cpu))
    if wall < cpu:
        where: Keys = (*keys, "limits") if "wall_seconds" in own or "cpu_seconds" in own else ("limits",)
        key = "wall_seconds" if "wall_seconds" in _part(doc.data, where) else "cpu_seconds"
        expected = f"expected at least cpu_seconds, {cpu:g}" if key == "wall_seconds" else f"expected at most wall_seconds, {wall:g}"
        raise doc.wrong((*where, key), given[key], expected)
    whole = {k: int(given[k]) for k in WHOLE if k in given}
    return Limits(cpu_seconds=float(cpu), wall_seconds=float(wall), **whole)


def _refuse_repeated(doc: Document, questions: Sequence[Question]) -> None:
    names: dict[str, int] = {}
    functions: dict[tuple[str, str], str] = {}
    for i, q in enumerate(questions):
        if names.setdefault(q.name, i) != i:
            line = doc.lines.get(("questions", names[q.name], "name"), 0)
            raise doc.wrong(("questions", i, "name"), q.name, f"the question at line {line} is called so: give each a name of its own")
        other = functions.setdefault((q.file, q.function), q.name)
        if other != q.name:
            keys: Keys = ("questions", i, "function")
            raise doc.wrong(keys, q.function, f"the question {other} asks for a function of that name in {q.file} too")
