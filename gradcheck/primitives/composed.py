"""NumPy and SciPy functions that are compositions of other records: no rules of their own, nothing to prove."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from scipy import special

from gradcheck.primitives.costs import COMPARISON, Counts, Sized
from gradcheck.primitives.moving import (
    append,
    array_split,
    block,
    broadcast_arrays,
    choose,
    column_stack,
    compress,
    concrete,
    decided,
    dstack,
    dtype_of,
    extract,
    full_like,
    insert,
    ix,
    meshgrid,
    moved,
    pad,
    several,
    split,
    split_along,
    take_along_axis,
    trim_zeros,
    unstack,
)  # fmt: skip
from gradcheck.primitives.record import Exact, Primitive, shape_of
from gradcheck.primitives.special import LOGADDEXP, XLOGY
from gradcheck.primitives.structure import GETITEM

PI = Exact("pi", np.pi, lambda m: m.pi())


# order
def _argsort(x: Any, axis: int) -> Any:
    return np.argsort(x, axis=axis, kind="stable")


def _exact_argsort(m: Any, x: Any, axis: int) -> Any:
    from functools import cmp_to_key

    def order(line: Any) -> Any:
        key = cmp_to_key(lambda i, j: -1 if m.less(line[i], line[j]) else int(m.greater(line[i], line[j])))
        return np.array(sorted(range(len(line)), key=key))

    lines = np.moveaxis(x, axis, -1)
    found = np.empty(lines.shape, dtype=object)
    for index in np.ndindex(lines.shape[:-1]):
        found[index] = order(lines[index])
    return np.moveaxis(found, -1, axis)


def _sort_cost(inputs: tuple[Sized, ...], output: Sized, params: Mapping[str, Any]) -> Counts:
    """About n log2 n comparisons along each line."""
    n = max(int(inputs[0].shape[params["axis"]]), 1)
    return COMPARISON * (output.size * max(n - 1, 0).bit_length())


ARGSORT = Primitive(
    "argsort", _argsort, None, _sort_cost, exact=_exact_argsort, calls={}, rounds=False, analytic=False, formula="the order of x",
)  # fmt: skip


def argsort(a: Any, axis: int | None = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> Any:
    """np.argsort; equal elements keep their order, as NumPy's stable sort has it."""
    if order is not None:
        raise TypeError("np.argsort(order=) is not followed")
    return ARGSORT(np.ravel(a), axis=0) if axis is None else ARGSORT(a, axis=axis % len(shape_of(a)))


