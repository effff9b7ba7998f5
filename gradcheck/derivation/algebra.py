"""Formulas as Python expressions over identifiers of ours: put together, made shorter where that is exact, and evaluated."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from copy import deepcopy
from fractions import Fraction
from typing import Any

import numpy as np

from gradcheck.circuit.formulas import NAMESPACE, compiled

LONG = 4000  # characters of a formula beyond which it is not read any more


def parse(text: str) -> ast.expr:
    """The tree of a formula; ValueError where it is no expression, or too long to be read by anybody."""
    if len(text) > LONG:
        raise ValueError(f"a formula of {len(text)} characters")
    try:
        return ast.parse(text, mode="eval").body
    except (SyntaxError, RecursionError, MemoryError) as error:
        raise ValueError(f"no formula: {text[:80]}") from error


def size(tree: ast.AST) -> int:
    """How many nodes a tree has."""
    return sum(1 for _ in ast.walk(tree))


def replaced(tree: ast.expr, by: Mapping[str, ast.expr]) -> ast.expr:
    """A copy of the tree with names replaced by trees."""

    class Replace(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.expr:
            return by.get(node.id, node)

    return Replace().visit(deepcopy(tree))  # type: ignore[no-any-return]


def shorter(tree: ast.expr) -> ast.expr:
    """A copy without factors of 1, exponents of 1 and double signs, and with whole numbers added up."""

    class Shorten(ast.NodeTransformer):
        def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
            self.generic_visit(node)
            return _shorter(node)

        def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
            self.generic_visit(node)
            negative = isinstance(node.op, ast.USub) and isinstance(node.operand, ast.UnaryOp) and isinstance(node.operand.op, ast.USub)
            return node.operand.operand if negative and isinstance(node.operand, ast.UnaryOp) else node

    return Shorten().visit(deepcopy(tree))  # type: ignore[no-any-return]


_FOLDED: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
}


def _shorter(node: ast.BinOp) -> ast.expr:
    left, right = constant_of(node.left), constant_of(node.right)
    fold = _FOLDED.get(type(node.op))
    if fold is not None and left is not None and right is not None:
        found = fold(left, right)
        if np.isfinite(found) and Fraction(found) == fold(Fraction(left), Fraction(right)):
            return number_tree(found)
    if isinstance(node.op, ast.Mult):
        if left in (1, -1):
            return node.right if left == 1 else ast.UnaryOp(ast.USub(), node.right)
        return node.left if right == 1 else _sign_out(node)
    if isinstance(node.op, ast.Add) and isinstance(node.right, ast.UnaryOp) and isinstance(node.right.op, ast.USub):
        return ast.BinOp(node.left, ast.Sub(), node.right.operand)
    return node.left if isinstance(node.op, ast.Div | ast.Pow) and right == 1 else _sign_out(node)


def _sign_out(node: ast.BinOp) -> ast.expr:
    """A sign of the first factor stands before the whole product or quotient."""
    if isinstance(node.op, ast.Mult | ast.Div) and isinstance(node.left, ast.UnaryOp) and isinstance(node.left.op, ast.USub):
        return ast.UnaryOp(ast.USub(), _shorter(ast.BinOp(node.left.operand, node.op, node.right)))
    return node


def constant_of(tree: ast.expr) -> float | int | None:
    """The finite number a tree is, sign included; None for anything else."""
    sign = 1
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub):
        tree, sign = tree.operand, -1
    plain = isinstance(tree, ast.Constant) and isinstance(tree.value, int | float) and not isinstance(tree.value, bool)
    return sign * tree.value if plain and np.isfinite(tree.value) else None  # type: ignore[attr-defined]


def number_tree(value: Any) -> ast.expr:
    """A finite number as a tree, whole ones without a point."""
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 and not (value == 0 and np.signbit(value)):
        value = int(value)
    return ast.UnaryOp(ast.USub(), ast.Constant(-value)) if value < 0 else ast.Constant(value)


def text_of(tree: ast.expr) -> str:
    """A tree as Python."""
    return ast.unparse(ast.fix_missing_locations(tree))


def names_in(tree: ast.AST) -> set[str]:
    """The names a formula reads."""
    return {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}


def is_cut(formula: str) -> bool:
    """Whether a formula was shortened by dots between operands, so that it can be read but not evaluated."""
    return any(isinstance(n, ast.Constant) and n.value is Ellipsis for n in _terms(parse(formula)))


def _terms(tree: ast.expr) -> list[ast.AST]:
    """All nodes but those of indices, where dots mean all axes."""
    found: list[ast.AST] = []
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        found.append(node)
        waiting.extend([node.value] if isinstance(node, ast.Subscript) else ast.iter_child_nodes(node))
    return found


def evaluate(formula: str, values: Mapping[str, Any]) -> Any:
    """What a formula gives, in the rounding of NumPy; raises what NumPy raises."""
    from gradcheck.circuit.source import scope

    names = NAMESPACE | scope() | {"log": np.log, "sqrt": np.sqrt, "pi": np.pi, "exp": np.exp, "slice": slice}
    with np.errstate(all="ignore"):
        return eval(compiled(formula), dict(names), dict(values))  # noqa: S307  formulas of our own
