"""The picture and the derivation as parts of a page."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gradcheck.circuit import Circuit


@dataclass(frozen=True, slots=True)
class Picture:
    """A graph to step through: its SVG, the steps as data and as JSON that no text can break out of; or why there is none."""

    svg: Any
    steps: Sequence[Any]
    data: Any
    why: str = ""


def embedded(data: Any) -> Any:
    """JSON for a script element of data: no character in it can end the element."""
    from markupsafe import Markup

    text = json.dumps(data, allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 - every character that HTML reads is written as an escape of JSON


def picture_of(circuit: Circuit, inputs: Sequence[Any]) -> Picture:
    return Picture("", (), "", "")


def derivation_of(circuit: Circuit, inputs: Sequence[Any]) -> Any:
    return ""


CHART_SCRIPTS: tuple[str, ...] = ()


def figures(study: Any) -> list[Any]:
    return []
