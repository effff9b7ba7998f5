"""The front page: what was found at a glance, claims, cases, gradients under test."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from gradcheck.rendering.document import environment, workers
from gradcheck.rendering.explanation import short_path, short_paths
from gradcheck.rendering.report import largest_ratio
from gradcheck.rendering.site.page import SCRIPTS, Cell, Group, Head, Link, View, badge, chapters_of, figure, render
from gradcheck.rendering.site.pieces import CHART_SCRIPTS
from gradcheck.rendering.text import NAME, one_line, slug
from gradcheck.studies.running import RunResult
from gradcheck.studies.summary import CaseSummary
from gradcheck.verdicts.compare import DERIVATIONS

CASE_HEAD = (
    Head("case"), Head("outcome", choose=True), Head("inputs", numeric=True), Head("ops f", numeric=True), Head("with gradient", numeric=True),
    Head("ratio", numeric=True), *(Head(m, choose=True) for m in DERIVATIONS), Head("claimed", numeric=True), Head("claims"),
)  # fmt: skip


CASES = 6  # of a claim that are linked
FAULTS = 50  # that are listed


@dataclass(frozen=True, slots=True)
class Tile:
    """A figure to be seen from afar: what it counts, the figure, a word on it, and whether it is as it should be."""

    label: str
    figure: str
    note: str = ""
    met: bool | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """What is not as stated: the case, if it is one, and what is the matter."""

    text: str
    case: Link | None = None


@dataclass(frozen=True, slots=True)
class ClaimView:
    """A claim as it is shown."""

    id: str
    verdict: str
    about: str
    evidence: str
    cases: tuple[Link, ...]


def front_html(result: RunResult, footer: str, figures: Sequence[Any]) -> str:
    """The page that opens first."""
    return render(
        "index.html", here="index.html", title="Report", footer=footer, met=result.met and not result.faulty, tiles=list(tiles(result)),
        scripts=(*SCRIPTS, *CHART_SCRIPTS) if figures else SCRIPTS, figures=figures, chapters=chapters_of(c.case for c in result.cases), faults=faults(result),
        claims=claims(result), cases=cases(result), claimed=claimed(result), environment=[(k, str(v)) for k, v in (environment() | workers(result)).items()],
    )  # fmt: skip


def tiles(result: RunResult) -> Iterator[Tile]:
    """The run in figures."""
    yield _share("cases as stated", [c.met for c in result.cases])
    gradients = [c.met for case in result.cases for c in case.summary.claimed]
    if gradients:
        yield _share("gradients under test judged as expected", gradients)
    if result.claims:
        yield _share("claims shown", [c.verdict == "shown" for c in result.claims])
    costs = largest_ratio(result)
    if costs:
        yield Tile(
            "operations of a gradient, for each of its function",
            f"≤ {costs[0]:.2f}",
            f"most at {one_line(costs[1], NAME)}; 10 operations or more",
        )


def _share(label: str, met: Sequence[bool]) -> Tile:
    return Tile(label, f"{sum(met):,} of {len(met):,}", met=all(met))


def faults(result: RunResult) -> list[Fault]:
    """What is not as stated, files and cases: the first of them, and how many more there are."""
    found = [Fault(one_line(short_paths(p))) for p in result.problems]
    for case in (c for c in result.cases if not c.met):
        why = case.error or case.summary.unmet or case.summary.outcome
        found.append(Fault(one_line(short_paths(why)), Link(one_line(case.summary.name, NAME), f"cases/{slug(case.summary.name)}.html")))
    return found if len(found) <= FAULTS else [*found[:FAULTS], Fault(f"{len(found) - FAULTS:,} more")]


def claims(result: RunResult) -> list[ClaimView]:
    """Every claim with its verdict, its evidence, and the cases that illustrate it."""
    shown: dict[str, list[Link]] = {}
    for case in result.cases:
        for id in case.summary.claims:
            shown.setdefault(id, []).append(Link(one_line(case.summary.name, NAME), f"cases/{slug(case.summary.name)}.html"))
    return [
        ClaimView(one_line(c.id, NAME), c.verdict, one_line(c.about), one_line(c.evidence, 900), tuple(shown.get(c.id, ())[:CASES]))
        for c in result.claims
    ]


def cases(result: RunResult) -> View:
    """Every case, by the file it stands in."""
    files: dict[str, list[tuple[Cell, ...]]] = {}
    for case in result.cases:
        files.setdefault(short_path(case.summary.file), []).append(tuple(case_row(case.summary)))
    groups = tuple(Group(one_line(file, NAME), tuple(rows), _outcomes(rows)) for file, rows in files.items())
    return View("Cases", CASE_HEAD, groups, interactive=True, noun="cases")


def _outcomes(rows: Sequence[tuple[Cell, ...]]) -> str:
    """How many rows have each outcome, in the second column."""
    return ", ".join(f"{n:,} {outcome}" for outcome, n in Counter(row[1].text for row in rows).most_common())


def case_row(c: CaseSummary) -> Iterator[Cell]:
    """One case in the table of cases."""
    yield Cell(one_line(c.name, NAME), href=f"cases/{slug(c.name)}.html")
    if c.error is not None:
        yield badge("at fault")
        yield from [Cell("")] * (len(CASE_HEAD) - 2)
        return
    yield badge(c.outcome)
    yield from map(figure, (c.inputs, c.operations, c.gradient_operations))
    yield Cell("") if c.ratio is None else Cell(f"{c.ratio:.2f}", numeric=True)
    for m in (c.method(name) for name in DERIVATIONS):
        yield badge(m.outcome if m.ran else "did not run")
    yield Cell(f"{sum(g.met for g in c.claimed)} of {len(c.claimed)}" if c.claimed else "", numeric=True)
    yield Cell(one_line(" ".join(c.claims), NAME))


def claimed(result: RunResult) -> View:
    """Every gradient under test."""
    head = (Head("gradient"), Head("met", choose=True), Head("case"), *(Head(h, choose=True) for h in ("expected", "verdict", "finding")))
    files: dict[str, list[tuple[Cell, ...]]] = {}
    for case in result.cases:
        for c in case.summary.claimed:
            found = c.kinds[0] if c.kinds and c.outcome != "right" else ""
            link = Cell(one_line(case.summary.name, NAME), href=f"cases/{slug(case.summary.name)}.html")
            files.setdefault(short_path(case.summary.file), []).append(
                (Cell(one_line(c.name, NAME)), badge("yes" if c.met else "no"), link, Cell(c.expected), badge(c.outcome), Cell(found))
            )
    groups = tuple(Group(one_line(file, NAME), tuple(rows)) for file, rows in files.items())
    return View("Gradients under test", head, groups, interactive=True, noun="gradients")
