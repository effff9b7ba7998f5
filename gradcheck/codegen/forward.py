"""The function itself, as its author wrote it, with what it needs: imports, constants and functions of its own."""

from __future__ import annotations

import ast
import builtins
import importlib
import inspect
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from gradcheck.case import Case

_LIBRARIES = ("numpy", "scipy", "math")
_HOMES = ("numpy", "numpy.linalg", "numpy.fft", "scipy.special", "scipy.linalg", "scipy.fft", "scipy.stats", "math")
_LONGEST = 4096  # elements of an array that is written out


@dataclass(slots=True)
class Own:
    """Source that stands alone."""

    imports: dict[str, None] = field(default_factory=dict)
    constants: dict[str, Any] = field(default_factory=dict)
    functions: dict[str, str] = field(default_factory=dict)

    def names(self) -> set[str]:
        """What the source defines."""
        return {line.split()[-1] for line in self.imports} | set(self.constants) | set(self.functions)


def own_source(function: Callable[..., Any], name: str) -> Own | None:
    """The function's own source under `name`; None where it leans on what cannot be taken along."""
    own = Own()
    return own if _take(function, name, own, set()) else None


def _take(function: Any, name: str, own: Own, under_way: set[str]) -> bool:
    """Add a function and what it needs; functions that it calls come first."""
    if not isinstance(function, FunctionType) or function.__code__.co_freevars or function.__name__ == "<lambda>":
        return False
    if name in under_way:
        return True
    text, node = _parsed(function)
    if node is None:
        return False
    under_way.add(name)
    inner = {*function.__code__.co_varnames, *_bound(node)}
    parts = [*node.body, node.args]
    wanted = dict.fromkeys(n.id for part in parts for n in ast.walk(part) if isinstance(n, ast.Name) and n.id not in inner)
    for needed in wanted:
        known = function.__globals__
        if needed not in known and hasattr(builtins, needed):
            continue
        if needed not in known or not _add(needed, known[needed], own, under_way):
            return False
    own.functions[name] = _definition(text, node, name)
    return True


def _parsed(function: FunctionType) -> tuple[str, ast.FunctionDef | None]:
    """A function's source, and its tree where it is a plain definition."""
    try:
        text = textwrap.dedent("".join(inspect.getsourcelines(function)[0]))
        node = ast.parse(text).body[0]
    except (OSError, TypeError, SyntaxError, IndexError):
        return "", None
    return text, node if isinstance(node, ast.FunctionDef) else None


def _bound(node: ast.FunctionDef) -> set[str]:
    """Names that the function binds somewhere inside."""
    stored = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    arguments = {a.arg for n in ast.walk(node) if isinstance(n, ast.arguments) for a in (*n.posonlyargs, *n.args, *n.kwonlyargs)}
    return stored | arguments | {n.name for n in ast.walk(node) if isinstance(n, ast.FunctionDef)}


def _definition(text: str, node: ast.FunctionDef, name: str) -> str:
    """The definition without its decorators."""
    lines = text.splitlines()[node.lineno - 1 :]
    lines[0] = lines[0].replace(f"def {node.name}(", f"def {name}(", 1)
    return "\n".join(lines).rstrip() + "\n"


def _add(name: str, value: Any, own: Own, under_way: set[str]) -> bool:
    if isinstance(value, ModuleType):
        if value.__name__.partition(".")[0] not in _LIBRARIES:
            return False
        own.imports[_import(value.__name__, name)] = None
        return True
    if isinstance(value, Case):
        return _take(value.function, name, own, under_way)
    if isinstance(value, bool | int | float | str) or (isinstance(value, np.ndarray | np.generic) and _is_plain(value)):
        own.constants[name] = value
        return True
    home = _home(value)
    if home is not None:
        own.imports[f"from {home} import {value.__name__}" + ("" if value.__name__ == name else f" as {name}")] = None
        return True
    return _take(value, name, own, under_way)


def _import(module: str, name: str) -> str:
    parent, _, last = module.rpartition(".")
    if parent and last == name:
        return f"from {parent} import {name}"
    return f"import {module}" if module == name else f"import {module} as {name}"


def _is_plain(value: Any) -> bool:
    return value.dtype.kind in "fiub" and value.size <= _LONGEST


def _home(value: Any) -> str | None:
    """The public module of NumPy or SciPy that a function comes from."""
    called = getattr(value, "__name__", None)
    if called is None or not callable(value):
        return None
    return next((m for m in _HOMES if getattr(importlib.import_module(m), called, None) is value), None)
