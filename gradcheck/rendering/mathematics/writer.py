"""A formula's tree as LaTeX. Brackets stand exactly where the tree asks for them: what is written reads back as the same tree.

Arrays: a dot in a circle multiplies entry by entry, a circle before an exponent raises every entry, fractions and functions act on every
entry, and two names next to each other are a product of matrices, or of a number with anything.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradcheck.rendering.latex import latex_number

SUM, TERM, FACTOR, BASE = range(4)  # how tightly a piece holds together
Shape = tuple[int, ...] | None
NODES = 400  # of a tree that is written at all
ELEMENTS = 8  # of a list that are written out


@dataclass(frozen=True, slots=True)
class Piece:
    """LaTeX with how tightly it holds together, the shape of its value (None: not known), and its form inside products."""

    latex: str
    level: int
    shape: Shape = ()
    tight: str | None = None

    def fit(self, need: int) -> str:
        """The LaTeX, in brackets where the place asks for something tighter."""
        if self.level >= need:
            return self.latex
        return self.tight if self.tight is not None and need <= FACTOR else _bracketed(self)

    @property
    def scalar(self) -> bool:
        """Whether it is a single number."""
        return self.shape == ()


@dataclass(slots=True)
class Writer:
    """Writes trees; `symbols` gives the piece of each name, `letters` are free for counting entries, `sigmoid` the sign of that function."""

    symbols: Mapping[str, Piece]
    letters: Sequence[str] = ("i", "j", "k", "l", "m", "n")
    sigmoid: str = "\\sigma"
    said: set[str] = field(default_factory=set)

    def write(self, tree: ast.expr) -> Piece:
        """The piece of a tree; ValueError for what is no formula, or longer than anybody reads."""
        if sum(1 for _ in ast.walk(tree)) > NODES:
            raise ValueError("too long to be written")
        try:
            return self.piece(tree)
        except RecursionError as error:
            raise ValueError("too deep to be written") from error

    def piece(self, tree: ast.expr) -> Piece:
        """The piece of a part of a tree."""
        write = _BY_NODE.get(type(tree))
        if write is None:
            raise ValueError(f"no mathematics for {ast.unparse(tree)[:60]}")
        return write(self, tree)

    def attribute(self, tree: ast.Attribute) -> Piece:
        """A transpose, or the number pi."""
        if tree.attr == "T":
            return transposed(self.piece(tree.value))
        if tree.attr == "pi":
            return Piece("\\pi", BASE)
        raise ValueError(f"no mathematics for {tree.attr[:60]}")

    def name(self, name: str) -> Piece:
        """The symbol of an identifier."""
        if name in self.symbols:
            return self.symbols[name]
        if name == "pi":
            return Piece("\\pi", BASE)
        raise ValueError(f"no symbol for {name[:60]}")

    def unary(self, tree: ast.UnaryOp) -> Piece:
        """A sign, or a negation."""
        piece = self.piece(tree.operand)
        if isinstance(tree.op, ast.Not | ast.Invert):
            return Piece(f"\\neg {piece.fit(BASE)}", FACTOR, piece.shape)
        return Piece(f"-{piece.fit(TERM)}", SUM, piece.shape) if isinstance(tree.op, ast.USub) else piece

    def binary(self, tree: ast.BinOp) -> Piece:
        """An operation on two operands."""
        if isinstance(tree.op, ast.Add | ast.Sub):
            return self._sum(tree)
        write = _BINARY.get(type(tree.op))
        if write is None:
            raise ValueError(f"no mathematics for {type(tree.op).__name__}")
        left, right = self.piece(tree.left), self.piece(tree.right)
        return write(self, left, right, broadcast(left.shape, right.shape))

    def _sum(self, tree: ast.BinOp) -> Piece:
        """A chain of sums and differences, walked and not descended, since it may be long."""
        terms: list[tuple[str, ast.expr]] = []
        node: ast.expr = tree
        while isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
            terms.append(("+" if isinstance(node.op, ast.Add) else "-", node.right))
            node = node.left
        first = self.piece(node)
        text, shape = first.fit(SUM), first.shape
        for sign, term in reversed(terms):
            piece = self.piece(term)
            text, shape = f"{text} {sign} {piece.fit(TERM)}", broadcast(shape, piece.shape)
        return Piece(text, SUM, shape)

    def product(self, left: Piece, right: Piece, shape: Shape) -> Piece:
        """Numbers stand next to their factor, arrays take a dot in a circle; a product of matrices inside one is bracketed."""
        entrywise = not left.scalar and not right.scalar
        if entrywise and left.shape != right.shape:
            self.said.add("stretched")
        first = left.latex if left.level == TERM and left.tight is None and (not entrywise or "\\odot" in left.latex) else left.fit(FACTOR)
        second = right.fit(FACTOR)
        sign = " \\odot " if entrywise else " \\cdot " if _needs_dot(first, second) else "\\,"
        return Piece(f"{first}{sign}{second}", TERM, shape)

    def compare(self, tree: ast.Compare) -> Piece:
        """A comparison, as the number 1 where it holds and 0 where it does not (Iverson's brackets)."""
        sign = _COMPARISONS.get(type(tree.ops[0]))
        if sign is None or len(tree.ops) > 1:
            raise ValueError(f"no mathematics for {ast.unparse(tree)[:60]}")
        left, right = self.piece(tree.left), self.piece(tree.comparators[0])
        self.said.add("holds")
        return Piece(f"\\left[{left.latex} {sign} {right.latex}\\right]", BASE, broadcast(left.shape, right.shape))

    def entry(self, tree: ast.Subscript) -> Piece:
        """Entries of an array, the index below it."""
        base = self.piece(tree.value)
        parts = tree.slice.elts if isinstance(tree.slice, ast.Tuple) else [tree.slice]
        below = ",\\,".join(self.index(p) for p in parts) or "()"
        bare = base.level == BASE and "_" not in base.latex and "{" not in base.latex
        return Piece(f"{base.latex if bare else _bracketed(base)}_{{{below}}}", BASE, entry_shape(base.shape, parts))

    def index(self, part: ast.expr) -> str:
        """One part of an index, counted from 0 as in Python."""
        match part:
            case ast.Slice(lower=lower, upper=upper, step=step):
                ends = [self.index(e) if e is not None else "" for e in (lower, upper)]
                return ":".join(ends) + (f":{self.index(step)}" if step is not None else "")
            case ast.Constant(value=None):
                return "\\text{new}"
            case ast.Constant(value=value) if value is Ellipsis:
                return "\\ldots"
            case ast.Call(args=[ast.List(elts=elements)]) | ast.List(elts=elements):
                return f"\\left[{self.row(elements)}\\right]"
        return self.piece(part).latex

    def row(self, elements: Sequence[ast.expr]) -> str:
        """Elements with commas between them; of many the first and the last."""
        return ",\\, ".join(p if isinstance(p, str) else self.piece(p).latex for p in some(elements))

    def listed(self, elements: Sequence[ast.expr]) -> Piece:
        """A list of numbers or rows as a vector or a matrix, first entries and last ones where there are many."""
        rows = [self.row(e.elts) if isinstance(e, ast.List) else None for e in elements if not _dots(e)]
        if rows and all(isinstance(e, ast.List) for e in elements):
            width = len(elements[0].elts)  # type: ignore[attr-defined]
            text = ",\\, ".join(p if isinstance(p, str) else f"\\left[{self.row(p.elts)}\\right]" for p in some(elements))  # type: ignore[attr-defined]
            return Piece(f"\\left[{text}\\right]", BASE, (len(elements), width))
        return Piece(f"\\left[{self.row(elements)}\\right]", BASE, None if any(map(_dots, elements)) else (len(elements),))


def _dots(element: ast.expr) -> bool:
    return isinstance(element, ast.Constant) and element.value is Ellipsis


def some(elements: Sequence[ast.expr]) -> Iterator[ast.expr | str]:
    """All elements, or the first ones, dots, and the last."""
    if len(elements) <= ELEMENTS:
        yield from elements
        return
    yield from elements[: ELEMENTS - 2]
    yield "\\ldots"
    yield elements[-1]


def _bracketed(piece: Piece) -> str:
    return f"\\left({piece.latex}\\right)"


def _constant(value: Any) -> Piece:
    if value is Ellipsis:
        return Piece("\\cdots", BASE, None)
    if isinstance(value, bool | int | float):
        text = latex_number(value, None)
        return Piece(text, TERM if "\\times" in text else SUM if text.startswith("-") else BASE)
    raise ValueError(f"no number: {value!r:.60}")


def _needs_dot(first: str, second: str) -> bool:
    """Two numbers next to each other, or a number before a fraction of numbers, would be read as one."""
    return second[0].isdigit() or (first[-1].isdigit() and second.startswith(("\\frac", "\\left(-"))) or "\\cdots" in (first, second)


def power(base: Piece, exponent: Piece, shape: Shape) -> Piece:
    """A power; of arrays of every entry."""
    circle = "" if base.scalar and exponent.scalar else "\\circ "
    return Piece(f"{base.fit(BASE)}^{{{circle}{exponent.fit(FACTOR) if circle else exponent.latex}}}", FACTOR, shape)


def transposed(piece: Piece) -> Piece:
    """The transpose; vectors are columns and numbers themselves, for which NumPy's .T does nothing."""
    if piece.shape is not None and len(piece.shape) < 2:
        return piece
    if piece.shape is not None and len(piece.shape) > 2:
        return Piece(f"\\operatorname{{transpose}}\\left({piece.latex}\\right)", BASE, piece.shape[::-1])
    return Piece(f"{piece.fit(BASE)}^{{\\top}}", FACTOR, piece.shape[::-1] if piece.shape else None)


def _as_row(piece: Piece) -> str:
    return f"{piece.fit(BASE)}^{{\\top}}"


def matrix_product(left: Piece, right: Piece) -> Piece:
    """A product of matrices and vectors, vectors being columns; of stacks, matrix by matrix."""
    if left.shape is None or right.shape is None:
        return Piece(f"{left.fit(FACTOR)} \\cdot {right.fit(FACTOR)}", TERM, None)
    ranks = len(left.shape), len(right.shape)
    if ranks == (1, 1):
        return Piece(f"{_as_row(left)}\\,{right.fit(FACTOR)}", TERM, ())
    if ranks == (1, 2):  # x A of rows is A^T x of columns
        return Piece(f"{_as_row(right)}\\,{left.fit(FACTOR)}", TERM, right.shape[1:])
    first = left.latex if left.level == TERM and left.tight is None and "\\odot" not in left.latex and ranks == (2, 2) else left.fit(FACTOR)
    if max(ranks) > 2:
        return Piece(f"\\operatorname{{matmul}}\\left({left.latex},\\, {right.latex}\\right)", BASE, _stacked(left.shape, right.shape))
    return Piece(f"{first}\\,{right.fit(FACTOR)}", TERM, left.shape[:1] + right.shape[1:])


def _stacked(left: tuple[int, ...], right: tuple[int, ...]) -> Shape:
    try:
        return (*np.broadcast_shapes(left[:-2], right[:-2]), *left[-2:-1], *right[-1:]) if min(len(left), len(right)) > 1 else None
    except ValueError:
        return None


def broadcast(left: Shape, right: Shape) -> Shape:
    """The shape of an operation on each entry."""
    if left is None or right is None:
        return left if right == () else right if left == () else None
    try:
        return np.broadcast_shapes(left, right)
    except ValueError:
        return None


def quotient(writer: Writer, left: Piece, right: Piece, shape: Shape) -> Piece:
    """A fraction; one over something that holds a fraction is written as a factor, since fractions in fractions are small."""
    if "\\frac" not in left.latex:
        return Piece(f"\\frac{{{left.latex}}}{{{right.latex}}}", FACTOR, shape)
    inverse = Piece(f"\\frac{{1}}{{{right.latex}}}", FACTOR, right.shape)
    first, second = (inverse, left) if right.latex.isdigit() else (left, inverse)
    return writer.product(first, second, shape)


def entry_shape(shape: Shape, parts: Sequence[ast.expr]) -> Shape:
    """The shape of `x[parts]`, where that can be told."""
    if shape is None:
        return None
    try:
        chosen: tuple[int, ...] = np.shape(np.broadcast_to(0.0, shape)[tuple(map(_index_value, parts))])
        return chosen
    except (ValueError, IndexError, TypeError):
        return None


def _index_value(part: ast.expr) -> Any:
    """An index as Python has it; ValueError where it holds a name."""
    if isinstance(part, ast.Slice):
        return slice(*(None if e is None else ast.literal_eval(e) for e in (part.lower, part.upper, part.step)))
    return np.array(ast.literal_eval(part.args[0])) if isinstance(part, ast.Call) and part.args else ast.literal_eval(part)


def _joined(sign: str, level: int = TERM) -> Callable[[Writer, Piece, Piece, Shape], Piece]:
    return lambda writer, left, right, shape: Piece(f"{left.fit(BASE)} {sign} {right.fit(BASE)}", level, shape)


def _called(writer: Writer, tree: ast.Call) -> Piece:
    from gradcheck.rendering.mathematics.calls import call

    return call(writer, tree)


_COMPARISONS = {ast.Gt: ">", ast.GtE: "\\ge", ast.Lt: "<", ast.LtE: "\\le", ast.Eq: "=", ast.NotEq: "\\ne"}
_BINARY: dict[type[ast.operator], Callable[[Writer, Piece, Piece, Shape], Piece]] = {
    ast.Mult: Writer.product,
    ast.MatMult: lambda writer, left, right, shape: matrix_product(left, right),
    ast.Div: quotient,
    ast.Pow: lambda writer, left, right, shape: power(left, right, shape),
    ast.FloorDiv: lambda writer, left, right, shape: Piece(
        f"\\left\\lfloor {quotient(writer, left, right, shape).latex} \\right\\rfloor", BASE, shape
    ),
    ast.BitAnd: _joined("\\wedge"),
    ast.BitOr: _joined("\\vee"),
    ast.Mod: _joined("\\bmod"),
}
_BY_NODE: dict[type[ast.expr], Callable[[Writer, Any], Piece]] = {
    ast.Constant: lambda writer, tree: _constant(tree.value),
    ast.Name: lambda writer, tree: writer.name(tree.id),
    ast.UnaryOp: Writer.unary,
    ast.BinOp: Writer.binary,
    ast.Compare: Writer.compare,
    ast.Subscript: Writer.entry,
    ast.Attribute: Writer.attribute,
    ast.Call: _called,
    ast.List: lambda writer, tree: writer.listed(tree.elts),
    ast.Tuple: lambda writer, tree: writer.listed(tree.elts),
}
