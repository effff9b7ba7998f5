"""The one door from data to rendering: what shows a result to a person comes through here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradcheck.verdicts.compare import Comparison


def text(comparison: Comparison) -> str:
    """A comparison as plain text."""
    from gradcheck.rendering.comparison import comparison_text

    return comparison_text(comparison)


def explain_case(case: Any, *, seed: int = 0) -> str:
    """A case's gradient derived step by step, as plain text."""
    from gradcheck.rendering.explanation import explain, short_path
    from gradcheck.studies.derivation import derive
    from gradcheck.verdicts.compare import problems_of

    problem = next(problems_of(case, None, None, seed))
    source = f"{short_path(case.file)}:{case.line}"
    return explain(problem.circuit, derive(problem.circuit, problem.inputs), case.name, case.summary, source)
