"""Slips of the pen: the ones that must be listed, of the right kind; every one means something else, and can be evaluated or is refused."""

from __future__ import annotations

import ast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcheck.circuit.circuit import ArrayType
from gradcheck.circuit.formulas import Setting, formulas, local_text, setting
from gradcheck.circuit.slips import slips
from gradcheck.diagnosis import KINDS
from gradcheck.diagnosis.scene import UNFIT
from gradcheck.primitives import BY_NAME
from gradcheck.primitives.textbook import MATRIX, TEXTBOOK

ONE, TWO = ("g", "y", "x"), ("g", "y", "a", "b")
MUST = [  # a formula, its names, a slip that must be there, and its kind
    ("g * (1 - y**2)", ONE, "g", "missing-factor"),
    ("g * (1 - y**2)", ONE, "1 - y**2", "missing-cotangent"),
    ("g * (1 - y**2)", ONE, "g * (1 + y**2)", "wrong-local-derivative"),
    ("g * (1 - y**2)", ONE, "g * (1 - y)", "wrong-local-derivative"),
    ("g * (1 - y**2)", ONE, "g * (1 - x**2)", "wrong-local-derivative"),
    ("g * (1 - y**2)", ONE, "g * (y**2 - 1)", "sign"),
    ("g * (1 - y**2)", ONE, "g / (1 - y**2)", "wrong-local-derivative"),
    ("g * 2 * x", ONE, "g * x", "factor"),
    ("g * 2 * x", ONE, "g * 2 * y", "wrong-local-derivative"),
    ("g * 2 * x", ONE, "g * 2", "wrong-local-derivative"),
    ("g / (2 * y)", ONE, "g / y", "factor"),
    ("g / x", ONE, "g * x", "wrong-local-derivative"),
    ("-g * np.sin(x)", ONE, "g * np.sin(x)", "sign"),
    ("-g * np.sin(x)", ONE, "-g * np.cos(x)", "wrong-local-derivative"),
    ("-g * np.sin(x)", ONE, "-g", "missing-factor"),
    ("g * y * (1 - y)", ONE, "g * (1 - y)", "wrong-local-derivative"),
    ("g * y * (1 - y)", ONE, "g * x * (1 - x)", "wrong-local-derivative"),
    ("g * b", TWO, "g * a", "wrong-value"),
    ("g * b", TWO, "b", "missing-cotangent"),
    ("-g * a / b**2", TWO, "-g * a / b", "wrong-local-derivative"),
    ("-g * a / b**2", TWO, "g * a / b**2", "sign"),
    ("g @ b.T", TWO, "g @ b", "transposed"),
    ("g @ b.T", TWO, "b.T @ g", "swapped"),
    ("g @ b.T", TWO, "g @ a.T", "wrong-value"),
    ("-y.T @ g @ y.T", ONE, "-y @ g @ y", "transposed"),
    ("g * (a > b)", TWO, "g * (a < b)", "wrong-branch"),
    ("g * (a > b)", TWO, "g", "missing-factor"),
    ("g * (x == y)", ONE, "g * (x != y)", "wrong-branch"),
    ("sum_to(g * b, (3,))", TWO, "mean_to(g * b, (3,))", "factor"),
    ("sum_to(g * b, (3,))", TWO, "largest_to(g * b, (3,))", "missing-path"),
    ("sum_to(g * b, (3,))", TWO, "total_to(g * b, (3,))", "wrong-axis"),
    ("sum_to(g * b, (3,))", TWO, "first_to(g * b, (3,))", "missing-sum"),
    ("y * (g - np.sum(g * y, axis=1, keepdims=True))", ONE, "y * (g - np.sum(g * y, axis=0, keepdims=True))", "wrong-axis"),
    ("y * (g - np.sum(g * y, axis=1, keepdims=True))", ONE, "y * (g - np.mean(g * y, axis=1, keepdims=True))", "factor"),
    ("y * (g - np.sum(g * y, axis=1, keepdims=True))", ONE, "y * (g - g * y)", "missing-sum"),
    ("y * (g - np.sum(g * y, axis=1, keepdims=True))", ONE, "y * g", "missing-path"),
    ("np.flip(np.cumsum(np.flip(g, 0), 0), 0)", ONE, "np.cumsum(np.flip(g, 0), 0)", "permuted"),
    ("g - np.mean(g, axis=0, keepdims=True) - y * np.mean(g * y, axis=0, keepdims=True)", ONE,
     "g - np.mean(g, axis=1, keepdims=True) - y * np.mean(g * y, axis=1, keepdims=True)", "wrong-axis"),
]  # fmt: skip
BRACKETS = [  # a formula, and all that it becomes where brackets are forgotten
    ("g*(1-y**2)", {"g*1-y**2"}),
    ("g / (2 * y)", {"g / 2 * y"}),
    ("g - (a + b)", {"g - a + b"}),
    ("-(a + b) * g", {"-a + b * g"}),
    ("g * b * a**(b - 1)", {"g * b * a**b - 1"}),
    ("1 / (1 + np.exp(-x))", {"1 / 1 + np.exp(-x)"}),
    ("(a - b) / (a + b)", {"a - b / (a + b)", "(a - b) / a + b", "a - b / a + b"}),
    ("g * (a > b)", {"g * a > b"}),
]  # fmt: skip
GROUPING = [
    "g * y",
    "g * np.cos(x)",
    "g + (a + b)",
    "g * (a * b)",
    "a + (b - g)",
    "-(g * y)",
    "g * (-(a * b))",
    "np.exp(-(a * b))",
    "(g)",
    "sum_to(g, (3,))",
]
EMPTY = ["g @ b.T", "np.sum(g)", "np.flip(np.cumsum(g, 0), 0)", "y.T"]


