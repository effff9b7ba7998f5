"""Wrong twins of the search: one that visits nothing, one that only moves a little, one that lies about coverage. Each is seen to fail."""

from __future__ import annotations

import numpy as np
import pytest

from gradcheck import check
from gradcheck.circuit import trace
from gradcheck.verdicts import coverage as coverage_module
from gradcheck.verdicts import search as search_module
from gradcheck.verdicts.candidates import Candidate
from gradcheck.verdicts.coverage import Visits, values_at
from gradcheck.verdicts.search import Search

X = np.array([0.3, -1.2, 2.0])
BUGS = [
    pytest.param(lambda x: np.sum(np.abs(x)), lambda x: x / np.abs(x), id="kink"),
    pytest.param(np.max, lambda x: 1.0 * (x == x.max()), id="tie"),
    pytest.param(lambda x: np.sum(x**0), lambda x: 1.0 * (x == 0), id="exponent-zero"),
    pytest.param(lambda x: np.sum(np.tanh(x)), lambda x: np.where(x > 15, 0.0, 1 / np.cosh(x) ** 2), id="tail"),
]


def nothing(self, point):
    return iter(())


def nearby(self, point):
    """Random points close to the start: where bugs do not live."""
    rng = np.random.default_rng(0)
    for _ in range(64):
        yield Candidate((point[0] + 1e-2 * rng.standard_normal(3),), "nearby")


@pytest.mark.parametrize(("function", "wrong"), BUGS)
@pytest.mark.parametrize("twin", [nothing, nearby])
def test_a_search_that_does_not_look_there_finds_nothing(monkeypatch, function, wrong, twin) -> None:
    assert check(function, wrong, (X,), search=True).outcome == "wrong"
    monkeypatch.setattr(Search, "candidates", twin)
    blind = check(function, wrong, (X,), search=True)
    assert blind.outcome == "right"
    assert blind.points == (0 if twin is nothing else 64)
    assert blind.coverage.searched == ()


def test_coverage_is_what_the_operands_touch_and_a_lie_is_seen(monkeypatch) -> None:
    def truthful(function):
        found = check(function, np.sign, (X,), search=True).coverage
        circuit, visits = trace(function, X), Visits()
        visits.add(circuit, values_at(circuit, (X,)), "own")
        return {p.at for p in found.own} == {p.at for p in visits.coverage().own} == set()

    def function(x):
        return np.sum(np.abs(x))

    assert truthful(function)
    monkeypatch.setattr(coverage_module, "touches", lambda *anything: True)
    assert not truthful(function)


def test_without_the_control_by_the_tape_a_right_gradient_would_be_rejected(monkeypatch) -> None:
    """The claim is the tape's own formula, which floats cannot do far out; without the controls the search blames it."""

    def function(x):
        return np.sum((np.sqrt(x * x + 1) - 1) / (x * x))

    def gradient(x):
        r = np.sqrt(x * x + 1)
        return 1 / (x * r) - 2 * (r - 1) / x**3

    assert check(function, gradient, (X,), search=True).ok

    monkeypatch.setattr(Search, "_judged", unguarded)
    assert not check(function, gradient, (X,), search=True).ok


def unguarded(self, function, gradient, point):
    problem = search_module.problem_of(function, point, self.chosen, self.domains)
    truth = search_module.certify(problem)
    if not isinstance(truth, search_module.Truth):
        return None
    return self.judge(problem, gradient, search_module.standard(problem, truth))
