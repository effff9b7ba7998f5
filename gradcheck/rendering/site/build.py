"""All files of the site, one after the other, so that thousands of pages never stand in memory together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import metadata
from typing import Any

from gradcheck.case import Case
from gradcheck.rendering.material import Material
from gradcheck.rendering.site.case_page import Around, case_html
from gradcheck.rendering.site.chapters import chapters
from gradcheck.rendering.site.front import front_html
from gradcheck.rendering.site.museum import museum_page
from gradcheck.rendering.site.page import Link, chapters_of
from gradcheck.rendering.site.pieces import figure_files, figures, shared_assets
from gradcheck.rendering.text import NAME, one_line, slug
from gradcheck.studies.running import CaseResult, RunResult
from gradcheck.studies.study import Study
from gradcheck.verdicts.proof import Proof

GLANCE = ("scaling", "accuracy")  # studies whose first chart stands on the front page


def site_files(result: RunResult, studies: Sequence[Study], proofs: tuple[Proof, ...]) -> Iterator[tuple[str, str | bytes]]:
    """Every file below the site's folder with its content, but for the pages of cases: see `case_file`."""
    footer = footer_of(result.seed)
    yield "index.html", front_html(result, footer, front_figures(studies))
    bar = chapters_of(c.case for c in result.cases)
    yield from chapters(studies, proofs, footer, bar)
    yield from (museum_page(result, s, footer, bar) for s in studies if s.name == "museum")
    yield from figure_files(studies)
    yield from ((f"assets/{name}", content) for name, content in shared_assets())


def case_file(result: CaseResult, cases: Sequence[Case], seed: int, material: Material | None = None) -> Iterator[tuple[str, str]]:
    """The page of one case among others, made where its comparison is; of its material, where that is there already."""
    i = next(i for i, case in enumerate(cases) if case is result.case)
    around = Around(_link(cases, i - 1), _link(cases, i + 1), footer_of(seed), chapters_of(cases))
    yield f"cases/{slug(result.case.name)}.html", case_html(result, around, material)


def footer_of(seed: int) -> str:
    """What stands at the foot of every page."""
    version = metadata.version("gradcheck")
    return f"gradcheck {version}, seed {seed}. Counts and verdicts are the same on every machine; times and errors in ulp are not."


def _link(cases: Sequence[Case], i: int) -> Link | None:
    if not 0 <= i < len(cases):
        return None
    name = cases[i].name
    return Link(one_line(name, NAME), f"{slug(name)}.html")


def front_figures(studies: Sequence[Study]) -> list[Any]:
    """The pictures that tell most at a glance."""
    known = {s.name: s for s in studies}
    return [figures(known[name])[0] for name in GLANCE if name in known and known[name].charts]
