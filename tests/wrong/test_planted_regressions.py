"""A report made worse in one place: compare-reports must see it, name it and exit 1. Made better, or differing as machines do: exit 0."""

from __future__ import annotations

import copy
import json

import pytest
from click.testing import CliRunner

from gradcheck.cli import main
from tests import documents


@pytest.fixture(scope="module")
def good():
    return documents.run_document()


@pytest.fixture
def compared(good, tmp_path):
    """What compare-reports makes of the good report and one that is changed by a function, or of two that are."""

    def compare(change, before=lambda data: None, *options):
        for name, edit in (("old", before), ("new", change)):
            data = copy.deepcopy(good)
            edit(data)
            (tmp_path / f"{name}.json").write_text(json.dumps(data))
        result = CliRunner().invoke(main, ["compare-reports", str(tmp_path / "old.json"), str(tmp_path / "new.json"), *options])
        assert result.stderr == ""
        return result

    return compare


def neuron(data):
    return data["cases"][0]


def method(data, name):
    return next(m for m in neuron(data)["methods"] if m["name"] == name)


def at_fault(data):
    kept = {k: neuron(data)[k] for k in ("name", "file", "line", "claims")}
    data["cases"][0] = kept | {
        "outcome": "undecided", "error": "case tanh_of_dot: boo", "inputs": None, "operations": None, "ratio": None, "claimed": [], "methods": [],
    }  # fmt: skip


def refuse(data):
    method(data, "symbolic").update(
        outcome="undecided", digits=None, ulp=None, evaluations=None, operations=None, seconds=None, reason="too large"
    )


def lossy(name, digits, ulp):
    return lambda data: method(data, name).update(digits=digits, ulp=ulp)


WORSE = {
    "verdict of a case": (lambda d: neuron(d).update(outcome="wrong"), "outcome tanh_of_dot: right -> wrong"),
    "a case becomes a kink": (lambda d: neuron(d).update(outcome="kink"), "outcome tanh_of_dot: right -> kink"),
    "a case is at fault": (at_fault, "outcome tanh_of_dot: right -> at fault"),
    "a claim is refuted": (lambda d: d["claims"][0].update(verdict="refuted"), "claim A1: shown -> refuted"),
    "a claim is not shown": (lambda d: d["claims"][0].update(verdict="not shown"), "claim A1: shown -> not shown"),
    "a claim that was shown is gone": (lambda d: d["claims"].pop(0), "claim A1: shown"),
    "a claimed gradient": (lambda d: neuron(d)["claimed"][1].update(outcome="right"), "claimed gradient tanh_of_dot: <lambda> (2): wrong -> right"),
    "a mistake is not named": (lambda d: neuron(d)["claimed"][1].update(kinds=["unknown"]), "mistakes named tanh_of_dot: <lambda> (2)"),
    "operations of the gradient": (lambda d: neuron(d)["operations"].update(gradient=99), "operations of the gradient tanh_of_dot"),
    "operations of the function": (lambda d: neuron(d)["operations"].update(function=99), "operations of the function tanh_of_dot"),
    "the ratio": (lambda d: neuron(d).update(ratio=4.9), "ratio tanh_of_dot"),
    "evaluations": (lambda d: method(d, "complex-step").update(evaluations=40), "evaluations tanh_of_dot: complex-step: 4 -> 40"),
    "a method's verdict": (lambda d: method(d, "differences").update(outcome="wrong"), "method tanh_of_dot: differences: right -> wrong"),
    "a method no longer runs": (refuse, "method tanh_of_dot: symbolic: right -> not run"),
    "the tape loses digits": (lossy("tape", 9.0, 1e7), "digits tanh_of_dot: tape"),
    "symbolic loses digits": (lossy("symbolic", 9.0, 1e7), "digits tanh_of_dot: symbolic"),
    "differences lose digits": (lossy("differences", 8.0, 1e8), "digits tanh_of_dot: differences"),
    "all digits are lost": (lossy("tape", 0.0, "inf"), "digits tanh_of_dot: tape"),
    "a file is at fault": (lambda d: d["problems"].append("b.py: syntax error"), "file b.py: syntax error: at fault"),
}  # fmt: skip


@pytest.mark.parametrize("kind", WORSE)
def test_a_planted_regression_is_seen_and_named(compared, kind):
    change, line = WORSE[kind]
    result = compared(change)
    assert result.exit_code == 1
    title, first = result.stdout.splitlines()[:2]
    assert title == "Worse"
    assert line in first
    assert "Better" not in result.stdout


