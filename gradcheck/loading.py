"""What the command line names: functions as MODULE:NAME, points as JSON."""

from __future__ import annotations

import importlib
import inspect
import json
import sys
from pathlib import Path
from typing import Any

from gradcheck.errors import CaseError, UsageError
from gradcheck.studies.collection import load_file


def load_object(name: str) -> Any:
    """The object that MODULE:NAME or FILE.py:NAME stands for.

    Raises UsageError, saying what is missing, where there is no such module or name.
    """
    place, colon, attribute = name.rpartition(":")
    if not colon or not place or not attribute:
        raise UsageError(f"{name}: expected MODULE:NAME or FILE.py:NAME")
    module = load_file(Path(place)) if place.endswith(".py") else _module(place)
    found = module
    for part in attribute.split("."):
        if not hasattr(found, part):
            raise UsageError(f"{name}: {place} has no {attribute}")
        found = getattr(found, part)
    if not callable(found):
        raise UsageError(f"{name}: is {type(found).__name__}, expected a function")
    return found


def _module(name: str) -> Any:
    """A module by name, found from the current folder too."""
    sys.path.insert(0, str(Path.cwd()))
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise UsageError(f"{name}: {error}") from error
    except Exception as error:  # whatever a user's module raises when it is run
        raise CaseError(f"{name}: {type(error).__name__}: {error}") from error
    finally:
        sys.path.remove(str(Path.cwd()))


def read_point(text: str) -> Any:
    """A point from JSON: a list of arguments as a tuple, an object as a dict; nested lists become arrays.

    Raises UsageError where it is not JSON, or neither a list nor an object.
    """
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise UsageError(f"--at {text}: not JSON: {error.msg} at character {error.pos + 1}") from error
    if isinstance(data, dict):
        return {name: _argument(value) for name, value in data.items()}
    if not isinstance(data, list):
        raise UsageError(f"--at {text}: expected a list of arguments, such as [1.0] or [[1.0, 2.0], 3.0], or an object by name")
    return tuple(map(_argument, data))


def require_call(name: str, function: Any, point: Any) -> None:
    """UsageError where a Python function does not take the point's arguments, or not by these names."""
    if not inspect.isfunction(function):
        return
    signature = inspect.signature(function)
    try:
        signature.bind(**point) if isinstance(point, dict) else signature.bind(*point)
    except TypeError as error:
        held = ", ".join(point) if isinstance(point, dict) else f"{len(point)} argument{'s'[: len(point) != 1]}"
        raise UsageError(f"--at has {held or 'no argument'}: {name} takes {signature}: {error}") from error


def _argument(value: Any) -> Any:
    import numpy as np

    if not isinstance(value, list):
        return value
    try:
        return np.array(value)
    except ValueError as error:
        raise UsageError(f"--at: {value}: rows of different lengths make no array") from error


def read_report(path: Path) -> dict[str, Any]:
    """The document of a run from a folder of a report, or from its report.json.

    Raises UsageError, in one line, where there is none, where it is no JSON or no report, or of another version.
    """
    from gradcheck.rendering.document import SCHEMA_VERSION
    from gradcheck.rendering.schema import fault

    file = path / "report.json" if path.is_dir() else path
    try:
        data = json.loads(file.read_text(encoding="utf-8"), parse_constant=_refuse_constant)
    except OSError as error:
        raise UsageError(f"{file}: cannot be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{file}: no JSON: {' '.join(str(error).split())[:200]}") from error
    version = data.get("schema_version") if isinstance(data, dict) else None
    if isinstance(version, int) and version != SCHEMA_VERSION:
        raise UsageError(f"{file}: is a report of schema version {version}, this gradcheck reads {SCHEMA_VERSION}: write it anew")
    wrong = fault(data, "run")
    if wrong is not None:
        raise UsageError(f"{file}: no report of a run: {wrong}")
    return dict(data)


def _refuse_constant(word: str) -> Any:
    raise ValueError(f"{word} is no number of JSON")
