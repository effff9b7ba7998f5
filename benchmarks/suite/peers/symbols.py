"""Peers that build expressions of scalars: CasADi's SX, symengine, SymPy.

The workload's own function runs over object arrays of symbols. Where data rows share one expression (likelihoods, reprojection
errors) it is derived once for a row, as its users do, and evaluated over all rows.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np

from suite.adbench import projected
from suite.peers.registry import Ready
from suite.rotations import summed_at
from suite.workload import Workload

ROWWISE = ("likelihood", "gmm", "bundle", "blocks")


def _namespace(lib: Any, larger: Callable[[Any, Any], Any]) -> Any:
    """Object arrays under NumPy's names."""

    def each(function: Callable[..., Any], operands: int = 1) -> Callable[..., Any]:
        over = np.frompyfunc(function, operands, 1)
        return lambda *given: (over if any(isinstance(a, np.ndarray) for a in given) else function)(*given)

    moves = ("concatenate", "cross", "dot", "matmul", "reshape", "stack", "sum", "swapaxes", "asarray", "zeros")
    m = SimpleNamespace(**{name: getattr(np, name) for name in moves})
    for name in ("sin", "cos", "exp", "log", "sqrt", "tanh"):
        setattr(m, name, each(getattr(lib, name)))
    m.maximum = each(larger, 2)
    m.logaddexp = each(lambda a, b: lib.log(lib.exp(a) + lib.exp(b)) if a else lib.log(1 + lib.exp(b)), 2)
    m.logsumexp = lambda a, axis: m.log(np.sum(m.exp(a), axis=axis))
    return m


def _arrays_of(symbols: list[Any], like: tuple[Any, ...]) -> list[Any]:
    """The symbols as object arrays in the shapes of the arguments; a scalar as itself."""
    found, at = [], 0
    for a in like:
        part = np.empty(np.size(a), dtype=object)
        part[:] = symbols[at : at + np.size(a)]
        at += np.size(a)
        found.append(part.reshape(np.shape(a)) if np.ndim(a) else part[0])
    return found


def _split(flat: Any, like: tuple[Any, ...]) -> list[Any]:
    ends = np.cumsum([np.size(a) for a in like])
    return [part.reshape(np.shape(a)) for part, a in zip(np.split(np.asarray(flat, dtype=float).ravel(), ends[:-1]), like, strict=True)]


# a row's expression
def _row(w: Workload, m: Any, symbols: Callable[[str, int], list[Any]]) -> tuple[list[Any], list[Any], list[Any], Any]:
    """Symbols of the parameters, symbols of a data row, the row's expressions, and the data, one column for each symbol."""
    if w.family in ("bundle", "blocks"):
        cam, point, weight, feature = (symbols(*given) for given in (("c", 11), ("x", 3), ("w", 1), ("f", 2)))
        e = _row_of(weight) * (projected(m, *(_arrays_of(s, (np.zeros((1, len(s))),))[0] for s in (cam, point))) - _row_of(feature))
        both = list(e.ravel())
        square = both[0] ** 2 + both[1] ** 2 + (1 - weight[0] ** 2) ** 2
        return [*cam, *point, *weight], feature, (both if w.columns else [square]), w.data["features"]
    count = sum(np.size(a) for a in w.arguments)
    parameters, x = symbols("p", count), symbols("x", w.data["data"].shape[1])
    given = _arrays_of(parameters, w.arguments)
    if w.family == "likelihood":
        a, b, c, d = given
        label = symbols("t", 1)
        z = m.dot(1 / (1 + m.exp(-(m.dot(_row_of(x), a) + b))), c)[0] + d
        return parameters, [*x, *label], [label[0] * z - m.logaddexp(0, z)], np.column_stack([w.data["data"], w.data["label"]])
    alphas, means, roots = given
    d = w.data["d"]
    scales, triangle = m.exp(roots[:, :d]), roots[:, d:]
    root = np.concatenate([np.zeros((len(roots), 1)), scales, triangle], axis=1)[:, w.data["place"]]
    y = np.matmul(root, (_row_of(x) - means)[:, :, None])[:, :, 0]
    inner = alphas + np.sum(roots[:, :d], axis=1) - np.sum(y * y, axis=1) * 0.5
    prior = (np.sum(scales * scales) + np.sum(triangle * triangle)) * 0.5 + w.data["constant"]
    row = m.logsumexp(inner, 0) - m.logsumexp(alphas, 0) + prior / w.data["n"]
    return parameters, x, [row], w.data["data"]


def _row_of(symbols: list[Any]) -> Any:
    return _arrays_of(symbols, (np.zeros((1, len(symbols))),))[0]


