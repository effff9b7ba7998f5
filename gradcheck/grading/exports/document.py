"""marks.json: everything that was marked, as one document from which all else is written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from gradcheck.errors import UsageError
from gradcheck.grading.results import SCHEMA_VERSION, ClassMarks, mark_from_dict
from gradcheck.rendering.schema import fault
from gradcheck.rendering.text import one_line


def json_text(data: Any) -> str:
    """Plain data as JSON, the same on every run: keys in order, floats with every bit, only printable ASCII and line breaks.

    Whatever strings it holds, printing it moves no cursor and turns no text around. Raises ValueError for NaN and infinities.
    """
    text = json.dumps(data, indent=1, sort_keys=True, ensure_ascii=True, allow_nan=False)
    return text.replace("\x7f", "\\u007f") + "\n"  # the one control character that JSON leaves as it is


def marks_json(marks: ClassMarks) -> str:
    """The document of a class's marks, as `gradcheck schema marks` describes it; texts of users stand in it whole."""
    return json_text(marks.to_dict())


def marks_from(text: str, what: str = "the marks") -> ClassMarks:
    """The marks that `marks_json` wrote. Raises UsageError, naming `what`, for anything else, also where totals and points do not agree."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{what}: no JSON: {one_line(str(error))}") from None
    version = data.get("schema_version") if isinstance(data, dict) else None
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise UsageError(f"{what}: schema_version is {version}, this gradcheck reads up to {SCHEMA_VERSION}: update gradcheck")
    wrong = fault(data, "marks")
    if wrong is not None:
        raise UsageError(f"{what}: not as `gradcheck schema marks` has it: {one_line(wrong)}")
    return _agreeing(_marks(data), data, what)


def read_marks(path: Path) -> ClassMarks:
    """The marks in a file marks.json, or in a folder that holds one. Raises UsageError as `marks_from`, and where there is none."""
    file = path / "marks.json" if path.is_dir() else path
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "no text in UTF-8"
        raise UsageError(f"{file}: cannot read the marks: {why}") from None
    return marks_from(text, str(file))


def _marks(data: dict[str, Any]) -> ClassMarks:
    about = data["assignment"]
    return ClassMarks(
        assignment=about["name"], title=about["title"], digest=about["digest"], isolation=data["isolation"],
        questions=tuple((q["name"], q["title"], q["points"]) for q in data["questions"]),
        submissions=tuple(map(mark_from_dict, data["submissions"])), warnings=tuple(data["warnings"]), absent=tuple(data["absent"]),
    )  # fmt: skip


def _agreeing(marks: ClassMarks, data: dict[str, Any], what: str) -> ClassMarks:
    for mark, written in zip(marks.submissions, data["submissions"], strict=True):
        found = (mark.earned, mark.possible, mark.complete)
        if found != (written["earned"], written["possible"], written["complete"]):
            raise UsageError(
                f"{what}: {one_line(mark.student)} has {written['earned']} of {written['possible']} points, the questions come to "
                f"{found[0]} of {found[1]}: the file was changed by hand"
            )
    return marks
