"""The textbook's forms of adjoints: each gives the cotangent of its record's own rule, at operands from the record's domain."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from gradcheck.circuit.formulas import formulas, setting, shown, types_at
from gradcheck.diagnosis.scene import scene_of
from gradcheck.gradients.method import problem_of
from gradcheck.primitives import BY_NAME, TABLE
from gradcheck.primitives.textbook import LOCAL, MATRIX, NEIGHBOURS, PRODUCTS, TEXTBOOK

LOWEST, HIGHEST = -2.0, 2.0  # where a domain has no bound
SQUARES = ("inv", "det", "logabsdet")
UNUSUAL = {"arccosh": (1.2, 3.0), "power": (0.3, 2.0)}  # operands that are drawn elsewhere
BROADCASTS = [((3, 4), (3, 4)), ((3, 4), (4,)), ((3, 4), (3, 1)), ((3, 1), (1, 4)), ((), (3,)), ((4,), ()), ((), ())]
AXES = [None, 0, 1, -1, (0, 2), (0, 1, 2)]


def drawn(name, position, shape, rng):
    """Operands from inside the record's domain, none at a kink."""
    domains = BY_NAME[name].domains
    bounds = domains[position] if position < len(domains) else None
    low, high = (LOWEST, HIGHEST) if bounds is None else (max(bounds.low, LOWEST), min(bounds.high, HIGHEST))
    low, high = UNUSUAL.get(name, (low, high))
    x = rng.uniform(low + 0.05, high - 0.05, shape)
    return np.where(np.abs(x) < 0.02, 0.1, x)[()]


def elementwise():
    for name in (n for n in TEXTBOOK if BY_NAME[n].elementwise):
        shapes = [((3, 4),), ((),)] if BY_NAME[name].arity == 1 else BROADCASTS
        for number, own in enumerate(shapes):
            yield pytest.param(name, BY_NAME[name], own, id=f"{name}-{number}")


def three_operands(name):
    return {"where": lambda a, b: np.where(a > 0, a, b), "clip": lambda a, b: np.clip(a, b - 0.5, b + 0.5)}[name]


REDUCED = {
    "sum": np.sum,
    "mean": np.mean,
    "prod": np.prod,
    "max": np.max,
    "min": np.min,
    "var": np.var,
    "logsumexp": lambda x, **given: special.logsumexp(x, **given),
}
NORMALISED = {"softmax": lambda x, axis: special.softmax(x, axis=axis), "log_softmax": lambda x, axis: special.log_softmax(x, axis=axis)}


def along():
    for name, function in (REDUCED | NORMALISED).items():
        yield pytest.param(name, lambda x, f=function: f(x, axis=-1), [(5,)], id=f"{name} of a vector")
        for axis in AXES:
            yield pytest.param(name, lambda x, f=function, axis=axis: f(x, axis=axis), [(2, 3, 4)], id=f"{name}, axis={axis}")
            if name in REDUCED:
                kept = lambda x, f=function, axis=axis: f(x, axis=axis, keepdims=True)
                yield pytest.param(name, kept, [(2, 3, 4)], id=f"{name}, axis={axis}, kept")
    for axis in (None, 0, 1, -1):
        yield pytest.param("cumsum", lambda x, axis=axis: np.cumsum(x, axis=axis), [(3, 4)], id=f"cumsum, axis={axis}")
    for ddof in (1, 2):
        yield pytest.param("var", lambda x, ddof=ddof: np.var(x, axis=1, ddof=ddof), [(2, 5)], id=f"var, ddof={ddof}")


def matrices():
    for name in SQUARES:
        yield pytest.param(name, BY_NAME[name], [(3, 3)], id=name)
    for a, b in MATRIX:
        shapes = [(2, 3) if a == 2 else (3,), (3, 4) if b == 2 else (3,)]
        for name, function in (("matmul", np.matmul), ("dot", np.dot)):
            yield pytest.param(name, function, shapes, id=f"{name}, {a} and {b} axes")


def hops(function, arguments):
    """For every hop of a weighted sum of a function: what is there, the forms, and the part that the record's rule sends."""
    rng, size = np.random.default_rng(1), np.size(function(*arguments))
    weights = rng.uniform(0.5, 2.0, size) * rng.choice([-1.0, 1.0], size)
    problem = problem_of(lambda *x: np.einsum("i,i->", weights, np.ravel(function(*x))), tuple(arguments), tuple(range(len(arguments))))
    scene = scene_of(problem, tuple(np.zeros(np.shape(x)) for x in problem.inputs))
    for (k, position), part in scene.parts.items():
        primitive, types, params = scene.circuit.primitive(k), types_at(scene.circuit, k), scene.circuit.params.get(k, {})
        at = setting(primitive, types, params, position)
        yield primitive.name, at, formulas(primitive, types, params, position), scene.at_hop(k, position, scene.cotangents[k], part), part


