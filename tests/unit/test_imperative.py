"""Objective functions as they are written imperatively: traced, they give NumPy's bits and the true gradient."""

from __future__ import annotations

import numpy as np
import pytest

from gradcheck import TraceError, check, grad, hvp, jacobian, jvp, trace
from gradcheck.circuit import Floats, check_circuit, interpret
from gradcheck.circuit.compile import compile_circuit
from gradcheck.circuit.sparsity import jacobian_pattern

X = np.array([0.53, -1.55, 2.03, 0.77])
M = np.array([[0.5, -1.25, 2.0], [1.5, 0.25, -0.75]])
W = np.array([1.0, 0.5, -2.0, 3.0])


# written element by element
def filled(x):
    out = np.zeros_like(x)
    for i in range(len(x)):
        out[i] = np.sin(x[i]) * (i + 1)
    return (out * out).sum()


def filled_in_part(x):
    out = np.ones_like(x)
    out[1] = x[0] * x[1]
    out[-1] = x[2]
    return (out * W).sum() + out[0] * x[3]


def recurrence(x):
    u = np.zeros_like(x)
    u[0] = x[0]
    for i in range(1, len(x)):
        u[i] = 0.5 * u[i - 1] + x[i] ** 2
    return u[-1] * u.sum()


def overwritten(x):
    y = x.copy()
    y[0] = x[1] * 2.0
    y[0] = x[2]
    y[1] = 5.0
    return (y * y * W).sum()


def element_in_place(x):
    y = x * 1.0
    y[1] += x[0]
    y[1] *= 3.0
    y[2] -= y[1]
    return (y * y).sum()


def negative_indices(x):
    y = x.copy()
    y[-1] = x[0]
    y[-2] += 1.0
    return (y * W).sum() * y[3] * y[2]


def matrix_by_element(x):
    a = np.zeros((len(x), len(x)), dtype=object)
    b = np.zeros_like(np.outer(x, x))
    for i in range(len(x)):
        for j in range(i + 1):
            b[i, j] = x[i] * x[j]
            a[i, j] = b[i, j]
    return (b @ W) @ W + a.sum()


def empty_like(x):
    y = np.empty_like(x)
    y[0] = x[1]
    y[1:] = x[:-1]
    return (y * W).sum() ** 2


def full_like(x):
    y = np.full_like(x, 2.5)
    y[1] = x[1]
    z = np.full_like(x, x[0])
    return (y * z).sum()


def blank_of_scalar(x):
    total = np.zeros_like(x[0])
    for v in x:
        total += v * v
    return total


def read_back(x):
    y = np.zeros_like(x)
    y[0] = x[0]
    before = y[0]
    y[0] = before * x[1]
    return y[0] * before + y[3]


# slices, masks, integer arrays
def shifted(x):
    z = np.zeros_like(x)
    z[1:] = x[:-1]
    z[0] = x[-1]
    return (z * x).sum()


def stepped(x):
    z = x.copy()
    z[::2] = x[1::2] * 2.0
    z[::-2] += 1.0
    return (z * z * W).sum()


def masked(x):
    y = x.copy()
    y[x < 0] = 0.0
    y[x > 0.6] *= x[0]
    return (y * W).sum() * y.sum()


def masked_by_values(x):
    y = x * 2.0
    y[x > 0] = x[x > 0] ** 2
    return (y * W).sum()


def fancy(x):
    y = x.copy()
    y[[2, 0]] = x[[1, 3]] * 2.0
    y[np.array([3])] = 1.5
    return (y * y * W).sum()


def repeated_indices(x):
    y = x.copy()
    y[[0, 2, 0]] = x[1:] * W[1:]
    y[[1, 1]] += x[0]
    return (y * y * W).sum()


def rows_and_columns(x):
    a = np.outer(x, x)
    a[0] = x * 2.0
    a[:, 1] = x[0]
    a[1:3, [0, 2]] = x[:2]
    a[..., -1] *= x
    a[[0, 1], [2, 3]] = x[2]
    a[2, :][1:] = 0.5
    return (a @ W) @ (W * x)


