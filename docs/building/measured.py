"""Figures of the committed report as tables: what the pages say was measured is what was."""

from __future__ import annotations

import csv
from pathlib import Path

from gradcheck.rendering.layout import escape, markdown_table

TABLES = Path(__file__).parents[2] / "reports" / "csv"


def read(name: str) -> list[dict[str, str]]:
    """The rows of a table of the report."""
    with (TABLES / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _slopes(name: str) -> str:
    rows = [
        (
            escape(r["way"]), escape(r["family"]), escape(r["regime"]), escape(r["against"]), f"{float(r['slope']):.4f}",
            f"{float(r['low']):.4f} to {float(r['high']):.4f}", r["expected"], r["verdict"],
        )
        for r in read(name)
    ]  # fmt: skip
    return markdown_table(rows, ("way", "family", "regime", "against", "slope", "95 % interval", "theory", "verdict"))


def slopes() -> str:
    """Slopes of log operations against log size."""
    return _slopes("scaling-slopes")


def times() -> str:
    """Slopes of log time against log size."""
    return _slopes("scaling-time-slopes")


def ratios() -> str:
    """For each family and way the range of operations per operation of f, and the most that was met."""
    found: dict[tuple[str, str], list[dict[str, str]]] = {}
    for row in read("scaling-ratios"):
        found.setdefault((row["family"], row["way"]), []).append(row)
    rows = []
    for (family, way), members in found.items():
        most = max(members, key=lambda r: float(r["ratio"]))
        least = min(float(r["ratio"]) for r in members)
        largest = max(int(r["operations_of_f"]) for r in members)
        rows.append((escape(family), escape(way), f"{least:.2f}", f"{float(most['ratio']):.2f}", f"{largest:,}"))
    return markdown_table(rows, ("family", "way", "least", "most", "operations of the largest f"))


def crossovers() -> str:
    """From how many inputs on the tape takes fewer operations than differences."""
    rows = [(escape(r["family"]), escape(r["regime"]), r["inputs"]) for r in read("scaling-crossovers")]
    return markdown_table(rows, ("family", "regime", "inputs from which the tape is cheaper"))


def swell() -> str:
    """What a gradient takes written out, with subexpressions shared, and on the tape, at the largest size that was counted."""
    sizes: dict[tuple[str, str], dict[int, int]] = {}
    for r in read("swell-swell"):
        if r["operations"]:  # nothing where a form grew too large to be counted
            sizes.setdefault((r["growth"], r["form"]), {})[int(r["size"])] = int(r["operations"])
    rows = [(escape(growth), escape(form), str(max(at)), f"{at[max(at)]:,}") for (growth, form), at in sizes.items()]
    return markdown_table(rows, ("function", "form", "size", "operations of the gradient"))


def accuracy() -> str:
    """Correct digits of every method over all cases."""
    rows = [
        (escape(r["method"]), r["points"], *(f"{float(r[k]):.1f}" for k in ("worst", "low", "median", "high")))
        for r in read("accuracy-summary")
    ]
    return markdown_table(rows, ("method", "points", "worst", "lower quartile", "median", "upper quartile"))


MEASURED = {
    "measured slopes": slopes,
    "measured times": times,
    "measured ratios": ratios,
    "measured crossovers": crossovers,
    "measured swell": swell,
    "measured accuracy": accuracy,
}
