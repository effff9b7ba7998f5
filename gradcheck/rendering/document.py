"""A run as one JSON document. Floats keep every bit; infinities and NaN are strings."""

from __future__ import annotations

import json
import math
import platform
from collections.abc import Mapping
from importlib import metadata
from typing import Any

import numpy as np

from gradcheck.rendering.explanation import short_path, short_paths
from gradcheck.studies.running import CaseResult, ClaimResult, RunResult
from gradcheck.verdicts.compare import Comparison, Measured, worst

SCHEMA_VERSION = 1
_LIBRARIES = ("gradcheck", "numpy", "scipy", "sympy", "python-flint", "pandas")


def document(result: RunResult) -> dict[str, Any]:
    """The document of a run, ready for json.dumps."""
    return {
        "schema_version": SCHEMA_VERSION,
        "environment": environment() | {"seed": result.seed},
        "claims": [claim_entry(c) for c in result.claims],
        "cases": [case_entry(c) for c in result.cases],
        "problems": list(result.problems),
    }


def dumps(data: Any) -> str:
    """JSON text of plain data, with a newline at its end."""
    return json.dumps(plain(data), indent=1, allow_nan=False) + "\n"


def plain(value: Any) -> Any:
    """NumPy's scalars and arrays as Python's, infinities and NaN as strings."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def environment() -> dict[str, Any]:
    """What the numbers were measured with: versions and kind of machine, nothing that names it."""
    versions = {name: metadata.version(name) for name in _LIBRARIES}
    return {"python": platform.python_version(), "system": platform.system(), "machine": platform.machine(), **versions}


def claim_entry(claim: ClaimResult) -> dict[str, Any]:
    """A claim: id, verdict, evidence, values."""
    return {"id": claim.id, "verdict": claim.verdict, "evidence": claim.evidence, "values": claim.values}


def case_entry(result: CaseResult) -> dict[str, Any]:
    """A case: its outcome, size, costs, claimed gradients and methods; `error` where it could not run."""
    c, case = result.comparison, result.case
    entry: dict[str, Any] = {"name": case.name, "file": short_path(case.file), "line": case.line, "claims": list(case.claims)}
    if c is None:
        return entry | {
            "outcome": "undecided", "error": result.error, "inputs": None, "operations": None, "ratio": None, "claimed": [], "methods": [],
        }  # fmt: skip
    return entry | {
        "outcome": c.outcome,
        "inputs": c.inputs,
        "points": len(c.points),
        "operations": {"function": c.circuit.operations, "gradient": c.circuit.gradient().operations},
        "ratio": c.ratio,
        "claimed": [
            {"name": claim.name, "expected": claim.expect, "outcome": verdict.outcome, "kinds": list(verdict.kinds), "expected_kinds": list(claim.kinds), "reason": short_paths(verdict.reason)}
            for claim, verdict in c.claimed
        ],
        "methods": [method_entry(c, m.method) for m in c.points[0].measured],
    }  # fmt: skip


def method_entry(comparison: Comparison, name: str) -> dict[str, Any]:
    """A method over all points: worst outcome, fewest digits, largest error; costs of the first point it ran at."""
    measured = comparison.method(name)
    ran = [m for m in measured if m.gradient is not None]
    judged = [m.judgement.accuracy for m in ran if m.judgement is not None]
    first = ran[0].gradient if ran else None
    return {
        "name": name,
        "outcome": worst([m.outcome for m in measured]),
        "digits": min((float(np.min(a.digits, initial=math.inf)) for a in judged), default=None),
        "ulp": max((float(np.max(a.ulp, initial=0.0)) for a in judged), default=None),
        "allowed_ulp": max((p.standard.allowed_ulp() for p in comparison.points if p.standard), default=None) if name == "tape" else None,
        "evaluations": first.evaluations if first else None,
        "operations": first.operations if first else None,
        "details": dict(first.details) if first else {},
        "seconds": first.seconds if first else None,
        "reason": _reason(measured),
    }


def _reason(measured: list[Measured]) -> str:
    """Why it did not run, or the reason of the worst outcome."""
    refused = next((m.reason for m in measured if m.gradient is None), None)
    return short_paths(refused or next(m.reason for m in measured if m.outcome == worst([n.outcome for n in measured])))
