"""Changes between two reports as text and as a document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradcheck.rendering.document import plain
from gradcheck.rendering.layout import number
from gradcheck.rendering.text import one_line
from gradcheck.studies.changes import Change, regressions

TITLES = {"worse": "Worse", "better": "Better", "changed": "Changed", "within noise": "Within noise"}
_SHORT = 100  # characters of a note


def changes_text(found: Sequence[Change], *, everything: bool = False) -> str:
    """The changes, the worse first, and a line that counts them; what is within noise only where `everything` is asked for."""
    parts = []
    for direction, title in TITLES.items():
        lines = [_line(c) for c in found if c.direction == direction]
        if lines and (direction != "within noise" or everything):
            parts.append("\n".join([title, *lines]))
    return "\n\n".join([*parts, _closing(found)]) + "\n"


def _line(c: Change) -> str:
    note = f"  ({one_line(c.note, _SHORT)})" if c.note else ""
    if c.old is None or c.new is None:
        return f"  {c.kind} {one_line(c.where)}: {_value(c.new if c.old is None else c.old)}{note}"
    return f"  {c.kind} {one_line(c.where)}: {_value(c.old)} -> {_value(c.new)}{note}"


def _value(value: Any) -> str:
    return one_line(value, _SHORT) or "none" if isinstance(value, str) else one_line(number(value), _SHORT)


def _closing(found: Sequence[Change]) -> str:
    counts = {d: sum(c.direction == d for c in found) for d in TITLES}
    return (
        f"{counts['worse']} worse, {counts['better']} better, {counts['changed']} changed otherwise, {counts['within noise']} within noise"
    )


def changes_document(found: Sequence[Change], *, everything: bool = False) -> dict[str, Any]:
    """The changes as a document for `dumps`: `regressed`, and every change with its direction."""
    shown = [c for c in found if everything or c.direction != "within noise"]
    return {"schema_version": 1, "regressed": bool(regressions(found)), "changes": plain(list(shown))}
