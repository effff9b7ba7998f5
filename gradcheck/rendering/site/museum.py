"""The museum: historical mistakes of libraries, a card for each, and what checkers say of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import FunctionType
from typing import Any

from gradcheck.rendering.explanation import short_paths
from gradcheck.rendering.site.chapters import shown_study
from gradcheck.rendering.site.curves import curves, svg_of
from gradcheck.rendering.site.page import MUSEUM, SCRIPTS, Cell, Chapter, Head, View, badge, render, view
from gradcheck.rendering.site.pieces import CHART_SCRIPTS
from gradcheck.rendering.site.source import body_of, compared, highlighted, source_of
from gradcheck.rendering.text import LINE, NAME, one_line, slug
from gradcheck.studies.museum import OURS, Checkers, Said, Shown, checkers_beside, exhibits
from gradcheck.studies.running import RunResult
from gradcheck.studies.study import Study

LEAD = (
    "Every exhibit is a derivative that a well-known library once had wrong, ported to NumPy: the rule as it was, and as it should be. "
    "Random points show some of these mistakes and not others; each is shown where it fails."
)


@dataclass(frozen=True, slots=True)
class Card:
    """An exhibit as it is shown: words, both rules with what differs marked, a picture where one says more, and what was said of it."""

    id: str
    title: str
    page: str
    library: str
    source: str
    year: str
    kind: str
    bug: str
    shows: str
    function: str
    was: Any
    mended: Any
    helpers: Any
    was_outcome: str
    mended_outcome: str
    finding: tuple[str, str]
    curve: Any
    error: bool
    gaps: bool
    told: tuple[str, ...]
    own: str


def museum_page(result: RunResult, study: Study, footer: str, chapters: Sequence[Chapter]) -> tuple[str, str]:
    """The chapter's file and page. Its study is that of `studies.museum`."""
    shown = exhibits(result)
    known = checkers_beside(shown)
    return MUSEUM.file, render(
        "museum.html", here=MUSEUM.file, title="The museum of wrong gradients", footer=footer, scripts=(*SCRIPTS, *CHART_SCRIPTS), chapters=chapters,
        lead=LEAD, study=shown_study(study), overview=overview(shown, known), cards=[card(s, known) for s in shown],
    )  # fmt: skip


def overview(shown: Sequence[Shown], known: Checkers) -> View:
    """Every exhibit in a line: whose it was, what was wrong, and who sees it."""
    checkers = (*known.others, OURS) if known.others else ()
    head = [
        Head("exhibit"), Head("library", choose=True), Head("kind", choose=True), Head("as it was", choose=True),
        Head("as it should be", choose=True), *(Head(c, choose=True) for c in checkers),
    ]  # fmt: skip
    rows = []
    for s in shown:
        e = s.exhibit
        first = Cell(_titled(s), href=f"#{slug(s.case.name)}")
        told = [badge(known.where(s.case.name, c)) for c in checkers]
        words = [Cell(one_line(e.library, NAME)), Cell(one_line(e.kind, NAME))]
        rows.append([first, *words, badge(s.was[1].outcome), badge(s.mended[1].outcome), *told])
    note = (
        "Who refuses the rule as it was and accepts the rule as it should be: at random points (random), only at the very point where the mistake shows, for who "
        "knows it (there), or at neither (no). gradcheck's search finds the point by itself (search), or remarks on it without refusing the rule (remark)."
        if checkers
        else ""
    )
    return view("The exhibits, and who sees the mistake", head, rows, interactive=True, noun="exhibits", note=note)


