"""Every judge has a wrong twin, and the twin is noticed: wrong truths, tolerances, enclosures, methods, rules and steps."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from flint import arb

from gradcheck import check, compare
from gradcheck.circuit import rules
from gradcheck.domains import Real
from gradcheck.gradients import differences as differences_module
from gradcheck.gradients import truth as truth_module
from gradcheck.gradients.differences import Differences
from gradcheck.gradients.method import Gradient, Problem, problem_of
from gradcheck.gradients.tape import Tape
from gradcheck.gradients.truth import certify
from gradcheck.primitives import BY_NAME, OPCODE, TABLE
from gradcheck.verdicts import check as check_module
from gradcheck.verdicts import persistence
from gradcheck.verdicts.compare import METHODS, compare_at
from gradcheck.verdicts.judge import judge, standard

X = np.array([0.3, -1.2, 2.0])


def wave(x):
    return np.sum(np.sin(x) * x)


def wave_gradient(x):
    return np.sin(x) + x * np.cos(x)


def problem(function, *at, domains=None):
    return problem_of(function, at, tuple(range(len(at))), domains)


# a truth that is off
def shifted(entry, by):
    """A certificate that moved one entry."""

    def certified(asked, **options):
        found = certify(asked, **options)
        with truth_module.precision(found.bits):
            entries = found.entries[0].copy()
            entries[entry] = entries[entry] * (1 + arb(by))
        return replace(found, entries=(entries,))

    return certified


@pytest.mark.parametrize("entry", range(3))
@pytest.mark.parametrize("by, outcome", [("0", "right"), ("1e-30", "right"), ("1e-12", "wrong"), ("-1e-12", "wrong"), ("1e-6", "wrong")])
def test_a_truth_that_is_off_makes_a_right_gradient_wrong(monkeypatch, entry, by, outcome):
    for module in (check_module, persistence):
        monkeypatch.setattr(module, "certify", shifted(entry, by))
    verdict = check(wave, wave_gradient, (X,))
    assert verdict.outcome == outcome
    if outcome == "wrong":
        assert [i for i, e in enumerate(verdict.entries) if e == "wrong"] == [entry]


# a tolerance that is too wide
@pytest.mark.parametrize("off", [1e-12, -1e-12, 5e-13])
def test_a_tolerance_a_thousand_times_too_wide_lets_a_wrong_gradient_pass(off):
    asked = problem(wave, X)
    by = standard(asked, certify(asked))
    claim = (wave_gradient(X) * (1 + off),)
    assert judge(claim, by).outcome == "wrong"
    assert judge(claim, replace(by, tolerance=1000 * by.tolerance)).outcome == "right"


def test_an_absolute_tolerance_would_pass_the_wrong_sign():
    """Why nothing absolute certifies: at 1e-9 everything is close to everything."""
    asked = problem(lambda x: 1e-9 * np.sin(x), 1.0)
    by = standard(asked, certify(asked))
    claim = (np.float64(-1e-9 * np.cos(1.0)),)
    assert judge(claim, by).outcome == "wrong"
    assert judge(claim, replace(by, tolerance=np.array([1e-6]))).outcome == "right"


def test_a_tolerance_that_is_too_narrow_accuses_the_tape():
    asked = problem(lambda x: np.prod(np.cos(x)) * np.sum(np.exp(x)), np.linspace(-2, 2, 20))
    by = standard(asked, certify(asked))
    claim = Tape().gradient(asked).entries
    assert judge(claim, by).outcome == "right"
    assert judge(claim, replace(by, tolerance=by.tolerance / 1e4)).outcome == "wrong"


# an enclosure that does not enclose
def test_an_enclosure_that_does_not_contain_is_noticed_by_the_judge():
    asked = problem(lambda x: np.sin(x), 1.0)
    found = certify(asked)
    (enclosure,) = found.entries
    with truth_module.precision(200):
        true = arb(1).cos()
        elsewhere = arb(enclosure[()].mid() * (1 + arb("1e-11")), enclosure[()].rad())
        assert enclosure[()].overlaps(true)
        assert not elsewhere.overlaps(true)
    moved = np.empty((), dtype=object)
    moved[()] = elsewhere
    claim = (np.float64(np.cos(1.0)),)
    assert judge(claim, standard(asked, found)).outcome == "right"
    assert judge(claim, standard(asked, replace(found, entries=(moved,)))).outcome == "wrong"


# a method that is wrong
@dataclass(frozen=True, slots=True)
class Twisted:
    """The tape with one thing done wrong."""

    factor: float = 1.0
    entry: int | None = None
    error: float | None = None
    name: str = "twisted"

    def gradient(self, asked: Problem) -> Gradient:
        found = Tape().gradient(asked)
        (g,) = (np.array(e) for e in found.entries)
        g[self.entry if self.entry is not None else ...] *= self.factor
        error = None if self.error is None else (np.full(np.shape(g), self.error),)
        return replace(found, method=self.name, entries=(g,), error=error)


METHODS_AND_OUTCOMES = [
    pytest.param(Twisted(), "right", id="untwisted"),
    pytest.param(Twisted(factor=-1.0), "wrong", id="sign"),
    pytest.param(Twisted(factor=-1.0, entry=1), "wrong", id="sign of one entry"),
    pytest.param(Twisted(factor=1 + 1e-10), "wrong", id="a factor of 1 + 1e-10"),
    pytest.param(Twisted(factor=0.0, entry=2), "wrong", id="an entry forgotten"),
    pytest.param(Twisted(factor=np.nan, entry=0), "wrong", id="NaN"),
    pytest.param(Twisted(factor=1 + 1e-4, error=1e-8), "wrong", id="an error claim that is too good"),
    pytest.param(Twisted(factor=1 + 1e-4, error=1e-2), "right", id="an error claim that holds"),
    pytest.param(Twisted(factor=-1.0, error=100.0), "undecided", id="an error claim that says nothing"),
]


@pytest.mark.parametrize("method, outcome", METHODS_AND_OUTCOMES)
def test_a_wrong_method_is_judged_wrong_beside_right_ones(method, outcome):
    found = compare_at(problem(wave, X), [*METHODS, method])
    assert found["twisted"].outcome == outcome
    assert {found[m.name].outcome for m in METHODS} == {"right"}


def test_a_wrong_tape_makes_the_case_wrong():
    assert compare(wave, X, methods=[Twisted(factor=-1.0, name="tape")]).outcome == "wrong"


# a rule that is wrong
@pytest.fixture
def wrong_rule(monkeypatch):
    """Put a wrong adjoint in one record's place, in a table of its own."""

    def put(name, adjoint):
        record = BY_NAME[name]
        table = list(TABLE)
        table[OPCODE[record]] = replace(record, adjoint=adjoint(record.adjoint))
        rules._template.cache_clear()
        monkeypatch.setattr(rules, "TABLE", type(TABLE)(table))

    yield put
    rules._template.cache_clear()


