"""How a gradient is to be checked: what the marker of a test says, and what the call in it says."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any

import pytest

MARKED = {
    "points": "how many points are drawn, 1 or more, or a list of points",
    "search": "True, False or 'hypothesis'",
    "order": "1 or 2",
    "digits": "a number above 0",
    "seed": "a whole number, 0 or more",
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
    if not fits(name, value):
        raise pytest.UsageError(f"@pytest.mark.gradcheck({name}={value!r}): expected {MARKED[name]}")


def fits(name: str, value: Any) -> bool:
    """Whether an option can mean that."""
    if name == "points" and isinstance(value, list):
        return bool(value) and all(isinstance(p, tuple | dict) for p in value)
    number, whole = (isinstance(value, kind) and not isinstance(value, bool) for kind in (Real, Integral))
    if name == "search":
        return value in (True, False, "hypothesis")
    if name == "digits":
        return value is None or (number and 0 < value < math.inf)
    return whole and (value in (1, 2) if name == "order" else value >= (1 if name == "points" else 0))
