"""Slips of the pen in a formula: every expression that one small edit of a given one makes.

A formula is Python source over the names of its operands, `g` among them for the cotangent. Edits are enumerated over its syntax
tree, and those that forget brackets over its text: that is how the slip happens.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial

from gradcheck.primitives.textbook import NEIGHBOURS

OPERATORS: dict[type, tuple[type, ...]] = {ast.Add: (ast.Sub,), ast.Sub: (ast.Add,), ast.Mult: (ast.Div,), ast.Div: (ast.Mult,)}
LINEAR = (ast.Mult, ast.Div)
AXES = ("axis",)
REDUCED = {  # how a sum that undoes a broadcast is miswritten: the helper, and the kind
    "mean_to": "factor", "largest_to": "missing-path", "smallest_to": "missing-path", "total_to": "wrong-axis",
    "first_to": "missing-sum", "last_to": "missing-sum", "other_to": "wrong-axis",
}  # fmt: skip
BRACKETED = 3  # pairs of brackets forgotten at once


@dataclass(frozen=True, slots=True)
class Slip:
    """A miswritten formula. `rank` orders slips by how common they are: 1 is the most common."""

    kind: str
    text: str
    rank: float


@dataclass(frozen=True, slots=True)
class _Variant:
    """A tree with one edit: what was edited, what went in and came out, and whether it stands in a comparison or an exponent."""

    node: ast.expr
    edit: str
    old: ast.AST | None = None
    new: ast.AST | None = None
    inside: str = ""


@lru_cache(maxsize=4096)
def slips(text: str, names: tuple[str, ...]) -> tuple[Slip, ...]:
    """All slips of a formula over the names given, the most common first; each text once."""
    tree = ast.parse(text, mode="eval").body
    plain = ast.unparse(tree)
    found: dict[str, Slip] = {}
    for variant in _variants(tree, names, ""):
        written = ast.unparse(variant.node)
        slip = _classified(variant, written, tree)
        if written != plain and (written not in found or slip.rank < found[written].rank):
            found[written] = slip
    for slip in (*_throughout(plain), *_renamed_throughout(tree, names)):
        found.setdefault(slip.text, slip)
    for written in _without_brackets(plain):
        found.setdefault(written, Slip("precedence", written, 2.5))
    return tuple(sorted(found.values(), key=lambda s: s.rank))


def _variants(node: ast.expr, names: tuple[str, ...], inside: str) -> Iterator[_Variant]:
    """One edit anywhere in the tree."""
    yield from _here(node, names, inside)
    for field, child, below in _children(node):
        within = _context(node, field, inside)
        for v in _variants(child, names, within):
            yield _Variant(below(v.node), v.edit, v.old, v.new, v.inside)


def _context(node: ast.expr, field: str, inside: str) -> str:
    if isinstance(node, ast.Compare):
        return "comparison"
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow) and field == "right":
        return inside or "exponent"
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        return inside or "sum"
    if isinstance(node, ast.Call):
        name = _function(node)
        return "axis" if name == "softmax" else inside or ("" if name == "sum_to" else "call")
    return inside


def _children(node: ast.expr) -> Iterator[tuple[str, ast.expr, Callable[[ast.expr], ast.expr]]]:
    if isinstance(node, ast.BinOp):
        yield "left", node.left, lambda n: ast.BinOp(n, node.op, node.right)
        yield "right", node.right, lambda n: ast.BinOp(node.left, node.op, n)
    elif isinstance(node, ast.UnaryOp):
        yield "operand", node.operand, lambda n: ast.UnaryOp(node.op, n)
    elif isinstance(node, ast.Compare):
        yield "left", node.left, lambda n: ast.Compare(n, node.ops, node.comparators)
        yield "right", node.comparators[0], lambda n: ast.Compare(node.left, node.ops, [n])
    elif isinstance(node, ast.Call):
        for i, argument in enumerate(node.args):
            if not isinstance(argument, ast.Tuple):
                yield "args", argument, partial(_with_argument, node, i)
    elif isinstance(node, ast.Attribute):
        yield "value", node.value, lambda n: ast.Attribute(n, node.attr, ast.Load())


def _with_argument(call: ast.Call, i: int, argument: ast.expr) -> ast.expr:
    return ast.Call(call.func, [*call.args[:i], argument, *call.args[i + 1 :]], call.keywords)


def _here(node: ast.expr, names: tuple[str, ...], inside: str) -> Iterator[_Variant]:
    """Edits of one node."""
    if isinstance(node, ast.Name) and node.id in names:
        for other in names:
            if other != node.id:
                yield _Variant(ast.Name(other), "name", node, ast.Name(other), inside)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        changed: tuple[float | None, ...] = (node.value - 1, node.value + 1, 2 * node.value, node.value / 2, 1)
        for value in dict.fromkeys((None, 0, 1) if inside == "axis" else changed):
            yield _Variant(ast.Constant(value), "constant", node, ast.Constant(value), inside)
    elif isinstance(node, ast.BinOp):
        yield from _of_operation(node, inside)
    elif isinstance(node, ast.UnaryOp):
        yield _Variant(node.operand, "constant" if inside == "axis" else "sign", node, node.operand, inside)
        if inside == "axis":
            yield _Variant(ast.Constant(None), "constant", node, None, inside)
    elif isinstance(node, ast.Compare):
        yield from _of_comparison(node, inside)
    elif isinstance(node, ast.Call):
        yield from _of_call(node, inside)
    elif isinstance(node, ast.Attribute) and node.attr == "T":
        yield _Variant(node.value, "transposed", node, node.value, inside)


def _of_operation(node: ast.BinOp, inside: str) -> Iterator[_Variant]:
    drop = "term" if isinstance(node.op, ast.Add | ast.Sub) else "exponent" if isinstance(node.op, ast.Pow) else "drop"
    yield _Variant(node.left, drop, node.right, node.left, inside)
    if not isinstance(node.op, ast.Pow):
        keeps = ast.UnaryOp(ast.USub(), node.right) if isinstance(node.op, ast.Sub) else node.right
        inverse = ast.BinOp(ast.Constant(1), ast.Div(), node.right) if isinstance(node.op, ast.Div) else keeps
        yield _Variant(inverse, drop, node.left, inverse, inside)
    for other in OPERATORS.get(type(node.op), ()):
        yield _Variant(ast.BinOp(node.left, other(), node.right), "operator", node, other(), inside)
    if isinstance(node.op, ast.Sub | ast.Div | ast.Pow | ast.MatMult):
        yield _Variant(ast.BinOp(node.right, node.op, node.left), "swap", node, None, inside)
    if isinstance(node.op, ast.MatMult):
        yield _Variant(ast.Attribute(node, "T", ast.Load()), "transposed", node, None, inside)
        for side in ("left", "right"):
            bare = getattr(node, side)
            if not isinstance(bare, ast.Attribute):
                turned = ast.Attribute(bare, "T", ast.Load())
                sides = (turned, node.right) if side == "left" else (node.left, turned)
                yield _Variant(ast.BinOp(sides[0], node.op, sides[1]), "transposed", bare, turned, inside)


def _of_comparison(node: ast.Compare, inside: str) -> Iterator[_Variant]:
    opposite = {ast.Gt: ast.Lt, ast.Lt: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.GtE: ast.LtE, ast.LtE: ast.GtE}
    yield _Variant(ast.Compare(node.left, [opposite[type(node.ops[0])]()], node.comparators), "comparison", node, None, inside)


def _of_call(node: ast.Call, inside: str) -> Iterator[_Variant]:
    name = _function(node)
    if name == "sum_to":
        for helper in REDUCED:
            yield _Variant(ast.Call(ast.Name(helper), node.args, []), "reduced", node, ast.Name(helper), inside)
        return
    if name in ("sum", "mean") and node.keywords:
        yield _Variant(node.args[0], "drop sum", node, node.args[0], inside)
        yield _Variant(ast.Call(_named("mean" if name == "sum" else "sum"), node.args, node.keywords), "mean", node, None, inside)
        bare = [k for k in node.keywords if k.arg != "keepdims"]
        if len(bare) < len(node.keywords):
            yield _Variant(ast.Call(node.func, node.args, bare), "axis", node, None, inside)
        for axis in (ast.Constant(None), ast.Constant(0), ast.Constant(-1)):
            others = [ast.keyword("axis", axis) if k.arg == "axis" else k for k in node.keywords]
            yield _Variant(ast.Call(node.func, node.args, others), "axis", node, None, inside)
        return
    if name in ("flip", "cumsum"):
        yield _Variant(node.args[0], "order", node, node.args[0], inside)
        return
    for other in NEIGHBOURS.get(name, ()):
        yield _Variant(ast.Call(_named(other), node.args, []), "function", node, None, inside)
    if len(node.args) == 1:
        yield _Variant(node.args[0], "function", node, node.args[0], inside)


def _function(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id if isinstance(node.func, ast.Name) else ""


def _named(function: str) -> ast.expr:
    return ast.Name(function) if function == "sigmoid" else ast.Attribute(ast.Name("np"), function, ast.Load())


def _names_in(node: ast.AST | None) -> set[str]:
    return set() if node is None else {n.id for n in ast.walk(node) if isinstance(n, ast.Name)} - {"np"}


_SIMPLE = {  # kinds and ranks of edits that need no closer look
    "sign": ("sign", 1.5),
    "transposed": ("transposed", 1.5),
    "comparison": ("wrong-branch", 2.0),
    "order": ("permuted", 2.0),
    "axis": ("wrong-axis", 2.5),
    "mean": ("factor", 2.0),
    "drop sum": ("missing-sum", 2.2),
    "function": ("wrong-local-derivative", 2.2),
    "exponent": ("wrong-local-derivative", 2.2),
}


def _classified(variant: _Variant, written: str, tree: ast.expr) -> Slip:
    """The kind of a slip, and how common it is."""
    if variant.edit in _SIMPLE:
        kind, rank = _SIMPLE[variant.edit]
        return Slip(_local(kind, variant.inside), written, rank)
    if variant.edit in ("drop", "term"):
        return _dropped(variant, written)
    kind, rank = {"name": _of_name, "constant": _of_constant, "reduced": _of_sum, "swap": _of_swap, "operator": _of_operator}[variant.edit](
        variant, tree
    )
    return Slip(kind, written, rank)


def _of_name(variant: _Variant, tree: ast.expr) -> tuple[str, float]:
    assert isinstance(variant.old, ast.Name)
    assert isinstance(variant.new, ast.Name)
    at_the_other_end = {variant.old.id, variant.new.id} == {"x", "y"}
    return _renamed(variant, tree), 2.4 if at_the_other_end else 2.6 if variant.inside == "comparison" else 3.0


def _of_constant(variant: _Variant, tree: ast.expr) -> tuple[str, float]:
    return {"": "factor", "comparison": "wrong-branch", "axis": "wrong-axis"}.get(variant.inside, "wrong-local-derivative"), 2.0


def _of_sum(variant: _Variant, tree: ast.expr) -> tuple[str, float]:
    assert isinstance(variant.new, ast.Name)
    return REDUCED[variant.new.id], 1.6 if variant.new.id == "other_to" else 2.2


def _of_swap(variant: _Variant, tree: ast.expr) -> tuple[str, float]:
    product = isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.MatMult)
    return "swapped" if product else _local("sign", variant.inside), 2.6


def _of_operator(variant: _Variant, tree: ast.expr) -> tuple[str, float]:
    assert isinstance(variant.old, ast.BinOp)
    terms = isinstance(variant.old.op, ast.Add | ast.Sub) and all(
        _names_in(side) & {"g", "G"} for side in (variant.old.left, variant.old.right)
    )
    return "sign" if terms else "wrong-local-derivative", 2.0


def _local(kind: str, inside: str) -> str:
    return "wrong-local-derivative" if kind == "sign" and inside else kind


def _dropped(variant: _Variant, written: str) -> Slip:
    lost, kept = _names_in(variant.old), written.replace("sum_to(", "").lstrip("(-")
    if lost & {"g", "G"}:
        compound = isinstance(variant.old, ast.BinOp)
        return Slip("missing-path" if variant.edit == "term" else "missing-cotangent", written, 2.9 if compound else 2.2)
    if not _names_in(ast.parse(written, mode="eval")) - {"g", "G", "sum_to"}:
        return _bare(lost, written)
    if isinstance(variant.old, ast.Compare):
        return Slip("wrong-branch", written, 2.0)
    if not lost and not variant.inside and variant.edit == "drop":
        return Slip("factor", written, 1.2)
    left = re.sub(r"\bg\b|\*|sum_to|[(), \d]", "", kept)
    if isinstance(variant.old, ast.Name) and not variant.inside and len(re.findall(r"\bg\b", written)) > 1:
        return Slip("missing-factor", written, 2.0)
    only = len(left) == 1 and lost <= {left} and not variant.inside
    return Slip("wrong-value" if only else "wrong-local-derivative", written, 2.0)


def _bare(lost: set[str], written: str) -> Slip:
    """What came from above alone, or with a constant that is left of the local derivative."""
    pure = re.sub(r"sum_to\(|, \([\d, ]*\)\)|\* 1\b", "", written).strip() in ("g", "G", "-g")
    if not lost:
        return Slip("factor", written, 1.5 if pure else 2.0)
    return Slip("missing-factor", written, 1.5) if pure else Slip("wrong-local-derivative", written, 2.0)


def _renamed(variant: _Variant, tree: ast.expr) -> str:
    assert isinstance(variant.old, ast.Name)
    assert isinstance(variant.new, ast.Name)
    if variant.inside == "comparison":
        return "wrong-branch"
    if variant.old.id == "g":
        return "wrong-value"
    if variant.new.id == "g" and variant.old.id != "g":
        return "wrong-value"
    others = _names_in(tree) - {"g", "G", "sum_to"}
    if len(others) == 1 and not any(isinstance(n, ast.Add | ast.Sub | ast.Pow) or _is_number(n) for n in ast.walk(tree)):
        return "wrong-value"
    return "wrong-local-derivative"


def _is_number(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, float | int) and node.value != 0


class _Rename(ast.NodeTransformer):
    def __init__(self, old: str, new: str) -> None:
        self.old, self.new = old, new

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.Name(self.new) if node.id == self.old else node


def _throughout(text: str) -> Iterator[Slip]:
    """One slip made at every place alike: all transposes left out, all axes another."""
    if text.count(".T") > 1:
        yield Slip("transposed", ast.unparse(ast.parse(text.replace(".T", ""), mode="eval")), 1.8)
    for axis in re.findall(r"axis=(-?\d+)", text)[:1]:
        for other in (-2, -1, 0, 1):
            if text.count("axis=") > 1 and str(other) != axis:
                yield Slip("wrong-axis", text.replace(f"axis={axis}", f"axis={other}"), 2.0)
                yield Slip("wrong-axis", re.sub(rf"(np\.(?:mean|sum)\([^()]*, )axis={axis}", rf"\1axis={other}", text), 2.1)


def _renamed_throughout(tree: ast.expr, names: tuple[str, ...]) -> Iterator[Slip]:
    """One value taken for another wherever it stands: a local derivative taken at the wrong place."""
    used = [n.id for n in ast.walk(tree) if isinstance(n, ast.Name)]
    for old in names:
        if old not in ("g", "G") and used.count(old) > 1:
            for new in names:
                if new != old:
                    yield Slip(
                        "wrong-local-derivative", ast.unparse(_Rename(old, new).visit(ast.parse(ast.unparse(tree), mode="eval").body)), 2.5
                    )


def _without_brackets(text: str) -> Iterator[str]:
    """The text with pairs of brackets left out that are not those of a call, where that changes its meaning."""
    pairs = list(_pairs(text))
    seen = {_meaning(ast.parse(text, mode="eval").body)}
    for chosen in _subsets(pairs):
        gone = {i for pair in chosen for i in pair}
        shorter = "".join(c for i, c in enumerate(text) if i not in gone)
        try:
            tree = ast.parse(shorter, mode="eval")
        except SyntaxError:
            continue
        meaning = _meaning(tree.body)
        if meaning not in seen:
            seen.add(meaning)
            yield ast.unparse(tree.body)


def _meaning(node: object) -> object:
    """A tree with sums of sums and products of products made flat: brackets that only group mean nothing."""
    if isinstance(node, ast.BinOp | ast.UnaryOp):
        return tuple(_summed(node, 1))
    if isinstance(node, list):
        return tuple(map(_meaning, node))
    return (type(node).__name__, *(_meaning(v) for _, v in ast.iter_fields(node))) if isinstance(node, ast.AST) else node


def _summed(node: ast.expr, sign: int) -> list[object]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        return _summed(node.left, sign) + _summed(node.right, sign if isinstance(node.op, ast.Add) else -sign)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return _summed(node.operand, -sign)
    own, factors = _multiplied(node, 1)
    return [(sign * own, *factors)]


def _multiplied(node: ast.expr, power: int) -> tuple[int, list[object]]:
    """The sign of a product, and its factors."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div):
        first, left = _multiplied(node.left, power)
        second, right = _multiplied(node.right, power if isinstance(node.op, ast.Mult) else -power)
        return first * second, left + right
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        sign, factors = _multiplied(node.operand, power)
        return -sign, factors
    summed = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub)
    parts = _meaning(node) if summed else (type(node).__name__, *(_meaning(v) for _, v in ast.iter_fields(node)))
    return 1, [(power, parts)]


def _pairs(text: str) -> Iterator[tuple[int, int]]:
    open_: list[int] = []
    for i, c in enumerate(text):
        if c == "(":
            open_.append(i)
        elif c == ")":
            start = open_.pop()
            if not (start and (text[start - 1].isalnum() or text[start - 1] == "_")) and "," not in text[start:i]:
                yield start, i


def _subsets(pairs: list[tuple[int, int]]) -> Iterable[list[tuple[int, int]]]:
    if len(pairs) > BRACKETED:
        return [[p] for p in pairs] + [pairs]
    return [[p for i, p in enumerate(pairs) if mask >> i & 1] for mask in range(1, 1 << len(pairs))]
