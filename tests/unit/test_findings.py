"""What a diagnosis says: hops in words, hints that reveal more and more, and findings as plain data."""

from __future__ import annotations

import json

import numpy as np
import pytest

from gradcheck import check, diagnose, trace
from gradcheck.diagnosis import KINDS, Finding, Hop
from gradcheck.diagnosis.diagnose import LARGEST
from gradcheck.diagnosis.finding import LEVELS, hop_of, name_of
from gradcheck.diagnosis.naming import named
from gradcheck.diagnosis.wording import FIX
from gradcheck.errors import UsageError
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
    pytest.param(lambda x: gradient(x) * (1 + 1e-6), ["unknown"], id="slightly-off"),
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


# numbers alone, and intermediate gradients
def layers(W1, W2):
    z = W1 @ INPUT
    h = np.tanh(z)
    o = W2 @ h
    return np.sum(o**2)


INPUT = np.array([0.4, -1.1, 0.7])
WEIGHTS = (np.array([[0.3, -0.2, 0.9], [1.1, 0.4, -0.6]]), np.array([[0.5, -0.8], [0.2, 0.7], [-1.0, 0.1]]))


def backward(W1, W2, slope=lambda h: 1 - h):
    h = np.tanh(W1 @ INPUT)
    do = 2 * (W2 @ h)
    dh = W2.T @ do
    dz = dh * slope(h)
    return {"W1": np.outer(dz, INPUT), "W2": np.outer(do, h), "dz": dz, "dh": dh}


def test_numbers_at_one_point_are_diagnosed_with_that_caveat() -> None:
    (found,) = diagnose(layers, tuple(backward(*WEIGHTS)[n] for n in ("W1", "W2")), WEIGHTS)
    assert (found.kind, found.hop.name, found.points) == ("wrong-local-derivative", "h", 1)
    assert "seen at one point only" in found.message


@pytest.mark.parametrize("given", [backward, None])
def test_the_first_wrong_intermediate_gradient_decides(given) -> None:
    known = backward(*WEIGHTS)
    (found,) = diagnose(layers, backward, WEIGHTS, intermediates=given or {n: known[n] for n in ("dz", "dh")})
    assert found.message.startswith("dz is the first wrong gradient on the way back")
    assert (found.kind, found.hop.name) == ("wrong-local-derivative", "h")


def test_an_intermediate_gradient_that_nothing_explains_still_tells_where() -> None:
    def strange(W1, W2):
        return backward(W1, W2, lambda h: np.exp(np.sin(9 * h)))

    (found,) = diagnose(layers, strange, WEIGHTS)
    assert (found.kind, found.hop.name) == ("unknown", "z")


def test_right_intermediate_gradients_leave_the_arguments_to_decide() -> None:
    def wrong_below(W1, W2):
        right = backward(W1, W2, lambda h: 1 - h**2)
        return right | {"W1": -right["W1"]}

    (found,) = diagnose(layers, wrong_below, WEIGHTS)
    assert (found.kind, "W1" in found.message) == ("sign", True)


REFUSED = [
    pytest.param({"intermediates": {"dq": 1.0}}, "the function has no such variables; it has", id="stranger"),
    pytest.param({"claim": 1.0}, "the gradient returned one float, expected 2: for W1, W2", id="one-number"),
    pytest.param({"claim": ("a", "b")}, "the claim holds something else than numbers", id="text"),
    pytest.param({"at": [WEIGHTS, WEIGHTS]}, "at= holds 2 points: diagnose one at a time", id="points"),
    pytest.param({"claim": lambda W1, W2: 1 / 0}, "the claim gives no gradient at the point", id="raises"),
]


@pytest.mark.parametrize(("given", "message"), REFUSED)
def test_what_cannot_be_diagnosed_says_why(given, message) -> None:
    with pytest.raises(UsageError, match=message):
        diagnose(layers, **({"claim": backward, "at": WEIGHTS} | given))


# digits lost
LOSSY = [
    pytest.param(np.tanh, lambda x: 1 - np.tanh(x) ** 2, 20.0, "precision", "1 / cosh", id="tanh"),
    pytest.param(lambda x: 1 / (1 + np.exp(-x)), lambda x: (s := 1 / (1 + np.exp(-x))) * (1 - s), 40.0, "precision", "expit", id="sigmoid"),
    pytest.param(lambda x: np.log(1 + np.exp(-np.abs(x))) + np.maximum(x, 0), lambda x: np.exp(x) / (1 + np.exp(x)), 800.0, "nonfinite", "overflows", id="exp"),
]  # fmt: skip


@pytest.mark.parametrize(("function", "gradient", "x", "kind", "words"), LOSSY)
def test_the_step_that_loses_digits_is_named_with_the_form_that_does_not(function, gradient, x, kind, words) -> None:
    found = check(function, gradient, (x,)).diagnosis[0]
    assert (found.kind, words in found.message) == (kind, True), found.message
    assert found.hop.line == gradient.__code__.co_firstlineno


def test_a_function_too_long_to_be_searched_has_its_verdict_alone() -> None:
    def chain(x):
        for _ in range(13_000):
            x = np.sin(x)
        return x

    verdict = check(chain, lambda x: -1.0, (0.5,))
    assert (verdict.outcome, verdict.kinds) == ("wrong", ("unknown",))
