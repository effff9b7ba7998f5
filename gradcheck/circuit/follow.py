"""Plain Python functions of SciPy, which answer no protocol, followed while a function is traced.

`scipy.special.logsumexp` and its kin never ask a traced argument what to do. For the time of a trace, the names
under which the traced function (or a helper it calls) knows them stand for a version that does; outside it,
and for plain arguments, nothing changes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from types import CellType, FunctionType
from typing import Any

from scipy import special

from gradcheck.primitives import find

_PLAIN = (special.logsumexp, special.softmax, special.log_softmax)
_LOCK = threading.RLock()


def _followed(original: Callable[..., Any]) -> Callable[..., Any]:
    adapter = find(original)
    assert adapter is not None

    @wraps(original)
    def stands_for(x: Any, *args: Any, **options: Any) -> Any:
        recorder = getattr(x, "recorder", None)
        return original(x, *args, **options) if recorder is None else recorder.call(adapter, (x, *args), options, original.__name__)

    return stands_for


_STAND_INS: dict[Any, Callable[..., Any]] = {original: _followed(original) for original in _PLAIN}


@contextmanager
def following_scipy(function: Callable[..., Any]) -> Iterator[None]:
    """Let the function and its helpers see SciPy's plain functions in a form that can be traced."""
    with _LOCK:
        places: list[Place] = [(vars(special), original.__name__) for original in _PLAIN]
        places += _places_in(function)
        saved = [(place, _read(place)) for place in places]
        try:
            for place, original in saved:
                _write(place, _STAND_INS.get(original, original))
            yield
        finally:
            for place, original in saved:
                _write(place, original)


Place = tuple[dict[str, Any], str] | CellType  # a name in a namespace, or a closure's cell


def _read(place: Place) -> Any:
    return place.cell_contents if isinstance(place, CellType) else place[0][place[1]]


def _write(place: Place, value: Any) -> None:
    if isinstance(place, CellType):
        place.cell_contents = value
    else:
        place[0][place[1]] = value


def _is_plain(value: Any) -> bool:
    return any(value is original for original in _PLAIN)


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
        held: list[tuple[Place, Any]] = [((current.__globals__, n), current.__globals__.get(n)) for n in code_names(current.__code__)]
        held += [(cell, cell.cell_contents) for cell in current.__closure__ or () if _filled(cell)]
        yield from (place for place, value in held if _is_plain(value))
        waiting += [value for _, value in held]


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