def plain(text: str) -> str:
    return ast.unparse(ast.parse(text, mode="eval"))


def of_kind(text: str, kind: str, names=TWO) -> set[str]:
    return {s.text for s in slips(text, names) if s.kind == kind}


@pytest.mark.parametrize(("formula", "names", "slip", "kind"), MUST, ids=[f"{f}: {s}" for f, _, s, _ in MUST])
def test_a_common_slip_is_listed_with_its_kind(formula, names, slip, kind) -> None:
    found = {s.text: s.kind for s in slips(formula, names)}
    assert found.get(plain(slip)) == kind


@pytest.mark.parametrize(("formula", "bare"), BRACKETS, ids=[f for f, _ in BRACKETS])
def test_forgotten_brackets_change_what_binds(formula, bare) -> None:
    assert of_kind(formula, "precedence") == {plain(b) for b in bare}


@pytest.mark.parametrize("formula", GROUPING)
def test_brackets_that_only_group_are_not_forgotten(formula) -> None:
    assert not of_kind(formula, "precedence")


@pytest.mark.parametrize("formula", EMPTY)
def test_brackets_of_calls_are_not_forgotten(formula) -> None:
    assert not of_kind(formula, "precedence")


def test_with_many_brackets_each_is_forgotten_alone_and_all_together() -> None:
    formula = "(a + b) * (a - b) * (g + y) * (g - y)"
    found = of_kind(formula, "precedence")
    assert len(found) == 5
    assert plain(formula.replace("(", "").replace(")", "")) in found


def test_a_name_alone_can_only_be_another() -> None:
    assert {(s.kind, s.text) for s in slips("g", ("g", "x"))} == {("wrong-value", "x")}
    assert slips("g", ("g",)) == ()


def test_the_most_common_slip_comes_first() -> None:
    ranks = [s.rank for s in slips("g * (1 - y**2)", ONE)]
    assert ranks == sorted(ranks)
    assert ranks[0] >= 1


def test_a_formula_is_shown_without_the_helpers_that_undo_broadcasts() -> None:
    assert local_text("sum_to(g * b, (3, 1))") == "sum(g * b)"
    assert local_text("g * b") == "g * b"


# every formula of the textbook, at shapes where no two axes can be taken for each other
def textbook():
    for name, table in TEXTBOOK.items():
        shape = (3, 3) if name in ("inv", "det", "logabsdet") else (2, 3, 4) if not BY_NAME[name].elementwise else (3, 4)
        params = {} if BY_NAME[name].elementwise or len(shape) == 2 else {"axis": 1}
        for position in range(len(table)):
            yield from listed(name, params, position, [shape] * (1 + (BY_NAME[name].arity or 1)))
    for position in (0, 1):
        yield from listed("add", {}, position, [(3, 4), (1, 4), (1, 4)])
        yield from listed("multiply", {}, position, [(3, 4), (1, 4), (1, 4)])
        for first, second in MATRIX:
            yield from listed("matmul", {}, position, [(3,) * (first + second - 2), (3,) * first, (3,) * second])


def listed(name, params, position, shapes):
    types = tuple(ArrayType(s, np.dtype(float)) for s in shapes)
    at = setting(BY_NAME[name], types, params, position)
    for form in formulas(BY_NAME[name], types, params, position):
        yield pytest.param(form, at, shapes, id=f"{name}, {position}: {form}")


