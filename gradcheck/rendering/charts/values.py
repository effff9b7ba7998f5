"""What a chart shows, taken from its table: the points that can be drawn, the ends of the axes, and what was left out, said."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from gradcheck.rendering.text import label
from gradcheck.studies.study import Chart, Rule, Scale, Study, Table

NAME_LENGTH, TEXT_LENGTH = 60, 2000  # characters of a label, and of a caption
MOST_NAMES, MOST_POINTS = 100, 3000
_MARGIN = 0.04  # of an axis beyond its data, so that no mark is cut
_MARKS = 14  # marks on a line with many points; fewer points are all marked
_MOST = 8e307  # a linear axis ends here: the distance of its ends is still a double
_DIGITS = 7  # significant digits in a picture; the table has all of them


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis: its title, its scale, and its ends or its categories. `zero` is where exact zeros stand on a logarithmic axis."""

    title: str
    scale: Scale | Literal["names"]
    low: float = 0.0
    high: float = 1.0
    names: tuple[str, ...] = ()
    zero: float | None = None


@dataclass(frozen=True, slots=True)
class Drawn:
    """A chart made ready: points as plain records (x, y, and s, p, l, h, m, o: series, panel, low, high, marked, what is exactly 0), axes, names, rules, notes.

    A point of a line without a y is a gap.
    """

    points: tuple[dict[str, Any], ...]
    x: Axis
    y: Axis
    series: tuple[str, ...]
    panels: tuple[str, ...]
    rules: tuple[Rule, ...]
    notes: tuple[str, ...]


def drawn(study: Study, chart: Chart) -> Drawn:
    """The values of one chart. ValueError where it names a table or column that is not there, or where a number axis holds names."""
    table = _table(study, chart)
    records = list(table.records())
    rules = tuple(Rule(r.axis, float(r.at), label(r.label, NAME_LENGTH)) for r in chart.rules)
    bars = chart.kind == "bars"
    x = _axis(table, [chart.x], records, chart.x_scale, _at(rules, "x"))
    y = _axis(table, [n for n in (chart.y, chart.low, chart.high) if n], records, chart.y_scale, _at(rules, "y"), bars)
    if y.scale == "names" or (x.scale == "names" and _at(rules, "x")):
        raise ValueError(f"chart {chart.name}: {'y' if y.scale == 'names' else 'a rule on x'} needs numbers, and its column holds names")
    reader = _Reader(
        chart, x, y, _labels(chart.series, records), _labels(chart.panel, records), _labels(chart.x, records) if x.names else {}
    )
    points = [p for p in map(reader.point, records) if p is not None]
    placed = [p for p in points if p["y"] is not None]
    names = tuple(n for n in x.names if n in {p["x"] for p in placed})
    zeros = tuple(Rule(axis, at, "exactly 0") for axis, at in (("x", x.zero), ("y", y.zero)) if at is not None)  # type: ignore[arg-type]
    return Drawn(
        points=tuple(_in_order(chart, points)),
        x=replace(x, names=names),
        y=y,
        series=tuple(s for s in reader.series.values() if s in {p.get("s") for p in placed}),
        panels=tuple(p for p in reader.panels.values() if p in {q.get("p") for q in placed}),
        rules=rules + zeros,
        notes=tuple(_notes(reader, bars, len(points))),
    )


def finite(value: Any) -> float | None:
    """A value as a finite float, or None."""
    if value is None or isinstance(value, str):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _table(study: Study, chart: Chart) -> Table:
    tables = {t.name: t for t in study.tables}
    if chart.table not in tables:
        raise ValueError(f"chart {chart.name}: no table is called {chart.table!r}; there are: {', '.join(tables) or 'none'}")
    table = tables[chart.table]
    columns = [c.name for c in table.columns]
    wanted = (chart.x, chart.y, chart.series, chart.panel, chart.low, chart.high)
    for name in wanted:
        if name is not None and name not in columns:
            raise ValueError(f"chart {chart.name}: table {table.name} has no column {name!r}; there are: {', '.join(columns)}")
    return table


def _labels(column: str | None, records: Sequence[dict[str, Any]]) -> dict[Any, str]:
    """A short line for each value of a column, in the order met; values that read alike are numbered."""
    if column is None:
        return {}
    labels: dict[Any, str] = {}
    for value in dict.fromkeys(r[column] for r in records):
        text = label("-" if value is None else str(value), NAME_LENGTH) or "(no name)"
        again, n = text, 2
        while again in labels.values():
            again, n = f"{text[: NAME_LENGTH - 6]} ({n})", n + 1
        labels[value] = again
    return labels


def _at(rules: Iterable[Rule], axis: str) -> list[float]:
    return [r.at for r in rules if r.axis == axis]


def _axis(
    table: Table, names: Sequence[str], records: Sequence[dict[str, Any]], scale: Scale, also: Sequence[float], from_zero: bool = False
) -> Axis:
    title = label(next(c for c in table.columns if c.name == names[0]).titled, NAME_LENGTH)
    values = [r[name] for name in names for r in records]
    if any(isinstance(v, str) for v in values):
        return Axis(title, "names", names=tuple(_labels(names[0], records).values())[:MOST_NAMES])
    numbers = [v for v in (*map(finite, values), *also) if v is not None]
    if scale == "log":
        zeros = any(finite(r[names[0]]) == 0 for r in records)
        return Axis(title, "log", *_log_ends([v for v in numbers if v > 0], zeros))
    return Axis(title, "linear", *_linear_ends(numbers, from_zero))


