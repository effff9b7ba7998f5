"""How operations are written in mathematics, by the name of the function in a formula.

The table stands here and not in the records of the primitives: it says how a function looks, for some functions no primitive stands for,
and what is not in it is written by its name, which is always true.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from gradcheck.rendering.latex import latex_number
from gradcheck.rendering.mathematics.writer import (
    BASE,
    FACTOR,
    SUM,
    TERM,
    Piece,
    Shape,
    Writer,
    broadcast,
    matrix_product,
    power,
    some,
    transposed,
)

FUNCTIONS = {
    "sin": "\\sin", "cos": "\\cos", "tan": "\\tan", "arcsin": "\\arcsin", "arccos": "\\arccos", "arctan": "\\arctan", "sinh": "\\sinh",
    "cosh": "\\cosh", "tanh": "\\tanh", "exp": "\\exp", "log": "\\ln", "log2": "\\log_{2}", "log10": "\\log_{10}", "det": "\\det",
    "gamma": "\\Gamma",
}  # fmt: skip
PLAIN = ("\\sin", "\\cos", "\\tan", "\\sinh", "\\cosh", "\\tanh", "\\ln")  # stand before a single letter without brackets
EACH = {  # functions that act on each entry and go by their name
    "sign", "erf", "erfc", "erfcx", "arcsinh", "arccosh", "arctanh", "arctan2", "hypot", "logit", "ndtr", "log_ndtr", "digamma", "floor", "ceil",
    "rint", "trunc", "isnan", "isfinite", "xlogy", "logaddexp", "logaddexp2", "maximum", "minimum", "sinc", "gammaln", "clip",
}  # fmt: skip
SAME = {"float", "int", "bool", "float64", "float32", "float16", "int64", "bool_", "array"}  # say of what type a number is


def call(writer: Writer, tree: ast.Call) -> Piece:
    """A function of its arguments."""
    name = _name_of(tree.func)
    known = TABLE.get(name)
    if known is not None:
        found = known(writer, tree)
        if found is not None:
            return found
    return _by_name(writer, tree, name)


def _name_of(tree: ast.expr) -> str:
    if isinstance(tree, ast.Attribute):
        return tree.attr
    if isinstance(tree, ast.Name):
        return tree.id
    raise ValueError("no function with a name")


def _by_name(writer: Writer, tree: ast.Call, name: str) -> Piece:
    """Any function: its name, its options below, its arguments in brackets."""
    arguments = [writer.piece(a) for a in tree.args]
    shape: Shape = None
    if name in FUNCTIONS or name in EACH:
        shape = ()
        for a in arguments:
            shape = broadcast(shape, a.shape)
    inside = ",\\, ".join(p if isinstance(p, str) else writer.piece(p).latex for p in some(tree.args))
    sign = FUNCTIONS.get(name) or operator(name)
    options = ",\\, ".join(_option(writer, k) for k in tree.keywords)
    text = f"{sign}{f'_{{{options}}}' if options else ''}\\left({inside}\\right)"
    if sign in PLAIN and len(arguments) == 1 and _is_letter(arguments[0]):
        return Piece(f"{sign} {inside}", TERM, shape, text)
    return Piece(text, FACTOR, shape)


def _is_letter(piece: Piece) -> bool:
    """A single letter, with what is below it, which needs no brackets behind a function."""
    return piece.level == BASE and re.fullmatch(r"(\\[a-zA-Z]+|[a-zA-Z])(_\{[\w,]+\})?'?", piece.latex) is not None


def operator(name: str) -> str:
    """A function by its name."""
    return f"\\operatorname{{{name.replace('_', chr(92) + '_')}}}"


def _option(writer: Writer, keyword: ast.keyword) -> str:
    value = keyword.value
    shown = (
        writer.piece(value).latex
        if not isinstance(value, ast.Constant) or isinstance(value.value, int | float)
        else _word(str(value.value))
    )
    return f"\\mathrm{{{(keyword.arg or '').replace('_', chr(92) + '_')}}}={shown}"


def _word(text: str) -> str:
    kept = "".join(c if c.isascii() and c.isalnum() else {"_": "\\_"}.get(c, " ") for c in text[:24])
    return f"\\text{{{kept}}}"


def _literal(tree: ast.expr | None, default: Any = None) -> Any:
    return default if tree is None else ast.literal_eval(tree)


def _options(tree: ast.Call) -> dict[str, Any]:
    return {k.arg or "": _literal(k.value) for k in tree.keywords}


def _axes(options: dict[str, Any], shape: Shape) -> tuple[int, ...] | None:
    axis = options.get("axis")
    if axis is None:
        return None if shape is None else tuple(range(len(shape)))
    chosen = (axis,) if isinstance(axis, int) else tuple(axis)
    return chosen if shape is None else tuple(sorted(a % len(shape) for a in chosen))


def _reduced(shape: Shape, axes: tuple[int, ...] | None, keep: bool) -> Shape:
    if shape is None or axes is None:
        return None
    return tuple(1 if i in axes else n for i, n in enumerate(shape) if keep or i not in axes)


def _below(writer: Writer, options: dict[str, Any], shape: Shape) -> tuple[str, str]:
    """What stands below the sign of a reduction, and below what is reduced: counting letters for all entries, else the axes."""
    if options.get("axis") is None and shape and len(shape) <= len(writer.letters) and not options.get("keepdims"):
        letters = "\\,".join(writer.letters[: len(shape)])
        return letters, f"_{{{letters}}}"
    axes = _axes(options, shape)
    if axes is None or (shape is not None and len(axes) == len(shape)):
        return "\\text{all}", ""
    kept = ",\\,\\text{kept}" if options.get("keepdims") else ""
    return f"\\text{{axis }}{','.join(map(str, axes))}{kept}", ""


def _reduction(sign: str, averaged: bool = False) -> Callable[[Writer, ast.Call], Piece | None]:
    def handler(writer: Writer, tree: ast.Call) -> Piece | None:
        options, x = _options(tree), writer.piece(tree.args[0])
        if len(tree.args) > 1 or set(options) - {"axis", "keepdims"}:
            return None
        axes = _axes(options, x.shape)
        below, entry = _below(writer, options, x.shape)
        body = x.fit(FACTOR) if not entry else (x.latex if _bare(x) else f"\\left({x.latex}\\right)") + entry
        if averaged and (x.shape is None or axes is None):
            return None
        count = (
            f"\\frac{{1}}{{{int(np.prod([x.shape[a] for a in axes], dtype=int))}}} " if averaged and x.shape is not None and axes else ""
        )
        return Piece(
            f"{count}{sign}_{{{below}}} {body}",
            TERM,
            _reduced(x.shape, axes, bool(options.get("keepdims"))),
            f"\\left({count}{sign}_{{{below}}} {body}\\right)",
        )

    return handler


def _bare(piece: Piece) -> bool:
    """Whether a subscript can be put on a piece as it stands."""
    return piece.level == BASE and "_" not in piece.latex and "^" not in piece.latex and not piece.latex.startswith("\\frac")


def _extreme(sign: str) -> Callable[[Writer, ast.Call], Piece | None]:
    def handler(writer: Writer, tree: ast.Call) -> Piece | None:
        options, x = _options(tree), writer.piece(tree.args[0])
        if len(tree.args) > 1 or set(options) - {"axis", "keepdims"}:
            return None
        axes = _axes(options, x.shape)
        below, entry = _below(writer, options, x.shape)
        inside = (x.latex if _bare(x) else f"\\left({x.latex}\\right)") + entry if entry else x.latex
        return Piece(f"{sign}_{{{below}}}\\left({inside}\\right)", FACTOR, _reduced(x.shape, axes, bool(options.get("keepdims"))))

    return handler


def _like(sign: str) -> Callable[[Writer, ast.Call], Piece | None]:
    """A function along an axis whose result has the shape of its argument."""

    def handler(writer: Writer, tree: ast.Call) -> Piece | None:
        options, x = _options(tree), writer.piece(tree.args[0])
        if len(tree.args) > 1 or set(options) - {"axis"}:
            return None
        below = "" if options.get("axis") is None else f"_{{\\text{{axis }}{_axes(options, x.shape)[0]}}}"  # type: ignore[index]
        return Piece(f"{sign}{below}\\left({x.latex}\\right)", FACTOR, x.shape)

    return handler


def _stretch(writer: Writer, tree: ast.Call) -> Piece | None:
    """Copies along new axes: of a number, the number times an array of ones."""
    shape = tuple(_literal(tree.args[1]))
    inner, axes = tree.args[0], None
    x = writer.piece(inner)
    if x.scalar:
        ones = f"\\mathbf{{1}}_{{{dimensions(shape)}}}"
        one = isinstance(inner, ast.Constant) and inner.value == 1
        return Piece(
            ones if one else f"{x.latex if x.level == TERM and x.tight is None else x.fit(FACTOR)}\\,{ones}", BASE if one else TERM, shape
        )
    if x.shape is None or x.shape == shape:
        return Piece(x.latex, x.level, shape, x.tight)
    lead = len(shape) - len(x.shape)
    axes = [*range(lead), *(lead + i for i, n in enumerate(x.shape) if n == 1 and shape[lead + i] != 1)]
    bare = _without_unit_axes(writer, inner)
    inside = (bare or x).latex
    return Piece(f"\\operatorname{{copy}}_{{\\text{{axis }}{','.join(map(str, axes))}}}\\left({inside}\\right)", FACTOR, shape)


def _without_unit_axes(writer: Writer, inner: ast.expr) -> Piece | None:
    """What is under a reshape that only adds axes of size 1, since the axes of the copies say the same."""
    if isinstance(inner, ast.Call) and _name_of(inner.func) == "reshape":
        under, shape = writer.piece(inner.args[0]), tuple(_literal(inner.args[1]))
        if under.shape == tuple(n for n in shape if n != 1):
            return under
    return None


def dimensions(shape: tuple[int, ...]) -> str:
    """A shape as it is written above an R."""
    return " \\times ".join(map(str, shape))


def _reshape(writer: Writer, tree: ast.Call) -> Piece | None:
    x, shape = writer.piece(tree.args[0]), _literal(tree.args[1])
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    if -1 in shape:
        return None
    return Piece(f"\\operatorname{{reshape}}_{{{dimensions(shape)}}}\\left({x.latex}\\right)", FACTOR, shape)


def _where(writer: Writer, tree: ast.Call) -> Piece | None:
    condition, yes, no = map(writer.piece, tree.args)
    shape = broadcast(condition.shape, broadcast(yes.shape, no.shape))
    text = condition.latex.removeprefix("\\left[").removesuffix("\\right]") if isinstance(tree.args[0], ast.Compare) else condition.latex
    if shape != ():
        writer.said.add("cases")
    return Piece(f"\\begin{{cases}} {yes.latex} & \\text{{if }} {text} \\\\ {no.latex} & \\text{{else}} \\end{{cases}}", TERM, shape, None)


def _scatter(writer: Writer, tree: ast.Call) -> Piece | None:
    """Zeros, with what is given added at an index; a single number at a single place is a unit vector times the number."""
    keywords = {k.arg: k.value for k in tree.keywords}
    shape, indices = tuple(_literal(keywords["shape"])), keywords["indices"]
    if not isinstance(indices, ast.Tuple) or len(tree.args) != len(indices.elts):
        return None
    pieces = [_placed(writer, writer.piece(x), i, shape) for x, i in zip(tree.args, indices.elts, strict=True)]
    writer.said.add("placed")
    return pieces[0] if len(pieces) == 1 else Piece(" + ".join(p.fit(TERM) for p in pieces), SUM, shape)


def _placed(writer: Writer, x: Piece, index: ast.expr, shape: tuple[int, ...]) -> Piece:
    parts = index.elts if isinstance(index, ast.Tuple) else [index]
    below = ",\\,".join(writer.index(_as_slice(p)) for p in parts) or "()"
    inside = x.latex
    return Piece(f"\\operatorname{{place}}_{{{below}}}\\left({inside}\\right)", FACTOR, shape)


def _as_slice(part: ast.expr) -> ast.expr:
    """`slice(0, 3, None)` as it is written between brackets."""
    if isinstance(part, ast.Call) and _name_of(part.func) == "slice":
        ends = [None if isinstance(a, ast.Constant) and a.value is None else a for a in part.args]
        return ast.Slice(*ends)
    return part


def _outer(writer: Writer, tree: ast.Call) -> Piece | None:
    a, b = map(writer.piece, tree.args)
    if a.shape is None or b.shape is None or len(a.shape) != 1 or len(b.shape) != 1:
        return None
    return Piece(f"{a.fit(FACTOR)}\\,{b.fit(BASE)}^{{\\top}}", TERM, a.shape + b.shape)


def _root(degree: str) -> Callable[[Writer, ast.Call], Piece | None]:
    def handler(writer: Writer, tree: ast.Call) -> Piece | None:
        x = writer.piece(tree.args[0])
        return Piece(f"\\sqrt{degree}{{{x.latex}}}", BASE, x.shape)

    return handler


def _fenced(left: str, right: str) -> Callable[[Writer, ast.Call], Piece | None]:
    def handler(writer: Writer, tree: ast.Call) -> Piece | None:
        x = writer.piece(tree.args[0])
        return Piece(f"\\left{left}{x.latex}\\right{right}", BASE, x.shape)

    return handler


def _through(change: Callable[[Writer, Piece], Piece]) -> Callable[[Writer, ast.Call], Piece | None]:
    return lambda writer, tree: change(writer, writer.piece(tree.args[0])) if len(tree.args) == 1 and not tree.keywords else None


_TWO, _TEN = Piece("2", BASE), Piece("10", BASE)


def _log1p(writer: Writer, x: Piece) -> Piece:
    return Piece(f"\\ln\\left(1 + {x.fit(TERM)}\\right)", FACTOR, x.shape)


def _expm1(writer: Writer, x: Piece) -> Piece:
    return Piece(f"\\exp\\left({x.latex}\\right) - 1", SUM, x.shape)


def _sigmoid(writer: Writer, x: Piece) -> Piece:
    return Piece(f"{writer.sigmoid}\\left({x.latex}\\right)", FACTOR, x.shape)


def _inverse(writer: Writer, x: Piece) -> Piece:
    return Piece(f"{x.fit(BASE)}^{{-1}}", FACTOR, x.shape)


def _extreme_of_two(sign: str) -> Callable[[Writer, ast.Call], Piece | None]:
    def handler(writer: Writer, tree: ast.Call) -> Piece | None:
        a, b = map(writer.piece, tree.args)
        return Piece(f"{sign}\\left({a.latex},\\, {b.latex}\\right)", FACTOR, broadcast(a.shape, b.shape))

    return handler


def _transpose(writer: Writer, tree: ast.Call) -> Piece | None:
    x = writer.piece(tree.args[0])
    return transposed(x) if len(tree.args) == 1 and not tree.keywords else None


def _same(writer: Writer, tree: ast.Call) -> Piece | None:
    """A number or array marked as being of a type; float('inf') is infinity."""
    if len(tree.args) == 1 and isinstance(tree.args[0], ast.Constant) and isinstance(tree.args[0].value, str):
        text = latex_number(float(tree.args[0].value))
        return Piece(text, SUM if text.startswith("-") else BASE)
    return writer.piece(tree.args[0]) if len(tree.args) == 1 else None


def _product(writer: Writer, tree: ast.Call) -> Piece | None:
    a, b = map(writer.piece, tree.args)
    return matrix_product(a, b) if a.shape is not None and b.shape is not None and max(len(a.shape), len(b.shape)) <= 2 else None


TABLE: dict[str, Callable[[Writer, ast.Call], Piece | None]] = {
    "sum": _reduction("\\sum"), "prod": _reduction("\\prod"), "mean": _reduction("\\sum", averaged=True), "max": _extreme("\\max"),
    "min": _extreme("\\min"),
    "logsumexp": _extreme("\\operatorname{logsumexp}"),
    "var": _extreme("\\operatorname{var}"), "softmax": _like("\\operatorname{softmax}"), "log_softmax": _like("\\operatorname{logsoftmax}"),
    "cumsum": _like("\\operatorname{cumsum}"), "broadcast_to": _stretch, "reshape": _reshape, "where": _where, "scatter": _scatter,
    "outer": _outer, "sqrt": _root(""), "cbrt": _root("[3]"), "abs": _fenced("|", "|"), "absolute": _fenced("|", "|"),
    "floor": _fenced("\\lfloor ", "\\rfloor "), "ceil": _fenced("\\lceil ", "\\rceil "),
    "square": _through(lambda w, x: power(x, _TWO, x.shape)), "exp2": _through(lambda w, x: power(_TWO, x, x.shape)),
    "reciprocal": _through(lambda w, x: Piece(f"\\frac{{1}}{{{x.latex}}}", FACTOR, x.shape)),
    "log1p": _through(_log1p), "expm1": _through(_expm1), "expit": _through(_sigmoid), "sigmoid": _through(_sigmoid),
    "inv": _through(_inverse), "maximum": _extreme_of_two("\\max"), "minimum": _extreme_of_two("\\min"), "transpose": _transpose,
    "dot": _product, "matmul": _product, **dict.fromkeys(SAME, _same),
}  # fmt: skip
