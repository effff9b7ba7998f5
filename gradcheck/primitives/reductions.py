"""Sums, means, products, extremes, variances and cumulative forms, along any axes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from gradcheck.primitives.costs import (
    ADDITION,
    COMPARISON,
    DIVISION,
    MULTIPLICATION,
    NOTHING,
    Counts,
    Sized,
    per_reduction,
)
from gradcheck.primitives.record import Example, Primitive, points, shape_of

Axis = int | tuple[int, ...] | None
ALL, ROWS, KEPT = (
    Example(((2, 3),)),
    Example(((2, 3),), {"axis": 0}),
    Example(((2, 2, 2),), {"axis": (0, 2), "keepdims": True}),
)
EXAMPLES = (ALL, ROWS, KEPT, Example(((3,),), {"axis": -1}))


def axes_of(axis: Axis, ndim: int) -> tuple[int, ...]:
    """The reduced axes, in order and counted from the front."""
    if axis is None:
        return tuple(range(ndim))
    chosen = (axis,) if isinstance(axis, int) else axis
    return tuple(sorted(a % ndim for a in chosen))


def kept_shape(shape: tuple[int, ...], axis: Axis) -> tuple[int, ...]:
    """The shape of a reduction that keeps its axes, each of size 1."""
    axes = axes_of(axis, len(shape))
    return tuple(1 if i in axes else n for i, n in enumerate(shape))


def count_reduced(shape: tuple[int, ...], axis: Axis) -> int:
    """How many elements go into one element of the result."""
    return int(np.prod([shape[a] for a in axes_of(axis, len(shape))], dtype=int))


def stretch(g: Any, shape: tuple[int, ...], axis: Axis) -> Any:
    """Copy a reduction's cotangent to every element that was reduced."""
    kept = kept_shape(shape, axis)
    return np.broadcast_to(g if shape_of(g) in ((), kept) else np.reshape(g, kept), shape)


def _expand(y: Any, shape: tuple[int, ...], axis: Axis) -> Any:
    kept = kept_shape(shape, axis)
    return y if shape_of(y) == kept else np.reshape(y, kept)


def _sum_rule(position: int, g: Any, y: Any, inputs: tuple[Any, ...], params: Mapping[str, Any]) -> Any:
    return stretch(g, shape_of(inputs[0]), params.get("axis"))


def _mean_rule(position: int, g: Any, y: Any, inputs: tuple[Any, ...], params: Mapping[str, Any]) -> Any:
    shape = shape_of(inputs[0])
    return stretch(g / float(count_reduced(shape, params.get("axis"))), shape, params.get("axis"))


def _extreme_rule(position: int, g: Any, y: Any, inputs: tuple[Any, ...], params: Mapping[str, Any]) -> Any:
    (x,), axis = inputs, params.get("axis")
    shape = shape_of(x)
    one = x.dtype.type(1)
    hits = np.where(x == _expand(y, shape, axis), one, 0.0)  # ties share the cotangent equally
    return stretch(g, shape, axis) * (hits / np.sum(hits, axis=axis, keepdims=True))


def _var_rule(position: int, g: Any, y: Any, inputs: tuple[Any, ...], params: Mapping[str, Any]) -> Any:
    (x,), axis = inputs, params.get("axis")
    shape = shape_of(x)
    half = (count_reduced(shape, axis) - params.get("ddof", 0)) / 2.0  # exact, as 2 / n is not
    return stretch(g / half, shape, axis) * (x - np.mean(x, axis=axis, keepdims=True))


def _prod_rule(position: int, g: Any, y: Any, inputs: tuple[Any, ...], params: Mapping[str, Any]) -> Any:
    """The product of all the others, from both ends: y / x would fail at a zero factor."""
    (x,), axis = inputs, params.get("axis")
    shape = shape_of(x)
    axes = axes_of(axis, len(shape))
    order = tuple(i for i in range(len(shape)) if i not in axes) + axes
    count = count_reduced(shape, axis)
    if count < 2:
        return stretch(g, shape, axis)
    rows = np.reshape(np.transpose(x, order), (-1, count))
    ahead, behind = np.cumprod(rows[:, :-1], axis=1), np.cumprod(rows[:, :0:-1], axis=1)[:, ::-1]
    others = np.concatenate([behind[:, :1], ahead[:, :-1] * behind[:, 1:], ahead[:, -1:]], axis=1)
    back = tuple(int(i) for i in np.argsort(order))
    moved = np.reshape(others, tuple(shape[i] for i in order))
    return stretch(g, shape, axis) * np.transpose(moved, back)


