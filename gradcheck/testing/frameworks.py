"""A gradient that another framework gives, checked inside a test."""

from __future__ import annotations

import time
from importlib import import_module
from typing import Any

import pytest

from gradcheck.errors import GradientError
from gradcheck.rendering.text import label
from gradcheck.testing.gradients import accuracy_of, operations_of
from gradcheck.testing.options import marked
from gradcheck.testing.record import Record, add_record
from gradcheck.testing.session import GradientSession
from gradcheck.verdicts.verdict import Verdict

TAKEN = ("search", "digits", "seed")  # of what a marker says


def checked(framework: str, function: Any, at: Any, options: dict[str, Any], session: GradientSession, item: pytest.Item | None) -> Verdict:
    """The verdict of `gradcheck.check_<framework>`, kept with the test that runs. GradientError unless the gradient is right."""
    said = {} if item is None else {k: v for k, v in marked(item).items() if k in TAKEN}
    start = time.perf_counter()
    judge = getattr(import_module("gradcheck"), f"check_{framework}")
    verdict: Verdict = judge(function, at, **({"seed": session.seed} | said | options))
    if item is not None:
        add_record(item.user_properties, _record(function, verdict, time.perf_counter() - start))
    if not verdict.ok:
        raise GradientError(verdict)
    return verdict


def _record(function: Any, verdict: Verdict, seconds: float) -> Record:
    name = label(getattr(function, "__name__", type(function).__name__))
    kinds = () if verdict.ok else verdict.kinds
    return Record(
        "gradient", label(verdict.name), name, verdict.outcome, verdict.ok, verdict.reason[:600], kinds, 1,
        *accuracy_of(verdict), *operations_of(verdict), seconds,
    )  # fmt: skip
