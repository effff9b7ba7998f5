"""Arguments that are tuples, lists and dicts of arrays: every derivative in their structure, constants, errors by path, checks."""

from __future__ import annotations

import json
import re
from collections import OrderedDict, namedtuple

import numpy as np
import pytest

from gradcheck import ShapeError, UsageError, check, compare, grad, hessian, hvp, jacobian, jvp, trace, value_and_grad, vjp
from gradcheck.circuit import argument_names
from gradcheck.circuit.trees import flatten, is_list_of_numbers, is_tree

RNG = np.random.default_rng(0)
DATA, TARGET = RNG.normal(size=(5, 3)), RNG.normal(size=5)
PARAMS = {"W": RNG.normal(size=(3, 4)), "b": RNG.normal(size=4), "out": [RNG.normal(size=4), 0.5], "power": 2, "name": "net"}
VECTOR = {"W": RNG.normal(size=(3, 4)), "b": RNG.normal(size=4), "out": [RNG.normal(size=4), 2.0], "power": None, "name": None}
KEYS = ["p['W']", "p['b']", "p['out'][0]", "p['out'][1]"]


def loss(p, data):
    h = np.tanh(data @ p["W"] + p["b"])
    return np.mean((h @ p["out"][0] + p["out"][1] - TARGET) ** p["power"])


def flat_loss(w, b, a, c, data=DATA):
    return loss({"W": w, "b": b, "out": [a, c], "power": 2, "name": "net"}, data)


LEAVES = (PARAMS["W"], PARAMS["b"], PARAMS["out"][0], PARAMS["out"][1])


def leaves(tree):
    assert list(tree) == list(PARAMS)
    assert (tree["power"], tree["name"]) == (None, None)
    return tree["W"], tree["b"], *tree["out"]


def same(found, wanted):
    for a, b in zip(found, wanted, strict=True):
        assert np.shape(a) == np.shape(b)
        np.testing.assert_allclose(a, b, rtol=1e-13)


@pytest.mark.parametrize("calls", [1, 3])
def test_every_derivative_has_the_structure_of_the_argument(calls) -> None:
    everything = (0, 1, 2, 3)
    derivatives = grad(loss), value_and_grad(loss), hvp(loss), vjp(loss), jacobian(loss), jvp(loss)
    for _ in range(calls):
        g, (value, again), product, back, rows, along = (
            d(PARAMS, DATA, *extra) for d, extra in zip(derivatives, ((), (), (VECTOR,), (2.0,), (), (VECTOR,)), strict=True)
        )
    wanted = grad(flat_loss, everything)(*LEAVES)
    same(leaves(g), wanted)
    same(leaves(again), wanted)
    same(leaves(rows), wanted)
    same(leaves(back), [2.0 * w for w in wanted])
    same(leaves(product), hvp(flat_loss, everything)(*LEAVES, leaves(VECTOR)))
    assert value == loss(PARAMS, DATA)
    assert along == pytest.approx(sum(np.sum(a * b) for a, b in zip(wanted, leaves(VECTOR), strict=True)))


def test_the_hessian_is_a_tree_of_trees() -> None:
    found, wanted = hessian(loss)(PARAMS, DATA), hessian(flat_loss, (0, 1, 2, 3))(*LEAVES)
    for row, blocks in zip(leaves(found), wanted, strict=True):
        same(leaves(row), blocks)


def test_several_arguments_give_a_tuple() -> None:
    tree, array = grad(loss, (0, 1))(PARAMS, DATA)
    leaves(tree)
    same([array], [grad(flat_loss, 4)(*LEAVES, DATA)])
    assert grad(loss, 1)(PARAMS, DATA).shape == DATA.shape


Point = namedtuple("Point", "x y")
STRUCTURES = [
    pytest.param((np.ones(2), 3.0), id="tuple"),
    pytest.param([np.ones(2), 3.0], id="list"),
    pytest.param(Point(np.ones(2), 3.0), id="namedtuple"),
    pytest.param({0: np.ones(2), 1: 3.0}, id="keys-that-are-numbers"),
    pytest.param(OrderedDict([(0, np.ones(2)), (1, 3.0)]), id="ordered"),
]