def _assembled(w: Workload, expressions: int, table: Any) -> Any:
    """Value and gradients from a table of one row per observation: the expressions, then each one's derivatives."""
    values, slopes = table[:, :expressions], table[:, expressions:]
    if w.family == "bundle":
        cams, x, _ = w.arguments
        of_cams, of_x = summed_at(slopes[:, :11], w.data["seen_by"], len(cams)), summed_at(slopes[:, 11:14], w.data["seen"], len(x))
        return values.sum(), [of_cams, of_x, slopes[:, 14]]
    if w.family == "blocks":
        both = slopes.reshape(-1, 2, 15).swapaxes(0, 1)
        return values.sum(0), [both[:, :, :11], both[:, :, 11:14], both[:, :, 14]]
    return values.sum(), _split(slopes.sum(0), w.arguments)


def _row_inputs(w: Workload, data: Any) -> Any:
    """For every observation, the numbers its symbols stand for: parameters, then data."""
    if w.family == "bundle":
        cams, x, weights = w.arguments
        return np.column_stack([cams[w.data["seen_by"]], x[w.data["seen"]], weights, data])
    if w.family == "blocks":
        return np.column_stack([*w.arguments, data])
    flat = np.concatenate([np.ravel(a) for a in w.arguments])
    return np.column_stack([np.tile(flat, (len(data), 1)), data])


# CasADi
def casadi_sx(w: Workload) -> Ready:
    """An SX function; rows by `map`."""
    import casadi as ca

    ca.GlobalOptions.setNumpyMode(-1)  # SX meets NumPy as it did before 3.8, without a warning
    m = _namespace(ca, ca.fmax)
    symbols = lambda name, n: list(ca.SX.sym(name, n).elements())
    if w.family in ROWWISE:
        parameters, row, expressions, data = _row(w, m, symbols)
        slopes = [ca.gradient(e, ca.vertcat(*parameters)) for e in expressions]
        one = ca.Function("row", [ca.vertcat(*parameters, *row)], [ca.vertcat(*expressions, *slopes)])
        mapped, inputs = one.map(len(data)), ca.DM(np.ascontiguousarray(_row_inputs(w, data).T))
        return Ready(lambda: _assembled(w, len(expressions), mapped(inputs).full().T), lambda r: (np.asarray(r[0]), r[1]))
    v = ca.SX.sym("v", sum(np.size(a) for a in w.arguments))
    y = w.make(m)(*_arrays_of(v.elements(), w.arguments))
    function = ca.Function("f", [v], [y, ca.gradient(y, v)])
    point = ca.DM(np.concatenate([np.ravel(a) for a in w.arguments]))
    return Ready(lambda: function(point), lambda r: (np.float64(r[0]), _split(r[1].full(), w.arguments)))


# SymPy and symengine
def _symbolic(w: Workload, lib: Any, compiled: Callable[[list[Any], list[Any]], Callable[[Any], Any]]) -> Ready:
    m = _namespace(lib, lambda a, b: lib.Piecewise((a, a > b), (b, True)))
    symbols = lambda name, n: [lib.Symbol(f"{name}{i}") for i in range(n)]
    if w.family in ROWWISE:
        parameters, row, expressions, data = _row(w, m, symbols)
        slopes = [lib.diff(e, p) for e in expressions for p in parameters]
        table, inputs = compiled([*parameters, *row], [*expressions, *slopes]), np.ascontiguousarray(_row_inputs(w, data))
        return Ready(lambda: _assembled(w, len(expressions), table(inputs)), lambda r: (np.asarray(r[0]), r[1]))
    entries = symbols("v", sum(np.size(a) for a in w.arguments))
    y = w.make(m)(*_arrays_of(entries, w.arguments))
    if w.family == "rosenbrock":  # a flat sum: adding term by term takes quadratic time
        y = lib.Add(*[100 * (b - a**2) ** 2 + (1 - a) ** 2 for a, b in pairwise(entries)])
    function = compiled(entries, [y, *(lib.diff(y, e) for e in entries)])
    point = np.concatenate([np.ravel(a) for a in w.arguments])[None, :]
    return Ready(lambda: np.ravel(function(point)), lambda r: (np.float64(r[0]), _split(r[1:], w.arguments)))


def symengine(w: Workload) -> Ready:
    """Lambdify with common subexpressions."""
    import symengine as se

    return _symbolic(w, se, lambda inputs, outputs: se.Lambdify(inputs, outputs, cse=True))


def sympy(w: Workload) -> Ready:
    """lambdify with common subexpressions, over columns of data."""
    import sympy as sp

    def compiled(inputs: list[Any], outputs: list[Any]) -> Callable[[Any], Any]:
        function = sp.lambdify(inputs, outputs, "numpy", cse=True)

        def table(rows: Any) -> Any:
            columns = rows.T if len(rows) > 1 else rows[0]
            return np.stack([np.broadcast_to(c, len(rows)) for c in function(*columns)], axis=1)

        return table

    return _symbolic(w, sp, compiled)


BUILDERS = {"casadi-sx": casadi_sx, "symengine": symengine, "sympy": sympy}
