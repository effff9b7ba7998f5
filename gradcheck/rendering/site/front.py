"""The front page: what was found at a glance, claims, cases, gradients under test."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from gradcheck.rendering.comparison import closing
from gradcheck.rendering.document import environment
from gradcheck.rendering.explanation import short_path, short_paths
from gradcheck.rendering.report import largest_ratio
from gradcheck.rendering.site.page import SCRIPTS, Cell, Group, Head, Link, View, badge, figure, render, view
from gradcheck.rendering.site.pieces import CHART_SCRIPTS
from gradcheck.rendering.text import NAME, one_line, slug
from gradcheck.studies.running import RunResult
from gradcheck.studies.summary import CaseSummary
from gradcheck.verdicts.compare import DERIVATIONS

CASE_HEAD = (
    Head("case"), Head("outcome", choose=True), Head("inputs", numeric=True), Head("ops f", numeric=True), Head("ops f + gradient", numeric=True),
    Head("ratio", numeric=True), *(Head(m, choose=True) for m in DERIVATIONS), Head("claimed", numeric=True), Head("claims"),
)  # fmt: skip


CASES = 6  # of a claim that are linked


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
        "index.html", here="index.html", title="Report", footer=footer, met=result.met and not result.faulty, closing=closing(result), facts=facts(result),
        scripts=(*SCRIPTS, *CHART_SCRIPTS) if figures else SCRIPTS, figures=figures, faults=[one_line(short_paths(f)) for f in (*result.problems, *(c.error for c in result.cases if c.error))],
        claims=claims(result), cases=cases(result), claimed=claimed(result), environment=[(k, str(v)) for k, v in environment().items()],
    )  # fmt: skip


def facts(result: RunResult) -> list[tuple[str, str]]:
    """The run in figures."""
    gradients = [c.met for case in result.cases for c in case.summary.claimed]
    told = [("cases as stated", f"{sum(c.met for c in result.cases):,} of {len(result.cases):,}")]
    if gradients:
        told.append(("gradients under test as expected", f"{sum(gradients):,} of {len(gradients):,}"))
    if result.claims:
        told.append(("claims shown", f"{sum(c.verdict == 'shown' for c in result.claims)} of {len(result.claims)}"))
    largest = largest_ratio(result)
    if largest is not None:
        told.append(("largest ratio of costs, of 10 operations or more", f"{largest[0]:.2f} ({one_line(largest[1], NAME)})"))
    return told


def claims(result: RunResult) -> list[ClaimView]:
    """Every claim with its verdict, its evidence, and the cases that illustrate it."""
    shown: dict[str, list[Link]] = {}
    for case in result.cases:
        for id in case.case.claims:
            shown.setdefault(id, []).append(Link(one_line(case.case.name, NAME), f"cases/{slug(case.case.name)}.html"))
    return [
        ClaimView(one_line(c.id, NAME), c.verdict, one_line(c.about), one_line(c.evidence, 900), tuple(shown.get(c.id, ())[:CASES]))
        for c in result.claims
    ]


def cases(result: RunResult) -> View:
    """Every case, by the file it stands in."""
    files: dict[str, list[tuple[Cell, ...]]] = {}
    for case in result.cases:
        files.setdefault(short_path(case.case.file), []).append(tuple(case_row(case.summary)))
    groups = tuple(Group(one_line(file, NAME), tuple(rows)) for file, rows in files.items())
    return View("Cases", CASE_HEAD, groups, interactive=True, noun="cases")


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
    head = [Head("gradient"), Head("case"), *(Head(h, choose=True) for h in ("expected", "verdict", "met", "finding"))]
    rows = []
    for case in result.cases:
        for c in case.summary.claimed:
            found = c.kinds[0] if c.kinds and c.outcome != "right" else ""
            link = Cell(one_line(case.case.name, NAME), href=f"cases/{slug(case.case.name)}.html")
            rows.append(
                [Cell(one_line(c.name, NAME)), link, Cell(c.expected), badge(c.outcome), badge("yes" if c.met else "no"), Cell(found)]
            )
    return view("Gradients under test", head, rows, interactive=True, noun="gradients")
