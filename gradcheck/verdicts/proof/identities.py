"""Decompositions and what defines them, written the other way round: the matrix as a rational function of its factors.

L is free and A = L L^T; a rotation and the eigenvalues are free and A = V diag(w) V^T. As many parameters as the matrix has entries, so that a rule
is right exactly if it gives, along every parameter, what the factors do: sum rule dA/dt = sum g dy/dt.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import permutations
from typing import Any

import numpy as np
import sympy

from gradcheck.primitives import BY_NAME, Primitive


@dataclass(frozen=True, slots=True)
class Chart:
    """Operands, result and further results of other records, all as expressions in free parameters.

    The first `free` operands can be chosen, the others belong to them; `symbolic` where the identity is small enough to be simplified to 0.
    """

    text: str
    operands: tuple[Any, ...]
    result: Any
    known: Mapping[str, Any]
    parameters: tuple[Any, ...]
    params: Mapping[str, Any]
    symbolic: bool = True
    same: Callable[[Any, Any], bool] = lambda found, expected: bool(np.allclose(found, expected, rtol=1e-8, atol=1e-8))
    free: int = 1


def charts_of(primitive: Primitive) -> tuple[Chart, ...]:
    """The charts on which a record's rule is proved by its defining identity; none for most."""
    return _charts(primitive.name)


@cache
def _charts(name: str) -> tuple[Chart, ...]:
    return tuple(make() for make in CHARTS.get(name, ()))


class _Parameters:
    """Fresh symbols, in the order they are asked for."""

    def __init__(self, prefix: str = "") -> None:
        self.prefix, self.made = prefix, []  # type: tuple[str, list[Any]]

    def real(self) -> Any:
        return self._new(real=True)

    def positive(self) -> Any:
        return self._new(positive=True)

    def _new(self, **assumptions: bool) -> Any:
        self.made.append(sympy.Symbol(f"{self.prefix}t{len(self.made)}", **assumptions))
        return self.made[-1]


def _array(rows: Any) -> Any:
    """An object array of a SymPy matrix."""
    matrix = sympy.Matrix(rows)
    found = np.empty(matrix.shape, dtype=object)
    for i, j in np.ndindex(found.shape):
        found[i, j] = matrix[i, j]
    return found


def _rotation(p: _Parameters, n: int) -> Any:
    """A rotation by Cayley's formula."""
    skew = sympy.zeros(n, n)
    for i in range(n):
        for j in range(i):
            skew[i, j] = p.real()
            skew[j, i] = -skew[i, j]
    unit = sympy.eye(n)
    return ((unit - skew) * (unit + skew).inv()).applyfunc(sympy.cancel)


def _ascending(p: _Parameters, n: int, first: Any) -> list[Any]:
    values = [first]
    for _ in range(n - 1):
        values.append(values[-1] + p.positive())
    return values


def _one_triangle(p: _Parameters, whole: Any, lower: bool) -> Any:
    """The matrix with anything at all in the triangle that is not read."""
    n = whole.shape[0]
    return sympy.Matrix(n, n, lambda i, j: whole[i, j] if i == j or (i > j) == lower else p.real())


def _cholesky(n: int, lower: bool, prefix: str = "") -> Chart:
    p = _Parameters(prefix)
    factor = sympy.Matrix(n, n, lambda i, j: 0 if i < j else p.positive() if i == j else p.real())
    a = _one_triangle(p, factor * factor.T, lower)
    return Chart(f"{n}x{n}", (_array(a),), _array(factor if lower else factor.T), {}, tuple(p.made), {"lower": lower}, n < 3)


def _symmetric(n: int, lower: bool, *, vectors: bool, prefix: str = "") -> Chart:
    p = _Parameters(prefix)
    v, w = _rotation(p, n), _ascending(p, n, p.real())
    a = _array(_one_triangle(p, v * sympy.diag(*w) * v.T, lower))
    values, columns = np.array(w, dtype=object), _array(v)
    known = {"eigvalsh": values, "eigvectorsh": columns}
    if vectors:
        return Chart(f"{n}x{n}", (a, values), columns, known, tuple(p.made), {"lower": lower, "dtype": "float64"}, n < 3)
    return Chart(f"{n}x{n}", (a,), values, known, tuple(p.made), {"lower": lower, "vectors": True}, n < 3)


def _singular(rows: int, columns: int, *, vectors: bool, prefix: str = "") -> Chart:
    p, k = _Parameters(prefix), min(rows, columns)
    u, v = _rotation(p, rows)[:, :k], _rotation(p, columns)[:, :k]
    s = _ascending(p, k, p.positive())[::-1]
    a, values, both = _array(u * sympy.diag(*s) * v.T), np.array(s, dtype=object), _array(u.col_join(v))
    known, text, small = {"svdvals": values, "svdvectors": both}, f"{rows}x{columns}", max(rows, columns) < 3
    if vectors:
        return Chart(text, (a, values), both, known, tuple(p.made), {"dtype": "float64"}, small and k < 2)
    return Chart(text, (a,), values, known, tuple(p.made), {"vectors": True}, small)


def _qr(rows: int, columns: int, *, q_wanted: bool, prefix: str = "") -> Chart:
    p, k = _Parameters(prefix), min(rows, columns)
    q = _rotation(p, rows)[:, :k]
    r = sympy.Matrix(k, columns, lambda i, j: 0 if i > j else p.positive() if i == j else p.real())
    a, first, second = _array(q * r), _array(q), _array(r)
    operands, result = ((a, second), first) if q_wanted else ((a,), second)
    return Chart(f"{rows}x{columns}", operands, result, {"qr_q": first, "qr_r": second}, tuple(p.made), {}, max(rows, columns) < 3)


