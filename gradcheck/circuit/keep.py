"""When a kept trace still stands for the function: never stale, or not kept.

A trace depends on everything the function reads besides its arguments: closure cells, globals, defaults, attributes
of modules, and those of the helpers it calls. All of that is listed once. If every item is understood (numbers, text,
functions, modules, arrays), the trace is kept and the list compared at each call; otherwise the function is traced anew
every time. Arrays are compared by content, so writing into one is seen. What cannot be seen: files the function reads
through a library, and changes made to NumPy and SciPy themselves.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import BuiltinFunctionType, CellType, CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

from gradcheck.circuit.follow import code_names

_TRUSTED = ("numpy", "scipy", "math", "builtins", "operator", "_operator", "functools", "_functools", "itertools", "collections", "typing")
_RANDOM = {"random", "rvs"}  # names under which trusted libraries give other numbers each time
_ESCAPES = {"globals", "locals", "vars", "getattr", "eval", "exec", "open", "input", "__import__"}  # what they read has no name here
_ATOMS = (int, float, complex, bool, str, bytes, type(None), np.generic, np.dtype)
_LIBRARY_FUNCTIONS = (FunctionType, BuiltinFunctionType, type(np.sum), type)
_DEPTH, _ITEMS = 6, 2000
_MISSING = object()


@dataclass(frozen=True, slots=True)
class Dependency:
    """One thing a function reads: how to read it now, what it was when traced, and the bits it then held."""

    read: Callable[[], Any]
    seen: Any
    content: Any

    def holds(self) -> bool:
        """Whether it still is what it was."""
        now = self.read()
        if self.content is None:
            return now is self.seen
        return type(now) is type(self.seen) and _content(now) == self.content


def _content(value: Any) -> Any:
    """What tells values apart: bits for numbers and arrays (0.0 and -0.0 differ), identity (None) for the rest."""
    if isinstance(value, np.ndarray | np.generic):
        return value.shape, value.dtype, value.tobytes()
    if isinstance(value, float | complex):
        return np.asarray(value).tobytes()
    return ("is", value) if isinstance(value, _ATOMS) else None


class _OpaqueError(Exception):
    """Something whose changes could not be seen."""


def dependencies(function: Callable[..., Any]) -> tuple[Dependency, ...] | None:
    """Everything the function reads besides its arguments, or None where some of it cannot be watched."""
    inventory = _Inventory()
    try:
        inventory.function(function, _DEPTH)
    except _OpaqueError:
        return None
    return tuple(inventory.found)


class _Inventory:
    """The list of what a function reads, while it is being made."""

    def __init__(self) -> None:
        self.found: list[Dependency] = []
        self.seen: set[int] = set()

    def function(self, function: Any, depth: int) -> None:
        """List what a Python function, and whatever it calls, reads."""
        if id(function) in self.seen:
            return
        self.seen.add(id(function))
        _require(isinstance(function, FunctionType) and depth > 0 and len(self.found) <= _ITEMS)
        if vars(function).get("__derives__", (None,))[0] is function.__code__:  # one of ours: it reads what its function reads
            self.function(vars(function)["__derives__"][1], depth)
            return
        _require(not set(vars(function)) - {"__wrapped__"})  # attributes of a function can change unseen
        names = code_names(function.__code__)
        self.found.append(Dependency(lambda: function.__code__, function.__code__, None))
        for cell in function.__closure__ or ():
            self.watch(_cell_reader(cell), depth, names)
        for name in _global_names(function.__code__):
            self.watch(_global_reader(function, name), depth, names)
        self.watch(lambda: function.__defaults__, depth, names)
        for name in function.__kwdefaults__ or {}:
            self.watch(_default_reader(function, name), depth, names)

    def watch(self, read: Callable[[], Any], depth: int, names: tuple[str, ...]) -> None:
        """List one thing, and what it leads to; `names` are those the code reads from modules."""
        value = read()
        _require(not (isinstance(value, np.ndarray) and value.dtype == object))
        self.found.append(Dependency(read, value, _content(value)))
        if isinstance(value, ModuleType):
            self.module(value, depth, names)
        elif isinstance(value, tuple):
            for item in value:
                self.watch(_constant_reader(item), depth, names)
        elif not (isinstance(value, (*_ATOMS, np.ndarray)) or value is _MISSING or _is_trusted(value)):
            self.function(value, depth - 1)

    def module(self, module: ModuleType, depth: int, names: tuple[str, ...]) -> None:
        """A trusted library is fixed, unless it is asked for random numbers; of other modules what is read is watched."""
        if module.__name__.split(".")[0] in _TRUSTED:
            _require(not _RANDOM & {*names, *module.__name__.split(".")})
            return
        _require(depth > 0)
        for name in names:
            if hasattr(module, name):
                self.watch(_attribute_reader(module, name), depth - 1, names)


def _require(understood: bool) -> None:
    if not understood:
        raise _OpaqueError


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


def _default_reader(function: FunctionType, name: str) -> Callable[[], Any]:
    return lambda: (function.__kwdefaults__ or {}).get(name, _MISSING)


def _attribute_reader(module: ModuleType, name: str) -> Callable[[], Any]:
    return lambda: getattr(module, name, _MISSING)


def _constant_reader(value: Any) -> Callable[[], Any]:
    return lambda: value


def _global_names(code: CodeType) -> Iterator[str]:
    """Names read from module scope by the code and by functions defined in it; attributes are told apart by opcode."""
    import dis

    for instruction in dis.get_instructions(code):
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            _require(instruction.argval not in _ESCAPES)
            yield instruction.argval
        _require(instruction.opname not in ("STORE_GLOBAL", "IMPORT_NAME"))
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _global_names(constant)


def _is_trusted(value: Any) -> bool:
    """A function or class of a trusted library, bound to nothing that could change and not random."""
    if isinstance(value, np.ufunc):
        return True
    module = str(getattr(value, "__module__", None) or "builtins").split(".")
    bound = getattr(value, "__self__", None) if isinstance(value, BuiltinFunctionType) else None
    free = bound is None or isinstance(bound, ModuleType)
    return isinstance(value, _LIBRARY_FUNCTIONS) and free and module[0] in _TRUSTED and not _RANDOM & set(module)
