"""A case's page: source, graph with its stepper, derivation, program, methods, claimed gradients, entries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.case import Case, ClaimedGradient
from gradcheck.diagnosis.finding import Finding
from gradcheck.gradients.truth import Truth
from gradcheck.rendering.explanation import short_path, short_paths
from gradcheck.rendering.layout import number, quantity, seconds
from gradcheck.rendering.material import Material, material_of
from gradcheck.rendering.site.page import CHAPTERS, MUSEUM, Cell, Chapter, Head, Link, View, badge, digits, figure, render, view
from gradcheck.rendering.site.pieces import derivation_of, picture_of
from gradcheck.rendering.site.source import highlighted, source_of
from gradcheck.rendering.text import LINE, NAME, inert, one_line, slug
from gradcheck.studies.running import CaseResult
from gradcheck.verdicts.compare import Comparison, Measured, PointComparison
from gradcheck.verdicts.verdict import Verdict

ENTRIES = 300  # rows of the table of entries
PROGRAM = 200  # lines of a program that are shown
FINDINGS = 3  # of a diagnosis


@dataclass(frozen=True, slots=True)
class Around:
    """The pages before and after, and what stands at every page's foot."""

    before: Link | None
    after: Link | None
    footer: str
    chapters: tuple[Chapter, ...] = CHAPTERS


@dataclass(frozen=True, slots=True)
class ClaimedView:
    """A claimed gradient as it is shown."""

    name: str
    outcome: str
    expected: str
    met: bool
    reason: str
    findings: tuple[FindingView, ...]
    source: Any


@dataclass(frozen=True, slots=True)
class FindingView:
    """A finding as it is shown; `formulas` are what stands there and what should."""

    kind: str
    message: str
    formulas: tuple[str, str] | None


def case_html(result: CaseResult, around: Around, material: Material | None = None) -> str:
    """The page of one case, also of one that could not run."""
    case, c = result.case, result.comparison
    text, first = source_of(case.function)
    head = {
        "name": one_line(case.name, NAME), "summary": one_line(case.summary, LINE), "where": one_line(f"{short_path(case.file)}:{case.line}"),
        "claims": [one_line(i, NAME) for i in case.claims], "exhibit": exhibit(case), "source": highlighted(text, first), "before": around.before, "after": around.after,
        "outcome": "at fault" if c is None else c.outcome, "unmet": "" if result.met or c is None else one_line(short_paths(result.summary.unmet)), "error": None if c is not None else one_line(result.error or "unknown"),
    }  # fmt: skip
    given: dict[str, Any] = head | ({} if c is None else _found(c, material or material_of(c), case.file))
    return render(
        "case.html",
        here=f"cases/{slug(case.name)}.html",
        title=one_line(case.name, NAME),
        footer=around.footer,
        chapters=around.chapters,
        **given,
    )


def exhibit(case: Case) -> tuple[str, str] | None:
    """Of an exhibit, what it shows, and its card in the museum."""
    e = case.exhibit
    if e is None:
        return None
    told = f"{e.library}{'' if e.year is None else f', {e.year}'} ({e.source}): {e.bug}. It shows {e.shows}."
    return one_line(told, 2 * LINE), f"../{MUSEUM.file}#{slug(case.name)}"


def _found(c: Comparison, material: Material, file: str) -> dict[str, Any]:
    point = c.points[0]
    program = _program(c)
    return {
        "facts": facts(c), "picture": picture_of(material, file), "derivation": derivation_of(c.circuit, material), "program": program,
        "counted": counted(c), "truth": truth_line(point), "methods": methods(point), "claimed": [claimed(g, v) for g, v in c.claimed],
        "entries": entries(c),
    }  # fmt: skip


def facts(c: Comparison) -> list[tuple[str, str]]:
    """The case in figures."""
    inputs = ", ".join(f"{n} = {quantity(x)}" for n, x in c.points[0].named_inputs())
    ratio = "none" if c.ratio is None else f"{c.ratio:.2f}"
    return [
        ("first point", one_line(inputs, 300)), ("points", str(len(c.points))), ("inputs l", f"{c.inputs:,}"), ("operations of f", f"{c.circuit.operations:,}"),
        ("of f and gradient", f"{c.circuit.gradient().operations:,}"), ("ratio", ratio),
    ]  # fmt: skip


