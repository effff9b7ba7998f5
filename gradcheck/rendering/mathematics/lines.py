"""A chain of formulas as lines of mathematics: LaTeX and plain text of each, made from the same tree."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.derivation.algebra import names_in, parse
from gradcheck.derivation.chain import Chain, Equality, Part, Symbol
from gradcheck.rendering.latex import latex_number
from gradcheck.rendering.layout import number, quantity
from gradcheck.rendering.mathematics.calls import dimensions
from gradcheck.rendering.mathematics.names import Names
from gradcheck.rendering.mathematics.numbers import ENTRIES, is_exact, largest, latex_quantity
from gradcheck.rendering.mathematics.plain import plain_formula
from gradcheck.rendering.mathematics.writer import BASE, FACTOR, SUM, TERM, Piece, Writer
from gradcheck.rendering.text import one_line

ORDINALS = ("first", "second", "third")
SAID = {
    "stretched": "Arrays of different shapes meet as in NumPy: the smaller one is copied along the axes it lacks.",
    "holds": "A condition in brackets is 1 where it holds and 0 elsewhere.",
    "cases": "Cases of arrays are decided entry by entry.",
    "placed": "place puts numbers at an index of an array of zeros, adding them up where the index repeats.",
}
ENTRYWISE = "Vectors are columns, indices count from 0. A dot in a circle multiplies entry by entry, a circle in an exponent raises every entry; functions and fractions of arrays act on every entry."
LETTERS = "ijklmnpqst"
KINDS = {  # what a sign of its own means, by the kind of symbol that bears it
    "part": "A bar with a value at its foot: what arrives by way of that value alone.",
    "prime": "A prime is the derivative along any one direction in which the inputs move.",
}


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a line with the sign before it (=, \\approx, \\in): LaTeX, and the same as plain text."""

    latex: str
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line of mathematics: a left side, and what it equals in turn.

    `note` says by what it holds, `hop` the hop it tells of; `formula` and `value` are what can be checked: the
    formula over a chain's identifiers as Python, and the number shown.
    """

    left: Side
    rights: tuple[Side, ...]
    note: str = ""
    hop: tuple[str, str] | None = None
    formula: str = ""
    value: Any = None

    @property
    def latex(self) -> str:
        """The whole line."""
        return " ".join(side.latex for side in (self.left, *self.rights))

    @property
    def text(self) -> str:
        """The whole line as plain text."""
        return " ".join(side.text for side in (self.left, *self.rights))


@dataclass(frozen=True, slots=True)
class Section:
    """Lines under a heading; `gaps` says what was left out before which line."""

    name: str
    title: str
    lines: tuple[Line, ...]
    remark: str = ""
    gaps: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Mathematics:
    """A derivation ready to be shown: sections of lines, and how to read their signs."""

    result: str
    sections: tuple[Section, ...]
    reading: tuple[str, ...] = ()

    def lines(self) -> Iterator[Line]:
        """All lines in order."""
        return (line for section in self.sections for line in section.lines)


def mathematics_of(chain: Chain) -> Mathematics:
    """The lines of a chain, in the user's names."""
    return _Maker(chain).all()


