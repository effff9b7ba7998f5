"""What a diagnosis says: hops in words, hints that reveal more and more, and findings as plain data."""

from __future__ import annotations

import json

import numpy as np
import pytest

from gradcheck import trace
from gradcheck.diagnosis import KINDS, Finding, Hop
from gradcheck.diagnosis.diagnose import LARGEST
from gradcheck.diagnosis.finding import LEVELS, hop_of, name_of
from gradcheck.diagnosis.naming import named
from gradcheck.diagnosis.wording import FIX
from gradcheck.gradients.method import problem_of

X = np.array([0.5, -1.0, 2.0])
AT = Hop(3, "tanh", "z", "x", "net.py", 7)

HOPS = [
    (AT, "z (tanh) from x at net.py:7"),
    (Hop(3, "tanh", None, "x", "net.py", 7), "tanh from x at net.py:7"),
    (Hop(3, "tanh", "z", None, "net.py", 7), "z (tanh) at net.py:7"),
    (Hop(3, "tanh", "z", "x"), "z (tanh) from x"),
    (Hop(3, "tanh", None, "x"), "tanh from x"),
    (Hop(3, "tanh", "z"), "z (tanh)"),
    (Hop(3, "tanh"), "tanh"),
    (Hop(0, "input", "x"), "x (input)"),
]


@pytest.mark.parametrize(("hop", "text"), HOPS, ids=[t for _, t in HOPS])
def test_a_hop_in_words(hop, text) -> None:
    assert str(hop) == text


@pytest.mark.parametrize(("hop", "text"), HOPS, ids=[t for _, t in HOPS])
def test_a_hop_as_plain_data(hop, text) -> None:
    data = json.loads(json.dumps(hop.to_dict()))
    assert Hop(**data) == hop


# hints
FULL = Finding("sign", "the sign is flipped in z", AT, "flip the sign", "dz * (1 - z**2)", "-dz * (1 - z**2)", (), 3)
HINTED = [  # a finding, and what each level says
    (
        FULL,
        "Look at z (tanh) from x at net.py:7.",
        "There, the sign is flipped.",
        "It should be dz * (1 - z**2); yours acts like -dz * (1 - z**2).",
    ),
    (Finding("sign", "m", AT, "flip the sign"), "Look at z (tanh) from x at net.py:7.", "There, the sign is flipped.", "Flip the sign."),
    (Finding("unknown", "m"), "Look at the gradient as a whole.", "There, no known mistake explains it.", ""),
    (Finding("shape", "m", None, "return one entry for each"), "Look at the gradient as a whole.", "There, the shape is not that of the argument.",
     "Return one entry for each."),
    (Finding("one-triangle", "m"), "Look at the gradient as a whole.", "There, one-triangle.", ""),
]  # fmt: skip


@pytest.mark.parametrize(("finding", "where", "kind", "formula"), HINTED)
def test_hints_reveal_more_and_more(finding, where, kind, formula) -> None:
    assert finding.hint("where") == where
    assert finding.hint("kind") == f"{where} {kind}"
    assert finding.hint("formula") == f"{where} {kind} {formula}".strip()
    assert finding.hint() == finding.hint("formula")


@pytest.mark.parametrize("kind", KINDS)
def test_where_says_nothing_of_the_kind_and_kind_nothing_of_the_formula(kind) -> None:
    finding = Finding(kind, "the message", AT, FIX.get(kind, "mend it"), "right_formula", "wrong_formula")
    where, known, formula = (finding.hint(level) for level in LEVELS)
    assert KINDS[kind] not in where
    assert kind not in where
    assert KINDS[kind] in known
    assert not any(word in where + known for word in ("right_formula", "wrong_formula", finding.fix, "the message"))
    assert "right_formula" in formula
    assert "wrong_formula" in formula
    assert where < known < formula
    assert formula.startswith(known)
    assert known.startswith(where)


@pytest.mark.parametrize("level", ["", "all", "Where", "formulas", None, 1])
def test_another_level_is_an_error_that_names_the_levels(level) -> None:
    with pytest.raises(ValueError, match=r"^level=.*: expected one of where, kind, formula$") as error:
        FULL.hint(level)
    assert repr(level) in str(error.value)


def test_every_kind_that_is_mended_is_known() -> None:
    assert set(FIX) <= set(KINDS)
    assert all(text and text == text.strip() and not text.endswith(".") for text in (*KINDS.values(), *FIX.values()))


# plain data
def test_a_finding_as_plain_data() -> None:
    other = Finding("factor", "off by the factor -1", Hop(5, "sum"), points=3)
    data = json.loads(json.dumps(Finding("sign", "m", AT, "f", "e", "found", (other,), 3).to_dict()))
    assert data == {
        "kind": "sign",
        "hop": {"node": 3, "operation": "tanh", "name": "z", "operand": "x", "file": "net.py", "line": 7},
        "message": "m",
        "fix": "f",
        "expected": "e",
        "found": "found",
        "points": 3,
        "equivalent": [{"kind": "factor", "hop": "sum", "message": "off by the factor -1"}],
    }


def test_without_a_hop_the_data_says_so() -> None:
    data = json.loads(json.dumps(Finding("unknown", "m", equivalent=(Finding("unknown", "n"),)).to_dict()))
    assert data["hop"] is None
    assert data["equivalent"] == [{"kind": "unknown", "hop": None, "message": "n"}]


