"""Eigenvalues and eigenvectors of matrices of balls and of power series, enclosed.

A symmetric matrix is turned almost diagonal by Jacobi's rotations of midpoints; Gershgorin's discs of X^-1 A X then enclose its eigenvalues. An eigenvector
of a simple eigenvalue solves a bordered linear system, and so does, order by order, every further coefficient of a series (Andrew, Chu & Lancaster,
Derivatives of eigenvalues and eigenvectors of matrix functions, SIAM J. Matrix Anal. Appl. 14, 1993). Equal eigenvalues move along a direction
with the eigenvalues of the direction compressed to their space (Kato, Perturbation Theory for Linear Operators, 1966, II.2); their eigenvectors are
any basis of that space, so there are none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import flint
import numpy as np
from flint import acb_mat, arb, arb_mat, fmpq, fmpz, fmpz_mat

from gradcheck.arithmetic.enclosures import Undecidable, order

SWEEPS = 60


@dataclass(frozen=True, slots=True)
class Group:
    """Eigenvalues that are one number: its enclosure, their places in ascending order, and columns close to their space.

    `basis` spans that space where there are several.
    """

    value: Any
    places: tuple[int, ...]
    basis: Any
    start: Any

    @property
    def simple(self) -> bool:
        """Whether there is one eigenvector, up to scale."""
        return len(self.places) == 1


@dataclass(frozen=True, slots=True)
class Pair:
    """An eigenvalue and its eigenvector (None where it is not determined), each a list of coefficients."""

    value: list[Any]
    vector: list[Any] | None


def pairs(coefficients: Sequence[Any], *, vectors: bool, largest: int) -> tuple[list[Pair], bool]:
    """The largest pairs of a symmetric matrix A_0 + A_1 t + ..., in ascending order for small t > 0; whether the direction had to decide it."""
    n = coefficients[0].nrows()
    found: list[Pair | None] = [None] * n
    tied = False
    for group in groups(coefficients[0]):
        if group.places[-1] < n - largest:
            continue
        if group.simple:
            found[group.places[0]] = _along(coefficients, group.value, group.start, vectors=vectors)
            continue
        tied = tied or len(coefficients) > 1
        slopes = _slopes(group.basis, coefficients[1]) if len(coefficients) > 1 else []
        for i, place in enumerate(group.places):
            found[place] = Pair([group.value, *slopes[i : i + 1]], None)
    return [p for p in found[n - largest :] if p is not None], tied


def general_pairs(coefficients: Sequence[Any], like: Any, *, vectors: bool) -> list[Pair]:
    """The pairs of any real matrix with real, distinct eigenvalues, nearest to the floats (values, vectors) of `like`, in their order.

    Raises ValueError where two eigenvalues are equal, for then they may have no derivative, or are not real.
    """
    try:
        enclosed = acb_mat(coefficients[0]).eig()
    except ValueError as error:
        raise Undecidable("eigenvalues are too close to be told apart at this precision") from error
    if any(not (e.imag == 0 or e.imag.contains(0)) for e in enclosed):
        raise ValueError("complex eigenvalues are not followed")
    values, columns = like
    left, found = [e.real for e in enclosed], []
    for k, near in enumerate(values):
        nearest = min(left, key=lambda e: abs(float(e.mid()) - near))
        left.remove(nearest)
        found.append(_along(coefficients, nearest, _column(columns[:, k]), vectors=vectors))
    return found


def _along(coefficients: Sequence[Any], value: Any, start: Any, *, vectors: bool) -> Pair:
    """A simple pair, coefficient by coefficient: c v = 1 fixes the scale, A v = lambda v the rest."""
    a0 = coefficients[0]
    values, found = [value], []
    if vectors or len(coefficients) > 1:
        found.append(_null(a0, value, start))
    if len(coefficients) > 1:
        system = _inverse(_bordered(a0, value, -found[0], start))
        for j in range(1, len(coefficients)):
            right = sum((values[i] * found[j - i] for i in range(1, j)), _zero(a0.nrows(), 1))
            right -= sum((coefficients[i] * found[j - i] for i in range(1, j + 1)), _zero(a0.nrows(), 1))
            solved = system * arb_mat([*right.tolist(), [0]])
            found.append(arb_mat(solved.tolist()[:-1]))
            values.append(solved[a0.nrows(), 0])
    return Pair(values, found if vectors else None)


def _slopes(basis: Any, direction: Any) -> list[Any]:
    """How equal eigenvalues part along a direction: the eigenvalues of B^T A_1 B, ascending, for an orthonormal basis B."""
    lower = _cholesky(basis.transpose() * basis)
    inverse = _inverse(lower)
    compressed = inverse * (basis.transpose() * direction * basis) * inverse.transpose()
    _, discs = _discs(_symmetric(compressed))
    return [value for value, places in discs for _ in places]


def groups(a: Any) -> tuple[Group, ...]:
    """The distinct eigenvalues of a symmetric matrix, ascending. Raises Undecidable where two are too close to be told apart."""
    return _groups(_key(a), flint.ctx.prec, _close())


def _close() -> bool:
    """Whether values too close to be told apart count as equal, which the answer depends on."""
    try:
        return order(arb(0, 1)) == 0
    except Undecidable:
        return False


def _key(a: Any) -> tuple[Any, ...]:
    return tuple((e.mid().man_exp(), e.rad().man_exp()) for e in a.entries())


@lru_cache(maxsize=512)
def _groups(key: tuple[Any, ...], bits: int, close: bool) -> tuple[Group, ...]:
    a = _matrix(key)
    start, discs = _discs(a)
    if any(len(places) > 1 for _, places in discs) and _distinct(a) != len(discs) and not close:
        raise Undecidable("two eigenvalues are too close to be told apart at this precision")
    found = []
    for value, places in discs:
        columns = arb_mat([[start[i, j] for j in places] for i in range(a.nrows())])
        found.append(Group(value, places, _null(a, value, columns) if len(places) > 1 else columns, columns))
    return tuple(found)


def _matrix(key: tuple[Any, ...]) -> Any:
    n = round(len(key) ** 0.5)
    balls = [arb(_dyadic(mid), _dyadic(rad)) for mid, rad in key]
    return arb_mat(n, n, balls)


def _dyadic(man_exp: Any) -> Any:
    mantissa, exponent = man_exp
    return arb(mantissa) * arb(2) ** exponent


def _distinct(a: Any) -> int | None:
    """How many distinct eigenvalues a matrix known exactly has: the degree of p / gcd(p, p'); None for others."""
    if not all(e.is_exact() for e in a.entries()):
        return None
    mantissas = [tuple(int(v) for v in e.man_exp()) for e in a.entries()]
    least = min((exponent for mantissa, exponent in mantissas if mantissa), default=0)
    whole = [fmpz(m) * fmpz(2) ** (e - least) if m else fmpz(0) for m, e in mantissas]
    p = fmpz_mat(a.nrows(), a.ncols(), whole).charpoly()
    return int(p.degree() - p.gcd(p.derivative()).degree())


def _discs(a: Any) -> tuple[Any, list[tuple[Any, tuple[int, ...]]]]:
    """Vectors that make A almost diagonal, and Gershgorin's discs joined where they meet, ascending: each with its places."""
    vectors = _rotated(a)
    n = a.nrows()
    near = _inverse(vectors) * a * vectors
    radii = [sum((abs(near[i, j]) for j in range(n) if j != i), arb(0)) for i in range(n)]
    discs = [(near[i, i] + arb(0, 1) * r, i) for i, r in enumerate(radii)]
    joined: list[tuple[Any, list[int]]] = []
    for disc, i in sorted(discs, key=lambda d: _Exactly(d[0].mid())):
        members = [i]
        while joined and joined[-1][0].overlaps(disc):
            before, others = joined.pop()
            disc, members = before.union(disc), others + members
        joined.append((disc, members))
    sequence = [i for _, members in joined for i in members]
    ordered = arb_mat([[vectors[r, i] for i in sequence] for r in range(n)])
    places, start = [], 0
    for disc, members in joined:
        places.append((disc, tuple(range(start, start + len(members)))))
        start += len(members)
    return ordered, places


class _Exactly:
    """Orders midpoints, which are exact, where floats would not tell them apart."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __lt__(self, other: _Exactly) -> bool:
        return bool(self.value < other.value)


def _rotated(a: Any) -> Any:
    """Almost orthonormal, almost eigenvectors: Jacobi's rotations from where LAPACK leaves off (midpoints alone, nothing rigorous)."""
    n = a.nrows()
    floats = np.array([[float(a[i, j].mid()) for j in range(n)] for i in range(n)])
    start = np.linalg.eigh(floats)[1] if np.isfinite(floats).all() else np.full((n, n), np.nan)
    if not np.isfinite(start).all():
        raise ValueError("a matrix beyond the range of floats has no eigenvalues here")
    vectors = _orthonormal([[arb(float(v)) for v in column] for column in start.T])
    turned = vectors * _middle(a) * vectors.transpose()
    rows, basis = [[e.mid() for e in row] for row in turned.tolist()], [[e.mid() for e in row] for row in vectors.tolist()]
    size = max((abs(e) for row in rows for e in row), default=arb(0))
    for _ in range(SWEEPS):
        if not _sweep(rows, basis, size * arb(2) ** (4 - flint.ctx.prec)):
            break
    return _orthonormal(basis).transpose()


def _sweep(a: list[list[Any]], basis: list[list[Any]], small: Any) -> bool:
    """One rotation for every element off the diagonal that is not small yet; whether there was one."""
    n, any_ = len(a), False
    for p in range(n):
        for q in range(p + 1, n):
            if abs(a[p][q]) > small:
                any_ = True
                _rotate(a, basis, p, q)
    return any_


def _rotate(a: list[list[Any]], basis: list[list[Any]], p: int, q: int) -> None:
    theta = ((a[q][q] - a[p][p]) / (2 * a[p][q])).mid()
    t = (1 / (abs(theta) + (theta * theta + 1).sqrt())).mid()
    t = -t if theta < 0 else t
    c = (1 / (t * t + 1).sqrt()).mid()
    s = (t * c).mid()
    for rows in (a, basis):
        rows[p], rows[q] = (
            [(c * x - s * y).mid() for x, y in zip(rows[p], rows[q], strict=True)],
            [(s * x + c * y).mid() for x, y in zip(rows[p], rows[q], strict=True)],
        )
    for row in a:
        row[p], row[q] = (c * row[p] - s * row[q]).mid(), (s * row[p] + c * row[q]).mid()


def _orthonormal(rows: list[list[Any]]) -> Any:
    """Gram and Schmidt, on midpoints."""
    found: list[list[Any]] = []
    for row in rows:
        for _ in range(2):
            for other in found:
                along = sum((x * y for x, y in zip(row, other, strict=True)), arb(0)).mid()
                row = [(x - along * y).mid() for x, y in zip(row, other, strict=True)]
        norm = sum((x * x for x in row), arb(0)).sqrt()
        found.append([(x / norm).mid() for x in row])
    return arb_mat(found)


def _null(a: Any, value: Any, columns: Any) -> Any:
    """The basis B of the null space of A - value with C^T B = 1, whose dimension the columns of C have."""
    n, r = columns.nrows(), columns.ncols()
    right = arb_mat([[0] * r] * n + [[int(i == j) for j in range(r)] for i in range(r)])
    try:
        solved = _bordered(a, value, columns, columns).solve(right)
    except ZeroDivisionError as error:
        raise Undecidable("an eigenvector cannot be enclosed at this precision") from error
    return arb_mat(solved.tolist()[:n])


def _bordered(a: Any, value: Any, right: Any, below: Any) -> Any:
    n, r = below.nrows(), below.ncols()
    top = [[a[i, j] - value if i == j else a[i, j] for j in range(n)] + [right[i, k] for k in range(r)] for i in range(n)]
    return arb_mat(top + [[below[j, k] for j in range(n)] + [0] * r for k in range(r)])


def _inverse(a: Any) -> Any:
    try:
        return a.inv()
    except ZeroDivisionError as error:
        raise Undecidable("a matrix cannot be inverted at this precision") from error


def _cholesky(a: Any) -> Any:
    n = a.nrows()
    lower = [[arb(0)] * n for _ in range(n)]
    for j in range(n):
        for i in range(j, n):
            rest = a[i, j] - sum((lower[i][k] * lower[j][k] for k in range(j)), arb(0))
            lower[i][j] = rest.sqrt() if i == j else rest / lower[j][j]
    return arb_mat(lower)


def _symmetric(a: Any) -> Any:
    return (a + a.transpose()) * arb(fmpq(1, 2))


def _middle(a: Any) -> Any:
    return arb_mat(a.nrows(), a.ncols(), [e.mid() for e in a.entries()])


def _zero(rows: int, columns: int) -> Any:
    return arb_mat(rows, columns, [0] * (rows * columns))


def _column(values: Any) -> Any:
    return arb_mat(len(values), 1, [arb(float(v)) for v in values])
