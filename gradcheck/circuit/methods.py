"""The attributes and methods that NumPy gives an array, for traced ones; what reads bits or memory is refused with advice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from gradcheck.circuit import advice
from gradcheck.circuit.inplace import Flat, choose, compress, put
from gradcheck.circuit.ufuncs import elements
from gradcheck.errors import TraceError
from gradcheck.primitives import TABLE

_FUNCTIONS = (
    "sum", "mean", "prod", "max", "min", "var", "std", "squeeze", "dot", "clip", "cumsum", "cumprod", "trace", "swapaxes", "argmax",
    "argmin", "argsort", "take", "any", "all", "repeat", "diagonal", "round", "searchsorted", "nonzero",
)  # fmt: skip
_REFUSED = {
    **dict.fromkeys(("view", "tobytes", "tofile", "dump", "dumps", "getfield", "setfield", "byteswap", "data", "ctypes"), advice.BITS),
    **dict.fromkeys(("resize", "setflags", "argpartition"), advice.METHOD),
    **dict.fromkeys(("__lshift__", "__rlshift__", "__rshift__", "__rrshift__", "__ilshift__", "__irshift__"), advice.BITS),
}  # fmt: skip


def give_methods(to: type) -> None:
    """Methods that users call, and those that object arrays call on an element: x.sqrt() for np.sqrt."""
    for name in _FUNCTIONS:
        setattr(to, name, _method(getattr(np, name)))
    for name, message in _REFUSED.items():
        setattr(to, name, _refusal(name, message))
    for method in (ravel, flatten, fill, sort, partition, item, tolist):
        setattr(to, method.__name__, method)
    setattr(to, "put", put)  # noqa: B010  beside its kin
    to.choose, to.compress = choose, lambda self, condition, axis=None: compress(condition, self, axis)  # type: ignore[attr-defined]
    for name, read in _ATTRIBUTES.items():
        setattr(to, name, read)
    for record in TABLE:
        for function in record.calls if record.elementwise else ():
            if isinstance(function, np.ufunc) and not hasattr(to, function.__name__):
                setattr(to, function.__name__, _method(function))


def _method(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, *args, **options: function(self, *args, **options)


def _refusal(name: str, message: str) -> Callable[..., Any]:
    def refused(self: Any, *args: Any, **options: Any) -> Any:
        raise TraceError(self.recorder.here(message.format(name)))

    return refused


def ravel(self: Any, order: str = "C") -> Any:
    """x.ravel: a view where the numbers lie in a row, else a copy."""
    row = np.reshape(self, (-1,), order=order)  # type: ignore[call-overload]
    in_a_row = not isinstance(self.value, np.ndarray) or self.value.flags.c_contiguous
    return row if in_a_row else row.copy()  # reshape makes a view of more


def flatten(self: Any, order: str = "C") -> Any:
    """x.flatten: always a copy."""
    return np.reshape(self, (-1,), order=order).copy()  # type: ignore[call-overload]


def fill(self: Any, value: Any) -> None:
    """x.fill(value)."""
    self[...] = value


def sort(self: Any, axis: int = -1, **options: Any) -> None:
    """x.sort(): in place."""
    self.becomes(np.sort(self, axis=normalize_axis_index(axis, self.ndim), **options))


def partition(self: Any, kth: Any, axis: int = -1, **options: Any) -> None:
    """x.partition(kth): in place."""
    self.becomes(np.partition(self, kth, axis=normalize_axis_index(axis, self.ndim), **options))


def item(self: Any, *index: Any) -> Any:
    """A plain number, of plain numbers."""
    if self.recorder.varies(self):
        raise TraceError(self.recorder.here(advice.ITEM))
    return self.value.item(*index)


def tolist(self: Any) -> Any:
    """A list of plain numbers, of plain numbers."""
    if self.recorder.varies(self):
        raise TraceError(self.recorder.here(advice.ITEM))
    return self.value.tolist()


def _set_flat(self: Any, value: Any) -> None:
    Flat(self)[:] = value


def _contains(self: Any, value: Any) -> bool:
    return bool(np.any(self == value))


def _divmod(self: Any, other: Any) -> tuple[Any, Any]:
    return self // other, self % other


def _rdivmod(self: Any, other: Any) -> tuple[Any, Any]:
    return other // self, other % self


_ATTRIBUTES: dict[str, Any] = {
    "itemsize": property(lambda self: self.dtype.itemsize),
    "nbytes": property(lambda self: self.dtype.itemsize * self.size),
    "strides": property(lambda self: np.asarray(self.value).strides),
    "flags": property(lambda self: np.asarray(self.value).flags),
    "flat": property(lambda self: Flat(self), _set_flat),
    "__contains__": _contains,
    "__divmod__": _divmod,
    "__rdivmod__": _rdivmod,
    "__round__": lambda self, digits=0: np.round(self, digits or 0),
    "__array__": lambda self, dtype=None, copy=None: as_objects(self, dtype),
}


def as_objects(self: Any, dtype: Any = None) -> Any:
    """A plain array made of a traced one: whole numbers and booleans as decided, floats as objects, whichever function asks."""
    if not self.recorder.varies(self):
        return np.array(self.value, dtype=dtype)
    if self.dtype.kind in "iub":  # carries no derivative: a decision
        return np.array(self.recorder.decide(self, np.asarray), dtype=dtype)
    if dtype is not None and np.dtype(dtype) != object:
        raise TraceError(self.recorder.here(advice.FLOAT))
    return elements(self)
