"""The figures as tables, in text or Markdown. What was not measured is said in its cell, and why below."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

SHORT = {"no form": "-", "wrong": "WRONG", "DNF": "DNF", "failed": "failed", "not installed": "n/i"}
ARRAYS = 1e5  # bytes from which numbers, and not Python's objects around them, are what is held
Row = Mapping[str, Any]


def number(value: float) -> str:
    """Three digits."""
    return f"{value:.0f}" if value >= 1000 else f"{value:.3g}"


def duration(value: float) -> str:
    """Seconds with a unit."""
    for unit, scale in (("s", 1.0), ("ms", 1e3), ("us", 1e6)):
        if value * scale >= 1:
            return f"{value * scale:.3g} {unit}"
    return f"{value * 1e9:.3g} ns"


def small(value: float) -> str:
    """An error, by its size."""
    return f"{value:.0e}"


TABLES = (
    ("Value and gradient / hand-written NumPy value and gradient", "over hand", number),
    ("Value and gradient / plain NumPy value", "over function", number),
    ("Compiling and tracing: build and first two calls, less two warm calls", "setup", duration),
    ("Memory added by building and calling, MB", "memory", number),
    ("Error against the hand-written gradient, relative to its largest entry", "error", small),
)


def table(rows: Sequence[Sequence[str]], head: Sequence[str], *, markdown: bool) -> str:
    """Cells aligned, the first column to the left."""
    widths = [max(len(line[i]) for line in (head, *rows)) for i in range(len(head))]
    join = " | " if markdown else "  "

    def line(cells: Sequence[str]) -> str:
        text = join.join([cells[0].ljust(widths[0]), *(c.rjust(n) for c, n in zip(cells[1:], widths[1:], strict=True))])
        return f"| {text} |" if markdown else text.rstrip()

    rule = "|" + "|".join("-" * (n + 2) if i == 0 else "-" * (n + 1) + ":" for i, n in enumerate(widths)) + "|"
    return "\n".join([line(head), rule if markdown else "  ".join("-" * n for n in widths), *map(line, rows)])


def cell(row: Row | None, key: str, shown: Callable[[float], str]) -> str:
    """A figure, or why there is none. A wrong gradient shows its error, flagged, and enters no other table."""
    if row is None:
        return ""
    if row["status"] == "wrong" and key == "error":
        return f"{row['error']:.0e} !"
    return shown(row[key]) if row["status"] == "ok" else SHORT[row["status"]]


def report(rows: Sequence[Row], fits: Sequence[Row], *, markdown: bool = False) -> str:
    """All tables."""
    workloads, peers = (list(dict.fromkeys(row[name] for row in rows)) for name in ("workload", "peer"))
    known = {(row["workload"], row["peer"]): row for row in rows}
    parts = []
    for title, key, shown in TABLES:
        lines = [[w, *(cell(known.get((w, p)), key, shown) for p in peers)] for w in workloads]
        parts.append(_section(title, table(lines, ["workload", *peers], markdown=markdown), markdown=markdown))
    parts.append(_section("First call", _first(rows, peers, markdown=markdown), markdown=markdown))
    if fits:
        parts.append(_section("Counted costs against measured time (gradcheck)", _fits(fits, markdown=markdown), markdown=markdown))
        parts.append(
            _section("Counted and measured, by workload (gradcheck)", _predicted(rows, fits[-1], markdown=markdown), markdown=markdown)
        )
    parts.append(_section("Not measured", _notes(rows), markdown=markdown))
    return "\n\n".join(parts) + "\n"


def _section(title: str, body: str, *, markdown: bool) -> str:
    return f"## {title}\n\n{body}" if markdown else f"{title}\n\n{body}"


def _first(rows: Sequence[Row], peers: Sequence[str], *, markdown: bool) -> str:
    """For each peer, importing it after NumPy and its first value and gradient, on the first workload it did."""
    lines = []
    for peer in peers:
        row = next((r for r in rows if r["peer"] == peer and r["status"] == "ok"), None)
        if row is not None:
            lines.append([peer, duration(row["import"]), duration(row["first"]), duration(row["import"] + row["first"]), row["workload"]])
    return table(lines, ["peer", "import", "first value and gradient", "both", "of"], markdown=markdown)


def _fits(fits: Sequence[Row], *, markdown: bool) -> str:
    lines = [
        [
            f["model"], f"{f['r squared']:.3f}", f"{f['median']:.2f}", f"{f['worst']:.2f}", f"{f['worst left out']:.2f}",
            ", ".join(f"{name} {number(ns)}" for name, ns in f["nanoseconds"].items() if ns),
        ]
        for f in fits
    ]  # fmt: skip
    head = ["predicted from", "R2 of log seconds", "median factor off", "worst", "worst, left out", "nanoseconds for each"]
    return table(lines, head, markdown=markdown)


def _predicted(rows: Sequence[Row], fit: Row, *, markdown: bool) -> str:
    lines = []
    for row in rows:
        if row.get("facts"):
            known, seconds = row["facts"], row["peer seconds"]
            predicted = fit["predicted"][row["workload"]]
            lines.append(
                [
                    row["workload"], number(known["scalar equations"] + known["array equations"]), number(known["operations"]), number(known["bytes"]),
                    duration(predicted), duration(seconds), f"{predicted / seconds:.2f}",
                    number(known["held"]), f"{known['held'] / known['held, measured']:.2f}" if known["held"] > ARRAYS else "",
                ]
            )  # fmt: skip
    head = ["workload", "equations", "operations", "bytes moved", "predicted", "measured", "ratio", "bytes held", "/ measured"]
    return table(lines, head, markdown=markdown)


def _notes(rows: Sequence[Row]) -> str:
    """Why cells are empty, each reason once."""
    reasons: dict[str, list[str]] = {}
    for row in rows:
        if row["status"] != "ok":
            reasons.setdefault(f"{row['peer']}, {row['status']}: {row['reason']}", []).append(row["workload"])
    lines = [
        f"- {reason} ({'all' if reason.split(', ')[1].startswith('not installed') else ', '.join(of)})" for reason, of in reasons.items()
    ]
    return "\n".join(lines) or "Nothing: everything asked for was measured."
