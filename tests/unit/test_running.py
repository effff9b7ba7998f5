"""Running: every case once, every claim weighed, and nothing that fails stops the others."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace

import numpy as np
import pytest

from gradcheck import Evidence, Real, case, claim
from gradcheck.errors import UsageError
from gradcheck.parallel import can_fork, cores
from gradcheck.rendering.document import document, dumps
from gradcheck.rendering.schema import fault
from gradcheck.rendering.tabular import csv_text
from gradcheck.studies.collection import Cases, Problematic
from gradcheck.studies.running import MANY, Run, processes_for, run, weigh
from gradcheck.studies.summary import LONGEST
from gradcheck.studies.tables import tables

needs_fork = pytest.mark.skipif(not can_fork(), reason="the system cannot fork: cases are compared in one process")


def square(x):
    return x * x


def crash(x):
    raise KeyError("boo")


def not_finite(x):
    return np.log(-x)


def kinked(x):
    return np.abs(x)


def evidence(shown=True, text="text", **values):
    return lambda session: Evidence(shown, text, values)


def cases(*made, claims=(), problems=()):
    return Cases(made, claims, problems)


CLAIMS = [
    pytest.param(evidence(True), "shown", "text", id="shown"),
    pytest.param(evidence(False, "not so"), "refuted", "not so", id="refuted"),
    pytest.param(lambda session: 1 / 0, "not shown", "ZeroDivisionError: division by zero", id="raises"),
    pytest.param(lambda session: True, "not shown", "<lambda> returned bool, expected Evidence", id="no evidence"),
    pytest.param(lambda session: None, "not shown", "<lambda> returned NoneType, expected Evidence", id="nothing"),
    pytest.param(lambda session: session.cases["missing"], "not shown", "KeyError: 'missing'", id="no such case"),
    pytest.param(lambda session: sys.exit(3), "not shown", "SystemExit: 3", id="exits"),
    pytest.param(
        lambda session: Evidence(True, "t", [1, 2]),
        "not shown",
        "AttributeError: 'list' object has no attribute 'items'",
        id="no values by name",
    ),
    pytest.param(lambda session: Evidence(np.True_, 12), "shown", "12", id="words that are a number"),
]


@pytest.mark.parametrize("function, verdict, text", CLAIMS)
def test_a_claim_is_shown_refuted_or_not_shown(function, verdict, text):
    found = weigh(Run([]), claim("X1")(function))
    assert (found.id, found.verdict, found.evidence) == ("X1", verdict, text)


def test_the_values_of_the_evidence_are_kept():
    assert weigh(Run([]), claim("X1")(evidence(a=1.5, b=2))).values == {"a": 1.5, "b": 2}


VALUES = [
    pytest.param(np.float32(0.1), float(np.float32(0.1)), id="float32"),
    pytest.param(np.array([1.0, np.inf]), [1.0, np.inf], id="array"),
    pytest.param(np.array(2), 2, id="array of no axis"),
    pytest.param((1, [2.5, None]), [1, [2.5, None]], id="lists"),
    pytest.param({1: -0.0}, {"1": -0.0}, id="mapping"),
    pytest.param(10**300, 10**300, id="large integer"),
    pytest.param(1 << 20_000, "an integer of 20001 bits", id="integer beyond all floats"),
    pytest.param(1 + 2j, "(1+2j)", id="complex"),
    pytest.param("x" * 10**5, None, id="long words"),
]


@pytest.mark.parametrize("value, expected", VALUES)
def test_values_are_kept_as_plain_data_whatever_they_are(value, expected):
    result = run(cases(claims=[claim("X1")(evidence(a=value))]))
    kept = result.claims[0].values["a"]
    assert repr(kept) == repr(expected) if expected is not None else len(kept) < 2100
    data = json.loads(dumps(document(result)))
    assert fault(data, "run") is None
    (table,) = [t for t in tables(result) if t.name == "values"]
    assert csv_text(table).count("\n") == 2


def test_an_error_of_several_lines_is_told_in_one():
    def raises(session):
        raise ValueError("first\nsecond")

    assert weigh(Run([]), claim("X1")(raises)).evidence == "ValueError: first"


CRASHES = [
    pytest.param(case(x=1.0)(crash), "KeyError: 'boo'", id="raises"),
    pytest.param(case(x=1.0)(not_finite), "not finite", id="not finite"),
    pytest.param(case(x=1)(square), "no argument is differentiable", id="integer"),
    pytest.param(case(x=np.ones(2))(square), "shape (2,)", id="not scalar"),
]


@pytest.mark.parametrize("failing, message", CRASHES)
def test_a_case_that_fails_does_not_stop_the_others(failing, message):
    good = case(x=3.0)(square)
    result = run(cases(failing, good, claims=[claim("X1")(evidence())]))
    first, second = result.cases
    assert first.comparison is None
    assert message in first.error
    assert first.error.startswith(f"case {failing.name}")
    assert not first.met
    assert second.met and second.error is None and second.comparison.outcome == "right"
    assert [c.verdict for c in result.claims] == ["shown"]
    assert result.faulty
    assert not result.met


def claimed(expect, gradient):
    made = case(x=3.0)(square)
    made.claimed_gradient(gradient, expect=expect)
    return made


MET = [
    pytest.param(lambda: cases(case(x=3.0)(square)), True, id="right"),
    pytest.param(lambda: cases(case(x=0.0)(kinked)), True, id="a kink is no fault"),
    pytest.param(lambda: cases(claimed("right", lambda x: 2 * x)), True, id="right as expected"),
    pytest.param(lambda: cases(claimed("wrong", lambda x: x)), True, id="wrong as expected"),
    pytest.param(lambda: cases(claimed("right", lambda x: x)), False, id="wrong, expected right"),
    pytest.param(lambda: cases(claimed("wrong", lambda x: 2 * x)), False, id="right, expected wrong"),
    pytest.param(lambda: cases(claims=[claim("A")(evidence(True))]), True, id="claim shown"),
    pytest.param(lambda: cases(claims=[claim("A")(evidence(False))]), False, id="claim refuted"),
    pytest.param(lambda: cases(claims=[claim("A")(lambda s: None)]), False, id="claim not shown"),
]


@pytest.mark.parametrize("make, met", MET)
def test_a_run_is_met_when_all_is_as_stated(make, met):
    result = run(make())
    assert result.met is met
    assert not result.faulty


def test_problems_of_files_make_a_run_faulty_and_are_passed_on():
    result = run(cases(problems=[Problematic("a.py", "a.py: holds no case")]))
    assert result.faulty
    assert result.problems == ("a.py: holds no case",)


def test_claims_come_in_the_order_of_their_ids():
    result = run(cases(claims=[claim(i)(evidence()) for i in ("C10", "C02", "C01")]))
    assert [c.id for c in result.claims] == ["C01", "C02", "C10"]


def test_a_claim_is_given_the_comparisons_made_once():
    calls = []

    def counted(x):
        calls.append(type(x).__name__)
        return x * x

    made = case(x=3.0)(counted)

    def asks(session):
        first, second = session.compare(session.cases["counted"]), session.compare(made)
        return Evidence(first is second, "the same comparison")

    result = run(cases(made, claims=[claim("X1")(asks)]))
    assert result.claims[0].verdict == "shown"
    assert calls.count("TracedArray") == 1


def test_chosen_cases_run_alone_and_without_claims():
    one, other = case(x=3.0)(square), case(x=0.0)(kinked)
    result = run(cases(one, other, claims=[claim("X1")(evidence(False))]), chosen=[other])
    assert [c.case for c in result.cases] == [other]
    assert result.claims == ()


def test_progress_names_cases_then_claims():
    told = []
    run(cases(case(x=3.0)(square), claims=[claim("X1")(evidence())]), progress=told.append)
    assert told == ["square", "claim X1"]


def test_the_seed_decides_the_points_drawn():
    made = case(x=Real())(square)

    def point(seed):
        return run(cases(made), seed=seed).cases[0].comparison.points[0].problem.arguments

    assert point(1) == point(1) == made.drawn(1)[0]
    assert point(1) != point(2)


def stable(summary):
    """A summary without its times."""
    return replace(summary, methods=tuple(replace(m, seconds=None) for m in summary.methods))


def summaries(made, **options):
    result = run(made, **options)
    return [stable(c.summary) for c in result.cases], result


def dies(x):
    os._exit(7)


def leaves(x):
    sys.exit("bye")


@needs_fork
def test_the_results_are_the_same_whatever_the_number_of_processes():
    made = cases(
        claimed("wrong", lambda x: x), case(x=1.0)(crash), case(x=Real(2))(square), case(x=0.0)(kinked), claims=[claim("X1")(evidence())]
    )
    alone, here = summaries(made)
    together, there = summaries(made, processes=3)
    assert alone == together
    assert [c.case for c in there.cases] == list(made)
    assert [c.verdict for c in there.claims] == ["shown"]
    assert here.cases[0].comparison is not None
    assert there.cases[0].comparison is None
    assert alone[0].claimed[0].kinds


@needs_fork
def test_a_process_that_dies_is_told_with_the_case_and_the_others_are_compared():
    result = run(cases(case(x=1.0)(dies), case(x=3.0)(square)), processes=2)
    assert result.faulty
    assert result.cases[0].error.startswith("case dies (")
    assert "the process that compared it ended with exit code 7" in result.cases[0].error
    assert result.cases[1].met


@pytest.mark.parametrize("processes", [1, pytest.param(2, marks=needs_fork)])
def test_a_case_that_exits_does_not_stop_the_others(processes):
    result = run(cases(case(x=1.0)(leaves), case(x=3.0)(square)), processes=processes)
    assert "SystemExit: bye" in result.cases[0].error
    assert result.cases[1].met


@pytest.mark.parametrize("processes", [1, pytest.param(2, marks=needs_fork)])
def test_what_is_made_of_each_case_is_kept(processes):
    def made(result):
        return result.case.name, result.comparison.points[0].problem.circuit.operations

    result = run(cases(case(x=3.0)(square), case(x=0.0)(kinked)), processes=processes, each=made)
    assert [c.made for c in result.cases] == [("square", 1), ("kinked", 1)]


@pytest.mark.parametrize("processes", [1, pytest.param(2, marks=needs_fork)])
def test_what_cannot_be_made_of_a_case_ends_the_run(processes):
    def made(result):
        raise UsageError("the disk is full")

    with pytest.raises(UsageError, match="the disk is full"):
        run(cases(case(x=3.0)(square), case(x=0.0)(kinked)), processes=processes, each=made)


def test_mistakes_are_named_only_where_asked_for():
    made = cases(claimed("wrong", lambda x: x))
    assert run(made, named=False).cases[0].summary.claimed[0].kinds is None
    assert run(made).cases[0].summary.claimed[0].kinds == ("factor",)


def test_many_cases_take_all_cores_and_few_take_one():
    assert processes_for(MANY - 1) == 1
    assert processes_for(MANY) == cores()


def test_a_case_is_compared_for_itself_where_another_has_its_name():
    one, other = case(x=3.0)(square), case(x=5.0)(square)
    first, second = run(cases(one, other)).cases
    assert (first.comparison.points[0].problem.value, second.comparison.points[0].problem.value) == (9.0, 25.0)


def test_a_message_of_any_length_is_bounded():
    def loud(x):
        raise ValueError("x" * 10**5)

    assert len(run(cases(case(x=1.0)(loud))).cases[0].error) < 2 * LONGEST