# hops of circuits
def two_steps(x):
    z = np.tanh(x)
    return np.sum(z * z + 1.0)


def on_one_line(x):
    height = np.sqrt(np.sum(x * x) + 1.0)
    return height * 2.0


def in_rounds(x):
    h = x
    for _ in range(3):
        h = np.tanh(h * 0.5)
    return np.sum(h)


def number(circuit, operation: str, nth: int = 0) -> int:
    return [k for k in range(len(circuit)) if circuit.primitive(k) and circuit.primitive(k).name == operation][nth]


def line(function, after: int) -> int:
    return function.__code__.co_firstlineno + after


def test_a_hop_knows_its_variable_its_operand_and_its_line() -> None:
    circuit = trace(two_steps, X)
    k = number(circuit, "tanh")
    assert hop_of(circuit, k, circuit.inputs[0]) == Hop(k, "tanh", "z", "x", __file__, line(two_steps, 1))
    assert hop_of(circuit, k).operand is None


def test_an_input_is_a_hop_without_a_line() -> None:
    circuit = trace(two_steps, X)
    assert hop_of(circuit, circuit.inputs[0]) == Hop(circuit.inputs[0], "input", "x")


def test_a_value_without_a_name_goes_by_the_variable_that_its_line_forms() -> None:
    circuit = trace(on_one_line, X)
    assert [name_of(circuit, number(circuit, o)) for o in ("multiply", "sum", "add", "sqrt")] == ["height"] * 4
    assert str(hop_of(circuit, number(circuit, "sqrt"))) == f"height (sqrt) at {__file__}:{line(on_one_line, 1)}"
    assert str(hop_of(circuit, circuit.outputs[0])).endswith(f"(multiply) at {__file__}:{line(on_one_line, 2)}")


def test_a_variable_of_a_loop_goes_without_the_number_of_its_round() -> None:
    circuit = trace(in_rounds, X)
    assert {name_of(circuit, number(circuit, "tanh", nth)) for nth in range(3)} == {"h"}


# findings of whole claims
def gradient(x):
    return 2 * np.tanh(x) * (1 - np.tanh(x) ** 2)


CLAIMS = [
    pytest.param(lambda x: gradient(x), [], id="right"),
    pytest.param(lambda x: gradient(x) * (1 + 1e-10), [], id="off-by-less-than-formulas-differ"),
    pytest.param(lambda x: gradient(x) * (1 + 1e-6), ["factor"], id="slightly-off"),
    pytest.param(lambda x: -gradient(x), ["sign"], id="sign"),
    pytest.param(lambda x: 3 * gradient(x), ["factor"], id="factor"),
    pytest.param(lambda x: 2 * np.tanh(x) * (1 - np.tanh(x)), ["wrong-local-derivative"], id="power-forgotten"),
    pytest.param(lambda x: 2 * np.tanh(x), ["missing-factor"], id="local-derivative-forgotten"),
    pytest.param(lambda x: np.sum(gradient(x)), ["missing-sum"], id="a-sum"),
    pytest.param(lambda x: gradient(x)[::-1], ["permuted"], id="reversed"),
    pytest.param(lambda x: np.exp(np.sin(7 * x)), ["unknown"], id="nonsense"),
]


def findings(function, claim, x=X, repeated=True):
    problem = problem_of(function, (x,), (0,))
    return named(problem, (claim(x),), (lambda p: (np.asarray(claim(*p.arguments)),)) if repeated else None)


@pytest.mark.parametrize(("claim", "kinds"), CLAIMS)
def test_the_kind_of_a_claim(claim, kinds) -> None:
    assert [f.kind for f in findings(two_steps, claim)] == kinds


@pytest.mark.parametrize(("claim", "kinds"), CLAIMS)
def test_findings_of_claims_are_hinted_and_are_plain_data(claim, kinds) -> None:
    for found in findings(two_steps, claim):
        where, kind, formula = (found.hint(level) for level in LEVELS)
        assert len(where) < len(kind) <= len(formula)
        assert "yours acts like" not in kind
        assert json.loads(json.dumps(found.to_dict()))["kind"] == found.kind
        assert found.message
        assert found.kind in KINDS


@pytest.mark.parametrize(("claim", "kinds"), CLAIMS)
def test_the_same_claim_is_told_the_same(claim, kinds) -> None:
    first, second = (json.dumps([f.to_dict() for f in findings(two_steps, claim)]) for _ in range(2))
    assert first == second


def test_an_unexplained_claim_is_told_by_its_worst_entries_and_what_was_ruled_out() -> None:
    (found,) = findings(two_steps, lambda x: np.where(x < 0, np.exp(np.sin(7 * x)), gradient(x)))
    assert "1 of 3 entries differ: x[1] is" in found.message
    assert "ruled out at" in found.message
    assert "single mistakes" in found.message


def test_a_function_that_is_too_long_is_not_looked_at_hop_by_hop() -> None:
    def long(x):
        for _ in range(LARGEST // 2 + 1):
            x = x * 1.0001 + 0.0001
        return np.sum(x)

    (found,) = findings(long, lambda x: np.exp(x), repeated=False)
    assert found.kind == "unknown"
    assert f"more than {LARGEST} operations" in found.message