def _cumsum_rule(position: int, g: Any, y: Any, inputs: tuple[Any, ...], params: Mapping[str, Any]) -> Any:
    axis = params["axis"]
    return np.flip(np.cumsum(np.flip(g, axis), axis=axis), axis)


def _cumprod_rule(position: int, g: Any, y: Any, inputs: tuple[Any, ...], params: Mapping[str, Any]) -> Any:
    """y_k = y_{k-1} x_k, so s_k = g_k + x_{k+1} s_{k+1} is the cotangent of y_k and dx_k = s_k y_{k-1}."""
    (x,), axis = inputs, params["axis"]
    x, g, y = (np.moveaxis(a, axis, 0) for a in (x, g, y))
    ones = np.ones((1, *shape_of(x)[1:]), dtype=x.dtype)
    s = RECURRENCE(np.concatenate([ones, x[:0:-1]], axis=0), g[::-1])[::-1]
    return np.moveaxis(np.concatenate([s[:1], s[1:] * y[:-1]], axis=0), 0, axis)


def _recur(a: Any, b: Any) -> Any:
    """s_0 = b_0; s_k = b_k + a_k s_{k-1}, along the first axis."""
    s = np.empty_like(b)
    s[:1] = b[:1]
    for k in range(1, len(b)):
        s[k] = b[k] + a[k] * s[k - 1]
    return s


def _recurrence_rule(position: int, g: Any, y: Any, inputs: tuple[Any, ...], params: Mapping[str, Any]) -> Any:
    """The transpose of a linear recurrence is the same recurrence backwards."""
    a, _ = inputs
    ones = np.ones((1, *shape_of(a)[1:]), dtype=a.dtype)
    r = RECURRENCE(np.concatenate([ones, a[:0:-1]], axis=0), g[::-1])[::-1]
    if position == 1:
        return r
    return np.concatenate([0.0 * r[:1], r[1:] * y[:-1]], axis=0)


def _mean_cost(inputs: tuple[Sized, ...], output: Sized, params: Mapping[str, Any]) -> Counts:
    return per_reduction(ADDITION)(inputs, output, params) + DIVISION * output.size


def _var_cost(inputs: tuple[Sized, ...], output: Sized, params: Mapping[str, Any]) -> Counts:
    each = _mean_cost(inputs, output, params) * 2  # the mean, and the mean of the squares
    return each + (ADDITION + MULTIPLICATION) * inputs[0].size


