"""Colours, marks and dashes of charts: every series differs in colour and in shape, in light and in dark."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

# light -> dark. Chosen by search: at least 3:1 on the page, and apart from each other as people with protanopia and deuteranopia see them
# (Machado's matrices, distances in OKLab; tests/unit/test_charts.py weighs them again)
SERIES = {
    "#1257d6": "#5b95ff",
    "#a8370c": "#dd7f17",
    "#00796b": "#55ecca",
    "#d957bd": "#fb6fae",
    "#a58a1c": "#ffe066",
    "#38424f": "#b4bfcc",
}
TEXT, MUTED, GRID, PAGE = "#1f2329", "#59626e", "#e3e6ea", "#fefefe"
INK = {TEXT: "#e6eaf0", MUTED: "#9aa5b3", GRID: "#343c47", PAGE: "#14181e"}
DARK = SERIES | INK  # what each colour of a light chart becomes in the dark: a style sheet does it, so a picture is drawn once

_SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down")
_DASHES = ((1, 0), (7, 3), (2, 2), (9, 3, 2, 3), (5, 2, 1, 2, 1, 2), (12, 4))
# the same shapes as paths around 0, 10 units wide, for the buttons of a page
_PATHS = {
    "circle": "M-4,0a4,4 0 1,0 8,0a4,4 0 1,0 -8,0",
    "square": "M-3.6,-3.6h7.2v7.2h-7.2z",
    "triangle-up": "M0,-4.4L4.6,3.6h-9.2z",
    "diamond": "M0,-5L4,0L0,5L-4,0z",
    "cross": "M-1.6,-4.6h3.2v3h3v3.2h-3v3h-3.2v-3h-3v-3.2h3z",
    "triangle-down": "M0,4.4L4.6,-3.6h-9.2z",
}


@dataclass(frozen=True, slots=True)
class Look:
    """How one series is told apart: colour, shape of its marks, dashes of its line."""

    colour: str
    shape: str
    dash: tuple[int, ...]

    @property
    def path(self) -> str:
        """Its shape as an SVG path around the origin."""
        return _PATHS[self.shape]


def looks(count: int) -> tuple[Look, ...]:
    """A look for each of `count` series: no colour with the same shape twice among the first 36."""
    colours, n = tuple(SERIES), len(SERIES)
    return tuple(Look(colours[i % n], _SHAPES[(i + i // n) % n], _DASHES[(i + i // n) % n]) for i in range(count))


def dark_rules(scope: str = "") -> Iterator[str]:
    """CSS that turns a light picture's presentation attributes dark, below the given selector."""
    for light, dark in DARK.items():
        for attribute in ("fill", "stroke"):
            yield f'{scope}[{attribute}="{light}"]{{{attribute}:{dark}}}'
