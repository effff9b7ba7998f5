"""Functions that answer no protocol, followed while a function is traced.

`scipy.special.logsumexp`, `np.asarray` and their kin never ask a traced argument what to do, nor does any function of NumPy ask
the elements of a list. For the time of a trace, the names under which the traced function (or a helper it calls) knows them stand
for a version that does; outside it, and for plain arguments, nothing changes.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import wraps
from types import CellType, FunctionType, ModuleType
from typing import Any

import numpy as np
from scipy import special

from gradcheck.circuit.memory import as_array
from gradcheck.primitives import find
from gradcheck.primitives.trigonometric import SCIPY

_PLAIN = tuple(f for f in vars(special).values() if isinstance(f, FunctionType) and find(f) is not None)
_LOCK = threading.RLock()


def _followed(original: Callable[..., Any]) -> Callable[..., Any]:
    adapter = find(original)
    assert adapter is not None

    @wraps(original)
    def stands_for(*args: Any, **options: Any) -> Any:
        recorder = next(filter(None, map(_recorder, (*args, *options.values()))), None)
        if recorder is None:
            return original(*args, **options)

        def lifted(value: Any) -> Any:
            return value if _recorder(value) is None else recorder.lift(value)

        return recorder.call(adapter, tuple(map(lifted, args)), {k: lifted(v) for k, v in options.items()}, original.__name__)

    return stands_for


def _recorder(x: Any) -> Any:
    """The recorder of a traced array, or of the first traced element in a list or array of them."""
    if isinstance(x, np.ndarray):
        x = list(x.flat) if x.dtype == object else ()
    if isinstance(x, list | tuple):
        return next((found for e in x if (found := _recorder(e)) is not None), None)
    return getattr(x, "recorder", None)


def _made(original: Callable[..., Any], copies: bool) -> Callable[..., Any]:
    """np.array and its kin: of traced values, a traced array."""

    @wraps(original)
    def stands_for(object: Any, dtype: Any = None, *args: Any, **options: Any) -> Any:
        recorder = _recorder(object)
        if recorder is None or (dtype is not None and np.dtype(dtype).kind == "O"):
            return original(object, dtype, *args, **options)
        made = as_array(recorder.lift(object))
        if dtype is not None and np.dtype(dtype) != made.dtype:
            made = made.astype(dtype)
        elif made is object and (options.get("copy", copies) or options.get("order") == "F"):
            made = made.copy(order=options.get("order") or "K")
        missing = options.get("ndmin", 0) - made.ndim
        return np.reshape(made, (1,) * missing + made.shape) if missing > 0 else made

    return stands_for


def _of_lists(original: Callable[..., Any]) -> Callable[..., Any]:
    """A function of NumPy that may be given a list of traced values."""

    @wraps(original)
    def stands_for(a: Any, *args: Any, **options: Any) -> Any:
        recorder = _recorder(a) if isinstance(a, list | tuple | np.ndarray) else None
        return original(a if recorder is None else recorder.lift(a), *args, **options)

    return stands_for


_MADE = (np.asarray, np.asanyarray, np.ascontiguousarray)
_LISTS = (np.mean, np.var, np.std, np.median, np.average, np.cumsum, np.diff)
_STAND_INS: dict[Any, Callable[..., Any]] = {
    np.array: _made(np.array, copies=True),
    np.linalg.norm: _of_lists(np.linalg.norm),
    **{original: _followed(original) for original in _PLAIN},
    **{original: _made(original, copies=False) for original in _MADE},
    **{original: _of_lists(original) for original in _LISTS},
}
_HOMES: list[tuple[dict[str, Any], str]] = [
    (vars(module), name)
    for module in (np, np.linalg, special)
    for name in {f.__name__ for f in _STAND_INS}
    if vars(module).get(name) in _STAND_INS
]


def followed(function: Callable[..., Any]) -> Callable[..., Any]:
    """What is called in place of a function that is itself one of SciPy's plain functions."""
    return next((stand_in for original, stand_in in _STAND_INS.items() if original is function), function)


@contextmanager
def following_scipy(function: Callable[..., Any]) -> Iterator[None]:
    """Let the function and its helpers see SciPy's plain functions in a form that can be traced."""
    with _LOCK, _following_transforms():
        places: list[Place] = [*_HOMES, *_places_in(function)]
        saved = [(place, _read(place)) for place in places]
        try:
            for place, original in saved:
                _write(place, _STAND_INS.get(original, original))
            yield
        finally:
            for place, original in saved:
                _write(place, original)


class _Transforms:
    """A backend for scipy.fft, by the protocol it has for that: traced arrays are followed, others go on to SciPy's own."""

    __ua_domain__ = "numpy.scipy.fft"

    @staticmethod
    def __ua_function__(method: Any, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        x, *rest = args or (options.get("x"),)
        recorder = _recorder(x)
        if recorder is None:
            return NotImplemented
        name, known = method.__name__, SCIPY.get(method.__name__, _unknown)
        for unused in ("x", "overwrite_x", "workers", "plan"):
            options.pop(unused, None)
        return recorder.call(known, (recorder.lift(x), *rest), options, f"fft.{name}")


def _unknown(*args: Any, **options: Any) -> Any:
    raise TypeError("this transform is not followed: compose it of one-dimensional ones")


def _following_transforms() -> AbstractContextManager[Any]:
    """Nothing, unless somebody uses scipy.fft."""
    module = sys.modules.get("scipy.fft")
    return nullcontext() if module is None else module.set_backend(_Transforms)


Place = tuple[dict[str, Any], str] | CellType  # a name in a namespace, or a closure's cell


def _read(place: Place) -> Any:
    return place.cell_contents if isinstance(place, CellType) else place[0][place[1]]


def _write(place: Place, value: Any) -> None:
    if isinstance(place, CellType):
        place.cell_contents = value
    else:
        place[0][place[1]] = value


def _is_plain(value: Any) -> bool:
    return any(value is original for original in _STAND_INS)


def _places_in(function: Any, limit: int = 200) -> Iterator[Place]:
    """Where a function, or a Python function it names, holds one of SciPy's plain functions."""
    waiting: list[Any] = [function]
    seen: set[int] = set()
    while waiting and len(seen) < limit:
        found = waiting.pop()
        current = getattr(found, "__func__", found)
        if not isinstance(current, FunctionType) or id(current) in seen:
            continue
        seen.add(id(current))
        held = list(_held(current))
        yield from (place for place, value in held if _is_plain(value))
        waiting += [value for _, value in held]


def _held(function: FunctionType) -> Iterator[tuple[Place, Any]]:
    """The places a function reads by name, in its closure, and in modules it names, with what they hold."""
    names = code_names(function.__code__)
    yield from ((cell, cell.cell_contents) for cell in function.__closure__ or () if _filled(cell))
    for n in names:
        value = function.__globals__.get(n)
        yield (function.__globals__, n), value
        if isinstance(value, ModuleType) and value.__name__.split(".")[0] not in ("numpy", "scipy"):
            yield from (((vars(value), inner), vars(value).get(inner)) for inner in names)


def code_names(code: Any) -> tuple[str, ...]:
    """Global names a code object and the functions defined inside it read."""
    inner = [n for c in code.co_consts if hasattr(c, "co_names") for n in code_names(c)]
    return (*code.co_names, *inner)


def _filled(cell: CellType) -> bool:
    try:
        cell.cell_contents  # noqa: B018  an empty cell raises here
    except ValueError:
        return False
    return True