def broadcast_into(x):
    a = np.zeros_like(np.outer(x, x))
    a[:] = x
    a[:, 0] = x[1]
    a[1:, 1:3] = x[2:4]
    a[0, :] = x[None, :]
    a[None, 3] = x.reshape(1, 1, 4)
    return (a * a).sum()


def axis_added(x):
    a = np.outer(x, x)
    a[:, None, 0] = x[:, None]
    return (a @ W).sum()


def row_by_row(x):
    a = np.zeros_like(np.outer(x, x))
    for i in range(4):
        a[i] = x * x[i] * (i + 1)
    return (a @ W) @ W


def many_parts(x):
    a = np.zeros_like(np.outer(x, x))
    for i in range(4):
        a[i, i:] = x[i:]
        a[i:, i] = x[i:] * 2.0
        a[i, i] = x[i] ** 2
    return (a @ x) @ W


# views
def view_writes_through(x):
    y = x * 2.0
    v = y[1:3]
    v *= 3.0
    v[0] = x[0]
    return (y * W).sum() * y[1]


def base_is_seen_by_view(x):
    y = x * 2.0
    v = y[1:3]
    y += x
    y[2] = x[3]
    return (v * v).sum()


def views_of_views(x):
    y = x.copy().reshape(2, 2)
    row = y[1]
    column = y.T[0]
    row[0] = x[0] * x[1]
    column *= 2.0
    last = row[-1:]
    last[:] = y[0, 1]
    return (y * y).sum() + row[1] * column[0]


def transposed_view(x):
    a = np.outer(x, W)
    t = a.T
    t += x
    t[0] = 1.0
    return (a * a).sum()


def raveled(x):
    a = np.outer(x, x)
    a.ravel()[5] = 3.0
    a.T.ravel()[2] = 100.0
    a.reshape(-1)[6:8] = x[:2]
    a.flat[1] = x[3]
    a.flatten()[3] = 50.0
    return (a @ W).sum()


def swapped(x):
    y = x.copy()
    y[0], y[1] = y[1] * 2.0, y[0]
    y[:] = y[::-1]
    return (y * y * W).sum()


def overlapping(x):
    y = x.copy()
    y[1:] += y[:-1]
    y[:-1] -= y[1:]
    return (y * W).sum() ** 2


def copies_are_apart(x):
    y = x.copy()
    z, w, u = y.copy(), +y, np.copy(y)
    y[0] = 7.0
    z[1] = 5.0
    w += 1.0
    u[:2] = x[2:]
    return (y * z * w * u).sum()


def two_names(x):
    y = x * 1.0
    z = y
    z[0] = x[1]
    y -= z[1]
    return (z * y).sum()


def rows_of_a_loop(x):
    a = np.outer(x, x)
    for k, row in enumerate(a):
        row *= x[k]
        row[k] = 0.0
    return (a @ W).sum()


def view_kept_while_rewritten(x):
    y = np.zeros_like(x)
    v = y[1:]
    total = 0.0
    for k in range(3):
        y[k] = x[k] * (k + 1.0)
        total = total + (v * v).sum() * x[3]
    return total


def diagonal_view(x):
    a = np.outer(x, x)
    d = np.einsum("ii->i", a)
    d *= 2.0
    a[0, 0] = x[1]
    return (d * d).sum()


def flipped_view(x):
    y = x * 1.0
    f = np.flip(y)
    f[0] = x[0] * 2.0
    y[0] = 3.0
    return (f * W).sum() * y[-1]


def split_views(x):
    y = x * 1.0
    a, b = np.split(y, 2)
    a[:] = b * x[0]
    y[3] = 0.25
    return (y * y).sum() + b[1] * x[1]


# functions that write
def functions_that_write(x):
    y = x.copy()
    np.put(y, [0, -1], [x[1], 2.0])
    np.copyto(y, x * 2.0, where=x > 0.6)
    a = np.outer(y, y)
    np.fill_diagonal(a, x)
    np.place(a, a > 3.0, [1.0, 2.0])
    np.putmask(a, np.eye(4) > 0, a * 0.5)
    np.put_along_axis(a, np.array([[0], [1], [2], [3]]), x[:, None], axis=1)
    return (a @ W) @ y