class _Maker:
    def __init__(self, chain: Chain) -> None:
        self.chain = chain
        first = sorted(chain.symbols.values(), key=lambda s: not s.given)  # the user's names before ours
        self.names = Names(s.name for s in first if s.kind in ("value", "constant"))
        self.ids = {s.name: id for id, s in chain.symbols.items() if s.kind == "value"}
        read = {n for line in chain.lines() for n in (line.left, *re.findall(r"_[vdlptc]\w+", line.formula))}
        symbols = {id: chain.symbols[id] for id in (chain.result, *sorted(read)) if id in chain.symbols}
        self.pieces = {id: self._piece(s) for id, s in symbols.items()}
        self.texts = {id: self._text(s) for id, s in symbols.items()}
        used = set(self.names.latex.values())
        letters = tuple(c for c in LETTERS if c not in used)
        sigmoid = "\\operatorname{sigmoid}" if "\\sigma" in used else "\\sigma"
        self.writer = Writer(self.pieces, letters, sigmoid)

    # symbols
    def _named(self, id: str) -> tuple[str, str]:
        """LaTeX and text of a value."""
        s = self.chain.symbols[id]
        if s.index is None:
            return self.names.latex[s.name], self.names.plain[s.name]
        index = ",".join(map(str, s.index))
        of = self.names.latex[s.of]
        bare = f"{of}_{{{index}}}"
        latex = f"\\left({of}\\right)_{{{index}}}" if "_" in of or bare in self.names.latex.values() else bare
        return latex, f"{self.names.plain[s.of]}[{index}]"

    def _by_name(self, name: str) -> tuple[str, str]:
        id = self.ids.get(name)
        return (self.names.latex[name], self.names.plain[name]) if id is None else self._named(id)

    def _piece(self, s: Symbol) -> Piece:
        latex, level = self._latex(s)
        return Piece(latex, level, s.shape)

    def _latex(self, s: Symbol) -> tuple[str, int]:
        result = self._by_name(self.chain.symbols[self.chain.result].name)[0]
        if s.kind == "constant":
            return self.names.latex[s.name], BASE
        here = self._by_name(s.name)[0]
        if s.kind == "value":
            return here, BASE
        if s.kind == "prime":
            return f"{here}'", BASE
        if s.kind == "derivative":
            return f"\\frac{{\\mathrm{{d}}{result}}}{{\\mathrm{{d}}{here}}}", FACTOR
        other = self._by_name(s.of)[0]
        if s.kind == "local":
            fraction = f"\\frac{{\\partial {here}}}{{\\partial {other}}}"
            return (fraction, FACTOR) if s.place is None else (f"\\left.{fraction}\\right|_{{\\text{{{_place(s.place)}}}}}", FACTOR)
        by = other if s.place is None else f"{other},\\,\\text{{{_place(s.place)}}}"
        return f"\\left.\\frac{{\\mathrm{{d}}{result}}}{{\\mathrm{{d}}{here}}}\\right|_{{{by}}}", FACTOR

    def _text(self, s: Symbol) -> str:
        result = self._by_name(self.chain.symbols[self.chain.result].name)[1]
        if s.kind == "constant":
            return self.names.plain[s.name]
        here = self._by_name(s.name)[1]
        place = "" if s.place is None else f" ({_place(s.place)})"
        if s.kind in ("value", "prime"):
            return here + ("'" if s.kind == "prime" else "")
        if s.kind == "derivative":
            return f"d{result}/d{here}"
        other = self._by_name(s.of)[1]
        return f"∂{here}/∂{other}{place}" if s.kind == "local" else f"d{result}/d{here} by {other}{place}"

    # lines
    def all(self) -> Mathematics:
        """Every part, then what its signs mean."""
        sections = tuple(map(self._section, self.chain.parts))
        reading = ["∂ is the derivative of one step by one of its operands, d the derivative of the result by all ways."]
        if any(s.shape for s in self.chain.symbols.values()):
            reading.append(ENTRYWISE)
        reading += [SAID[w] for w in SAID if w in self.writer.said]
        kinds = {self.chain.symbols[id].kind for id in self.pieces}
        reading += [said for kind, said in KINDS.items() if kind in kinds]
        return Mathematics(self.texts[self.chain.result], sections, tuple(reading))

    def _section(self, part: Part) -> Section:
        lines = tuple(self._line(line, part.name) for line in part.lines)
        return Section(part.name, part.title, lines, one_line(part.remark), part.left_out)

    def _line(self, line: Equality, part: str) -> Line:
        rights = tuple(
            Side(f"{sign} {latex}".strip(), f"{_SIGNS.get(sign, '')} {plain}".strip())
            for sign, latex, plain in (*self._formula(line), *self._shape(line, part), *self._value(line))
        )
        left = Side(self.pieces[line.left].latex, self.texts[line.left])
        return Line(left, rights, line.note, line.hop, line.formula, line.value)

    def _formula(self, line: Equality) -> Iterator[tuple[str, str, str]]:
        if not line.formula:
            return
        try:
            tree = parse(line.formula)
            yield "=", self.writer.write(tree).latex, plain_formula(tree, self.texts)
        except ValueError:
            yield "=", self._unwritten(line.formula), f"{line.formula[:40]}... (too long to be written)"
            return
        read = {n for n in names_in(tree) if n in self.chain.symbols}
        if line.numbers and not isinstance(tree, ast.Name) and all(np.shape(self.chain.values[n]) == () for n in read):
            pieces = {n: _number_piece(self.chain.values[n]) for n in read}
            texts = {n: _number_text(self.chain.values[n]) for n in read}
            exact = all(is_exact(self.chain.values[n]) for n in read)
            yield "=" if exact else "\\approx", Writer(pieces).write(tree).latex, plain_formula(tree, texts)

    def _unwritten(self, formula: str) -> str:
        """For a formula that nobody would read: a function of what it reads."""
        try:
            read = sorted(names_in(parse(formula)) & set(self.chain.symbols))
        except ValueError:
            return "\\cdots"
        return "\\operatorname{rule}\\left(" + ",\\, ".join(self.pieces[n].latex for n in read[:8]) + "\\right)"

    def _shape(self, line: Equality, part: str) -> Iterator[tuple[str, str, str]]:
        symbol = self.chain.symbols[line.left]
        if part in ("given", "function", "steps") and symbol.shape:
            field = {"b": "\\{0, 1\\}", "i": "\\mathbb{Z}", "u": "\\mathbb{N}"}.get(symbol.dtype, "\\mathbb{R}")
            plain = {"b": "{0,1}", "i": "Z", "u": "N"}.get(symbol.dtype, "R")
            yield "\\in", f"{field}^{{{dimensions(symbol.shape)}}}", f"{plain}^{'x'.join(map(str, symbol.shape))}"

    def _value(self, line: Equality) -> Iterator[tuple[str, str, str]]:
        if line.value is None:
            return
        array = np.asarray(line.value)
        if array.ndim == 0 or (0 < array.size <= ENTRIES and array.ndim <= 2):
            latex = latex_quantity(line.value)
            if line.formula and latex == latex_number(_literal(line.formula)):
                return
            yield "=" if is_exact(line.value) else "\\approx", latex, _written(array)
        elif array.size:
            yield "", f"\\quad \\text{{(largest magnitude }} {largest(line.value)} \\text{{)}}", f"({quantity(line.value)})"


_SIGNS = {"=": "=", "\\approx": "≈", "\\in": "in"}


def _written(value: Any) -> str:
    """A number, or a short array in brackets."""
    array = np.asarray(value)
    if array.ndim == 0:
        return number(array[()] if array[()] else abs(array[()]))
    return "[" + ", ".join(map(_written, array)) + "]"


def _literal(formula: str) -> Any:
    """The number a formula is; not a number for any other formula."""
    try:
        return float(formula)
    except ValueError:
        return float("nan")


def _place(place: int) -> str:
    return ORDINALS[place] if place < len(ORDINALS) else f"operand {place}"


def _number_piece(value: Any) -> Piece:
    text = latex_number(value)
    return Piece(text, SUM if text.startswith("-") else TERM if "\\times" in text else BASE)


def _number_text(value: Any) -> str:
    text = number(value)
    return f"({text})" if text.startswith("-") else text
