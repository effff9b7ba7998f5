"""When a kept trace still stands for the function: never stale, or not kept.

A trace depends on everything the function reads besides its arguments: closure cells, globals, defaults, attributes
of modules, and those of the helpers it calls. All of that is listed once. If every item is understood (numbers, text,
functions, modules, arrays), the trace is kept and the list compared at each call; otherwise the function is traced anew
every time. Arrays are compared by content, so writing into one is seen. What cannot be seen: a random generator
created inside the function, and files or clocks it reads.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import BuiltinFunctionType, CellType, FunctionType, ModuleType
from typing import Any

import numpy as np

_TRUSTED = ("numpy", "scipy", "math", "builtins", "operator", "functools", "itertools", "collections", "typing")
_ATOMS = (int, float, complex, bool, str, bytes, type(None), np.generic, np.dtype)
_DEPTH, _ITEMS = 6, 2000
_MISSING = object()


@dataclass(frozen=True, slots=True)
class Dependency:
    """One thing a function reads: how to read it now, and what it was when traced."""

    read: Callable[[], Any]
    seen: Any
    copy: Any

    def holds(self) -> bool:
        """Whether it still is what it was."""
        now = self.read()
        if now is not self.seen:
            return isinstance(now, _ATOMS) and type(now) is type(self.seen) and bool(now == self.seen)
        return self.copy is None or np.array_equal(now, self.copy)


class _OpaqueError(Exception):
    """Something whose changes could not be seen."""


def dependencies(function: Callable[..., Any]) -> tuple[Dependency, ...] | None:
    """Everything the function reads besides its arguments, or None where some of it cannot be watched."""
    found: list[Dependency] = []
    try:
        _function(function, found, set(), _DEPTH)
    except _OpaqueError:
        return None
    return tuple(found)


def _function(function: Any, found: list[Dependency], seen: set[int], depth: int) -> None:
    if id(function) in seen:
        return
    seen.add(id(function))
    if not isinstance(function, FunctionType) or depth == 0 or len(found) > _ITEMS:
        raise _OpaqueError
    for cell in function.__closure__ or ():
        _watch(_cell_reader(cell), found, seen, depth)
    for name in _global_names(function.__code__):
        _watch(_global_reader(function, name), found, seen, depth, names=function.__code__.co_names)
    for default in (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()):
        _watch(_constant_reader(default), found, seen, depth)


def _cell_reader(cell: CellType) -> Callable[[], Any]:
    def read() -> Any:
        try:
            return cell.cell_contents
        except ValueError:
            return _MISSING

    return read


def _global_reader(function: FunctionType, name: str) -> Callable[[], Any]:
    namespace = function.__globals__
    return lambda: namespace.get(name, getattr(builtins, name, _MISSING))


def _constant_reader(value: Any) -> Callable[[], Any]:
    return lambda: value


def _global_names(code: Any) -> Iterator[str]:
    """Names read from module scope by the code and by functions defined in it; attributes are told apart by opcode."""
    import dis

    for instruction in dis.get_instructions(code):
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            yield instruction.argval
        if instruction.opname in ("STORE_GLOBAL", "IMPORT_NAME"):
            raise _OpaqueError
    for constant in code.co_consts:
        if hasattr(constant, "co_names"):
            yield from _global_names(constant)


def _watch(read: Callable[[], Any], found: list[Dependency], seen: set[int], depth: int, names: tuple[str, ...] = ()) -> None:
    """List one thing, and what it leads to."""
    value = read()
    if isinstance(value, np.ndarray):
        if value.dtype == object:
            raise _OpaqueError
        found.append(Dependency(read, value, value.copy()))
    elif isinstance(value, ModuleType):
        _module(value, read, names, found, seen, depth)
    elif isinstance(value, tuple):
        found.append(Dependency(read, value, None))
        for item in value:
            _watch(_constant_reader(item), found, seen, depth)
    else:
        found.append(Dependency(read, value, None))
        _leads_on(value, found, seen, depth)


def _leads_on(value: Any, found: list[Dependency], seen: set[int], depth: int) -> None:
    if isinstance(value, _ATOMS) or value is _MISSING or _is_trusted(value):
        return
    if isinstance(value, BuiltinFunctionType | type):
        return
    _function(value, found, seen, depth - 1)


def _is_trusted(value: Any) -> bool:
    module = getattr(value, "__module__", None) or getattr(type(value), "__module__", "")
    return isinstance(value, np.ufunc) or (callable(value) and str(module).split(".")[0] in _TRUSTED and not _is_random(value))


def _is_random(value: Any) -> bool:
    return "random" in str(getattr(value, "__module__", "")) or isinstance(value, np.random.Generator | np.random.RandomState)


def _module(
    module: ModuleType, read: Callable[[], Any], names: tuple[str, ...], found: list[Dependency], seen: set[int], depth: int
) -> None:
    """A trusted library is fixed, unless it is asked for random numbers; of other modules what is read is watched."""
    found.append(Dependency(read, module, None))
    if module.__name__.split(".")[0] in _TRUSTED:
        if "random" in names or "random" in module.__name__:
            raise _OpaqueError
        return
    for name in names:
        if hasattr(module, name):
            _watch(_attribute_reader(module, name), found, seen, depth - 1, names)


def _attribute_reader(module: ModuleType, name: str) -> Callable[[], Any]:
    return lambda: getattr(module, name, _MISSING)
