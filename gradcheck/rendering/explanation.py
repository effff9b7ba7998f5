"""A derivation as text: forward table, backward table, picture, recursion, costs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gradcheck.circuit import Circuit, bytes_moved, peak_bytes
from gradcheck.derivation.hops import Derivation, Hop
from gradcheck.rendering.layout import quantity, table
from gradcheck.rendering.text import NAME, inert, one_line

LONG = 300  # lines of a part that are shown
SOURCE = 10_000  # operations up to which a program is written
FORWARD = ("name", "computes", "value", "ops", "line")
BACKWARD = ("hop", "local derivative", "value", "arrives", "sends on")


def forward_rows(derivation: Derivation, most: int | None = None) -> list[list[str]]:
    """One row per step, `most` at most: what it computes, from where."""
    return [[s.name, s.text, quantity(s.value), str(s.operations), str(s.place.line) if s.place else ""] for s in derivation.steps[:most]]


def backward_rows(derivation: Derivation, most: int | None = None) -> list[list[str]]:
    """One row per hop, `most` at most: the local derivative, the cotangent that arrives, and their product."""
    return [_hop_row(h) for h in derivation.hops[:most]]


def _hop_row(hop: Hop) -> list[str]:
    value = "" if hop.value is None else quantity(hop.value)
    return [
        f"{hop.output} -> {hop.input}",
        hop.local,
        value,
        f"d{hop.output} = {quantity(hop.arriving)}",
        f"d{hop.input} += {quantity(hop.sent)}",
    ]


def picture(derivation: Derivation) -> str:
    """The computation graph as a tree from the result down: on every line a value and its derivative.

    A value used twice is drawn where it is met first and referred to afterwards.
    """
    reads: dict[str, list[Hop]] = {}
    for hop in derivation.hops:
        reads.setdefault(hop.output, []).append(hop)
    lines, drawn, values = [], set(), derivation.values
    waiting: list[tuple[str, str, str]] = [(derivation.result, "", "")]
    while waiting:
        name, lead, branch = waiting.pop()
        again = name in drawn
        value, gradient = quantity(values[name]), quantity(derivation.cotangents[name])
        lines.append(f"{lead}{branch}{name} = {value}   d{name} = {gradient}{'   (drawn above)' if again and reads.get(name) else ''}")
        if again:
            continue
        drawn.add(name)
        below = lead + {"": "", "├─ ": "│  ", "└─ ": "   "}[branch]
        children = reads.get(name, [])
        for i, hop in reversed(list(enumerate(children))):
            waiting.append((hop.input, below, "└─ " if i == len(children) - 1 else "├─ "))
    return "\n".join(lines)


def costs(circuit: Circuit) -> str:
    """Operations and memory of the function, and of value and gradient together."""
    both = (circuit, circuit.gradient())
    function, gradient = (c.counts for c in both)
    kinds = ("additions", "multiplications", "divisions", "transcendental", "comparisons", "moves")
    rows = [[kind, str(getattr(function, kind)), str(getattr(gradient, kind))] for kind in kinds]
    rows.append(["operations", str(function.operations), str(gradient.operations)])
    rows.append(["bytes moved", *(str(bytes_moved(c)) for c in both)])
    rows.append(["bytes at once, at most", *(str(peak_bytes(c)) for c in both)])
    ratio = f"{gradient.operations / function.operations:.2f}" if function.operations else "none: the function has no operations"
    return table(rows, ["kind", "function", "value and gradient"]) + f"\n  ratio {ratio} (moves are not operations)"


def explain(circuit: Circuit, derivation: Derivation, title: str, summary: str, source: str) -> str:
    """The whole explanation as plain text; of very long ones the first lines of each part, saying of how many."""
    d, gradient = derivation, circuit.gradient()
    point = ", ".join(f"{one_line(n, NAME)} = {quantity(v)}" for n, v in d.inputs[:LONG])
    totals = [f"d{d.result}/d{n} = {quantity(g)}" for n, g in d.totals]
    program = gradient.source().splitlines() if len(gradient.equations) <= SOURCE else []
    drawn = picture(d).splitlines() if len(d.steps) <= LONG else [f"too large for text: {len(d.steps)} steps; `gradcheck graph` folds them"]
    parts = [
        f"{one_line(title, NAME)}  ({source})\n{one_line(summary)}".rstrip(),
        f"Forward, at {point}\n{_rows(forward_rows(d, LONG), FORWARD, len(d.steps))}",
        f"Backward, hop by hop, from d{one_line(d.result, NAME)} = 1\n{_rows(backward_rows(d, LONG), BACKWARD, len(d.hops))}",
        f"Gradient: what arrives at each input, added up\n{_indented(totals)}",
        f"Picture: each value with its derivative\n{_indented(drawn)}",
        f"Chain rule unrolled, f' standing for the derivative of f\n{_indented(d.recursion)}",
        f"Operations and memory\n{costs(circuit)}",
        f"Program\n{_indented(program or [f'{len(gradient.equations)} operations: trace(f, x).gradient().source() writes them'])}",
    ]
    return "\n\n".join(parts) + "\n"


def _rows(rows: Sequence[Sequence[str]], head: Sequence[str], count: int) -> str:
    shown = table([[one_line(cell) for cell in row] for row in rows], head)
    return shown + (f"\n  the first {len(rows)} of {count}" if count > len(rows) else "")


def _indented(lines: Sequence[str]) -> str:
    more = [f"the first {LONG} of {len(lines)} lines"] if len(lines) > LONG else []
    return "\n".join("  " + inert(line) for line in [*lines[:LONG], *more])


def short_path(file: str) -> str:
    """A path as seen from the current folder, where it lies below it."""
    path = Path(file)
    try:
        return path.resolve().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return path.as_posix()


def short_paths(text: str) -> str:
    """A sentence with every path as seen from the current folder, so that it reads the same on every machine."""
    return text.replace(f"{Path.cwd().as_posix()}/", "") if "/" in text else text
