"""Every formula of a derivation is evaluated: it must give the number shown beside it, and the totals must be the tape's gradient."""

from __future__ import annotations

import zlib

import numpy as np
import pytest

from gradcheck import load_cases, trace
from gradcheck.circuit import Floats, interpret
from gradcheck.derivation.algebra import is_cut, parse, shorter, text_of
from gradcheck.derivation.chain import chain_of
from gradcheck.derivation.hops import derive
from gradcheck.derivation.judging import discrepancies
from gradcheck.primitives import TABLE
from gradcheck.verdicts.compare import problems_of


def chain_and_gradient(circuit, inputs):
    derivation = derive(circuit, inputs)
    found = interpret(circuit.gradient(value=False), Floats(), inputs)
    return chain_of(circuit, derivation), dict(zip((n for n, _ in derivation.totals), found, strict=True))


def derived(function, *point):
    circuit = trace(function, *point, argnums=tuple(range(len(point))))
    return chain_and_gradient(circuit, point)


def lines_of(chain, part):
    return {chain.symbols[line.left].name: line for p in chain.parts if p.name == part for line in p.lines}


CASES = load_cases("cases")


@pytest.mark.parametrize("case", list(CASES), ids=lambda c: c.name)
def test_what_is_said_of_a_shipped_case_is_so(case):
    problem = next(problems_of(case, None, None, 0))
    chain, gradient = chain_and_gradient(problem.circuit, problem.inputs)
    assert discrepancies(chain, gradient) == ()
    assert {p.name for p in chain.parts} >= {"given", "function", "backward", "gradient"}


def _operands(primitive, example, seed):
    """A point of the operation, inside its domain; fixed arrays as the record has them."""
    rng = np.random.default_rng(seed)
    if example is not None:
        return [rng.uniform(0.2, 0.8, o) if isinstance(o, tuple) else np.asarray(o, float) for o in example.operands], dict(example.params)
    found = []
    for domain in primitive.domains:
        low, high = max(domain.low, -1.5), min(domain.high, 2.5)
        found.append(rng.uniform(low + 0.1, max(high, low + 1.0) - 0.1))
    return found, {}


NOT_ALONE = {"qr_q", "eigvectorsh", "svdvectors", "eigvectors"}  # their second operand is another's result


def _every_rule():
    for primitive in TABLE:
        if primitive.decision or primitive.name in NOT_ALONE:
            continue
        for i, example in enumerate(primitive.examples or (None,)):
            for form in ("number", "vector") if primitive.elementwise else ("array",):
                yield pytest.param(primitive, example, form, id=f"{primitive.name}-{i}-{form}")


@pytest.mark.parametrize(("primitive", "example", "form"), list(_every_rule()))
def test_each_operation_is_derived_with_formulas_that_hold(primitive, example, form):
    operands, params = _operands(primitive, example, zlib.crc32(primitive.name.encode()))
    if form == "vector":
        operands = [np.array([o, o * 1.01, o * 1.02]) for o in operands]
        operands[1:] = [o[:1] for o in operands[1:]]  # stretched
    weights = np.cos(np.arange(60.0))

    def function(*x):
        y = primitive(*x, **params)
        parts = list(y) if isinstance(y, tuple) else [y]
        return sum(np.sum(p * weights[: max(int(np.prod(np.shape(p))), 1)].reshape(np.shape(p))) for p in parts)

    if primitive.name == "where":
        chain, gradient = derived(lambda a, b: function(np.array(a > b) if np.ndim(a) else a > b, a, b), *operands[:2])
    else:
        chain, gradient = derived(function, *operands)
    assert discrepancies(chain, gradient) == ()
    assert any(line.formula for line in chain.lines())


RANKS = [((3, 4), (4,)), ((4,), (4, 3)), ((4,), (4,)), ((3, 4), (4, 2)), ((2, 3, 4), (4,)), ((2, 3, 4), (4, 2)), ((2, 3, 4), (2, 4, 5))]


@pytest.mark.parametrize(("left", "right"), RANKS, ids=str)
def test_products_of_every_rank(left, right):
    rng = np.random.default_rng(1)
    chain, gradient = derived(lambda A, B: np.sum(np.sin(A @ B)), rng.normal(size=left), rng.normal(size=right))
    assert discrepancies(chain, gradient) == ()


