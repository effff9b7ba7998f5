"""Wrong twins of exploring with Hypothesis: one that never draws, one that does not shrink, one that shrinks to a point that is right."""

from __future__ import annotations

import numpy as np
import pytest

from gradcheck import check
from gradcheck.verdicts import exploring
from gradcheck.verdicts.candidates import Candidate
from gradcheck.verdicts.exploring import Exploration

X = np.array([0.3, 1.2, 2.0])


def squares(x):
    return np.sum(x * x)


def for_positive(x):
    return np.where(x < 0, 0.0, 2 * x)


def faults() -> list[str]:
    """What is wrong with a search for a claim that is wrong wherever an entry is negative."""
    found = check(squares, for_positive, (X,), search="hypothesis")
    if found.outcome != "wrong":
        return ["nothing found"]
    said = []
    if check(squares, for_positive, found.witness).outcome != "wrong":
        said.append("the witness is none")
    if sorted(found.witness[0].tolist()) != [-1.0, 0.0, 0.0]:
        said.append("not the simplest")
    return said


def test_the_search_itself_has_no_fault() -> None:
    assert faults() == []


@pytest.mark.parametrize(
    ("name", "twin", "fault"),
    [
        pytest.param("find", lambda self, points: None, "nothing found", id="looks nowhere"),
        pytest.param("_simplest", lambda self, found: found, "not the simplest", id="does not shrink"),
        pytest.param("is_wrong", lambda self, point, counts=True: False, "nothing found", id="believes every claim"),
    ],
)
def test_a_search_with_a_fault_is_seen(monkeypatch, name, twin, fault) -> None:
    monkeypatch.setattr(Exploration, name, twin)
    assert fault in faults()


def test_a_witness_that_is_none_is_seen(monkeypatch) -> None:
    def shrinks_too_far(self, found):
        verdict = self.search.try_point(found.arguments)
        zero = Candidate((np.ones(3),), found.aim)
        self.known[exploring.point_key(zero.arguments)] = verdict
        return zero

    monkeypatch.setattr(Exploration, "_simplest", shrinks_too_far)
    assert "the witness is none" in faults()
