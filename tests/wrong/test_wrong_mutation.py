"""Wrong mutation engines, on purpose: the judge of scores, or the weak tests' own expectations, sees each."""

from __future__ import annotations

import numpy as np
import pytest
from mutating import faults

from gradcheck.mutation import mutation_score, reasons
from gradcheck.mutation import score as score_module
from gradcheck.mutation.predicates import Predicate
from gradcheck.mutation.probe import Probe
from gradcheck.mutation.score import Test as Engine

right_holds = Predicate.holds
AT = [(2.0,)]


def weak(x):
    return np.abs(x) ** 3


def vanishing(x):
    y = 0.0 * x
    return y + x**2


def is_truthful(function=weak) -> bool:
    """Whether the engine finds what the weak test misses, and nothing that is not so."""
    at = AT if function is weak else [(1.3,)]
    found = mutation_score(function, None, at)
    expected = ["no point has x < 0"] if function is weak else []
    return [s.reason for s in found.survivors] == expected and faults(found, function, at) == []


def everything_killed(self, mutant, digits):
    return True


def nothing_killed(self, mutant, digits):
    return False


def equivalents_too(self, alive):
    return [self._told(m, self.own[0], "the points given happen to give the same numbers") for m in alive]


def nothing_survives(self, alive):
    return []


def a_reason_that_is_false(mutant, own, others, telling, shows):
    yield "no point has x > 0", list(telling)


def a_reason_for_the_witness_alone(mutant, own, others, telling, shows):
    for p in reasons.predicates(mutant, own):  # whatever holds where it shows, though it holds at the points too
        if all(p.holds(q) for q in (*telling, *own)):
            yield p.text, list(telling)


def test_the_engine_itself_is_truthful() -> None:
    assert is_truthful() and is_truthful(vanishing)


TWINS = [
    pytest.param(Probe, "notices", everything_killed, weak, id="everything-killed"),
    pytest.param(Probe, "notices", nothing_killed, weak, id="nothing-killed"),
    pytest.param(Engine, "_survivors", equivalents_too, vanishing, id="equivalents-survive"),
    pytest.param(Engine, "_survivors", nothing_survives, weak, id="nothing-survives"),
    pytest.param(score_module, "explain", a_reason_that_is_false, weak, id="false-reason"),
    pytest.param(score_module, "explain", a_reason_for_the_witness_alone, weak, id="reason-of-the-witness"),
    pytest.param(Probe, "is_tied", lambda self: not self.point[0] > 0, weak, id="looks-at-positive-points-alone"),
]


@pytest.mark.parametrize(("where", "name", "twin", "function"), TWINS)
def test_a_wrong_engine_is_seen(monkeypatch, where, name, twin, function) -> None:
    monkeypatch.setattr(where, name, twin)
    assert not is_truthful(function)
