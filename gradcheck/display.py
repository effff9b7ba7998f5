"""The one door from data to rendering: what shows a result to a person comes through here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradcheck.circuit import Circuit
    from gradcheck.rendering.mathematics.lines import Mathematics
    from gradcheck.studies.derivation import Derivation
    from gradcheck.verdicts.compare import Comparison
    from gradcheck.verdicts.verdict import Verdict


def text(comparison: Comparison) -> str:
    """A comparison as plain text."""
    from gradcheck.rendering.comparison import comparison_text

    return comparison_text(comparison)


def verdict_as_text(verdict: Verdict) -> str:
    """A verdict as plain text."""
    from gradcheck.rendering.verdict import verdict_text

    return verdict_text(verdict)


def verdict_as_html(verdict: Verdict) -> str:
    """A verdict as HTML, for notebooks."""
    from gradcheck.rendering.verdict import verdict_html

    return verdict_html(verdict)


def explain_case(case: Any, *, seed: int = 0, format: str = "text") -> str:
    """A case's gradient derived step by step: as text, or in mathematics as "latex", "markdown" or "html"."""
    from gradcheck.rendering.explanation import explain, short_path
    from gradcheck.studies.derivation import derive
    from gradcheck.verdicts.compare import problems_of

    problem = next(problems_of(case, None, None, seed))
    derivation = derive(problem.circuit, problem.inputs)
    if format == "text":
        return explain(problem.circuit, derivation, case.name, case.summary, f"{short_path(case.file)}:{case.line}")
    return in_mathematics(mathematics(problem.circuit, derivation), format, case.name, case.summary)


def mathematics(circuit: Circuit, derivation: Derivation) -> Mathematics:
    """A derivation of a circuit as lines of mathematics."""
    from gradcheck.rendering.mathematics.lines import mathematics_of
    from gradcheck.studies.chain import chain_of

    return mathematics_of(chain_of(circuit, derivation))


def in_mathematics(lines: Mathematics, format: str, title: str, summary: str = "") -> str:
    """Lines of mathematics as a document: "latex", "markdown" or "html"; anything else as plain text."""
    from gradcheck.rendering.mathematics.formats import latex_text, markdown_text, plain_text

    if format == "html":
        from gradcheck.rendering.mathematics.page import html_page

        return html_page(lines, title, summary)
    if format == "latex":
        return latex_text(lines, title)
    return markdown_text(lines, title, summary) if format == "markdown" else plain_text(lines)