@pytest.mark.parametrize("argument", STRUCTURES)
def test_any_structure(argument) -> None:
    found = grad(lambda p: np.sum(p[0] ** 2) * p[1])(argument)
    assert type(found) is type(argument)
    same([found[0], found[1]], [6 * np.ones(2), 2.0])
    second = grad(lambda p: grad(lambda q: np.sum(q[0] ** 2) * q[1])(p)[1])(argument)
    same([second[0], second[1]], [2 * np.ones(2), 0.0])


def test_a_list_of_numbers_is_an_array() -> None:
    assert isinstance(grad(lambda x: np.sum(x**2))([1.0, 2.0]), np.ndarray)
    assert isinstance(grad(lambda p: np.sum(p["x"] ** 2))({"x": [[1.0], [2.0]]})["x"], np.ndarray)
    inner = grad(lambda q: q[0] * q[1] ** 2)  # an array when the numbers are traced, too
    same([grad(lambda x: inner([x[0], x[1]]) @ x)(np.array([2.0, 3.0]))], [np.array([27.0, 36.0])])


def test_what_a_constant_leaf_is_decides_which_program_runs() -> None:
    derivative = grad(lambda p: p["x"] ** p["n"])
    assert [float(derivative({"x": 2.0, "n": n})["x"]) for n in (2, 2, 3, 3, 2)] == [4.0, 4.0, 12.0, 12.0, 4.0]


def test_a_tree_inside_a_traced_function() -> None:
    def outer(p):
        return sum(np.sum(g**2) for g in leaves(grad(loss)(p, DATA)))

    def flat(*ps):
        return sum(np.sum(g**2) for g in grad(flat_loss, (0, 1, 2, 3))(*ps))

    same(leaves(grad(outer)(PARAMS)), grad(flat, (0, 1, 2, 3))(*LEAVES))


def test_a_trace_has_the_leaves_for_inputs() -> None:
    circuit = trace(loss, PARAMS, DATA)
    assert [circuit.names[k] for k in circuit.inputs] == [*KEYS, "data"]
    assert len(trace(loss, PARAMS, DATA, argnums=(0,)).inputs) == 4
    assert len(trace(loss, PARAMS, DATA, argnums=(1,)).inputs) == 1


def test_what_the_function_reads_is_seen_through_the_tree(monkeypatch) -> None:
    derivative = grad(loss)
    before = [derivative(PARAMS, DATA)["b"] for _ in range(3)][-1]
    monkeypatch.setitem(globals(), "TARGET", TARGET + 1.0)
    assert not np.allclose(derivative(PARAMS, DATA)["b"], before)
    same([derivative(PARAMS, DATA)["b"]], [grad(loss)(PARAMS, DATA)["b"]])


ERRORS = [
    pytest.param(lambda: hvp(loss)(PARAMS, DATA, {**VECTOR, "b": np.ones(3)}), ShapeError, "the vector has shape (3,) at p['b'], expected the argument's: (4,)", id="shape"),
    pytest.param(lambda: jvp(loss)(PARAMS, DATA, {"W": 1.0}), UsageError, "the vector has another structure than argument 0", id="structure"),
    pytest.param(lambda: jvp(loss, (0, 1))(PARAMS, DATA, (VECTOR,)), ShapeError, "1 vectors, expected 2", id="too-few"),
    pytest.param(lambda: grad(loss)({"n": [1, "a"]}, DATA), UsageError, "argument 0 holds no floats, and only floats can be differentiated: it holds p['n'][0]: int, p['n'][1]: str", id="no-floats"),
    pytest.param(lambda: grad(loss, 2)(PARAMS, DATA), UsageError, "argnums=(2,): expected different positions among the 2 arguments", id="argnums"),
    pytest.param(lambda: grad(lambda p: p["a"] * 1.0)({"a": np.ones(2), "b": ()}), ShapeError, "a gradient needs a scalar", id="no-scalar"),
    pytest.param(lambda: grad(lambda p: p["a"])({"a": type("Box", (dict,), {})(x=1.0)}), UsageError, "p['a'] is a Box: dicts, lists, tuples and named tuples", id="unknown-container"),
    pytest.param(lambda: check(loss, loss, at=(PARAMS, DATA), order=2), UsageError, "order=2 takes arguments that are arrays", id="order"),
    pytest.param(lambda: check(loss, loss, at=[(PARAMS, DATA), ({**PARAMS, "more": 1.0}, DATA)]), UsageError, "different structures", id="points"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "error", "message"), ERRORS)
