"""The one door from data to rendering: what shows a result to a person comes through here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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


def explain_case(case: Any, *, seed: int = 0) -> str:
    """A case's gradient derived step by step, as plain text."""
    from gradcheck.rendering.explanation import explain, short_path
    from gradcheck.studies.derivation import derive
    from gradcheck.verdicts.compare import problems_of

    problem = next(problems_of(case, None, None, seed))
    source = f"{short_path(case.file)}:{case.line}"
    return explain(problem.circuit, derive(problem.circuit, problem.inputs), case.name, case.summary, source)