def whole_array_functions(x):
    y = np.empty_like(x)
    np.copyto(y, x)
    z = np.zeros_like(x)
    z.fill(x[0])
    z.put([1], x[1])
    y.sort()
    return (y * z * W).sum()


def sorted_in_place(x):
    a = np.outer(x, W)
    a.sort(axis=0)
    a[1].partition(2)
    return (a @ W) @ x


def flat_access(x):
    a = np.outer(x, x)
    a.flat[3:6] = x[1]
    total = sum(v * v for v in a.flat)
    a.flat = x
    return total + (a * a.flat[2]).sum()


# ufuncs
def out_given(x):
    y = np.zeros_like(x)
    np.multiply(x, 2.0, out=y)
    np.add(y, x, out=y)
    np.sin(y[1:3], out=y[1:3])
    np.exp(x[:2], out=y[2:])
    return (y * W).sum()


def where_given(x):
    y = np.zeros_like(x)
    np.divide(1.0, x, out=y, where=x > 0)
    np.log(x, out=y, where=X > 1.0)
    return (y * W).sum()


def reduced_with_options(x):
    a = np.outer(x, W)
    s = np.sum(a, axis=0, where=a > 0, initial=2.0)
    p = np.prod(a, axis=-1, keepdims=True, where=a > 1.0)
    m = np.mean(a, axis=-1, where=a < 1.0)[2]
    h = np.max(a, axis=1, initial=0.5, where=a < 2.0) + a.min(axis=-2, initial=-0.25)
    v = np.var(a, axis=1, ddof=1) + a.std(axis=0) + np.var(a, axis=1, where=W > 0, keepdims=True)[:, 0]
    q = 2.0 if np.any(x > 1, where=X > 5) or np.all(x > 0, where=X > 0) else 1.0
    return (s * p[:, 0] * h * v).sum() * m + q * x[0]


def reduced_into(x):
    a = np.outer(x, W)
    y = np.zeros_like(x)
    np.sum(a, axis=0, out=y)
    a.cumsum(axis=1, out=a)
    np.add.reduce(a, axis=1, out=y[:])
    return (y * y).sum() * np.sum(x, dtype=np.float64) * a.mean(axis=0, dtype=float)[1]


def methods_of_ufuncs(x):
    a = np.outer(np.abs(x), np.abs(W))
    r = np.hypot.reduce(a, axis=1) + np.logaddexp2.reduce(a, axis=0) + np.subtract.reduce(a) + np.divide.reduce(a, axis=1)
    s = (
        np.add.reduce(a, axis=(0, 1), keepdims=True)
        + np.multiply.reduce(a, axis=None, initial=0.01)
        + np.maximum.reduce(a, axis=1, initial=1.5)
    )
    t = np.subtract.accumulate(x) + np.add.accumulate(x) + np.multiply.accumulate(x) + np.maximum.accumulate(x)
    u = np.add.reduceat(x, [0, 2, 1]).sum() + np.multiply.reduceat(a, [0, 3], axis=1)[0, 0] + np.maximum.reduceat(x, [1, 0])[0]
    return (r * t).sum() * s.sum() + u + np.subtract.outer(x, W)[1, 2] + np.logaddexp.reduce(x, initial=0.5)


def at_repeated(x):
    y = np.zeros_like(x)
    np.add.at(y, [0, 1, 0, 3, 0], np.append(x, x[0]) * np.array([1.0, 2.0, 3.0, 4.0, 5.0]))
    np.subtract.at(y, [1, 1], x[2])
    np.multiply.at(y, np.array([3, 0, 3]), x[:3])
    np.divide.at(y, (slice(1, 3),), x[1])
    np.maximum.at(y, [0, 0], x[1:3] * 4.0)
    np.negative.at(y, [2, 2, 1])
    np.add.at(y, X > 1.0, x[0])
    return (y * y * W).sum()


def at_matrix(x):
    a = np.outer(x, x)
    np.add.at(a, ([0, 1, 0], [1, 1, 1]), x[:3])
    np.add.at(a, 2, x)
    np.power.at(a, (3, 3), 2)
    return (a @ W) @ W