def _log_ends(positive: Sequence[float], zeros: bool) -> Any:
    """Both ends, no names, and where zeros stand: one step of at least a decade below the least."""
    if not positive:
        return (0.1, 10.0, (), 1.0 if zeros else None)
    low, high = math.log10(min(positive)), math.log10(max(positive))
    foot = math.floor(low) - max(1, round(0.06 * (high - low))) if zeros else None
    low = low if foot is None else foot
    margin = _MARGIN * max(high - low, 1.0)
    return (_power(low - margin), _power(high + margin), (), None if foot is None else _power(foot))


def _power(exponent: float) -> float:
    """A power of ten that a double holds."""
    return float(f"{10.0 ** min(max(exponent, -307.0), 308.0):.6g}")


def _linear_ends(numbers: Sequence[float], from_zero: bool) -> tuple[float, float]:
    if not numbers:
        return (0.0, 1.0)
    low, high = min(numbers), max(numbers)
    if from_zero or 0 <= low < 0.25 * high:
        low, high = min(low, 0.0), max(high, 0.0)
    margin = _MARGIN * (min(high - low, _MOST) or abs(high) or 1.0)
    low, high = low if from_zero and low == 0 else low - margin, high if from_zero and high == 0 else high + margin
    return (max(low, -_MOST), min(high, _MOST))


@dataclass(frozen=True, slots=True)
class _Reader:
    """Turns rows into points, and counts what has no place."""

    chart: Chart
    x: Axis
    y: Axis
    series: Mapping[Any, str]
    panels: Mapping[Any, str]
    names: Mapping[Any, str]
    left: Counter[str] = field(default_factory=Counter)

    def point(self, record: Mapping[str, Any]) -> dict[str, Any] | None:
        """The point of one row, if it has a place; without a y it is a gap in a line."""
        chart = self.chart
        x = self._name(record[chart.x]) if self.x.names else self._placed(self.x, record[chart.x])
        y = None if x is None else self._placed(self.y, record[chart.y])
        if x is None or (y is None and chart.kind != "line"):
            return None
        point: dict[str, Any] = {"x": x, "y": y}
        moved = "".join(n for n, to, axis in (("x", x, self.x), ("y", y, self.y)) if to is not None and to == axis.zero)
        if moved:
            point["o"] = moved
        if chart.series is not None:
            point["s"] = self.series[record[chart.series]]
        if chart.panel is not None:
            point["p"] = self.panels[record[chart.panel]]
        return point if y is None else point | self._interval(record)

    def _name(self, value: Any) -> str | None:
        name = self.names[value]
        if name in self.x.names:
            return name
        self.left["names"] += 1
        return None

    def _placed(self, axis: Axis, value: Any) -> float | None:
        """Where a value stands on a number axis; None, and counted, where it has no place."""
        number = finite(value)
        if number is None:
            self.left["missing" if value is None else "not finite"] += 1
            return None
        if axis.scale == "log" and number <= 0:
            self.left["negative" if number < 0 else "zero"] += 1
            return None if number < 0 else axis.zero
        return _short(number)

    def _interval(self, record: Mapping[str, Any]) -> dict[str, float]:
        """The ends of the interval around y, if both are known; on a logarithmic axis it ends at the foot."""
        low, high = (finite(record[n]) if n else None for n in (self.chart.low, self.chart.high))
        if low is None or high is None:
            return {}
        if self.y.scale == "log":
            low, high = max(low, self.y.low), max(high, self.y.low)
        return {"l": _short(low), "h": _short(high)}


def _short(number: float) -> float:
    return float(f"{number:.{_DIGITS}g}")


def _in_order(chart: Chart, points: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Points of a line by x, some of them marked; others as they come, all marked. Too many are thinned evenly."""
    line = chart.kind == "line" and not any(isinstance(p["x"], str) for p in points)
    groups: dict[Any, list[dict[str, Any]]] = {}
    for p in points:
        groups.setdefault((p.get("p"), p.get("s")), []).append(p)
    thin = -(-len(points) // MOST_POINTS)
    for number, group in enumerate(groups.values()):
        kept = (sorted(group, key=lambda p: p["x"]) if line else group)[:: max(1, thin)]
        stride = max(1, round(len(kept) / _MARKS)) if line and len(kept) > 2 * _MARKS else 1
        for i, p in enumerate(kept):
            marked = (i - number * max(1, stride // 3)) % stride == 0  # lines that coincide are not marked at the same places
            yield {**p, "m": 1} if marked else p


def _notes(reader: _Reader, bars: bool, points: int) -> Iterator[str]:
    """What is not drawn where it is, in words."""
    left, log = reader.left, "which has no place on a logarithmic axis"
    if left["zero"]:
        yield f"{_count(left['zero'], 'value is', 'values are')} exactly 0, {log}: drawn on the line marked so"
    if left["negative"]:
        yield f"{_count(left['negative'], 'value is', 'values are')} negative, {log}: not drawn"
    if left["not finite"]:
        yield f"{_count(left['not finite'], 'value is', 'values are')} not finite: not drawn"
    if left["missing"]:
        yield f"{_count(left['missing'], 'value was', 'values were')} not measured: not drawn"
    if left["names"]:
        yield f"only the first {MOST_NAMES} of {len(reader.names)} names are drawn; the table has all of them"
    if points > MOST_POINTS:
        yield f"one point in {-(-points // MOST_POINTS)} is drawn; the table has all of them"
    if bars and reader.y.scale == "log":
        yield "the axis is logarithmic: compare where bars end, not how long they are"


def _count(n: int, one: str, many: str) -> str:
    return f"{n} {one if n == 1 else many}"
