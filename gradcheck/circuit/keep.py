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
from functools import lru_cache
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

from gradcheck.circuit.follow import code_names

_TRUSTED = ("numpy", "scipy", "math", "builtins", "operator", "_operator", "functools", "_functools", "itertools", "collections", "typing")
_RANDOM = {"random", "rvs"}  # names under which trusted libraries give other numbers each time
_ESCAPES = {"globals", "locals", "vars", "getattr", "eval", "exec", "open", "input", "__import__"}  # what they read has no name here
_ATOMS = (int, float, complex, bool, str, bytes, type(None), np.generic, np.dtype)
_LIBRARY_FUNCTIONS = (FunctionType, BuiltinFunctionType, type(np.sum), type)
_DEPTH, _ITEMS = 6, 2000
MISSING = object()  # what stands for something that is not there


@dataclass(frozen=True, slots=True)
class Reader:
    """How to read one thing a function depends on: Python source, with the objects it refers to as {0} and {1}."""

    text: str
    objects: tuple[Any, ...]

    def now(self) -> Any:
        """What it is now; MISSING where it is not there."""
        try:
            return _reading(self.text, len(self.objects))(MISSING, *self.objects)
        except (ValueError, AttributeError):  # an empty cell; an attribute that was deleted
            return MISSING


@lru_cache(maxsize=64)
def _reading(text: str, count: int) -> Callable[..., Any]:
    names = [f"o{i}" for i in range(count)]
    return eval(f"lambda {', '.join(['_MISSING', *names])}: {text.format(*names)}")  # type: ignore[no-any-return]  # noqa: S307  the few texts below


@dataclass(frozen=True, slots=True)
class Dependency:
    """One thing a function reads: how to read it now, what it was when traced, and the bits it then held."""

    reader: Reader
    seen: Any
    content: Any

    def holds(self) -> bool:
        """Whether it still is what it was."""
        now = self.reader.now()
        if self.content is None:
            return now is self.seen
        return type(now) is type(self.seen) and _content(now) == self.content

    def unchanged(self) -> tuple[str, tuple[Any, ...]]:
        """Source that is true only while it holds, with its objects: quicker than `holds`, and stricter for equal numbers."""
        objects = (*self.reader.objects, self.seen)
        same = f"{self.reader.text} is {{{len(objects) - 1}}}"
        if not isinstance(self.seen, np.ndarray):
            return same, objects
        n = len(objects)
        return f"{same} and {{{n}}}({{{n - 1}}}, {{{n + 1}}})", (*objects, same_bits, bits(self.seen))


def bits(array: Any) -> Any:
    """A copy of what an array holds, shaped to be compared with it quickly."""
    return (array.shape, array.dtype, _words(array).copy() if _is_flat(array) else array.tobytes())


def same_bits(array: Any, kept: Any) -> bool:
    """Whether an array still holds what `bits` copied."""
    shape, dtype, content = kept
    if array.shape != shape or array.dtype != dtype:
        return False
    if isinstance(content, bytes):
        return bool(array.tobytes() == content)
    return _is_flat(array) and bool((_words(array) == content).all())


def _is_flat(array: Any) -> bool:
    return bool(array.flags.c_contiguous and array.nbytes % 8 == 0 and array.ndim)


def _words(array: Any) -> Any:
    return array.reshape(-1).view(np.int64)


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
        self.found.append(Dependency(Reader("{0}.__code__", (function,)), function.__code__, None))
        for cell in function.__closure__ or ():
            self.watch(Reader("{0}.cell_contents", (cell,)), depth, names)
        for name in _global_names(function.__code__):
            self.watch(_global_reader(function, name), depth, names)
        self.watch(Reader("{0}.__defaults__", (function,)), depth, names)
        for name in function.__kwdefaults__ or {}:
            self.watch(Reader("({0}.__kwdefaults__ or {{}}).get({1}, _MISSING)", (function, name)), depth, names)

    def watch(self, reader: Reader, depth: int, names: tuple[str, ...]) -> None:
        """List one thing, and what it leads to; `names` are those the code reads from modules."""
        value = reader.now()
        _require(not (isinstance(value, np.ndarray) and value.dtype == object))
        self.found.append(Dependency(reader, value, _content(value)))
        if isinstance(value, ModuleType):
            self.module(value, depth, names)
        elif isinstance(value, tuple):
            for item in value:
                self.watch(Reader("{0}", (item,)), depth, names)
        elif not (isinstance(value, (*_ATOMS, np.ndarray)) or value is MISSING or _is_trusted(value)):
            self.function(value, depth - 1)

    def module(self, module: ModuleType, depth: int, names: tuple[str, ...]) -> None:
        """A trusted library is fixed, unless it is asked for random numbers; of other modules what is read is watched."""
        if module.__name__.split(".")[0] in _TRUSTED:
            _require(not _RANDOM & {*names, *module.__name__.split(".")})
            return
        _require(depth > 0)
        for name in names:
            if hasattr(module, name):
                self.watch(Reader("getattr({0}, {1}, _MISSING)", (module, name)), depth - 1, names)


def _require(understood: bool) -> None:
    if not understood:
        raise _OpaqueError


def _global_reader(function: FunctionType, name: str) -> Reader:
    """A name of module scope, as Python looks it up: the module first, built-in names after it."""
    builtin = getattr(builtins, name, MISSING)
    return Reader("{0}.get({1}, {2})", (function.__globals__, name, builtin))


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