# lists and objects
def appended(x):
    out = []
    for v in x:
        out.append(v * v)
    return np.array(out).sum() * np.array(out)[1] + np.mean(out)


def object_array(x):
    a = np.empty(4, dtype=object)
    for i in range(4):
        a[i] = x[i] * (i + 1)
    return a.sum() + (a * x).sum() + (a + W)[1] * np.sum(a)


def array_of_mixed(x):
    a = np.array([[x[0], 1.0], [2, x[1] * x[2]]])
    a[0, 1] = x[3]
    return (a @ a).sum() + np.linalg.det(a) + a.T[0, 1]


def array_of_rows(x):
    a = np.array([x * 2.0, W, x * x])
    b = np.array([[x[:2], x[2:]], [W[:2], x[1:3]]])
    return (a * a[1]).sum() + (b[:, 1] @ np.array([1.0, 2.0])).sum()


def asarray_first(x):
    x = np.asarray(x, dtype=float)
    y = np.array(x)
    y[0] = x[1] * 2.0
    return (y * x).sum()


def vectorized(x):
    f = np.vectorize(lambda v: v * v if v > 0 else -v)
    g = np.frompyfunc(lambda v, w: v * w + 1.0, 2, 1)
    return f(x).sum() + np.sum(g(x, W)) * x[0]


def along_axis(x):
    a = np.outer(x, W)
    b = np.apply_along_axis(lambda line: line / np.sum(line * line), 1, a)
    c = np.apply_along_axis(np.sum, 0, a)
    return (b * a).sum() + (c * c).sum()


def pythonic(x):
    a, b, *rest = x
    total = sum(p * q for p, q in zip(x, reversed(x))) + max(a, b) * min(rest)
    assert x[0] in x
    assert f"{a:.1f}" == "0.5"
    for row in np.outer(x, x):
        first, *_ = row
        total = total + first
    return total + sum([v for v in x if v > 0])


def stacked_list(x):
    return (np.stack([x[i : i + 2] * (i + 1) for i in range(3)]) @ np.array([1.0, -1.0])).prod()


# attributes and methods
def attributes(x):
    a = np.outer(x, W)
    assert (a.itemsize, a.nbytes, a.ndim, a.size, a.strides) == (8, 128, 2, 16, (32, 8))
    assert (x.imag == 0).all()
    assert a.flags.c_contiguous
    r = a.repeat(2, axis=1)[0, 3] + a.diagonal(1)[0] + a.round(1)[0, 0] + a.conj().real[1, 1] + a.mT[2, 0]
    q, m = divmod(x, 0.4)
    i = (x > 0).nonzero()[0]
    return r + x[i].sum() + x[x.argsort()][0] * x.compress(X > 0.6)[1] + (m * W).sum() + q[0] + round(x[2], 1) * x[1]


def choices(x):
    picked = np.choose(np.array([0, 1, 1, 0]), [x, x * x])
    both = ((x > 0) & (x < 1)) | ~(x > -1) ^ (x > 5)
    assert [bool(b) for b in both] == [True, True, False, True]
    return picked.sum() * x[np.flatnonzero(x < 0)[0]] + x[np.argwhere(X > 1)[0, 0]]


def augmented(x):
    a = np.outer(x, x) * 0.1
    a @= np.outer(W, x)
    b = np.abs(x) * 4.1
    b //= 0.5
    c = np.abs(x) * 4.3
    c %= 0.7
    b **= 2
    return (a @ c).sum() + b.sum() * x[0]


PROGRAMS = [
    filled, filled_in_part, recurrence, overwritten, element_in_place, negative_indices, matrix_by_element, empty_like, full_like,
    blank_of_scalar, read_back, shifted, stepped, masked, masked_by_values, fancy, repeated_indices, rows_and_columns, broadcast_into,
    axis_added, row_by_row, many_parts, view_writes_through, base_is_seen_by_view, views_of_views, transposed_view, raveled, swapped,
    overlapping, copies_are_apart, two_names, rows_of_a_loop, view_kept_while_rewritten, diagonal_view, flipped_view, split_views,
    functions_that_write, whole_array_functions, sorted_in_place, flat_access, out_given, where_given, reduced_with_options,
    reduced_into, methods_of_ufuncs, at_repeated, at_matrix, appended, object_array, array_of_mixed, array_of_rows, asarray_first,
    vectorized, along_axis, pythonic, stacked_list, attributes, choices, augmented,
]  # fmt: skip


