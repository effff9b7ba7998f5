"""A run as one JSON document. Floats keep every bit; infinities and NaN are strings."""

from __future__ import annotations

import json
import math
import platform
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from importlib import metadata
from typing import Any

import numpy as np

from gradcheck.rendering.explanation import short_path, short_paths
from gradcheck.studies.running import ClaimResult, RunResult
from gradcheck.studies.study import Study
from gradcheck.studies.summary import CaseSummary, ClaimedSummary, MethodSummary

SCHEMA_VERSION = 1
_LIBRARIES = ("gradcheck", "numpy", "scipy", "sympy", "python-flint", "pandas")


def document(result: RunResult) -> dict[str, Any]:
    """The document of a run, ready for json.dumps."""
    return {
        "schema_version": SCHEMA_VERSION,
        "environment": environment() | {"seed": result.seed} | workers(result),
        "claims": [claim_entry(c) for c in result.claims],
        "cases": [case_entry(c.summary) for c in result.cases],
        "problems": list(result.problems),
    }


def dumps(data: Any) -> str:
    """JSON text of plain data, with a newline at its end."""
    return json.dumps(plain(data), indent=1, allow_nan=False) + "\n"


def plain(value: Any) -> Any:
    """NumPy's scalars and arrays as Python's, our records as objects, infinities and NaN as strings."""
    if is_dataclass(value):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, np.generic):
        value = float(value) if isinstance(value, np.floating) else value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def workers(result: RunResult) -> dict[str, int]:
    """How many processes shared the machine, where that is known to have disturbed times."""
    return {} if result.workers is None else {"workers": result.workers}


def environment() -> dict[str, Any]:
    """What the numbers were measured with: versions and kind of machine, nothing that names it."""
    versions = {name: metadata.version(name) for name in _LIBRARIES}
    return {"python": platform.python_version(), "system": platform.system(), "machine": platform.machine(), **versions}


def claim_entry(claim: ClaimResult) -> dict[str, Any]:
    """A claim: id, verdict, evidence, values."""
    return {"id": claim.id, "verdict": claim.verdict, "evidence": claim.evidence, "values": claim.values}


def case_entry(case: CaseSummary) -> dict[str, Any]:
    """A case: its outcome, size, costs, claimed gradients and methods; `error` where it could not run."""
    entry: dict[str, Any] = {"name": case.name, "file": short_path(case.file), "line": case.line, "claims": list(case.claims)}
    if case.exhibit is not None:
        entry["exhibit"] = case.exhibit
    if case.error is not None:
        return entry | {
            "outcome": "undecided", "error": case.error, "inputs": None, "operations": None, "ratio": None, "claimed": [], "methods": [],
        }  # fmt: skip
    return entry | {
        "outcome": case.outcome,
        "inputs": case.inputs,
        "points": case.points,
        "operations": {"function": case.operations, "gradient": case.gradient_operations},
        "ratio": case.ratio,
        "claimed": [claimed_entry(c) for c in case.claimed],
        "methods": [method_entry(m) for m in case.methods],
    }


def claimed_entry(claim: ClaimedSummary) -> dict[str, Any]:
    """A claimed gradient: expected and found."""
    found = {"name": claim.name, "expected": claim.expected, "outcome": claim.outcome, "kinds": list(claim.kinds or ())}
    finding = {"finding": short_paths(claim.finding)} if claim.finding else {}
    return found | {"expected_kinds": list(claim.expected_kinds), "reason": short_paths(claim.reason)} | finding


def method_entry(method: MethodSummary) -> dict[str, Any]:
    """A method over all points."""
    kept = ("name", "outcome", "digits", "ulp", "allowed_ulp", "evaluations", "operations")
    entry: dict[str, Any] = {name: getattr(method, name) for name in kept}
    return entry | {"details": dict(method.details), "seconds": method.seconds, "reason": short_paths(method.reason)}


def study_document(study: Study) -> dict[str, Any]:
    """The document of a study, ready for `dumps`: question, tables with rows as lists, statements, charts, notes."""
    return {"schema_version": SCHEMA_VERSION, "environment": environment(), "met": study.met, **plain(study)}
