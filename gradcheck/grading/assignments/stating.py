"""A case's function as it is told to students: its program without docstring and comments, and what it takes from around it."""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

SMALL = 30  # entries of an array that a docstring can show
PUBLIC = ("numpy", "scipy.special", "scipy.linalg", "numpy.linalg", "math")


def program(function: Callable[..., Any]) -> str:
    """The function's statements; "" where there is no source."""
    node = _parsed(function)
    return "" if node is None else "\n".join(map(ast.unparse, _without_docstring(node)))


def around(function: Callable[..., Any]) -> str:
    """What the program takes from around it: numbers and small arrays, functions of packages, and the instructor's own helpers in full."""
    constants: dict[str, str] = {}
    helpers: dict[str, str] = {}
    left, seen = [function], {function}
    while left:
        for name, value in _taken(left.pop()):
            if isinstance(value, FunctionType) and not _home(value):
                helpers[name] = _written(value)
                left += [value] if value not in seen else []
                seen.add(value)
            elif callable(value):
                constants[name] = f"is the function of {_home(value)}" if _home(value) else "is a function of the instructor's"
            elif isinstance(value, int | float | np.ndarray | np.generic) and np.size(value) <= SMALL:
                constants[name] = f"= {np.asarray(value).tolist()!r}"
    listed = [f"{name} {text}" for name, text in sorted(constants.items())]
    return "\n\n".join(filter(None, ["\n".join(listed), *helpers.values()]))


def _taken(function: Callable[..., Any]) -> Iterator[tuple[str, Any]]:
    known = inspect.getclosurevars(function)
    both: Mapping[str, Any] = {**known.globals, **known.nonlocals}
    yield from ((n, v) for n, v in sorted(both.items()) if not isinstance(v, ModuleType))


def _home(value: Any) -> str:
    """The package that has the function under its own name; "" for a function of the instructor's."""
    name = getattr(value, "__name__", "")
    return next((m for m in PUBLIC if m in sys.modules and getattr(sys.modules[m], name, None) is value), "")


def _written(function: Callable[..., Any]) -> str:
    node = _parsed(function)
    if node is None:
        return ""
    node.body, node.decorator_list = _without_docstring(node), []
    return ast.unparse(node)


def _without_docstring(node: ast.FunctionDef) -> list[ast.stmt]:
    return node.body[1:] if ast.get_docstring(node) is not None else node.body


def _parsed(function: Callable[..., Any]) -> ast.FunctionDef | None:
    try:
        source = textwrap.dedent(inspect.getsource(function))
        return next(n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.FunctionDef))
    except (OSError, TypeError, SyntaxError, StopIteration):
        return None