def differences(function, x, step=1e-6):
    slopes = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        ahead, behind = x.copy(), x.copy()
        ahead[i] += step
        behind[i] -= step
        slopes[i] = (function(ahead) - function(behind)) / (2 * step)
    return slopes


@pytest.mark.parametrize("program", [pytest.param(p, id=p.__name__) for p in PROGRAMS])
def test_the_value_is_numpys_bit_for_bit_and_the_gradient_is_true(program) -> None:
    circuit, expected = check_circuit(trace(program, X)), program(X.copy())
    (value,) = interpret(circuit, Floats(), (X,))
    assert np.float64(value).tobytes() == np.float64(expected).tobytes()
    np.testing.assert_allclose(compile_circuit(circuit)(X)[0], expected, rtol=1e-14)
    derivative = grad(program)
    for _ in range(3):  # interpreted, then compiled
        np.testing.assert_allclose(derivative(X), differences(program, X), rtol=2e-6, atol=1e-7)


@pytest.mark.parametrize("program", [pytest.param(p, id=p.__name__) for p in PROGRAMS])
def test_truth_agrees_with_the_gradient_of_what_is_traced(program) -> None:
    verdict = check(program, grad(program), at=(X,))
    assert verdict.outcome == "right", str(verdict)
    assert "black-box" not in str(verdict)


@pytest.mark.parametrize("program", [pytest.param(p, id=p.__name__) for p in PROGRAMS])
def test_forward_and_reverse_agree(program) -> None:
    direction = np.array([1.0, -0.5, 0.25, 2.0])
    np.testing.assert_allclose(jvp(program)(X, direction), grad(program)(X) @ direction, rtol=1e-9)


