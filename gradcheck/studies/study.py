"""What a study finds, as data: tables, the statements weighed on them, and which columns are worth a picture. Rendering is elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Weighed = Literal["shown", "refuted", "not shown"]
Scale = Literal["linear", "log"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its identifier, its heading, its unit, and whether it is a measurement that differs between machines."""

    name: str
    heading: str
    unit: str = ""
    measured: bool = False

    @property
    def titled(self) -> str:
        """The heading with its unit, where that says more."""
        return self.heading if self.unit in ("", *self.heading.split()) else f"{self.heading} ({self.unit})"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of plain values (numbers, strings, None for what was not measured) under named columns."""

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]

    def __post_init__(self) -> None:
        wrong = next((row for row in self.rows if len(row) != len(self.columns)), None)
        if wrong is not None:
            raise ValueError(f"table {self.name}: a row of {len(wrong)} values under {len(self.columns)} columns: {wrong!r}")

    def column(self, name: str) -> tuple[Any, ...]:
        """The values of one column, by its identifier."""
        at = [c.name for c in self.columns].index(name)
        return tuple(row[at] for row in self.rows)

    def records(self) -> Iterator[dict[str, Any]]:
        """Every row as a dict by column identifier."""
        names = [c.name for c in self.columns]
        return (dict(zip(names, row, strict=True)) for row in self.rows)

    def pinned(self) -> Table:
        """The table without what is measured: the same on every machine."""
        kept = [i for i, c in enumerate(self.columns) if not c.measured]
        rows = tuple(tuple(row[i] for i in kept) for row in self.rows)
        return Table(self.name, self.title, tuple(self.columns[i] for i in kept), rows)


@dataclass(frozen=True, slots=True)
class Statement:
    """Something said of the numbers ("tape O(N + l)"), its verdict, and the evidence in one line with its numbers.

    `measured` marks evidence that rests on times, which differ between machines.
    """

    name: str
    verdict: Weighed
    evidence: str
    values: Mapping[str, float] = field(default_factory=dict)
    measured: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """A line across a chart at a value of x or y, with its label: a predicted optimum, a bound, a crossover."""

    axis: Literal["x", "y"]
    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Which columns of which table to draw: `y` over `x`, a line or points for each value of `series`, a panel for each of `panel`.

    `low` and `high` name columns of an interval around y (quartiles). `caption` is one sentence that says what is to be seen; `reading` says
    in words what the picture shows, for people who don't see it.
    """

    name: str
    title: str
    table: str
    x: str
    y: str
    series: str | None = None
    panel: str | None = None
    kind: Literal["line", "points", "bars"] = "line"
    x_scale: Scale = "log"
    y_scale: Scale = "log"
    low: str | None = None
    high: str | None = None
    rules: tuple[Rule, ...] = ()
    caption: str = ""
    reading: str = ""


@dataclass(frozen=True, slots=True)
class Study:
    """A finished study: the question in a sentence or two, tables, statements with verdicts, and charts."""

    name: str
    title: str
    question: str
    tables: tuple[Table, ...]
    statements: tuple[Statement, ...] = ()
    charts: tuple[Chart, ...] = ()
    notes: Sequence[str] = ()

    def table(self, name: str) -> Table:
        """One of its tables, by identifier."""
        return next(t for t in self.tables if t.name == name)

    @property
    def met(self) -> bool:
        """Whether every statement is shown."""
        return all(s.verdict == "shown" for s in self.statements)
