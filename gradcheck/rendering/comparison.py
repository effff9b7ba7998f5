"""A comparison and a run as plain text."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from gradcheck.gradients.truth import Truth
from gradcheck.rendering.layout import seconds, table
from gradcheck.rendering.text import NAME, one_line
from gradcheck.studies.running import CaseResult, RunResult
from gradcheck.verdicts.compare import Comparison, Measured, PointComparison

METHOD_HEAD = ("method", "outcome", "digits", "worst ulp", "evaluations", "operations", "time", "")


def comparison_text(comparison: Comparison) -> str:
    """Outcome, cost, and one table of methods per point."""
    ratio = "no operations" if comparison.ratio is None else f"ratio {comparison.ratio:.2f}"
    circuit = comparison.circuit
    head = f"{one_line(comparison.name, NAME)}: {comparison.outcome}; {comparison.inputs} inputs, {circuit.operations} operations, with gradient {circuit.gradient().operations} ({ratio})"
    parts = [head] + [point_text(p) for p in comparison.points]
    if comparison.claimed:
        rows = [
            [one_line(c.name, NAME), c.expect, v.outcome, "as expected" if c.expect == v.outcome else "NOT as expected", one_line(v.reason)]
            for c, v in comparison.claimed
        ]
        parts.append("claimed gradients\n" + table(rows, ["gradient", "expected", "outcome", "", "reason"]))
    return "\n".join(parts)


def point_text(point: PointComparison) -> str:
    """How the truth was certified, and what each method made of the point."""
    truth = point.truth
    how = f"truth: {truth.how}, {truth.bits} bits" if isinstance(truth, Truth) else one_line(truth.reason)
    return how + "\n" + table([method_row(m) for m in point.measured], METHOD_HEAD)


def comparison_html(comparison: Comparison) -> str:
    """The same as small HTML tables, everything escaped."""
    ratio = "" if comparison.ratio is None else f", {comparison.ratio:.2f} times as many"
    operations = f"{comparison.circuit.operations} operations, with gradient {comparison.circuit.gradient().operations}{ratio}"
    head = f"<b>{escape(one_line(comparison.name, NAME))}: {comparison.outcome}</b> {comparison.inputs} inputs, {operations}"
    rows = [[one_line(c.name, NAME), c.expect, v.outcome, one_line(v.reason)] for c, v in comparison.claimed]
    claimed = _html_table(["gradient", "expected", "outcome", "reason"], rows) if rows else ""
    points = "".join(_html_table(METHOD_HEAD, [method_row(m) for m in p.measured]) for p in comparison.points)
    return f"<div>{head}{points}{claimed}</div>"


def _html_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["".join(f"<th>{escape(h)}</th>" for h in head), *("".join(f"<td>{escape(c)}</td>" for c in row) for row in rows)]
    return "<table>" + "".join(f"<tr>{line}</tr>" for line in lines) + "</table>"


def method_row(measured: Measured) -> list[str]:
    """One method's line."""
    gradient, judgement = measured.gradient, measured.judgement
    if gradient is None or judgement is None:
        return [measured.method, "did not run" if gradient is None else "undecided", "", "", "", "", "", one_line(measured.reason)]
    accuracy = judgement.accuracy
    return [
        measured.method, judgement.outcome, f"{np.min(accuracy.digits, initial=np.inf):.1f}", f"{np.max(accuracy.ulp, initial=0.0):.3g}",
        str(gradient.evaluations), "" if gradient.operations is None else str(gradient.operations), seconds(gradient.seconds), one_line(measured.reason),
    ]  # fmt: skip


def run_text(result: RunResult) -> str:
    """The summary of a run: cases, claims, and what is not as stated."""
    parts = [table([_case_row(c) for c in result.cases], ["case", "outcome", "l", "ops f", "ops f+grad", "ratio", "claimed", ""])]
    if result.claims:
        parts.append(
            "\nclaims\n"
            + table([[one_line(c.id, NAME), c.verdict, one_line(c.evidence)] for c in result.claims], ["id", "verdict", "evidence"])
        )
    return "\n".join([*parts, "", closing(result)])


def _case_row(result: CaseResult) -> list[str]:
    c = result.summary
    if c.error is not None:
        return [one_line(c.name, NAME), "at fault", "", "", "", "", "", ""]
    ratio = "" if c.ratio is None else f"{c.ratio:.2f}"
    claimed = f"{sum(g.met for g in c.claimed)}/{len(c.claimed)} as expected" if c.claimed else ""
    return [
        one_line(c.name, NAME),
        c.outcome,
        str(c.inputs),
        str(c.operations),
        str(c.gradient_operations),
        ratio,
        claimed,
        one_line(c.unmet),
    ]


def closing(result: RunResult) -> str:
    """One line: how many cases and claims are as stated."""
    cases, claims = len(result.cases), len(result.claims)
    met, shown = sum(c.met for c in result.cases), sum(c.verdict == "shown" for c in result.claims)
    gradients = sum(len(c.summary.claimed) for c in result.cases)
    text = f"{met} of {cases} cases as stated, {gradients} claimed gradients judged"
    if claims:
        text += f", {shown} of {claims} claims shown"
    return text + (f", {len(result.problems)} {'problem' if len(result.problems) == 1 else 'problems'} besides" if result.problems else "")