def test_the_structure_of_a_jacobian_is_seen_through_writes() -> None:
    def neighbours(x):
        y = np.zeros_like(x)
        for i in range(1, len(x) - 1):
            y[i] = x[i - 1] * x[i + 1]
        y[0] = x[0]
        y[1:-1] += x[2:] ** 2
        return y

    at = np.linspace(0.1, 1.0, 60)
    (pattern,) = jacobian_pattern(trace(neighbours, at))
    assert pattern.nnz == 1 + 2 * 58
    columns = [(neighbours(at + e) - neighbours(at - e)) / 2e-6 for e in 1e-6 * np.eye(60)]
    np.testing.assert_allclose(jacobian(neighbours)(at), np.transpose(columns), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(
    "program", [filled, recurrence, masked, rows_and_columns, many_parts, views_of_views, at_repeated, repeated_indices]
)
def test_single_precision_stays_single_and_second_derivatives_follow(program) -> None:
    single = X.astype(np.float32)
    circuit = trace(program, single)
    assert circuit.type(circuit.outputs[0]).dtype == np.asarray(program(single.copy())).dtype
    assert grad(program)(single).dtype == np.float32
    direction, step = np.array([1.0, -0.5, 0.25, 2.0]), 1e-5
    numerical = (grad(program)(X + step * direction) - grad(program)(X - step * direction)) / (2 * step)
    np.testing.assert_allclose(hvp(program)(X, direction), numerical, rtol=1e-6, atol=1e-6)


def test_the_dtype_of_the_target_is_kept() -> None:
    def narrow(x):
        y = np.zeros_like(x, dtype=np.float32)
        y[:2] = x[:2]
        y[2] = x[2] * x[3]
        y += x
        return y * x.astype(np.float32)

    circuit = trace(narrow, X)
    (value,) = interpret(circuit, Floats(), (X,))
    assert (value.dtype, value.tobytes()) == (np.float32, narrow(X.copy()).tobytes())
    assert trace(lambda x: np.argsort(x)[1:].copy() * 2 + np.zeros_like(x, dtype=int)[1:], X).type(0).dtype == np.float64


def test_mixed_kinds_are_cast_as_numpy_casts_them() -> None:
    def counted(x):
        k = np.argsort(x)
        k[0] = 2
        k[1:3] = x[:2] * 10.0
        mask = x > 0
        mask[0] = x[1] > 5
        return (k * W).sum() * x[mask].sum()

    (value,) = interpret(trace(counted, X), Floats(), (X,))
    assert value == counted(X.copy())
    with pytest.raises((TypeError, TraceError), match="[Cc]annot cast"):
        trace(lambda x: np.add(np.argsort(x), x, out=np.argsort(x)), X)


def test_numpys_own_errors_stay_numpys() -> None:
    def too_far(x):
        y = x.copy()
        y[7] = 1.0
        return y.sum()

    def misshapen(x):
        y = x.copy()
        y[1:] = x
        return y.sum()

    def read_only(x):
        y = np.broadcast_to(x[:1] * 2.0, (4,))
        y[0] = 1.0
        return y.sum()

    for function, error in ((too_far, IndexError), (misshapen, ValueError), (read_only, ValueError)):
        with pytest.raises(error) as numpys:
            function(X.copy())
        with pytest.raises(error) as ours:
            trace(function, X)
        assert str(ours.value) == str(numpys.value)


def test_plain_content_stays_plain() -> None:
    def plain_first(x):
        y = np.zeros_like(x)
        y[0] = 3.0
        assert type(y[0]) is np.float64
        assert y.tolist() == [3.0, 0.0, 0.0, 0.0]
        assert float(y[1]) + y.item(0) == 3.0
        assert np.array2string(np.ones_like(x)) == "[1. 1. 1. 1.]"
        assert float((y + 1.0)[0]) == 4.0
        y[1] = x[0]
        for index, value in np.ndenumerate(y):
            assert index != (1,) or value is not None
        return y.sum() + y[0]

    circuit = trace(plain_first, X)
    assert not circuit.guards
    assert interpret(circuit, Floats(), (X,))[0] == plain_first(X.copy())


def plain_masks(x):
    mask = np.zeros(4, dtype=bool)
    mask[:] = x > 0
    mask |= x < -1
    rank = np.empty(4, dtype=int)
    rank[np.argsort(x)] = np.arange(4)
    return x[mask].sum() * (rank * x).sum() + W[x > 0].sum() * x[0]


def test_decisions_may_be_written_into_plain_arrays() -> None:
    circuit = trace(plain_masks, X)
    assert len(circuit.guards) >= 4
    assert interpret(circuit, Floats(), (X,))[0] == plain_masks(X.copy())
    assert check(plain_masks, grad(plain_masks), (X,)).outcome == "right"


def gradient_written_into(x):
    slope = grad(lambda v: v.sum() * 2.0)(x)
    slope[0] = x[1]
    other = grad(lambda v: (v * v).sum())(x)
    other *= x
    return (slope * other).sum()


def test_what_a_derivative_returns_may_be_written_into() -> None:
    assert check(gradient_written_into, grad(gradient_written_into), (X,)).outcome == "right"


def filled_in(n):
    def function(x):
        y = np.zeros_like(x)
        y[0] = x[0]
        for i in range(1, n):
            y[i] = 0.5 * y[i - 1] + x[i]
        for i in range(0, n, 2):
            y[i : i + 2] = y[i : i + 2] * 2.0 if i < 4 else x[i : i + 2]
        return (y * y).sum()

    return function


def test_thousands_of_writes_take_equations_and_numbers_in_proportion() -> None:
    """Twice the writes are twice the equations, and twice the numbers kept: not an array for each write."""

    def sizes(n):
        gradient = trace(filled_in(n), np.linspace(0.1, 1.0, n)).gradient()
        return len(gradient), sum(gradient.type(k).size for k in range(len(gradient)))

    (small, few), (large, many) = sizes(1000), sizes(2000)
    assert large < 2.5 * small
    assert many < 2.5 * few
