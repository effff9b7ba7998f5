"""A copy of a function that reads other modules than it was written for: `np` another array library's namespace, say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import CellType, CodeType, FunctionType, ModuleType
from typing import Any

from gradcheck.case import Case

_MISSING = object()
Swap = Callable[[Any], Any]  # what stands in for a value; UNCHANGED where it stays as it is
UNCHANGED = object()


def rebound(function: Callable[..., Any], swap: Swap, libraries: tuple[str, ...]) -> Callable[..., Any]:
    """The function, and the Python functions it calls by name, with every value they read from outside swapped.

    Functions of modules of the `libraries` (by their first name) stay as they are. The function itself and everything it reads are left alone.
    """
    copy: Callable[..., Any] = _Copies(swap, libraries).of(function)
    return copy


class _Copies:
    """Copies made so far: functions may call each other."""

    def __init__(self, swap: Swap, libraries: tuple[str, ...]) -> None:
        self.swap, self.libraries = swap, libraries
        self.known: dict[int, Any] = {}
        self.kept: list[Any] = []  # so that no identity is given twice

    def of(self, value: Any) -> Any:
        """What stands in for a value."""
        if id(value) in self.known:
            return self.known[id(value)]
        self.kept.append(value)
        swapped = self.swap(value)
        if swapped is not UNCHANGED:
            self.known[id(value)] = swapped
            return swapped
        if isinstance(value, Case):
            return self.of(value.function)
        if isinstance(value, FunctionType) and (hasattr(value, "__leaves__") or not self._is_library(value.__module__)):
            return self._function(value)
        if isinstance(value, ModuleType) and not self._is_library(value.__name__):
            self.known[id(value)] = module = _Module(value, self)
            return module
        return value

    def _is_library(self, name: str | None) -> bool:
        return (name or "").partition(".")[0] in self.libraries

    def _function(self, function: FunctionType) -> FunctionType:
        read = {n: function.__globals__[n] for n in names_of(function.__code__) if n in function.__globals__}
        scope: dict[str, Any] = {**function.__globals__}
        cells = tuple(CellType() for _ in function.__closure__ or ())
        copy = FunctionType(function.__code__, scope, function.__name__, None, cells if function.__closure__ else None)
        self.known[id(function)] = copy
        scope |= {n: self.of(v) for n, v in read.items()}
        copy.__defaults__ = None if function.__defaults__ is None else tuple(map(self.of, function.__defaults__))
        copy.__kwdefaults__ = None if function.__kwdefaults__ is None else {k: self.of(v) for k, v in function.__kwdefaults__.items()}
        for cell, original in zip(cells, function.__closure__ or (), strict=True):
            held = _held(original)
            if held is not _MISSING:
                cell.cell_contents = self.of(held)
        return copy


class _Module:
    """A module of the user's, whose members are swapped when they are read."""

    def __init__(self, module: ModuleType, copies: _Copies) -> None:
        self._module, self._copies = module, copies

    def __getattr__(self, name: str) -> Any:
        return self._copies.of(getattr(self._module, name))


def names_of(code: CodeType) -> set[str]:
    """The names that a function reads, and those defined inside it."""
    inner = (names_of(c) for c in code.co_consts if isinstance(c, CodeType))
    return set(code.co_names).union(*inner)


def _held(cell: CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not filled yet
        return _MISSING


def by_identity(pairs: Mapping[int, Any]) -> Swap:
    """Values that stand in by the identity of what they stand for."""
    return lambda value: pairs.get(id(value), UNCHANGED)
