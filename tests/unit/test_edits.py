"""Planted mistakes: the circuit of an edit and the sweep in floats give the same wrong gradient, or both refuse."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from gradcheck.circuit import Floats, check_circuit, interpret
from gradcheck.circuit.circuit import CONSTANT
from gradcheck.circuit.edits import FUNCTION, HOP, INPUT, VALUE, Edit, Locus, Variant, edit, setting_at
from gradcheck.diagnosis.functions import _written_otherwise
from gradcheck.diagnosis.groups import grouped
from gradcheck.diagnosis.macros import inside_macros, macro_edits
from gradcheck.diagnosis.mistakes import edits_at
from gradcheck.diagnosis.points import canonical
from gradcheck.diagnosis.scene import UNFIT, scene_of
from gradcheck.gradients.method import problem_of
from gradcheck.primitives import BY_NAME, OPCODE

RNG = np.random.default_rng(3)
V, W, S = RNG.standard_normal(5), RNG.standard_normal(5), RNG.standard_normal((3, 3))
A, C, P = RNG.standard_normal((3, 4)), RNG.standard_normal(4), RNG.uniform(0.5, 2.0, 3)
DATA, LABELS, NUMBERS = RNG.standard_normal((4, 3)), np.array([1.0, 0.0, 1.0, 1.0]), np.arange(10.0)
SAME, LEAST = 1e-9, 1e-12


def shared_weights(w, x):
    for _ in range(2):
        x = np.tanh(w @ x)
    return np.sum(x**2)


def cross_entropy(z):
    e = np.exp(z - np.max(z, axis=1, keepdims=True))
    p = e / np.sum(e, axis=1, keepdims=True)
    return -np.sum(np.log(p[np.arange(3), np.array([0, 2, 1])]))


def layer_norm(x, g):
    centred = x - np.mean(x, axis=-1, keepdims=True)
    return np.sum(centred / np.sqrt(np.var(x, axis=-1, keepdims=True) + 1e-5) * g * LABELS)


def logistic(w, b):
    z = DATA @ w + b
    return np.mean(np.logaddexp(0, z) - LABELS * z)


FUNCTIONS = {
    "scalars": (lambda x, y: np.exp(x) * y + np.sin(x * y) / y, (0.5, 1.2)),
    "vectors": (lambda x, y: np.sum(np.sin(x) * y / x), (P, V[:3])),
    "matrix and vector": (lambda a, x: np.sum((a @ x) ** 2), (A, C)),
    "matrices": (lambda a, b: np.sum(np.exp(a @ b.T)), (0.3 * A[:2], 0.3 * A)),
    "square matrix": (lambda a: np.trace(a @ a @ a), (S,)),
    "inverse": (lambda a: np.linalg.det(a) + np.sum(np.linalg.inv(a)), (S,)),
    "where": (lambda x, y: np.sum(np.where(x > 0, x * y, y**2)), (V, W)),
    "maximum": (lambda x, y: np.sum(np.maximum(x, y) * x) + np.sum(np.minimum(x, 0.0)), (V, W)),
    "clip": (lambda x: np.sum(np.clip(x, -0.5, 0.5) * np.abs(x)) + np.linalg.norm(x), (V,)),
    "reductions": (lambda x: np.sum(np.mean(x, axis=0) * np.max(x, axis=0)) + np.prod(x[0]) + np.var(x, ddof=1), (A,)),
    "broadcasts": (lambda x, b: np.sum(np.tanh(x * b) / np.sum(x**2, axis=1, keepdims=True)), (A, C)),
    "getitem": (lambda x: x[0] * x[1] + np.sum(x[1:] * x[:-1]) + np.sum(x[np.array([0, 0, 3])] ** 2), (V,)),
    "structure": (lambda x: np.sum(np.concatenate([x, x**2]) * NUMBERS) + np.sum(np.stack([x, np.cos(x)]).T[2]), (V,)),
    "cumulative": (lambda x: np.sum(np.cumsum(x, axis=1) ** 2) + special.logsumexp(x), (A,)),
    "softmax": (lambda x: np.sum(special.softmax(x) * np.arange(5)) + x[1] ** 3, (V,)),
    "cross entropy": (cross_entropy, (S,)),
    "normalisation": (layer_norm, (A, C)),
    "logistic": (logistic, (P, 0.3)),
    "shared weights": (shared_weights, (S, P)),
    "of itself": (lambda x: np.sum(x * x) + x[0] * x[0], (P,)),
    "of one shape": (lambda x, y: np.sum((x - y) ** 2) + np.sum(y) + 1 / (1 + np.exp(-x[0])), (V, W)),
    "single precision": (lambda x: np.sum(np.tanh(x) * x), (P.astype(np.float32),)),
    "unused argument": (lambda x, y: np.sum(x) * 2.0, (P, V)),
}


def scene(name):
    function, arguments = FUNCTIONS[name]
    problem = canonical(problem_of(function, arguments, tuple(range(len(arguments)))))
    return scene_of(problem, tuple(np.zeros(np.shape(x)) for x in problem.inputs))


def planted(at, *edits):
    """The gradient of the edited circuit; None where it is refused."""
    try:
        with np.errstate(all="ignore"):
            return interpret(edit(at.circuit, *edits, still=at.still), Floats(), at.problem.inputs)[len(at.circuit.outputs) :]
    except UNFIT:
        return None


def swept(at, *edits):
    """The gradient of the sweep with the mistakes made; None where it is refused."""
    try:
        with np.errstate(all="ignore"):
            return at.swept({locus: e for e in edits for locus in e.loci})
    except UNFIT:
        return None


def alike(one, other, same=SAME) -> bool:
    """The same shapes and numbers; both refused, or both not finite."""
    if one is None or other is None:
        return one is other
    if any(np.shape(a) != np.shape(b) for a, b in zip(one, other, strict=True)):
        return False
    if not all(np.isfinite(g).all() for g in (*one, *other)):
        return all(any(not np.isfinite(g).all() for g in gradient) for gradient in (one, other))
    scale = max(np.max(np.abs(g), initial=0.0) for g in other)
    return all(np.array_equal(a, b) or np.allclose(a, b, rtol=same, atol=LEAST * scale) for a, b in zip(one, other, strict=True))


def told(edits):
    return [(e.kind, [str(locus) for locus in e.loci], e.text, e.refs) for e in edits]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_without_a_mistake_it_is_the_gradient(name) -> None:
    at = scene(name)
    assert alike(planted(at), at.truth)
    assert alike(
        at.truth, interpret(at.circuit.gradient(value=False), Floats(), at.problem.inputs), 1e-6 if name == "single precision" else SAME
    )


def give_one_gradient_and_most_another(at, edits, same) -> None:
    """The judgement: circuit and sweep agree for every edit, and most edits change the gradient."""
    found = [swept(at, e) for e in edits]
    assert told(e for e, gradient in zip(edits, found) if not alike(planted(at, e), gradient, same)) == []
    changed = [g for g in found if g is not None and not alike(g, at.truth)]
    assert len(changed) > 0.6 * len(found)


def listed(at):
    return [*edits_at(at.circuit, list(at.parts), inside_macros(at)), *macro_edits(at)]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_listed_mistakes_give_one_gradient_and_most_another(name) -> None:
    at = scene(name)
    edits = listed(at)
    step = 1 + len(edits) // 300  # of long lists every second or third, here
    give_one_gradient_and_most_another(at, edits[::step], 1e-5 if name == "single precision" else SAME)


@pytest.mark.slow
@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_listed_mistake_gives_one_gradient_and_most_another(name) -> None:
    at = scene(name)
    give_one_gradient_and_most_another(at, listed(at), 1e-5 if name == "single precision" else SAME)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_written_otherwise_gives_one_gradient(name) -> None:
    at = scene(name)
    same = 1e-5 if name == "single precision" else SAME
    edits = list(_written_otherwise(at.circuit, sorted(at.cotangents)))
    assert told(e for e in edits if not alike(planted(at, e), swept(at, e), same)) == []


@pytest.mark.parametrize("name", ["getitem", "where", "shared weights", "of itself", "of one shape", "matrices"])
def test_every_group_of_mistakes_gives_one_gradient(name) -> None:
    at = scene(name)
    groups = list(grouped(at))
    assert groups
    assert [told(g) for g in groups if not alike(planted(at, *g), swept(at, *g))] == []


@pytest.mark.parametrize("name", ["where", "broadcasts", "cross entropy", "inverse"])
def test_an_edited_circuit_keeps_the_rules_of_circuits(name) -> None:
    at = scene(name)
    for found in list(edits_at(at.circuit, list(at.parts)))[::7]:
        if planted(at, found) is not None:
            check_circuit(edit(at.circuit, found, still=at.still))


# what each place may name: the mistake at a hop, a value, an input; of f(x, y) = exp(x) * y + sin(x * y) / y at (2, 3)
X, Y = 2.0, 3.0


def bilinear(x, y):
    z = x * y
    return z * z + x


def place(what, k=0, position=0):
    return Locus(what, k, position)


HOP_TO_X, HOP_TO_Y, AT_Z, OF_X, OF_Y = place(HOP, 2, 0), place(HOP, 2, 1), place(VALUE, 2), place(INPUT, 0), place(INPUT, 1)
Z = X * Y
PLACED = [  # place, formula, references, and the gradient for x and y: d z^2 / d z is 2 z, the right one is (2 z y + 1, 2 z x)
    (HOP_TO_X, "d", (), (2 * Z * Y + 1, 2 * Z * X)),
    (HOP_TO_X, "g", (), (2 * Z + 1, 2 * Z * X)),
    (HOP_TO_X, "g * a", (), (2 * Z * X + 1, 2 * Z * X)),
    (HOP_TO_X, "g * y", (), (2 * Z * Z + 1, 2 * Z * X)),
    (HOP_TO_Y, "b", (), (2 * Z * Y + 1, Y)),
    (AT_Z, "p0", (), (Z * Y + 1, Z * X)),
    (AT_Z, "p0 + 2 * p1", (), (3 * Z * Y + 1, 3 * Z * X)),
    (AT_Z, "d * x", (), (2 * Z * Z * Y + 1, 2 * Z * Z * X)),
    (OF_X, "-d", (), (-2 * Z * Y - 1, 2 * Z * X)),
    (OF_X, "d1", (), (2 * Z * X, 2 * Z * X)),
    (OF_Y, "x + 0 * d", (), (2 * Z * Y + 1, Y)),
    (OF_Y, "d * w", (("w", ("constant", np.float64(7.0))),), (2 * Z * Y + 1, 14 * Z * X)),
    (OF_Y, "d + w", (("w", ("value", 2)),), (2 * Z * Y + 1, 2 * Z * X + Z)),
    (HOP_TO_Y, "w + 0 * d", (("w", ("cotangent", 3)),), (2 * Z * Y + 1, 1.0)),
    (HOP_TO_Y, "g * w", (("w", ("variant", Variant(2, OPCODE[BY_NAME["subtract"]], (0, 1)))),), (2 * Z * Y + 1, 2 * Z * (X - Y))),
    (place(FUNCTION, 2), "", (("v", ("variant", Variant(2, OPCODE[BY_NAME["add"]], (0, 1)))),), (2 * (X + Y) + 1, 2 * (X + Y))),
]  # fmt: skip


@pytest.mark.parametrize(("locus", "text", "refs", "gradient"), PLACED, ids=[f"{p.what} {t}" for p, t, _, _ in PLACED])
def test_a_formula_over_the_names_of_its_place(locus, text, refs, gradient) -> None:
    problem = problem_of(bilinear, (X, Y), (0, 1))
    at, found = scene_of(problem, (0.0, 0.0)), Edit("factor", (locus,), text, refs=refs)
    assert problem.circuit.primitive(2).name == "multiply"
    assert alike(planted(at, found), gradient)
    assert alike(swept(at, found), gradient)


def test_mistakes_at_several_places_are_made_together() -> None:
    at = scene_of(problem_of(bilinear, (X, Y), (0, 1)), (0.0, 0.0))
    edits = Edit("factor", (HOP_TO_X, HOP_TO_Y), "2 * d"), Edit("sign", (OF_Y,), "-d")
    for found in (planted(at, *edits), swept(at, *edits)):
        assert alike(found, (4 * Z * Y + 1, -4 * Z * X))


# what the circuit of an edit once had wrong
def test_an_order_of_entries_is_read_by_its_values() -> None:
    at = scene("getitem")
    order = np.array([1, 0, 2, 4, 3])
    found = Edit("swapped", (place(INPUT, 0),), "d[p]", refs=(("p", ("constant", order)),))
    assert alike(planted(at, found), (at.truth[0][order],))


def test_the_result_of_a_reduction_is_known_with_its_axes_kept() -> None:
    at = scene("reductions")
    k = next(k for k, _ in at.parts if at.circuit.primitive(k).name == "max")
    found = Edit("missing-cotangent", (place(HOP, k),), "x == Y")
    assert planted(at, found) is not None
    assert alike(planted(at, found), swept(at, found))


def test_what_is_still_in_one_function_moves_in_another() -> None:
    at = scene("cross entropy")
    assert at.still
    subtract = next(k for k, _ in at.parts if at.circuit.primitive(k).name == "subtract")
    added = Edit(
        "wrong-function",
        (place(FUNCTION, subtract),),
        "",
        refs=(("v", ("variant", Variant(subtract, OPCODE[BY_NAME["add"]], at.circuit.inputs_of(subtract)))),),
    )
    assert alike(planted(at, added), swept(at, added))
    assert alike(planted(at, added), at.truth)  # the shift cancels, whatever it is


UNFIT_TEXTS = [
    "g[:1, :1, :1]",
    "z",
    "g.T @ np.outer(g, g) @ np.eye(2)",
    "np.reshape(d, (2,))",
    "a > b > g",
    "sum_to(g)",
    "np.concatenate([g, g])",
    "np.linalg.inv(g)",
]


@pytest.mark.parametrize("text", UNFIT_TEXTS)
def test_what_does_not_fit_is_refused_by_both(text) -> None:
    at = scene("vectors")
    k = next(k for k, position in at.parts if position == 1)
    found = Edit("factor", (place(HOP, k, 1),), text)
    assert swept(at, found) is None
    with pytest.raises(UNFIT):
        edit(at.circuit, found)


def test_a_variant_that_reads_what_comes_later_is_refused() -> None:
    at = scene("vectors")
    k = next(k for k, opcode in enumerate(at.circuit.opcodes) if opcode not in (CONSTANT, -1))
    later = Variant(k, at.circuit.opcodes[k], (len(at.circuit) - 1,) * len(at.circuit.inputs_of(k)))
    with pytest.raises(ValueError, match=f"equation {k} cannot be written"):
        edit(at.circuit, Edit("wrong-function", (place(FUNCTION, k),), "", refs=(("v", ("variant", later)),)))


def test_a_place_says_what_shape_it_needs() -> None:
    at = scene("broadcasts")
    for k, position in at.parts:
        assert setting_at(at.circuit, place(HOP, k, position)).shape == np.shape(at.parts[k, position])
    for j, truth in enumerate(at.truth):
        assert setting_at(at.circuit, place(INPUT, j)).shape == np.shape(truth)


@pytest.mark.parametrize("name", ["lstm_cell", "softmax_cross_entropy", "three_paths", "relu_network"])
def test_a_sweep_that_starts_at_its_mistake_gives_the_numbers_of_the_whole_one(root, name):
    """Bit for bit, at every place."""
    from gradcheck import load_cases
    from gradcheck.diagnosis.mistakes import edits_at
    from gradcheck.diagnosis.scene import UNFIT, record_of, scene_of
    from gradcheck.verdicts.compare import problems_of

    scene = scene_of(next(problems_of(load_cases(root / "cases").named(name), None, None, 0)), ())
    places = set()
    for mistake in edits_at(scene.circuit, list(scene.parts)):
        planted = {locus: mistake for locus in mistake.loci}
        if mistake.locus in places or mistake.locus.what == "function":
            continue
        with np.errstate(all="ignore"):
            whole = record_of(scene, planted)
            if whole is None:
                continue
            try:
                short = scene.swept(planted)
            except UNFIT:
                pytest.fail(f"{mistake} can be made in one sweep and not in the other")
        places.add(mistake.locus)
        assert [np.asarray(a).tobytes() for a in short] == [np.asarray(b).tobytes() for b in whole.truth]
    assert len(places) > 5
