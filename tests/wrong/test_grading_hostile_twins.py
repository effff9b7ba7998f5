"""Marking and walls with one of the bounds on hostile answers left out: what the tests look for must be found."""

from __future__ import annotations

import numpy as np
import pytest
from grading_local import SINE, ask_function
from test_grading_sandbox_twins import walls

from gradcheck.grading.answers import Program
from gradcheck.grading.marking import mark_question, prepare, reading
from gradcheck.grading.model import Limits
from gradcheck.grading.sandbox import session as sessions

LIMITS = Limits(cpu_seconds=5, wall_seconds=10, memory_mb=512, file_mb=4)


def off(x):
    """Wrong by three in ten thousand, which half floats do not tell from rounding."""
    return (np.cos((x + 1) ** 2) * 2 * (x + 1) * 1.0003).astype(np.float16)


def test_a_reader_that_excuses_half_floats_calls_a_mistake_right(monkeypatch):
    part = reading._part
    monkeypatch.setattr(
        reading, "_part", lambda label, given, meant: given if np.asarray(given).dtype == "f2" else part(label, given, meant)
    )
    assert mark_question(prepare(SINE, 0), ask_function(off)).result == "right"


def test_a_reader_that_knows_no_bounds_of_integers_raises(monkeypatch):
    monkeypatch.setattr(reading, "_floats", lambda values: np.array(values, dtype=float))
    with pytest.raises(OverflowError):
        mark_question(prepare(SINE, 0), ask_function(lambda x: [10**400] * 3))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("files", "edits"),
    [
        ({f"d{i}.npy": bytes(1 << 20) for i in range(5)}, ()),
        ({"\ud800.py": b""}, [("runner.py", "except (ValueError, FileExistsError", "except (FileExistsError")]),
    ],
    ids=["size unchecked", "names unchecked"],
)
def test_files_that_nobody_looks_at_end_as_a_failure_of_ours(monkeypatch, files, edits):
    monkeypatch.setattr(sessions, "_fits", lambda program, limits: True)
    with walls(edits=edits) as launcher, launcher.session(Program({"submission.py": b"", **files}, "submission.py")) as session:
        session.begin(LIMITS)
        assert session.facts().ending == "infrastructure error"
