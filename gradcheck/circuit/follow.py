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
from types import FunctionType
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
        traced = getattr(x, "recorder", None) is not None
        return adapter(x, *args, **options) if traced else original(x, *args, **options)

    return stands_for


_STAND_INS: dict[Any, Callable[..., Any]] = {original: _followed(original) for original in _PLAIN}


@contextmanager
def following_scipy(function: Callable[..., Any]) -> Iterator[None]:
    """Let the function and its helpers see SciPy's plain functions in a form that can be traced."""
    with _LOCK:
        places = [(vars(special), original.__name__) for original in _PLAIN]
        for code_globals, names in reachable_globals(function):
            places += [(code_globals, n) for n in names if _is_plain(code_globals.get(n))]
        saved = [(where, name, where[name]) for where, name in places]
        try:
            for where, name, original in saved:
                where[name] = _STAND_INS.get(original, original)
            yield
        finally:
            for where, name, original in saved:
                where[name] = original


def _is_plain(value: Any) -> bool:
    return any(value is original for original in _PLAIN)


def reachable_globals(function: Any, limit: int = 200) -> Iterator[tuple[dict[str, Any], tuple[str, ...]]]:
    """The global namespaces, with the names read from each, of a function and the Python functions it names."""
    waiting: list[Any] = [function]
    seen: set[int] = set()
    while waiting and len(seen) < limit:
        found = waiting.pop()
        current = getattr(found, "__func__", found)
        if not isinstance(current, FunctionType) or id(current) in seen:
            continue
        seen.add(id(current))
        names = code_names(current.__code__)
        yield current.__globals__, names
        waiting += [current.__globals__.get(n) for n in names]
        waiting += [c.cell_contents for c in current.__closure__ or () if _filled(c)]


def code_names(code: Any) -> tuple[str, ...]:
    """Global names a code object and the functions defined inside it read."""
    inner = [n for c in code.co_consts if hasattr(c, "co_names") for n in code_names(c)]
    return (*code.co_names, *inner)


def _filled(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018  an empty cell raises here
    except ValueError:
        return False
    return True
