"""The report as Markdown files: a summary, the claims, a page per case, and what was measured apart.

Everything above the section on measurements is deterministic: counts, verdicts and the claims' values.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from gradcheck.circuit import Circuit
from gradcheck.derivation.hops import Derivation
from gradcheck.rendering.comparison import closing
from gradcheck.rendering.document import document, dumps, environment, study_document
from gradcheck.rendering.explanation import BACKWARD, FORWARD, backward_rows, forward_rows, picture, short_path, short_paths
from gradcheck.rendering.layout import code, escape, markdown_table, quantity, seconds
from gradcheck.rendering.material import Material, Missing, material_of
from gradcheck.rendering.study import csv_files
from gradcheck.rendering.study_page import figure, figure_name, study_page
from gradcheck.rendering.tabular import csv_text, latex_text
from gradcheck.rendering.text import LINE, NAME, lines_of, one_line, slug
from gradcheck.studies.costs import LARGE
from gradcheck.studies.running import CaseResult, ClaimResult, RunResult
from gradcheck.studies.study import Study, Table
from gradcheck.studies.summary import CaseSummary
from gradcheck.studies.tables import ENTRIES, entries_table, only, tables
from gradcheck.verdicts.compare import DERIVATIONS
from gradcheck.verdicts.proof import Proof

PAGE_STEPS = 80  # longest forward table on a case's page
MEASURED = "## Measured on one machine"
PRINTED = {  # the columns of the LaTeX tables: those that are the same on every machine, and fit on paper
    "cases": ("case", "outcome", "inputs", "operations", "gradient_operations", "ratio"),
    "claimed": ("case", "gradient", "expected", "outcome"),
    "claims": ("claim", "verdict", "evidence"),
}


def report_files(
    result: RunResult, proofs: tuple[Proof, ...], studies: Sequence[Study] = (), entries: Iterable[str] = (), *, pictures: bool = False
) -> Iterator[tuple[str, str | bytes]]:
    """The files of a report that tell of the whole run, by their paths below its folder: one at a time, to be written as they come.

    `entries` holds what `entry_rows` gave for each case; `pictures` adds charts, for which the extra `report` is needed. Pages of cases are
    apart: see `case_files`.
    """
    yield "README.md", readme(result, proofs, studies, pictures=pictures)
    yield "report.json", dumps(document(result))
    yield "primitives.md", primitives_page(proofs)
    found = {t.name: t for t in tables(result)}
    for name, table in found.items():
        yield f"csv/{name}.csv", csv_text(table)
    yield "csv/entries.csv", csv_text(Table("entries", "Entry by entry", ENTRIES, ())) + "".join(entries)
    for name, columns in PRINTED.items():
        yield f"latex/{name}.tex", latex_text(only(found[name], *columns))
    for study in studies:
        yield from study_files(study, pictures=pictures)


def study_files(study: Study, *, pictures: bool) -> Iterator[tuple[str, str]]:
    """A study's page, its tables, its document, and its charts."""
    yield f"studies/{study.name}.md", study_page(study, pictures=pictures)
    yield f"studies/{study.name}.json", dumps(study_document(study))
    yield from ((f"csv/{name}", text) for name, text in csv_files(study))
    if pictures:
        from gradcheck.rendering.charts import chart_svg

        yield from ((f"figures/{figure_name(study, c)}", chart_svg(study, c)) for c in study.charts)


def case_files(result: CaseResult, material: Material | None = None, *, drawn: bool = False) -> Iterator[tuple[str, str | bytes]]:
    """The files of one case, made where its comparison is, of its material where that is there already; `drawn` says that there is a picture of its graph."""
    yield f"cases/{slug(result.case.name)}.md", case_page(result, material, drawn=drawn)


def entry_rows(result: CaseResult) -> str:
    """A case's lines of csv/entries.csv."""
    return csv_text(entries_table(result.comparison), head=False) if result.comparison else ""