def forms_give_the_rule(name, function, arguments) -> int:
    """The judgement: how many forms of a record were compared with its rule, and agreed."""
    compared = 0
    for found, at, forms, values, part in hops(function, arguments):
        for form in forms:
            given = at.fitted(at.evaluate(form, values))
            scale = np.max(np.abs(part), initial=0.0)
            assert np.shape(given) == np.shape(part), form
            assert np.allclose(given, part, rtol=1e-9, atol=1e-11 * scale), form
            compared += found == name
    return compared


@pytest.mark.parametrize(("name", "record", "shapes"), list(elementwise()))
def test_elementwise(name, record, shapes) -> None:
    rng = np.random.default_rng(0)
    function = three_operands(name) if record.arity == 3 else record
    arguments = [drawn(name, position, shape, rng) for position, shape in enumerate(shapes)]
    wanted = 1 if name == "clip" else sum(map(len, TEXTBOOK[name]))
    assert forms_give_the_rule(name, function, arguments) == wanted


@pytest.mark.parametrize(("name", "function", "shapes"), [*along(), *matrices()])
def test_along_axes_and_of_matrices(name, function, shapes) -> None:
    rng = np.random.default_rng(0)
    arguments = [rng.uniform(0.3, 2.0, shape) * rng.choice([-1.0, 1.0], shape) for shape in shapes]
    table = MATRIX[len(shapes[0]), len(shapes[1])] if name in PRODUCTS else TEXTBOOK[name]
    assert forms_give_the_rule(name, function, arguments) == sum(map(len, table))


STACKS = [
    pytest.param(np.linalg.inv, [(2, 3, 3)], id="inv"),
    pytest.param(np.linalg.inv, [(3, 3, 3)], id="inv-of-as-many"),
    pytest.param(np.linalg.det, [(2, 3, 3)], id="det"),
    pytest.param(lambda a: np.linalg.slogdet(a)[1], [(2, 3, 3)], id="logabsdet"),
    pytest.param(np.matmul, [(5, 2, 3), (3, 4)], id="matmul"),
    pytest.param(np.matmul, [(5, 2, 3), (5, 3, 4)], id="matmul-of-stacks"),
]


@pytest.mark.parametrize(("function", "shapes"), STACKS)
def test_for_stacks_of_matrices_nothing_is_written(function, shapes) -> None:
    arguments = [np.random.default_rng(0).standard_normal(shape) for shape in shapes]
    assert not [forms for name, _, forms, _, _ in hops(function, arguments) if name in (*SQUARES, *PRODUCTS) and forms]
    assert forms_give_the_rule("inv", function, arguments) == 0


SIZES = [
    pytest.param(lambda x: np.mean(x, axis=0), (3, 4), "G / 3", id="size"),
    pytest.param(lambda x: np.mean(x, axis=(0, 2)), (2, 3, 4), "G / 8", id="sizes"),
    pytest.param(lambda x: np.var(x, ddof=1), (5,), "G * 2 * (x - mean(x, axis=0, keepdims=True)) / 4", id="ddof"),
    pytest.param(lambda x: special.softmax(x, axis=-1), (3, 4), "y * (g - sum(g * y, axis=-1, keepdims=True))", id="axis"),
    pytest.param(lambda x: x * np.ones((3, 4)), (4,), "sum(g * b)", id="broadcast"),
    pytest.param(lambda x: np.cumsum(x, axis=1), (3, 4), "flip(cumsum(flip(g, 1), 1), 1)", id="cumsum"),
]


@pytest.mark.parametrize(("function", "shape", "text"), SIZES)
def test_sizes_and_axes_stand_in_numbers(function, shape, text) -> None:
    found = hops(function, [np.random.default_rng(0).standard_normal(shape)])
    assert text in [shown(form) for _, _, forms, _, _ in found for form in forms]


def test_every_record_of_the_textbook_exists_and_has_no_more_operands() -> None:
    for name, table in TEXTBOOK.items():
        assert BY_NAME[name] in TABLE
        assert len(table) <= (BY_NAME[name].arity or 1)
    assert set(LOCAL) <= set(TEXTBOOK)
    assert set(PRODUCTS) <= set(BY_NAME)


def test_neighbours_are_functions_and_never_themselves() -> None:
    for name, others in NEIGHBOURS.items():
        assert name not in others
        assert all(callable(getattr(np, other, None) or special.expit) for other in (name, *others))