FORMS = list(textbook())


def values(at, shapes, rng, kind):
    """Numbers for the names at a hop: ordinary ones, or such as make comparisons come out both ways."""
    drawn = {"unit": lambda s: rng.uniform(0.1, 0.9, s), "large": lambda s: rng.uniform(1.1, 3.0, s), "signed": rng.standard_normal}
    whole = lambda s: rng.integers(-1, 3, s).astype(float)
    chosen = dict(zip(at.names, (drawn.get(kind, whole)(s) for s in (shapes[0], *shapes)), strict=True))
    if at.kept is not None:
        chosen |= {"g": chosen["g"][:, 0], "y": chosen["y"][:, 0]}
    return chosen


def outcome(at, text, numbers):
    try:
        with np.errstate(all="ignore"):
            return np.asarray(at.fitted(at.evaluate(text, numbers)), dtype=float)
    except UNFIT as error:
        return type(error)


def alike(a, b) -> bool:
    """The same numbers but for rounding, or refused for the same reason."""
    if isinstance(a, type) or isinstance(b, type):
        return a is b
    with np.errstate(all="ignore"):
        return a.shape == b.shape and bool(np.allclose(a, b, rtol=1e-11, atol=1e-300, equal_nan=True))


@pytest.mark.parametrize(("form", "at", "shapes"), FORMS)
def test_every_slip_means_something_else(form, at, shapes) -> None:
    rng = np.random.default_rng(0)
    points = [values(at, shapes, rng, kind) for kind in ("unit", "large", "signed", "signed", "whole", "whole")]
    right = [outcome(at, form, numbers) for numbers in points]
    found = [s for s in slips(form, at.names) if not (s.kind == "transposed" and (3,) in shapes)]  # a vector's transpose is itself
    same = [s.text for s in found if all(alike(outcome(at, s.text, numbers), r) for numbers, r in zip(points, right))]
    assert same == []


@pytest.mark.parametrize(("form", "at", "shapes"), FORMS)
def test_no_slip_comes_twice_and_each_is_named(form, at, shapes) -> None:
    found = slips(form, at.names)
    texts = [ast.dump(ast.parse(s.text, mode="eval")) for s in found]
    assert len(set(texts)) == len(texts)
    assert {s.kind for s in found} <= set(KINDS)
    assert found or form == "G"
    assert all(s.text.strip() and s.text == plain(s.text) for s in found)


quick = settings(derandomize=True, deadline=None, max_examples=60)


@quick
@given(
    st.sampled_from(FORMS),
    st.lists(st.floats(), min_size=7, max_size=7),
    st.lists(st.sampled_from([(), (1,), (3,), (3, 4)]), min_size=7, max_size=7),
)
def test_every_slip_evaluates_or_is_refused_as_numpy_refuses(chosen, numbers, shapes) -> None:
    form, at, own = chosen.values
    fitting = dict(zip(at.names, (np.full(s, v) for s, v in zip((own[0], *own), numbers))))
    if at.kept is not None:
        fitting |= {n: fitting[n][:, 0] for n in "gy"}
    unfit = dict(zip(at.names, map(np.full, shapes, numbers)))
    for slip in slips(form, at.names):
        compile(slip.text, "<slip>", "eval")
        for given_values in (fitting, unfit):
            assert isinstance(outcome(at, slip.text, given_values), np.ndarray | type)


TREES = st.recursive(
    st.just("?"),
    lambda below: st.one_of(
        st.tuples(below, st.sampled_from([" + ", " - ", " * ", " / "]), below).map(lambda t: f"({''.join(t)})"),
        below.map(lambda t: f"-({t})"),
        below.map(lambda t: f"np.exp({t})"),
    ),
    max_leaves=6,
)


@settings(derandomize=True, deadline=None, max_examples=150)
@given(TREES)
def test_of_any_formula_forgotten_brackets_change_the_numbers(tree) -> None:
    names = [f"x{i}" for i in range(tree.count("?"))]
    formula = tree.replace("?", "{}").format(*names)
    at = Setting(tuple(names), None, (5,))
    numbers = dict(zip(names, np.random.default_rng(1).uniform(0.1, 0.9, (len(names), 5))))
    right = outcome(at, formula, numbers)
    assert not [text for text in of_kind(formula, "precedence", tuple(names)) if alike(outcome(at, text, numbers), right)]
