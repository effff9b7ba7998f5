"""What pages are made of: cells, tables and the templates' environment. Everything that comes from users passes `inert` and is escaped."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from gradcheck.errors import UsageError
from gradcheck.rendering.layout import number
from gradcheck.rendering.text import LINE, one_line
from gradcheck.studies.study import Table

if TYPE_CHECKING:
    from jinja2 import Environment

    from gradcheck.case import Case

TALL, LARGE = 40, 400  # rows
SHEETS = ("site.css", "graph.css", "math.css", "charts.css")
SCRIPTS = ("site.js",)
CLASSES = {
    "right": "good", "shown": "good", "yes": "good", "wrong": "bad", "refuted": "bad", "no": "bad", "at fault": "bad",
    "proven": "good", "by defining identity": "good", "certified": "good", "failed": "bad",
    "random": "good", "search": "good", "there": "warn", "remark": "warn",
    "kink": "kink", "undecided": "warn", "not shown": "warn", "did not run": "plain",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Chapter:
    """A page that the bar at the top leads to."""

    title: str
    file: str


@dataclass(frozen=True, slots=True)
class Link:
    """A case's page, from where it is linked."""

    name: str
    file: str


CHAPTERS = (
    Chapter("Summary", "index.html"),
    Chapter("Cost", "cost.html"),
    Chapter("Accuracy", "accuracy.html"),
    Chapter("Learning", "learning.html"),
    Chapter("Rules", "rules.html"),
)
MUSEUM = Chapter("Museum", "museum.html")  # where a run holds exhibits


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in one cell of a table; `value` is what sorting compares, where that is not the text."""

    text: str
    badge: bool = False
    href: str | None = None
    code: bool = False
    numeric: bool = False
    value: str | None = None


@dataclass(frozen=True, slots=True)
class Head:
    """A column's heading; `choose` offers its values in a menu."""

    text: str
    numeric: bool = False
    choose: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Rows under a common heading; `note` says more of them."""

    title: str
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """A table as it is shown."""

    caption: str
    head: tuple[Head, ...]
    groups: tuple[Group, ...]
    interactive: bool = False
    noun: str = "rows"
    note: str = ""
    id: str = ""

    @property
    def rows(self) -> tuple[tuple[Cell, ...], ...]:
        """The rows of all groups."""
        return tuple(row for group in self.groups for row in group.rows)

    @property
    def size(self) -> str:
        """How much room it takes: a tall table scrolls in a box of its own, a large one opens with its groups folded."""
        rows = len(self.rows)
        return "large tall" if rows > LARGE else "tall" if rows > TALL else ""


def view(caption: str, head: Sequence[Head], rows: Iterable[Sequence[Cell]], **how: Any) -> View:
    """A table of one group."""
    return View(caption, tuple(head), (Group("", tuple(map(tuple, rows))),), **how)


def view_of(table: Table, limit: int = 400) -> View:
    """A study's table, numbers to the right; beyond `limit` rows it says how many there are."""
    numeric = [_numeric(table.column(c.name)) for c in table.columns]
    head = [Head(one_line(c.titled), n) for c, n in zip(table.columns, numeric, strict=True)]
    rows = [[figure(v) for v in row] for row in table.rows[:limit]]
    note = f"The first {limit} of {len(table.rows)} rows." if len(table.rows) > limit else ""
    return view(table.title, head, rows, interactive=len(table.rows) > 20, note=note)


def _numeric(values: Sequence[Any]) -> bool:
    known = [v for v in values if v is not None]
    return bool(known) and all(isinstance(v, int | float) and not isinstance(v, bool) for v in known)


def figure(value: Any) -> Cell:
    """A plain value as a cell: numbers to six digits, with all of them to sort by."""
    if value is None:
        return Cell("")
    if isinstance(value, bool):
        return Cell("yes" if value else "no")
    if isinstance(value, int):
        return Cell(f"{value:,}", numeric=True, value=str(value) if abs(value) > 999 else None)
    if isinstance(value, float):
        return Cell(number(value), numeric=True, value=repr(value))
    return Cell(one_line(str(value)))


def badge(word: str) -> Cell:
    """A verdict."""
    return Cell(word, badge=True)


def digits(value: float) -> Cell:
    """Correct digits; exact ones have no end."""
    return Cell("exact" if value == math.inf else f"{value:.1f}", numeric=True, value=repr(float(value)))


@cache
def environment() -> Environment:
    """The templates, everything escaped. Raises UsageError without the extra `report`."""
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined
    except ImportError:
        raise UsageError("the HTML report needs the extra `report`: pip install 'gradcheck[report]'") from None
    made = Environment(
        loader=PackageLoader("gradcheck.rendering.site"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    made.filters["outcome_class"] = lambda word: CLASSES.get(word, "plain")
    made.filters["inert"] = lambda text: one_line(text, LINE)
    made.filters["ticked"] = ticked
    return made


def ticked(text: str) -> Any:
    """Words between backticks as code."""
    from markupsafe import Markup, escape

    parts = text.split("`")
    if len(parts) % 2 == 0:  # one of them stands alone
        return escape(text)
    return Markup("").join(Markup("<code>{}</code>").format(part) if i % 2 else escape(part) for i, part in enumerate(parts))


def chapters_of(cases: Iterable[Case]) -> tuple[Chapter, ...]:
    """The chapters of a report of these cases: the museum is one where there are exhibits."""
    return (*CHAPTERS, MUSEUM) if any(c.exhibit is not None for c in cases) else CHAPTERS


def render(
    template: str,
    *,
    here: str,
    title: str,
    footer: str,
    scripts: Sequence[str] = SCRIPTS,
    chapters: Sequence[Chapter] = CHAPTERS,
    **given: Any,
) -> str:
    """A page by its template. `here` is its path below the site, from which the way to the assets follows."""
    page = environment().get_template(template)
    root = "../" * here.count("/")
    return page.render(
        here=here, title=title, footer=footer, root=root, chapters=chapters, sheets=SHEETS, scripts=scripts, **given
    )  # fmt: skip


def asset(name: str) -> bytes:
    """A file of ours that every page shares."""
    return resources.files("gradcheck.rendering").joinpath("assets", name).read_bytes()
