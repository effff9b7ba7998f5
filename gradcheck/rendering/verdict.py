"""A verdict in words: what was claimed, what is true, where, how wrong, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

import numpy as np

from gradcheck.diagnosis.finding import Finding
from gradcheck.rendering.layout import table
from gradcheck.rendering.text import NAME, lines_of, one_line
from gradcheck.verdicts.verdict import Verdict, written

SHOWN = 5
LONGEST = 2000  # characters of a line: what a claim raises may say anything
TIES = 2  # equivalent explanations that are shown
SHORT = 12  # numbers of a point that are shown
HEAD = ("entry", "claimed", "true", "claimed / true", "off by (ulp)", "correct digits")
ADVICE = {
    "raises": "let the gradient give numbers wherever the function does, and raise where the function raises",
    "nonlinear": "a vector-Jacobian product is linear in its cotangent: use the cotangent once in every term, and nothing like its sign or square",
    "shape": "return one array of each argument's shape: an array for one argument, a tuple in argument order or a dict by name for several",
    "nonfinite": "look for a division by zero, a logarithm of zero, or inf - inf in the gradient; np.where still evaluates the branch it does not take",
    "precision": "the formula is right but cancels: rewrite the step that subtracts nearly equal numbers (1 - tanh(x)**2 as 1 / cosh(x)**2)",
    "mutates-input": "copy the argument before changing it, or write x = x + ... instead of x += ...",
    "mutates-cotangent": "work on a copy of the incoming gradient (g.clone()), or out of place",
    "layout": "read the incoming gradient as a tensor, or make it contiguous before its memory is read",
    "needs-input-grad": "compute each gradient by itself, whatever ctx.needs_input_grad says of the others",
    "unused-output": "take what comes for an unused output as zero (None, with set_materialize_grads(False))",
    "wrong-forward": "the function and its NumPy twin are two functions: put one of them right before judging the gradient",
    "non-deterministic": "fix the seed of random numbers inside the gradient",
    "missing-cotangent": "multiply every term by the cotangent",
    "aliases-input": "return a copy, so that writing into the gradient cannot change the input",
    "dtype": "return the gradient in its argument's precision",
    "unknown": "compare it with the chain rule hop by hop: gradcheck explain, or print(trace(f, x).gradient().source())",
}


def verdict_text(verdict: Verdict) -> str:
    """The verdict, the worst entries, and what to do."""
    lines = [f"{verdict.name}: {verdict.outcome}: {verdict.reason}"]
    if verdict.witness is not None and (verdict.aim or sum(np.size(a) for a in verdict.witness) <= SHORT):
        how = f"found by search, {verdict.aim}: " if verdict.aim else ""
        lines.append(f"  {how}at={written(verdict.witness)}")
    rows = entry_rows(verdict)
    if rows:
        lines.append(table(rows, HEAD))
    lines += [f"  {kind}: {what}" for kind, what in dict.fromkeys(advice(verdict))]
    if verdict.coverage is not None:
        lines += [f"search: {verdict.points} points judged", str(verdict.coverage)]
    return lines_of("\n".join(lines), LONGEST)


def advice(verdict: Verdict) -> Iterator[tuple[str, str]]:
    """What to do about each finding; of a function that cannot be traced, why it cannot."""
    black_box = any(f.kind == "black-box" for f in verdict.diagnosis)
    for finding in verdict.diagnosis:
        if finding.kind == "black-box":
            yield finding.kind, finding.message
        elif finding.hop is not None or finding.points:
            yield finding.kind, _told(finding)
        elif finding.kind in ADVICE and not (black_box and finding.kind == "unknown"):
            yield finding.kind, ADVICE[finding.kind]


def _told(finding: Finding) -> str:
    """A finding in one line, with what to do and what else would explain it."""
    fix = f"; {finding.fix}" if finding.fix and finding.fix not in finding.message else ""
    others = list(
        dict.fromkeys(
            f"{f.kind} in {f.hop}" for f in finding.equivalent if f.hop is not None and (f.kind, f.hop) != (finding.kind, finding.hop)
        )
    )
    also = f" (the same numbers: {'; '.join(others[:TIES])})" if others else ""
    return f"{finding.message}{fix}{also}"


def entry_rows(verdict: Verdict) -> list[list[str]]:
    """The worst entries that are not right, worst first."""
    if verdict.judgement is None or verdict.ok:
        return []
    accuracy = verdict.judgement.accuracy
    order = [int(i) for i in np.argsort(accuracy.digits, kind="stable") if verdict.entries[i] != "right"]
    return [_row(verdict, accuracy, i) for i in order[:SHOWN]]


def _row(verdict: Verdict, accuracy: Any, i: int) -> list[str]:
    claimed, true = float(accuracy.claim[i]), float(accuracy.truth[i])
    factor = f"{claimed / true:.6g}" if true else "-"
    return [verdict.labels[i], repr(claimed), repr(true), factor, f"{accuracy.ulp[i]:.3g}", f"{accuracy.digits[i]:.1f}"]


def verdict_html(verdict: Verdict) -> str:
    """The same as a small HTML table, everything escaped."""
    rows = "".join("<tr>" + "".join(f"<td>{escape(one_line(c))}</td>" for c in row) + "</tr>" for row in entry_rows(verdict))
    head = "".join(f"<th>{escape(h)}</th>" for h in HEAD)
    entries = f"<table><tr>{head}</tr>{rows}</table>" if rows else ""
    found = "".join(f"<li><b>{escape(kind)}</b>: {escape(one_line(what, LONGEST))}</li>" for kind, what in dict.fromkeys(advice(verdict)))
    told = f"<ul>{found}</ul>" if found else ""
    return f"<div><b>{escape(one_line(verdict.name, NAME))}: {verdict.outcome}</b> {escape(one_line(verdict.reason, LONGEST))}{entries}{told}</div>"