def readme(result: RunResult, proofs: tuple[Proof, ...], studies: Sequence[Study] = (), *, pictures: bool = False) -> str:
    """The front page: what was found, claim by claim and case by case, then what was measured."""
    status = {s: sum(p.status == s for p in proofs) for s in dict.fromkeys(p.status for p in proofs)}
    parts = [
        "# gradcheck report",
        "Every function here is written once, in plain NumPy. Its gradient is derived three ways (SymPy, a reverse-mode tape, finite "
        "differences) and settled by a certified truth.",
        f"**{closing(result)}.**",
        "## Claims",
        markdown_table([_claim_row(c) for c in result.claims], ["claim", "verdict", "evidence"]),
        *studies_section(studies, pictures),
        "## Cases",
        f"The largest ratio ops(f and gradient) / ops(f) among cases of at least {LARGE} operations is **{_largest(largest_ratio(result))}**; theory bounds it by 5. "
        "The ratio of a single operation can be larger (`x**y` needs a logarithm and a power for its two derivatives).",
        markdown_table(
            [summary_row(c.summary) for c in result.cases],
            ["case", "outcome", "inputs", "ops f", "ops f + gradient", "ratio", "symbolic, tape, differences"],
        ),
        "## Gradients under test",
        "Right and wrong ones, kept on purpose; each must get the verdict expected of it.",
        markdown_table(claimed_rows(result), ["case", "gradient", "expected", "outcome", "met", "why"]),
        "## Rules",
        f"{len(proofs)} primitives: " + ", ".join(f"{n} {s}" for s, n in status.items()) + ". See [primitives.md](primitives.md).",
        *problem_section(result),
        MEASURED,
        "Times and errors in ulp differ between processors and libraries; nothing above this line does.",
        markdown_table([[k, str(v)] for k, v in environment().items()], ["with", "version"]),
        "" if result.workers is None else f"Times were taken while {result.workers} workers of a test run shared the machine.",
        markdown_table(measured_rows(result), ["case", "method", "digits", "worst ulp", "rounding explains (ulp)", "evaluations", "time"]),
    ]
    return "\n\n".join(p for p in parts if p) + "\n"


GLANCE = ("scaling", "accuracy")  # studies whose first chart stands on the front page


def studies_section(studies: Sequence[Study], pictures: bool) -> list[str]:
    """What the studies show at a glance, and where they are told; what is measured stands on their own pages."""
    if not studies:
        return []
    shown = [figure(s, s.charts[0], "figures") for s in studies if pictures and s.name in GLANCE and s.charts]
    rows = [
        [f"[{escape(s.title)}](studies/{s.name}.md)", escape(t.name), t.verdict] for s in studies for t in s.statements if not t.measured
    ]
    return ["## Cost and accuracy", *shown, markdown_table(rows, ["study", "statement", "verdict"])]


def largest_ratio(result: RunResult) -> tuple[float, str] | None:
    """The largest cost ratio among cases big enough to speak of, with its case; None where none is."""
    ratios = ((c.summary.ratio, c.summary.name) for c in result.cases if c.summary.ratio and (c.summary.operations or 0) >= LARGE)
    return max(ratios, default=None)


def _largest(found: tuple[float, str] | None) -> str:
    return f"{found[0]:.2f} ({_shown(found[1])})" if found else "not known"


def _claim_row(claim: ClaimResult) -> list[str]:
    return [escape(one_line(claim.id, NAME)), claim.verdict, escape(one_line(claim.evidence, 2 * LINE))]


def _shown(name: str) -> str:
    """A name inside a sentence: identifiers as they are."""
    return name if name == slug(name) else escape(one_line(name))


def summary_row(c: CaseSummary) -> list[str]:
    """One case in the summary table."""
    link = f"[{escape(one_line(c.name))}](cases/{slug(c.name)}.md)"
    if c.error is not None:
        return [link, "at fault", "", "", "", "", escape(one_line(c.error))]
    agree = ", ".join(c.method(m).outcome if c.method(m).ran else "not run" for m in DERIVATIONS)
    ratio = "" if c.ratio is None else f"{c.ratio:.2f}"
    return [link, c.outcome, str(c.inputs), str(c.operations), str(c.gradient_operations), ratio, agree]


def claimed_rows(result: RunResult) -> list[list[str]]:
    """Every claimed gradient with its expectation and verdict; digits are left out, they are measurements."""
    rows = []
    for case in result.cases:
        for c in case.summary.claimed:
            why, colon, _ = c.reason.partition(":")
            why = "" if c.outcome == "right" and not colon else why  # only digits: a measurement
            names = [escape(one_line(case.summary.name)), escape(one_line(c.name))]
            rows.append([*names, c.expected, c.outcome, "yes" if c.met else "**no**", escape(one_line(why))])
    return rows