def card(s: Shown, known: Checkers) -> Card:
    """One exhibit."""
    e, was = s.exhibit, s.was[1]
    old, new = compared(body_of(s.was[0].function), body_of(s.mended[0].function))
    curve, error, gaps = _curve(s)
    kind = was.kinds[0] if was.kinds else ""
    return Card(
        slug(s.case.name), _titled(s), f"cases/{slug(s.case.name)}.html", one_line(e.library, NAME), one_line(e.source, LINE), "" if e.year is None else str(e.year),
        one_line(e.kind, NAME), one_line(e.bug, LINE), one_line(e.shows, LINE), one_line(s.case.summary, LINE), old, new, _helpers(s), was.outcome, s.mended[1].outcome,
        (kind, one_line(short_paths(was.finding or was.reason), 700)), curve, error, gaps, tuple(_told(known, s.case.name)), _own(s),
    )  # fmt: skip


def _titled(s: Shown) -> str:
    return one_line(s.case.name.replace("_", " "), NAME)


def _helpers(s: Shown) -> Any:
    """The file's own functions that the rules call, as text."""
    called = dict.fromkeys(n for pair in (s.was, s.mended) for n in getattr(getattr(pair[0].function, "__code__", None), "co_names", ()))
    beside = getattr(s.was[0].function, "__globals__", {})
    found = [f for name in called if isinstance(f := beside.get(name), FunctionType) and f.__module__ == beside.get("__name__")]
    return highlighted("\n\n".join(source_of(f)[0].rstrip() for f in found)) if found else ""


def _curve(s: Shown) -> tuple[Any, bool, bool]:
    """The picture, whether it is of the error, and whether the wrong rule has gaps in it."""
    from markupsafe import Markup

    drawn = curves(s)
    return ("", False, False) if drawn is None else (Markup(svg_of(drawn)), drawn.error, drawn.gaps)  # noqa: S704 - numbers, and a name that is an identifier


def _told(known: Checkers, exhibit: str) -> Iterator[str]:
    """What checkers said, in sentences."""
    said = {c: known.said[exhibit][c] for c in known.others if c in known.said.get(exhibit, {})}
    if not said:
        return
    blind = [c for c, s in said.items() if not s.random.told]
    if not blind:
        yield "Every checker sees it at random points."
    elif len(blind) == len(said):
        yield f"At {known.points} random points none of {', '.join(said)} sees it."
    else:
        yield f"At random points it is seen by {', '.join(c for c in said if c not in blind)}; not by {', '.join(blind)}."
    yield from _at_target({c: said[c] for c in blind})
    ours = known.said[exhibit].get(OURS)
    if ours is not None and not ours.random.told:
        yield _ours(ours)


def _at_target(blind: dict[str, Said]) -> Iterator[str]:
    """What those who miss it at random points say where it shows."""
    told, both, neither = list[str](), list[str](), list[str]()
    for checker, s in blind.items():
        (told if s.target.told else both if s.target.wrong_refused else neither).append(checker)
    if told:
        yield f"Given the very point, {', '.join(told)} {'tells' if len(told) == 1 else 'tell'} it."
    if both:
        yield f"Given the very point, {', '.join(both)} {'refuses' if len(both) == 1 else 'refuse'} the right rule as well."
    if neither:
        yield f"Even at the very point, {', '.join(neither)} {'accepts' if len(neither) == 1 else 'accept'} the wrong rule."


def _ours(said: Said) -> str:
    if said.found:
        return "gradcheck finds the point by itself."
    if said.remarks:
        why = "digits lost in a sum are" if said.remarks == ("precision",) else "a formula that divides by an input is"
        return f"gradcheck comes upon the point by itself, and remarks on it without refusing the rule: {why} excused at points that nobody asked for."
    return "gradcheck refuses the rule at the very point." if said.target.told else "gradcheck does not see it."


def _own(s: Shown) -> str:
    """Which of gradcheck's own derivations share the weakness."""
    failed = [m.name for m in s.summary.methods if m.name in ("symbolic", "tape") and m.outcome == "wrong"]
    if not failed:
        return ""
    who = {"symbolic": "SymPy's formula", "tape": "gradcheck's own tape"}
    return f"{' and '.join(who[m] for m in failed)} {'fails' if len(failed) == 1 else 'fail'} at this point too; the certified truth rests on neither."
