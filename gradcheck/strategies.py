"""Hypothesis strategies for what domains hold: values are built inside their bounds, none is drawn and thrown away.

A float is drawn as a range of a table, then a float of that range. The first range holds ordinary values and the second the whole domain, so
that shrinking, which lowers the number of the range and keeps the value, ends at the simplest value that will do: 0, 1, small whole numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from gradcheck.errors import DomainError

Range = tuple[float, float]  # both ends belong to it
WIDTHS = {"float64": 64, "float32": 32, "float16": 16}
ORDINARY = 10.0
OFTEN = 24  # the table holds the ordinary range so many times, beside some thirty others
CLOSER = (4.0, 4.0, 1.0, 1.0)  # ordinary values nearer to 0, each a range of its own
WHOLE = (0.0, 1.0, -1.0, 2.0, -2.0, 3.0, -3.0, 0.5, -0.5)
TAILS = ((16.0, 64.0), (64.0, 1024.0), (1e4, 1e9), (1e100, 1e200))  # exp(-x) is below 2^-53 from 37, infinite from 710
TINY = ((2.0**-30, 2.0**-8), (1e-200, 1e-100), (5e-324, 1e-310))
NEAR = (2.0**-4, 2.0**-10, 2.0**-30)  # distances from an end, in terms of the width, or of the size of the end where there is no other
EACH = 64  # entries drawn one by one; larger arrays are filled with as many, for Hypothesis bounds what an example may take
OWN, TIED, EQUAL, ONE = "own", "tied", "equal", "one"  # what entries are to one another; ONE has a single unusual entry
USUAL = (OWN, True)
WAYS = st.sampled_from((USUAL, USUAL, USUAL, (TIED, True), (ONE, True), (EQUAL, False), (OWN, False), (ONE, True), USUAL, USUAL))
"""With True all is ordinary: where every entry may lie far out, few arrays have a finite sum of squares.
Hypothesis itself repeats values often, so that equal entries are common without their being asked for."""


def reals(shape: tuple[int, ...], low: float, high: float, dtype: Any = np.float64) -> st.SearchStrategy[Any]:
    """Arrays (NumPy scalars for shape ()) of finite floats strictly between `low` and `high`; entries equal to one another among them.

    Raises DomainError where no float of the dtype lies between, or where the dtype is none of float64, float32, float16.
    """
    kind = _kind(dtype)
    ends = inner(low, high, kind)
    return _arrays(kind, shape, _entries(*ends, kind.name, ordinary=False), _entries(*ends, kind.name, ordinary=True))


def integers(shape: tuple[int, ...], low: int, high: int) -> st.SearchStrategy[Any]:
    """Arrays (NumPy scalars for shape ()) of int64 from `low` up to, not including, `high`."""
    entry = st.integers(low, high - 1)
    return _arrays(np.dtype(np.int64), shape, entry, entry)


def fixed(value: Any) -> st.SearchStrategy[Any]:
    """The value itself; an array is copied, for a test may write into it."""
    return st.builds(value.copy) if isinstance(value, np.ndarray) else st.just(value)


def like(value: Any, low: float, high: float) -> st.SearchStrategy[Any]:
    """Floats of the shape and precision of a value, strictly between the bounds; of float64 where the value is no float."""
    kind = np.asarray(value).dtype
    return reals(np.shape(value), low, high, kind if kind.kind == "f" else np.float64)


def stated(points: Sequence[tuple[Any, ...]]) -> list[list[st.SearchStrategy[Any]]]:
    """Points given, argument by argument."""
    return [[fixed(value) for value in point] for point in points]


def either(points: Sequence[Sequence[st.SearchStrategy[Any]]]) -> st.SearchStrategy[tuple[Any, ...]]:
    """Tuples of arguments, drawn in one of several ways; shrinking prefers the first."""
    return st.one_of(*(st.tuples(*arguments) for arguments in points))


def inner(low: float, high: float, kind: np.dtype[Any]) -> Range:
    """The smallest and the largest float of the dtype strictly between the bounds.

    A bound is rounded to the dtype first, as NumPy does where it compares an array with a Python float.
    """
    with np.errstate(over="ignore", under="ignore"):
        first, last = (float(np.nextafter(kind.type(a), kind.type(b))) for a, b in ((low, np.inf), (high, -np.inf)))
    if not first <= last or not np.isfinite(first) or not np.isfinite(last):
        raise DomainError(f"low={low!r}, high={high!r}: no {kind.name} lies strictly between: widen the domain, or use another dtype")
    return first, last


def bounded(first: float, last: float, name: str) -> st.SearchStrategy[float]:
    """Finite floats of the dtype from `first` to `last`, both among them."""
    return st.floats(first, last, allow_nan=False, allow_infinity=False, width=WIDTHS[name])  # type: ignore[arg-type]


@lru_cache(256)
def _entries(first: float, last: float, name: str, *, ordinary: bool) -> st.SearchStrategy[float]:
    """One entry, from `first` to `last`: a range of the table, then a float in it."""
    common, corners = table(first, last, name)
    ranges = common if ordinary else [common[0], (first, last), *corners, *reversed(common)]  # both ends of the table are drawn more often
    drawn = [bounded(*r, name) for r in ranges]
    return st.sampled_from(range(len(drawn))).flatmap(drawn.__getitem__)


def table(first: float, last: float, name: str) -> tuple[list[Range], list[Range]]:
    """Ranges to draw from, each as likely as the next: the ordinary ones, and the corners of the domain. Their ends are floats of the dtype."""
    span = _rounded(_common((-ORDINARY, ORDINARY), (first, last)) or _beside(first, last), name) or (first, last)
    closer = (*((-c, c) for c in CLOSER), *((v, v) for v in WHOLE))
    mirrored = (r for a, b in (*TAILS, *TINY) for r in ((a, b), (-b, -a)))
    ordinary, corners = ([_common(r, (first, last)) for r in ranges] for ranges in (closer, (*mirrored, *_ends(first, last))))
    kept, far = ([r for r in (_rounded(r, name) for r in ranges if r is not None) if r is not None] for ranges in (ordinary, corners))
    return [*[span] * (OFTEN // 2), *kept, *[span] * (OFTEN // 2)], far


def _beside(first: float, last: float) -> Range:
    """Where the domain has no ordinary values: those nearest to 0, over a share of its width."""
    with np.errstate(over="ignore"):
        return (first, min(last, 2.0 * first)) if first > 0 else (max(first, 2.0 * last), last)


def _ends(first: float, last: float) -> list[Range]:
    """Next to the bounds that are not the ends of the floats: the outermost float, and a few distances within."""
    width, found = last / 2 - first / 2, []
    largest = np.finfo(np.float64).max / 4 if abs(first) > 1e300 or abs(last) > 1e300 else np.inf
    for end, inward in ((first, 1.0), (last, -1.0)):
        unit = min(2 * width, max(abs(end), 1.0)) if width < largest else max(abs(end), 1.0)
        steps = [float(end + inward * near * unit) for near in NEAR]
        found += [(end, end), *((min(end, step), max(end, step)) for step in steps if first <= step <= last)]
    return found


def _common(one: Range, other: Range) -> Range | None:
    """What two ranges have in common."""
    first, last = max(one[0], other[0]), min(one[1], other[1])
    return (first, last) if first <= last else None


def _rounded(span: Range, name: str) -> Range | None:
    """The range between floats of the dtype that lie in it; None where there is none."""
    kind = np.dtype(name)
    with np.errstate(over="ignore", under="ignore"):
        first, last = kind.type(span[0]), kind.type(span[1])
        first = first if float(first) >= span[0] else np.nextafter(first, kind.type(np.inf))
        last = last if float(last) <= span[1] else np.nextafter(last, kind.type(-np.inf))
    return (float(first), float(last)) if first <= last else None


@st.composite
def _arrays(
    draw: st.DrawFn, kind: np.dtype[Any], shape: tuple[int, ...], entry: st.SearchStrategy[Any], common: st.SearchStrategy[Any]
) -> Any:
    """Entries of their own, or a few of them repeated. Composite, for Hypothesis then shows the value itself.

    Whatever the way, values are drawn first and alike, so that shrinking can change the way and keep them: ordinary entries of their own come first.
    """
    size = int(np.prod(shape, dtype=int))
    if shape == ():
        return kind.type(draw(entry))
    way, ordinary = draw(WAYS) if size > 1 else (OWN, False)
    values = draw(hnp.arrays(kind, min(size, EACH), elements=common if ordinary else entry, fill=st.nothing()))
    if way == EQUAL:
        return np.full(shape, values[0])
    if way == TIED and size <= EACH:
        values = values[draw(hnp.arrays(np.int64, size, elements=st.integers(0, min(size, 3) - 1), fill=st.nothing()))]
    if size > EACH:  # a seed says which goes where
        values = draw(st.integers(0, 2**16 - 1).map(np.random.default_rng)).choice(values[: 3 if way == TIED else EACH], size)
    if way == ONE:
        values[draw(st.integers(0, size - 1))] = draw(entry)
    return values.reshape(shape)


def _kind(dtype: Any) -> np.dtype[Any]:
    kind: np.dtype[Any] = np.dtype(dtype)
    if kind.name not in WIDTHS:
        raise DomainError(f"dtype={kind.name}: expected one of {', '.join(WIDTHS)}")
    return kind