def _general(n: int, *, vectors: bool, prefix: str = "") -> Chart:
    p = _Parameters(prefix)
    columns = [_direction(p, n) for _ in range(n)]
    w = _ascending(p, n, p.real())
    x = sympy.Matrix.hstack(*columns)
    a = _array((x * sympy.diag(*w) * x.inv()).applyfunc(sympy.cancel))
    values, both = np.array(w, dtype=object), _array(x)
    known = {"eigvals": values, "eigvectors": both}
    if vectors:
        return Chart(f"{n}x{n}", (a, values), both, known, tuple(p.made), {"dtype": "float64"}, n < 2, _reordered)
    return Chart(f"{n}x{n}", (a,), values, known, tuple(p.made), {"vectors": True, "dtype": "float64"}, n < 2, _reordered)


def _inverse_of(p: _Parameters, rows: int, columns: int) -> tuple[Any, Any]:
    """A free matrix, and the pseudoinverse that the normal equations define."""
    a = sympy.Matrix(rows, columns, lambda i, j: p.real())
    tall = a if rows >= columns else a.T
    inverse = ((tall.T * tall).inv() * tall.T).applyfunc(sympy.cancel)
    return a, inverse if rows >= columns else inverse.T


def _pinv(rows: int, columns: int, prefix: str = "") -> Chart:
    p = _Parameters(prefix)
    a, inverse = _inverse_of(p, rows, columns)
    return Chart(f"{rows}x{columns}", (_array(a),), _array(inverse), {}, tuple(p.made), {"rcond": 1e-15}, rows * columns < 4)


def _lstsq(rows: int, columns: int, right: int) -> Chart:
    p = _Parameters()
    a, inverse = _inverse_of(p, rows, columns)
    b = sympy.Matrix(rows, max(right, 1), lambda i, j: p.real())
    x, columns_of_b = _array(inverse * b), _array(b)
    if not right:
        x, columns_of_b = x[:, 0], columns_of_b[:, 0]
    text = f"{rows}x{columns}, {rows}" + (f"x{right}" if right else "")
    return Chart(text, (_array(a), columns_of_b), x, {"pinv": _array(inverse)}, tuple(p.made), {"rcond": 1e-15}, rows * columns < 3, free=2)


def _direction(p: _Parameters, n: int) -> Any:
    """A point of the unit sphere, by stereographic projection."""
    free = sympy.Matrix([p.real() for _ in range(n - 1)])
    length = sum((t * t for t in free), sympy.Integer(0))
    return sympy.Matrix([1 - length, *(2 * t for t in free)]) / (1 + length)


def _reordered(found: Any, expected: Any) -> bool:
    """Whether eigenvalues, or columns up to sign, are the same in some order."""
    orders = permutations(range(found.shape[-1]))
    return any(np.allclose(np.abs(found[..., list(o)]), np.abs(expected), rtol=1e-8, atol=1e-8) for o in orders)


def _stack(make: Callable[[str], Chart]) -> Chart:
    """Two matrices, each with parameters of its own."""
    one, two = make("a"), make("b")
    operands = tuple(np.stack(pair) for pair in zip(one.operands, two.operands, strict=True))
    known = {name: np.stack([one.known[name], two.known[name]]) for name in one.known}
    parameters = (*one.parameters, *two.parameters)
    return Chart(
        f"2x{one.text}", operands, np.stack([one.result, two.result]), known, parameters, one.params, symbolic=False, same=_each(one.same)
    )


def _each(same: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    return lambda found, expected: all(same(f, e) for f, e in zip(found, expected, strict=True))


_TRIANGLES = ((1, True), (2, True), (2, False), (3, True))
_RECTANGLES = ((1, 1), (2, 2), (2, 1), (1, 2), (3, 2), (2, 3))


def _several(make: Callable[..., Chart], shapes: Sequence[tuple[Any, ...]], **options: Any) -> tuple[Callable[[], Chart], ...]:
    """A chart for every shape, and one of a stack of the second, 2x2."""
    single = [partial(make, *shape, **options) for shape in shapes]
    return (*single, partial(_stack, lambda prefix: make(*shapes[1], **options, prefix=prefix)))


CHARTS: Mapping[str, tuple[Callable[[], Chart], ...]] = {
    "cholesky": _several(_cholesky, _TRIANGLES),
    "qr_r": _several(_qr, _RECTANGLES, q_wanted=False),
    "qr_q": _several(_qr, _RECTANGLES, q_wanted=True),
    "eigvalsh": _several(_symmetric, _TRIANGLES, vectors=False),
    "eigvectorsh": _several(_symmetric, _TRIANGLES, vectors=True),
    "svdvals": _several(_singular, _RECTANGLES, vectors=False),
    "svdvectors": _several(_singular, _RECTANGLES, vectors=True),
    "pinv": _several(_pinv, _RECTANGLES),
    "lstsq": tuple(partial(_lstsq, *shape) for shape in ((1, 1, 0), (2, 1, 0), (1, 2, 0), (2, 2, 0), (3, 2, 2), (2, 3, 0))),
    "eigvals": _several(_general, ((1,), (2,)), vectors=False),
    "eigvectors": _several(_general, ((1,), (2,)), vectors=True),
}
assert set(CHARTS) <= set(BY_NAME)
