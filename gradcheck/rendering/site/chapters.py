"""The chapters: what gradients cost, how accurate they are, what they do to learning, and the rules they rest on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from gradcheck.rendering.site.page import CHAPTERS, SCRIPTS, Cell, Chapter, Head, View, badge, render, view, view_of
from gradcheck.rendering.site.pieces import CHART_SCRIPTS, figures
from gradcheck.rendering.text import one_line
from gradcheck.studies.study import Statement, Study
from gradcheck.verdicts.proof import Proof


@dataclass(frozen=True, slots=True)
class Plan:
    """A chapter: its file and title, what it is about, and the studies it tells of, in order."""

    file: str
    title: str
    lead: str
    studies: tuple[str, ...]


PLANS = (
    Plan("cost.html", "What a gradient costs",
         "Reverse mode takes O(N + l) operations for a function of N operations and l inputs, whatever l is; finite differences take O(N l). "
         "Counted exactly, and timed.", ("scaling", "costs", "swell")),
    Plan("accuracy.html", "How accurate each method is",
         "Every method's gradient against a truth that is certified in ball arithmetic: correct digits, and where they are lost.",
         ("accuracy", "step-size")),
    Plan("learning.html", "What gradients do to learning",
         "Adjoints that vanish or explode with depth, and loss curves of training with the gradients that were checked.", ("depth", "training")),
)  # fmt: skip
MISSING = "Studies that take time are not part of this report; `gradcheck run ... --report DIR --studies` adds them."


@dataclass(frozen=True, slots=True)
class StudyView:
    """A study as it is shown."""

    name: str
    title: str
    question: str
    statements: tuple[Statement, ...]
    figures: tuple[Any, ...]
    tables: tuple[View, ...]
    notes: tuple[str, ...]


def chapters(
    studies: Sequence[Study], proofs: Sequence[Proof], footer: str, bar: Sequence[Chapter] = CHAPTERS
) -> Iterator[tuple[str, str]]:
    """Every chapter's page by its file, but for the museum. `bar` are the chapters of the whole report."""
    known = {s.name: s for s in studies}
    for plan in PLANS:
        found = [shown_study(known[name]) for name in plan.studies if name in known]
        missing = MISSING if len(found) < len(plan.studies) else ""
        yield plan.file, render(
            "study.html", here=plan.file, title=plan.title, footer=footer, scripts=(*SCRIPTS, *CHART_SCRIPTS), lead=plan.lead, studies=found, tables=(), missing=missing, chapters=bar
        )  # fmt: skip
    lead = f"{len(proofs)} operations that functions are made of, and how it is known that the derivative of each is right."
    yield "rules.html", render(
        "study.html", here="rules.html", title="The rules", footer=footer, lead=lead, studies=(), tables=(rules(proofs),), missing="", chapters=bar
    )  # fmt: skip


def shown_study(study: Study) -> StudyView:
    """A study with its figures."""
    tables = tuple(view_of(t) for t in study.tables)
    return StudyView(study.name, study.title, study.question, study.statements, tuple(figures(study)), tables, tuple(study.notes))


def rules(proofs: Sequence[Proof]) -> View:
    """Every primitive with the proof of its rule."""
    head = [Head("primitive"), Head("computes"), Head("rule", choose=True), Head("how it is known")]
    rows = [[Cell(p.name, code=True), Cell(p.formula, code=True), badge(p.status), Cell(one_line(p.detail))] for p in proofs]
    return view("Primitives", head, rows, interactive=True, noun="primitives", id="primitives")
