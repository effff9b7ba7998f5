"""The whole report of a run, written file by file: Markdown, tables, JSON, pictures and the site.

A case's pages are written where its comparison is, in whichever process that is; what the rest of the report needs of it is `Made`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from gradcheck.case import Case
from gradcheck.primitives import TABLE
from gradcheck.rendering.material import Attempts, Material, Missing, material_of
from gradcheck.rendering.report import case_files, entry_rows, report_files
from gradcheck.rendering.text import slug
from gradcheck.studies.accuracy import Score, accuracy_of, scores_of
from gradcheck.studies.costs import costs
from gradcheck.studies.museum import museum
from gradcheck.studies.running import CaseResult, RunResult
from gradcheck.studies.study import Study
from gradcheck.studies.summary import failed
from gradcheck.verdicts.proof import Proof
from gradcheck.writing import write_files

EXTRA = ("jinja2", "markupsafe", "pygments", "altair", "vl_convert", "pygraphviz", "latex2mathml")  # what the extra `report` brings
STUDIED = ("scaling", "step-size", "swell", "depth", "training")  # the studies that have functions of their own

Pages = Callable[[CaseResult, Material | None], Iterator[tuple[str, str | bytes]]]  # the files of a case


@dataclass(frozen=True, slots=True)
class Made:
    """What was made of a case: its lines of csv/entries.csv, its methods' correct digits, the operations its gradient's rules are of, and what failed.

    `faults` tells in a line each what could not be made.
    """

    rows: str
    scores: tuple[Score, ...]
    primitives: frozenset[str] = frozenset()
    faults: tuple[str, ...] = ()


def missing() -> str | None:
    """The first package that pictures and the site need and that is not there."""
    return next((name for name in EXTRA if find_spec(name) is None), None)


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """A report that is being written: its folder, the cases in order, the seed; `pictures` with drawings and the site."""

    folder: Path
    cases: tuple[Case, ...]
    seed: int
    pictures: bool = True

    def case(self, result: CaseResult) -> Made:
        """Write the pages of one case. Its comparison must be in this process. What cannot be made is told in its place, and in `faults`."""
        return self._made(result, lambda files: write_files(self.folder, files))

    def take(self, sent: tuple[list[tuple[str, str | bytes]], Made]) -> Made:
        """Write the pages of a case that were made elsewhere, by `PagesThere`."""
        files, made = sent
        write_files(self.folder, files)
        return made

    def _made(self, result: CaseResult, keep: Callable[[Iterator[tuple[str, str | bytes]]], None]) -> Made:
        material = material_of(result.comparison, pictures=self.pictures) if result.comparison else None
        attempts = material.attempts if material else Attempts(result.case.name)
        keep(self._case_files(result, material, attempts))
        rows = attempts("its lines of csv/entries.csv", lambda: entry_rows(result))
        scores = attempts("its scores", lambda: tuple(scores_of(result)))
        kept = "" if isinstance(rows, Missing) else rows, () if isinstance(scores, Missing) else scores
        return Made(*kept, _primitives(result), tuple(attempts.faults))

    def _case_files(self, result: CaseResult, material: Material | None, attempts: Attempts) -> Iterator[tuple[str, str | bytes]]:
        drawing = attempts("the picture", lambda: _drawing(material))
        drawn = isinstance(drawing, str)
        if isinstance(drawing, str):
            yield f"figures/graph-{slug(result.case.name)}.svg", drawing
        yield from self._whole_or_told(result, attempts, "its page in Markdown", lambda r, m: case_files(r, m, drawn=drawn), material)
        if self.pictures:
            from gradcheck.rendering.site.build import case_file

            def pages(told: CaseResult, material: Material | None) -> Iterator[tuple[str, str | bytes]]:
                return ((f"html/{name}", page) for name, page in case_file(told, self.cases, self.seed, material))

            yield from self._whole_or_told(result, attempts, "its page", pages, material)

    def _whole_or_told(
        self, result: CaseResult, attempts: Attempts, what: str, files: Pages, material: Material | None
    ) -> Iterator[tuple[str, str | bytes]]:
        """A page; where it cannot be made, one that says so."""
        made = attempts(what, lambda: list(files(result, material)))
        if isinstance(made, Missing):
            told = replace(result, comparison=None, summary=failed(result.case, made.why))
            made = list(files(told, None))
        yield from made

    def whole(self, result: RunResult, studies: Sequence[Study], proofs: tuple[Proof, ...]) -> None:
        """Write what tells of all cases, once every case has been written: those too that were lost with their process."""
        made = [c.made if isinstance(c.made, Made) else self.case(c) for c in result.cases]
        exhibits = museum(result)
        told = (*studies, costs(result), accuracy_of([s for m in made for s in m.scores]), *([] if exhibits is None else [exhibits]))
        write_files(self.folder, report_files(result, proofs, told, (m.rows for m in made), pictures=self.pictures))
        if self.pictures:
            from gradcheck.rendering.site.build import site_files

            write_files(self.folder, ((f"html/{name}", content) for name, content in site_files(result, told, proofs)))


@dataclass(frozen=True, slots=True)
class PagesThere:
    """Makes the pages of a case where its comparison is, on another machine, as contents that a `Report` takes."""

    seed: int
    pictures: bool = True

    def __call__(self, cases: Sequence[Case], result: CaseResult) -> tuple[list[tuple[str, str | bytes]], Made]:
        files: list[tuple[str, str | bytes]] = []
        made = Report(Path(), tuple(cases), self.seed, self.pictures)._made(result, files.extend)
        return files, made


def _drawing(material: Material | None) -> str | Missing:
    """The case's graph as a picture that stands alone."""
    if material is None or isinstance(material.picture, Missing):
        return Missing("")
    from gradcheck.rendering.graph.svg import svg

    return svg(material.picture, placed=material.placed())


def faults_of(result: RunResult) -> RunResult:
    """The result with what could not be made for its report among its problems."""
    told = tuple(fault for c in result.cases if isinstance(c.made, Made) for fault in c.made.faults)
    return replace(result, problems=(*result.problems, *told))


def primitives_of(result: RunResult) -> frozenset[str]:
    """The operations that the cases of a report are made of, by name."""
    return frozenset().union(*(c.made.primitives for c in result.cases if isinstance(c.made, Made)))


def _primitives(result: CaseResult) -> frozenset[str]:
    circuit = result.comparison.circuit if result.comparison else None
    return frozenset() if circuit is None else frozenset(TABLE[code].name for code in set(circuit.opcodes) if code >= 0)


def study_all(*, seed: int, quick: bool, progress: Callable[[str], None]) -> tuple[Study, ...]:
    """Every study that has functions of its own."""
    from gradcheck.studies.registry import STUDIES

    return tuple(STUDIES[name](seed=seed, quick=quick, progress=progress) for name in STUDIED)