def _steps(each: Counts) -> Any:
    def cost(inputs: tuple[Sized, ...], output: Sized, params: Mapping[str, Any]) -> Counts:
        length = output.shape[params.get("axis", 0)] if output.shape else 1
        return each * (output.size - output.size // max(length, 1))

    return cost


_POSITIONAL = {"sum": ("dtype", "out"), "prod": ("dtype", "out"), "mean": ("dtype", "out"), "var": ("dtype", "out", "ddof")}


def _adapter(record: Primitive, *allowed: str) -> Any:
    def adapter(x: Any, axis: Axis = None, *positional: Any, **options: Any) -> Any:
        given = options | dict(zip(_POSITIONAL.get(record.name, ("out",)), positional, strict=False))
        given = {k: v for k, v in given.items() if not (v is None or v is False or v is np._NoValue or (k == "where" and v is True))}
        unknown = [k for k in given if k not in ("keepdims", "out", "where", *_OPTIONS.get(record.name, ()), *allowed)]
        if unknown:
            raise TypeError(f"np.{record.name}(..., {unknown[0]}=) is not followed")
        if axis is not None:
            given["axis"] = tuple(map(int, axis)) if isinstance(axis, tuple | list) else int(axis)
        out, dtype = given.pop("out", None), given.pop("dtype", None)
        if dtype is not None and np.dtype(dtype) != x.dtype:
            x = x.astype(dtype)  # what is added up is converted before
        found = _reduced(record, x, given)
        return found if out is None else _into(out, found)

    return adapter


_OPTIONS = {
    "sum": ("dtype", "initial"),
    "prod": ("dtype", "initial"),
    "mean": ("dtype",),
    "var": ("dtype",),
    "max": ("initial",),
    "min": ("initial",),
}


def _reduced(record: Primitive, x: Any, given: dict[str, Any]) -> Any:
    """The reduction with where= and initial= written out: what is left out is replaced by what changes nothing."""
    where, initial = given.pop("where", None), given.pop("initial", None)
    if where is not None:
        if record.name in ("mean", "var"):
            return _masked_moment(record, x, where, given)
        if record.name in ("max", "min") and initial is None:
            raise ValueError(
                f"reduction operation '{record.name}imum' does not have an identity, so to use a where mask one has to specify 'initial'"
            )
        if record.name not in _NEUTRAL:
            raise TypeError(f"np.{record.name}(..., where=) is not followed")
        x = np.where(where, x, initial if _NEUTRAL[record.name] is None else x.dtype.type(_NEUTRAL[record.name]))
    if initial is not None and record.name in ("max", "min") and 0 in shape_of(x):
        return np.broadcast_to(initial, record.evaluate(x.value, initial=0.0, **given).shape)
    found = record(x, **given)
    return found if initial is None else _WITH_INITIAL[record.name](initial, found)


_NEUTRAL: dict[str, Any] = {"sum": 0, "prod": 1, "any": False, "all": True, "max": None, "min": None}
_WITH_INITIAL: dict[str, Any] = {"sum": np.add, "prod": np.multiply, "max": np.maximum, "min": np.minimum}


def _masked_moment(record: Primitive, x: Any, where: Any, given: dict[str, Any]) -> Any:
    """np.mean and np.var of the elements where a condition holds, as NumPy computes them."""
    axis, keepdims, ddof = given.get("axis"), given.get("keepdims", False), given.get("ddof", 0)
    number = np.sum(np.broadcast_to(where, shape_of(x)), axis=axis, keepdims=True)
    mean = np.sum(x, axis=axis, keepdims=True, where=where) / number
    if record.name == "var":
        mean = np.sum((x - mean) ** 2, axis=axis, keepdims=True, where=where) / np.maximum(number - ddof, 0)
    if keepdims:
        return mean
    return np.reshape(mean, tuple(n for i, n in enumerate(shape_of(x)) if i not in axes_of(axis, len(shape_of(x)))))


def _into(out: Any, found: Any) -> Any:
    """A result written into a traced array."""
    if getattr(out, "recorder", None) is None:
        raise TypeError("out= writes a traced result into a plain array: bind the result to a name instead")
    return out.becomes(found, "unsafe")


def _reduction(name: str, evaluate: Any, rule: Any, each: Any, calls: tuple[Any, ...], **known: Any) -> Primitive:
    options = known.pop("options", ())
    record = Primitive(name, evaluate, rule, each, examples=known.pop("examples", EXAMPLES), calls={}, **known)
    record.calls.update(dict.fromkeys(calls, _adapter(record, *options)))  # type: ignore[attr-defined]
    return record


def _pick_extreme(name: str) -> Any:
    def pick(exact: Any, x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
        extreme = getattr(np, name)(exact[0], axis=axis, keepdims=True)
        hits = np.where(exact[0] == extreme, x[0], 0.0)
        count = np.sum(exact[0] == extreme, axis=axis, keepdims=keepdims)
        return np.sum(hits, axis=axis, keepdims=keepdims) / count

    return pick


def _exact_mean(m: Any, x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    return _divided(m, np.sum(x, axis=axis, keepdims=keepdims), count_reduced(x.shape, axis))


def _divided(m: Any, x: Any, count: int) -> Any:
    """Each by a whole number, in the arithmetic: Python would round the quotient of two."""
    return np.frompyfunc(lambda total: m.divide(total, count), 1, 1)(x) if isinstance(x, np.ndarray) else m.divide(x, count)


def _exact_var(m: Any, x: Any, axis: Axis = None, ddof: int = 0, keepdims: bool = False) -> Any:
    deviation = x - _exact_mean(m, x, axis, keepdims=True)
    return _divided(m, np.sum(deviation * deviation, axis=axis, keepdims=keepdims), count_reduced(x.shape, axis) - ddof)


def _exact_extreme(compare: str) -> Any:
    def exact(m: Any, x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
        better = np.frompyfunc(getattr(m, compare), 2, 1)
        axes = axes_of(axis, x.ndim)
        for a in reversed(axes):
            x = better.reduce(x, axis=a, keepdims=True) if x.size else x
        return x if keepdims else np.reshape(x, tuple(n for i, n in enumerate(x.shape) if i not in axes))

    return exact


SUM = _reduction("sum", np.sum, _sum_rule, per_reduction(ADDITION), (np.sum, np.add.reduce), sums=True, formula="sum x_i")
MEAN = _reduction("mean", np.mean, _mean_rule, _mean_cost, (np.mean,), exact=_exact_mean, sums=True, formula="sum x_i / n")
PROD = _reduction(
    "prod", np.prod, _prod_rule, per_reduction(MULTIPLICATION), (np.prod, np.multiply.reduce),
    special=points(zero_factor=[0.0]), formula="product of x_i",
)  # fmt: skip
MAX = _reduction(
    "max", np.max, _extreme_rule, per_reduction(COMPARISON), (np.max, np.amax, np.maximum.reduce), exact=_exact_extreme("maximum"),
    pick=_pick_extreme("max"), rounds=False, special=points(tie=[(1.0, 1.0)]), formula="largest x_i",
)  # fmt: skip
MIN = _reduction(
    "min", np.min, _extreme_rule, per_reduction(COMPARISON), (np.min, np.amin, np.minimum.reduce), exact=_exact_extreme("minimum"),
    pick=_pick_extreme("min"), rounds=False, special=points(tie=[(1.0, 1.0)]), formula="smallest x_i",
)  # fmt: skip
VAR = _reduction(
    "var", np.var, _var_rule, _var_cost, (np.var,), exact=_exact_var, analytic=False, options=("ddof",),
    examples=(*EXAMPLES, Example(((3,),), {"ddof": 1})), backward=True, formula="sum (x_i - mean)**2 / (n - ddof)",
)  # fmt: skip


def std(x: Any, axis: Axis = None, *positional: Any, out: Any = None, **options: Any) -> Any:
    """np.std, which NumPy itself computes as the root of the variance."""
    found = np.sqrt(np.var(x, axis, *positional, **options))
    return found if out is None else _into(out, found)


VAR.calls[np.std] = std  # type: ignore[index]


def _cumulative(record: Primitive) -> Any:
    def adapter(x: Any, axis: int | None = None, dtype: Any = None, out: Any = None) -> Any:
        if axis is None:
            x, axis = np.reshape(x, (-1,)), 0
        if dtype is not None and np.dtype(dtype) != x.dtype:
            x = x.astype(dtype)
        found = record(x, axis=normalize_axis_index(axis, len(shape_of(x))))
        return found if out is None else _into(out, found)

    return adapter


LINES = (Example(((3,),), {"axis": 0}), Example(((2, 3),), {"axis": 1}))
CUMSUM = Primitive("cumsum", np.cumsum, _cumsum_rule, _steps(ADDITION), calls={}, examples=LINES, sums=True, formula="y_k = y_{k-1} + x_k")
CUMPROD = Primitive(
    "cumprod", np.cumprod, _cumprod_rule, _steps(MULTIPLICATION), calls={}, examples=LINES,
    special=points(zero_factor=[0.0]), formula="y_k = y_{k-1} x_k",
)  # fmt: skip
CUMSUM.calls[np.cumsum] = _cumulative(CUMSUM)  # type: ignore[index]
CUMPROD.calls[np.cumprod] = _cumulative(CUMPROD)  # type: ignore[index]
RECURRENCE = Primitive(
    "recurrence", _recur, _recurrence_rule, _steps(ADDITION + MULTIPLICATION), arity=2,
    examples=(Example(((3,), (3,))), Example(((2, 2), (2, 2)))), sums=True, formula="s_k = b_k + a_k s_{k-1}",
)  # fmt: skip


def _exact_argument(compare: str) -> Any:
    def exact(m: Any, x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
        rows = np.reshape(x, (-1, x.size)) if axis is None else np.moveaxis(x, axis, -1).reshape(-1, x.shape[axis])
        best = [_first_best(m, compare, row) for row in rows]
        gone = range(x.ndim) if axis is None else (axis % x.ndim,)
        shape = tuple(1 if i in gone else n for i, n in enumerate(x.shape) if keepdims or i not in gone)
        return np.reshape(np.array(best), shape)

    return exact


def _first_best(m: Any, compare: str, row: Any) -> int:
    best = 0
    for i in range(1, len(row)):
        if getattr(m, compare)(row[i], row[best]):
            best = i
    return best


ARGMAX = _reduction(
    "argmax", np.argmax, None, per_reduction(COMPARISON), (np.argmax,), exact=_exact_argument("greater"), rounds=False,
    examples=(), special=points(tie=[(1.0, 1.0)]), formula="where x is largest",
)  # fmt: skip
ARGMIN = _reduction(
    "argmin", np.argmin, None, per_reduction(COMPARISON), (np.argmin,), exact=_exact_argument("less"), rounds=False,
    examples=(), special=points(tie=[(1.0, 1.0)]), formula="where x is smallest",
)  # fmt: skip


def _free(inputs: tuple[Sized, ...], output: Sized, params: Mapping[str, Any]) -> Counts:
    return NOTHING


ANY = _reduction("any", np.any, None, _free, (np.any, np.logical_or.reduce), rounds=False, examples=(), formula="any x_i")
ALL_TRUE = _reduction("all", np.all, None, _free, (np.all, np.logical_and.reduce), rounds=False, examples=(), formula="all x_i")
