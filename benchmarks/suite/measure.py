"""One peer on one workload, in a process of its own: `python -m suite.measure PEER WORKLOAD`; prints one line of JSON."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import statistics
import sys
import threading
import time
import warnings
from typing import Any

import numpy as np

from suite import memory, plain
from suite.catalogue import FULL
from suite.peers import PEERS, NoForm, Ready, build, load_plugins
from suite.peers.arrays import hand_numbers
from suite.prediction import facts
from suite.timing import in_turn, ratio
from suite.workload import Workload

MARK = "MEASURED "
WRONG = 1e-8  # relative to the largest entry of the argument's gradient: far above rounding, far below any mistake
ROUNDS = {True: {"rounds": 15, "target": 0.003, "budget": 1.0}, False: {"rounds": 25, "target": 0.01, "budget": 3.0}}


def measured(peer: str, workload: str, *, quick: bool) -> dict[str, Any]:
    """Set up, check against the hand-written gradient, then time in turn with it and with the plain function."""
    w = FULL[workload]()
    start = time.perf_counter()
    for name in PEERS[peer].imports:
        importlib.import_module(name)
    imported = time.perf_counter() - start
    try:
        ready, row = _set_up(peer, w)
    except NoForm as reason:
        return {"status": "no form", "reason": str(reason)}
    row["import"] = imported
    if not row["error"] <= WRONG:
        return row | {"status": "wrong", "reason": f"gradient off by {row['error']:.1e} of its largest entry"}
    function = w.make(plain)
    with np.errstate(all="ignore"):
        seconds = in_turn(
            {"function": lambda: function(*w.arguments), "hand": lambda: w.hand(*w.arguments), "peer": ready.call}, **ROUNDS[quick]
        )
    row |= {f"{name} seconds": statistics.median(s) for name, s in seconds.items()}
    row |= {"over hand": ratio(seconds["peer"], seconds["hand"]), "over function": ratio(seconds["peer"], seconds["function"])}
    if peer == "gradcheck":
        row["facts"] = facts(w)
    return row | {"status": "ok"}


def _set_up(peer: str, w: Workload) -> tuple[Ready, dict[str, Any]]:
    """Build and call three times: what the first two take beyond the third is compiling and tracing. Memory is what all this added."""
    expected = hand_numbers(w, w.hand(*w.arguments))
    before = memory.start_peak()
    start = time.perf_counter()
    ready = build(peer, w)
    result = ready.call()
    first = time.perf_counter() - start
    second, third = _on_the_wall(ready), _on_the_wall(ready)
    row = {"setup": max(first + second - 2 * third, 0.0), "first": first, "memory": max(memory.peak() - before, 0.0)}
    return ready, row | {"error": error(ready.numbers(result), expected)}


def _on_the_wall(ready: Ready) -> float:
    start = time.perf_counter()
    ready.call()
    return time.perf_counter() - start


def error(found: tuple[Any, list[Any]], expected: tuple[Any, list[Any]]) -> float:
    """The largest difference in value and gradients, each relative to its largest entry; infinite for other shapes or NaN."""
    ours, theirs = [found[0], *found[1]], [expected[0], *expected[1]]
    if [np.shape(a) for a in ours] != [np.shape(b) for b in theirs]:
        return float("inf")
    off = [float(np.max(np.abs(a - b)) / max(np.max(np.abs(b)), 1e-300)) for a, b in zip(ours, theirs, strict=True)]
    return max(off) if np.isfinite(off).all() else float("inf")


def _reported(arguments: argparse.Namespace) -> dict[str, Any]:
    try:
        return measured(arguments.peer, arguments.workload, quick=arguments.quick)
    except ImportError as reason:
        return {"status": "not installed", "reason": str(reason)}
    except BaseException as reason:  # noqa: BLE001  whatever a peer raises is its result
        said = " ".join(str(reason).split())
        return {"status": "failed", "reason": f"{type(reason).__name__}: {said[:160]}"}


def main() -> None:
    """Measure in a thread with a deep stack, which symbolic libraries need."""
    parser = argparse.ArgumentParser()
    parser.add_argument("peer")
    parser.add_argument("workload")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--memory-cap", type=float, default=6.0)
    parser.add_argument("--plugin", action="append", default=[])
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    load_plugins(arguments.plugin)
    memory.cap(arguments.memory_cap)
    sys.setrecursionlimit(10**6)
    threading.stack_size(512 * 2**20)
    found: list[dict[str, Any]] = []
    thread = threading.Thread(target=lambda: found.append(_reported(arguments)))
    thread.start()
    thread.join()
    print(MARK + json.dumps(found[0]), flush=True)
    os._exit(0)  # some peers are slow to leave, or crash on the way out


if __name__ == "__main__":
    main()