def counted(c: Comparison) -> str:
    """The counts by kind, in words."""
    counts = c.circuit.gradient().counts
    kinds = ("additions", "multiplications", "divisions", "transcendental", "comparisons")
    parts = [f"{n:,} {kind.removesuffix('s') if n == 1 else kind}" for kind in kinds if (n := getattr(counts, kind))]
    return ", ".join(parts) or "no operations"


def _program(c: Comparison) -> Any:
    gradient = c.circuit.gradient()
    lines = gradient.source().splitlines() if len(gradient.equations) <= PROGRAM else []
    return highlighted("\n".join(lines)) if 0 < len(lines) <= PROGRAM else ""


def truth_line(point: PointComparison) -> str:
    """How the truth was certified, or why it was not."""
    truth = point.truth
    if not isinstance(truth, Truth):
        return one_line(short_paths(truth.reason))
    return f"Settled by a truth certified in ball arithmetic at {truth.bits} bits ({truth.how})."


def methods(point: PointComparison) -> View:
    """Every method at the first point."""
    head = [
        Head("method"), Head("verdict"), Head("correct digits", numeric=True), Head("worst error (ulp)", numeric=True),
        Head("evaluations", numeric=True), Head("operations", numeric=True), Head("time", numeric=True), Head("why"),
    ]  # fmt: skip
    return view("Methods", head, [_method_row(m) for m in point.measured])


def _method_row(m: Measured) -> list[Cell]:
    if m.gradient is None:
        return [Cell(m.method), badge("did not run"), *[Cell("")] * 5, Cell(one_line(short_paths(m.reason)))]
    took = [figure(m.gradient.evaluations), figure(m.gradient.operations), Cell(seconds(m.gradient.seconds), numeric=True)]
    reason = Cell(one_line(short_paths(m.reason)))
    if m.judgement is None:
        return [Cell(m.method), badge("undecided"), Cell(""), Cell(""), *took, reason]
    a = m.judgement.accuracy
    fewest, worst = float(np.min(a.digits, initial=np.inf)), float(np.max(a.ulp, initial=0.0))
    return [Cell(m.method), badge(m.judgement.outcome), digits(fewest), Cell(f"{worst:.3g}", numeric=True), *took, reason]


def claimed(claim: ClaimedGradient, verdict: Verdict) -> ClaimedView:
    """A gradient under test, with what is wrong in it."""
    text, first = source_of(claim.function)
    findings = tuple(map(_finding, verdict.diagnosis[:FINDINGS])) if verdict.outcome != "right" else ()
    return ClaimedView(
        one_line(claim.name, NAME), verdict.outcome, claim.expect, claim.expect == verdict.outcome,
        one_line(short_paths(verdict.reason)), findings, highlighted(text, first),
    )  # fmt: skip


def _finding(f: Finding) -> FindingView:
    formulas = (inert(f.expected), inert(f.found)) if f.expected and f.found else None
    return FindingView(f.kind, one_line(short_paths(f.message)), formulas)


def entries(c: Comparison) -> View:
    """The gradient entry by entry, method by method; of many, those with the fewest digits."""
    rows = [row for number, point in enumerate(c.points) for row in point.rows(number)]
    note = ""
    if len(rows) > ENTRIES:
        note = f"{ENTRIES} of {len(rows):,} rows, those with the fewest correct digits; all are in csv/entries.csv."
        rows = sorted(rows, key=lambda r: r["digits"])[:ENTRIES]
    head = [
        Head("entry"), Head("point", numeric=True), Head("method", choose=True), Head("verdict", choose=True), Head("gradient", numeric=True),
        Head("truth", numeric=True), Head("error (ulp)", numeric=True), Head("correct digits", numeric=True),
    ]  # fmt: skip
    return view("Every entry by every method", head, [tuple(_entry_row(r)) for r in rows], interactive=True, noun="entries", note=note)


def _entry_row(row: dict[str, Any]) -> Iterator[Cell]:
    index = f"[{', '.join(map(str, row['entry']))}]" if row["entry"] else ""
    yield Cell(one_line(row["argument"], NAME) + index, code=True)
    yield Cell(str(row["point"]), numeric=True)
    yield Cell(row["method"])
    yield badge(row["outcome"])
    for name in ("gradient", "truth"):
        yield Cell(repr(float(row[name])), numeric=True)
    yield Cell(number(float(row["ulp"]), 3), numeric=True)
    yield digits(float(row["digits"]))