def sort(a: Any, axis: int | None = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> Any:
    """np.sort: the elements in their order, which is a decision."""
    if axis is None:
        a, axis = np.ravel(a), 0
    return take_along_axis(a, decided(argsort(a, axis)), axis)


def partition(a: Any, kth: Any, axis: int | None = -1, kind: Any = None, order: Any = None) -> Any:
    """np.partition: the elements where NumPy puts them; of equal ones the first goes first, as in their order."""
    if axis is None:
        a, axis = np.ravel(a), 0
    order = decided(argsort(a, axis))  # while the order stays, so does the partition
    places = np.empty_like(order)
    np.put_along_axis(places, np.argsort(np.partition(concrete(a), kth, axis=axis), axis=axis, kind="stable"), order, axis)
    return take_along_axis(a, places, axis)


def ptp(a: Any, axis: Any = None, out: Any = None, keepdims: bool = False) -> Any:
    """np.ptp: the largest less the smallest."""
    return np.max(a, axis=axis, keepdims=keepdims) - np.min(a, axis=axis, keepdims=keepdims)


# sums and products
def diff(a: Any, n: int = 1, axis: int = -1) -> Any:
    """np.diff."""
    for _ in range(n):
        front = (slice(None),) * (axis % len(shape_of(a)))
        a = GETITEM(a, index=(*front, slice(1, None))) - GETITEM(a, index=(*front, slice(None, -1)))
    return a


def trapezoid(y: Any, x: Any = None, dx: float = 1.0, axis: int = -1) -> Any:
    """np.trapezoid."""
    front = (slice(None),) * (axis % len(shape_of(y)))
    between = GETITEM(y, index=(*front, slice(1, None))) + GETITEM(y, index=(*front, slice(None, -1)))
    steps: Any = dx
    if x is not None:
        steps = diff(x) if len(shape_of(x)) == 1 else diff(x, axis=axis)
        if len(shape_of(x)) == 1 and len(shape_of(y)) > 1:
            steps = np.reshape(steps, (-1, *(1,) * (len(shape_of(y)) - 1 - axis % len(shape_of(y)))))
    return np.sum(steps * between / 2.0, axis=axis)


def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    """np.tensordot as one product of matrices."""
    na, nb = len(shape_of(a)), len(shape_of(b))
    if isinstance(axes, int):
        left, right = list(range(na - axes, na)), list(range(axes))
    else:
        left, right = ([side] if isinstance(side, int) else list(side) for side in axes)
    left, right = [i % na for i in left], [i % nb for i in right]
    free_a, free_b = [i for i in range(na) if i not in left], [i for i in range(nb) if i not in right]
    inner = int(np.prod([shape_of(a)[i] for i in left], dtype=int))
    outside = tuple(shape_of(a)[i] for i in free_a) + tuple(shape_of(b)[i] for i in free_b)
    first = np.reshape(np.transpose(a, (*free_a, *left)), (-1, inner))
    second = np.reshape(np.transpose(b, (*right, *free_b)), (inner, -1))
    return np.reshape(np.matmul(first, second), outside)


def kron(a: Any, b: Any) -> Any:
    """np.kron for vectors and matrices."""
    ndim = max(len(shape_of(a)), len(shape_of(b)))
    one, two = ((1,) * (ndim - len(shape_of(v))) + shape_of(v) for v in (a, b))
    wide = np.reshape(a, [n for s in one for n in (s, 1)]) * np.reshape(b, [n for s in two for n in (1, s)])
    return np.reshape(wide, tuple(s * t for s, t in zip(one, two, strict=True)))


def convolve(a: Any, v: Any, mode: str = "full") -> Any:
    """np.convolve: the second argument shifted along the first, as a product with a matrix."""
    n, k = shape_of(a)[0], shape_of(v)[0]
    if n < k:
        a, v, n, k = v, a, k, n
    rows, columns = np.arange(n + k - 1)[:, None], np.arange(n)[None, :]
    shift = rows - columns
    places = np.where((shift >= 0) & (shift < k), shift + 1, 0)
    matrix = GETITEM(np.concatenate([np.zeros(1, dtype=dtype_of(v)), v]), index=(places,))
    full = np.matmul(matrix, a)
    start, length = {"full": (0, n + k - 1), "same": ((k - 1) // 2, n), "valid": (k - 1, n - k + 1)}[mode]
    return full[start : start + length]


def vdot(a: Any, b: Any) -> Any:
    """np.vdot: the first argument conjugated."""
    return np.dot(np.ravel(np.conj(a)) if dtype_of(a).kind == "c" else np.ravel(a), np.ravel(b))


# elementwise
def copysign(x: Any, y: Any) -> Any:
    """np.copysign: the size of one, the sign of the other."""
    size = np.abs(x)
    return np.where(np.signbit(concrete(y)) & (concrete(y) == 0) | (y < 0), -size, size)


def degrees(x: Any) -> Any:
    """np.rad2deg."""
    return x * Exact("180/pi", 180 / np.pi, lambda m: m.divide(m.constant(180), m.pi()))


def radians(x: Any) -> Any:
    """np.deg2rad."""
    return x * Exact("pi/180", np.pi / 180, lambda m: m.divide(m.pi(), m.constant(180)))


def heaviside(x: Any, at_zero: Any) -> Any:
    """np.heaviside."""
    return np.where(x > 0, 1.0, np.where(x < 0, 0.0, at_zero))


def entr(x: Any) -> Any:
    """scipy.special.entr: -x log x."""
    return -XLOGY(x, x)


def rel_entr(x: Any, y: Any) -> Any:
    """scipy.special.rel_entr: x log(x / y)."""
    return XLOGY(x, x / y)


def kl_div(x: Any, y: Any) -> Any:
    """scipy.special.kl_div: x log(x / y) - x + y."""
    return rel_entr(x, y) - x + y


def xlog1py(x: Any, y: Any) -> Any:
    """scipy.special.xlog1py."""
    return x * np.log1p(y)


def log_expit(x: Any) -> Any:
    """scipy.special.log_expit."""
    return -LOGADDEXP(0.0, -x)


def select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    """np.select: the first choice whose condition holds."""
    chosen = default
    for condition, choice in reversed(list(zip(condlist, choicelist, strict=True))):
        chosen = np.where(condition, choice, chosen)
    return chosen


def piecewise(x: Any, condlist: Any, funclist: Any) -> Any:
    """np.piecewise of elementwise functions or numbers; the last condition that holds counts."""
    conditions = list(condlist) if isinstance(condlist, list | tuple) else [condlist]
    pieces = [f(x) if callable(f) else f for f in funclist]
    chosen = pieces[-1] if len(pieces) > len(conditions) else 0.0
    for condition, piece in zip(conditions, pieces, strict=False):
        chosen = np.where(condition, piece, chosen)
    return chosen


def nan_to_num(x: Any, copy: bool = True, nan: float = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
    """np.nan_to_num: what is no number becomes one, and has no derivative."""
    info = np.finfo(dtype_of(x))
    high, low = info.max if posinf is None else posinf, info.min if neginf is None else neginf
    found = np.where(np.isfinite(x), x, np.where(np.isnan(x), nan, np.where(x > 0, high, low)))
    return found if copy or not shape_of(x) else x.becomes(found)


def accumulated(step: Callable[..., Any]) -> Callable[..., Any]:
    """ufunc.accumulate along an axis, one step after the other."""

    def adapter(x: Any, axis: int = 0) -> Any:
        lines = np.moveaxis(x, axis, 0)
        found = [lines[0]]
        for k in range(1, shape_of(lines)[0]):
            found.append(step(found[-1], lines[k]))
        return np.moveaxis(np.stack(found), 0, axis)

    return adapter


def outer_of(ufunc: Callable[..., Any]) -> Callable[..., Any]:
    """ufunc.outer: every element of one with every element of the other."""
    return lambda a, b: ufunc(np.reshape(a, shape_of(a) + (1,) * len(shape_of(b))), b)


COMPOSED: dict[Any, Callable[..., Any]] = {
    **{f: moved(f) for f in (np.tile, np.rot90, np.flipud, np.fliplr, np.tril, np.triu, np.diag, np.diagflat, np.diagonal, np.delete, np.resize)},
    **{f: moved(f) for f in (np.roll, np.rollaxis)}, **{f: several(f) for f in (np.atleast_1d, np.atleast_2d, np.atleast_3d)},
    np.pad: pad, np.append: append, np.column_stack: column_stack, np.dstack: dstack, np.split: split, np.array_split: array_split,
    np.hsplit: split_along(1), np.vsplit: split_along(0), np.dsplit: split_along(2), np.insert: insert, np.choose: choose, np.compress: compress,
    np.extract: extract, np.block: block, np.broadcast_arrays: broadcast_arrays, np.meshgrid: meshgrid, np.ix_: ix, np.trim_zeros: trim_zeros,
    np.full_like: full_like, np.take_along_axis: take_along_axis, np.argsort: argsort, np.sort: sort, np.partition: partition, np.ptp: ptp,
    np.trapezoid: trapezoid, np.tensordot: tensordot, np.kron: kron, np.convolve: convolve, np.vdot: vdot,
    np.copysign: copysign, np.rad2deg: degrees, np.degrees: degrees, np.deg2rad: radians, np.radians: radians,
    np.heaviside: heaviside, special.entr: entr, special.rel_entr: rel_entr, special.kl_div: kl_div, special.xlog1py: xlog1py,
    special.log_expit: log_expit, np.select: select, np.piecewise: piecewise, np.nan_to_num: nan_to_num,
}  # fmt: skip
if hasattr(np, "unstack"):
    COMPOSED[np.unstack] = unstack