def problem_section(result: RunResult) -> list[str]:
    """Files and cases that could not run, if any."""
    faults = [*result.problems, *(c.error for c in result.cases if c.error)]
    return ["## At fault", "\n".join(f"- {escape(one_line(f))}" for f in faults)] if faults else []


def measured_rows(result: RunResult) -> list[list[str]]:
    """Accuracy over all points, and time, of every method that ran, case by case."""
    rows = []
    for case in result.cases:
        for m in case.summary.methods:
            if m.digits is None or m.ulp is None or m.seconds is None:
                continue
            allowed = "" if m.allowed_ulp is None else f"{m.allowed_ulp:.3g}"
            name = escape(one_line(case.summary.name))
            rows.append([name, m.name, f"{m.digits:.1f}", f"{m.ulp:.3g}", allowed, str(m.evaluations), seconds(m.seconds)])
    return rows


def case_page(result: CaseResult, material: Material | None = None, *, drawn: bool = False) -> str:
    """A case: its gradient derived, its methods, its claimed gradients, its program."""
    case, c = result.case, result.comparison
    head = [
        f"# {escape(one_line(case.name))}",
        escape(one_line(case.summary)),
        f"Defined in {code(f'{short_path(case.file)}:{case.line}')}" + _illustrates(case.claims),
    ]
    if c is None:
        return "\n\n".join([*head, f"At fault: {escape(one_line(result.error or ''))}"]) + "\n"
    derivation = (material or material_of(c, pictures=False)).derivation
    parts = [
        *head,
        f"Outcome: **{c.outcome}**.",
        *([f"![The computation graph of {escape(one_line(case.name))}](../figures/graph-{slug(case.name)}.svg)"] if drawn else []),
        *([escape(one_line(derivation.why))] if isinstance(derivation, Missing) else _tables(derivation, drawn)),
        "## Methods",
        methods_section(c.points[0].measured),
        *_program(c.circuit.gradient()),
    ]
    return "\n\n".join(p for p in parts if p) + "\n"


def _illustrates(claims: tuple[str, ...]) -> str:
    return f"; illustrates {', '.join(escape(one_line(c, NAME)) for c in claims)}" if claims else ""


def _tables(d: Derivation, drawn: bool) -> list[str]:
    """Forward and backward tables, the picture, the recursion; long ones are cut, saying so."""
    point = ", ".join(f"{code(n)} = {quantity(v)}" for n, v in d.inputs)
    cut = [f"The first {PAGE_STEPS} steps of {len(d.steps)} are shown."] if len(d.steps) > PAGE_STEPS else []
    forward = [[code(r[0]), code(r[1]), *r[2:]] for r in forward_rows(d, PAGE_STEPS)]
    backward = [[code(r[0]), code(r[1]), *(escape(one_line(t)) for t in r[2:])] for r in backward_rows(d, PAGE_STEPS)]
    drawing = ["## Picture", f"```\n{lines_of(picture(d))}\n```"] if len(d.steps) <= PAGE_STEPS // 2 and not drawn else []
    recursion = ["## Chain rule, unrolled", "```\n" + lines_of("\n".join(d.recursion[:PAGE_STEPS])) + "\n```"]
    return [
        "## Forward", f"At {point}.", *cut, markdown_table(forward, FORWARD), "## Backward",
        f"From d{d.result} = 1, last hop first.", markdown_table(backward, BACKWARD), *drawing, *recursion,
    ]  # fmt: skip


def methods_section(measured: tuple) -> str:  # type: ignore[type-arg]
    """Which methods ran and with what verdict; accuracy and time stand on the front page."""
    rows = [
        [
            m.method,
            "did not run" if m.gradient is None else m.outcome,
            escape(one_line(short_paths(m.reason))) if m.gradient is None else "",
        ]
        for m in measured
    ]
    return markdown_table(rows, ["method", "outcome", "why not"])


def _program(gradient: Circuit) -> list[str]:
    program = gradient.source() if len(gradient.equations) <= 2 * PAGE_STEPS else ""
    if not 0 < len(program.splitlines()) <= 2 * PAGE_STEPS:
        return []
    return ["## Value and gradient as a program", f"```python\n{lines_of(program)}```"]


def primitives_page(proofs: tuple[Proof, ...]) -> str:
    """The table of primitives with the proof status of each rule (C19)."""
    rows = [[code(p.name), code(p.formula), p.status, escape(p.detail)] for p in proofs]
    return "# Primitives\n\n" + markdown_table(rows, ["primitive", "computes", "rule", "how it is known"]) + "\n"
