"""NumPy's functions and methods that write into an array, make one like another, or read one element by element."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from gradcheck.circuit import advice
from gradcheck.circuit.memory import as_array, blank, look
from gradcheck.circuit.ufuncs import concrete, is_traced
from gradcheck.errors import TraceError
from gradcheck.primitives import find, shape_of


def _numbered(array: Any) -> Any:
    """The place of each element, counted along the array."""
    return np.arange(array.size).reshape(array.shape)


def _at(places: Any, shape: tuple[int, ...]) -> tuple[Any, ...]:
    return tuple(np.unravel_index(places, shape)) if shape else ()


def _row(values: Any) -> Any:
    return np.reshape(values if is_traced(values) else np.asarray(values), (-1,))


def _cycled(values: Any, count: Any) -> Any:
    """As many values as there are places, from the first again when they run out; `count` may number them itself."""
    row, numbers = _row(values), np.arange(count) if isinstance(count, int) else count
    if shape_of(row)[0] == 0:
        raise ValueError("Cannot insert from an empty array!")
    return row[numbers % shape_of(row)[0]] if shape_of(row)[0] != 1 else row[0]


def _mask(array: Any, mask: Any) -> Any:
    decided = array.recorder.decide(mask, np.asarray) if is_traced(mask) else np.asarray(mask)
    return decided.astype(bool)


def put(a: Any, ind: Any, v: Any, mode: str = "raise") -> None:
    """np.put: values at places counted along the array."""
    places = np.asarray(concrete(ind)).ravel()
    if mode == "raise" and np.any((places < -a.size) | (places >= a.size)):
        np.put(a.value.copy(), places, 0.0)  # NumPy's own error
    places = np.clip(places, 0, a.size - 1) if mode == "clip" else places % a.size
    if 0 not in shape_of(v) and len(places):
        values = _cycled(v, len(places))
        a[_at(places, a.shape)] = values if a.shape or not shape_of(values) else values[-1]


def copyto(dst: Any, src: Any, casting: str = "same_kind", where: Any = True) -> None:
    """np.copyto, everywhere or where a condition holds."""
    kind = src.dtype if is_traced(src) else np.asarray(src).dtype if isinstance(src, np.ndarray | np.generic) else None
    if kind is not None and not np.can_cast(kind, dst.dtype, casting):  # type: ignore[arg-type]
        raise TypeError(f"Cannot cast array data from {kind!r} to {dst.dtype!r} according to the rule '{casting}'")
    if where is True:
        dst[...] = src
    else:
        mask = np.broadcast_to(_mask(dst, where), dst.shape).copy()
        if len(shape_of(src)) > dst.ndim and set(shape_of(src)[: -dst.ndim or None]) == {1}:
            src = np.reshape(src, shape_of(src)[len(shape_of(src)) - dst.ndim :])
        dst[mask] = np.broadcast_to(src, dst.shape)[mask] if shape_of(src) else src


def place(arr: Any, mask: Any, vals: Any) -> None:
    """np.place: the values one after the other where the mask holds."""
    chosen = np.flatnonzero(_mask(arr, mask))
    if len(chosen):
        arr[_at(chosen, arr.shape)] = _cycled(vals, len(chosen))


def putmask(a: Any, mask: Any, values: Any) -> None:
    """np.putmask: each place takes the value of its own number."""
    chosen = np.flatnonzero(_mask(a, mask))
    if len(chosen) and 0 not in shape_of(values):
        a[_at(chosen, a.shape)] = _cycled(values, chosen)


def fill_diagonal(a: Any, val: Any, wrap: bool = False) -> None:
    """np.fill_diagonal."""
    places = _numbered(a)
    np.fill_diagonal(places, -1, wrap)
    chosen = np.flatnonzero(places == -1)
    a[_at(chosen, a.shape)] = _cycled(val, len(chosen))


def put_along_axis(arr: Any, indices: Any, values: Any, axis: int | None) -> None:
    """np.put_along_axis with fixed indices."""
    indices = np.asarray(concrete(indices))
    if axis is None:
        places = np.arange(arr.size)[indices]
    else:
        places = np.take_along_axis(_numbered(arr), indices, axis)
    arr[_at(places, arr.shape)] = values


def apply_along_axis(func1d: Callable[..., Any], axis: int, arr: Any, *args: Any, **kwargs: Any) -> Any:
    """np.apply_along_axis: the function of each line."""
    lines = np.moveaxis(arr, axis, -1)
    front = shape_of(lines)[:-1]
    found = [func1d(lines[index], *args, **kwargs) for index in np.ndindex(front)]
    parts = [f if is_traced(f) else np.asarray(f) for f in found]
    whole = np.reshape(np.stack(parts), (*front, *shape_of(parts[0])))
    ndim = len(shape_of(parts[0]))
    return (
        np.moveaxis(whole, tuple(range(-ndim, 0)), tuple(range(axis % len(shape_of(arr)), axis % len(shape_of(arr)) + ndim)))
        if ndim
        else whole
    )


def nonzero(a: Any) -> Any:
    """np.nonzero: where the elements are not zero is a decision."""
    return np.nonzero(a.recorder.decide(a if a.dtype.kind == "b" else a != 0, np.asarray))


def compress(condition: Any, a: Any, axis: int | None = None, out: Any = None) -> Any:
    """np.compress: what lies where the condition holds."""
    decided = condition.recorder.decide(condition, np.asarray) if is_traced(condition) else np.asarray(condition)
    found = np.take(a, np.flatnonzero(decided), axis=axis)
    return found if out is None else out.becomes(found)


def choose(a: Any, choices: Any, out: Any = None, mode: str = "raise") -> Any:
    """np.choose: of several arrays the one that each place asks for."""
    if mode != "raise":
        raise TypeError("np.choose(mode=) is not followed")
    found: Any = choices[0]
    for k in range(1, len(choices)):
        found = np.where(np.equal(a, k), choices[k], found)
    return found if out is None else out.becomes(found)


def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """np.diagonal: a view that nobody can write into, but that sees writes into its base."""
    places = np.diagonal(_numbered(a), offset, axis1, axis2)
    return look(a, _at(places, a.shape), np.diagonal(a.value, offset, axis1, axis2))


def diag(v: Any, k: int = 0) -> Any:
    """np.diag: of a matrix its diagonal, of a vector the matrix."""
    if v.ndim == 2:
        return diagonal(v, k)
    made = find(np.diag)
    assert made is not None
    return made(v, k)


def rot90(m: Any, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Any:
    """np.rot90 as NumPy does it, by views."""
    k, (first, second) = k % 4, (a % m.ndim for a in axes)
    if k in (0, 2):
        return m[...] if k == 0 else np.flip(np.flip(m, first), second)
    order = list(range(m.ndim))
    order[first], order[second] = order[second], order[first]
    return np.transpose(np.flip(m, second), order) if k == 1 else np.flip(np.transpose(m, order), second)


def rollaxis(a: Any, axis: int, start: int = 0) -> Any:
    """np.rollaxis as a transpose, which is a view."""
    return np.transpose(a, np.rollaxis(np.broadcast_to(0.0, tuple(range(a.ndim))), axis, start).shape)


IN_PLACE: dict[Any, Callable[..., Any]] = {
    np.put: put, np.copyto: copyto, np.place: place, np.putmask: putmask, np.fill_diagonal: fill_diagonal,
    np.put_along_axis: put_along_axis,
}  # fmt: skip
BY_ELEMENT: dict[Any, Callable[..., Any]] = {
    np.copy: lambda a, order="K", subok=False: as_array(a.copy(order)), np.rollaxis: rollaxis, np.diagonal: diagonal, np.diag: diag, np.rot90: rot90, np.flipud: lambda m: np.flip(m, 0), np.fliplr: lambda m: np.flip(m, 1),
    np.ravel: lambda a, order="C": a.ravel(order), np.apply_along_axis: apply_along_axis, np.nonzero: nonzero, np.flatnonzero: lambda a: nonzero(np.ravel(a))[0],
    np.compress: compress, np.extract: lambda condition, arr: compress(np.ravel(condition), np.ravel(arr)), np.choose: choose,
    np.argwhere: lambda a: np.transpose(nonzero(a)),
}  # fmt: skip


def create(like: Any, function: Any, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """np.zeros_like(x) and its kin, np.zeros(n, like=x) too: an array of plain numbers that traced values may be written into."""
    numbers = function(*map(concrete, args), **{k: concrete(v) for k, v in options.items()})
    fills = function in (np.full_like, np.full)
    fill = options.get("fill_value", args[1] if len(args) > 1 else None) if fills else None
    if numbers.dtype.kind != "f" and not is_traced(fill):
        return numbers
    made = blank(like, numbers, written=function not in (np.empty_like, np.empty))
    if is_traced(fill):
        made[...] = fill
    return made


_CREATORS: tuple[Any, ...] = (np.zeros_like, np.ones_like, np.empty_like, np.full_like, np.zeros, np.ones, np.empty, np.full)
CREATE = frozenset(_CREATORS)


class Flat:
    """x.flat of a traced array."""

    def __init__(self, array: Any) -> None:
        self.array, self.index = array, 0

    @property
    def coords(self) -> tuple[int, ...]:
        """The index of the element that comes next."""
        return tuple(map(int, _at(self.index, self.array.shape))) if self.index < len(self) else ()

    def __len__(self) -> int:
        return int(self.array.size)

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        if self.index == len(self):
            raise StopIteration
        coords, self.index = self.coords, self.index + 1
        return self.array[coords] if coords else self.array

    def __getitem__(self, index: Any) -> Any:
        places = _numbered(self.array).flat[concrete(index)]
        return self.array[_at(places, self.array.shape)]

    def __setitem__(self, index: Any, value: Any) -> None:
        places = np.asarray(_numbered(self.array).flat[concrete(index)])
        self.array[_at(places, self.array.shape)] = _cycled(value, places.size) if places.ndim else value


def refuse_plain(recorder: Any, function: Any) -> TraceError:
    """What to say where a traced value is written into a plain array."""
    return TraceError(recorder.here(advice.PLAIN.format(advice.called(function))))
