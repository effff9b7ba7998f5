"""The exhibits of a run: historical mistakes, what gradcheck says of each, and what other checkers said when they were asked.

What the others said is read from `checkers.json` beside the exhibits' files, where there is one: it was measured apart, with their versions.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gradcheck.case import Case, ClaimedGradient, Exhibit
from gradcheck.errors import UsageError
from gradcheck.studies.running import CaseResult, RunResult
from gradcheck.studies.study import Chart, Column, Statement, Study, Table
from gradcheck.studies.summary import CaseSummary, ClaimedSummary

FILE = "checkers.json"
OURS = "gradcheck"
# where a mistake is told: short, as they stand in many cells
RANDOM, SEARCHED, REMARKED, WHERE, NEVER, UNKNOWN = "random", "search", "remark", "there", "no", "not asked"
PLACES = ("at random points", "or where it shows")

COLUMNS = (
    Column("exhibit", "exhibit"), Column("library", "library"), Column("kind", "kind"), Column("bug", "what was wrong"), Column("shows", "where it shows"),
    Column("year", "year"), Column("source", "source"), Column("was", "as it was"), Column("mended", "as it should be"), Column("finding", "finding"),
)  # fmt: skip
CAUGHT = (
    Column("checker", "checker"),
    Column("place", "where"),
    Column("caught", "mistakes told from the right rule"),
    Column("exhibits", "exhibits"),
)


@dataclass(frozen=True, slots=True)
class Tally:
    """At how many points a checker refused each rule, and at how many it told the two apart: refused the wrong one alone."""

    points: int
    wrong_refused: int
    right_refused: int
    told: int


@dataclass(frozen=True, slots=True)
class Said:
    """What a checker said of an exhibit at random points, and at the point where the mistake shows.

    With no point given, gradcheck's search has `found` the mistake, or made `remarks` of these kinds and accepted the rule all the same.
    """

    random: Tally
    target: Tally
    found: bool = False
    remarks: tuple[str, ...] = ()

    @property
    def where(self) -> str:
        """Where it tells the mistake from the right rule."""
        if self.random.told:
            return RANDOM
        return SEARCHED if self.found else REMARKED if self.remarks else WHERE if self.target.told else NEVER


@dataclass(frozen=True, slots=True)
class Checkers:
    """What other checkers said: versions and settings by name, and what each said of each exhibit; `points` is how many were drawn at random."""

    settings: Mapping[str, str]
    said: Mapping[str, Mapping[str, Said]]
    points: int = 0

    @property
    def others(self) -> tuple[str, ...]:
        """The names of all but gradcheck."""
        return tuple(self.settings)

    def where(self, exhibit: str, checker: str) -> str:
        """Where a checker tells the mistake."""
        known = self.said.get(exhibit, {}).get(checker)
        return UNKNOWN if known is None else known.where


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """An exhibit as it was run: the case, its data, and both rules with their verdicts."""

    case: Case
    summary: CaseSummary
    exhibit: Exhibit
    was: tuple[ClaimedGradient, ClaimedSummary]
    mended: tuple[ClaimedGradient, ClaimedSummary]


def exhibits(result: RunResult) -> list[Shown]:
    """The exhibits of a run that have both rules and ran."""
    return [shown for c in result.cases for shown in _shown(c)]


def _shown(result: CaseResult) -> Iterator[Shown]:
    told, claimed = result.summary.exhibit, list(zip(result.case.claimed, result.summary.claimed, strict=False))
    was = next((pair for pair in claimed if pair[1].expected == "wrong"), None)
    mended = next((pair for pair in claimed if pair[1].expected != "wrong"), None)
    if told is not None and was is not None and mended is not None:
        yield Shown(result.case, result.summary, told, was, mended)


def checkers_beside(shown: Sequence[Shown]) -> Checkers:
    """What other checkers said, from the files beside the exhibits. Raises UsageError, naming file and fault, for one that cannot be read."""
    settings: dict[str, str] = {}
    said: dict[str, dict[str, Said]] = {}
    points = 0
    for folder in dict.fromkeys(Path(s.case.file).parent for s in shown):
        file = folder / FILE
        if file.exists():
            try:
                data = json.loads(file.read_text(encoding="utf-8"))
                settings |= {c["name"]: f"{c['settings']}; version {c['version']}" for c in data["checkers"]}
                said |= {name: {c: _said(found) for c, found in by.items()} for name, by in data["exhibits"].items()}
                points = int(data["points"])
            except (OSError, ValueError, KeyError, TypeError) as error:
                raise UsageError(f"{file}: cannot be read as what checkers said: {type(error).__name__}: {error}: write it anew") from error
    return Checkers(settings, said, points)


def _said(found: Mapping[str, Any]) -> Said:
    search = found.get("search", {})
    return Said(Tally(**found["random"]), Tally(**found["target"]), search.get("wrong") == "wrong", tuple(search.get("remarks", ())))


def museum(result: RunResult) -> Study | None:
    """The exhibits as a study; None where the run holds none."""
    shown = exhibits(result)
    if not shown:
        return None
    known = checkers_beside(shown)
    tables = (_exhibits(shown, known), *([_caught(shown, known)] if known.others else []))
    return Study(
        "museum", "Historical mistakes",
        f"{len(shown)} derivatives that well-known libraries once had wrong: does gradcheck refuse the rule as it was, and accept it as it should be?",
        tables, tuple(_statements(shown, known)), tuple(_charts(tables[1:])), tuple(_notes(known)),
    )  # fmt: skip


def _exhibits(shown: Sequence[Shown], known: Checkers) -> Table:
    asked = (*known.others, OURS) if known.others else ()
    rows = []
    for s in shown:
        e, was = s.exhibit, s.was[1]
        finding = was.kinds[0] if was.kinds else ""
        told = (s.case.name, e.library, e.kind, e.bug, e.shows, e.year, e.source, was.outcome, s.mended[1].outcome, finding)
        rows.append((*told, *(known.where(s.case.name, c) for c in asked)))
    return Table("exhibits", "The exhibits", (*COLUMNS, *(Column(c, f"told by {c}") for c in asked)), tuple(rows))


def counted(shown: Sequence[Shown], known: Checkers, tells: Callable[[Said], bool], *checkers: str) -> int:
    """How many exhibits at least one of the checkers tells."""
    return sum(any(tells(said[c]) for c in checkers if c in said) for said in (known.said.get(s.case.name, {}) for s in shown))


def _at_random(said: Said) -> bool:
    return said.random.told > 0


def _anywhere(said: Said) -> bool:
    return said.random.told > 0 or said.target.told > 0


def _caught(shown: Sequence[Shown], known: Checkers) -> Table:
    groups = [(c, (c,)) for c in known.others] + [("all of them", known.others), (OURS, (OURS,))]
    rows = [
        (name, place, counted(shown, known, tells, *group), len(shown))
        for name, group in groups
        for place, tells in zip(PLACES, (_at_random, _anywhere), strict=True)
    ]
    rows.append((f"{OURS}, searching", "no point given", counted(shown, known, lambda s: s.found, OURS), len(shown)))
    return Table("caught", "Mistakes told, checker by checker", CAUGHT, tuple(rows))


def _statements(shown: Sequence[Shown], known: Checkers) -> Iterator[Statement]:
    refuted = sum(s.was[1].outcome == "wrong" for s in shown)
    accepted = sum(s.mended[1].outcome in ("right", "kink") for s in shown)
    for name, count in (("every rule as it was is refuted", refuted), ("every rule as it should be is accepted", accepted)):
        yield Statement(name, "shown" if count == len(shown) else "refuted", f"{count} of {len(shown)}", {"count": count})
    if known.others:
        blind, all_of_them = counted(shown, known, _at_random, *known.others), len(known.others)
        text = f"at {known.points} random points {all_of_them} other checkers together tell {blind} of {len(shown)} mistakes"
        text += f"; where the mistakes show, {counted(shown, known, _anywhere, *known.others)}"
        found = counted(shown, known, lambda s: s.found, OURS)
        yield Statement(
            "random points do not show every mistake", "shown" if blind < len(shown) else "refuted",
            f"{text}; gradcheck's search, given no point, {found}", {"blind": blind, "search": found},
        )  # fmt: skip


def _charts(tables: Sequence[Table]) -> Iterator[Chart]:
    for table in tables:
        counts = {(r[0], r[1]): r[2] for r in table.rows}
        said = "; ".join(f"{checker}, {place}: {n}" for (checker, place), n in counts.items())
        yield Chart(
            "caught", "Mistakes that each checker tells from the right rule", table.name, x="checker", y="caught", series="place", kind="bars", y_scale="linear",
            caption=f"Of {table.rows[0][3]} mistakes: a checker tells one where it refuses the rule as it was and accepts it as it should be.", reading=f"{said}.",
        )  # fmt: skip


def _notes(known: Checkers) -> Iterator[str]:
    if known.others:
        yield "Measured with " + "; ".join(known.settings.values()) + "."
        yield (
            f"Random points: {known.points} drawn from the case's domains, as somebody would who knows nothing of the mistake. A checker that refuses right and "
            "wrong alike tells nothing. At a kink a rule is right if it lies between the slopes on either side."
        )
