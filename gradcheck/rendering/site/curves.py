"""A derivative over a stretch of one input, as it was and as it should be: a small picture, drawn by hand so that a page can hold many."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.rendering.layout import number
from gradcheck.studies.museum import Shown

SAMPLES = 181
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 340, 190, 52, 12, 12, 30
TINY = 0.02  # share of the largest value below which two curves look alike: then their relative error is drawn
FLOOR = 1e-17  # of a relative error that is drawn
LEAST = 0.5  # of the largest value: what the picture spans at least, so that rounding is no mountain range
ROOM = 1.6  # how far beyond the right curve the picture reaches for the wrong one


@dataclass(frozen=True, slots=True)
class Curves:
    """Both derivatives over one entry of an argument, as drawn: `error` where it is the wrong one's relative error, on a logarithmic scale."""

    name: str
    x: Any
    was: Any
    mended: Any
    at: float
    error: bool

    @property
    def gaps(self) -> bool:
        """Whether the wrong rule gives no number somewhere."""
        return not np.all(np.isfinite(self.was))


def curves(shown: Shown) -> Curves | None:
    """Both rules over the stretch that the exhibit names, through its last point; None where it names none, or nothing can be evaluated."""
    if shown.exhibit.along is None or not shown.case.at:
        return None
    argument, entry, low, high = shown.exhibit.along
    position, point = shown.case.parameters.index(argument), shown.case.at[-1]
    at = float(np.ravel(point[position])[entry])
    x = np.union1d(np.linspace(low, high, SAMPLES), [at] if low <= at <= high else [])
    was, mended = (np.array([_partial(pair[0].function, point, position, entry, v) for v in x]) for pair in (shown.was, shown.mended))
    if not np.any(np.isfinite(mended)):
        return None
    finite = np.isfinite(was) & np.isfinite(mended)
    alike = bool(np.all(np.abs(was - mended)[finite] <= TINY * np.max(np.abs(mended[np.isfinite(mended)])))) and bool(np.all(finite))
    name = (
        argument
        if np.ndim(point[position]) == 0
        else f"{argument}[{', '.join(map(str, np.unravel_index(entry, np.shape(point[position]))))}]"
    )
    if alike:
        with np.errstate(all="ignore"):
            was, mended = np.maximum(np.abs(was / mended - 1), FLOOR), np.full(x.shape, FLOOR)
    return Curves(name, x, was, mended, at, alike)


def _partial(gradient: Callable[..., Any], point: Sequence[Any], position: int, entry: int, value: float) -> float:
    moved = [np.array(a, dtype=float) for a in point]
    moved[position].reshape(-1)[entry] = value
    try:
        with np.errstate(all="ignore"):
            found = gradient(*(a if a.ndim else float(a) for a in moved))
    except (ArithmeticError, ValueError):  # LinAlgError too: no inverse there
        return math.nan
    rows = found if isinstance(found, tuple) else (found,)
    flat = np.ravel(rows[position])
    return float(flat[entry]) if entry < flat.size else math.nan


def svg_of(drawn: Curves) -> str:
    """The picture as an SVG element, coloured by the page's sheet. What it shows stands in its title."""
    scale = _Scale(drawn)
    said = f"The derivative by {drawn.name} from {number(float(drawn.x[0]))} to {number(float(drawn.x[-1]))}"
    said += ": the relative error of the rule as it was" if drawn.error else ", as it was and as it should be"
    parts = [f'<svg class="curve" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"><title>{said}.</title>', *scale.frame()]
    if not drawn.error:
        parts += scale.path(drawn.mended, np.isfinite(drawn.mended), "mended")
    alone = _alone(drawn)
    finite = np.isfinite(drawn.was)
    parts += scale.path(drawn.was, finite & ~alone, "was")
    parts += [
        f'<circle class="was" cx="{scale.x(x):.1f}" cy="{scale.y(y):.1f}" r="4"/>'
        for x, y in zip(drawn.x[alone], drawn.was[alone], strict=True)
    ]
    parts += [scale.cross(x) for x in _spread(drawn.x[~finite])]
    return "".join([*parts, "</svg>"])


