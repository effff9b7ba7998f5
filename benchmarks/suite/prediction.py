"""Do counted costs match reality? Operations and bytes of gradcheck's circuits against measured seconds and measured memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from suite import plain
from suite.workload import Workload

# calls: a call of value_and_grad costs something whatever the circuit; constant bytes: data the function holds are compared at each call
MODELS: dict[str, tuple[str, ...]] = {
    "operations": ("operations",),
    "bytes moved": ("bytes",),
    "calls, equations": ("calls", "scalar equations", "array equations"),
    "calls, operations, bytes": ("calls", "operations", "bytes"),
    "calls, equations, operations, bytes": ("calls", "scalar equations", "array equations", "operations", "bytes"),
    "all, transcendental and constants apart": (
        "calls", "scalar equations", "array equations", "operations", "transcendental", "bytes", "constant bytes"),
}  # fmt: skip


def facts(w: Workload) -> dict[str, float]:
    """What is counted of the circuit of value and gradient (of all columns), and the most memory a run of it really takes."""
    from gradcheck import trace
    from gradcheck.circuit import Floats, bytes_moved, interpret, peak_bytes

    function, total = w.make(plain), dict.fromkeys((*MODELS["all, transcendental and constants apart"], "held", "held, measured"), 0.0)
    for c in range(max(w.columns, 1)):
        chosen = (lambda *a, c=c: np.sum(function(*a)[:, c])) if w.columns else function
        circuit = trace(chosen, *w.arguments).gradient()
        shaped = [circuit.type(k).shape != () for k, opcode in enumerate(circuit.opcodes) if opcode >= 0]
        total["calls"] += 1
        total["array equations"] += sum(shaped)
        total["scalar equations"] += len(shaped) - sum(shaped)
        total["operations"] += circuit.counts.operations
        total["transcendental"] += circuit.counts.transcendental
        total["bytes"] += bytes_moved(circuit)
        constants = sum(np.asarray(v).nbytes for v in circuit.constants.values())
        total["constant bytes"] += constants
        given = sum(np.asarray(a).nbytes for a in w.arguments)
        tracemalloc.start()
        interpret(circuit, Floats(), [np.asarray(a)[()] for a in w.arguments])
        total["held, measured"] = max(total["held, measured"], tracemalloc.get_traced_memory()[1] + constants + given)
        tracemalloc.stop()
        total["held"] = max(total["held"], peak_bytes(circuit))
    return total


def fits(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """For each choice of counts: cost per count, all at least 0, that predicts seconds best in relative terms; how well it does.

    `r squared` is of the logarithms of seconds; `worst` the largest factor by which a prediction is off, `worst left out` the same with each
    workload predicted from the others alone.
    """
    known = [row for row in rows if row.get("facts")]
    if len(known) < 3:
        return []
    seconds = np.array([row["peer seconds"] for row in known])
    found = []
    for name, counts in MODELS.items():
        table = np.array([[row["facts"][c] for c in counts] for row in known])
        costs = _solve(table, seconds)
        predicted, others = table @ costs, _left_out(table, seconds)
        spread = np.log(seconds) - np.log(seconds).mean()
        residual = np.log(predicted) - np.log(seconds)
        found.append(
            {
                "model": name, "nanoseconds": {c: 1e9 * float(x) for c, x in zip(counts, costs, strict=True)},
                "r squared": float(1 - residual @ residual / (spread @ spread)), "worst": _worst(predicted, seconds),
                "median": float(np.exp(np.median(np.abs(residual)))), "worst left out": _worst(others, seconds),
                "predicted": {row["workload"]: float(p) for row, p in zip(known, predicted, strict=True)},
            }
        )  # fmt: skip
    return found


def _solve(table: Any, seconds: Any) -> Any:
    """Costs of at least 0 that make the sum of squared relative errors smallest."""
    from scipy.optimize import nnls

    return nnls(table / seconds[:, None], np.ones(len(seconds)))[0]


def _left_out(table: Any, seconds: Any) -> Any:
    each = np.arange(len(seconds))
    return np.array([table[k] @ _solve(table[each != k], seconds[each != k]) for k in each])


def _worst(predicted: Any, seconds: Any) -> float:
    with np.errstate(divide="ignore"):
        off = np.maximum(predicted / seconds, seconds / predicted)
    return float(np.max(off))
