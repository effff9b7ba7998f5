"""All files of the site, one after the other, so that thousands of pages never stand in memory together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from gradcheck.rendering.document import environment
from gradcheck.rendering.site.case_page import Around, case_html
from gradcheck.rendering.site.chapters import chapters
from gradcheck.rendering.site.front import front_html
from gradcheck.rendering.site.page import Link
from gradcheck.rendering.site.pieces import figure_files, figures, shared_assets
from gradcheck.rendering.text import NAME, one_line, slug
from gradcheck.studies.costs import costs
from gradcheck.studies.running import CaseResult, RunResult
from gradcheck.studies.study import Study
from gradcheck.verdicts.proof import Proof

GLANCE = ("scaling", "accuracy")  # studies whose first chart stands on the front page


def site_files(result: RunResult, studies: Sequence[Study], proofs: tuple[Proof, ...]) -> Iterator[tuple[str, str | bytes]]:
    """Every file below the site's folder with its content."""
    footer = f"gradcheck {environment()['gradcheck']}, seed {result.seed}. Counts and verdicts are the same on every machine; times and errors in ulp are not."
    told = (*studies, costs(result))
    yield "index.html", front_html(result, footer, front_figures(told))
    yield from chapters(told, proofs, footer)
    yield from figure_files(told)
    for i, case in enumerate(result.cases):
        yield f"cases/{slug(case.case.name)}.html", case_html(case, Around(_link(result.cases, i - 1), _link(result.cases, i + 1), footer))
    yield from ((f"assets/{name}", content) for name, content in shared_assets())


def _link(cases: Sequence[CaseResult], i: int) -> Link | None:
    if not 0 <= i < len(cases):
        return None
    name = cases[i].case.name
    return Link(one_line(name, NAME), f"{slug(name)}.html")


def front_figures(studies: Sequence[Study]) -> list[Any]:
    """The pictures that tell most at a glance."""
    known = {s.name: s for s in studies}
    return [figures(known[name])[0] for name in GLANCE if name in known and known[name].charts]
