"""Tracing: names, lines, guards, in-place changes, and an error with line and advice for all that cannot be followed."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pytest
from scipy import special

from gradcheck import TraceError, grad, trace
from gradcheck.circuit import Floats, check_circuit, interpret

X = np.array([0.5, -1.5, 2.0])


def named(x):
    z = x + 1
    h = z**2
    return np.sin(h)


def test_values_take_the_names_of_the_users_variables() -> None:
    circuit = check_circuit(trace(named, 1.0))
    assert [(e.name, e.primitive.name) for e in circuit.equations] == [("z", "add"), ("h", "power"), ("y", "sin")]
    assert circuit.names[circuit.inputs[0]] == "x"
    assert circuit.name == "named"


def test_values_know_the_line_that_formed_them() -> None:
    lines = [e.place.line - named.__code__.co_firstlineno for e in trace(named, 1.0).equations]
    assert lines == [1, 2, 3]
    assert {e.place.file for e in trace(named, 1.0).equations} == {__file__}


def test_rounds_of_a_loop_are_numbered() -> None:
    def looped(x):
        h = x
        for _ in range(3):
            h = np.tanh(h)
        return h

    assert [e.name for e in trace(looped, 1.0).equations] == ["h_1", "h_2", "h"]


def test_helpers_variables_lend_names_too() -> None:
    def helper(u):
        inner = u * 2.0
        return inner + 1.0

    def outer(x):
        return helper(x) * 3.0

    names = [e.name for e in trace(outer, 1.0).equations]
    assert names[0] == "inner"


def test_the_circuit_computes_the_function_bit_for_bit() -> None:
    (value,) = interpret(trace(named, 1.25), Floats(), (np.float64(1.25),))
    assert value == named(np.float64(1.25))


def test_integers_and_data_become_constants() -> None:
    circuit = trace(lambda x, n, c: np.sum(x * c) + n, X, 3, np.arange(3))
    assert len(circuit.inputs) == 1


def test_inputs_come_in_the_order_asked_for() -> None:
    circuit = trace(lambda x, y: x - y, 1.0, 2.0, argnums=(1, 0))
    assert [circuit.names[k] for k in circuit.inputs] == ["y", "x"]


def test_the_callers_array_may_change_after_the_trace() -> None:
    data = np.ones(3)
    circuit = trace(lambda x: np.sum(x * data), X)
    data[:] = 100.0
    assert interpret(circuit, Floats(), (X,)) == (X.sum(),)


BRANCHES = [
    pytest.param(lambda x: x * x if x > 0 else -x, 2.0, [True], id="if"),
    pytest.param(lambda x: x * x if 0 < x < 3 else -x, 2.0, [True, True], id="chained"),
    pytest.param(lambda x: x if x else 1.0, 0.0, [False], id="truth-value"),
    pytest.param(lambda x: max(x, 1.0), 2.0, [False], id="max"),
    pytest.param(lambda x: X[int(np.argmax(np.stack([x, 3.0])))] * x, 2.0, [1], id="index"),
    pytest.param(lambda x: x if (np.stack([x, x]) > 1).all() else -x, 2.0, [True], id="all"),
]


@pytest.mark.parametrize(("function", "x", "outcomes"), BRANCHES)
def test_decisions_are_followed_and_recorded_as_guards(function, x, outcomes) -> None:
    circuit = check_circuit(trace(function, x))
    assert [outcome for _, outcome in circuit.guards] == outcomes
    watched = circuit.with_outputs(tuple(k for k, _ in circuit.guards))
    assert list(interpret(watched, Floats(), (np.float64(x),))) == outcomes


def test_a_loop_that_ends_by_a_value_is_guarded_at_every_round() -> None:
    def doubled(x):
        while x < 10:
            x = 2 * x
        return x

    assert [outcome for _, outcome in trace(doubled, 2.0).guards] == [True, True, True, False]


# everything below: written as users write it, one function a line where the line matters
def uses_math(x):
    return math.sin(x)


def makes_float(x):
    return float(x[0]) * 2


def writes_into_zeros(x):
    out = np.zeros(3)
    out[0] = x[0]
    return out.sum()


def fills_zeros(x):
    out = np.zeros(3)
    out[:] = x
    return out.sum()


def changes_argument(x):
    x += 1
    return x.sum()


def writes_into_argument(x):
    x[0] = 1.0
    return x.sum()


def changes_view_of_argument(x):
    y = x[::-1].reshape(3, 1)
    y *= 2.0
    return y.sum()


def sorts_argument(x):
    x.sort()
    return x[0]


def reads_the_unwritten(x):
    y = np.empty_like(x)
    y[:2] = x[1:]
    return y[:2].sum() + y.sum()


def copies_into_plain(x):
    y = np.ones(3)
    np.copyto(y, x)
    return y.sum()


def adds_into_plain(x):
    y = np.ones(3)
    np.add.at(y, [0, 0, 1], x)
    return y.sum()


def changes_plain(x):
    y = np.ones(3)
    y *= x
    return y.sum()


def sums_by_math(x):
    return math.fsum(x)


def from_iterator(x):
    return np.fromiter((v * v for v in x), dtype=float).sum()


def shifts(x):
    return np.argmax(x) << 1


def bits(x):
    return np.argmax(x) & 1


def takes_item(x):
    return x[0].item()


def makes_list(x):
    return sum(x.tolist())


def indexes_by_float(x):
    return x[x[0]]


def counts_by_float(x):
    return sum(x[0] for _ in range(x[2]))


def ambiguous(x):
    return x.sum() if x > 0 else x


def writes_out(x):
    out = np.zeros(3)
    np.multiply(x, 2, out=out)
    return out.sum()


def unknown(x):
    return np.roots(x)


def unknown_method(x):
    return x.newbyteorder()


def another_view(x):
    return x.view(np.int64).sum()


def unknown_reduction(x):
    return np.nextafter.reduce(x)


def where_option(x):
    return np.add(x, 1.0, where=x > 0).sum()


def sum_into_plain(x):
    return np.sum(x, out=np.zeros(()))


def where_alone(x):
    return np.where(x > 0)


def object_array_of_scipy(x):
    a = np.empty(2, dtype=object)
    a[:] = x[0], x[1]
    return special.expit(a).sum()


def nothing(x):
    x * 2


def text(x):
    return f"{x[0]}"


UNFOLLOWED = [
    pytest.param(uses_math, 1, "np.sin instead of math.sin", id="math.sin"),
    pytest.param(makes_float, 1, "no float(...)", id="float"),
    pytest.param(writes_into_zeros, 2, "instead of writing into np.zeros(...)", id="element-of-zeros"),
    pytest.param(fills_zeros, 2, "instead of writing into np.zeros(...)", id="slice-of-zeros"),
    pytest.param(changes_argument, 1, "x = x.copy() first", id="argument-in-place"),
    pytest.param(writes_into_argument, 1, "others would see the change", id="argument-written"),
    pytest.param(changes_view_of_argument, 2, "a view of one", id="argument-viewed"),
    pytest.param(sorts_argument, 1, "Write into a copy", id="argument-sorted"),
    pytest.param(reads_the_unwritten, 3, "Start with np.zeros_like(...) instead", id="unwritten"),
    pytest.param(copies_into_plain, 2, "Start with np.zeros_like(x) or np.empty_like(x) of a traced x", id="copyto-plain"),
    pytest.param(adds_into_plain, 2, "start with np.zeros_like(x) of a traced x", id="add-at-plain"),
    pytest.param(changes_plain, 2, "start with np.zeros_like(x) of a traced x", id="plain-in-place"),
    pytest.param(sums_by_math, 1, "Use NumPy's function", id="fsum"),
    pytest.param(from_iterator, 1, "np.stack(list)", id="fromiter"),
    pytest.param(shifts, 1, "Write it with arithmetic", id="shift"),
    pytest.param(bits, 1, "& is followed for booleans only", id="bits"),
    pytest.param(another_view, 1, "reads or moves the bits", id="other-view"),
    pytest.param(takes_item, 1, "Index it instead: x[0], x[i, j]", id="item"),
    pytest.param(makes_list, 1, "Index it instead", id="tolist"),
    pytest.param(indexes_by_float, 1, "Compute indices from shapes or from integer data", id="float-index"),
    pytest.param(counts_by_float, 1, "Compute indices from shapes or from integer data", id="float-count"),
    pytest.param(ambiguous, 1, "Use .any(), .all() or np.where(condition, a, b)", id="truth-of-array"),
    pytest.param(writes_out, 2, "Bind the result to a name instead", id="out"),
    pytest.param(unknown, 1, "np.roots has no derivative rule here", id="unknown"),
    pytest.param(unknown_method, 1, "a traced array has no .newbyteorder", id="method"),
    pytest.param(unknown_reduction, 1, "np.nextafter.reduce has no derivative rule", id="reduce"),
    pytest.param(where_option, 1, "Give out=np.zeros_like(x), or write np.where", id="where-option"),
    pytest.param(sum_into_plain, 1, "out= writes a traced result into a plain array", id="sum-out"),
    pytest.param(where_alone, 1, "write np.where(condition, a, b)", id="where-alone"),
    pytest.param(object_array_of_scipy, 3, "Join traced values with np.stack", id="object-array"),
]


@pytest.mark.parametrize(("function", "line", "advice"), UNFOLLOWED)
def test_what_cannot_be_followed_names_its_line_and_the_replacement(function, line, advice) -> None:
    point = 1.5 if function is uses_math else X
    with pytest.raises(TraceError) as refused:
        trace(function, point)
    message = str(refused.value)
    first = function.__code__.co_firstlineno
    assert message.startswith(f"{__file__}:{first + line}: ")
    assert advice in message
    assert message.endswith(f"[{Path(__file__).read_text().splitlines()[first + line - 1].strip()}]")


@pytest.mark.parametrize(("function", "what"), [pytest.param(nothing, "NoneType", id="none"), pytest.param(text, "str", id="text")])
def test_results_that_are_no_numbers_are_refused(function, what) -> None:
    with pytest.raises(TraceError, match=re.escape(f"{function.__name__}: the function returned {what}, expected a number")):
        trace(function, X)


def test_errors_of_the_function_itself_come_through_unchanged() -> None:
    def fails(x):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        trace(fails, 1.0)
    with pytest.raises(ValueError, match="matmul"):
        trace(lambda x: x @ np.ones(5), X)


def test_values_of_two_traces_do_not_mix() -> None:
    kept = []

    def keeps(x):
        kept.append(x)
        return x * kept[0]

    trace(keeps, 1.0)
    with pytest.raises(TraceError, match="values of two different traces were mixed"):
        trace(keeps, 1.0)
    with pytest.raises(TraceError, match="values of two different traces were mixed"):
        grad(lambda x: grad(lambda y: x * y)(2.0) * x)(3.0)


def numerical(function, x, step=1e-6):
    slopes = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        ahead, behind = x.copy(), x.copy()
        ahead[i] += step
        behind[i] -= step
        slopes[i] = (function(ahead) - function(behind)) / (2 * step)
    return slopes


def aliased(x):
    z = x * 2
    w = z
    w += x
    return (z * z).sum()


def operators_in_place(x):
    z = x * 1.0
    z *= x
    z /= 2.0
    z -= 1.0
    z **= 2
    return z.sum()


def scalars_are_rebound(x):
    s = x[0]
    kept = s
    s *= 2.0
    return s * kept


def copies_are_free(x):
    z = x * 2
    copies = [z.copy(), np.copy(z), +z, z.astype(float), z.flatten()]
    total = 0.0
    for c in copies:
        c += 1.0
        total = total + (c * c).sum()
    return total + (z * z).sum()


def dead_views_do_not_count(x):
    z = x * 2
    head = z[:2].sum()
    z += 1
    return head * z.sum()


def fancy_indices_copy(x):
    z = x * 2
    y = z[[0, 1]]
    y += 1
    return (y * y).sum() + z.sum()


def array_of_scalars(x):
    return np.sum(np.array([[x[0], 1.0], [x[2], np.sin(x[1])]]) @ np.array([x[1], x[0]]))


def array_of_vectors(x):
    return np.sum(np.array([x * 2, x * x])[1])


def functions_on_object_arrays(x):
    a = np.array([x[0], x[2]])
    return np.sum(np.exp2(a) + np.arctan2(a, 2.0) + np.cbrt(a) * np.maximum(a, 1.0))


def reductions_by_ufunc(x):
    return np.add.reduce(x * x) * np.multiply.reduce(x) + np.maximum.reduce(x) - np.minimum.reduce(x) + np.add.accumulate(x)[1]


def taken_apart(x):
    a, b, c = x
    return a * b + sum(v * v for v in x) + max(a, c)


def formatted_while_traced(x):
    assert f"{x[0]:.1f}" == "0.5"
    return x.sum() ** 2


FOLLOWED = [
    aliased, operators_in_place, scalars_are_rebound, copies_are_free, dead_views_do_not_count, fancy_indices_copy, array_of_scalars,
    array_of_vectors, functions_on_object_arrays, reductions_by_ufunc, taken_apart, formatted_while_traced,
]  # fmt: skip


@pytest.mark.parametrize("function", [pytest.param(f, id=f.__name__) for f in FOLLOWED])
def test_what_numpy_users_do_is_followed(function) -> None:
    np.testing.assert_allclose(grad(function)(X.copy()), numerical(function, X), rtol=1e-6, atol=1e-8)
    (value,) = interpret(check_circuit(trace(function, X)), Floats(), (X,))
    assert value == function(X.copy())


def test_in_place_keeps_shape_and_precision_as_numpy_does() -> None:
    def grows(x):
        z = x[:1] * 1.0
        z += x
        return z.sum()

    with pytest.raises(ValueError, match="non-broadcastable output operand"):
        trace(grows, X)

    def narrow(x):
        z = x * np.float32(2)
        z += np.ones(3)
        return z

    circuit = trace(narrow, X.astype(np.float32))
    assert circuit.type(circuit.outputs[0]).dtype == np.float32


BEYOND = [
    pytest.param(lambda x: np.flip(x, 1), id="flip"),
    pytest.param(lambda x: np.flip(x, (0, -2)), id="flip-axes"),
    pytest.param(lambda x: np.cumsum(x, 1), id="cumsum"),
    pytest.param(lambda x: np.cumprod(x, axis=-2), id="cumprod"),
    pytest.param(lambda x: np.concatenate([x, x], axis=1), id="concatenate"),
    pytest.param(lambda x: np.stack([x, x], axis=2), id="stack"),
]


@pytest.mark.parametrize("function", BEYOND)
def test_an_axis_that_is_not_there_is_refused_as_numpy_refuses(function) -> None:
    for run in (function, lambda x: trace(function, x)):
        with pytest.raises(np.exceptions.AxisError):
            run(X)
