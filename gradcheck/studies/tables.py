"""What a run found, as neutral tables: Markdown, CSV, LaTeX and HTML are all written from these."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gradcheck.studies.running import RunResult
from gradcheck.studies.study import Column, Table
from gradcheck.studies.summary import CaseSummary
from gradcheck.verdicts.compare import Comparison

CASES = (
    Column("case", "case"), Column("file", "file"), Column("line", "line"), Column("outcome", "outcome"), Column("met", "as stated"),
    Column("inputs", "inputs"), Column("points", "points"), Column("operations", "ops f"),
    Column("gradient_operations", "ops f + gradient"), Column("ratio", "ratio"), Column("claims", "claims"),
    Column("seconds", "time", "s", measured=True), Column("error", "error"),
)  # fmt: skip
METHODS = (
    Column("case", "case"), Column("method", "method"), Column("outcome", "outcome"), Column("digits", "digits", measured=True),
    Column("ulp", "worst error", "ulp", measured=True), Column("allowed_ulp", "rounding explains", "ulp", measured=True),
    Column("evaluations", "evaluations", measured=True), Column("operations", "operations", measured=True),
    Column("seconds", "time", "s", measured=True), Column("reason", "reason", measured=True),
)  # fmt: skip
CLAIMED = (
    Column("case", "case"), Column("gradient", "gradient"), Column("expected", "expected"), Column("outcome", "outcome"), Column("met", "met"),
    Column("kinds", "mistakes named"), Column("expected_kinds", "mistakes expected"), Column("reason", "why", measured=True),
)  # fmt: skip
CLAIMS = (Column("claim", "claim"), Column("verdict", "verdict"), Column("evidence", "evidence"))
VALUES = (Column("claim", "claim"), Column("name", "name"), Column("value", "value"))
ENTRIES = (
    Column("case", "case"), Column("point", "point"), Column("method", "method"), Column("argument", "argument"), Column("entry", "entry"),
    Column("gradient", "gradient", measured=True), Column("truth", "truth"), Column("ulp", "error", "ulp", measured=True),
    Column("relative_error", "relative error", measured=True), Column("digits", "digits", measured=True), Column("outcome", "outcome"),
)  # fmt: skip


def tables(result: RunResult) -> tuple[Table, ...]:
    """The tables of a run: cases, methods, claimed, claims, values (the claims' numbers). Entries are apart: see `entries_table`."""
    cases = [c.summary for c in result.cases]
    return (
        Table("cases", "Cases", CASES, tuple(map(_case_row, cases))),
        Table("methods", "Methods", METHODS, tuple(row for c in cases for row in _method_rows(c))),
        Table("claimed", "Gradients under test", CLAIMED, tuple(row for c in cases for row in _claimed_rows(c))),
        Table("claims", "Claims", CLAIMS, tuple((c.id, c.verdict, c.evidence) for c in result.claims)),
        Table("values", "What the claims found", VALUES, tuple((c.id, k, v) for c in result.claims for k, v in c.values.items())),
    )


def entries_table(comparison: Comparison) -> Table:
    """Every entry of every gradient of a case, at each of its points, beside the truth. `entry` is its index: "1,0"; "" for a number."""
    rows = tuple((comparison.name, *map(_cell, row.values())) for row in comparison.rows())
    return Table("entries", f"{comparison.name}, entry by entry", ENTRIES, rows)


def only(table: Table, *names: str) -> Table:
    """Some columns of a table, in the order given."""
    at = [[c.name for c in table.columns].index(n) for n in names]
    return Table(table.name, table.title, tuple(table.columns[i] for i in at), tuple(tuple(row[i] for i in at) for row in table.rows))


def _cell(value: Any) -> Any:
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return value.item() if hasattr(value, "item") else value


def _case_row(c: CaseSummary) -> tuple[Any, ...]:
    outcome = c.outcome if c.error is None else "at fault"
    costs = (c.inputs, c.points, c.operations, c.gradient_operations, c.ratio)
    return (c.name, c.file, c.line, outcome, _yes(c.met), *costs, " ".join(c.claims), c.seconds, c.error or "")


def _method_rows(c: CaseSummary) -> Iterator[tuple[Any, ...]]:
    for m in c.methods:
        outcome = m.outcome if m.digits is not None or m.evaluations is not None else "not run"
        yield c.name, m.name, outcome, m.digits, m.ulp, m.allowed_ulp, m.evaluations, m.operations, m.seconds, m.reason


def _claimed_rows(c: CaseSummary) -> Iterator[tuple[Any, ...]]:
    for g in c.claimed:
        kinds = None if g.kinds is None else " ".join(g.kinds)
        yield c.name, g.name, g.expected, g.outcome, _yes(g.met), kinds, " ".join(g.expected_kinds), g.reason


def _yes(value: bool) -> str:
    return "yes" if value else "no"
