"""The whole report of a run, written file by file: Markdown, tables, JSON, pictures and the site.

A case's pages are written where its comparison is, in whichever process that is; what the rest of the report needs of it is `Made`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from gradcheck.case import Case
from gradcheck.primitives import TABLE
from gradcheck.rendering.report import case_files, entry_rows, report_files
from gradcheck.rendering.text import slug
from gradcheck.studies.accuracy import Score, accuracy_of, scores_of
from gradcheck.studies.costs import costs
from gradcheck.studies.running import CaseResult, RunResult
from gradcheck.studies.study import Study
from gradcheck.verdicts.proof import Proof
from gradcheck.writing import write_files

EXTRA = ("jinja2", "markupsafe", "pygments", "altair", "vl_convert", "pygraphviz", "latex2mathml")  # what the extra `report` brings
STUDIED = ("scaling", "step-size", "swell", "depth", "training")  # the studies that have functions of their own


@dataclass(frozen=True, slots=True)
class Made:
    """What was made of a case: its lines of csv/entries.csv, its methods' correct digits, and the operations whose rules its gradient rests on."""

    rows: str
    scores: tuple[Score, ...]
    primitives: frozenset[str] = frozenset()


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
        """Write the pages of one case. Its comparison must be in this process."""
        write_files(self.folder, self._case_files(result))
        return Made(entry_rows(result), tuple(scores_of(result)), _primitives(result))

    def _case_files(self, result: CaseResult) -> Iterator[tuple[str, str | bytes]]:
        drawing = self._drawing(result)
        if drawing:
            yield f"figures/graph-{slug(result.case.name)}.svg", drawing
        yield from case_files(result, drawn=bool(drawing))
        if self.pictures:
            from gradcheck.rendering.site.build import case_file

            yield from ((f"html/{name}", page) for name, page in case_file(result, self.cases, self.seed))

    def _drawing(self, result: CaseResult) -> str:
        """The case's graph as a picture that stands alone; nothing where it cannot be drawn."""
        if not self.pictures or result.comparison is None:
            return ""
        from gradcheck.errors import UsageError
        from gradcheck.rendering.graph.build import picture
        from gradcheck.rendering.graph.svg import svg

        c = result.comparison
        try:
            return svg(picture(c.circuit, c.points[0].problem.inputs, name=c.name))
        except UsageError:  # too large to be readable: the page says how large it is
            return ""

    def whole(self, result: RunResult, studies: Sequence[Study], proofs: tuple[Proof, ...]) -> None:
        """Write what tells of all cases, once every case has been written."""
        made = [c.made for c in result.cases if isinstance(c.made, Made)]
        told = (*studies, costs(result), accuracy_of([s for m in made for s in m.scores]))
        write_files(self.folder, report_files(result, proofs, told, (m.rows for m in made), pictures=self.pictures))
        if self.pictures:
            from gradcheck.rendering.site.build import site_files

            write_files(self.folder, ((f"html/{name}", content) for name, content in site_files(result, told, proofs)))


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