def test_errors(call, error, message) -> None:
    with pytest.raises(error, match=re.escape(message)):
        call()


def doubled(p, data):
    found = grad(loss)(p, data)
    return {**found, "b": 2 * found["b"]}


def missing(p, data):
    return {k: v for k, v in grad(loss)(p, data).items() if k != "b"}


def changing(p, data):
    found = grad(loss)(p, data)
    p["W"] += 1.0
    return found


CLAIMS = [
    pytest.param(grad(loss), "right", "", id="grad"),
    pytest.param(lambda p, data: {k: v for k, v in grad(loss)(p, data).items() if v is not None}, "right", "", id="without-constants"),
    pytest.param(doubled, "wrong", "0.0 correct digits", id="doubled"),
    pytest.param(missing, "wrong", "the gradient names no part for p['b']", id="missing"),
    pytest.param(changing, "wrong", "calling the gradient changed its argument p['W']", id="changing"),
    pytest.param(lambda p, data: np.ones(3), "wrong", "the gradient names no part for p['W']", id="no-tree"),
]


@pytest.mark.parametrize(("claim", "outcome", "says"), CLAIMS)
def test_claims_are_trees_too(claim, outcome, says) -> None:
    verdict = check(loss, claim, at=(PARAMS, DATA), argnums=0)
    assert check(loss, claim, at=(PARAMS, DATA), argnums=argument_names(loss, 2)[0]).outcome == verdict.outcome
    assert verdict.outcome == outcome
    assert says in verdict.reason
    if outcome == "wrong":
        assert list(verdict.witness[0]) == list(PARAMS)
        json.dumps(verdict.to_dict())


def test_all_arguments_are_checked_and_compared() -> None:
    assert check(loss, grad(loss, (0, 1)), at=(PARAMS, DATA)).outcome == "right"
    assert (
        check(loss, lambda p, data: dict(zip(("p", "data"), grad(loss, (0, 1))(p, data), strict=True)), at=(PARAMS, DATA)).outcome
        == "right"
    )
    found = compare(loss, at=(PARAMS, DATA), argnums=0)
    assert found.outcome == "right"
    assert list(dict.fromkeys(found.frame()["argument"])) == KEYS


def test_products_and_searches_take_trees() -> None:
    def scaled(p):
        return p["a"] * p["b"][:2]

    def product(p, w):
        return {"a": w * p["b"][:2], "b": np.concatenate([w * p["a"], [0.0]])}

    point = ({"a": np.ones(2), "b": np.arange(3.0)},)
    assert check(scaled, product, at=point, vjp=True).outcome == "right"
    assert check(scaled, lambda p, w: {**product(p, w), "a": w}, at=point, vjp=True).outcome == "wrong"
    assert check(lambda p: np.sum(np.abs(p["a"])), lambda p: {"a": np.sign(p["a"]), "b": 0.0 * p["b"]}, at=point, search=True).ok


def test_data_in_a_tuple_that_is_not_asked_for_is_left_alone() -> None:
    assert check(lambda x, t: np.sum(x * t[0]), lambda x, t: t[0] + 0.0, at=(np.ones(2), (np.ones(2), "a")), argnums=0).outcome == "right"
    assert check(lambda x, t: np.sum(x) * t[0], lambda x, t: np.ones(2) * t[0], at=(np.ones(2), (3, "a"))).outcome == "right"
    assert grad(lambda x, t: np.sum(x * t[0]))(np.ones(2), (np.ones(2), "a")).tolist() == [1.0, 1.0]


def test_what_is_a_leaf() -> None:
    assert [is_tree(v) for v in (1.0, np.ones(2), [1.0, 2], [[1.0], [2.0]], "ab", None)] == [False] * 6
    assert [is_tree(v) for v in ((1.0,), {}, [np.ones(2)], [1.0, None])] == [True] * 4
    assert is_list_of_numbers([])
    assert flatten({"a": [np.ones(1), {"b": 2.0}]}, "x")[2] == ["x['a'][0]", "x['a'][1]['b']"]
