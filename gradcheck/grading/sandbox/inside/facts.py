"""What a submission's source says, read off its syntax before any of it runs."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

_SMALL = 0.01  # a literal this small may be the step of a finite difference
_MAKERS = frozenset(
    (
        "array",
        "asarray",
        "zeros",
        "ones",
        "full",
        "eye",
        "identity",
        "float64",
        "float",
        "int",
        "arange",
        "linspace",
        "tuple",
        "list",
        "dict",
    )
)
_NAMES = frozenset(
    ("id", "name", "arg", "asname", "lineno", "col_offset", "end_lineno", "end_col_offset", "ctx", "type_comment", "kind", "type_ignores")
)


class Said(NamedTuple):
    """See `Facts`; here as plain text, to cross the walls."""

    imports: tuple[str, ...]
    functions: tuple[str, ...]
    constant: tuple[str, ...]
    shape: str
    steps: dict[str, tuple[float, ...]]


def read(sources: Sequence[bytes | str], others: Sequence[bytes] = ()) -> Said:
    """The facts of a file (or of the cells of a notebook, those that parse), with the imports of `others` beside it. Raises what `ast.parse` raises."""
    trees = [ast.parse(sources[0])] if len(sources) == 1 else [tree for tree in map(_parsed, sources) if tree is not None]
    body = [(node, _walk(node)) for tree in trees for node in tree.body]
    beside = [node for tree in map(_parsed, others) if tree is not None for node in _walk(tree)]
    functions = {node.name: nodes for node, nodes in body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    return Said(
        imports=tuple(sorted({name for nodes in [*(nodes for _, nodes in body), beside] for name in _imports(nodes)})),
        functions=tuple(functions),
        constant=tuple(name for name, nodes in functions.items() if _is_constant(nodes)),
        shape=_shape([nodes for _, nodes in body]),
        steps={name: found for name, found in _steps(body, functions).items() if found},
    )


def first(lines: Iterable[str], most: int) -> Iterator[str]:
    """As many as fit into a text of so many characters, none of them cut."""
    for line in lines:
        most -= len(line) + 1
        if most < 0:
            return
        yield line


def _parsed(source: bytes | str) -> ast.Module | None:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError, LookupError):
        return None


def _imports(nodes: Sequence[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield node.module.partition(".")[0]


def _walk(tree: ast.AST) -> list[ast.AST]:
    """Every node but contexts and docstrings, parents first, in the order of the source. Sources nest deeper than calls may."""
    found, waiting = [], [tree]
    while waiting:
        node = waiting.pop()
        if _is_bare_text(node):
            continue
        found.append(node)
        children = []
        for name in node._fields:
            value = getattr(node, name, None)
            if isinstance(value, list):
                children += [item for item in value if isinstance(item, ast.AST)]
            elif isinstance(value, ast.AST) and name != "ctx":
                children.append(value)
        waiting += reversed(children)
    return found


def _shape(body: Sequence[Sequence[ast.AST]]) -> str:
    text = []
    for nodes in body:
        for node in nodes:
            parts = [value for name in node._fields if name not in _NAMES for value in (getattr(node, name, None),)]
            held = [
                sum(not _is_bare_text(item) for item in value)
                if isinstance(value, list)
                else "."
                if isinstance(value, ast.AST)
                else repr(value)
                for value in parts
            ]
            text.append(f"{type(node).__name__}{held}")
    return hashlib.sha256("".join(text).encode("utf-8", "replace")).hexdigest()


def _is_bare_text(node: object) -> bool:
    """A docstring, or text that stands for a comment."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _is_constant(nodes: Sequence[ast.AST]) -> bool:
    """Whether a function returns numbers written down, whatever it is given."""
    returned = [node.value for node in nodes if isinstance(node, ast.Return) and node.value is not None]
    assigned = {
        target.id: node.value for node in nodes if isinstance(node, ast.Assign) for target in node.targets if isinstance(target, ast.Name)
    }
    return bool(returned) and all(_written(value, assigned) for value in returned) and any(_numbers(value, assigned) for value in returned)


def _written(value: ast.AST, assigned: Mapping[str, ast.expr], depth: int = 8) -> bool:
    makers = {id(node.func) for node in _walk(value) if isinstance(node, ast.Call) and _called(node) in _MAKERS}
    inside = {id(child) for node in _walk(value) if id(node) in makers for child in _walk(node)}
    for node in _walk(value):
        if isinstance(node, ast.Call) and id(node.func) not in makers:
            return False
        if isinstance(node, ast.Attribute) and id(node) not in inside:
            return False
        if (
            isinstance(node, ast.Name)
            and id(node) not in inside
            and not (depth and node.id in assigned and _written(assigned[node.id], assigned, depth - 1))
        ):
            return False
    return True


def _numbers(value: ast.AST, assigned: Mapping[str, ast.expr]) -> bool:
    nodes = [
        *_walk(value),
        *(inner for node in _walk(value) if isinstance(node, ast.Name) and node.id in assigned for inner in _walk(assigned[node.id])),
    ]
    return any(isinstance(node, ast.Constant) and type(node.value) in (int, float, complex) for node in nodes)


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id if isinstance(node.func, ast.Name) else ""


def _steps(body: Sequence[tuple[ast.stmt, Sequence[ast.AST]]], functions: Mapping[str, Sequence[ast.AST]]) -> dict[str, tuple[float, ...]]:
    """Small literals by function; those named at top level count where the name is used."""
    named = {
        target.id: tuple(_small(nodes))
        for node, nodes in body
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }
    found = {}
    for name, nodes in functions.items():
        used = [step for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) for step in named.get(node.id, ())]
        found[name] = tuple(sorted({*_small(nodes), *used}))
    return found


def _small(nodes: Sequence[ast.AST]) -> Iterator[float]:
    for node in nodes:
        value = _literal(node)
        if value is not None and 0 < value <= _SMALL:
            yield value


def _literal(node: ast.AST) -> float | None:
    """1e-6, or 10**-6 in its ways."""
    if isinstance(node, ast.Constant):
        return float(node.value) if type(node.value) is float else None
    if (
        isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.Pow)
        and isinstance(node.left, ast.Constant)
        and isinstance(node.right, ast.UnaryOp)
    ):
        base, power = node.left.value, node.right.operand
        if (
            isinstance(node.right.op, ast.USub)
            and isinstance(power, ast.Constant)
            and isinstance(base, int | float)
            and type(power.value) in (int, float)
        ):
            try:
                return float(float(base) ** -float(power.value))  # type: ignore[arg-type]
            except (OverflowError, ZeroDivisionError, TypeError):
                return None
    return None