@pytest.mark.parametrize("kind", WORSE)
def test_the_other_way_round_it_is_no_regression(compared, kind):
    change, _ = WORSE[kind]
    result = compared(lambda d: None, change)
    assert result.exit_code == 0
    assert "Worse" not in result.stdout
    assert ("Better" in result.stdout) == (kind != "a claim that was shown is gone")


def limit(data):
    """An error in ulp that rounding explains by far: a tenth of what is allowed, the most that was seen."""
    return 0.1 * method(data, "tape")["allowed_ulp"]


def other_machine(data):
    """Every rounding error is another, and so are versions and times."""
    data["environment"].update(python="3.99.0", machine="other", numpy="9.9")
    for name in ("tape", "symbolic", "complex-step"):
        method(data, name).update(digits=13.0, ulp=limit(data), seconds=1.0, reason="13.0 correct digits")
    method(data, "differences").update(digits=9.0, ulp=1e7, evaluations=99)
    method(data, "forward-differences").update(digits=6.5, ulp=1e9)
    method(data, "symbolic").update(operations=999, details={"written_out": 999})
    data["claims"][0]["values"]["slope"] *= 1 + 1e-9


def rename(data):
    neuron(data)["name"] = "another"


NEITHER = {
    "nothing": (lambda d: None, ""),
    "another machine": (other_machine, ""),
    "a case added and one removed": (rename, "case another: right  (added)"),
    "a claim that was not shown is gone": (lambda d: d["claims"].pop(1), "claim A2: refuted  (removed)"),
    "a claimed gradient is gone": (lambda d: neuron(d)["claimed"].pop(), "claimed gradient tanh_of_dot: <lambda> (2): wrong  (removed)"),
    "a claim's value": (lambda d: d["claims"][0]["values"].update(slope=7.0), "value A1: slope: 0.3 -> 7"),
    "another expectation, met": (lambda d: neuron(d)["claimed"][0].update(expected="wrong", outcome="wrong"), "expected wrong"),
}


@pytest.mark.parametrize("kind", NEITHER)
def test_what_is_neither_worse_nor_better_is_listed_and_exits_0(compared, kind):
    change, line = NEITHER[kind]
    result = compared(change)
    assert result.exit_code == 0
    assert line in result.stdout
    assert "Worse" not in result.stdout and "Better" not in result.stdout
    assert ("Changed" in result.stdout) == bool(line)


def test_all_lists_what_is_within_noise(compared):
    shown, everything = compared(other_machine), compared(other_machine, lambda d: None, "--all")
    assert "Within noise" not in shown.stdout
    for line in ("digits tanh_of_dot: tape", "environment numpy", "evaluations tanh_of_dot: differences", "value A1: slope"):
        assert line in everything.stdout
    assert everything.exit_code == 0


def test_as_json(compared):
    result = compared(WORSE["the ratio"][0], lambda d: None, "--json")
    data = json.loads(result.stdout)
    assert data["regressed"] is True
    (change,) = data["changes"]
    assert (change["kind"], change["where"], change["new"], change["direction"]) == ("ratio", "tanh_of_dot", 4.9, "worse")
    assert len(json.loads(compared(other_machine, lambda d: None, "--json", "--all").stdout)["changes"]) > 5


def test_accuracy_is_judged_by_what_rounding_explains(compared, good):
    """Just beyond a quarter of what rounding explains is worse; just below is not; a digit less than that is lost is not."""
    allowed = method(good, "tape")["allowed_ulp"]
    assert compared(lossy("tape", 12.0, 0.26 * allowed)).exit_code == 1
    assert compared(lossy("tape", 12.0, 0.24 * allowed)).exit_code == 0
    before = lossy("tape", 12.9, 0.26 * allowed)
    assert compared(lossy("tape", 12.0, 2 * allowed), before).exit_code == 0
    assert compared(lossy("tape", 10.8, 20 * allowed), before).exit_code == 1


def test_a_lucky_exact_difference_is_not_held_against_the_next(compared):
    assert compared(lossy("forward-differences", 7.0, 1e9), lossy("forward-differences", 15.9, 0.0)).exit_code == 0
    assert compared(lossy("forward-differences", 5.9, 1e10), lossy("forward-differences", 15.9, 0.0)).exit_code == 1


def test_a_hostile_name_is_inert(compared):
    def hostile(data):
        neuron(data).update(name="\u202e\x1b[31m<script>" + "x" * 10**5, outcome="wrong")

    text = compared(hostile).stdout
    assert "\u202e" not in text and "\x1b" not in text
    assert max(map(len, text.splitlines())) < 1500
