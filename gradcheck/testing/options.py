"""How a gradient is to be checked: what the marker of a test says, and what the call in it says."""

from __future__ import annotations

from typing import Any

import pytest

MARKED = {
    "points": "how many points are drawn",
    "search": "True, False or 'hypothesis'",
    "order": "1 or 2",
    "digits": "a number",
    "seed": "a whole number",
}


def marked(item: pytest.Item) -> dict[str, Any]:
    """What the markers of a test say, the nearest first.

    Raises pytest.UsageError, in one line, for what a marker does not know or cannot mean.
    """
    said: dict[str, Any] = {}
    for marker in item.iter_markers("gradcheck"):
        if marker.args:
            raise pytest.UsageError(f"@pytest.mark.gradcheck({marker.args[0]!r}): takes keywords only: {_known()}")
        for name, value in marker.kwargs.items():
            _require(name, value)
            said.setdefault(name, value)
    return said


def _known() -> str:
    return ", ".join(f"{name}= ({what})" for name, what in MARKED.items())


def _require(name: str, value: Any) -> None:
    if name not in MARKED:
        raise pytest.UsageError(f"@pytest.mark.gradcheck({name}=...): unknown; it knows {_known()}")
    if not _fits(name, value):
        raise pytest.UsageError(f"@pytest.mark.gradcheck({name}={value!r}): expected {MARKED[name]}")


def _fits(name: str, value: Any) -> bool:
    whole = isinstance(value, int) and not isinstance(value, bool)
    if name == "search":
        return value in (True, False, "hypothesis")
    if name == "digits":
        return value is None or whole or (isinstance(value, float) and value > 0)
    return whole and (value in (1, 2) if name == "order" else value >= (1 if name == "points" else 0))
