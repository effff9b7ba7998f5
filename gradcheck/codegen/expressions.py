"""Expressions as Python's own syntax trees, so that brackets are Python's to set, and lines of readable length."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from textwrap import dedent
from typing import Any

import numpy as np

WIDTH = 100
_KNOWN = {k * math.pi: f"{k} * m.pi" if k > 1 else "m.pi" for k in range(100, 0, -1)} | {math.pi / 2: "m.pi / 2", math.e: "m.e"}


def parse(text: str) -> ast.expr:
    """An expression from its text."""
    return ast.parse(text, mode="eval").body


@lru_cache(maxsize=1024)
def _parsed(template: str) -> ast.expr:
    return parse(template)


class _Filling(ast.NodeTransformer):
    def __init__(self, known: Mapping[str, ast.expr]) -> None:
        self.known = known

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.known.get(node.id, node)


def fill(template: str, operands: Sequence[ast.expr], **named: ast.expr) -> ast.expr:
    """A template such as "_0 * np.cos(_1)" with expressions in the places of its names."""
    known = {f"_{i}": operand for i, operand in enumerate(operands)} | named
    return _Filling(known).visit(_copied(_parsed(template)))  # type: ignore[no-any-return]


def _copied(node: ast.expr) -> ast.expr:
    from copy import deepcopy

    return deepcopy(node)


def number(value: Any, module: str = "np") -> ast.expr:
    """A plain number with every bit, a negative one as Python reads it: a sign and a number. `module` is where pi, inf and nan come from."""
    if isinstance(value, np.bool_ | bool):
        return ast.Constant(bool(value))
    if isinstance(value, int | np.integer):
        return _signed(int(value))
    value = float(value)
    if math.isnan(value):
        return parse(f"{module}.nan")
    if math.isinf(value):
        return parse(f"{module}.inf" if value > 0 else f"-{module}.inf")
    if abs(value) in _KNOWN:
        known = fill(_KNOWN[abs(value)], (), m=ast.Name(module))
        return known if value > 0 else ast.UnaryOp(ast.USub(), known)
    return _signed(value)


def _signed(value: float) -> ast.expr:
    negative = math.copysign(1.0, value) < 0
    return ast.UnaryOp(ast.USub(), ast.Constant(-value)) if negative else ast.Constant(value)


def without_sign(node: ast.expr) -> ast.expr | None:
    """The negative of an expression that a sign stands before, or before a factor of: the same to the last bit. None where there is no sign."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return node.operand
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div | ast.MatMult):
        left = without_sign(node.left)
        if left is not None:
            return ast.BinOp(left, node.op, node.right)
        right = without_sign(node.right)
        return None if right is None else ast.BinOp(node.left, node.op, right)
    return None


def text_of(node: ast.expr) -> str:
    """The expression as text, with the fewest brackets, powers of simple operands without spaces."""
    return _hugged(ast.unparse(ast.fix_missing_locations(node)))


_POWER = re.compile(r"(?<![\w.)\]'\"])([A-Za-z_][\w.]*|\d[\w.]*) \*\* (-?\w[\w.]*)(?![\w.(\[]| \*\*)")


def _hugged(text: str) -> str:
    return _POWER.sub(r"\1**\2", text)


def assignment(target: str, node: ast.expr, indent: str = "    ", sign: str = "=") -> list[str]:
    """`target = expression`, over several lines where one is too long."""
    lines = laid_out(f"{indent}{target} {sign} ", node, indent)
    broken = dedent("\n".join(lines))
    if len(lines) > 1 and ast.dump(ast.parse(broken)) != ast.dump(ast.parse(f"{target} {sign} {text_of(node)}")):
        return [f"{indent}{target} {sign} {text_of(node)}"]  # long, but what was meant
    return lines


def laid_out(before: str, node: ast.expr, indent: str, after: str = "") -> list[str]:
    """The lines of `before` and an expression and `after`, broken at its outermost commas or operators where they are too long."""
    whole = f"{before}{text_of(node)}{after}"
    if len(whole) <= WIDTH:
        return [whole]
    deeper = indent + "    "
    if isinstance(node, ast.Call) and len(node.args) == 1 and isinstance(node.args[0], ast.List) and node.args[0].elts:
        options = "".join(f", {q.arg}={text_of(q.value)}" for q in node.keywords)
        return [f"{before}{text_of(node.func)}([", *_items(node.args[0].elts, deeper), f"{indent}]{options}){after}"]
    if isinstance(node, ast.Call) and node.args and not (len(node.args) == 1 and _is_short(node.args[0])):
        parts = [*node.args, *node.keywords]
        return [f"{before}{text_of(node.func)}(", *_items(parts, deeper), f"{indent}){after}"]
    if isinstance(node, ast.List | ast.Tuple) and node.elts:
        left, right = "[]" if isinstance(node, ast.List) else "()"
        return [f"{before}{left}", *_items(node.elts, deeper), f"{indent}{right}{after}"]
    if isinstance(node, ast.BinOp) and not isinstance(node.op, ast.Pow):
        return [f"{before}(", *_terms(node, deeper), f"{indent}){after}"]
    return [whole]


def _is_short(node: ast.expr) -> bool:
    return isinstance(node, ast.Name | ast.Constant)


def _items(parts: Sequence[Any], indent: str) -> list[str]:
    """Numbers many to a line, anything else one to a line."""
    if all(_is_number(p) for p in parts):
        return _filled([text_of(p) for p in parts], indent)
    lines: list[str] = []
    for p in parts:
        if isinstance(p, ast.keyword):
            lines += laid_out(f"{indent}{p.arg}=", p.value, indent, ",")
        else:
            lines += laid_out(indent, p, indent, ",")
    return lines


def _is_number(node: Any) -> bool:
    return isinstance(node, ast.Constant) or (isinstance(node, ast.UnaryOp) and isinstance(node.operand, ast.Constant))


def _filled(items: Sequence[str], indent: str) -> list[str]:
    lines, line = [], indent.rstrip("\n")
    for item in items:
        if len(line) + len(item) + 2 > WIDTH and line.strip():
            lines.append(line.rstrip())
            line = indent
        line += f"{item}, "
    return [*lines, line.rstrip()]


def _terms(node: ast.BinOp, indent: str) -> list[str]:
    """A sum, or a product, one term to a line, the operator before it."""
    sums = isinstance(node.op, ast.Add | ast.Sub)
    alike: tuple[type[ast.operator], ...] = (ast.Add, ast.Sub) if sums else (type(node.op),)
    parts: list[tuple[str, ast.expr]] = []
    left: ast.expr = node
    while isinstance(left, ast.BinOp) and isinstance(left.op, alike):
        parts.append((_SIGN[type(left.op)], left.right))
        left = left.left
    loose = isinstance(left, _LOOSE) or (not sums and isinstance(left, ast.BinOp) and isinstance(left.op, ast.Add | ast.Sub))
    lines = laid_out(f"{indent}(", left, indent, ")") if loose else laid_out(indent, left, indent)
    for sign, part in reversed(parts):
        bracketed = isinstance(part, _LOOSE) or (isinstance(part, ast.BinOp) and (not sums or isinstance(part.op, ast.Add | ast.Sub)))
        lines += laid_out(f"{indent}{sign} (", part, indent, ")") if bracketed else laid_out(f"{indent}{sign} ", part, indent)
    return lines


_LOOSE = (ast.Compare, ast.BoolOp, ast.IfExp, ast.Lambda)
_SIGN: dict[type[ast.operator], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.MatMult: "@", ast.Pow: "**", ast.Mod: "%", ast.FloorDiv: "//",
}  # fmt: skip