def _alone(drawn: Curves) -> Any:
    """Samples at which the wrong rule leaves the right one, and at neither neighbour: a dot, no line."""
    with np.errstate(all="ignore"):
        off = np.abs(drawn.was - drawn.mended) > 1e-3 * np.nanmax(np.abs(drawn.mended), initial=1e-300)
    off &= np.isfinite(drawn.was)
    neighbours = np.r_[False, off[:-1]] | np.r_[off[1:], False]
    return off & ~neighbours if not drawn.error else np.zeros(off.shape, bool)


def _spread(x: Any) -> Any:
    """At most two dozen of the points without a value, the first and the last among them."""
    return x if x.size <= 24 else x[np.unique(np.linspace(0, x.size - 1, 24).astype(int))]


class _Scale:
    """From numbers to places in the picture."""

    def __init__(self, drawn: Curves) -> None:
        self.drawn = drawn
        self.low, self.high = _ends(drawn)

    def x(self, value: float) -> float:
        first, last = float(self.drawn.x[0]), float(self.drawn.x[-1])
        return LEFT + (value - first) / (last - first) * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        seen = math.log10(value) if self.drawn.error else value
        share = (min(max(seen, self.low), self.high) - self.low) / (self.high - self.low)
        return TOP + (1 - share) * (HEIGHT - TOP - BOTTOM)

    def path(self, values: Any, drawn: Any, name: str) -> Iterator[str]:
        """A line through the samples that are drawn, broken where it jumps out of the picture or is not there."""
        text, pen = [], False
        for x, y, there in zip(self.drawn.x, values, drawn, strict=True):
            inside = bool(there) and (self.drawn.error or self.low <= y <= self.high)
            if inside:
                text.append(f"{'L' if pen else 'M'}{self.x(x):.1f} {self.y(y):.1f}")
            pen = inside
        if text:
            yield f'<path class="{name}" d="{"".join(text)}"/>'

    def cross(self, x: float) -> str:
        """Where there is no number."""
        a, b = self.x(x), HEIGHT - BOTTOM - 7
        return f'<path class="none" d="M{a - 3.5:.1f} {b - 3.5} l7 7 m0 -7 l-7 7"/>'

    def frame(self) -> Iterator[str]:
        """The axes, their ends, 0, and where the exhibit's point is."""
        bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
        yield f'<path class="axis" d="M{LEFT} {TOP} V{bottom} H{right}"/>'
        if not self.drawn.error and self.low < 0 < self.high:
            yield f'<path class="zero" d="M{LEFT} {self.y(0.0):.1f} H{right}"/>'
        if self.drawn.x[0] < self.drawn.at < self.drawn.x[-1]:
            yield f'<path class="zero" d="M{self.x(self.drawn.at):.1f} {TOP} V{bottom}"/>'
        ends = (f"1e{self.low:.0f}", f"1e{self.high:.0f}") if self.drawn.error else (_short(self.low), _short(self.high))
        yield f'<text class="end" x="{LEFT - 5}" y="{bottom}">{ends[0]}</text><text class="end" x="{LEFT - 5}" y="{TOP + 9}">{ends[1]}</text>'
        first, last = _short(float(self.drawn.x[0])), _short(float(self.drawn.x[-1]))
        yield f'<text x="{LEFT}" y="{bottom + 16}">{first}</text><text class="end" x="{right}" y="{bottom + 16}">{last}</text>'
        yield f'<text class="middle" x="{(LEFT + right) / 2}" y="{bottom + 16}">{self.drawn.name}</text>'


def _ends(drawn: Curves) -> tuple[float, float]:
    """The lowest and highest value shown."""
    if drawn.error:
        return math.log10(FLOOR), max(0.0, math.ceil(math.log10(float(np.max(drawn.was)))))
    right = drawn.mended[np.isfinite(drawn.mended)]
    wrong = drawn.was[np.isfinite(drawn.was)]
    low, high = float(np.min(right)), float(np.max(right))
    span = max(high - low, LEAST * max(abs(low), abs(high)), 1e-3)
    low, high = min(low, (low + high - span) / 2), max(high, (low + high + span) / 2)
    if wrong.size:
        low, high = max(min(low, float(np.min(wrong))), low - ROOM * span), min(max(high, float(np.max(wrong))), high + ROOM * span)
    margin = 0.06 * (high - low)
    return low - margin, high + margin


def _short(value: float) -> str:
    return f"{value:.3g}"
