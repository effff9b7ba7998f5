"""The cases of a module, and those that its source writes and that cannot be found: a case must not be lost in silence."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any

from gradcheck.case import Case, case

CONTAINERS = (list, tuple)


def cases_of(module: ModuleType) -> list[Case]:
    """The module's own cases in the order of its names, those in its lists, tuples and dicts too; not those it imports."""
    return [c for c in dict.fromkeys(_all_of(module)) if _is_own(c, module)]


def _all_of(module: ModuleType) -> Iterator[Case]:
    for value in vars(module).values():
        if isinstance(value, Case):
            yield value
        elif isinstance(value, CONTAINERS):
            yield from (v for v in value if isinstance(v, Case))
        elif isinstance(value, dict) and value is not vars(module):
            yield from (v for v in value.values() if isinstance(v, Case))


def _is_own(found: Case, module: ModuleType) -> bool:
    """Whether the module made a case itself, or had it made by a helper: whatever no other module holds is its own."""
    if module.__name__ in (found.module, found.function.__module__):
        return True
    return not any(_holds(sys.modules.get(name), found) for name in (found.module, found.function.__module__))


def _holds(module: ModuleType | None, found: Case) -> bool:
    return module is not None and any(c is found for c in _all_of(module))


def lost_in(module: ModuleType, source: str) -> Iterator[tuple[int, str]]:
    """Cases that the source decorates and that the module does not hold: the line of each, and why it is not found.

    Looked for at the top of the file and in classes. What stands under a condition may be left out on purpose.
    """
    written = {min(d.lineno for d in node.decorator_list): (node, inside) for node, inside in _decorated(ast.parse(source), vars(module))}
    held = list(_all_of(module))
    for line, (node, inside) in written.items():
        other = next((c.line for c in held if c.name == node.name), None)
        if any(c.line == line for c in held) or (other is not None and other not in written):
            continue  # the second: what another decorator has wrapped has that one's line
        if inside:
            why = f"is inside {inside}, where no case is looked for: move it to the top of the file"
        else:
            why = (
                f"is hidden by the one at line {other}: rename one"
                if other
                else "is lost: its name was given to something else, or deleted"
            )
        yield line, f"case {node.name} {why}"


def _decorated(node: ast.AST, names: Mapping[str, Any], inside: str = "") -> Iterator[tuple[ast.FunctionDef, str]]:
    """Functions decorated with `case`, and the class they stand in."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef) and any(_is_case(d, names) for d in child.decorator_list):
            yield child, inside
        elif isinstance(child, ast.ClassDef | ast.With):
            yield from _decorated(child, names, f"class {child.name}" if isinstance(child, ast.ClassDef) else inside)


def _is_case(decorator: ast.expr, names: Mapping[str, Any]) -> bool:
    """Whether a decorator is `case`, under whatever name the module has it."""
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    if isinstance(called, ast.Name):
        return names.get(called.id) is case
    return (
        isinstance(called, ast.Attribute)
        and isinstance(called.value, ast.Name)
        and getattr(names.get(called.value.id), called.attr, None) is case
    )
