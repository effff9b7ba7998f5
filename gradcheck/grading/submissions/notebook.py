"""Notebooks read as data: their code cells in order, without magics. Formats 3 and 4."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from gradcheck.grading.submissions.bounds import MB, Refusal, size
from gradcheck.grading.submissions.encoding import as_source
from gradcheck.grading.submissions.magics import strip
from gradcheck.grading.submissions.names import shown
from gradcheck.rendering import text

_DEPTH, _BRACKETS, _CELLS = 100, 200_000, 5_000
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)  # possessive: nothing is remembered, however long
_OTHERS = bytes(c for c in range(256) if c not in b"[]{}")
_TOLD = 20  # magics named one by one
_SAVE = "open it in Jupyter, save it and hand in again"


@dataclass(frozen=True, slots=True)
class Notebook:
    """The code cells of a notebook, one for each even where nothing of it is left, and what was taken out or noticed."""

    cells: tuple[str, ...]
    warnings: tuple[str, ...]


def read_notebook(content: bytes, name: str, code: int = MB) -> Notebook:
    """The notebook that the bytes hold, with at most `code` characters of code. Raises Refusal, naming the file, for all else."""
    content, noticed = as_source(content)
    document = _document(content, name)
    cells = list(_code(document, name))
    if (length := sum(map(len, cells))) > code:
        raise Refusal(f"{shown(name)} holds {size(length)} of code (at most {size(code)}): hand in only what you wrote")
    stripped = [strip(cell) for cell in cells]
    warnings = [f"{shown(name)} {noticed}"] if noticed else []
    removed = [f"cell {k}, line {line}: removed {text.label(what)}" for k, s in enumerate(stripped, 1) for line, what in s.removed]
    warnings += removed[:_TOLD] + ([f"and {len(removed) - _TOLD:,} magics more were removed"] if len(removed) > _TOLD else [])
    if asks := [k for k, s in enumerate(stripped, 1) if s.ipython]:
        warnings.append(f"{_cells(asks)} asks for get_ipython(), which does not exist where programs are marked")
    warnings += _language(document)
    return Notebook(tuple(s.source for s in stripped), tuple(warnings))


def _cells(numbers: list[int]) -> str:
    return f"cell {numbers[0]}" + (f" (and {len(numbers) - 1:,} more)" if len(numbers) > 1 else "")


def _document(content: bytes, name: str) -> dict[str, Any]:
    depth = 0
    brackets = _STRING.sub(b"", content).translate(None, _OTHERS)
    if len(brackets) > _BRACKETS:
        raise Refusal(f"{shown(name)} holds too many values for a notebook: clear its outputs, save it and hand in again")
    for bracket in brackets:
        depth += 1 if bracket in b"[{" else -1
        if depth > _DEPTH:
            raise Refusal(f"{shown(name)} is nested more than {_DEPTH} deep, which no notebook is: {_SAVE}")
    try:
        document = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise Refusal(f"{shown(name)} is not a notebook (it is no JSON): {_SAVE}") from error
    if not isinstance(document, dict) or not isinstance(version := document.get("nbformat"), int):
        raise Refusal(f"{shown(name)} is not a notebook (it states no format): {_SAVE}")
    if version not in (3, 4):
        raise Refusal(f"{shown(name)} is a notebook of format {text.label(str(version), 20)}, and 3 or 4 can be read: {_SAVE}")
    return document


def _code(document: dict[str, Any], name: str) -> Iterator[str]:
    """The source of every code cell."""
    of_sheets = document["nbformat"] == 3
    sheets = document.get("worksheets") if of_sheets else [document]
    found = [cell for sheet in _objects(sheets, name) for cell in _objects(sheet.get("cells"), name)]
    if len(found) > _CELLS:
        raise Refusal(f"{shown(name)} has {len(found):,} cells (at most {_CELLS:,}): hand in only what you wrote")
    for cell in found:
        if cell.get("cell_type") == "code":
            yield _source(cell.get("input" if of_sheets else "source", ""), name)


def _objects(found: Any, name: str) -> list[dict[str, Any]]:
    if not isinstance(found, list) or not all(isinstance(f, dict) for f in found):
        raise Refusal(f"{shown(name)} is not a notebook (its cells are not where they should be): {_SAVE}")
    return found


def _source(found: Any, name: str) -> str:
    lines = [found] if isinstance(found, str) else found
    if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
        raise Refusal(f"{shown(name)} is not a notebook (a cell of it is no text): {_SAVE}")
    return "".join(lines).encode("utf-8", "backslashreplace").decode()  # a lone surrogate cannot be passed on


def _language(document: dict[str, Any]) -> Iterable[str]:
    metadata = document.get("metadata")
    info = metadata.get("language_info") if isinstance(metadata, dict) else None
    language = info.get("name") if isinstance(info, dict) else None
    if isinstance(language, str) and "python" not in language.lower():
        yield f"the notebook says that it is written in {text.label(language, 40)}; only Python is marked"
