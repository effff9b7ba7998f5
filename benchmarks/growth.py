"""How time and memory grow: python benchmarks/growth.py [--largest 1e7] [--inputs 1e6] [--json FILE].

A chain of N scalar operations over 100 inputs, N = 10^3 to 10^7; a chain of 100,000 operations (more where l asks for it) over l inputs, l = 10 to 10^6; Rosenbrock's valley in
l variables as array operations. Each size has a process of its own; time per operation of the function for each stage (trace,
reverse and simplify, compile, run value and gradient; processor time) and for plain Python or NumPy, and the peak memory of the process. A certified
check of the same functions: benchmarks/certified_check_growth.py.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from suite import memory
from suite.classical import chain, rosenbrock
from suite.report import duration, number, table
from suite.running import environment

MARK, STAGES = "GREW ", ("plain", "trace", "reverse", "compile", "run")
OPERATIONS = 10**5  # of the chain whose inputs grow
SERIES: dict[str, Callable[[int], Any]] = {
    "chain, operations": lambda n: chain(n, 100),
    "chain, inputs": lambda n: chain(max(OPERATIONS, 2 * n), n),
    "rosenbrock, inputs": rosenbrock,
}
MIB = 2**20


def stages(series: str, size: int) -> dict[str, float]:
    """Seconds of every stage, operations of the function, equations of the gradient, and peak memory in MB."""
    from suite import plain

    from gradcheck import trace
    from gradcheck.circuit.compile import compile_circuit

    w = SERIES[series](size)
    function, seconds = w.make(plain), {}
    base = memory.start_peak()
    seconds["plain"], _ = _timed(lambda: function(*w.arguments))
    seconds["trace"], circuit = _timed(lambda: trace(function, *w.arguments))
    seconds["reverse"], gradient = _timed(circuit.gradient)
    seconds["compile"], run = _timed(lambda: compile_circuit(gradient))
    run(*w.arguments)
    seconds["run"], (_, found) = _timed(lambda: run(*w.arguments))
    expected = w.hand(*w.arguments)[1][0]
    off = float(abs(found - expected).max() / abs(expected).max())
    counted = {"operations": circuit.operations, "gradient operations": gradient.operations, "equations": len(gradient)}
    return {**{f"{k} seconds": v for k, v in seconds.items()}, **counted, "error": off, "memory": memory.peak() - base}


def _timed(call: Callable[[], Any]) -> tuple[float, Any]:
    start = time.process_time()
    result = call()
    return time.process_time() - start, result


def apart(series: str, size: int, seconds: float, gigabytes: float) -> dict[str, Any]:
    """The stages of one size in a process of its own; what it does not finish is said."""
    command = [sys.executable, __file__, "--one", series, str(size), "--gigabytes", str(gigabytes)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, env=environment())  # noqa: S603  ourselves
    except subprocess.TimeoutExpired:
        return {"reason": f"DNF: not finished in {seconds:g} s"}
    lines = [line for line in done.stdout.splitlines() if line.startswith(MARK)]
    if not lines:
        return {"reason": f"failed: {(done.stderr.strip().splitlines() or ['no message'])[-1][:120]}"}
    row: dict[str, Any] = json.loads(lines[-1].removeprefix(MARK))
    return row


def sizes(first: int, largest: int) -> list[int]:
    """Powers of ten."""
    found = [first]
    while found[-1] * 10 <= largest:
        found.append(found[-1] * 10)
    return found


def line(size: int, row: dict[str, Any]) -> list[str]:
    """A row of the table: nanoseconds per operation, then the whole."""
    if "reason" in row:
        return [str(size), row["reason"], *[""] * (len(STAGES) + 3)]
    each = [number(1e9 * row[f"{s} seconds"] / row["operations"]) for s in STAGES]
    flag = "" if row["error"] <= 1e-8 else "  WRONG"
    return [str(size), number(row["operations"]), *each, duration(sum(row[f"{s} seconds"] for s in STAGES[1:])), f"{row['memory']:.0f} MB",
            f"{row['memory'] * MIB / row['operations']:.0f}{flag}"]  # fmt: skip


def main() -> None:
    """Grow, and print a table for each series."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--largest", type=float, default=1e7, help="operations of the longest chain")
    parser.add_argument("--inputs", type=float, default=1e6, help="the most inputs")
    parser.add_argument("--seconds", type=float, default=600, help="time box of one size")
    parser.add_argument("--gigabytes", type=float, default=12.0, help="memory cap likewise")
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--one", nargs=2, metavar=("SERIES", "SIZE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        memory.cap(options.gigabytes)
        print(MARK + json.dumps(stages(options.one[0], int(options.one[1]))))
        return
    rows = []
    head = ["size", "operations", *(f"{s}, ns/op" for s in STAGES), "all stages", "peak memory", "bytes/op"]
    for series in SERIES:
        lines = []
        for size in sizes(1000, int(options.largest)) if series == "chain, operations" else sizes(10, int(options.inputs)):
            row = apart(series, size, options.seconds, options.gigabytes)
            rows.append({"series": series, "size": size, **row})
            lines.append(line(size, row))
            print(f"{series}: {'  '.join(lines[-1])}", file=sys.stderr, flush=True)
        print(f"{series}\n\n{table(lines, head, markdown=False)}\n")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