def negated(rule):
    return lambda *given: -rule(*given)


def nearly(rule):
    return lambda *given: rule(*given) * (1 + 2.0**-40)


@pytest.mark.parametrize("twist", [negated, nearly])
@pytest.mark.parametrize("name", ["sin", "multiply"])
def test_a_wrong_rule_is_seen_by_every_witness_that_does_not_use_it(wrong_rule, twist, name):
    wrong_rule(name, twist)
    found = compare(wave, X + 0.1)
    assert found.points[0]["tape"].outcome == "wrong"
    assert {found.points[0][m].outcome for m in ("symbolic", "differences", "complex-step")} == {"right"}


@pytest.mark.parametrize("twist", [negated, nearly])
def test_with_many_inputs_a_wrong_rule_makes_the_truth_contradict_itself(wrong_rule, twist):
    x = np.linspace(0.1, 2.0, truth_module.FORWARD_LIMIT + 5)
    assert certify(problem(wave, x)).how.startswith("reverse balls")
    wrong_rule("sin", twist)
    with pytest.raises(ArithmeticError, match="contradict each other: a rule is wrong"):
        certify(problem(wave, x))


def test_without_the_cross_check_the_wrong_truth_would_be_believed(wrong_rule, monkeypatch):
    """The twin of the test above: what the cross-check is for."""
    wrong_rule("sin", negated)
    monkeypatch.setattr(truth_module, "_slope_matches", lambda *given: True)
    monkeypatch.setattr(truth_module, "_predicted", lambda *given: arb(0, 1e300))
    x = np.linspace(0.1, 2.0, truth_module.FORWARD_LIMIT + 5)
    (found,) = certify(problem(wave, x)).floats()
    assert np.abs(found - wave_gradient(x)).max() > 0.1


# steps that leave the domain
def steps(at, domain):
    """Every x the function was given."""
    seen = []

    def spied(x):
        seen.append(float(x))
        return np.exp(x)

    asked = Problem(spied, (at,), (0,), None, np.exp(at), {0: domain})
    Differences().gradient(asked)
    return np.array(seen)


def unclamped(self, problem, argument, index):
    """The step without regard to the domain."""
    x = problem.inputs[argument]
    return (abs(float(x[index])) or 1.0) * float(np.finfo(x.dtype).eps) ** 0.2


def test_steps_without_the_clamp_leave_the_domain(monkeypatch):
    at, domain = np.float64(1.0 - 1e-9), Real(low=0, high=1)
    seen = steps(at, domain)
    assert ((seen > 0) & (seen < 1)).all()
    monkeypatch.setattr(Differences, "_step", unclamped)
    monkeypatch.setattr(differences_module, "_inside", lambda *given: True)
    assert (steps(at, domain) >= 1).any()
