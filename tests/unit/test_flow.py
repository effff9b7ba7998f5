"""The numbers for pictures against the hop-by-hop derivation and the tape."""

from __future__ import annotations

from dataclasses import astuple

import numpy as np
import pytest

from gradcheck import load_cases, trace
from gradcheck.circuit import Floats, interpret, value_names
from gradcheck.derivation import hops
from gradcheck.derivation.alike import Alike
from gradcheck.derivation.flow import flow
from gradcheck.derivation.hops import derive
from gradcheck.verdicts.compare import problems_of


def test_every_shipped_case_flows_as_it_is_derived(root):
    for case in load_cases(root / "cases"):
        problem = next(problems_of(case, None, None, 0))
        circuit, found, told = problem.circuit, flow(problem.circuit, problem.inputs), derive(problem.circuit, problem.inputs)
        names = value_names(circuit)
        for k, total in enumerate(found.totals):
            if total is not None:
                np.testing.assert_allclose(total, told.cotangents[names[k]], rtol=1e-12, err_msg=f"{case.name}: {names[k]}")
        for hop in told.hops:
            assert (names[hop.index], names[hop.operand]) == (hop.output, hop.input)
            assert circuit.inputs_of(hop.index)[hop.position] == hop.operand
            np.testing.assert_allclose(found.sent(hop.index, hop.position), hop.sent, rtol=1e-12, err_msg=case.name)
        assert [s.index for s in told.steps] == [e.index for e in circuit.equations]


def elements(x):
    return sum((x[i] * x[i + 1] for i in range(len(x) - 1)), np.sum(x**3) + np.sum(x[::2]))


def many(x):
    return np.sum(np.stack([x[i] * i for i in range(20)]) * np.concatenate([x[:2], x[2:3], *(x[i : i + 1] for i in range(3, 20))]))


@pytest.mark.parametrize("function", [elements, many])
def test_elements_and_joins_of_many_flow_as_on_the_tape(function):
    x = np.linspace(-1, 2, 20)
    circuit = trace(function, x)
    found = flow(circuit, (x,))
    (gradient,) = interpret(circuit.gradient(value=False), Floats(), (x,))
    np.testing.assert_allclose(found.totals[0], gradient, rtol=1e-12, atol=1e-15)


def test_many_elements_take_no_array_each():
    x = np.linspace(0, 1, 20_000)
    circuit = trace(lambda x: sum(x[i] for i in range(len(x))), x)
    assert flow(circuit, (x,)).totals[0].tolist() == [1.0] * len(x)


@pytest.mark.parametrize("function", [lambda x: np.stack([x, x]), lambda x: (x, x * x), lambda x: x > 0])
def test_there_is_no_sweep_without_one_floating_number(function):
    found = flow(trace(function, 0.5), (np.float64(0.5),))
    assert not found.seeded
    assert all(t is None for t in found.totals)


@pytest.fixture
def read(monkeypatch):
    """How many values all rules of a derivation were given."""
    counts, sent = [], Alike.sent

    def counted(self, k, position, given):
        counts.append(len(given))
        return sent(self, k, position, given)

    monkeypatch.setattr(Alike, "sent", counted)
    return counts


def test_hops_of_a_join_of_many_are_those_of_its_rule(monkeypatch):
    x = np.linspace(-1, 2, 20)
    circuit = trace(many, x)
    quick = derive(circuit, (x,))
    monkeypatch.setattr(hops, "FEW", 1000)
    by_rules = derive(circuit, (x,))
    np.testing.assert_equal([astuple(h) for h in quick.hops], [astuple(h) for h in by_rules.hops])
    np.testing.assert_equal(quick.cotangents, by_rules.cotangents)


@pytest.mark.parametrize("n", [100, 400])
def test_a_stack_of_many_is_derived_in_linear_time(read, n):
    x = np.linspace(0, 1, n)
    found = derive(trace(lambda x: np.sum(np.array([x[i] ** 2 for i in range(n)])), x), (x,))
    assert len(found.hops) == 3 * n + 1
    np.testing.assert_allclose(dict(found.totals)["x"], 2 * x)
    assert sum(read) < 12 * n