def test_a_chain_of_three_hops():
    def f(x):
        z = x + 1
        h = z**2
        return np.sin(h)

    chain, _ = derived(f, 1.0)
    assert [line.formula for line in chain.lines() if line.left.startswith("_l")] == ["np.cos(_v4)", "2 * _v2", "1"]
    (path,) = (line for p in chain.parts if p.name == "paths" for line in p.lines)
    assert (path.formula, path.value) == ("_l0 * _l1 * _l2", pytest.approx(-2.6145744834544478))


def test_the_lemmas_are_named_where_they_apply():
    def loss(W, b, u):
        z = W @ u + b
        a = np.tanh(z)
        return a @ a

    chain, _ = derived(loss, np.ones((2, 3)) / 4, np.array([0.1, 0.2]), np.array([0.3, -1.1, 0.8]))
    notes = {name: (line.formula, line.note) for name, line in lines_of(chain, "backward").items()}
    assert notes["W"] == ("np.outer(_d3, _v2)", "lemma 1")
    assert notes["b"] == ("_d4", "lemma 1")
    assert notes["z"] == ("_d5 * (1 - _v5 ** 2)", "lemma 2")
    assert notes["u"] == ("_v0.T @ _d3", "lemma 3")


def test_paths_are_added_where_they_meet():
    chain, _ = derived(lambda x: np.exp(x) * np.cos(x) + x, 0.5)
    (line,) = (line for p in chain.parts if p.name == "paths" for line in p.lines)
    assert line.formula.count("+") == 2
    assert line.note == "3 paths"


def test_no_path_is_claimed_where_one_goes_through_an_array():
    chain, gradient = derived(lambda x, w: np.sum(w * x) + x**2, 0.5, np.array([1.0, 2.0]))
    assert "paths" not in {p.name for p in chain.parts}  # x**2 alone would not be the whole derivative by x
    assert discrepancies(chain, gradient) == ()


def test_an_entry_goes_by_its_array_only_where_nothing_else_reads_it():
    chain, _ = derived(lambda x: x[0] * x[1], np.array([1.0, 2.0]))
    assert any(s.index == (1,) for s in chain.symbols.values())
    chain, _ = derived(lambda x: x[0] * np.sum(x), np.array([1.0, 2.0]))
    assert all(s.index is None for s in chain.symbols.values())  # its derivative is not the whole one by x[0]


def test_a_long_circuit_says_its_rounds_once():
    def steps(x):
        for _ in range(200):
            x = np.sin(x) + 0.1
        return x

    chain, gradient = derived(steps, 0.3)
    (local,) = (p for p in chain.parts if p.name == "local")
    assert len(local.lines) < 62
    assert any("hops for 198 more rounds" in told for _, told in local.left_out)
    assert discrepancies(chain, gradient) == ()


def test_a_long_circuit_without_rounds_keeps_both_ends():
    functions = (np.sin, np.exp, np.tanh, np.cos, np.arctan)

    def irregular(x):
        for i in np.random.default_rng(0).integers(5, size=300):
            x = functions[i](x) * 0.5
        return x

    chain, gradient = derived(irregular, 0.3)
    (local,) = (p for p in chain.parts if p.name == "local")
    assert len(local.lines) < 62
    assert sum("hops are left out" in told for _, told in local.left_out) == 1
    assert discrepancies(chain, gradient) == ()


def test_many_uses_of_a_value_are_cut_and_said_so():
    chain, gradient = derived(lambda x: sum(np.sin(x * k) for k in range(1, 30)), 0.3)
    total = lines_of(chain, "backward")["x"]
    assert is_cut(total.formula)
    assert discrepancies(chain, gradient) == ()


@pytest.mark.parametrize(
    ("long", "short"),
    [
        ("1 * x", "x"), ("x ** (2 - 1)", "x"), ("-1 * x * y", "-(x * y)"), ("x + -y", "x - y"), ("- -x", "x"), ("x ** (0.3 - 1)", "x ** (0.3 - 1)"),
        ("2 - 2.5", "-0.5"), ("0.1 + 0.2", "0.1 + 0.2"), ("x / 1", "x"),
    ],
)  # fmt: skip
def test_formulas_are_made_shorter_only_where_that_is_exact(long, short):
    assert text_of(shorter(parse(long))) == short
