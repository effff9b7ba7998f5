"""A failed check in words, for a test's output: what is wrong, at which line of the function, for which argument, and how to see it again."""

from __future__ import annotations

import linecache
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from gradcheck.diagnosis.finding import Finding, Hop
from gradcheck.rendering.layout import table
from gradcheck.rendering.text import NAME, inert, lines_of, one_line
from gradcheck.rendering.verdict import HEAD, LONGEST, advice, entry_rows
from gradcheck.verdicts.verdict import Verdict

AROUND = 2  # lines of source above the one that matters
ARGUMENTS = 20  # arguments that are listed


def failure_text(verdict: Verdict, reproduction: str) -> str:
    """Everything a person needs who sees the failure in a log of a machine far away."""
    parts = [f"{one_line(verdict.name, NAME)}: {verdict.outcome}: {verdict.reason}"]
    finding = (
        next((f for f in verdict.diagnosis if f.hop is not None and f.hop.file and f.hop.line), None)
        if verdict.judgement is not None
        else None
    )
    if finding is not None and finding.hop is not None:
        parts.append("\n".join(_place(finding, finding.hop)))
    parts += [f"{kind}: {what}" for kind, what in dict.fromkeys(advice(verdict))]
    arguments = argument_rows(verdict)
    if arguments:
        parts.append(table(arguments[:ARGUMENTS], ("argument", "verdict", "entries not right", "correct digits"), indent=""))
    rows = entry_rows(verdict)
    if rows:
        parts.append(table(rows, HEAD, indent=""))
    if verdict.coverage is not None and verdict.aim:
        parts.append(f"found by search ({verdict.aim}), at point {verdict.points} of those judged; the points given are right")
    parts.append(f"to see it again, paste into Python:\n{_indented(reproduction)}")
    return lines_of("\n\n".join(parts).replace(f"{Path.cwd()}/", ""), LONGEST)


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" if line else "" for line in text.splitlines())


def _place(finding: Finding, hop: Hop) -> Iterator[str]:
    """The line of the function where the chain rule went wrong, among its neighbours."""
    assert hop.file is not None
    assert hop.line is not None
    what = "digits are lost at" if finding.kind == "precision" else "the chain rule went wrong at"
    yield f"{what} {_short(hop.file)}:{hop.line}, in {hop.name or hop.operation}" + (f" from {hop.operand}" if hop.operand else "") + ":"
    lines = [linecache.getline(hop.file, n).rstrip("\n") for n in range(max(hop.line - AROUND, 1), hop.line + 1)]
    for number, line in zip(range(max(hop.line - AROUND, 1), hop.line + 1), lines, strict=True):
        if line.strip():
            yield f"  {'>' if number == hop.line else ' '} {number:4d} | {inert(line, 200)}"
    if finding.expected and finding.found:
        yield f"           expected {finding.expected}, yours acts like {finding.found}{_glossary(f'{finding.expected} {finding.found}')}"


NAMELESS = {"upstream": "what comes back from the steps after it", "out": "its result", "right": "what it should be"}


def _glossary(formulas: str) -> str:
    """What the words stand for that a formula uses where the user's code has no name."""
    said = [f"{word}: {what}" for word, what in NAMELESS.items() if re.search(rf"\b{word}\b", formulas)]
    return f" ({'; '.join(said)})" if said else ""


def _short(file: str) -> str:
    try:
        return Path(file).relative_to(Path.cwd()).as_posix()
    except ValueError:
        return file


def argument_rows(verdict: Verdict) -> list[list[str]]:
    """For each differentiable argument its verdict, how many entries are not right, and its worst digits; nothing for a single scalar."""
    if verdict.problem is None or verdict.judgement is None or len(verdict.entries) < 2:
        return []
    rows, start = [], 0
    for x in verdict.problem.inputs:
        size = int(np.size(x))
        outcomes, digits = verdict.entries[start : start + size], verdict.judgement.accuracy.digits[start : start + size]
        if size:
            name = verdict.labels[start] if not np.ndim(x) else verdict.labels[start].rpartition("[")[0]
            off = sum(o != "right" for o in outcomes)
            worst = next((o for o in ("wrong", "undecided", "kink") if o in outcomes), "right")
            rows.append([one_line(name, NAME), worst, f"{off} of {size}", f"{float(np.min(digits)):.1f}"])
        start += size
    return rows
